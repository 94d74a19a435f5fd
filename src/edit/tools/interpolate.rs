//! Shapes between two painted slices.

use crate::space::SlicePlane;
use crate::volume::Labels;

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
    let to_inside = squared_distance(&inside, true, [width, height], pixel_mm);
    let to_outside = squared_distance(&inside, false, [width, height], pixel_mm);
    let half = pixel_mm[0].min(pixel_mm[1]) / 2.0;
    let signed = inside.iter().enumerate().map(|(n, &is_in)| {
        // A slice that is inside throughout has no edge: as far as the picture is wide.
        let limit = width as f64 * pixel_mm[0] + height as f64 * pixel_mm[1];
        if is_in { half - to_outside[n].sqrt().min(limit) } else { to_inside[n].sqrt().min(limit) - half }
    });
    Some(signed.collect())
}

/// Exact squared distance in mm² from every pixel to the nearest one whose flag is `wanted`
/// (Felzenszwalb and Huttenlocher 2012: lower envelope of parabolas, first along columns, then along lines).
fn squared_distance(flags: &[bool], wanted: bool, [width, height]: [usize; 2], pixel_mm: [f64; 2]) -> Vec<f64> {
    let mut field: Vec<f64> = flags.iter().map(|&f| if f == wanted { 0.0 } else { f64::INFINITY }).collect();
    let mut line = Vec::new();
    for u in 0..width {
        line.clear();
        line.extend((0..height).map(|v| field[u + width * v]));
        for (v, d) in lower_envelope(&line, pixel_mm[1]).into_iter().enumerate() {
            field[u + width * v] = d;
        }
    }
    for row in field.chunks_exact_mut(width) {
        let envelope = lower_envelope(row, pixel_mm[0]);
        row.copy_from_slice(&envelope);
    }
    field
}

/// At every position q of a line: the minimum over p of `heights[p] + (step × (q − p))²`.
fn lower_envelope(heights: &[f64], step: f64) -> Vec<f64> {
    // (position of a parabola's foot, where it becomes the lowest)
    let mut parabolas: Vec<(usize, f64)> = Vec::new();
    for (q, &height) in heights.iter().enumerate().filter(|h| h.1.is_finite()) {
        let value = |p: usize, h: f64| h + (step * p as f64).powi(2);
        let mut from = f64::NEG_INFINITY;
        while let Some(&(p, p_from)) = parabolas.last() {
            from = (value(q, height) - value(p, heights[p])) / (2.0 * step * step * (q - p) as f64);
            if from > p_from {
                break;
            }
            parabolas.pop();
            from = f64::NEG_INFINITY;
        }
        parabolas.push((q, from));
    }
    let mut lowest = 0;
    let at = |q: usize| {
        while parabolas.get(lowest + 1).is_some_and(|next| next.1 <= q as f64) {
            lowest += 1;
        }
        parabolas.get(lowest).map_or(f64::INFINITY, |&(p, _)| heights[p] + (step * (q as f64 - p as f64)).powi(2))
    };
    (0..heights.len()).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Affine, Spacing};
    use crate::volume::Grid;
    use proptest::prelude::*;
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

    proptest! {
        #[test]
        fn distances_agree_with_trying_all_pairs(flags in prop::collection::vec(any::<bool>(), 7 * 6), mm in (0.3..2.0_f64, 0.3..2.0_f64)) {
            let exact = squared_distance(&flags, true, [7, 6], [mm.0, mm.1]);
            for (n, found) in exact.into_iter().enumerate() {
                let to = |m: usize| {
                    let (du, dv) = ((n % 7) as f64 - (m % 7) as f64, (n / 7) as f64 - (m / 7) as f64);
                    (du * mm.0).powi(2) + (dv * mm.1).powi(2)
                };
                let expected = (0..42).filter(|&m| flags[m]).map(to).fold(f64::INFINITY, f64::min);
                prop_assert!(found == expected || (found - expected).abs() < 1e-9, "{found} {expected}");
            }
        }
    }
}
