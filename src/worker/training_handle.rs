//! Pause, resume and cancel of a training, shared between hub and trainer.

use super::courtesy::Courtesy;
use super::message::TrainControl;
use super::task::CancelToken;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Pause and cancel, shared between hub and trainer.
#[derive(Clone)]
pub(super) struct TrainingHandle {
    cancel: CancelToken,
    paused: Arc<(Mutex<bool>, Condvar)>,
    /// Set while paused or cancelled: a step under way stops there, and a paused one is taken again.
    halted: Arc<AtomicBool>,
    /// How long it was held in all.
    held: Arc<Mutex<Duration>>,
    courtesy: Courtesy,
}

impl TrainingHandle {
    pub fn new(cancel: CancelToken, courtesy: Courtesy) -> Self {
        Self { cancel, paused: Arc::new((Mutex::new(false), Condvar::new())), halted: Arc::default(), held: Arc::default(), courtesy }
    }

    /// Holds while somebody waits for a proposal, and says for how long.
    pub fn give_way(&self) -> Duration {
        self.courtesy.give_way(&self.cancel)
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
        let mut now = self.paused.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = paused;
        self.halted.store(paused || self.cancel.is_cancelled(), Ordering::Relaxed);
        drop(now);
        self.paused.1.notify_all();
    }

    /// Wakes a paused trainer and stops a step, so that it sees a cancel.
    pub fn wake(&self) {
        let now = self.paused.0.lock().unwrap_or_else(PoisonError::into_inner);
        self.halted.store(*now || self.cancel.is_cancelled(), Ordering::Relaxed);
        drop(now);
        self.paused.1.notify_all();
    }

    /// Ends a step between two layers, however large its net.
    pub fn halted(&self) -> &AtomicBool {
        &self.halted
    }

    pub fn is_paused(&self) -> bool {
        *self.paused.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long it was held by pauses so far.
    pub fn held(&self) -> Duration {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds while paused, and says for how long; returns at once when cancelled.
    pub fn hold(&self) -> Duration {
        let since = Instant::now();
        let mut paused = self.paused.0.lock().unwrap_or_else(PoisonError::into_inner);
        while *paused && !self.cancel.is_cancelled() {
            let patience = Duration::from_millis(200);
            paused = self.paused.1.wait_timeout(paused, patience).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(paused);
        let held = since.elapsed();
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) += held;
        held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paused_training_wakes_for_a_cancel() {
        let cancel = CancelToken::default();
        let handle = TrainingHandle::new(cancel, Courtesy::default());
        handle.control(TrainControl::Pause);
        let waiting = handle.clone();
        let thread = std::thread::spawn(move || waiting.hold());
        std::thread::sleep(Duration::from_millis(30));
        handle.control(TrainControl::Cancel);
        let held = thread.join().unwrap();
        // What a look at held-out slices was held for is no time of the training either.
        assert!(held >= Duration::from_millis(20) && handle.held() == held);
    }

    /// A pause waited for the end of a step, which takes seconds where nets are wide.
    #[test]
    fn a_pause_stops_a_step_and_a_cancel_does_too() {
        let cancel = CancelToken::default();
        let handle = TrainingHandle::new(cancel.clone(), Courtesy::default());
        let halted = || handle.halted().load(Ordering::Relaxed);
        handle.control(TrainControl::Pause);
        assert!(halted());
        handle.control(TrainControl::Resume);
        assert!(!halted());
        // As the hub does it.
        cancel.cancel();
        handle.wake();
        assert!(halted());
        handle.control(TrainControl::Resume);
        assert!(halted(), "a cancel is not taken back");
    }
}
