//! The picture: panes, their marks, what the pointer does on them, the slice strip.

mod atlas;
mod companions;
mod crosshair;
mod drafts;
mod magnifier;
pub mod marks;
mod measures;
mod notches;
mod pane;
mod place;
mod pointer;
mod slices;
mod strip;
mod thumbnail;

pub use atlas::{AtlasPane, atlas_ui};
pub use companions::{Companions, beside_ui, companions_ui, planes_ui};
pub use pane::{Pane, pane_ui};
pub use place::Place;
pub use pointer::Pointer;
pub use slices::Slices;
pub use strip::{Strip, strip_ui};
