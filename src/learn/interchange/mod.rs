//! Weights from elsewhere and to elsewhere: PyTorch's files and safetensors, by maps of names.

mod error;
mod export;
mod file;
mod import;
mod layout;

pub use error::ImportError;
pub use export::export;
pub use import::{ImportWish, Imported, import};

/// The entry of a safetensors file's metadata that holds the model's card.
const NOTE: &str = "osteon_card";

#[cfg(test)]
mod tests;
