//! Training on a folder: cases held out by the seed, the best version on them kept.

use super::super::length::{Length, span};
use super::super::memory_plan::StepSize;
use super::super::message::GaveUp;
use super::super::start_from::Beginning;
use super::cases::{Case, CaseTruth, Purpose};
use super::evaluate::{Evaluation, scored_levels};
use super::run::{Common, FEWER, Run, judge, means};
use crate::learn::{
    Card, CheckedSpec, Compute, Example, Model, ModelSpec, Plan, PreparedSlices, Recipe, Trainer, balanced_weights, learnt_recipe,
};
use crate::volume::Labels;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use sha2::{Digest as _, Sha256};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Said where not one net learnt anything.
const UNSTABLE: &str = "Training was unstable from the first step on and nothing was learnt: lower the learning rate of the plan, or look \
                        for images with extreme grey values.";

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
    /// The net and how it is trained.
    pub plan: Plan,
    /// Weights to go on from, with their own net, sequences and preparation; none: fresh ones.
    pub from: Option<Beginning>,
    /// What the training may need, in MB.
    pub memory_mb: u32,
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
    /// The loss was no number; how it goes on, in one sentence.
    Setback(String),
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
    /// What went wrong last and how it went on, in one sentence.
    pub note: Option<String>,
    /// Why a net could not go on, if one could not: it is the best before that.
    pub gave_up: Option<GaveUp>,
}

/// A case held out.
pub(super) struct Held {
    /// Its name.
    pub name: String,
    /// Its slices.
    pub prepared: PreparedSlices,
    /// For each level, where it is.
    pub truths: Vec<Labels>,
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
    let plan = &wish.plan;
    plan.check()?;
    let (train, held) = split(cases, wish)?;
    let labels = highest_label(cases)?;
    if !wish.label_keys.is_empty() && wish.label_keys.len() != labels {
        return Err(format!("The masks hold labels up to {labels}, but {} are named; name as many.", wish.label_keys.len()));
    }
    let checked = match &wish.from {
        Some(from) => {
            from.require(&wish.layer, wish.sequences.len(), labels)?;
            from.model.spec().clone()
        }
        None => plan.spec(&wish.sequences, &wish.layer, labels, &wish.labels_from, wish.seed).check().map_err(|e| e.to_string())?,
    };
    let recipe = match &wish.from {
        Some(from) => from.model.recipe().clone(),
        None => match learn_recipe(&plan.recipe_for(&wish.sequences), &train, stop, progress)? {
            Some(recipe) => recipe,
            None => return Ok(None),
        },
    };
    // Weights that are good already move less.
    let rate_factor = if wish.from.is_some() { 0.5 } else { 1.0 };
    let levels = scored_levels(checked.spec().labels, &wish.layer);
    let (examples, held_out, memory_mb) = (Vec::new(), Vec::new(), wish.memory_mb);
    let mut common = Common { plan, rate_factor, levels, layer: &wish.layer, examples, held_out, data_bytes: 0, memory_mb, stop };
    let Some(hashes) = gather(&mut common, [&train, &held], &checked, &recipe, progress)? else { return Ok(None) };
    let weights = plan.class_weights.clone().unwrap_or_else(|| balanced_weights(&common.examples, checked.classes()));
    let beginning = Start { spec: &checked, recipe: &recipe, weights };
    let Some(Members { model, evaluation, steps, size, note, gave_up }) = train_members(&common, wish, &beginning, started, progress)?
    else {
        return Ok(None);
    };
    let mut card = Card { data_hashes: hashes, dice: means(&evaluation).into_iter().collect(), ..card_of(wish, &model, size, &held) };
    if let Some(from) = &wish.from {
        from.write_on(&mut card);
    }
    Ok(Some(TrainedFolder { model, card, held_out: evaluation, steps, note, gave_up }))
}

/// Reads the cases, those to learn from and those held out, one at a time; a hash of each one's labels that are learnt from. `None` when
/// stopped.
fn gather(
    common: &mut Common<'_>,
    [train, held]: [&[&Case]; 2],
    spec: &CheckedSpec,
    recipe: &Recipe,
    progress: &mut dyn FnMut(FolderProgress),
) -> Result<Option<Vec<String>>, String> {
    let has_thick = common.plan.augmentation_for(common.layer, recipe).thickness > 0.0;
    let (of, memory_mb) = (train.len() + held.len(), common.memory_mb);
    let mut hashes = Vec::with_capacity(train.len());
    for (at, case) in train.iter().chain(held).enumerate() {
        progress(FolderProgress::Reading { at, of });
        if common.stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let (prepared, masks) = load(case, spec, recipe)?;
        let learns = at < train.len();
        let bytes = if learns {
            // Thicker slices stand beside the others.
            prepared.slice_count() * prepared.example_bytes() * if has_thick { 2 } else { 1 }
        } else {
            prepared.bytes() + common.levels.len() * masks[0].grid().voxel_count()
        };
        common.data_bytes += bytes as u64;
        if common.data_bytes > u64::from(memory_mb) << 20 {
            return Err(format!(
                "{} of {of} cases fill the {memory_mb} MB of memory allowed: raise the memory ceiling with --memory-mb, or {FEWER}.",
                at + 1
            ));
        }
        if !learns {
            let truths = CaseTruth::Mask.levels(case, &masks, &common.levels)?;
            common.held_out.push(Held { name: case.name.clone(), prepared, truths });
            continue;
        }
        hashes.push(hash(case, &masks[0]));
        for slice in 0..prepared.slice_count() {
            let made = prepared.example(slice, &masks[0], |_| true);
            let made = made.and_then(|e| if has_thick { Ok(e.with_thick(prepared.thick_planes(slice)?)) } else { Ok(e) });
            common.examples.push(made.map_err(|e| format!("{}: {e}", case.name))?);
        }
    }
    Ok(Some(hashes))
}

