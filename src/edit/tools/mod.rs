//! Tools: plain geometry that says which voxels of a slice to write. None of them writes.
//!
//! Positions on a slice are in-plane pixels (u, v) of a [`crate::space::SlicePlane`]: u to the right, v down, pixel centres
//! are whole numbers, and pixel (0, 0) is the top left one. Voxels come line by line (v, then u) unless said otherwise.

pub mod adopt;
pub mod brush;
pub mod fill;
pub mod interpolate;
pub mod outline;
pub mod polygon;
pub mod rule;
pub mod threshold;

pub use adopt::{AdoptScope, Adoption};
pub use brush::{Brush, BrushShape};
pub use fill::flood_fill;
pub use interpolate::between_slices;
pub use outline::{Hit, OutlineDraft};
pub use rule::{LabelSet, PaintRule};
pub use threshold::threshold;
