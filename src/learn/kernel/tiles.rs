//! Products of small `bf16` matrices summed in `f32`: with the processor's matrix unit, with vectors, or in plain Rust.

use super::{Bf16, Element as _, InstructionPath};
use std::marker::PhantomData;

/// Terms of the sum per step.
pub const STEP: usize = 32;
/// Rows and columns of a tile.
pub const TILE: usize = 16;

/// `C[row][column] (+)= sum over segment, step and k < 32 of A[segment][step][row][k] * B[segment, step][k][column]` for
/// one or two blocks of 16 rows and one or two blocks of 16 columns.
///
/// The 32 terms of a row of `A` are contiguous. `B` holds pairs of terms, `[k / 2][column][k % 2]`,
/// steps of all segments one after the other.
#[derive(Clone, Copy, Debug)]
pub struct TileProduct {
    /// Outer steps of the sum.
    pub segments: usize,
    /// Inner steps of the sum, of 32 terms each.
    pub steps: usize,
    /// Distance in `A` from one segment to the next.
    pub a_segment: usize,
    /// Distance in `A` from one step to the next.
    pub a_step: usize,
    /// Distance in `A` from one row to the next.
    pub a_row: usize,
    /// Distance in `B` from one step to the next.
    pub b_step: usize,
    /// Distance in `B` from one pair of terms to the next.
    pub b_row: usize,
    /// Distance in `C` from one row to the next.
    pub c_row: usize,
    /// Whether there are two blocks of 16 rows.
    pub two_rows: bool,
    /// Whether there are two blocks of 16 columns.
    pub two_columns: bool,
    /// Whether to add to what `C` holds.
    pub add: bool,
}

/// The matrix unit of this thread while it is in use, or its stand-in.
#[derive(Debug)]
pub struct TileUnit {
    /// Portable where the path has nothing of its own for `bf16`.
    path: InstructionPath,
    /// The unit belongs to a thread.
    _here: PhantomData<*const ()>,
}

impl TileUnit {
    /// Readies the unit; only one at a time on a thread.
    #[must_use]
    pub fn begin(path: InstructionPath) -> Self {
        let path = if path.multiplies_bf16() { path } else { InstructionPath::Portable };
        assert!(path.is_available(), "this processor has no {path}");
        #[cfg(target_arch = "x86_64")]
        if path == InstructionPath::Amx {
            // SAFETY: the path exists only where the unit was found and granted.
            unsafe { super::amx::begin() };
        }
        Self { path, _here: PhantomData }
    }

    /// Whether there is AVX-512 with its `bf16` instructions: where the matrix unit is, they are.
    pub(super) const fn has_vectors(&self) -> bool {
        self.path.multiplies_bf16()
    }

    /// Computes one product.
    pub fn run(&self, p: &TileProduct, a: &[Bf16], b: &[Bf16], c: &mut [f32]) {
        if p.segments == 0 || p.steps == 0 {
            return;
        }
        let (rows, columns) = p.size();
        let last_a = (p.segments - 1) * p.a_segment + (p.steps - 1) * p.a_step + (rows - 1) * p.a_row + STEP - 1;
        let last_b = (p.segments * p.steps - 1) * p.b_step + (STEP / 2 - 1) * p.b_row + 2 * columns - 1;
        let last_c = (rows - 1) * p.c_row + columns - 1;
        assert!(last_a < a.len() && last_b < b.len() && last_c < c.len(), "the product leaves its operands");
        match self.path {
            // SAFETY: the unit is ready on this thread, and the check above bounds every address.
            #[cfg(target_arch = "x86_64")]
            InstructionPath::Amx => unsafe {
                let (a, b, c) = (a.as_ptr(), b.as_ptr(), c.as_mut_ptr());
                match (p.two_rows, p.two_columns) {
                    (true, true) => super::amx::two_by_two(p, a, b, c),
                    (true, false) => super::amx::two_by_one(p, a, b, c),
                    (false, true) => super::amx::one_by_two(p, a, b, c),
                    (false, false) => super::amx::one_by_one(p, a, b, c),
                }
            },
            // SAFETY: the path exists only where the processor has the instructions; addresses as above.
            #[cfg(target_arch = "x86_64")]
            InstructionPath::Avx512Bf16 => unsafe { super::x86_bf16::product(p, a.as_ptr(), b.as_ptr(), c.as_mut_ptr()) },
            _ => portable(p, a, b, c),
        }
    }
}

impl Drop for TileUnit {
    fn drop(&mut self) {
        #[cfg(target_arch = "x86_64")]
        if self.path == InstructionPath::Amx {
            // SAFETY: as in `begin`.
            unsafe { super::amx::end() };
        }
    }
}

impl TileProduct {
    pub(super) const fn size(&self) -> (usize, usize) {
        (if self.two_rows { 2 * TILE } else { TILE }, if self.two_columns { 2 * TILE } else { TILE })
    }
}

