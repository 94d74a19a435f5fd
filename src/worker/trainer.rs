//! Training beside the reader: pause, resume, cancel; the best version is saved, and made current only when it is no worse.

use super::done_exam::Learnt;
use super::inputs;
use super::judge::{DiceTable, Judge, is_no_worse, mean};
use super::length::Length;
use super::memory_plan::{MemoryPlan, StepSize};
use super::message::{Event, Outcome, TrainProgress, TrainRequest, TrainedVersion};
use super::predecessor::{EachExam, Predecessor};
use super::steady::{SteadyTrainer, Stepped};
use super::summary::{describe, drawn_parts};
use super::task::Task;
use super::training_data::{Gathering, TrainingData, gather};
use super::training_handle::TrainingHandle;
use super::training_net::{first_spec, needs, require_same_net};
use super::versions::highest_label;
use crate::learn::{
    Augmentation, Card, CheckedSpec, Compute, Crop, Example, Model, Rate, Recipe, Sampler, TrainOptions, Trainer, balanced_weights,
    checkpoint,
};
use crate::study::{ExamCode, ModelCode, Study};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Instant;

/// Highest learning rate. A retraining takes it, too: half of it learns less of the newest exam (`docs/learning-loop.md`).
const PEAK_RATE: f64 = 4e-3;
/// Steps between two looks at the held-out slices.
const EVALUATE_EVERY: u32 = 60;
/// Held-out slices looked at while training goes on; all of them at the end.
const QUICK_LOOK: usize = 8;
/// Training ends early after so many looks without a gain, but not before this share of its steps went by without one.
const PATIENCE: (u32, u32) = (3, 3);

/// Trains and saves a version.
pub(super) fn train(task: &Task, pool: &rayon::ThreadPool, handle: &TrainingHandle, request: &TrainRequest) -> Outcome {
    let run = match Run::start(task, pool, handle, request, true) {
        Ok(run) => run,
        // Whatever could not be collected was not waited for.
        Err(_) if task.cancel.is_cancelled() => return Outcome::Cancelled,
        Err(why) => return Outcome::Failed(why),
    };
    match run.finish() {
        Ok(Some(version)) => Outcome::Trained(version),
        Ok(None) => Outcome::Cancelled,
        // Of a cancelled training, too: what was to be kept could not be saved.
        Err(why) => Outcome::Failed(why),
    }
}

/// One training.
pub(super) struct Run<'a> {
    task: &'a Task,
    pool: &'a rayon::ThreadPool,
    handle: &'a TrainingHandle,
    request: &'a TrainRequest,
    study: Study,
    model: ModelCode,
    pub data: TrainingData,
    /// What was current when it began.
    before: Option<Predecessor>,
    /// Whether it goes on from that.
    goes_on: bool,
    /// Why it does not go on from the current version, if it does not, and why not on the graphics card.
    remarks: Vec<String>,
    trainer: SteadyTrainer,
    plan: MemoryPlan,
    labels: u8,
    dice: DiceTable,
    best: Option<Best>,
}

/// The best version so far, by its mean Dice on the slices of the quick look.
struct Best {
    model: Model,
    dice: DiceTable,
    mean: f64,
    step: u32,
}

/// How the steps ended.
#[derive(Clone, Copy)]
struct Taken {
    steps: u32,
    loss: f32,
    by_person: bool,
}

/// A new version beside the one that was current.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Beside {
    NoWorse,
    Worse,
    NotMeasured,
}

/// A model with its figures.
struct Judged {
    model: Model,
    dice: DiceTable,
    step: u32,
    /// Whether all held-out slices were looked at.
    whole: bool,
}

