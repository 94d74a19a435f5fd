//! What is done to grey values before a net sees them.

use super::clahe::clahe;
use super::filters::{median4, remove_bias};
use crate::volume::percentile;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Steps in the order in which they are done; saved with the weights, for a net is only good with its own recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// First to last.
    pub steps: Vec<RecipeStep>,
}

/// One step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum RecipeStep {
    /// Divides each slice by its Gaussian mean.
    RemoveBias {
        /// σ as a fraction of the slice's width and height.
        sigma_fraction: f64,
    },
    /// Contrast-limited adaptive histogram equalisation of each slice, to 0..=1.
    Clahe {
        /// Parts along each side.
        tiles: usize,
        /// How many times its even share a grey value may count.
        clip: f64,
    },
    /// Median over each pixel and its four neighbours within the slice.
    Median4,
    /// Maps the two percentiles of the whole volume to 0 and 1, and cuts at −0.5 and 2.
    PercentileScale {
        /// Percent that becomes 0.
        low: f64,
        /// Percent that becomes 1.
        high: f64,
    },
}

impl Default for Recipe {
    fn default() -> Self {
        Self { steps: vec![RecipeStep::PercentileScale { low: 1.0, high: 99.5 }] }
    }
}

impl Recipe {
    /// The default with bias removal before it (for surface coils).
    #[must_use]
    pub fn with_bias_removal() -> Self {
        let mut recipe = Self::default();
        recipe.steps.insert(0, RecipeStep::RemoveBias { sigma_fraction: 0.05 });
        recipe
    }

    /// Does all steps to the slices of a volume, each `[row][column]` of `size`. Values that are not finite become 0 first.
    pub(super) fn apply(&self, volume: &mut [f32], size: [usize; 2]) {
        let plane = size[0] * size[1];
        volume.par_iter_mut().filter(|v| !v.is_finite()).for_each(|v| *v = 0.0);
        for step in &self.steps {
            match *step {
                RecipeStep::RemoveBias { sigma_fraction } => {
                    let fraction = if sigma_fraction.is_finite() { sigma_fraction.clamp(1e-3, 1.0) } else { 0.05 };
                    volume.par_chunks_mut(plane).for_each(|slice| remove_bias(slice, size, fraction));
                }
                RecipeStep::Clahe { tiles, clip } => {
                    volume.par_chunks_mut(plane).for_each(|slice| clahe(slice, size, tiles.clamp(1, 64), clip));
                }
                RecipeStep::Median4 => volume.par_chunks_mut(plane).for_each(|slice| median4(slice, size)),
                RecipeStep::PercentileScale { low, high } => {
                    let (Some(from), Some(to)) = (percentile(volume, low), percentile(volume, high)) else { continue };
                    let factor = if to > from { 1.0 / (to - from) } else { 0.0 };
                    volume.par_iter_mut().for_each(|v| *v = ((*v - from) * factor).clamp(-0.5, 2.0));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaling_is_blind_to_gain_and_offset_and_to_nan() {
        let raw: Vec<f32> = (0..600).map(|n| ((n * 37) % 601) as f32).collect();
        let (mut a, mut b): (Vec<f32>, Vec<f32>) = (raw.clone(), raw.iter().map(|v| v * 7.0 + 50.0).collect());
        Recipe::default().apply(&mut a, [20, 30]);
        Recipe::default().apply(&mut b, [20, 30]);
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-4));
        assert!(a.iter().any(|v| *v > 0.95) && a.iter().all(|v| (-0.5..=2.0).contains(v)));
        let mut none = vec![f32::NAN; 600];
        Recipe::with_bias_removal().apply(&mut none, [20, 30]);
        assert!(none.iter().all(|v| *v == 0.0));
    }

    #[test]
    fn a_recipe_survives_json() {
        let recipe = Recipe { steps: vec![RecipeStep::Median4, RecipeStep::RemoveBias { sigma_fraction: 0.05 }] };
        let text = serde_json::to_string(&recipe).unwrap();
        assert_eq!(text, r#"{"steps":[{"step":"median4"},{"step":"remove_bias","sigma_fraction":0.05}]}"#);
        assert_eq!(serde_json::from_str::<Recipe>(&text).unwrap(), recipe);
    }
}
