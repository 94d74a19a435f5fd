//! `osteon report`: tables and figures of all finished reads of a study.

use super::progress::Progress;
use super::{DEFAULT_SEED, Driver, clock, place};
use crate::consensus::Method;
use crate::session::{Command, FileCommand, Session, StudyCommand};
use crate::worker::WorkerConfig;
use crate::worker::message::{PickPurpose, REPORT_SEED, ReportChoice, Role};
use anyhow::{Result, bail};
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(24 * 3600);

/// What `osteon report` takes.
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// Folder of the study
    pub study: PathBuf,
    /// Folder to write to [default: results/report in the study]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Seed of the resampling behind every interval
    #[arg(long, default_value_t = REPORT_SEED)]
    pub seed: u64,
    /// Figures per side instead of per exam
    #[arg(long)]
    pub by_side: bool,
    /// How the reads become one
    #[arg(long, default_value = "staple", value_parser = ["staple", "joint", "majority", "simple"])]
    pub method: String,
    /// Which reads make the consensus: those without a model's help, or those with it
    #[arg(long, default_value = "independent", value_parser = ["independent", "assisted"])]
    pub reads: String,
    /// A time or remark to print; without it the same reads give the same bytes
    #[arg(long, value_name = "TEXT")]
    pub made: Option<String>,
}

/// # Errors
/// One sentence that says what is missing.
pub fn run(args: &ReportArgs) -> Result<()> {
    place::require_study(&args.study)?;
    let Some(method) = Method::from_word(&args.method) else {
        bail!("--method {}: choose staple, joint, majority or simple", args.method);
    };
    let choice = ReportChoice {
        out: args.out.clone(),
        seed: args.seed,
        by_side: args.by_side,
        method,
        of_assisted: args.reads == "assisted",
        made: args.made.clone(),
    };
    let progress = Progress::new();
    let bar = progress.clone();
    let config =
        WorkerConfig { threads: place::all_threads(), scratch_root: place::data_home().join("scratch"), wake: Arc::new(|| {}), clock };
    let mut driver = Driver::new(Session::new(DEFAULT_SEED), config, Box::new(move |event| bar.follow(event)))?;
    driver.run_to_end("Opening", PATIENCE, Command::File(FileCommand::Use(PickPurpose::OpenFolder, args.study.clone())))?;
    // The coordinator's first exam is not needed: the report opens every read itself.
    driver.run_to_end("Opening", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Coordinator)))?;
    driver.run_to_end("Reporting", PATIENCE, Command::Study(StudyCommand::Report(Box::new(choice))))?;
    progress.finish();
    for notice in driver.session().notices() {
        println!("{}", notice.text);
    }
    Ok(())
}
