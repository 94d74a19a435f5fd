//! What a report says about the study besides its figures.

use super::Who;
use crate::study::{ExamCode, FormRead, Protocol, ScoreTable};

/// Everything that a report rests on. Plain data, made by whoever opened the study.
#[derive(Clone, Debug, PartialEq)]
pub struct ReportFacts {
    /// The rules of the study.
    pub protocol: Protocol,
    /// When it was made, if the caller wants that in it: a report with a time is not the same twice.
    pub made: Option<String>,
    /// Exams that the study holds.
    pub exams_in_study: usize,
    /// Exams without figures, and why.
    pub excluded: Vec<Excluded>,
    /// Reads and proposals of reported exams that have no figures, and why.
    pub left_out: Vec<Excluded>,
    /// Models that were measured.
    pub models: Vec<ModelFacts>,
    /// Every map that was measured.
    pub sources: Vec<SourceFact>,
    /// Marks of unblinded scoring sessions.
    pub scores: Vec<ScoreTable>,
    /// Sacro-iliac forms of the independent reads: the first complete one of each reader.
    pub forms: Vec<FormRead>,
}

/// Something that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excluded {
    /// The exam.
    pub exam: ExamCode,
    /// Whose map; `None` for the whole exam.
    pub who: Option<Who>,
    /// Why, without a full stop.
    pub why: String,
}

/// One version of a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelFacts {
    /// Name with version, as in the tables.
    pub name: String,
    /// Whose labels it learnt.
    pub labels_from: String,
    /// SHA-256 of its weights.
    pub weights_sha256: String,
    /// Seed of its training.
    pub seed: u64,
    /// Steps trained.
    pub steps: u64,
    /// Instruction path and threads of its training.
    pub made_on: String,
}

/// One map that was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFact {
    /// The exam.
    pub exam: ExamCode,
    /// Whose map.
    pub who: Who,
    /// `read 1, sealed 2026-01-05T…`, or `all slices done`.
    pub state: String,
    /// Seconds that the reader spent on the exam, pauses left out; `None` of a model.
    pub seconds: Option<u64>,
    /// SHA-256 of the labels, one byte per voxel, i fastest.
    pub labels_sha256: String,
}
