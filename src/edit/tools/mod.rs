//! Tools: plain geometry that says which voxels of a slice to write. None of them writes.
//!
//! Positions on a slice are in-plane pixels (u, v) of a [`crate::space::SlicePlane`]: u to the right, v down, pixel centres
//! are whole numbers, and pixel (0, 0) is the top left one. Voxels come line by line (v, then u) unless said otherwise.

pub mod adopt;
mod block;
pub mod brush;
pub mod fill;
mod grow;
pub mod interpolate;
mod livewire;
mod morph;
mod operation;
pub mod outline;
pub mod polygon;
pub mod rule;
mod scene;
mod square;

pub use adopt::{AdoptScope, Adoption};
pub use block::Block;
pub use brush::{Brush, BrushShape};
pub use interpolate::between_slices;
pub use livewire::{LiveWire, simplified};
pub use operation::{Operation, Write};
pub use outline::{Hit, OutlineDraft};
pub use rule::{LabelSet, PaintRule};
pub use scene::{Limits, Scene, Scope};
pub use square::{Placed, Region, Square};
