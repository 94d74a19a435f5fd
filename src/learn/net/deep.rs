//! Deep supervision (Lee 2015): the decoder's coarser levels label too, while the net learns.

use super::{Parameters, UNetShape};
use crate::learn::conv::{Extent, Point};
use crate::learn::kernel::{Element, InstructionPath};
use crate::learn::ops::{IGNORE, Loss};

/// What a batch is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Goal<'a> {
    /// Pixels of the finest level.
    pub extent: Extent,
    /// Their labels.
    pub labels: &'a [u8],
    /// What it costs to miss them.
    pub loss: &'a Loss,
}

/// The head of one coarser level.
#[derive(Clone, Copy, Debug)]
pub struct DeepHead<'a> {
    /// Instructions to use.
    pub path: InstructionPath,
    /// The whole net.
    pub shape: &'a UNetShape,
    /// Halvings, from 1.
    pub level: usize,
}

impl DeepHead<'_> {
    /// Forward and backward: this head's share in the loss (half as much for each halving; 0 for a level without a head).
    /// Writes its gradients and adds to that of the level's result `values`.
    pub fn backward<T: Element>(
        &self,
        p: &Parameters,
        values: &[T],
        goal: Goal<'_>,
        scratch: &mut Vec<f32>,
        gradient: &mut [T],
        out: &mut Parameters,
    ) -> f64 {
        let Some((_, at)) = self.shape.deep_heads().find(|(level, _)| *level == self.level) else { return 0.0 };
        let (classes, channels) = (self.shape.classes, self.shape.out_width(self.level));
        let pixels = values.len() / channels;
        let point = Point { path: self.path, pixels, inputs: channels, outputs: classes };
        let mut logits = vec![0.0; pixels * classes];
        point.forward(values, p.get(at), p.get(at + 1), &mut logits);
        let labels = coarser(goal.labels, goal.extent.batch, [goal.extent.height, goal.extent.width], self.level, IGNORE);
        let share = 0.5_f32.powi(self.level as i32);
        let found = goal.loss.gradient(&mut logits, &labels);
        match found {
            Some(_) => logits.iter_mut().for_each(|v| *v *= share),
            // No pixel counts.
            None => logits.fill(0.0),
        }
        let (weight, bias) = out.pair_mut(at);
        point.weight_gradient(values, &logits, scratch, weight, bias);
        let mut of_values = vec![T::default(); values.len()];
        point.input_gradient(&logits, p.get(at), &mut of_values);
        gradient.iter_mut().zip(&of_values).for_each(|(g, v)| *g = T::of(g.value() + v.value()));
        f64::from(share) * found.unwrap_or(0.0)
    }
}

/// The labels at a coarser level: of each block the label that most of its counted pixels have, of equals the highest;
/// `ignore` where none counts. `size` is height and width before, of `samples` samples; `level` halvings.
#[must_use]
pub fn coarser(labels: &[u8], samples: usize, size: [usize; 2], level: usize, ignore: u8) -> Vec<u8> {
    let [height, width] = size;
    let side = 1 << level;
    let mut out = Vec::with_capacity(labels.len() >> (2 * level));
    for (sample, y, x) in (0..samples).flat_map(|s| (0..height >> level).flat_map(move |y| (0..width >> level).map(move |x| (s, y, x)))) {
        let mut counts = [0_u16; 256];
        for row in 0..side {
            let from = (sample * height + y * side + row) * width + x * side;
            labels[from..from + side].iter().for_each(|label| counts[usize::from(*label)] += 1);
        }
        counts[usize::from(ignore)] = 0;
        let most = counts.iter().enumerate().fold((ignore, 0), |best, (l, &n)| if n > 0 && n >= best.1 { (l as u8, n) } else { best });
        out.push(most.0);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_takes_the_label_of_most_of_its_counted_pixels() {
        let labels = [1, 1, 0, 3, 9, 9, 1, 0, 3, 9, 9, 9];
        assert_eq!(coarser(&labels, 1, [2, 6], 1, 9), [1, 3, 9]);
        assert_eq!(coarser(&[2, 0, 0, 0, 9, 9, 9, 9], 2, [2, 2], 1, 9), [0, 9]);
    }
}
