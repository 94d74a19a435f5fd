//! `osteon export`: every layer of every reader's newest finished read.

use super::progress::Progress;
use super::{DEFAULT_SEED, Driver, clock, place};
use crate::session::{Command, FileCommand, Session, StudyCommand};
use crate::worker::WorkerConfig;
use crate::worker::message::{ExportHow, PickPurpose, Role};
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(3600);

/// The layouts that masks can be written in.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportLayout {
    /// One NIfTI file per layer with a JSON sidecar
    Nifti,
    /// nnU-Net's raw data, a data set per reader and layer
    Nnunet,
    /// BIDS derivatives
    Bids,
    /// DICOM segmentations over the source images (needs --link and --source)
    DicomSeg,
}

/// What `osteon export` takes.
#[derive(Args, Clone, Debug)]
pub struct ExportArgs {
    /// Folder of the study
    pub study: PathBuf,
    /// Layout of the files
    #[arg(long = "as", value_enum, default_value = "nifti")]
    pub layout: ExportLayout,
    /// The link list that the import wrote
    #[arg(long, value_name = "FILE", required_if_eq("layout", "dicom-seg"))]
    pub link: Option<PathBuf>,
    /// Folder of the DICOM images that were imported
    #[arg(long, value_name = "DICOM_DIR", required_if_eq("layout", "dicom-seg"))]
    pub source: Option<PathBuf>,
    /// Folder to write to
    pub out: PathBuf,
}

/// # Errors
/// One sentence that says what is missing.
pub fn run(args: &ExportArgs) -> Result<()> {
    place::require_study(&args.study)?;
    let how = match (args.layout, &args.link, &args.source) {
        (ExportLayout::Nifti | ExportLayout::Nnunet | ExportLayout::Bids, Some(_), _) => {
            bail!("--link is for --as dicom-seg only: no other layout tells who is who; leave it out")
        }
        (ExportLayout::Nifti | ExportLayout::Nnunet | ExportLayout::Bids, _, Some(_)) => {
            bail!("--source is for --as dicom-seg only: leave it out")
        }
        (ExportLayout::Nifti, ..) => ExportHow::Nifti,
        (ExportLayout::Nnunet, ..) => ExportHow::NnUnet,
        (ExportLayout::Bids, ..) => ExportHow::Bids,
        (ExportLayout::DicomSeg, Some(link), Some(source)) => {
            place::require_path(link)?;
            place::require_path(source)?;
            ExportHow::DicomSeg { link: link.clone(), source: source.clone() }
        }
        (ExportLayout::DicomSeg, ..) => bail!("a DICOM segmentation needs --link and --source"),
    };
    let progress = Progress::new();
    let bar = progress.clone();
    let config =
        WorkerConfig { threads: place::all_threads(), scratch_root: place::data_home().join("scratch"), wake: Arc::new(|| {}), clock };
    let mut driver = Driver::new(Session::new(DEFAULT_SEED), config, Box::new(move |event| bar.follow(event)))?;
    driver.run_to_end("Opening", PATIENCE, Command::File(FileCommand::Use(PickPurpose::OpenFolder, args.study.clone())))?;
    driver.run_to_end("Opening", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Coordinator)))?;
    driver.run_to_end("Exporting", PATIENCE, Command::File(FileCommand::Export(how, args.out.clone())))?;
    progress.finish();
    for notice in driver.session().notices() {
        println!("{}", notice.text);
    }
    Ok(())
}
