//! Learning, one step at a time; whoever calls decides when, where and for how long.

use super::compute::Compute;
use super::conv::Extent;
use super::data::{Example, Recipe, pad};
use super::error::LearnError;
use super::learner::{Found, Learner};
use super::model::{Model, interleave, padded_size};
use super::net::{Batch, Dropout, Engine, Parameters, UNetShape, halt};
use super::ops::Loss;
use super::optimiser::{Move, OptimiserKind};
use super::spec::CheckedSpec;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// How the weights move.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrainOptions {
    /// By which rule.
    pub optimiser: OptimiserKind,
    /// The learning rate over time.
    pub rate: Rate,
    /// Share of a convolution's weight that is taken away per step, times the learning rate.
    pub weight_decay: f64,
    /// Longest gradient; a longer one is shortened to it.
    pub clip: f64,
    /// How much of the running mean of the weights is kept per step (less at the start). Proposals use the mean.
    pub keep: f64,
}

/// The learning rate over time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Rate {
    /// Always the same.
    Constant {
        /// Learning rate.
        rate: f64,
    },
    /// From `peak` down to a hundredth of it along half a cosine, after 10 rising steps; `steps` is where it ends.
    Cosine {
        /// Highest learning rate.
        peak: f64,
        /// Steps until the end.
        #[serde(default)]
        steps: u64,
    },
}

impl Rate {
    /// Learning rate of step `step`, counted from 0.
    #[must_use]
    pub fn at(self, step: u64) -> f64 {
        match self {
            Self::Constant { rate } => rate,
            Self::Cosine { steps, .. } => self.at_share(step, step as f64 / steps.max(1) as f64),
        }
    }

    /// Learning rate of step `step` of a training of which the share `done` is over, by steps or by the clock.
    #[must_use]
    pub fn at_share(self, step: u64, done: f64) -> f64 {
        match self {
            Self::Constant { rate } => rate,
            Self::Cosine { peak, .. } => {
                let rise = ((step + 1) as f64 / 10.0).min(1.0);
                peak * rise * (0.01 + 0.99 * 0.5 * (1.0 + (std::f64::consts::PI * done.clamp(0.0, 1.0)).cos()))
            }
        }
    }
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self { optimiser: OptimiserKind::AdamW, rate: Rate::Constant { rate: 4e-3 }, weight_decay: 1e-4, clip: 5.0, keep: 0.98 }
    }
}

/// What a step found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepReport {
    /// Number of the step, counted from 1 and over all versions.
    pub step: u64,
    /// Loss of the batch before the step, by the specification's objective; of several nets the mean.
    pub loss: f32,
    /// Length of the gradient before clipping; of several nets the longest.
    pub gradient: f64,
    /// Learning rate used.
    pub rate: f64,
}

/// A model being trained. The same specification, examples, seed and instruction path give the same bits, whatever the
/// number of threads.
pub struct Trainer {
    spec: CheckedSpec,
    recipe: Recipe,
    shape: UNetShape,
    options: TrainOptions,
    /// One net, or one per label.
    learners: Vec<Learner>,
    engine: Box<dyn Engine>,
    compute: Compute,
    decayed: Vec<bool>,
    steps_before: u64,
    steps: u64,
}

/// A larger batch would ask for more memory than a workstation has (some 3 KB per pixel at 32 channels).
const MOST_PIXELS: usize = 1 << 21;

impl Trainer {
    /// Starts from the specification's seed. `recipe` must be the one that the examples were prepared with.
    ///
    /// # Errors
    /// None at present; kept for devices that can refuse.
    pub fn new(spec: &CheckedSpec, recipe: Recipe, options: TrainOptions) -> Result<Self, LearnError> {
        let shape = UNetShape::of(spec);
        let nets = (0..spec.nets() as u64).map(|net| Parameters::fresh(&shape, spec.spec().seed.wrapping_add(net << 48)));
        Ok(Self::from_model(&Model::from_parts(spec.clone(), recipe, nets.collect(), 0), options))
    }

