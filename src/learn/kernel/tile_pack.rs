//! Putting matrices into the orders that tile products want, and taking results out.

use super::{Bf16, Element as _, Lines, STEP, TILE, TileUnit, for_wide_vectors};
use rayon::prelude::*;

/// The second operand of a tile product: `[panel][segment, step][k / 2][column][k % 2]`, two tiles of columns to a
/// panel (one if there are no more), zeros where depth or columns end within a tile.
#[derive(Clone, Debug)]
pub struct TilePanels {
    values: Lines,
    /// Columns of a panel.
    width: usize,
    /// Steps of all segments.
    steps: usize,
}

impl TilePanels {
    /// Packs `weight[terms[segment * depth + k] + columns[column]]`.
    pub fn pack(weight: &[f32], segments: usize, terms: &[usize], columns: &[usize]) -> Self {
        let depth = terms.len() / segments.max(1);
        let steps = depth.div_ceil(STEP);
        let width = if columns.len() > TILE { 2 * TILE } else { TILE };
        let mut values = Lines::default();
        values.resize(columns.len().div_ceil(width) * segments * steps * STEP * width);
        values.par_chunks_mut(STEP * width).enumerate().for_each(|(chunk, values)| {
            let (panel, segment, step) = (chunk / (segments * steps), chunk / steps % segments, chunk % steps);
            let terms = &terms[segment * depth..(segment + 1) * depth];
            let terms = &terms[step * STEP..depth.min((step + 1) * STEP)];
            let columns = &columns[panel * width..columns.len().min((panel + 1) * width)];
            for (pair, values) in terms.chunks(2).zip(values.chunks_exact_mut(2 * width)) {
                for (column, values) in columns.iter().zip(values.chunks_exact_mut(2)) {
                    for (value, term) in values.iter_mut().zip(pair) {
                        *value = Bf16::of(weight[term + column]);
                    }
                }
            }
        });
        Self { values, width, steps: segments * steps }
    }

    /// Columns of a panel.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// The panel of the columns from `number * width` on.
    #[must_use]
    pub fn panel(&self, number: usize) -> &[Bf16] {
        let length = self.steps * STEP * self.width;
        &self.values[number * length..(number + 1) * length]
    }
}

/// Channels of a pixel filled up to whole tiles.
#[must_use]
pub const fn whole_tiles(channels: usize) -> usize {
    channels.div_ceil(TILE) * TILE
}

/// Makes pairs of neighbouring pixels, `[panel][pair][channel][2]` with two tiles of channels to a panel (one in the last
/// if there are no more), from `[pixel][channel]`; channels that are missing to whole tiles are zero.
pub fn pair_pixels(pixels: &[Bf16], channels: usize, out: &mut [Bf16]) {
    let pairs = pixels.len() / (2 * channels);
    for (first, out) in (0..channels).step_by(2 * TILE).zip(out.chunks_mut(pairs * 4 * TILE)) {
        let taken = (channels - first).min(2 * TILE);
        pair_panel(&pixels[first..], channels, taken, pairs, out);
    }
}

for_wide_vectors! {
    /// As above for one panel of `taken` channels.
    fn pair_panel(pixels: &[Bf16], channels: usize, taken: usize, pairs: usize, out: &mut [Bf16]) {
        let width = 2 * whole_tiles(taken);
        let pixel = |number: usize| &pixels[number * channels..][..taken];
        for (pair, out) in out.chunks_exact_mut(width).take(pairs).enumerate() {
            let (first, second) = (pixel(2 * pair), pixel(2 * pair + 1));
            if let (Ok(a), Ok(b), Ok(out)) = (<&[Bf16; 2 * TILE]>::try_from(first), <&[Bf16; 2 * TILE]>::try_from(second), <&mut [Bf16; 4 * TILE]>::try_from(&mut *out)) {
                for n in 0..2 * TILE {
                    (out[2 * n], out[2 * n + 1]) = (a[n], b[n]);
                }
                continue;
            }
            for ((out, a), b) in out.chunks_exact_mut(2).zip(first).zip(second) {
                (out[0], out[1]) = (*a, *b);
            }
            out[2 * taken..].fill(Bf16::default());
        }
    }
}

impl TileUnit {
    /// Turns pairs as made by [`pair_pixels`] into `[step][channel][32 pixels]`, channels filled up to whole tiles. Pairs
    /// come in whole steps.
    pub fn turn_pairs(&self, pairs: &[Bf16], channels: usize, out: &mut [Bf16]) {
        let whole = whole_tiles(channels);
        let steps = pairs.len() / (STEP * whole);
        assert!(pairs.len() == steps * STEP * whole && out.len() >= pairs.len());
        for (channel, step) in (0..whole).step_by(TILE).flat_map(|c| (0..steps).map(move |s| (c, s))) {
            let panel = channel / (2 * TILE) * 2 * TILE;
            let width = (whole - panel).min(2 * TILE);
            let from = &pairs[panel * steps * STEP + step * STEP * width + 2 * (channel - panel)..];
            let to = &mut out[(step * whole + channel) * STEP..][..TILE * STEP];
            assert!(from.len() >= (TILE - 1) * 2 * width + 2 * TILE);
            #[cfg(target_arch = "x86_64")]
            if self.has_vectors() {
                // SAFETY: AVX-512 is there; a block of 16 × 16 pairs lies within both slices.
                unsafe { super::x86_bf16::transpose_block(from.as_ptr(), 2 * width, to.as_mut_ptr(), STEP) };
                continue;
            }
            for (pair, n) in (0..TILE).flat_map(|p| (0..TILE).map(move |n| (p, n))) {
                to[n * STEP + 2 * pair..][..2].copy_from_slice(&from[pair * 2 * width + 2 * n..][..2]);
            }
        }
    }

    /// Stores `rows` rows of `columns` (at most 32) results: from rows of 32 in `results` to rows `out_row` apart.
    pub fn store(&self, results: &[f32], rows: usize, columns: usize, out: &mut [Bf16], out_row: usize) {
        let whole = 2 * TILE;
        if rows == 0 {
            return;
        }
        assert!(columns <= whole && results.len() >= (rows - 1) * whole + whole && out.len() >= (rows - 1) * out_row + columns);
        #[cfg(target_arch = "x86_64")]
        if self.has_vectors() {
            // SAFETY: AVX-512 with `bf16` is there; the check above bounds every address.
            return unsafe { super::x86_bf16::store_rows(results.as_ptr(), rows, columns, out.as_mut_ptr(), out_row) };
        }
        for (row, results) in results.chunks(whole).take(rows).enumerate() {
            for (value, result) in out[row * out_row..][..columns].iter_mut().zip(results) {
                *value = Bf16::of(*result);
            }
        }
    }
}
