//! Submitting a read: what is worth another look, the seal, and reading an exam again.

use crate::session::{Effect, Session};
use crate::study::{ReadingPlace, SealSubject};
use crate::volume::LayerKind;
use crate::worker::message::{CheckReadRequest, ReadChecked, Request, SealEnded, SealRequest, Standing};

impl Session {
    /// Asks for the checks; the person seals after having seen them.
    pub(super) fn submit(&mut self) -> Vec<Effect> {
        if !self.may_edit() {
            return Vec::new();
        }
        let mut effects = self.commit_gesture();
        let Some(exam) = &self.exam else { return effects };
        let done = exam.layers.done_slices(LayerKind::Marrow).into_iter().collect();
        let subject = SealSubject {
            marrow: exam.layers.labels(LayerKind::Marrow).clone(),
            bone: exam.layers.labels(LayerKind::Bone).clone(),
            slice_axis: exam.plane.slice_axis(),
            visited: exam.visited.clone(),
            done,
        };
        let request = CheckReadRequest { exam: exam.code.clone(), subject };
        effects.push(self.request("Looking the read over", Request::CheckRead(Box::new(request))));
        effects
    }

    /// Seals the open read; called when every row is on disk.
    pub(super) fn seal(&mut self) -> Vec<Effect> {
        if let Some(refusal) = self.unsaved_refusal() {
            self.error(refusal);
            return Vec::new();
        }
        if !self.may_edit() {
            return Vec::new();
        }
        let reader = self.role.as_ref().and_then(|r| r.reader()).cloned();
        let (Some(study), Some(reader), Some(exam)) = (&self.study, reader, &mut self.exam) else { return Vec::new() };
        // What is painted from now on would reach no file.
        exam.writable = false;
        let request = SealRequest { root: study.root.clone(), reader, exam: exam.code.clone(), time: self.now.clone() };
        self.checked = None;
        vec![self.request("Sealing the read", Request::Seal(request))]
    }

    /// Opens a new read beside the sealed one.
    pub(super) fn read_again(&mut self) -> Vec<Effect> {
        match self.exam.as_ref().map(|e| (e.code.clone(), &e.standing)) {
            Some((code, Standing::Sealed { .. })) => self.request_exam(code, true),
            Some(_) => {
                self.info("An exam is read again once its read is sealed.");
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    pub(in crate::session) fn absorb_checked(&mut self, mut checked: ReadChecked) {
        checked.warnings.extend(self.form_warning());
        if self.exam.as_ref().is_some_and(|e| e.code == checked.exam && e.writable) {
            self.checked = Some(checked);
        }
    }

    pub(in crate::session) fn absorb_sealed(&mut self, ended: SealEnded) -> Vec<Effect> {
        let is_sealed = ended.result.is_ok();
        match ended.result {
            Ok(all) => {
                let summary = self.study.as_mut().and_then(|s| s.exams.iter_mut().find(|e| e.code == ended.exam));
                if let Some(summary) = summary {
                    summary.sealed.insert(ended.reader.clone());
                    summary.reads_sealed = all;
                }
                self.info(format!("Your read of {} is sealed.", ended.exam));
            }
            Err(why) => self.error(why),
        }
        let open = self.exam.as_ref().is_some_and(|e| e.code == ended.exam);
        let same_reader = self.role.as_ref().and_then(|r| r.reader()) == Some(&ended.reader);
        let mut effects = if is_sealed && same_reader { self.measure_calibration(ended.exam.clone()) } else { Vec::new() };
        // As it is on disk now: to be looked at, or to go on with where sealing failed.
        if open && same_reader {
            // What was in sight stays in sight.
            self.go_on_at = self.exam.as_ref().map(|exam| ReadingPlace { exam: exam.code.clone(), slice: exam.view.slice });
            effects.extend(self.request_exam(ended.exam, false));
        }
        effects
    }
}
