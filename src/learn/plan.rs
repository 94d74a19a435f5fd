//! Everything that shapes a training but its data: read from a file, kept on the card.

use super::{Augmentation, ModelSpec, NormKind, Objective, Rate, Recipe, SpecError, TrainOptions};
use serde::{Deserialize, Serialize};

/// How to train. A file may hold any part of it; what is left out is as in [`Plan::default`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plan {
    /// Channels of the first level.
    pub base: usize,
    /// Levels of resolution.
    pub depth: usize,
    /// Slices taken in on each side of the one to label.
    pub neighbours: usize,
    /// How activations are normalised.
    pub norm: NormKind,
    /// Pixel size that slices are brought to, in mm; none = every image's own.
    pub spacing_mm: Option<[f64; 2]>,
    /// Weight of each class in the cross-entropy, background first (0.1 and 0.9 for each level is the paper's choice);
    /// none = by how rare each label is.
    pub class_weights: Option<Vec<f32>>,
    /// What the net is rewarded for.
    pub objective: Objective,
    /// Whether every label has a net of its own.
    pub independent: bool,
    /// Whether proposals are the mean over the slice and its mirror image; not of bones.
    pub flips: bool,
    /// Smoothing of probabilities within a slice, in mm (standard deviation); not of bones. 0: none.
    pub smoothing_mm: f64,
    /// How grey values are prepared; none = on the signal of fatty tissue where there is a fat image, else by percentiles.
    pub recipe: Option<Recipe>,
    /// How slices are changed; none = as usual for the layer and the recipe.
    pub augmentation: Option<Augmentation>,
    /// How the weights move. A cosine of 0 steps is as long as the training.
    pub options: TrainOptions,
    /// Slices per step, 1 to 32.
    pub batch: usize,
    /// Largest part of a slice, width and height in pixels.
    pub crop: [usize; 2],
    /// Share of the draws that is for a label, the labels taking turns; the rest is drawn evenly. 0 to 1.
    pub label_share: f64,
    /// Share of the even draws that goes to slices by how badly they were done last: 0 to 1.
    pub replay: f64,
    /// Nets trained one after another, each from its own seed and in its share of the time; their mean proposes. 1 to 10.
    pub members: usize,
}

impl Default for Plan {
    fn default() -> Self {
        let spec = ModelSpec::new("", "marrow", 1, "");
        // Wider, and three of them: who trains on a folder has minutes, where the model in the window has seconds.
        Self {
            base: 24,
            depth: spec.depth,
            neighbours: spec.neighbours,
            norm: spec.norm,
            spacing_mm: None,
            class_weights: None,
            // Coarse levels that answer for themselves: levels 1 and 3 gain, measured in docs/learning.md.
            objective: Objective { deep_supervision: true, ..Objective::default() },
            independent: false,
            flips: false,
            smoothing_mm: ModelSpec::USUAL_SMOOTHING_MM,
            recipe: None,
            augmentation: None,
            options: TrainOptions { rate: Rate::Cosine { peak: 4e-3, steps: 0 }, keep: 0.995, ..TrainOptions::default() },
            batch: 4,
            crop: [192, 192],
            label_share: 0.5,
            replay: 0.0,
            members: 3,
        }
    }
}

/// Least and largest side of the part of a slice that a step sees, in pixels.
const CROP: [usize; 2] = [16, 4096];

impl Plan {
    /// The plan with a net's own form in it: of a training that goes on from weights which have one.
    #[must_use]
    pub fn of_net(&self, spec: &ModelSpec, recipe: &Recipe) -> Self {
        let ModelSpec { base, depth, neighbours, norm, spacing_mm, objective, independent, flips, smoothing_mm, .. } = spec.clone();
        let recipe = Some(recipe.clone());
        Self { base, depth, neighbours, norm, spacing_mm, objective, independent, flips, smoothing_mm, recipe, ..self.clone() }
    }

