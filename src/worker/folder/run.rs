//! One net of a folder training: its steps, and the looks at the held-out cases by which the best version is kept.

use super::super::length::Length;
use super::super::memory_plan::{MemoryNeeds, MemoryPlan, StepSize, largest};
use super::super::message::GaveUp;
use super::super::steady::{SteadyTrainer, Stepped};
use super::evaluate::{CaseScore, Evaluation, dice_per_level};
use super::train::{FolderProgress, Held};
use crate::consensus::level_name;
use crate::learn::{Crop, Example, LearnError, Model, Plan, Sampler, Trainer};
use std::sync::atomic::AtomicBool;

/// How often the held-out cases are looked at over a training.
const LOOKS: f64 = 16.0;
/// The first look, as a share of the training: earlier ones are never the best.
const FIRST_LOOK: f64 = 0.25;
/// What else than raising the memory ceiling helps.
pub(super) const FEWER: &str = "name fewer cases with --cases, or a smaller `base`";

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
    /// Bytes of both.
    pub data_bytes: u64,
    /// What the training may need, in MB.
    pub memory_mb: u32,
    /// Set to stop.
    pub stop: &'a AtomicBool,
}

impl Common<'_> {
    /// The figures of a model that could not be judged.
    pub fn unjudged(&self) -> Evaluation {
        Evaluation { levels: self.levels.iter().map(|level| level_name(level)).collect(), cases: Vec::new() }
    }

    /// How large a step may be, at least `reduced` times smaller than the plan has it.
    fn step_size(&self, model: &Model, reduced: usize) -> Result<MemoryPlan, String> {
        let looked_at = largest(self.held_out.iter().map(|held| held.prepared.size()));
        let largest = largest(self.examples.iter().map(Example::size));
        let parameters = (model.parameter_count() * self.plan.members) as u64;
        let needs = MemoryNeeds { data_bytes: self.data_bytes, parameters, largest, looked_at, otherwise: FEWER };
        MemoryPlan::new(self.memory_mb, model.spec(), needs, StepSize { batch: self.plan.batch, crop: self.plan.crop }, reduced)
    }
}

/// One net in training.
pub(super) struct Run<'a> {
    common: &'a Common<'a>,
    trainer: SteadyTrainer,
    best: Option<(Model, Evaluation)>,
}

/// What came of one net.
pub(super) struct Finished {
    /// The best version with its figures; none if it was stopped before there was one.
    pub best: Option<(Model, Evaluation)>,
    /// Steps taken.
    pub steps: u32,
    /// What went wrong last and how it went on, in one sentence.
    pub note: Option<String>,
    /// Why it could not go on, if it could not.
    pub gave_up: Option<GaveUp>,
    /// How large its steps were at the end.
    pub size: StepSize,
}

impl<'a> Run<'a> {
    /// Before the first step.
    pub fn new(common: &'a Common<'a>, trainer: Trainer) -> Self {
        Self { common, trainer: SteadyTrainer::new(trainer), best: None }
    }

