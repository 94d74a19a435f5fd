//! Joint STAPLE of all labels at once (Rohlfing, Russakoff, Maurer, IEEE Trans Med Imaging 2004).

use super::exact_sum::ExactSum;
use super::{UNDECIDED, VoteTable, majority::majority_of};
use rayon::prelude::*;

/// Where the confusion matrices start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum JointStart {
    /// From the majority vote, voxels with a tied vote left out. Zeros stay zeros: a sparse level may stay locked at the vote.
    Votes,
    /// This much on the diagonal, the rest shared evenly.
    Diagonal(f64),
}

impl Default for JointStart {
    fn default() -> Self {
        Self::Diagonal(0.99)
    }
}

/// How to run joint STAPLE.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JointOptions {
    /// Where the iteration starts.
    pub start: JointStart,
    /// Stop when no entry of a confusion matrix changes by this much or more in one round.
    pub tolerance: f64,
    /// Stop after this many rounds at the latest.
    pub max_iterations: usize,
}

impl Default for JointOptions {
    fn default() -> Self {
        Self { start: JointStart::default(), tolerance: 1e-5, max_iterations: 5_000 }
    }
}

/// The outcome of joint STAPLE. Labels run from 0 to the highest that anybody used.
#[derive(Clone, Debug, PartialEq)]
pub struct JointStaple {
    labels: usize,
    prior: Vec<f64>,
    confusion: Vec<f64>,
    readers: usize,
    iterations: usize,
    converged: bool,
    posterior: Vec<f64>,
    log_likelihood: Option<f64>,
    impossible_voxels: u64,
}

/// Runs joint STAPLE on distinct vote patterns.
#[must_use]
pub fn joint_staple(table: &VoteTable, options: &JointOptions) -> JointStaple {
    let labels = usize::from(table.highest_label()) + 1;
    let readers = table.readers();
    let mut joint = JointStaple {
        labels,
        prior: prior(table, labels),
        confusion: match options.start {
            JointStart::Votes => start_from_votes(table, labels),
            JointStart::Diagonal(on) => start_from_diagonal(on.clamp(0.0, 1.0), readers, labels),
        },
        readers,
        iterations: 0,
        converged: false,
        posterior: vec![0.0; table.len() * labels],
        log_likelihood: None,
        impossible_voxels: 0,
    };
    joint.e_step(table);
    while joint.iterations < options.max_iterations.max(1) && !joint.converged {
        let next = joint.m_step(table);
        let change = next.iter().zip(&joint.confusion).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        joint.confusion = next;
        joint.iterations += 1;
        joint.converged = change < options.tolerance;
        joint.e_step(table);
    }
    joint
}

/// Relative frequency of each label over all readers and voxels.
fn prior(table: &VoteTable, labels: usize) -> Vec<f64> {
    let mut counts = vec![0_u64; labels];
    for (pattern, &voxels) in table.voxels().iter().enumerate() {
        for &label in table.votes(pattern) {
            counts[usize::from(label)] += voxels;
        }
    }
    let total: u64 = counts.iter().sum();
    counts.iter().map(|&n| n as f64 / total.max(1) as f64).collect()
}

/// Fraction of the voxels that a reader called j and the untied vote called i; rows (j) sum to 1.
fn start_from_votes(table: &VoteTable, labels: usize) -> Vec<f64> {
    let mut confusion = vec![0.0; table.readers() * labels * labels];
    for (pattern, &voxels) in table.voxels().iter().enumerate() {
        let Some(vote) = majority_of(table.votes(pattern)) else { continue };
        for (reader, &said) in table.votes(pattern).iter().enumerate() {
            confusion[(reader * labels + usize::from(said)) * labels + usize::from(vote)] += voxels as f64;
        }
    }
    for row in confusion.chunks_mut(labels) {
        let sum: f64 = row.iter().sum();
        if sum > 0.0 {
            row.iter_mut().for_each(|value| *value /= sum);
        }
    }
    confusion
}

