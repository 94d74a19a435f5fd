//! Two label maps on one grid, ready to be compared.

use super::surface::set_hausdorff_mm;
use super::{ConfusionMatrix, DistanceStatus, ElementDistances, LesionDetection, Overlap, SurfaceDistances, nominal_spacing_mm};
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
    voxel_ml: f64,
    /// Distances are measured along the axes, which must be at right angles for that.
    right_angled: bool,
}

/// Cosine between two axes up to which they count as at right angles: distances are then off by no more than 1 %.
const MOST_SHEAR: f64 = 0.01;

/// A binary mask within a box of the grid.
#[derive(Clone, Debug)]
pub(super) struct BoxMask {
    /// Voxels along i, j, k of the box.
    pub shape: [usize; 3],
    /// i fastest.
    pub inside: Vec<bool>,
}

impl BoxMask {
    const fn nothing() -> Self {
        Self { shape: [0; 3], inside: Vec::new() }
    }
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
        let world_from_voxel = a.grid().world_from_voxel();
        let spacing_mm = nominal_spacing_mm(a.grid().spacing());
        let right_angled = world_from_voxel.shear() <= MOST_SHEAR;
        // As round as the spacing where it can be.
        let voxel_mm3 = if right_angled { spacing_mm.iter().product() } else { world_from_voxel.voxel_mm3() };
        Ok(Self { a: a.clone(), b: b.clone(), counts, spacing_mm, voxel_ml: voxel_mm3 / 1000.0, right_angled })
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
        Overlap::new(cells[3], cells[2], cells[1], cells[0], self.voxel_ml)
    }

    /// Surface distances of the labels in `level` of both maps.
    #[must_use]
    pub fn surface(&self, level: &[u8]) -> SurfaceDistances {
        self.surface_between(level, level)
    }

    /// Surface distances of `level_a` in the first map to `level_b` in the second.
    #[must_use]
    pub fn surface_between(&self, level_a: &[u8], level_b: &[u8]) -> SurfaceDistances {
        if !self.right_angled {
            return SurfaceDistances::untold(DistanceStatus::Sheared);
        }
        let (a, b) = self.masks(level_a, level_b);
        SurfaceDistances::measure(&a, &b, self.spacing_mm)
    }

    /// Distances between surface elements weighted by area, of `level_a` in the first map to `level_b` in the second.
    #[must_use]
    pub fn elements_between(&self, level_a: &[u8], level_b: &[u8]) -> ElementDistances {
        let (a, b) = self.measurable(level_a, level_b);
        ElementDistances::measure(&a, &b, self.spacing_mm)
    }

    /// Which connected parts of `level_b` in the second map `level_a` in the first one found.
    #[must_use]
    pub fn lesions_between(&self, level_a: &[u8], level_b: &[u8]) -> LesionDetection {
        let (a, b) = self.masks(level_a, level_b);
        LesionDetection::measure(&a, &b)
    }

    /// Hausdorff distance in mm between the sets of voxels (not their surfaces), as ITK gives it; `None` where one is empty.
    #[must_use]
    pub fn set_hausdorff_mm(&self, level_a: &[u8], level_b: &[u8]) -> Option<f64> {
        let (a, b) = self.measurable(level_a, level_b);
        set_hausdorff_mm(&a, &b, self.spacing_mm)
    }

    /// The masks to measure distances between: none on a sheared grid, where they would be wrong.
    fn measurable(&self, level_a: &[u8], level_b: &[u8]) -> (BoxMask, BoxMask) {
        if self.right_angled { self.masks(level_a, level_b) } else { (BoxMask::nothing(), BoxMask::nothing()) }
    }

    /// Both masks within the smallest box around them.
    fn masks(&self, level_a: &[u8], level_b: &[u8]) -> (BoxMask, BoxMask) {
        let bounds = level_box(&self.a, level_a).union(&level_box(&self.b, level_b));
        if bounds.is_empty() {
            return (BoxMask::nothing(), BoxMask::nothing());
        }
        (box_mask(&self.a, level_a, bounds), box_mask(&self.b, level_b, bounds))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Affine, Spacing};
    use crate::volume::Grid;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn labels(shape: [usize; 3], values: &[u8]) -> Labels {
        let grid = Grid::new(shape, Affine::from_spacing(Spacing::new([0.9, 1.3, 3.5]).unwrap())).unwrap();
        Labels::from_dense(Arc::new(grid), values).unwrap()
    }

    fn distances(c: &Comparison, level: &[u8]) -> Vec<Option<f64>> {
        let (s, e) = (c.surface(level), c.elements_between(level, level));
        vec![
            s.hausdorff(),
            s.hd95_pooled(),
            s.hd95_max_directed(),
            s.assd_mean_directed(),
            s.assd_pooled(),
            s.surface_dice(1.0),
            e.hausdorff(),
            c.set_hausdorff_mm(level, level),
        ]
    }

    fn close(a: &[Option<f64>], b: &[Option<f64>]) -> bool {
        a.iter().zip(b).all(|(a, b)| a.is_some() == b.is_some() && a.zip(*b).is_none_or(|(a, b)| (a - b).abs() < 1e-9))
    }

    #[test]
    fn other_grids_are_refused() {
        assert!(Comparison::new(&labels([2, 2, 1], &[0; 4]), &labels([4, 1, 1], &[0; 4])).is_err());
    }

    #[test]
    fn an_undecided_voxel_belongs_to_no_label() {
        let c = Comparison::new(&labels([4, 1, 1], &[1, 1, 2, 0]), &labels([4, 1, 1], &[1, 255, 255, 0])).unwrap();
        let overlap = c.overlap(&[1]);
        assert_eq!((overlap.tp, overlap.fp, overlap.fn_, overlap.tn), (1, 1, 0, 2));
        assert_eq!(c.confusion(4).total(), 2);
    }

    proptest! {
        #[test]
        fn flips_padding_swaps_and_turns(a in prop::collection::vec(0..3_u8, 60), b in prop::collection::vec(0..3_u8, 60)) {
            let shape = [5, 4, 3];
            let plain = Comparison::new(&labels(shape, &a), &labels(shape, &b)).unwrap();
            let expected = distances(&plain, &[1]);
            // All three axes flipped.
            let turned = |v: &[u8]| v.iter().rev().copied().collect::<Vec<u8>>();
            let flipped = Comparison::new(&labels(shape, &turned(&a)), &labels(shape, &turned(&b))).unwrap();
            prop_assert!(close(&expected, &distances(&flipped, &[1])));
            prop_assert_eq!(plain.overlap(&[1]), flipped.overlap(&[1]));
            prop_assert_eq!(plain.lesions_between(&[1], &[1]), flipped.lesions_between(&[1], &[1]));
            // Background around changes nothing but the true negatives.
            let wide = |v: &[u8]| {
                let mut wide = labels([20, 7, 5], &[0; 700]);
                for (at, &label) in v.iter().enumerate() {
                    wide.set([at % 5 + 14, at / 5 % 4 + 1, at / 20 + 2], label);
                }
                wide
            };
            let padded = Comparison::new(&wide(&a), &wide(&b)).unwrap();
            prop_assert!(close(&expected, &distances(&padded, &[1])));
            prop_assert_eq!(plain.overlap(&[1]).dice(), padded.overlap(&[1]).dice());
            prop_assert_eq!(plain.lesions_between(&[1], &[1]), padded.lesions_between(&[1], &[1]));
            // Labels 1 and 2 exchange their names.
            let renamed = |v: &[u8]| v.iter().map(|&l| [0, 2, 1][usize::from(l)]).collect::<Vec<u8>>();
            let swapped = Comparison::new(&labels(shape, &renamed(&a)), &labels(shape, &renamed(&b))).unwrap();
            prop_assert!(close(&expected, &distances(&swapped, &[2])));
            prop_assert_eq!(plain.overlap(&[1]), swapped.overlap(&[2]));
            // The two readers exchange their places.
            let back = Comparison::new(&labels(shape, &b), &labels(shape, &a)).unwrap();
            prop_assert!(close(&expected, &distances(&back, &[1])));
            prop_assert_eq!(plain.overlap(&[1]).dice(), back.overlap(&[1]).dice());
        }
    }

    /// Edges of 1 mm, the second axis leaning over by 45°: a voxel holds 1 mm³ all the same.
    #[test]
    fn on_a_sheared_grid_volumes_are_right_and_distances_are_left_out() {
        let affine = crate::space::Affine::new([[1.0, 1.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]).unwrap();
        let mut map = Labels::empty(std::sync::Arc::new(crate::volume::Grid::new([12, 12, 12], affine).unwrap()));
        (0..1000).for_each(|n| map.set([n % 10, n / 10 % 10, n / 100], 1));
        let comparison = Comparison::new(&map, &map).unwrap();
        assert!((comparison.overlap(&[1]).volume_a_ml() - 1.0).abs() < 1e-12);
        let surface = comparison.surface(&[1]);
        assert_eq!((surface.status(), surface.hausdorff()), (crate::agreement::DistanceStatus::Sheared, None));
        assert_eq!((comparison.elements_between(&[1], &[1]).hd95(), comparison.set_hausdorff_mm(&[1], &[1])), (None, None));
    }
}
