//! 1×1 convolution with bias: the head that gives each pixel a value per class.

use super::ranges::sum_in_ranges;
use crate::learn::kernel::{Element, InstructionPath, Panels, Sweep};
use rayon::prelude::*;

/// A 1×1 convolution. `weight` is `[outputs][inputs]`, `bias` is `[outputs]`.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// Instructions to use.
    pub path: InstructionPath,
    /// Pixels of all samples.
    pub pixels: usize,
    /// Channels before.
    pub inputs: usize,
    /// Channels after.
    pub outputs: usize,
}

/// Pixels per piece of work; a quarter of a usual second-level cache at 32 channels.
const CHUNK: usize = 4096;

impl Point {
    /// Writes `out[pixel][outputs]`.
    pub fn forward<T: Element>(&self, values: &[T], weight: &[f32], bias: &[f32], out: &mut [f32]) {
        let panels = Panels::pack(self.path, self.inputs, self.outputs, |input, output| weight[output * self.inputs + input]);
        out.par_chunks_mut(CHUNK * self.outputs).zip(values.par_chunks(CHUNK * self.inputs)).for_each_init(
            Vec::new,
            |scratch, (out, values)| {
                for pixel in out.chunks_exact_mut(self.outputs) {
                    pixel.copy_from_slice(bias);
                }
                let sweep = Sweep {
                    rows: out.len() / self.outputs,
                    columns: self.outputs,
                    segments: 1,
                    depth: self.inputs,
                    a_segment: 0,
                    a_depth: 1,
                    a_row: self.inputs,
                    b_segment: 0,
                    b_depth: 0,
                    c_row: self.outputs,
                    add: true,
                };
                sweep.run_packed(self.path, T::widened(values, scratch), &panels, out);
            },
        );
    }

    /// Writes the gradient of the input.
    pub fn input_gradient<T: Element>(&self, gradient: &[f32], weight: &[f32], out: &mut [T]) {
        let panels = Panels::pack(self.path, self.outputs, self.inputs, |output, input| weight[output * self.inputs + input]);
        out.par_chunks_mut(CHUNK * self.inputs).enumerate().for_each(|(chunk, out)| {
            let sweep = Sweep {
                rows: out.len() / self.inputs,
                columns: self.inputs,
                segments: 1,
                depth: self.outputs,
                a_segment: 0,
                a_depth: 1,
                a_row: self.outputs,
                b_segment: 0,
                b_depth: 0,
                c_row: self.inputs,
                add: false,
            };
            let gradient = &gradient[chunk * CHUNK * self.outputs..];
            T::fill_with(out, |out| sweep.run_packed(self.path, gradient, &panels, out));
        });
    }

    /// Writes the gradients of weight and bias.
    pub fn weight_gradient<T: Element>(
        &self,
        values: &[T],
        gradient: &[f32],
        scratch: &mut Vec<f32>,
        weight: &mut [f32],
        bias: &mut [f32],
    ) {
        let (inputs, outputs) = (self.inputs, self.outputs);
        // One more row of the sum holds the bias: its input is always 1.
        sum_in_ranges(self.pixels, CHUNK, 1, (inputs + 1) * outputs, scratch, |_, pixels, sums| {
            let sweep = Sweep {
                rows: inputs,
                columns: outputs,
                segments: 1,
                depth: pixels.len(),
                a_segment: 0,
                a_depth: inputs,
                a_row: 1,
                b_segment: 0,
                b_depth: outputs,
                c_row: outputs,
                add: true,
            };
            let of_range = &gradient[pixels.start * outputs..pixels.end * outputs];
            let values = &values[pixels.start * inputs..pixels.end * inputs];
            sweep.run(self.path, T::widened(values, &mut Vec::new()), of_range, sums);
            let ones = Sweep { rows: 1, a_depth: 0, a_row: 0, ..sweep };
            ones.run(self.path, &[1.0], of_range, &mut sums[inputs * outputs..]);
        });
        for (output, row) in weight.chunks_mut(inputs).enumerate() {
            for (input, value) in row.iter_mut().enumerate() {
                *value = scratch[input * outputs + output];
            }
        }
        bias.copy_from_slice(&scratch[inputs * outputs..(inputs + 1) * outputs]);
    }
}
