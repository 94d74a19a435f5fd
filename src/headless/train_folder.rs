//! `osteon train --images … --labels … --out DIR`: a model from folders of NIfTI files, without a study.

use super::folder_cases::{files_of, only, pair};
use super::going_on::going_on;
use super::output::{is_stdout, require_target};
use super::patterns::FilePattern;
use super::plan_file::{read_plan, sensible};
use super::progress::Progress;
use super::train::TrainArgs;
use super::train_json::{self, TrainFigures};
use super::{clock, place};
use crate::learn::{Plan, checkpoint};
use crate::study::Layout;
use crate::worker::Beginning;
use crate::worker::folder::{Evaluation, FolderProgress, FolderTraining, train_folder};
use crate::worker::message::GaveUp;
use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// Steps where neither steps nor minutes are given: a quarter to half an hour on two cores with images of 200 × 200 pixels.
const USUAL_STEPS: u32 = 6000;
/// Memory that a training on folders may need unless it is said, in MB.
const USUAL_MEMORY_MB: u32 = 4096;

/// Least memory that may be asked for, in MB: less does not hold the smallest step and the cases of any data set.
pub(super) const LEAST_MEMORY_MB: u32 = 64;
/// Share of the cases that may be held out: with more, most of them would only judge.
const HOLD_OUT: std::ops::RangeInclusive<f64> = 0.0..=0.5;

/// What training on folders takes.
#[derive(Args, Clone, Debug)]
pub struct FolderArgs {
    /// Images, one pattern per sequence: 'DIR/*_water.nii.gz,DIR/*_fat.nii.gz'
    #[arg(long, value_name = "GLOB,…", requires = "labels", requires = "out")]
    pub images: Option<String>,
    /// Masks that belong to them: 'DIR/*_reader1.nii.gz'
    #[arg(long, conflicts_with = "study", value_name = "GLOB")]
    pub labels: Option<String>,
    /// Only these cases: names between commas, or 'dataset.json:scanner=A' for those of whom a list says so
    #[arg(long, conflicts_with = "study", value_name = "NAMES|FILE.json:KEY=VALUE")]
    pub cases: Option<String>,
    /// New folder for the model
    #[arg(long, conflicts_with = "study", value_name = "MODEL_DIR")]
    pub out: Option<PathBuf>,
    /// Share of the cases that is held out to choose the best version by, 0 to 0.5; above 0 at least one case
    #[arg(long, conflicts_with = "study", default_value_t = 0.1)]
    pub hold_out: f64,
    /// What the masks show: marrow or bone
    #[arg(long, conflicts_with = "study", default_value = "marrow", value_parser = ["marrow", "bone"])]
    pub layer: String,
    /// What labels 1, 2, … are called, for the card: femur,tibia
    #[arg(long, conflicts_with = "study", value_name = "NAME,…", value_delimiter = ',')]
    pub names: Vec<String>,
    /// How to train, as a JSON file with any part of a plan (docs/learning.md): {"base": 24, "members": 3}
    #[arg(long, conflicts_with = "study", value_name = "FILE.json")]
    pub spec: Option<PathBuf>,
    /// Nets whose mean proposes, instead of the plan's: 1 to 10; with --from at most as many as go on
    #[arg(long, conflicts_with = "study")]
    pub members: Option<usize>,
}

