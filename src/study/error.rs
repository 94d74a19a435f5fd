//! What can go wrong with a study, each in one sentence that says what to do.

use super::{
    CodeError, ExamCode, ExamError, ModelCode, PacketError, PatientMapError, PixelBox, ProtocolError, ReadError, ReaderCode, SplitError,
};
use crate::io::{IoError, SaveError};
use std::path::PathBuf;
use thiserror::Error;

/// Why a study cannot be made, opened or used.
#[derive(Debug, Error)]
pub enum StudyError {
    /// No `study.toml` there.
    #[error("{} is not a study, there is no study.toml in it; choose a study's folder or make one with `osteon study init`", root.display())]
    NotAStudy {
        /// The folder.
        root: PathBuf,
    },
    /// There is a study already.
    #[error("{} is already a study; open it, or choose another folder for the new one", root.display())]
    AlreadyAStudy {
        /// The folder.
        root: PathBuf,
    },
    /// Nothing can be written in the study.
    #[error("{} cannot be written to: {cause}; check its permissions, or copy the study to another place", path.display())]
    NotWritable {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// Nothing can be written at a place that is not the study's own.
    #[error("{} cannot be written to: {cause}; check the path and its permissions, or choose another place", path.display())]
    NoPlace {
        /// The folder or file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// A folder cannot be listed.
    #[error("{} cannot be listed: {cause}; check its permissions", path.display())]
    Unlisted {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// A file says something that cannot be.
    #[error("{} is damaged: {problem}; restore it from a copy", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A sealed read is not there any more.
    #[error("{} is missing, and its seal is still beside it; restore the read from a copy", path.display())]
    LostRead {
        /// The read.
        path: PathBuf,
    },
    /// The exam is not there.
    #[error("the study in {} has no exam {exam}; `osteon study status` lists those it has", root.display())]
    NoSuchExam {
        /// The study's folder.
        root: PathBuf,
        /// The exam asked for.
        exam: ExamCode,
    },
    /// The protocol does not know the reader.
    #[error("{} names no reader {reader}; add a [[reader]] with that code to it", file.display())]
    NoSuchReader {
        /// The protocol's file.
        file: PathBuf,
        /// The reader asked for.
        reader: ReaderCode,
    },
    /// The model has no such version.
    #[error("model {model} has no version {version}; choose one of those in its folder")]
    NoSuchVersion {
        /// The model.
        model: ModelCode,
        /// The version asked for.
        version: u32,
    },
    /// The image on disk is not the one that the exam's record names.
    #[error("{} is not the image that was imported, its SHA-256 differs from that in exam.json; restore it from a copy", path.display())]
    OtherImage {
        /// The image.
        path: PathBuf,
    },
    /// Names may be burnt into the pixels.
    #[error("{} may show the patient's name in its pixels; look at it and confirm that it does not, or mask it, then import again", path.display())]
    BurnedIn {
        /// The source file.
        path: PathBuf,
    },
    /// A rectangle that was to hide a name hides nothing of the picture.
    #[error("{}: the rectangle {} covers no pixel of this picture of {columns} × {rows} pixels; count columns and rows from 0 and name it again", path.display(), rectangle.words())]
    MaskOutside {
        /// The source file.
        path: PathBuf,
        /// The rectangle.
        rectangle: PixelBox,
        /// Pixels in a row of the picture.
        columns: usize,
        /// Its rows.
        rows: usize,
    },
    /// What only the coordinator may know would travel with the study, or lie where readers and scorers can open it.
    #[error("{} lies inside the study, where {what} must not be; choose a place outside {}", path.display(), root.display())]
    Inside {
        /// What it is: `a link list of codes and names`.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The study's folder.
        root: PathBuf,
    },
    /// Results would lie among what they are made of.
    #[error("{} lies in the study {}, which takes no other files; choose a place outside it, or below {}", path.display(), root.display(), results.display())]
    Target {
        /// Where they were to go.
        path: PathBuf,
        /// The study's folder.
        root: PathBuf,
        /// Its folder for results.
        results: PathBuf,
    },
    /// The key of a scoring session has no place.
    #[error("the key of the session cannot be written to {}: {cause}; choose another place for it, outside the study (`--key`, or Elsewhere… in the window)", path.display())]
    KeyNotWritable {
        /// The key.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The key of a scoring session is somewhere else.
    #[error("the key of session {session} is not at {}; say where it is (`--key`, or Key elsewhere… in the window)", path.display())]
    NoScoreKey {
        /// The session.
        session: ExamCode,
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A session must have a name of its own.
    #[error("There is a scoring session {session} already: choose another name.")]
    ScoreSessionThere {
        /// The name.
        session: ExamCode,
    },
    /// A scoring session cannot be used so.
    #[error("{}: {problem}", path.display())]
    Scores {
        /// The session's file.
        path: PathBuf,
        /// Why, and what to do.
        problem: String,
    },
    /// A list that a person wrote has a mistake.
    #[error("{}: {problem}", path.display())]
    List {
        /// The list.
        path: PathBuf,
        /// Where it is wrong, and what to do.
        problem: String,
    },
    /// The atlas cannot be used so.
    #[error("{}: {problem}", path.display())]
    Atlas {
        /// The atlas, or a file of it.
        path: PathBuf,
        /// Why, and what to do.
        problem: String,
    },
    /// The person cancelled.
    #[error("the import was cancelled; the exams imported until then are kept")]
    Cancelled,
    /// A word is not a code.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// `study.toml` has a mistake.
    #[error(transparent)]
    Protocol(#[from] ProtocolError),
    /// An exam cannot be used.
    #[error(transparent)]
    Exam(#[from] ExamError),
    /// A read cannot be used.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A packet cannot be used.
    #[error(transparent)]
    Packet(#[from] PacketError),
    /// The split cannot be used.
    #[error(transparent)]
    Split(#[from] SplitError),
    /// The patient list has a mistake.
    #[error(transparent)]
    Patients(#[from] PatientMapError),
    /// An image cannot be read or written.
    #[error(transparent)]
    Io(#[from] IoError),
    /// A file cannot be written.
    #[error(transparent)]
    Save(#[from] SaveError),
}

impl StudyError {
    pub(super) const fn list(path: PathBuf, cause: std::io::Error) -> Self {
        Self::Unlisted { path, cause }
    }
}
