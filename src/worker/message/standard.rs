//! The study's standard scale of grey values.

use crate::volume::Standard;

/// A scale and what it was learnt from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StandardScale {
    /// Where the landmarks lie.
    pub standard: Standard,
    /// Exams it was learnt from.
    pub exams: usize,
}
