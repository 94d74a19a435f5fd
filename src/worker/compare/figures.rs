//! Votes counted once, the consensus, and everything that is worked out on vote patterns.

use super::reads::{ExamMaps, vote_problem};
use super::rules::sentence;
use crate::consensus::{Consensus, MARROW_LEVELS, Method, Region, VotePatterns, VoteTable, Warning, pattern_dice};
use crate::space::VoxelBox;
use crate::volume::Labels;
use crate::worker::message::CompareChoice;

/// The votes of an exam and their consensus. Patterns are over all maps; only readers vote.
pub(super) struct Figures {
    /// Patterns over all maps.
    pub patterns: VotePatterns,
    /// The readers' part of them.
    pub votes: VoteTable,
    /// Their consensus.
    pub consensus: Consensus,
    /// Per reader: the consensus of the others; empty below 3 readers.
    others: Vec<(VoteTable, Consensus)>,
}

impl Figures {
    /// Counts the votes and makes the consensus.
    ///
    /// # Errors
    /// One sentence, if the maps do not lie on one grid.
    pub fn of(exam: &str, found: &ExamMaps, choice: &CompareChoice) -> Result<Self, String> {
        let maps: Vec<&Labels> = found.maps.iter().map(|map| &map.labels).collect();
        let patterns = VotePatterns::count(&maps).map_err(|e| vote_problem(exam, &found.names(), &e))?;
        let everyone: Vec<usize> = (0..found.voters()).collect();
        let votes = patterns.table().select(&everyone);
        let left_out = match choice.options.region {
            // The box of the readers: a model's labels do not widen it.
            Region::BoundingBox => {
                let bounds = maps.iter().take(everyone.len()).map(|map| map.labelled_box()).fold(VoxelBox::EMPTY, |all, b| all.union(&b));
                votes.voxel_count() - bounds.len() as u64
            }
            Region::Whole | Region::Disagreement => 0,
        };
        let make = |table: &VoteTable| Consensus::of_table_with(table, left_out, choice.method, &MARROW_LEVELS, &choice.options);
        let consensus = make(&votes);
        let without = |out: &usize| {
            let rest: Vec<usize> = everyone.iter().copied().filter(|reader| reader != out).collect();
            let table = votes.select(&rest);
            let consensus = make(&table);
            (table, consensus)
        };
        let others = if everyone.len() < 3 { Vec::new() } else { everyone.iter().map(without).collect() };
        Ok(Self { patterns, votes, consensus, others })
    }

    /// Readers with a vote.
    pub const fn voters(&self) -> usize {
        self.votes.readers()
    }

    /// The consensus by another method, of the same votes.
    pub fn by(&self, method: Method) -> Consensus {
        Consensus::of_table(&self.votes, method, &MARROW_LEVELS)
    }

    /// Whether each pattern belongs to a level of a consensus of all readers.
    pub fn positive(&self, consensus: &Consensus, level: usize) -> Vec<bool> {
        self.votes.to_origin(consensus.levels()[level].positive())
    }

    /// Whether a map holds a level in a pattern.
    pub fn holds(&self, map: usize, level: usize, pattern: usize) -> bool {
        MARROW_LEVELS[level].contains(&self.patterns.table().votes(pattern)[map])
    }

    /// Dice of a map against a set of patterns.
    pub fn dice(&self, map: usize, level: usize, positive: &[bool]) -> Option<f64> {
        pattern_dice(self.patterns.table(), |p| self.holds(map, level, p), |p| positive[p])
    }

    /// Per map: a reader against the consensus of the others, any other map against the mean over all those; `None` below 3 readers.
    pub fn against_others(&self, maps: usize, level: usize) -> Vec<Option<f64>> {
        let positive =
            |(table, consensus): &(VoteTable, Consensus)| self.votes.to_origin(&table.to_origin(consensus.levels()[level].positive()));
        let sets: Vec<Vec<bool>> = self.others.iter().map(positive).collect();
        let of = |map: usize| {
            if map < self.voters() {
                return sets.get(map).and_then(|set| self.dice(map, level, set));
            }
            let each: Vec<f64> = sets.iter().filter_map(|set| self.dice(map, level, set)).collect();
            (!each.is_empty()).then(|| each.iter().sum::<f64>() / each.len() as f64)
        };
        (0..maps).map(of).collect()
    }

    /// Sensitivity and specificity per reader: STAPLE's estimates, else shares of the consensus and of the rest.
    pub fn rates(&self, level: usize) -> (Vec<Option<f64>>, Vec<Option<f64>>) {
        if let Some(staple) = self.consensus.staple().get(level) {
            return (staple.sensitivity().to_vec(), staple.specificity().to_vec());
        }
        let positive = self.consensus.levels()[level].positive();
        let share = |reader: usize, wanted: bool| {
            let (mut right, mut all) = (0, 0);
            for (pattern, &voxels) in self.votes.voxels().iter().enumerate().filter(|(p, _)| positive[*p] == wanted) {
                all += voxels;
                right += if MARROW_LEVELS[level].contains(&self.votes.votes(pattern)[reader]) == wanted { voxels } else { 0 };
            }
            (all > 0).then(|| right as f64 / all as f64)
        };
        let of = |wanted| (0..self.voters()).map(|reader| share(reader, wanted)).collect();
        (of(true), of(false))
    }

    /// What to be warned of, with readers' names. A consensus other than STAPLE has rates too, so chance is checked there as well.
    pub fn warnings(&self, names: &[String]) -> Vec<String> {
        let mut warnings: Vec<String> = self.consensus.warnings().iter().map(|warning| sentence(warning, names)).collect();
        if self.consensus.staple().is_empty() {
            for (level, consensus) in self.consensus.levels().iter().enumerate() {
                let (sensitivity, specificity) = self.rates(level);
                for (reader, pair) in sensitivity.iter().zip(&specificity).enumerate() {
                    if let (Some(p), Some(q)) = pair
                        && p + q <= 1.0
                    {
                        let warning = Warning::WorseThanChance { level: consensus.name(), reader, sum: p + q };
                        warnings.push(sentence(&warning, names));
                    }
                }
            }
        }
        warnings
    }
}
