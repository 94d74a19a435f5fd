//! AdamW or RMSprop with gradient clipping, and a running mean of the weights.

use super::net::Parameters;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The rule by which weights move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimiserKind {
    /// AdamW (Loshchilov and Hutter 2019).
    #[default]
    AdamW,
    /// RMSprop (Tieleman and Hinton 2012) without momentum, the running mean of squares corrected for its start.
    RmsProp,
}

/// The state of a rule; one fused pass, weight decay only on convolutions.
#[derive(Clone, Debug)]
pub struct Optimiser {
    kind: OptimiserKind,
    first: Parameters,
    second: Parameters,
    steps: u64,
}

/// How one step moves the weights.
#[derive(Clone, Copy, Debug)]
pub struct Move {
    /// Learning rate.
    pub rate: f64,
    /// Decoupled weight decay.
    pub decay: f64,
    /// Factor on the gradient (clipping).
    pub factor: f64,
}

/// How much of the running means of the gradient and of its square is kept per step.
const fn betas(kind: OptimiserKind) -> (f64, f64) {
    match kind {
        OptimiserKind::AdamW => (0.9, 0.999),
        OptimiserKind::RmsProp => (0.0, 0.99),
    }
}

const EPSILON: f32 = 1e-8;

impl Optimiser {
    /// At rest.
    #[must_use]
    pub fn new(kind: OptimiserKind, parameters: &Parameters) -> Self {
        Self { kind, first: parameters.zeros_like(), second: parameters.zeros_like(), steps: 0 }
    }

    /// Moves the weights; `is_matrix` tells which of them are decayed.
    pub fn step(&mut self, parameters: &mut Parameters, gradients: &Parameters, how: Move, is_matrix: impl Fn(usize) -> bool) {
        self.steps += 1;
        let time = self.steps as f64;
        let (b1, b2) = betas(self.kind);
        let rate = (how.rate / (1.0 - b1.powf(time))) as f32;
        let unbias = (1.0 / (1.0 - b2.powf(time))) as f32;
        let (b1, b2, factor) = (b1 as f32, b2 as f32, how.factor as f32);
        let moments = self.first.all_mut().iter_mut().zip(self.second.all_mut());
        for (number, ((values, gradient), (m, v))) in parameters.all_mut().iter_mut().zip(gradients.all()).zip(moments).enumerate() {
            let keep = if is_matrix(number) { (1.0 - how.rate * how.decay) as f32 } else { 1.0 };
            const CHUNK: usize = 1 << 14;
            let chunks =
                values.par_chunks_mut(CHUNK).zip(gradient.par_chunks(CHUNK)).zip(m.par_chunks_mut(CHUNK)).zip(v.par_chunks_mut(CHUNK));
            chunks.for_each(|(((values, gradient), m), v)| {
                for (((value, g), m), v) in values.iter_mut().zip(gradient).zip(m).zip(v) {
                    let g = g * factor;
                    *m = b1 * *m + (1.0 - b1) * g;
                    *v = b2 * *v + (1.0 - b2) * g * g;
                    *value = *value * keep - rate * *m / ((*v * unbias).sqrt() + EPSILON);
                }
            });
        }
    }
}

/// Euclidean length of all gradients together; not finite if one of them is not.
#[must_use]
pub fn length(gradients: &Parameters) -> f64 {
    gradients.all().iter().flatten().map(|g| f64::from(*g) * f64::from(*g)).sum::<f64>().sqrt()
}

/// Moves `mean` towards `parameters` by the share `1 - keep`.
pub fn follow(mean: &mut Parameters, parameters: &Parameters, keep: f64) {
    let (keep, share) = (keep as f32, (1.0 - keep) as f32);
    for (mean, values) in mean.all_mut().iter_mut().zip(parameters.all()) {
        for (m, v) in mean.iter_mut().zip(values) {
            *m = *m * keep + v * share;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::net::UNetShape;
    use crate::learn::{ModelSpec, OptimiserKind};

    #[test]
    fn both_rules_find_the_bottom_of_a_bowl_and_neither_moves_without_a_slope() {
        let shape = UNetShape::of(&ModelSpec { base: 2, depth: 1, ..ModelSpec::new("w", "marrow", 1, "R") }.check().unwrap());
        for kind in [OptimiserKind::AdamW, OptimiserKind::RmsProp] {
            let mut weights = Parameters::fresh(&shape, 3);
            let mut optimiser = Optimiser::new(kind, &weights);
            for _ in 0..1500 {
                let mut slope = weights.clone();
                slope.all_mut().iter_mut().flatten().for_each(|w| *w = 2.0 * (*w - 0.5));
                optimiser.step(&mut weights, &slope, Move { rate: 1e-2, decay: 0.0, factor: 1.0 }, |_| true);
            }
            assert!(weights.all().iter().flatten().all(|w| (w - 0.5).abs() < 0.03), "{kind:?}");
            let (still, mut moved) = (weights.clone(), weights.clone());
            let mut fresh = Optimiser::new(kind, &weights);
            fresh.step(&mut moved, &weights.zeros_like(), Move { rate: 1e-2, decay: 0.0, factor: 1.0 }, |_| true);
            assert_eq!(moved, still);
        }
    }
}
