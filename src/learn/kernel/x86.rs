//! The inner loop with AVX-512 and with AVX2, chosen at run time.
//!
//! A tile of `C` stays in registers (14 × 2 vectors of 16, or 6 × 2 of 8) while the sum runs: each step loads two
//! vectors of `B` and one broadcast value of `A` per row.

use super::Sweep;

macro_rules! inner_loop {
    ($name:ident, $feature:literal, $lanes:literal, [$($rows:literal)+], $zero:ident, $set1:ident, $load:ident, $store:ident, $fma:ident, $sum:ident,
     $masked_load:expr, $masked_store:expr, $mask:ty, $mask_of:expr) => {
        pub(super) mod $name {
            use super::Sweep;
            use std::arch::x86_64::*;
            use std::hint::black_box;

            const LANES: usize = $lanes;

            #[inline]
            #[target_feature(enable = $feature)]
            unsafe fn fixed<const P: usize, const V: usize, const MASKED: bool>(
                s: &Sweep, a: *const f32, b: *const f32, c: *mut f32, mask: $mask,
            ) {
                // SAFETY: called through `tile` alone, whose caller vouches for the instructions and for every address that the
                // strides reach; masked loads and stores touch no lane beyond the last column.
                unsafe {
                    let mut sums = [[$zero(); V]; P];
                    // One pointer per three rows: x86 addresses hold base + 1 or 2 strides. The compiler must not see how
                    // the pointers hang together, or it makes one chain of additions of them, slower than the arithmetic.
                    let stride = s.a_row;
                    let third = black_box(stride.wrapping_mul(3));
                    let (sixth, ninth, twelfth) = black_box((stride.wrapping_mul(6), stride.wrapping_mul(9), stride.wrapping_mul(12)));
                    for segment in 0..s.segments {
                        let mut at0 = a.wrapping_add(segment.wrapping_mul(s.a_segment));
                        let (mut at3, mut at6) = (at0.wrapping_add(third), at0.wrapping_add(sixth));
                        let (mut at9, mut at12) = (at0.wrapping_add(ninth), at0.wrapping_add(twelfth));
                        let mut at_b = b.wrapping_add(segment.wrapping_mul(s.b_segment));
                        for _ in 0..s.depth {
                            let mut vb = [$zero(); V];
                            for v in 0..V {
                                let from = at_b.wrapping_add(v * LANES);
                                vb[v] = if MASKED && v == V - 1 { $masked_load(from, mask) } else { $load(from) };
                            }
                            macro_rules! row {
                                ($p:literal, $at:ident, $times:literal) => {
                                    if P > $p {
                                        let va = $set1($at.wrapping_add(stride.wrapping_mul($times)).read());
                                        for v in 0..V {
                                            sums[$p][v] = $fma(va, vb[v], sums[$p][v]);
                                        }
                                    }
                                };
                            }
                            row!(0, at0, 0);
                            row!(1, at0, 1);
                            row!(2, at0, 2);
                            row!(3, at3, 0);
                            row!(4, at3, 1);
                            row!(5, at3, 2);
                            row!(6, at6, 0);
                            row!(7, at6, 1);
                            row!(8, at6, 2);
                            row!(9, at9, 0);
                            row!(10, at9, 1);
                            row!(11, at9, 2);
                            row!(12, at12, 0);
                            row!(13, at12, 1);
                            at0 = at0.wrapping_add(s.a_depth);
                            at3 = at3.wrapping_add(s.a_depth);
                            at6 = at6.wrapping_add(s.a_depth);
                            at9 = at9.wrapping_add(s.a_depth);
                            at12 = at12.wrapping_add(s.a_depth);
                            at_b = at_b.wrapping_add(s.b_depth);
                        }
                    }
                    for p in 0..P {
                        for v in 0..V {
                            let to = c.wrapping_add(p.wrapping_mul(s.c_row).wrapping_add(v * LANES));
                            if MASKED && v == V - 1 {
                                let old = if s.add { $masked_load(to.cast_const(), mask) } else { $zero() };
                                $masked_store(to, mask, $sum(old, sums[p][v]));
                            } else {
                                let old = if s.add { $load(to.cast_const()) } else { $zero() };
                                $store(to, $sum(old, sums[p][v]));
                            }
                        }
                    }
                }
            }

            #[target_feature(enable = $feature)]
            unsafe fn wide<const V: usize, const MASKED: bool>(
                s: &Sweep, rows: usize, a: *const f32, b: *const f32, c: *mut f32, mask: $mask,
            ) {
                match rows {
                    // SAFETY: as for `tile`, which hands everything over unchanged.
                    $($rows => unsafe { fixed::<$rows, V, MASKED>(s, a, b, c, mask) },)+
                    _ => {}
                }
            }

            /// One tile of `C`: `rows` and `columns` at most as many as the path's tile holds.
            ///
            /// # Safety
            /// The processor must have the instructions, and every address that the strides of `s` reach must be inside
            /// the memory behind the pointers.
            #[target_feature(enable = $feature)]
            pub(in super::super) unsafe fn tile(s: &Sweep, rows: usize, columns: usize, a: *const f32, b: *const f32, c: *mut f32) {
                let rest = columns % LANES;
                let mask = $mask_of(rest);
                // SAFETY: this function's own condition; `rest` leaves the lanes beyond the last column masked.
                unsafe {
                    match (columns.div_ceil(LANES), rest) {
                        (1, 0) => wide::<1, false>(s, rows, a, b, c, mask),
                        (1, _) => wide::<1, true>(s, rows, a, b, c, mask),
                        (_, 0) => wide::<2, false>(s, rows, a, b, c, mask),
                        _ => wide::<2, true>(s, rows, a, b, c, mask),
                    }
                }
            }
        }
    };
}

inner_loop!(
    avx512, "avx512f", 16, [1 2 3 4 5 6 7 8 9 10 11 12 13 14],
    _mm512_setzero_ps, _mm512_set1_ps, _mm512_loadu_ps, _mm512_storeu_ps, _mm512_fmadd_ps, _mm512_add_ps,
    |from, mask| _mm512_maskz_loadu_ps(mask, from), |to, mask, v| _mm512_mask_storeu_ps(to, mask, v),
    __mmask16, |rest: usize| ((1_u32 << rest) - 1) as __mmask16
);
inner_loop!(
    avx2, "avx2,fma", 8, [1 2 3 4 5 6],
    _mm256_setzero_ps, _mm256_set1_ps, _mm256_loadu_ps, _mm256_storeu_ps, _mm256_fmadd_ps, _mm256_add_ps,
    |from, mask| _mm256_maskload_ps(from, mask), |to, mask, v| _mm256_maskstore_ps(to, mask, v),
    __m256i, |rest: usize| _mm256_cmpgt_epi32(_mm256_set1_epi32(rest as i32), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))
);
