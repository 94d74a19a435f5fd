//! People first: a training waits at its next step while somebody waits for a proposal.

use super::task::CancelToken;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many people wait, shared between the hub, what they wait for, and every training.
#[derive(Clone, Default)]
pub(super) struct Courtesy(Arc<(Mutex<usize>, Condvar)>);

/// Somebody waits until this is dropped.
pub(super) struct Guest(Courtesy);

impl Courtesy {
    /// Somebody waits from now on.
    pub fn receive(&self) -> Guest {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Guest(self.clone())
    }

    /// Holds while somebody waits, and says for how long; returns soon after `cancel` is set.
    pub fn give_way(&self, cancel: &CancelToken) -> Duration {
        let mut waiting = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if *waiting == 0 {
            return Duration::ZERO;
        }
        let since = Instant::now();
        while *waiting > 0 && !cancel.is_cancelled() {
            let patience = Duration::from_millis(50);
            waiting = self.0.1.wait_timeout(waiting, patience).unwrap_or_else(PoisonError::into_inner).0;
        }
        since.elapsed()
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let mut waiting = self.0.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        *waiting = waiting.saturating_sub(1);
        self.0.0.1.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn a_training_goes_on_when_the_last_guest_is_gone_or_it_is_cancelled() {
        let (courtesy, cancel) = (Courtesy::default(), CancelToken::default());
        assert_eq!(courtesy.give_way(&cancel), Duration::ZERO);
        let (first, second) = (courtesy.receive(), courtesy.receive());
        drop(first);
        let gone = Arc::new(AtomicBool::new(false));
        let (waiting, seen, never) = (courtesy.clone(), gone.clone(), cancel.clone());
        let training = std::thread::spawn(move || {
            waiting.give_way(&never);
            seen.load(Ordering::SeqCst)
        });
        gone.store(true, Ordering::SeqCst);
        drop(second);
        assert!(training.join().unwrap(), "it held until the second was gone");
        let _guest = courtesy.receive();
        cancel.cancel();
        courtesy.give_way(&cancel);
    }
}
