//! A product of two strided matrices, summed over several segments: every convolution here is a few of these.

use super::{InstructionPath, portable};

/// `C[row][column] (+)= sum over segment s and depth k of A[s][k][row] * B[s][k][column]`, all `f32`.
///
/// `A` and `C` are addressed by strides, `B` by strides or as packed [`Panels`]; columns of `C` are contiguous.
#[derive(Clone, Copy, Debug)]
pub struct Sweep {
    /// Rows of `C`.
    pub rows: usize,
    /// Columns of `C`.
    pub columns: usize,
    /// Outer steps of the sum.
    pub segments: usize,
    /// Inner steps of the sum.
    pub depth: usize,
    /// Distance in `A` from one segment, one inner step and one row to the next.
    pub a_segment: usize,
    /// See `a_segment`.
    pub a_depth: usize,
    /// See `a_segment`.
    pub a_row: usize,
    /// Distance in `B` from one segment to the next (ignored where `B` is packed).
    pub b_segment: usize,
    /// Distance in `B` from one inner step to the next (ignored where `B` is packed).
    pub b_depth: usize,
    /// Distance in `C` from one row to the next.
    pub c_row: usize,
    /// Whether to add to what `C` holds, instead of overwriting it.
    pub add: bool,
}

/// A matrix `[depth][columns]` cut into panels as wide as the inner loop, each padded with zeros to whole vectors.
#[derive(Clone, Debug)]
pub struct Panels {
    values: Vec<f32>,
    depth: usize,
    columns: usize,
    /// Columns of a panel: those of the path that it was packed for.
    width: usize,
}

impl Panels {
    /// Packs `value(k, column)` for `path`.
    pub fn pack(path: InstructionPath, depth: usize, columns: usize, value: impl Fn(usize, usize) -> f32) -> Self {
        let width = path.panel_width();
        let mut values = Vec::with_capacity(columns.div_ceil(width) * width * depth);
        for first in (0..columns).step_by(width) {
            for k in 0..depth {
                values.extend((first..first + width).map(|column| if column < columns { value(k, column) } else { 0.0 }));
            }
        }
        Self { values, depth, columns, width }
    }
}

impl Sweep {
    /// Runs with `B` packed; its depth must be `segments * depth`.
    pub fn run_packed(&self, path: InstructionPath, a: &[f32], b: &Panels, c: &mut [f32]) {
        assert_eq!((b.depth, b.columns), (self.segments * self.depth, self.columns), "packed weights of another shape");
        let width = path.panel_width();
        assert_eq!(b.width, width, "weights packed for another path");
        let strides = Self { b_segment: self.depth * width, b_depth: width, ..*self };
        strides.run_panels(path, a, &b.values, width * b.depth, c);
    }

    /// Runs with `B` as it lies in memory.
    pub fn run(&self, path: InstructionPath, a: &[f32], b: &[f32], c: &mut [f32]) {
        if self.is_nothing() {
            return;
        }
        let last = (self.segments - 1) * self.b_segment + (self.depth - 1) * self.b_depth + self.columns - 1;
        assert!(last < b.len(), "the sweep leaves its second operand");
        self.run_panels(path, a, b, path.panel_width(), c);
    }

    const fn is_nothing(&self) -> bool {
        self.rows == 0 || self.columns == 0 || self.segments == 0 || self.depth == 0
    }

    /// `panel` is the distance in `B` from one panel of columns to the next. Bounds of `B` are the callers' concern.
    fn run_panels(&self, path: InstructionPath, a: &[f32], b: &[f32], panel: usize, c: &mut [f32]) {
        if self.is_nothing() {
            return;
        }
        let last_a = (self.segments - 1) * self.a_segment + (self.depth - 1) * self.a_depth + (self.rows - 1) * self.a_row;
        let last_c = (self.rows - 1) * self.c_row + self.columns - 1;
        assert!(last_a < a.len() && last_c < c.len(), "the sweep leaves its operands");
        assert!(path.is_available(), "this processor has no {path}");
        let tiles = self.rows.div_ceil(path.tile_rows());
        for (number, first) in (0..self.columns).step_by(path.panel_width()).enumerate() {
            let columns = path.panel_width().min(self.columns - first);
            for tile in 0..tiles {
                // Tiles of nearly equal height: a short last one would waste most of its pass.
                let (from, to) = (tile * self.rows / tiles, (tile + 1) * self.rows / tiles);
                let (a, b, c) = (&a[from * self.a_row..], &b[number * panel..], &mut c[from * self.c_row + first..]);
                match path {
                    // SAFETY: the processor has the path, and the checks above bound every address.
                    #[cfg(target_arch = "x86_64")]
                    InstructionPath::Amx | InstructionPath::Avx512Bf16 | InstructionPath::Avx512 => unsafe {
                        super::x86::avx512::tile(self, to - from, columns, a.as_ptr(), b.as_ptr(), c.as_mut_ptr());
                    },
                    // SAFETY: as above.
                    #[cfg(target_arch = "x86_64")]
                    InstructionPath::Avx2 => unsafe {
                        super::x86::avx2::tile(self, to - from, columns, a.as_ptr(), b.as_ptr(), c.as_mut_ptr());
                    },
                    _ => portable::tile(self, to - from, columns, a, b, c),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn noise(n: usize, seed: usize) -> Vec<f32> {
        (0..n).map(|i| (((i * 7919 + seed * 104_729 + 13) % 1013) as f32) / 506.0 - 1.0).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_path_gives_the_naive_sum(rows in 1..40usize, columns in 1..70usize, segments in 1..4usize, depth in 1..20usize, add: bool) {
            let s = Sweep { rows, columns, segments, depth, a_segment: depth * rows + 3, a_depth: 1, a_row: depth,
                b_segment: depth * columns, b_depth: columns, c_row: columns + 2, add };
            let (a, b) = (noise(segments * s.a_segment, 1), noise(segments * depth * columns, 2));
            let start = noise(rows * s.c_row, 3);
            let mut naive = start.clone();
            for r in 0..rows {
                for n in 0..columns {
                    let mut sum = if add { f64::from(start[r * s.c_row + n]) } else { 0.0 };
                    for g in 0..segments {
                        for k in 0..depth {
                            sum += f64::from(a[g * s.a_segment + k + r * s.a_row]) * f64::from(b[g * s.b_segment + k * columns + n]);
                        }
                    }
                    naive[r * s.c_row + n] = sum as f32;
                }
            }
            for path in InstructionPath::available() {
                let packed = Panels::pack(path, segments * depth, columns, |k, n| b[k * columns + n]);
                let (mut plain, mut panels) = (start.clone(), start.clone());
                s.run(path, &a, &b, &mut plain);
                s.run_packed(path, &a, &packed, &mut panels);
                prop_assert_eq!(&plain, &panels);
                for (x, y) in plain.iter().zip(&naive) {
                    prop_assert!((x - y).abs() < 1e-4, "{path}: {x} for {y}");
                }
            }
        }
    }
}
