//! The U-Net: its shape, its weights, and the engines that compute it.

mod arena;
mod candle;
mod deep;
mod dropout;
mod engine;
mod parameters;
mod pooled;
mod shape;
mod tape;

pub(in crate::learn) use candle::CandleEngine;
pub(in crate::learn) use dropout::Dropout;
pub(in crate::learn) use engine::{Batch, Engine, halt};
pub(in crate::learn) use parameters::{Parameters, normal};
pub(in crate::learn) use pooled::Pooled;
pub(in crate::learn) use shape::UNetShape;
pub(in crate::learn) use tape::Tape;

#[cfg(test)]
mod tests;
