//! What a reader marked done: slices to learn from and slices held out to judge by.

use super::files::acquisition_axis;
use super::inputs;
use super::message::{Interest, TrainRequest};
use super::task::CancelToken;
use crate::edit::tools::Region;
use crate::learn::{CheckedSpec, Example, PreparedSlices, Recipe};
use crate::space::SlicePlane;
use crate::study::{ExamCode, ReadFile, Study};
use crate::volume::{Labels, LayerKind};
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
    prepared: PreparedSlices,
    saved: Saved,
    has_geometry: bool,
    validates: bool,
}

impl DoneExam {
    /// Says of each voxel whether the loss counts it.
    fn counts(&self, layer: LayerKind, slice_axis: usize) -> impl Fn([usize; 3]) -> bool + '_ {
        let grid = self.prepared.grid();
        let plane = if self.has_geometry {
            SlicePlane::new(grid.world_from_voxel(), grid.shape(), slice_axis)
        } else {
            SlicePlane::as_stored(grid.shape())
        };
        let Interest { exclusion, bone, squares } = &self.saved.interest;
        let marrow = layer == LayerKind::Marrow;
        let region = if marrow { Region::new(squares, &plane, bone) } else { None };
        move |voxel| !marrow || (exclusion.get(voxel) == 0 && region.as_ref().is_none_or(|r| r.contains(voxel, bone)))
    }

    /// Slices to learn from and slices to judge by.
    fn parts(&self, validated: bool) -> (Vec<usize>, Vec<usize>) {
        let done = &self.saved.done;
        if self.saved.accepted {
            // No version is judged by what a version drew.
            (if self.validates { Vec::new() } else { done.clone() }, Vec::new())
        } else if validated {
            if self.validates { (Vec::new(), done.clone()) } else { (done.clone(), Vec::new()) }
        } else {
            // By the slice's own number: marking more slices never moves one from learning to judging or back.
            done.iter().partition(|slice| *slice % HELD_EVERY != HELD_AT)
        }
    }
}