fn start_from_diagonal(on: f64, readers: usize, labels: usize) -> Vec<f64> {
    let off = if labels > 1 { (1.0 - on) / (labels - 1) as f64 } else { 0.0 };
    let on = if labels > 1 { on } else { 1.0 };
    (0..readers * labels * labels).map(|at| if at / labels % labels == at % labels { on } else { off }).collect()
}

impl JointStaple {
    /// Patterns that one task works on.
    fn part(&self, table: &VoteTable) -> usize {
        // Every part has its own confusion matrices, so few labels are cut finer than many.
        if self.labels <= 32 { (table.len() / 64).max(4096) } else { table.len().max(1) }
    }

    /// E step: W_i ~ prior_i · Π_k confusion[k][d_k][i] for every pattern, with the log likelihood of all voxels.
    fn e_step(&mut self, table: &VoteTable) {
        let (labels, part) = (self.labels, self.part(table));
        let prior: Vec<Log> = self.prior.iter().map(|&p| Log::of(p)).collect();
        let confusion: Vec<Log> = self.confusion.iter().map(|&c| Log::of(c)).collect();
        let work = |(number, posteriors): (usize, &mut [f64])| {
            let (mut log_likelihood, mut impossible) = (0.0, 0);
            let mut logs = vec![Log::ZERO; labels];
            for (at, posterior) in posteriors.chunks_mut(labels).enumerate() {
                let pattern = number * part + at;
                logs.copy_from_slice(&prior);
                for (reader, &said) in table.votes(pattern).iter().enumerate() {
                    let row = (reader * labels + usize::from(said)) * labels;
                    for (log, factor) in logs.iter_mut().zip(&confusion[row..row + labels]) {
                        log.0 += factor.0;
                    }
                }
                let voxels = table.voxels()[pattern];
                match normalise(&logs, posterior) {
                    Some(log_sum) => log_likelihood += voxels as f64 * log_sum,
                    None => impossible += voxels,
                }
            }
            (log_likelihood, impossible)
        };
        let parts: Vec<(f64, u64)> = self.posterior.par_chunks_mut(part * labels).enumerate().map(work).collect();
        self.impossible_voxels = parts.iter().map(|(_, n)| n).sum();
        self.log_likelihood = (self.impossible_voxels == 0).then(|| parts.iter().map(|(l, _)| l).sum());
    }

    /// M step: confusion[k][j][i] = weight of label i where reader k said j; columns sum to 1, or stay 0 without weight.
    fn m_step(&self, table: &VoteTable) -> Vec<f64> {
        let (labels, part) = (self.labels, self.part(table));
        let exact = ExactSum::up_to(table.voxel_count());
        let empty = || (vec![0_u128; self.confusion.len()], vec![0_u128; labels]);
        let work = |(number, posteriors): (usize, &[f64])| {
            let (mut confusion, mut column) = empty();
            let mut weights = vec![0_u128; labels];
            for (at, posterior) in posteriors.chunks(labels).enumerate() {
                let pattern = number * part + at;
                let voxels = table.voxels()[pattern] as f64;
                weights.iter_mut().zip(posterior).for_each(|(weight, w)| *weight = exact.whole(voxels * w));
                add(&mut column, &weights);
                for (reader, &said) in table.votes(pattern).iter().enumerate() {
                    let row = (reader * labels + usize::from(said)) * labels;
                    add(&mut confusion[row..row + labels], &weights);
                }
            }
            (confusion, column)
        };
        let (confusion, column) = self.posterior.par_chunks(part * labels).enumerate().map(work).reduce(empty, |mut a, b| {
            add(&mut a.0, &b.0);
            add(&mut a.1, &b.1);
            a
        });
        let share = |at: usize, part: u128| if part > 0 { exact.weight(part) / exact.weight(column[at % labels]) } else { 0.0 };
        confusion.iter().enumerate().map(|(at, &part)| share(at, part)).collect()
    }