    /// # Errors
    /// One sentence that names the first number outside its range. Numbers of the net are checked with its specification.
    pub fn check(&self) -> Result<(), String> {
        let [width, height] = self.crop;
        let whole = [
            ("batch", self.batch, 1, 32),
            ("members", self.members, 1, 10),
            ("crop", width, CROP[0], CROP[1]),
            ("crop", height, CROP[0], CROP[1]),
        ];
        if let Some((name, value, least, most)) = whole.into_iter().find(|(_, value, least, most)| !(least..=most).contains(&value)) {
            return Err(format!("`{name}` is {value}, but must be between {least} and {most}"));
        }
        self.recipe.as_ref().map_or(Ok(()), Recipe::check)?;
        self.augmentation.as_ref().map_or(Ok(()), Augmentation::check)?;
        if let Err((name, [least, most])) = self.objective.check() {
            return Err(format!("`{name}` must be between {least} and {most}"));
        }
        let TrainOptions { rate, clip, weight_decay, .. } = self.options;
        let (Rate::Constant { rate } | Rate::Cosine { peak: rate, .. }) = rate;
        let positive = [("rate", rate), ("clip", clip)].into_iter().find(|(_, value)| !(value.is_finite() && *value > 0.0));
        if let Some((name, value)) = positive {
            return Err(format!("`{name}` is {value}, but must be above zero"));
        }
        if !(weight_decay.is_finite() && weight_decay >= 0.0) {
            return Err(format!("`weight_decay` is {weight_decay}, but must be zero or above"));
        }
        let shares = [("label_share", self.label_share), ("replay", self.replay), ("keep", self.options.keep)];
        match shares.into_iter().find(|(_, value)| !(0.0..=1.0).contains(value)) {
            Some((name, value)) => Err(format!("`{name}` is {value}, but must be between 0 and 1")),
            None => Ok(()),
        }
    }

    /// The plan for a layer, as it will stand on the card. Bones carry their side, so that nothing of theirs is mirrored, nor smoothed:
    /// what is on for them by default goes off, what was asked for is refused.
    ///
    /// # Errors
    /// One sentence that names what cannot be done to this layer.
    pub fn for_layer(self, layer: &str) -> Result<Self, String> {
        if layer != "bone" {
            return Ok(self);
        }
        if self.flips {
            return Err(SpecError::Flips.to_string());
        }
        if self.augmentation.is_some_and(|changes| changes.flip) {
            return Err("`flip` of the augmentation cannot be used for bones: their labels carry a side".to_owned());
        }
        if ![0.0, ModelSpec::USUAL_SMOOTHING_MM].contains(&self.smoothing_mm) {
            return Err(format!("`smoothing_mm` is {}, but bones are not smoothed; leave it out", self.smoothing_mm));
        }
        Ok(Self { smoothing_mm: 0.0, ..self })
    }

    /// The specification of a net by this plan.
    #[must_use]
    pub fn spec(&self, sequences: &[String], layer: &str, labels: usize, labels_from: &str, seed: u64) -> ModelSpec {
        ModelSpec {
            sequences: sequences.to_vec(),
            neighbours: self.neighbours,
            spacing_mm: self.spacing_mm,
            base: self.base,
            depth: self.depth,
            norm: self.norm,
            class_weights: self.class_weights.clone(),
            objective: self.objective,
            independent: self.independent,
            flips: self.flips,
            smoothing_mm: if layer == "bone" { 0.0 } else { self.smoothing_mm },
            seed,
            ..ModelSpec::new("", layer, labels, labels_from)
        }
    }

    /// The recipe for these sequences.
    #[must_use]
    pub fn recipe_for(&self, sequences: &[String]) -> Recipe {
        self.recipe.clone().unwrap_or_else(|| Recipe::for_sequences(sequences))
    }

    /// The changes for a layer whose slices are prepared by this recipe.
    #[must_use]
    pub fn augmentation_for(&self, layer: &str, recipe: &Recipe) -> Augmentation {
        self.augmentation.unwrap_or_else(|| Augmentation::usual(layer, recipe))
    }

