//! AdamW with gradient clipping, and a running mean of the weights.

use super::net::Parameters;
use rayon::prelude::*;

/// AdamW (Loshchilov and Hutter 2019), one fused pass; weight decay only on convolutions.
#[derive(Clone, Debug)]
pub struct AdamW {
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

const BETAS: (f64, f64) = (0.9, 0.999);
const EPSILON: f32 = 1e-8;

impl AdamW {
    /// At rest.
    #[must_use]
    pub fn new(parameters: &Parameters) -> Self {
        Self { first: parameters.zeros_like(), second: parameters.zeros_like(), steps: 0 }
    }

    /// Moves the weights; `is_matrix` tells which of them are decayed.
    pub fn step(&mut self, parameters: &mut Parameters, gradients: &Parameters, how: Move, is_matrix: impl Fn(usize) -> bool) {
        self.steps += 1;
        let time = self.steps as f64;
        let rate = (how.rate / (1.0 - BETAS.0.powf(time))) as f32;
        let unbias = (1.0 / (1.0 - BETAS.1.powf(time))) as f32;
        let (b1, b2, factor) = (BETAS.0 as f32, BETAS.1 as f32, how.factor as f32);
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
