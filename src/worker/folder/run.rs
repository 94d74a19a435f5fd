//! One net of a folder training: its steps, and the looks at the held-out cases by which the best version is kept.

use super::evaluate::{CaseScore, Evaluation, dice_per_level, name};
use super::train::{FolderProgress, Held};
use crate::learn::{Crop, Example, LearnError, Model, Plan, Rate, Sampler, Trainer};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

/// How often the held-out cases are looked at over a training.
const LOOKS: f64 = 16.0;
/// The first look, as a share of the training: earlier ones are never the best.
const FIRST_LOOK: f64 = 0.25;

/// What all nets of a training share.
pub(super) struct Common<'a> {
    /// How to train.
    pub plan: &'a Plan,
    /// What the plan's learning rate is multiplied by.
    pub rate_factor: f64,
    /// `marrow` or `bone`.
    pub layer: &'a str,
    /// Labels that count for each level.
    pub levels: Vec<Vec<u8>>,
    /// Slices to learn from.
    pub examples: Vec<Example>,
    /// Cases to judge by.
    pub held_out: Vec<Held>,
    /// Set to stop.
    pub stop: &'a AtomicBool,
}

/// How long one net may train.
#[derive(Clone, Copy, Debug)]
pub(super) struct Length {
    /// Steps; with a time the most.
    pub steps: u32,
    /// Wall-clock time, from when until when.
    pub until: Option<(Instant, Instant)>,
}

impl Length {
    /// The share of the training that is over after so many steps: 1 is the end.
    fn done(&self, step: u32) -> f64 {
        let by_steps = f64::from(step) / f64::from(self.steps.max(1));
        let Some((from, until)) = self.until else { return by_steps };
        let whole = until.saturating_duration_since(from).max(Duration::from_millis(1));
        by_steps.max(from.elapsed().as_secs_f64() / whole.as_secs_f64())
    }
}

/// One net in training.
pub(super) struct Run<'a> {
    common: &'a Common<'a>,
    trainer: Trainer,
    best: Option<(Model, Evaluation)>,
}

impl<'a> Run<'a> {
    /// Before the first step.
    pub fn new(common: &'a Common<'a>, trainer: Trainer) -> Self {
        Self { common, trainer, best: None }
    }

    /// Takes the steps; the best version with its figures (none if it was stopped before there was one), and the steps taken.
    pub fn finish(
        mut self,
        seed: u64,
        length: Length,
        progress: &mut dyn FnMut(FolderProgress),
    ) -> Result<(Option<(Model, Evaluation)>, u32), String> {
        let Common { plan, examples, stop, .. } = self.common;
        let augmentation = plan.augmentation_for(self.common.layer, self.trainer.recipe());
        let sampler = Sampler::new(examples, seed).map_err(|e| e.to_string())?;
        let mut sampler = sampler.with_shares(plan.label_share, plan.replay);
        let largest = examples.iter().fold([0, 0], |m: [usize; 2], e| [m[0].max(e.size()[0]), m[1].max(e.size()[1])]);
        let crop = (largest[0] > plan.crop[0] || largest[1] > plan.crop[1]).then_some(Crop { size: plan.crop });
        let (mut loss, mut step, mut done, mut looks) = (f32::NAN, 0, 0.0, (FIRST_LOOK * LOOKS) as u32);
        while done < 1.0 {
            let rate = self.common.rate_factor * plan.rate_at(u64::from(step), done);
            self.trainer.set_learning_rate(Rate::Constant { rate });
            step += 1;
            let batch = sampler.batch(examples, plan.batch, crop, &augmentation);
            match self.trainer.step(&batch.iter().collect::<Vec<_>>(), stop) {
                Ok(report) => {
                    sampler.hear(report.loss);
                    loss = if loss.is_nan() { report.loss } else { 0.98 * loss + 0.02 * report.loss };
                }
                Err(LearnError::NothingLabelled | LearnError::NotFinite { .. }) => {}
                Err(LearnError::Cancelled) => break,
                Err(error) => return Err(error.to_string()),
            }
            done = length.done(step);
            let of = (f64::from(step) / done.max(1e-6)).round() as u32;
            progress(FolderProgress::Step { step, of: of.max(step), loss });
            if done >= 1.0 || done * LOOKS >= f64::from(looks) {
                looks = (done * LOOKS) as u32 + 1;
                self.look(step, progress)?;
            }
        }
        if self.best.is_none() && step > 1 {
            self.look(step, progress)?;
        }
        Ok((self.best, step))
    }

    /// Looks at the held-out cases and keeps the model if it is the best so far; with none held out the newest is kept.
    fn look(&mut self, step: u32, progress: &mut dyn FnMut(FolderProgress)) -> Result<(), String> {
        let model = self.trainer.snapshot();
        let Some(found) = judge(self.common, &model)? else { return Ok(()) };
        let best = match &self.best {
            Some((_, before)) => found.mean() >= before.mean(),
            None => true,
        };
        progress(FolderProgress::Look { step, dice: means(&found), best });
        if best {
            self.best = Some((model, found));
        }
        Ok(())
    }
}

/// A model's figures on the held-out cases; none when stopped.
pub(super) fn judge(common: &Common<'_>, model: &Model) -> Result<Option<Evaluation>, String> {
    let mut cases = Vec::with_capacity(common.held_out.len());
    for held in &common.held_out {
        let proposal = match model.predict_prepared(&held.prepared, None, common.stop, &mut |_, _| {}) {
            Ok(labels) => labels,
            Err(LearnError::Cancelled) => return Ok(None),
            Err(error) => return Err(format!("{}: {error}", held.name)),
        };
        cases.push(CaseScore { name: held.name.clone(), dice: dice_per_level(&proposal, &held.truths, &common.levels) });
    }
    Ok(Some(Evaluation { levels: common.levels.iter().map(|level| name(level)).collect(), cases }))
}

/// Mean Dice per level.
pub(super) fn means(evaluation: &Evaluation) -> Vec<(String, Option<f64>)> {
    evaluation.levels.iter().enumerate().map(|(at, name)| (name.clone(), evaluation.summary(at).map(|s| s.mean))).collect()
}
