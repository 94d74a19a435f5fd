//! A consensus by any of the methods, as maps.

use super::joint_staple::largest;
use super::{ConsensusOptions, JointOptions, JointStart, LevelStatus, Staple, StapleOptions, StartComparison, UNDECIDED};
use super::{Region, VotePatterns, VoteTable, Warning};
use super::{compare_starts, level_name, majority, simple, staple::staple_of};
use crate::volume::Labels;
use std::sync::Arc;

/// How several reads become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The label with the most votes.
    Majority,
    /// Binary STAPLE per level.
    Staple,
    /// Joint STAPLE of all labels, from 0.99 on the diagonal.
    Joint,
    /// Selective and iterative weighting, per level.
    Simple,
}

impl Method {
    /// All, in the order of a menu.
    pub const ALL: [Self; 4] = [Self::Staple, Self::Joint, Self::Majority, Self::Simple];

    /// The word used on the command line and in files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Majority => "majority",
            Self::Staple => "staple",
            Self::Joint => "joint",
            Self::Simple => "simple",
        }
    }

    /// The method a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.word() == word)
    }

    /// The rule in one sentence, for the foot of a report, with the default options.
    #[must_use]
    pub fn rule(self) -> String {
        ConsensusOptions::default().rule(self)
    }
}

/// One level of a consensus, per vote pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct LevelConsensus {
    level: Vec<u8>,
    estimable: bool,
    positive: Vec<bool>,
    probability: Vec<f64>,
}

impl LevelConsensus {
    /// The labels that count as positive.
    #[must_use]
    pub fn level(&self) -> &[u8] {
        &self.level
    }

    /// `2`, or `2+3` for a union.
    #[must_use]
    pub fn name(&self) -> String {
        level_name(&self.level)
    }

    /// False where nobody used the level: then it is neither 0 nor 1.
    #[must_use]
    pub const fn is_estimable(&self) -> bool {
        self.estimable
    }

    /// Whether each pattern belongs to the level.
    #[must_use]
    pub fn positive(&self) -> &[bool] {
        &self.positive
    }

    /// Probability (STAPLE) or share of votes (majority, SIMPLE) per pattern.
    #[must_use]
    pub fn probability(&self) -> &[f64] {
        &self.probability
    }
}

/// A consensus per vote pattern; maps are painted when asked for.
#[derive(Clone, Debug)]
pub struct Consensus {
    method: Method,
    labels: Vec<u8>,
    levels: Vec<LevelConsensus>,
    warnings: Vec<Warning>,
    staple: Vec<Staple>,
    joint: Option<StartComparison>,
}

impl Consensus {
    /// Builds a consensus over `levels` (single labels and unions; see [`super::MARROW_LEVELS`]).
    #[must_use]
    pub fn of(patterns: &VotePatterns, method: Method, levels: &[&[u8]]) -> Self {
        Self::of_table(patterns.table(), method, levels)
    }

    /// The same with a region and a start of one's own.
    #[must_use]
    pub fn with(patterns: &VotePatterns, method: Method, levels: &[&[u8]], options: &ConsensusOptions) -> Self {
        Self::of_table_with(patterns.table(), options.left_out(patterns), method, levels, options)
    }

    /// The same on a table of votes, for instance without one reader.
    #[must_use]
    pub fn of_table(table: &VoteTable, method: Method, levels: &[&[u8]]) -> Self {
        Self::of_table_with(table, 0, method, levels, &ConsensusOptions::default())
    }

    /// The same with options; `left_out` voxels that nobody labelled lie outside the region (see [`ConsensusOptions::left_out`]).
    #[must_use]
    pub fn of_table_with(table: &VoteTable, left_out: u64, method: Method, levels: &[&[u8]], options: &ConsensusOptions) -> Self {
        let mut consensus = Self { method, labels: Vec::new(), levels: Vec::new(), warnings: Vec::new(), staple: Vec::new(), joint: None };
        match method {
            Method::Majority => consensus.by_majority(table, levels),
            Method::Joint => consensus.by_joint_staple(table, levels, options.start),
            Method::Staple => consensus.by_staple(table, left_out, levels, options.region),
            Method::Simple => consensus.by_simple(table, levels),
        }
        for level in consensus.levels.iter().filter(|level| !level.estimable) {
            let warning = Warning::NotEstimable { level: level.name() };
            if !consensus.warnings.contains(&warning) {
                consensus.warnings.push(warning);
            }
        }
        consensus
    }

