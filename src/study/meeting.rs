//! Consensus meetings: reads under a code of their own that begin with a consensus.

use super::read::{ReadFile, ReadHeader};
use super::store::Study;
use super::{ExamCode, Protocol, ReaderCode, StudyError};
use crate::io::atomic_write;

/// The code that meetings read under.
pub const MEETING_READER: &str = "consensus";

/// What is added to a protocol that does not know the meeting yet. Comments of the file stay.
const READER_RULE: &str = "\n# The consensus meeting: its reads begin with a consensus of the readers and have no vote in it.\n\
                           [[reader]]\ncode = \"consensus\"\nassistance = \"none\"\n";

impl Study {
    /// Begins a new read of an exam for a consensus meeting; whatever reads there are stay as they are. A protocol that does
    /// not name the meeting's code gets it.
    ///
    /// # Errors
    /// If the exam is unknown, or protocol or read cannot be written.
    pub fn new_meeting_read(&self, exam: &ExamCode, time: &str) -> Result<(ReadHeader, ReadFile), StudyError> {
        let path = self.layout().protocol();
        let damaged = |problem: String| StudyError::Damaged { path: path.clone(), problem };
        let reader = ReaderCode::new(MEETING_READER).map_err(|e| damaged(e.to_string()))?;
        if self.protocol().reader(&reader).is_some() {
            return self.new_read_for(&reader, exam, time);
        }
        self.exam(exam)?;
        let mut text = String::from_utf8(super::exam::read_bounded(&path)?).map_err(|_| damaged("it is no UTF-8 text".to_owned()))?;
        if !text.ends_with('\n') {
            text.push('\n');
        }
        text += READER_RULE;
        // Read before it is written: a file that this would break stays as it is.
        Protocol::parse(&text, &path.display().to_string())?;
        atomic_write(&path, |out| out.write_all(text.as_bytes()))?;
        Self::open(self.layout().root())?.new_read_for(&reader, exam, time)
    }
}
