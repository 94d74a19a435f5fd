//! Group normalisation (Wu and He 2018), or a fixed scale and shift, followed by ReLU, in one pass over memory each way.

use crate::learn::conv::Extent;
use crate::learn::kernel::{Element, for_wide_vectors, repeat_channels};
use rayon::prelude::*;

/// Normalises each group of channels of each sample to mean 0 and variance 1 (unless `fixed`), scales, shifts and cuts at zero.
/// A sample never sees the others of its batch, so a prediction does not depend on its company.
#[derive(Clone, Copy, Debug)]
pub struct Norm {
    /// Pixels.
    pub extent: Extent,
    /// Values per pixel.
    pub channels: usize,
    /// Groups; divides the channels. As many as channels is instance normalisation.
    pub groups: usize,
    /// Whether values are only scaled and shifted: a batch norm whose running statistics are folded into the two.
    pub fixed: bool,
    /// What values below zero are multiplied with (0: ReLU).
    pub leak: f32,
}

/// What the backward pass needs to know of the forward pass.
#[derive(Clone, Debug, Default)]
pub struct NormState {
    /// Factor and summand per sample and channel.
    affine: Vec<(Vec<f32>, Vec<f32>)>,
    /// Mean and 1 / standard deviation per sample and group.
    moments: Vec<(f32, f32)>,
}

const EPSILON: f64 = 1e-5;
/// Pixels per partial sum: few enough for `f32`.
const CHUNK: usize = 1024;

impl Norm {
    /// Writes `scale * normalised + shift`, where it is below zero times `leak`.
    pub fn forward<T: Element>(&self, values: &[T], scale: &[f32], shift: &[f32], out: &mut [T]) -> NormState {
        let (channels, plane) = (self.channels, self.extent.plane() * self.channels);
        let mut state = NormState::default();
        for sample in values.chunks_exact(plane) {
            if self.fixed {
                state.moments.extend(std::iter::repeat_n((0.0, 1.0), self.groups));
                state.affine.push((scale.to_vec(), shift.to_vec()));
                continue;
            }
            // Sums are taken about the first pixel's values, so that a large mean costs no precision.
            let pivot: Vec<f32> = sample[..channels].iter().map(|v| v.value()).collect();
            let pattern = repeat_channels(&pivot);
            let sums = self.channel_sums(sample.len(), |range, first, second| sum_about(&sample[range], &pattern, first, second));
            let (mut factors, mut summands) = (vec![0.0; channels], vec![0.0; channels]);
            for group in 0..self.groups {
                let members = self.members(group);
                let (mean, variance) = self.moments(&sums, &pivot, members.clone());
                let deviation = 1.0 / (variance + EPSILON).sqrt();
                state.moments.push((mean as f32, deviation as f32));
                for c in members {
                    let factor = f64::from(scale[c]) * deviation;
                    factors[c] = factor as f32;
                    summands[c] = (f64::from(shift[c]) - mean * factor) as f32;
                }
            }
            state.affine.push((factors, summands));
        }
        for ((sample, out), (factors, summands)) in values.chunks_exact(plane).zip(out.chunks_exact_mut(plane)).zip(&state.affine) {
            let (factors, summands) = (repeat_channels(factors), repeat_channels(summands));
            let length = CHUNK * channels;
            sample
                .par_chunks(length)
                .zip(out.par_chunks_mut(length))
                .for_each(|(values, out)| scale_and_cut(values, [&factors, &summands], self.leak, out));
        }
        state
    }

