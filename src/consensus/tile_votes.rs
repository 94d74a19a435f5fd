//! The votes of all readers within one tile, as runs of voxels that bear the same votes.

use crate::space::VoxelBox;
use crate::volume::{Labels, TILE, TileId};

/// A tile of every reader.
pub(super) struct TileVotes<'a> {
    bounds: VoxelBox,
    /// Readers who labelled something in it.
    labelled: Vec<(usize, &'a [u8; TILE * TILE * TILE])>,
    readers: usize,
}

impl<'a> TileVotes<'a> {
    /// All readers must lie on one grid.
    pub fn of(readers: &[&'a Labels], tile: TileId) -> Self {
        let labelled = readers.iter().enumerate().filter_map(|(reader, labels)| Some((reader, labels.tile(tile)?))).collect();
        let bounds = readers.first().map_or(VoxelBox::EMPTY, |labels| labels.tile_box(tile));
        Self { bounds, labelled, readers: readers.len() }
    }

    /// The voxels of the tile.
    pub const fn bounds(&self) -> VoxelBox {
        self.bounds
    }

    /// Whether nobody labelled anything in it.
    pub const fn is_blank(&self) -> bool {
        self.labelled.is_empty()
    }

    /// Calls `visit` with the first voxel, the length along i and the votes of each run, in order of memory; runs end with rows.
    pub fn for_each_run(&self, mut visit: impl FnMut([usize; 3], usize, &[u8])) {
        let VoxelBox { lo, hi } = self.bounds;
        let width = hi[0] - lo[0];
        let mut votes = vec![0; self.readers];
        for k in lo[2]..hi[2] {
            for j in lo[1]..hi[1] {
                let at = TILE * (j % TILE + TILE * (k % TILE));
                let mut even = true;
                for (reader, tile) in &self.labelled {
                    votes[*reader] = tile[at];
                    even &= is_even(&tile[at..at + width]);
                }
                if even {
                    visit([lo[0], j, k], width, &votes);
                    continue;
                }
                let mut start = 0;
                for i in 1..width {
                    if self.labelled.iter().any(|(reader, tile)| tile[at + i] != votes[*reader]) {
                        visit([lo[0] + start, j, k], i - start, &votes);
                        self.labelled.iter().for_each(|(reader, tile)| votes[*reader] = tile[at + i]);
                        start = i;
                    }
                }
                visit([lo[0] + start, j, k], width - start, &votes);
            }
        }
    }
}

/// Whether all labels of a row are the same; a whole row is looked at in one piece.
fn is_even(row: &[u8]) -> bool {
    match <[u8; TILE]>::try_from(row) {
        Ok(whole) => u128::from_ne_bytes(whole) == u128::from_ne_bytes([whole[0]; TILE]),
        Err(_) => row.iter().all(|label| *label == row[0]),
    }
}

#[cfg(test)]
mod tests {
    use super::super::votes::tests::map;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn runs_cover_every_voxel_once_with_its_votes(values in prop::collection::vec((0..40_usize, 0..3_u8), 1..60), wide in 17..40_usize) {
            // Few changes in long rows, so that even rows and broken ones both occur.
            let shape = [wide, 3, 18];
            let n: usize = shape.iter().product();
            let mut dense = vec![0_u8; n];
            let mut at = 0;
            for (length, label) in values.iter().cycle().take(200) {
                let end = (at + length * 3).min(n);
                dense[at..end].fill(*label);
                at = end;
            }
            let a = map(shape, &dense);
            let b = map(shape, &dense.iter().rev().copied().collect::<Vec<_>>());
            let blank = map(shape, &vec![0; n]);
            let readers = [&a, &blank, &b];
            let mut seen = vec![false; n];
            for tile in 0..a.tile_count() as u32 {
                let votes = TileVotes::of(&readers, TileId(tile));
                if votes.is_blank() {
                    prop_assert_eq!(a.counts_in(votes.bounds()).of(0), votes.bounds().len());
                    continue;
                }
                votes.for_each_run(|[i, j, k], length, votes| {
                    for voxel in (i..i + length).map(|i| [i, j, k]) {
                        assert_eq!(votes, [a.get(voxel), 0, b.get(voxel)]);
                        assert!(!std::mem::replace(&mut seen[a.grid().index(voxel)], true));
                    }
                });
            }
            prop_assert!(seen.iter().enumerate().all(|(v, seen)| *seen || (dense[v] == 0 && dense[n - 1 - v] == 0)));
        }
    }
}
