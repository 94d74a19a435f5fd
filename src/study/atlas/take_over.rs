//! An exam of the study as an example in its atlas, with the mask that was agreed on.

use super::store::{AtlasNotes, put_mask};
use crate::study::code::{fresh_exam_code, fresh_patient_code};
use crate::study::packet::recode::copy_recoded;
use crate::study::store::reading_grid;
use crate::study::{ExamCode, ExamRecord, MEETING_READER, ReaderCode, Study, StudyError};
use crate::volume::Labels;
use rand::Rng;
use std::collections::BTreeSet;

impl Study {
    /// Refuses an exam that somebody has still to read: its agreed mask would tell them what to draw. That is every reader of the
    /// protocol who has not sealed as many reads as it asks for, and whoever has begun a read and not sealed it.
    ///
    /// # Errors
    /// If somebody has, or the reads cannot be listed or are damaged.
    pub fn require_read_by_all(&self, exam: &ExamCode) -> Result<(), StudyError> {
        let mut waited_for = BTreeSet::new();
        for rule in self.protocol().readers().iter().filter(|rule| rule.code.as_str() != MEETING_READER) {
            if !self.sealed_by(&rule.code, exam)? {
                waited_for.insert(rule.code.clone());
            }
        }
        for (header, view) in self.reads_for_comparison(exam)? {
            // The meeting itself starts from the agreed mask.
            if header.reader.as_str() != MEETING_READER && view.sealed()?.is_none() {
                waited_for.insert(header.reader);
            }
        }
        if waited_for.is_empty() {
            return Ok(());
        }
        let who = waited_for.iter().map(ReaderCode::as_str).collect::<Vec<_>>().join(", ");
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
        let known = atlas.records()?;
        let image = &record.sequence(&record.reading_sequence)?.image_sha256;
        let same = |r: &&ExamRecord| r.sequences.iter().any(|s| s.image_sha256 == *image);
        if let Some(there) = known.iter().find(same) {
            return Err(refused(format!("the atlas holds {exam} already, as {}", there.exam)));
        }
        let studied = self.exams()?;
        let used = |c: &ExamCode| layout.exam(c).exists() || layout.atlas_mask(c).exists() || studied.iter().any(|r| r.exam == *c);
        let code = fresh_exam_code(rng, used);
        let taken = |p: &_| studied.iter().chain(&known).any(|r| r.patient == *p);
        let patient = fresh_patient_code(rng, taken);
        // The mask first: the exam is one of the atlas, whole, once its folder has its name.
        let added = put_mask(layout, &code, &reading_grid(&record)?, mask, notes)
            .and_then(|()| copy_recoded(self.layout(), &record, &code, &patient, layout));
        if added.is_err() {
            for left in [layout.atlas_mask(&code), layout.atlas_notes(&code)] {
                let _ = std::fs::remove_file(left);
            }
        }
        added.map(|()| code)
    }
}
