//! A label map cut into tiles that clones share until one of them is written.

mod bytes;

use super::{Grid, LabelCounts};
use crate::space::VoxelBox;
use std::sync::Arc;
use thiserror::Error;

/// Voxels along each edge of a tile.
pub const TILE: usize = 16;

type Tile = [u8; TILE * TILE * TILE];

/// Number of a tile within its map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TileId(pub u32);

/// One label (0 = background) per voxel of a grid. Cloning costs a pointer per tile of 16³ voxels;
/// an untouched tile takes no memory at all.
///
/// Only `edit::recorder` writes to the labels of a read, so that no voxel changes unrecorded.
#[derive(Clone, Debug)]
pub struct Labels {
    grid: Arc<Grid>,
    tiles: Vec<Option<Arc<Tile>>>,
    tile_shape: [usize; 3],
}

/// Why bytes and grid do not fit.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("{values} labels do not fill a grid of {voxels} voxels")]
pub struct LabelsError {
    /// Labels handed over.
    pub values: usize,
    /// Voxels of the grid.
    pub voxels: usize,
}

impl Labels {
    /// Background everywhere.
    #[must_use]
    pub fn empty(grid: Arc<Grid>) -> Self {
        let tile_shape = grid.shape().map(|n| n.div_ceil(TILE));
        Self { tiles: vec![None; tile_shape.iter().product()], tile_shape, grid }
    }

    /// From tiles in the order of their numbers, each as [`Labels::tile`] gives it; those that are missing hold nothing, and
    /// what lies beyond the border of the grid is cleared.
    #[must_use]
    pub fn from_tiles(grid: Arc<Grid>, tiles: impl Iterator<Item = Option<Box<[u8; TILE * TILE * TILE]>>>) -> Self {
        let mut labels = Self::empty(grid);
        for (number, tile) in tiles.enumerate().take(labels.tiles.len()) {
            let Some(mut tile) = tile else { continue };
            let VoxelBox { lo, hi } = labels.tile_box(TileId(number as u32));
            if (0..3).any(|a| hi[a] - lo[a] < TILE) {
                for (at, label) in tile.iter_mut().enumerate() {
                    let within = [at % TILE, at / TILE % TILE, at / (TILE * TILE)];
                    if (0..3).any(|a| lo[a] + within[a] >= hi[a]) {
                        *label = 0;
                    }
                }
            }
            labels.tiles[number] = Some(Arc::from(tile));
        }
        labels
    }

    /// Where the voxels lie.
    #[must_use]
    pub const fn grid(&self) -> &Arc<Grid> {
        &self.grid
    }

    /// Label of a voxel inside the grid.
    #[must_use]
    pub fn get(&self, voxel: [usize; 3]) -> u8 {
        self.tiles[self.tile_number(voxel)].as_ref().map_or(0, |tile| tile[within_tile(voxel)])
    }

    /// Writes one voxel inside the grid. For labels of a read this is `edit::recorder`'s alone (`tests/architecture.rs` watches).
    pub fn set(&mut self, voxel: [usize; 3], label: u8) {
        let number = self.tile_number(voxel);
        if label == 0 && self.tiles[number].is_none() {
            return;
        }
        let tile = self.tiles[number].get_or_insert_with(|| Arc::new([0; TILE * TILE * TILE]));
        Arc::make_mut(tile)[within_tile(voxel)] = label;
    }

    /// The tile that holds a voxel.
    #[must_use]
    pub fn tile_of(&self, voxel: [usize; 3]) -> TileId {
        TileId(self.tile_number(voxel) as u32)
    }

    /// The voxels of a tile, cut at the border of the grid.
    #[must_use]
    pub fn tile_box(&self, tile: TileId) -> VoxelBox {
        let number = tile.0 as usize;
        let [nx, ny, _] = self.tile_shape;
        let lo = [number % nx * TILE, number / nx % ny * TILE, number / (nx * ny) * TILE];
        let shape = self.grid.shape();
        VoxelBox { lo, hi: std::array::from_fn(|a| (lo[a] + TILE).min(shape[a])) }
    }

    /// Whether both maps hold the very same copy of a tile (then nothing in it can differ).
    #[must_use]
    pub fn shares_tile(&self, other: &Self, tile: TileId) -> bool {
        match (&self.tiles[tile.0 as usize], &other.tiles[tile.0 as usize]) {
            (None, None) => true,
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        }
    }

    /// The labels of a tile, rows of [`TILE`] along i, then j, then k; `None` where nothing in it was ever labelled. What lies
    /// beyond the border of the grid is 0.
    #[must_use]
    pub fn tile(&self, tile: TileId) -> Option<&[u8; TILE * TILE * TILE]> {
        self.tiles[tile.0 as usize].as_deref()
    }

    /// Number of tiles.
    #[must_use]
    pub const fn tile_count(&self) -> usize {
        self.tiles.len()
    }

    /// Calls `visit` with every voxel that is not background.
    pub fn for_each_labelled(&self, visit: impl FnMut([usize; 3], u8)) {
        self.for_each_labelled_in(self.grid.bounds(), visit);
    }

    /// Calls `visit` with every voxel of a box that is not background.
    pub fn for_each_labelled_in(&self, within: VoxelBox, mut visit: impl FnMut([usize; 3], u8)) {
        for (number, tile) in self.tiles.iter().enumerate() {
            let Some(tile) = tile else { continue };
            let whole = self.tile_box(TileId(number as u32));
            let bounds = whole.intersect(&within);
            for k in bounds.lo[2]..bounds.hi[2] {
                for j in bounds.lo[1]..bounds.hi[1] {
                    let row = within_tile([whole.lo[0], j, k]);
                    for i in bounds.lo[0]..bounds.hi[0] {
                        let label = tile[row + i - whole.lo[0]];
                        if label != 0 {
                            visit([i, j, k], label);
                        }
                    }
                }
            }
        }
    }