    /// Number of labels: 0 to the highest used.
    #[must_use]
    pub const fn label_count(&self) -> usize {
        self.labels
    }

    /// Relative frequency per label over all readers.
    #[must_use]
    pub fn prior(&self) -> &[f64] {
        &self.prior
    }

    /// P(reader says `observed` | truth is `truth`).
    #[must_use]
    pub fn confusion(&self, reader: usize, observed: usize, truth: usize) -> f64 {
        self.confusion[(reader * self.labels + observed) * self.labels + truth]
    }

    /// Number of readers.
    #[must_use]
    pub const fn readers(&self) -> usize {
        self.readers
    }

    /// Rounds of M and E.
    #[must_use]
    pub const fn iterations(&self) -> usize {
        self.iterations
    }

    /// Whether the iteration came to rest.
    #[must_use]
    pub const fn converged(&self) -> bool {
        self.converged
    }

    /// Posterior probability of every label for a pattern; all zero where the pattern has become impossible.
    #[must_use]
    pub fn posterior(&self, pattern: usize) -> &[f64] {
        &self.posterior[pattern * self.labels..(pattern + 1) * self.labels]
    }

    /// Σ over voxels of ln Σ_i prior_i Π_k confusion[k][d_k][i]; `None` if some pattern has probability 0.
    #[must_use]
    pub const fn log_likelihood(&self) -> Option<f64> {
        self.log_likelihood
    }

    /// Voxels whose votes have probability 0 under the fitted model.
    #[must_use]
    pub const fn impossible_voxels(&self) -> u64 {
        self.impossible_voxels
    }

    /// Label per pattern: the most probable one; [`UNDECIDED`] where it is not unique or everything is zero.
    #[must_use]
    pub fn pattern_labels(&self) -> Vec<u8> {
        self.posterior.chunks(self.labels).map(|posterior| largest(posterior).unwrap_or(UNDECIDED)).collect()
    }

    /// Probability per pattern that the truth is one of the labels of `level`.
    #[must_use]
    pub fn pattern_probability(&self, level: &[u8]) -> Vec<f64> {
        let of = |posterior: &[f64]| level.iter().filter_map(|&label| posterior.get(usize::from(label))).sum();
        self.posterior.chunks(self.labels).map(of).collect()
    }
}

fn add(sums: &mut [u128], terms: &[u128]) {
    for (sum, term) in sums.iter_mut().zip(terms) {
        *sum += term;
    }
}

/// A logarithm in steps of 2⁻⁵⁸: sums are exact, so that readers have no order, and twenty of them do not underflow.
#[derive(Clone, Copy)]
struct Log(i128);

impl Log {
    /// Lower than any sum of logarithms of positive numbers, high enough for a thousand of them to be added.
    const ZERO: Self = Self(i128::MIN >> 12);
    const STEPS: f64 = (1_u64 << 58) as f64;

    fn of(value: f64) -> Self {
        if value > 0.0 { Self((value.ln() * Self::STEPS) as i128) } else { Self::ZERO }
    }

    /// Whether a factor was zero.
    const fn is_zero(self) -> bool {
        self.0 <= Self::ZERO.0 / 2
    }
}

/// Probabilities that sum to 1 out of logarithms, and the logarithm of their sum; all zero and `None` where every one is zero.
fn normalise(logs: &[Log], probability: &mut [f64]) -> Option<f64> {
    let most = logs.iter().map(|log| log.0).max()?;
    probability.fill(0.0);
    if Log(most).is_zero() {
        return None;
    }
    for (value, log) in probability.iter_mut().zip(logs).filter(|(_, log)| !log.is_zero()) {
        *value = ((log.0 - most) as f64 / Log::STEPS).exp();
    }
    let sum = ExactSum::up_to(logs.len() as u64).sum(probability.iter().copied());
    probability.iter_mut().for_each(|value| *value /= sum);
    Some(most as f64 / Log::STEPS + sum.ln())
}

