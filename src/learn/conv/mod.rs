//! Convolutions of the U-Net on the CPU: 3×3 same, 2×2 transposed with stride 2, and 1×1; each forward and backward.
//!
//! Activations are `[batch][height][width][channel]`; weights are kept as PyTorch and candle keep them. Work is cut
//! into fixed ranges of rows, never by the number of threads, so that results repeat bit by bit.

mod conv3;
mod conv3_bf16;
mod extent;
mod point;
mod ranges;
mod up2;
mod up2_bf16;
mod value;

pub(in crate::learn) use conv3::{Conv3, Source};
pub(in crate::learn) use extent::Extent;
pub(in crate::learn) use point::Point;
pub(in crate::learn) use up2::Up2;
pub(in crate::learn) use value::Value;

#[cfg(test)]
mod tests;
