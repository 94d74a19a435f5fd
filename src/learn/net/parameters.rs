//! The numbers that a net has learnt.

use super::UNetShape;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

/// One list of values per weight, in the order of [`UNetShape::weights`].
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters(Vec<Vec<f32>>);

impl Parameters {
    /// Fresh ones: He-normal convolutions (He 2015), scale 1, shift 0, a small head. The same seed gives the same values.
    #[must_use]
    pub fn fresh(shape: &UNetShape, seed: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let fill = |info: super::shape::WeightInfo| {
            let count: usize = info.shape.iter().product();
            if info.name.ends_with("scale") {
                return vec![1.0; count];
            }
            if info.shape.len() == 1 {
                return vec![0.0; count];
            }
            let fan_in = if info.name.starts_with("up.") { info.shape[0] } else { info.shape[1..].iter().product() };
            let gain = if info.name.ends_with("conv.weight") { 2.0_f64 } else { 1.0 };
            let deviation = (gain / fan_in as f64).sqrt();
            (0..count).map(|_| (normal(&mut random) * deviation) as f32).collect()
        };
        Self(shape.weights().into_iter().map(fill).collect())
    }

    /// Zeros of the same sizes.
    #[must_use]
    pub fn zeros_like(&self) -> Self {
        Self(self.0.iter().map(|v| vec![0.0; v.len()]).collect())
    }

    /// Takes values; `None` if one has not its weight's size.
    #[must_use]
    pub fn from_values(shape: &UNetShape, values: Vec<Vec<f32>>) -> Option<Self> {
        let weights = shape.weights();
        let fits = weights.len() == values.len() && weights.iter().zip(&values).all(|(w, v)| w.shape.iter().product::<usize>() == v.len());
        fits.then_some(Self(values))
    }

    /// Values of one weight.
    #[must_use]
    pub fn get(&self, number: usize) -> &[f32] {
        &self.0[number]
    }

    /// Values of one weight, to be written.
    pub fn get_mut(&mut self, number: usize) -> &mut Vec<f32> {
        &mut self.0[number]
    }

    /// Values of two neighbouring weights, to be written.
    pub fn pair_mut(&mut self, number: usize) -> (&mut [f32], &mut [f32]) {
        let (a, b) = self.0.split_at_mut(number + 1);
        (&mut a[number], &mut b[0])
    }

    /// All weights.
    #[must_use]
    pub fn all(&self) -> &[Vec<f32>] {
        &self.0
    }

    /// All weights, to be written.
    pub fn all_mut(&mut self) -> &mut [Vec<f32>] {
        &mut self.0
    }

    /// How many numbers there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.iter().map(Vec::len).sum()
    }
}

/// A standard normal draw (Box and Muller 1958).
pub(in crate::learn) fn normal(random: &mut ChaCha8Rng) -> f64 {
    let (a, b): (f64, f64) = (random.random(), random.random());
    (-2.0 * (1.0 - a).ln()).sqrt() * (std::f64::consts::TAU * b).cos()
}
