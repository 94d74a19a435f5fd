//! The correction loop played back: how much less a reader has to do, exam by exam, as the model learns from their corrections.

use super::super::steady::{SteadyTrainer, Stepped};
use super::cases::{Case, Purpose};
use super::evaluate::dice_per_level;
use super::levels::{MARROW_LABELS as LEVELS, scored_levels};
use crate::consensus::level_mask;
use crate::learn::{
    CheckedSpec, Compute, Crop, Example, LearnError, Model, Plan, PreparedSlices, Recipe, Sampler, Trainer, balanced_weights,
};
use crate::phantom::strokes_between;
use crate::space::SlicePlane;
use crate::volume::Labels;
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is learnt and corrected.
const LAYER: &str = "marrow";

/// What is played.
#[derive(Clone, Debug)]
pub struct CurveWish {
    /// Name of each input sequence.
    pub sequences: Vec<String>,
    /// Whose masks: the corrector.
    pub corrector: String,
    /// Steps of every retraining.
    pub steps: u32,
    /// Where weights and batches come from.
    pub seed: u64,
    /// The net and how it is trained; the class weights, where it gives none, are balanced by what there is to learn from.
    pub plan: Plan,
    /// Whether retrainings ask for what [`Model::going_on`] does, as those in the window do; otherwise for what the plan asks.
    pub as_in_window: bool,
    /// What the learning rate is multiplied by in retrainings; 1 in the window.
    pub retraining_rate: f64,
}

/// What one exam cost.
#[derive(Clone, Debug, PartialEq)]
pub struct CurvePoint {
    /// The exam.
    pub name: String,
    /// Voxels that hold a label in the corrector's mask: what there is to paint without a proposal.
    pub painted: u64,
    /// Voxels where the proposal differs from the corrector's mask; all painted ones where there was no proposal.
    pub relabelled: u64,
    /// Strokes of the simulated brush, for each of [`LEAVES`].
    pub strokes: [Strokes; LEAVES.len()],
    /// Dice of proposal and mask on each of [`scored_levels`], as in an evaluation; empty where there was no proposal.
    pub dice: Vec<Option<f64>>,
}

/// Strokes of a simulated brush.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strokes {
    /// From empty slices.
    pub from_empty: usize,
    /// From the proposal.
    pub to_correct: usize,
}

impl Strokes {
    /// Strokes from the proposal ÷ strokes from empty slices; `None` where there is nothing to paint.
    #[must_use]
    pub fn ratio(self) -> Option<f64> {
        (self.from_empty > 0).then(|| self.to_correct as f64 / self.from_empty as f64)
    }
}

/// Shares of a level's pixels on a slice that may stay wrong, from empty slices and from the proposal alike: nearly none, half of
/// what two readers differ by at least (0.5 of what is painted), and as much as they do.
pub const LEAVES: [f64; 3] = [0.07, 0.25, 0.5];

impl CurvePoint {
    /// Relabelled ÷ painted voxels; `None` where the mask is empty.
    #[must_use]
    pub fn voxel_ratio(&self) -> Option<f64> {
        (self.painted > 0).then(|| self.relabelled as f64 / self.painted as f64)
    }
}

/// How far the play is.
#[derive(Clone, Debug)]
pub enum CurveProgress {
    /// An exam was proposed on and corrected.
    Exam(CurvePoint),
    /// A step of the retraining after exam number `exam` (from 1).
    Step {
        /// After which exam.
        exam: usize,
        /// Steps taken.
        step: u32,
        /// The loss of the step.
        loss: f32,
    },
}

