//! An engine that computes in a pool of threads, whoever asks.

use super::Parameters;
use super::engine::{Batch, Engine};
use crate::learn::error::LearnError;
use crate::learn::ops::Loss;
use rayon::ThreadPool;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Enters the pool for each pass alone: between two passes of a long work others have their turn.
pub struct Pooled {
    engine: Box<dyn Engine>,
    pool: Arc<ThreadPool>,
}

impl Pooled {
    pub fn new(engine: Box<dyn Engine>, pool: Arc<ThreadPool>) -> Self {
        Self { engine, pool }
    }
}

impl Engine for Pooled {
    fn logits(&mut self, parameters: &Parameters, batch: Batch<'_>, stop: &AtomicBool) -> Result<Vec<f32>, LearnError> {
        self.pool.install(|| self.engine.logits(parameters, batch, stop))
    }

    fn gradients(
        &mut self,
        parameters: &Parameters,
        batch: Batch<'_>,
        labels: &[u8],
        loss: &Loss,
        out: &mut Parameters,
        stop: &AtomicBool,
    ) -> Result<Option<f64>, LearnError> {
        self.pool.install(|| self.engine.gradients(parameters, batch, labels, loss, out, stop))
    }
}
