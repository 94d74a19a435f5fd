//! What can go wrong while learning or proposing.

use crate::volume::{GridMismatch, LabelsError, NoMemory};
use thiserror::Error;

/// Why a step, a prediction or a preparation ended without a result.
#[derive(Debug, Error)]
pub enum LearnError {
    /// The caller asked to stop; weights are as before the step.
    #[error("stopped on request")]
    Cancelled,
    /// The loss or a gradient was no number; weights are the last good ones.
    #[error(
        "training became unstable at step {step}: the loss is not a number; lower the learning rate and go on from the last good weights"
    )]
    NotFinite {
        /// The step, counted from 1.
        step: u64,
    },
    /// Nothing to learn from.
    #[error("no pixel of this batch is labelled; mark at least one slice as done")]
    NothingLabelled,
    /// No slices at all.
    #[error("there are no slices to learn from; mark at least one slice as done")]
    NoExamples,
    /// A slice that does not suit the model.
    #[error("this slice does not suit the model: {0}")]
    Unsuited(String),
    /// A number of sequences other than the model's.
    #[error("the model needs {expected} sequence(s) of an exam, not {given}")]
    Sequences {
        /// Sequences of the specification.
        expected: usize,
        /// Sequences handed over.
        given: usize,
    },
    /// A slice number beyond the volume.
    #[error("there is no slice {slice}: the volume has {slices} slices, counted from 0")]
    NoSuchSlice {
        /// The slice asked for.
        slice: usize,
        /// Slices of the volume.
        slices: usize,
    },
    /// Sequences on different grids.
    #[error("the sequences of an exam must share a grid: {0}")]
    Grid(#[from] GridMismatch),
    /// Labels and grid differ in size.
    #[error(transparent)]
    Labels(#[from] LabelsError),
    /// No memory for slices or maps.
    #[error(transparent)]
    NoMemory(#[from] NoMemory),
    /// The device's library failed.
    #[error("the computing device failed ({0}); begin with --device cpu")]
    Device(String),
}

impl From<candle_core::Error> for LearnError {
    fn from(error: candle_core::Error) -> Self {
        Self::Device(error.to_string())
    }
}
