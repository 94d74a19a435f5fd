//! The reader's worklist: where they left off, and what they say of slices.

use super::exam::read_bounded;
use super::{ExamCode, ReaderCode, Study, StudyError};
use crate::edit::{Row, RowAction};
use crate::io::atomic_write;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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

/// Slices that a reader has had on screen in this read, in whatever sitting. Kept as notes of the journal: what is still to be looked
/// at must not begin anew when the program does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlicesSeen(BTreeSet<usize>);

impl SlicesSeen {
    /// Topic of the note.
    pub const TOPIC: &str = "seen";

    /// Takes a row in.
    pub fn take_in(&mut self, row: &Row) {
        if let RowAction::Note { topic, text } = &row.action
            && topic == Self::TOPIC
        {
            self.0.extend(serde_json::from_str::<Vec<usize>>(text).unwrap_or_default());
        }
    }

    /// Whether a slice is among them.
    #[must_use]
    pub fn holds(&self, slice: usize) -> bool {
        self.0.contains(&slice)
    }

    /// Adds slices; those that are new as the text of a note, `None` where there is none.
    pub fn add(&mut self, slices: impl Iterator<Item = usize>) -> Option<String> {
        let new: Vec<usize> = slices.filter(|slice| self.0.insert(*slice)).collect();
        if new.is_empty() { None } else { serde_json::to_string(&new).ok() }
    }
}

/// A flag and a comment on one slice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SliceRemark {
    /// Slice from 0.
    pub slice: usize,
    /// Whether the reader wants to come back to it.
    pub flagged: bool,
    /// What the reader says.
    pub comment: String,
}

impl SliceRemark {
    /// What the journal calls such remarks.
    pub const TOPIC: &str = "slice";

    /// Longest comment, in signs.
    pub const LONGEST: usize = 500;

    /// The text of the journal's row.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// The remark of a row; `None` for other rows.
    #[must_use]
    pub fn of(row: &Row) -> Option<Self> {
        match &row.action {
            RowAction::Note { topic, text } if topic == Self::TOPIC => serde_json::from_str(text).ok(),
            _ => None,
        }
    }

    /// Takes a row into what is known so far: the last remark on a slice counts.
    pub fn take_in(remarks: &mut BTreeMap<usize, Self>, row: &Row) {
        if let Some(remark) = Self::of(row) {
            if remark.flagged || !remark.comment.is_empty() {
                remarks.insert(remark.slice, remark);
            } else {
                remarks.remove(&remark.slice);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_last_remark_counts(remarks in prop::collection::vec((0_usize..5, any::<bool>(), ".{0,12}"), 0..20)) {
            let mut known = BTreeMap::new();
            let mut plain: BTreeMap<usize, SliceRemark> = BTreeMap::new();
            for (n, (slice, flagged, comment)) in remarks.into_iter().enumerate() {
                let remark = SliceRemark { slice, flagged, comment };
                let action = RowAction::Note { topic: SliceRemark::TOPIC.to_owned(), text: remark.to_text() };
                SliceRemark::take_in(&mut known, &Row { n: n as u64 + 1, name: String::new(), action });
                plain.insert(slice, remark);
            }
            plain.retain(|_, r| r.flagged || !r.comment.is_empty());
            prop_assert_eq!(known, plain);
        }
    }
}
