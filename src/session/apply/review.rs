//! Review: proposals on unread exams of the training part, accepted or refused whole.

use super::stroke::adoption;
use crate::edit::tools::AdoptScope;
use crate::edit::{CommitKind, Row};
use crate::session::{Effect, ReviewStanding, Session, StudyCommand, Workspace};
use crate::study::{Assistance, ExamCode, Part, ReaderCode, TriageVerdict};
use crate::volume::LayerKind;
use crate::worker::message::{DoubtMap, ExamSummary, RankRequest, Ranking, Request};

/// Review is for this layer.
const LAYER: LayerKind = LayerKind::Marrow;

impl Session {
    /// The reader for whom Review is: one whose reads are assisted from the start.
    #[must_use]
    pub fn review_reader(&self) -> Option<&ReaderCode> {
        let reader = self.role.as_ref()?.reader()?;
        let rule = self.study.as_ref()?.protocol.reader(reader)?;
        (rule.assistance == Assistance::FromStart).then_some(reader)
    }

    /// Exams that Review shows, and where they stand: of the training part, not sealed, not read by hand. Those that the model
    /// is surest of come first; none for an independent reader.
    #[must_use]
    pub fn review_exams(&self) -> Vec<(&ExamSummary, ReviewStanding)> {
        let Some(reader) = self.review_reader() else { return Vec::new() };
        let shown = self.exams().iter().filter(|e| self.is_reviewable(e, reader));
        let mut exams: Vec<(&ExamSummary, ReviewStanding)> = shown.map(|e| (e, self.review_standing(e, reader))).collect();
        let doubt = |exam: &ExamSummary| self.review.gain(&exam.code).map_or(f32::INFINITY, |gain| gain.doubt);
        exams.sort_by(|(a, _), (b, _)| doubt(a).total_cmp(&doubt(b)));
        exams
    }

    fn is_reviewable(&self, exam: &ExamSummary, reader: &ReaderCode) -> bool {
        let mut unread = exam.done.get(reader).copied().unwrap_or(0) == 0 && !exam.painted.contains(reader);
        if let Some(open) = self.exam.as_ref().filter(|e| e.code == exam.code) {
            unread = open.writable && open.layers.labels(LAYER).is_blank() && open.layers.done_slices(LAYER).is_empty();
        }
        exam.part == Some(Part::Train) && !exam.sealed.contains(reader) && (unread || exam.accepted.contains(reader))
    }

    fn review_standing(&self, exam: &ExamSummary, reader: &ReaderCode) -> ReviewStanding {
        // In this sitting, or as the journal tells of an earlier one.
        let refused = || {
            self.model_version().is_some_and(|version| {
                exam.refused.get(reader) == Some(&version) || self.review.refused.contains(&(exam.code.clone(), version))
            })
        };
        if exam.accepted.contains(reader) {
            ReviewStanding::Accepted
        } else if refused() {
            ReviewStanding::Refused
        } else {
            ReviewStanding::Waiting
        }
    }

    /// The model and its current version: `marrow-R1/3`.
    fn model_version(&self) -> Option<String> {
        Some(format!("{}/{}", self.model_name()?, self.current_version()?))
    }

    fn next_waiting(&self, but: Option<&ExamCode>) -> Option<ExamCode> {
        let waiting = |(exam, standing): &(&ExamSummary, ReviewStanding)| *standing == ReviewStanding::Waiting && Some(&exam.code) != but;
        self.review_exams().into_iter().find(waiting).map(|(exam, _)| exam.code.clone())
    }

    /// Whether the exam on screen can be accepted now: a proposal of the current version on all of it, nothing painted by hand.
    #[must_use]
    pub fn may_accept(&self) -> bool {
        let Some((exam, reader)) = self.exam.as_ref().zip(self.review_reader()) else { return false };
        let listed = self.exams().iter().find(|e| e.code == exam.code);
        let whole = exam.proposal.as_ref().is_some_and(|p| {
            p.result.layer == LAYER && !p.stale && (0..exam.plane.slice_count()).all(|slice| p.result.slices.contains(&slice))
        });
        whole && listed.is_some_and(|e| self.is_reviewable(e, reader) && !e.accepted.contains(reader))
    }

    /// Enters the workspace.
    pub(super) fn enter_review(&mut self) -> Vec<Effect> {
        if self.review_reader().is_none() {
            self.warn("Review is for readers whose reads are assisted from the start: this one is independent.");
            return Vec::new();
        }
        self.tool.layer = LAYER;
        self.workspace = Workspace::Review;
        self.review.opened = None;
        Vec::new()
    }

