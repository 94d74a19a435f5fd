//! One line of a read's journal: what happened, as plain data.

use super::tools::Square;
use super::{Patch, ReferencePlace};
use crate::volume::LayerKind;
use std::sync::Arc;

/// How labels came to be: the provenance of every voxel that a commit changed, background included.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CommitKind {
    /// Painted or erased by hand.
    Hand,
    /// By grey value within a region that the reader drew.
    Threshold,
    /// A closed outline or a gap filled.
    Filled,
    /// Between two slices.
    Interpolated,
    /// From a neighbouring slice.
    Copied,
    /// A model's proposal, adopted by the reader; names model and version.
    Adopted(String),
    /// A consensus of several reads.
    Consensus,
    /// From a file.
    Imported,
    /// A model's proposal accepted whole in triage; names model and version.
    Accepted(String),
}

impl CommitKind {
    /// The word kept in the journal; model versions stand apart (see [`CommitKind::model`]).
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Hand => "hand",
            Self::Threshold => "threshold",
            Self::Filled => "filled",
            Self::Interpolated => "interpolated",
            Self::Copied => "copied",
            Self::Adopted(_) => "adopted",
            Self::Consensus => "consensus",
            Self::Imported => "imported",
            Self::Accepted(_) => "accepted",
        }
    }

    /// Model and version behind it, if a model was.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        match self {
            Self::Adopted(model) | Self::Accepted(model) => Some(model),
            _ => None,
        }
    }

    /// The kind that a journal's word and model name.
    #[must_use]
    pub fn from_word(word: &str, model: Option<&str>) -> Option<Self> {
        Some(match (word, model) {
            ("hand", _) => Self::Hand,
            ("threshold", _) => Self::Threshold,
            ("filled", _) => Self::Filled,
            ("interpolated", _) => Self::Interpolated,
            ("copied", _) => Self::Copied,
            ("consensus", _) => Self::Consensus,
            ("imported", _) => Self::Imported,
            ("adopted", Some(model)) => Self::Adopted(model.to_owned()),
            ("accepted", Some(model)) => Self::Accepted(model.to_owned()),
            _ => return None,
        })
    }
}

/// What a row did.
#[derive(Clone, Debug, PartialEq)]
pub enum RowAction {
    /// Labels changed.
    Paint {
        /// The layer.
        layer: LayerKind,
        /// How.
        kind: CommitKind,
        /// Which voxels.
        patch: Arc<Patch>,
    },
    /// A slice was marked done, or no longer done.
    Done {
        /// The layer.
        layer: LayerKind,
        /// Slice number from 0 along the acquisition plane's axis.
        slice: u32,
        /// The new state.
        done: bool,
    },
    /// A row was taken back.
    Undo {
        /// Number of that row.
        row: u64,
    },
    /// A row that was taken back was done again.
    Redo {
        /// Number of that row (the original one, not the undo).
        row: u64,
    },
    /// A closed bone outline was set, changed or removed (`points` empty); kept as a curve beside the mask it filled.
    Outline {
        /// Number of the outline, unique within the read.
        id: u32,
        /// Label of the bone layer.
        label: u8,
        /// Slice number from 0.
        slice: u32,
        /// Corners as in-plane pixel positions (u, v) of the acquisition plane; pixel centres are whole numbers.
        points: Vec<[f32; 2]>,
        /// The corners before, so that undo needs no other row.
        before: Vec<[f32; 2]>,
        /// The voxels that the change filled or cleared in the bone layer.
        patch: Arc<Patch>,
    },
    /// The fatty-marrow reference was placed, moved or (`None`) taken away.
    Reference {
        /// The new place.
        place: Option<ReferencePlace>,
        /// The place before, so that undo needs no other row.
        before: Option<ReferencePlace>,
    },
    /// The metaphysis square of a bone was set, moved, turned or (`None`) taken away.
    Square {
        /// Label of the bone layer.
        bone: u8,
        /// The new square.
        square: Option<Box<Square>>,
        /// The square before, so that undo needs no other row.
        before: Option<Box<Square>>,
    },
    /// A remark that changes nothing and cannot be taken back.
    Note {
        /// What kind of remark: `conditions`, …
        topic: String,
        /// The remark.
        text: String,
    },
}

/// One row of the journal, numbered from 1 in the order of happening.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its number.
    pub n: u64,
    /// Name for the history: `Brush level 2, slice 8`.
    pub name: String,
    /// What it did.
    pub action: RowAction,
}
