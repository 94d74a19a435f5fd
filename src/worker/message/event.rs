//! What the workers say to the window.

use super::{
    Ablated, AtlasShown, AuditShown, Calibrated, CompareTable, ComparedExam, DoubtMap, ImportLook, ImportPreview, LoadedExam, MaskRead,
    Operated, PickPurpose, ProposalResult, Ranking, ReadChecked, ReportWritten, RequestId, ScoreOutcome, SealEnded, StandardScale,
    StudySummary, TrainProgress, TrainedVersion, VersionSummary, VersionsJudged,
};
use crate::edit::Patch;
use crate::study::{ExamCode, Part};
use std::collections::BTreeMap;
use std::path::PathBuf;

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
    /// The open read was looked at before sealing.
    ReadChecked(Box<ReadChecked>),
    /// Packets were made, sent back or merged.
    PacketDone {
        /// In one sentence.
        text: String,
        /// The study as it is now.
        study: Box<StudySummary>,
    },
    /// The study's standard scale is known.
    Standard(StandardScale),
    /// What came of a request about scoring.
    Score(Box<ScoreOutcome>),
    /// The open read was sealed, or could not be.
    Sealed(SealEnded),
    /// An older change was read back.
    PatchRead {
        /// Row that it belongs to.
        row: u64,
        /// The change.
        patch: Patch,
    },
    /// Training ended and a version was saved.
    Trained(TrainedVersion),
    /// What accepted exams gave.
    Ablated(Ablated),
    /// Versions were judged on the same slices.
    Judged(VersionsJudged),
    /// A proposal is there.
    Proposed(Box<ProposalResult>),
    /// Where a model is unsure of an exam.
    Doubted(Box<DoubtMap>),
    /// Which exam a model would gain most from.
    Ranked(Ranking),
    /// Readers were compared.
    Compared(Box<CompareTable>),
    /// The maps of one exam.
    ExamCompared(Box<ComparedExam>),
    /// An exam cannot be compared.
    NotComparable {
        /// The exam.
        exam: ExamCode,
        /// Why: too few finished reads.
        why: String,
    },
    /// A meeting's read was begun.
    ConsensusAdopted {
        /// In one sentence.
        text: String,
        /// The study with it.
        study: Box<StudySummary>,
    },
    /// An exam of the atlas.
    Atlas(Box<AtlasShown>),
    /// An exam was taken into the atlas.
    AtlasAdded {
        /// Its code there.
        code: ExamCode,
        /// The study as it is now.
        study: Box<StudySummary>,
    },
    /// A calibration was measured.
    Calibrated(Box<Calibrated>),
    /// The journals were walked.
    Audited(Box<AuditShown>),
    /// The audit trail was written.
    AuditWritten {
        /// In one sentence.
        text: String,
        /// The first journal that is not what was written.
        problem: Option<String>,
    },
    /// The report was written.
    Reported(Box<ReportWritten>),
    /// An operation on whole shapes was worked out.
    Operated(Box<Operated>),
    /// A mask made elsewhere was read.
    MaskRead(Box<MaskRead>),
    /// What an import would bring.
    ImportLook(Box<ImportLook>),
    /// A picture of one of its sequences.
    ImportPreview(Box<ImportPreview>),
    /// Files were written.
    Exported {
        /// How many.
        files: usize,
        /// Where.
        out: PathBuf,
        /// What was left out, with the reason.
        left_out: Vec<String>,
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
    /// The split is drawn; the part of every exam.
    SplitDrawn(BTreeMap<ExamCode, Part>),
    /// A model has its first version, and it is current.
    ModelBegun {
        /// Name of the model.
        model: String,
        /// The version.
        first: VersionSummary,
        /// Where its weights come from.
        from: String,
        /// Parts of the split, drawn by now.
        parts: BTreeMap<ExamCode, Part>,
    },
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
