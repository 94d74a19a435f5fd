//! How often each combination of votes occurs: counted once, in parallel, over tiles.

use super::VoteTable;
use super::tile_votes::TileVotes;
use super::vote_hash::{Lookup, Numbers, RECENT, packed, place};
use crate::space::VoxelBox;
use crate::volume::{Grid, GridMismatch, Labels, TILE, TileId};
use rayon::prelude::*;
use std::sync::Arc;
use thiserror::Error;

/// The value of a voxel on which a consensus could not decide. It belongs to no label.
pub const UNDECIDED: u8 = 255;

/// The reads of several readers on one grid, with the number of voxels of every combination of votes.
///
/// Voxels that no reader labelled cost nothing: tiles without labels are counted, not visited.
#[derive(Clone, Debug)]
pub struct VotePatterns {
    grid: Arc<Grid>,
    readers: Vec<Labels>,
    table: VoteTable,
    numbers: Numbers<u32>,
    labelled_box: VoxelBox,
}

/// Why votes cannot be counted.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum VoteError {
    /// No reads at all.
    #[error("a consensus needs at least one read: name one or more label maps")]
    NoReaders,
    /// A read lies on another grid than the first.
    #[error("read {reader} does not lie on the grid of read 1: {mismatch}; convert it to that grid first")]
    Grid {
        /// Counting from 1.
        reader: usize,
        /// Both grids in words.
        mismatch: GridMismatch,
    },
    /// A read holds the value of an undecided voxel.
    #[error("read {reader} holds label 255, which means undecided: leave consensus maps out of the reads")]
    Undecided {
        /// Counting from 1.
        reader: usize,
    },
}

/// What one thread found.
#[derive(Default)]
struct Found {
    counts: Numbers<u64>,
    /// Voxels of recent patterns that are not in `counts` yet.
    recent: Vec<(u64, u64)>,
    bounds: Option<VoxelBox>,
}

impl VotePatterns {
    /// Counts the votes of all readers; `O(voxels in tiles that anybody labelled)`.
    ///
    /// # Errors
    /// If there are no reads, two grids differ, or a read holds label 255.
    pub fn count(readers: &[&Labels]) -> Result<Self, VoteError> {
        let first = readers.first().ok_or(VoteError::NoReaders)?;
        let grid = Arc::clone(first.grid());
        for (at, labels) in readers.iter().enumerate().skip(1) {
            grid.require_same(labels.grid()).map_err(|mismatch| VoteError::Grid { reader: at + 1, mismatch })?;
        }
        let tiles: Vec<u32> = (0..first.tile_count() as u32).collect();
        let found = tiles
            .par_chunks(128)
            .map(|chunk| {
                let mut found = Found::default();
                for &tile in chunk {
                    count_tile(readers, TileId(tile), &mut found);
                }
                found.settle(readers.len());
                found
            })
            .reduce(Found::default, merge);
        let mut patterns: Vec<(Box<[u8]>, u64)> = found.counts.into_iter().collect();
        // Sorted, so that sums run in the same order whatever the threads did.
        patterns.sort_unstable();
        for (votes, _) in &patterns {
            if let Some(at) = votes.iter().position(|&label| label == UNDECIDED) {
                return Err(VoteError::Undecided { reader: at + 1 });
            }
        }
        let table = VoteTable::new(readers.len(), patterns.iter().map(|(votes, voxels)| (&**votes, *voxels)));
        let numbers = patterns.into_iter().enumerate().map(|(at, (votes, _))| (votes, at as u32)).collect();
        let labelled_box = found.bounds.unwrap_or(VoxelBox::EMPTY);
        Ok(Self { grid, readers: readers.iter().map(|labels| (*labels).clone()).collect(), table, numbers, labelled_box })
    }

    /// Where the voxels lie.
    #[must_use]
    pub const fn grid(&self) -> &Arc<Grid> {
        &self.grid
    }

    /// The distinct patterns, in order of their votes, with their numbers of voxels.
    #[must_use]
    pub const fn table(&self) -> &VoteTable {
        &self.table
    }

    /// The smallest box around everything that anybody labelled; empty if nobody did.
    #[must_use]
    pub const fn labelled_box(&self) -> VoxelBox {
        self.labelled_box
    }

