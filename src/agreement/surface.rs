//! Distances between the surfaces of two binary maps.

use super::comparison::BoxMask;
use super::distance::PlaneDistances;
use super::quantile::{mean, quantile_sorted};
use rayon::prelude::*;

/// Why there are, or are not, distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DistanceStatus {
    /// Both maps hold something.
    Measured,
    /// One map is empty: no distance is defined.
    OneEmpty,
    /// Both are.
    BothEmpty,
    /// The grid's axes are not at right angles: distances along them would be wrong, so none is given.
    Sheared,
}

/// Distances in mm between surface-voxel centres of two maps A and B, both directions.
/// Sources: Hausdorff distance and its percentiles, Huttenlocher et al., IEEE PAMI 1993; mean distances, Heimann et al.,
/// IEEE Trans Med Imaging 2009; surface Dice, Nikolov et al., J Med Internet Res 2021 (here by voxels, not by area).
///
/// A surface voxel has at least one of its six face neighbours outside the map; outside the volume counts as outside.
/// Every figure is `None` where one of the maps is empty or the grid is sheared.
#[derive(Clone, Debug, PartialEq)]
pub struct SurfaceDistances {
    status: DistanceStatus,
    a_to_b_mm: Vec<f64>,
    b_to_a_mm: Vec<f64>,
    both_mm: Vec<f64>,
}

impl SurfaceDistances {
    /// No distance, and why.
    pub(super) const fn untold(status: DistanceStatus) -> Self {
        Self { status, a_to_b_mm: Vec::new(), b_to_a_mm: Vec::new(), both_mm: Vec::new() }
    }

    /// Measures two masks of the same box.
    pub(super) fn measure(a: &BoxMask, b: &BoxMask, spacing_mm: [f64; 3]) -> Self {
        let (on_a, on_b) = (surface(a), surface(b));
        let (list_a, list_b) = (positions(&on_a), positions(&on_b));
        let status = match (list_a.is_empty(), list_b.is_empty()) {
            (false, false) => DistanceStatus::Measured,
            (true, true) => DistanceStatus::BothEmpty,
            _ => DistanceStatus::OneEmpty,
        };
        if status != DistanceStatus::Measured {
            return Self::untold(status);
        }
        let sorted = |to: &BoxMask, from: &[u32]| {
            let mut distances = PlaneDistances::of(to, spacing_mm).distances_mm(from);
            distances.sort_unstable_by(f64::total_cmp);
            distances
        };
        let (a_to_b_mm, b_to_a_mm) = (sorted(&on_b, &list_a), sorted(&on_a, &list_b));
        let mut both_mm = [a_to_b_mm.as_slice(), &b_to_a_mm].concat();
        both_mm.sort_unstable_by(f64::total_cmp);
        Self { status, a_to_b_mm, b_to_a_mm, both_mm }
    }

    /// Whether there are distances.
    #[must_use]
    pub const fn status(&self) -> DistanceStatus {
        self.status
    }

    /// Surface voxels of A; `None` where a map is empty.
    #[must_use]
    pub fn surface_voxels_a(&self) -> Option<usize> {
        (self.status == DistanceStatus::Measured).then_some(self.a_to_b_mm.len())
    }

    /// Surface voxels of B; `None` where a map is empty.
    #[must_use]
    pub fn surface_voxels_b(&self) -> Option<usize> {
        (self.status == DistanceStatus::Measured).then_some(self.b_to_a_mm.len())
    }

    /// Larger of the two directed maxima, mm.
    #[must_use]
    pub fn hausdorff(&self) -> Option<f64> {
        self.both_mm.last().copied()
    }

    /// Largest distance from A's surface to B's, mm.
    #[must_use]
    pub fn hausdorff_a_to_b(&self) -> Option<f64> {
        self.a_to_b_mm.last().copied()
    }

    /// Largest distance from B's surface to A's, mm.
    #[must_use]
    pub fn hausdorff_b_to_a(&self) -> Option<f64> {
        self.b_to_a_mm.last().copied()
    }

    /// HD95, first definition: 95th percentile of both directed lists together, mm.
    #[must_use]
    pub fn hd95_pooled(&self) -> Option<f64> {
        quantile_sorted(&self.both_mm, 0.95)
    }

    /// HD95, second definition: larger of the two directed 95th percentiles, mm. (The third weighs surface elements by area.)
    #[must_use]
    pub fn hd95_max_directed(&self) -> Option<f64> {
        Some(quantile_sorted(&self.a_to_b_mm, 0.95)?.max(quantile_sorted(&self.b_to_a_mm, 0.95)?))
    }