    fn by_majority(&mut self, table: &VoteTable, levels: &[&[u8]]) {
        self.labels = majority(table);
        for level in levels {
            let share = |p: usize| table.votes(p).iter().filter(|v| level.contains(v)).count() as f64 / table.readers() as f64;
            let probability = (0..table.len()).map(share).collect();
            self.push(table, level, self.labels.iter().map(|label| level.contains(label)).collect(), probability);
        }
    }

    fn by_joint_staple(&mut self, table: &VoteTable, levels: &[&[u8]], start: JointStart) {
        let starts = compare_starts(table, &JointOptions::default());
        let chosen = if start == JointStart::Votes { &starts.votes } else { &starts.diagonal };
        self.labels = chosen.pattern_labels();
        self.warnings.extend(starts.warning());
        if !chosen.converged() {
            let iterations = chosen.iterations();
            self.warnings.push(Warning::NotConverged { what: "joint STAPLE".to_owned(), iterations });
        }
        for level in levels {
            let positive = self.labels.iter().map(|label| level.contains(label)).collect();
            self.push(table, level, positive, chosen.pattern_probability(level));
        }
        self.joint = Some(starts);
    }

    fn by_staple(&mut self, table: &VoteTable, left_out: u64, levels: &[&[u8]], region: Region) {
        let options = StapleOptions { region, ..StapleOptions::default() };
        for level in levels {
            let staple = staple_of(table, left_out, level, &options);
            let probability = staple.pattern_probability();
            self.warnings.extend(Warning::of_staple(&staple));
            self.levels.push(LevelConsensus {
                level: level.to_vec(),
                estimable: staple.status() != LevelStatus::Unused,
                positive: probability.iter().map(|w| *w >= 0.5).collect(),
                probability,
            });
            self.staple.push(staple);
        }
        self.labels = self.strongest_level(table);
    }

    fn by_simple(&mut self, table: &VoteTable, levels: &[&[u8]]) {
        for level in levels {
            let simple = simple(table, level);
            self.push(table, level, simple.pattern_positive(), simple.pattern_vote().to_vec());
        }
        self.labels = self.strongest_level(table);
    }

    fn push(&mut self, table: &VoteTable, level: &[u8], positive: Vec<bool>, probability: Vec<f64>) {
        let estimable = (0..table.readers()).any(|reader| table.voxels_of(reader, level) > 0);
        self.levels.push(LevelConsensus { level: level.to_vec(), estimable, positive, probability });
    }

    /// Per pattern the single level with the largest value among the positive ones; unions have no say.
    fn strongest_level(&self, table: &VoteTable) -> Vec<u8> {
        let single: Vec<&LevelConsensus> = self.levels.iter().filter(|level| level.level.len() == 1).collect();
        (0..table.len())
            .map(|pattern| {
                let value = |level: &&LevelConsensus| if level.positive[pattern] { level.probability[pattern] } else { 0.0 };
                let values: Vec<f64> = single.iter().map(value).collect();
                match largest(&values) {
                    Some(at) => single[usize::from(at)].level[0],
                    None if values.iter().any(|v| *v > 0.0) => UNDECIDED,
                    None => 0,
                }
            })
            .collect()
    }

    /// How it was made.
    #[must_use]
    pub const fn method(&self) -> Method {
        self.method
    }

    /// The levels, in the order asked for.
    #[must_use]
    pub fn levels(&self) -> &[LevelConsensus] {
        &self.levels
    }

    /// What a person should know.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Figures of binary STAPLE per level, where that was the method.
    #[must_use]
    pub fn staple(&self) -> &[Staple] {
        &self.staple
    }

    /// Joint STAPLE from both starts, where that was the method.
    #[must_use]
    pub const fn joint(&self) -> Option<&StartComparison> {
        self.joint.as_ref()
    }

    /// Label per pattern, 255 where undecided.
    #[must_use]
    pub fn pattern_labels(&self) -> &[u8] {
        &self.labels
    }

