//! Training on a folder: cases held out by the seed, the best version on them kept.

use super::super::start_from::Beginning;
use super::cases::{Case, CaseTruth};
use super::evaluate::{CaseScore, Evaluation, dice_per_level, name, scored_levels};
use crate::learn::{
    Augmentation, Card, CheckedSpec, Crop, Example, LearnError, Model, ModelSpec, PreparedSlices, Rate, Recipe, Sampler, TrainOptions,
    Trainer, balanced_weights,
};
use crate::volume::Labels;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Slices per step.
const BATCH: usize = 4;
/// A step is taken on parts no larger than this.
const LARGEST_CROP: [usize; 2] = [192, 192];
/// How often the held-out cases are looked at over a training.
const LOOKS: u32 = 16;
/// Steps that are timed before a training of given minutes knows its number of steps.
const TIMED: u32 = 12;
/// Share of the minutes that steps may take; the rest is for looking at held-out cases.
const STEP_SHARE: f64 = 0.9;

/// What to learn and for how long.
#[derive(Clone, Debug)]
pub struct FolderTraining {
    /// Name of each input sequence.
    pub sequences: Vec<String>,
    /// `marrow` or `bone`.
    pub layer: String,
    /// Whose masks, for the card.
    pub labels_from: String,
    /// Steps to take; with `minutes` the most.
    pub steps: u32,
    /// Wall-clock minutes instead of a number of steps.
    pub minutes: Option<f64>,
    /// Where weights, held-out cases and batches come from.
    pub seed: u64,
    /// Share of the cases that is held out.
    pub held_out: f64,
    /// Channels of the first level.
    pub base: usize,
    /// Slices taken in on each side.
    pub neighbours: usize,
    /// Preparation of grey values.
    pub recipe: Recipe,
    /// Weights to go on from, with their own net, sequences and preparation; none: fresh ones.
    pub from: Option<Beginning>,
    /// What labels 1, 2, … are called, for the card; empty: the masks alone say it.
    pub label_keys: Vec<String>,
    /// When it began, for the card.
    pub created: String,
}

/// How far a training is.
#[derive(Clone, Debug)]
pub enum FolderProgress {
    /// Reading case number `at` of `of`.
    Reading {
        /// Cases read.
        at: usize,
        /// All.
        of: usize,
    },
    /// A step was taken.
    Step {
        /// Its number.
        step: u32,
        /// Of how many.
        of: u32,
        /// The loss, smoothed.
        loss: f32,
    },
    /// The held-out cases were looked at.
    Look {
        /// After this step.
        step: u32,
        /// Mean Dice per level.
        dice: Vec<(String, Option<f64>)>,
        /// Whether it is the best so far.
        best: bool,
    },
}

/// What came out.
#[derive(Debug)]
pub struct TrainedFolder {
    /// The version that did best on the held-out cases.
    pub model: Model,
    /// Its card.
    pub card: Card,
    /// Its figures on the held-out cases.
    pub held_out: Evaluation,
    /// Steps taken in all.
    pub steps: u32,
}

/// A case held out.
struct Held {
    name: String,
    prepared: PreparedSlices,
    truths: Vec<Labels>,
}

