//! Whole shapes: smooth, fill holes, remove islands, margin in and out. Each says which cells of a block the shape has afterwards.
//! `go_on` hears how far it is and says whether to go on; once it says no, there is no answer.

use super::Block;
use crate::volume::{Pace, squared_distance_while};

/// Hears how far a work is, and says whether to go on.
type GoOn<'a> = &'a dyn Fn(f32) -> bool;

/// The shape with its border rounded off: a Gaussian of `sigma_mm` laid over it, cut at one half. Outside the block there is
/// nothing of the shape, so a block needs room around it.
#[must_use]
pub fn smoothed(block: &Block, inside: &[bool], sigma_mm: f64, go_on: GoOn<'_>) -> Option<Vec<bool>> {
    let mut field: Vec<f32> = inside.iter().map(|&i| f32::from(u8::from(i))).collect();
    if field.len() != block.len() || !(sigma_mm.is_finite() && sigma_mm > 0.0) {
        return Some(inside.to_vec());
    }
    let mut pace = Pace::new(3 * field.len(), go_on);
    let shape = block.shape();
    let strides = [1, shape[0], shape[0] * shape[1]];
    let mut line = Vec::new();
    for axis in (0..3).filter(|&a| shape[a] > 1) {
        let weights = gaussian(sigma_mm / block.mm()[axis], shape[axis]);
        let (stride, length) = (strides[axis], shape[axis]);
        for start in (0..field.len()).filter(|at| at / stride % length == 0) {
            if !pace.goes_on(length) {
                return None;
            }
            line.clear();
            line.extend((0..length).map(|n| field[start + n * stride]));
            if line.iter().all(|v| *v == 0.0) {
                continue;
            }
            for n in 0..length {
                let reach = weights.len() - 1;
                let from = n.saturating_sub(reach);
                let sum: f32 = (from..(n + reach + 1).min(length)).map(|m| line[m] * weights[m.abs_diff(n)]).sum();
                field[start + n * stride] = sum;
            }
        }
    }
    Some(field.into_iter().map(|v| v >= 0.5).collect())
}

/// Weights of a Gaussian by distance in cells, from 0 to three sigma; their sum over both sides is 1.
fn gaussian(sigma: f64, longest: usize) -> Vec<f32> {
    let reach = ((3.0 * sigma).ceil() as usize).clamp(1, longest);
    let weight = |n: usize| (-0.5 * (n as f64 / sigma).powi(2)).exp();
    let sum: f64 = 1.0 + 2.0 * (1..=reach).map(weight).sum::<f64>();
    (0..=reach).map(|n| (weight(n) / sum) as f32).collect()
}

/// The shape without the parts (joined by faces) that are smaller than `cells` cells.
#[must_use]
pub fn without_islands(block: &Block, inside: &[bool], cells: f64, go_on: GoOn<'_>) -> Option<Vec<bool>> {
    let mut kept = inside.to_vec();
    for part in parts(block, |cell| inside.get(cell).copied().unwrap_or(false), go_on)? {
        if (part.len() as f64) < cells {
            part.into_iter().for_each(|cell| kept[cell] = false);
        }
    }
    Some(kept)
}

/// The shape and what it surrounds: cells from which no way along faces leads to the border of the block without crossing it.
#[must_use]
pub fn without_holes(block: &Block, inside: &[bool], go_on: GoOn<'_>) -> Option<Vec<bool>> {
    let mut filled = inside.to_vec();
    for part in parts(block, |cell| !inside.get(cell).copied().unwrap_or(true), go_on)? {
        if !part.iter().any(|&cell| block.at_border(cell)) {
            part.into_iter().for_each(|cell| filled[cell] = true);
        }
    }
    Some(filled)
}

/// The shape with everything within `by_mm` of it; with a negative margin without everything within that of its outside, where
/// the border of the block counts as more of the same.
#[must_use]
pub fn with_margin(block: &Block, inside: &[bool], by_mm: f64, go_on: GoOn<'_>) -> Option<Vec<bool>> {
    if inside.len() != block.len() || !by_mm.is_finite() {
        return Some(inside.to_vec());
    }
    let limit = (by_mm * by_mm) as f32 + 1e-4;
    let distance = squared_distance_while(inside, by_mm >= 0.0, block.shape(), block.mm(), go_on)?;
    Some(distance.iter().map(|d| (*d <= limit) == (by_mm >= 0.0)).collect())
}

