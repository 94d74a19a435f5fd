//! AVX-512 with `bf16`: tile products where there is no matrix unit; results to `bf16` and blocks turned round for both.

use super::tiles::TileProduct;
use super::{Bf16, STEP, TILE};
use std::arch::x86_64::*;
use std::hint::black_box;

/// Rows whose sums stay in registers at once: 16 of the 32 hold them, which is enough to hide the time of an addition.
const ROWS: usize = 8;

/// Whether the processor has all that this file uses.
pub fn is_available() -> bool {
    std::arch::is_x86_feature_detected!("avx512f")
        && std::arch::is_x86_feature_detected!("avx512bw")
        && std::arch::is_x86_feature_detected!("avx512bf16")
}

/// Computes one product.
///
/// # Safety
/// The processor must have the instructions; every address that the strides reach must be inside the memory behind the pointers.
#[target_feature(enable = "avx512f,avx512bf16")]
pub unsafe fn product(p: &TileProduct, a: *const Bf16, b: *const Bf16, c: *mut f32) {
    let (rows, _) = p.size();
    for first in (0..rows).step_by(ROWS) {
        let (a, c) = (a.wrapping_add(first * p.a_row), c.wrapping_add(first * p.c_row));
        // SAFETY: as promised by the caller.
        unsafe { if p.two_columns { rows_of::<2>(p, a, b, c) } else { rows_of::<1>(p, a, b, c) } }
    }
}

/// Computes eight rows, with `V` vectors of 16 columns.
#[inline]
#[target_feature(enable = "avx512f,avx512bf16")]
#[expect(clippy::needless_range_loop, reason = "counted loops over registers, without iterators that check for overflow")]
unsafe fn rows_of<const V: usize>(p: &TileProduct, a: *const Bf16, b: *const Bf16, c: *mut f32) {
    let mut sums = [[_mm512_setzero_ps(); V]; ROWS];
    // Wrapping sums of addresses throughout: checks for overflow, which builds for tests have, would keep the loop from staying in
    // registers.
    let at_c = |row: usize, v: usize| c.wrapping_add(row.wrapping_mul(p.c_row)).wrapping_add(v * TILE);
    // One pointer per three rows, as in the loops for single precision.
    let (one, two) = (p.a_row, p.a_row.wrapping_mul(2));
    let (third, sixth) = black_box((p.a_row.wrapping_mul(3), p.a_row.wrapping_mul(6)));
    // SAFETY: all addresses are within the rows, steps and columns that the caller promised. A pair of numbers is read as one
    // of 32 bits, from wherever it lies.
    unsafe {
        if p.add {
            for row in 0..ROWS {
                for v in 0..V {
                    sums[row][v] = _mm512_loadu_ps(at_c(row, v));
                }
            }
        }
        let mut at_b = b;
        for segment in 0..p.segments {
            let mut at = a.wrapping_add(segment.wrapping_mul(p.a_segment));
            for _ in 0..p.steps {
                let (mut at0, mut b_pair) = (at, at_b);
                for _ in 0..STEP / 2 {
                    let rows = [at0, at0.wrapping_add(third), at0.wrapping_add(sixth)];
                    let mut columns = [_mm512_setzero_si512(); V];
                    for v in 0..V {
                        columns[v] = _mm512_loadu_si512(b_pair.wrapping_add(v * 2 * TILE).cast());
                    }
                    for row in 0..ROWS {
                        let from = rows[row / 3].wrapping_add([0, one, two][row % 3]);
                        let both: __m512bh = std::mem::transmute(_mm512_set1_epi32(from.cast::<i32>().read_unaligned()));
                        for v in 0..V {
                            sums[row][v] = _mm512_dpbf16_ps(sums[row][v], both, std::mem::transmute::<__m512i, __m512bh>(columns[v]));
                        }
                    }
                    (at0, b_pair) = (at0.wrapping_add(2), b_pair.wrapping_add(p.b_row));
                }
                (at, at_b) = (at.wrapping_add(p.a_step), at_b.wrapping_add(p.b_step));
            }
        }
        for row in 0..ROWS {
            for v in 0..V {
                _mm512_storeu_ps(at_c(row, v), sums[row][v]);
            }
        }
    }
}

