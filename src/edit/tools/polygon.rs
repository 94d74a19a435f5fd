//! Closed polygons on a slice: which pixels lie inside, and smoother corners.

/// The pixels (u, v) of a slice of `size` (width, height) whose centres lie inside the closed polygon, by the even-odd rule,
/// line by line. A centre on the left or upper edge is inside, on the right or lower edge outside, so that polygons side by
/// side share no pixel. Empty for fewer than 3 corners or where a corner is not finite.
#[must_use]
pub fn pixels_inside(corners: &[[f32; 2]], size: [usize; 2]) -> Vec<[usize; 2]> {
    if !is_area(corners) {
        return Vec::new();
    }
    let edges: Vec<[[f64; 2]; 2]> = edges(corners).collect();
    let height = |pick: fn(f64, f64) -> f64, start: f64| corners.iter().map(|c| f64::from(c[1])).fold(start, pick);
    let first = pixel_from(height(f64::min, f64::INFINITY), size[1]);
    let end = pixel_from(height(f64::max, f64::NEG_INFINITY), size[1]);
    let mut inside = Vec::new();
    let mut crossings: Vec<f64> = Vec::new();
    for v in first..end {
        crossings.clear();
        crossings.extend(edges.iter().filter_map(|edge| crossing(edge, v as f64)));
        crossings.sort_unstable_by(f64::total_cmp);
        for pair in crossings.chunks_exact(2) {
            inside.extend((pixel_from(pair[0], size[0])..pixel_from(pair[1], size[0])).map(|u| [u, v]));
        }
    }
    inside
}

/// Whether a position lies inside the closed polygon: for pixel centres the very rule of [`pixels_inside`].
#[must_use]
pub fn contains(corners: &[[f32; 2]], uv: [f64; 2]) -> bool {
    is_area(corners) && edges(corners).filter_map(|edge| crossing(&edge, uv[1])).filter(|&u| u > uv[0]).count() % 2 == 1
}

/// One round of Chaikin's corner cutting (1974): every corner gives way to two points, a quarter of the way along its edges.
/// Fewer than 3 corners stay as they are.
#[must_use]
pub fn smoothed(corners: &[[f32; 2]]) -> Vec<[f32; 2]> {
    if corners.len() < 3 {
        return corners.to_vec();
    }
    let next = corners.iter().cycle().skip(1);
    let cut = |a: &[f32; 2], b: &[f32; 2], t: f32| [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1])];
    corners.iter().zip(next).flat_map(|(a, b)| [cut(a, b, 0.25), cut(a, b, 0.75)]).collect()
}

/// Distance in pixels from a position to the nearest point of an edge, and the number of the corner that the edge starts at.
/// The last corner is joined to the first if `closed`. `None` without corners.
#[must_use]
pub fn nearest_edge(corners: &[[f32; 2]], closed: bool, uv: [f64; 2]) -> Option<(usize, f64)> {
    let count = if closed || corners.len() == 1 { corners.len() } else { corners.len().saturating_sub(1) };
    let distance = edges(corners).take(count).map(|[a, b]| distance_to_segment(uv, a, b));
    distance.enumerate().min_by(|a, b| a.1.total_cmp(&b.1))
}

/// Distance from a position to the nearest point of a segment.
#[must_use]
pub fn distance_to_segment(at: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let along = [b[0] - a[0], b[1] - a[1]];
    let to = [at[0] - a[0], at[1] - a[1]];
    let length2 = along[0] * along[0] + along[1] * along[1];
    let t = if length2 > 0.0 { ((to[0] * along[0] + to[1] * along[1]) / length2).clamp(0.0, 1.0) } else { 0.0 };
    (to[0] - t * along[0]).hypot(to[1] - t * along[1])
}

fn is_area(corners: &[[f32; 2]]) -> bool {
    corners.len() >= 3 && corners.iter().flatten().all(|c| c.is_finite())
}

fn edges(corners: &[[f32; 2]]) -> impl Iterator<Item = [[f64; 2]; 2]> {
    corners.iter().zip(corners.iter().cycle().skip(1)).map(|(a, b)| [a.map(f64::from), b.map(f64::from)])
}

/// Where an edge crosses the line at height `v`; an edge holds its upper end but not its lower one.
fn crossing([a, b]: &[[f64; 2]; 2], v: f64) -> Option<f64> {
    ((a[1] <= v) != (b[1] <= v)).then(|| a[0] + (v - a[1]) * (b[0] - a[0]) / (b[1] - a[1]))
}

/// The first pixel at or after a position, at most `end`.
fn pixel_from(position: f64, end: usize) -> usize {
    // A negative position becomes 0, a huge one `end`.
    (position.ceil() as usize).min(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_polygon_of_one_pixel_is_that_pixel() {
        let around = |u: f32, v: f32| [[u - 0.4, v - 0.4], [u + 0.4, v - 0.4], [u + 0.4, v + 0.4], [u - 0.4, v + 0.4]];
        assert_eq!(pixels_inside(&around(3.0, 5.0), [8, 8]), [[3, 5]]);
        assert_eq!(pixels_inside(&around(0.0, 0.0), [8, 8]), [[0, 0]]);
        assert!(pixels_inside(&around(3.5, 5.5), [8, 8]).is_empty());
        assert!(pixels_inside(&around(9.0, 5.0), [8, 8]).is_empty());
    }

    #[test]
    fn squares_side_by_side_share_no_pixel_and_leave_none_out() {
        let square = |u: f32| [[u, 1.0], [u + 3.0, 1.0], [u + 3.0, 4.0], [u, 4.0]];
        let (left, right) = (pixels_inside(&square(1.0), [9, 9]), pixels_inside(&square(4.0), [9, 9]));
        assert_eq!((left.len(), right.len()), (9, 9));
        assert!(left.iter().all(|p| !right.contains(p)));
    }

    #[test]
    fn a_concave_polygon_keeps_its_notch_and_nonsense_is_empty() {
        // A U: the notch is open at the top.
        let u_shape = [[-0.5, -0.5], [1.5, -0.5], [1.5, 4.5], [2.5, 4.5], [2.5, -0.5], [4.5, -0.5], [4.5, 6.5], [-0.5, 6.5]];
        let inside = pixels_inside(&u_shape, [10, 10]);
        assert_eq!(inside.len(), 5 * 7 - 5);
        assert!(!inside.contains(&[2, 3]) && inside.contains(&[2, 5]));
        assert!(pixels_inside(&[[0.0, 0.0], [f32::NAN, 4.0], [4.0, 4.0]], [9, 9]).is_empty());
        assert_eq!(pixels_inside(&[[-1e30, -1e30], [1e30, -1e30], [1e30, 1e30], [-1e30, 1e30]], [3, 2]).len(), 6);
        assert!(smoothed(&u_shape).len() == 16);
    }

    proptest! {
        #[test]
        fn scan_lines_agree_with_the_test_of_one_position(corners in prop::collection::vec((-4_i16..40, -4_i16..40), 0..12)) {
            // Quarter pixels, so that many corners and edges run through pixel centres.
            let corners: Vec<[f32; 2]> = corners.iter().map(|&(u, v)| [f32::from(u) / 4.0, f32::from(v) / 4.0]).collect();
            let inside = pixels_inside(&corners, [9, 8]);
            for v in 0..8 {
                for u in 0..9 {
                    prop_assert_eq!(inside.contains(&[u, v]), contains(&corners, [u as f64, v as f64]));
                }
            }
        }
    }
}
