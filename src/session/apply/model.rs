//! Training, proposals and versions.

use crate::session::{Effect, ModelCommand, Session, TrainingState, Workspace};
use crate::study::{Assistance, Part};
use crate::volume::LayerKind;
use crate::worker::message::{ExamSummary, Interest, JudgeRequest, OpenReadSnapshot, ProposeRequest, Request, TrainControl, TrainRequest};

impl Session {
    pub(super) fn apply_model(&mut self, command: ModelCommand) -> Vec<Effect> {
        match command {
            ModelCommand::Train => self.begin_training(false),
            ModelCommand::Pause => self.control(TrainControl::Pause),
            ModelCommand::Resume => self.control(TrainControl::Resume),
            ModelCommand::Cancel => self.control(TrainControl::Cancel),
            ModelCommand::Steps(steps) => {
                self.training.steps = Some(steps.clamp(1, TrainingState::MOST_STEPS));
                self.training.minutes = None;
                Vec::new()
            }
            ModelCommand::Minutes { minutes, most_steps } => {
                let steps = most_steps.clamp(1, TrainingState::MOST_STEPS);
                self.training.minutes = (minutes.is_finite() && minutes > 0.0).then_some((minutes, steps));
                Vec::new()
            }
            ModelCommand::Net(net) => {
                self.training.net = self.model_name().map(|model| (model, net));
                Vec::new()
            }
            ModelCommand::MemoryMb(mb) => {
                let [least, most] = TrainingState::MEMORY_RANGE_MB;
                self.training.memory_mb = Some(mb.clamp(least, most));
                Vec::new()
            }
            ModelCommand::Accept => self.accept(),
            ModelCommand::Refuse => self.refuse(),
            ModelCommand::ToggleDoubt => self.toggle_doubt(),
            ModelCommand::Ablate => self.begin_training(true),
            ModelCommand::Compare(versions) => self.compare_versions(versions),
            ModelCommand::ProposeSlice => {
                let slice = self.exam.as_ref().map(|e| vec![e.view.slice]);
                self.propose(slice)
            }
            // What is looked at comes first, the rest after it.
            ModelCommand::ProposeExam => {
                let shown = self.exam.as_ref().map(|e| vec![e.view.slice]);
                let effects = self.propose(shown);
                if let Some(exam) = self.exam.as_mut().filter(|_| !effects.is_empty()) {
                    exam.rest_wanted = true;
                }
                effects
            }
            ModelCommand::BeginShipped => self.begin_shipped(),
            ModelCommand::MakeCurrent(version) => self.make_current(version),
        }
    }

    fn make_current(&mut self, version: u32) -> Vec<Effect> {
        let under_way = self.training.choosing.is_some_and(|id| self.jobs.contains_key(&id));
        let (Some(study), Some(model), false) = (&self.study, self.model_name(), under_way) else { return Vec::new() };
        let effect = self.request("Changing the current version", Request::MakeCurrent { root: study.root.clone(), model, version });
        if let Effect::Work(id, _) = &effect {
            self.training.choosing = Some(*id);
        }
        vec![effect]
    }

    fn begin_shipped(&mut self) -> Vec<Effect> {
        if let Some(refusal) = self.assistance_refusal() {
            self.warn(refusal);
            return Vec::new();
        }
        let reader = self.role.as_ref().and_then(|role| role.reader().cloned());
        let (Some(study), Some(model), Some(reader)) = (&self.study, self.model_name(), reader) else { return Vec::new() };
        // What it begins with has a net already.
        self.training.net = None;
        let request = Request::BeginShipped { root: study.root.clone(), model, layer: self.tool.layer, reader };
        vec![self.request("Beginning with the shipped model", request)]
    }

    /// Why the model must not be used in this read, in one sentence.
    fn assistance_refusal(&self) -> Option<String> {
        let Some(reader) = self.role.as_ref()?.reader() else {
            return Some("Training and proposals belong to a reader: choose a reader's code first.".to_owned());
        };
        let policy = self.study.as_ref().and_then(|study| study.protocol.reader(reader)).map(|rule| rule.assistance);
        if !self.assistance_allowed() && policy == Some(Assistance::FromStart) {
            return Some("This read was begun without proposals and counts as an independent one: it stays so.".to_owned());
        }
        (!self.assistance_allowed()).then(|| {
            format!("Reader {reader} reads independently in this study: the protocol allows no proposals before the read is sealed.")
        })
    }

