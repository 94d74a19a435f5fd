//! The version that is current when a training begins: the new one is measured against it, whether it goes on from it or not.

use super::done_exam::Learnt;
use super::judge::{DiceTable, Judge};
use super::message::TrainRequest;
use super::propose::load_model;
use super::training_data::{Gathering, TrainingData, gather};
use crate::learn::{Model, checkpoint};
use crate::study::{ExamCode, ModelCode, Study};

/// A current version.
pub(super) struct Predecessor {
    /// Its number.
    pub version: u32,
    /// Its weights.
    pub model: Model,
    /// What it and those that it went on from learnt: no judge of it.
    pub learnt: Learnt,
}

/// Dice of each exam on its held-out slices.
pub(super) type EachExam = Vec<(ExamCode, DiceTable)>;

impl Predecessor {
    /// The current version of a model, if there is one.
    ///
    /// # Errors
    /// One sentence that names the file.
    pub fn of(study: &Study, model: &ModelCode) -> Result<Option<Self>, String> {
        let Some(version) = study.current_version(model).map_err(|e| e.to_string())? else { return Ok(None) };
        let card = checkpoint::load_card(&study.layout().model_version(model, version)).map_err(|e| e.to_string())?;
        let model = load_model(study, model, version)?.model().clone();
        Ok(Some(Self { version, model, learnt: card.learnt_slices }))
    }

    /// How it does on the held-out slices of the exams that it can be given, where another training, with inputs of its own, holds
    /// `data`; `None` when cancelled.
    ///
    /// # Errors
    /// One sentence, if an exam cannot be prepared for it within the memory allowed, or the device fails.
    pub fn judged_beside(
        &self,
        judge: &Judge<'_>,
        study: &Study,
        request: &TrainRequest,
        data: &TrainingData,
    ) -> Result<Option<EachExam>, String> {
        let own = gather(&Gathering {
            study,
            request,
            spec: self.model.spec(),
            recipe: self.model.recipe(),
            pool: judge.pool,
            cancel: judge.cancel,
            handle: judge.handle,
            learnt: &self.learnt,
            held_bytes: data.bytes,
            to_judge: true,
        });
        match own {
            Ok(own) => Judge { held_out: &own.held_out, ..*judge }.per_exam(&self.model, usize::MAX),
            Err(_) if judge.cancel.is_cancelled() => Ok(None),
            Err(why) => Err(why),
        }
    }
}
