//! What accepted exams give: two trainings from the same start, with and without them.

use super::message::{Ablated, Outcome, TrainRequest};
use super::task::Task;
use super::trainer::Run;
use super::training_handle::TrainingHandle;

/// Trains twice from the same start, with and without accepted exams; saves neither.
pub(super) fn ablate(task: &Task, pool: &rayon::ThreadPool, handle: &TrainingHandle, request: &TrainRequest) -> Outcome {
    match ablation(task, pool, handle, request) {
        Ok(Some(ablated)) => Outcome::Ablated(ablated),
        Ok(None) => Outcome::Cancelled,
        Err(_) if task.cancel.is_cancelled() => Outcome::Cancelled,
        Err(why) => Outcome::Failed(why),
    }
}

fn ablation(task: &Task, pool: &rayon::ThreadPool, handle: &TrainingHandle, request: &TrainRequest) -> Result<Option<Ablated>, String> {
    let mut run = Run::start(task, pool, handle, request, false)?;
    let slices = [run.data.accepted_count(), run.data.examples.len() - run.data.accepted_count()];
    if slices[0] == 0 {
        return Err("No exam was accepted in Review yet: there is nothing to leave out.".to_owned());
    }
    if slices[1] == 0 {
        return Err("Nothing but accepted exams is marked done: without them there is nothing to learn from.".to_owned());
    }
    let held_out = run.data.held_out_words.clone();
    let Some(with) = run.trained_and_judged()? else { return Ok(None) };
    let mut note = run.note().map(str::to_owned);
    run.data.leave_accepted_out();
    run.restart()?;
    let Some(without) = run.trained_and_judged()? else { return Ok(None) };
    note = note.or_else(|| run.note().map(str::to_owned));
    Ok(Some(Ablated { note, model: request.model.clone(), held_out, slices, with, without }))
}