    /// Goes on from a model's weights; the optimiser starts at rest.
    ///
    /// # Errors
    /// As [`Trainer::new`].
    pub fn resume(model: &Model, options: TrainOptions) -> Result<Self, LearnError> {
        Ok(Self::from_model(model, options))
    }

    fn from_model(model: &Model, options: TrainOptions) -> Self {
        let (spec, shape) = (model.spec().clone(), model.shape().clone());
        let learner = |(net, parameters): (usize, &Arc<Parameters>)| {
            let label = (spec.nets() > 1).then_some(net as u8 + 1);
            Learner::new(parameters, options.optimiser, Loss::new(spec.net_weights(net), spec.spec().objective), label)
        };
        Self {
            recipe: model.recipe().clone(),
            learners: model.first_member().iter().enumerate().map(learner).collect(),
            engine: Compute::CPU.engine(&shape),
            compute: Compute::CPU,
            decayed: shape.weights().iter().map(|w| w.shape.len() > 1).collect(),
            steps_before: model.steps(),
            steps: 0,
            spec,
            shape,
            options,
        }
    }

    /// The same on another device.
    #[must_use]
    pub fn on(mut self, compute: &Compute) -> Self {
        self.move_to(compute);
        self
    }

    /// Goes on there; weights and optimiser stay as they are.
    pub fn move_to(&mut self, compute: &Compute) {
        self.engine = compute.engine(&self.shape);
        self.compute = compute.clone();
    }

    /// One step on a batch; slices of different size are brought to the largest (what is added is ignored).
    ///
    /// # Errors
    /// [`LearnError::Cancelled`] soon after `stop` is set (it is read between layers), [`LearnError::NothingLabelled`],
    /// [`LearnError::NotFinite`], or an example that does not suit. The weights are then as before the step; where the loss
    /// was no number, as before the step that spoilt them, with the optimiser at rest.
    pub fn step(&mut self, batch: &[&Example], stop: &AtomicBool) -> Result<StepReport, LearnError> {
        halt(stop)?;
        let (extent, planes, labels) = self.assemble(batch)?;
        let step = self.steps_before + self.steps + 1;
        let wish = self.spec.spec();
        let share = wish.objective.dropout;
        let mut found = Vec::with_capacity(self.learners.len());
        for (net, learner) in self.learners.iter_mut().enumerate() {
            let seed = wish.seed ^ step.rotate_left(32) ^ (net as u64) << 24;
            let dropout = (share > 0.0).then_some(Dropout { share, seed });
            found.push(learner.look(self.engine.as_mut(), Batch { extent, planes: &planes, dropout }, &labels, stop)?);
        }
        let loss = found.iter().map(|f| f.loss).sum::<f64>() / found.len() as f64;
        let gradient = found.iter().map(|f| f.gradient).fold(0.0, f64::max);
        // `max` passes over what is no number.
        if !loss.is_finite() || found.iter().any(|f| !f.gradient.is_finite()) {
            self.learners.iter_mut().for_each(|learner| learner.go_back(self.options.optimiser));
            return Err(LearnError::NotFinite { step });
        }
        halt(stop)?;
        let warm = (1.0 + self.steps as f64) / (10.0 + self.steps as f64);
        let rate = self.options.rate.at(self.steps);
        for (learner, Found { gradient, .. }) in self.learners.iter_mut().zip(found) {
            let how = Move { rate, decay: self.options.weight_decay, factor: (self.options.clip / gradient.max(1e-12)).min(1.0) };
            learner.advance(self.options.keep.min(warm), how, &self.decayed);
        }
        self.steps += 1;
        Ok(StepReport { step, loss: loss as f32, gradient, rate })
    }

    /// The model as it is now: the running mean of the weights whose loss is known to be finite.
    #[must_use]
    pub fn snapshot(&self) -> Model {
        let means = self.learners.iter().map(|learner| learner.mean().clone()).collect();
        Model::from_parts(self.spec.clone(), self.recipe.clone(), means, self.steps_before + self.steps).on(self.compute.clone())
    }

