//! `osteon evaluate`: Dice of a model against masks, per level and case.

use super::evaluate_study;
use super::folder_cases::{files_of, only, pair, truth};
use super::image_sets::require_order;
use super::output::{is_stdout, model_files, require_target, write_json};
use super::patterns::FilePattern;
use super::place;
use super::progress::Progress;
use super::train_folder::{figure, print_table, require_model};
use crate::learn::{Compute, checkpoint};
use crate::worker::folder::{Case, CaseScore, CaseTruth, Evaluation, KnownCases, evaluate_folder};
use anyhow::{Context as _, Result, anyhow, bail};
use clap::Args;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

/// What `osteon evaluate` takes.
#[derive(Args, Clone, Debug)]
pub struct EvaluateArgs {
    /// Folder of the model; or of a study, with --model
    #[arg(value_name = "MODEL_DIR|STUDY")]
    pub place: PathBuf,
    /// In a study: the reader's model, such as marrow-R1, on what is held out of its training
    #[arg(long, value_name = "NAME", conflicts_with_all = ["images", "truth"])]
    pub model: Option<String>,
    /// Images, one pattern per sequence, in the order of the training
    #[arg(long, value_name = "GLOB,…", required_unless_present = "model", requires = "truth")]
    pub images: Option<String>,
    /// Masks: 'DIR/*_reader1.nii.gz', or 'staple:DIR/*_reader*.nii.gz' for the STAPLE of several readers
    #[arg(long, value_name = "GLOB", required_unless_present = "model")]
    pub truth: Option<String>,
    /// Only these cases: names between commas, or 'dataset.json:scanner=B' for those of whom a list says so
    #[arg(long, value_name = "NAMES|FILE.json:KEY=VALUE")]
    pub cases: Option<String>,
    /// Whether proposals are the mean over slices and their mirror images, whatever the model says: on or off
    #[arg(long, value_name = "on|off", value_parser = ["on", "off"])]
    pub flips: Option<String>,
    /// Smoothing of probabilities within a slice, in mm, whatever the model says: 0 for none
    #[arg(long, value_name = "MM")]
    pub smoothing: Option<f64>,
    /// File for the figures, - for the screen
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// # Errors
/// One sentence that names the file or says what is missing.
pub fn run(args: &EvaluateArgs) -> Result<()> {
    place::tell_device();
    if let Some(model) = &args.model {
        return evaluate_study::run(&args.place, model, args.json.as_deref());
    }
    let (Some(images), Some(masks)) = (&args.images, &args.truth) else {
        bail!("name --images and --truth, or a study's --model");
    };
    require_model(&args.place)?;
    let (mut model, card) = checkpoint::load(&args.place)?;
    if let Some(mm) = args.smoothing {
        model = model.with_smoothing(mm)?;
    }
    if let Some(flips) = &args.flips {
        model = model.with_flips(flips == "on")?;
    }
    let model = model.on(Compute::best().0);
    let patterns = FilePattern::list(images)?;
    let wanted = &model.spec().spec().sequences;
    if patterns.len() != wanted.len() {
        bail!("the model takes {} ({}), but --images holds {} pattern(s)", wanted.len(), wanted.join(", "), patterns.len());
    }
    require_order(&images.split(',').map(str::trim).collect::<Vec<_>>(), wanted)?;
    let (masks, kind) = truth(masks)?;
    let cases = only(pair(&patterns, &masks)?, args.cases.as_deref())?;
    if let Some(path) = &args.json {
        require_target(path, files_of(&cases, args.cases.as_deref()).into_iter().chain(model_files(&args.place)))?;
    }
    if let Some(notice) = fewer_masks(&cases).filter(|_| kind == CaseTruth::Staple) {
        eprintln!("{notice}");
    }
    let bar = Progress::new();
    bar.stage(&format!("Proposing on {} cases", cases.len()));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(place::all_threads()).build().context("the threads could not be started")?;
    let stop = AtomicBool::new(false);
    let of = cases.len() as f32;
    let (known, mut on_case) = (KnownCases::of(&card), |at: usize| bar.at(at as f32 / of, "Proposing"));
    let found = pool.install(|| evaluate_folder(&model, &cases, kind, &known, &stop, &mut on_case));
    bar.finish();
    let found = found.map_err(|why| anyhow!(why))?.context("stopped before the end")?;
    let learnt = found.cases.iter().filter(|case| case.learnt).count();
    if learnt > 0 {
        let of = found.cases.len();
        eprintln!("{learnt} of {of} cases were learnt by this model: their figures say how well it remembers them, not how well it reads");
    }
    let rule = match kind {
        CaseTruth::Mask => "one mask per case",
        CaseTruth::Staple => "binary STAPLE of all masks per level, whole volume, W >= 0.5",
    };
    show(&found, "cases", rule, &card.weights_sha256, args.json.as_deref())
}

/// Prints the table and the worst case, and writes the figures where asked.
pub(super) fn show(found: &Evaluation, what: &str, rule: &str, weights: &str, json: Option<&Path>) -> Result<()> {
    if json.is_none_or(|path| !is_stdout(path)) {
        print_table(what, found);
        for case in &found.cases {
            let figures = found.levels.iter().zip(&case.dice).map(|(name, dice)| format!("{name} {}", figure(*dice)));
            println!("  {}: {}{}", case.name, figures.collect::<Vec<_>>().join(", "), remarks(case));
        }
        if let Some((case, dice)) = worst(found) {
            println!("worst: {case} (mean over its levels {dice:.3})");
        }
    }
    json.map_or(Ok(()), |path| write_json(path, &figures(found, rule, weights)))
}

/// What stands behind a case's figures: how many masks judge it, where these may be several, and that it was learnt.
fn remarks(case: &CaseScore) -> String {
    let masks = case.masks.map(|masks| if masks == 1 { " (one mask)".to_owned() } else { format!(" ({masks} masks)") });
    format!("{}{}", masks.unwrap_or_default(), if case.learnt { " (learnt)" } else { "" })
}

/// Names the cases that have fewer masks than others, whose STAPLE rests on less; those of a single one have none.
fn fewer_masks(cases: &[Case]) -> Option<String> {
    let most = cases.iter().map(|case| case.masks.len()).max()?;
    if most == 1 {
        return Some("Every case has one single mask, which is taken as it is: that is no STAPLE".to_owned());
    }
    let fewer: Vec<&Case> = cases.iter().filter(|case| case.masks.len() < most).collect();
    let alone = if fewer.iter().any(|case| case.masks.len() == 1) { "; one mask is taken as it is, which is no STAPLE" } else { "" };
    let names: Vec<String> = fewer.iter().map(|case| format!("{} ({})", case.name, case.masks.len())).collect();
    (!names.is_empty()).then(|| format!("Cases with fewer masks than {most}: {}{alone}", names.join(", ")))
}

/// The case with the lowest mean Dice over its levels.
fn worst(found: &Evaluation) -> Option<(String, f64)> {
    let mean = |dice: &[Option<f64>]| {
        let known: Vec<f64> = dice.iter().flatten().copied().collect();
        (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64)
    };
    found.cases.iter().filter_map(|case| Some((case.name.clone(), mean(&case.dice)?))).min_by(|a, b| a.1.total_cmp(&b.1))
}

/// Dice per level and case with the summaries per level.
pub(super) fn figures(found: &Evaluation, truth: &str, weights: &str) -> Value {
    let row =
        |values: &[Option<f64>]| -> Map<String, Value> { found.levels.iter().cloned().zip(values.iter().map(|v| json!(v))).collect() };
    let case = |case: &CaseScore| {
        let mut row = row(&case.dice);
        row.extend(case.masks.map(|masks| ("masks".to_owned(), json!(masks))));
        row.extend(case.learnt.then(|| ("learnt".to_owned(), json!(true))));
        (case.name.clone(), row.into())
    };
    let cases: Map<String, Value> = found.cases.iter().map(case).collect();
    let levels = found.levels.iter().enumerate().map(|(at, name)| {
        let figures =
            found.summary(at).map(|s| json!({"n": s.n, "median": s.median, "mean": s.mean, "min": s.min, "max": s.max, "sd": s.sd}));
        (name.clone(), figures.unwrap_or(Value::Null))
    });
    json!({
        "truth": truth,
        "rule": "Dice = 2|A and B| / (|A| + |B|) per case; null, and left out of summaries, where neither map holds the level",
        "weights_sha256": weights,
        "levels": levels.collect::<Map<_, _>>(),
        "cases": cases,
    })
}
