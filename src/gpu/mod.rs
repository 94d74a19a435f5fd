//! Slices on the screen: a shader on the GPU and its twin on the CPU that gives the same pixels.
//!
//! [`SliceImage`] and [`SliceLabels`] are cut from volumes, [`SliceView`] and [`OverlayStyle`] say how they are drawn, and
//! [`Canvas`] paints them in egui with whatever the machine has.

mod adapter;
mod axis_map;
mod callback;
mod context;
mod engine;
mod frame;
mod pane;
mod shader;
mod slice;
mod slice_image;
mod slice_labels;
mod style;
pub mod twin;
mod twin_labels;
mod uniforms;
mod view;

pub use adapter::Adapter;
pub use callback::{Canvas, SliceCallback, pane_on_pixels};
pub use context::{Context, ContextError};
pub use frame::{Layer, MAX_LAYERS, PaneId, SliceFrame};
pub use slice::{PixelRect, SliceError, Stamp};
pub use slice_image::SliceImage;
pub use slice_labels::SliceLabels;
pub use style::{Contour, OverlayMode, OverlayStyle};
pub use view::{Interpolation, MAX_PANE_SIDE, SliceView};
