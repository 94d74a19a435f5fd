//! The labels of one slice, laid out as the screen shows them, and what changed in them.

use super::slice::{PixelRect, SliceError, Stamp, check_inside, check_size};
use crate::space::{SlicePlane, VoxelBox};
use crate::volume::{Labels, TILE};
use std::collections::VecDeque;
use std::sync::Arc;

/// Labels of one slice: row by row, top left pixel first. Remembers its last changes, so that only they are sent to the GPU.
#[derive(Clone, Debug)]
pub struct SliceLabels {
    size: [usize; 2],
    values: Vec<u8>,
    source: Option<(SlicePlane, usize)>,
    stamp: Stamp,
    changes: VecDeque<Change>,
}

/// One step from a content to the next.
#[derive(Clone, Copy, Debug)]
struct Change {
    from: Stamp,
    rect: PixelRect,
}

/// A pane that missed more steps than this takes the whole slice again.
const REMEMBERED_CHANGES: usize = 32;

impl SliceLabels {
    /// Cuts slice number `slice` (from 0) of `plane` out of a label map.
    ///
    /// # Errors
    /// If plane and slice do not lie inside the map.
    pub fn extract(labels: &Labels, plane: &SlicePlane, slice: usize) -> Result<Self, SliceError> {
        check_inside(plane, slice, labels.grid().shape())?;
        let [width, height] = plane.size();
        let empty = Labels::empty(Arc::clone(labels.grid()));
        let mut values = vec![0; width * height];
        for (v, row) in values.chunks_exact_mut(width).enumerate() {
            read_row(labels, &empty, plane, slice, v, row);
        }
        Ok(Self { size: [width, height], values, source: Some((*plane, slice)), stamp: Stamp::fresh(), changes: VecDeque::new() })
    }

    /// The same where the map differs from another one: of a proposal, what is not painted so already.
    ///
    /// # Errors
    /// As [`SliceLabels::extract`].
    pub fn extract_differing(labels: &Labels, painted: &Labels, plane: &SlicePlane, slice: usize) -> Result<Self, SliceError> {
        check_inside(plane, slice, painted.grid().shape())?;
        let mut cut = Self::extract(labels, plane, slice)?;
        let [width, _] = cut.size;
        for (n, value) in cut.values.iter_mut().enumerate().filter(|(_, value)| **value != 0) {
            *value = differing(labels, painted, plane.voxel(slice, [n % width, n / width]));
        }
        Ok(cut)
    }

    /// From labels row by row, for thumbnails and tests. Such a slice has no volume to be updated from.
    ///
    /// # Errors
    /// If they do not fill `size` (width, height).
    pub fn from_values(size: [usize; 2], values: Vec<u8>) -> Result<Self, SliceError> {
        check_size(size, values.len())?;
        Ok(Self { size, values, source: None, stamp: Stamp::fresh(), changes: VecDeque::new() })
    }

    /// Reads the voxels of a dirty box again. Returns the rectangle of pixels that did change, `None` where none did
    /// (also where the map is another's and does not hold this slice).
    pub fn update(&mut self, labels: &Labels, dirty: VoxelBox) -> Option<PixelRect> {
        self.read_again(labels, dirty, |voxel| labels.get(voxel))
    }

    /// The same for a cut of [`SliceLabels::extract_differing`], when either map changed.
    pub fn update_differing(&mut self, labels: &Labels, painted: &Labels, dirty: VoxelBox) -> Option<PixelRect> {
        if painted.grid().shape() != labels.grid().shape() {
            return None;
        }
        self.read_again(labels, dirty, |voxel| differing(labels, painted, voxel))
    }

    fn read_again(&mut self, labels: &Labels, dirty: VoxelBox, label_at: impl Fn([usize; 3]) -> u8) -> Option<PixelRect> {
        let (plane, slice) = self.source?;
        check_inside(&plane, slice, labels.grid().shape()).ok()?;
        let dirty = dirty.intersect(&labels.grid().bounds());
        let axis = plane.slice_axis();
        if dirty.is_empty() || slice < dirty.lo[axis] || slice >= dirty.hi[axis] {
            return None;
        }
        let (_, a) = plane.pixel(dirty.lo);
        let (_, b) = plane.pixel(dirty.hi.map(|h| h - 1));
        let [lo, hi]: [[usize; 2]; 2] = [std::array::from_fn(|x| a[x].min(b[x])), std::array::from_fn(|x| a[x].max(b[x]) + 1)];
        let mut changed = PixelRect { lo: [usize::MAX; 2], hi: [0; 2] };
        for v in lo[1]..hi[1] {
            for u in lo[0]..hi[0] {
                let label = label_at(plane.voxel(slice, [u, v]));
                let value = &mut self.values[v * self.size[0] + u];
                if *value != label {
                    *value = label;
                    changed.lo = [changed.lo[0].min(u), changed.lo[1].min(v)];
                    changed.hi = [changed.hi[0].max(u + 1), changed.hi[1].max(v + 1)];
                }
            }
        }
        if changed.is_empty() {
            return None;
        }
        self.remember(changed);
        Some(changed)
    }