    /// The learning rate of step `step` of a training of which the share `done` is over.
    #[must_use]
    pub fn rate_at(&self, step: u64, done: f64) -> f64 {
        match self.options.rate {
            rate @ Rate::Cosine { steps: 0, .. } => rate.at_share(step, done),
            rate => rate.at(step),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::{OptimiserKind, RecipeStep};

    #[test]
    fn a_part_of_a_plan_is_enough_and_nonsense_is_named() {
        let text = r#"{"base":8,"objective":{"dropout":0.2},"options":{"optimiser":"rmsprop","rate":{"kind":"cosine","peak":0.001}}}"#;
        let plan: Plan = serde_json::from_str(text).unwrap();
        assert_eq!((plan.base, plan.depth, plan.options.optimiser), (8, 4, OptimiserKind::RmsProp));
        assert!((plan.rate_at(50, 0.5) - 0.001 * 0.505).abs() < 1e-9, "a cosine as long as the training");
        let short = Rate::Cosine { peak: 0.001, steps: 10 };
        let options = TrainOptions { rate: short, ..plan.options };
        assert_eq!(Plan { options, ..plan.clone() }.rate_at(50, 0.5), short.at(50));
        assert_eq!(plan.check(), Ok(()));
        assert_eq!(serde_json::from_str::<Plan>(&serde_json::to_string(&plan).unwrap()).unwrap(), plan);
        assert!(serde_json::from_str::<Plan>(r#"{"bas":8}"#).is_err());
        assert_eq!(Plan { members: 11, ..plan.clone() }.check().unwrap_err(), "`members` is 11, but must be between 1 and 10");
        assert!(Plan { replay: f64::NAN, ..plan.clone() }.check().is_err());
        let options = TrainOptions { clip: -1.0, ..plan.options };
        assert_eq!(Plan { options, ..plan.clone() }.check().unwrap_err(), "`clip` is -1, but must be above zero");
        let options = TrainOptions { rate: Rate::Constant { rate: f64::NAN }, ..plan.options };
        assert!(Plan { options, ..plan.clone() }.check().is_err());
        for crop in [[16, 5000], [5000, 16], [15, 64], [64, 0]] {
            assert!(Plan { crop, ..plan.clone() }.check().unwrap_err().contains("`crop`"), "{crop:?}");
        }
        let recipe = Some(Recipe { steps: vec![RecipeStep::PercentileScale { low: 99.0, high: 1.0 }] });
        assert!(Plan { recipe, ..plan.clone() }.check().unwrap_err().contains("`low` is 99"));
        let augmentation = Some(Augmentation { noise: 1e30, ..Augmentation::NONE });
        assert!(Plan { augmentation, ..plan }.check().unwrap_err().contains("`noise`"));
    }

    /// A plan for bones that asked for mirror images lost them without a word, while its card said that it had them.
    #[test]
    fn nothing_of_bones_is_mirrored_and_the_plan_says_what_is_done() {
        let plan = Plan::default();
        let flipped = Plan { flips: true, ..plan.clone() };
        assert!(flipped.clone().for_layer("bone").unwrap_err().contains("`flips` cannot be used for bones"));
        assert_eq!(flipped.clone().for_layer("marrow"), Ok(flipped.clone()));
        assert_eq!(flipped.spec(&["w".to_owned()], "bone", 2, "R1", 1).check(), Err(SpecError::Flips));
        let augmentation = Some(Augmentation { flip: true, ..Augmentation::NONE });
        assert!(Plan { augmentation, ..plan.clone() }.for_layer("bone").unwrap_err().contains("`flip` of the augmentation"));
        let smoothed = Plan { smoothing_mm: 1.0, ..plan.clone() };
        assert!(smoothed.for_layer("bone").unwrap_err().contains("`smoothing_mm` is 1"));
        let bones = plan.for_layer("bone").unwrap();
        assert_eq!((bones.smoothing_mm, bones.spec(&["w".to_owned()], "bone", 2, "R1", 1).smoothing_mm), (0.0, 0.0));
    }
}
