//! Which of a reader's reads of an exam is the reader's: one rule for Compare, report, scoring and atlas.
//! Export gives the newest finished one, and says where that is another.
//!
//! Independent reads, assisted reads and those of consensus meetings are told apart. Of each the first sealed one counts; where none is
//! sealed, the first of which every marrow slice is marked done. A later one never takes its place: whoever reads again does so to be
//! compared with themselves, and may have seen a model or a meeting since.

use crate::edit::{CommitKind, RowAction};
use crate::space::SlicePlane;
use crate::study::{ExamCode, MEETING_READER, ReadHeader, ReadState, ReadView, ReaderCode, Study};
use crate::volume::LayerKind;

/// How a read was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ReadKind {
    /// Without proposals.
    Independent,
    /// With a model's proposals on screen.
    Assisted,
    /// By a consensus meeting, or begun with a consensus: it never votes.
    Meeting,
}

/// What a read is among those that its reader made in the same way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ReadPlace {
    /// The one that counts.
    Counts,
    /// Finished beside the one that counts: compared with that one, and no more.
    Again,
    /// Not finished, with the reason.
    Unfinished(String),
}

/// One read of an exam and what it holds.
pub(super) struct ReaderRead {
    pub header: ReadHeader,
    plane: SlicePlane,
    pub view: ReadView,
    pub state: ReadState,
    pub kind: ReadKind,
    pub place: ReadPlace,
    /// When it was sealed.
    pub sealed: Option<String>,
}

impl ReaderRead {
    /// The reader's code.
    pub fn reader(&self) -> &str {
        self.header.reader.as_str()
    }

    /// The plane that was read in, as the reader saw it.
    pub const fn plane(&self) -> SlicePlane {
        self.plane
    }
}

/// Every read of an exam, reader by reader in the order of their numbers, with what it counts for. One that is damaged, or is not what
/// was sealed, stands in the way of all: left out, it would change every figure.
pub(super) fn reads_of_exam(study: &Study, exam: &ExamCode) -> Result<Vec<ReaderRead>, String> {
    let mut reads = Vec::new();
    let record = study.exam(exam).map_err(|e| e.to_string())?;
    for (header, view) in study.reads_for_comparison(exam).map_err(|e| e.to_string())? {
        let state = view.state().map_err(|e| e.to_string())?;
        let sealed = view.sealed().map_err(|e| e.to_string())?;
        let plane = record.reading().map_err(|e| e.to_string())?.plane_across(header.slice_axis)?;
        let place = unfinished(&state, sealed.is_some(), plane.slice_count()).map_or(ReadPlace::Again, ReadPlace::Unfinished);
        reads.push(ReaderRead { kind: kind_of(&header, &view), header, plane, view, state, place, sealed });
    }
    for at in 0..reads.len() {
        if counts(&reads, at) {
            reads[at].place = ReadPlace::Counts;
        }
    }
    Ok(reads)
}

/// The sealed read of a reader that counts; one without proposals before one with them.
pub(super) fn sealed_read_that_counts(study: &Study, exam: &ExamCode, reader: &ReaderCode) -> Result<Option<ReaderRead>, String> {
    let reads = reads_of_exam(study, exam)?.into_iter();
    Ok(reads.filter(|r| r.header.reader == *reader && r.sealed.is_some() && r.place == ReadPlace::Counts).min_by_key(|r| r.kind))
}

/// Whether the finished read at a place is the first sealed one of its reader and kind, or the first at all where none is sealed.
fn counts(reads: &[ReaderRead], at: usize) -> bool {
    let read = &reads[at];
    let same = |other: &&ReaderRead| other.kind == read.kind && other.header.reader == read.header.reader;
    let finished = reads.iter().filter(same).filter(|other| !matches!(other.place, ReadPlace::Unfinished(_)));
    first_that_counts(finished.map(|other| (other.header.number, other.sealed.is_some()))) == Some(read.header.number)
}

/// Of finished reads that one reader made in one way, in the order of their numbers: the first that is sealed, else the first.
pub(super) fn first_that_counts(finished: impl Iterator<Item = (u32, bool)> + Clone) -> Option<u32> {
    let sealed = finished.clone().find(|(_, is_sealed)| *is_sealed);
    sealed.or_else(|| finished.clone().next()).map(|(number, _)| number)
}

/// Why a read says nothing final of marrow; `None` where it is finished: sealed, or every slice marked done. A sealed read of bones
/// alone never looked for marrow: no label there is no finding.
pub(super) fn unfinished(state: &ReadState, is_sealed: bool, slices: usize) -> Option<String> {
    let done = state.done_count(LayerKind::Marrow);
    let of_bones = done == 0 && state.marrow.is_blank() && !state.bone.is_blank();
    if done >= slices || (is_sealed && !of_bones) {
        None
    } else if is_sealed {
        Some("it is sealed with bones alone: no marrow is painted and no slice of it is marked done".to_owned())
    } else {
        Some(format!("{done} of {slices} slices done and not sealed"))
    }
}

pub(super) fn kind_of(header: &ReadHeader, view: &ReadView) -> ReadKind {
    let begun_with = || view.row(1).is_ok_and(|row| matches!(row.row.action, RowAction::Paint { kind: CommitKind::Consensus, .. }));
    if header.reader.as_str() == MEETING_READER || (view.count() > 0 && begun_with()) {
        ReadKind::Meeting
    } else if header.assisted {
        ReadKind::Assisted
    } else {
        ReadKind::Independent
    }
}
