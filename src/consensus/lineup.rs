//! Every reader (and a model) against the consensus of all, and against the consensus of the others.

use super::{Consensus, ConsensusOptions, Method, Region, VoteError, VotePatterns, VoteTable, Warning, table::dice};
use crate::volume::Labels;

/// Dice of one reader, or of the model.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LineUpReader {
    /// Against the consensus of all readers; `None` where both are empty.
    pub dice: Option<f64>,
    /// Reader: against the consensus of the others. Model: mean over all those consensuses. `None` with fewer than 3 readers.
    pub dice_left_out: Option<f64>,
}

/// One level of the line-up.
#[derive(Clone, Debug, PartialEq)]
pub struct LineUpRow {
    /// The labels that count as positive.
    pub level: Vec<u8>,
    /// `2`, or `2+3` for a union.
    pub name: String,
    /// False where no reader used the level.
    pub estimable: bool,
    /// Voxels of the consensus of all.
    pub consensus_voxels: u64,
    /// In the order of the readers.
    pub readers: Vec<LineUpReader>,
    /// The model, if one was given.
    pub model: Option<LineUpReader>,
}

/// The line-up: plain Dice, and leave-one-reader-out Dice from 3 readers on.
#[derive(Clone, Debug, PartialEq)]
pub struct LineUp {
    /// How the consensus was made.
    pub method: Method,
    /// One row per level, in the order asked for.
    pub rows: Vec<LineUpRow>,
    /// What a person should know about the consensus of all.
    pub warnings: Vec<Warning>,
}

impl LineUp {
    /// Counts all maps once and works on patterns. The model never votes.
    ///
    /// # Errors
    /// As [`VotePatterns::count`]; the model counts as the last read.
    pub fn of(readers: &[&Labels], model: Option<&Labels>, method: Method, levels: &[&[u8]]) -> Result<Self, VoteError> {
        Self::with_options(readers, model, method, levels, &ConsensusOptions::default())
    }

    /// The same with other options. A box is that of all readers, also for the consensus without one of them.
    ///
    /// # Errors
    /// As [`LineUp::of`].
    pub fn with_options(
        readers: &[&Labels],
        model: Option<&Labels>,
        method: Method,
        levels: &[&[u8]],
        options: &ConsensusOptions,
    ) -> Result<Self, VoteError> {
        if readers.is_empty() {
            return Err(VoteError::NoReaders);
        }
        let all: Vec<&Labels> = readers.iter().copied().chain(model).collect();
        let patterns = VotePatterns::count(&all)?;
        let table = patterns.table();
        let outside = match (options.region, model) {
            // The model's labels must not widen the box.
            (Region::BoundingBox, Some(_)) => options.left_out(&VotePatterns::count(readers)?),
            _ => options.left_out(&patterns),
        };
        let consensus_of = |some: &[usize]| OneConsensus::of(table, some, outside, method, levels, options);
        let everyone: Vec<usize> = (0..readers.len()).collect();
        let full = consensus_of(&everyone);
        let left_out: Vec<OneConsensus> =
            if readers.len() < 3 { Vec::new() } else { everyone.iter().map(|&out| consensus_of(&without(&everyone, out))).collect() };
        let rows = (0..levels.len()).map(|at| row(table, &full, &left_out, model.is_some(), at)).collect();
        Ok(Self { method, rows, warnings: full.consensus.warnings().to_vec() })
    }
}

/// A consensus of some readers, with its place in the patterns of all.
struct OneConsensus {
    consensus: Consensus,
    votes: VoteTable,
}

impl OneConsensus {
    fn of(table: &VoteTable, readers: &[usize], outside: u64, method: Method, levels: &[&[u8]], options: &ConsensusOptions) -> Self {
        let votes = table.select(readers);
        Self { consensus: Consensus::of_table_with(&votes, outside, method, levels, options), votes }
    }

    /// Per pattern of all maps.
    fn positive(&self, level: usize) -> Vec<bool> {
        self.votes.to_origin(self.consensus.levels()[level].positive())
    }
}

fn without(everyone: &[usize], out: usize) -> Vec<usize> {
    everyone.iter().copied().filter(|&reader| reader != out).collect()
}

fn row(table: &VoteTable, full: &OneConsensus, left_out: &[OneConsensus], has_model: bool, at: usize) -> LineUpRow {
    let level = &full.consensus.levels()[at];
    let readers = full.votes.readers();
    let positive = full.positive(at);
    let others: Vec<Vec<bool>> = left_out.iter().map(|one| one.positive(at)).collect();
    let against = |column: usize, map: &[bool]| dice(table, |p| level.level().contains(&table.votes(p)[column]), |p| map[p]);
    let reader = |column: usize| LineUpReader {
        dice: against(column, &positive),
        dice_left_out: others.get(column).and_then(|map| against(column, map)),
    };
    let model = has_model.then(|| {
        let each: Vec<f64> = others.iter().filter_map(|map| against(readers, map)).collect();
        let mean = (!each.is_empty()).then(|| each.iter().sum::<f64>() / each.len() as f64);
        LineUpReader { dice: against(readers, &positive), dice_left_out: mean }
    });
    LineUpRow {
        level: level.level().to_vec(),
        name: level.name(),
        estimable: level.is_estimable(),
        consensus_voxels: positive.iter().zip(table.voxels()).filter(|(p, _)| **p).map(|(_, n)| n).sum(),
        readers: (0..readers).map(reader).collect(),
        model,
    }
}

#[cfg(test)]
mod tests {
    use super::super::MARROW_LEVELS;
    use super::super::votes::tests::map;
    use super::*;

    #[test]
    fn the_model_does_not_vote_and_the_reader_left_out_does_not_either() {
        let a = map([6, 1, 1], &[1, 1, 1, 0, 0, 0]);
        let b = map([6, 1, 1], &[1, 1, 0, 0, 0, 0]);
        let c = map([6, 1, 1], &[0, 0, 0, 0, 1, 1]);
        let model = map([6, 1, 1], &[1, 1, 0, 0, 0, 1]);
        let with = LineUp::of(&[&a, &a, &b, &c], Some(&model), Method::Majority, &MARROW_LEVELS).unwrap();
        let without = LineUp::of(&[&a, &a, &b, &c], None, Method::Majority, &MARROW_LEVELS).unwrap();
        assert_eq!(with.rows[0].readers, without.rows[0].readers);
        // All four: 1 1 ? 0 0 0, where ? is a tie and belongs to no label.
        assert_eq!(with.rows[0].consensus_voxels, 2);
        assert_eq!(with.rows[0].readers[0].dice, Some(4.0 / 5.0));
        assert_eq!(with.rows[0].model.unwrap().dice, Some(4.0 / 5.0));
        // The fourth reader against the other three: nothing in common.
        assert_eq!(with.rows[0].readers[3].dice_left_out, Some(0.0));
        assert_eq!(with.rows[1].readers[0].dice, None);
        assert!(!with.rows[1].estimable);
    }

    #[test]
    fn two_readers_have_no_line_up_of_others() {
        let a = map([2, 1, 1], &[1, 0]);
        let up = LineUp::of(&[&a, &a], None, Method::Staple, &[&[1]]).unwrap();
        assert_eq!(up.rows[0].readers[0], LineUpReader { dice: Some(1.0), dice_left_out: None });
    }
}