/// The card of a training as it was done, not as it was wished for.
fn card_of(wish: &FolderTraining, model: &Model, size: StepSize, held: &[&Case]) -> Card {
    let of_net = if wish.from.is_some() { wish.plan.of_net(model.spec().spec(), model.recipe()) } else { wish.plan.clone() };
    let StepSize { batch, crop } = size;
    let plan = Plan { members: model.member_count(), batch, crop, ..of_net };
    let names: Vec<&str> = held.iter().map(|case| case.name.as_str()).collect();
    let held_out = if names.is_empty() { String::new() } else { format!("{} cases held out: {}", names.len(), names.join(", ")) };
    Card { label_keys: wish.label_keys.clone(), plan: Some(plan), held_out, ..Card::of(model, wish.seed, &wish.created) }
}

/// What every net starts from, where it does not go on from another's weights.
struct Start<'a> {
    spec: &'a CheckedSpec,
    recipe: &'a Recipe,
    weights: Vec<f32>,
}

/// All nets as one model.
struct Members {
    model: Model,
    evaluation: Evaluation,
    steps: u32,
    size: StepSize,
    note: Option<String>,
    gave_up: Option<GaveUp>,
}

/// Trains the nets one after another, each in its share of the time, and joins them. `None` when stopped before there was one.
fn train_members(
    common: &Common<'_>,
    wish: &FolderTraining,
    start: &Start<'_>,
    started: Instant,
    progress: &mut dyn FnMut(FolderProgress),
) -> Result<Option<Members>, String> {
    let members = wish.plan.members as u32;
    let deadline = wish.minutes.map(|minutes| started + span(minutes));
    let (mut models, mut figures, mut steps) = (Vec::new(), None, 0);
    let (mut note, mut gave_up, mut size) = (None, None, StepSize { batch: wish.plan.batch, crop: wish.plan.crop });
    for member in 0..members {
        if common.stop.load(Ordering::Relaxed) {
            break;
        }
        let seed = wish.seed.wrapping_add(u64::from(member) * 0x9E37_79B9);
        let weights = Some(start.weights.clone());
        let trainer = if let Some(from) = &wish.from {
            let model = from.model.learning_from(&wish.labels_from, weights).map_err(|e| e.to_string())?;
            Trainer::resume(&model, wish.plan.options)
        } else {
            let spec = ModelSpec { seed, class_weights: weights, ..start.spec.spec().clone() };
            Trainer::new(&spec.check().map_err(|e| e.to_string())?, start.recipe.clone(), wish.plan.options)
        };
        let trainer = trainer.map_err(|e| e.to_string())?.on(&Compute::best().0);
        let now = Instant::now();
        let until = deadline.map(|end| (now, now + end.saturating_duration_since(now) / (members - member)));
        let length = Length::new(wish.steps / members, until);
        let finished = Run::new(common, trainer).finish(seed, length, progress)?;
        steps += finished.steps;
        gave_up = finished.gave_up.or(gave_up);
        size = finished.size;
        note = finished.note.or(note);
        if let Some((model, found)) = finished.best {
            models.push(model);
            figures = Some(found);
        }
    }
    let Some(figures) = figures else {
        // Nothing to keep, and not because somebody stopped it.
        return match note.filter(|_| gave_up.is_some()) {
            Some(_) => Err(UNSTABLE.to_owned()),
            None => Ok(None),
        };
    };
    let alone = models.len() == 1;
    let model = Model::joined(models).map_err(|e| e.to_string())?;
    let joint = if alone { Ok(Some(figures)) } else { judge(common, &model) };
    // Stopped or failed before all were judged together: one member's figures are not theirs.
    let evaluation = joint.unwrap_or_else(|why| {
        (note, gave_up) = (Some(why), Some(GaveUp::Error));
        None
    });
    let evaluation = evaluation.unwrap_or_else(|| common.unjudged());
    Ok(Some(Members { model, evaluation, steps, size, note, gave_up }))
}

/// The recipe with what it learns from the training cases, read one at a time; `None` when stopped.
fn learn_recipe(
    recipe: &Recipe,
    train: &[&Case],
    stop: &AtomicBool,
    progress: &mut dyn FnMut(FolderProgress),
) -> Result<Option<Recipe>, String> {
    let learnt = learnt_recipe(recipe, train.len(), &mut |at| {
        progress(FolderProgress::Reading { at, of: train.len() });
        if stop.load(Ordering::Relaxed) { Err("stopped".to_owned()) } else { train[at].load_images(Purpose::Learn) }
    });
    if stop.load(Ordering::Relaxed) { Ok(None) } else { learnt.map(Some) }
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
    let (images, axis) = case.load_images(Purpose::Learn)?;
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
            // A tie in a consensus is nobody's label and counts for nothing.
            labels.for_each_labelled(|_, label| highest = highest.max(if label == Example::IGNORE { 0 } else { label }));
            if usize::from(highest) > ModelSpec::MOST_LABELS {
                let (file, most) = (path.display(), ModelSpec::MOST_LABELS);
                return Err(format!(
                    "{file} holds label {highest}, but a net learns labels 1 to {most} (255: not counted); renumber them."
                ));
            }
        }
    }
    if highest == 0 { Err("No mask holds a label; there is nothing to learn.".to_owned()) } else { Ok(usize::from(highest)) }
}

fn hash(case: &Case, labels: &Labels) -> String {
    let sha: String = Sha256::digest(labels.to_dense()).iter().take(8).map(|b| format!("{b:02x}")).collect();
    format!("{}:{sha}", case.name)
}
