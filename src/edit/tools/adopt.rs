//! Adopting a model's proposal: which voxels become labels, and which stay as the reader made them.

use crate::edit::VoxelSet;
use crate::volume::{GridMismatch, Labels, TileId, connected_component};

/// How much of a proposal to adopt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdoptScope<'a> {
    /// Everything.
    All,
    /// One slice (from 0) along the read's slice axis.
    Slice(usize),
    /// The part around a voxel: joined by faces (6 neighbours), with the same proposed label throughout, and differing from
    /// the labels throughout. Voxels kept for the reader join parts too, and are left out in the end.
    Component([usize; 3]),
    /// These voxels, such as those under a brush.
    Voxels(&'a [[usize; 3]]),
}

/// A proposal laid over the labels it is to change.
#[derive(Clone, Copy, Debug)]
pub struct Adoption<'a> {
    /// The reader's labels.
    pub labels: &'a Labels,
    /// What the model proposes, on the same grid.
    pub proposal: &'a Labels,
    /// The voxel axis that slices are counted along.
    pub slice_axis: usize,
    /// The slices that the model was asked about; elsewhere its background means nothing. `None`: all of them.
    pub covered: Option<&'a [usize]>,
    /// Voxels to leave alone, by rule those changed by hand since the proposal's revision
    /// (see [`crate::edit::ReadLayers::changed_by_hand_since`]). `None` replaces those too: a separate, named command.
    pub kept: Option<&'a VoxelSet>,
    /// A layer over whose labels nothing is adopted: physis, vessels. Background may be.
    pub excluded: Option<&'a Labels>,
}