/// The parts, joined by faces, of the cells for which `belongs` holds.
fn parts(block: &Block, belongs: impl Fn(usize) -> bool, go_on: GoOn<'_>) -> Option<Vec<Vec<usize>>> {
    let mut seen = vec![false; block.len()];
    // Every cell is looked at, and those that belong are gone through once more.
    let mut pace = Pace::new(2 * block.len(), go_on);
    let mut parts = Vec::new();
    for start in 0..block.len() {
        if !pace.goes_on(1) {
            return None;
        }
        if seen[start] || !belongs(start) {
            continue;
        }
        seen[start] = true;
        let mut part = vec![start];
        let mut next = 0;
        while let Some(&cell) = part.get(next) {
            next += 1;
            if !pace.goes_on(1) {
                return None;
            }
            for neighbour in block.neighbours(cell) {
                if !seen[neighbour] && belongs(neighbour) {
                    seen[neighbour] = true;
                    part.push(neighbour);
                }
            }
        }
        parts.push(part);
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Affine, Spacing, VoxelBox};
    use crate::volume::Grid;
    use proptest::prelude::*;

    fn block(shape: [usize; 3], mm: [f64; 3]) -> Block {
        let grid = Grid::new(shape, Affine::from_spacing(Spacing::new(mm).unwrap())).unwrap();
        Block::new(&grid, VoxelBox::whole(shape))
    }

    #[test]
    fn smoothing_takes_spikes_and_fills_notches() {
        let block = block([21, 21, 1], [1.0; 3]);
        // A square of 11 × 11 with a spike on top and a notch at the side.
        let square = |v: [usize; 3]| (5..16).contains(&v[0]) && (5..16).contains(&v[1]);
        let shape = block.map(|v| (square(v) && v != [5, 10, 0]) || (v[0] == 10 && v[1] < 5));
        let smooth = smoothed(&block, &shape, 1.5, &|_| true).unwrap();
        let at = |u, v| smooth[block.cell([u, v, 0])];
        assert!(at(10, 10) && at(5, 10) && !at(10, 2) && !at(5, 5), "corners go, notches close, spikes go");
        assert_eq!(smoothed(&block, &shape, 0.0, &|_| true).unwrap(), shape);
        assert!(smoothed(&block, &vec![false; 441], 2.0, &|_| true).unwrap().iter().all(|i| !i));
    }

    #[test]
    fn a_spacing_in_mm_counts() {
        // 1 mm across, 4 mm from slice to slice: a margin of 2 mm stays on its slice.
        let block = block([9, 9, 3], [1.0, 1.0, 4.0]);
        let dot = block.map(|v| v == [4, 4, 1]);
        let grown = with_margin(&block, &dot, 2.0, &|_| true).unwrap();
        let expected = block.map(|v| v[2] == 1 && (v[0] as f64 - 4.0).hypot(v[1] as f64 - 4.0) <= 2.0);
        assert_eq!(grown, expected);
        assert_eq!(with_margin(&block, &grown, -2.0, &|_| true).unwrap().iter().filter(|i| **i).count(), 1);
    }

    proptest! {
        #[test]
        fn parts_agree_with_a_plain_flood(inside in prop::collection::vec(any::<bool>(), 6 * 5 * 3), least in 1_usize..8) {
            let block = block([6, 5, 3], [1.0; 3]);
            let part_of = |seed: usize, flag: bool| {
                let mut part = vec![seed];
                loop {
                    let more: Vec<usize> = (0..inside.len())
                        .filter(|c| inside[*c] == flag && !part.contains(c) && part.iter().any(|p| block.neighbours(*p).any(|n| n == *c)))
                        .collect();
                    if more.is_empty() {
                        return part;
                    }
                    part.extend(more);
                }
            };
            let without = without_islands(&block, &inside, least as f64, &|_| true).unwrap();
            let filled = without_holes(&block, &inside, &|_| true).unwrap();
            for cell in 0..inside.len() {
                let part = part_of(cell, inside[cell]);
                prop_assert_eq!(without[cell], inside[cell] && part.len() >= least);
                prop_assert_eq!(filled[cell], inside[cell] || !part.iter().any(|c| block.at_border(*c)));
            }
        }

        #[test]
        fn margins_agree_with_trying_all_pairs(inside in prop::collection::vec(any::<bool>(), 6 * 5 * 3), by in 0.0..3.0_f64) {
            let block = block([6, 5, 3], [0.7, 1.0, 1.5]);
            let near = |cell: usize, flag: bool| {
                (0..inside.len()).filter(|c| inside[*c] == flag).any(|c| {
                    let (p, q) = (block.voxel(cell), block.voxel(c));
                    (0..3).map(|a| ((p[a] as f64 - q[a] as f64) * block.mm()[a]).powi(2)).sum::<f64>() <= by * by + 1e-4
                })
            };
            let [out, inwards] = [by, -by - 1e-9].map(|by| with_margin(&block, &inside, by, &|_| true).unwrap());
            for cell in 0..inside.len() {
                prop_assert_eq!(out[cell], near(cell, true));
                prop_assert_eq!(inwards[cell], !near(cell, false));
            }
        }
    }
}
