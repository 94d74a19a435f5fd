//! What no method may depend on: names of labels, order of readers, direction of axes.

use super::votes::tests::map;
use super::{Consensus, ConsensusOptions, JointStart, Method, Region, VotePatterns};
use crate::volume::Labels;
use proptest::prelude::*;

const SHAPE: [usize; 3] = [5, 4, 2];

fn consensus(reads: &[Labels], method: Method, options: &ConsensusOptions) -> Vec<u8> {
    let patterns = VotePatterns::count(&reads.iter().collect::<Vec<_>>()).unwrap();
    Consensus::with(&patterns, method, &[&[1], &[2], &[3], &[2, 3]], options).label_map(&patterns).to_dense()
}

fn maps(reads: &[Vec<u8>]) -> Vec<Labels> {
    reads.iter().map(|read| map(SHAPE, read)).collect()
}

fn any_reads() -> impl Strategy<Value = Vec<Vec<u8>>> {
    (1..6_usize).prop_flat_map(|readers| prop::collection::vec(prop::collection::vec(0..4_u8, 40), readers))
}

fn any_options() -> impl Strategy<Value = ConsensusOptions> {
    let region = prop::sample::select(vec![Region::Whole, Region::BoundingBox, Region::Disagreement]);
    let start = prop::sample::select(vec![JointStart::Votes, JointStart::default()]);
    (region, start).prop_map(|(region, start)| ConsensusOptions { region, start })
}

proptest! {
    #[test]
    fn readers_have_no_order_axes_no_direction(reads in any_reads(), options in any_options()) {
        for method in Method::ALL {
            let plain = consensus(&maps(&reads), method, &options);
            let backwards: Vec<Vec<u8>> = reads.iter().rev().cloned().collect();
            prop_assert_eq!(&plain, &consensus(&maps(&backwards), method, &options), "{:?}", method);
            let flipped: Vec<Vec<u8>> = reads.iter().map(|read| read.iter().rev().copied().collect()).collect();
            let mut there = consensus(&maps(&flipped), method, &options);
            there.reverse();
            prop_assert_eq!(&plain, &there, "{:?}", method);
        }
    }

    #[test]
    fn labels_may_change_names(reads in any_reads(), options in any_options()) {
        let swap = |label: u8| match label {
            1 => 2,
            2 => 1,
            other => other,
        };
        let swapped: Vec<Vec<u8>> = reads.iter().map(|read| read.iter().map(|l| swap(*l)).collect()).collect();
        for method in Method::ALL {
            let there: Vec<u8> = consensus(&maps(&swapped), method, &options).into_iter().map(swap).collect();
            prop_assert_eq!(consensus(&maps(&reads), method, &options), there, "{:?}", method);
        }
    }

    #[test]
    fn padding_changes_nothing_where_background_has_no_say(reads in any_reads()) {
        let wide = |read: &Vec<u8>| {
            let mut wide = map([20, 6, 4], &[0; 480]);
            for (at, &label) in read.iter().enumerate() {
                wide.set([at % 5 + 13, at / 5 % 4 + 1, at / 20 + 1], label);
            }
            wide
        };
        let boxed = ConsensusOptions { region: Region::BoundingBox, ..ConsensusOptions::default() };
        for (method, options) in [(Method::Majority, ConsensusOptions::default()), (Method::Simple, ConsensusOptions::default()), (Method::Staple, boxed)] {
            let padded = consensus(&reads.iter().map(wide).collect::<Vec<_>>(), method, &options);
            let inside: Vec<u8> = (0..40).map(|at| padded[at % 5 + 13 + 20 * (at / 5 % 4 + 1 + 6 * (at / 20 + 1))]).collect();
            prop_assert_eq!(consensus(&maps(&reads), method, &options), inside, "{:?}", method);
        }
    }
}

#[test]
fn the_region_is_a_choice_that_matters_and_is_printed() {
    // Level 1 is marked by two readers of three; level 2, marked once further down, widens the box only.
    let read = |ones: usize, two: bool| {
        let mut read = vec![0; 40];
        read[..ones].fill(1);
        read[12] = if two { 2 } else { 0 };
        read
    };
    let reads = maps(&[read(10, false), read(0, false), read(9, true)]);
    let patterns = VotePatterns::count(&reads.iter().collect::<Vec<_>>()).unwrap();
    let prior = |region| {
        let options = ConsensusOptions { region, ..ConsensusOptions::default() };
        (Consensus::with(&patterns, Method::Staple, &[&[1]], &options).staple()[0].prior(), options.rule(Method::Staple))
    };
    let [whole, boxed, disagreement] = [Region::Whole, Region::BoundingBox, Region::Disagreement].map(prior);
    assert!(whole.0 < boxed.0 && boxed.0 < disagreement.0, "{whole:?} {boxed:?} {disagreement:?}");
    assert!(whole.1.contains("whole volume") && boxed.1.contains("box") && disagreement.1.contains("disagree"));
}
