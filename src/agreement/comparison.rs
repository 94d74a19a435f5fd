//! Two label maps on one grid, ready to be compared.

use super::{ConfusionMatrix, Overlap, SurfaceDistances, nominal_spacing_mm};
use crate::space::VoxelBox;
use crate::volume::{GridMismatch, Labels, TileId};
use rayon::prelude::*;

/// How many voxels bear label `a` in the first map and `b` in the second.
type JointCounts = Vec<u64>;

/// Two maps on the same grid: figures exist only for such a pair.
#[derive(Clone, Debug)]
pub struct Comparison {
    a: Labels,
    b: Labels,
    counts: JointCounts,
    spacing_mm: [f64; 3],
}

/// A binary mask within a box of the grid.
#[derive(Clone, Debug)]
pub(super) struct BoxMask {
    /// Voxels along i, j, k of the box.
    pub shape: [usize; 3],
    /// i fastest.
    pub inside: Vec<bool>,
}

impl Comparison {
    /// Counts both maps once.
    ///
    /// # Errors
    /// If the grids differ.
    pub fn new(a: &Labels, b: &Labels) -> Result<Self, GridMismatch> {
        a.grid().require_same(b.grid())?;
        let blank = Labels::empty(a.grid().clone());
        let tiles: Vec<u32> = (0..a.tile_count() as u32).collect();
        let counts = tiles
            .par_chunks(256)
            .map(|chunk| {
                let mut counts = vec![0_u64; 65536];
                for &tile in chunk {
                    count_tile(a, b, &blank, TileId(tile), &mut counts);
                }
                counts
            })
            .reduce(|| vec![0; 65536], |x, y| x.into_iter().zip(y).map(|(p, q)| p + q).collect());
        Ok(Self { a: a.clone(), b: b.clone(), counts, spacing_mm: nominal_spacing_mm(a.grid().spacing()) })
    }

    /// First map.
    #[must_use]
    pub const fn a(&self) -> &Labels {
        &self.a
    }

    /// Second map, the reference.
    #[must_use]
    pub const fn b(&self) -> &Labels {
        &self.b
    }

    /// Voxels per pair of labels 0..`labels`, rows the first map. Voxels with a higher label (undecided: 255) are left out.
    #[must_use]
    pub fn confusion(&self, labels: usize) -> ConfusionMatrix {
        let labels = labels.min(256);
        ConfusionMatrix::from_fn(labels, |row, column| self.counts[row * 256 + column])
    }

    /// Overlap of the labels in `level` of both maps (more than one: their union). An undecided voxel belongs to no label.
    #[must_use]
    pub fn overlap(&self, level: &[u8]) -> Overlap {
        self.overlap_between(level, level)
    }

    /// Overlap of `level_a` in the first map with `level_b` in the second, for instance a level with a 0/1 mask.
    #[must_use]
    pub fn overlap_between(&self, level_a: &[u8], level_b: &[u8]) -> Overlap {
        let mut cells = [0_u64; 4];
        for a in 0..=255_u8 {
            for b in 0..=255_u8 {
                let cell = usize::from(level_a.contains(&a)) * 2 + usize::from(level_b.contains(&b));
                cells[cell] += self.counts[usize::from(a) * 256 + usize::from(b)];
            }
        }
        let voxel_ml = self.spacing_mm.iter().product::<f64>() / 1000.0;
        Overlap::new(cells[3], cells[2], cells[1], cells[0], voxel_ml)
    }

    /// Surface distances of the labels in `level` of both maps.
    #[must_use]
    pub fn surface(&self, level: &[u8]) -> SurfaceDistances {
        self.surface_between(level, level)
    }

    /// Surface distances of `level_a` in the first map to `level_b` in the second.
    #[must_use]
    pub fn surface_between(&self, level_a: &[u8], level_b: &[u8]) -> SurfaceDistances {
        let bounds = level_box(&self.a, level_a).union(&level_box(&self.b, level_b));
        if bounds.is_empty() {
            let nothing = BoxMask { shape: [0; 3], inside: Vec::new() };
            return SurfaceDistances::measure(&nothing, &nothing, self.spacing_mm);
        }
        let (a, b) = (box_mask(&self.a, level_a, bounds), box_mask(&self.b, level_b, bounds));
        SurfaceDistances::measure(&a, &b, self.spacing_mm)
    }
}

fn count_tile(a: &Labels, b: &Labels, blank: &Labels, tile: TileId, counts: &mut [u64]) {
    let bounds = blank.tile_box(tile);
    if a.shares_tile(blank, tile) && b.shares_tile(blank, tile) {
        counts[0] += bounds.len() as u64;
        return;
    }
    for k in bounds.lo[2]..bounds.hi[2] {
        for j in bounds.lo[1]..bounds.hi[1] {
            for i in bounds.lo[0]..bounds.hi[0] {
                counts[usize::from(a.get([i, j, k])) * 256 + usize::from(b.get([i, j, k]))] += 1;
            }
        }
    }
}

fn level_box(labels: &Labels, level: &[u8]) -> VoxelBox {
    let mut bounds = VoxelBox::EMPTY;
    labels.for_each_labelled(|voxel, label| {
        if level.contains(&label) {
            bounds.include(voxel);
        }
    });
    bounds
}

fn box_mask(labels: &Labels, level: &[u8], bounds: VoxelBox) -> BoxMask {
    let shape: [usize; 3] = std::array::from_fn(|axis| bounds.hi[axis] - bounds.lo[axis]);
    let mut inside = vec![false; bounds.len()];
    labels.for_each_labelled(|voxel, label| {
        if level.contains(&label) {
            let [i, j, k]: [usize; 3] = std::array::from_fn(|axis| voxel[axis] - bounds.lo[axis]);
            inside[i + shape[0] * (j + shape[1] * k)] = true;
        }
    });
    BoxMask { shape, inside }
}
