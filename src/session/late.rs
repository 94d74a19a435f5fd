//! Answers that come after the person has gone on to another exam, reader or study.

use super::Session;
use crate::study::ExamCode;
use crate::worker::message::{Outcome, Request, RequestId, ScoreOutcome};

/// An exam, or a mask to be scored, that is on its way to the screen.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Opening {
    /// The request.
    pub id: RequestId,
    /// The exam; none for a mask.
    pub exam: Option<ExamCode>,
}

impl Session {
    /// The outcome, unless what it was asked for is gone: a reader's answer is nothing to the next reader, and what ended in
    /// one study changes nothing on the screen of another.
    pub(super) fn still_wanted(&mut self, id: RequestId, outcome: Outcome) -> Option<Outcome> {
        let asked_in = self.asked_in.remove(&id);
        let elsewhere = asked_in.is_some_and(|root| self.study.as_ref().is_none_or(|study| study.root != root));
        let late = id < self.exam_since;
        let outcome = if self.is_of_another(id) { self.fit_for_the_next(outcome)? } else { outcome };
        match outcome {
            Outcome::Proposed(_) | Outcome::Doubted(_) | Outcome::Operated(_) | Outcome::ReadChecked(_) if late => None,
            // The mask that calibration hides may have been asked for just before.
            Outcome::Atlas(_) if late && self.calibrates() => None,
            Outcome::MaskRead(_) if late => {
                self.warn("The mask was not imported: its exam is no longer open.");
                None
            }
            Outcome::Trained(_) | Outcome::Ablated(_) | Outcome::Judged(_) | Outcome::CurrentChanged { .. } | Outcome::Standard(_)
                if elsewhere =>
            {
                None
            }
            Outcome::ModelBegun { .. } | Outcome::SplitDrawn(_) | Outcome::Atlas(_) | Outcome::Calibrated(_) if elsewhere => None,
            Outcome::Study(summary) if elsewhere => {
                self.info(format!("What was under way in {} is done; open it to see.", summary.root.display()));
                None
            }
            Outcome::PacketDone { text, .. } | Outcome::ConsensusAdopted { text, .. } if elsewhere => {
                self.info(text);
                None
            }
            Outcome::AtlasAdded { code, .. } if elsewhere => {
                self.info(format!("The atlas of the other study holds the exam as {code}."));
                None
            }
            wanted => Some(wanted),
        }
    }

    /// Whether a request was made by whoever sat here before.
    pub(super) fn is_of_another(&self, id: RequestId) -> bool {
        id <= self.person_since
    }

    /// What of another person's answer may reach this one: that something is done, and what was not saved; no figures, no masks
    /// and no marks.
    fn fit_for_the_next(&mut self, outcome: Outcome) -> Option<Outcome> {
        match outcome {
            Outcome::Audited(_) | Outcome::Calibrated(_) | Outcome::Atlas(_) | Outcome::Judged(_) | Outcome::Ablated(_) => None,
            Outcome::Ranked(_) | Outcome::ImportPreview(_) => None,
            Outcome::Score(score) if !matches!(*score, ScoreOutcome::Kept | ScoreOutcome::NotKept(..)) => None,
            Outcome::PacketDone { study, .. } | Outcome::ConsensusAdopted { study, .. } | Outcome::AtlasAdded { study, .. }
                if self.reads_blind() =>
            {
                Some(Outcome::Study(study))
            }
            other => Some(other),
        }
    }
}

/// Whether the answer says something of the study that it was asked in, or brings another.
pub(super) const fn changes_a_study(request: &Request) -> bool {
    matches!(
        request,
        Request::Train(_)
            | Request::Ablate(_)
            | Request::Judge(_)
            | Request::BeginShipped { .. }
            | Request::MakeCurrent { .. }
            | Request::Import { .. }
            | Request::Packet(_)
            | Request::Atlas(_)
            | Request::AdoptConsensus(_)
            | Request::SaveProtocol { .. }
            | Request::DrawSplit { .. }
            | Request::LearnStandard { .. }
    )
}
