//! Training beside the reader: pause, resume, cancel; a version saved at the end, made current only when it is no worse.

use super::message::{Event, Outcome, TrainControl, TrainProgress, TrainRequest, TrainedVersion};
use super::propose::load_model;
use super::summary::describe;
use super::task::{CancelToken, Task};
use super::training_data::{HeldOut, TrainingData, gather};
use crate::agreement::Overlap;
use crate::learn::{
    Augmentation, Card, Compute, Crop, Example, LearnError, Model, ModelSpec, Rate, Recipe, Sampler, TrainOptions, Trainer,
    balanced_weights, checkpoint,
};
use crate::study::{ModelCode, Study};
use crate::volume::{LabelScheme, LayerKind};
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Instant;

/// Slices per step.
const BATCH: usize = 4;
/// Highest learning rate of a first training and of a retraining, which starts from weights that are good already.
const FIRST_RATE: f64 = 4e-3;
/// See [`FIRST_RATE`].
const RETRAIN_RATE: f64 = 2e-3;
/// Steps between two looks at the held-out slices.
const EVALUATE_EVERY: u32 = 60;
/// Held-out slices looked at while training goes on; all of them at the end.
const QUICK_LOOK: usize = 8;
/// A step is taken on parts of slices no larger than this, so that its time and memory do not depend on the scanner's matrix.
const LARGEST_CROP: [usize; 2] = [192, 192];

/// Dice per label, by name.
pub(super) type DiceTable = Vec<(String, Option<f64>)>;

/// Pause and cancel, shared between hub and trainer.
#[derive(Clone)]
pub(super) struct TrainingHandle {
    cancel: CancelToken,
    paused: Arc<(Mutex<bool>, Condvar)>,
}

impl TrainingHandle {
    pub fn new(cancel: CancelToken) -> Self {
        Self { cancel, paused: Arc::new((Mutex::new(false), Condvar::new())) }
    }

    pub fn control(&self, control: TrainControl) {
        match control {
            TrainControl::Pause => self.set_paused(true),
            TrainControl::Resume => self.set_paused(false),
            TrainControl::Cancel => {
                self.cancel.cancel();
                self.wake();
            }
        }
    }

    fn set_paused(&self, paused: bool) {
        *self.paused.0.lock().unwrap_or_else(PoisonError::into_inner) = paused;
        self.paused.1.notify_all();
    }

    /// Wakes a paused trainer, so that it sees a cancel.
    pub fn wake(&self) {
        self.paused.1.notify_all();
    }

