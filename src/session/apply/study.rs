//! Study, role and exams.

use crate::session::late::Opening;
use crate::session::state::AfterSave;
use crate::session::{Command, CompareState, ConditionsState, Effect, Hands, Session, StudyCommand, TrainingState, Workspace};
use crate::study::{ExamCode, ReadingPlace, reading_order};
use crate::worker::message::{ExamSummary, OpenHow, ReportChoice, Request, RequestId, Role, Standing};
use std::ops::ControlFlow;

impl Session {
    pub(super) fn apply_study(&mut self, command: StudyCommand) -> Vec<Effect> {
        if let StudyCommand::OpenExam(code) = &command
            && self.opening.as_ref().is_some_and(|opening| opening.exam.as_ref() == Some(code))
        {
            // It is on its way.
            self.after_save = None;
            return Vec::new();
        }
        if let StudyCommand::OpenExam(code) = &command
            && self.opening.is_none()
            && self.exam.as_ref().is_some_and(|e| e.code == *code && !matches!(e.standing, Standing::Busy { .. }))
        {
            // It is on screen already; whatever was to be opened instead is not wanted any more.
            self.after_save = None;
            return Vec::new();
        }
        let mut effects = Vec::new();
        if !matches!(
            command,
            StudyCommand::Compare
                | StudyCommand::Report(_)
                | StudyCommand::Submit
                | StudyCommand::CancelSubmit
                | StudyCommand::ConfirmConditions
        ) {
            match self.wait_for_save(Command::Study(command.clone())) {
                ControlFlow::Break(waiting) => return waiting,
                ControlFlow::Continue(first) => effects = first,
            }
        }
        effects.extend(self.carry_out_study(command));
        effects
    }

    fn carry_out_study(&mut self, command: StudyCommand) -> Vec<Effect> {
        match command {
            StudyCommand::ChooseRole(role) => self.choose_role(role),
            StudyCommand::LeaveRole if self.training.is_running() && !self.leave_asked => {
                self.leave_asked = true;
                self.warn("A training is running, and leaving stops it; what it has learnt so far is kept as a version. Change reader once more to leave.");
                Vec::new()
            }
            StudyCommand::LeaveRole => self.leave_role(),
            StudyCommand::OpenExam(code) => self.open_exam(code),
            StudyCommand::ConfirmConditions => self.confirm_conditions(),
            StudyCommand::StepExam(by) => self.step_exam(by),
            StudyCommand::Submit => self.submit(),
            StudyCommand::Seal => self.seal(),
            StudyCommand::CancelSubmit => {
                self.checked = None;
                Vec::new()
            }
            StudyCommand::SaveProtocol(text) => self.save_protocol(text),
            StudyCommand::DrawSplit => self.draw_split(),
            StudyCommand::ReadAgain => self.read_again(),
            StudyCommand::Compare => self.compare_reads(),
            StudyCommand::Calibrate => self.begin_calibration(),
            StudyCommand::EndCalibration => self.end_calibration(),
            StudyCommand::BeginAtlasExam => {
                self.begin_atlas_exam();
                Vec::new()
            }
            StudyCommand::CancelAtlasExam => {
                self.atlas.adding = None;
                Vec::new()
            }
            StudyCommand::AddToAtlas { mask, notes } => self.add_to_atlas(mask, notes),
            StudyCommand::Audit(chosen) => self.show_audit(chosen),
            StudyCommand::Report(choice) => self.write_report(choice),
        }
    }

    /// Puts a command that leaves the exam off until its rows are on disk: `Break`; where they are, it is carried out after what
    /// `Continue` holds. What failed to be saved is refused where the command is carried out. A mark of a scoring session is no row
    /// of a read: nothing would come back for it to wait for.
    pub(super) fn wait_for_save(&mut self, command: Command) -> ControlFlow<Vec<Effect>, Vec<Effect>> {
        let mut effects = self.commit_gesture();
        effects.extend(self.log_time());
        let failed = self.exam.as_ref().is_some_and(|e| e.save_error.is_some());
        if self.all_saved() || (failed && effects.is_empty()) {
            self.after_save = None;
            return ControlFlow::Continue(effects);
        }
        self.after_save = Some(AfterSave::Command(command));
        ControlFlow::Break(effects)
    }

    fn choose_role(&mut self, role: Role) -> Vec<Effect> {
        if self.study.is_none() {
            return Vec::new();
        }
        let mut effects = self.leave_role();
        if self.role.is_some() {
            return effects;
        }
        self.order_exams(&role);
        // A reader goes on where they left off, else with the first exam that is not done; blind to what others did.
        let left = role.reader().and_then(|reader| self.study.as_ref()?.places.get(reader)).cloned();
        let first = match &role {
            Role::Reader(reader) => {
                let waits = |e: &&ExamSummary| !e.sealed.contains(reader) && e.done.get(reader).copied().unwrap_or(0) < e.slices;
                let there = left.as_ref().and_then(|place| self.exams().iter().find(|e| e.code == place.exam)).filter(waits);
                there.or_else(|| self.exams().iter().find(waits)).or_else(|| self.exams().first())
            }
            Role::Coordinator => self.exams().first(),
        }
        .map(|e| e.code.clone());
        self.role = Some(role);
        if self.reads_blind() {
            // Its page shows names of patients.
            effects.extend(self.forget_import());
        }
        self.ask_for_calibration();
        self.go_on_at = left;
        if let Some(code) = first.filter(|_| self.hands == Hands::Reader) {
            effects.extend(self.open_exam(code));
        }
        effects
    }