impl<'a> Run<'a> {
    /// `go_on`: from the current version, if there is one.
    pub fn start(
        task: &'a Task,
        pool: &'a rayon::ThreadPool,
        handle: &'a TrainingHandle,
        request: &'a TrainRequest,
        go_on: bool,
    ) -> Result<Self, String> {
        task.progress("Collecting slices", None);
        let study = Study::open(&request.root).map_err(|e| e.to_string())?;
        let model = ModelCode::new(&request.model).map_err(|e| e.to_string())?;
        let labels = highest_label(&study, request.layer);
        let before = Predecessor::of(&study, &model)?;
        let sequences = inputs::common_sequences(&study)?;
        // A model that some exam can no longer be given to is not gone on with: it would bar that exam for good.
        let anew = before.as_ref().and_then(|before| inputs::begun_anew(before.version, before.model.spec().spec(), &sequences));
        let parent = before.as_ref().filter(|_| go_on && anew.is_none());
        // A build for a graphics card falls back to the processor where there is none, and says so.
        let remarks = [anew, Compute::best().1].into_iter().flatten().collect();
        let recipe = parent.map_or_else(|| Recipe::for_sequences(&sequences), |parent| parent.model.recipe().clone());
        let checked = match parent {
            Some(parent) => {
                require_same_net(request, parent.version, parent.model.spec())?;
                parent.model.spec().clone()
            }
            None => first_spec(request, labels, sequences, before.as_ref().map(|before| before.model.spec().spec()))?,
        };
        let nothing = Learnt::new();
        let data = gather(&Gathering {
            study: &study,
            request,
            spec: &checked,
            recipe: &recipe,
            pool,
            cancel: &task.cancel,
            handle: Some(handle),
            learnt: before.as_ref().map_or(&nothing, |before| &before.learnt),
            held_bytes: 0,
            to_judge: false,
        })?;
        let (trainer, plan) = Self::prepare(request, &data, &checked, recipe, parent.map(|parent| &parent.model))?;
        let (best, goes_on) = (None, parent.is_some());
        Ok(Self {
            task,
            pool,
            handle,
            request,
            study,
            model,
            data,
            before,
            goes_on,
            remarks,
            trainer,
            plan,
            labels,
            dice: Vec::new(),
            best,
        })
    }

    /// A trainer for the data at hand, and how large its steps may be.
    fn prepare(
        request: &TrainRequest,
        data: &TrainingData,
        spec: &CheckedSpec,
        recipe: Recipe,
        parent: Option<&Model>,
    ) -> Result<(SteadyTrainer, MemoryPlan), String> {
        let options = TrainOptions::default();
        let reader = request.reader.as_str();
        let trainer = match parent {
            Some(model) => {
                let model = model.going_on(reader).map_err(|e| e.to_string())?;
                Trainer::resume(&model, options)
            }
            None => {
                let (classes, mut spec) = (spec.classes(), spec.spec().clone());
                // Levels differ in size by a hundred times: without weights the sparse ones are learnt late.
                spec.class_weights = Some(balanced_weights(&data.examples, classes));
                let checked = spec.check().map_err(|e| e.to_string())?;
                Trainer::new(&checked, recipe, options)
            }
        }
        .map_err(|e| e.to_string())?;
        let trainer = SteadyTrainer::new(trainer.on(&Compute::best().0));
        let needs = needs(data, &trainer.snapshot());
        Ok((trainer, MemoryPlan::new(request.memory_mb, spec, needs, StepSize::USUAL, 0)?))
    }

    /// What went wrong, in one sentence.
    pub fn note(&self) -> Option<&str> {
        self.trainer.note()
    }

    /// Begins anew with the data as it is now.
    pub fn restart(&mut self) -> Result<(), String> {
        (self.best, self.dice) = (None, Vec::new());
        let model = self.trainer.snapshot();
        let recipe = model.recipe().clone();
        (self.trainer, self.plan) = Self::prepare(self.request, &self.data, model.spec(), recipe, None)?;
        Ok(())
    }

