//! Binary STAPLE of one level (Warfield, Zou, Wells, IEEE Trans Med Imaging 2004; without spatial prior).

use super::exact_sum::ExactSum;
use super::{ConsensusOptions, Prior, Region, StapleOptions, VotePatterns, VoteTable, level_name};

/// Whether a level can be estimated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LevelStatus {
    /// There are votes for and against.
    Estimated,
    /// Nobody used the level: W = 0, no sensitivity.
    Unused,
    /// Everybody used it in every voxel: W = 1, no specificity.
    Everywhere,
    /// The readers agree in every voxel, so that a region of disagreement is empty: W = their vote, no figures.
    Unanimous,
}

/// The outcome of binary STAPLE for one level.
#[derive(Clone, Debug, PartialEq)]
pub struct Staple {
    level: Vec<u8>,
    status: LevelStatus,
    prior: f64,
    sensitivity: Vec<Option<f64>>,
    specificity: Vec<Option<f64>>,
    iterations: Option<usize>,
    converged: bool,
    table: VoteTable,
    probability: Vec<f64>,
}

/// STAPLE of the labels in `level` (more than one: their union) against all others.
#[must_use]
pub fn binary_staple(patterns: &VotePatterns, level: &[u8], options: &StapleOptions) -> Staple {
    let region = ConsensusOptions { region: options.region, ..ConsensusOptions::default() };
    staple_of(patterns.table(), region.left_out(patterns), level, options)
}

/// STAPLE on a table of votes of which `left_out` voxels without any vote do not count.
pub(super) fn staple_of(table: &VoteTable, left_out: u64, level: &[u8], options: &StapleOptions) -> Staple {
    let votes = table.level(level);
    let weights = region_weights(&votes, left_out, options.region);
    let mut staple = Staple {
        level: level.to_vec(),
        status: LevelStatus::Estimated,
        prior: 0.0,
        sensitivity: vec![None; votes.readers()],
        specificity: vec![None; votes.readers()],
        iterations: None,
        converged: true,
        probability: (0..votes.len()).map(|p| mean_vote(votes.votes(p))).collect(),
        table: votes,
    };
    let total: f64 = weights.iter().sum();
    let exact = ExactSum::up_to(total as u64);
    let for_it = exact.sum(weights.iter().zip(&staple.probability).map(|(n, w)| n * w));
    if total == 0.0 {
        staple.status = match (staple.table.len(), staple.probability.first()) {
            (1, Some(&0.0)) => LevelStatus::Unused,
            (1, Some(_)) => LevelStatus::Everywhere,
            _ => LevelStatus::Unanimous,
        };
        return staple;
    }
    staple.prior = for_it / total;
    if for_it == 0.0 || for_it == total {
        let unused = for_it == 0.0;
        staple.status = if unused { LevelStatus::Unused } else { LevelStatus::Everywhere };
        let known = if unused { &mut staple.specificity } else { &mut staple.sensitivity };
        known.fill(Some(1.0));
        return staple;
    }
    if let Prior::Fixed(prior) = options.prior {
        staple.prior = prior.clamp(0.0, 1.0);
    }
    iterate(&mut staple, &weights, exact, options);
    staple
}

/// Voxels per pattern that count.
fn region_weights(votes: &VoteTable, left_out: u64, region: Region) -> Vec<f64> {
    (0..votes.len())
        .map(|p| {
            let mean = mean_vote(votes.votes(p));
            match region {
                Region::Disagreement if mean == 0.0 || mean == 1.0 => 0.0,
                _ if mean == 0.0 => votes.voxels()[p].saturating_sub(left_out) as f64,
                _ => votes.voxels()[p] as f64,
            }
        })
        .collect()
}

fn mean_vote(votes: &[u8]) -> f64 {
    votes.iter().map(|&v| f64::from(v)).sum::<f64>() / votes.len().max(1) as f64
}

/// M and E steps in turn, starting from the mean vote.
fn iterate(staple: &mut Staple, weights: &[f64], exact: ExactSum, options: &StapleOptions) {
    let readers = staple.table.readers();
    let prior: Vec<f64> = match options.prior {
        Prior::VoxelVote => staple.probability.clone(),
        Prior::MeanVote | Prior::Fixed(_) => vec![staple.prior; weights.len()],
    };
    let mut figures = vec![(0.0, 0.0); readers];
    staple.converged = false;
    for round in 1..=options.max_iterations.max(1) {
        let next = m_step(&staple.table, weights, exact, &staple.probability, &figures);
        let change = next.iter().zip(&figures).fold(0.0_f64, |most, (new, old)| most.max((new.0 - old.0).abs()).max((new.1 - old.1).abs()));
        figures = next;
        // Factors are multiplied in the order of their size, so that readers have no order.
        let mut order: Vec<usize> = (0..readers).collect();
        order.sort_unstable_by(|&a, &b| figures[a].0.total_cmp(&figures[b].0).then(figures[a].1.total_cmp(&figures[b].1)));
        for pattern in 0..weights.len() {
            // Patterns outside the region keep the readers' common vote.
            if weights[pattern] > 0.0 {
                e_step(staple.table.votes(pattern), prior[pattern], &figures, &order, &mut staple.probability[pattern]);
            }
        }
        staple.iterations = Some(round);
        if round > 1 && change <= options.tolerance {
            staple.converged = true;
            break;
        }
    }
    staple.sensitivity = figures.iter().map(|&(p, _)| Some(p)).collect();
    staple.specificity = figures.iter().map(|&(_, q)| Some(q)).collect();
}

