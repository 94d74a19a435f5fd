//! A synthetic child's knee for the demo, tests and benchmarks: drawn from formulas, seeded, no patient's image in it.
//!
//! In the manner of a coronal T2-weighted Dixon (water-only image with its fat-only companion), with noise-free truth
//! and four simulated readers who differ as people do.

mod anatomy;
mod coil;
mod knee;
mod marrow;
mod noise;
mod pose;
mod reader;
mod scene;
mod shape;
mod soft;
mod strokes;
mod tissue;

pub use knee::{KneeError, KneeExam, Side, knee};
pub use reader::SimulatedReader;
pub use strokes::{SimulatedStroke, strokes_between, strokes_for};
