//! Submitting a read, as plain data.

use crate::study::{ExamCode, ReaderCode, SealSubject, SealWarning};
use std::path::PathBuf;

/// How the exam on screen may be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Looked at by the coordinator: no read is open.
    #[default]
    Looking,
    /// A read that is being written.
    Writing {
        /// Number of the read.
        number: u32,
        /// Whether a model may propose in it.
        assisted: bool,
    },
    /// A read that a command looks at, as it was on disk.
    Viewing {
        /// Number of the read.
        number: u32,
        /// Whether a model may propose in it.
        assisted: bool,
    },
    /// A sealed read: looked at, not changed.
    Sealed {
        /// Number of the read.
        number: u32,
        /// When it was sealed, RFC 3339.
        time: String,
    },
    /// A read that another program writes to: looked at as it was when it was opened.
    Busy {
        /// Number of the read.
        number: u32,
        /// Who writes, where and since when, in words.
        owner: String,
    },
}

impl Standing {
    /// Number of the read, if one is open.
    #[must_use]
    pub const fn number(&self) -> Option<u32> {
        match self {
            Self::Looking => None,
            Self::Writing { number, .. } | Self::Viewing { number, .. } | Self::Sealed { number, .. } | Self::Busy { number, .. } => {
                Some(*number)
            }
        }
    }
}

/// What to look at before a read is sealed.
#[derive(Clone, Debug)]
pub struct CheckReadRequest {
    /// The open exam.
    pub exam: ExamCode,
    /// Its layers and slices.
    pub subject: SealSubject,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadChecked {
    /// The exam that was looked at.
    pub exam: ExamCode,
    /// What is worth another look; empty if all is well.
    pub warnings: Vec<SealWarning>,
}

/// Which read to seal: the one that is open for writing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealRequest {
    /// The study.
    pub root: PathBuf,
    /// The reader.
    pub reader: ReaderCode,
    /// The exam.
    pub exam: ExamCode,
    /// Now, RFC 3339.
    pub time: String,
}

/// How sealing ended; the read is closed either way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealEnded {
    /// The reader.
    pub reader: ReaderCode,
    /// The exam.
    pub exam: ExamCode,
    /// Whether all reads that the protocol asks for are sealed now; or why this one is not sealed, in one sentence.
    pub result: Result<bool, String>,
}
