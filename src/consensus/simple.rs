//! SIMPLE: selective and iterative weighting of readers (Langerak et al., IEEE Trans Med Imaging 2010), binary per level.

use super::VoteTable;
use super::table::dice;

/// A bound on the rounds; two or three suffice in practice.
const MAX_ROUNDS: usize = 100;

/// The outcome of SIMPLE for one level.
#[derive(Clone, Debug, PartialEq)]
pub struct Simple {
    level: Vec<u8>,
    weight: Vec<Option<f64>>,
    kept: Vec<bool>,
    vote: Vec<f64>,
    rounds: usize,
    estimable: bool,
}

/// Weight = Dice of a reader against the current weighted vote (at least half); readers below mean − SD of the
/// weights of those still in (SD with n − 1) drop out; repeated until neither vote nor readers change.
#[must_use]
pub fn simple(table: &VoteTable, level: &[u8]) -> Simple {
    let votes = table.level(level);
    let readers = votes.readers();
    let mut kept = vec![true; readers];
    let mut weight = vec![1.0; readers];
    let mut vote = weighted_vote(&votes, &weight, &kept);
    let mut defined = vec![None; readers];
    let mut rounds = 0;
    while rounds < MAX_ROUNDS {
        rounds += 1;
        for reader in 0..readers {
            defined[reader] = dice(&votes, |p| votes.votes(p)[reader] == 1, |p| is_positive(vote[p]));
            weight[reader] = defined[reader].unwrap_or(0.0);
        }
        let still = drop_out(&weight, &kept);
        let next = weighted_vote(&votes, &weight, &still);
        let at_rest = still == kept && next.iter().zip(&vote).all(|(a, b)| is_positive(*a) == is_positive(*b));
        (kept, vote) = (still, next);
        if at_rest {
            break;
        }
    }
    let estimable = (0..readers).any(|reader| votes.voxels_of(reader, &[1]) > 0);
    Simple { level: level.to_vec(), weight: defined, kept, vote: votes.to_origin(&vote), rounds, estimable }
}

/// Weighted share of votes per pattern. Equal shares where no kept reader has any weight.
fn weighted_vote(votes: &VoteTable, weight: &[f64], kept: &[bool]) -> Vec<f64> {
    let usable = |reader: usize| if kept[reader] { weight[reader] } else { 0.0 };
    let total: f64 = (0..weight.len()).map(usable).sum();
    (0..votes.len())
        .map(|p| {
            let share = |value: &dyn Fn(usize) -> f64| (0..weight.len()).filter(|&r| votes.votes(p)[r] == 1).map(value).sum::<f64>();
            if total > 0.0 { share(&usable) / total } else { share(&|_| 1.0) / weight.len().max(1) as f64 }
        })
        .collect()
}

fn is_positive(vote: f64) -> bool {
    // Half counts as positive, also where a sum of weights falls short of half by rounding.
    vote >= 0.5 - 1e-12
}

fn drop_out(weight: &[f64], kept: &[bool]) -> Vec<bool> {
    let left: Vec<f64> = weight.iter().zip(kept).filter(|(_, k)| **k).map(|(w, _)| *w).collect();
    let n = left.len() as f64;
    if left.len() < 2 {
        return kept.to_vec();
    }
    let mean = left.iter().sum::<f64>() / n;
    let sd = (left.iter().map(|w| (w - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    weight.iter().zip(kept).map(|(w, k)| *k && *w >= mean - sd - 1e-12).collect()
}

impl Simple {
    /// The labels that count as positive.
    #[must_use]
    pub fn level(&self) -> &[u8] {
        &self.level
    }

    /// Last Dice of each reader against the weighted vote; `None` where both are empty.
    #[must_use]
    pub fn weight(&self) -> &[Option<f64>] {
        &self.weight
    }

    /// Which readers stayed in.
    #[must_use]
    pub fn kept(&self) -> &[bool] {
        &self.kept
    }

    /// Weighted share of votes per pattern of the table handed in.
    #[must_use]
    pub fn pattern_vote(&self) -> &[f64] {
        &self.vote
    }

    /// Whether each pattern of the table handed in is positive.
    #[must_use]
    pub fn pattern_positive(&self) -> Vec<bool> {
        self.vote.iter().map(|v| is_positive(*v)).collect()
    }

    /// Rounds until nothing changed.
    #[must_use]
    pub const fn rounds(&self) -> usize {
        self.rounds
    }

    /// False where nobody used the level.
    #[must_use]
    pub const fn is_estimable(&self) -> bool {
        self.estimable
    }
}

#[cfg(test)]
mod tests {
    use super::super::VotePatterns;
    use super::super::votes::tests::map;
    use super::*;

    #[test]
    fn an_outlier_drops_out() {
        let good: Vec<u8> = (0..60).map(|v| u8::from(v < 30)).collect();
        let bad: Vec<u8> = (0..60).map(|v| u8::from(v >= 25)).collect();
        let maps = [map([60, 1, 1], &good), map([60, 1, 1], &good), map([60, 1, 1], &good), map([60, 1, 1], &bad)];
        let patterns = VotePatterns::count(&maps.iter().collect::<Vec<_>>()).unwrap();
        let simple = simple(patterns.table(), &[1]);
        assert_eq!(simple.kept(), [true, true, true, false]);
        let labels: Vec<u8> = simple.pattern_positive().into_iter().map(u8::from).collect();
        assert_eq!(patterns.paint(&labels).to_dense(), good);
    }

    #[test]
    fn a_level_that_nobody_used_has_no_weight() {
        let empty = map([3, 1, 1], &[0, 1, 0]);
        let patterns = VotePatterns::count(&[&empty, &empty]).unwrap();
        let simple = simple(patterns.table(), &[3]);
        assert!(!simple.is_estimable());
        assert_eq!(simple.weight(), [None, None]);
        assert!(simple.pattern_positive().iter().all(|p| !p));
    }
}
