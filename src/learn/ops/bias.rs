//! A number per channel added to every pixel.

use crate::learn::kernel::Element;
use rayon::prelude::*;

/// Pixels per piece of work.
const CHUNK: usize = 1024;

/// Adds `bias` to each pixel of `values`, `[pixel][channel]`.
pub fn add_bias<T: Element>(values: &mut [T], bias: &[f32]) {
    values.par_chunks_mut(CHUNK * bias.len()).for_each(|values| {
        for pixel in values.chunks_exact_mut(bias.len()) {
            pixel.iter_mut().zip(bias).for_each(|(v, b)| *v = T::of(v.value() + b));
        }
    });
}

/// Writes the gradient of the bias: the sum over all pixels, in fixed chunks that are added up in order.
pub fn bias_gradient<T: Element>(gradient: &[T], out: &mut [f32]) {
    let channels = out.len();
    let sum = |values: &[T]| {
        let mut sums = vec![0.0_f64; channels];
        for pixel in values.chunks_exact(channels) {
            sums.iter_mut().zip(pixel).for_each(|(s, g)| *s += f64::from(g.value()));
        }
        sums
    };
    let partial: Vec<Vec<f64>> = gradient.par_chunks(CHUNK * channels).map(sum).collect();
    for (channel, out) in out.iter_mut().enumerate() {
        *out = partial.iter().map(|sums| sums[channel]).sum::<f64>() as f32;
    }
}