/// Plays `cases` in their order: propose with what was learnt so far, correct to the mask, learn from all corrected so far.
/// `None` soon after `stop` is set.
///
/// # Errors
/// One sentence that names the file or says what is missing.
pub fn play_corrections(
    cases: &[Case],
    wish: &CurveWish,
    stop: &AtomicBool,
    progress: &mut dyn FnMut(&CurveProgress),
) -> Result<Option<Vec<CurvePoint>>, String> {
    if wish.plan.members > 1 {
        return Err(format!("The plan asks for {} nets, but the loop is played with one; set `members` to 1.", wish.plan.members));
    }
    let recipe = wish.plan.recipe_for(&wish.sequences);
    if recipe.learns() {
        return Err("The plan's recipe is learnt from all exams, but the loop begins with none; take another recipe.".to_owned());
    }
    let mut play = Play { wish, stop, recipe, examples: Vec::new(), model: None };
    let mut points = Vec::with_capacity(cases.len());
    for (at, case) in cases.iter().enumerate() {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let named = |e: LearnError| format!("{}: {e}", case.name);
        let (images, axis) = case.load_images(Purpose::Learn)?;
        let mask = case.load_masks(&images[0], LAYER)?.swap_remove(0);
        let refs: Vec<_> = images.iter().collect();
        let prepared = PreparedSlices::new(&play.spec(None)?, &play.recipe, &refs, axis).map_err(named)?;
        let proposal = match &play.model {
            None => None,
            Some(model) => match model.predict_prepared(&prepared, None, stop, &mut |_, _| {}) {
                Err(LearnError::Cancelled) => return Ok(None),
                other => Some(other.map_err(named)?),
            },
        };
        let point = cost(&case.name, proposal.as_ref(), &mask, axis);
        progress(&CurveProgress::Exam(point.clone()));
        points.push(point);
        if at + 1 == cases.len() {
            break;
        }
        for slice in 0..prepared.slice_count() {
            play.examples.push(prepared.example(slice, &mask, |_| true).map_err(named)?);
        }
        if !play.learn(at + 1, progress)? {
            return Ok(None);
        }
    }
    Ok(Some(points))
}

/// What it costs to turn a proposal into the mask.
fn cost(name: &str, proposal: Option<&Labels>, mask: &Labels, axis: usize) -> CurvePoint {
    let grid = mask.grid();
    let empty = Labels::empty(grid.clone());
    let start = proposal.unwrap_or(&empty);
    let (mut painted, mut relabelled) = (0, 0);
    mask.for_each_labelled(|voxel, label| {
        painted += 1;
        relabelled += u64::from(start.get(voxel) != label);
    });
    start.for_each_labelled(|voxel, _| relabelled += u64::from(mask.get(voxel) == 0));
    let levels = scored_levels(LEVELS, LAYER);
    let truths: Vec<Labels> = levels.iter().map(|level| level_mask(mask, level)).collect();
    let dice = proposal.map(|proposal| dice_per_level(proposal, &truths, &levels)).unwrap_or_default();
    let plane = SlicePlane::new(grid.world_from_voxel(), grid.shape(), axis);
    let strokes = LEAVES.map(|leave| {
        let count = |start: &Labels| -> usize {
            (0..plane.slice_count()).into_par_iter().map(|slice| strokes_between(start, mask, &plane, slice, leave).len()).sum()
        };
        Strokes { from_empty: count(&empty), to_correct: count(start) }
    });
    CurvePoint { name: name.to_owned(), painted, relabelled, strokes, dice }
}

struct Play<'a> {
    wish: &'a CurveWish,
    stop: &'a AtomicBool,
    recipe: Recipe,
    examples: Vec<Example>,
    model: Option<Model>,
}

