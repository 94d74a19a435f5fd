//! Shapes between two painted slices.

use crate::space::SlicePlane;
use crate::volume::{Labels, squared_distance};

/// The voxels of the slices strictly between `first` and `last` that belong to a label, by shape-based interpolation
/// (Raya and Udupa 1990): the signed distances to the shape's edge in mm on both slices are mixed in proportion to the slice's
/// place, and what lies inside the mixed edge belongs. Slice by slice, line by line. Where the two shapes do not overlap the
/// mixture may be empty. Empty, too, if either slice lacks the label, lies outside, or `plane` is not of the labels' grid.
#[must_use]
pub fn between_slices(plane: &SlicePlane, pixel_mm: [f64; 2], labels: &Labels, label: u8, first: usize, last: usize) -> Vec<[usize; 3]> {
    let (first, last) = (first.min(last), first.max(last));
    let shape = labels.grid().shape();
    let [u_axis, v_axis] = plane.axes();
    let fits = plane.slice_count() == shape[plane.slice_axis()] && plane.size() == [shape[u_axis], shape[v_axis]];
    if !fits || last >= plane.slice_count() || !pixel_mm.iter().all(|mm| mm.is_finite() && *mm > 0.0) {
        return Vec::new();
    }
    let edge = |slice| signed_distance(plane, pixel_mm, labels, label, slice);
    let (Some(below), Some(above)) = (edge(first), edge(last)) else { return Vec::new() };
    let width = plane.size()[0];
    let mut voxels = Vec::new();
    for slice in first + 1..last {
        let t = (slice - first) as f64 / (last - first) as f64;
        let mixed = below.iter().zip(&above).map(|(a, b)| (1.0 - t) * a + t * b).enumerate();
        voxels.extend(mixed.filter(|m| m.1 < 0.0).map(|(n, _)| plane.voxel(slice, [n % width, n / width])));
    }
    voxels
}

/// Per pixel the distance in mm to the nearest pixel of the other side, below zero inside; half a step is taken off so that
/// the edge lies between the pixels. `None` where the slice does not show the label.
fn signed_distance(plane: &SlicePlane, pixel_mm: [f64; 2], labels: &Labels, label: u8, slice: usize) -> Option<Vec<f64>> {
    let [width, height] = plane.size();
    let inside: Vec<bool> = (0..width * height).map(|n| labels.get(plane.voxel(slice, [n % width, n / width])) == label).collect();
    if !inside.contains(&true) {
        return None;
    }
    let (shape, mm) = ([width, height, 1], [pixel_mm[0], pixel_mm[1], 1.0]);
    let to_inside = squared_distance(&inside, true, shape, mm);
    let to_outside = squared_distance(&inside, false, shape, mm);
    let half = pixel_mm[0].min(pixel_mm[1]) / 2.0;
    let signed = inside.iter().enumerate().map(|(n, &is_in)| {
        // A slice that is inside throughout has no edge: as far as the picture is wide.
        let limit = width as f64 * pixel_mm[0] + height as f64 * pixel_mm[1];
        if is_in { half - f64::from(to_outside[n]).sqrt().min(limit) } else { f64::from(to_inside[n]).sqrt().min(limit) - half }
    });
    Some(signed.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Affine, Spacing};
    use crate::volume::Grid;
    use std::sync::Arc;

    fn disc(radius: f64, width: usize) -> impl Fn(usize) -> u8 {
        move |n| u8::from((n % width) as f64 - 15.0 <= radius && ((n % width) as f64 - 15.0).hypot((n / width) as f64 - 15.0) <= radius)
    }

    #[test]
    fn between_two_discs_lies_a_disc_of_the_radius_between() {
        let grid = Arc::new(Grid::new([31, 31, 5], Affine::from_spacing(Spacing::UNIT)).unwrap());
        let mut dense = vec![0; grid.voxel_count()];
        (0..961).for_each(|n| dense[n] = disc(4.0, 31)(n));
        (0..961).for_each(|n| dense[4 * 961 + n] = disc(12.0, 31)(n));
        let labels = Labels::from_dense(grid, &dense).unwrap();
        let plane = SlicePlane::as_stored([31, 31, 5]);
        let between = between_slices(&plane, [1.0; 2], &labels, 1, 4, 0);
        for (slice, radius) in [(1, 6.0), (2, 8.0), (3, 10.0_f64)] {
            let area = between.iter().filter(|v| v[2] == slice).count() as f64;
            let expected = std::f64::consts::PI * radius * radius;
            assert!((area / expected - 1.0).abs() < 0.08, "slice {slice}: {area} pixels, expected {expected:.0}");
        }
        assert!(between.iter().all(|v| (1..4).contains(&v[2])));
        assert!(between_slices(&plane, [1.0; 2], &labels, 1, 0, 2).is_empty());
        assert!(between_slices(&plane, [1.0; 2], &labels, 1, 0, 5).is_empty());
        assert!(between_slices(&plane, [1.0; 2], &labels, 2, 0, 4).is_empty());
    }
}
