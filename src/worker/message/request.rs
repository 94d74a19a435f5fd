//! What the window asks of the workers.

use super::{
    AdoptConsensusRequest, AtlasRequest, AuditRequest, CheckReadRequest, CompareRequest, ImportSource, JudgeRequest, MaskRequest,
    OperateRequest, PacketRequest, ProposeRequest, RankRequest, ReportChoice, ScoreRequest, ScoreRowRequest, SealRequest, TrainControl,
    TrainRequest,
};
use crate::study::{ExamCode, ImportTable, JournalRow, ReaderCode, ReadingPlace};
use crate::volume::LayerKind;
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

/// What is done with a reader's read when an exam is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenHow {
    /// Go on with the newest, or begin the first.
    GoOn,
    /// Begin another beside the sealed one.
    Again,
    /// Look at the newest, if there is one; nothing is begun or written.
    Look,
}

/// Work for a thread other than the window's.
#[derive(Clone, Debug)]
pub enum Request {
    /// Open a study folder; an image file or folder becomes a scratch study first.
    Open {
        /// What the person named.
        path: PathBuf,
    },
    /// Make a study in a new or empty folder and open it.
    NewStudy {
        /// The folder.
        path: PathBuf,
    },
    /// Read what an import would bring, and keep it at hand.
    LookAtImport(ImportSource),
    /// Make a picture of a sequence of that import.
    ImportPreview {
        /// Exam and sequence of the table.
        at: [usize; 2],
        /// Slice; `None` for the brightest of all at each pixel.
        slice: Option<usize>,
    },
    /// Import what the person chose of it.
    Import {
        /// The study.
        root: PathBuf,
        /// The table as the person left it.
        table: Box<ImportTable>,
    },
    /// Let that import go.
    ForgetImport,
    /// Load an exam's images and, for a reader, open or create the read.
    OpenExam {
        /// The study.
        root: PathBuf,
        /// Which exam.
        exam: ExamCode,
        /// For whom.
        role: Role,
        /// What is done with their read.
        how: OpenHow,
    },
    /// Append a row to the open read.
    Journal(JournalRow),
    /// Read an older change back from the open read, for undo.
    FetchPatch {
        /// Number of the row.
        row: u64,
    },
    /// Scoring sessions.
    Score(Box<ScoreRequest>),
    /// Keep a mark; rows reach the disk in order.
    ScoreRow(Box<ScoreRowRequest>),
    /// Keep where a reader left off.
    KeepPlace {
        /// The study.
        root: PathBuf,
        /// The reader.
        reader: ReaderCode,
        /// Exam and slice.
        place: ReadingPlace,
    },
    /// Packets out and back.
    Packet(PacketRequest),
    /// Draw and record the split, where that has not been done.
    DrawSplit {
        /// The study.
        root: PathBuf,
    },
    /// Write the rules of a study; `base` is the text that they were changed from.
    SaveProtocol {
        /// The study.
        root: PathBuf,
        /// The text of `study.toml`.
        text: String,
        /// The text that the change was made to: another's change since is not written over.
        base: String,
    },
    /// Look at the open read before it is sealed.
    CheckRead(Box<CheckReadRequest>),
    /// Seal the open read once every row is on disk.
    Seal(SealRequest),
    /// Close the open read (its writer ends when all rows are on disk).
    CloseRead,
    /// Train or go on training.
    Train(Box<TrainRequest>),
    /// Train twice from the same start, with and without what was accepted in triage, and say what it gave.
    Ablate(Box<TrainRequest>),
    /// Judge versions on the same slices.
    Judge(Box<JudgeRequest>),
    /// Tell the running training something.
    TrainControl(TrainControl),
    /// Let the current model propose.
    Propose(Box<ProposeRequest>),
    /// Say where the current model is unsure.
    Doubt(Box<ProposeRequest>),
    /// Say which exam the current model would gain most from.
    Rank(Box<RankRequest>),
    /// Compare reads: the figures of the study's exams, or the maps of one.
    Compare(Box<CompareRequest>),
    /// Begin a meeting's read with a consensus.
    AdoptConsensus(Box<AdoptConsensusRequest>),
    /// The atlas, and calibration against it.
    Atlas(AtlasRequest),
    /// Walk the journals.
    Audit(Box<AuditRequest>),
    /// Write the report of the study.
    Report {
        /// The study.
        root: PathBuf,
        /// How.
        choice: Box<ReportChoice>,
    },
    /// Work out what an operation on whole shapes changes.
    Operate(Box<OperateRequest>),
    /// Read a mask made elsewhere onto the open exam's grid.
    ReadMask(Box<MaskRequest>),
    /// Write layers to files.
    Export {
        /// The study.
        root: PathBuf,
        /// Whose reads: a reader's own, or all of them.
        role: Role,
        /// In which layout.
        how: ExportHow,
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
    /// Learn the study's standard scale of grey values over its training exams.
    LearnStandard {
        /// The study.
        root: PathBuf,
    },
    /// Make the sample study, then open it.
    MakeSample {
        /// Where.
        root: PathBuf,
    },
    /// Make the model that comes with the program the first version of a reader's.
    BeginShipped {
        /// The study.
        root: PathBuf,
        /// Name of the model.
        model: String,
        /// Layer.
        layer: LayerKind,
        /// Whose model.
        reader: ReaderCode,
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
    /// Folder for a new study.
    NewStudy,
    /// A single image file.
    OpenFile,
    /// Images to import into the open study.
    Import,
    /// The coordinator's link list for the import on screen.
    ImportLink,
    /// The table of patients for the import on screen.
    ImportPatients,
    /// Folder for packets and code map.
    Packets,
    /// Folder for the reads that go back.
    PacketReturn,
    /// A file of reads that came back.
    PacketMerge,
    /// Age and slices with signal, for Table 2.
    Covariates,
    /// Place for the key of the scoring session that is being made.
    NewScoreKey,
    /// The key of the scoring session that is being unblinded.
    ScoreKey,
    /// File for the audit trail.
    AuditTrail,
    /// A mask for the open exam.
    ImportMask,
    /// Folder to export to.
    Export,
    /// Folder to export to in nnU-Net's layout.
    ExportNnUnet,
    /// Folder to export to as BIDS derivatives.
    ExportBids,
}

/// The layout of exported files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportHow {
    /// One NIfTI file per layer with a JSON sidecar.
    Nifti,
    /// nnU-Net's raw data, a data set per reader and layer.
    NnUnet,
    /// BIDS derivatives.
    Bids,
    /// DICOM segmentations over the source images; the coordinator's.
    DicomSeg {
        /// The link list that the import wrote.
        link: PathBuf,
        /// Folder of the source images.
        source: PathBuf,
    },
}
