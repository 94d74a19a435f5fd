//! Osteon's map, in reading order. No code lives here.

pub mod space;
pub mod volume;
