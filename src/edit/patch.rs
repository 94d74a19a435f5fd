//! What one gesture changed: runs of voxels with their labels before and after.

use crate::space::VoxelBox;
use crate::volume::Grid;
use thiserror::Error;

/// Consecutive voxels in memory (i fastest) that changed from one label to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// Position in memory of the first voxel (see [`Grid::index`]).
    pub at: u32,
    /// Number of voxels, at least 1.
    pub length: u32,
    /// Label before.
    pub before: u8,
    /// Label after; never equal to `before`.
    pub after: u8,
}

/// Runs in order of position, none overlapping another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    runs: Vec<Run>,
}

/// Why bytes or runs are not a patch.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum PatchError {
    /// The bytes end within a number or a run.
    #[error("the record of a change is cut short")]
    Truncated,
    /// Runs overlap, are empty, change nothing or lie outside the grid.
    #[error("the record of a change does not fit its grid")]
    Invalid,
}

impl Patch {
    /// Takes runs for a grid of `voxel_count` voxels.
    ///
    /// # Errors
    /// If runs are out of order, overlap, are empty, change nothing or leave the grid.
    pub fn new(runs: Vec<Run>, voxel_count: usize) -> Result<Self, PatchError> {
        let mut end = 0_u64;
        for run in &runs {
            let next = u64::from(run.at) + u64::from(run.length);
            if u64::from(run.at) < end || run.length == 0 || run.before == run.after || next > voxel_count as u64 {
                return Err(PatchError::Invalid);
            }
            end = next;
        }
        Ok(Self { runs })
    }

    /// From single voxels in ascending order of position: (position, before, after); voxels that did not change are left out.
    #[must_use]
    pub fn from_changes(changes: impl IntoIterator<Item = (u32, u8, u8)>) -> Self {
        let mut runs: Vec<Run> = Vec::new();
        for (at, before, after) in changes.into_iter().filter(|c| c.1 != c.2) {
            match runs.last_mut() {
                Some(run) if run.at + run.length == at && run.before == before && run.after == after => run.length += 1,
                _ => runs.push(Run { at, length: 1, before, after }),
            }
        }
        Self { runs }
    }

    /// The runs in order of position.
    #[must_use]
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Number of voxels that changed.
    #[must_use]
    pub fn voxel_count(&self) -> usize {
        self.runs.iter().map(|r| r.length as usize).sum()
    }

    /// The change that takes this one back.
    #[must_use]
    pub fn inverse(&self) -> Self {
        Self { runs: self.runs.iter().map(|r| Run { before: r.after, after: r.before, ..*r }).collect() }
    }

    /// The smallest box around all changed voxels.
    #[must_use]
    pub fn bounds(&self, grid: &Grid) -> VoxelBox {
        let mut bounds = VoxelBox::EMPTY;
        for run in &self.runs {
            let (first, last) = (grid.voxel(run.at as usize), grid.voxel((run.at + run.length - 1) as usize));
            bounds.include(first);
            bounds.include(last);
            if first[1] != last[1] || first[2] != last[2] {
                // A run that goes over the end of a row touches both ends of the rows between.
                bounds.lo[0] = 0;
                bounds.hi[0] = grid.shape()[0];
                if first[2] != last[2] {
                    bounds.lo[1] = 0;
                    bounds.hi[1] = grid.shape()[1];
                }
            }
        }
        bounds
    }

    /// Bytes held in memory, for the budget of the history.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.runs.capacity() * size_of::<Run>() + size_of::<Self>()
    }

    /// Compact bytes: per run the gap to the one before and the length as LEB128 numbers, then both labels.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.runs.len() * 5);
        let mut end = 0;
        for run in &self.runs {
            push_number(&mut bytes, run.at - end);
            push_number(&mut bytes, run.length);
            bytes.extend([run.before, run.after]);
            end = run.at + run.length;
        }
        bytes
    }

    /// Reads [`Patch::to_bytes`] for a grid of `voxel_count` voxels.
    ///
    /// # Errors
    /// If the bytes are cut short or the runs do not fit the grid.
    pub fn from_bytes(bytes: &[u8], voxel_count: usize) -> Result<Self, PatchError> {
        let mut rest = bytes;
        let mut runs = Vec::new();
        let mut end = 0_u32;
        while !rest.is_empty() {
            let at = end.checked_add(take_number(&mut rest)?).ok_or(PatchError::Invalid)?;
            let length = take_number(&mut rest)?;
            let [before, after, tail @ ..] = rest else { return Err(PatchError::Truncated) };
            runs.push(Run { at, length, before: *before, after: *after });
            rest = tail;
            end = at.checked_add(length).ok_or(PatchError::Invalid)?;
        }
        Self::new(runs, voxel_count)
    }
}

fn push_number(bytes: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn take_number(bytes: &mut &[u8]) -> Result<u32, PatchError> {
    let mut value = 0_u32;
    for shift in (0..35).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or(PatchError::Truncated)?;
        *bytes = rest;
        let part = u32::from(byte & 0x7f);
        if shift == 28 && part > 0x0f {
            return Err(PatchError::Invalid);
        }
        value |= part << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(PatchError::Invalid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Affine, Spacing};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bytes_round_trip_and_inverse_is_its_own_inverse(changes in prop::collection::btree_map(0_u32..5000, (0_u8..4, 0_u8..4), 0..200)) {
            let patch = Patch::from_changes(changes.iter().map(|(&at, &(b, a))| (at, b, a)));
            prop_assert_eq!(&Patch::from_bytes(&patch.to_bytes(), 5000).unwrap(), &patch);
            prop_assert_eq!(&patch.inverse().inverse(), &patch);
            prop_assert_eq!(patch.voxel_count(), changes.values().filter(|c| c.0 != c.1).count());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = Patch::from_bytes(&bytes, 4096);
        }

        #[test]
        fn bounds_hold_every_voxel(changes in prop::collection::btree_set(0_u32..120, 1..40)) {
            let grid = Grid::new([4, 5, 6], Affine::from_spacing(Spacing::UNIT)).unwrap();
            let bounds = Patch::from_changes(changes.iter().map(|&at| (at, 0, 1))).bounds(&grid);
            prop_assert!(changes.iter().all(|&at| bounds.contains(grid.voxel(at as usize))));
        }
    }
}
