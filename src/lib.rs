//! Osteon's map, in reading order. No code lives here.

pub mod edit;
pub mod space;
pub mod volume;