    /// Mean distance from A's surface to B's, mm.
    #[must_use]
    pub fn asd_a_to_b(&self) -> Option<f64> {
        mean(&self.a_to_b_mm)
    }

    /// Mean distance from B's surface to A's, mm.
    #[must_use]
    pub fn asd_b_to_a(&self) -> Option<f64> {
        mean(&self.b_to_a_mm)
    }

    /// Mean of the two directed means, mm.
    #[must_use]
    pub fn assd_mean_directed(&self) -> Option<f64> {
        Some(0.5 * (self.asd_a_to_b()? + self.asd_b_to_a()?))
    }

    /// Mean of both lists together, mm.
    #[must_use]
    pub fn assd_pooled(&self) -> Option<f64> {
        mean(&self.both_mm)
    }

    /// Share of all surface voxels that lie within `tolerance_mm` (inclusive) of the other surface.
    #[must_use]
    pub fn surface_dice(&self, tolerance_mm: f64) -> Option<f64> {
        // Lengths that are equal on paper may differ in the last bit.
        let within = self.both_mm.partition_point(|d| *d <= tolerance_mm + 1e-9);
        (!self.both_mm.is_empty()).then(|| within as f64 / self.both_mm.len() as f64)
    }
}

/// Largest distance in mm from a voxel of either mask to the nearest voxel of the other: between sets, not surfaces.
pub(super) fn set_hausdorff_mm(a: &BoxMask, b: &BoxMask, spacing_mm: [f64; 3]) -> Option<f64> {
    let furthest =
        |to: &BoxMask, from: &BoxMask| PlaneDistances::of(to, spacing_mm).distances_mm(&positions(from)).into_iter().max_by(f64::total_cmp);
    Some(furthest(b, a)?.max(furthest(a, b)?))
}

fn positions(mask: &BoxMask) -> Vec<u32> {
    mask.inside.iter().enumerate().filter(|(_, inside)| **inside).map(|(at, _)| at as u32).collect()
}

/// Voxels of the mask with a face neighbour outside it.
fn surface(mask: &BoxMask) -> BoxMask {
    let [ni, nj, nk] = mask.shape;
    let stride = [1, ni, ni * nj];
    let mut inside = vec![false; mask.inside.len()];
    inside.par_chunks_mut((ni * nj).max(1)).enumerate().for_each(|(k, plane)| {
        for (in_plane, on_surface) in plane.iter_mut().enumerate() {
            let at = in_plane + stride[2] * k;
            let place = [in_plane % ni, in_plane / ni, k];
            *on_surface = mask.inside[at]
                && place.iter().zip([ni, nj, nk]).zip(stride).any(|((&place, length), step)| {
                    place == 0 || place + 1 == length || !mask.inside[at - step] || !mask.inside[at + step]
                });
        }
    });
    BoxMask { shape: mask.shape, inside }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(shape: [usize; 3], filled: impl Fn([usize; 3]) -> bool) -> BoxMask {
        let n: usize = shape.iter().product();
        let inside = (0..n).map(|v| filled([v % shape[0], v / shape[0] % shape[1], v / (shape[0] * shape[1])])).collect();
        BoxMask { shape, inside }
    }

    #[test]
    fn a_cube_has_a_hollow_surface() {
        let cube = mask([5, 5, 5], |_| true);
        assert_eq!(positions(&surface(&cube)).len(), 125 - 27);
    }

    #[test]
    fn two_points_are_as_far_apart_as_their_millimetres() {
        let (a, b) = (mask([4, 1, 3], |v| v == [0, 0, 0]), mask([4, 1, 3], |v| v == [3, 0, 2]));
        let d = SurfaceDistances::measure(&a, &b, [1.0, 1.0, 2.0]);
        assert_eq!(
            (d.hausdorff(), d.assd_pooled(), d.surface_dice(5.0), d.surface_dice(4.9)),
            (Some(5.0), Some(5.0), Some(1.0), Some(0.0))
        );
        assert_eq!(set_hausdorff_mm(&a, &b, [1.0, 1.0, 2.0]), Some(5.0));
        let nothing = mask([4, 1, 3], |_| false);
        let none = SurfaceDistances::measure(&a, &nothing, [1.0; 3]);
        assert_eq!((none.status(), none.hd95_pooled(), none.surface_voxels_a()), (DistanceStatus::OneEmpty, None, None));
    }
}
