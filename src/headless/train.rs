//! `osteon train`: trains a reader's model on the slices marked done, without a window.

use super::progress::Progress;
use super::train_folder::{self, FolderArgs, require_model};
use super::{DEFAULT_SEED, Driver, clock, place};
use crate::session::{Command, FileCommand, ModelCommand, Session, StudyCommand, ToolCommand, TrainingState};
use crate::study::{ModelCode, ReaderCode, Study};
use crate::volume::LayerKind;
use crate::worker::message::{Event, Outcome, PickPurpose, Role};
use crate::worker::{Beginning, WorkerConfig};
use anyhow::{Context as _, Result, anyhow};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// Steps of a training in a study.
const USUAL_STEPS: u32 = 240;

/// What `osteon train` takes.
#[derive(Args, Clone, Debug)]
pub struct TrainArgs {
    /// Folder of the study
    #[arg(required_unless_present = "images", conflicts_with = "images", requires = "model")]
    pub study: Option<PathBuf>,
    /// The model, named after layer and reader: marrow-R1
    #[arg(long)]
    pub model: Option<String>,
    /// Steps to take (default: 240 in a study, 6000 on folders)
    #[arg(long)]
    pub steps: Option<u32>,
    /// Train twice from the same start, with and without exams accepted in Review, and print both; saves nothing
    #[arg(long, requires = "study")]
    pub ablate_accepted: bool,
    /// Memory that a training in a study may need, in MB
    #[arg(long, conflicts_with = "images", default_value_t = TrainingState::DEFAULT_MEMORY_MB)]
    pub memory_mb: u32,
    /// Where the model starts from
    #[arg(long, default_value_t = DEFAULT_SEED)]
    pub seed: u64,
    /// Go on from this model instead of fresh weights: a model's folder, or `shipped` for the one that comes with the program
    #[arg(long, value_name = "MODEL_DIR|shipped", conflicts_with_all = ["base", "neighbours"])]
    pub from: Option<PathBuf>,
    /// Folders instead of a study
    #[command(flatten)]
    pub folder: FolderArgs,
}

/// Layer and reader that a model's name says: `marrow-R1`.
pub(super) fn layer_and_reader(model: &str) -> Result<(LayerKind, ReaderCode)> {
    let (layer, reader) =
        model.split_once('-').with_context(|| format!("{model} is no model's name; write layer and reader, such as marrow-R1"))?;
    let layer = LayerKind::from_word(layer).with_context(|| format!("{layer} is no layer; write marrow or bone"))?;
    Ok((layer, ReaderCode::new(reader)?))
}

/// A session without a window in which a reader has opened a study.
pub(super) fn driver_for(study: &Path, reader: ReaderCode, seed: u64, listener: Box<dyn FnMut(&Event) + Send>) -> Result<Driver> {
    place::require_path(study)?;
    let config =
        WorkerConfig { threads: place::all_threads(), scratch_root: place::data_home().join("scratch"), wake: Arc::new(|| {}), clock };
    let mut driver = Driver::new(Session::new(seed, 0), config, listener)?;
    let open = Command::File(FileCommand::Use(PickPurpose::OpenFolder, study.to_owned()));
    driver.run_to_end("Opening", PATIENCE, open)?;
    driver.run_to_end("Opening", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Reader(reader))))?;
    Ok(driver)
}

/// # Errors
/// One sentence that says what is missing.
pub fn run(args: &TrainArgs) -> Result<()> {
    let (Some(study), Some(model)) = (&args.study, &args.model) else {
        let from = args.from.as_deref().map(|from| beginning(from, &args.folder.layer)).transpose()?;
        return train_folder::run(&args.folder, args.steps, args.seed, from);
    };
    if let Some(from) = &args.from {
        place_first_version(study, model, from)?;
    }
    train_in_study(study, model, args)
}

/// What `--from` names.
fn beginning(from: &Path, layer: &str) -> Result<Beginning> {
    if from == Path::new("shipped") {
        return Beginning::shipped(layer).map_err(anyhow::Error::msg);
    }
    require_model(from)?;
    Beginning::folder(from).map_err(anyhow::Error::msg)
}

/// Makes `from` the first version of a study's model; training then goes on from it.
fn place_first_version(study: &Path, model: &str, from: &Path) -> Result<()> {
    let (layer, reader) = layer_and_reader(model)?;
    place::require_path(study)?;
    let beginning = beginning(from, layer.word())?;
    let study = Study::open(study)?;
    beginning.place(&study, &ModelCode::new(model)?, layer, reader.as_str(), &clock()).map_err(anyhow::Error::msg)?;
    println!("{model} begins with {}", beginning.name);
    Ok(())
}

fn train_in_study(study: &Path, model: &str, args: &TrainArgs) -> Result<()> {
    let (layer, reader) = layer_and_reader(model)?;
    let progress = Progress::new();
    let trained = Arc::new(Mutex::new(None));
    let (heard, bar) = (trained.clone(), progress.clone());
    let listener = Box::new(move |event: &Event| {
        bar.follow(event);
        if let Event::Ended { outcome: Outcome::Trained(version), .. } = event {
            *heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(version.clone());
        }
    });
    let mut driver = driver_for(study, reader, args.seed, listener)?;
    driver.run(Command::Tool(ToolCommand::Layer(layer)));
    driver.run(Command::Model(ModelCommand::Steps(args.steps.unwrap_or(USUAL_STEPS))));
    driver.run(Command::Model(ModelCommand::MemoryMb(args.memory_mb)));
    progress.stage(&format!("Training {model}"));
    if args.ablate_accepted {
        return ablate(&mut driver, &progress);
    }
    driver.run_to_end("Training", PATIENCE, Command::Model(ModelCommand::Train))?;
    progress.finish();
    let version = trained.lock().unwrap_or_else(PoisonError::into_inner).take();
    let version = version.ok_or_else(|| match driver.session().notices().last() {
        Some(notice) => anyhow!("{}", notice.text),
        None => anyhow!("the training saved no version"),
    })?;
    println!(
        "{} version {}{}: loss {:.3}; held out: {}",
        version.model,
        version.summary.version,
        version.ended_words(),
        version.loss,
        version.held_out
    );
    for (name, dice) in &version.summary.dice {
        println!("Dice {name}: {}", dice.map_or_else(|| "–".to_owned(), |d| format!("{d:.3}")));
    }
    if let Some(note) = &version.note {
        println!("{note}");
    }
    if !version.made_current {
        println!("It does worse than the version before on what is held out: kept, but not made current.");
    }
    Ok(())
}

/// Trains with and without accepted exams and prints both.
fn ablate(driver: &mut Driver, progress: &Progress) -> Result<()> {
    driver.run_to_end("Training", PATIENCE, Command::Model(ModelCommand::Ablate))?;
    progress.finish();
    let ablated = driver.session().training().ablated().ok_or_else(|| match driver.session().notices().last() {
        Some(notice) => anyhow!("{}", notice.text),
        None => anyhow!("the trainings gave no figures"),
    })?;
    let [accepted, others] = ablated.slices;
    println!("{}: {others} slices read, {accepted} accepted; Dice on {}", ablated.model, ablated.held_out);
    let figure = |dice: Option<f64>| dice.map_or_else(|| "–".to_owned(), |d| format!("{d:.3}"));
    for ((name, without), (_, with)) in ablated.without.iter().zip(&ablated.with) {
        println!("Dice {name}: {} without, {} with accepted exams", figure(*without), figure(*with));
    }
    Ok(())
}
