//! Weights from elsewhere and to elsewhere: PyTorch's files and safetensors, by maps of names.

mod error;
mod export;
mod file;
mod import;
mod layout;
mod wish;

pub use error::ImportError;
pub use export::export;
pub use import::{Imported, import};
pub use wish::ImportWish;

/// The entry of a safetensors file's metadata that holds the model's card.
const NOTE: &str = "osteon_card";

#[cfg(test)]
mod tests;
