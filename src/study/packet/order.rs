//! In which order a reader gets the exams.

use crate::study::{ExamCode, ReaderCode};
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
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

/// The exams of a packet in order: every exam `reads` times, `repeats` of them once more; each pass shuffled where asked for,
/// so that the passes stay as far apart as can be. The number is that of the pass, from 1.
pub(super) fn passes(exams: &[ExamCode], reads: u32, repeats: u32, shuffled: bool, rng: &mut ChaCha8Rng) -> Vec<(ExamCode, u32)> {
    let mut order = Vec::new();
    let extra = if repeats > 0 { 1 } else { 0 };
    for pass in 1..=reads + extra {
        let mut round = exams.to_vec();
        if pass > reads {
            round.shuffle(rng);
            round.truncate(repeats as usize);
            round.sort();
        }
        if shuffled {
            round.shuffle(rng);
        }
        order.extend(round.into_iter().map(|exam| (exam, pass)));
    }
    order
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

    proptest! {
        #[test]
        fn every_exam_comes_as_often_as_asked(count in 1_usize..20, reads in 1_u32..4, repeats in 0_u32..30, shuffled: bool, seed: u64) {
            let order = passes(&exams(count), reads, repeats, shuffled, &mut generator(seed));
            prop_assert_eq!(order.len(), count * reads as usize + count.min(repeats as usize));
            for pass in 1..=reads {
                let round: BTreeSet<_> = order.iter().filter(|(_, p)| *p == pass).map(|(e, _)| e).collect();
                prop_assert_eq!(round.len(), count);
            }
            let last: Vec<_> = order.iter().filter(|(_, p)| *p > reads).collect();
            prop_assert_eq!(last.iter().map(|(e, _)| e).collect::<BTreeSet<_>>().len(), last.len());
        }
    }
}
