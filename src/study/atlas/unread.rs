//! Exams of the atlas that a reader has still to read in the study: their agreed masks would tell what to draw.

use crate::study::read::ReadView;
use crate::study::{ExamCode, ExamRecord, MEETING_READER, ReaderCode, Study, StudyError};

/// An exam of the atlas that stays hidden from a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HiddenAtlasExam {
    /// Its code in the atlas.
    pub atlas: ExamCode,
    /// The exam of the study that it is.
    pub exam: ExamCode,
    /// The reader who has still to read that one.
    pub reader: ReaderCode,
}

impl HiddenAtlasExam {
    /// One sentence for the coordinator: a reader must not learn which of their exams is in the atlas.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Self { atlas, exam, reader } = self;
        format!("{atlas} of the atlas is exam {exam}: it stays hidden from {reader}, who has still to read that one.")
    }
}

impl Study {
    /// The exams of the atlas that a reader must not see: their images are those of an exam of the study that this reader has still to
    /// read, or reads again. An exam is taken into the atlas once everybody has read it, but readers may join later.
    ///
    /// # Errors
    /// If a folder cannot be listed. What is damaged cannot be shown or read, and stands in nobody's way here.
    pub fn hidden_atlas_exams(&self, reader: &ReaderCode) -> Result<Vec<HiddenAtlasExam>, StudyError> {
        let mut hidden = Vec::new();
        // The meeting begins with agreed masks.
        let atlas = self.atlas();
        let codes = if reader.as_str() == MEETING_READER { Vec::new() } else { atlas.codes()? };
        if codes.is_empty() {
            return Ok(hidden);
        }
        let studied = self.layout().exam_codes().map_err(|e| StudyError::list(self.layout().exams(), e))?;
        let exams: Vec<ExamRecord> = studied.iter().filter_map(|code| self.exam(code).ok()).collect();
        for record in codes.iter().filter_map(|code| ExamRecord::load(atlas.layout(), code).ok()) {
            // Of a read that cannot be opened nobody knows that it is sealed.
            let unread = |exam: &&ExamRecord| share_an_image(&record, exam) && self.has_still_to_read(reader, &exam.exam).unwrap_or(true);
            if let Some(same) = exams.iter().find(unread) {
                hidden.push(HiddenAtlasExam { atlas: record.exam.clone(), exam: same.exam.clone(), reader: reader.clone() });
            }
        }
        Ok(hidden)
    }

    /// What is hidden of the atlas from any reader of the protocol.
    ///
    /// # Errors
    /// As [`Study::hidden_atlas_exams`].
    pub fn hidden_from_readers(&self) -> Result<Vec<HiddenAtlasExam>, StudyError> {
        let each = self.protocol().readers().iter().map(|rule| self.hidden_atlas_exams(&rule.code));
        Ok(each.collect::<Result<Vec<_>, _>>()?.concat())
    }

    /// Refuses images for the atlas that are those of an exam somebody has still to read.
    pub(super) fn require_no_unread_exam(&self, images: &ExamRecord) -> Result<(), StudyError> {
        let exams = self.exams()?;
        exams.iter().filter(|exam| share_an_image(images, exam)).try_for_each(|exam| self.require_read_by_all(&exam.exam))
    }

    fn has_still_to_read(&self, reader: &ReaderCode, exam: &ExamCode) -> Result<bool, StudyError> {
        if !self.sealed_by(reader, exam)? {
            return Ok(true);
        }
        for number in self.read_numbers(reader, exam)? {
            if ReadView::open(&self.layout().read(reader, exam, number))?.sealed()?.is_none() {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether any image of two exams is the same file, byte for byte: codes differ between atlas, study and packets.
fn share_an_image(one: &ExamRecord, other: &ExamRecord) -> bool {
    one.sequences.iter().any(|a| other.sequences.iter().any(|b| a.image_sha256 == b.image_sha256))
}
