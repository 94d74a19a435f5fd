//! Confirming the reading conditions, and logging them in every read that is opened afterwards.

use super::edit::CONFIRM_FIRST;
use crate::session::conditions::ConditionsState;
use crate::session::{Conditions, Effect, Session, Workspace};

/// The word under which the journal keeps them.
const TOPIC: &str = "conditions";

impl Session {
    /// The check of room light and monitor.
    #[must_use]
    pub const fn conditions(&self) -> &ConditionsState {
        &self.conditions
    }

    /// Whether the protocol demands the check and this reader has not made it in this session.
    #[must_use]
    pub fn conditions_due(&self) -> bool {
        let demanded = self.study.as_ref().is_some_and(|s| s.protocol.confirm_conditions());
        let reads = self.role.as_ref().is_some_and(|r| r.reader().is_some());
        demanded && reads && self.conditions.confirmed.is_none()
    }

    /// Whether the page with the pattern is shown instead of the exam.
    #[must_use]
    pub fn conditions_shown(&self) -> bool {
        self.workspace == Workspace::Read && (self.conditions_due() || (self.conditions.open && self.role.is_some()))
    }

    pub(super) fn answer_conditions(&mut self, answers: Conditions) {
        self.conditions.draft = answers;
    }

    pub(super) fn toggle_conditions(&mut self) {
        self.conditions.open = !self.conditions.open;
    }

    pub(super) fn confirm_conditions(&mut self) -> Vec<Effect> {
        if !self.conditions.draft.is_answered() {
            // A key or a script may come before the answers: nobody's room is made up.
            self.warn("Say first how light the room is and what monitor this is.");
            return Vec::new();
        }
        self.conditions.open = false;
        self.conditions.confirmed = Some((self.conditions.draft, self.now.clone()));
        self.notices.withdraw(CONFIRM_FIRST);
        self.log_conditions()
    }

    /// One row in the read that is open; nothing where nothing was confirmed or the read cannot be written.
    pub(in crate::session) fn log_conditions(&mut self) -> Vec<Effect> {
        let Some((conditions, time)) = self.conditions.confirmed.clone() else { return Vec::new() };
        let Some(exam) = self.exam.as_mut().filter(|e| e.writable) else { return Vec::new() };
        let text = conditions.text().map(|words| format!("{words}; confirmed {time}"));
        match text.and_then(|text| exam.layers.note("Reading conditions".to_owned(), TOPIC, text)) {
            Some(row) => self.journal(row),
            None => Vec::new(),
        }
    }
}
