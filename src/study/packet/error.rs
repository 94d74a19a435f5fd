//! What can go wrong with a packet, each in one sentence that says what to do.

use crate::study::{ExamCode, ReaderCode};
use std::io::{Error, ErrorKind};
use std::path::{Path, PathBuf};

/// Why a packet cannot be made, opened or merged. Nothing is written then.
#[derive(Debug, thiserror::Error)]
pub enum PacketError {
    /// The file cannot be read or written.
    #[error("{} cannot be used: {cause}; {}", path.display(), advice(.cause))]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: Error,
    },
    /// The file is no packet, or one of the other direction.
    #[error("{} is not {expected}: {problem}", path.display())]
    NotAPacket {
        /// The file.
        path: PathBuf,
        /// What was wanted.
        expected: &'static str,
        /// How it shows, and what to do.
        problem: String,
    },
    /// Its bytes are not those that were written.
    #[error("{} was changed after it was made: {problem}; nothing of it was taken over, have it sent again", path.display())]
    Tampered {
        /// The file.
        path: PathBuf,
        /// What differs.
        problem: String,
    },
    /// The code map does not know the packet.
    #[error("{} belongs to a packet that {} does not know; use the code map that was written when the packet was made", path.display(), map.display())]
    UnknownPacket {
        /// The packet.
        path: PathBuf,
        /// The code map.
        map: PathBuf,
    },
    /// What only the coordinator's study takes.
    #[error("{} is reader {reader}'s copy of a study, which came by packet: {what} in the coordinator's study; name that folder", path.display())]
    InCopy {
        /// The copy.
        path: PathBuf,
        /// Whose it is.
        reader: ReaderCode,
        /// What was to be done: `images are imported`.
        what: &'static str,
    },
    /// All of it is in the study already.
    #[error("{} was merged before: every read in it is in the study already, nothing was changed", path.display())]
    Duplicate {
        /// The packet.
        path: PathBuf,
    },
    /// Another read lies where a read of the packet belongs.
    #[error("{}: reader {reader} has another read {number} of {exam} in the study; nothing was taken over, move one of the two away first", path.display())]
    Occupied {
        /// The packet.
        path: PathBuf,
        /// The reader.
        reader: ReaderCode,
        /// The exam.
        exam: ExamCode,
        /// Number of the read.
        number: u32,
    },
    /// The reader has one.
    #[error("reader {reader} has a packet already ({packet}); merge what comes back from it, or make another one on purpose with --again")]
    MadeBefore {
        /// The reader.
        reader: ReaderCode,
        /// Number of that packet.
        packet: String,
    },
    /// Another program drew one of its codes in the same minutes.
    #[error("{} was written by another program meanwhile, which gave away a code of this packet; make the packet again", map.display())]
    Crossed {
        /// The code map.
        map: PathBuf,
    },
    /// A file that no packet can hold.
    #[error("{} cannot go into a packet under that name; use letters, digits, -, _ and . in it and do not begin it with a dot, or take the file away", path.display())]
    Name {
        /// The file.
        path: PathBuf,
    },
    /// There is nothing to put into it.
    #[error("{} holds {nothing}", path.display())]
    Empty {
        /// The study.
        path: PathBuf,
        /// What is missing, and what to do.
        nothing: &'static str,
    },
    /// The model must not go to this reader.
    #[error("the model {model} cannot go to reader {reader}: {why}")]
    Model {
        /// Name of the model.
        model: String,
        /// The reader.
        reader: ReaderCode,
        /// Why, and what to do.
        why: &'static str,
    },
}

fn advice(cause: &Error) -> &'static str {
    match cause.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "free some space and do it again",
        _ => "check the path and its permissions",
    }
}

impl PacketError {
    pub(super) fn file(path: &Path, cause: Error) -> Self {
        Self::File { path: path.to_owned(), cause }
    }
}
