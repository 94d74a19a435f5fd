//! The loss over the pixels that count, and its gradient by the net's values before softmax.

use crate::learn::objective::{LossKind, Objective};
use rayon::prelude::*;

/// The label of pixels that the loss leaves out: slices not done, outside the region of interest, excluded areas.
pub const IGNORE: u8 = 255;

/// A term over pixels (weighted mean of a cross-entropy) plus a term over labels (1 − the mean soft Dice or Tversky index of
/// the labels above 0 that occur in the batch; sums over the whole batch). Ordinal: both are taken on "at least label k".
#[derive(Clone, Debug)]
pub struct Loss {
    class_weights: Vec<f32>,
    objective: Objective,
}

#[derive(Clone, Debug)]
struct Sums {
    weighted: f64,
    weights: f64,
    /// Per class: sum of p where the class is true, sum of p, number of pixels. Ordinal: of p of at least that class.
    overlap: Vec<[f64; 3]>,
}

const CHUNK: usize = 4096;
/// Added to both halves of an overlap quotient, in pixels.
const SMOOTH: f64 = 0.5;
/// Probabilities are kept this far from 0 and 1 where a logarithm is taken.
const TINY: f32 = 1e-6;

impl Loss {
    /// As many weights as classes, background first.
    #[must_use]
    pub const fn new(class_weights: Vec<f32>, objective: Objective) -> Self {
        Self { class_weights, objective }
    }

    /// Weight of each class.
    #[must_use]
    pub fn class_weights(&self) -> &[f32] {
        &self.class_weights
    }

