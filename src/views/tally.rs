//! Voxels per slice and label, counted anew when a gesture has ended.

use crate::session::{OpenExam, SquareRegion};
use crate::volume::{Labels, LayerKind};
use crate::worker::message::Dirty;
use std::sync::Arc;

/// Counts of the exam on screen.
#[derive(Default)]
pub struct Tally {
    held: Option<Arc<Vec<f32>>>,
    /// Per layer 256 numbers a slice.
    counts: [Vec<u32>; 3],
    /// Slices to count anew.
    stale: [Vec<bool>; 3],
    /// Marrow within the metaphysis squares.
    inside: Inside,
}

/// Counts of marrow within the region of the metaphysis squares; nothing where there is none.
#[derive(Default)]
struct Inside {
    region: SquareRegion,
    /// 256 numbers a slice.
    counts: Vec<u32>,
}

/// More stale slices than this are counted in one walk over all labels.
const MOST_SINGLY: usize = 4;

impl Tally {
    /// Brings the counts up to date with what changed; while a stroke is under way they wait for its end.
    pub fn update(&mut self, exam: &OpenExam, dirty: &[Dirty]) {
        let values = exam.reading_image().values();
        let slices = exam.plane().slice_count();
        if self.held.as_ref().is_none_or(|held| !Arc::ptr_eq(held, values)) {
            self.held = Some(Arc::clone(values));
            self.counts = std::array::from_fn(|_| vec![0; slices * 256]);
            self.stale = std::array::from_fn(|_| vec![true; slices]);
            self.inside = Inside::default();
        }
        let axis = exam.plane().slice_axis();
        for change in dirty.iter().filter(|d| !d.bounds.is_empty()) {
            let stale = &mut self.stale[change.layer.number()];
            let last = change.bounds.hi[axis].min(slices);
            stale[change.bounds.lo[axis].min(last)..last].fill(true);
        }
        if exam.layers().gesture_open() {
            return;
        }
        self.count_inside(exam);
        for layer in LayerKind::ALL {
            self.recount(layer, exam.layers().labels(layer), axis);
        }
    }

    /// Counts what lies within the squares: where the region is another, in all slices, else in those that changed.
    fn count_inside(&mut self, exam: &OpenExam) {
        let anew = self.inside.region.refresh(exam);
        let Inside { region, counts } = &mut self.inside;
        if !region.is_some() {
            return;
        }
        let (marrow, axis) = (exam.layers().labels(LayerKind::Marrow), exam.plane().slice_axis());
        let stale = &self.stale[LayerKind::Marrow.number()];
        counts.resize(stale.len() * 256, 0);
        for slice in (0..stale.len()).filter(|slice| anew || stale[*slice]) {
            let bounds = marrow.grid().bounds().on_slice(axis, slice);
            let row = &mut counts[slice * 256..(slice + 1) * 256];
            row.fill(0);
            marrow.for_each_labelled_in(bounds, |voxel, label| row[usize::from(label)] += u32::from(region.contains(voxel, exam)));
        }
    }

    fn recount(&mut self, layer: LayerKind, labels: &Labels, axis: usize) {
        let (counts, stale) = (&mut self.counts[layer.number()], &mut self.stale[layer.number()]);
        let wanted: Vec<usize> = (0..stale.len()).filter(|slice| stale[*slice]).collect();
        if wanted.len() > MOST_SINGLY {
            counts.fill(0);
            labels.for_each_labelled(|voxel, label| counts[voxel[axis] * 256 + usize::from(label)] += 1);
        } else {
            for slice in &wanted {
                let found = labels.counts_in(labels.grid().bounds().on_slice(axis, *slice));
                for label in 1..=255_u8 {
                    counts[slice * 256 + usize::from(label)] = found.of(label) as u32;
                }
            }
        }
        stale.fill(false);
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

    /// Voxels of a marrow label within the metaphysis squares: in a slice, and in the whole exam. `None` without a square.
    #[must_use]
    pub fn inside_squares(&self, label: u8, slice: usize) -> Option<[usize; 2]> {
        let counts = if self.inside.region.is_some() { &self.inside.counts } else { return None };
        let here = counts.get(slice * 256 + usize::from(label)).map_or(0, |n| *n as usize);
        Some([here, counts.iter().skip(usize::from(label)).step_by(256).map(|n| *n as usize).sum()])
    }

    /// Whether anything of a layer is painted in a slice.
    #[must_use]
    pub fn painted(&self, layer: LayerKind, slice: usize) -> bool {
        self.of(layer).get(slice * 256..(slice + 1) * 256).is_some_and(|row| row.iter().any(|n| *n > 0))
    }

    fn of(&self, layer: LayerKind) -> &[u32] {
        &self.counts[layer.number()]
    }
}