    /// Turns the gradient of the output into that of the input, in place, and writes those of scale and shift.
    pub fn backward<T: Element>(
        &self,
        values: &[T],
        state: &NormState,
        scale: &[f32],
        gradient: &mut [T],
        d_scale: &mut [f32],
        d_shift: &mut [f32],
    ) {
        let (channels, plane) = (self.channels, self.extent.plane() * self.channels);
        let (mut total_scale, mut total_shift) = (vec![0.0_f64; channels], vec![0.0_f64; channels]);
        let count = (self.extent.plane() * channels / self.groups) as f64;
        for (number, (values, gradient)) in values.chunks_exact(plane).zip(gradient.chunks_exact_mut(plane)).enumerate() {
            let (factors, summands) = &state.affine[number];
            let (factors, summands) = (repeat_channels(factors), repeat_channels(summands));
            let moments: Vec<(f32, f32)> =
                (0..channels).map(|c| state.moments[number * self.groups + c * self.groups / channels]).collect();
            let means = repeat_channels(&moments.iter().map(|m| m.0).collect::<Vec<_>>());
            let gradient_read = &*gradient;
            let sums = self.channel_sums(values.len(), |range, first, second| {
                let patterns = [&factors[..], &summands, &means];
                sum_through(&values[range.clone()], &gradient_read[range], patterns, self.leak, first, second);
            });
            let (mut of_gradient, mut of_value, mut constant) = (vec![0.0; channels], vec![0.0; channels], vec![0.0; channels]);
            for group in 0..self.groups {
                let (mut first, mut second) = (0.0, 0.0);
                let deviation = f64::from(state.moments[number * self.groups + group].1);
                for c in self.members(group) {
                    let along = sums[c].1 * deviation;
                    total_shift[c] += sums[c].0;
                    total_scale[c] += along;
                    first += f64::from(scale[c]) * sums[c].0;
                    second += f64::from(scale[c]) * along;
                }
                for c in self.members(group) {
                    of_gradient[c] = (deviation * f64::from(scale[c])) as f32;
                    if !self.fixed {
                        of_value[c] = (-deviation * deviation * second / count) as f32;
                        constant[c] = (-deviation * first / count) as f32;
                    }
                }
            }
            let (of_gradient, of_value, constant) = (repeat_channels(&of_gradient), repeat_channels(&of_value), repeat_channels(&constant));
            let length = CHUNK * channels;
            values.par_chunks(length).zip(gradient.par_chunks_mut(length)).for_each(|(values, gradient)| {
                let patterns = [&factors[..], &summands, &means, &of_gradient, &of_value, &constant];
                pass_through(values, gradient, self.leak, patterns);
            });
        }
        for (out, total) in d_scale.iter_mut().zip(total_scale).chain(d_shift.iter_mut().zip(total_shift)) {
            *out = total as f32;
        }
    }

    const fn members(&self, group: usize) -> std::ops::Range<usize> {
        let size = self.channels / self.groups;
        group * size..(group + 1) * size
    }

    /// Mean and variance of a group from sums about `pivot`.
    fn moments(&self, sums: &[(f64, f64)], pivot: &[f32], members: std::ops::Range<usize>) -> (f64, f64) {
        let pixels = self.extent.plane() as f64;
        let size = members.len() as f64;
        let of_channel = |c: usize| f64::from(pivot[c]) + sums[c].0 / pixels;
        let mean = members.clone().map(of_channel).sum::<f64>() / size;
        let spread = |c: usize| (sums[c].1 - sums[c].0 * sums[c].0 / pixels) / pixels + (of_channel(c) - mean).powi(2);
        (mean, (members.map(spread).sum::<f64>() / size).max(0.0))
    }

    /// Two sums per channel over one sample, in fixed chunks that are added up in order.
    fn channel_sums(&self, length: usize, add: impl Fn(std::ops::Range<usize>, &mut [f32], &mut [f32]) + Sync) -> Vec<(f64, f64)> {
        let channels = self.channels;
        let step = CHUNK * channels;
        let pattern = repeat_channels(&vec![0.0; channels]);
        let partial: Vec<Vec<(f64, f64)>> = (0..length.div_ceil(step))
            .into_par_iter()
            .map(|chunk| {
                let (mut first, mut second) = (pattern.clone(), pattern.clone());
                add(chunk * step..((chunk + 1) * step).min(length), &mut first, &mut second);
                let total = |sums: &[f32], c: usize| sums.iter().skip(c).step_by(channels).map(|v| f64::from(*v)).sum::<f64>();
                (0..channels).map(|c| (total(&first, c), total(&second, c))).collect()
            })
            .collect();
        (0..channels).map(|c| partial.iter().fold((0.0, 0.0), |sum, p| (sum.0 + p[c].0, sum.1 + p[c].1))).collect()
    }
}

for_wide_vectors! {
    /// Adds up distances from a pattern, and their squares.
    fn sum_about<T>(values: &[T], pattern: &[f32], first: &mut [f32], second: &mut [f32]) {
        for block in values.chunks(pattern.len()) {
            for (((v, p), a), b) in block.iter().zip(pattern).zip(first.iter_mut()).zip(second.iter_mut()) {
                let d = v.value() - p;
                *a += d;
                *b += d * d;
            }
        }
    }
}

for_wide_vectors! {
    /// Multiplies, adds and cuts at zero (multiplies with `leak` below it); the patterns are factor and summand by channel.
    fn scale_and_cut<T>(values: &[T], patterns: [&[f32]; 2], leak: f32, out: &mut [T]) {
        let [factors, summands] = patterns;
        for (values, out) in values.chunks(factors.len()).zip(out.chunks_mut(factors.len())) {
            for (((v, o), f), s) in values.iter().zip(out).zip(factors).zip(summands) {
                let y = v.value() * f + s;
                // Unlike `max`, this lets NaN through, so that a net that broke is noticed.
                *o = T::of(if y < 0.0 { leak * y } else { y });
            }
        }
    }
}

