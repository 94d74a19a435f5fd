//! Pause, resume and cancel of a training, shared between hub and trainer.

use super::courtesy::Courtesy;
use super::message::TrainControl;
use super::task::CancelToken;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Pause and cancel, shared between hub and trainer.
#[derive(Clone)]
pub(super) struct TrainingHandle {
    cancel: CancelToken,
    paused: Arc<(Mutex<bool>, Condvar)>,
    courtesy: Courtesy,
}

impl TrainingHandle {
    pub fn new(cancel: CancelToken, courtesy: Courtesy) -> Self {
        Self { cancel, paused: Arc::new((Mutex::new(false), Condvar::new())), courtesy }
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

    /// Holds while paused; returns at once when cancelled.
    pub fn hold(&self) {
        let mut paused = self.paused.0.lock().unwrap_or_else(PoisonError::into_inner);
        while *paused && !self.cancel.is_cancelled() {
            let patience = Duration::from_millis(200);
            paused = self.paused.1.wait_timeout(paused, patience).unwrap_or_else(PoisonError::into_inner).0;
        }
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
        handle.control(TrainControl::Cancel);
        thread.join().unwrap();
    }
}
