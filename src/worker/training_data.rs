//! What a reader marked done: slices to learn from and slices held out to judge by.

use super::files::reading_axis;
use super::inputs;
use super::message::{Interest, TrainRequest};
use super::task::CancelToken;
use crate::edit::tools::Region;
use crate::learn::{CheckedSpec, Example, PreparedSlices, Recipe};
use crate::space::SlicePlane;
use crate::study::{ExamCode, ReadFile, Study};
use crate::volume::{Image, Labels, LayerKind};
use sha2::{Digest as _, Sha256};

/// With no validation exam read yet, one slice in so many is held out instead.
const HELD_EVERY: usize = 5;
/// Which of them, counted from 0.
const HELD_AT: usize = 2;

/// Slices of one exam that are held out.
pub(super) struct HeldOut {
    /// The exam.
    pub exam: ExamCode,
    /// Its slices, prepared.
    pub prepared: PreparedSlices,
    /// The reader's labels.
    pub labels: Labels,
    /// Which slices count.
    pub slices: Vec<usize>,
    /// Voxel axis of the slices.
    pub slice_axis: usize,
}

/// Everything a training needs.
#[derive(Default)]
pub(super) struct TrainingData {
    /// Slices to learn from.
    pub examples: Vec<Example>,
    /// Slices to judge by.
    pub held_out: Vec<HeldOut>,
    /// What is held out, in words.
    pub held_out_words: String,
    /// One hash per exam of what is learnt from it: `K-001:…`.
    pub hashes: Vec<String>,
    /// For each example, whether its exam was accepted in triage.
    pub accepted: Vec<bool>,
    /// Bytes of all slices.
    pub bytes: u64,
}

impl TrainingData {
    /// Examples whose exam was accepted in triage.
    pub fn accepted_count(&self) -> usize {
        self.accepted.iter().filter(|accepted| **accepted).count()
    }

    /// Forgets the examples whose exam was accepted in triage.
    pub fn leave_accepted_out(&mut self) {
        let mut accepted = self.accepted.iter();
        self.examples.retain(|_| !accepted.next().copied().unwrap_or(false));
        self.accepted = vec![false; self.examples.len()];
    }
}

/// One exam's part in the training.
struct DoneExam {
    exam: ExamCode,
    /// What the model takes; the first is read.
    images: Vec<Image>,
    labels: Labels,
    interest: Interest,
    has_geometry: bool,
    done: Vec<usize>,
    validates: bool,
    /// A model's work, accepted whole.
    accepted: bool,
}

impl DoneExam {
    /// Says of each voxel whether the loss counts it.
    fn counts(&self, layer: LayerKind, slice_axis: usize) -> impl Fn([usize; 3]) -> bool + '_ {
        let grid = self.images[0].grid();
        let plane = if self.has_geometry {
            SlicePlane::new(grid.world_from_voxel(), grid.shape(), slice_axis)
        } else {
            SlicePlane::as_stored(grid.shape())
        };
        let Interest { exclusion, bone, squares } = &self.interest;
        let marrow = layer == LayerKind::Marrow;
        let region = if marrow { Region::new(squares, &plane, bone) } else { None };
        move |voxel| !marrow || (exclusion.get(voxel) == 0 && region.as_ref().is_none_or(|r| r.contains(voxel, bone)))
    }
}

/// Collects the slices that the reader marked done. Test exams are out of reach: `Study::trainable` never names one.
///
/// # Errors
/// One sentence; soon after `cancel` says so, too.
pub(super) fn gather(
    study: &Study,
    request: &TrainRequest,
    spec: &CheckedSpec,
    recipe: &Recipe,
    cancel: &CancelToken,
) -> Result<TrainingData, String> {
    let exams = done_exams(study, request, spec, cancel)?;
    let validated = exams.iter().any(|e| e.validates && !e.accepted) && exams.iter().any(|e| !e.validates);
    let mut data = TrainingData::default();
    let mut held_slices = 0;
    for exam in exams {
        go_on(cancel)?;
        let slice_axis = reading_axis(&exam.images[0]);
        let prepared = PreparedSlices::new(spec, recipe, &exam.images.iter().collect::<Vec<_>>(), slice_axis)
            .map_err(|e| format!("{}: {e}", exam.exam))?;
        let (learn, hold): (Vec<usize>, Vec<usize>) = if exam.accepted {
            // No version is judged by what a version drew.
            (if exam.validates { Vec::new() } else { exam.done.clone() }, Vec::new())
        } else if validated {
            if exam.validates { (Vec::new(), exam.done.clone()) } else { (exam.done.clone(), Vec::new()) }
        } else {
            // By the slice's own number: marking more slices never moves one from learning to judging or back.
            exam.done.iter().partition(|slice| *slice % HELD_EVERY != HELD_AT)
        };
        if !learn.is_empty() {
            data.hashes.push(hash(&exam, &prepared, &learn, slice_axis));
        }
        let counts = exam.counts(request.layer, slice_axis);
        for &slice in &learn {
            let example = prepared.example(slice, &exam.labels, &counts).map_err(|e| format!("{}: {e}", exam.exam))?;
            data.bytes += example.planes().len() as u64 * 4 + example.labels().len() as u64;
            data.examples.push(example);
            data.accepted.push(exam.accepted);
        }
        drop(counts);
        if !hold.is_empty() {
            held_slices += hold.len();
            data.bytes += (prepared.size().iter().product::<usize>() * prepared.slice_count() * 4 * spec.spec().sequences.len()) as u64;
            data.held_out.push(HeldOut { exam: exam.exam, prepared, labels: exam.labels, slices: hold, slice_axis });
        }
        if data.bytes >> 20 > u64::from(request.memory_mb) {
            return Err(format!(
                "The slices marked done need more than the {} MB of memory allowed for training: raise the memory ceiling.",
                request.memory_mb
            ));
        }
    }
    data.held_out_words = match (validated, held_slices) {
        (_, 0) => "nothing held out: too few slices are done".to_owned(),
        (true, n) => format!("{n} slices of {} validation exams", data.held_out.len()),
        (false, n) => format!("{n} slices of the training exams (no validation exam is read yet)"),
    };
    if data.examples.is_empty() && held_slices > 0 {
        return Err(
            "The slices marked done so far (the 3rd, 8th, 13th …) are kept to judge versions by: mark one more slice as done.".to_owned()
        );
    }
    if data.examples.is_empty() {
        return Err("There is nothing to learn from yet: mark at least one slice of a training exam as done.".to_owned());
    }
    Ok(data)
}

