//! Growing from seeds: labels spread from what is painted into tissue that looks like it, and compete where they meet.

use super::Block;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Where the labels of `seeds` (0 = nothing painted) spread to, cell by cell: the label that a cell gets, 0 for none.
///
/// A cell can be reached from a painted neighbour, or one that was reached before, where `allowed` holds and its grey value lies
/// within `spread` standard deviations of the mean of that label's seeds (at least `least_sd`, so that flat seeds grow, too).
/// Every step costs the squared number of standard deviations; each cell goes to the label with the cheapest way (Dijkstra), the
/// smaller label where two are equal. `go_on` is asked now and then; where it says no, nothing is given.
#[must_use]
pub fn grown(
    block: &Block,
    seeds: &[u8],
    values: &[f32],
    allowed: impl Fn(usize) -> bool,
    spread: f32,
    least_sd: f32,
    go_on: &dyn Fn(f32) -> bool,
) -> Vec<u8> {
    let mut labels = vec![0; block.len()];
    if seeds.len() != block.len() || values.len() != block.len() || !(spread.is_finite() && spread > 0.0) {
        return labels;
    }
    let looks = Look::of_seeds(seeds, values, least_sd);
    let mut cheapest = vec![f32::INFINITY; block.len()];
    let mut queue = BinaryHeap::new();
    for (cell, &label) in seeds.iter().enumerate().filter(|s| *s.1 != 0) {
        cheapest[cell] = 0.0;
        labels[cell] = label;
        queue.push(Step { cost: 0.0, label, cell });
    }
    let mut steps = 0_usize;
    while let Some(Step { cost, label, cell }) = queue.pop() {
        steps += 1;
        if steps.is_multiple_of(1 << 16) && !go_on((steps as f32 / block.len() as f32).min(1.0)) {
            return vec![0; block.len()];
        }
        if cost > cheapest[cell] || labels[cell] != label {
            continue;
        }
        for next in block.neighbours(cell) {
            let away = looks[usize::from(label)].deviations(values[next]);
            // Not a number never lies within.
            let alike = away <= spread;
            if seeds[next] != 0 || !alike || !allowed(next) {
                continue;
            }
            let reached = cost + away * away + 1e-3;
            if reached < cheapest[next] || (reached == cheapest[next] && label < labels[next]) {
                cheapest[next] = reached;
                labels[next] = label;
                queue.push(Step { cost: reached, label, cell: next });
            }
        }
    }
    labels
}

/// Mean and standard deviation of the grey values under the seeds of a label.
#[derive(Clone, Copy, Debug, Default)]
struct Look {
    mean: f32,
    sd: f32,
}

impl Look {
    fn of_seeds(seeds: &[u8], values: &[f32], least_sd: f32) -> [Self; 256] {
        let mut sums = [[0.0_f64; 3]; 256];
        for (&label, &value) in seeds.iter().zip(values).filter(|s| *s.0 != 0 && s.1.is_finite()) {
            let sum = &mut sums[usize::from(label)];
            let value = f64::from(value);
            *sum = [sum[0] + 1.0, sum[1] + value, sum[2] + value * value];
        }
        sums.map(|[n, sum, squares]| {
            let n = n.max(1.0);
            let mean = sum / n;
            let sd = (squares / n - mean * mean).max(0.0).sqrt() as f32;
            Self { mean: mean as f32, sd: sd.max(least_sd).max(f32::MIN_POSITIVE) }
        })
    }

    fn deviations(self, value: f32) -> f32 {
        (value - self.mean).abs() / self.sd
    }
}

/// The cheapest comes first out of the heap; then the smaller label, then the earlier cell.
#[derive(Clone, Copy, PartialEq)]
struct Step {
    cost: f32,
    label: u8,
    cell: usize,
}

impl Eq for Step {}

impl Ord for Step {
    fn cmp(&self, other: &Self) -> Ordering {
        other.cost.total_cmp(&self.cost).then_with(|| (other.label, other.cell).cmp(&(self.label, self.cell)))
    }
}

impl PartialOrd for Step {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Affine, Spacing, VoxelBox};
    use crate::volume::Grid;
    use proptest::prelude::*;

    fn line(length: usize) -> Block {
        let grid = Grid::new([length, 1, 1], Affine::from_spacing(Spacing::UNIT)).unwrap();
        Block::new(&grid, VoxelBox::whole([length, 1, 1]))
    }

    #[test]
    fn labels_spread_into_what_looks_like_them_and_meet() {
        let values = [100.0, 101.0, 99.0, 100.0, 150.0, 151.0, 149.0, 400.0, 100.0, f32::NAN];
        let seeds = [0, 1, 1, 0, 0, 0, 2, 0, 0, 0];
        let found = grown(&line(10), &seeds, &values, |_| true, 3.0, 2.0, &|_| true);
        // 7 is too bright, 8 lies behind it, 9 is no number.
        assert_eq!(found, [1, 1, 1, 1, 2, 2, 2, 0, 0, 0]);
        let found = grown(&line(10), &seeds, &values, |cell| cell != 0, 3.0, 2.0, &|_| true);
        assert_eq!(found[0], 0);
        assert_eq!(grown(&line(10), &seeds, &values, |_| true, f32::NAN, 2.0, &|_| true), [0; 10]);
        assert_eq!(grown(&line(3), &seeds, &values, |_| true, 3.0, 2.0, &|_| true), [0; 3]);
    }

    #[test]
    fn where_two_are_alike_they_share_the_way() {
        let found = grown(&line(7), &[2, 0, 0, 0, 0, 0, 1], &[5.0; 7], |_| true, 3.0, 1.0, &|_| true);
        assert_eq!(found, [2, 2, 2, 1, 1, 1, 1]);
    }

    proptest! {
        /// The plain model: again and again the cheapest step from a settled cell to a free one.
        #[test]
        fn the_cheapest_step_is_always_next(values in prop::collection::vec(0_u8..6, 12), seeds in prop::collection::vec(0_u8..3, 12)) {
            let values: Vec<f32> = values.into_iter().map(f32::from).collect();
            let grid = Grid::new([4, 3, 1], Affine::from_spacing(Spacing::UNIT)).unwrap();
            let block = Block::new(&grid, VoxelBox::whole([4, 3, 1]));
            let found = grown(&block, &seeds, &values, |_| true, 2.0, 1.0, &|_| true);
            let looks = Look::of_seeds(&seeds, &values, 1.0);
            let mut settled: Vec<Option<(f32, u8)>> = seeds.iter().map(|&s| (s != 0).then_some((0.0, s))).collect();
            loop {
                let mut best: Option<(f32, u8, usize)> = None;
                for (cell, at) in settled.iter().enumerate() {
                    let Some((cost, label)) = *at else { continue };
                    for next in block.neighbours(cell).filter(|n| settled[*n].is_none()) {
                        let away = looks[usize::from(label)].deviations(values[next]);
                        let offer = (cost + away * away + 1e-3, label, next);
                        if away <= 2.0 && best.is_none_or(|b| (offer.0, offer.1) < (b.0, b.1)) {
                            best = Some(offer);
                        }
                    }
                }
                let Some((cost, label, cell)) = best else { break };
                settled[cell] = Some((cost, label));
            }
            prop_assert_eq!(found, settled.into_iter().map(|s| s.map_or(0, |s| s.1)).collect::<Vec<u8>>());
        }
    }
}