    /// What Review needs next: the ranking, the next exam, a proposal on it. Called after every command and event.
    pub(in crate::session) fn follow_review(&mut self) -> Vec<Effect> {
        if self.workspace != Workspace::Review || self.opening.is_some() || self.after_save.is_some() {
            return Vec::new();
        }
        let (Some(version), Some(reader)) = (self.model_version(), self.review_reader().cloned()) else { return Vec::new() };
        let mut effects = Vec::new();
        if self.review.ranked_for.as_ref() != Some(&version) {
            effects.extend(self.ask_ranking(&version));
        }
        let open = self.exam.as_ref().map(|e| e.code.clone());
        let listed = open.as_ref().and_then(|code| self.exams().iter().find(|e| e.code == *code));
        if listed.is_some_and(|e| self.is_reviewable(e, &reader)) {
            let accepted = listed.is_some_and(|e| e.accepted.contains(&reader));
            let shown = self.exam.as_ref().and_then(|e| e.proposal.as_ref()).is_some_and(|p| p.result.model_version == version);
            let asked = open.map(|code| (code, version));
            if !accepted && !shown && self.review.asked != asked {
                self.review.asked = asked;
                effects.extend(self.propose(None));
            }
        } else if let Some(next) = self.next_waiting(open.as_ref())
            && self.review.opened.as_ref() != Some(&next)
        {
            self.review.opened = Some(next.clone());
            effects.extend(self.apply_study(StudyCommand::OpenExam(next)));
        }
        effects
    }

    fn ask_ranking(&mut self, version: &str) -> Option<Effect> {
        self.review.ranked_for = Some(version.to_owned());
        self.review.gains.clear();
        let exams: Vec<ExamCode> = self.review_exams().into_iter().map(|(exam, _)| exam.code.clone()).collect();
        let (root, model) = (self.study.as_ref()?.root.clone(), self.model_name()?);
        let request = RankRequest { root, model, model_version: version.to_owned(), exams };
        Some(self.request("Which exam next", Request::Rank(Box::new(request))))
    }

    pub(in crate::session) fn absorb_ranking(&mut self, ranking: Ranking) {
        if self.review.ranked_for.as_ref() == Some(&ranking.model_version) && self.review_reader().is_some() {
            self.review.gains = ranking.gains;
        }
    }

    pub(in crate::session) fn absorb_doubt(&mut self, doubt: DoubtMap) {
        if !self.assistance_allowed() {
            return;
        }
        if let Some(exam) = self.exam.as_mut().filter(|e| e.code == doubt.exam) {
            exam.doubt = Some(doubt);
            exam.content += 1;
        }
    }

    /// Shows where the model is unsure, or hides it.
    pub(super) fn toggle_doubt(&mut self) -> Vec<Effect> {
        let (layer, version) = (self.tool.layer, self.model_version());
        let Some(exam) = &mut self.exam else { return Vec::new() };
        let held = exam.doubt.as_ref().is_some_and(|d| d.layer == layer && Some(&d.model_version) == version.as_ref());
        if exam.doubt_shown && held {
            exam.doubt_shown = false;
            return Vec::new();
        }
        exam.doubt_shown = true;
        if held {
            return Vec::new();
        }
        match self.propose_request(None) {
            Some(request) => vec![self.request("Where the model is unsure", Request::Doubt(Box::new(request)))],
            None => Vec::new(),
        }
    }

    /// Takes the proposal over whole, marks every slice done, and goes on to the next exam.
    pub(super) fn accept(&mut self) -> Vec<Effect> {
        let mut effects = self.commit_gesture();
        if !self.may_edit() {
            return effects;
        }
        if !self.may_accept() {
            self.info("There is nothing to accept: the exam is begun by hand, or the model has not proposed on all of it.");
            return effects;
        }
        let Some(exam) = &mut self.exam else { return effects };
        let Some(version) = exam.proposal.as_ref().map(|p| p.result.model_version.clone()) else { return effects };
        effects.extend(self.decide(true, &version));
        let Some(exam) = &mut self.exam else { return effects };
        let writes = adoption(exam, LAYER, None).voxels(AdoptScope::All).unwrap_or_default();
        let mut rows: Vec<Row> = Vec::new();
        if exam.layers.begin(LAYER, CommitKind::Accepted(version.clone()), format!("Accept {version}, whole exam")).is_ok() {
            for (voxel, label) in writes {
                exam.layers.write(voxel, label);
            }
            rows.extend(exam.layers.commit());
        }
        for slice in 0..exam.plane.slice_count() {
            rows.extend(exam.layers.set_done(LAYER, slice, true));
        }
        let code = exam.code.clone();
        for row in rows {
            effects.extend(self.journal(row));
        }
        self.drop_proposal();
        effects.extend(self.go_on_reviewing(&code));
        effects
    }

