//! `osteon propose`: what a reader's current model suggests, as NIfTI files; no read is changed.

use super::place::all_threads;
use super::progress::Progress;
use super::train::{driver_for, layer_and_reader};
use super::{DEFAULT_SEED, Driver};
use crate::io::{write_labels_nifti, write_probability_nifti};
use crate::learn::{Compute, checkpoint};
use crate::session::{Command, ModelCommand, StudyCommand, ToolCommand};
use crate::study::{ModelCode, Part, Study};
use crate::worker::model_inputs;
use anyhow::{Result, anyhow};
use clap::Args;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(3600);

/// What `osteon propose` takes.
#[derive(Args, Clone, Debug)]
pub struct ProposeArgs {
    /// Folder of the study
    pub study: PathBuf,
    /// The model, named after layer and reader: marrow-R1
    #[arg(long)]
    pub model: String,
    /// Folder for the masks (default: results/proposals in the study)
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Write the probability of every label, too, as float32 maps
    #[arg(long)]
    pub probabilities: bool,
}

/// Writes a map per label beside the mask: the probability that the version in force gives it.
fn write_probabilities(driver: &Driver, study: &Path, version: &str, mask: &Path) -> Result<Vec<PathBuf>> {
    let (name, number) = version.split_once('/').ok_or_else(|| anyhow!("{version} names no version"))?;
    let folder = Study::open(study)?.layout().model_version(&ModelCode::new(name)?, number.parse()?);
    let model = checkpoint::load(&folder)?.0.on(Compute::best().0);
    let exam = driver.session().exam().ok_or_else(|| anyhow!("no exam is open"))?;
    let images = model_inputs(exam.sequences(), exam.code(), model.spec().spec()).map_err(|why| anyhow!(why))?;
    let prepared = model.prepare(&images, exam.plane().slice_axis())?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(all_threads()).build()?;
    let maps = pool.install(|| model.probability_maps(&prepared, &AtomicBool::new(false), &mut |_, _| {}))?;
    let stem = mask.file_name().map(|n| n.to_string_lossy().replace(".nii.gz", "")).unwrap_or_default();
    let mut files = Vec::new();
    for (label, map) in (1..).zip(&maps) {
        let file = mask.with_file_name(format!("{stem}_probability-{label}.nii.gz"));
        write_probability_nifti(&file, exam.reading_image().grid(), map)?;
        files.push(file);
    }
    Ok(files)
}

/// # Errors
/// One sentence that says what is missing.
pub fn run(args: &ProposeArgs) -> Result<()> {
    let (layer, reader) = layer_and_reader(&args.model)?;
    let progress = Progress::new();
    let bar = progress.clone();
    let mut driver = driver_for(&args.study, reader, DEFAULT_SEED, Box::new(move |event| bar.follow(event)))?;
    driver.run(Command::Tool(ToolCommand::Layer(layer)));
    let out = args.out.clone().unwrap_or_else(|| args.study.join("results").join("proposals"));
    std::fs::create_dir_all(&out).map_err(|e| anyhow!("{} cannot be made: {e}; choose another folder", out.display()))?;
    let exams: Vec<_> = driver.session().exams().iter().map(|e| (e.code.clone(), e.part == Some(Part::Test) && !e.reads_sealed)).collect();
    for (code, waits) in exams {
        if waits {
            println!("{code}: left out, a test exam whose reads are not all sealed");
            continue;
        }
        progress.stage(&format!("Proposing on {code}"));
        driver.run(Command::Study(StudyCommand::OpenExam(code.clone())));
        driver.wait("Opening", PATIENCE, |s| s.exam().is_some_and(|e| *e.code() == code))?;
        driver.run_to_end("Proposing", PATIENCE, Command::Model(ModelCommand::ProposeExam))?;
        let proposal = driver.session().exam().and_then(|e| e.proposal());
        let proposal = proposal.ok_or_else(|| match driver.session().notices().last() {
            Some(notice) => anyhow!("{}", notice.text),
            None => anyhow!("{code}: the model proposed nothing"),
        })?;
        let file = out.join(format!("{code}_{}.nii.gz", proposal.result.model_version.replace('/', "-v")));
        write_labels_nifti(&file, &proposal.result.labels, "Osteon proposal")?;
        println!("{}", file.display());
        if args.probabilities {
            let version = proposal.result.model_version.clone();
            progress.stage(&format!("Probabilities on {code}"));
            for file in write_probabilities(&driver, &args.study, &version, &file)? {
                println!("{}", file.display());
            }
        }
    }
    progress.finish();
    Ok(())
}
