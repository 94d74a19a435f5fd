//! Simple solids as signed distances in mm (negative inside) and how they cover a point.

/// Signed distance to an ellipsoid, first order (I. Quilez, "ellipsoid - distance bound").
pub(super) fn ellipsoid(p: [f64; 3], centre: [f64; 3], radii: [f64; 3]) -> f64 {
    let q: [f64; 3] = std::array::from_fn(|a| (p[a] - centre[a]) / radii[a]);
    let norm = (q[0] * q[0] + q[1] * q[1] + q[2] * q[2]).sqrt();
    let slope: f64 = (0..3).map(|a| (q[a] / radii[a]).powi(2)).sum::<f64>().sqrt();
    if slope < 1e-9 { -radii[0].min(radii[1]).min(radii[2]) } else { norm * (norm - 1.0) / slope }
}

/// Signed distance to a superellipse in the plane with exponent 4 (boxier) blended with exponent 2 by `boxy` 0..=1.
pub(super) fn oval(x: f64, y: f64, half: [f64; 2], boxy: f64) -> f64 {
    let (u, v) = ((x / half[0]).abs(), (y / half[1]).abs());
    let round = (u * u + v * v).sqrt();
    let square = (u.powi(4) + v.powi(4)).sqrt().sqrt();
    let norm = round + boxy * (square - round);
    let slope = ((u / half[0]).powi(2) + (v / half[1]).powi(2)).sqrt();
    if slope < 1e-9 { -half[0].min(half[1]) } else { round * (norm - 1.0) / slope }
}

/// Signed distance to a tube with round ends.
pub(super) fn capsule(p: [f64; 3], a: [f64; 3], b: [f64; 3], radius: f64) -> f64 {
    let along: [f64; 3] = std::array::from_fn(|n| b[n] - a[n]);
    let from_a: [f64; 3] = std::array::from_fn(|n| p[n] - a[n]);
    let length_sq = along.iter().map(|v| v * v).sum::<f64>().max(1e-12);
    let t = ((0..3).map(|n| along[n] * from_a[n]).sum::<f64>() / length_sq).clamp(0.0, 1.0);
    (0..3).map(|n| (from_a[n] - t * along[n]).powi(2)).sum::<f64>().sqrt() - radius
}

/// Union whose inner corner is rounded over `k` mm.
pub(super) fn blend(a: f64, b: f64, k: f64) -> f64 {
    let h = (k - (a - b).abs()).max(0.0) / k;
    a.min(b) - h * h * k * 0.25
}

/// Intersection whose outer edge is rounded over `k` mm.
pub(super) fn clip(a: f64, b: f64, k: f64) -> f64 {
    -blend(-a, -b, k)
}

/// How much of a pixel at signed distance `d` mm is covered: 1 inside, 0 outside, soft over a little more than a pixel.
pub(super) fn coverage(d: f64) -> f64 {
    rise(0.5 - d / 1.3)
}

/// 0 below 0, 1 above 1, smooth between.
pub(super) fn rise(t: f64) -> f64 {
    let t = t.clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// A bone's course: at heights z (mm, ascending) the centre (x, y) and half extents (x, y) of its cross-section.
#[derive(Clone, Debug)]
pub(super) struct Course(pub(super) Vec<[f64; 5]>);

impl Course {
    /// Centre x, y and half extents x, y at a height; the end knots hold beyond the ends.
    pub(super) fn at(&self, z: f64) -> [f64; 4] {
        let knots = &self.0;
        let above = knots.iter().position(|k| k[0] > z).unwrap_or(knots.len());
        if above == 0 || above == knots.len() {
            let k = knots[if above == 0 { 0 } else { above - 1 }];
            return [k[1], k[2], k[3], k[4]];
        }
        let (lo, hi) = (knots[above - 1], knots[above]);
        let width = hi[0] - lo[0];
        let t = (z - lo[0]) / width;
        let before = knots[above.saturating_sub(2)];
        let after = knots[(above + 1).min(knots.len() - 1)];
        // Cubic Hermite with slopes from the neighbouring knots: no kink at a knot.
        std::array::from_fn(|n| {
            let (p, q) = (lo[n + 1], hi[n + 1]);
            let slope = |a: [f64; 5], b: [f64; 5]| if b[0] > a[0] { (b[n + 1] - a[n + 1]) / (b[0] - a[0]) * width } else { 0.0 };
            let (m, l) = (slope(before, hi), slope(lo, after));
            let (t2, t3) = (t * t, t * t * t);
            (2.0 * t3 - 3.0 * t2 + 1.0) * p + (t3 - 2.0 * t2 + t) * m + (3.0 * t2 - 2.0 * t3) * q + (t3 - t2) * l
        })
    }

    /// Signed distance of a point to the surface at its own height.
    pub(super) fn distance(&self, p: [f64; 3], boxy: f64) -> f64 {
        let [cx, cy, a, b] = self.at(p[2]);
        oval(p[0] - cx, p[1] - cy, [a.max(1.0), b.max(1.0)], boxy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_have_the_right_sign_and_size() {
        assert!((ellipsoid([0.0, 0.0, 9.0], [0.0; 3], [3.0, 3.0, 8.0]) - 1.0).abs() < 0.2);
        assert!(ellipsoid([0.1, 0.0, 7.0], [0.0; 3], [3.0, 3.0, 8.0]) < 0.0);
        assert!((capsule([2.0, 0.0, 5.0], [0.0; 3], [0.0, 0.0, 9.0], 1.0) - 1.0).abs() < 1e-9);
        assert!((oval(5.0, 0.0, [4.0, 4.0], 0.0) - 1.0).abs() < 1e-9);
        assert_eq!((coverage(-2.0), coverage(2.0)), (1.0, 0.0));
    }

    #[test]
    fn a_course_passes_through_its_knots() {
        let course = Course(vec![[0.0, 1.0, 2.0, 3.0, 4.0], [10.0, 2.0, 2.0, 9.0, 5.0], [20.0, 0.0, 0.0, 5.0, 5.0]]);
        assert_eq!(course.at(10.0), [2.0, 2.0, 9.0, 5.0]);
        assert_eq!(course.at(-5.0), [1.0, 2.0, 3.0, 4.0]);
        assert_eq!(course.at(99.0), [0.0, 0.0, 5.0, 5.0]);
    }
}
