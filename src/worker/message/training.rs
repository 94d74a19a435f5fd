//! Training and proposing, as plain data.

use super::VersionSummary;
use crate::edit::tools::Square;
use crate::study::{ExamCode, Part, ReaderCode};
use crate::volume::{Image, Labels, LayerKind};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A snapshot of the read that is open, so that training sees what is not yet in other files.
#[derive(Clone, Debug)]
pub struct OpenReadSnapshot {
    /// Which exam.
    pub exam: ExamCode,
    /// Its labels.
    pub labels: Labels,
    /// What of it counts.
    pub interest: Interest,
    /// Slices marked done for that layer.
    pub done: Vec<usize>,
    /// Whether it is a model's work accepted whole.
    pub accepted: bool,
    /// Revision of the labels.
    pub revision: u64,
}

/// What of a read counts for training on marrow: neither what is excluded nor what lies outside the region of interest is called
/// background.
#[derive(Clone, Debug)]
pub struct Interest {
    /// Physis and vessels.
    pub exclusion: Labels,
    /// The bone layer, which the region rests on.
    pub bone: Labels,
    /// Metaphysis squares; without any the whole image is of interest.
    pub squares: Vec<Square>,
}

/// What to train on and for how long.
#[derive(Clone, Debug)]
pub struct TrainRequest {
    /// The study.
    pub root: PathBuf,
    /// Whose reads it learns from.
    pub reader: ReaderCode,
    /// Layer.
    pub layer: LayerKind,
    /// Name of the model within the study.
    pub model: String,
    /// Steps to take; with `minutes` the most.
    pub steps: u32,
    /// Wall-clock minutes instead of a number of steps.
    pub minutes: Option<f64>,
    /// The net, where it is not as usual.
    pub net: NetWish,
    /// Seed of weights and sampling.
    pub seed: u64,
    /// The read that is open.
    pub open: Option<OpenReadSnapshot>,
    /// Time of the request, for the card.
    pub created: String,
    /// Memory that the training may need, in MB.
    pub memory_mb: u32,
}

/// Why a training ended before its time without anybody asking; what was learnt before is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GaveUp {
    /// The loss was no number too often.
    Unstable,
    /// An error, told in the training's note.
    Error,
}

impl GaveUp {
    /// As it stands in figures.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unstable => "unstable",
            Self::Error => "error",
        }
    }
}

/// What a first training may have otherwise than usual; a later one goes on with the net of the version before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NetWish {
    /// Channels of the first level.
    pub base: Option<usize>,
    /// Slices taken in on each side of the one to label.
    pub neighbours: Option<usize>,
    /// Whether every label has a net of its own.
    pub independent: Option<bool>,
}

/// Pause, go on, stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainControl {
    /// Hold after the step in progress.
    Pause,
    /// Go on.
    Resume,
    /// Stop and keep the best so far.
    Cancel,
}

/// What to propose on.
#[derive(Clone, Debug)]
pub struct ProposeRequest {
    /// The study.
    pub root: PathBuf,
    /// Whose model.
    pub model: String,
    /// Exam whose image it is.
    pub exam: ExamCode,
    /// Name and image of each sequence, on the grid of the first, which is read.
    pub sequences: Vec<(String, Image)>,
    /// Slices along `slice_axis`; all if `None`.
    pub slices: Option<Vec<usize>>,
    /// Voxel axis of the slices.
    pub slice_axis: usize,
    /// Layer.
    pub layer: LayerKind,
    /// Revision of the labels when asked.
    pub base_revision: u64,
}

/// Figures while training.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainProgress {
    /// Steps taken.
    pub step: u32,
    /// Steps to take.
    pub steps: u32,
    /// Smoothed loss.
    pub loss: f32,
    /// Dice per label on what is held out; `None` where undefined.
    pub dice: Vec<(String, Option<f64>)>,
    /// What is held out, in words.
    pub held_out: String,
    /// Seconds left at the present pace.
    pub seconds_left: Option<f32>,
    /// Whether it is paused.
    pub paused: bool,
    /// Memory that it needs and the most it may, in MB.
    pub memory_mb: [u32; 2],
    /// The step of the best version so far and its mean Dice: that one is kept.
    pub best: Option<(u32, f64)>,
    /// What went wrong last and how it went on, in one sentence.
    pub note: Option<String>,
}

