//! What one exam brings to a report, and the rules that all exams are measured by.

use super::Who;
use crate::agreement::RESAMPLES;
use crate::consensus::{ConsensusOptions, Method, VoteError};
use crate::study::{ExamCode, Part, PatientCode, Side};
use crate::volume::Labels;
use thiserror::Error;

/// One map of an exam: a finished read or a proposal.
#[derive(Clone, Debug)]
pub struct ReadMap {
    /// Whose it is.
    pub who: Who,
    /// Marrow labels on the grid of the exam.
    pub labels: Labels,
    /// Of an assisted read: ones where a model's proposal changed the voxel last, label 0 included.
    pub from_model: Option<Labels>,
}

/// The finished reads of one exam, and what models make of it.
#[derive(Clone, Debug)]
pub struct ExamReads {
    /// The exam.
    pub exam: ExamCode,
    /// Whose it is; intervals resample patients.
    pub patient: PatientCode,
    /// Its part in the split, once drawn.
    pub part: Option<Part>,
    /// Which side it shows.
    pub side: Side,
    /// Slices along the reading direction.
    pub slices: usize,
    /// Every map. Those of [`Who::Reader`] vote, the others are only measured.
    pub maps: Vec<ReadMap>,
    /// Later finished reads of people who are among `maps`: compared with their first one only.
    pub again: Vec<ReadMap>,
}

/// How figures are made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReportRules {
    /// How the independent reads become one.
    pub method: Method,
    /// Region and start of the consensus.
    pub options: ConsensusOptions,
    /// Figures per side instead of per exam.
    pub by_side: bool,
    /// Whether the voting reads are assisted ones: then the independent reads take no part.
    pub of_assisted: bool,
    /// Whether maps hold marrow only within the metaphysis squares; whoever makes the maps has seen to it.
    pub within_squares: bool,
    /// Seed of the resampling of patients.
    pub seed: u64,
    /// Resamples of every interval.
    pub resamples: usize,
}

impl ReportRules {
    /// STAPLE per level over the whole volume, figures per exam, 10,000 resamples.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            method: Method::Staple,
            options: ConsensusOptions::default(),
            by_side: false,
            of_assisted: false,
            within_squares: false,
            seed,
            resamples: RESAMPLES,
        }
    }

    /// `exam` or `side`: what one figure is of.
    #[must_use]
    pub const fn unit(&self) -> &'static str {
        if self.by_side { "side" } else { "exam" }
    }
}

/// Why an exam cannot be measured.
#[derive(Debug, Error)]
pub enum ReportError {
    /// The maps do not fit each other.
    #[error("exam {exam} cannot be reported: {cause}")]
    Votes {
        /// The exam.
        exam: ExamCode,
        /// What is wrong.
        cause: VoteError,
    },
    /// Somebody asked to stop.
    #[error("the report was cancelled; nothing was written")]
    Cancelled,
}
