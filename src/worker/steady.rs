//! Training steps that go on where something went wrong: a loss that is no number, a device without memory.

use super::message::GaveUp;
use crate::learn::{Compute, Example, LearnError, Model, Rate, Recipe, StepReport, Trainer};
use std::sync::atomic::AtomicBool;

/// A training that became unstable so often in one run is ended: what was learnt is kept.
const MOST_SETBACKS: u32 = 4;
/// What becomes of the learning rate after a loss that was no number.
const SLOWER: f64 = 0.5;

/// A trainer and what happened to it.
pub(super) struct SteadyTrainer {
    trainer: Trainer,
    /// What learning rates are multiplied by.
    factor: f64,
    slower: f64,
    setbacks: u32,
    ended: bool,
    note: Option<String>,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Stepped {
    /// Something was learnt.
    Taken(StepReport),
    /// Nothing was learnt, the next step may go on.
    Skipped,
    /// The device had no memory for a step of this size; a smaller one may do.
    TooLarge,
    /// The person stopped it.
    Cancelled,
    /// It became unstable too often.
    GivenUp,
}

impl SteadyTrainer {
    /// Before the first step.
    pub const fn new(trainer: Trainer) -> Self {
        Self { trainer, factor: 1.0, slower: SLOWER, setbacks: 0, ended: false, note: None }
    }

    /// With another loss of pace after a setback.
    #[cfg(test)]
    pub fn slowed_by(self, slower: f64) -> Self {
        Self { slower, ..self }
    }