    /// Whether it is soft Dice plus weighted cross-entropy and no more.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let Objective { loss, overlap, ordinal, label_smoothing, .. } = self.objective;
        loss == LossKind::Dice && overlap == 1.0 && !ordinal && label_smoothing == 0.0
    }

    /// The loss; `logits[pixel][class]` become its gradient. `None` if no pixel counts. Labels must be classes or [`IGNORE`].
    pub fn gradient(&self, logits: &mut [f32], labels: &[u8]) -> Option<f64> {
        let classes = self.class_weights.len();
        let partial: Vec<Sums> = logits
            .par_chunks_mut(CHUNK * classes)
            .zip(labels.par_chunks(CHUNK))
            .map(|(logits, labels)| self.chunk_sums(logits, labels))
            .collect();
        let mut sums = Sums { weighted: 0.0, weights: 0.0, overlap: vec![[0.0; 3]; classes] };
        for part in &partial {
            sums.weighted += part.weighted;
            sums.weights += part.weights;
            for (sum, part) in sums.overlap.iter_mut().zip(&part.overlap) {
                (0..3).for_each(|n| sum[n] += part[n]);
            }
        }
        if sums.weights <= 0.0 {
            return None;
        }
        let (overlap, slopes) = self.overlap_slopes(&sums);
        let per_weight = 1.0 / sums.weights;
        logits.par_chunks_mut(CHUNK * classes).zip(labels.par_chunks(CHUNK)).for_each(|(values, labels)| {
            let mut by_p = vec![0.0; classes];
            for (p, &label) in values.chunks_exact_mut(classes).zip(labels) {
                if label == IGNORE {
                    p.fill(0.0);
                    continue;
                }
                let label = usize::from(label);
                let weight = (f64::from(self.class_weights[label]) * per_weight) as f32;
                self.pixel_back(p, label, weight, &slopes, &mut by_p);
            }
        });
        Some(sums.weighted / sums.weights + overlap)
    }

    /// False positives' and false negatives' weights in the overlap term, if there is one.
    const fn overlap_weights(&self) -> Option<(f64, f64)> {
        match self.objective.loss {
            LossKind::CrossEntropy => None,
            LossKind::Dice | LossKind::Focal { .. } => Some((0.5, 0.5)),
            LossKind::Tversky { false_positives, false_negatives } => Some((false_positives as f64, false_negatives as f64)),
        }
    }

    /// The overlap term, and its derivative by the probability of a class on its own pixels and elsewhere.
    fn overlap_slopes(&self, sums: &Sums) -> (f64, Vec<(f32, f32)>) {
        let classes = self.class_weights.len();
        let mut slopes = vec![(0.0, 0.0); classes];
        let Some((alpha, beta)) = self.overlap_weights() else { return (0.0, slopes) };
        let present: Vec<usize> = (1..classes).filter(|&c| sums.overlap[c][2] > 0.0).collect();
        let mut loss = 0.0;
        for &c in &present {
            let [both, predicted, truth] = sums.overlap[c];
            let share = f64::from(self.objective.overlap) / present.len() as f64;
            let above = both + SMOOTH;
            let below = both + alpha * (predicted - both) + beta * (truth - both) + SMOOTH;
            loss += (1.0 - above / below) * share;
            let own = (above * (1.0 - beta) - below) / (below * below) * share;
            slopes[c] = (own as f32, (above * alpha / (below * below) * share) as f32);
        }
        (loss, slopes)
    }

    /// Turns the probabilities of one pixel into the loss's gradient by its logits; `by_p` is scratch.
    fn pixel_back(&self, p: &mut [f32], label: usize, weight: f32, slopes: &[(f32, f32)], by_p: &mut [f32]) {
        let Objective { loss, ordinal, label_smoothing, .. } = self.objective;
        let classes = p.len();
        if ordinal {
            // Everything as derivatives by "at least k", then summed up to derivatives by p: p of c is part of every k <= c.
            let (mut sum, mut at_least) = (0.0, 1.0);
            by_p[0] = 0.0;
            for k in 1..classes {
                at_least -= p[k - 1];
                let kept = at_least.clamp(TINY, 1.0 - TINY);
                let target = if label >= k { 1.0 - label_smoothing / 2.0 } else { label_smoothing / 2.0 };
                sum += weight * (kept - target) / (kept * (1.0 - kept)) + if label >= k { slopes[k].0 } else { slopes[k].1 };
                by_p[k] = sum;
            }
            through_softmax(p, by_p);
            return;
        }
        for (c, slope) in by_p.iter_mut().enumerate() {
            *slope = if c == label { slopes[c].0 } else { slopes[c].1 };
        }
        if let LossKind::Focal { gamma } = loss {
            let kept = p[label].clamp(TINY, 1.0);
            let left = (1.0 - kept).max(TINY);
            by_p[label] += weight * (gamma * left.powf(gamma - 1.0) * kept.ln() - left.powf(gamma) / kept);
            through_softmax(p, by_p);
            return;
        }
        let mean: f32 = p.iter().zip(by_p.iter()).map(|(p, slope)| p * slope).sum();
        let spread = label_smoothing / classes as f32;
        for (c, p) in p.iter_mut().enumerate() {
            let target = spread + if c == label { 1.0 - label_smoothing } else { 0.0 };
            *p = (*p - target) * weight + *p * (by_p[c] - mean);
        }
    }

    /// Turns logits into probabilities and sums what the loss needs.
    fn chunk_sums(&self, logits: &mut [f32], labels: &[u8]) -> Sums {
        let Objective { loss, ordinal, label_smoothing, .. } = self.objective;
        let classes = self.class_weights.len();
        let mut sums = Sums { weighted: 0.0, weights: 0.0, overlap: vec![[0.0; 3]; classes] };
        for (values, &label) in logits.chunks_exact_mut(classes).zip(labels) {
            if label == IGNORE {
                continue;
            }
            let label = usize::from(label);
            let (own, mean) = (values[label], values.iter().sum::<f32>() / classes as f32);
            let log_sum = softmax(values);
            let mut cost = log_sum - (1.0 - label_smoothing) * own - label_smoothing * mean;
            if let LossKind::Focal { gamma } = loss {
                let kept = values[label].clamp(TINY, 1.0);
                cost = -(1.0 - kept).max(TINY).powf(gamma) * kept.ln();
            }
            if ordinal {
                cost = 0.0;
                let mut at_least = 1.0;
                for k in 1..classes {
                    at_least -= values[k - 1];
                    let kept = at_least.clamp(TINY, 1.0 - TINY);
                    let target = if label >= k { 1.0 - label_smoothing / 2.0 } else { label_smoothing / 2.0 };
                    cost -= target * kept.ln() + (1.0 - target) * (1.0 - kept).ln();
                    sums.overlap[k][1] += f64::from(at_least);
                    if label >= k {
                        sums.overlap[k][0] += f64::from(at_least);
                        sums.overlap[k][2] += 1.0;
                    }
                }
            } else {
                for (sum, p) in sums.overlap.iter_mut().zip(values.iter()) {
                    sum[1] += f64::from(*p);
                }
                sums.overlap[label][0] += f64::from(values[label]);
                sums.overlap[label][2] += 1.0;
            }
            let weight = f64::from(self.class_weights[label]);
            sums.weighted += weight * f64::from(cost);
            sums.weights += weight;
        }
        sums
    }
}

/// Turns derivatives by probabilities into derivatives by logits, in place of the probabilities.
fn through_softmax(p: &mut [f32], by_p: &[f32]) {
    let mean: f32 = p.iter().zip(by_p).map(|(p, slope)| p * slope).sum();
    p.iter_mut().zip(by_p).for_each(|(p, slope)| *p *= slope - mean);
}

