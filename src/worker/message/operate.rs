//! An operation on whole shapes, as plain data.

use crate::edit::CommitKind;
use crate::edit::tools::{Operation, Scene, Scope, Write};
use crate::study::ExamCode;
use crate::volume::LayerKind;

/// What to do with a layer as it was when asked.
#[derive(Clone, Debug)]
pub struct OperateRequest {
    /// The open exam.
    pub exam: ExamCode,
    /// What to do.
    pub operation: Operation,
    /// With how much of it.
    pub scope: Scope,
    /// The read as it was.
    pub scene: Scene,
    /// Name for the history.
    pub name: String,
    /// Revision of the layer when asked.
    pub base_revision: u64,
}

/// The changes that came out.
#[derive(Clone, Debug)]
pub struct Operated {
    /// The exam it was asked for.
    pub exam: ExamCode,
    /// The layer.
    pub layer: LayerKind,
    /// How the voxels came to be.
    pub kind: CommitKind,
    /// Name for the history.
    pub name: String,
    /// Positions in memory and their labels.
    pub writes: Vec<Write>,
    /// Revision of the layer when asked.
    pub base_revision: u64,
}