    fn leave_role(&mut self) -> Vec<Effect> {
        if let Some(refusal) = self.unsaved_refusal() {
            self.error(refusal);
            return Vec::new();
        }
        let mut effects = self.close_exam();
        // Nor is what is on its way shown to nobody, or to the next.
        if let Some(opening) = self.opening.take() {
            effects.push(Effect::Cancel(opening.id));
            // It may have been opened for writing in this very moment.
            effects.push(self.request("", Request::CloseRead));
        }
        if let Some(training) = self.training.request {
            effects.push(Effect::Cancel(training));
        }
        let TrainingState { steps, minutes, memory_mb, .. } = self.training;
        self.training = TrainingState { steps, minutes, memory_mb, ..TrainingState::default() };
        if self.role.is_some() {
            self.notices.clear();
            effects.extend(self.forget_import());
        }
        self.forget_person();
        self.atlas.back_as = None;
        effects
    }

    /// Nothing of one person stays on screen for the next, nor is what they asked for shown later.
    pub(in crate::session) fn forget_person(&mut self) {
        self.person_since = RequestId(self.next_request);
        self.after_save = None;
        self.role = None;
        self.compare = CompareState::default();
        self.review = crate::session::ReviewState::default();
        self.checked = None;
        self.scoring = crate::session::Scoring::default();
        self.audit = None;
        self.left_at.clear();
        self.atlas = crate::session::AtlasState { back_as: self.atlas.back_as.take(), ..crate::session::AtlasState::default() };
        self.conditions = ConditionsState::default();
        self.workspace = Workspace::Read;
    }

    fn forget_import(&mut self) -> Option<Effect> {
        self.import.take().map(|_| self.request("", Request::ForgetImport))
    }

    /// Each reader has an order of their own where the protocol says so. A packet's codes are in order already.
    pub(in crate::session) fn order_exams(&mut self, role: &Role) {
        let Some(study) = self.study.as_mut().filter(|s| s.protocol.reading().shuffled) else { return };
        study.exams.sort_by(|a, b| a.code.cmp(&b.code));
        if let Role::Reader(reader) = role {
            let codes: Vec<ExamCode> = study.exams.iter().map(|e| e.code.clone()).collect();
            let order = reading_order(&codes, reader, study.protocol.split_seed());
            study.exams.sort_by_key(|e| order.iter().position(|c| *c == e.code));
        }
    }

    /// Where the reader leaves off, for the next day.
    pub(in crate::session) fn keep_place(&mut self) -> Option<Effect> {
        let exam = self.exam.as_ref().filter(|e| e.writable)?;
        let place = ReadingPlace { exam: exam.code.clone(), slice: exam.view.slice };
        let reader = self.role.as_ref()?.reader()?.clone();
        let study = self.study.as_mut()?;
        let root = study.root.clone();
        study.places.insert(reader.clone(), place.clone());
        Some(self.request("", Request::KeepPlace { root, reader, place }))
    }

    pub(in crate::session) fn close_exam(&mut self) -> Vec<Effect> {
        let mut effects = self.commit_gesture();
        effects.extend(self.log_time());
        self.checked = None;
        effects.extend(self.keep_place());
        if let Some(exam) = self.exam.take() {
            self.left_at.insert(exam.code, exam.view.slice);
            effects.push(self.request("", Request::CloseRead));
        }
        effects
    }

    fn open_exam(&mut self, code: ExamCode) -> Vec<Effect> {
        self.request_exam(code, false)
    }

    /// Loads an exam; `again` begins a new read beside the sealed one.
    pub(in crate::session) fn request_exam(&mut self, code: ExamCode, again: bool) -> Vec<Effect> {
        if let Some(refusal) = self.unsaved_refusal() {
            self.error(refusal);
            return Vec::new();
        }
        let (Some(study), Some(role)) = (&self.study, &self.role) else { return Vec::new() };
        if self.workspace == Workspace::Score {
            // Marks belong to the mask on screen, never to what takes its place.
            self.scoring = crate::session::Scoring::default();
            self.workspace = Workspace::Read;
        }
        let how = match (self.hands, again) {
            (Hands::Looking, _) => OpenHow::Look,
            (_, true) => OpenHow::Again,
            (_, false) => OpenHow::GoOn,
        };
        let request = Request::OpenExam { root: study.root.clone(), exam: code.clone(), role: role.clone(), how };
        let mut effects = self.close_exam();
        effects.extend(self.opening.take().map(|opening| Effect::Cancel(opening.id)));
        let effect = self.request(&format!("Opening {code}"), request);
        if let Effect::Work(id, _) = &effect {
            self.opening = Some(Opening { id: *id, exam: Some(code) });
        }
        effects.push(effect);
        effects
    }

    fn step_exam(&mut self, by: i32) -> Vec<Effect> {
        let Some(current) = self.exam.as_ref().map(|e| e.code.clone()) else { return Vec::new() };
        let exams = self.exams();
        let Some(at) = exams.iter().position(|e| e.code == current) else { return Vec::new() };
        let wanted = at.saturating_add_signed(by as isize).min(exams.len() - 1);
        if wanted == at {
            return Vec::new();
        }
        let code = exams[wanted].code.clone();
        self.open_exam(code)
    }

    fn write_report(&mut self, choice: Box<ReportChoice>) -> Vec<Effect> {
        match (&self.study, &self.role) {
            (Some(study), Some(Role::Coordinator)) => {
                let root = study.root.clone();
                vec![self.request("Writing the report", Request::Report { root, choice })]
            }
            (Some(_), _) => {
                self.warn("Readers are blind to each other: only the coordinator writes the report.");
                Vec::new()
            }
            _ => Vec::new(),
        }
    }
}
