//! Standardised display: windows, the protocol's rule for them, and how far a reader may leave it.

mod rule;
mod window;

pub(super) use rule::AIR_BLACK_K;
pub use rule::{DisplayRule, FattyMarrow};
pub use window::{Window, WindowPreset};
