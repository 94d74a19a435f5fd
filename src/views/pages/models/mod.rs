//! The Models workspace: training, versions and where they came from, the way back.

mod comparison;
mod errors;
mod lineage;
mod running;
mod versions;
mod workspace;

pub use workspace::models_ui;
