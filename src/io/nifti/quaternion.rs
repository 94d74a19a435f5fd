//! The rotation of a qform as a unit quaternion (a, b, c, d) of which the header keeps b, c, d.
//!
//! Formulas as in `nifti1.h`, "QUATERNION REPRESENTATION OF ROTATION MATRIX".

use crate::space::Affine;

type Matrix = [[f64; 3]; 3];

/// Rotation matrix (rows) from b, c, d; a is what makes the length 1.
pub(super) fn rotation(bcd: [f64; 3]) -> Matrix {
    let [mut b, mut c, mut d] = bcd;
    let rest = 1.0 - (b * b + c * c + d * d);
    // nibabel's threshold: three times the f32 epsilon.
    let a = if rest < 3.6e-7 {
        // 180°: b, c, d are too long by rounding only.
        let length = (b * b + c * c + d * d).sqrt();
        (b, c, d) = (b / length, c / length, d / length);
        0.0
    } else {
        rest.sqrt()
    };
    [
        [a * a + b * b - c * c - d * d, 2.0 * (b * c - a * d), 2.0 * (b * d + a * c)],
        [2.0 * (b * c + a * d), a * a + c * c - b * b - d * d, 2.0 * (c * d - a * b)],
        [2.0 * (b * d - a * c), 2.0 * (c * d + a * b), a * a + d * d - c * c - b * b],
    ]
}

/// A qform for a grid of `shape`: `(qfac, [b, c, d], offset_mm)`. Where axes are not at right angles, the nearest rotation is taken.
///
/// b, c, d are rounded to `f32` in such a way that the rotation read back is nearest to the wanted one: plain rounding is off by
/// up to 0.2 mm at the edge of an image when a is near 0. What error is left is shared between all corners by an offset that puts
/// the middle of the grid where it belongs.
pub(super) fn from_affine(affine: &Affine, shape: [usize; 3]) -> (f32, [f32; 3], [f32; 3]) {
    let spacing = affine.spacing().mm();
    let mut m: Matrix = std::array::from_fn(|r| std::array::from_fn(|c| affine.column(c)[r] / spacing[c]));
    let qfac = if affine.determinant() < 0.0 { -1.0 } else { 1.0 };
    for row in &mut m {
        row[2] *= qfac;
    }
    let wanted = nearest_rotation(m);
    let exact = quaternion(&wanted);
    let rounded = exact.map(|v| v as f32);
    let mut best = (f64::INFINITY, rounded);
    for n in 0..343_i32 {
        let steps = [n % 7 - 3, n / 7 % 7 - 3, n / 49 - 3];
        let candidate: [f32; 3] = std::array::from_fn(|i| step(rounded[i], steps[i]));
        let got = rotation(candidate.map(f64::from));
        let error = (0..9).map(|e| (got[e / 3][e % 3] - wanted[e / 3][e % 3]).abs()).fold(0.0, f64::max);
        // A clear gain only, so that simple numbers stay simple.
        if error < best.0 - 1e-9 || (n == 171 && error <= best.0 + 1e-9) {
            best = (error, candidate);
        }
    }
    let got = rotation(best.1.map(f64::from));
    let middle: [f64; 3] = std::array::from_fn(|a| shape[a].saturating_sub(1) as f64 / 2.0);
    let centre_mm = affine.world(middle);
    let steps = [spacing[0] * middle[0], spacing[1] * middle[1], spacing[2] * middle[2] * qfac];
    let offset_mm = std::array::from_fn(|r| (centre_mm[r] - (0..3).map(|c| got[r][c] * steps[c]).sum::<f64>()) as f32);
    (qfac as f32, best.1, offset_mm)
}

/// The `f32` so many representable numbers further on.
fn step(value: f32, steps: i32) -> f32 {
    let mut v = value;
    for _ in 0..steps.abs() {
        v = if steps > 0 { v.next_up() } else { v.next_down() };
    }
    v
}

/// b, c, d of a rotation, with a ≥ 0; the branch with the largest divisor is taken.
fn quaternion(m: &Matrix) -> [f64; 3] {
    let trace = m[0][0] + m[1][1] + m[2][2];
    let squares = [1.0 + trace, 1.0 + 2.0 * m[0][0] - trace, 1.0 + 2.0 * m[1][1] - trace, 1.0 + 2.0 * m[2][2] - trace];
    let largest = (0..4).fold(0, |best, n| if squares[n] > squares[best] { n } else { best });
    let h = squares[largest].max(0.0).sqrt() * 2.0; // four times the component
    let sum = |r: usize, c: usize| (m[r][c] + m[c][r]) / h;
    let difference = |r: usize, c: usize| (m[r][c] - m[c][r]) / h;
    let [a, b, c, d] = match largest {
        0 => [h / 4.0, difference(2, 1), difference(0, 2), difference(1, 0)],
        1 => [difference(2, 1), h / 4.0, sum(0, 1), sum(0, 2)],
        2 => [difference(0, 2), sum(0, 1), h / 4.0, sum(1, 2)],
        _ => [difference(1, 0), sum(0, 2), sum(1, 2), h / 4.0],
    };
    if a < 0.0 { [-b, -c, -d] } else { [b, c, d] }
}

/// Polar decomposition by Newton's iteration X ← (X + X⁻ᵀ) / 2 (Higham 1986); converges from any invertible matrix.
fn nearest_rotation(mut m: Matrix) -> Matrix {
    for _ in 0..60 {
        let cofactor = |r: usize, c: usize| {
            let (r1, r2, c1, c2) = ((r + 1) % 3, (r + 2) % 3, (c + 1) % 3, (c + 2) % 3);
            m[r1][c1] * m[r2][c2] - m[r1][c2] * m[r2][c1]
        };
        let determinant: f64 = (0..3).map(|c| m[0][c] * cofactor(0, c)).sum();
        let next: Matrix = std::array::from_fn(|r| std::array::from_fn(|c| 0.5 * (m[r][c] + cofactor(r, c) / determinant)));
        let change = (0..9).map(|e| (next[e / 3][e % 3] - m[e / 3][e % 3]).abs()).fold(0.0, f64::max);
        m = next;
        if change < 1e-15 {
            break;
        }
    }
    m
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rotation_survives_single_precision(q in prop::array::uniform4(-1.0..1.0f64), flip: bool, small_a: bool) {
            let mut q = q;
            if small_a { q[0] *= 1e-4; }
            let length = q.iter().map(|v| v * v).sum::<f64>().sqrt();
            prop_assume!(length > 0.1);
            let sign = if q[0] < 0.0 { -1.0 } else { 1.0 };
            let m = rotation([q[1] / length * sign, q[2] / length * sign, q[3] / length * sign]);
            let column = |c: usize, f: f64| std::array::from_fn(|r| m[r][c] * f);
            let depth = if flip { -3.0 } else { 3.0 };
            let affine = Affine::from_columns([column(0, 0.5), column(1, 0.7), column(2, depth)], [0.0; 3]).unwrap();
            let (qfac, bcd, _) = from_affine(&affine, [1; 3]);
            let back = rotation(bcd.map(f64::from));
            // Readers take a below 6e-4 for 0, so no quaternion of f32 is nearer there.
            let tolerance = if small_a { 1.3e-3 } else { 1e-5 };
            for r in 0..3 {
                for c in 0..3 {
                    prop_assert!((back[r][c] - m[r][c]).abs() < tolerance, "{back:?} {m:?}");
                }
            }
            prop_assert_eq!(qfac, if flip { -1.0 } else { 1.0 });
        }
    }
}
