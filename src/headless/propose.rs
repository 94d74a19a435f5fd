//! `osteon propose`: what a model suggests, as NIfTI files: on a study's exams, where no read is changed, or on files.

use super::output::{NOTHING, is_stdout, require_target, write_json};
use super::place::{all_threads, tell_device};
use super::progress::Progress;
use super::train::{driver_for, layer_and_reader};
use super::{DEFAULT_SEED, Driver, propose_folder};
use crate::io::{write_labels_nifti, write_probability_nifti};
use crate::learn::{Compute, Model, checkpoint};
use crate::session::{Command, Hands, ModelCommand, StudyCommand, ToolCommand};
use crate::study::{Layout, ModelCode, Part, Study};
use crate::volume::{Grid, Labels};
use crate::worker::model_inputs;
use anyhow::{Result, anyhow};
use clap::Args;
use serde_json::{Map, Value, json};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(3600);

/// What `osteon propose` takes.
#[derive(Args, Clone, Debug)]
pub struct ProposeArgs {
    /// Folder of the study
    #[arg(required_unless_present = "images", conflicts_with = "images")]
    pub study: Option<PathBuf>,
    /// The model: in a study its name, layer and reader, such as marrow-R1; for files the folder that `osteon train --out` wrote
    #[arg(long, value_name = "NAME|MODEL_DIR")]
    pub model: String,
    /// Files instead of a study, one entry per sequence of the model: NIfTI files, a folder of them, or 'DIR/*_water.nii.gz'
    #[arg(long, value_name = "FILES_OR_DIR,…", requires = "out")]
    pub images: Option<String>,
    /// Folder for the masks (default: results/proposals in the study)
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write the probability of every label, too, as float32 maps
    #[arg(long)]
    pub probabilities: bool,
    /// File for what was proposed where, - for the screen
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// # Errors
/// One sentence that names the file or says what is missing.
pub fn run(args: &ProposeArgs) -> Result<()> {
    tell_device();
    match (&args.study, &args.images) {
        (Some(study), _) => run_in_study(args, study),
        (None, Some(images)) => propose_folder::run(args, images),
        (None, None) => Err(anyhow!("name a study, or files with --images")),
    }
}

fn run_in_study(args: &ProposeArgs, study: &Path) -> Result<()> {
    let (layer, reader) = layer_and_reader(&args.model)?;
    let out = args.out.clone().unwrap_or_else(|| study.join("results").join("proposals"));
    Layout::refuse_target(&out)?;
    args.json.as_deref().map_or(Ok(()), |path| require_target(path, NOTHING))?;
    let progress = Progress::new();
    let bar = progress.clone();
    let mut driver = driver_for(study, reader, Hands::Looking, DEFAULT_SEED, Box::new(move |event| bar.follow(event)))?;
    driver.run(Command::Tool(ToolCommand::Layer(layer)));
    let Some(version) = driver.session().current_version() else {
        // The session says why nothing is proposed, a policy against it included.
        driver.run(Command::Model(ModelCommand::ProposeExam));
        let why = driver.session().notices().last().map(|notice| notice.text.clone());
        return Err(anyhow!(why.unwrap_or_else(|| format!("{} has no version yet; train it first", args.model))));
    };
    let (model, card) = checkpoint::load(&Study::open(study)?.layout().model_version(&ModelCode::new(&args.model)?, version))?;
    let model = model.on(Compute::best().0);
    std::fs::create_dir_all(&out).map_err(|e| anyhow!("{} cannot be made: {e}; choose another folder", out.display()))?;
    let mut proposals = Proposals::new(format!("{}/{version}", args.model), card.weights_sha256, args);
    let exams: Vec<_> = driver.session().exams().iter().map(|e| (e.code.clone(), e.part == Some(Part::Test) && !e.reads_sealed)).collect();
    for (code, waits) in exams {
        if waits {
            proposals.leave_out(code.as_str(), "a test exam whose reads are not all sealed");
            continue;
        }
        progress.stage(&format!("Proposing on {code}"));
        driver.run(Command::Study(StudyCommand::OpenExam(code.clone())));
        driver.wait("Opening", PATIENCE, |s| s.exam().is_some_and(|e| *e.code() == code))?;
        driver.run_to_end("Proposing", PATIENCE, Command::Model(ModelCommand::ProposeExam))?;
        let proposal = driver.session().exam().and_then(|e| e.proposal());
        let result = &proposal.map(|p| &p.result).ok_or_else(|| match driver.session().notices().last() {
            Some(notice) => anyhow!("{}", notice.text),
            None => anyhow!("{code}: the model proposed nothing"),
        })?;
        let file = out.join(format!("{code}_{}.nii.gz", result.model_version.replace('/', "-v")));
        write_labels_nifti(&file, &result.labels, "Osteon proposal")?;
        let maps = if args.probabilities {
            progress.stage(&format!("Probabilities on {code}"));
            write_maps(&file, result.labels.grid(), &probabilities(&driver, &model)?)?
        } else {
            Vec::new()
        };
        proposals.add(code.as_str(), &file, &result.labels, model.spec().spec().labels, &maps);
    }
    progress.finish();
    proposals.finish()
}

/// The probability of every label on the exam that is open.
fn probabilities(driver: &Driver, model: &Model) -> Result<Vec<Vec<f32>>> {
    let exam = driver.session().exam().ok_or_else(|| anyhow!("no exam is open"))?;
    let images = model_inputs(exam.sequences(), exam.code(), model.spec().spec()).map_err(|why| anyhow!(why))?;
    let prepared = model.prepare(&images, exam.plane().slice_axis())?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(all_threads()).build()?;
    Ok(pool.install(|| model.probability_maps(&prepared, &AtomicBool::new(false), &mut |_, _| {}))?)
}

/// Where the map of a label goes.
pub(super) fn map_file(mask: &Path, label: usize) -> PathBuf {
    let stem = mask.file_name().map(|n| n.to_string_lossy().replace(".nii.gz", "")).unwrap_or_default();
    mask.with_file_name(format!("{stem}_probability-{label}.nii.gz"))
}

/// Writes a map per label beside the mask: the probability that the model gives it.
pub(super) fn write_maps(mask: &Path, grid: &Grid, maps: &[Vec<f32>]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for (label, map) in (1..).zip(maps) {
        let file = map_file(mask, label);
        write_probability_nifti(&file, grid, map)?;
        files.push(file);
    }
    Ok(files)
}

/// What was proposed, told as it comes and as JSON at the end.
pub(super) struct Proposals {
    model: String,
    weights: String,
    json: Option<PathBuf>,
    cases: Map<String, Value>,
    left_out: Map<String, Value>,
}

impl Proposals {
    /// Of a model and the hash of its weights.
    pub fn new(model: String, weights: String, args: &ProposeArgs) -> Self {
        Self { model, weights, json: args.json.clone(), cases: Map::new(), left_out: Map::new() }
    }

