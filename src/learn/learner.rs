//! One net while it learns: its weights, the last sound ones, their running mean, and the optimiser.

use super::data::Example;
use super::error::LearnError;
use super::net::{Batch, Engine, Parameters};
use super::ops::Loss;
use super::optimiser::{Move, Optimiser, OptimiserKind, follow, length};
use std::borrow::Cow;
use std::sync::atomic::AtomicBool;

/// A net that learns. A step has two halves, so that several nets move together or not at all.
pub(super) struct Learner {
    parameters: Parameters,
    /// Weights whose loss was last found finite, and their running mean.
    good: Parameters,
    mean: Parameters,
    gradients: Parameters,
    optimiser: Optimiser,
    loss: Loss,
    /// The one label that it tells from all others; none: all of them.
    label: Option<u8>,
}

/// What the first half of a step found.
pub(super) struct Found {
    pub loss: f64,
    /// Length of the gradient.
    pub gradient: f64,
}

impl Learner {
    pub fn new(parameters: &Parameters, kind: OptimiserKind, loss: Loss, label: Option<u8>) -> Self {
        Self {
            good: parameters.clone(),
            mean: parameters.clone(),
            gradients: parameters.zeros_like(),
            optimiser: Optimiser::new(kind, parameters),
            parameters: parameters.clone(),
            loss,
            label,
        }
    }

    /// Loss and gradient of a batch. Weights stay as they are.
    ///
    /// # Errors
    /// As the engine; [`LearnError::NothingLabelled`].
    pub fn look(&mut self, engine: &mut dyn Engine, batch: Batch<'_>, labels: &[u8], stop: &AtomicBool) -> Result<Found, LearnError> {
        let labels = match self.label {
            Some(own) => Cow::Owned(labels.iter().map(|&l| if l == Example::IGNORE { l } else { u8::from(l == own) }).collect()),
            None => Cow::Borrowed(labels),
        };
        let loss = engine.gradients(&self.parameters, batch, &labels, &self.loss, &mut self.gradients, stop)?;
        Ok(Found { loss: loss.ok_or(LearnError::NothingLabelled)?, gradient: length(&self.gradients) })
    }

    /// Goes back to the last sound weights, with the optimiser at rest.
    pub fn go_back(&mut self, kind: OptimiserKind) {
        self.parameters.clone_from(&self.good);
        self.optimiser = Optimiser::new(kind, &self.parameters);
    }

    /// Moves the weights along the gradient last found; `keep` as in [`super::TrainOptions`].
    pub fn advance(&mut self, keep: f64, how: Move, decayed: &[bool]) {
        // Only now are these weights known to be sound.
        self.good.clone_from(&self.parameters);
        follow(&mut self.mean, &self.parameters, keep);
        self.optimiser.step(&mut self.parameters, &self.gradients, how, |n| decayed[n]);
    }

    /// The running mean of the sound weights: what proposes.
    pub const fn mean(&self) -> &Parameters {
        &self.mean
    }
}

#[cfg(test)]
mod tests {
    use crate::learn::{Example, LearnError, Model, ModelSpec, Rate, Recipe, TrainOptions, Trainer, checkpoint};
    use proptest::prelude::*;
    use std::sync::atomic::AtomicBool;

    static GO: AtomicBool = AtomicBool::new(false);
    const SIZE: [usize; 2] = [16, 16];

    /// A slice with two bones and a strip that does not count, its labels as `told`.
    fn slice(told: impl Fn(u8) -> u8) -> Example {
        let truth = (0..256).map(|n: usize| match n % 16 {
            0..5 => 1,
            9..13 => 2,
            15 => Example::IGNORE,
            _ => 0,
        });
        let planes = truth.clone().enumerate().map(|(n, l)| f32::from(l % 3) + ((n * 7919) % 23) as f32 / 23.0).collect();
        Example::new(planes, truth.map(|l| if l == Example::IGNORE { l } else { told(l) }).collect(), SIZE).unwrap()
    }

    fn trained(spec: ModelSpec, example: &Example, steps: usize) -> Model {
        let mut trainer = Trainer::new(&spec.check().unwrap(), Recipe::default(), TrainOptions::default()).unwrap();
        for _ in 0..steps {
            trainer.step(&[example], &GO).unwrap();
        }
        trainer.snapshot()
    }

