//! Pause, resume and cancel of a training, shared between hub and trainer.

use super::courtesy::Courtesy;
use super::message::TrainControl;
use super::task::CancelToken;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Pause and cancel, shared between hub and trainer.
#[derive(Clone)]
pub(super) struct TrainingHandle {
    cancel: CancelToken,
    paused: Arc<(Mutex<bool>, Condvar)>,
    /// How long it was held in all.
    held: Arc<Mutex<Duration>>,
    courtesy: Courtesy,
}

impl TrainingHandle {
    pub fn new(cancel: CancelToken, courtesy: Courtesy) -> Self {
        Self { cancel, paused: Arc::new((Mutex::new(false), Condvar::new())), held: Arc::default(), courtesy }
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
        *self.paused.0.lock().unwrap_or_else(PoisonError::into_inner) = paused;
        self.paused.1.notify_all();
    }

    /// Wakes a paused trainer, so that it sees a cancel.
    pub fn wake(&self) {
        self.paused.1.notify_all();
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
}