/// Trains; runs in the thread pool of whoever calls. `None` when `stop` was set before anything was learnt.
///
/// # Errors
/// One sentence that names the file or says what is missing.
pub fn train_folder(
    cases: &[Case],
    wish: &FolderTraining,
    stop: &AtomicBool,
    progress: &mut dyn FnMut(FolderProgress),
) -> Result<Option<TrainedFolder>, String> {
    let started = Instant::now();
    let (train, held) = split(cases, wish)?;
    let labels = highest_label(cases)?;
    if !wish.label_keys.is_empty() && wish.label_keys.len() != labels {
        return Err(format!("The masks hold labels up to {labels}, but {} are named; name as many.", wish.label_keys.len()));
    }
    let mut spec = ModelSpec {
        labels,
        seed: wish.seed,
        base: wish.base,
        neighbours: wish.neighbours,
        ..ModelSpec::new("", &wish.layer, labels, &wish.labels_from)
    };
    spec.sequences.clone_from(&wish.sequences);
    let checked = match &wish.from {
        Some(from) => {
            from.require(&wish.layer, wish.sequences.len(), labels)?;
            from.model.spec().clone()
        }
        None => spec.clone().check().map_err(|e| e.to_string())?,
    };
    let recipe = wish.from.as_ref().map_or(&wish.recipe, |from| from.model.recipe());
    let levels = scored_levels(checked.spec().labels, &wish.layer);
    let (mut examples, mut hashes, mut held_out) = (Vec::new(), Vec::new(), Vec::new());
    for (at, case) in train.iter().chain(&held).enumerate() {
        progress(FolderProgress::Reading { at, of: cases.len() });
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let (prepared, masks) = load(case, &checked, recipe)?;
        if at < train.len() {
            hashes.push(hash(case, &masks[0]));
            for slice in 0..prepared.slice_count() {
                examples.push(prepared.example(slice, &masks[0], |_| true).map_err(|e| format!("{}: {e}", case.name))?);
            }
        } else {
            let truths = CaseTruth::Mask.levels(&masks, &levels)?;
            held_out.push(Held { name: case.name.clone(), prepared, truths });
        }
    }
    let weights = Some(balanced_weights(&examples, checked.classes()));
    let options = TrainOptions { keep: 0.995, ..TrainOptions::default() };
    let trainer = if let Some(from) = &wish.from {
        let model = from.model.learning_from(&wish.labels_from, weights).map_err(|e| e.to_string())?;
        Trainer::resume(&model, options)
    } else {
        spec.class_weights = weights;
        Trainer::new(&spec.check().map_err(|e| e.to_string())?, recipe.clone(), options)
    };
    let trainer = trainer.map_err(|e| e.to_string())?;
    let mut run = Run { wish, levels, examples, held_out, trainer, best: None, started, stop };
    let steps = run.take_steps(progress)?;
    let Some((model, evaluation)) = run.best.take() else { return Ok(None) };
    let dice = means(&evaluation).into_iter().collect::<BTreeMap<_, _>>();
    let label_keys = wish.label_keys.clone();
    let mut card = Card { data_hashes: hashes, dice, label_keys, ..Card::of(&model, wish.seed, &wish.created) };
    if let Some(from) = &wish.from {
        from.write_on(&mut card);
    }
    Ok(Some(TrainedFolder { model, card, held_out: evaluation, steps }))
}

struct Run<'a> {
    wish: &'a FolderTraining,
    levels: Vec<Vec<u8>>,
    examples: Vec<Example>,
    held_out: Vec<Held>,
    trainer: Trainer,
    best: Option<(Model, Evaluation)>,
    started: Instant,
    stop: &'a AtomicBool,
}

