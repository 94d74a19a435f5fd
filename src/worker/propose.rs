//! Letting a saved version of a model propose.

use super::inputs;
use super::message::{Outcome, ProposalResult, ProposeRequest};
use super::pools::Pools;
use super::task::Task;
use crate::learn::{Compute, LearnError, Model, checkpoint};
use crate::study::{ExamCode, ExamRecord, ModelCode, Part, Study};
use crate::volume::Labels;
use std::path::Path;

/// A version read from its folder.
pub(super) struct LoadedModel(Model);

impl LoadedModel {
    pub const fn model(&self) -> &Model {
        &self.0
    }

    /// The same, with nothing but its nets computed in their pool: a training there goes on between two passes.
    pub fn within(self, pools: &Pools) -> Self {
        let compute = self.0.compute().clone().within(pools.nets.clone());
        Self(self.0.on(compute))
    }

    /// Proposes on all slices of an exam of the study. Two kinds of failure: the images, and the model.
    ///
    /// # Errors
    /// One sentence, if the images cannot be read or one is missing.
    pub fn propose_on(
        &self,
        study: &Study,
        record: &ExamRecord,
        task: &Task,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Result<Labels, LearnError>, String> {
        let images = inputs::load(study, record, self.0.spec().spec())?;
        let slice_axis = record.reading_plane().map_err(|e| e.to_string())?.slice_axis();
        let refs: Vec<_> = images.iter().collect();
        Ok(self.0.predict_volumes(&refs, slice_axis, None, task.cancel.flag(), progress))
    }
}

pub(super) fn load_model(study: &Study, model: &ModelCode, version: u32) -> Result<LoadedModel, String> {
    let folder = study.layout().model_version(model, version);
    checkpoint::load(&folder).map(|(model, _)| LoadedModel(model.on(Compute::best().0))).map_err(|e| e.to_string())
}

/// # Errors
/// One sentence, if the exam belongs to the test part: no model proposes there before the reads are sealed.
pub(super) fn refuse_test_exam(study: &Study, exam: &ExamCode) -> Result<(), String> {
    if is_test(study, exam)? && !study.reads_sealed(exam).map_err(|e| e.to_string())? {
        return Err(format!("{exam} is a test exam: no model proposes on it before its reads are sealed."));
    }
    Ok(())
}

/// # Errors
/// One sentence, if the exam belongs to the test part: nothing learns there, whether its reads are sealed or not.
pub(super) fn refuse_learning(study: &Study, exam: &ExamCode) -> Result<(), String> {
    if is_test(study, exam)? { Err(format!("{exam} is a test exam: no model learns from it; leave it out.")) } else { Ok(()) }
}

/// The split is drawn before anything is learnt or proposed, so that no exam of which that was done can turn out to be a test exam.
fn is_test(study: &Study, exam: &ExamCode) -> Result<bool, String> {
    let split = study.drawn_split().map_err(|e| e.to_string())?;
    Ok(split.part(&study.exam(exam).map_err(|e| e.to_string())?.patient) == Some(Part::Test))
}

/// Proposes on the slices asked for, with the current version.
pub(super) fn propose(task: &Task, pools: &Pools, request: &ProposeRequest) -> Outcome {
    match work(task, pools, request) {
        Ok(Some(result)) => Outcome::Proposed(Box::new(result)),
        Ok(None) => Outcome::Cancelled,
        Err(why) => Outcome::Failed(why),
    }
}

fn work(task: &Task, pools: &Pools, request: &ProposeRequest) -> Result<Option<ProposalResult>, String> {
    let study = Study::open(&request.root).map_err(|e| e.to_string())?;
    refuse_test_exam(&study, &request.exam)?;
    let model = ModelCode::new(&request.model).map_err(|e| e.to_string())?;
    let version = study
        .current_version(&model)
        .map_err(|e| e.to_string())?
        .ok_or_else(|| "The model has not been trained yet: mark slices done, then train.".to_owned())?;
    let loaded = load_model(&study, &model, version)?.within(pools);
    let mut progress =
        |done: usize, all: usize| task.progress(format!("Proposing on {}", request.exam), Some(done as f32 / all.max(1) as f32));
    let slices = request.slices.as_deref();
    inputs::require(&study.exam(&request.exam).map_err(|e| e.to_string())?, loaded.model().spec().spec())?;
    let images = inputs::among(&request.sequences, &request.exam, loaded.model().spec().spec())?;
    let prepared = pools.reading.install(|| loaded.model().prepare(&images, request.slice_axis));
    let labels = prepared.and_then(|exam| loaded.model().predict_prepared(&exam, slices, task.cancel.flag(), &mut progress));
    let labels = match labels {
        Ok(labels) => labels,
        Err(LearnError::Cancelled) => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let all = || (0..images[0].grid().shape()[request.slice_axis]).collect();
    Ok(Some(ProposalResult {
        exam: request.exam.clone(),
        layer: request.layer,
        model_version: format!("{model}/{version}"),
        base_revision: request.base_revision,
        labels,
        slices: request.slices.clone().unwrap_or_else(all),
    }))
}

/// Makes a saved version the current one.
pub(super) fn make_current(root: &Path, model: &str, version: u32) -> Outcome {
    let work = || -> Result<(), String> {
        let study = Study::open(root).map_err(|e| e.to_string())?;
        let code = ModelCode::new(model).map_err(|e| e.to_string())?;
        study.set_current_version(&code, version).map_err(|e| e.to_string())
    };
    match work() {
        Ok(()) => Outcome::CurrentChanged { model: model.to_owned(), version },
        Err(why) => Outcome::Failed(why),
    }
}
