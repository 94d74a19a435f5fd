//! Where slices meet egui: the only folder of `gpu` that names it.

mod canvas;
mod cpu_pane;
mod slice_callback;

pub use canvas::{Canvas, pane_on_pixels};
pub use slice_callback::SliceCallback;