/// M step: sensitivity and specificity per reader under the present probabilities; the old ones where a sum is empty.
fn m_step(table: &VoteTable, weights: &[f64], exact: ExactSum, probability: &[f64], old: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let (mut present, mut absent) = (0, 0);
    let mut sums = vec![(0_u128, 0_u128); table.readers()];
    for (pattern, (&n, &w)) in weights.iter().zip(probability).enumerate() {
        let (with, without) = (exact.whole(n * w), exact.whole(n * (1.0 - w)));
        present += with;
        absent += without;
        for ((hit, rejected), &vote) in sums.iter_mut().zip(table.votes(pattern)) {
            if vote == 1 { *hit += with } else { *rejected += without }
        }
    }
    let share = |part, whole, old| if whole > 0 { exact.weight(part) / exact.weight(whole) } else { old };
    sums.iter().zip(old).map(|(sum, old)| (share(sum.0, present, old.0), share(sum.1, absent, old.1))).collect()
}

/// E step for one pattern: W = g A / (g A + (1 − g) B). Left alone where both are zero.
fn e_step(votes: &[u8], prior: f64, figures: &[(f64, f64)], order: &[usize], probability: &mut f64) {
    let (mut for_it, mut against) = (prior, 1.0 - prior);
    for &reader in order.iter().filter(|&&reader| votes[reader] == 1) {
        for_it *= figures[reader].0;
        against *= 1.0 - figures[reader].1;
    }
    for &reader in order.iter().filter(|&&reader| votes[reader] != 1) {
        for_it *= 1.0 - figures[reader].0;
        against *= figures[reader].1;
    }
    if for_it + against > 0.0 {
        *probability = for_it / (for_it + against);
    }
}

impl Staple {
    /// The labels that count as positive.
    #[must_use]
    pub fn level(&self) -> &[u8] {
        &self.level
    }

    /// `2`, or `2+3` for a union.
    #[must_use]
    pub fn level_name(&self) -> String {
        level_name(&self.level)
    }

    /// Whether the level could be estimated.
    #[must_use]
    pub const fn status(&self) -> LevelStatus {
        self.status
    }

    /// False where nobody used the level.
    #[must_use]
    pub fn is_estimable(&self) -> bool {
        self.status != LevelStatus::Unused
    }

    /// The one prior g (mean vote fraction over the region unless given by hand).
    #[must_use]
    pub const fn prior(&self) -> f64 {
        self.prior
    }

    /// p per reader; `None` where the level is not estimable.
    #[must_use]
    pub fn sensitivity(&self) -> &[Option<f64>] {
        &self.sensitivity
    }

    /// q per reader; `None` where nothing lies outside the level.
    #[must_use]
    pub fn specificity(&self) -> &[Option<f64>] {
        &self.specificity
    }

    /// Rounds of M and E; `None` where there was nothing to iterate.
    #[must_use]
    pub const fn iterations(&self) -> Option<usize> {
        self.iterations
    }

    /// Whether the iteration came to rest.
    #[must_use]
    pub const fn converged(&self) -> bool {
        self.converged
    }

    /// The votes for (1) and against (0) with their numbers of voxels.
    #[must_use]
    pub const fn votes(&self) -> &VoteTable {
        &self.table
    }

    /// W per pattern of [`Staple::votes`].
    #[must_use]
    pub fn probability(&self) -> &[f64] {
        &self.probability
    }

    /// W per pattern of the table that was handed in: for [`VotePatterns::spread`].
    #[must_use]
    pub fn pattern_probability(&self) -> Vec<f64> {
        self.table.to_origin(&self.probability)
    }