    /// Voxels that stay undecided.
    #[must_use]
    pub fn undecided_voxels(&self, table: &VoteTable) -> u64 {
        self.labels.iter().zip(table.voxels()).filter(|(label, _)| **label == UNDECIDED).map(|(_, n)| n).sum()
    }

    /// The label map, 255 where undecided. `patterns` are those it was made from.
    #[must_use]
    pub fn label_map(&self, patterns: &VotePatterns) -> Labels {
        patterns.paint(&self.labels)
    }

    /// Mask (1) of a level by its place in [`Consensus::levels`].
    #[must_use]
    pub fn mask(&self, patterns: &VotePatterns, level: usize) -> Labels {
        patterns.paint(&self.levels[level].positive.iter().map(|p| u8::from(*p)).collect::<Vec<_>>())
    }

    /// Probability per voxel of a level by its place in [`Consensus::levels`], i fastest.
    #[must_use]
    pub fn probability(&self, patterns: &VotePatterns, level: usize) -> Vec<f32> {
        patterns.spread(&self.levels[level].probability)
    }
}

/// Mask (1) of the voxels whose label is one of `level`.
#[must_use]
pub fn level_mask(labels: &Labels, level: &[u8]) -> Labels {
    let mut mask = Labels::empty(Arc::clone(labels.grid()));
    labels.for_each_labelled(|voxel, label| {
        if level.contains(&label) {
            mask.set(voxel, 1);
        }
    });
    mask
}

#[cfg(test)]
mod tests {
    use super::super::votes::tests::map;
    use super::super::{MARROW_LEVELS, level_name};
    use super::*;

    fn reads() -> [Labels; 3] {
        [map([8, 1, 1], &[0, 1, 1, 2, 2, 0, 1, 0]), map([8, 1, 1], &[0, 1, 1, 2, 2, 0, 2, 0]), map([8, 1, 1], &[0, 1, 0, 2, 1, 1, 0, 0])]
    }

    #[test]
    fn every_method_gives_a_map_and_levels() {
        let reads = reads();
        let patterns = VotePatterns::count(&reads.iter().collect::<Vec<_>>()).unwrap();
        for method in Method::ALL {
            let consensus = Consensus::of(&patterns, method, &MARROW_LEVELS);
            let labels = consensus.label_map(&patterns).to_dense();
            assert_eq!((labels[0], labels[1], labels[3]), (0, 1, 2), "{method:?}");
            let names: Vec<String> = consensus.levels().iter().map(LevelConsensus::name).collect();
            assert_eq!(names, MARROW_LEVELS.map(level_name));
            assert!(!consensus.levels()[2].is_estimable() && consensus.levels()[3].is_estimable());
            assert_eq!(consensus.mask(&patterns, 0).get([1, 0, 0]), 1);
            assert!(consensus.probability(&patterns, 0)[1] > 0.5);
            assert!(consensus.warnings().contains(&Warning::NotEstimable { level: "3".to_owned() }));
            assert_eq!(Method::from_word(method.word()), Some(method));
        }
    }

    #[test]
    fn equal_probabilities_stay_undecided() {
        // Mirror images of each other: levels 1 and 2 end with the same W where the two readers contradict each other.
        let (a, b) = (map([4, 1, 1], &[1, 1, 2, 0]), map([4, 1, 1], &[1, 2, 2, 0]));
        let patterns = VotePatterns::count(&[&a, &b]).unwrap();
        let consensus = Consensus::of(&patterns, Method::Majority, &[&[1], &[2]]);
        assert_eq!(consensus.label_map(&patterns).to_dense(), [1, 255, 2, 0]);
        assert_eq!(consensus.undecided_voxels(patterns.table()), 1);
        let simple = Consensus::of(&patterns, Method::Simple, &[&[1], &[2]]);
        assert_eq!(simple.label_map(&patterns).to_dense()[1], 255);
    }

    #[test]
    fn a_level_mask_is_a_union() {
        let mask = level_mask(&reads()[0], &[2, 3]);
        assert_eq!(mask.to_dense(), [0, 0, 0, 1, 1, 0, 0, 0]);
    }
}
