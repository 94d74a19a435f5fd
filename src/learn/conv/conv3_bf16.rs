//! 3×3 convolution of `bf16` activations with tile products.
//!
//! Rows of pixels with a border of zeros lie one after the other, so that 16 pixels in a row are a tile wherever they
//! begin; results that fall on the border are thrown away.

use super::conv3::{Conv3, Source, gather};
use super::ranges::sum_in_ranges;
use crate::learn::kernel::{Bf16, Lines, Results, STEP, TILE, TilePanels, TileProduct, TileUnit, pair_pixels, whole_tiles};
use rayon::prelude::*;

/// Values that a copied band of rows may have (256 KiB: it shares the second-level cache with the weights).
const BAND_VALUES: usize = 1 << 17;
/// Pixels per sum of a weight's gradient: long against loading and storing the sums.
const SUM_PIXELS: usize = 1024;
/// Columns and rows of results at once.
const BLOCK: usize = 2 * TILE;

impl Conv3 {
    pub(super) fn forward_bf16(&self, sources: &[Source<'_, Bf16>], weight: &[f32], out: &mut [Bf16]) {
        let inputs = self.inputs;
        let terms: Vec<usize> = (0..9).flat_map(|tap| (0..inputs).map(move |input| input * 9 + tap)).collect();
        let columns: Vec<usize> = (0..self.outputs).map(|output| output * inputs * 9).collect();
        let panels = TilePanels::pack(weight, 3, &terms, &columns);
        self.apply_bf16(sources, vec![(panels, self.outputs, out)]);
    }

    pub(super) fn input_gradient_bf16(&self, gradient: &[Bf16], weight: &[f32], outs: &mut [Vec<Bf16>]) {
        // The same convolution with the taps turned around and inputs and outputs exchanged.
        let outputs = self.outputs;
        let terms: Vec<usize> = (0..9).flat_map(|tap| (0..outputs).map(move |o| o * self.inputs * 9 + 8 - tap)).collect();
        let mut first = 0;
        let mut targets = Vec::new();
        for out in outs {
            let channels = out.len() / self.extent.pixels().max(1);
            let columns: Vec<usize> = (first..first + channels).map(|input| input * 9).collect();
            targets.push((TilePanels::pack(weight, 3, &terms, &columns), channels, &mut out[..]));
            first += channels;
        }
        let turned = Self { inputs: outputs, ..*self };
        turned.apply_bf16(&[Source { values: gradient, channels: outputs }], targets);
    }

    pub(super) fn weight_gradient_bf16(&self, sources: &[Source<'_, Bf16>], gradient: &[Bf16], scratch: &mut Vec<f32>, out: &mut [f32]) {
        let (height, width) = (self.extent.height, self.extent.width);
        let (inputs, outputs) = (self.inputs, self.outputs);
        let rows = self.extent.batch * height;
        let grain = (4096 / width.max(1)).max(1);
        // Few rows make few ranges: outputs are shared out too, so that there is work for several threads.
        let block = if rows / grain >= 8 { outputs } else { outputs.min(2 * BLOCK) };
        let (block, parts) = (whole_tiles(block), outputs.div_ceil(block));
        let length = 9 * block * whole_tiles(inputs);
        sum_in_ranges(rows, grain, parts, length, scratch, |part, rows, sums| {
            let mut sum = WeightSum::new(self, part * block, block.min(outputs - part * block), block);
            let mut row = rows.start;
            while row < rows.end {
                let (sample, y) = (row / height, row % height);
                let count = (SUM_PIXELS / (width + 2)).max(1).min(rows.end - row).min(height - y);
                sum.add(sources, gradient, [sample, y, count], sums);
                row += count;
            }
        });
        let whole = whole_tiles(inputs);
        let sums = &scratch[..parts * length];
        out.par_chunks_mut(inputs * 9).enumerate().for_each(|(output, out)| {
            let sums = &sums[output / block * length..];
            for (tap, input) in (0..9).flat_map(|tap| (0..inputs).map(move |input| (tap, input))) {
                out[input * 9 + tap] = sums[(tap * block + output % block) * whole + input];
            }
        });
    }

    /// Convolves into several targets: packed weights, channels, values.
    fn apply_bf16(&self, sources: &[Source<'_, Bf16>], targets: Vec<(TilePanels, usize, &mut [Bf16])>) {
        let (height, width, inputs) = (self.extent.height, self.extent.width, self.inputs);
        let pitch = width + 2;
        let band_rows = (BAND_VALUES / (pitch * inputs).max(1)).saturating_sub(2).clamp(1, height.div_ceil(4).max(1));
        let bands = height.div_ceil(band_rows);
        let mut tasks: Vec<Vec<&mut [Bf16]>> = (0..bands * self.extent.batch).map(|_| Vec::new()).collect();
        let mut weights = Vec::new();
        for (panels, channels, out) in targets {
            let row = width * channels;
            let chunks = out.chunks_mut(height * row).flat_map(|sample| sample.chunks_mut(band_rows * row));
            tasks.iter_mut().zip(chunks).for_each(|(task, chunk)| task.push(chunk));
            weights.push((panels, channels));
        }
        if weights.is_empty() {
            return;
        }
        // Tiles may reach over the end by a block of pixels and a step of the sum.
        let reach = (band_rows + 2) * pitch * inputs + BLOCK * inputs + STEP;
        tasks.into_par_iter().enumerate().for_each_init(Lines::default, |copy, (task, mut outs)| {
            let (sample, first) = (task / bands, task % bands * band_rows);
            let rows = band_rows.min(height - first);
            copy.resize(reach);
            gather(sources, self.extent, sample, first as isize - 1, rows + 2, copy);
            let unit = TileUnit::begin(self.path);
            self.convolve_band(&unit, copy, rows, &weights, &mut outs);
        });
    }

    /// Convolves rows of a padded copy.
    fn convolve_band(&self, unit: &TileUnit, copy: &[Bf16], rows: usize, weights: &[(TilePanels, usize)], outs: &mut [&mut [Bf16]]) {
        let (width, inputs) = (self.extent.width, self.inputs);
        let pitch = width + 2;
        let product = TileProduct {
            segments: 3,
            steps: (3 * inputs).div_ceil(STEP),
            a_segment: pitch * inputs,
            a_step: STEP,
            a_row: inputs,
            b_step: 0,
            b_row: 0,
            c_row: BLOCK,
            two_rows: false,
            two_columns: false,
            add: false,
        };
        let mut results = Results::ZERO;
        let pixels = rows * pitch - 2;
        for first in (0..pixels).step_by(BLOCK) {
            let end = pixels.min(first + BLOCK);
            for ((panels, channels), out) in weights.iter().zip(outs.iter_mut()) {
                let wide = panels.width();
                let product =
                    TileProduct { b_step: STEP * wide, b_row: 2 * wide, two_rows: end - first > TILE, two_columns: wide > TILE, ..product };
                for (number, column) in (0..*channels).step_by(wide).enumerate() {
                    unit.run(&product, &copy[first * inputs..], panels.panel(number), &mut results.0);
                    let columns = wide.min(channels - column);
                    for row in first / pitch..=(end - 1) / pitch {
                        let (from, to) = (first.max(row * pitch), end.min(row * pitch + width));
                        if from < to {
                            let at = (from - 2 * row) * channels + column;
                            unit.store(&results.0[(from - first) * BLOCK..], to - from, columns, &mut out[at..], *channels);
                        }
                    }
                }
            }
        }
    }
}

/// Adds up the gradient of the weights of some outputs over bands of rows.
struct WeightSum<'a> {
    conv: &'a Conv3,
    first: usize,
    outputs: usize,
    /// Outputs from one tap's sums to the next: the last part has fewer than the others, but as much room.
    block: usize,
    band: Lines,
    /// Inputs in pairs that begin with an even pixel, and with an odd one.
    pairs: [Lines; 2],
    rows: Lines,
    row_pairs: Lines,
    turned: Lines,
    unit: TileUnit,
}

impl<'a> WeightSum<'a> {
    fn new(conv: &'a Conv3, first: usize, outputs: usize, block: usize) -> Self {
        let unit = TileUnit::begin(conv.path);
        let (band, pairs) = (Lines::default(), [Lines::default(), Lines::default()]);
        Self {
            conv,
            first,
            outputs,
            block,
            band,
            pairs,
            rows: Lines::default(),
            row_pairs: Lines::default(),
            turned: Lines::default(),
            unit,
        }
    }

    /// Adds `count` rows from row `y` of a sample on; `sums` is `[tap][output][input]` in whole tiles.
    fn add(&mut self, sources: &[Source<'_, Bf16>], gradient: &[Bf16], [sample, y, count]: [usize; 3], sums: &mut [f32]) {
        let (extent, inputs) = (self.conv.extent, self.conv.inputs);
        let pitch = extent.width + 2;
        let steps = (count * pitch).div_ceil(STEP);
        // What lies behind the last row is multiplied with zeros, but must be there.
        let pixels = (steps * STEP + 2 * pitch + 2).next_multiple_of(2);
        self.band.resize((pixels + 2) * inputs);
        gather(sources, extent, sample, y as isize - 1, count + 2, &mut self.band);
        let whole = whole_tiles(inputs);
        for (odd, pairs) in self.pairs.iter_mut().enumerate() {
            pairs.resize(pixels * whole);
            pair_pixels(&self.band[odd * inputs..(odd + pixels) * inputs], inputs, pairs);
        }
        let outputs = whole_tiles(self.outputs);
        self.gather_gradient(gradient, (sample * extent.height + y) * extent.width, count, steps);

        for column in (0..whole).step_by(BLOCK) {
            let wide = (whole - column).min(BLOCK);
            for row in (0..outputs).step_by(BLOCK) {
                for tap in 0..9 {
                    let at = tap / 3 * pitch + tap % 3;
                    let product = TileProduct {
                        segments: 1,
                        steps,
                        a_segment: 0,
                        a_step: outputs * STEP,
                        a_row: STEP,
                        b_step: STEP * wide,
                        b_row: 2 * wide,
                        c_row: whole,
                        two_rows: outputs - row > TILE,
                        two_columns: wide > TILE,
                        add: true,
                    };
                    let b = &self.pairs[at % 2][column * pixels + at / 2 * 2 * wide..];
                    self.unit.run(&product, &self.turned[row * STEP..], b, &mut sums[(tap * self.block + row) * whole + column..]);
                }
            }
        }
    }

    /// Turns the gradient's rows round: `[step][output][32 pixels]`, with zeros at the border and behind the last row.
    fn gather_gradient(&mut self, gradient: &[Bf16], pixel: usize, count: usize, steps: usize) {
        let (width, all) = (self.conv.extent.width, self.conv.outputs);
        let (pitch, taken) = (width + 2, self.outputs);
        self.rows.resize_zeroed(steps * STEP * taken);
        for (row, out) in self.rows.chunks_mut(pitch * taken).take(count).enumerate() {
            let from = &gradient[(pixel + row * width) * all..(pixel + (row + 1) * width) * all];
            if taken == all {
                out[..from.len()].copy_from_slice(from);
            } else {
                for (out, from) in out.chunks_exact_mut(taken).zip(from.chunks_exact(all)) {
                    out.copy_from_slice(&from[self.first..self.first + taken]);
                }
            }
        }
        let whole = whole_tiles(taken);
        self.row_pairs.resize(steps * STEP * whole);
        self.turned.resize(steps * STEP * whole);
        pair_pixels(&self.rows, taken, &mut self.row_pairs);
        self.unit.turn_pairs(&self.row_pairs, taken, &mut self.turned);
    }
}
