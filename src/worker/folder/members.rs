//! The nets of a folder training: one after another, each in its share of the time, joined into one model.

use super::super::length::{Length, span};
use super::super::memory_plan::StepSize;
use super::super::message::GaveUp;
use super::evaluate::Evaluation;
use super::run::{Common, Run, judge};
use super::train::{FolderProgress, FolderTraining};
use crate::learn::{CheckedSpec, Compute, Model, ModelSpec, Recipe, SpecError, Trainer};
use std::sync::atomic::Ordering;
use std::time::Instant;

/// Said where not one net learnt anything.
const UNSTABLE: &str = "Training was unstable from the first step on and nothing was learnt: lower the learning rate of the plan, or look \
                        for images with extreme grey values.";
/// Fewer steps leave a net's weights as they were: those of a step count once the next one has found them sound.
const LEAST_STEPS: u32 = 2;

/// What every net starts from, where it does not go on from another's weights.
pub(super) struct Start<'a> {
    /// The net.
    pub spec: &'a CheckedSpec,
    /// How grey values are prepared.
    pub recipe: &'a Recipe,
    /// Weight of each class.
    pub weights: Vec<f32>,
}

/// All nets as one model.
pub(super) struct Members {
    /// The model.
    pub model: Model,
    /// Its figures on the held-out cases.
    pub evaluation: Evaluation,
    /// Steps of all nets.
    pub steps: u32,
    /// How large they were.
    pub size: StepSize,
    /// What went wrong last and how it went on.
    pub note: Option<String>,
    /// Why a net could not go on, if one could not.
    pub gave_up: Option<GaveUp>,
}

/// Refuses more nets than there are to go on from, and steps too few to move each of them.
///
/// # Errors
/// One sentence.
pub(super) fn require_members(wish: &FolderTraining) -> Result<(), String> {
    let members = wish.plan.members;
    if let Some(from) = wish.from.as_ref().filter(|from| from.model.member_count() < members) {
        return Err(format!(
            "{} has {} net(s), so that {members} cannot go on from it; ask for no more with --members and `members`, or train without --from.",
            from.name,
            from.model.member_count()
        ));
    }
    let least = LEAST_STEPS * members as u32;
    if wish.steps < least {
        return Err(format!("{} step(s) for {members} net(s) would leave weights as they were; take at least {least} steps.", wish.steps));
    }
    Ok(())
}

/// Trains the nets. `None` when stopped before there was one.
///
/// # Errors
/// One sentence.
pub(super) fn train_members(
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
        let trainer = trainer(wish, start, member as usize, seed)?.on(&Compute::best().0);
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

/// One net before its first step: fresh, or with the weights of the same net of the model it goes on from.
fn trainer(wish: &FolderTraining, start: &Start<'_>, member: usize, seed: u64) -> Result<Trainer, String> {
    let words = |why: SpecError| why.to_string();
    let weights = Some(start.weights.clone());
    let trainer = if let Some(from) = &wish.from {
        let own = from.model.member(member).ok_or_else(|| format!("{} has no net number {}.", from.name, member + 1))?;
        let model = own.learning_from(&wish.labels_from, weights).map_err(words)?;
        Trainer::resume(&model.rewarded_for(wish.plan.objective).map_err(words)?, wish.plan.options)
    } else {
        let spec = ModelSpec { seed, class_weights: weights, ..start.spec.spec().clone() };
        Trainer::new(&spec.check().map_err(words)?, start.recipe.clone(), wish.plan.options)
    };
    trainer.map_err(|e| e.to_string())
}
