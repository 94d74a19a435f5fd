//! Painting: gestures, the only writer of labels, and a history without limit.

mod patch;
mod row;

pub use patch::{Patch, PatchError, Run};
pub use row::{CommitKind, Row, RowAction};