/// # Errors
/// One sentence that names the file or says what is missing.
pub fn run(all: &TrainArgs, from: Option<Beginning>) -> Result<()> {
    place::tell_device();
    let args = &all.folder;
    let (Some(images), Some(labels), Some(out)) = (&args.images, &args.labels, &args.out) else {
        bail!("training on folders needs --images, --labels and --out");
    };
    if !HOLD_OUT.contains(&args.hold_out) {
        bail!("--hold-out is {}, but must be a share of the cases from 0 to {}", args.hold_out, HOLD_OUT.end());
    }
    // Not after half an hour of training.
    Layout::refuse_target(out)?;
    checkpoint::require_place(out)?;
    let patterns = FilePattern::list(images)?;
    let masks = FilePattern::new(labels, 1)?;
    let cases = only(pair(&patterns, &masks)?, args.cases.as_deref())?;
    all.json.as_deref().map_or(Ok(()), |path| require_target(path, files_of(&cases, args.cases.as_deref())))?;
    let wish = FolderTraining {
        sequences: patterns.iter().map(FilePattern::word).collect(),
        layer: args.layer.clone(),
        labels_from: masks.word(),
        steps: all.steps.unwrap_or(if all.minutes.is_some() { u32::MAX } else { USUAL_STEPS }),
        minutes: all.minutes,
        seed: all.seed,
        held_out: args.hold_out,
        plan: plan(all, from.as_ref())?,
        from,
        memory_mb: all.memory_mb.unwrap_or(USUAL_MEMORY_MB),
        label_keys: args.names.clone(),
        created: clock(),
    };
    let bar = Progress::new();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(place::all_threads()).build().context("the threads could not be started")?;
    let (stop, started) = (AtomicBool::new(false), Instant::now());
    let trained = pool.install(|| train_folder(&cases, &wish, &stop, &mut |event| show(&bar, &event))).map_err(|why| anyhow!(why))?;
    bar.finish();
    let trained = trained.context("nothing was learnt; give more steps or minutes")?;
    checkpoint::save(&trained.model, &trained.card, out)?;
    let held_any = !trained.card.held_out.is_empty();
    // Steps that it was trained before are not of this training.
    let kept_step = trained.model.steps() - wish.from.as_ref().map_or(0, Beginning::steps);
    if all.json.as_deref().is_none_or(|path| !is_stdout(path)) {
        println!("{}: {} steps; the version kept is that of step {}", out.display(), trained.steps, kept_step);
        if held_any {
            print_table("held-out cases", &trained.held_out);
        } else {
            println!("Nothing was held out: the last weights are kept, and no figure says how good they are.");
        }
    }
    let figures = TrainFigures {
        model: out.display().to_string(),
        version: None,
        made_current: None,
        steps: trained.steps,
        kept_step,
        early_stop: trained.gave_up.map(GaveUp::word),
        seed: all.seed,
        took: started.elapsed(),
        minutes_allowed: all.minutes,
        truth: if held_any {
            format!("the masks of {} on {} cases held out", wish.labels_from, trained.held_out.cases.len())
        } else {
            "nothing is held out: the last weights are kept".to_owned()
        },
        weights_sha256: checkpoint::load_card(out)?.weights_sha256,
        held_out: trained.held_out,
        note: trained.note,
    };
    if let Some(path) = &all.json {
        train_json::write(path, &figures)?;
    }
    // The model is there, but it is not what was asked for.
    match figures.note.filter(|_| trained.gave_up.is_some()) {
        Some(note) => bail!("{}: {note}", out.display()),
        None => Ok(()),
    }
}

/// The plan of the file, with what the flags change.
fn plan(all: &TrainArgs, from: Option<&Beginning>) -> Result<Plan> {
    let args = &all.folder;
    let mut plan = read_plan(args.spec.as_deref())?;
    if let Some(from) = from {
        plan = going_on(plan, args.spec.as_deref(), args.members, from)?;
    }
    plan.base = all.base.unwrap_or(plan.base);
    plan.neighbours = all.neighbours.unwrap_or(plan.neighbours);
    plan.independent |= all.independent;
    plan.members = args.members.unwrap_or(plan.members);
    let plan = plan.for_layer(&args.layer);
    match &args.spec {
        Some(path) => sensible(path, plan),
        None => plan.map_err(anyhow::Error::msg),
    }
}

fn show(bar: &Progress, event: &FolderProgress) {
    match event {
        FolderProgress::Reading { at: 0, .. } => bar.stage("Reading images and masks"),
        FolderProgress::Reading { at, of } => bar.at(*at as f32 / *of as f32, "Reading images and masks"),
        FolderProgress::Step { step, of, loss } => {
            bar.at(*step as f32 / *of as f32, &format!("Training, step {step} of {of}, loss {loss:.3}"));
        }
        FolderProgress::Look { step, dice, best } => {
            let figures: Vec<String> = dice.iter().map(|(name, dice)| format!("{name} {}", figure(*dice))).collect();
            bar.stage(&format!("Step {step}: held-out Dice {}{}", figures.join(", "), if *best { " (best so far)" } else { "" }));
        }
        FolderProgress::Setback(note) => bar.stage(note),
    }
}

/// Median, mean and range per level, a line each.
pub(super) fn print_table(what: &str, evaluation: &Evaluation) {
    println!("Dice on {} {what}: median / mean (range), n", evaluation.cases.len());
    for (at, level) in evaluation.levels.iter().enumerate() {
        match evaluation.summary(at) {
            Some(s) => println!("  {level:>4}  {:.3} / {:.3} ({:.3} to {:.3}), {}", s.median, s.mean, s.min, s.max, s.n),
            None => println!("  {level:>4}  – (neither map holds it in any case)"),
        }
    }
}

/// Three places, or a dash.
pub(super) fn figure(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), |v| format!("{v:.3}"))
}

/// Whether a folder holds a model as training wrote it.
pub(super) fn require_model(folder: &Path) -> Result<()> {
    place::require_path(folder)?;
    if !folder.join(checkpoint::CARD_FILE).is_file() {
        bail!("{} holds no {}; name the folder that `osteon train --out` wrote", folder.display(), checkpoint::CARD_FILE);
    }
    Ok(())
}
