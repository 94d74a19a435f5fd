//! `osteon train --json`: what came of a training, with the figures of `osteon evaluate --json`.

use super::evaluate::figures;
use super::output::write_json;
use super::place;
use crate::worker::folder::Evaluation;
use crate::worker::message::Ablated;
use anyhow::Result;
use serde_json::{Map, Value, json};
use std::path::Path;
use std::time::Duration;

/// What came of a training.
pub(super) struct TrainFigures {
    /// The model's name in a study, else its folder.
    pub model: String,
    /// In a study the version that was saved.
    pub version: Option<u32>,
    /// In a study whether it became the current one.
    pub made_current: Option<bool>,
    /// Steps taken in this training.
    pub steps: u32,
    /// The step whose weights were kept.
    pub kept_step: u64,
    /// Why it ended before its steps or minutes were over, if it did.
    pub early_stop: Option<&'static str>,
    /// Where weights and batches come from.
    pub seed: u64,
    /// How long it took.
    pub took: Duration,
    /// Minutes that were allowed.
    pub minutes_allowed: Option<f64>,
    /// By what it was judged, in words.
    pub truth: String,
    /// Figures on what is held out.
    pub held_out: Evaluation,
    /// Of the weights that were kept.
    pub weights_sha256: String,
    /// What went wrong and how it went on.
    pub note: Option<String>,
}

/// Writes the figures.
///
/// # Errors
/// If the file cannot be written.
pub(super) fn write(path: &Path, it: &TrainFigures) -> Result<()> {
    let mut out = json!({
        "model": it.model, "version": it.version, "made_current": it.made_current, "steps": it.steps, "kept_step": it.kept_step,
        "early_stop": it.early_stop, "seed": it.seed, "threads": place::all_threads(), "minutes": it.took.as_secs_f64() / 60.0,
        "minutes_allowed": it.minutes_allowed, "note": it.note,
    });
    if let (Value::Object(out), Value::Object(held_out)) = (&mut out, figures(&it.held_out, &it.truth, &it.weights_sha256)) {
        out.extend(held_out);
    }
    write_json(path, &out)
}

/// Writes what accepted exams gave.
///
/// # Errors
/// If the file cannot be written.
pub(super) fn write_ablation(path: &Path, ablated: &Ablated) -> Result<()> {
    let row =
        |dice: &[(String, Option<f64>)]| -> Map<String, Value> { dice.iter().map(|(name, dice)| (name.clone(), json!(dice))).collect() };
    let [accepted, read] = ablated.slices;
    let out = json!({
        "model": ablated.model, "held_out": ablated.held_out, "slices": {"read": read, "accepted": accepted},
        "with_accepted": row(&ablated.with), "without_accepted": row(&ablated.without), "note": ablated.note,
    });
    write_json(path, &out)
}