    fn spec(labels: usize) -> ModelSpec {
        ModelSpec { base: 4, depth: 2, ..ModelSpec::new("water", "bone", labels, "R1") }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(6))]
        /// Independent to the last bit: each net is what it would be if the other label did not exist.
        #[test]
        fn a_net_of_its_own_learns_as_if_there_were_no_other(seed: u32, steps in 1..8usize) {
            let seed = u64::from(seed);
            let both = trained(ModelSpec { independent: true, seed, ..spec(2) }, &slice(|l| l), steps);
            for net in 0..2_u8 {
                let own = ModelSpec { seed: seed.wrapping_add(u64::from(net) << 48), ..spec(1) };
                let alone = trained(own, &slice(|l| u8::from(l == net + 1)), steps);
                prop_assert_eq!(&both.nets()[usize::from(net)], &alone.nets()[0]);
            }
        }
    }

    #[test]
    fn two_bones_are_learnt_saved_and_gone_on_with() {
        let example = slice(|l| l);
        let model = trained(ModelSpec { independent: true, ..spec(2) }, &example, 150);
        let found = model.predict_slice(example.planes(), SIZE, &GO).unwrap();
        let right = found.labels.iter().zip(example.labels()).filter(|(a, b)| **b == Example::IGNORE || a == b).count();
        assert!(right >= 240, "{right} of 256");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model");
        checkpoint::save(&model, &crate::learn::Card::of(&model, 1, "2026-01-01T00:00:00Z"), &path).unwrap();
        assert!(path.join("weights-2.safetensors").is_file());
        let (back, card) = checkpoint::load(&path).unwrap();
        assert_eq!((back.nets(), back.member_count(), back.parameter_count()), (model.nets(), 1, model.parameter_count()));
        assert_eq!(back.predict_slice(example.planes(), SIZE, &GO).unwrap(), found);
        // Two members of two nets each; a card that lost one of its files is none.
        let joined = Model::joined(vec![back.clone(), back.clone()]).unwrap();
        assert_eq!((joined.member_count(), joined.nets().len()), (2, 4));
        let short = crate::learn::Card { members_sha256: Vec::new(), ..card };
        std::fs::write(path.join(checkpoint::CARD_FILE), serde_json::to_vec(&short).unwrap()).unwrap();
        assert!(checkpoint::load(&path).unwrap_err().to_string().contains("names 1 nets, but a member has 2"));
        // Going on moves both nets, or with a loss that is no number neither.
        let mut trainer = Trainer::resume(&back, TrainOptions::default()).unwrap();
        trainer.step(&[&example], &GO).unwrap();
        trainer.step(&[&example], &GO).unwrap();
        assert!(trainer.snapshot().nets().iter().zip(back.nets()).all(|(a, b)| a != b));
        // Such a step spoils the weights; the next one finds out.
        trainer.set_learning_rate(Rate::Constant { rate: 1e38 });
        trainer.step(&[&example], &GO).unwrap();
        let good = trainer.snapshot();
        assert!(matches!(trainer.step(&[&example], &GO), Err(LearnError::NotFinite { .. })));
        assert_eq!(trainer.snapshot().nets(), good.nets());
    }

    /// What a training with these options proposes with after each step.
    fn weights_by_step(options: TrainOptions, spec: ModelSpec, steps: usize) -> (Vec<Vec<f32>>, Vec<f64>) {
        let mut trainer = Trainer::new(&spec.check().unwrap(), Recipe::default(), options).unwrap();
        let example = slice(|l| l);
        let of = |trainer: &Trainer| trainer.snapshot().nets()[0].all().iter().flatten().copied().collect::<Vec<f32>>();
        (0..steps).map(|_| trainer.step(&[&example], &GO).map(|report| (of(&trainer), report.gradient)).unwrap()).unzip()
    }

    /// The running mean against one that is added up here from the weights of a training that keeps nothing.
    #[test]
    fn what_proposes_is_the_running_mean_of_the_weights() {
        let options = |keep| TrainOptions { keep, ..TrainOptions::default() };
        let (raw, _) = weights_by_step(options(0.0), spec(2), 30);
        let (means, _) = weights_by_step(options(0.6), spec(2), 30);
        // Before the first step the mean is the weights that it starts with.
        let mut mean = raw[0].clone();
        for (step, (raw, found)) in raw.iter().zip(&means).enumerate() {
            // Less is kept at the start.
            let keep = 0.6_f32.min((1.0 + step as f32) / (10.0 + step as f32));
            mean.iter_mut().zip(raw).for_each(|(m, w)| *m = *m * keep + w * (1.0 - keep));
            let apart = mean.iter().zip(found).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(apart < 1e-5, "step {step}: {apart}");
        }
        let last = means.last().unwrap();
        assert!(raw.last().unwrap().iter().zip(last).any(|(raw, mean)| (raw - mean).abs() > 1e-3), "the mean lags behind");
    }

    #[test]
    fn a_gradient_longer_than_the_clip_is_shortened_and_no_other() {
        let options = |clip| TrainOptions { clip, ..TrainOptions::default() };
        let (free, lengths) = weights_by_step(options(1e9), spec(2), 12);
        let longest = lengths.iter().copied().fold(0.0, f64::max);
        assert_eq!(weights_by_step(options(1.01 * longest), spec(2), 12).0, free, "none is longer");
        let shortest = lengths.iter().copied().fold(f64::MAX, f64::min);
        assert!(shortest < 0.9 * longest, "{lengths:?}");
        // AdamW forgets a common factor, not that the long ones were shortened.
        assert_ne!(weights_by_step(options(0.5 * (shortest + longest)), spec(2), 12).0, free);
    }

    /// The paper's weights: 0.1 for the background, 0.9 for what is to be found.
    #[test]
    fn a_class_that_weighs_more_is_found_more() {
        // Noise in which every fourth pixel is marrow: no net can tell which.
        let planes = (0..256).map(|n: usize| ((n * 7919) % 23) as f32 / 23.0).collect();
        let example = Example::new(planes, (0..256).map(|n: usize| u8::from((n * 31).is_multiple_of(4))).collect(), SIZE).unwrap();
        let found = |weights: [f32; 2]| {
            let objective = crate::learn::Objective { overlap: 0.0, ..crate::learn::Objective::default() };
            let spec = ModelSpec { class_weights: Some(weights.to_vec()), objective, ..spec(1) };
            let model = trained(spec, &example, 40);
            model.predict_slice(example.planes(), SIZE, &GO).unwrap().labels.iter().filter(|l| **l == 1).count()
        };
        let (even, paper) = (found([0.5, 0.5]), found([0.1, 0.9]));
        assert!(paper > even + 60, "{even} with even weights, {paper} with the paper's");
    }
}