/// Stores `rows` rows of `columns` (at most 32) of `results` (rows of 32), `out_row` apart.
///
/// # Safety
/// The processor must have the instructions, and the rows must lie inside the memory behind the pointers.
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
pub unsafe fn store_rows(results: *const f32, rows: usize, columns: usize, out: *mut Bf16, out_row: usize) {
    // SAFETY: all addresses are within the rows that the caller promised.
    unsafe {
        let narrow = |row: usize| -> __m512i {
            let from = results.wrapping_add(row * 2 * TILE);
            let both = _mm512_cvtne2ps_pbh(_mm512_loadu_ps(from.wrapping_add(TILE)), _mm512_loadu_ps(from));
            std::mem::transmute(both)
        };
        if columns == 2 * TILE {
            for row in 0..rows {
                _mm512_storeu_si512(out.wrapping_add(row * out_row).cast(), narrow(row));
            }
        } else {
            let mask = (1_u32 << columns) - 1;
            for row in 0..rows {
                _mm512_mask_storeu_epi16(out.wrapping_add(row * out_row).cast(), mask, narrow(row));
            }
        }
    }
}

/// Writes the transpose of 16 × 16 pairs: rows `from_row` values apart to rows `to_row` values apart.
///
/// # Safety
/// The processor must have the instructions, and 16 rows of 32 values must lie inside the memory behind both pointers.
#[target_feature(enable = "avx512f")]
pub unsafe fn transpose_block(from: *const Bf16, from_row: usize, to: *mut Bf16, to_row: usize) {
    // SAFETY: all addresses are within the rows that the caller promised.
    unsafe {
        let mut r = [_mm512_setzero_si512(); 16];
        for (n, row) in r.iter_mut().enumerate() {
            *row = _mm512_loadu_si512(from.wrapping_add(n * from_row).cast());
        }
        let mut t = r;
        for n in 0..8 {
            t[2 * n] = _mm512_unpacklo_epi32(r[2 * n], r[2 * n + 1]);
            t[2 * n + 1] = _mm512_unpackhi_epi32(r[2 * n], r[2 * n + 1]);
        }
        // Of each four rows: the columns 0, 1, 2, 3 of each lane.
        for n in 0..4 {
            let four = [t[4 * n], t[4 * n + 1], t[4 * n + 2], t[4 * n + 3]];
            r[4 * n] = _mm512_unpacklo_epi64(four[0], four[2]);
            r[4 * n + 1] = _mm512_unpackhi_epi64(four[0], four[2]);
            r[4 * n + 2] = _mm512_unpacklo_epi64(four[1], four[3]);
            r[4 * n + 3] = _mm512_unpackhi_epi64(four[1], four[3]);
        }
        for n in 0..4 {
            t[n] = _mm512_shuffle_i32x4::<0x88>(r[n], r[n + 4]);
            t[n + 4] = _mm512_shuffle_i32x4::<0xdd>(r[n], r[n + 4]);
            t[n + 8] = _mm512_shuffle_i32x4::<0x88>(r[n + 8], r[n + 12]);
            t[n + 12] = _mm512_shuffle_i32x4::<0xdd>(r[n + 8], r[n + 12]);
        }
        for n in 0..4 {
            // Lanes 0 and 2 came from 0x88, lanes 1 and 3 from 0xdd.
            let column = |which: usize| to.wrapping_add((n + which) * to_row).cast();
            _mm512_storeu_si512(column(0), _mm512_shuffle_i32x4::<0x88>(t[n], t[n + 8]));
            _mm512_storeu_si512(column(8), _mm512_shuffle_i32x4::<0xdd>(t[n], t[n + 8]));
            _mm512_storeu_si512(column(4), _mm512_shuffle_i32x4::<0x88>(t[n + 4], t[n + 12]));
            _mm512_storeu_si512(column(12), _mm512_shuffle_i32x4::<0xdd>(t[n + 4], t[n + 12]));
        }
    }
}
