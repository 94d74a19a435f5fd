//! From images and labels to the slices that a net takes in, and back.

mod augment;
mod clahe;
mod example;
mod filters;
mod learnt;
mod plane;
mod prepared;
mod recipe;
mod sampler;
mod sense;

pub use augment::Augmentation;
pub use example::Example;
pub use learnt::learnt_recipe;
pub(in crate::learn) use plane::{crop, pad};
pub use prepared::PreparedSlices;
pub(in crate::learn) use prepared::likeliest;
pub use recipe::{Recipe, RecipeStep};
pub use sampler::{Crop, Sampler, balanced_weights};
