//! Where a reader left off: exam and slice, so that the next day begins there.

use super::exam::read_bounded;
use super::{ExamCode, ReaderCode, Study, StudyError};
use crate::io::atomic_write;
use serde::{Deserialize, Serialize};

/// `reads/<reader>/place.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadingPlace {
    /// The exam.
    pub exam: ExamCode,
    /// Slice from 0.
    pub slice: usize,
}

impl Study {
    /// Where a reader left off; `None` where that is not known. It is a convenience: what cannot be read is passed over.
    #[must_use]
    pub fn place_of(&self, reader: &ReaderCode) -> Option<ReadingPlace> {
        serde_json::from_slice(&read_bounded(&self.layout().reading_place(reader)).ok()?).ok()
    }

    /// Keeps where a reader left off. Nothing is made for a reader without reads.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn keep_place(&self, reader: &ReaderCode, place: &ReadingPlace) -> Result<(), StudyError> {
        let path = self.layout().reading_place(reader);
        if !self.layout().reader(reader).is_dir() {
            return Ok(());
        }
        let text = serde_json::to_vec(place).map_err(|e| StudyError::Damaged { path: path.clone(), problem: e.to_string() })?;
        Ok(atomic_write(&path, |out| out.write_all(&text))?)
    }
}
