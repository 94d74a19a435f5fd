//! Time spent on an exam: it runs while something is done and stands still when nothing is.

use crate::study::{duration_words, unix_seconds};

/// Whole seconds, counted from the times that commands bear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ActiveTime {
    /// Before this sitting.
    earlier: u64,
    /// In this sitting.
    seconds: u64,
    /// Of these, in the journal.
    logged: u64,
    last: Option<i64>,
}

impl ActiveTime {
    /// A pause longer than this is none of the reading.
    pub const IDLE_SECONDS: i64 = 60;

    /// After so many seconds in earlier sittings.
    #[must_use]
    pub const fn after(earlier: u64) -> Self {
        Self { earlier, seconds: 0, logged: 0, last: None }
    }

    /// Something was done at a time (RFC 3339); other text is passed over, as is a clock that was set back.
    pub fn mark(&mut self, now: &str) {
        let Some(now) = unix_seconds(now) else { return };
        if let Some(last) = self.last {
            let by = now.saturating_sub(last);
            if (0..=Self::IDLE_SECONDS).contains(&by) {
                self.seconds += by.unsigned_abs();
            }
        }
        self.last = Some(now);
    }

    /// The exam is not on screen: the time until it is again is none of the reading.
    pub const fn rest(&mut self) {
        self.last = None;
    }

    /// Seconds in all sittings.
    #[must_use]
    pub const fn total_seconds(&self) -> u64 {
        self.earlier + self.seconds
    }

    /// Seconds that are not in the journal yet.
    #[must_use]
    pub const fn unlogged_seconds(&self) -> u64 {
        self.seconds - self.logged
    }

    /// They are now.
    pub const fn log(&mut self) {
        self.logged = self.seconds;
    }

    /// `06:41`, or `1:06:41` from an hour on.
    #[must_use]
    pub fn words(&self) -> String {
        duration_words(self.total_seconds())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs_while_something_is_done_and_pauses_when_idle() {
        let mut time = ActiveTime::after(60);
        for now in ["2026-11-21T10:00:00Z", "2026-11-21T10:00:20Z", "2026-11-21T10:00:20.5Z", "2026-11-21T10:00:50Z"] {
            time.mark(now);
        }
        assert_eq!((time.total_seconds(), time.unlogged_seconds()), (110, 50));
        // Lunch, then a clock that was set back, then nonsense.
        for now in ["2026-11-21T11:00:00Z", "2026-11-21T10:59:00Z", "soon", "2026-11-21T10:59:05Z"] {
            time.mark(now);
        }
        assert_eq!(time.unlogged_seconds(), 55);
        time.log();
        assert_eq!((time.unlogged_seconds(), time.words()), (0, "01:55".to_owned()));
        assert_eq!(ActiveTime::after(4001).words(), "1:06:41");
    }
}
