//! What can go wrong with a read, each in one sentence that names the file.

use rusqlite::ErrorCode;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a read cannot be made, opened or written.
#[derive(Debug, Error)]
pub enum ReadError {
    /// There is no such file, or the system will not open it.
    #[error("{} cannot be opened: {cause}; check that it exists and may be read and written", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: String,
    },
    /// The file is not one of ours.
    #[error("{} is not a read: {problem}; choose a file below the study's reads folder", path.display())]
    NotARead {
        /// The file.
        path: PathBuf,
        /// How that shows.
        problem: &'static str,
    },
    /// Written by a later version.
    #[error("{} was written by a newer version of the program (format {format}); update the program", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: i64,
    },
    /// The content contradicts itself or is torn.
    #[error("{} is damaged: {problem}; restore it from a copy", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The chain of hashes breaks at a row.
    #[error("{} was changed or damaged at row {row}: {problem}; restore it from a copy", path.display())]
    Chain {
        /// The file.
        path: PathBuf,
        /// The first row that is not as it was written.
        row: u64,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A read of another exam.
    #[error("{} is a read of exam {found}, not of {expected}; choose that exam's read", path.display())]
    OtherExam {
        /// The file.
        path: PathBuf,
        /// Exam in the file.
        found: String,
        /// Exam asked for.
        expected: String,
    },
    /// Another reader's read.
    #[error("{} is a read by {found}, not by {expected}; every reader opens only their own", path.display())]
    OtherReader {
        /// The file.
        path: PathBuf,
        /// Reader in the file.
        found: String,
        /// Reader asked for.
        expected: String,
    },
    /// A read on another grid.
    #[error("{} was drawn on another image: its grid is {found}, the exam's is {expected}; use the image it was drawn on", path.display())]
    OtherGrid {
        /// The file.
        path: PathBuf,
        /// Grid in the file, in words.
        found: String,
        /// Grid asked for, in words.
        expected: String,
    },
    /// There is a file already.
    #[error("{} is already there; open it, or give the new read another number", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Somebody else writes to it.
    #[error("{} is open for writing by {owner}; close it there first{}", path.display(), if *elsewhere { ", or, if that program no longer runs, delete the .lock file beside it" } else { "" })]
    Locked {
        /// The file.
        path: PathBuf,
        /// Who, where and since when, in words.
        owner: String,
        /// Whether on another computer, where this one cannot see if the program still runs.
        elsewhere: bool,
    },
    /// The read has been submitted.
    #[error("{} was sealed at {time} and can no longer be changed; start a new read instead", path.display())]
    Sealed {
        /// The file.
        path: PathBuf,
        /// When.
        time: String,
    },
    /// A row that does not follow the last one, or makes no sense.
    #[error("{}: row {row} was not written, {problem}; open the read again", path.display())]
    BadRow {
        /// The file.
        path: PathBuf,
        /// Number of the row refused.
        row: u64,
        /// Why.
        problem: String,
    },
    /// The disk would not take it.
    #[error("{} was not written: {cause}; everything before is still there", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why, in words.
        cause: String,
    },
}

impl ReadError {
    pub(super) fn damaged(path: &Path, problem: impl ToString) -> Self {
        Self::Damaged { path: path.to_owned(), problem: one_line(&problem.to_string()) }
    }

    pub(super) fn open(path: &Path, cause: impl ToString) -> Self {
        Self::Open { path: path.to_owned(), cause: one_line(&cause.to_string()) }
    }

    pub(super) fn write(path: &Path, cause: impl ToString) -> Self {
        Self::Write { path: path.to_owned(), cause: one_line(&cause.to_string()) }
    }

    /// What SQLite said while reading.
    pub(super) fn reading(path: &Path, error: &rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotARead { path: path.to_owned(), problem: "it is no SQLite file" },
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::DatabaseBusy | ErrorCode::SystemIoFailure) => {
                Self::open(path, error)
            }
            _ => Self::damaged(path, error),
        }
    }

    /// What SQLite said while writing.
    pub(super) fn writing(path: &Path, error: &rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::write(path, "the disk is full, make room and save again"),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                Self::write(path, "the file or its folder may not be written to, check its permissions")
            }
            Some(ErrorCode::SystemIoFailure) => Self::write(path, format!("the disk reports a failure ({error}), check the disk")),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::write(path, "another program holds it, close that first"),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::damaged(path, error),
            _ => Self::write(path, error),
        }
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