    /// Width and height in pixels; neither is zero.
    #[must_use]
    pub const fn size(&self) -> [usize; 2] {
        self.size
    }

    /// All labels, row by row.
    #[must_use]
    pub fn values(&self) -> &[u8] {
        &self.values
    }

    /// The labels of row `v`.
    #[must_use]
    pub fn row(&self, v: usize) -> &[u8] {
        &self.values[v * self.size[0]..(v + 1) * self.size[0]]
    }

    /// Names the content.
    #[must_use]
    pub const fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// What must be sent to someone who holds the content named `known`: an empty rectangle if nothing, the whole slice
    /// if that content is not remembered.
    #[must_use]
    pub fn changed_since(&self, known: Option<Stamp>) -> PixelRect {
        if known == Some(self.stamp) {
            return PixelRect { lo: [0; 2], hi: [0; 2] };
        }
        match self.changes.iter().position(|change| Some(change.from) == known) {
            Some(first) => self.changes.iter().skip(first + 1).fold(self.changes[first].rect, |sum, change| sum.union(&change.rect)),
            None => PixelRect::whole(self.size),
        }
    }

    fn remember(&mut self, rect: PixelRect) {
        self.changes.push_back(Change { from: self.stamp, rect });
        if self.changes.len() > REMEMBERED_CHANGES {
            self.changes.pop_front();
        }
        self.stamp = Stamp::fresh();
    }
}

/// The label of a voxel, 0 where it is painted so already.
fn differing(labels: &Labels, painted: &Labels, voxel: [usize; 3]) -> u8 {
    let label = labels.get(voxel);
    if painted.get(voxel) == label { 0 } else { label }
}

