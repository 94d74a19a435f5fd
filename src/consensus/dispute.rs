//! How much readers disagree at a voxel, per vote pattern.

use super::VoteTable;

/// Share of the pairs of readers who gave different labels, per pattern: 1 − P of Fleiss' kappa
/// (Fleiss, Psychological Bulletin 1971). 0 with a single reader.
#[must_use]
pub fn disagreement(table: &VoteTable) -> Vec<f64> {
    let readers = table.readers() as f64;
    let pairs = readers * (readers - 1.0);
    let of = |votes: &[u8]| {
        let same: f64 = counts(votes).into_iter().map(|n| n * (n - 1.0)).sum();
        if pairs > 0.0 { 1.0 - same / pairs } else { 0.0 }
    };
    (0..table.len()).map(|pattern| of(table.votes(pattern))).collect()
}

/// Entropy of the votes per pattern (Shannon 1948), as a share of the largest that the number of readers allows over
/// `labels` labels: 0 where all agree, 1 where the votes are spread as evenly as they can be.
#[must_use]
pub fn vote_entropy(table: &VoteTable, labels: usize) -> Vec<f64> {
    let readers = table.readers();
    let most = largest_entropy(readers, labels.max(1));
    let of = |votes: &[u8]| if most > 0.0 { entropy(&counts(votes), readers) / most } else { 0.0 };
    (0..table.len()).map(|pattern| of(table.votes(pattern)).min(1.0)).collect()
}

fn largest_entropy(readers: usize, labels: usize) -> f64 {
    let evenly: Vec<f64> = (0..labels).map(|label| (readers / labels + usize::from(label < readers % labels)) as f64).collect();
    entropy(&evenly, readers)
}

fn entropy(counts: &[f64], readers: usize) -> f64 {
    let share = |n: &f64| n / readers.max(1) as f64;
    counts.iter().map(share).filter(|p| *p > 0.0).map(|p| -p * p.log2()).sum()
}

/// Votes per label that anybody gave.
fn counts(votes: &[u8]) -> Vec<f64> {
    let mut counts = [0_u32; 256];
    for &label in votes {
        counts[usize::from(label)] += 1;
    }
    counts.into_iter().filter(|n| *n > 0).map(f64::from).collect()
}

#[cfg(test)]
mod tests {
    use super::super::VotePatterns;
    use super::super::votes::tests::map;
    use super::*;

    #[test]
    fn four_readers_from_all_alike_to_all_apart() {
        let reads =
            [map([4, 1, 1], &[1, 0, 0, 0]), map([4, 1, 1], &[1, 0, 0, 1]), map([4, 1, 1], &[1, 0, 2, 2]), map([4, 1, 1], &[1, 3, 2, 3])];
        let patterns = VotePatterns::count(&reads.iter().collect::<Vec<_>>()).unwrap();
        let (apart, entropy) = (patterns.spread(&disagreement(patterns.table())), patterns.spread(&vote_entropy(patterns.table(), 4)));
        for (got, expected) in apart.iter().zip([0.0, 3.0 / 6.0, 4.0 / 6.0, 1.0]) {
            assert!((got - expected).abs() < 1e-6, "{apart:?}");
        }
        for (got, expected) in entropy.iter().zip([0.0, 0.811_278 / 2.0, 0.5, 1.0]) {
            assert!((got - expected).abs() < 1e-5, "{entropy:?}");
        }
    }

    #[test]
    fn one_reader_agrees_with_themselves() {
        let patterns = VotePatterns::count(&[&map([2, 1, 1], &[0, 1])]).unwrap();
        assert_eq!((disagreement(patterns.table()), vote_entropy(patterns.table(), 4)), (vec![0.0; 2], vec![0.0; 2]));
    }
}
