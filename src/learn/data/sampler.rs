//! Which slices come next.

use super::{Augmentation, Example};
use crate::learn::error::LearnError;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

/// Draws batches in which every label is seen as often as every other, however sparse it is.
#[derive(Clone, Debug)]
pub struct Sampler {
    /// For each label that occurs (above 0): its value and the slices that hold it.
    holders: Vec<(u8, Vec<usize>)>,
    slices: usize,
    random: ChaCha8Rng,
    turn: usize,
    /// Share of draws for a label, and share of the others that goes by loss.
    label_share: f64,
    replay: f64,
    /// Per slice the loss of the last batch that held it, and what was drawn last.
    losses: Vec<f32>,
    drawn: Vec<usize>,
}

/// A part of a slice to train on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crop {
    /// Width and height in pixels; larger than the slice is the slice.
    pub size: [usize; 2],
}

impl Sampler {
    /// For a fixed list of slices.
    ///
    /// # Errors
    /// If there are none.
    pub fn new(examples: &[Example], seed: u64) -> Result<Self, LearnError> {
        if examples.is_empty() {
            return Err(LearnError::NoExamples);
        }
        let present: Vec<[bool; 256]> = examples.iter().map(Example::present).collect();
        let holders =
            (1..=254_u8).map(|label| (label, (0..examples.len()).filter(|&n| present[n][usize::from(label)]).collect::<Vec<_>>()));
        let holders = holders.filter(|(_, slices)| !slices.is_empty()).collect();
        let (slices, random) = (examples.len(), ChaCha8Rng::seed_from_u64(seed));
        Ok(Self { holders, slices, random, turn: 0, label_share: 0.5, replay: 0.0, losses: vec![f32::NAN; slices], drawn: Vec::new() })
    }

    /// The same with other shares (0 to 1): of draws for a label, and of the other draws by how high the loss was when a
    /// slice was last seen (hard-example replay, for which [`Sampler::hear`] must be told each batch's loss).
    #[must_use]
    pub const fn with_shares(mut self, label_share: f64, replay: f64) -> Self {
        self.label_share = label_share.clamp(0.0, 1.0);
        self.replay = replay.clamp(0.0, 1.0);
        self
    }

    /// Notes the loss of the batch drawn last.
    pub fn hear(&mut self, loss: f32) {
        for slice in self.drawn.drain(..).filter(|_| loss.is_finite()) {
            // Batches are small: what its companions added averages out over the times a slice is seen.
            let before = self.losses[slice];
            self.losses[slice] = if before.is_nan() { loss } else { 0.5 * (before + loss) };
        }
    }

    /// Numbers of the next slices, each with the label it was drawn for (`None`: for any). A share is drawn for a label, the
    /// labels taking turns; the rest are drawn evenly, so that slices without labels come too, or by loss.
    pub fn draw(&mut self, batch: usize) -> Vec<(usize, Option<u8>)> {
        let drawn: Vec<_> = (0..batch).map(|_| self.draw_one()).collect();
        self.drawn = drawn.iter().map(|(slice, _)| *slice).collect();
        drawn
    }

    fn draw_one(&mut self) -> (usize, Option<u8>) {
        // Evenly spread over the turns: the whole part of turn × share grows at the turns that are for a label.
        let before = (self.turn as f64 * self.label_share).ceil();
        self.turn += 1;
        let for_label = (self.turn as f64 * self.label_share).ceil();
        if for_label > before && !self.holders.is_empty() {
            let (label, slices) = &self.holders[before as usize % self.holders.len()];
            return (slices[self.random.random_range(0..slices.len())], Some(*label));
        }
        let one = self.random.random_range(0..self.slices);
        if self.replay <= 0.0 || self.random.random::<f64>() >= self.replay {
            return (one, None);
        }
        // The worst of four: a slice not seen yet counts as worst.
        let loss = |slice: &usize| if self.losses[*slice].is_nan() { f32::INFINITY } else { self.losses[*slice] };
        let others: Vec<usize> = (0..3).map(|_| self.random.random_range(0..self.slices)).collect();
        let worst = others.into_iter().chain([one]).max_by(|a, b| loss(a).total_cmp(&loss(b)));
        (worst.unwrap_or(one), None)
    }

    /// The next batch, changed by `augmentation` and, where asked, cut to a part that holds the label it was drawn for.
    /// `examples` must be the list given to [`Sampler::new`] (slices beyond its end are left out).
    pub fn batch(&mut self, examples: &[Example], batch: usize, crop: Option<Crop>, augmentation: &Augmentation) -> Vec<Example> {
        let drawn = self.draw(batch);
        let mut made = Vec::with_capacity(batch);
        for (slice, label) in drawn {
            let Some(example) = examples.get(slice) else { continue };
            let changed = augmentation.apply(example, &mut self.random);
            made.push(match crop {
                Some(crop) => self.cut(&changed, crop, label),
                None => changed,
            });
        }
        made
    }