impl Run<'_> {
    /// Takes the steps, looking at the held-out cases now and then; the number taken.
    fn take_steps(&mut self, progress: &mut dyn FnMut(FolderProgress)) -> Result<u32, String> {
        let augmentation = Augmentation::for_layer(&self.wish.layer);
        let mut sampler = Sampler::new(&self.examples, self.wish.seed).map_err(|e| e.to_string())?;
        let largest = self.examples.iter().fold([0, 0], |m: [usize; 2], e| [m[0].max(e.size()[0]), m[1].max(e.size()[1])]);
        let crop = (largest[0] > LARGEST_CROP[0] || largest[1] > LARGEST_CROP[1]).then_some(Crop { size: LARGEST_CROP });
        let mut steps = self.wish.steps.max(1);
        self.trainer.set_learning_rate(Rate::Cosine { peak: self.peak(), steps: u64::from(steps) });
        let (mut loss, mut timed) = (f32::NAN, Instant::now());
        let mut step = 0;
        while step < steps {
            step += 1;
            let batch = sampler.batch(&self.examples, BATCH, crop, &augmentation);
            match self.trainer.step(&batch.iter().collect::<Vec<_>>(), self.stop) {
                Ok(report) => loss = if loss.is_nan() { report.loss } else { 0.98 * loss + 0.02 * report.loss },
                Err(LearnError::NothingLabelled | LearnError::NotFinite { .. }) => {}
                Err(LearnError::Cancelled) => break,
                Err(error) => return Err(error.to_string()),
            }
            if let Some(minutes) = self.wish.minutes {
                if step == 2 {
                    timed = Instant::now();
                }
                if step == TIMED + 2 {
                    let per_step = timed.elapsed().as_secs_f64() / f64::from(TIMED);
                    let left = (minutes * 60.0 - self.started.elapsed().as_secs_f64()).max(0.0) * STEP_SHARE;
                    steps = (f64::from(step) + left / per_step.max(1e-6)).min(f64::from(self.wish.steps)) as u32;
                    self.trainer.set_learning_rate(Rate::Cosine { peak: self.peak(), steps: u64::from(steps) });
                }
                // A machine that grew slower must not overrun its minutes.
                if self.started.elapsed().as_secs_f64() > minutes * 60.0 {
                    steps = step;
                }
            }
            progress(FolderProgress::Step { step, of: steps, loss });
            if step == steps || (step >= steps / 4 && step % (steps / LOOKS).max(50) == 0) {
                self.look(step, progress)?;
            }
        }
        if self.best.is_none() && step > 1 {
            self.look(step, progress)?;
        }
        Ok(step)
    }

    /// Highest learning rate; weights that are good already move less.
    const fn peak(&self) -> f64 {
        if self.wish.from.is_some() { 2e-3 } else { 4e-3 }
    }

    /// Looks at the held-out cases and keeps the model if it is the best so far; with none held out the newest is kept.
    fn look(&mut self, step: u32, progress: &mut dyn FnMut(FolderProgress)) -> Result<(), String> {
        let model = self.trainer.snapshot();
        let mut cases = Vec::with_capacity(self.held_out.len());
        for held in &self.held_out {
            let proposal = match model.predict_prepared(&held.prepared, None, self.stop, &mut |_, _| {}) {
                Ok(labels) => labels,
                Err(LearnError::Cancelled) if self.best.is_some() => return Ok(()),
                Err(error) => return Err(format!("{}: {error}", held.name)),
            };
            cases.push(CaseScore { name: held.name.clone(), dice: dice_per_level(&proposal, &held.truths, &self.levels) });
        }
        let found = Evaluation { levels: self.levels.iter().map(|level| name(level)).collect(), cases };
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

/// Cases to learn from and cases held out, drawn by the seed.
fn split<'a>(cases: &'a [Case], wish: &FolderTraining) -> Result<(Vec<&'a Case>, Vec<&'a Case>), String> {
    if cases.is_empty() {
        return Err("There is no case with all its images and a mask; check the patterns.".to_owned());
    }
    let mut order: Vec<usize> = (0..cases.len()).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(wish.seed));
    let held = ((cases.len() as f64 * wish.held_out.clamp(0.0, 0.5)).round() as usize).min(cases.len() - 1);
    let (held, train) = order.split_at(held);
    let sorted = |numbers: &[usize]| {
        let mut numbers = numbers.to_vec();
        numbers.sort_unstable();
        numbers.into_iter().map(|n| &cases[n]).collect()
    };
    Ok((sorted(train), sorted(held)))
}

fn load(case: &Case, spec: &CheckedSpec, recipe: &Recipe) -> Result<(PreparedSlices, Vec<Labels>), String> {
    let (images, axis) = case.load_images()?;
    let masks = case.load_masks(&images[0])?;
    let refs: Vec<_> = images.iter().collect();
    let prepared = PreparedSlices::new(spec, recipe, &refs, axis).map_err(|e| format!("{}: {e}", case.name))?;
    Ok((prepared, masks))
}

/// The highest label of any mask: what there is to learn.
fn highest_label(cases: &[Case]) -> Result<usize, String> {
    let mut highest = 0;
    for case in cases {
        for path in &case.masks {
            let labels = crate::io::read_labels_nifti(path).map_err(|e| e.to_string())?;
            labels.for_each_labelled(|_, label| highest = highest.max(label));
        }
    }
    if highest == 0 { Err("No mask holds a label; there is nothing to learn.".to_owned()) } else { Ok(usize::from(highest)) }
}

fn means(evaluation: &Evaluation) -> Vec<(String, Option<f64>)> {
    evaluation.levels.iter().enumerate().map(|(at, name)| (name.clone(), evaluation.summary(at).map(|s| s.mean))).collect()
}

fn hash(case: &Case, labels: &Labels) -> String {
    let sha: String = Sha256::digest(labels.to_dense()).iter().take(8).map(|b| format!("{b:02x}")).collect();
    format!("{}:{sha}", case.name)
}
