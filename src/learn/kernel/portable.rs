//! The inner loop in plain Rust.

use super::Sweep;

const ROWS: usize = 4;
const WIDTH: usize = 8;

/// One tile of `rows` (at most 4) by `columns` (at most 8); see [`Sweep`].
pub(super) fn tile(s: &Sweep, rows: usize, columns: usize, a: &[f32], b: &[f32], c: &mut [f32]) {
    let mut sums = [[0.0_f32; WIDTH]; ROWS];
    for segment in 0..s.segments {
        for k in 0..s.depth {
            let at = segment * s.b_segment + k * s.b_depth;
            let b = &b[at..at + columns];
            for (row, sums) in sums.iter_mut().enumerate().take(rows) {
                let x = a[segment * s.a_segment + k * s.a_depth + row * s.a_row];
                for (sum, y) in sums.iter_mut().zip(b) {
                    *sum += x * y;
                }
            }
        }
    }
    for (row, sums) in sums.iter().enumerate().take(rows) {
        let out = &mut c[row * s.c_row..row * s.c_row + columns];
        for (value, sum) in out.iter_mut().zip(sums) {
            *value = if s.add { *value + sum } else { *sum };
        }
    }
}