    fn judge(&self) -> Judge<'_> {
        let (layer, labels) = (self.request.layer, self.labels);
        Judge { held_out: &self.data.held_out, layer, labels, pool: self.pool, cancel: &self.task.cancel, handle: Some(self.handle) }
    }

    fn finish(mut self) -> Result<Option<TrainedVersion>, String> {
        // Asked for before anything is saved: a version that is there must not be told as a failure.
        let parts = drawn_parts(&self.study)?;
        let ControlFlow::Continue(mark) = self.judge_before()? else { return Ok(None) };
        let taken = self.take_steps()?;
        if taken.steps == 0 {
            return match self.trainer.note() {
                Some(note) if !taken.by_person => Err(note.to_owned()),
                _ => Ok(None),
            };
        }
        let kept = self.keep(taken);
        let parent = self.before.as_ref().filter(|_| self.goes_on);
        let mut learnt_slices = parent.map_or_else(Learnt::new, |parent| parent.learnt.clone());
        self.data.learnt.iter().for_each(|(exam, slices)| learnt_slices.entry(exam.clone()).or_default().extend(slices));
        let parent = parent.map(|parent| format!("{}/{}", self.model, parent.version));
        let held_out = self.judge().words(&self.data.held_out_words, if kept.whole { usize::MAX } else { QUICK_LOOK });
        let card = Card {
            data_hashes: self.data.hashes.clone(),
            learnt_slices,
            dice: kept.dice.iter().cloned().collect::<BTreeMap<_, _>>(),
            parent,
            held_out: held_out.clone(),
            accepted_slices: self.data.accepted_count(),
            // Within the pool that trained: the card tells its threads.
            ..self.pool.install(|| Card::of(&kept.model, self.request.seed, &self.request.created))
        };
        let version = self.save(&kept.model, &card)?;
        let beside = self.beside_former(&kept, mark.as_deref())?;
        // Whoever went back to another version while this one was trained, or trained one in another program, has the last word.
        let current_before = self.before.as_ref().map(|before| before.version);
        let now = self.study.current_version(&self.model).unwrap_or(current_before);
        let overtaken_by = now.filter(|_| now != current_before);
        let made_current = beside == Beside::NoWorse && overtaken_by.is_none();
        if made_current {
            self.study.set_current_version(&self.model, version).map_err(|e| e.to_string())?;
        }
        let mut summary = describe(self.model.as_str(), version, &card);
        summary.dice = kept.dice;
        summary.steps = kept.model.steps();
        Ok(Some(TrainedVersion {
            model: self.model.to_string(),
            summary,
            before: mark.map(|each| self.judge().mean_over(&each)),
            held_out,
            is_worse: beside == Beside::Worse,
            made_current,
            overtaken_by,
            stopped_early: taken.by_person,
            kept_step: kept.step,
            taken: taken.steps,
            note: self.remarks.iter().map(String::as_str).chain(self.trainer.note()).map(str::to_owned).reduce(|a, b| format!("{a} {b}")),
            gave_up: self.trainer.gave_up(),
            loss: taken.loss,
            parts,
        }))
    }

    /// What the version that was current does on the held-out slices; `Break` when cancelled. One that this training does not go on
    /// from takes inputs of its own; where it cannot be judged on them, that is said.
    fn judge_before(&mut self) -> Result<ControlFlow<(), Option<EachExam>>, String> {
        let Some(before) = &self.before else { return Ok(ControlFlow::Continue(None)) };
        let judged = if self.goes_on {
            self.judge().per_exam(&before.model, usize::MAX)
        } else {
            before.judged_beside(&self.judge(), &self.study, self.request, &self.data)
        };
        match judged {
            Ok(Some(each)) => Ok(ControlFlow::Continue(Some(each))),
            Ok(None) => Ok(ControlFlow::Break(())),
            Err(why) if self.goes_on => Err(why),
            Err(why) => {
                self.remarks.push(format!("Version {} could not be judged beside it: {why}", before.version));
                Ok(ControlFlow::Continue(None))
            }
        }
    }

    /// How the new version does beside the one that was current. One that was not judged replaces none, nor does one that takes other
    /// inputs replace a version that it cannot be measured against.
    fn beside_former(&self, kept: &Judged, mark: Option<&[(ExamCode, DiceTable)]>) -> Result<Beside, String> {
        let (Some(_), judge) = (&self.before, self.judge()) else { return Ok(Beside::NoWorse) };
        let (Some(mark), true) = (mark, kept.whole) else { return Ok(Beside::NotMeasured) };
        let before = judge.mean_over(mark);
        let against = |after: &DiceTable| if is_no_worse(Some(&before), after) { Beside::NoWorse } else { Beside::Worse };
        if self.goes_on {
            return Ok(against(&kept.dice));
        }
        let Some(mut each) = judge.per_exam(&kept.model, usize::MAX)? else { return Ok(Beside::NotMeasured) };
        each.retain(|(exam, _)| mark.iter().any(|(other, _)| other == exam));
        let after = judge.mean_over(&each);
        let comparable = before.iter().zip(&after).any(|(b, a)| b.1.is_some() && a.1.is_some());
        Ok(if comparable { against(&after) } else { Beside::NotMeasured })
    }

    /// Trains and judges without saving; `None` when the person stopped it.
    pub fn trained_and_judged(&mut self) -> Result<Option<DiceTable>, String> {
        let taken = self.take_steps()?;
        if taken.by_person {
            return Ok(None);
        }
        let kept = self.keep(taken);
        match self.trainer.note() {
            Some(why) if !kept.whole && !self.task.cancel.is_cancelled() => Err(why.to_owned()),
            _ => Ok(kept.whole.then_some(kept.dice)),
        }
    }

    /// What is kept: the last weights or the best before them, whichever does better on all held-out slices. Cancelling must
    /// not wait for that: then it is the best so far, with the figures there are.
    fn keep(&mut self, taken: Taken) -> Judged {
        let last = self.trainer.snapshot();
        let best = self.best.take();
        let judged = if taken.by_person { Ok(None) } else { self.judge().dice(&last, usize::MAX) };
        // Weights that cannot be judged are kept all the same.
        let judged = judged.unwrap_or_else(|why| {
            self.trainer.end(&why);
            None
        });
        if let Some(dice) = judged {
            let last = Judged { model: last, dice, step: taken.steps, whole: true };
            let Some(best) = best.filter(|best| best.step < taken.steps) else { return last };
            return match self.judge().dice(&best.model, usize::MAX) {
                Ok(Some(dice)) if mean(&dice) > mean(&last.dice) => Judged { model: best.model, dice, step: best.step, whole: true },
                _ => last,
            };
        }
        match best {
            Some(best) => Judged { model: best.model, dice: best.dice, step: best.step, whole: false },
            None => Judged { model: last, dice: self.dice.clone(), step: taken.steps, whole: false },
        }
    }

    /// Takes the steps.
    fn take_steps(&mut self) -> Result<Taken, String> {
        let augmentation = Augmentation::usual(self.request.layer.word(), self.trainer.recipe());
        let seed = self.request.seed.wrapping_add(self.trainer.steps());
        let mut sampler = Sampler::new(&self.data.examples, seed).map_err(|e| e.to_string())?;
        let curve = Rate::Cosine { peak: PEAK_RATE, steps: u64::from(self.request.steps) };
        let (mut started, mut loss) = (Instant::now(), f32::NAN);
        let mut length = Length::of_minutes(self.request.steps, self.request.minutes, started);
        let mut step = 0;
        // However short the time: a training without a step would save nothing.
        while step == 0 || length.done(step) < 1.0 {
            step += 1;
            if self.handle.is_paused() {
                self.hold(step - 1, loss, &mut started, &mut length);
            }
            let held = self.handle.give_way();
            started += held;
            length.hold(held);
            if self.task.cancel.is_cancelled() {
                return Ok(Taken { steps: step - 1, loss, by_person: true });
            }
            let batch = sampler.batch(&self.data.examples, self.plan.batch, Some(Crop { size: self.plan.crop }), &augmentation);
            let batch: Vec<&Example> = batch.iter().collect();
            let rate = curve.at_share(u64::from(step - 1), length.done(step - 1));
            let stepped = loop {
                let (trainer, halted) = (&mut self.trainer, self.handle.halted());
                let stepped = self.pool.install(|| trainer.step(&batch, rate, halted));
                if stepped != Ok(Stepped::Cancelled) || self.task.cancel.is_cancelled() {
                    break stepped;
                }
                // Paused in the midst of it: taken again, with the same weights and the same batch.
                self.hold(step - 1, loss, &mut started, &mut length);
            };
            match self.trainer.or_end(stepped, !loss.is_nan())?.unwrap_or(Stepped::GivenUp) {
                Stepped::Taken(report) => loss = if loss.is_nan() { report.loss } else { 0.95 * loss + 0.05 * report.loss },
                Stepped::Skipped => {}
                Stepped::TooLarge => {
                    let smaller = self.smaller_steps();
                    let Some(smaller) = self.trainer.or_end(smaller, !loss.is_nan())? else {
                        return Ok(Taken { steps: step - 1, loss, by_person: false });
                    };
                    self.plan = smaller;
                }
                Stepped::Cancelled => return Ok(Taken { steps: step - 1, loss, by_person: true }),
                Stepped::GivenUp => return Ok(Taken { steps: if loss.is_nan() { 0 } else { step - 1 }, loss, by_person: false }),
            }
            let mut gains = true;
            if step % EVALUATE_EVERY == 0 && length.done(step) < 1.0 {
                let held = self.handle.held();
                let looked = self.look(step, length.steps_in_all(step));
                let held = self.handle.held().saturating_sub(held);
                started += held;
                length.hold(held);
                gains = self.trainer.or_end(looked, !loss.is_nan())?.unwrap_or(false);
            }
            self.report(step, loss, &started, &length);
            if !gains {
                return self.taken(step, loss);
            }
        }
        self.taken(step, loss)
    }

    /// The end of the steps, where it was not a person's.
    fn taken(&self, steps: u32, loss: f32) -> Result<Taken, String> {
        // Weights that no step has moved are nothing learnt.
        if loss.is_nan() {
            return Err(
                "Not one pixel of the slices marked done counts for learning: outline the bone of the square on them, or remove the \
                        square or what is excluded."
                    .to_owned(),
            );
        }
        Ok(Taken { steps, loss, by_person: false })
    }

    /// Holds while paused.
    fn hold(&self, step: u32, loss: f32, started: &mut Instant, length: &mut Length) {
        self.report(step, loss, started, length);
        let held = self.handle.hold();
        // The time left is told from the pace, and a pause is none of it.
        *started += held;
        length.hold(held);
    }

    /// The next smaller steps, where the device has no memory for those at hand.
    fn smaller_steps(&self) -> Result<MemoryPlan, String> {
        let model = self.trainer.snapshot();
        let needs = needs(&self.data, &model);
        MemoryPlan::new(self.request.memory_mb, model.spec(), needs, StepSize::USUAL, self.plan.reduced + 1)
    }

    /// Looks at some held-out slices and keeps the model if it is the best so far; whether going on may still gain something.
    fn look(&mut self, step: u32, all: u32) -> Result<bool, String> {
        let model = self.trainer.snapshot();
        let Some(dice) = self.judge().dice(&model, QUICK_LOOK)? else { return Ok(true) };
        self.dice.clone_from(&dice);
        let Some(mean) = mean(&dice) else { return Ok(true) };
        if self.best.as_ref().is_none_or(|best| mean >= best.mean) {
            self.best = Some(Best { model, dice, mean, step });
        }
        let since = self.best.as_ref().map_or(0, |best| step - best.step);
        Ok(since < (PATIENCE.0 * EVALUATE_EVERY).max(all / PATIENCE.1))
    }

    fn report(&self, step: u32, loss: f32, started: &Instant, length: &Length) {
        let pace = started.elapsed().as_secs_f32() / step.max(1) as f32;
        let all = length.steps_in_all(step);
        self.task.reporter.progress(Event::Training {
            id: self.task.id,
            progress: TrainProgress {
                step,
                steps: all,
                loss,
                dice: self.dice.clone(),
                held_out: self.judge().words(&self.data.held_out_words, QUICK_LOOK),
                seconds_left: (step > 2).then_some(pace * (all - step) as f32),
                paused: self.handle.is_paused(),
                memory_mb: [self.plan.needed_mb, self.request.memory_mb],
                best: self.best.as_ref().map(|best| (best.step, best.mean)),
                note: self.trainer.note().map(str::to_owned),
            },
        });
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