fn portable(p: &TileProduct, a: &[Bf16], b: &[Bf16], c: &mut [f32]) {
    let (rows, columns) = p.size();
    for row in 0..rows {
        let mut sums = [0.0_f32; 2 * TILE];
        for step in 0..p.segments * p.steps {
            let a = &a[step / p.steps * p.a_segment + step % p.steps * p.a_step + row * p.a_row..][..STEP];
            for (pair, a) in a.chunks_exact(2).enumerate() {
                let (first, second) = (a[0].value(), a[1].value());
                let b = &b[step * p.b_step + pair * p.b_row..][..2 * columns];
                for (sum, b) in sums.iter_mut().zip(b.chunks_exact(2)) {
                    *sum += first * b[0].value() + second * b[1].value();
                }
            }
        }
        for (value, sum) in c[row * p.c_row..][..columns].iter_mut().zip(sums) {
            *value = if p.add { *value + sum } else { sum };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::kernel::{TilePanels, pair_pixels, whole_tiles};
    use proptest::prelude::*;

    fn noise(n: usize, seed: usize) -> Vec<Bf16> {
        (0..n).map(|i| Bf16::of((((i * 7919 + seed * 104_729 + 13) % 1013) as f32) / 506.0 - 1.0)).collect()
    }

    fn units() -> Vec<InstructionPath> {
        let own = InstructionPath::available().into_iter().filter(|p| p.multiplies_bf16());
        own.chain([InstructionPath::Portable]).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn products_are_the_naive_sums(segments in 1..4usize, depth in 1..80usize, columns in 1..33usize, two_rows: bool, add: bool) {
            let rows = if two_rows { 32 } else { 16 };
            let weight: Vec<f32> = noise(segments * depth * columns, 2).iter().map(|v| v.value()).collect();
            let terms: Vec<usize> = (0..segments * depth).map(|k| k * columns).collect();
            let panels = TilePanels::pack(&weight, segments, &terms, &(0..columns).collect::<Vec<_>>());
            let wide = panels.width();
            let steps = depth.div_ceil(STEP);
            let p = TileProduct { segments, steps, a_segment: rows * depth + 5, a_step: STEP, a_row: depth, b_step: STEP * wide, b_row: 2 * wide,
                c_row: wide + 3, two_rows, two_columns: wide > TILE, add };
            let a = noise(segments * p.a_segment + STEP * steps, 1);
            let start: Vec<f32> = noise(rows * p.c_row, 3).iter().map(|v| v.value()).collect();
            for path in units() {
                let mut found = start.clone();
                TileUnit::begin(path).run(&p, &a, panels.panel(0), &mut found);
                for (r, n) in (0..rows).flat_map(|r| (0..columns).map(move |n| (r, n))) {
                    let at = r * p.c_row + n;
                    let mut sum = if add { f64::from(start[at]) } else { 0.0 };
                    for (g, k) in (0..segments).flat_map(|g| (0..depth).map(move |k| (g, k))) {
                        sum += f64::from(a[g * p.a_segment + k + r * depth].value()) * f64::from(weight[(g * depth + k) * columns + n]);
                    }
                    prop_assert!((f64::from(found[at]) - sum).abs() < 1e-4, "{path} {r} {n}: {} for {sum}", found[at]);
                }
            }
        }

        #[test]
        fn pixels_are_paired_turned_and_stored(steps in 1..4usize, channels in 1..70usize, columns in 1..33usize) {
            let (pixels, whole) = (noise(steps * STEP * channels, 1), whole_tiles(channels));
            let mut pairs = vec![Bf16::of(9.0); steps * STEP * whole];
            pair_pixels(&pixels, channels, &mut pairs);
            let results: Vec<f32> = (0..3 * 32).map(|n| n as f32 * 1.01).collect();
            for path in units() {
                let unit = TileUnit::begin(path);
                let mut turned = vec![Bf16::of(9.0); pairs.len()];
                unit.turn_pairs(&pairs, channels, &mut turned);
                for (pixel, c) in (0..steps * STEP).flat_map(|p| (0..whole).map(move |c| (p, c))) {
                    let expected = if c < channels { pixels[pixel * channels + c] } else { Bf16::default() };
                    prop_assert_eq!(turned[(pixel / STEP * whole + c) * STEP + pixel % STEP], expected);
                }
                let mut out = vec![Bf16::of(7.0); 3 * 40];
                unit.store(&results, 3, columns, &mut out, 40);
                for (n, v) in out.iter().enumerate() {
                    let expected = if n % 40 < columns { results[n / 40 * 32 + n % 40] } else { 7.0 };
                    prop_assert_eq!(*v, Bf16::of(expected));
                }
            }
        }
    }
}