    /// The map that holds `labels[p]` in every voxel of pattern `p`; tile by tile, in parallel.
    #[must_use]
    pub fn paint(&self, labels: &[u8]) -> Labels {
        let readers: Vec<&Labels> = self.readers.iter().collect();
        let nobody = self.background().map_or(0, |pattern| labels[pattern as usize]);
        let tiles: Vec<u32> = (0..self.tile_count()).collect();
        let one = |lookup: &mut Lookup<'_>, tile: u32| {
            let votes = TileVotes::of(&readers, TileId(tile));
            if votes.is_blank() {
                return (nobody != 0).then(|| Box::new([nobody; TILE * TILE * TILE]));
            }
            let mut painted = None;
            votes.for_each_run(|[i, j, k], length, votes| {
                let label = lookup.pattern(votes).map_or(0, |pattern| labels[pattern as usize]);
                if label != 0 {
                    let at = i % TILE + TILE * (j % TILE + TILE * (k % TILE));
                    painted.get_or_insert_with(|| Box::new([0; TILE * TILE * TILE]))[at..at + length].fill(label);
                }
            });
            painted
        };
        let parts: Vec<Vec<_>> = tiles
            .par_chunks(128)
            .map(|chunk| {
                let mut lookup = Lookup::of(&self.numbers);
                chunk.iter().map(|tile| one(&mut lookup, *tile)).collect()
            })
            .collect();
        Labels::from_tiles(Arc::clone(&self.grid), parts.into_iter().flatten())
    }

    /// One value per voxel, i fastest: `values[p]` in every voxel of pattern `p`; in parallel over layers of tiles.
    #[must_use]
    pub fn spread(&self, values: &[f64]) -> Vec<f32> {
        let readers: Vec<&Labels> = self.readers.iter().collect();
        let background = self.background().map_or(0.0, |pattern| values[pattern as usize] as f32);
        let [ni, nj, _] = self.grid.shape();
        let per_layer = (ni.div_ceil(TILE) * nj.div_ceil(TILE)) as u32;
        let mut map = vec![background; self.grid.voxel_count()];
        map.par_chunks_mut(ni * nj * TILE).enumerate().for_each(|(layer, map)| {
            let mut lookup = Lookup::of(&self.numbers);
            for tile in (0..per_layer).map(|n| TileId(layer as u32 * per_layer + n)) {
                let votes = TileVotes::of(&readers, tile);
                if votes.is_blank() {
                    continue;
                }
                votes.for_each_run(|[i, j, k], length, votes| {
                    if let Some(pattern) = lookup.pattern(votes) {
                        let at = i + ni * (j + nj * (k % TILE));
                        map[at..at + length].fill(values[pattern as usize] as f32);
                    }
                });
            }
        });
        map
    }

    fn tile_count(&self) -> u32 {
        self.readers.first().map_or(0, |labels| labels.tile_count() as u32)
    }

    /// Pattern of the voxels that nobody labelled, if there are any.
    pub(super) fn background(&self) -> Option<u32> {
        self.numbers.get(vec![0; self.readers.len()].as_slice()).copied()
    }

    /// Calls `visit` with the voxels of all tiles in which anybody labelled.
    pub(super) fn for_each_voxel(&self, mut visit: impl FnMut([usize; 3], u32)) {
        let readers: Vec<&Labels> = self.readers.iter().collect();
        let mut lookup = Lookup::of(&self.numbers);
        for tile in (0..self.tile_count()).map(TileId) {
            let votes = TileVotes::of(&readers, tile);
            votes.for_each_run(|[i, j, k], length, votes| {
                if let Some(pattern) = lookup.pattern(votes) {
                    (i..i + length).for_each(|i| visit([i, j, k], pattern));
                }
            });
        }
    }
}

fn count_tile(readers: &[&Labels], tile: TileId, found: &mut Found) {
    let votes = TileVotes::of(readers, tile);
    if votes.is_blank() {
        found.add(&vec![0; readers.len()], votes.bounds().len() as u64);
        return;
    }
    // The run of equal voxels that is being counted goes on over rows.
    let mut held = vec![0_u8; readers.len()];
    let mut run = 0;
    let mut touched = found.bounds.unwrap_or(VoxelBox::EMPTY);
    votes.for_each_run(|[i, j, k], length, votes| {
        if votes.iter().any(|label| *label != 0) {
            touched.include([i, j, k]);
            touched.include([i + length - 1, j, k]);
        }
        if votes != held {
            found.add(&held, run);
            held.copy_from_slice(votes);
            run = 0;
        }
        run += length as u64;
    });
    found.add(&held, run);
    if !touched.is_empty() {
        found.bounds = Some(touched);
    }
}