    /// Takes the steps.
    pub fn finish(mut self, seed: u64, length: Length, progress: &mut dyn FnMut(FolderProgress)) -> Result<Finished, String> {
        let Common { plan, examples, stop, .. } = self.common;
        let augmentation = plan.augmentation_for(self.common.layer, self.trainer.recipe());
        let sampler = Sampler::new(examples, seed).map_err(|e| e.to_string())?;
        let mut sampler = sampler.with_shares(plan.label_share, plan.replay);
        let mut size = self.common.step_size(&self.trainer.snapshot(), 0)?;
        let largest = largest(examples.iter().map(Example::size));
        let (mut loss, mut step, mut done, mut looks) = (f32::NAN, 0, 0.0, (FIRST_LOOK * LOOKS) as u32);
        // The weights of a step count once the next one has found them sound: one step alone has moved nothing that is kept.
        let (mut setbacks, mut taken) = (0, 0_u32);
        if size.reduced > 0 {
            progress(FolderProgress::Setback(format!("Steps of {} to keep {} MB of memory.", size.words(), self.common.memory_mb)));
        }
        while done < 1.0 {
            let rate = self.common.rate_factor * plan.rate_at(u64::from(step), done);
            step += 1;
            let crop = (largest[0] > size.crop[0] || largest[1] > size.crop[1]).then_some(Crop { size: size.crop });
            let batch = sampler.batch(examples, size.batch, crop, &augmentation);
            let stepped = self.trainer.step(&batch.iter().collect::<Vec<_>>(), rate, stop);
            match self.trainer.or_end(stepped, taken > 1)?.unwrap_or(Stepped::GivenUp) {
                Stepped::Taken(report) => {
                    sampler.hear(report.loss);
                    taken += 1;
                    loss = if loss.is_nan() { report.loss } else { 0.98 * loss + 0.02 * report.loss };
                }
                Stepped::Skipped | Stepped::GivenUp => {}
                Stepped::Cancelled => {
                    step -= 1;
                    break;
                }
                Stepped::TooLarge => {
                    let smaller = self.common.step_size(&self.trainer.snapshot(), size.reduced + 1);
                    if let Some(smaller) = self.trainer.or_end(smaller, taken > 1)? {
                        size = smaller;
                        progress(FolderProgress::Setback(self.trainer.note().unwrap_or_default().to_owned()));
                    }
                }
            }
            if self.trainer.setbacks() > setbacks {
                setbacks = self.trainer.setbacks();
                progress(FolderProgress::Setback(self.trainer.note().unwrap_or_default().to_owned()));
            }
            if self.trainer.gave_up().is_some() {
                break;
            }
            done = length.done(step);
            progress(FolderProgress::Step { step, of: length.steps_in_all(step), loss });
            if done >= 1.0 || done * LOOKS >= f64::from(looks) {
                looks = (done * LOOKS) as u32 + 1;
                let looked = self.look(step, progress);
                if self.trainer.or_end(looked, taken > 1)?.is_none() {
                    break;
                }
            }
        }
        // Weights that no step has moved are nothing learnt.
        if self.best.is_none() && taken > 1 {
            let looked = self.look(step, progress);
            self.trainer.or_end(looked, true)?;
            // The look failed, or was stopped like the training: what was learnt is kept unjudged.
            if self.best.is_none() {
                self.best = Some((self.trainer.snapshot(), self.common.unjudged()));
            }
        }
        let note = self.trainer.note().map(str::to_owned);
        // Slices smaller than the plan's crop are no reason to write another one down.
        let size = if size.reduced > 0 {
            StepSize { batch: size.batch, crop: size.crop }
        } else {
            StepSize { batch: plan.batch, crop: plan.crop }
        };
        Ok(Finished { best: self.best.filter(|_| taken > 1), steps: step, note, gave_up: self.trainer.gave_up(), size })
    }

    /// Looks at the held-out cases and keeps the model if it is the best so far; with none held out the newest is kept without a word.
    fn look(&mut self, step: u32, progress: &mut dyn FnMut(FolderProgress)) -> Result<(), String> {
        let model = self.trainer.snapshot();
        let Some(found) = judge(self.common, &model)? else { return Ok(()) };
        let best = match &self.best {
            Some((_, before)) => found.mean() >= before.mean(),
            None => true,
        };
        if !found.cases.is_empty() {
            progress(FolderProgress::Look { step, dice: means(&found), best });
        }
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
        cases.push(CaseScore::new(&held.name, dice_per_level(&proposal, &held.truths, &common.levels)));
    }
    Ok(Some(Evaluation { cases, ..common.unjudged() }))
}

