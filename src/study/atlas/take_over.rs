//! An exam of the study as an example in its atlas, with the mask that was agreed on.

use super::store::{AtlasNotes, put_mask};
use crate::study::code::{fresh_exam_code, fresh_patient_code};
use crate::study::packet::recode::copy_recoded;
use crate::study::{ExamCode, ExamRecord, MEETING_READER, ReaderCode, Study, StudyError};
use crate::volume::Labels;
use rand::Rng;

impl Study {
    /// Refuses an exam that a reader of the protocol has still to seal a read of: its agreed mask would tell them what to draw.
    ///
    /// # Errors
    /// If somebody has, or the reads cannot be listed or are damaged.
    pub fn require_read_by_all(&self, exam: &ExamCode) -> Result<(), StudyError> {
        let mut sealed = Vec::new();
        for (header, view) in self.reads_for_comparison(exam)? {
            if view.sealed()?.is_some() {
                sealed.push(header.reader);
            }
        }
        let readers = self.protocol().readers().iter().map(|rule| &rule.code);
        let unread: Vec<&str> =
            readers.filter(|code| code.as_str() != MEETING_READER && !sealed.contains(code)).map(ReaderCode::as_str).collect();
        if unread.is_empty() {
            return Ok(());
        }
        let who = unread.join(", ");
        let problem = format!("{exam} waits for sealed reads by {who}, who would see the agreed mask; add it once they are in");
        Err(StudyError::Atlas { path: self.atlas().layout().root().to_owned(), problem })
    }

    /// Copies an exam into the atlas under codes of its own, with the mask that was agreed on.
    ///
    /// # Errors
    /// If somebody has still to read it, the atlas holds it already, the mask does not lie on its grid or is empty, or a file
    /// cannot be written; nothing is added then.
    pub fn take_into_atlas(&self, exam: &ExamCode, mask: &Labels, notes: &AtlasNotes, rng: &mut impl Rng) -> Result<ExamCode, StudyError> {
        let atlas = self.atlas();
        let layout = atlas.layout();
        let refused = |problem: String| StudyError::Atlas { path: layout.root().to_owned(), problem };
        self.require_read_by_all(exam)?;
        if mask.counts().of(0) == mask.grid().voxel_count() {
            return Err(refused(format!("the mask of {exam} is empty; choose another one")));
        }
        let record = self.exam(exam)?;
        let codes = layout.exam_codes().map_err(|e| StudyError::list(layout.exams(), e))?;
        let known = codes.iter().map(|code| ExamRecord::load(layout, code)).collect::<Result<Vec<_>, _>>()?;
        let image = &record.sequence(&record.reading_sequence)?.image_sha256;
        let same = |r: &&ExamRecord| r.sequences.iter().any(|s| s.image_sha256 == *image);
        if let Some(there) = known.iter().find(same) {
            return Err(refused(format!("the atlas holds {exam} already, as {}", there.exam)));
        }
        let studied = self.exams()?;
        let code = fresh_exam_code(rng, |c| codes.contains(c) || studied.iter().any(|r| r.exam == *c));
        let taken = |p: &_| studied.iter().chain(&known).any(|r| r.patient == *p);
        let patient = fresh_patient_code(rng, taken);
        let added = copy_recoded(self.layout(), &record, &code, &patient, layout).and_then(|()| put_mask(layout, &code, mask, notes));
        if added.is_err() {
            // An exam without a mask would stand in the way of the next attempt.
            let _ = std::fs::remove_dir_all(layout.exam(&code));
        }
        added.map(|()| code)
    }
}
