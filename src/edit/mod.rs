//! Painting: gestures, the only writer of labels, and a history without limit.

mod history;
mod lines;
mod outline_edit;
mod patch;
mod read_layers;
mod recorder;
mod reference;
mod replay;
mod row;
mod squares;
mod state;
#[cfg(test)]
mod tests;
pub mod tools;
mod voxel_set;

pub use history::{History, HistoryEntry};
pub use outline_edit::OutlineEdit;
pub use patch::{Patch, PatchError, Run};
pub use read_layers::{ReadLayers, Undo};
pub use recorder::{ApplyError, Committed, GestureError, KindRuns, Recorder};
pub use reference::ReferencePlace;
pub use replay::ReplayError;
pub use row::{CommitKind, Row, RowAction};
pub use state::Outline;
pub use voxel_set::VoxelSet;
