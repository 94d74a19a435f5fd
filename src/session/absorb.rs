//! What workers report changes the session here.

use super::state::AfterSave;
use super::{Effect, NoticeLevel, OpenExam, Session};
use crate::study::ExamCode;
use crate::worker::message::{Event, LoadedExam, Outcome, PickPurpose, RequestId, Role, Standing, StudySummary};

impl Session {
    /// Takes an event in; a worker's result never overwrites a reader's labels.
    pub fn absorb(&mut self, event: Event) -> Vec<Effect> {
        let ended = if let Event::Ended { id, .. } = &event { Some(*id) } else { None };
        let mut effects = self.absorb_event(event);
        if let Some(id) = ended {
            self.end_compare(id);
            effects.extend(self.follow_compare());
            effects.extend(self.follow_review());
        }
        self.see_slice();
        effects
    }

    fn absorb_event(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Progress { id, text, fraction } => {
                if let Some(job) = self.jobs.get_mut(&id) {
                    job.text = text;
                    job.fraction = fraction;
                }
                Vec::new()
            }
            Event::Training { id, progress } => {
                if self.training.request == Some(id) {
                    self.training.record(progress);
                }
                Vec::new()
            }
            Event::Saved { row } => {
                if let Some(exam) = &mut self.exam {
                    exam.unsaved.retain(|r| r.row.n > row);
                }
                self.go_on_after_save()
            }
            Event::SaveFailed { row, why } => {
                if let Some(exam) = &mut self.exam
                    && exam.unsaved.iter().any(|r| r.row.n >= row)
                {
                    exam.save_error = Some(why.clone());
                    self.after_save = None;
                    self.error(format!("Not saved: {why}"));
                }
                Vec::new()
            }
            Event::Ended { id, outcome } => self.absorb_outcome(id, outcome),
        }
    }

    /// Does what waited for the last row to be on disk.
    fn go_on_after_save(&mut self) -> Vec<Effect> {
        if !self.all_saved() {
            return Vec::new();
        }
        let now = self.now.clone();
        match self.after_save.take() {
            Some(AfterSave::Command(command)) => self.apply(command, &now),
            Some(AfterSave::Study(summary)) => self.absorb_study(*summary),
            None => Vec::new(),
        }
    }

    fn absorb_outcome(&mut self, id: RequestId, outcome: Outcome) -> Vec<Effect> {
        self.jobs.remove(&id);
        self.follow_path(id, &outcome);
        if self.operating == Some(id) {
            self.operating = None;
        }
        let awaited = self.exam.as_mut().and_then(|exam| exam.awaited.take_if(|awaited| awaited.request == id));
        let was_training = self.training.request == Some(id);
        if was_training {
            self.training.request = None;
            self.training.pause_wanted = false;
        }
        let is_opening = self.opening.as_ref().is_some_and(|opening| opening.id == id);
        if is_opening {
            self.opening = None;
        }
        let Some(outcome) = self.still_wanted(id, outcome) else { return Vec::new() };
        match outcome {
            Outcome::Cancelled | Outcome::ReadClosed | Outcome::Done => {}
            Outcome::Failed(why) => {
                if was_training {
                    self.training.failure = Some(why.clone());
                }
                self.error(why);
            }
            Outcome::Study(summary) => return self.absorb_study(*summary),
            Outcome::Exam(loaded) => {
                // Only the exam asked for last is shown.
                if is_opening {
                    self.exam_since = id;
                    return self.absorb_exam(*loaded);
                }
            }
            Outcome::Standard(scale) => self.absorb_standard(scale),
            Outcome::ReadChecked(checked) => self.absorb_checked(*checked),
            Outcome::PacketDone { text, study } => {
                self.info(text);
                return self.absorb_study(*study);
            }
            Outcome::AtlasAdded { code, study } => return self.absorb_atlas_added(&code, *study),
            Outcome::Score(outcome) => return self.absorb_score(*outcome),
            Outcome::Sealed(ended) => return self.absorb_sealed(ended),
            Outcome::PatchRead { row, patch } => return self.absorb_patch(awaited, row, patch),
            Outcome::Trained(version) => self.absorb_trained(version, was_training),
            Outcome::Ablated(ablated) => self.absorb_ablated(ablated),
            Outcome::Ranked(ranking) => self.absorb_ranking(ranking),
            Outcome::Doubted(doubt) => self.absorb_doubt(*doubt),
            Outcome::Judged(judged) => self.training.judged = Some(judged),
            Outcome::Proposed(result) => return self.absorb_proposal(*result),
            Outcome::Compared(table) => self.absorb_table(id, *table),
            Outcome::ExamCompared(compared) => self.absorb_compared(id, *compared),
            Outcome::NotComparable { exam, why } => self.absorb_not_comparable(id, &exam, &why),
            Outcome::ConsensusAdopted { text, study } => self.absorb_adopted(text, *study),
            Outcome::Atlas(shown) => self.absorb_atlas(*shown),
            Outcome::Calibrated(done) => return self.absorb_calibrated(*done),
            Outcome::Audited(shown) => self.absorb_audit(*shown),
            Outcome::AuditWritten { text, problem } => self.tell_audit(text, problem),
            Outcome::Reported(written) => self.tell_report(&written),
            Outcome::Operated(done) => return self.absorb_operated(*done),
            Outcome::MaskRead(mask) => return self.absorb_mask(*mask),
            Outcome::ImportLook(look) => return self.absorb_import_look(id, *look),
            Outcome::ImportPreview(preview) => self.absorb_import_preview(*preview),
            Outcome::Exported { files, out, left_out } => self.tell_export(files, &out, &left_out),
            Outcome::Picked { purpose, path, dialog_shown } => return self.absorb_picked(purpose, path, dialog_shown),
            Outcome::Listed(listing) => self.listing = Some(listing),
            Outcome::SplitDrawn(parts) => self.take_parts(&parts),
            Outcome::ModelBegun { model, first, from, parts } => {
                self.take_parts(&parts);
                self.absorb_begun(model, first, &from);
            }
            Outcome::CurrentChanged { model, version } => {
                if let Some(study) = &mut self.study {
                    study.current.insert(model.clone(), version);
                }
                self.mark_proposal_stale(&model, version);
                self.info(format!("{model} version {version} is current now."));
            }
        }
        Vec::new()
    }

    /// A path written by hand comes back to be mended where it failed; one that came to something is not offered again.
    fn follow_path(&mut self, id: RequestId, outcome: &Outcome) {
        let Some(mut tried) = self.path_tried.take_if(|tried| tried.request == id) else { return };
        if let Outcome::Failed(why) = outcome {
            self.path_entry = Some(tried.purpose);
            tried.refused = Some(why.clone());
            self.path_tried = Some(tried);
        }
    }

    pub(super) fn absorb_study(&mut self, summary: StudySummary) -> Vec<Effect> {
        let same = self.study.as_ref().is_some_and(|s| s.root == summary.root);
        let mut effects = Vec::new();
        if !same {
            effects = self.commit_gesture();
            if let Some(refusal) = self.unsaved_refusal() {
                self.error(refusal);
                return effects;
            }
            if !self.all_saved() {
                self.after_save = Some(AfterSave::Study(Box::new(summary)));
                return effects;
            }
            effects.extend(self.close_exam());
            self.forget_person();
            self.standard = None;
            self.import = None;
            self.protocol_changed = false;
        }
        if self.study.as_ref().is_some_and(|held| same && held.protocol.reading() != summary.protocol.reading()) {
            // What counts may be something else now.
            effects.extend(self.compare.forget_figures().into_iter().map(Effect::Cancel));
        }
        let asked_for = self.brought_in(&summary).filter(|_| same);
        let before = self.study.as_ref().filter(|_| same).map(|s| s.exams.len());
        match before.map_or(0, |before| summary.exams.len().saturating_sub(before)) {
            0 => {}
            1 => self.info("1 exam came in."),
            n => self.info(format!("{n} exams came in.")),
        }
        self.schemes[1] = summary.protocol.bone_scheme();
        for remark in &summary.remarks {
            self.notices.push(NoticeLevel::Warning, remark.clone());
        }
        let alone = summary.scratch || summary.packet.is_some() || summary.atlas.calibrates.is_some();
        let readers = summary.protocol.readers().to_vec();
        let back_as = self.atlas.back_as.take().filter(|_| self.role.is_none() && summary.atlas.calibrates.is_none());
        self.study = Some(summary);
        if let Some(role) = self.role.clone() {
            self.order_exams(&role);
        }
        if let Some(role) = back_as {
            // Back from calibrating: the same person goes on.
            effects.extend(self.apply(super::Command::Study(super::StudyCommand::ChooseRole(role)), &self.now.clone()));
        } else if self.role.is_none()
            && alone
            && let [reader] = readers.as_slice()
        {
            // Images opened without a study, and packets, have one reader: nobody to be kept apart from.
            effects.extend(
                self.apply(super::Command::Study(super::StudyCommand::ChooseRole(Role::Reader(reader.code.clone()))), &self.now.clone()),
            );
        } else if let Some(exam) = asked_for {
            effects.extend(self.apply(super::Command::Study(super::StudyCommand::OpenExam(exam)), &self.now.clone()));
        }
        effects
    }

    /// Of images that were opened again and had changed: the first that is new, where the reader's place is now.
    fn brought_in(&self, summary: &StudySummary) -> Option<ExamCode> {
        let place = summary.places.get(self.role.as_ref()?.reader()?).filter(|_| summary.scratch)?;
        let known = self.exams().iter().any(|exam| exam.code == place.exam);
        (!known).then(|| place.exam.clone())
    }

    fn absorb_exam(&mut self, mut loaded: LoadedExam) -> Vec<Effect> {
        if self.role.as_ref() != Some(&loaded.role) {
            // The person changed role while it loaded: what was loaded for another is not shown.
            return Vec::new();
        }
        self.notices.leave_exams();
        if !loaded.findings.is_empty() {
            let text = format!("{}: {}", loaded.code, loaded.findings.join("; "));
            self.notices.push_of_exam(&loaded.code, NoticeLevel::Warning, text);
        }
        loaded.layers = loaded.layers.with_budget_bytes(self.undo_budget_bytes);
        self.exam = OpenExam::new(loaded);
        self.review.asked = None;
        self.follow_new_read();
        self.hide_agreed_mask();
        self.follow_protocol();
        self.take_allowed_tool();
        self.tool.threshold = None;
        let left = self.go_on_at.take().filter(|place| self.exam.as_ref().is_some_and(|e| e.code == place.exam)).map(|place| place.slice);
        let before = || self.exam.as_ref().and_then(|exam| self.left_at.get(&exam.code).copied().or(Some(exam.view.slice)));
        if let Some(slice) = left.or_else(before) {
            self.go_to_slice(slice);
        }
        self.fix_band();
        self.log_conditions()
    }

    /// Of several reads the newest tells how far the reader is, in the list, too.
    fn follow_new_read(&mut self) {
        let (Some(exam), Some(reader)) = (&self.exam, self.role.as_ref().and_then(Role::reader)) else { return };
        if let (Standing::Writing { .. }, Some(study)) = (&exam.standing, &mut self.study)
            && let Some(listed) = study.exams.iter_mut().find(|listed| listed.code == exam.code)
        {
            listed.sealed.remove(reader);
        }
    }

    fn absorb_picked(&mut self, purpose: PickPurpose, path: Option<std::path::PathBuf>, dialog_shown: bool) -> Vec<Effect> {
        let now = self.now.clone();
        match path {
            Some(path) => self.apply(super::Command::File(super::FileCommand::Use(purpose, path)), &now),
            // No path and no dialog on screen: the built-in entry takes over.
            None if !dialog_shown => self.apply(super::Command::File(super::FileCommand::ShowPathEntry(purpose)), &now),
            None => Vec::new(),
        }
    }

    /// Exam codes in the order of the list.
    #[must_use]
    pub fn exam_codes(&self) -> Vec<ExamCode> {
        self.exams().iter().map(|e| e.code.clone()).collect()
    }
}