impl Found {
    fn add(&mut self, votes: &[u8], voxels: u64) {
        if voxels == 0 {
            return;
        }
        let Some(word) = packed(votes) else { return add(&mut self.counts, votes, voxels) };
        if self.recent.is_empty() {
            self.recent = vec![(0, 0); RECENT];
        }
        let (held, waiting) = &mut self.recent[place(word)];
        if *held != word {
            add(&mut self.counts, &held.to_le_bytes()[..votes.len()], *waiting);
            (*held, *waiting) = (word, 0);
        }
        *waiting += voxels;
    }

    /// Brings everything into `counts`.
    fn settle(&mut self, readers: usize) {
        for (held, waiting) in std::mem::take(&mut self.recent) {
            add(&mut self.counts, &held.to_le_bytes()[..readers.min(8)], waiting);
        }
    }
}

fn add(counts: &mut Numbers<u64>, votes: &[u8], voxels: u64) {
    if voxels == 0 {
        return;
    }
    match counts.get_mut(votes) {
        Some(count) => *count += voxels,
        None => {
            counts.insert(votes.into(), voxels);
        }
    }
}

fn merge(mut into: Found, from: Found) -> Found {
    for (votes, voxels) in from.counts {
        *into.counts.entry(votes).or_default() += voxels;
    }
    into.bounds = match (into.bounds, from.bounds) {
        (Some(a), Some(b)) => Some(a.union(&b)),
        (a, b) => a.or(b),
    };
    into
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::space::{Affine, Spacing};

    /// Labels on a grid of `shape` with voxels of 1 mm.
    pub fn map(shape: [usize; 3], values: &[u8]) -> Labels {
        let grid = Grid::new(shape, Affine::from_spacing(Spacing::UNIT)).unwrap();
        Labels::from_dense(Arc::new(grid), values).unwrap()
    }

    #[test]
    fn counts_every_voxel_once() {
        let shape = [19, 18, 17];
        let n: usize = shape.iter().product();
        let a = map(shape, &(0..n).map(|v| (v / 7 % 3) as u8).collect::<Vec<_>>());
        let b = map(shape, &(0..n).map(|v| u8::from(v == 4)).collect::<Vec<_>>());
        let patterns = VotePatterns::count(&[&a, &b]).unwrap();
        let table = patterns.table();
        assert_eq!(table.voxels().iter().sum::<u64>(), n as u64);
        let of = |votes: &[u8]| (0..table.len()).find(|&p| table.votes(p) == votes).map_or(0, |p| table.voxels()[p]);
        assert_eq!(of(&[0, 1]), 1);
        assert_eq!(of(&[1, 0]), (0..n).filter(|v| v / 7 % 3 == 1).count() as u64);
        let labels: Vec<u8> = (0..table.len()).map(|p| table.votes(p)[0]).collect();
        assert!(patterns.paint(&labels).same_labels(&a));
        let values: Vec<f64> = labels.iter().map(|&l| f64::from(l)).collect();
        let dense = a.to_dense();
        assert!(patterns.spread(&values).iter().zip(&dense).all(|(v, l)| *v == f32::from(*l)));
    }

    #[test]
    fn refuses_other_grids_and_consensus_maps() {
        let a = map([2, 2, 1], &[0, 1, 2, 0]);
        assert!(matches!(VotePatterns::count(&[&a, &map([4, 1, 1], &[0; 4])]), Err(VoteError::Grid { reader: 2, .. })));
        assert_eq!(VotePatterns::count(&[&a, &map([2, 2, 1], &[0, 255, 0, 0])]).unwrap_err(), VoteError::Undecided { reader: 2 });
        assert_eq!(VotePatterns::count(&[]).unwrap_err(), VoteError::NoReaders);
    }

    #[test]
    fn the_box_holds_what_anybody_labelled() {
        let mut a = map([40, 40, 3], &[0; 4800]);
        assert!(VotePatterns::count(&[&a]).unwrap().labelled_box().is_empty());
        let mut b = a.clone();
        a.set([3, 20, 1], 2);
        b.set([30, 5, 2], 1);
        let found = VotePatterns::count(&[&a, &b]).unwrap().labelled_box();
        assert_eq!(found, VoxelBox { lo: [3, 5, 1], hi: [31, 21, 3] });
    }
}
