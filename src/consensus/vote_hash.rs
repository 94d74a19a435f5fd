//! A table keyed by vote patterns, with a hash made for keys of a few bytes that are looked up millions of times.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Something per vote pattern.
pub(super) type Numbers<T> = HashMap<Box<[u8]>, T, BuildHasherDefault<VoteHasher>>;

/// Folds eight bytes at a time by a multiplication of 64 by 64 bits (as wyhash does, Wang Yi 2019).
#[derive(Default)]
pub(super) struct VoteHasher(u64);

const MIX: u64 = 0x9e37_79b9_7f4a_7c15;

impl VoteHasher {
    const fn fold(&mut self, word: u64) {
        let product = (self.0 ^ word ^ MIX) as u128 * 0xd6e8_feb8_6659_fd93;
        self.0 = product as u64 ^ (product >> 64) as u64;
    }
}

impl Hasher for VoteHasher {
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.fold(u64::from_le_bytes(word));
        }
    }

    fn write_usize(&mut self, length: usize) {
        self.fold(length as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Numbers of patterns. The few patterns that lie beside each other are remembered, so that the table is rarely asked.
pub(super) struct Lookup<'a> {
    numbers: &'a Numbers<u32>,
    recent: Vec<Option<(u64, Option<u32>)>>,
}

/// Patterns remembered by their hash.
pub(super) const RECENT: usize = 256;

impl<'a> Lookup<'a> {
    /// Nothing is remembered yet.
    pub fn of(numbers: &'a Numbers<u32>) -> Self {
        Self { numbers, recent: vec![None; RECENT] }
    }

    /// Number of a pattern, if it occurs.
    pub fn pattern(&mut self, votes: &[u8]) -> Option<u32> {
        let Some(word) = packed(votes) else { return self.numbers.get(votes).copied() };
        match &mut self.recent[place(word)] {
            Some((held, pattern)) if *held == word => *pattern,
            other => {
                let pattern = self.numbers.get(votes).copied();
                *other = Some((word, pattern));
                pattern
            }
        }
    }
}

/// The votes of up to eight readers as one number.
pub(super) fn packed(votes: &[u8]) -> Option<u64> {
    let mut word = [0; 8];
    word.get_mut(..votes.len())?.copy_from_slice(votes);
    Some(u64::from_le_bytes(word))
}

/// Where a packed pattern is remembered: below [`RECENT`].
pub(super) const fn place(word: u64) -> usize {
    (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::hash::BuildHasher as _;

    #[test]
    fn patterns_of_four_readers_and_of_twenty_are_spread() {
        let of = |votes: &[u8]| BuildHasherDefault::<VoteHasher>::default().hash_one(votes);
        let pattern = |n: u64, readers: u32| (0..readers).map(|r| (n >> (2 * r % 16) & 3) as u8).collect::<Vec<u8>>();
        for readers in [4, 20] {
            let hashes: HashSet<u64> = (0..256).map(|n| of(&pattern(n, readers))).collect();
            // The table takes its place from the low bits and a tag from the high ones.
            let (low, high): (HashSet<u64>, HashSet<u64>) = hashes.iter().map(|h| (h & 0xfff, h >> 57)).unzip();
            assert!(hashes.len() == 256 && low.len() > 220 && high.len() > 90, "{} {} {}", hashes.len(), low.len(), high.len());
        }
    }
}
