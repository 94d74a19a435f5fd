//! The narrow interface between training and whatever computes the net.

use super::{Dropout, Parameters};
use crate::learn::conv::Extent;
use crate::learn::error::LearnError;
use crate::learn::ops::Loss;
use std::sync::atomic::{AtomicBool, Ordering};

/// Planes of a batch, `[batch][height][width][channel]`; rows and columns are multiples of the net's.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// Pixels.
    pub extent: Extent,
    /// Input values.
    pub planes: &'a [f32],
    /// Channels of the deepest level to drop.
    pub dropout: Option<Dropout>,
}

/// Something that computes a U-Net: the CPU's own operators, candle on any device, and later others.
pub trait Engine: Send {
    /// Values per pixel and class before softmax, `[batch][height][width][class]`.
    ///
    /// # Errors
    /// [`LearnError::Cancelled`] soon after `stop` is set; [`LearnError::Device`] if the device fails.
    fn logits(&mut self, parameters: &Parameters, batch: Batch<'_>, stop: &AtomicBool) -> Result<Vec<f32>, LearnError>;

    /// The loss; writes the gradient of every weight. `None` if no pixel is labelled.
    ///
    /// # Errors
    /// As [`Engine::logits`].
    fn gradients(
        &mut self,
        parameters: &Parameters,
        batch: Batch<'_>,
        labels: &[u8],
        loss: &Loss,
        out: &mut Parameters,
        stop: &AtomicBool,
    ) -> Result<Option<f64>, LearnError>;
}

/// Looks at the flag; called between layers.
pub fn halt(stop: &AtomicBool) -> Result<(), LearnError> {
    if stop.load(Ordering::Relaxed) { Err(LearnError::Cancelled) } else { Ok(()) }
}
