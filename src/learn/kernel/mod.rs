//! The one arithmetic loop that convolutions are made of, for each instruction set.

mod element;
mod flat;
mod path;
mod portable;
mod sweep;
#[cfg(target_arch = "x86_64")]
mod x86;

pub(in crate::learn) use element::Element;
pub(in crate::learn) use flat::{for_wide_vectors, repeat_channels};
pub use path::InstructionPath;
pub(in crate::learn) use sweep::{Panels, Sweep};
