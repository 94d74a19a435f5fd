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
        let (upper, lower) = rows.split_at(rows.len() / 2);
        let (out_upper, out_lower) = out.split_at_mut(rows.len() / 2);
        let blocks = upper.chunks_exact(2 * c).zip(lower.chunks_exact(2 * c)).zip(gradient.chunks_exact(c));
        let outs = out_upper.chunks_exact_mut(2 * c).zip(out_lower.chunks_exact_mut(2 * c));
        for (((upper, lower), gradient), (out_upper, out_lower)) in blocks.zip(outs) {
            let ((p, q), (r, s)) = (upper.split_at(c), lower.split_at(c));
            let ((op, oq), (or, os)) = (out_upper.split_at_mut(c), out_lower.split_at_mut(c));
            let values = p.iter().zip(q).zip(r.iter().zip(s)).zip(gradient);
            let places = op.iter_mut().zip(oq).zip(or.iter_mut().zip(os));
            for ((((p, q), (r, s)), gradient), ((op, oq), (or, os))) in values.zip(places) {
                let (p, q, r, s) = (p.value(), q.value(), r.value(), s.value());
                let largest = p.max(q).max(r.max(s));
                let (at_p, at_q, at_r) = (p == largest, q == largest, r == largest);
                let sum = |old: T, yes: bool| T::of(old.value() + if yes { gradient.value() } else { 0.0 });
                *op = sum(*op, at_p);
                *oq = sum(*oq, !at_p & at_q);
                *or = sum(*or, !at_p & !at_q & at_r);
                *os = sum(*os, !at_p & !at_q & !at_r);
            }
        }
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
