//! What the window and the workers say to each other: plain data, no threads.

use crate::edit::{Patch, ReadLayers};
use crate::space::VoxelBox;
use crate::study::{ExamCode, JournalRow, Part, Protocol, ReaderCode};
use crate::volume::{Image, Labels, LayerKind};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Number of a request; its events carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// Who sits at the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Reads exams and sees nobody else's reads.
    Reader(ReaderCode),
    /// Runs the study: compares and exports all reads, paints none.
    Coordinator,
}

impl Role {
    /// The reader's code, if a reader it is.
    #[must_use]
    pub const fn reader(&self) -> Option<&ReaderCode> {
        match self {
            Self::Reader(code) => Some(code),
            Self::Coordinator => None,
        }
    }
}

/// Work for a thread other than the window's.
#[derive(Clone, Debug)]
pub enum Request {
    /// Open a study folder; an image file or folder becomes a scratch study first.
    Open {
        /// What the person named.
        path: PathBuf,
    },
    /// Bring images into the open study.
    Import {
        /// The study.
        root: PathBuf,
        /// File or folder with images.
        path: PathBuf,
    },
    /// Load an exam's images and, for a reader, open or create the read.
    OpenExam {
        /// The study.
        root: PathBuf,
        /// Which exam.
        exam: ExamCode,
        /// For whom.
        role: Role,
    },
    /// Append a row to the open read.
    Journal(JournalRow),
    /// Read an older change back from the open read, for undo.
    FetchPatch {
        /// Number of the row.
        row: u64,
    },
    /// Close the open read (its writer ends when all rows are on disk).
    CloseRead,
    /// Train or go on training.
    Train(Box<TrainRequest>),
    /// Tell the running training something.
    TrainControl(TrainControl),
    /// Let the current model propose.
    Propose(Box<ProposeRequest>),
    /// Compare all reads of the study's exams.
    Compare {
        /// The study.
        root: PathBuf,
    },
    /// Write layers as NIfTI.
    Export {
        /// The study.
        root: PathBuf,
        /// Whose reads: a reader's own, or all of them.
        role: Role,
        /// Folder to write to.
        out: PathBuf,
    },
    /// Show the system's dialog for a folder or file.
    PickPath {
        /// What for.
        purpose: PickPurpose,
    },
    /// List a folder for the built-in path entry.
    ListFolder {
        /// Which.
        path: PathBuf,
    },
    /// Make the sample study, then open it.
    MakeSample {
        /// Where.
        root: PathBuf,
    },
    /// Make another saved version of a model the current one.
    MakeCurrent {
        /// The study.
        root: PathBuf,
        /// Name of the model.
        model: String,
        /// Which version.
        version: u32,
    },
}

/// What a picked path is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PickPurpose {
    /// A study folder or a folder of images.
    OpenFolder,
    /// A single image file.
    OpenFile,
    /// Images to import into the open study.
    Import,
    /// Folder to export to.
    Export,
}

/// A snapshot of the read that is open, so that training sees what is not yet in other files.
#[derive(Clone, Debug)]
pub struct OpenReadSnapshot {
    /// Which exam.
    pub exam: ExamCode,
    /// Its labels.
    pub labels: Labels,
    /// Slices marked done for that layer.
    pub done: Vec<usize>,
    /// Revision of the labels.
    pub revision: u64,
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
    /// Steps to take.
    pub steps: u32,
    /// Seed of weights and sampling.
    pub seed: u64,
    /// The read that is open.
    pub open: Option<OpenReadSnapshot>,
    /// Time of the request, for the card.
    pub created: String,
    /// Cores left to the window.
    pub spare_cores: usize,
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
    /// The image of the reading sequence.
    pub image: Image,
    /// Slices along `slice_axis`; all if `None`.
    pub slices: Option<Vec<usize>>,
    /// Voxel axis of the slices.
    pub slice_axis: usize,
    /// Layer.
    pub layer: LayerKind,
    /// Revision of the labels when asked.
    pub base_revision: u64,
}

/// What a worker says.
#[derive(Debug)]
pub enum Event {
    /// How far a request is; may be dropped when the window is busy.
    Progress {
        /// Which request.
        id: RequestId,
        /// What is being done.
        text: String,
        /// Between 0 and 1, if known.
        fraction: Option<f32>,
    },
    /// A training step's figures; may be dropped.
    Training {
        /// Which request.
        id: RequestId,
        /// The figures.
        progress: TrainProgress,
    },
    /// A request is over; never dropped.
    Ended {
        /// Which request.
        id: RequestId,
        /// How.
        outcome: Outcome,
    },
    /// A row of the open read is on disk.
    Saved {
        /// Its number.
        row: u64,
    },
    /// A row could not be written.
    SaveFailed {
        /// The first row that is not on disk.
        row: u64,
        /// Why, in one sentence.
        why: String,
    },
}

