//! Max pool over blocks of 2×2.

use crate::learn::conv::Extent;
use crate::learn::kernel::{Element, for_wide_vectors};
use rayon::prelude::*;

/// Halves rows and columns (both even), keeping the largest of each four values.
#[derive(Clone, Copy, Debug)]
pub struct Pool2 {
    /// Pixels before.
    pub extent: Extent,
    /// Values per pixel.
    pub channels: usize,
}

impl Pool2 {
    /// Writes the largest values.
    pub fn forward<T: Element>(&self, values: &[T], out: &mut [T]) {
        let c = self.channels;
        let row = self.extent.width * c;
        out.par_chunks_mut(row / 2).zip(values.par_chunks(2 * row)).for_each(|(out, rows)| largest_of_four(rows, c, out));
    }

    /// Adds the gradient of the output to that of the input; the first of equal maxima (row by row) takes it.
    pub fn backward_add<T: Element>(&self, values: &[T], gradient: &[T], out: &mut [T]) {
        let c = self.channels;
        let row = self.extent.width * c;
        let rows = out.par_chunks_mut(2 * row).zip(values.par_chunks(2 * row)).zip(gradient.par_chunks(row / 2));
        rows.for_each(|((out, rows), gradient)| add_to_largest(rows, gradient, c, out));
    }
}

for_wide_vectors! {
    /// The largest of each four values of two rows with `c` values per pixel.
    fn largest_of_four<T>(rows: &[T], c: usize, out: &mut [T]) {
        let (upper, lower) = rows.split_at(rows.len() / 2);
        for ((out, upper), lower) in out.chunks_exact_mut(c).zip(upper.chunks_exact(2 * c)).zip(lower.chunks_exact(2 * c)) {
            let ((p, q), (r, s)) = (upper.split_at(c), lower.split_at(c));
            for ((((o, p), q), r), s) in out.iter_mut().zip(p).zip(q).zip(r).zip(s) {
                *o = T::of(p.value().max(q.value()).max(r.value().max(s.value())));
            }
        }
    }
}

for_wide_vectors! {
    /// Adds each gradient to the place of the first largest value among its four.
    fn add_to_largest<T>(rows: &[T], gradient: &[T], c: usize, out: &mut [T]) {
        let half = rows.len() / 2;
        for (block, gradient) in gradient.chunks_exact(c).enumerate() {
            let upper = 2 * block * c;
            let corners = [upper, upper + c, half + upper, half + upper + c];
            let mut at = 0;
            while at + LANES <= c {
                add_to_largest_of::<T, LANES>(rows, &gradient[at..], corners.map(|corner| corner + at), out);
                at += LANES;
            }
            while at < c {
                add_to_largest_of::<T, 1>(rows, &gradient[at..], corners.map(|corner| corner + at), out);
                at += 1;
            }
        }
    }
}

/// Channels at once: the compiler makes vectors of them.
const LANES: usize = 16;

/// As [`add_to_largest`] for `N` channels, whose four values begin at `corners`.
#[inline(always)]
fn add_to_largest_of<T: Element, const N: usize>(rows: &[T], gradient: &[T], corners: [usize; 4], out: &mut [T]) {
    let load = |from: &[T], at: usize| {
        let mut values = [0.0_f32; N];
        values.iter_mut().zip(&from[at..at + N]).for_each(|(v, f)| *v = f.value());
        values
    };
    let [p, q, r, s] = corners.map(|at| load(rows, at));
    let gradient = load(gradient, 0);
    let mut sums = corners.map(|at| load(out, at));
    for n in 0..N {
        let largest = p[n].max(q[n]).max(r[n].max(s[n]));
        let (at_p, at_q, at_r) = (p[n] == largest, q[n] == largest, r[n] == largest);
        let places = [at_p, !at_p & at_q, !at_p & !at_q & at_r, !at_p & !at_q & !at_r];
        for (sum, is_here) in sums.iter_mut().zip(places) {
            sum[n] += if is_here { gradient[n] } else { 0.0 };
        }
    }
    for (at, sums) in corners.into_iter().zip(sums) {
        out[at..at + N].iter_mut().zip(sums).for_each(|(o, sum)| *o = T::of(sum));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_maximum_takes_the_whole_gradient() {
        let pool = Pool2 { extent: Extent { batch: 1, height: 2, width: 4 }, channels: 1 };
        let values = [1.0, 2.0, 5.0, 5.0, 3.0, 4.0, 5.0, 0.0];
        let mut out = [0.0; 2];
        pool.forward(&values, &mut out);
        assert_eq!(out, [4.0, 5.0]);
        let mut gradient = [10.0; 8];
        pool.backward_add(&values, &[1.0, 7.0], &mut gradient);
        assert_eq!(gradient, [10.0, 10.0, 17.0, 10.0, 10.0, 11.0, 10.0, 10.0]);
    }
}