    /// Voxels per label.
    #[must_use]
    pub fn counts(&self) -> LabelCounts {
        let mut counts = LabelCounts::default();
        let mut labelled = 0;
        self.for_each_labelled(|_, label| {
            counts.add(label, 1);
            labelled += 1;
        });
        counts.add(0, self.grid.voxel_count() - labelled);
        counts
    }

    /// Voxels per label within a box.
    #[must_use]
    pub fn counts_in(&self, bounds: VoxelBox) -> LabelCounts {
        let bounds = bounds.intersect(&self.grid.bounds());
        let mut counts = LabelCounts::default();
        for k in bounds.lo[2]..bounds.hi[2] {
            for j in bounds.lo[1]..bounds.hi[1] {
                for i in bounds.lo[0]..bounds.hi[0] {
                    counts.add(self.get([i, j, k]), 1);
                }
            }
        }
        counts
    }

    /// Whether nothing is labelled.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.tiles.iter().flatten().all(|tile| tile.iter().all(|label| *label == 0))
    }

    /// The smallest box around everything labelled; empty if nothing is.
    #[must_use]
    pub fn labelled_box(&self) -> VoxelBox {
        let mut bounds = VoxelBox::EMPTY;
        self.for_each_labelled(|voxel, _| bounds.include(voxel));
        bounds
    }

    /// Whether every voxel has the same label in both; grids must have the same shape.
    #[must_use]
    pub fn same_labels(&self, other: &Self) -> bool {
        self.grid.shape() == other.grid.shape()
            && (0..self.tiles.len()).all(|number| {
                let tile = TileId(number as u32);
                self.shares_tile(other, tile) || {
                    const NOTHING: &Tile = &[0; TILE * TILE * TILE];
                    self.tiles[number].as_deref().unwrap_or(NOTHING) == other.tiles[number].as_deref().unwrap_or(NOTHING)
                }
            })
    }

    const fn tile_number(&self, voxel: [usize; 3]) -> usize {
        let [nx, ny, _] = self.tile_shape;
        voxel[0] / TILE + nx * (voxel[1] / TILE + ny * (voxel[2] / TILE))
    }
}

const fn within_tile(voxel: [usize; 3]) -> usize {
    voxel[0] % TILE + TILE * (voxel[1] % TILE + TILE * (voxel[2] % TILE))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Affine, Spacing};

    fn grid(shape: [usize; 3]) -> Arc<Grid> {
        Arc::new(Grid::new(shape, Affine::from_spacing(Spacing::UNIT)).unwrap())
    }

    #[test]
    fn dense_round_trip_on_an_odd_grid() {
        let grid = grid([19, 33, 17]);
        let dense: Vec<u8> = (0..grid.voxel_count()).map(|n| (n % 7 % 4) as u8).collect();
        let labels = Labels::from_dense(grid, &dense).unwrap();
        assert_eq!(labels.to_dense(), dense);
        let counts = labels.counts();
        for label in 0..4 {
            assert_eq!(counts.of(label), dense.iter().filter(|&&v| v == label).count());
        }
        assert_eq!(labels.counts_in(labels.grid().bounds()), counts);
    }

    #[test]
    fn a_walk_through_a_box_meets_what_is_labelled_in_it() {
        let mut labels = Labels::empty(grid([37, 20, 18]));
        for (n, voxel) in [[0, 0, 0], [16, 3, 3], [36, 19, 17], [20, 10, 9], [15, 16, 16]].into_iter().enumerate() {
            labels.set(voxel, 1 + n as u8);
        }
        let mut met = Vec::new();
        labels.for_each_labelled_in(VoxelBox { lo: [15, 3, 3], hi: [36, 17, 17] }, |voxel, label| met.push((voxel, label)));
        met.sort_unstable();
        assert_eq!(met, [([15, 16, 16], 5), ([16, 3, 3], 2), ([20, 10, 9], 4)]);
        labels.for_each_labelled_in(VoxelBox { lo: [1, 1, 1], hi: [15, 15, 15] }, |voxel, _| panic!("{voxel:?}"));
    }

    #[test]
    fn tiles_make_the_map_again_and_nothing_lies_beyond_its_border() {
        let grid = grid([19, 33, 17]);
        let dense: Vec<u8> = (0..grid.voxel_count()).map(|n| if n % 5000 < 3000 { (n % 4) as u8 } else { 0 }).collect();
        let labels = Labels::from_dense(grid.clone(), &dense).unwrap();
        let tiles = || (0..labels.tile_count() as u32).map(|tile| labels.tile(TileId(tile)).map(|tile| Box::new(*tile)));
        assert!(Labels::from_tiles(grid.clone(), tiles()).same_labels(&labels));
        let full = Labels::from_tiles(grid.clone(), tiles().map(|_| Some(Box::new([7; TILE * TILE * TILE]))));
        assert_eq!(full.counts().of(7), grid.voxel_count());
        assert!(full.same_labels(&Labels::from_dense(grid.clone(), &vec![7; grid.voxel_count()]).unwrap()));
    }

    #[test]
    fn a_clone_keeps_what_the_original_had() {
        let mut labels = Labels::empty(grid([40, 40, 3]));
        labels.set([5, 5, 1], 2);
        let before = labels.clone();
        labels.set([5, 5, 1], 3);
        assert_eq!((before.get([5, 5, 1]), labels.get([5, 5, 1])), (2, 3));
        assert!(before.shares_tile(&labels, labels.tile_of([39, 39, 2])));
        assert!(!before.same_labels(&labels));
        labels.set([5, 5, 1], 2);
        assert!(before.same_labels(&labels));
    }
}
