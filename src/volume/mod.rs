//! Grids of voxels: images that never change and label maps that share what they have in common.

mod components;
mod distance;
mod greys;
mod grid;
mod image;
mod labels;
mod memory;
mod pace;
mod placing;
mod resample;
mod scheme;
mod standardise;
mod stats;

pub use components::{Component, connected_component};
pub use distance::{squared_distance, squared_distance_while};
pub use greys::GreySummary;
pub use grid::{Grid, GridError, GridMismatch};
pub use image::{Image, ImageError};
pub use labels::{Labels, LabelsError, TILE, TileId};
pub use memory::{NoMemory, require_room, with_room};
pub use pace::Pace;
pub use placing::{Placing, PlacingError, place, place_slices};
pub use resample::resample;
pub use scheme::{LabelClass, LabelScheme, LayerKind, Rgb};
pub use standardise::{LANDMARK_PERCENTS, Landmarks, Standard, StandardMap};
pub use stats::{Histogram, LabelCounts, percentile};
