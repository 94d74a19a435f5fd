//! The Compare workspace: what is compared at the left, the maps in the middle, figures and findings at the right.

mod box_plot;
mod choices;
mod figures;
mod findings;
mod matrix;
mod names;
mod picture;
mod profile;
mod rules;
mod shown;
mod workspace;

pub use workspace::{CompareView, compare_ui};
