//! Undo and redo of steps whose voxels have left memory.

use crate::edit::ReadLayers;
use crate::worker::message::RequestId;

/// What is to be done when the voxels of a step have been read from the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Awaited {
    /// The request that they answer.
    pub request: RequestId,
    /// The step.
    pub row: u64,
    /// Take it back; otherwise do it again.
    pub undo: bool,
    /// How often it was asked for meanwhile.
    pub times: u32,
    /// The step that is to be the last one in force in the end.
    pub goal: Option<u64>,
}

impl Awaited {
    /// Whether the step still is the next one: nothing was painted, undone or redone since.
    pub fn is_in_turn(&self, layers: &ReadLayers) -> bool {
        let history = layers.history();
        let next = if self.undo { history.next_undo() } else { history.next_redo() };
        next.is_some_and(|(row, _)| row == self.row)
    }
}
