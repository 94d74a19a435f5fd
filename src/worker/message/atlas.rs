//! The atlas and calibration, as plain data.

use crate::study::{AtlasExam, CalibrationResult, ExamCode, ReaderCode};
use crate::volume::Labels;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What the window needs to know of a study's atlas before it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AtlasSummary {
    /// Exams with an agreed mask.
    pub exams: usize,
    /// Whether each reader's latest calibration passes; readers are missing where the protocol asks for none.
    pub calibrated: BTreeMap<ReaderCode, bool>,
    /// The study whose reader calibrates here; `None` where this is no calibration.
    pub calibrates: Option<PathBuf>,
}

/// What is asked of the atlas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtlasRequest {
    /// The study that has the atlas.
    pub root: PathBuf,
    /// What.
    pub what: AtlasAsk,
}

/// One request about the atlas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AtlasAsk {
    /// An exam, by its place in the list of those that may be shown, or by its code.
    Show {
        /// Place in the list; beyond its end the last one.
        at: usize,
        /// This one instead.
        code: Option<ExamCode>,
        /// Exams that are not shown: those that the reader is calibrating on.
        hidden: Vec<ExamCode>,
        /// Who looks, if it is a reader: what they have still to read is not shown either.
        reader: Option<ReaderCode>,
    },
    /// Take an exam of the study into the atlas.
    Add {
        /// The exam.
        exam: ExamCode,
        /// The mask that was agreed on.
        mask: AtlasMask,
        /// What to say of it: a line `7: text` is about slice 7, any other about the exam.
        notes: String,
    },
    /// Open the study in which a reader paints atlas exams; made as needed.
    Calibrate(ReaderCode),
    /// Compare a reader's sealed read of an atlas exam with what was agreed on, and keep the result.
    Measure {
        /// The reader.
        reader: ReaderCode,
        /// The exam.
        exam: ExamCode,
        /// Now, RFC 3339.
        time: String,
    },
}

/// Which mask counts as agreed on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum AtlasMask {
    /// STAPLE per level of the sealed independent reads.
    #[default]
    Consensus,
    /// The newest read of a reader, or of the consensus meeting; sealed.
    Read(ReaderCode),
}

/// An exam of the atlas on screen.
#[derive(Clone, Debug)]
pub struct AtlasShown {
    /// Those that may be shown.
    pub codes: Vec<ExamCode>,
    /// Place of this one.
    pub at: usize,
    /// Image, agreed mask and notes.
    pub exam: AtlasExam,
}

/// How far a read is from what was agreed on.
#[derive(Clone, Debug)]
pub struct Calibrated {
    /// Dice per level and pass mark.
    pub result: CalibrationResult,
    /// 1 both the same level, 2 only the reader, 3 only the agreed mask, 4 another level.
    pub difference: Labels,
}
