//! Where things are: millimetres, RAS+ world axes, voxel centres.
//!
//! Nothing here knows of pixels on a screen or of files; everything else in the program may name this module.

mod affine;
mod orientation;
mod plane;
mod region;
mod spacing;

pub use affine::{Affine, AffineError};
pub use orientation::{Anatomical, axis_codes, axis_label};
pub use plane::{PlaneKind, SlicePlane};
pub use region::VoxelBox;
pub use spacing::{Spacing, SpacingError};
