//! Distinct vote patterns with their numbers of voxels.

use std::collections::BTreeMap;

/// Distinct patterns of votes (one vote per reader) and how many voxels bear each.
///
/// A table derived from another one (fewer readers, or a single level) remembers for each pattern
/// of the first which of its own it became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoteTable {
    readers: usize,
    votes: Vec<u8>,
    voxels: Vec<u64>,
    origin: Vec<u32>,
}

impl VoteTable {
    /// From distinct patterns of `readers` votes each.
    pub(super) fn new<'a>(readers: usize, patterns: impl Iterator<Item = (&'a [u8], u64)>) -> Self {
        let (mut votes, mut voxels) = (Vec::new(), Vec::new());
        for (pattern, count) in patterns {
            votes.extend_from_slice(pattern);
            voxels.push(count);
        }
        let origin = (0..voxels.len() as u32).collect();
        Self { readers, votes, voxels, origin }
    }

    /// Number of readers.
    #[must_use]
    pub const fn readers(&self) -> usize {
        self.readers
    }

    /// Number of distinct patterns.
    #[must_use]
    pub fn len(&self) -> usize {
        self.voxels.len()
    }

    /// Whether there is no pattern at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.voxels.is_empty()
    }

    /// The votes of a pattern, one per reader.
    #[must_use]
    pub fn votes(&self, pattern: usize) -> &[u8] {
        &self.votes[pattern * self.readers..(pattern + 1) * self.readers]
    }

    /// Voxels per pattern.
    #[must_use]
    pub fn voxels(&self) -> &[u64] {
        &self.voxels
    }

    /// For each pattern of the table this one was derived from: the pattern it became.
    #[must_use]
    pub fn origin(&self) -> &[u32] {
        &self.origin
    }

    /// Number of all voxels.
    #[must_use]
    pub fn voxel_count(&self) -> u64 {
        self.voxels.iter().sum()
    }

    /// The highest label that anybody used.
    #[must_use]
    pub fn highest_label(&self) -> u8 {
        self.votes.iter().copied().max().unwrap_or(0)
    }

    /// Voxels that a reader gave one of the labels of `level`.
    #[must_use]
    pub fn voxels_of(&self, reader: usize, level: &[u8]) -> u64 {
        (0..self.len()).filter(|&p| level.contains(&self.votes(p)[reader])).map(|p| self.voxels[p]).sum()
    }

    /// The votes of some of the readers only.
    #[must_use]
    pub fn select(&self, readers: &[usize]) -> Self {
        self.derive(readers.len(), |votes, out| out.extend(readers.iter().map(|&reader| votes[reader])))
    }

    /// Votes for (1) and against (0) a level.
    #[must_use]
    pub fn level(&self, level: &[u8]) -> Self {
        self.derive(self.readers, |votes, out| out.extend(votes.iter().map(|label| u8::from(level.contains(label)))))
    }

    /// Spreads one value per own pattern over the patterns of the table this one was derived from.
    #[must_use]
    pub fn to_origin<T: Copy>(&self, values: &[T]) -> Vec<T> {
        self.origin.iter().map(|&pattern| values[pattern as usize]).collect()
    }

    fn derive(&self, readers: usize, map: impl Fn(&[u8], &mut Vec<u8>)) -> Self {
        let mapped: Vec<Vec<u8>> = (0..self.len())
            .map(|pattern| {
                let mut out = Vec::with_capacity(readers);
                map(self.votes(pattern), &mut out);
                out
            })
            .collect();
        let mut counts: BTreeMap<&[u8], u64> = BTreeMap::new();
        for (votes, voxels) in mapped.iter().zip(&self.voxels) {
            *counts.entry(votes).or_default() += voxels;
        }
        let number: BTreeMap<&[u8], u32> = counts.keys().enumerate().map(|(at, votes)| (*votes, at as u32)).collect();
        let origin = mapped.iter().map(|votes| number[votes.as_slice()]).collect();
        Self { origin, ..Self::new(readers, counts.iter().map(|(votes, voxels)| (*votes, *voxels))) }
    }
}

/// 2 |A ∩ B| / (|A| + |B|) of two sets of patterns, weighted by voxels; `None` where both are empty.
#[must_use]
pub fn dice(table: &VoteTable, a: impl Fn(usize) -> bool, b: impl Fn(usize) -> bool) -> Option<f64> {
    let (mut both, mut total) = (0, 0);
    for (pattern, &voxels) in table.voxels().iter().enumerate() {
        let (in_a, in_b) = (a(pattern), b(pattern));
        both += voxels * u64::from(in_a && in_b);
        total += voxels * (u64::from(in_a) + u64::from(in_b));
    }
    (total > 0).then(|| 2.0 * both as f64 / total as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_tables_keep_voxels_and_origin() {
        let table = VoteTable::new(2, [(&[0_u8, 0][..], 5), (&[0, 1], 2), (&[1, 1], 3), (&[2, 1], 4)].into_iter());
        let second = table.select(&[1]);
        assert_eq!((second.len(), second.voxels()), (2, &[5, 9][..]));
        assert_eq!(second.origin(), [0, 1, 1, 1]);
        let level = table.level(&[1, 2]);
        assert_eq!(level.voxels(), [5, 2, 7]);
        assert_eq!(level.to_origin(&[0.1, 0.2, 0.3]), [0.1, 0.2, 0.3, 0.3]);
        assert_eq!(table.voxels_of(0, &[2]), 4);
        let used = |reader: usize, label: u8| {
            let table = &table;
            move |p: usize| table.votes(p)[reader] == label
        };
        assert_eq!(dice(&table, used(0, 1), used(1, 1)), Some(6.0 / 12.0));
        assert_eq!(dice(&table, used(0, 9), used(1, 9)), None);
    }
}