/// Turns the logits of one pixel into probabilities; returns the logarithm of the sum of their exponentials.
pub fn softmax(values: &mut [f32]) -> f32 {
    let largest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for v in values.iter_mut() {
        *v = (*v - largest).exp();
        sum += *v;
    }
    values.iter_mut().for_each(|v| *v /= sum);
    largest + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABELS: [u8; 11] = [0, 1, 2, 1, IGNORE, 0, 0, 2, 1, IGNORE, 2];

    fn loss(objective: Objective) -> Loss {
        Loss::new(vec![0.5, 1.0, 2.0, 3.0], objective)
    }

    fn objectives() -> Vec<Objective> {
        let plain = Objective::default();
        let kinds = [
            LossKind::Dice,
            LossKind::CrossEntropy,
            LossKind::Focal { gamma: 2.0 },
            LossKind::Focal { gamma: 0.5 },
            LossKind::Tversky { false_positives: 0.3, false_negatives: 0.7 },
        ];
        let of = |loss: LossKind| [false, true].map(|ordinal| Objective { loss, ordinal, ..plain });
        let mut all: Vec<Objective> = kinds.into_iter().flat_map(of).collect();
        all.extend([false, true].map(|ordinal| Objective { overlap: 0.3, ordinal, ..plain }));
        all.extend([false, true].map(|ordinal| Objective { label_smoothing: 0.2, ordinal, ..plain }));
        all
    }

    #[test]
    fn every_gradient_is_the_finite_difference_and_ignored_pixels_have_none() {
        let logits: Vec<f32> = (0..4 * 11).map(|i| ((i * 37 % 19) as f32) / 7.0 - 1.0).collect();
        for objective in objectives() {
            let loss = loss(objective);
            let value = |logits: &[f32]| loss.gradient(&mut logits.to_vec(), &LABELS).unwrap();
            let mut gradient = logits.clone();
            loss.gradient(&mut gradient, &LABELS);
            for (at, found) in gradient.iter().enumerate() {
                let moved = |by: f32| {
                    let mut moved = logits.clone();
                    moved[at] += by;
                    value(&moved)
                };
                let expected = (moved(1e-2) - moved(-1e-2)) / 2e-2;
                assert!((f64::from(*found) - expected).abs() < 3e-4, "{objective:?} {at}: {found} for {expected}");
                if LABELS[at / 4] == IGNORE {
                    assert_eq!(*found, 0.0);
                }
            }
        }
    }

    #[test]
    fn special_cases_are_the_plain_loss_and_numbers_far_out_stay_finite() {
        let logits: Vec<f32> = (0..44).map(|i| ((i * 29 % 23) as f32) / 5.0 - 2.0).collect();
        let plain = Objective::default();
        let value = |loss_kind: LossKind| loss(Objective { loss: loss_kind, ..plain }).gradient(&mut logits.clone(), &LABELS).unwrap();
        let dice = value(LossKind::Dice);
        assert!((dice - value(LossKind::Focal { gamma: 0.0 })).abs() < 1e-6);
        assert!((dice - value(LossKind::Tversky { false_positives: 0.5, false_negatives: 0.5 })).abs() < 1e-6);
        let alone = loss(Objective { overlap: 0.0, ..plain }).gradient(&mut logits.clone(), &LABELS).unwrap();
        assert!((alone - value(LossKind::CrossEntropy)).abs() < 1e-9 && (alone - dice).abs() > 0.1);
        for objective in objectives() {
            let mut far: Vec<f32> = (0..44).map(|i| if i % 3 == 0 { 90.0 } else { -90.0 }).collect();
            assert!(loss(objective).gradient(&mut far, &LABELS).unwrap().is_finite());
            assert!(far.iter().all(|g| g.is_finite()), "{objective:?}");
        }
    }

    #[test]
    fn a_near_miss_costs_less_on_an_ordinal_scale() {
        let cost = |ordinal: bool, guess: usize| {
            let mut logits = vec![0.0; 4];
            logits[guess] = 4.0;
            loss(Objective { ordinal, loss: LossKind::CrossEntropy, ..Objective::default() }).gradient(&mut logits, &[3]).unwrap()
        };
        assert!((cost(false, 2) - cost(false, 0)).abs() < 1e-6);
        assert!(cost(true, 2) + 1.0 < cost(true, 0));
    }

    #[test]
    fn a_sure_and_right_answer_costs_nothing_and_nothing_labelled_is_no_loss() {
        let loss = Loss::new(vec![1.0, 1.0], Objective::default());
        let mut logits = vec![40.0, 0.0, 0.0, 40.0];
        assert!(loss.gradient(&mut logits, &[0, 1]).unwrap() < 1e-6);
        assert_eq!(loss.gradient(&mut [0.0; 4], &[IGNORE, IGNORE]), None);
    }
}
