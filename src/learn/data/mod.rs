//! From images and labels to the slices that a net takes in, and back.

mod augment;
mod clahe;
mod example;
mod filters;
mod plane;
mod prepared;
mod recipe;
mod sampler;

pub use augment::Augmentation;
pub use example::Example;
pub(in crate::learn) use plane::{crop, pad};
pub(in crate::learn) use prepared::likeliest;
pub use prepared::{PreparedSlices, learnt_recipe};
pub use recipe::{Recipe, RecipeStep};
pub use sampler::{Crop, Sampler, balanced_weights};