/// Position of the largest value; `None` where it is shared (within rounding) or nothing is above zero.
pub(super) fn largest(values: &[f64]) -> Option<u8> {
    let most = values.iter().copied().fold(0.0, f64::max);
    let mut near = values.iter().enumerate().filter(|(_, v)| most > 0.0 && **v >= most * (1.0 - 1e-9));
    let (at, _) = near.next()?;
    near.next().is_none().then_some(at as u8)
}

#[cfg(test)]
mod tests {
    use super::super::VotePatterns;
    use super::super::votes::tests::map;
    use super::*;
    use crate::volume::Labels;
    use proptest::prelude::*;

    fn labels(images: &[Vec<u8>], start: JointStart) -> Vec<u8> {
        let maps: Vec<Labels> = images.iter().map(|v| map([v.len(), 1, 1], v)).collect();
        let refs: Vec<&Labels> = maps.iter().collect();
        let patterns = VotePatterns::count(&refs).unwrap();
        let joint = joint_staple(patterns.table(), &JointOptions { start, ..JointOptions::default() });
        patterns.paint(&joint.pattern_labels()).to_dense()
    }

    /// itkMultiLabelSTAPLEImageFilterTest: undecided is 255 here, highest label + 1 there.
    #[test]
    fn itk_two_by_two_by_two() {
        let (a, b, c) = (vec![0, 1, 3, 3, 4, 6, 6, 0], vec![1, 1, 2, 4, 4, 5, 7, 1], vec![0, 2, 2, 3, 5, 5, 6, 8]);
        assert_eq!(labels(&[a.clone(), b.clone()], JointStart::Votes), [255, 1, 255, 255, 4, 255, 255, 255]);
        assert_eq!(labels(&[a, b, c], JointStart::Votes), [0, 1, 2, 3, 4, 5, 6, 255]);
    }

    #[test]
    fn the_start_leaves_tied_voxels_out() {
        let maps = [map([4, 1, 1], &[0, 1, 0, 1]), map([4, 1, 1], &[0, 1, 1, 0])];
        let patterns = VotePatterns::count(&[&maps[0], &maps[1]]).unwrap();
        assert_eq!(start_from_votes(patterns.table(), 2), [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn twenty_readers_and_ten_labels() {
        let n = 4000_usize;
        let truth: Vec<u8> = (0..n).map(|v| (v * 7919 / 13 % 10) as u8).collect();
        let reads: Vec<Vec<u8>> = (0..20_usize)
            .map(|r| truth.iter().enumerate().map(|(v, &t)| if (v * 31 + r * 17) % 11 == 0 { (t + 1) % 10 } else { t }).collect())
            .collect();
        assert_eq!(labels(&reads, JointStart::default()), truth);
    }

    proptest! {
        #[test]
        fn the_order_of_readers_does_not_matter(reads in prop::collection::vec(prop::collection::vec(0..4_u8, 40), 2..6)) {
            let turned: Vec<Vec<u8>> = reads.iter().rev().cloned().collect();
            for start in [JointStart::Votes, JointStart::default()] {
                prop_assert_eq!(labels(&reads, start), labels(&turned, start));
            }
        }

        #[test]
        fn swapping_two_labels_swaps_them_in_the_result(
            reads in prop::collection::vec(prop::collection::vec(0..3_u8, 40), 3..5)
        ) {
            let swapped: Vec<Vec<u8>> = reads.iter().map(|v| v.iter().map(|&l| [0, 2, 1][usize::from(l)]).collect()).collect();
            prop_assume!([&reads, &swapped].iter().all(|r| r.iter().flatten().any(|&l| l == 2)));
            for start in [JointStart::Votes, JointStart::default()] {
                let (a, b) = (labels(&reads, start), labels(&swapped, start));
                for (x, y) in a.iter().zip(&b) {
                    let back = match y { 1 => 2, 2 => 1, other => *other };
                    prop_assert_eq!(*x, back);
                }
            }
        }
    }
}
