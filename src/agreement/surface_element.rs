//! Distances weighted by surface area (Nikolov et al., J Med Internet Res 2021): the third definition of HD95.

use super::comparison::BoxMask;
use super::distance::PlaneDistances;
use super::marching::element_areas_mm2;
use rayon::prelude::*;

/// Distances between the surface elements of two maps, each with its area.
///
/// Elements sit at the corners shared by eight voxels of which some, but not all, belong to the map; the area is that
/// of the marching-cubes facets there. Every figure is `None` where one of the maps is empty.
#[derive(Clone, Debug, PartialEq)]
pub struct ElementDistances {
    /// (distance in mm, area in mm²), in order of distance.
    a_to_b: Vec<(f64, f64)>,
    b_to_a: Vec<(f64, f64)>,
}

impl ElementDistances {
    /// Measures two masks of the same box.
    pub(super) fn measure(a: &BoxMask, b: &BoxMask, spacing_mm: [f64; 3]) -> Self {
        let areas = element_areas_mm2(spacing_mm);
        let (on_a, on_b) = (Elements::of(a), Elements::of(b));
        if on_a.places.is_empty() || on_b.places.is_empty() {
            return Self { a_to_b: Vec::new(), b_to_a: Vec::new() };
        }
        let directed = |to: &Elements, from: &Elements| {
            let distances = PlaneDistances::of(&to.mask, spacing_mm).distances_mm(&from.places);
            let mut list: Vec<(f64, f64)> =
                distances.into_iter().zip(&from.codes).map(|(distance, code)| (distance, areas[usize::from(*code)])).collect();
            list.sort_unstable_by(|x, y| x.0.total_cmp(&y.0));
            list
        };
        Self { a_to_b: directed(&on_b, &on_a), b_to_a: directed(&on_a, &on_b) }
    }

    /// Larger of the two directed maxima, mm.
    #[must_use]
    pub fn hausdorff(&self) -> Option<f64> {
        Some(self.a_to_b.last()?.0.max(self.b_to_a.last()?.0))
    }

    /// HD95, third definition: larger of the two directed distances below which 95 % of the surface area lies, mm.
    #[must_use]
    pub fn hd95(&self) -> Option<f64> {
        Some(area_percentile(&self.a_to_b, 0.95)?.max(area_percentile(&self.b_to_a, 0.95)?))
    }

    /// Share of both surfaces' area that lies within `tolerance_mm` (inclusive) of the other surface.
    #[must_use]
    pub fn surface_dice(&self, tolerance_mm: f64) -> Option<f64> {
        let both = || self.a_to_b.iter().chain(&self.b_to_a);
        let total: f64 = both().map(|(_, area)| area).sum();
        let near: f64 = both().filter(|(distance, _)| *distance <= tolerance_mm + 1e-9).map(|(_, area)| area).sum();
        (total > 0.0).then(|| near / total)
    }
}

/// The first distance at which the share of area reaches `share`.
fn area_percentile(list: &[(f64, f64)], share: f64) -> Option<f64> {
    let total: f64 = list.iter().map(|(_, area)| area).sum();
    let mut sum = 0.0;
    let reached = list.iter().find(|(_, area)| {
        sum += area;
        sum / total >= share
    });
    reached.or(list.last()).map(|(distance, _)| *distance)
}

/// Corners at which the surface passes: (shape + 1) corners per axis.
struct Elements {
    mask: BoxMask,
    places: Vec<u32>,
    codes: Vec<u8>,
}

impl Elements {
    fn of(map: &BoxMask) -> Self {
        let [ni, nj, nk] = map.shape;
        let shape = [ni + 1, nj + 1, nk + 1];
        let inside = |i: usize, j: usize, k: usize| {
            // A corner at 0 has its lower voxels outside the box: they wrap round and fail the comparison.
            let (i, j, k) = (i.wrapping_sub(1), j.wrapping_sub(1), k.wrapping_sub(1));
            i < ni && j < nj && k < nk && map.inside[i + ni * (j + nj * k)]
        };
        // Bit c of a code: the voxel at (c & 1, c >> 1 & 1, c >> 2 & 1). Along i, the upper half of one code is the lower of the next.
        let plane = |k: usize| {
            let mut found: Vec<(u32, u8)> = Vec::new();
            for j in 0..shape[1] {
                let mut code = 0_u8;
                for i in 0..shape[0] {
                    let column = [(1, 0, 0), (3, 1, 0), (5, 0, 1), (7, 1, 1)];
                    let upper = column.iter().fold(0, |bits, &(bit, dj, dk)| bits | u8::from(inside(i + 1, j + dj, k + dk)) << bit);
                    code = (code >> 1 & 0b0101_0101) | upper;
                    if code != 0 && code != 255 {
                        found.push(((i + shape[0] * (j + shape[1] * k)) as u32, code));
                    }
                }
            }
            found
        };
        let (places, codes): (Vec<u32>, Vec<u8>) = (0..shape[2]).into_par_iter().flat_map_iter(plane).unzip();
        let mut mask = BoxMask { shape, inside: vec![false; shape.iter().product()] };
        places.iter().for_each(|at| mask.inside[*at as usize] = true);
        Self { mask, places, codes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_maps_touch_everywhere() {
        let cube = BoxMask { shape: [4, 4, 4], inside: vec![true; 64] };
        let same = ElementDistances::measure(&cube, &cube, [1.0, 1.0, 2.0]);
        assert_eq!((same.hausdorff(), same.hd95(), same.surface_dice(0.0)), (Some(0.0), Some(0.0), Some(1.0)));
        let empty = BoxMask { shape: [4, 4, 4], inside: vec![false; 64] };
        assert_eq!(ElementDistances::measure(&cube, &empty, [1.0; 3]).hd95(), None);
    }
}
