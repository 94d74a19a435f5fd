//! 2×2 transposed convolution of `bf16` activations with tile products.

use super::ranges::sum_in_ranges;
use super::up2::Up2;
use crate::learn::kernel::{Bf16, Lines, Results, STEP, TILE, TilePanels, TileProduct, TileUnit, pair_pixels, whole_tiles};
use rayon::prelude::*;

/// Columns and rows of results at once.
const BLOCK: usize = 2 * TILE;
/// Pixels per piece of work.
const CHUNK: usize = 1024;

impl Up2 {
    pub(super) fn forward_bf16(&self, values: &[Bf16], weight: &[f32], out: &mut [Bf16]) {
        let (width, inputs, pair) = (self.extent.width, self.inputs, 2 * self.outputs);
        // One row of input makes two rows of output, each of pairs (left, right) of pixels.
        let terms: Vec<usize> = (0..inputs).map(|input| input * self.outputs * 4).collect();
        let columns = |a: usize| (0..pair).map(|n| n % self.outputs * 4 + a * 2 + n / self.outputs).collect::<Vec<_>>();
        let panels = [0, 1].map(|a| TilePanels::pack(weight, 1, &terms, &columns(a)));
        let rows = (CHUNK / width.max(1)).max(1);
        out.par_chunks_mut(rows * 2 * width * pair).zip(values.par_chunks(rows * width * inputs)).for_each_init(
            Lines::default,
            |copy, (out, values)| {
                let pixels = values.len() / inputs;
                copy_with_reach(values, inputs, copy);
                let unit = TileUnit::begin(self.path);
                let product = TileProduct { steps: inputs.div_ceil(STEP), a_row: inputs, ..one_segment(&panels[0]) };
                let mut results = Results::ZERO;
                for (first, a) in (0..pixels).step_by(BLOCK).flat_map(|first| [(first, 0), (first, 1)]) {
                    let end = pixels.min(first + BLOCK);
                    let product = TileProduct { two_rows: end - first > TILE, ..product };
                    for (number, column) in (0..pair).step_by(panels[a].width()).enumerate() {
                        unit.run(&product, &copy[first * inputs..], panels[a].panel(number), &mut results.0);
                        let columns = panels[a].width().min(pair - column);
                        for row in first / width..=(end - 1) / width {
                            let (from, to) = (first.max(row * width), end.min((row + 1) * width));
                            // Before this row of input there are `row` others, each of two rows of output.
                            let at = (from + (row + a) * width) * pair + column;
                            unit.store(&results.0[(from - first) * BLOCK..], to - from, columns, &mut out[at..], pair);
                        }
                    }
                }
            },
        );
    }

    pub(super) fn input_gradient_bf16(&self, gradient: &[Bf16], weight: &[f32], out: &mut [Bf16]) {
        let (width, inputs, pair) = (self.extent.width, self.inputs, 2 * self.outputs);
        let term = |k: usize| k % self.outputs * 4 + k / pair * 2 + k % pair / self.outputs;
        let columns: Vec<usize> = (0..inputs).map(|input| input * self.outputs * 4).collect();
        let panels = TilePanels::pack(weight, 2, &(0..2 * pair).map(term).collect::<Vec<_>>(), &columns);
        out.par_chunks_mut(width * inputs).zip(gradient.par_chunks(2 * width * pair)).for_each_init(Lines::default, |copy, (out, rows)| {
            copy_with_reach(rows, pair, copy);
            let unit = TileUnit::begin(self.path);
            let product =
                TileProduct { segments: 2, steps: pair.div_ceil(STEP), a_segment: width * pair, a_row: pair, ..one_segment(&panels) };
            let mut results = Results::ZERO;
            for first in (0..width).step_by(BLOCK) {
                let count = (width - first).min(BLOCK);
                let product = TileProduct { two_rows: count > TILE, ..product };
                for (number, column) in (0..inputs).step_by(panels.width()).enumerate() {
                    unit.run(&product, &copy[first * pair..], panels.panel(number), &mut results.0);
                    let columns = panels.width().min(inputs - column);
                    unit.store(&results.0, count, columns, &mut out[first * inputs + column..], inputs);
                }
            }
        });
    }

