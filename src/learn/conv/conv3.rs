//! 3×3 convolution with a border of zeros, over one activation or over two side by side.

use super::{Extent, Value, ranges::sum_in_ranges};
use crate::learn::kernel::{InstructionPath, Panels, Sweep};
use rayon::prelude::*;

/// An activation `[batch][height][width][channels]`.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a, T> {
    /// All values.
    pub values: &'a [T],
    /// Values per pixel.
    pub channels: usize,
}

/// A convolution of `sources` (their channels joined in order) without bias. `weight` is `[outputs][inputs][3][3]`.
#[derive(Clone, Copy, Debug)]
pub struct Conv3 {
    /// Instructions to use.
    pub path: InstructionPath,
    /// Pixels, the same before and after.
    pub extent: Extent,
    /// Channels of all sources together.
    pub inputs: usize,
    /// Channels made.
    pub outputs: usize,
}

/// Values that a copied band of rows may have (1 MiB: half of a usual second-level cache).
const BAND_VALUES: usize = 1 << 17;

impl Conv3 {
    /// Writes `out[batch][height][width][outputs]`.
    pub fn forward<T: Value>(&self, sources: &[Source<'_, T>], weight: &[f32], out: &mut [T]) {
        T::conv3(self, sources, weight, out);
    }

    /// Writes the gradients of the sources, in order, from that of the output.
    pub fn input_gradient<T: Value>(&self, gradient: &[T], weight: &[f32], outs: &mut [Vec<T>]) {
        T::conv3_input_gradient(self, gradient, weight, outs);
    }

    /// Writes the gradient of the weight, `[outputs][inputs][3][3]`.
    pub fn weight_gradient<T: Value>(&self, sources: &[Source<'_, T>], gradient: &[T], scratch: &mut Vec<f32>, out: &mut [f32]) {
        T::conv3_weight_gradient(self, sources, gradient, scratch, out);
    }

    pub(super) fn forward_f32(&self, sources: &[Source<'_, f32>], weight: &[f32], out: &mut [f32]) {
        let inputs = self.inputs;
        let panels = Panels::pack(self.path, 9 * inputs, self.outputs, |k, output| {
            let (tap, input) = (k / inputs, k % inputs);
            weight[(output * inputs + input) * 9 + tap]
        });
        self.apply(sources, &panels, self.outputs, out);
    }

    pub(super) fn input_gradient_f32(&self, gradient: &[f32], weight: &[f32], outs: &mut [Vec<f32>]) {
        let mut first = 0;
        for out in outs {
            let channels = out.len() / self.extent.pixels().max(1);
            self.gradient_of_channels(gradient, weight, first, channels, out);
            first += channels;
        }
    }

    /// Writes the gradient of the input channels `first..first + channels` from that of the output.
    fn gradient_of_channels(&self, gradient: &[f32], weight: &[f32], first: usize, channels: usize, out: &mut [f32]) {
        // The same convolution with the taps turned around and inputs and outputs exchanged.
        let outputs = self.outputs;
        let panels = Panels::pack(self.path, 9 * outputs, channels, |k, input| {
            let (tap, output) = (k / outputs, k % outputs);
            weight[(output * self.inputs + first + input) * 9 + 8 - tap]
        });
        let turned = Self { inputs: outputs, outputs: channels, ..*self };
        turned.apply(&[Source { values: gradient, channels: outputs }], &panels, channels, out);
    }

    pub(super) fn weight_gradient_f32(&self, sources: &[Source<'_, f32>], gradient: &[f32], scratch: &mut Vec<f32>, out: &mut [f32]) {
        let Extent { batch, height, width } = self.extent;
        let (inputs, outputs) = (self.inputs, self.outputs);
        let padded = (width + 2) * inputs;
        // Rows per sweep: the sum should be long against the loading and storing of its accumulators.
        let group = 256_usize.div_ceil(width.max(1)).min(height);
        let grain = (4096 / width.max(1)).max(1);
        sum_in_ranges(batch * height, grain, 3, 3 * inputs * outputs, scratch, |tap_row, rows, sums| {
            let mut band = vec![0.0; group * padded];
            let mut row = rows.start;
            while row < rows.end {
                let (sample, y) = (row / height, row % height);
                let count = group.min(rows.end - row).min(height - y);
                // Rows whose neighbour lies outside add nothing.
                let skip_first = usize::from(tap_row == 0 && y == 0);
                let skip_last = usize::from(tap_row == 2 && y + count == height);
                let used = count.saturating_sub(skip_first + skip_last);
                if used > 0 {
                    let first = y + skip_first + tap_row - 1;
                    gather(sources, self.extent, sample, first as isize, used, &mut band);
                    let sweep = Sweep {
                        rows: 3 * inputs,
                        columns: outputs,
                        segments: used,
                        depth: width,
                        a_segment: padded,
                        a_depth: inputs,
                        a_row: 1,
                        b_segment: width * outputs,
                        b_depth: outputs,
                        c_row: outputs,
                        add: true,
                    };
                    sweep.run(self.path, &band, &gradient[(row + skip_first) * width * outputs..], sums);
                }
                row += count;
            }
        });
        let sums = &scratch[..9 * inputs * outputs];
        out.par_chunks_mut(inputs * 9).enumerate().for_each(|(output, out)| {
            for input in 0..inputs {
                for tap in 0..9 {
                    out[input * 9 + tap] = sums[(tap * inputs + input) * outputs + output];
                }
            }
        });
    }

    fn apply(&self, sources: &[Source<'_, f32>], panels: &Panels, outputs: usize, out: &mut [f32]) {
        let Extent { height, width, .. } = self.extent;
        let padded = (width + 2) * self.inputs;
        let band_rows = (BAND_VALUES / padded.max(1)).saturating_sub(2).clamp(1, height.div_ceil(4).max(1));
        let bands = height.div_ceil(band_rows);
        let sweep = Sweep {
            rows: width,
            columns: outputs,
            segments: 3,
            depth: 3 * self.inputs,
            a_segment: padded,
            a_depth: 1,
            a_row: self.inputs,
            b_segment: 0,
            b_depth: 0,
            c_row: outputs,
            add: false,
        };
        let row_values = width * outputs;
        let tasks: Vec<(usize, &mut [f32])> =
            out.chunks_mut(height * row_values).flat_map(|sample| sample.chunks_mut(band_rows * row_values)).enumerate().collect();
        tasks.into_par_iter().for_each_init(Vec::new, |copy, (task, out)| {
            let (sample, first) = (task / bands, task % bands * band_rows);
            let rows = out.len() / row_values;
            copy.resize((band_rows + 2) * padded, 0.0);
            gather(sources, self.extent, sample, first as isize - 1, rows + 2, copy);
            for (row, out) in out.chunks_mut(row_values).enumerate() {
                sweep.run_packed(self.path, &copy[row * padded..], panels, out);
            }
        });
    }
}

/// Copies `rows` rows from `first` on (rows outside are zero) with one pixel of zeros at both ends of each.
pub(super) fn gather<T: Value>(sources: &[Source<'_, T>], extent: Extent, sample: usize, first: isize, rows: usize, out: &mut [T]) {
    let inputs: usize = sources.iter().map(|s| s.channels).sum();
    let padded = (extent.width + 2) * inputs;
    for (row, out) in out.chunks_exact_mut(padded).take(rows).enumerate() {
        let y = first + row as isize;
        if y < 0 || y >= extent.height as isize {
            out.fill(T::default());
            continue;
        }
        out[..inputs].fill(T::default());
        out[padded - inputs..].fill(T::default());
        let pixel = (sample * extent.height + y as usize) * extent.width;
        let mut offset = inputs;
        for source in sources {
            let from = &source.values[pixel * source.channels..(pixel + extent.width) * source.channels];
            if source.channels == inputs {
                out[offset..padded - inputs].copy_from_slice(from);
            } else {
                for (x, values) in from.chunks_exact(source.channels).enumerate() {
                    out[offset + x * inputs..][..source.channels].copy_from_slice(values);
                }
            }
            offset += source.channels;
        }
    }
}
