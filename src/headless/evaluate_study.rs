//! `osteon evaluate STUDY --model NAME`: the current version of a reader's model on what is held out of its training.

use super::evaluate::show;
use super::output::{NOTHING, require_target};
use super::progress::Progress;
use super::train::{driver_for, layer_and_reader};
use super::{DEFAULT_SEED, Driver};
use crate::learn::checkpoint;
use crate::session::{Command, Hands, ModelCommand, ToolCommand};
use crate::study::{ModelCode, Study};
use crate::worker::folder::{CaseScore, Evaluation};
use anyhow::{Context as _, Result, anyhow};
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(3600);

/// # Errors
/// One sentence that says what is missing.
pub(super) fn run(study: &Path, model: &str, json: Option<&Path>) -> Result<()> {
    let (layer, reader) = layer_and_reader(model)?;
    json.map_or(Ok(()), |path| require_target(path, NOTHING))?;
    let progress = Progress::new();
    let bar = progress.clone();
    let mut driver = driver_for(study, reader, Hands::Looking, DEFAULT_SEED, Box::new(move |event| bar.follow(event)))?;
    driver.run(Command::Tool(ToolCommand::Layer(layer)));
    let version = driver.session().current_version().with_context(|| format!("{model} has no version yet; train it first"))?;
    progress.stage(&format!("Judging {model} version {version}"));
    let (found, held_out) = judged(&mut driver, model, version)?;
    progress.finish();
    let folder = Study::open(study)?.layout().model_version(&ModelCode::new(model)?, version);
    let card = checkpoint::load_card(&folder)?;
    let rule = rule(model, version, &held_out);
    show(&found, &format!("exams ({held_out})"), &rule, &card.weights_sha256, json)
}

/// By what a version was judged.
pub(super) fn rule(model: &str, version: u32, held_out: &str) -> String {
    format!("{model} version {version} against the reader's own masks: {held_out}")
}

/// A version's figures on what is held out of its training, and what that is in words.
pub(super) fn judged(driver: &mut Driver, model: &str, version: u32) -> Result<(Evaluation, String)> {
    driver.run_to_end("Judging", PATIENCE, Command::Model(ModelCommand::Compare([version, version])))?;
    let judged = driver.session().training().judged().ok_or_else(|| match driver.session().notices().last() {
        Some(notice) => anyhow!("{}", notice.text),
        None => anyhow!("{model} was not judged"),
    })?;
    let levels = judged.exams.first().map(|(_, dice)| dice.iter().map(|(name, _)| name.clone()).collect()).unwrap_or_default();
    let case = |(exam, dice): &(crate::study::ExamCode, Vec<(String, Option<f64>)>)| {
        CaseScore::new(exam.as_str(), dice.iter().map(|(_, dice)| *dice).collect())
    };
    Ok((Evaluation { levels, cases: judged.exams.iter().map(case).collect() }, judged.held_out.clone()))
}