    /// Refuses the proposal and goes on to the next exam; what was accepted before is taken back instead, and waits again.
    pub(super) fn refuse(&mut self) -> Vec<Effect> {
        let mut effects = self.commit_gesture();
        if self.review_reader().is_none() || !self.may_edit() {
            return effects;
        }
        let (Some(version), Some(exam)) = (self.model_version(), &self.exam) else { return effects };
        let code = exam.code.clone();
        if exam.triage.is_accepted(LAYER) {
            effects.extend(self.take_acceptance_back());
            return effects;
        }
        effects.extend(self.decide(false, &version));
        self.review.refused.insert((code.clone(), version));
        if self.next_waiting(Some(&code)).is_some() {
            self.drop_proposal();
        }
        effects.extend(self.go_on_reviewing(&code));
        effects
    }

    /// Empties the exam again: the model is asked anew, nothing is refused.
    fn take_acceptance_back(&mut self) -> Vec<Effect> {
        let Some(exam) = &mut self.exam else { return Vec::new() };
        let mut rows: Vec<Row> = Vec::new();
        for slice in 0..exam.plane.slice_count() {
            rows.extend(exam.layers.set_done(LAYER, slice, false));
        }
        let kind = exam.triage.verdict(LAYER).map_or(CommitKind::Hand, |v| CommitKind::Accepted(v.model_version.clone()));
        let mut drawn = Vec::new();
        exam.layers.labels(LAYER).for_each_labelled(|voxel, _| drawn.push(voxel));
        if exam.layers.begin(LAYER, kind, "Take the acceptance back".to_owned()).is_ok() {
            for voxel in drawn {
                exam.layers.write(voxel, 0);
            }
            rows.extend(exam.layers.commit());
        }
        // Neither accepted nor, since it names no version, refused.
        let text = TriageVerdict::new(LAYER, false, "").to_text();
        rows.extend(exam.layers.note("Take the acceptance back".to_owned(), TriageVerdict::TOPIC, text));
        let code = exam.code.clone();
        let effects = rows.into_iter().flat_map(|row| self.journal(row)).collect();
        // Nor as it was refused before it was accepted.
        self.review.refused.retain(|(refused, _)| *refused != code);
        let reader = self.role.as_ref().and_then(|role| role.reader()).cloned();
        if let (Some(reader), Some(study)) = (reader, &mut self.study)
            && let Some(listed) = study.exams.iter_mut().find(|listed| listed.code == code)
        {
            listed.refused.remove(&reader);
        }
        self.review.asked = None;
        effects
    }

    /// Notes a decision in the journal.
    fn decide(&mut self, accepted: bool, version: &str) -> Vec<Effect> {
        let Some(exam) = &mut self.exam else { return Vec::new() };
        let name = format!("{} {version}", if accepted { "Accept" } else { "Refuse" });
        let text = TriageVerdict::new(LAYER, accepted, version).to_text();
        let row = exam.layers.note(name, TriageVerdict::TOPIC, text);
        row.map_or_else(Vec::new, |row| self.journal(row))
    }

    fn go_on_reviewing(&mut self, from: &ExamCode) -> Vec<Effect> {
        match self.next_waiting(Some(from)).filter(|_| self.workspace == Workspace::Review) {
            Some(next) => self.apply_study(StudyCommand::OpenExam(next)),
            None => {
                self.info("Every exam of the training part is read, accepted or refused.");
                Vec::new()
            }
        }
    }

    /// Follows what a new row says of triage: called for every row of the open read.
    pub(super) fn follow_triage(&mut self, row: &Row) {
        let Some(reader) = self.role.as_ref().and_then(|r| r.reader()).cloned() else { return };
        let Some(exam) = &mut self.exam else { return };
        exam.triage.take_in(row);
        let (accepted, done) = (exam.triage.is_accepted(LAYER), exam.layers.done_slices(LAYER).len());
        let painted = !exam.layers.labels(LAYER).is_blank();
        let code = exam.code.clone();
        if let Some(listed) = self.study.as_mut().and_then(|s| s.exams.iter_mut().find(|e| e.code == code)) {
            for (readers, is) in [(&mut listed.accepted, accepted), (&mut listed.painted, painted)] {
                if is {
                    readers.insert(reader.clone());
                } else {
                    readers.remove(&reader);
                }
            }
            listed.done.insert(reader, done);
        }
    }
}
