//! The reference atlas: exams with agreed masks and notes, and the calibration of readers against it.

mod calibration;
mod store;
mod take_over;
mod unread;

pub use calibration::{CalibrationResult, LevelDice, calibration_study};
pub use store::{Atlas, AtlasExam, AtlasNotes};
pub use unread::HiddenAtlasExam;