/// Reads one row, jumping over tiles that hold nothing: those that the map shares with an `empty` one.
fn read_row(labels: &Labels, empty: &Labels, plane: &SlicePlane, slice: usize, v: usize, row: &mut [u8]) {
    let axis = plane.axes()[0];
    let mut u = 0;
    while u < row.len() {
        let mut at = plane.voxel(slice, [u, v]);
        let along = at[axis] % TILE;
        let backwards = plane.reversed()[0];
        let run = if backwards { along + 1 } else { TILE - along }.min(row.len() - u);
        if !labels.shares_tile(empty, labels.tile_of(at)) {
            for value in &mut row[u..u + run] {
                *value = labels.get(at);
                at[axis] = if backwards { at[axis].wrapping_sub(1) } else { at[axis] + 1 };
            }
        }
        u += run;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Affine;
    use crate::volume::Grid;
    use proptest::prelude::*;

    fn mirrored_labels() -> Labels {
        let affine = Affine::from_columns([[-0.9, 0., 0.], [0., 0., 0.9], [0., 3.5, 0.]], [0.; 3]).unwrap();
        Labels::empty(Arc::new(Grid::new([20, 18, 5], affine).unwrap()))
    }

    #[test]
    fn a_proposal_is_cut_where_it_is_not_painted_yet() {
        let (mut proposal, mut painted) = (mirrored_labels(), mirrored_labels());
        for (i, label) in [(3, 1), (4, 2), (5, 3)] {
            proposal.set([i, 6, 2], label);
        }
        painted.set([3, 6, 2], 1);
        painted.set([4, 6, 2], 1);
        painted.set([9, 9, 2], 2);
        let grid = Arc::clone(proposal.grid());
        let plane = SlicePlane::new(grid.world_from_voxel(), grid.shape(), 2);
        let mut cut = SliceLabels::extract_differing(&proposal, &painted, &plane, 2).unwrap();
        let at = |cut: &SliceLabels, i: usize| {
            let (_, [u, v]) = plane.pixel([i, 6, 2]);
            cut.row(v)[u]
        };
        assert_eq!([at(&cut, 3), at(&cut, 4), at(&cut, 5)], [0, 2, 3]);
        assert_eq!(cut.values().iter().filter(|v| **v != 0).count(), 2);
        // Adopted: nothing is left. Taken back: it is there again.
        for (i, label) in [(4, 2), (5, 3)] {
            painted.set([i, 6, 2], label);
        }
        assert!(cut.update_differing(&proposal, &painted, grid.bounds()).is_some());
        assert!(cut.values().iter().all(|v| *v == 0));
        painted.set([5, 6, 2], 0);
        cut.update_differing(&proposal, &painted, grid.bounds());
        assert_eq!([at(&cut, 4), at(&cut, 5)], [0, 3]);
    }

    #[test]
    fn every_pixel_is_the_voxel_that_the_plane_names() {
        for signs in 0..8 {
            let s = |b: usize| if signs >> b & 1 == 1 { -1.0 } else { 1.0 };
            let affine = Affine::from_columns([[0., s(0), 0.], [0., 0., s(1)], [s(2), 0., 0.]], [0.; 3]).unwrap();
            let shape = [37, 33, 18];
            let mut labels = Labels::empty(Arc::new(Grid::new(shape, affine.clone()).unwrap()));
            for n in (0..37 * 33 * 18).step_by(7).filter(|n| n % 37 < 17 || n % 37 > 31) {
                labels.set(labels.grid().voxel(n), (n % 5) as u8);
            }
            for axis in 0..3 {
                let plane = SlicePlane::new(&affine, shape, axis);
                let cut = SliceLabels::extract(&labels, &plane, 11).unwrap();
                let [width, height] = cut.size();
                for (v, u) in (0..height).flat_map(|v| (0..width).map(move |u| (v, u))) {
                    assert_eq!(cut.row(v)[u], labels.get(plane.voxel(11, [u, v])), "{signs} {axis} {u} {v}");
                }
            }
        }
    }

    #[test]
    fn an_update_of_another_slice_changes_nothing() {
        let mut labels = mirrored_labels();
        let plane = SlicePlane::acquisition(labels.grid().world_from_voxel(), labels.grid().shape());
        let mut cut = SliceLabels::extract(&labels, &plane, 2).unwrap();
        let before = cut.stamp();
        labels.set([4, 4, 3], 1);
        assert_eq!(cut.update(&labels, VoxelBox { lo: [4, 4, 3], hi: [5, 5, 4] }), None);
        assert_eq!(cut.update(&labels, VoxelBox::whole([20, 18, 5])), None);
        assert_eq!(cut.update(&labels, VoxelBox::EMPTY), None);
        assert_eq!(cut.stamp(), before);
    }

    #[test]
    fn forgotten_contents_ask_for_everything() {
        let mut labels = mirrored_labels();
        let plane = SlicePlane::new(labels.grid().world_from_voxel(), [20, 18, 5], 2);
        let mut cut = SliceLabels::extract(&labels, &plane, 2).unwrap();
        let first = cut.stamp();
        for n in 0..=REMEMBERED_CHANGES {
            labels.set([n % 20, n / 20, 2], 1);
            assert!(cut.update(&labels, labels.grid().bounds()).is_some());
            assert_eq!(cut.changed_since(Some(first)) == PixelRect::whole(cut.size()), n == REMEMBERED_CHANGES);
        }
        assert!(cut.changed_since(Some(cut.stamp())).is_empty());
        assert_eq!(cut.changed_since(None), PixelRect::whole([20, 18]));
    }

    proptest! {
        /// Sending only the named rectangles leaves the receiver with the same labels, whichever steps it missed.
        #[test]
        fn partial_updates_add_up(axis in 0..3_usize, strokes in prop::collection::vec((prop::array::uniform3(0..18_usize), 1..6_usize, 0..4_u8, any::<bool>()), 1..20)) {
            let mut labels = mirrored_labels();
            let plane = SlicePlane::new(labels.grid().world_from_voxel(), [20, 18, 5], axis);
            let mut cut = SliceLabels::extract(&labels, &plane, 2).unwrap();
            let (mut held, mut known) = (cut.values().to_vec(), cut.stamp());
            for (at, side, label, receives) in strokes {
                let dirty = VoxelBox { lo: at, hi: at.map(|a| a + side) };
                let inside = dirty.intersect(&labels.grid().bounds());
                for (k, j) in (inside.lo[2]..inside.hi[2]).flat_map(|k| (inside.lo[1]..inside.hi[1]).map(move |j| (k, j))) {
                    (inside.lo[0]..inside.hi[0]).for_each(|i| labels.set([i, j, k], label));
                }
                cut.update(&labels, dirty);
                if receives {
                    let rect = cut.changed_since(Some(known));
                    for (v, u) in (rect.lo[1]..rect.hi[1]).flat_map(|v| (rect.lo[0]..rect.hi[0]).map(move |u| (v, u))) {
                        held[v * cut.size()[0] + u] = cut.row(v)[u];
                    }
                    known = cut.stamp();
                    prop_assert_eq!(&held, cut.values());
                }
            }
            let whole = SliceLabels::extract(&labels, &plane, 2).unwrap();
            prop_assert_eq!(whole.values(), cut.values());
        }
    }
}
