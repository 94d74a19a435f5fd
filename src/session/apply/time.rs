//! Time on the exam goes into the journal: when the exam is left, and every few minutes.

use crate::session::{Effect, Session};
use crate::study::SlicesSeen;

/// A crash loses no more than this.
const LOG_EVERY_SECONDS: u64 = 300;

impl Session {
    /// Writes the seconds, and the slices looked at, down that are not in the journal yet.
    pub(super) fn log_time(&mut self) -> Vec<Effect> {
        let Some(exam) = self.exam.as_mut().filter(|e| e.writable && e.save_error.is_none()) else { return Vec::new() };
        let Some(row) = exam.layers.log_seconds(exam.time.unlogged_seconds()) else { return Vec::new() };
        exam.time.log();
        let (code, seconds) = (exam.code.clone(), row.logged_seconds());
        if let Some(reader) = self.role.as_ref().and_then(|r| r.reader().cloned())
            && let Some(listed) = self.study.as_mut().and_then(|s| s.exams.iter_mut().find(|e| e.code == code))
        {
            *listed.seconds.entry(reader).or_default() += seconds;
        }
        let mut effects = self.journal(row);
        effects.extend(self.log_seen());
        effects
    }

    fn log_seen(&mut self) -> Vec<Effect> {
        let Some(exam) = &mut self.exam else { return Vec::new() };
        let visited = exam.visited.iter().enumerate().filter(|(_, visited)| **visited).map(|(slice, _)| slice);
        let Some(text) = exam.seen.add(visited) else { return Vec::new() };
        let row = exam.layers.note("Slices looked at".to_owned(), SlicesSeen::TOPIC, text);
        row.map(|row| self.journal(row)).unwrap_or_default()
    }

    /// The same, where enough has come together.
    pub(super) fn log_time_if_due(&mut self) -> Vec<Effect> {
        let due = self.exam.as_ref().is_some_and(|e| e.time.unlogged_seconds() >= LOG_EVERY_SECONDS);
        if due { self.log_time() } else { Vec::new() }
    }
}
