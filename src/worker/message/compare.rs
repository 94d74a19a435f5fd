//! Readers compared, as plain data: figures of the study's exams, and the maps of one exam.

use crate::consensus::{ConsensusOptions, Lesion, Method, Part, Parts};
use crate::study::ExamCode;
use crate::volume::Labels;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// A saved version of a model.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ModelVersion {
    /// Name of the model.
    pub model: String,
    /// The version.
    pub version: u32,
}

/// What is compared, and how several reads become one.
#[derive(Clone, Debug, PartialEq)]
pub struct CompareChoice {
    /// Exams that do not count.
    pub without_exams: BTreeSet<ExamCode>,
    /// Codes of readers that do not count.
    pub without_readers: BTreeSet<String>,
    /// Versions that are compared with the readers; the current ones if `None`.
    pub models: Option<BTreeSet<ModelVersion>>,
    /// How the consensus is made.
    pub method: Method,
    /// Region of STAPLE and start of joint STAPLE.
    pub options: ConsensusOptions,
}

impl Default for CompareChoice {
    fn default() -> Self {
        Self {
            without_exams: BTreeSet::new(),
            without_readers: BTreeSet::new(),
            models: None,
            method: Method::Staple,
            options: ConsensusOptions::default(),
        }
    }
}

/// Which exams to compare.
#[derive(Clone, Debug)]
pub struct CompareRequest {
    /// The study.
    pub root: PathBuf,
    /// What and how.
    pub choice: CompareChoice,
    /// The exam whose maps are wanted; without one the figures of all exams.
    pub exam: Option<ExamCode>,
    /// Voxel axis of that exam's slices.
    pub slice_axis: usize,
    /// Maps of that exam that are known already, so that a model need not propose again.
    pub known: Vec<ComparedMap>,
}

/// Readers and model against the consensus, for one study.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CompareTable {
    /// What was compared and how.
    pub choice: CompareChoice,
    /// The rules in words, for the foot of the table.
    pub rules: Vec<String>,
    /// Figures by exam.
    pub exams: Vec<CompareExam>,
    /// Exams left out and why.
    pub left_out: Vec<(String, String)>,
}

/// Figures of one exam.
#[derive(Clone, Debug, PartialEq)]
pub struct CompareExam {
    /// Code of the exam.
    pub exam: String,
    /// Readers in the consensus.
    pub readers: Vec<String>,
    /// Undecided voxels of the majority.
    pub undecided: usize,
    /// One line per reader and model.
    pub lines: Vec<CompareLine>,
    /// What to be warned of, one sentence each.
    pub warnings: Vec<String>,
}

/// One reader or model against a consensus.
#[derive(Clone, Debug, PartialEq)]
pub struct CompareLine {
    /// Reader code or model version.
    pub who: String,
    /// `STAPLE`, `majority`, `STAPLE of the others` …
    pub against: String,
    /// Dice per column (levels 1, 2, 3, 2+3); `None` where undefined.
    pub dice: Vec<Option<f64>>,
}

/// Whose a map is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapOf {
    /// A reader who has a vote.
    Reader {
        /// Whether a model's proposals were shown.
        assisted: bool,
    },
    /// A further read of a reader whose read has the vote, made with a model's help or to be compared with themselves: shown, without
    /// a vote.
    Beside,
    /// A consensus meeting's read: shown, without a vote.
    Meeting,
    /// A model's version: shown, without a vote.
    Model,
}

/// One map of an exam.
#[derive(Clone, Debug)]
pub struct ComparedMap {
    /// Reader code, `R1 (read 2)`, `R1 (assisted)`, or `marrow-R1/3`; no two of an exam have the same.
    pub name: String,
    /// Whose it is.
    pub of: MapOf,
    /// The marrow labels.
    pub labels: Labels,
}

/// A Dice, and the voxel to look at: in the slice with most voxels on which the two differ.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CompareCell {
    /// `None` where both are empty.
    pub dice: Option<f64>,
    /// `None` where nothing differs.
    pub at: Option<[usize; 3]>,
}

/// Figures of one level, in the order of [`ComparedExam::maps`].
#[derive(Clone, Debug, PartialEq)]
pub struct CompareLevel {
    /// `2`, or `2+3`.
    pub name: String,
    /// False where no reader used the level.
    pub estimable: bool,
    /// Voxels of the consensus.
    pub voxels: u64,
    /// Every map against the consensus.
    pub against: Vec<CompareCell>,
    /// Readers against the consensus of the others; models and meetings: the mean over all those. `None` below 3 readers.
    pub others: Vec<Option<f64>>,
    /// Per reader: STAPLE's estimate, or the share of the consensus found.
    pub sensitivity: Vec<Option<f64>>,
    /// Per reader: STAPLE's estimate, or the share of the rest left alone.
    pub specificity: Vec<Option<f64>>,
    /// Every map against every map, row by row.
    pub pairs: Vec<CompareCell>,
    /// Connected parts of what any reader gave the level.
    pub lesions: Parts<Lesion>,
}

/// One exam compared: figures and maps. Only one exam's are held at a time.
#[derive(Clone, Debug)]
pub struct ComparedExam {
    /// The exam.
    pub exam: ExamCode,
    /// What was compared and how.
    pub choice: CompareChoice,
    /// Readers first, then their further reads, meetings' reads, models.
    pub maps: Vec<ComparedMap>,
    /// The consensus, 255 where undecided.
    pub consensus: Labels,
    /// Per level: its probability (STAPLE) or share of votes, 255 = 1; 0 below 1/510.
    pub probability: Vec<Labels>,
    /// Share of pairs of readers who disagree, 255 = 1.
    pub disagreement: Labels,
    /// Entropy of the votes, 255 = the largest possible.
    pub entropy: Labels,
    /// Levels 1, 2, 3 and 2+3.
    pub levels: Vec<CompareLevel>,
    /// Undecided voxels of the consensus, connected parts.
    pub ties: Parts<Part>,
    /// Voxels on which readers disagree, per slice.
    pub disputed: Vec<u64>,
    /// Volume of a voxel in mm³.
    pub voxel_mm3: f64,
    /// What to be warned of, one sentence each.
    pub warnings: Vec<String>,
    /// The rules in words.
    pub rules: Vec<String>,
}

impl ComparedExam {
    /// The maps that have a vote.
    #[must_use]
    pub fn voters(&self) -> usize {
        voters(&self.maps)
    }
}

/// A consensus to begin a meeting's read with.
#[derive(Clone, Debug)]
pub struct AdoptConsensusRequest {
    /// The study.
    pub root: PathBuf,
    /// The exam.
    pub exam: ExamCode,
    /// The map; undecided voxels are left empty.
    pub consensus: Labels,
    /// How it was made.
    pub method: Method,
    /// Whose reads it was made of.
    pub readers: Vec<String>,
}

/// How many maps have a vote, the first ones: the independent reads, as in report and scoring; where there are fewer than two of
/// them, the assisted reads of readers without an independent one, too.
#[must_use]
pub fn voters(maps: &[ComparedMap]) -> usize {
    let independent = maps.iter().filter(|map| map.of == MapOf::Reader { assisted: false }).count();
    let reads = maps.iter().filter(|map| matches!(map.of, MapOf::Reader { .. })).count();
    if independent >= 2 { independent } else { reads }
}
