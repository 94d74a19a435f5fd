//! `osteon evaluate STUDY --model NAME`: the current version of a reader's model on what is held out of its training.

use super::DEFAULT_SEED;
use super::evaluate::show;
use super::progress::Progress;
use super::train::{driver_for, layer_and_reader};
use crate::learn::checkpoint;
use crate::session::{Command, ModelCommand, ToolCommand};
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
    let progress = Progress::new();
    let bar = progress.clone();
    let mut driver = driver_for(study, reader, DEFAULT_SEED, Box::new(move |event| bar.follow(event)))?;
    driver.run(Command::Tool(ToolCommand::Layer(layer)));
    let version = driver.session().current_version().with_context(|| format!("{model} has no version yet; train it first"))?;
    progress.stage(&format!("Judging {model} version {version}"));
    driver.run_to_end("Judging", PATIENCE, Command::Model(ModelCommand::Compare([version, version])))?;
    progress.finish();
    let judged = driver.session().training().judged().ok_or_else(|| match driver.session().notices().last() {
        Some(notice) => anyhow!("{}", notice.text),
        None => anyhow!("{model} was not judged"),
    })?;
    let levels = judged.exams.first().map(|(_, dice)| dice.iter().map(|(name, _)| name.clone()).collect()).unwrap_or_default();
    let case = |(exam, dice): &(crate::study::ExamCode, Vec<(String, Option<f64>)>)| CaseScore {
        name: exam.to_string(),
        dice: dice.iter().map(|(_, dice)| *dice).collect(),
    };
    let found = Evaluation { levels, cases: judged.exams.iter().map(case).collect() };
    let folder = Study::open(study)?.layout().model_version(&ModelCode::new(model)?, version);
    let card = checkpoint::load_card(&folder)?;
    let rule = format!("{model} version {version} against the reader's own masks: {}", judged.held_out);
    show(&found, &format!("exams ({})", judged.held_out), &rule, &card.weights_sha256, json)
}
