//! What a person may choose about a consensus besides its method.

use super::{JointStart, Method, Region, VotePatterns};

/// Region of binary STAPLE and start of joint STAPLE; majority and SIMPLE use neither.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ConsensusOptions {
    /// Which voxels binary STAPLE looks at.
    pub region: Region,
    /// Where joint STAPLE starts.
    pub start: JointStart,
}

impl ConsensusOptions {
    /// The rule of a method under these options in one sentence, for the foot of a report.
    #[must_use]
    pub fn rule(&self, method: Method) -> String {
        let region = match self.region {
            Region::Whole => "over the whole volume",
            Region::BoundingBox => "over the smallest box around everything that anybody labelled",
            Region::Disagreement => "over the voxels on which the readers disagree about the level",
        };
        let start = match self.start {
            JointStart::Votes => "the majority vote without tied voxels".to_owned(),
            JointStart::Diagonal(on) => format!("{on} on the diagonal"),
        };
        match method {
            Method::Majority => "majority: the label with the most votes; a tie is undecided (255)".to_owned(),
            Method::Staple => format!(
                "STAPLE per level {region}, prior = mean vote fraction there, start from the mean vote, W >= 0.5 is positive; \
                 label = level with the largest W, equal largest: undecided (255)"
            ),
            Method::Joint => {
                format!("joint STAPLE of all labels from {start}, label = most probable, not unique: undecided (255)")
            }
            Method::Simple => {
                "SIMPLE per level: weight = Dice against the weighted vote (at least half), readers below mean - SD drop out; \
                 label = level with the largest vote, equal largest: undecided (255)"
                    .to_owned()
            }
        }
    }

    /// Voxels that lie outside the region and that nobody labelled: those beyond the box, where the region is the box.
    #[must_use]
    pub fn left_out(&self, patterns: &VotePatterns) -> u64 {
        match self.region {
            Region::BoundingBox => patterns.table().voxel_count() - patterns.labelled_box().len() as u64,
            Region::Whole | Region::Disagreement => 0,
        }
    }
}

impl Region {
    /// All, in the order of a menu.
    pub const ALL: [Self; 3] = [Self::Whole, Self::BoundingBox, Self::Disagreement];

    /// The word used on the command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::BoundingBox => "box",
            Self::Disagreement => "disagreement",
        }
    }

    /// The region a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|region| region.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::super::votes::tests::map;
    use super::super::{Consensus, MARROW_LEVELS, binary_staple};
    use super::*;
    use crate::consensus::StapleOptions;

    #[test]
    fn a_region_reaches_staple_and_a_start_reaches_joint_staple() {
        let (mut a, mut b) = (vec![0; 60], vec![0; 60]);
        a[20..30].fill(1);
        b[22..30].fill(1);
        b[30..33].fill(2);
        let maps = [map([60, 1, 1], &a), map([60, 1, 1], &b), map([60, 1, 1], &a)];
        let patterns = VotePatterns::count(&maps.iter().collect::<Vec<_>>()).unwrap();
        let mut priors = Vec::new();
        for region in Region::ALL {
            let options = ConsensusOptions { region, ..ConsensusOptions::default() };
            let consensus = Consensus::with(&patterns, Method::Staple, &MARROW_LEVELS, &options);
            let plain = binary_staple(&patterns, &[1], &StapleOptions { region, ..StapleOptions::default() });
            assert_eq!(consensus.staple()[0], plain);
            priors.push(plain.prior());
            assert_eq!(Region::from_word(region.word()), Some(region));
        }
        // 28 votes over 60 voxels, over the 13 of the box, and 4 over the 2 that are disputed; three readers each.
        for (prior, expected) in priors.iter().zip([28.0 / 180.0, 28.0 / 39.0, 4.0 / 6.0]) {
            assert!((prior - expected).abs() < 1e-12, "{priors:?}");
        }
        for start in [JointStart::Votes, JointStart::default()] {
            let consensus = Consensus::with(&patterns, Method::Joint, &MARROW_LEVELS, &ConsensusOptions { start, ..Default::default() });
            let starts = consensus.joint().unwrap();
            let expected = if start == JointStart::Votes { &starts.votes } else { &starts.diagonal };
            assert_eq!(consensus.levels()[0].probability(), expected.pattern_probability(&[1]));
        }
    }
}
