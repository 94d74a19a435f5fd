//! One request on its own thread: progress out, cancel in, panics caught at the edge.

use super::message::{Event, Outcome, RequestId};
use crossbeam_channel::{Sender, TrySendError};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Tells a task to stop; shared between the window's side and the task.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// Asks the task to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was asked to.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// The flag itself, for code that takes one.
    #[must_use]
    pub fn flag(&self) -> &AtomicBool {
        &self.0
    }
}

/// Where a task sends its events; cloned into every thread.
#[derive(Clone)]
pub struct Reporter {
    events: Sender<Event>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Reporter {
    pub(super) fn new(events: Sender<Event>, wake: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self { events, wake }
    }

    /// Sends what may be lost: dropped when the window is busy.
    pub fn progress(&self, event: Event) {
        match self.events.try_send(event) {
            Ok(()) => (self.wake)(),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
        }
    }

    /// Sends what must arrive: waits for room.
    pub fn deliver(&self, event: Event) {
        // The receiver is gone only when the program ends.
        if self.events.send(event).is_ok() {
            (self.wake)();
        }
    }
}

/// One request's view of the outside.
#[derive(Clone)]
pub struct Task {
    /// Its number.
    pub id: RequestId,
    /// Set when the person cancelled it.
    pub cancel: CancelToken,
    /// Where its events go.
    pub reporter: Reporter,
}

impl Task {
    /// Reports how far it is.
    pub fn progress(&self, text: impl Into<String>, fraction: Option<f32>) {
        self.reporter.progress(Event::Progress { id: self.id, text: text.into(), fraction });
    }

    /// Runs `work` on a thread of its own; whatever happens in it, an `Ended` event follows.
    pub fn spawn(self, name: &str, work: impl FnOnce(&Self) -> Outcome + Send + 'static) {
        self.spawn_while((), name, work);
    }

    /// As [`Task::spawn`]; `held` is let go once the ending is delivered.
    pub fn spawn_while(self, held: impl Send + 'static, name: &str, work: impl FnOnce(&Self) -> Outcome + Send + 'static) {
        let id = self.id;
        let reporter = self.reporter.clone();
        let thread = std::thread::Builder::new().name(format!("osteon-{name}"));
        let started = thread.spawn(move || {
            let outcome = guarded(|| work(&self)).unwrap_or_else(Outcome::Failed);
            self.reporter.deliver(Event::Ended { id, outcome });
            drop(held);
        });
        if let Err(error) = started {
            let why = format!("The system started no thread for this work ({error}): close other programs and try again.");
            reporter.progress(Event::Ended { id, outcome: Outcome::Failed(why) });
        }
    }
}

/// Runs `work`; a panic becomes one sentence.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| {
        let what = panic.downcast_ref::<&str>().copied().map(str::to_owned).or_else(|| panic.downcast_ref::<String>().cloned());
        format!(
            "Something went wrong inside the program ({}); nothing painted is lost. Please report it.",
            what.unwrap_or_else(|| "no reason given".to_owned())
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_failed_ending() {
        let (events, inbox) = crossbeam_channel::bounded(8);
        let reporter = Reporter::new(events, Arc::new(|| {}));
        Task { id: RequestId(7), cancel: CancelToken::default(), reporter }.spawn("test", |_| panic!("deliberate"));
        match inbox.recv().unwrap() {
            Event::Ended { id: RequestId(7), outcome: Outcome::Failed(why) } => assert!(why.contains("deliberate"), "{why}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn progress_is_dropped_when_nobody_listens_but_endings_wait() {
        let (events, inbox) = crossbeam_channel::bounded(1);
        let reporter = Reporter::new(events, Arc::new(|| {}));
        let task = Task { id: RequestId(1), cancel: CancelToken::default(), reporter };
        for _ in 0..10 {
            task.progress("step", None);
        }
        task.spawn("test", |_| Outcome::ReadClosed);
        assert!(matches!(inbox.recv().unwrap(), Event::Progress { .. }));
        assert!(matches!(inbox.recv().unwrap(), Event::Ended { outcome: Outcome::ReadClosed, .. }));
    }
}
