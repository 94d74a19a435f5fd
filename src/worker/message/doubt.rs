//! Where a model is unsure, as plain data.

use crate::study::ExamCode;
use crate::volume::{Labels, LayerKind};
use std::path::PathBuf;

/// Which exams to rank by what the model could gain from them.
#[derive(Clone, Debug)]
pub struct RankRequest {
    /// The study.
    pub root: PathBuf,
    /// Name of the model.
    pub model: String,
    /// Its current version, as `marrow-R1/3`.
    pub model_version: String,
    /// The exams; only those of the training part are looked at.
    pub exams: Vec<ExamCode>,
}

/// What a model could gain from an exam.
#[derive(Clone, Debug, PartialEq)]
pub struct ExamGain {
    /// The exam.
    pub exam: ExamCode,
    /// Mean doubt over what it draws or is unsure of, 0 to 1.
    pub doubt: f32,
    /// The slice it is least sure of, from 0.
    pub slice: usize,
}

impl ExamGain {
    /// Why this exam, in one line. What is asked may be one net, several, or passes of one with channels dropped out: always about the
    /// exam and its mirror image.
    #[must_use]
    pub fn words(&self) -> String {
        format!(
            "{:.0} % unsure, most on slice {} (all that the model says of the exam and its mirror image compared)",
            self.doubt * 100.0,
            self.slice + 1
        )
    }
}

/// Exams by what the model could gain from them, the most first.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    /// Model and version that was asked.
    pub model_version: String,
    /// The exams.
    pub gains: Vec<ExamGain>,
}

/// Where a model is unsure of an exam.
#[derive(Clone, Debug)]
pub struct DoubtMap {
    /// Which exam.
    pub exam: ExamCode,
    /// Layer.
    pub layer: LayerKind,
    /// Model and version.
    pub model_version: String,
    /// 0 sure to 255 no idea, on the grid of the image that is read.
    pub map: Labels,
}
