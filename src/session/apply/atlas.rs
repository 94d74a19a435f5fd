//! The atlas beside the picture; calibration.

use crate::session::{AtlasState, Effect, FattyMarrow, Session, ViewCommand, Window};
use crate::study::ExamCode;
use crate::worker::message::{AtlasAsk, AtlasMask, AtlasRequest, AtlasShown, Calibrated, Request, Role, Standing, StudySummary};

impl Session {
    /// The atlas beside the picture.
    #[must_use]
    pub const fn atlas(&self) -> &AtlasState {
        &self.atlas
    }

    /// Whether the person calibrates in the study that is open.
    #[must_use]
    pub fn calibrates(&self) -> bool {
        self.study.as_ref().is_some_and(|s| s.atlas.calibrates.is_some())
    }

    /// The window of the atlas exam: grey levels look as in the exam beside it, whatever the two scanners' scales. What the exam's
    /// window is to the rule's window there, this one is to the rule's window here.
    #[must_use]
    pub fn atlas_window(&self) -> Option<Window> {
        let (exam, atlas) = (self.exam.as_ref()?, self.atlas.rule?);
        if exam.view.sequence != 0 {
            return Some(atlas);
        }
        match exam.rule.map(|rule| rule.window()) {
            // Calibration is on the very exam that stands beside it.
            Some(rule) if !self.calibrates() => Some(exam.view.window.carried(rule, atlas)),
            _ => Some(exam.view.window),
        }
    }

    /// Whether this person may look at the atlas: a reader where the protocol says so, and where they calibrate on it.
    #[must_use]
    pub fn atlas_allowed(&self) -> bool {
        let reads = self.role.as_ref().is_some_and(|role| role.reader().is_some());
        !reads || self.calibrates() || self.study.as_ref().is_none_or(|study| study.protocol.reading().atlas)
    }

