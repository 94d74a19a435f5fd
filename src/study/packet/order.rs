//! In which order a reader gets the exams.

use crate::study::{ExamCode, ReaderCode};
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest as _, Sha256};

/// The order in which a reader sees exams in a folder that readers share: their own, drawn by the protocol's seed, and no secret.
/// Only a packet has an order that cannot be worked out by others.
#[must_use]
pub fn reading_order(exams: &[ExamCode], reader: &ReaderCode, seed: u64) -> Vec<ExamCode> {
    let mut order = exams.to_vec();
    order.sort_by_cached_key(|exam| <[u8; 32]>::from(Sha256::digest(format!("{seed}\n{reader}\n{exam}"))));
    order
}

/// The exams of a packet in order: every exam `reads` times, `repeats` of them once more; each pass shuffled where asked for. Between
/// two reads of one exam come at least half as many others as there are exams: whoever has just drawn it would remember it. The
/// number is that of the pass, from 1.
pub(super) fn passes(exams: &[ExamCode], reads: u32, repeats: u32, shuffled: bool, rng: &mut ChaCha8Rng) -> Vec<(ExamCode, u32)> {
    let mut order = Vec::new();
    let mut round: Vec<usize> = (0..exams.len()).collect();
    for pass in 1..=reads {
        match pass {
            _ if !shuffled => {}
            1 => round.shuffle(rng),
            _ => round = drawn_after(&round, exams.len(), rng),
        }
        order.extend(round.iter().map(|&at| (exams[at].clone(), pass)));
    }
    if repeats > 0 {
        let mut again = drawn_after(&round, exams.len().min(repeats as usize), rng);
        if !shuffled {
            // In this order each comes no earlier than where it was drawn to.
            again.sort_unstable();
        }
        order.extend(again.into_iter().map(|at| (exams[at].clone(), reads + 1)));
    }
    order
}

/// So many exams of the pass `before` in an order of their own: each is drawn among those that were read long enough before its
/// place. There is always one: with every place one more of `before` comes within reach.
fn drawn_after(before: &[usize], count: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let all = before.len();
    let mut left: Vec<usize> = (0..all).collect();
    let mut drawn = Vec::new();
    for place in 0..count {
        let reach = left.partition_point(|&at| all - at + place > all / 2);
        drawn.push(before[left.remove(rng.random_range(0..reach))]);
    }
    drawn
}

/// The generator that a packet's order and codes are drawn from.
pub(super) fn generator(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn exams(count: usize) -> Vec<ExamCode> {
        (0..count).map(|n| ExamCode::new(&format!("K-{n:03}")).unwrap()).collect()
    }

    #[test]
    fn readers_have_orders_of_their_own() {
        let seeded = |reader: &str, seed| reading_order(&exams(20), &ReaderCode::new(reader).unwrap(), seed);
        let of = |reader| seeded(reader, 1);
        assert_eq!(of("R1"), of("R1"));
        assert_ne!(of("R1"), of("R2"));
        assert_eq!(of("R1").iter().collect::<BTreeSet<_>>().len(), 20);
    }

    /// Which exams come again is left to chance alone: none is likelier than another.
    #[test]
    fn every_exam_comes_again_as_often_as_any_other() {
        let mut often = [0_u32; 6];
        for seed in 0..3000 {
            let order = passes(&exams(6), 1, 2, true, &mut generator(seed));
            for (exam, _) in order.iter().filter(|(_, pass)| *pass == 2) {
                often[exams(6).iter().position(|e| e == exam).unwrap()] += 1;
            }
        }
        assert!(often.iter().all(|times| (900..1100).contains(times)), "{often:?}");
    }

    proptest! {
        #[test]
        fn every_exam_comes_as_often_as_asked(count in 1_usize..20, reads in 1_u32..4, repeats in 0_u32..30, shuffled: bool, seed: u64) {
            let order = passes(&exams(count), reads, repeats, shuffled, &mut generator(seed));
            prop_assert_eq!(order.len(), count * reads as usize + count.min(repeats as usize));
            for pass in 1..=reads {
                let round: BTreeSet<_> = order.iter().filter(|(_, p)| *p == pass).map(|(e, _)| e).collect();
                prop_assert_eq!(round.len(), count);
            }
            // However short the packet: at least so many others between two reads of one exam, at the seams of passes, too.
            for (at, (exam, _)) in order.iter().enumerate() {
                let next = order[at + 1..].iter().position(|(e, _)| e == exam);
                prop_assert!(next.is_none_or(|others| others >= count / 2), "{exam} comes again after {next:?} of {count}");
            }
            let last: Vec<_> = order.iter().filter(|(_, p)| *p > reads).collect();
            prop_assert_eq!(last.iter().map(|(e, _)| e).collect::<BTreeSet<_>>().len(), last.len());
        }
    }
}
