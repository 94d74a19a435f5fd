//! `osteon train`: trains a reader's model on the slices marked done, without a window.

use super::output::{is_stdout, require_target};
use super::progress::Progress;
use super::train_folder::{self, FolderArgs, figure, require_model};
use super::train_json::{self, TrainFigures};
use super::{DEFAULT_SEED, Driver, clock, evaluate_study, place};
use crate::learn::checkpoint;
use crate::session::{Command, FileCommand, Hands, ModelCommand, Session, StudyCommand, ToolCommand, TrainingState};
use crate::study::{ModelCode, ReaderCode, Study};
use crate::volume::LayerKind;
use crate::worker::folder::Evaluation;
use crate::worker::message::{Event, NetWish, Outcome, PickPurpose, Role, TrainedVersion, overtaken_words};
use crate::worker::{Beginning, WorkerConfig};
use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// What `osteon train` takes.
#[derive(Args, Clone, Debug)]
pub struct TrainArgs {
    /// Folder of the study
    #[arg(required_unless_present = "images", conflicts_with = "images", requires = "model")]
    pub study: Option<PathBuf>,
    /// The model, named after layer and reader: marrow-R1
    #[arg(long)]
    pub model: Option<String>,
    /// Steps to take (default: 240 in a study; on folders 6000, of all nets together)
    #[arg(long)]
    pub steps: Option<u32>,
    /// Wall-clock minutes instead of steps; with both, whichever is over first
    #[arg(long)]
    pub minutes: Option<f64>,
    /// Channels of the first level, instead of the usual; in a study for a model's first version only
    #[arg(long)]
    pub base: Option<usize>,
    /// Slices taken in on each side of the one to label, instead of the usual; in a study for a model's first version only
    #[arg(long)]
    pub neighbours: Option<usize>,
    /// A net of its own for every label: two independent nets for two bones; in a study for a model's first version only
    #[arg(long)]
    pub independent: bool,
    /// File for the figures, - for the screen
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Train twice from the same start, with and without exams accepted in Review, and print both; saves nothing
    #[arg(long, requires = "study")]
    pub ablate_accepted: bool,
    /// Memory that the training may need, in MB (default: 2048 in a study, 4096 on folders)
    #[arg(long)]
    pub memory_mb: Option<u32>,
    /// Where the model starts from
    #[arg(long, default_value_t = DEFAULT_SEED)]
    pub seed: u64,
    /// Go on from this model instead of fresh weights: a model's folder, or `shipped` for the one that comes with the program
    #[arg(long, value_name = "MODEL_DIR|shipped", conflicts_with_all = ["base", "neighbours", "independent"])]
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

/// A session without a window in which a study is open for a reader; no exam is.
pub(super) fn driver_for(
    study: &Path,
    reader: ReaderCode,
    hands: Hands,
    seed: u64,
    listener: Box<dyn FnMut(&Event) + Send>,
) -> Result<Driver> {
    place::require_study(study)?;
    let config =
        WorkerConfig { threads: place::all_threads(), scratch_root: place::data_home().join("scratch"), wake: Arc::new(|| {}), clock };
    let mut driver = Driver::new(Session::new(seed).in_hands(hands), config, listener)?;
    let open = Command::File(FileCommand::Use(PickPurpose::OpenFolder, study.to_owned()));
    driver.run_to_end("Opening", PATIENCE, open)?;
    driver.run_to_end("Opening", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Reader(reader))))?;
    Ok(driver)
}

/// # Errors
/// One sentence that says what is missing.
pub fn run(args: &TrainArgs) -> Result<()> {
    require_sense(args)?;
    args.json.as_deref().map_or(Ok(()), |path| require_target(path, args.folder.spec.as_deref()))?;
    let (Some(study), Some(model)) = (&args.study, &args.model) else {
        let from = args.from.as_deref().map(|from| beginning(from, &args.folder.layer)).transpose()?;
        return train_folder::run(args, from);
    };
    if let Some(from) = &args.from {
        // Nothing but JSON stands on the screen where that was asked for.
        let to_screen = args.json.as_deref().is_none_or(|path| !is_stdout(path));
        place_first_version(study, model, from, to_screen)?;
    }
    train_in_study(study, model, args)
}

