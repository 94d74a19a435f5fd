//! Dropping whole channels at random (Tompson 2015), so that a net does not lean on few of them.

use crate::learn::kernel::Element;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

/// Which channels of the deepest level are dropped in one pass; the same seed drops the same ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    /// Share of channels, below 1.
    pub share: f32,
    /// Of this pass.
    pub seed: u64,
}

impl Dropout {
    /// A factor per sample and channel: 0, or what makes up for the dropped ones. `[sample][channel]`.
    #[must_use]
    pub fn factors(&self, samples: usize, channels: usize) -> Vec<f32> {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let kept = 1.0 / (1.0 - self.share);
        (0..samples * channels).map(|_| if random.random::<f32>() < self.share { 0.0 } else { kept }).collect()
    }

    /// Multiplies values `[sample][pixel][channel]`, or their gradient, by the factors.
    pub fn apply<T: Element>(&self, samples: usize, channels: usize, values: &mut [T]) {
        let of_sample = values.len() / samples.max(1);
        let factors = self.factors(samples, channels);
        for (values, factors) in values.chunks_exact_mut(of_sample.max(1)).zip(factors.chunks_exact(channels)) {
            for pixel in values.chunks_exact_mut(channels) {
                pixel.iter_mut().zip(factors).for_each(|(v, f)| *v = T::of(v.value() * f));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_channels_go_and_the_mean_stays() {
        let dropout = Dropout { share: 0.25, seed: 5 };
        let mut values = vec![1.0; 2 * 6 * 1000];
        dropout.apply(2, 1000, &mut values);
        for sample in values.chunks_exact(6000) {
            assert!((1..6).all(|pixel| sample[..1000] == sample[pixel * 1000..][..1000]));
        }
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        assert!((mean - 1.0).abs() < 0.05, "{mean}");
        assert_ne!(values[..1000], values[6000..7000]);
        assert_ne!(dropout.factors(1, 50), Dropout { seed: 6, ..dropout }.factors(1, 50));
    }
}