    /// Voxels with W ≥ 0.5.
    #[must_use]
    pub fn consensus_voxels(&self) -> u64 {
        self.probability.iter().zip(self.table.voxels()).filter(|(w, _)| **w >= 0.5).map(|(_, n)| n).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::super::votes::tests::map;
    use super::*;
    use crate::volume::Labels;
    use proptest::prelude::*;

    fn run(readers: &[Labels], level: &[u8], options: &StapleOptions) -> Staple {
        let readers: Vec<&Labels> = readers.iter().collect();
        binary_staple(&VotePatterns::count(&readers).unwrap(), level, options)
    }

    #[test]
    fn six_readers_and_eight_voxels_as_published() {
        let votes: [[u8; 8]; 6] = [
            [0, 0, 0, 0, 0, 1, 1, 0],
            [0, 0, 0, 0, 1, 1, 1, 1],
            [1, 1, 1, 0, 1, 1, 1, 1],
            [0, 0, 0, 0, 1, 1, 1, 0],
            [0, 1, 0, 0, 0, 1, 1, 1],
            [0, 0, 1, 1, 0, 0, 1, 1],
        ];
        let readers: Vec<Labels> = votes.iter().map(|v| map([8, 1, 1], v)).collect();
        let staple = run(&readers, &[1], &StapleOptions { tolerance: 1e-15, ..StapleOptions::default() });
        assert!((staple.prior() - 0.5).abs() < 1e-15);
        for (got, expected) in staple.sensitivity().iter().zip([0.5, 1.0, 1.0, 0.75, 0.75, 0.5]) {
            assert!((got.unwrap() - expected).abs() < 1e-9, "{got:?} {expected}");
        }
        let refs: Vec<&Labels> = readers.iter().collect();
        let map = VotePatterns::count(&refs).unwrap().spread(&staple.pattern_probability());
        for (got, expected) in map.iter().zip([0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0]) {
            assert!((got - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn unused_full_and_unanimous_levels_are_not_numbers() {
        let a = map([4, 1, 1], &[1, 1, 1, 1]);
        let full = run(&[a.clone(), a.clone()], &[1], &StapleOptions::default());
        assert_eq!((full.status(), full.consensus_voxels(), full.specificity()[0]), (LevelStatus::Everywhere, 4, None));
        let unused = run(&[a.clone(), a], &[2], &StapleOptions::default());
        assert_eq!((unused.status(), unused.consensus_voxels(), unused.sensitivity()[0]), (LevelStatus::Unused, 0, None));
        let half = map([4, 1, 1], &[1, 1, 0, 0]);
        let options = StapleOptions { region: Region::Disagreement, ..StapleOptions::default() };
        let same = run(&[half.clone(), half], &[1], &options);
        assert_eq!((same.status(), same.consensus_voxels()), (LevelStatus::Unanimous, 2));
    }

    fn reads() -> impl Strategy<Value = Vec<Vec<u8>>> {
        (2_usize..6).prop_flat_map(|readers| prop::collection::vec(prop::collection::vec(0..4_u8, 60), readers))
    }

    proptest! {
        #[test]
        fn the_order_of_readers_does_not_matter(reads in reads()) {
            let maps: Vec<Labels> = reads.iter().map(|v| map([5, 4, 3], v)).collect();
            let turned: Vec<Labels> = maps.iter().rev().cloned().collect();
            let options = StapleOptions { max_iterations: 200, ..StapleOptions::default() };
            let (a, b) = (run(&maps, &[2, 3], &options), run(&turned, &[2, 3], &options));
            prop_assert!(a.sensitivity().iter().eq(b.sensitivity().iter().rev()));
            prop_assert!(a.specificity().iter().eq(b.specificity().iter().rev()));
            prop_assert_eq!((a.iterations(), a.consensus_voxels()), (b.iterations(), b.consensus_voxels()));
        }

        #[test]
        fn a_flip_changes_nothing_and_the_box_undoes_padding(reads in reads()) {
            let plain: Vec<Labels> = reads.iter().map(|v| map([5, 4, 3], v)).collect();
            let flipped: Vec<Labels> = reads.iter().map(|v| map([5, 4, 3], &v.iter().rev().copied().collect::<Vec<_>>())).collect();
            let padded: Vec<Labels> = reads.iter().map(|v| {
                let mut wide = map([9, 4, 7], &[0; 252]);
                for (at, &label) in v.iter().enumerate() {
                    wide.set([at % 5 + 2, at / 5 % 4, at / 20 + 1], label);
                }
                wide
            }).collect();
            let boxed = StapleOptions { region: Region::BoundingBox, max_iterations: 200, ..StapleOptions::default() };
            let a = run(&plain, &[1], &boxed);
            for other in [run(&flipped, &[1], &boxed), run(&padded, &[1], &boxed)] {
                prop_assert_eq!(a.sensitivity(), other.sensitivity());
                prop_assert_eq!(a.consensus_voxels(), other.consensus_voxels());
            }
        }
    }
}
