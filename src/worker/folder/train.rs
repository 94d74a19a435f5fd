//! Training on a folder: cases held out by the seed, the best version on them kept.

use super::super::memory_plan::StepSize;
use super::super::message::GaveUp;
use super::super::start_from::Beginning;
use super::cases::Case;
use super::evaluate::Evaluation;
use super::gather::{Gathered, gather, learn_recipe, require_room};
use super::levels::{highest_label, learnt_labels, scored_levels};
use super::members::{Members, Start, require_members, train_members};
use super::run::{Common, means};
use crate::learn::{Card, CheckedSpec, Model, Plan, PreparedSlices, balanced_weights};
use crate::volume::Labels;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

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
    /// Share of the cases that is held out; above zero at least one of several is.
    pub held_out: f64,
    /// The net and how it is trained; with `from` it has as many nets as go on, and its objective is what they are rewarded for.
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
    require_members(wish)?;
    let (train, held) = split(cases, wish)?;
    let checked = spec(wish, highest_label(cases, &wish.layer, wish.memory_mb)?)?;
    let recipe = wish.from.as_ref().map_or_else(|| plan.recipe_for(&wish.sequences), |from| from.model.recipe().clone());
    // Weights that are good already move less.
    let rate_factor = if wish.from.is_some() { 0.5 } else { 1.0 };
    let levels = scored_levels(checked.spec().labels, &wish.layer);
    let (examples, held_out, memory_mb) = (Vec::new(), Vec::new(), wish.memory_mb);
    let mut common = Common { plan, rate_factor, levels, layer: &wish.layer, examples, held_out, data_bytes: 0, memory_mb, stop };
    require_room(&common, [&train, &held], &checked, &recipe)?;
    let learnt = if wish.from.is_some() { Some(recipe) } else { learn_recipe(&recipe, &train, stop, progress)? };
    let Some(recipe) = learnt else { return Ok(None) };
    let Some(data) = gather(&mut common, [&train, &held], &checked, &recipe, progress)? else { return Ok(None) };
    let weights = plan.class_weights.clone().unwrap_or_else(|| balanced_weights(&common.examples, checked.classes()));
    let beginning = Start { spec: &checked, recipe: &recipe, weights };
    let Some(Members { model, evaluation, steps, size, note, gave_up }) = train_members(&common, wish, &beginning, started, progress)?
    else {
        return Ok(None);
    };
    let dice = means(&evaluation).into_iter().collect();
    let card = card_of(wish, &model, size, &held, data);
    Ok(Some(TrainedFolder { model, card: Card { dice, ..card }, held_out: evaluation, steps, note, gave_up }))
}

/// What is learnt from masks whose highest label is this one.
fn spec(wish: &FolderTraining, highest: usize) -> Result<CheckedSpec, String> {
    let labels = match &wish.from {
        Some(from) => {
            from.require(&wish.layer, wish.sequences.len(), highest)?;
            from.model.spec().spec().labels
        }
        None => learnt_labels(&wish.layer, highest),
    };
    if !wish.label_keys.is_empty() && wish.label_keys.len() != labels {
        return Err(format!("The model knows {labels} label(s), but {} are named; name as many.", wish.label_keys.len()));
    }
    match &wish.from {
        Some(from) => Ok(from.model.spec().clone()),
        None => wish.plan.spec(&wish.sequences, &wish.layer, labels, &wish.labels_from, wish.seed).check().map_err(|e| e.to_string()),
    }
}

/// The card of a training as it was done, not as it was wished for.
fn card_of(wish: &FolderTraining, model: &Model, size: StepSize, held: &[&Case], data: Gathered) -> Card {
    let of_net = if wish.from.is_some() { wish.plan.of_net(model.spec().spec(), model.recipe()) } else { wish.plan.clone() };
    let StepSize { batch, crop } = size;
    let plan = Plan { members: model.member_count(), batch, crop, ..of_net };
    let names: Vec<&str> = held.iter().map(|case| case.name.as_str()).collect();
    let held_out = if names.is_empty() { String::new() } else { format!("{} cases held out: {}", names.len(), names.join(", ")) };
    let Gathered { hashes: data_hashes, images: learnt_images } = data;
    let known = Card { data_hashes, learnt_images, ..Card::of(model, wish.seed, &wish.created) };
    let mut card = Card { label_keys: wish.label_keys.clone(), plan: Some(plan), held_out, ..known };
    if let Some(from) = &wish.from {
        from.write_on(&mut card);
        // What the weights learnt before they still know.
        let before = from.card.data_hashes.iter().filter(|line| !card.data_hashes.contains(line)).cloned().collect::<Vec<_>>();
        card.data_hashes.extend(before);
        card.learnt_images.extend(from.card.learnt_images.iter().cloned());
    }
    card
}

/// Cases to learn from and cases held out, drawn by the seed.
fn split<'a>(cases: &'a [Case], wish: &FolderTraining) -> Result<(Vec<&'a Case>, Vec<&'a Case>), String> {
    if cases.is_empty() {
        return Err("There is no case with all its images and a mask; check the patterns.".to_owned());
    }
    let mut order: Vec<usize> = (0..cases.len()).collect();
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(wish.seed));
    let (held, train) = order.split_at(held_count(cases.len(), wish.held_out));
    let sorted = |numbers: &[usize]| {
        let mut numbers = numbers.to_vec();
        numbers.sort_unstable();
        numbers.into_iter().map(|n| &cases[n]).collect()
    };
    Ok((sorted(train), sorted(held)))
}

/// How many cases are held out: a share above zero is at least one of them, since nothing else can say which version is best; the last
/// one is always learnt from.
fn held_count(cases: usize, share: f64) -> usize {
    let share = share.clamp(0.0, 0.5);
    let rounded = (cases as f64 * share).round() as usize;
    rounded.max(usize::from(share > 0.0)).min(cases.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With four cases or fewer a tenth of them was none.
    #[test]
    fn a_share_above_zero_holds_out_one_of_several_cases() {
        let of = |share: f64| (1..=6).map(|cases| held_count(cases, share)).collect::<Vec<_>>();
        assert_eq!(of(0.1), [0, 1, 1, 1, 1, 1]);
        assert_eq!(of(0.0), [0; 6]);
        assert_eq!(of(0.5), [0, 1, 2, 2, 3, 3]);
        assert_eq!([16, 40, 44, 46].map(|cases| held_count(cases, 0.1)), [2, 4, 4, 5]);
    }
}
