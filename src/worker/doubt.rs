//! Where a version is unsure: as a map of one exam, and to say which exam it would gain most from.

use super::inputs;
use super::message::{DoubtMap, ExamGain, Outcome, ProposeRequest, RankRequest, Ranking};
use super::pools::Pools;
use super::propose::{LoadedModel, load_model, refuse_test_exam};
use super::task::Task;
use crate::learn::LearnError;
use crate::study::{ExamCode, ModelCode, Study};
use crate::volume::LayerKind;

/// Slices of an exam that are looked at for ranking, evenly spread.
const LOOKED_AT: usize = 5;

/// The map of an exam.
pub(super) fn map(task: &Task, pools: &Pools, request: &ProposeRequest) -> Outcome {
    match mapped(task, pools, request) {
        Ok(Some(map)) => Outcome::Doubted(Box::new(map)),
        Ok(None) => Outcome::Cancelled,
        Err(why) => Outcome::Failed(why),
    }
}

fn mapped(task: &Task, pools: &Pools, request: &ProposeRequest) -> Result<Option<DoubtMap>, String> {
    let study = Study::open(&request.root).map_err(|e| e.to_string())?;
    refuse_test_exam(&study, &request.exam)?;
    let (name, version, loaded) = current(&study, &request.model, pools)?;
    let mut progress = |done: usize, all: usize| task.progress("Where the model is unsure", Some(done as f32 / all.max(1) as f32));
    let mirror = request.layer != LayerKind::Bone;
    inputs::require(&study.exam(&request.exam).map_err(|e| e.to_string())?, loaded.model().spec().spec())?;
    let images = inputs::among(&request.sequences, &request.exam, loaded.model().spec().spec())?;
    let prepared = pools.reading.install(|| loaded.model().prepare(&images, request.slice_axis));
    let slices = request.slices.as_deref();
    match prepared.and_then(|exam| loaded.model().doubt_map(&exam, slices, mirror, task.cancel.flag(), &mut progress)) {
        Ok(map) => {
            let model_version = format!("{name}/{version}");
            Ok(Some(DoubtMap { exam: request.exam.clone(), layer: request.layer, model_version, map }))
        }
        Err(LearnError::Cancelled) => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// The exams by what the model could gain from them.
pub(super) fn rank(task: &Task, pools: &Pools, request: &RankRequest) -> Outcome {
    match ranked(task, pools, request) {
        Ok(Some(ranking)) => Outcome::Ranked(ranking),
        Ok(None) => Outcome::Cancelled,
        Err(why) => Outcome::Failed(why),
    }
}

fn ranked(task: &Task, pools: &Pools, request: &RankRequest) -> Result<Option<Ranking>, String> {
    let study = Study::open(&request.root).map_err(|e| e.to_string())?;
    let (name, version, loaded) = current(&study, &request.model, pools)?;
    // Whatever was asked for: nothing but training exams.
    let trainable = study.trainable().map_err(|e| e.to_string())?;
    let exams: Vec<&ExamCode> = request.exams.iter().filter(|exam| trainable.train().contains(exam)).collect();
    let mut gains = Vec::with_capacity(exams.len());
    for (at, exam) in exams.iter().enumerate() {
        task.progress("Which exam next", Some(at as f32 / exams.len() as f32));
        match gain(task, pools, &study, exam, &loaded)? {
            Some(gain) => gains.push(gain),
            None => return Ok(None),
        }
    }
    gains.sort_by(|a, b| b.doubt.total_cmp(&a.doubt));
    Ok(Some(Ranking { model_version: format!("{name}/{version}"), gains }))
}

fn gain(task: &Task, pools: &Pools, study: &Study, exam: &ExamCode, loaded: &LoadedModel) -> Result<Option<ExamGain>, String> {
    let record = study.exam(exam).map_err(|e| e.to_string())?;
    let model = loaded.model();
    let slice_axis = record.reading_plane().map_err(|e| e.to_string())?.slice_axis();
    let prepared = pools.reading.install(|| {
        let images = inputs::load(study, &record, model.spec().spec())?;
        Ok::<_, String>(model.prepare(&images.iter().collect::<Vec<_>>(), slice_axis))
    })?;
    let mirror = model.spec().spec().layer != LayerKind::Bone.word();
    let looked = prepared.and_then(|prepared| {
        let slices = prepared.slice_count();
        let step = slices.div_ceil(LOOKED_AT).max(1);
        let (mut sum, mut count, mut most) = (0.0, 0, (0.0, slices / 2));
        for slice in (step / 2..slices).step_by(step) {
            let (doubt, drawn) = model.slice_doubt(&prepared, slice, mirror, task.cancel.flag())?.drawn();
            if doubt > most.0 {
                most = (doubt, slice);
            }
            (sum, count) = (sum + doubt, count + drawn);
        }
        Ok((sum / count.max(1) as f64, most.1))
    });
    match looked {
        Ok((doubt, slice)) => Ok(Some(ExamGain { exam: exam.clone(), doubt: doubt as f32, slice })),
        Err(LearnError::Cancelled) => Ok(None),
        Err(error) => Err(format!("{exam}: {error}")),
    }
}

fn current(study: &Study, model: &str, pools: &Pools) -> Result<(ModelCode, u32, LoadedModel), String> {
    let name = ModelCode::new(model).map_err(|e| e.to_string())?;
    let version = study.current_version(&name).map_err(|e| e.to_string())?;
    let version = version.ok_or_else(|| "The model has not been trained yet: mark slices done, then train.".to_owned())?;
    let loaded = load_model(study, &name, version)?.within(pools);
    Ok((name, version, loaded))
}