/// Mean Dice per level.
pub(super) fn means(evaluation: &Evaluation) -> Vec<(String, Option<f64>)> {
    evaluation.levels.iter().enumerate().map(|(at, name)| (name.clone(), evaluation.summary(at).map(|s| s.mean))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::{ModelSpec, PreparedSlices, Rate, Recipe, TrainOptions};
    use crate::space::{Affine, Spacing};
    use crate::volume::{Grid, Image, Labels};
    use std::sync::Arc;
    use std::sync::atomic::Ordering;

    /// Whatever fails after something was learnt, that is kept, with the reason.
    #[test]
    fn an_error_ends_a_net_and_keeps_what_it_learnt() {
        let example = Example::new(vec![0.5; 256], (0..256).map(|n| u8::from(n % 16 > 7)).collect(), [16, 16]).unwrap();
        let plan = Plan { base: 2, depth: 2, crop: [16, 16], ..Plan::default() };
        let spec = ModelSpec { base: 2, depth: 2, ..ModelSpec::new("water", "marrow", 1, "R1") }.check().unwrap();
        let stop = AtomicBool::new(false);
        let common = Common {
            plan: &plan,
            rate_factor: 1.0,
            levels: vec![vec![1]],
            layer: "marrow",
            examples: vec![example],
            held_out: Vec::new(),
            data_bytes: 0,
            memory_mb: 1000,
            stop: &stop,
        };
        let run = |steps: usize, why| {
            let trainer = Trainer::new(&spec, Recipe::default(), plan.options).unwrap().failing_after(steps, why);
            Run::new(&common, trainer).finish(1, Length::new(20, None), &mut |_| {})
        };
        // Every smaller step meets it again.
        let finished = run(5, "out of memory").unwrap();
        assert!(finished.gave_up == Some(GaveUp::Error) && finished.best.is_some());
        assert!(finished.note.unwrap().contains("the best weights until then are kept"));
        assert!(run(0, "out of memory").is_err(), "nothing was learnt");
        // A device that fails otherwise is done without.
        let finished = run(5, "the cable is out").unwrap();
        assert!(finished.gave_up.is_none() && finished.best.is_some() && finished.steps == 20);
        assert!(finished.note.unwrap().contains("gone on with the CPU"));
    }

    /// A net that was stopped before its first look was lost: the look at its end was stopped, too.
    #[test]
    fn what_was_learnt_before_the_first_look_is_kept_when_stopped() {
        let grid = Arc::new(Grid::new([16, 16, 2], Affine::from_spacing(Spacing::UNIT)).unwrap());
        let image = Image::new(grid.clone(), (0..512).map(|n| (n % 16) as f32).collect::<Vec<_>>()).unwrap();
        let spec = ModelSpec { base: 2, depth: 2, ..ModelSpec::new("water", "bone", 1, "R1") }.check().unwrap();
        let recipe = Recipe::default();
        let prepared = PreparedSlices::new(&spec, &recipe, &[&image], 2).unwrap();
        let mut labels = Labels::empty(grid);
        (0..8).for_each(|at| labels.set([at, at, 0], 1));
        let (plan, stop) = (Plan { base: 2, depth: 2, ..Plan::default() }, AtomicBool::new(false));
        let common = Common {
            plan: &plan,
            rate_factor: 1.0,
            levels: vec![vec![1]],
            layer: "bone",
            examples: vec![prepared.example(0, &labels, |_| true).unwrap()],
            held_out: vec![Held { name: "h".to_owned(), prepared, truths: vec![labels] }],
            data_bytes: 0,
            memory_mb: 1000,
            stop: &stop,
        };
        let stopped_at = |last: u32| {
            stop.store(false, Ordering::Relaxed);
            let run = Run::new(&common, Trainer::new(&spec, recipe.clone(), plan.options).unwrap());
            let finished = run.finish(1, Length::new(1000, None), &mut |event| {
                stop.store(matches!(event, FolderProgress::Step { step, .. } if step >= last), Ordering::Relaxed);
            });
            finished.unwrap().best
        };
        let (model, found) = stopped_at(4).unwrap();
        assert_eq!((model.steps(), found.cases.len()), (4, 0));
        assert!(stopped_at(1).is_none(), "one step moves nothing that is kept");
    }

    #[test]
    fn a_net_goes_on_from_its_last_good_weights() {
        let planes: Vec<f32> = (0..256).map(|n| (n % 16) as f32 / 16.0).collect();
        let example = Example::new(planes.clone(), (0..256).map(|n| u8::from(n % 16 > 7)).collect(), [16, 16]).unwrap();
        let options = TrainOptions { rate: Rate::Constant { rate: 1e38 }, ..TrainOptions::default() };
        let plan = Plan { base: 2, depth: 2, options, ..Plan::default() };
        let spec = ModelSpec { base: 2, depth: 2, ..ModelSpec::new("water", "marrow", 1, "R1") }.check().unwrap();
        let stop = AtomicBool::new(false);
        let (examples, levels) = (vec![example], vec![vec![1]]);
        let common = Common {
            plan: &plan,
            rate_factor: 1.0,
            levels,
            layer: "marrow",
            examples,
            held_out: Vec::new(),
            data_bytes: 0,
            memory_mb: 1000,
            stop: &stop,
        };
        let mut run = Run::new(&common, Trainer::new(&spec, Recipe::default(), options).unwrap());
        // The first step spoils the weights; from then on the rate is a usual one.
        run.trainer = run.trainer.slowed_by(1e-41);
        let mut told = Vec::new();
        let finished = run.finish(1, Length::new(20, None), &mut |event| match event {
            FolderProgress::Setback(note) => told.push(note),
            FolderProgress::Step { loss, .. } => assert!(loss.is_finite()),
            _ => {}
        });
        let finished = finished.unwrap();
        assert_eq!((finished.steps, finished.gave_up, told.len()), (20, None, 1), "{told:?}");
        assert!(finished.note.unwrap().contains("gone on from the last good weights"));
        let (model, _) = finished.best.unwrap();
        assert!(model.predict_slice(&planes, [16, 16], &stop).unwrap().probability.iter().all(|p| p.is_finite()));
    }
}