    fn begin_training(&mut self, ablation: bool) -> Vec<Effect> {
        if self.training.is_running() {
            return Vec::new();
        }
        let Some(request) = self.train_request() else { return Vec::new() };
        self.training = self.training.afresh();
        self.training.ablating = ablation;
        let request = Box::new(request);
        let effect = self.request("", if ablation { Request::Ablate(request) } else { Request::Train(request) });
        if let Effect::Work(id, _) = &effect {
            self.training.request = Some(*id);
        }
        // The training draws it, too, but tells the window when it ends.
        self.split_drawing().into_iter().chain([effect]).collect()
    }

    fn compare_versions(&mut self, versions: [u32; 2]) -> Vec<Effect> {
        let Some(train) = self.train_request() else { return Vec::new() };
        self.training.judged = None;
        let mut versions = versions.to_vec();
        versions.dedup();
        let request = JudgeRequest { train, versions };
        vec![self.request("Comparing versions", Request::Judge(Box::new(request)))]
    }

    /// What a training would learn from; a warning and `None` where the reader may have none.
    fn train_request(&mut self) -> Option<TrainRequest> {
        self.study.as_ref()?;
        if let Some(refusal) = self.assistance_refusal() {
            self.warn(refusal);
            return None;
        }
        let layer = self.tool.layer;
        let (Some(study), Some(model), Some(reader)) = (&self.study, self.model_name(), self.role.as_ref().and_then(|r| r.reader())) else {
            return None;
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
            accepted: exam.triage.is_accepted(layer),
            revision: exam.layers.revision(layer),
        });
        let net = self.training.net(&model);
        Some(TrainRequest {
            root: study.root.clone(),
            reader: reader.clone(),
            layer,
            model,
            steps: self.training.most_steps(),
            minutes: self.training.minutes(),
            net,
            seed: self.seed,
            open,
            created: self.now.clone(),
            memory_mb: self.training.memory_mb(),
        })
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

    pub(in crate::session) fn propose(&mut self, slices: Option<Vec<usize>>) -> Vec<Effect> {
        // An earlier wish for the whole exam whose first slice failed or was cancelled is over.
        if let Some(exam) = &mut self.exam {
            exam.rest_wanted = false;
        }
        match self.propose_request(slices) {
            Some(request) => vec![self.request("Proposing", Request::Propose(Box::new(request)))],
            None => Vec::new(),
        }
    }

    /// What the model is asked on the open exam; a warning and `None` where it must not be.
    pub(super) fn propose_request(&mut self, slices: Option<Vec<usize>>) -> Option<ProposeRequest> {
        let (Some(study), Some(exam)) = (&self.study, &self.exam) else { return None };
        if let Some(refusal) = self.assistance_refusal() {
            self.warn(refusal);
            return None;
        }
        if self.workspace == Workspace::Score {
            self.warn("What is shown is a mask to be scored: the model proposes on exams that are read.");
            return None;
        }
        let waits = |e: &ExamSummary| e.part == Some(Part::Test) && !e.reads_sealed;
        if study.exams.iter().any(|e| e.code == exam.code && waits(e)) {
            self.warn(format!("{} is a test exam: the model makes no proposals on it before its reads are sealed.", exam.code));
            return None;
        }
        let model = self.model_name()?;
        if self.current_version().is_none() {
            self.warn("The model has not been trained yet: mark slices done, then choose \"Train\".");
            return None;
        }
        let layer = self.tool.layer;
        Some(ProposeRequest {
            root: study.root.clone(),
            model,
            exam: exam.code.clone(),
            sequences: exam.sequences().to_vec(),
            slices,
            slice_axis: exam.plane.slice_axis(),
            layer,
            base_revision: exam.layers.revision(layer),
        })
    }
}
