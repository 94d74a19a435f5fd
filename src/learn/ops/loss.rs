//! Weighted cross-entropy plus soft Dice over the pixels that count.

use rayon::prelude::*;

/// The label of pixels that the loss leaves out: slices not done, outside the region of interest, excluded areas.
pub const IGNORE: u8 = 255;

/// Cross-entropy with a weight per class, plus 1 − the mean soft Dice of the labels above 0 that occur in the batch
/// (Milletari 2016; sums over the whole batch).
#[derive(Clone, Copy, Debug)]
pub struct Loss<'a> {
    /// A weight per class; as many as classes.
    pub class_weights: &'a [f32],
}

#[derive(Clone, Debug)]
struct Sums {
    weighted: f64,
    weights: f64,
    /// Per class: sum of p where the class is true, sum of p, number of pixels.
    overlap: Vec<[f64; 3]>,
}

const CHUNK: usize = 4096;
/// Added to both halves of the Dice quotient, in pixels.
const SMOOTH: f64 = 1.0;

impl Loss<'_> {
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
        let present: Vec<usize> = (1..classes).filter(|&c| sums.overlap[c][2] > 0.0).collect();
        // Derivative of the Dice part by the probability of a class, on its own pixels and elsewhere.
        let mut slopes = vec![(0.0_f32, 0.0_f32); classes];
        let mut loss = sums.weighted / sums.weights;
        for &c in &present {
            let [both, predicted, truth] = sums.overlap[c];
            let (above, below) = (2.0 * both + SMOOTH, predicted + truth + SMOOTH);
            loss += (1.0 - above / below) / present.len() as f64;
            let elsewhere = above / (below * below * present.len() as f64);
            slopes[c] = ((elsewhere - 2.0 / (below * present.len() as f64)) as f32, elsewhere as f32);
        }
        let per_weight = 1.0 / sums.weights;
        logits.par_chunks_mut(CHUNK * classes).zip(labels.par_chunks(CHUNK)).for_each(|(values, labels)| {
            for (p, &label) in values.chunks_exact_mut(classes).zip(labels) {
                if label == IGNORE {
                    p.fill(0.0);
                    continue;
                }
                let label = usize::from(label);
                let slope = |c: usize| if c == label { slopes[c].0 } else { slopes[c].1 };
                let mean: f32 = p.iter().enumerate().map(|(c, p)| p * slope(c)).sum();
                let weight = (f64::from(self.class_weights[label]) * per_weight) as f32;
                for (c, p) in p.iter_mut().enumerate() {
                    let target = if c == label { 1.0 } else { 0.0 };
                    *p = (*p - target) * weight + *p * (slope(c) - mean);
                }
            }
        });
        Some(loss)
    }

    /// Turns logits into probabilities and sums what the loss needs.
    fn chunk_sums(&self, logits: &mut [f32], labels: &[u8]) -> Sums {
        let classes = self.class_weights.len();
        let mut sums = Sums { weighted: 0.0, weights: 0.0, overlap: vec![[0.0; 3]; classes] };
        for (values, &label) in logits.chunks_exact_mut(classes).zip(labels) {
            if label == IGNORE {
                continue;
            }
            let label = usize::from(label);
            let own = values[label];
            let log_sum = softmax(values);
            let weight = f64::from(self.class_weights[label]);
            sums.weighted += weight * f64::from(log_sum - own);
            sums.weights += weight;
            for (sum, p) in sums.overlap.iter_mut().zip(values.iter()) {
                sum[1] += f64::from(*p);
            }
            sums.overlap[label][0] += f64::from(values[label]);
            sums.overlap[label][2] += 1.0;
        }
        sums
    }
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

    #[test]
    fn the_gradient_is_the_finite_difference_and_ignored_pixels_have_none() {
        let logits: Vec<f32> = (0..4 * 11).map(|i| ((i * 37 % 19) as f32) / 7.0 - 1.0).collect();
        let labels = [0, 1, 2, 1, IGNORE, 0, 0, 2, 1, IGNORE, 2];
        let loss = Loss { class_weights: &[0.5, 1.0, 2.0, 3.0] };
        let value = |logits: &[f32]| loss.gradient(&mut logits.to_vec(), &labels).unwrap();
        let mut gradient = logits.clone();
        loss.gradient(&mut gradient, &labels);
        for (at, found) in gradient.iter().enumerate() {
            let moved = |by: f32| {
                let mut moved = logits.clone();
                moved[at] += by;
                value(&moved)
            };
            let expected = (moved(1e-2) - moved(-1e-2)) / 2e-2;
            assert!((f64::from(*found) - expected).abs() < 2e-4, "{at}: {found} for {expected}");
            if labels[at / 4] == IGNORE {
                assert_eq!(*found, 0.0);
            }
        }
    }

    #[test]
    fn a_sure_and_right_answer_costs_nothing_and_nothing_labelled_is_no_loss() {
        let loss = Loss { class_weights: &[1.0, 1.0] };
        let mut logits = vec![40.0, 0.0, 0.0, 40.0];
        assert!(loss.gradient(&mut logits, &[0, 1]).unwrap() < 1e-6);
        assert_eq!(loss.gradient(&mut [0.0; 4], &[IGNORE, IGNORE]), None);
    }
}
