//! `osteon study import-mask`: a mask made elsewhere becomes a reader's labels, as one step of their journal.

use super::DEFAULT_SEED;
use super::place;
use super::progress::Progress;
use super::train::driver_for;
use crate::session::{Command, FileCommand, Hands, MaskOptions, NoticeLevel, Session, StudyCommand, ToolCommand};
use crate::study::{ExamCode, ReaderCode};
use crate::volume::LayerKind;
use anyhow::{Context as _, Result, bail};
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(3600);

/// What `osteon study import-mask` takes.
#[derive(Args, Clone, Debug)]
pub struct MaskArgs {
    /// Folder of the study
    pub dir: PathBuf,
    /// The mask: NIfTI label map or DICOM segmentation
    pub mask: PathBuf,
    /// Code of the exam
    #[arg(long)]
    pub exam: String,
    /// Code of the reader whose labels it becomes
    #[arg(long)]
    pub reader: String,
    /// marrow or bone
    #[arg(long, default_value = "marrow")]
    pub layer: String,
    /// What becomes of labels, such as 4=1,5=2 (7=0 leaves label 7 out); segments of DICOM are told by their names where these are ours
    #[arg(long, value_name = "THEIRS=OURS,…", value_delimiter = ',')]
    pub map: Vec<String>,
    /// Resample a mask on another grid (nearest voxel)
    #[arg(long)]
    pub resample: bool,
    /// Over labels that are there: the layer becomes the mask, and what the mask leaves empty is cleared; of bones, those that it holds
    #[arg(long, conflicts_with = "add")]
    pub replace: bool,
    /// Over labels that are there: they stay where the mask is empty
    #[arg(long)]
    pub add: bool,
}

/// # Errors
/// One sentence that names the file and what to do.
pub fn run(args: &MaskArgs) -> Result<()> {
    place::require_path(&args.mask)?;
    let layer = LayerKind::from_word(&args.layer).with_context(|| format!("{} is no layer; write marrow or bone", args.layer))?;
    let exam = ExamCode::new(&args.exam)?;
    let mut options = MaskOptions { resample: args.resample, add: args.add, ..MaskOptions::default() };
    for pair in &args.map {
        let numbers = pair.split_once('=').and_then(|(a, b)| Some((a.trim().parse().ok()?, b.trim().parse().ok()?)));
        let (theirs, ours) = numbers.with_context(|| format!("--map {pair}: write their label, = and ours, such as 4=1"))?;
        if options.map.insert(theirs, ours).is_some_and(|before| before != ours) {
            bail!("--map names label {theirs} twice; say once what becomes of it");
        }
    }
    let progress = Progress::new();
    let bar = progress.clone();
    let mut driver =
        driver_for(&args.dir, ReaderCode::new(&args.reader)?, Hands::Command, DEFAULT_SEED, Box::new(move |event| bar.follow(event)))?;
    if !driver.session().exam_codes().contains(&exam) {
        bail!("{} has no exam {exam}; `osteon study status` lists them", args.dir.display());
    }
    if driver.session().exam().is_none_or(|e| *e.code() != exam) {
        driver.run(Command::Study(StudyCommand::OpenExam(exam.clone())));
        driver.wait("Opening", PATIENCE, |s| s.exam().is_some_and(|e| *e.code() == exam))?;
    }
    driver.run(Command::Tool(ToolCommand::Layer(layer)));
    let there = driver.session().exam().map_or(0, |e| e.layers().labels(layer).counts().labelled());
    if there > 0 && !args.replace && !args.add {
        bail!(
            "{exam} has {there} voxels labelled by {} in the {layer} layer: give --replace to let it be the mask, or --add to keep them where \
             the mask is empty",
            args.reader
        );
    }
    driver.run_to_end("Importing", PATIENCE, Command::File(FileCommand::ImportMask(args.mask.clone(), options)))?;
    driver.wait("Saving", PATIENCE, Session::all_saved)?;
    progress.finish();
    match driver.session().notices().last() {
        Some(notice) if notice.level == NoticeLevel::Info => println!("{exam}, reader {}: {}", args.reader, notice.text),
        Some(notice) => bail!("{}", notice.text),
        None => bail!("{}: nothing was imported", args.mask.display()),
    }
    Ok(())
}
