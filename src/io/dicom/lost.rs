//! A damaged DICOM file, and the exam that is not whole without it.

use super::super::error::IoError;
use super::super::finding::FindingCode;
use super::super::listing::{Sniffed, sniff};
use super::super::source::{Identity, SourceKind, SourceVolume};
use super::load::{load, read_bytes};
use super::{describe, tags};
use std::path::PathBuf;

/// A file that begins as DICOM and cannot be read, with as much of its header as is left.
#[derive(Debug)]
pub(in super::super) struct Lost {
    path: PathBuf,
    identity: Identity,
    /// How far its header goes: a file that is cut short may end within a UID, too.
    left: Left,
}

/// What is left of a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// The size of its pixels, and all that stands before it: it is an image.
    Image,
    /// Its series.
    Series,
    /// Its series, but nothing says that it was an image, or longer than it is.
    Unsure,
    /// Less than that.
    Nothing,
}

impl Lost {
    /// Looks again at a file that was refused; `None` where it is sound, of another kind, or gone.
    pub fn look(why: &IoError) -> Option<Self> {
        let (path, broke_off) = match why {
            IoError::Damaged { path, .. } => (path, true),
            // Cut off between two elements, a file looks like one without pixels.
            IoError::NotAnImage { path, .. } => (path, false),
            _ => return None,
        };
        if sniff(path).ok()? != Sniffed::Dicom {
            return None;
        }
        let bytes = read_bytes(path).ok()?;
        let marked = bytes.get(128..132) == Some(b"DICM");
        let loaded = load(path, bytes).ok();
        let view = loaded.as_ref().map(|loaded| loaded.view());
        let has = |tag| view.as_ref().is_some_and(|view| view.raw(tag).is_some());
        let left = match () {
            () if has(tags::ROWS) && broke_off => Left::Image,
            () if has(tags::ROWS) || (broke_off && has(tags::INSTANCE_NUMBER)) => Left::Series,
            () if has(tags::INSTANCE_NUMBER) => Left::Unsure,
            () if marked && broke_off => Left::Nothing,
            () => return None,
        };
        let identity = view.map(|view| describe::identity(&view)).unwrap_or_default();
        Some(Self { path: path.clone(), identity, left })
    }

    /// Whether the exam of this volume would have held the file: by what the header says, else because the volume lies in the same
    /// folder and lacks slices.
    fn belongs_with(&self, volume: &SourceVolume) -> bool {
        let Some(theirs) = volume.identity().filter(|_| volume.kind() == SourceKind::Dicom) else { return false };
        let ours = &self.identity;
        let (space, its_space) = (&ours.frame_of_reference_uid, &theirs.frame_of_reference_uid);
        let one_space = space.is_none() || its_space.is_none() || space == its_space;
        let gap = |code| matches!(code, FindingCode::MissingSlice | FindingCode::IrregularSpacing);
        let lacks_slices = volume.findings().iter().any(|finding| gap(finding.code));
        match (self.left, &ours.study_uid, &ours.series_uid) {
            (Left::Image, Some(study), _) => theirs.study_uid.as_ref() == Some(study) && one_space,
            (Left::Image | Left::Series, _, Some(series)) => theirs.series_uid.as_ref() == Some(series),
            (Left::Unsure, _, series) => lacks_slices && series.is_some() && theirs.series_uid == *series,
            _ => lacks_slices && volume.sources().iter().any(|source| source.path.parent() == self.path.parent()),
        }
    }
}

/// Tells every volume of an exam that is not whole which file is missing from it.
pub(in super::super) fn mark_not_whole(volumes: &mut [SourceVolume], lost: &[Lost]) {
    for volume in volumes {
        volume.damaged_beside = lost.iter().find(|file| file.belongs_with(volume)).map(|file| file.path.clone());
    }
}
