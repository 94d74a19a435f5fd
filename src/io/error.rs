//! What can go wrong while reading or writing, each in one sentence for a person.

use super::SaveError;
use crate::volume::NoMemory;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a file could not be read or written. Each message is one line that names the file and says what to do.
#[derive(Debug, Error)]
pub enum IoError {
    /// The operating system refused.
    #[error("{}: cannot be read ({cause}); check the path and that you may read it", shown(.path))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's words.
        cause: String,
    },
    /// Not a kind of image that the program knows.
    #[error("{}: {why}; give a NIfTI, DICOM, PNG or JPEG image", shown(.path))]
    NotAnImage {
        /// The file.
        path: PathBuf,
        /// What is there instead.
        why: String,
    },
    /// The content contradicts itself or stops too early.
    #[error("{}: {why}; copy the file again from its source", shown(.path))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A sound image that this program does not read.
    #[error("{}: {what}; convert it with another tool first", shown(.path))]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What is not read.
        what: String,
    },
    /// A folder without a readable image.
    #[error("{}: no image could be read in this folder{detail}; choose the folder that holds the NIfTI or DICOM files", shown(.path))]
    Nothing {
        /// The folder.
        path: PathBuf,
        /// Why the first file was refused, if there was one.
        detail: String,
    },
    /// More voxels or bytes than the program takes.
    #[error("{}: {why}; cut or resample the image first", shown(.path))]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The size in words.
        why: String,
    },
    /// No memory for its voxels.
    #[error("{}: {cause}", shown(.path))]
    NoMemory {
        /// The file.
        path: PathBuf,
        /// How much was wanted.
        cause: NoMemory,
    },
    /// Voxels that are not labels 0 to 255.
    #[error("{}: {why}; give a label map of whole numbers from 0 to 255", shown(.path))]
    NotLabels {
        /// The file.
        path: PathBuf,
        /// What is there instead.
        why: String,
    },
    /// Values that do not fit the file to be written.
    #[error("{}: {why}; nothing was written", shown(.path))]
    CannotWrite {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        why: String,
    },
    /// The user cancelled.
    #[error("reading was cancelled; start it again to read the images")]
    Cancelled,
    /// Writing failed.
    #[error(transparent)]
    Save(#[from] SaveError),
}

impl IoError {
    pub(super) fn unreadable(path: &Path, cause: &std::io::Error) -> Self {
        let cause = match cause.kind() {
            ErrorKind::NotFound => "it does not exist".into(),
            ErrorKind::PermissionDenied => "reading it is not permitted".into(),
            _ => one_line(&cause.to_string()),
        };
        Self::Unreadable { path: path.into(), cause }
    }
    pub(super) fn not_an_image(path: &Path, why: impl Into<String>) -> Self {
        Self::NotAnImage { path: path.into(), why: why.into() }
    }
    pub(super) fn damaged(path: &Path, why: impl Into<String>) -> Self {
        Self::Damaged { path: path.into(), why: why.into() }
    }
    pub(super) fn unsupported(path: &Path, what: impl Into<String>) -> Self {
        Self::Unsupported { path: path.into(), what: what.into() }
    }
    pub(super) fn too_large(path: &Path, why: impl Into<String>) -> Self {
        Self::TooLarge { path: path.into(), why: why.into() }
    }
    pub(super) fn no_memory(path: &Path) -> impl Fn(NoMemory) -> Self + '_ {
        move |cause| Self::NoMemory { path: path.into(), cause }
    }
    pub(super) fn cannot_write(path: &Path, why: impl Into<String>) -> Self {
        Self::CannotWrite { path: path.into(), why: why.into() }
    }
}

/// A path on one line, control characters replaced.
pub(super) fn shown(path: &Path) -> String {
    one_line(&path.display().to_string())
}

/// Text with every control character turned into a space.
pub(super) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