for_wide_vectors! {
    /// Adds up the gradient that the ReLU lets through, and its product with the distance from the mean. The patterns
    /// are factor, summand and mean by channel.
    fn sum_through<T>(values: &[T], gradient: &[T], patterns: [&[f32]; 3], leak: f32, first: &mut [f32], second: &mut [f32]) {
        let [factors, summands, means] = patterns;
        let length = factors.len();
        for (values, gradient) in values.chunks(length).zip(gradient.chunks(length)) {
            let patterns = factors.iter().zip(summands).zip(means);
            let sums = first.iter_mut().zip(second.iter_mut());
            for (((v, g), ((f, s), m)), (a, b)) in values.iter().zip(gradient).zip(patterns).zip(sums) {
                let (v, g) = (v.value(), g.value());
                let through = if v * f + s > 0.0 { g } else { leak * g };
                *a += through;
                *b += through * (v - m);
            }
        }
    }
}

for_wide_vectors! {
    /// Turns the gradient of the output into that of the input. The patterns are factor, summand and mean by channel,
    /// and what the gradient, the distance from the mean and nothing are multiplied with.
    fn pass_through<T>(values: &[T], gradient: &mut [T], leak: f32, patterns: [&[f32]; 6]) {
        let [factors, summands, means, of_gradient, of_value, constant] = patterns;
        let length = factors.len();
        for (values, gradient) in values.chunks(length).zip(gradient.chunks_mut(length)) {
            let patterns = factors.iter().zip(summands).zip(means).zip(of_gradient.iter().zip(of_value).zip(constant));
            for ((v, g), (((f, s), m), ((a, b), c))) in values.iter().zip(gradient).zip(patterns) {
                let (v, old) = (v.value(), g.value());
                let through = if v * f + s > 0.0 { old } else { leak * old };
                *g = T::of(through * a + (v - m) * b + c);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(n: usize, seed: usize) -> Vec<f32> {
        (0..n).map(|i| (((i * 7919 + seed * 104_729 + i * i % 97) % 1013) as f32) / 506.0 - 1.0).collect()
    }

    #[test]
    fn output_has_the_wanted_moments_even_far_from_zero() {
        let norm = Norm { extent: Extent { batch: 2, height: 37, width: 41 }, channels: 6, groups: 3, fixed: false, leak: 0.0 };
        let values: Vec<f32> = noise(norm.extent.pixels() * 6, 1).iter().map(|v| v + 1000.0).collect();
        let mut out = vec![0.0; values.len()];
        // A shift of 10 lifts everything above the cut of the ReLU.
        norm.forward(&values, &[1.0; 6], &[10.0; 6], &mut out);
        let group: Vec<f64> = out[..out.len() / 2].chunks(6).flat_map(|p| [f64::from(p[2]), f64::from(p[3])]).collect();
        let mean = group.iter().sum::<f64>() / group.len() as f64;
        let variance = group.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / group.len() as f64;
        assert!((mean - 10.0).abs() < 1e-2 && (variance - 1.0).abs() < 1e-2, "{mean} {variance}");
    }

    #[test]
    fn gradients_are_the_finite_differences() {
        let norm = Norm { extent: Extent { batch: 2, height: 3, width: 5 }, channels: 6, groups: 2, fixed: false, leak: 0.0 };
        for norm in [norm, Norm { leak: 0.1, ..norm }, Norm { fixed: true, leak: 0.1, ..norm }] {
            compare_with_finite_differences(norm);
        }
    }

    fn compare_with_finite_differences(norm: Norm) {
        let n = norm.extent.pixels() * 6;
        let (values, scale, shift, weights) = (noise(n, 1), noise(6, 2), noise(6, 3), noise(n, 4));
        let loss = |values: &[f32], scale: &[f32], shift: &[f32]| {
            let mut out = vec![0.0; n];
            norm.forward(values, scale, shift, &mut out);
            out.iter().zip(&weights).map(|(o, w)| f64::from(*o) * f64::from(*w)).sum::<f64>()
        };
        let mut out = vec![0.0; n];
        let state = norm.forward(&values, &scale, &shift, &mut out);
        let (mut gradient, mut d_scale, mut d_shift) = (weights.clone(), vec![0.0; 6], vec![0.0; 6]);
        norm.backward(&values, &state, &scale, &mut gradient, &mut d_scale, &mut d_shift);
        let h = 1e-3_f32;
        let difference = |which: usize, at: usize| {
            let moved = |by: f32| {
                let mut all = [values.clone(), scale.clone(), shift.clone()];
                all[which][at] += by;
                loss(&all[0], &all[1], &all[2])
            };
            (moved(h) - moved(-h)) / (2.0 * f64::from(h))
        };
        for (which, found) in [(0, &gradient), (1, &d_scale), (2, &d_shift)] {
            for (at, found) in found.iter().enumerate() {
                let expected = difference(which, at);
                assert!((f64::from(*found) - expected).abs() < 2e-2 * (1.0 + expected.abs()), "{which} {at}: {found} for {expected}");
            }
        }
    }
}
