//! Files of weights, as bytes: safetensors, and PyTorch's zipped pickle. Nothing in a file is ever run.
//!
//! This folder names nothing of the rest of the crate, so that the fuzzer can take it in alone.

mod error;
mod pickle;
mod torch;
mod value;
mod weights;
mod zip;

pub use error::FileError;
pub use weights::WeightsFile;