    fn cut(&mut self, example: &Example, crop: Crop, label: Option<u8>) -> Example {
        let [width, height] = example.size();
        let size = [crop.size[0].clamp(1, width), crop.size[1].clamp(1, height)];
        let spots: Vec<usize> = (0..width * height).filter(|&n| label.is_some_and(|l| example.labels()[n] == l)).collect();
        let centre =
            if spots.is_empty() { self.random.random_range(0..width * height) } else { spots[self.random.random_range(0..spots.len())] };
        let start = |at: usize, part: usize, whole: usize| at.saturating_sub(part / 2).min(whole - part);
        let (x, y) = (start(centre % width, size[0], width), start(centre / width, size[1], height));
        let rows = |plane: usize| (y..y + size[1]).map(move |row| plane * width * height + row * width + x);
        let planes = (0..example.channels()).flat_map(rows).flat_map(|at| example.planes()[at..at + size[0]].iter().copied()).collect();
        let labels = rows(0).flat_map(|at| example.labels()[at..at + size[0]].iter().copied()).collect();
        // Parts of a sound slice are sound.
        Example::new(planes, labels, size).unwrap_or_else(|_| example.clone())
    }
}

/// A weight per class for the cross-entropy, background 1: the cube root of how many times rarer a label is than background,
/// between 1 and 10. A label that does not occur gets 10. With the square root nets draw too much of every level (a fifth more
/// to correct on the phantom); with none they leave the sparse ones out.
#[must_use]
pub fn balanced_weights(examples: &[Example], classes: usize) -> Vec<f32> {
    let mut counts = [0_u64; 256];
    examples.iter().flat_map(Example::labels).for_each(|&label| counts[usize::from(label)] += 1);
    let weight = |label: usize| ((counts[0].max(1) as f64 / counts[label].max(1) as f64).cbrt() as f32).clamp(1.0, 10.0);
    (0..classes.min(255)).map(|label| if label > 0 && counts[label] == 0 { 10.0 } else { weight(label) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn examples() -> Vec<Example> {
        let slice = |label: u8| {
            let mut labels = vec![0; 400];
            labels[389] = label;
            Example::new(vec![0.5; 400], labels, [20, 20]).unwrap()
        };
        (0..50).map(|n| slice(if n == 17 { 3 } else { u8::from(n % 2 == 0) })).collect()
    }

    #[test]
    fn a_level_on_one_slice_in_fifty_is_seen_as_often_as_a_common_one() {
        let mut sampler = Sampler::new(&examples(), 1).unwrap();
        let drawn: Vec<_> = (0..100).flat_map(|_| sampler.draw(4)).collect();
        let sparse = drawn.iter().filter(|d| d.0 == 17).count();
        assert!(sparse >= 100, "{sparse}");
        assert!(drawn.iter().any(|d| d.1.is_none() && d.0 % 2 == 1), "slices without labels come too");
        assert_eq!(Sampler::new(&examples(), 1).unwrap().draw(8), Sampler::new(&examples(), 1).unwrap().draw(8));
        assert!(matches!(Sampler::new(&[], 1), Err(LearnError::NoExamples)));
    }

    #[test]
    fn shares_are_kept_and_slices_done_badly_come_again() {
        let mut sampler = Sampler::new(&examples(), 1).unwrap().with_shares(0.25, 0.0);
        let drawn: Vec<_> = (0..100).flat_map(|_| sampler.draw(4)).collect();
        assert_eq!(drawn.iter().filter(|d| d.1.is_some()).count(), 100);
        let mut sampler = Sampler::new(&examples(), 1).unwrap().with_shares(0.0, 0.8);
        let mut times = [0; 50];
        for _ in 0..2000 {
            let slice = sampler.draw(1)[0].0;
            times[slice] += 1;
            sampler.hear(if slice % 10 == 3 { 2.0 } else { 0.5 });
        }
        let hard: usize = times.iter().skip(3).step_by(10).sum();
        assert!(hard > 400, "{hard} of 2000 draws for a tenth of the slices");
        assert!(times.iter().all(|n| *n > 0), "easy slices come too");
    }

    #[test]
    fn rare_labels_weigh_more_within_limits() {
        let labels = (0..20_000)
            .map(|n| {
                if n < 16_000 {
                    0
                } else if n < 19_999 {
                    1
                } else {
                    3
                }
            })
            .collect();
        let example = Example::new(vec![0.0; 20_000], labels, [200, 100]).unwrap();
        let weights = balanced_weights(&[example], 4);
        assert_eq!((weights[0], weights[2], weights[3]), (1.0, 10.0, 10.0));
        assert!((weights[1] - 4.0_f32.cbrt()).abs() < 1e-3);
        assert_eq!(balanced_weights(&[], 2), [1.0, 10.0]);
    }

    #[test]
    fn a_part_drawn_for_a_label_holds_it() {
        let examples = examples();
        let mut sampler = Sampler::new(&examples, 2).unwrap();
        let batch = sampler.batch(&examples, 40, Some(Crop { size: [8, 6] }), &Augmentation::NONE);
        assert_eq!(batch.len(), 40);
        assert!(batch.iter().all(|e| e.size() == [8, 6]));
        assert!(batch.iter().step_by(2).all(|e| e.labels().iter().any(|l| *l > 0)));
    }
}