impl Adoption<'_> {
    /// The voxels to write, each with its proposed label: where proposal and label differ.
    ///
    /// # Errors
    /// If proposal and labels lie on different grids.
    pub fn voxels(&self, scope: AdoptScope<'_>) -> Result<Vec<([usize; 3], u8)>, GridMismatch> {
        self.labels.grid().require_same(self.proposal.grid())?;
        let mut found = Vec::new();
        match scope {
            AdoptScope::All => self.within(|_| true, &mut found),
            AdoptScope::Slice(slice) => self.within(|s| s == slice, &mut found),
            AdoptScope::Component(seed) => self.component(seed, &mut found),
            AdoptScope::Voxels(voxels) => {
                let bounds = self.labels.grid().bounds();
                found.extend(voxels.iter().filter(|&&v| bounds.contains(v) && self.differs(v)).map(|&v| (v, self.proposal.get(v))));
            }
        }
        found.retain(|&(voxel, label)| self.may_write(voxel, label));
        Ok(found)
    }

    /// Everything that differs on the slices for which `wanted` holds. Tile by tile; tiles
    /// that are empty in both maps cost nothing.
    fn within(&self, wanted: impl Fn(usize) -> bool, found: &mut Vec<([usize; 3], u8)>) {
        let axis = self.slice_axis.min(2);
        for tile in (0..self.labels.tile_count()).map(|n| TileId(n as u32)) {
            let bounds = self.labels.tile_box(tile);
            if self.labels.shares_tile(self.proposal, tile) || !(bounds.lo[axis]..bounds.hi[axis]).any(&wanted) {
                continue;
            }
            for k in bounds.lo[2]..bounds.hi[2] {
                for j in bounds.lo[1]..bounds.hi[1] {
                    let line = (bounds.lo[0]..bounds.hi[0]).map(|i| [i, j, k]);
                    found.extend(line.filter(|&v| wanted(v[axis]) && self.differs(v)).map(|v| (v, self.proposal.get(v))));
                }
            }
        }
    }

    fn component(&self, seed: [usize; 3], found: &mut Vec<([usize; 3], u8)>) {
        let grid = self.labels.grid();
        if !grid.bounds().contains(seed) {
            return;
        }
        let proposed = self.proposal.get(seed);
        let part = connected_component(grid, seed, |v| self.proposal.get(v) == proposed && self.differs(v));
        found.extend(part.indices.into_iter().map(|index| (grid.voxel(index), proposed)));
    }

    fn differs(&self, voxel: [usize; 3]) -> bool {
        self.labels.get(voxel) != self.proposal.get(voxel)
            && self.covered.is_none_or(|slices| slices.contains(&voxel[self.slice_axis.min(2)]))
    }

    fn may_write(&self, voxel: [usize; 3], label: u8) -> bool {
        let excluded = |map: &Labels| map.grid().bounds().contains(voxel) && map.get(voxel) != 0;
        !(label != 0 && self.excluded.is_some_and(excluded)) && self.kept.is_none_or(|kept| !kept.contains(self.labels.grid().index(voxel)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Affine, Spacing};
    use crate::volume::Grid;
    use std::sync::Arc;

    fn maps(shape: [usize; 3], labels: &[u8], proposal: &[u8]) -> (Labels, Labels) {
        let grid = Arc::new(Grid::new(shape, Affine::from_spacing(Spacing::UNIT)).unwrap());
        (Labels::from_dense(grid.clone(), labels).unwrap(), Labels::from_dense(grid, proposal).unwrap())
    }

    fn indices(adoption: Adoption<'_>, scope: AdoptScope<'_>) -> Vec<(usize, u8)> {
        let mut found: Vec<_> =
            adoption.voxels(scope).unwrap().into_iter().map(|(v, label)| (adoption.labels.grid().index(v), label)).collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn each_scope_writes_where_proposal_and_label_differ() {
        let (labels, proposal) = maps([4, 1, 2], &[0, 1, 2, 0, 0, 0, 0, 3], &[1, 1, 0, 2, 1, 2, 2, 0]);
        let adoption = Adoption { labels: &labels, proposal: &proposal, slice_axis: 2, covered: None, kept: None, excluded: None };
        assert_eq!(indices(adoption, AdoptScope::All), [(0, 1), (2, 0), (3, 2), (4, 1), (5, 2), (6, 2), (7, 0)]);
        assert_eq!(indices(adoption, AdoptScope::Slice(0)), [(0, 1), (2, 0), (3, 2)]);
        assert_eq!(indices(adoption, AdoptScope::Slice(9)), []);
        // Voxels 0 and 4 are neighbours across slices; 5 has another label.
        assert_eq!(indices(adoption, AdoptScope::Component([0, 0, 0])), [(0, 1), (4, 1)]);
        assert_eq!(indices(adoption, AdoptScope::Component([1, 0, 0])), []);
        assert_eq!(indices(adoption, AdoptScope::Component([9, 0, 0])), []);
        assert_eq!(indices(adoption, AdoptScope::Voxels(&[[1, 0, 0], [3, 0, 0], [9, 9, 9]])), [(3, 2)]);
        let kept = VoxelSet::from_ranges(std::iter::once(2..5).collect());
        assert_eq!(indices(Adoption { kept: Some(&kept), ..adoption }, AdoptScope::All), [(0, 1), (5, 2), (6, 2), (7, 0)]);
        let (physis, _) = maps([4, 1, 2], &[0, 0, 1, 1, 0, 0, 0, 0], &[0; 8]);
        assert_eq!(indices(Adoption { excluded: Some(&physis), ..adoption }, AdoptScope::Slice(0)), [(0, 1), (2, 0)]);
        assert_eq!(indices(Adoption { covered: Some(&[0]), ..adoption }, AdoptScope::All), [(0, 1), (2, 0), (3, 2)]);
    }

    #[test]
    fn another_grid_is_refused() {
        let (labels, _) = maps([4, 1, 1], &[0; 4], &[0; 4]);
        let (other, _) = maps([2, 2, 1], &[0; 4], &[0; 4]);
        let adoption = Adoption { labels: &labels, proposal: &other, slice_axis: 2, covered: None, kept: None, excluded: None };
        assert!(adoption.voxels(AdoptScope::All).is_err());
    }
}
