//! What a model is to learn, from what, and with which net.

use super::form::NetForm;
use super::objective::Objective;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The wish for a model, as a person or a file states it. Only a [`CheckedSpec`] may train.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// Names of the input sequences, in the order of the net's channels.
    pub sequences: Vec<String>,
    /// Slices taken in on each side of the one to label (0 = that slice only).
    #[serde(default)]
    pub neighbours: usize,
    /// The layer to learn: `marrow` or `bone`.
    pub layer: String,
    /// Number of labels, background not counted: labels 1..=`labels` are learnt.
    pub labels: usize,
    /// Whose labels: a reader's code, or the name of a consensus.
    pub labels_from: String,
    /// Pixel size along screen width and height that slices are brought to, in mm; none = every image's own.
    #[serde(default)]
    pub spacing_mm: Option<[f64; 2]>,
    /// Channels of the first level; each deeper level has twice as many.
    #[serde(default = "default_base")]
    pub base: usize,
    /// Levels of resolution.
    #[serde(default = "default_depth")]
    pub depth: usize,
    /// How activations are normalised.
    #[serde(default)]
    pub norm: NormKind,
    /// Channels that do not simply double from `base`, as imported weights may ask for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<NetForm>,
    /// Weight of each class in the cross-entropy, background first; none = all 1.
    #[serde(default)]
    pub class_weights: Option<Vec<f32>>,
    /// What the net is rewarded for while it learns.
    #[serde(default)]
    pub objective: Objective,
    /// Whether every label has a net of its own, which tells it from all else: two independent nets for two bones. As many times
    /// the work and the weights.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub independent: bool,
    /// Whether proposals are the mean over the slice and its mirror image (left for right): twice the work. Not for bones,
    /// whose labels carry a side.
    #[serde(default)]
    pub flips: bool,
    /// Standard deviation in mm of the Gaussian that smooths probabilities within a slice before the likeliest label is taken; 0: none.
    #[serde(default)]
    pub smoothing_mm: f64,
    /// Where all randomness of initialisation comes from.
    #[serde(default)]
    pub seed: u64,
}

/// Which channels share mean and variance. Neither looks at other samples of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NormKind {
    /// Eight groups of channels (fewer where 8 does not divide them).
    #[default]
    Group,
    /// Each channel for itself.
    Instance,
    /// A fixed scale and shift per channel: an imported batch norm with its running statistics folded in.
    Batch,
}

