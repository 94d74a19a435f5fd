//! One exam with slices marked done: as the reader left it, as the net takes it in, and which of its slices judge.

use super::inputs;
use super::message::{Interest, TrainRequest};
use crate::edit::tools::Region;
use crate::learn::{CheckedSpec, PreparedSlices, Recipe};
use crate::space::{SlicePlane, VoxelBox};
use crate::study::{ExamCode, ReadFile, Study};
use crate::volume::{Labels, LayerKind};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};

/// With no validation exam read yet, one slice in so many is held out instead.
const HELD_EVERY: usize = 5;
/// Which of them, counted from 0.
const HELD_AT: usize = 2;

/// One exam's part in the training.
pub(super) struct DoneExam {
    /// Which.
    pub exam: ExamCode,
    /// Its slices as the net takes them in.
    pub prepared: Prepared,
    /// What the reader left.
    pub saved: Saved,
    /// Whether the split gives it to validation.
    pub validates: bool,
}

impl DoneExam {
    /// Says of each voxel whether the loss counts it.
    pub fn counts(&self, layer: LayerKind) -> impl Fn([usize; 3]) -> bool + '_ {
        let Interest { exclusion, bone, squares } = &self.saved.interest;
        let marrow = layer == LayerKind::Marrow;
        let region = if marrow { Region::new(squares, &self.prepared.plane, bone) } else { None };
        move |voxel| !marrow || (exclusion.get(voxel) == 0 && region.as_ref().is_none_or(|r| r.contains(voxel, bone)))
    }

    /// Slices to learn from and slices to judge by.
    pub fn parts(&self, validated: bool, learnt: &Learnt) -> (Vec<usize>, Vec<usize>) {
        let done = &self.saved.done;
        let is_learnt = |slice: &usize| learnt.get(self.exam.as_str()).is_some_and(|slices| slices.contains(slice));
        if self.saved.accepted {
            // No version is judged by what a version drew.
            (if self.validates { Vec::new() } else { done.clone() }, Vec::new())
        } else if self.validates {
            // It judges every version to come: none may have learnt from it, were it the only exam read so far.
            (Vec::new(), done.clone())
        } else if validated {
            (done.clone(), Vec::new())
        } else {
            // By the slice's own number: marking more slices never moves one from learning to judging or back. What was learnt while
            // a validation exam judged, and its marks were not yet taken back, is no judge any more.
            done.iter().partition(|slice| *slice % HELD_EVERY != HELD_AT || is_learnt(slice))
        }
    }

    /// A hash of the labels learnt from: the same exam, slices, labels and region of interest give the same text.
    pub fn hash(&self, slices: &[usize]) -> String {
        let mut sha = Sha256::new();
        let interest = &self.saved.interest;
        // With a square the bones decide which pixels count.
        let bone = (!interest.squares.is_empty()).then_some(&interest.bone);
        let exclusion = (!interest.exclusion.is_blank()).then_some(&interest.exclusion);
        let maps = [Some(&self.saved.labels), exclusion, bone];
        for &slice in slices {
            sha.update((slice as u64).to_le_bytes());
            let VoxelBox { lo, hi } = self.prepared.on_slice(slice);
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
        format!("{}:{}:{hex}", self.exam, slices.len())
    }
}

/// Slices that a version learnt from, by exam, as its card holds them.
pub(super) type Learnt = BTreeMap<String, BTreeSet<usize>>;

/// Bytes that a training may need.
pub(super) fn ceiling(request: &TrainRequest) -> u64 {
    u64::from(request.memory_mb) << 20
}

/// An exam's slices as the net takes them in.
pub(super) struct Prepared {
    /// The slices.
    pub slices: PreparedSlices,
    plane: SlicePlane,
}

impl Prepared {
    /// The voxels of a slice.
    pub fn on_slice(&self, slice: usize) -> VoxelBox {
        self.slices.grid().bounds().on_slice(self.plane.slice_axis(), slice)
    }
}

/// Loads and prepares an exam; its images are let go. `held` bytes are in use already.
pub(super) fn prepare(
    study: &Study,
    request: &TrainRequest,
    exam: &ExamCode,
    spec: &CheckedSpec,
    recipe: &Recipe,
    held: u64,
) -> Result<Prepared, String> {
    let record = study.exam(exam).map_err(|e| e.to_string())?;
    let grid = record.sequence(&record.reading_sequence).map_err(|e| e.to_string())?.grid()?;
    let plane = record.reading_plane().map_err(|e| e.to_string())?;
    let slice_axis = plane.slice_axis();
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
    let slices = PreparedSlices::new(spec, recipe, &images.iter().collect::<Vec<_>>(), slice_axis).map_err(|e| format!("{exam}: {e}"))?;
    Ok(Prepared { slices, plane })
}

/// What a read holds.
pub(super) struct Saved {
    /// The layer's labels.
    pub labels: Labels,
    interest: Interest,
    done: Vec<usize>,
    /// A model's work, accepted whole.
    pub accepted: bool,
}

/// The reader's read of an exam, as it is on screen or else on disk; none where no slice is done.
pub(super) fn saved_of(study: &Study, request: &TrainRequest, exam: &ExamCode) -> Result<Option<Saved>, String> {
    if let Some(open) = request.open.as_ref().filter(|open| &open.exam == exam && !open.done.is_empty()) {
        let (labels, interest, done) = (open.labels.clone(), open.interest.clone(), open.done.clone());
        return Ok(Some(Saved { labels, interest, done, accepted: open.accepted }));
    }
    saved_labels(study, request, exam)
}

/// The reader's own newest read of an exam with a slice done, as it is on disk: one that was only just begun again takes nothing away.
fn saved_labels(study: &Study, request: &TrainRequest, exam: &ExamCode) -> Result<Option<Saved>, String> {
    let layout = study.layout();
    for number in layout.read_numbers(&request.reader, exam).map_err(|e| e.to_string())?.into_iter().rev() {
        let (_, view) = ReadFile::open_read_only(&layout.read(&request.reader, exam, number)).map_err(|e| e.to_string())?;
        let state = view.state().map_err(|e| e.to_string())?;
        let done: Vec<usize> = state.done.iter().filter(|(layer, _)| *layer == request.layer).map(|(_, slice)| *slice as usize).collect();
        if done.is_empty() {
            continue;
        }
        let squares = view.squares().map_err(|e| e.to_string())?;
        let interest = Interest { exclusion: state.exclusion.clone(), bone: state.bone.clone(), squares };
        let accepted = view.triage().map_err(|e| e.to_string())?.is_accepted(request.layer);
        return Ok(Some(Saved { labels: state.labels(request.layer).clone(), interest, done, accepted }));
    }
    Ok(None)
}
