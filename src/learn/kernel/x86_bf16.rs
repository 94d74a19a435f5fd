//! AVX-512 helpers of the matrix unit: results to `bf16`, blocks turned round.

use super::{Bf16, TILE};
use std::arch::x86_64::*;

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