/// How a request ended.
#[derive(Debug)]
pub enum Outcome {
    /// The person cancelled it.
    Cancelled,
    /// It failed; one sentence for the person.
    Failed(String),
    /// A study was opened (or its list of exams changed).
    Study(Box<StudySummary>),
    /// An exam was loaded.
    Exam(Box<LoadedExam>),
    /// An older change was read back.
    PatchRead {
        /// Row that it belongs to.
        row: u64,
        /// The change.
        patch: Patch,
    },
    /// Training ended and a version was saved.
    Trained(TrainedVersion),
    /// A proposal is there.
    Proposed(Box<ProposalResult>),
    /// Readers were compared.
    Compared(Box<CompareTable>),
    /// Files were written.
    Exported {
        /// How many.
        files: usize,
        /// Where.
        out: PathBuf,
    },
    /// A path was picked; `None` if the person cancelled or no dialog could be shown.
    Picked {
        /// What for.
        purpose: PickPurpose,
        /// The path.
        path: Option<PathBuf>,
        /// Whether a dialog can have been on screen at all (it stayed longer than an instant).
        dialog_shown: bool,
    },
    /// A folder was listed.
    Listed(FolderListing),
    /// Another version is current now.
    CurrentChanged {
        /// Name of the model.
        model: String,
        /// Version.
        version: u32,
    },
    /// The read was closed, every row on disk.
    ReadClosed,
    /// Done; nothing more to say.
    Done,
}

/// A study as the window needs it.
#[derive(Clone, Debug)]
pub struct StudySummary {
    /// Its folder.
    pub root: PathBuf,
    /// Its rules.
    pub protocol: Protocol,
    /// Its exams in the order of reading.
    pub exams: Vec<ExamSummary>,
    /// Saved versions by model.
    pub models: BTreeMap<String, Vec<VersionSummary>>,
    /// Current version by model.
    pub current: BTreeMap<String, u32>,
    /// Made from images that were opened without a study.
    pub scratch: bool,
    /// What the person should know (findings on import, skipped files).
    pub remarks: Vec<String>,
}

/// A saved version of a model, as its card tells.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionSummary {
    /// Number from 1.
    pub version: u32,
    /// When it was made.
    pub created: String,
    /// Steps taken in all.
    pub steps: u64,
    /// Slices it was trained on.
    pub slices: usize,
    /// Dice per label on what was held out.
    pub dice: Vec<(String, Option<f64>)>,
}

/// One exam in the list.
#[derive(Clone, Debug)]
pub struct ExamSummary {
    /// Its code.
    pub code: ExamCode,
    /// Which part of the split, once drawn.
    pub part: Option<Part>,
    /// Names of its sequences; the first is read.
    pub sequences: Vec<String>,
    /// Slices of the reading sequence along its acquisition plane.
    pub slices: usize,
    /// Marrow slices done, by reader.
    pub done: BTreeMap<ReaderCode, usize>,
}

/// An exam ready to be read.
#[derive(Debug)]
pub struct LoadedExam {
    /// Its code.
    pub code: ExamCode,
    /// For whom it was loaded.
    pub role: Role,
    /// Name and image of each sequence; the first is read.
    pub sequences: Vec<(String, Image)>,
    /// Layers, done marks and history; empty for a coordinator.
    pub layers: ReadLayers,
    /// Voxel axis of the acquisition plane.
    pub slice_axis: usize,
    /// Whether the images have a position in space.
    pub has_geometry: bool,
    /// Findings on import, one sentence each.
    pub findings: Vec<String>,
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
}

/// A version that was saved.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainedVersion {
    /// Name of the model.
    pub model: String,
    /// The version.
    pub summary: VersionSummary,
    /// Dice of the version before on the same held-out slices.
    pub before: Option<Vec<(String, Option<f64>)>>,
    /// What is held out, in words.
    pub held_out: String,
    /// Whether it became the current one (a worse one does not).
    pub made_current: bool,
    /// Stopped before its last step.
    pub stopped_early: bool,
    /// Loss at the end.
    pub loss: f32,
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

/// Readers and model against the consensus, for one study.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CompareTable {
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

/// A folder for the built-in path entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FolderListing {
    /// Which folder.
    pub path: PathBuf,
    /// Names of folders inside.
    pub folders: Vec<String>,
    /// Names of files that can be opened.
    pub files: Vec<String>,
    /// Why it could not be listed, in one sentence.
    pub error: Option<String>,
}

/// Voxels that changed, for the textures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dirty {
    /// Layer.
    pub layer: LayerKind,
    /// Smallest box around them.
    pub bounds: VoxelBox,
}
