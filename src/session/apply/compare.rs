//! Comparing reads: what is chosen, what is looked at, and adopting a consensus. The coordinator's alone.

use crate::session::{CompareCommand, CompareState, Effect, Marker, Session, Workspace};
use crate::study::ExamCode;
use crate::worker::message::{
    AdoptConsensusRequest, CompareRequest, CompareTable, ComparedExam, MapOf, ModelVersion, Request, RequestId, Role, StudySummary,
};
use std::collections::BTreeSet;

/// Places of levels 1, 2, 3 and 2+3.
const LEVELS: usize = 4;
/// A finding is looked at this close or closer.
const CLOSE: f32 = 2.0;

impl Session {
    pub(super) fn apply_compare(&mut self, command: CompareCommand) -> Vec<Effect> {
        if self.role != Some(Role::Coordinator) {
            if self.study.is_some() {
                self.warn("Readers are blind to each other: only the coordinator compares reads.");
            }
            return Vec::new();
        }
        match command {
            CompareCommand::Method(method) => self.compare.choice.method = method,
            CompareCommand::Region(region) => self.compare.choice.options.region = region,
            CompareCommand::Start(start) => self.compare.choice.options.start = start,
            CompareCommand::ToggleReader(reader) => toggle(&mut self.compare.choice.without_readers, reader),
            CompareCommand::ToggleExam(exam) => toggle(&mut self.compare.choice.without_exams, exam),
            CompareCommand::ToggleModel(model) => self.toggle_model(model),
            CompareCommand::Show(shown) => self.compare.shown = shown,
            CompareCommand::StepShown(by) => self.step_shown(by),
            CompareCommand::Level(level) => self.compare.level = level.min(LEVELS - 1),
            CompareCommand::Page(page) => self.compare.page = page,
            CompareCommand::GoTo(voxel) => self.go_to_voxel(voxel, false),
            CompareCommand::Finding(finding) => self.go_to_finding(finding),
            CompareCommand::StepFinding(by) => self.step_finding(by),
            CompareCommand::Adopt => return self.adopt_consensus(),
        }
        Vec::new()
    }

