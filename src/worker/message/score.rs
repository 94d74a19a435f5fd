//! Scoring sessions, as plain data.

use super::Role;
use crate::study::{ExamCode, Part, ScorePlan, ScoreRow, ScoreState, ScoreTable};
use std::path::PathBuf;

/// What is asked of a scoring session.
#[derive(Clone, Debug)]
pub struct ScoreRequest {
    /// The study.
    pub root: PathBuf,
    /// Now, RFC 3339.
    pub time: String,
    /// What.
    pub what: ScoreAsk,
}

/// One request about scoring.
#[derive(Clone, Debug)]
pub enum ScoreAsk {
    /// Which sessions there are.
    List,
    /// Make a session of consensus and model masks.
    Make(NewScores),
    /// Open a session.
    Open(ExamCode),
    /// Load a mask with the image below it.
    Item {
        /// The session.
        session: ExamCode,
        /// Code of the mask.
        item: ExamCode,
        /// For whom.
        role: Role,
    },
    /// Lock a session.
    Lock(ExamCode),
    /// Unblind a locked session and make its tables.
    Unblind {
        /// The session.
        session: ExamCode,
        /// Where the key is, if not in the coordinator's folder.
        key: Option<PathBuf>,
        /// Age and slices with signal.
        covariates: Option<PathBuf>,
    },
}

/// A session to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewScores {
    /// Its name.
    pub session: ExamCode,
    /// The model whose current version is scored: `marrow-R1`.
    pub model: String,
    /// Who marks.
    pub scorers: Vec<String>,
    /// What the order is drawn with; drawn by the system where it is `None`, so that nobody can work it out.
    pub seed: Option<u64>,
    /// Where the key goes, if not into the coordinator's folder; outside the study.
    pub key: Option<PathBuf>,
    /// Which exams' masks are scored.
    pub exams: ScoreExams,
}

/// Which exams a session takes its masks from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScoreExams {
    /// Those of the test part: a model's true figures.
    #[default]
    Test,
    /// Those of the test and the validation part: no exam that a model learnt from.
    HeldOut,
    /// Every exam, those of the training part too.
    All,
}

impl ScoreExams {
    /// All, from the strictest.
    pub const ALL: [Self; 3] = [Self::Test, Self::HeldOut, Self::All];

    /// Name on screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Test => "test exams",
            Self::HeldOut => "test and validation exams",
            Self::All => "all, also those the model learnt from",
        }
    }

    /// Word of the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::HeldOut => "held-out",
            Self::All => "all",
        }
    }

    /// Whether exams of a part are scored; an exam without a part counts as one that a model may have learnt from.
    #[must_use]
    pub const fn includes(self, part: Option<Part>) -> bool {
        match self {
            Self::Test => matches!(part, Some(Part::Test)),
            Self::HeldOut => matches!(part, Some(Part::Test | Part::Validate)),
            Self::All => true,
        }
    }
}

/// A row for a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreRowRequest {
    /// The study.
    pub root: PathBuf,
    /// The session.
    pub session: ExamCode,
    /// The row.
    pub row: ScoreRow,
}

/// How far a session is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreSummary {
    /// Its name.
    pub session: ExamCode,
    /// Who marks.
    pub scorers: Vec<String>,
    /// Masks in it.
    pub items: usize,
    /// Masks with a mark overall, by scorer.
    pub marked: Vec<usize>,
    /// Whether it is locked.
    pub locked: bool,
    /// Whether it is unblinded.
    pub unblinded: bool,
}

/// What came of it.
#[derive(Debug)]
pub enum ScoreOutcome {
    /// The sessions of the study, and one sentence for each that cannot be read.
    Listed(Vec<ScoreSummary>, Vec<String>),
    /// A session was made; its key lies there.
    Made(Box<(ScorePlan, ScoreState)>, PathBuf),
    /// A session was opened or locked.
    Opened(Box<(ScorePlan, ScoreState)>),
    /// A row is on disk.
    Kept,
    /// A row could not be written; the row and one sentence.
    NotKept(ScoreRow, String),
    /// The tables of an unblinded session, where they were written, and what the coordinator should know of the key.
    Tables(Vec<ScoreTable>, PathBuf, Option<String>),
}
