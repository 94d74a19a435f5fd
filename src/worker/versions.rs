//! Versions judged side by side, on the same slices.

use super::done_exam::Learnt;
use super::judge::Judge;
use super::message::{JudgeRequest, Outcome, VersionsJudged};
use super::propose::load_model;
use super::task::Task;
use super::training_data::{Gathering, gather};
use crate::learn::checkpoint;
use crate::study::{ModelCode, Study};
use crate::volume::{LabelScheme, LayerKind};

/// Judges versions on the slices that are held out today.
pub(super) fn judge(task: &Task, pool: &rayon::ThreadPool, request: &JudgeRequest) -> Outcome {
    match judged(task, pool, request) {
        Ok(Some(judged)) => Outcome::Judged(judged),
        Ok(None) => Outcome::Cancelled,
        Err(_) if task.cancel.is_cancelled() => Outcome::Cancelled,
        Err(why) => Outcome::Failed(why),
    }
}

fn judged(task: &Task, pool: &rayon::ThreadPool, request: &JudgeRequest) -> Result<Option<VersionsJudged>, String> {
    let study = Study::open(&request.train.root).map_err(|e| e.to_string())?;
    let model = ModelCode::new(&request.train.model).map_err(|e| e.to_string())?;
    let (mut versions, mut held_out, mut exams) = (Vec::new(), String::new(), Vec::new());
    // No version is judged, or measured against another, on what one of them learnt.
    let mut learnt = Learnt::new();
    for &version in &request.versions {
        let card = checkpoint::load_card(&study.layout().model_version(&model, version)).map_err(|e| e.to_string())?;
        card.learnt_slices.into_iter().for_each(|(exam, slices)| learnt.entry(exam).or_default().extend(slices));
    }
    for (at, &version) in request.versions.iter().enumerate() {
        task.progress(format!("Judging version {version}"), Some(at as f32 / request.versions.len() as f32));
        let loaded = load_model(&study, &model, version)?;
        let (spec, recipe) = (loaded.model().spec(), loaded.model().recipe());
        let data = gather(&Gathering {
            study: &study,
            request: &request.train,
            spec,
            recipe,
            pool,
            cancel: &task.cancel,
            handle: None,
            learnt: &learnt,
            held_bytes: 0,
            to_judge: true,
        })?;
        if data.held_out.is_empty() {
            return Err("Nothing is held out yet: mark slices of a validation exam done, and versions can be compared.".to_owned());
        }
        let labels = highest_label(&study, request.train.layer);
        let judge = Judge { held_out: &data.held_out, layer: request.train.layer, labels, pool, cancel: &task.cancel, handle: None };
        let Some(each) = judge.per_exam(loaded.model(), usize::MAX)? else { return Ok(None) };
        versions.push((version, judge.mean_over(&each)));
        exams = each;
        held_out = data.held_out_words;
    }
    Ok(Some(VersionsJudged { model: model.to_string(), held_out, versions, exams }))
}

/// The highest label of a layer: what there is to learn.
pub(super) fn highest_label(study: &Study, layer: LayerKind) -> u8 {
    match layer {
        LayerKind::Marrow => 3,
        LayerKind::Bone => study.protocol().bone_scheme().highest(),
        LayerKind::Exclusion => LabelScheme::exclusion().highest(),
    }
}
