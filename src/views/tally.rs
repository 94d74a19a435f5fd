//! Voxels per slice and label, counted anew when a gesture has ended.

use crate::session::OpenExam;
use crate::volume::LayerKind;
use std::sync::Arc;

/// Counts of the exam on screen.
#[derive(Default)]
pub struct Tally {
    held: Option<(Arc<[f32]>, u64)>,
    /// Marrow and bone: 256 numbers a slice.
    counts: [Vec<u32>; 2],
}

impl Tally {
    /// Brings the counts up to date; while a stroke is under way they wait for its end.
    pub fn update(&mut self, exam: &OpenExam) {
        let values = exam.reading_image().values();
        let same_exam = self.held.as_ref().is_some_and(|(held, _)| Arc::ptr_eq(held, values));
        let current = self.held.as_ref().is_some_and(|(_, content)| same_exam && *content == exam.content());
        if current || (same_exam && exam.layers().gesture_open()) {
            return;
        }
        let axis = exam.plane().slice_axis();
        for (counts, layer) in self.counts.iter_mut().zip(LayerKind::ALL) {
            counts.clear();
            counts.resize(exam.plane().slice_count() * 256, 0);
            exam.layers().labels(layer).for_each_labelled(|voxel, label| counts[voxel[axis] * 256 + usize::from(label)] += 1);
        }
        self.held = Some((Arc::clone(values), exam.content()));
    }

    /// Forgets everything: another exam or another person.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Voxels of a label in the whole exam.
    #[must_use]
    pub fn in_exam(&self, layer: LayerKind, label: u8) -> usize {
        self.of(layer).iter().skip(usize::from(label)).step_by(256).map(|n| *n as usize).sum()
    }

    /// Voxels of a label in a slice.
    #[must_use]
    pub fn in_slice(&self, layer: LayerKind, label: u8, slice: usize) -> usize {
        self.of(layer).get(slice * 256 + usize::from(label)).map_or(0, |n| *n as usize)
    }

    /// Whether anything of a layer is painted in a slice.
    #[must_use]
    pub fn painted(&self, layer: LayerKind, slice: usize) -> bool {
        self.of(layer).get(slice * 256..(slice + 1) * 256).is_some_and(|row| row.iter().any(|n| *n > 0))
    }

    fn of(&self, layer: LayerKind) -> &[u32] {
        &self.counts[usize::from(layer == LayerKind::Bone)]
    }
}
