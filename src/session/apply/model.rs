//! Training, proposals and versions.

use crate::session::{Effect, ModelCommand, Session, TrainingState};
use crate::study::Part;
use crate::volume::LayerKind;
use crate::worker::message::{ExamSummary, Interest, OpenReadSnapshot, ProposeRequest, Request, TrainControl, TrainRequest};

impl Session {
    pub(super) fn apply_model(&mut self, command: ModelCommand) -> Vec<Effect> {
        match command {
            ModelCommand::Train => self.train(),
            ModelCommand::Pause => self.control(TrainControl::Pause),
            ModelCommand::Resume => self.control(TrainControl::Resume),
            ModelCommand::Cancel => self.control(TrainControl::Cancel),
            ModelCommand::Steps(steps) => {
                self.training.steps = Some(steps.clamp(10, 100_000));
                Vec::new()
            }
            ModelCommand::ProposeSlice => {
                let slice = self.exam.as_ref().map(|e| vec![e.view.slice]);
                self.propose(slice)
            }
            ModelCommand::ProposeExam => self.propose(None),
            ModelCommand::MakeCurrent(version) => match (&self.study, self.model_name()) {
                (Some(study), Some(model)) => {
                    let root = study.root.clone();
                    vec![self.request("Changing the current version", Request::MakeCurrent { root, model, version })]
                }
                _ => Vec::new(),
            },
        }
    }

    /// Why the model must not be used in this read, in one sentence.
    fn assistance_refusal(&self) -> Option<String> {
        let Some(reader) = self.role.as_ref()?.reader() else {
            return Some("Training and proposals belong to a reader: choose a reader's code first.".to_owned());
        };
        (!self.assistance_allowed()).then(|| {
            format!("Reader {reader} reads independently in this study: the protocol allows no proposals before the read is sealed.")
        })
    }

    fn train(&mut self) -> Vec<Effect> {
        if self.training.is_running() || self.study.is_none() {
            return Vec::new();
        }
        if let Some(refusal) = self.assistance_refusal() {
            self.warn(refusal);
            return Vec::new();
        }
        let layer = self.tool.layer;
        let (Some(study), Some(model), Some(reader)) = (&self.study, self.model_name(), self.role.as_ref().and_then(|r| r.reader())) else {
            return Vec::new();
        };
        let open = self.exam.as_ref().map(|exam| OpenReadSnapshot {
            exam: exam.code.clone(),
            labels: exam.layers.labels(layer).clone(),
            interest: Interest {
                exclusion: exam.layers.labels(LayerKind::Exclusion).clone(),
                bone: exam.layers.labels(LayerKind::Bone).clone(),
                squares: exam.layers.squares().copied().collect(),
            },
            done: exam.layers.done_slices(layer),
            revision: exam.layers.revision(layer),
        });
        let request = TrainRequest {
            root: study.root.clone(),
            reader: reader.clone(),
            layer,
            model,
            steps: self.training.steps(),
            seed: self.seed,
            open,
            created: self.now.clone(),
            spare_cores: self.spare_cores,
        };
        self.training = TrainingState { steps: self.training.steps, ..TrainingState::default() };
        let effect = self.request("", Request::Train(Box::new(request)));
        if let Effect::Work(id, _) = &effect {
            self.training.request = Some(*id);
        }
        vec![effect]
    }

    fn control(&mut self, control: TrainControl) -> Vec<Effect> {
        if !self.training.is_running() {
            return Vec::new();
        }
        self.training.pause_wanted = match control {
            TrainControl::Pause => true,
            TrainControl::Resume | TrainControl::Cancel => false,
        };
        vec![self.request("", Request::TrainControl(control))]
    }

    fn propose(&mut self, slices: Option<Vec<usize>>) -> Vec<Effect> {
        let (Some(study), Some(exam)) = (&self.study, &self.exam) else { return Vec::new() };
        if let Some(refusal) = self.assistance_refusal() {
            self.warn(refusal);
            return Vec::new();
        }
        let waits = |e: &ExamSummary| e.part == Some(Part::Test) && !e.reads_sealed;
        if study.exams.iter().any(|e| e.code == exam.code && waits(e)) {
            self.warn(format!("{} is a test exam: the model makes no proposals on it before its reads are sealed.", exam.code));
            return Vec::new();
        }
        let Some(model) = self.model_name() else { return Vec::new() };
        if self.current_version().is_none() {
            self.warn("The model has not been trained yet: mark slices done, then choose \"Train\".");
            return Vec::new();
        }
        let layer = self.tool.layer;
        let request = ProposeRequest {
            root: study.root.clone(),
            model,
            exam: exam.code.clone(),
            image: exam.reading_image().clone(),
            slices,
            slice_axis: exam.plane.slice_axis(),
            layer,
            base_revision: exam.layers.revision(layer),
        };
        vec![self.request("Proposing", Request::Propose(Box::new(request)))]
    }
}