    /// Changes the learning rate from the next step on.
    pub fn set_learning_rate(&mut self, rate: Rate) {
        self.options.rate = rate;
    }

    /// Steps trained so far, over all versions.
    #[must_use]
    pub const fn steps(&self) -> u64 {
        self.steps_before + self.steps
    }

    /// How grey values are prepared.
    #[must_use]
    pub const fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// What is being learnt.
    #[must_use]
    pub const fn spec(&self) -> &CheckedSpec {
        &self.spec
    }

    /// Planes and labels of a batch on one size.
    fn assemble(&self, batch: &[&Example]) -> Result<(Extent, Vec<f32>, Vec<u8>), LearnError> {
        if batch.is_empty() {
            return Err(LearnError::NoExamples);
        }
        let (channels, classes) = (self.shape.inputs, self.spec.classes());
        let mut size = [1, 1];
        for example in batch {
            if example.channels() != channels {
                return Err(LearnError::Unsuited(format!("it has {} plane(s) and the model takes {channels}", example.channels())));
            }
            if let Some(label) = example.labels().iter().find(|l| usize::from(**l) >= classes && **l != Example::IGNORE) {
                return Err(LearnError::Unsuited(format!("it holds label {label} and the model knows labels up to {}", classes - 1)));
            }
            size = [size[0].max(example.size()[0]), size[1].max(example.size()[1])];
        }
        let size = padded_size(size, self.shape.multiple());
        if size[0].saturating_mul(size[1]).saturating_mul(batch.len()) > MOST_PIXELS {
            let [w, h] = size;
            return Err(LearnError::Unsuited(format!(
                "{} of {w} × {h} pixels are too many for a step; draw fewer or parts of them",
                batch.len()
            )));
        }
        let extent = Extent { batch: batch.len(), height: size[1], width: size[0] };
        let mut planes = vec![0.0; extent.pixels() * channels];
        let mut labels = Vec::with_capacity(extent.pixels());
        for (example, out) in batch.iter().zip(planes.chunks_exact_mut(extent.plane() * channels)) {
            interleave(example.planes(), channels, example.size(), size, out);
            labels.extend(pad(example.labels(), example.size(), size, Some(Example::IGNORE)));
        }
        Ok((extent, planes, labels))
    }
}

/// An engine whose device fails after so many steps.
#[cfg(test)]
struct Failing {
    inner: Box<dyn Engine>,
    left: usize,
    why: &'static str,
}

#[cfg(test)]
impl Engine for Failing {
    fn logits(&mut self, parameters: &Parameters, batch: Batch<'_>, stop: &AtomicBool) -> Result<Vec<f32>, LearnError> {
        self.inner.logits(parameters, batch, stop)
    }

    fn gradients(
        &mut self,
        parameters: &Parameters,
        batch: Batch<'_>,
        labels: &[u8],
        loss: &Loss,
        out: &mut Parameters,
        stop: &AtomicBool,
    ) -> Result<Option<f64>, LearnError> {
        self.left = self.left.checked_sub(1).ok_or_else(|| LearnError::Device(self.why.to_owned()))?;
        self.inner.gradients(parameters, batch, labels, loss, out, stop)
    }
}

#[cfg(test)]
impl Trainer {
    /// On a device that fails after so many steps, saying this.
    pub(crate) fn failing_after(mut self, steps: usize, why: &'static str) -> Self {
        self.engine = Box::new(Failing { inner: self.engine, left: steps, why });
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cosine_rises_then_falls_to_a_hundredth() {
        let rate = Rate::Cosine { peak: 1.0, steps: 100 };
        assert!((rate.at(0) - 0.1).abs() < 1e-9);
        assert!(rate.at(9) > 0.95 && rate.at(50) < 0.6);
        assert!((rate.at(100) - 0.01).abs() < 1e-9);
        assert_eq!(rate.at(100), rate.at(10_000));
    }
}
