//! Which code computes convolutions of which stored numbers.

use super::{Conv3, Source, Up2};
use crate::learn::kernel::{Bf16, Element};

/// A stored number that convolutions are written for.
pub trait Value: Element {
    /// See [`Conv3::forward`].
    fn conv3(conv: &Conv3, sources: &[Source<'_, Self>], weight: &[f32], out: &mut [Self]);
    /// See [`Conv3::input_gradient`].
    fn conv3_input_gradient(conv: &Conv3, gradient: &[Self], weight: &[f32], outs: &mut [Vec<Self>]);
    /// See [`Conv3::weight_gradient`].
    fn conv3_weight_gradient(conv: &Conv3, sources: &[Source<'_, Self>], gradient: &[Self], scratch: &mut Vec<f32>, out: &mut [f32]);
    /// See [`Up2::forward`].
    fn up2(conv: &Up2, values: &[Self], weight: &[f32], out: &mut [Self]);
    /// See [`Up2::input_gradient`].
    fn up2_input_gradient(conv: &Up2, gradient: &[Self], weight: &[f32], out: &mut [Self]);
    /// See [`Up2::weight_gradient`].
    fn up2_weight_gradient(conv: &Up2, values: &[Self], gradient: &[Self], scratch: &mut Vec<f32>, out: &mut [f32]);
}

impl Value for f32 {
    fn conv3(conv: &Conv3, sources: &[Source<'_, Self>], weight: &[f32], out: &mut [Self]) {
        conv.forward_f32(sources, weight, out);
    }

    fn conv3_input_gradient(conv: &Conv3, gradient: &[Self], weight: &[f32], outs: &mut [Vec<Self>]) {
        conv.input_gradient_f32(gradient, weight, outs);
    }

    fn conv3_weight_gradient(conv: &Conv3, sources: &[Source<'_, Self>], gradient: &[Self], scratch: &mut Vec<f32>, out: &mut [f32]) {
        conv.weight_gradient_f32(sources, gradient, scratch, out);
    }

    fn up2(conv: &Up2, values: &[Self], weight: &[f32], out: &mut [Self]) {
        conv.forward_f32(values, weight, out);
    }

    fn up2_input_gradient(conv: &Up2, gradient: &[Self], weight: &[f32], out: &mut [Self]) {
        conv.input_gradient_f32(gradient, weight, out);
    }

    fn up2_weight_gradient(conv: &Up2, values: &[Self], gradient: &[Self], scratch: &mut Vec<f32>, out: &mut [f32]) {
        conv.weight_gradient_f32(values, gradient, scratch, out);
    }
}

impl Value for Bf16 {
    fn conv3(conv: &Conv3, sources: &[Source<'_, Self>], weight: &[f32], out: &mut [Self]) {
        conv.forward_bf16(sources, weight, out);
    }

    fn conv3_input_gradient(conv: &Conv3, gradient: &[Self], weight: &[f32], outs: &mut [Vec<Self>]) {
        conv.input_gradient_bf16(gradient, weight, outs);
    }

    fn conv3_weight_gradient(conv: &Conv3, sources: &[Source<'_, Self>], gradient: &[Self], scratch: &mut Vec<f32>, out: &mut [f32]) {
        conv.weight_gradient_bf16(sources, gradient, scratch, out);
    }

    fn up2(conv: &Up2, values: &[Self], weight: &[f32], out: &mut [Self]) {
        conv.forward_bf16(values, weight, out);
    }

    fn up2_input_gradient(conv: &Up2, gradient: &[Self], weight: &[f32], out: &mut [Self]) {
        conv.input_gradient_bf16(gradient, weight, out);
    }

    fn up2_weight_gradient(conv: &Up2, values: &[Self], gradient: &[Self], scratch: &mut Vec<f32>, out: &mut [f32]) {
        conv.weight_gradient_bf16(values, gradient, scratch, out);
    }
}