    /// One step at a learning rate, which is less after every setback.
    ///
    /// # Errors
    /// One sentence, where going on is of no use.
    pub fn step(&mut self, batch: &[&Example], rate: f64, stop: &AtomicBool) -> Result<Stepped, String> {
        self.trainer.set_learning_rate(Rate::Constant { rate: rate * self.factor });
        match self.trainer.step(batch, stop) {
            Ok(report) => Ok(Stepped::Taken(report)),
            Err(LearnError::Cancelled) => Ok(Stepped::Cancelled),
            // A crop without a labelled pixel teaches nothing; the next one will.
            Err(LearnError::NothingLabelled) => Ok(Stepped::Skipped),
            Err(LearnError::NotFinite { step }) => Ok(self.unstable(step)),
            Err(LearnError::NoMemory(_)) => Ok(self.too_large("The system")),
            Err(LearnError::Device(why)) if why.to_lowercase().contains("memory") => Ok(self.too_large("The device")),
            // The CPU's own operators never say so.
            Err(LearnError::Device(why)) => {
                self.trainer.move_to(&Compute::fastest_cpu());
                self.note = Some(format!("The graphics processor failed ({why}): gone on with the CPU, from the last good weights."));
                Ok(Stepped::Skipped)
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// Whose memory it was that a step had not enough of.
    fn too_large(&mut self, whose: &str) -> Stepped {
        self.note = Some(format!("{whose} had no memory for a step of this size: gone on with smaller steps."));
        Stepped::TooLarge
    }

    /// The trainer is back at its last good weights; it goes on from them, slower.
    fn unstable(&mut self, step: u64) -> Stepped {
        self.setbacks += 1;
        if self.setbacks >= MOST_SETBACKS {
            self.note = Some(format!(
                "Training became unstable {} times, last at step {step}, and was ended: the best weights before that are kept. Look for \
                 slices with extreme grey values, or lower the learning rate.",
                self.setbacks
            ));
            return Stepped::GivenUp;
        }
        self.factor *= self.slower;
        self.note = Some(format!("The loss was no number at step {step}: gone on from the last good weights at half the rate."));
        Stepped::Skipped
    }

    /// What an attempt gave; `None` where it failed after something was `learnt`: the training is then ended, and that is to be kept.
    ///
    /// # Errors
    /// The attempt's, where nothing was learnt yet.
    pub fn or_end<T>(&mut self, attempt: Result<T, String>, learnt: bool) -> Result<Option<T>, String> {
        match attempt {
            Ok(value) => Ok(Some(value)),
            Err(why) if learnt => {
                self.end(&why);
                Ok(None)
            }
            Err(why) => Err(why),
        }
    }

    /// Ends the training because of an error; what was learnt before it is to be kept.
    pub fn end(&mut self, why: &str) {
        self.ended = true;
        self.note = Some(format!("Training was ended before its time, and the best weights until then are kept: {why}"));
    }

    /// Why it could not go on, if it could not.
    pub const fn gave_up(&self) -> Option<GaveUp> {
        match (self.ended, self.setbacks >= MOST_SETBACKS) {
            (true, _) => Some(GaveUp::Error),
            (false, true) => Some(GaveUp::Unstable),
            (false, false) => None,
        }
    }

    /// How many times the loss was no number.
    pub const fn setbacks(&self) -> u32 {
        self.setbacks
    }

    /// What happened last, in one sentence.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// The model as it is now.
    pub fn snapshot(&self) -> Model {
        self.trainer.snapshot()
    }

    /// How grey values are prepared.
    pub const fn recipe(&self) -> &Recipe {
        self.trainer.recipe()
    }

    /// Steps trained so far, over all versions.
    pub const fn steps(&self) -> u64 {
        self.trainer.steps()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learn::{ModelSpec, Recipe, TrainOptions};

    fn trainer() -> SteadyTrainer {
        let spec = ModelSpec { base: 2, depth: 2, ..ModelSpec::new("water", "marrow", 1, "R1") }.check().unwrap();
        SteadyTrainer::new(Trainer::new(&spec, Recipe::default(), TrainOptions::default()).unwrap())
    }

    fn example() -> Example {
        let planes = (0..64).map(|n| (n % 8) as f32 / 8.0).collect();
        Example::new(planes, (0..64).map(|n| u8::from(n % 8 > 3)).collect(), [8, 8]).unwrap()
    }

    fn run(trainer: &mut SteadyTrainer, steps: usize) -> Vec<Stepped> {
        (0..steps).map(|_| trainer.step(&[&example()], 1e38, &AtomicBool::new(false)).unwrap()).collect()
    }

    fn finite(model: &Model) -> bool {
        let planes = example().planes().to_vec();
        model.predict_slice(&planes, [8, 8], &AtomicBool::new(false)).unwrap().probability.iter().all(|p| p.is_finite())
    }

    #[test]
    fn after_a_loss_that_is_no_number_training_goes_on_from_good_weights() {
        // The first update with such a rate spoils the weights; the next loss is no number.
        let mut trainer = trainer();
        trainer.slower = 1e-41;
        let steps = run(&mut trainer, 12);
        let setback = steps.iter().position(|s| *s == Stepped::Skipped).expect("a rate of 1e38 spoils weights");
        assert!(trainer.note().unwrap().contains("gone on from the last good weights"), "{:?}", trainer.note());
        assert!(steps[setback + 1..].iter().all(|s| matches!(s, Stepped::Taken(r) if r.loss.is_finite())), "{steps:?}");
        assert!(finite(&trainer.snapshot()));
    }

    #[test]
    fn a_training_that_stays_unstable_is_ended_with_good_weights_and_a_reason() {
        let mut trainer = trainer();
        trainer.slower = 1.0;
        let steps = run(&mut trainer, 40);
        assert!(steps.contains(&Stepped::GivenUp), "{steps:?}");
        assert!(trainer.note().unwrap().contains("was ended"));
        assert!(finite(&trainer.snapshot()));
    }

    #[test]
    fn a_device_without_memory_is_given_smaller_steps() {
        let spec = ModelSpec { base: 2, depth: 2, ..ModelSpec::new("water", "marrow", 1, "R1") }.check().unwrap();
        let trainer = Trainer::new(&spec, Recipe::default(), TrainOptions::default()).unwrap();
        let mut trainer = SteadyTrainer::new(trainer.failing_after(1, "CUDA out of memory"));
        let mut step = || trainer.step(&[&example()], 1e-3, &AtomicBool::new(false)).unwrap();
        assert!(matches!(step(), Stepped::Taken(_)));
        assert_eq!(step(), Stepped::TooLarge);
        assert!(trainer.note().unwrap().contains("gone on with smaller steps") && trainer.gave_up().is_none());
    }

    /// A device that was lost in the midst of a training ended it.
    #[test]
    fn where_the_device_fails_training_goes_on_with_the_cpu() {
        let spec = ModelSpec { base: 2, depth: 2, ..ModelSpec::new("water", "marrow", 1, "R1") }.check().unwrap();
        let trainer = Trainer::new(&spec, Recipe::default(), TrainOptions::default()).unwrap();
        let mut trainer = SteadyTrainer::new(trainer.failing_after(1, "device lost"));
        let mut step = || trainer.step(&[&example()], 1e-3, &AtomicBool::new(false)).unwrap();
        assert!(matches!(step(), Stepped::Taken(_)));
        assert_eq!(step(), Stepped::Skipped);
        assert!((0..3).all(|_| matches!(step(), Stepped::Taken(report) if report.loss.is_finite())));
        let note = trainer.note().unwrap();
        assert!(note.contains("device lost") && note.contains("gone on with the CPU") && trainer.gave_up().is_none(), "{note}");
    }

    #[test]
    fn an_error_ends_a_training_only_where_something_was_learnt() {
        let mut trainer = trainer();
        let failed = || Err::<(), _>("no cable".to_owned());
        assert_eq!(trainer.or_end(failed(), false), Err("no cable".to_owned()));
        assert_eq!((trainer.gave_up(), trainer.note()), (None, None));
        assert_eq!(trainer.or_end(Ok(7), true), Ok(Some(7)));
        assert_eq!(trainer.or_end(failed(), true), Ok(None));
        assert!(trainer.gave_up() == Some(GaveUp::Error) && trainer.note().unwrap().ends_with("no cable"));
    }

    #[test]
    fn a_stop_is_no_setback() {
        let mut trainer = trainer();
        assert_eq!(trainer.step(&[&example()], 1e-3, &AtomicBool::new(true)).unwrap(), Stepped::Cancelled);
        assert_eq!((trainer.setbacks, trainer.note()), (0, None));
        // What a pause stopped half-way is taken again as if nothing had been.
        let mut other = self::trainer();
        let step = |trainer: &mut SteadyTrainer| trainer.step(&[&example()], 1e-3, &AtomicBool::new(false)).unwrap();
        assert_eq!((step(&mut trainer), step(&mut trainer)), (step(&mut other), step(&mut other)));
    }
}