/// Why a specification cannot train.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum SpecError {
    /// No sequence.
    #[error("the model needs at least one input sequence; name one under `sequences`")]
    NoSequence,
    /// A number outside what a net can have.
    #[error("`{field}` is {value}, but must be between {least} and {most}")]
    OutOfRange {
        /// Name of the field.
        field: &'static str,
        /// Its value.
        value: usize,
        /// Least value allowed.
        least: usize,
        /// Largest value allowed.
        most: usize,
    },
    /// A word left empty.
    #[error("`{0}` is empty; fill it in")]
    EmptyWord(&'static str),
    /// A pixel size that is none.
    #[error("`spacing_mm` is {0:?}, but must be two finite numbers above zero")]
    Spacing([f64; 2]),
    /// Channels that do not fit together.
    #[error("`form` does not fit: {0}")]
    Form(String),
    /// A fixed norm without the weights that it was fixed for.
    #[error("`norm` is batch, which only imported weights have; write group or instance")]
    FixedNorm,
    /// A number of the objective outside its range.
    #[error("`{field}` must be between {least} and {most}")]
    Objective {
        /// Name of the field.
        field: &'static str,
        /// Least value allowed.
        least: f32,
        /// Largest value allowed.
        most: f32,
    },
    /// A smoothing that is none, or that would leave nothing.
    #[error("`smoothing_mm` is {0}, but must be between 0 and 10")]
    Smoothing(f64),
    /// Mirror images where sides matter.
    #[error("`flips` cannot be used for bones: their labels carry a side")]
    Flips,
    /// Nets that know one label each, where labels are to be in an order, or where the net is another's.
    #[error("`independent` cannot be used with `{0}`")]
    Independent(&'static str),
    /// Weights that do not match the classes.
    #[error("`class_weights` must be {expected} finite numbers above zero (background first)")]
    Weights {
        /// Classes with background.
        expected: usize,
    },
}

/// A specification that can train.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct CheckedSpec(ModelSpec);

/// More would leave nothing of small marks.
const MOST_SMOOTHING_MM: f64 = 10.0;

const fn default_base() -> usize {
    16
}

const fn default_depth() -> usize {
    4
}

impl ModelSpec {
    /// One sequence, one layer, everything else as usual.
    #[must_use]
    pub fn new(sequence: &str, layer: &str, labels: usize, labels_from: &str) -> Self {
        Self {
            sequences: vec![sequence.to_owned()],
            neighbours: 0,
            layer: layer.to_owned(),
            labels,
            labels_from: labels_from.to_owned(),
            spacing_mm: None,
            base: default_base(),
            depth: default_depth(),
            norm: NormKind::default(),
            form: None,
            class_weights: None,
            objective: Objective::default(),
            independent: false,
            flips: false,
            smoothing_mm: 0.0,
            seed: 0,
        }
    }

    /// Labels that a net can learn.
    pub const MOST_LABELS: usize = 60;

    /// Smoothing of marrow probabilities in new models, in mm: what readers draw has smoother borders than what a net thinks pixel by
    /// pixel (measured in `docs/learning.md`).
    pub const USUAL_SMOOTHING_MM: f64 = 0.7;

    /// Whether two specifications differ in nothing but their seeds.
    #[must_use]
    pub fn same_but_seed(&self, other: &Self) -> bool {
        Self { seed: other.seed, ..self.clone() } == *other
    }

    /// # Errors
    /// If a field could not train; the first such field is named.
    pub fn check(self) -> Result<CheckedSpec, SpecError> {
        if self.sequences.is_empty() {
            return Err(SpecError::NoSequence);
        }
        let within = |field, value, least, most| {
            if (least..=most).contains(&value) { Ok(()) } else { Err(SpecError::OutOfRange { field, value, least, most }) }
        };
        within("sequences", self.sequences.len(), 1, 8)?;
        within("neighbours", self.neighbours, 0, 4)?;
        within("labels", self.labels, 1, Self::MOST_LABELS)?;
        within("base", self.base, 2, 128)?;
        within("depth", self.depth, 1, 6)?;
        let words = [("layer", &self.layer), ("labels_from", &self.labels_from)];
        if let Some((field, _)) =
            words.into_iter().chain(self.sequences.iter().map(|s| ("sequences", s))).find(|(_, w)| w.trim().is_empty())
        {
            return Err(SpecError::EmptyWord(field));
        }
        if let Some(mm) = self.spacing_mm.filter(|mm| !mm.iter().all(|v| v.is_finite() && *v > 0.0)) {
            return Err(SpecError::Spacing(mm));
        }
        if let Some(form) = &self.form {
            form.check(self.base, self.depth).map_err(SpecError::Form)?;
        } else if self.norm == NormKind::Batch {
            return Err(SpecError::FixedNorm);
        }
        if let Err((field, [least, most])) = self.objective.check() {
            return Err(SpecError::Objective { field, least, most });
        }
        if !(self.smoothing_mm.is_finite() && (0.0..=MOST_SMOOTHING_MM).contains(&self.smoothing_mm)) {
            return Err(SpecError::Smoothing(self.smoothing_mm));
        }
        if self.flips && self.layer == "bone" {
            return Err(SpecError::Flips);
        }
        if self.independent && (self.objective.ordinal || self.form.is_some()) {
            return Err(SpecError::Independent(if self.form.is_some() { "form" } else { "ordinal" }));
        }
        let expected = self.labels + 1;
        if self.class_weights.as_ref().is_some_and(|w| w.len() != expected || !w.iter().all(|v| v.is_finite() && *v > 0.0)) {
            return Err(SpecError::Weights { expected });
        }
        Ok(CheckedSpec(self))
    }
}

impl CheckedSpec {
    /// What was checked.
    #[must_use]
    pub const fn spec(&self) -> &ModelSpec {
        &self.0
    }

    /// Planes that the net takes in for one slice: sequences × (2 neighbours + 1).
    #[must_use]
    pub fn channels(&self) -> usize {
        self.0.sequences.len() * (2 * self.0.neighbours + 1)
    }

    /// Classes that the model tells apart, background counted.
    #[must_use]
    pub const fn classes(&self) -> usize {
        self.0.labels + 1
    }

    /// Nets that propose together: one, or one for each label, in their order.
    #[must_use]
    pub const fn nets(&self) -> usize {
        if self.0.independent { self.0.labels } else { 1 }
    }

    /// Classes that one net tells apart, background counted.
    #[must_use]
    pub const fn net_classes(&self) -> usize {
        if self.nets() > 1 { 2 } else { self.classes() }
    }

    /// Weight of each class of a net in its cross-entropy; `net` counts from 0.
    #[must_use]
    pub fn net_weights(&self, net: usize) -> Vec<f32> {
        let all = self.class_weights();
        if self.nets() > 1 { vec![all[0], all[net + 1]] } else { all }
    }

    /// Weight of each class in the cross-entropy.
    #[must_use]
    pub fn class_weights(&self) -> Vec<f32> {
        self.0.class_weights.clone().unwrap_or_else(|| vec![1.0; self.classes()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_sound_specifications_pass() {
        let good = ModelSpec::new("water", "marrow", 3, "R1");
        let checked = good.clone().check().unwrap();
        assert_eq!((checked.channels(), checked.classes()), (1, 4));
        assert_eq!(ModelSpec { sequences: vec![], ..good.clone() }.check(), Err(SpecError::NoSequence));
        assert_eq!(ModelSpec { spacing_mm: Some([0.0, 1.0]), ..good.clone() }.check(), Err(SpecError::Spacing([0.0, 1.0])));
        assert_eq!(ModelSpec { class_weights: Some(vec![1.0; 3]), ..good.clone() }.check(), Err(SpecError::Weights { expected: 4 }));
        assert_eq!(ModelSpec { labels_from: " ".into(), ..good.clone() }.check(), Err(SpecError::EmptyWord("labels_from")));
        assert_eq!(ModelSpec { norm: NormKind::Batch, ..good.clone() }.check(), Err(SpecError::FixedNorm));
        let form = NetForm { encoder: vec![16, 16], up: vec![8], decoder: vec![16], leak: 0.1, up_bias: true };
        let formed = ModelSpec { depth: 2, form: Some(form.clone()), ..good.clone() };
        assert!(formed.clone().check().is_ok());
        for wrong in [
            NetForm { up: vec![], ..form.clone() },
            NetForm { encoder: vec![8, 16], ..form.clone() },
            NetForm { decoder: vec![0], ..form.clone() },
            NetForm { leak: f32::NAN, ..form },
        ] {
            assert!(matches!(ModelSpec { form: Some(wrong), ..formed.clone() }.check(), Err(SpecError::Form(_))));
        }
        let objective = Objective { dropout: 1.0, ..Objective::default() };
        let error = ModelSpec { objective, ..good.clone() }.check().unwrap_err().to_string();
        assert_eq!(error, "`dropout` must be between 0 and 0.9");
        for smoothing_mm in [-0.1, 11.0, f64::NAN] {
            assert!(matches!(ModelSpec { smoothing_mm, ..good.clone() }.check(), Err(SpecError::Smoothing(_))));
        }
        assert_eq!(ModelSpec { flips: true, layer: "bone".into(), ..good.clone() }.check(), Err(SpecError::Flips));
        let apart = ModelSpec { independent: true, class_weights: Some(vec![0.1, 0.5, 0.6, 0.7]), ..good.clone() };
        let checked = apart.clone().check().unwrap();
        assert_eq!((checked.nets(), checked.net_classes(), checked.classes(), checked.net_weights(1)), (3, 2, 4, vec![0.1, 0.6]));
        let objective = Objective { ordinal: true, ..Objective::default() };
        assert_eq!(ModelSpec { objective, ..apart }.check(), Err(SpecError::Independent("ordinal")));
        let error = ModelSpec { depth: 9, ..good }.check().unwrap_err().to_string();
        assert_eq!(error, "`depth` is 9, but must be between 1 and 6");
    }

    #[test]
    fn a_short_file_is_enough() {
        let text = r#"{"sequences":["water"],"layer":"marrow","labels":3,"labels_from":"R1"}"#;
        let spec: ModelSpec = serde_json::from_str(text).unwrap();
        assert_eq!(spec, ModelSpec::new("water", "marrow", 3, "R1"));
        assert!(serde_json::from_str::<ModelSpec>(&text.replace("labels_from", "labels_form")).is_err());
    }
}