/// A version that was saved.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainedVersion {
    /// Name of the model.
    pub model: String,
    /// The version.
    pub summary: VersionSummary,
    /// Dice of the version that was current before on the same held-out slices, of the exams that it can be given; none where there
    /// was none, or it could not be judged.
    pub before: Option<Vec<(String, Option<f64>)>>,
    /// What is held out, in words.
    pub held_out: String,
    /// Whether it was measured and did worse than the version that was current.
    pub is_worse: bool,
    /// Whether it became the current one (a worse one does not, nor one that could not be measured).
    pub made_current: bool,
    /// The version that was made current while this one was trained, and stays so: this one went on from another.
    pub overtaken_by: Option<u32>,
    /// Stopped by the person before its last step.
    pub stopped_early: bool,
    /// The step whose weights were kept: the best on what is held out, not always the last.
    pub kept_step: u32,
    /// Steps taken.
    pub taken: u32,
    /// What went wrong and how it went on, in one sentence.
    pub note: Option<String>,
    /// Why it could not go on, if it could not: it is the best before that.
    pub gave_up: Option<GaveUp>,
    /// Loss at the end.
    pub loss: f32,
    /// Parts of the split, drawn by now.
    pub parts: BTreeMap<ExamCode, Part>,
}

impl TrainedVersion {
    /// Why it is not current, where nobody else made another one so.
    #[must_use]
    pub const fn not_current_words(&self) -> &'static str {
        if self.is_worse {
            "it does worse on the held-out slices than the one before."
        } else {
            "it could not be measured against the one before; the Models page can make it current."
        }
    }
}

/// Why a version that was overtaken is not current.
#[must_use]
pub fn overtaken_words(other: u32) -> String {
    format!("version {other} was made current meanwhile. Compare the two, and make the better one current.")
}

impl TrainedVersion {
    /// How it ended, where not with its last step: `, stopped early`, `, best at step 180 of 240`.
    #[must_use]
    pub fn ended_words(&self) -> String {
        if self.stopped_early {
            ", stopped early".to_owned()
        } else if self.kept_step < self.taken {
            format!(", best at step {} of {}", self.kept_step, self.taken)
        } else {
            String::new()
        }
    }
}

/// A model's suggestion for an exam; never a label until adopted.
#[derive(Clone, Debug)]
pub struct ProposalResult {
    /// Which exam.
    pub exam: ExamCode,
    /// Layer.
    pub layer: LayerKind,
    /// Model and version, as `marrow-R1/3`.
    pub model_version: String,
    /// Revision of the labels when it was asked for.
    pub base_revision: u64,
    /// The suggested labels.
    pub labels: Labels,
    /// Slices it covers.
    pub slices: Vec<usize>,
}

/// Versions to be judged on the same slices.
#[derive(Clone, Debug)]
pub struct JudgeRequest {
    /// Model, reader and layer, as for a training.
    pub train: TrainRequest,
    /// Which versions.
    pub versions: Vec<u32>,
}

/// Dice per label, by name; `None` where it is not estimable.
pub type LabelDice = Vec<(String, Option<f64>)>;

/// Versions judged on the same slices.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionsJudged {
    /// Name of the model.
    pub model: String,
    /// What they were judged on, in words.
    pub held_out: String,
    /// Dice per label of each version.
    pub versions: Vec<(u32, LabelDice)>,
    /// Dice per label of each exam, of the last of them.
    pub exams: Vec<(ExamCode, LabelDice)>,
}

/// Two trainings from the same start, with and without what was accepted in triage; neither is saved.
#[derive(Clone, Debug, PartialEq)]
pub struct Ablated {
    /// Name of the model.
    pub model: String,
    /// What they were judged on, in words.
    pub held_out: String,
    /// Slices learnt from that were accepted, and all others.
    pub slices: [usize; 2],
    /// Dice per label of the training with them.
    pub with: Vec<(String, Option<f64>)>,
    /// Dice per label of the training without.
    pub without: Vec<(String, Option<f64>)>,
    /// What went wrong in one of them, in one sentence.
    pub note: Option<String>,
}