    fn say(&self, line: &str) {
        // Nothing but JSON stands on the screen where that was asked for.
        if self.json.as_deref().is_some_and(is_stdout) {
            eprintln!("{line}");
        } else {
            println!("{line}");
        }
    }

    /// A mask and its maps are written.
    pub fn add(&mut self, name: &str, file: &Path, labels: &Labels, highest: usize, maps: &[PathBuf]) {
        std::iter::once(file).chain(maps.iter().map(PathBuf::as_path)).for_each(|file| self.say(&file.display().to_string()));
        let counts = labels.counts();
        let voxels: Map<String, Value> = (1..=highest.min(254) as u8).map(|l| (l.to_string(), json!(counts.of(l)))).collect();
        self.cases.insert(name.to_owned(), json!({ "file": file, "voxels": voxels, "probabilities": maps }));
    }

    /// An exam on which no model may propose.
    pub fn leave_out(&mut self, name: &str, why: &str) {
        self.say(&format!("{name}: left out, {why}"));
        self.left_out.insert(name.to_owned(), json!(why));
    }

    /// Writes the JSON where asked.
    pub fn finish(self) -> Result<()> {
        let Self { model, weights, json: Some(path), cases, left_out } = self else { return Ok(()) };
        let rule = "voxels per label of the mask that was written; the masks lie on the grid of the exam's first sequence";
        write_json(&path, &json!({ "model": model, "rule": rule, "weights_sha256": weights, "cases": cases, "left_out": left_out }))
    }
}