    pub(super) fn weight_gradient_bf16(&self, values: &[Bf16], gradient: &[Bf16], scratch: &mut Vec<f32>, out: &mut [f32]) {
        let (width, inputs, pair) = (self.extent.width, self.inputs, 2 * self.outputs);
        let rows = self.extent.batch * self.extent.height;
        let (whole, whole_pair) = (whole_tiles(inputs), whole_tiles(pair));
        let length = whole * whole_pair;
        sum_in_ranges(rows, (CHUNK / width.max(1)).max(1), 2, length, scratch, |a, rows, sums| {
            let unit = TileUnit::begin(self.path);
            let [mut copy, mut of_values, mut of_rows, mut turned] = [const { Lines::EMPTY }; 4];
            let step = (CHUNK / width.max(1)).max(1);
            for first in rows.clone().step_by(step) {
                let count = step.min(rows.end - first);
                let steps = (count * width).div_ceil(STEP);
                let mut paired = |channels: usize, row_values: &dyn Fn(usize) -> usize, from: &[Bf16], pairs: &mut Lines| {
                    copy.resize_zeroed(steps * STEP * channels);
                    for (row, out) in copy.chunks_exact_mut(width * channels).take(count).enumerate() {
                        out.copy_from_slice(&from[row_values(first + row) * width * channels..][..width * channels]);
                    }
                    pairs.resize(steps * STEP * whole_tiles(channels));
                    pair_pixels(&copy, channels, pairs);
                };
                paired(inputs, &|row| row, values, &mut of_values);
                paired(pair, &|row| 2 * row + a, gradient, &mut of_rows);
                turned.resize(of_rows.len());
                unit.turn_pairs(&of_rows, pair, &mut turned);
                for (column, row) in (0..whole).step_by(BLOCK).flat_map(|c| (0..whole_pair).step_by(BLOCK).map(move |r| (c, r))) {
                    let wide = (whole - column).min(BLOCK);
                    let product = TileProduct {
                        segments: 1,
                        steps,
                        a_segment: 0,
                        a_step: whole_pair * STEP,
                        a_row: STEP,
                        b_step: STEP * wide,
                        b_row: 2 * wide,
                        c_row: whole,
                        two_rows: whole_pair - row > TILE,
                        two_columns: wide > TILE,
                        add: true,
                    };
                    let b = &of_values[column * steps * STEP..];
                    unit.run(&product, &turned[row * STEP..], b, &mut sums[row * whole + column..]);
                }
            }
        });
        for (input, out) in out.chunks_mut(4 * self.outputs).enumerate() {
            for (n, value) in out.iter_mut().enumerate() {
                let (output, a, b) = (n / 4, n / 2 % 2, n % 2);
                *value = scratch[a * length + (b * self.outputs + output) * whole + input];
            }
        }
    }
}

/// Copies pixels; tiles may reach over the end by a block of pixels and a step of the sum.
fn copy_with_reach(values: &[Bf16], channels: usize, copy: &mut Lines) {
    copy.resize(values.len() + BLOCK * channels + STEP);
    copy[..values.len()].copy_from_slice(values);
}

/// A product with packed weights whose results lie in a block.
const fn one_segment(panels: &TilePanels) -> TileProduct {
    let wide = panels.width();
    TileProduct {
        segments: 1,
        steps: 0,
        a_segment: 0,
        a_step: STEP,
        a_row: 0,
        b_step: STEP * wide,
        b_row: 2 * wide,
        c_row: BLOCK,
        two_rows: false,
        two_columns: wide > TILE,
        add: false,
    }
}
