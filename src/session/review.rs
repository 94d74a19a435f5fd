//! The Review workspace: a model's proposals on exams that the reader has not read, accepted or refused exam by exam.

use crate::study::ExamCode;
use crate::worker::message::ExamGain;
use std::collections::BTreeSet;

/// What the workspace knows.
#[derive(Clone, Debug, Default)]
pub struct ReviewState {
    /// Model and version whose ranking was asked for.
    pub(super) ranked_for: Option<String>,
    pub(super) gains: Vec<ExamGain>,
    /// Exam, model and version that a proposal was asked for.
    pub(super) asked: Option<(ExamCode, String)>,
    /// The exam that was opened by itself last.
    pub(super) opened: Option<ExamCode>,
    /// Refused, with model and version.
    pub(super) refused: BTreeSet<(ExamCode, String)>,
}

impl ReviewState {
    /// Exams by what the model could gain from them, the most first; empty until it was asked.
    #[must_use]
    pub fn gains(&self) -> &[ExamGain] {
        &self.gains
    }

    /// What the model could gain from an exam.
    #[must_use]
    pub fn gain(&self, exam: &ExamCode) -> Option<&ExamGain> {
        self.gains.iter().find(|gain| gain.exam == *exam)
    }
}

/// Where an exam stands in Review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewStanding {
    /// Nobody has decided yet.
    Waiting,
    /// It joined the training set.
    Accepted,
    /// What the current version proposes was refused.
    Refused,
}