impl Play<'_> {
    fn spec(&self, weights: Option<Vec<f32>>) -> Result<CheckedSpec, String> {
        let CurveWish { plan, sequences, corrector, seed, .. } = self.wish;
        let mut spec = plan.spec(sequences, LAYER, LEVELS, corrector, *seed);
        spec.class_weights = weights;
        spec.check().map_err(|e| e.to_string())
    }

    /// A trainer that goes on from the weights so far, or from fresh ones.
    fn trainer(&self) -> Result<Trainer, String> {
        let CurveWish { plan, corrector, as_in_window, .. } = self.wish;
        let classes = self.spec(None)?.classes();
        let weights = || plan.class_weights.clone().unwrap_or_else(|| balanced_weights(&self.examples, classes));
        let trainer = match &self.model {
            Some(model) => {
                let model = if *as_in_window { model.going_on(corrector) } else { model.learning_from(corrector, Some(weights())) };
                Trainer::resume(&model.map_err(|e| e.to_string())?, plan.options)
            }
            None => Trainer::new(&self.spec(Some(weights()))?, self.recipe.clone(), plan.options),
        };
        Ok(trainer.map_err(|e| e.to_string())?.on(&Compute::best().0))
    }

    /// One retraining on all examples so far; `false` if it was stopped.
    fn learn(&mut self, exam: usize, progress: &mut dyn FnMut(&CurveProgress)) -> Result<bool, String> {
        let plan = &self.wish.plan;
        let mut trainer = SteadyTrainer::new(self.trainer()?);
        let augmentation = plan.augmentation_for(LAYER, &self.recipe);
        let sampler = Sampler::new(&self.examples, self.wish.seed.wrapping_add(exam as u64)).map_err(|e| e.to_string())?;
        let mut sampler = sampler.with_shares(plan.label_share, plan.replay);
        let (factor, steps) = (if self.model.is_some() { self.wish.retraining_rate } else { 1.0 }, self.wish.steps.max(1));
        for step in 1..=steps {
            let rate = factor * plan.rate_at(u64::from(step - 1), f64::from(step - 1) / f64::from(steps));
            let batch = sampler.batch(&self.examples, plan.batch, Some(Crop { size: plan.crop }), &augmentation);
            match trainer.step(&batch.iter().collect::<Vec<_>>(), rate, self.stop)? {
                Stepped::Taken(report) => {
                    sampler.hear(report.loss);
                    progress(&CurveProgress::Step { exam, step, loss: report.loss });
                }
                Stepped::Skipped => {}
                Stepped::Cancelled => return Ok(false),
                // A curve of which one point did not learn as the others did says nothing.
                Stepped::TooLarge | Stepped::GivenUp => return Err(format!("exam {exam}: {}", trainer.note().unwrap_or_default())),
            }
        }
        self.model = Some(trainer.snapshot());
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Affine, Spacing};
    use crate::volume::{Grid, Image};
    use std::sync::Arc;

    /// A small exam with a bright disc that is level 1, moved by `shift`.
    fn exam(folder: &std::path::Path, name: &str, shift: usize) -> Case {
        let grid = Arc::new(Grid::new([32, 32, 3], Affine::from_spacing(Spacing::new([1.0, 1.0, 4.0]).unwrap())).unwrap());
        let mut mask = Labels::empty(grid.clone());
        let values = (0..grid.voxel_count()).map(|n| {
            let voxel = grid.voxel(n);
            let inside = (voxel[0] as f64 - 12.0 - shift as f64).hypot(voxel[1] as f64 - 16.0) < 7.0;
            if inside {
                mask.set(voxel, 1);
            }
            (if inside { 300.0 } else { 50.0 }) + ((n * 7919) % 23) as f32
        });
        let image = Image::new(grid.clone(), values.collect::<Vec<f32>>()).unwrap();
        let (water, reader) = (folder.join(format!("{name}_water.nii.gz")), folder.join(format!("{name}_r1.nii.gz")));
        crate::io::write_image_nifti(&water, &image).unwrap();
        crate::io::write_labels_nifti(&reader, &mask, "").unwrap();
        Case { name: name.to_owned(), images: vec![water], masks: vec![reader] }
    }

    #[test]
    fn the_first_exam_costs_all_and_later_ones_less() {
        let folder = tempfile::tempdir().unwrap();
        let cases: Vec<Case> = (0..3).map(|n| exam(folder.path(), &format!("e{n}"), n * 2)).collect();
        let wish = CurveWish {
            sequences: vec!["water".into()],
            corrector: "r1".into(),
            steps: 40,
            seed: 3,
            plan: Plan { base: 4, members: 1, ..Plan::default() },
            as_in_window: true,
            retraining_rate: 1.0,
        };
        let (mut heard, mut steps) = (0, 0);
        let points = play_corrections(&cases, &wish, &AtomicBool::new(false), &mut |event| match event {
            CurveProgress::Exam(_) => heard += 1,
            CurveProgress::Step { .. } => steps += 1,
        });
        let points = points.unwrap().unwrap();
        assert_eq!((points.len(), heard, steps), (3, 3, 80));
        assert_eq!((points[0].voxel_ratio(), points[0].strokes[1].ratio()), (Some(1.0), Some(1.0)));
        assert!(points[2].voxel_ratio().unwrap() < 0.5, "{points:?}");
        assert!(points[0].dice.is_empty() && points[2].dice[0].unwrap() > 0.7 && points[2].dice[2].is_none(), "{points:?}");
        assert!(points[2].strokes[0].to_correct < points[1].strokes[0].to_correct, "{points:?}");
        let stopped = play_corrections(&cases, &wish, &AtomicBool::new(true), &mut |_| {});
        assert_eq!(stopped.unwrap(), None);
    }

    #[test]
    fn nothing_to_paint_has_no_ratio() {
        let point =
            CurvePoint { name: "e".into(), painted: 0, relabelled: 4, strokes: [Strokes::default(); LEAVES.len()], dice: Vec::new() };
        assert_eq!((point.voxel_ratio(), point.strokes[0].ratio()), (None, None));
    }
}