    pub(super) fn apply_atlas(&mut self, command: &ViewCommand) -> Vec<Effect> {
        match command {
            ViewCommand::ToggleAtlas | ViewCommand::StepAtlas(_) if !self.atlas_allowed() => {
                self.info("The protocol keeps the atlas away from reading.");
                Vec::new()
            }
            ViewCommand::ToggleAtlas => {
                self.atlas.open = !self.atlas.open;
                if self.atlas.open && self.atlas.shown.is_none() { self.show_atlas(0, None) } else { Vec::new() }
            }
            ViewCommand::StepAtlas(by) => {
                let at = self.atlas.shown.as_ref().map_or(0, |shown| shown.at.saturating_add_signed(*by as isize));
                self.atlas.offset = 0;
                self.show_atlas(at, None)
            }
            ViewCommand::ScrollAtlas(by) => {
                self.atlas.offset = (self.atlas.offset + i64::from(*by)).clamp(-10_000, 10_000);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// Asks for an exam of the atlas. One that the reader is calibrating on stays hidden until their read is sealed.
    fn show_atlas(&mut self, at: usize, code: Option<ExamCode>) -> Vec<Effect> {
        let Some(study) = &self.study else { return Vec::new() };
        let reader = self.role.as_ref().and_then(Role::reader);
        let is_sealed = |sealed: &std::collections::BTreeSet<_>| reader.is_some_and(|r| sealed.contains(r));
        let (root, hidden) = match &study.atlas.calibrates {
            Some(parent) => (parent.clone(), study.exams.iter().filter(|e| !is_sealed(&e.sealed)).map(|e| e.code.clone()).collect()),
            None => (study.root.clone(), Vec::new()),
        };
        let reader = reader.cloned();
        let request = AtlasRequest { root, what: AtlasAsk::Show { at, code, hidden, reader } };
        vec![self.request("Opening the atlas", Request::Atlas(request))]
    }

    /// The open exam is to go into the atlas: the coordinator chooses with which mask.
    pub(super) fn begin_atlas_exam(&mut self) {
        let own = self.study.as_ref().is_some_and(|s| s.packet.is_none() && s.atlas.calibrates.is_none());
        if !own || !matches!(self.role, Some(Role::Coordinator)) {
            self.warn("Only the coordinator adds exams to the atlas.");
            return;
        }
        self.atlas.adding = self.exam.as_ref().map(|exam| exam.code.clone());
    }

    pub(super) fn add_to_atlas(&mut self, mask: AtlasMask, notes: String) -> Vec<Effect> {
        let (Some(exam), Some(study)) = (self.atlas.adding.take(), &self.study) else { return Vec::new() };
        let request = AtlasRequest { root: study.root.clone(), what: AtlasAsk::Add { exam, mask, notes } };
        vec![self.request("Adding to the atlas", Request::Atlas(request))]
    }

    pub(in crate::session) fn absorb_atlas_added(&mut self, code: &ExamCode, study: StudySummary) -> Vec<Effect> {
        self.info(format!("The atlas holds the exam as {code}; F9 shows it. Packets that were made before do not have it."));
        // What was listed before does not know it.
        self.atlas.shown = None;
        let mut effects = self.absorb_study(study);
        if self.atlas.open {
            effects.extend(self.show_atlas(0, Some(code.clone())));
        }
        effects
    }

    pub(super) fn begin_calibration(&mut self) -> Vec<Effect> {
        let (Some(study), Some(Role::Reader(reader))) = (&self.study, &self.role) else {
            self.info("A reader calibrates: choose a reader's code first.");
            return Vec::new();
        };
        if study.atlas.calibrates.is_some() {
            return Vec::new();
        }
        let what = AtlasAsk::Calibrate(reader.clone());
        let request = AtlasRequest { root: study.root.clone(), what };
        vec![self.request("Opening the calibration", Request::Atlas(request))]
    }

    pub(super) fn end_calibration(&mut self) -> Vec<Effect> {
        let Some(parent) = self.study.as_ref().and_then(|s| s.atlas.calibrates.clone()) else { return Vec::new() };
        self.atlas.back_as = self.role.clone();
        vec![self.request("Opening", Request::Open { path: parent })]
    }

    /// Measures the sealed read of an atlas exam; in a study that is no calibration there is nothing to measure.
    pub(in crate::session) fn measure_calibration(&mut self, exam: ExamCode) -> Vec<Effect> {
        let Some(root) = self.study.as_ref().and_then(|s| s.atlas.calibrates.clone()) else { return Vec::new() };
        let Some(reader) = self.role.as_ref().and_then(Role::reader).cloned() else { return Vec::new() };
        let what = AtlasAsk::Measure { reader, exam, time: self.now.clone() };
        vec![self.request("Comparing with the atlas", Request::Atlas(AtlasRequest { root, what }))]
    }

    pub(in crate::session) fn absorb_atlas(&mut self, shown: AtlasShown) {
        let image = &shown.exam.image;
        self.atlas.rule = Some(self.rule_for(image, || FattyMarrow::of_body(image)).window());
        self.atlas.shown = Some(shown);
    }

    /// The result stands beside the read, with the agreed mask that was hidden until now.
    pub(in crate::session) fn absorb_calibrated(&mut self, done: Calibrated) -> Vec<Effect> {
        let code = done.result.exam.clone();
        match done.result.passed() {
            Some(true) => self.info(format!("Calibration on {code}: passed.")),
            Some(false) => self.warn(format!("Calibration on {code}: below the pass mark. Read it again to try once more.")),
            None => self.info(format!("Calibration on {code} is measured.")),
        }
        self.atlas.measured = Some(done);
        self.atlas.open = true;
        self.atlas.offset = 0;
        self.show_atlas(0, Some(code))
    }

    /// A calibration exam that is read (again) has its agreed mask hidden, whatever was shown after the read before.
    pub(in crate::session) fn hide_agreed_mask(&mut self) {
        let reads = self.exam.as_ref().is_some_and(|exam| matches!(exam.standing, Standing::Writing { .. }));
        if reads && self.calibrates() {
            (self.atlas.open, self.atlas.shown, self.atlas.measured) = (false, None, None);
        }
    }

    /// Says that the protocol asks for calibration first; it is no wall.
    pub(super) fn ask_for_calibration(&mut self) {
        let (Some(study), Some(Role::Reader(reader))) = (&self.study, &self.role) else { return };
        if let (Some(mark), Some(false)) = (study.protocol.pass_mark(), study.atlas.calibrated.get(reader)) {
            let exams = if study.atlas.exams == 1 { "the atlas exam".to_owned() } else { format!("all {} atlas exams", study.atlas.exams) };
            self.warn(format!(
                "The protocol asks you to calibrate first: Dice of at least {mark:.2} on every level of {exams}. Choose File, Calibrate."
            ));
        }
    }
}