/// Numbers that would be taken for others further down are refused.
fn require_sense(args: &TrainArgs) -> Result<()> {
    if args.minutes.is_some_and(|m| !m.is_finite() || m <= 0.0) {
        bail!("--minutes must be above zero");
    }
    if args.steps == Some(0) {
        bail!("--steps must be at least 1");
    }
    let [least, _] = TrainingState::MEMORY_RANGE_MB;
    match (args.study.is_some(), args.memory_mb) {
        (true, Some(mb)) if mb < least => bail!("--memory-mb must be at least {least} in a study"),
        (false, Some(mb)) if mb < train_folder::LEAST_MEMORY_MB => {
            bail!("--memory-mb must be at least {} on folders", train_folder::LEAST_MEMORY_MB)
        }
        _ => Ok(()),
    }
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
fn place_first_version(study: &Path, model: &str, from: &Path, to_screen: bool) -> Result<()> {
    let (layer, reader) = layer_and_reader(model)?;
    place::require_path(study)?;
    let beginning = beginning(from, layer.word())?;
    let study = Study::open(study)?;
    beginning.place(&study, &ModelCode::new(model)?, layer, reader.as_str(), &clock()).map_err(anyhow::Error::msg)?;
    if to_screen {
        println!("{model} begins with {}", beginning.name);
    }
    Ok(())
}

/// Whether the study takes a new version of the model: found out before the training, not after it.
fn require_versions(study: &Path, model: &str) -> Result<()> {
    let layout = Study::open(study)?.layout().clone();
    let model = ModelCode::new(model)?;
    let listed = layout.model_versions(&model);
    let listed = listed.with_context(|| format!("{} cannot be listed; check its permissions", layout.model(&model).display()))?;
    let next = listed.last().map_or(1, |last| last + 1);
    Ok(checkpoint::require_place(&layout.model_version(&model, next))?)
}

/// What is heard of a training: the version, and how many steps there would have been by the last report.
#[derive(Default)]
struct Heard {
    version: Option<TrainedVersion>,
    steps: u32,
}

fn train_in_study(study: &Path, model: &str, args: &TrainArgs) -> Result<()> {
    let (layer, reader) = layer_and_reader(model)?;
    if !args.ablate_accepted {
        require_versions(study, model)?;
    }
    let progress = Progress::new();
    let heard = Arc::new(Mutex::new(Heard::default()));
    let (hears, bar) = (heard.clone(), progress.clone());
    let listener = Box::new(move |event: &Event| {
        bar.follow(event);
        let mut heard = hears.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Ended { outcome: Outcome::Trained(version), .. } => heard.version = Some(version.clone()),
            Event::Training { progress, .. } => heard.steps = progress.steps,
            _ => {}
        }
    });
    let mut driver = driver_for(study, reader, Hands::Looking, args.seed, listener)?;
    driver.run(Command::Tool(ToolCommand::Layer(layer)));
    driver.run(Command::Model(match args.minutes {
        Some(minutes) => ModelCommand::Minutes { minutes, most_steps: args.steps.unwrap_or(TrainingState::MOST_STEPS) },
        None => ModelCommand::Steps(args.steps.unwrap_or(TrainingState::DEFAULT_STEPS)),
    }));
    let net = NetWish { base: args.base, neighbours: args.neighbours, independent: args.independent.then_some(true) };
    driver.run(Command::Model(ModelCommand::Net(net)));
    driver.run(Command::Model(ModelCommand::MemoryMb(args.memory_mb.unwrap_or(TrainingState::DEFAULT_MEMORY_MB))));
    progress.stage(&format!("Training {model}"));
    if args.ablate_accepted {
        return ablate(&mut driver, &progress, args.json.as_deref());
    }
    let started = Instant::now();
    driver.run_to_end("Training", PATIENCE, Command::Model(ModelCommand::Train))?;
    let took = started.elapsed();
    progress.finish();
    let heard = std::mem::take(&mut *heard.lock().unwrap_or_else(PoisonError::into_inner));
    let version = heard.version.ok_or_else(|| last_word(&driver, "the training saved no version"))?;
    if args.json.as_deref().is_none_or(|path| !is_stdout(path)) {
        tell(&version);
    }
    if let Some(path) = &args.json {
        write_figures(path, &mut driver, study, args, &version, (heard.steps, took))?;
    }
    // The version is there, but it is not what was asked for.
    match version.note {
        Some(note) if version.gave_up.is_some() => Err(anyhow!(note)),
        _ => Ok(()),
    }
}