/// Collects the slices that the reader marked done, with one exam's images in memory at a time. Test exams are out of reach:
/// `Study::trainable` never names one.
///
/// # Errors
/// One sentence, before more memory is used than the request allows; soon after `cancel` says so, too.
pub(super) fn gather(
    study: &Study,
    request: &TrainRequest,
    spec: &CheckedSpec,
    recipe: &Recipe,
    cancel: &CancelToken,
) -> Result<TrainingData, String> {
    let trainable = study.trainable().map_err(|e| e.to_string())?;
    let validated = any_done(study, request, trainable.validate(), cancel, |saved| !saved.accepted)?
        && any_done(study, request, trainable.train(), cancel, |_| true)?;
    let mut data = TrainingData::default();
    let mut held_slices = 0;
    let parts = [(trainable.train(), false), (trainable.validate(), true)];
    for (exam, validates) in parts.into_iter().flat_map(|(exams, validates)| exams.iter().map(move |e| (e, validates))) {
        go_on(cancel)?;
        let Some(saved) = saved_of(study, request, exam)? else { continue };
        let prepared = prepare(study, request, exam, spec, recipe, data.bytes)?;
        let Prepared { prepared, slice_axis, has_geometry } = prepared;
        let exam = DoneExam { exam: exam.clone(), prepared, saved, has_geometry, validates };
        let (learn, hold) = exam.parts(validated);
        let held_bytes = if hold.is_empty() { 0 } else { exam.prepared.bytes() };
        data.bytes += (learn.len() * exam.prepared.example_bytes() + held_bytes) as u64;
        if data.bytes > ceiling(request) {
            return Err(format!(
                "The slices marked done need more than the {} MB of memory allowed for training: raise the memory ceiling.",
                request.memory_mb
            ));
        }
        if !learn.is_empty() {
            data.hashes.push(hash(&exam, &learn, slice_axis));
        }
        let counts = exam.counts(request.layer, slice_axis);
        for &slice in &learn {
            let example = exam.prepared.example(slice, &exam.saved.labels, &counts).map_err(|e| format!("{}: {e}", exam.exam))?;
            data.examples.push(example);
            data.accepted.push(exam.saved.accepted);
        }
        drop(counts);
        if !hold.is_empty() {
            held_slices += hold.len();
            let DoneExam { exam, prepared, saved, .. } = exam;
            data.held_out.push(HeldOut { exam, prepared, labels: saved.labels, slices: hold, slice_axis });
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

/// Bytes that a training may need.
fn ceiling(request: &TrainRequest) -> u64 {
    u64::from(request.memory_mb) << 20
}

fn go_on(cancel: &CancelToken) -> Result<(), String> {
    if cancel.is_cancelled() { Err("Training was cancelled.".to_owned()) } else { Ok(()) }
}

/// Whether in any of these exams slices are done, and `also` holds.
fn any_done(
    study: &Study,
    request: &TrainRequest,
    exams: &[ExamCode],
    cancel: &CancelToken,
    also: impl Fn(&Saved) -> bool,
) -> Result<bool, String> {
    for exam in exams {
        go_on(cancel)?;
        if saved_of(study, request, exam)?.is_some_and(|saved| also(&saved)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// An exam's slices as the net takes them in.
struct Prepared {
    prepared: PreparedSlices,
    slice_axis: usize,
    has_geometry: bool,
}

/// Loads and prepares an exam; its images are let go. `held` bytes are in use already.
fn prepare(
    study: &Study,
    request: &TrainRequest,
    exam: &ExamCode,
    spec: &CheckedSpec,
    recipe: &Recipe,
    held: u64,
) -> Result<Prepared, String> {
    let record = study.exam(exam).map_err(|e| e.to_string())?;
    let grid = record.sequence(&record.reading_sequence).map_err(|e| e.to_string())?.grid()?;
    let slice_axis = acquisition_axis(&grid);
    let sequences = spec.spec().sequences.len().max(1);
    // The images and their slices as they are prepared; besides, one volume as it is stored or sorted for percentiles, and one that
    // is laid on another's grid.
    let largest = record.sequences.iter().map(|s| s.shape.iter().product::<usize>()).max().unwrap_or(0);
    let loaded = grid.voxel_count().saturating_mul(2 * sequences).saturating_add(largest.saturating_mul(if sequences > 1 { 2 } else { 1 }));
    let loaded = loaded.saturating_mul(size_of::<f32>());
    let needed = held.saturating_add(loaded.saturating_add(PreparedSlices::bytes_of(spec, &grid, slice_axis)) as u64);
    if needed > ceiling(request) {
        return Err(format!(
            "{exam} takes the training to about {} MB of memory while its images are prepared, more than the {} MB allowed: raise the memory \
             ceiling.",
            needed.div_ceil(1 << 20),
            request.memory_mb
        ));
    }
    let images = inputs::load(study, &record, spec.spec())?;
    let has_geometry = !record.sequences.iter().flat_map(|s| &s.findings).any(|f| f.code == "no-geometry");
    let prepared = PreparedSlices::new(spec, recipe, &images.iter().collect::<Vec<_>>(), slice_axis).map_err(|e| format!("{exam}: {e}"))?;
    Ok(Prepared { prepared, slice_axis, has_geometry })
}

/// What a read holds.
struct Saved {
    labels: Labels,
    interest: Interest,
    done: Vec<usize>,
    /// A model's work, accepted whole.
    accepted: bool,
}

/// The reader's read of an exam, as it is on screen or else on disk; none where no slice is done.
fn saved_of(study: &Study, request: &TrainRequest, exam: &ExamCode) -> Result<Option<Saved>, String> {
    let saved = match request.open.as_ref().filter(|open| &open.exam == exam) {
        Some(open) => {
            let (labels, interest, done) = (open.labels.clone(), open.interest.clone(), open.done.clone());
            Some(Saved { labels, interest, done, accepted: open.accepted })
        }
        None => saved_labels(study, request, exam)?,
    };
    Ok(saved.filter(|saved| !saved.done.is_empty()))
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
fn hash(exam: &DoneExam, slices: &[usize], slice_axis: usize) -> String {
    let mut sha = Sha256::new();
    let shape = exam.prepared.grid().shape();
    let interest = &exam.saved.interest;
    // With a square the bones decide which pixels count.
    let bone = (!interest.squares.is_empty()).then_some(&interest.bone);
    let exclusion = (!interest.exclusion.labelled_box().is_empty()).then_some(&interest.exclusion);
    let maps = [Some(&exam.saved.labels), exclusion, bone];
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
