//! 2×2 transposed convolution with stride 2: each pixel becomes a block of 2×2.

use super::{Extent, Value, ranges::sum_in_ranges};
use crate::learn::kernel::{InstructionPath, Panels, Sweep};
use rayon::prelude::*;

/// A transposed convolution without bias. `weight` is `[inputs][outputs][2][2]`.
#[derive(Clone, Copy, Debug)]
pub struct Up2 {
    /// Instructions to use.
    pub path: InstructionPath,
    /// Pixels before; there are twice as many rows and columns after.
    pub extent: Extent,
    /// Channels before.
    pub inputs: usize,
    /// Channels after.
    pub outputs: usize,
}

impl Up2 {
    /// Writes `out[batch][2 height][2 width][outputs]`.
    pub fn forward<T: Value>(&self, values: &[T], weight: &[f32], out: &mut [T]) {
        T::up2(self, values, weight, out);
    }

    /// Writes the gradient of the input from that of the output.
    pub fn input_gradient<T: Value>(&self, gradient: &[T], weight: &[f32], out: &mut [T]) {
        T::up2_input_gradient(self, gradient, weight, out);
    }

    /// Writes the gradient of the weight, `[inputs][outputs][2][2]`.
    pub fn weight_gradient<T: Value>(&self, values: &[T], gradient: &[T], scratch: &mut Vec<f32>, out: &mut [f32]) {
        T::up2_weight_gradient(self, values, gradient, scratch, out);
    }

    pub(super) fn forward_f32(&self, values: &[f32], weight: &[f32], out: &mut [f32]) {
        let (width, pair) = (self.extent.width, 2 * self.outputs);
        // One row of input makes two rows of output, each of pairs (left, right) of pixels.
        let panels: Vec<Panels> = (0..2)
            .map(|a| {
                Panels::pack(self.path, self.inputs, pair, |input, column| {
                    let (b, output) = (column / self.outputs, column % self.outputs);
                    weight[((input * self.outputs + output) * 2 + a) * 2 + b]
                })
            })
            .collect();
        let sweep =
            Sweep { rows: width, columns: pair, segments: 1, depth: self.inputs, a_row: self.inputs, a_depth: 1, c_row: pair, ..NOTHING };
        out.par_chunks_mut(2 * width * pair).enumerate().for_each(|(row, out)| {
            let from = &values[row * width * self.inputs..];
            for (panels, out) in panels.iter().zip(out.chunks_mut(width * pair)) {
                sweep.run_packed(self.path, from, panels, out);
            }
        });
    }

    pub(super) fn input_gradient_f32(&self, gradient: &[f32], weight: &[f32], out: &mut [f32]) {
        let (width, pair) = (self.extent.width, 2 * self.outputs);
        let panels = Panels::pack(self.path, 2 * pair, self.inputs, |k, input| {
            let (a, b, output) = (k / pair, k % pair / self.outputs, k % self.outputs);
            weight[((input * self.outputs + output) * 2 + a) * 2 + b]
        });
        let sweep = Sweep {
            rows: width,
            columns: self.inputs,
            segments: 2,
            depth: pair,
            a_segment: width * pair,
            a_depth: 1,
            a_row: pair,
            c_row: self.inputs,
            ..NOTHING
        };
        out.par_chunks_mut(width * self.inputs).enumerate().for_each(|(row, out)| {
            sweep.run_packed(self.path, &gradient[row * 2 * width * pair..], &panels, out);
        });
    }

    pub(super) fn weight_gradient_f32(&self, values: &[f32], gradient: &[f32], scratch: &mut Vec<f32>, out: &mut [f32]) {
        let (width, pair) = (self.extent.width, 2 * self.outputs);
        let rows = self.extent.batch * self.extent.height;
        sum_in_ranges(rows, (4096 / width.max(1)).max(1), 2, self.inputs * pair, scratch, |a, rows, sums| {
            let sweep = Sweep {
                rows: self.inputs,
                columns: pair,
                segments: rows.len(),
                depth: width,
                a_segment: width * self.inputs,
                a_depth: self.inputs,
                a_row: 1,
                b_segment: 2 * width * pair,
                b_depth: pair,
                c_row: pair,
                add: true,
            };
            sweep.run(self.path, &values[rows.start * width * self.inputs..], &gradient[(2 * rows.start + a) * width * pair..], sums);
        });
        for (input, out) in out.chunks_mut(4 * self.outputs).enumerate() {
            for (n, value) in out.iter_mut().enumerate() {
                let (output, a, b) = (n / 4, n / 2 % 2, n % 2);
                *value = scratch[(a * self.inputs + input) * pair + b * self.outputs + output];
            }
        }
    }
}

const NOTHING: Sweep = Sweep {
    rows: 0,
    columns: 0,
    segments: 0,
    depth: 0,
    a_segment: 0,
    a_depth: 0,
    a_row: 0,
    b_segment: 0,
    b_depth: 0,
    c_row: 0,
    add: false,
};