/// What a training that saved nothing said last.
fn last_word(driver: &Driver, otherwise: &str) -> anyhow::Error {
    driver.session().notices().last().map_or_else(|| anyhow!("{otherwise}"), |notice| anyhow!("{}", notice.text))
}

fn tell(version: &TrainedVersion) {
    println!(
        "{} version {}{}: loss {:.3}; held out: {}",
        version.model,
        version.summary.version,
        version.ended_words(),
        version.loss,
        version.held_out
    );
    for (name, dice) in &version.summary.dice {
        println!("Dice {name}: {}", figure(*dice));
    }
    if let Some(note) = version.note.as_ref().filter(|_| version.gave_up.is_none()) {
        println!("{note}");
    }
    if let Some(other) = version.overtaken_by {
        println!("Kept, but not made current: {}", overtaken_words(other));
    } else if !version.made_current {
        println!("Kept, but not made current: {}", version.not_current_words());
    }
}

/// Figures of the version that was saved, judged as `osteon evaluate` judges it.
fn write_figures(
    path: &Path,
    driver: &mut Driver,
    study: &Path,
    args: &TrainArgs,
    version: &TrainedVersion,
    (steps, took): (u32, Duration),
) -> Result<()> {
    let number = version.summary.version;
    let known = version.summary.dice.iter().any(|(_, dice)| dice.is_some());
    let (found, held_out) = if known {
        evaluate_study::judged(driver, &version.model, number)?
    } else {
        let levels = version.summary.dice.iter().map(|(name, _)| name.clone()).collect();
        (Evaluation { levels, cases: Vec::new() }, version.held_out.clone())
    };
    let folder = Study::open(study)?.layout().model_version(&ModelCode::new(&version.model)?, number);
    let figures = TrainFigures {
        model: version.model.clone(),
        version: Some(number),
        made_current: Some(version.made_current),
        steps: version.taken,
        kept_step: u64::from(version.kept_step),
        early_stop: match (version.gave_up, version.taken < steps) {
            (Some(why), _) => Some(why.word()),
            (None, true) => Some("no gain on what is held out"),
            (None, false) => None,
        },
        seed: args.seed,
        took,
        minutes_allowed: args.minutes,
        truth: evaluate_study::rule(&version.model, number, &held_out),
        held_out: found,
        weights_sha256: checkpoint::load_card(&folder)?.weights_sha256,
        note: version.note.clone(),
    };
    train_json::write(path, &figures)
}

/// Trains with and without accepted exams and prints both.
fn ablate(driver: &mut Driver, progress: &Progress, json: Option<&Path>) -> Result<()> {
    driver.run_to_end("Training", PATIENCE, Command::Model(ModelCommand::Ablate))?;
    progress.finish();
    let ablated = driver.session().training().ablated().ok_or_else(|| last_word(driver, "the trainings gave no figures"))?;
    if json.is_none_or(|path| !is_stdout(path)) {
        let [accepted, others] = ablated.slices;
        println!("{}: {others} slices read, {accepted} accepted; Dice on {}", ablated.model, ablated.held_out);
        for ((name, without), (_, with)) in ablated.without.iter().zip(&ablated.with) {
            println!("Dice {name}: {} without, {} with accepted exams", figure(*without), figure(*with));
        }
        ablated.note.iter().for_each(|note| println!("{note}"));
    }
    json.map_or(Ok(()), |path| train_json::write_ablation(path, ablated))
}