    /// Asks for the figures of all exams.
    pub(super) fn compare_reads(&mut self) -> Vec<Effect> {
        if self.workspace == Workspace::Score {
            let mut effects = self.leave_scores(Workspace::Compare);
            effects.extend(self.compare_reads());
            return effects;
        }
        self.workspace = Workspace::Compare;
        match (&self.study, &self.role) {
            (Some(study), Some(Role::Coordinator)) => {
                let (root, choice) = (study.root.clone(), self.compare.choice.clone());
                // The open exam's maps are made anew as well: reads may have changed.
                self.compare.asked = None;
                let running = [self.compare.table_waiting.take(), self.compare.waiting.take()];
                let mut effects: Vec<Effect> = running.into_iter().flatten().map(Effect::Cancel).collect();
                let request = CompareRequest { root, choice, exam: None, slice_axis: 0, known: Vec::new() };
                let effect = self.request("Comparing readers", Request::Compare(Box::new(request)));
                self.compare.table_waiting = id_of(&effect);
                effects.push(effect);
                effects
            }
            (Some(_), _) => {
                self.warn("Readers are blind to each other: only the coordinator compares reads.");
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// Keeps the maps those of the open exam and of what is chosen; asks for them where they are looked at.
    pub(in crate::session) fn follow_compare(&mut self) -> Vec<Effect> {
        if self.role != Some(Role::Coordinator) {
            return Vec::new();
        }
        let open = self.exam.as_ref().map(|exam| exam.code());
        if self.compare.exam.as_ref().is_some_and(|held| Some(&held.exam) != open) {
            self.compare.forget_exam();
        }
        let mut effects = Vec::new();
        if self.compare.asked.as_ref().is_some_and(|(exam, choice)| Some(exam) != open || !same_maps(choice, &self.compare.choice)) {
            self.compare.asked = None;
            self.compare.refusal = None;
            effects.extend(self.compare.waiting.take().map(Effect::Cancel));
        }
        if self.workspace != Workspace::Compare || self.compare.asked.is_some() {
            return effects;
        }
        let (Some(study), Some(exam)) = (&self.study, &self.exam) else { return effects };
        let code = exam.code().clone();
        let known = self.compare.exam.iter().flat_map(|held| held.maps.iter().filter(|map| map.of == MapOf::Model).cloned());
        let request = CompareRequest {
            root: study.root.clone(),
            choice: self.compare.choice.clone(),
            exam: Some(code.clone()),
            slice_axis: exam.plane().slice_axis(),
            known: known.collect(),
        };
        let effect = self.request(&format!("Comparing {code}"), Request::Compare(Box::new(request)));
        self.compare.waiting = id_of(&effect);
        self.compare.asked = Some((code, self.compare.choice.clone()));
        effects.push(effect);
        effects
    }

    fn toggle_model(&mut self, version: ModelVersion) {
        let current = self.compared_versions();
        let chosen = self.compare.choice.models.get_or_insert(current);
        toggle(chosen, version);
    }

    /// The versions that are compared: those chosen, else the current ones of marrow models.
    #[must_use]
    pub fn compared_versions(&self) -> BTreeSet<ModelVersion> {
        if let Some(chosen) = &self.compare.choice.models {
            return chosen.clone();
        }
        let current = self.study.iter().flat_map(|study| study.current.iter());
        let marrow = current.filter(|(model, _)| model.starts_with(crate::volume::LayerKind::Marrow.word()));
        marrow.map(|(model, version)| ModelVersion { model: model.clone(), version: *version }).collect()
    }

    fn step_shown(&mut self, by: i32) {
        let all = self.compare.shown_choices();
        let at = all.iter().position(|shown| *shown == self.compare.shown).unwrap_or(0);
        let next = (at as i64 + i64::from(by)).rem_euclid(all.len().max(1) as i64) as usize;
        if let Some(shown) = all.into_iter().nth(next) {
            self.compare.shown = shown;
        }
    }

    fn go_to_finding(&mut self, finding: usize) {
        let Some(found) = self.compare.findings.get(finding) else { return };
        let centre = found.centre;
        self.compare.finding = Some(finding);
        self.go_to_voxel(centre, true);
    }

    fn step_finding(&mut self, by: i32) {
        let count = self.compare.findings.len();
        if count == 0 {
            return;
        }
        let next = match self.compare.finding {
            None if by < 0 => count - 1,
            None => 0,
            Some(at) => (at as i64 + i64::from(by)).rem_euclid(count as i64) as usize,
        };
        self.compare.page = crate::session::ComparePage::Findings;
        self.go_to_finding(next);
    }

    /// Shows the slice of a voxel and marks it; what is small is looked at closely, in the middle.
    fn go_to_voxel(&mut self, voxel: [usize; 3], closely: bool) {
        let Some(exam) = &self.exam else { return };
        if !exam.layers.grid().bounds().contains(voxel) {
            return;
        }
        let (slice, uv) = exam.plane.pixel(voxel);
        self.go_to_slice(slice);
        let number = self.compare.marker.map_or(0, |marker| marker.number + 1);
        self.compare.marker = Some(Marker { voxel, number });
        if let Some(exam) = &mut self.exam {
            if closely {
                exam.view.zoom = exam.view.zoom.max(CLOSE);
            }
            if exam.view.zoom > 1.0 {
                exam.view.centre_uv = uv.map(|x| x as f32);
            }
        }
    }

    fn adopt_consensus(&mut self) -> Vec<Effect> {
        let (Some(study), Some(compared)) = (&self.study, &self.compare.exam) else {
            self.warn("There is no consensus to adopt: open an exam that two readers have finished.");
            return Vec::new();
        };
        let request = AdoptConsensusRequest {
            root: study.root.clone(),
            exam: compared.exam.clone(),
            consensus: compared.consensus.clone(),
            method: compared.choice.method,
            readers: compared.maps[..compared.voters()].iter().map(|map| map.name.clone()).collect(),
        };
        vec![self.request("Beginning the meeting's read", Request::AdoptConsensus(Box::new(request)))]
    }

    pub(in crate::session) fn absorb_table(&mut self, id: RequestId, table: CompareTable) {
        // What arrives after the coordinator has left is not shown to the next person.
        if self.role == Some(Role::Coordinator) && self.compare.table_waiting.is_none_or(|waiting| waiting == id) {
            self.compare.table = Some(table);
        }
    }

    pub(in crate::session) fn absorb_compared(&mut self, id: RequestId, compared: ComparedExam) {
        if self.role == Some(Role::Coordinator) && self.compare.waiting == Some(id) {
            self.compare.take_exam(compared);
        }
    }

    pub(in crate::session) fn absorb_not_comparable(&mut self, id: RequestId, exam: &ExamCode, why: &str) {
        if self.compare.waiting == Some(id) {
            self.compare.forget_exam();
            self.compare.refusal = Some(format!("{exam} cannot be compared yet: {why}."));
        }
    }

    /// A meeting's read was begun: the study shows it, and it is compared from now on.
    pub(in crate::session) fn absorb_adopted(&mut self, text: String, study: StudySummary) {
        if self.study.as_ref().is_some_and(|held| held.root == study.root) {
            self.study = Some(study);
            self.compare.asked = None;
            if let Some(role) = self.role.clone() {
                self.order_exams(&role);
            }
        }
        self.info(text);
    }

    pub(in crate::session) fn end_compare(&mut self, id: RequestId) {
        let CompareState { waiting, table_waiting, .. } = &mut self.compare;
        for request in [waiting, table_waiting] {
            if *request == Some(id) {
                *request = None;
            }
        }
    }
}

fn toggle<T: Ord>(set: &mut BTreeSet<T>, item: T) {
    if !set.remove(&item) {
        set.insert(item);
    }
}

/// Whether two choices lead to the same maps of one exam: which exams count does not matter there.
fn same_maps(a: &crate::worker::message::CompareChoice, b: &crate::worker::message::CompareChoice) -> bool {
    (&a.without_readers, &a.models, a.method, a.options) == (&b.without_readers, &b.models, b.method, b.options)
}

const fn id_of(effect: &Effect) -> Option<RequestId> {
    if let Effect::Work(id, _) = effect { Some(*id) } else { None }
}