fn go_on(cancel: &CancelToken) -> Result<(), String> {
    if cancel.is_cancelled() { Err("Training was cancelled.".to_owned()) } else { Ok(()) }
}

fn done_exams(study: &Study, request: &TrainRequest, spec: &CheckedSpec, cancel: &CancelToken) -> Result<Vec<DoneExam>, String> {
    let trainable = study.trainable().map_err(|e| e.to_string())?;
    let parts = [(trainable.train(), false), (trainable.validate(), true)];
    let mut found = Vec::new();
    for (exam, validates) in parts.into_iter().flat_map(|(exams, validates)| exams.iter().map(move |e| (e, validates))) {
        go_on(cancel)?;
        let open = request.open.as_ref().filter(|open| &open.exam == exam);
        let Saved { labels, interest, done, accepted } = match open {
            Some(open) => {
                let (labels, interest, done) = (open.labels.clone(), open.interest.clone(), open.done.clone());
                Saved { labels, interest, done, accepted: open.accepted }
            }
            None => match saved_labels(study, request, exam)? {
                Some(saved) => saved,
                None => continue,
            },
        };
        if done.is_empty() {
            continue;
        }
        let record = study.exam(exam).map_err(|e| e.to_string())?;
        let images = inputs::load(study, &record, spec.spec())?;
        let has_geometry = !record.sequences.iter().flat_map(|s| &s.findings).any(|f| f.code == "no-geometry");
        found.push(DoneExam { exam: exam.clone(), images, labels, interest, has_geometry, done, validates, accepted });
    }
    Ok(found)
}

/// What a read holds.
struct Saved {
    labels: Labels,
    interest: Interest,
    done: Vec<usize>,
    accepted: bool,
}

/// The reader's own newest read of an exam, as it is on disk.
fn saved_labels(study: &Study, request: &TrainRequest, exam: &ExamCode) -> Result<Option<Saved>, String> {
    let layout = study.layout();
    let numbers = layout.read_numbers(&request.reader, exam).map_err(|e| e.to_string())?;
    let Some(&number) = numbers.last() else { return Ok(None) };
    let (_, view) = ReadFile::open_read_only(&layout.read(&request.reader, exam, number)).map_err(|e| e.to_string())?;
    let state = view.state().map_err(|e| e.to_string())?;
    let done = state.done.iter().filter(|(layer, _)| *layer == request.layer).map(|(_, slice)| *slice as usize).collect();
    let squares = view.squares().map_err(|e| e.to_string())?;
    let interest = Interest { exclusion: state.exclusion.clone(), bone: state.bone.clone(), squares };
    let accepted = view.triage().map_err(|e| e.to_string())?.is_accepted(request.layer);
    Ok(Some(Saved { labels: state.labels(request.layer).clone(), interest, done, accepted }))
}

/// A hash of the labels learnt from: the same exam, slices, labels and region of interest give the same text.
fn hash(exam: &DoneExam, prepared: &PreparedSlices, slices: &[usize], slice_axis: usize) -> String {
    let mut sha = Sha256::new();
    let shape = prepared.grid().shape();
    let interest = &exam.interest;
    let maps = [Some(&exam.labels), (!interest.exclusion.labelled_box().is_empty()).then_some(&interest.exclusion)];
    for &slice in slices {
        sha.update((slice as u64).to_le_bytes());
        let (mut lo, mut hi) = ([0; 3], shape);
        lo[slice_axis] = slice;
        hi[slice_axis] = slice + 1;
        for map in maps.into_iter().flatten() {
            for k in lo[2]..hi[2] {
                for j in lo[1]..hi[1] {
                    let row: Vec<u8> = (lo[0]..hi[0]).map(|i| map.get([i, j, k])).collect();
                    sha.update(&row);
                }
            }
        }
    }
    for square in &interest.squares {
        sha.update([square.bone(), u8::from(square.shaft_left())]);
        square.physis_mm().iter().flatten().for_each(|mm| sha.update(mm.to_le_bytes()));
    }
    let hex: String = sha.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect();
    format!("{}:{}:{hex}", exam.exam, slices.len())
}
