//! How long a training may take: a number of steps, a time, or whichever is over first.

use std::time::{Duration, Instant};

/// How long one net may train.
#[derive(Clone, Copy, Debug)]
pub(super) struct Length {
    /// Steps; with a time the most.
    steps: u32,
    /// Wall-clock time, from when until when.
    until: Option<(Instant, Instant)>,
}

impl Length {
    /// So many steps, at the most until the time is over.
    pub fn new(steps: u32, until: Option<(Instant, Instant)>) -> Self {
        Self { steps: steps.max(1), until }
    }

    /// So many steps, at the most so many minutes from now on.
    pub fn of_minutes(steps: u32, minutes: Option<f64>, now: Instant) -> Self {
        Self::new(steps, minutes.map(|minutes| (now, now + span(minutes))))
    }

    /// The share of the training that is over after so many steps: 1 is the end.
    pub fn done(&self, step: u32) -> f64 {
        let by_steps = f64::from(step) / f64::from(self.steps);
        let Some((from, until)) = self.until else { return by_steps };
        let whole = until.saturating_duration_since(from).max(Duration::from_micros(1));
        by_steps.max(from.elapsed().as_secs_f64() / whole.as_secs_f64())
    }

    /// Steps in all, as far as can be told after so many of them; never fewer than were taken.
    pub fn steps_in_all(&self, step: u32) -> u32 {
        if self.until.is_none() {
            return self.steps;
        }
        let all = (f64::from(step) / self.done(step).max(1e-6)).round();
        (all as u32).clamp(step, self.steps.max(step))
    }

    /// A pause is no time for training.
    pub fn hold(&mut self, held: Duration) {
        if let Some((from, until)) = &mut self.until {
            (*from, *until) = (*from + held, *until + held);
        }
    }
}

/// So many minutes; none below zero, and no more than months.
pub(super) fn span(minutes: f64) -> Duration {
    Duration::try_from_secs_f64((minutes * 60.0).clamp(0.0, 1e7)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_or_time_whichever_is_over_first() {
        let now = Instant::now();
        let steps = Length::new(10, None);
        assert_eq!((steps.done(5), steps.steps_in_all(0), steps.steps_in_all(7)), (0.5, 10, 10));
        let hour = Length::of_minutes(10, Some(60.0), now);
        assert_eq!((hour.done(10), hour.steps_in_all(10)), (1.0, 10));
        let mut over = Length::of_minutes(1000, Some(1e-9), now);
        std::thread::sleep(Duration::from_millis(2));
        assert!(over.done(3) >= 1.0 && over.steps_in_all(3) == 3);
        over.hold(Duration::from_secs(3600));
        assert_eq!(over.done(0), 0.0);
        assert!(Length::new(0, None).done(0).is_finite() && span(f64::NAN) == Duration::ZERO);
    }
}
