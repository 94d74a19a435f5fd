//! Writing the report of a study, as plain data.

use crate::consensus::Method;
use std::path::PathBuf;

/// Seed of a report's resampling unless another is given: reports made without a word are the same.
pub const REPORT_SEED: u64 = 2022;

/// How a report is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportChoice {
    /// Folder to write to; `results/report` of the study unless given.
    pub out: Option<PathBuf>,
    /// Seed of the resampling of patients.
    pub seed: u64,
    /// Figures per side instead of per exam.
    pub by_side: bool,
    /// How reads become one.
    pub method: Method,
    /// Whether the assisted reads make the consensus instead of the independent ones.
    pub of_assisted: bool,
    /// A time to print, if the report shall bear one.
    pub made: Option<String>,
}

impl Default for ReportChoice {
    fn default() -> Self {
        Self { out: None, seed: REPORT_SEED, by_side: false, method: Method::Staple, of_assisted: false, made: None }
    }
}

/// A report that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportWritten {
    /// The page.
    pub page: PathBuf,
    /// Files written.
    pub files: usize,
    /// Exams with figures.
    pub exams: usize,
    /// Exams without, each with the reason.
    pub left_out: Vec<String>,
}
