//! Sums over pixels that give the same bits whatever the number of threads.

use rayon::prelude::*;
use std::ops::Range;

/// At most this many partial sums: enough for 16 threads, few enough to stay small.
const RANGES: usize = 16;

/// Partial sums over fixed ranges of `0..items`, added up in order of the ranges.
///
/// `parts` sums of `length` values are made at once: `sum_range(part, range, out)` adds the items of a range to `out`,
/// which starts at zero. The totals lie in `scratch[..parts * length]` afterwards.
pub fn sum_in_ranges(
    items: usize,
    grain: usize,
    parts: usize,
    length: usize,
    scratch: &mut Vec<f32>,
    sum_range: impl Fn(usize, Range<usize>, &mut [f32]) + Sync,
) {
    let ranges = (items / grain.max(1)).clamp(1, RANGES);
    let whole = parts * length;
    scratch.clear();
    scratch.resize(ranges * whole, 0.0);
    if whole == 0 {
        return;
    }
    scratch.par_chunks_mut(length).enumerate().for_each(|(task, out)| {
        let (range, part) = (task / parts, task % parts);
        sum_range(part, range * items / ranges..(range + 1) * items / ranges, out);
    });
    let (total, rest) = scratch.split_at_mut(whole);
    total.par_chunks_mut(8192).enumerate().for_each(|(chunk, total)| {
        for partial in rest.chunks(whole) {
            let partial = &partial[chunk * 8192..];
            for (sum, value) in total.iter_mut().zip(partial) {
                *sum += value;
            }
        }
    });
}