    fn is_paused(&self) -> bool {
        *self.paused.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds while paused; returns at once when cancelled.
    fn hold(&self) {
        let mut paused = self.paused.0.lock().unwrap_or_else(PoisonError::into_inner);
        while *paused && !self.cancel.is_cancelled() {
            let patience = std::time::Duration::from_millis(200);
            paused = self.paused.1.wait_timeout(paused, patience).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Trains and saves a version.
pub(super) fn train(task: &Task, pool: &rayon::ThreadPool, handle: &TrainingHandle, request: &TrainRequest) -> Outcome {
    match Run::start(task, pool, handle, request).and_then(Run::finish) {
        Ok(Some(version)) => Outcome::Trained(version),
        Ok(None) => Outcome::Cancelled,
        Err(why) => Outcome::Failed(why),
    }
}

struct Run<'a> {
    task: &'a Task,
    pool: &'a rayon::ThreadPool,
    handle: &'a TrainingHandle,
    request: &'a TrainRequest,
    study: Study,
    model: ModelCode,
    data: TrainingData,
    parent: Option<(u32, Model)>,
    trainer: Trainer,
    labels: u8,
    dice: DiceTable,
}

impl<'a> Run<'a> {
    fn start(task: &'a Task, pool: &'a rayon::ThreadPool, handle: &'a TrainingHandle, request: &'a TrainRequest) -> Result<Self, String> {
        task.progress("Collecting slices", None);
        let study = Study::open(&request.root).map_err(|e| e.to_string())?;
        let model = ModelCode::new(&request.model).map_err(|e| e.to_string())?;
        let labels = match request.layer {
            LayerKind::Marrow => 3,
            LayerKind::Bone => study.protocol().bone_scheme().highest(),
            LayerKind::Exclusion => LabelScheme::exclusion().highest(),
        };
        let parent = match study.current_version(&model).map_err(|e| e.to_string())? {
            Some(version) => Some((version, load_model(&study, &model, version)?.model().clone())),
            None => None,
        };
        let sequence = study.protocol().sequences().first().map_or_else(|| "reading".to_owned(), ToString::to_string);
        let mut spec = ModelSpec::new(&sequence, request.layer.word(), usize::from(labels), request.reader.as_str());
        spec.seed = request.seed;
        let recipe = parent.as_ref().map_or_else(Recipe::default, |(_, model)| model.recipe().clone());
        let mut checked = match &parent {
            Some((_, model)) => model.spec().clone(),
            None => spec.clone().check().map_err(|e| e.to_string())?,
        };
        let data = pool.install(|| gather(&study, request, &checked, &recipe))?;
        if parent.is_none() {
            // Levels differ in size by a hundred times: without weights the sparse ones are learnt late.
            spec.class_weights = Some(balanced_weights(&data.examples, checked.classes()));
            checked = spec.check().map_err(|e| e.to_string())?;
        }
        let peak = if parent.is_some() { RETRAIN_RATE } else { FIRST_RATE };
        let options = TrainOptions { rate: Rate::Cosine { peak, steps: u64::from(request.steps) }, ..TrainOptions::default() };
        let trainer = match &parent {
            Some((_, model)) => Trainer::resume(model, options),
            None => Trainer::new(&checked, recipe, options),
        }
        .map_err(|e| e.to_string())?;
        // A build for a graphics card falls back to the processor where there is none, and says so.
        let (compute, notice) = Compute::best();
        if let Some(notice) = notice {
            task.progress(notice, None);
        }
        let trainer = trainer.on(&compute);
        Ok(Self { task, pool, handle, request, study, model, data, parent, trainer, labels, dice: Vec::new() })
    }

    fn finish(mut self) -> Result<Option<TrainedVersion>, String> {
        let before = match &self.parent {
            Some((_, model)) => match self.evaluate(model, usize::MAX)? {
                Some(dice) => Some(dice),
                None => return Ok(None),
            },
            None => None,
        };
        let (taken, loss) = self.take_steps()?;
        if taken == 0 {
            return Ok(None);
        }
        let model = self.trainer.snapshot();
        // Cancelling must not wait for a judgement: what was learnt is kept, with the latest figures there are.
        let judged = if taken < self.request.steps { None } else { self.evaluate(&model, usize::MAX)? };
        let stopped_early = judged.is_none();
        let dice = judged.unwrap_or_else(|| self.dice.clone());
        let parent = self.parent.as_ref().map(|(version, _)| format!("{}/{version}", self.model));
        let card = Card {
            data_hashes: self.data.hashes.clone(),
            dice: dice.iter().cloned().collect::<BTreeMap<_, _>>(),
            parent,
            ..Card::of(&model, self.request.seed, &self.request.created)
        };
        let version = self.save(&model, &card)?;
        // A version that was not judged replaces none that was.
        let no_worse = if stopped_early { before.is_none() } else { is_no_worse(before.as_deref(), &dice) };
        if no_worse {
            self.study.set_current_version(&self.model, version).map_err(|e| e.to_string())?;
        }
        let mut summary = describe(version, &card);
        summary.dice = dice;
        summary.steps = model.steps();
        Ok(Some(TrainedVersion {
            model: self.model.to_string(),
            summary,
            before,
            held_out: self.data.held_out_words.clone(),
            made_current: no_worse,
            stopped_early,
            loss,
        }))
    }

    /// Takes the steps; the number taken and the smoothed loss.
    fn take_steps(&mut self) -> Result<(u32, f32), String> {
        let augmentation = Augmentation::for_layer(self.request.layer.word());
        let seed = self.request.seed.wrapping_add(self.trainer.steps());
        let mut sampler = Sampler::new(&self.data.examples, seed).map_err(|e| e.to_string())?;
        let largest = self.data.examples.iter().fold([0, 0], |m: [usize; 2], e| [m[0].max(e.size()[0]), m[1].max(e.size()[1])]);
        let crop = (largest[0] > LARGEST_CROP[0] || largest[1] > LARGEST_CROP[1]).then_some(Crop { size: LARGEST_CROP });
        let (started, mut loss) = (Instant::now(), f32::NAN);
        for step in 1..=self.request.steps {
            if self.handle.is_paused() {
                self.report(step - 1, loss, &started);
                self.handle.hold();
            }
            if self.task.cancel.is_cancelled() {
                return Ok((step - 1, loss));
            }
            let batch = sampler.batch(&self.data.examples, BATCH, crop, &augmentation);
            let batch: Vec<&Example> = batch.iter().collect();
            let (trainer, cancel) = (&mut self.trainer, &self.task.cancel);
            match self.pool.install(|| trainer.step(&batch, cancel.flag())) {
                Ok(report) => loss = if loss.is_nan() { report.loss } else { 0.95 * loss + 0.05 * report.loss },
                Err(LearnError::Cancelled) => return Ok((step - 1, loss)),
                // A crop without a labelled pixel teaches nothing; the next one will.
                Err(LearnError::NothingLabelled) => {}
                Err(error) => return Err(error.to_string()),
            }
            if step % EVALUATE_EVERY == 0 && step < self.request.steps {
                let model = self.trainer.snapshot();
                if let Some(dice) = self.evaluate(&model, QUICK_LOOK)? {
                    self.dice = dice;
                }
            }
            self.report(step, loss, &started);
        }
        Ok((self.request.steps, loss))
    }

    fn report(&self, step: u32, loss: f32, started: &Instant) {
        let pace = started.elapsed().as_secs_f32() / step.max(1) as f32;
        self.task.reporter.progress(Event::Training {
            id: self.task.id,
            progress: TrainProgress {
                step,
                steps: self.request.steps,
                loss,
                dice: self.dice.clone(),
                held_out: self.data.held_out_words.clone(),
                seconds_left: (step > 2).then_some(pace * (self.request.steps - step) as f32),
                paused: self.handle.is_paused(),
            },
        });
    }

    /// Dice per label on the held-out slices: per exam, then the mean over the exams where it is defined. `None` when cancelled.
    fn evaluate(&self, model: &Model, most_slices: usize) -> Result<Option<DiceTable>, String> {
        let mut levels: Vec<(String, Vec<u8>)> = (1..=self.labels).map(|l| (l.to_string(), vec![l])).collect();
        if self.request.layer == LayerKind::Marrow {
            levels.push(("2+3".to_owned(), vec![2, 3]));
        }
        let mut sums = vec![(0.0, 0_u32); levels.len()];
        let mut left = most_slices;
        for held in &self.data.held_out {
            let slices: Vec<usize> = held.slices.iter().copied().take(left).collect();
            left -= slices.len();
            if slices.is_empty() {
                break;
            }
            let stop = self.task.cancel.flag();
            let labels = match self.pool.install(|| model.predict_prepared(&held.prepared, Some(&slices), stop, &mut |_, _| {})) {
                Ok(labels) => labels,
                Err(LearnError::Cancelled) => return Ok(None),
                Err(error) => return Err(format!("{}: {error}", held.exam)),
            };
            for ((_, level), sum) in levels.iter().zip(&mut sums) {
                if let Some(dice) = dice_on_slices(&labels, held, &slices, level) {
                    *sum = (sum.0 + dice, sum.1 + 1);
                }
            }
        }
        Ok(Some(levels.into_iter().zip(sums).map(|((name, _), (sum, n))| (name, (n > 0).then(|| sum / f64::from(n)))).collect()))
    }

    /// Saves under the next free version number.
    fn save(&self, model: &Model, card: &Card) -> Result<u32, String> {
        let versions = self.study.layout().model_versions(&self.model).map_err(|e| e.to_string())?;
        let version = versions.last().map_or(1, |v| v + 1);
        let folder = self.study.layout().model_version(&self.model, version);
        checkpoint::save(model, card, &folder).map_err(|e| e.to_string())?;
        Ok(version)
    }
}

/// Whether the mean over the labels that both tables know is at least that of the version before.
fn is_no_worse(before: Option<&[(String, Option<f64>)]>, after: &[(String, Option<f64>)]) -> bool {
    let Some(before) = before else { return true };
    let both: Vec<(f64, f64)> = before.iter().zip(after).filter_map(|(b, a)| Some((b.1?, a.1?))).collect();
    let lost = before.iter().zip(after).any(|(b, a)| b.1.is_some() && a.1.is_none());
    !lost && both.iter().map(|(b, a)| a - b).sum::<f64>() >= 0.0
}

fn dice_on_slices(proposal: &crate::volume::Labels, held: &HeldOut, slices: &[usize], level: &[u8]) -> Option<f64> {
    let (mut both, mut first, mut second) = (0_u64, 0_u64, 0_u64);
    let axis = held.slice_axis;
    proposal.for_each_labelled(|voxel, label| {
        if slices.contains(&voxel[axis]) && level.contains(&label) {
            first += 1;
            both += u64::from(level.contains(&held.labels.get(voxel)));
        }
    });
    held.labels.for_each_labelled(|voxel, label| second += u64::from(slices.contains(&voxel[axis]) && level.contains(&label)));
    // True negatives and the voxel's volume play no part in Dice.
    Overlap::new(both, first - both, second - both, 0, 1.0).dice()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(values: &[Option<f64>]) -> DiceTable {
        values.iter().enumerate().map(|(n, v)| (n.to_string(), *v)).collect()
    }

    #[test]
    fn a_version_is_worse_when_the_mean_falls_or_a_label_is_lost() {
        let before = table(&[Some(0.5), Some(0.2), None]);
        assert!(is_no_worse(None, &before));
        assert!(is_no_worse(Some(&before), &table(&[Some(0.6), Some(0.15), None])));
        assert!(!is_no_worse(Some(&before), &table(&[Some(0.4), Some(0.2), None])));
        assert!(!is_no_worse(Some(&before), &table(&[Some(0.9), None, None])));
    }

    #[test]
    fn a_paused_training_wakes_for_a_cancel() {
        let cancel = CancelToken::default();
        let handle = TrainingHandle::new(cancel);
        handle.control(TrainControl::Pause);
        let waiting = handle.clone();
        let thread = std::thread::spawn(move || waiting.hold());
        handle.control(TrainControl::Cancel);
        thread.join().unwrap();
    }
}
