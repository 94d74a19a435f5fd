//! A set of voxels as ranges of memory.

use super::Patch;
use std::ops::Range;

/// Voxels by their position in memory (see [`crate::volume::Grid::index`]), kept as ranges in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VoxelSet {
    ranges: Vec<Range<u32>>,
}

impl VoxelSet {
    /// Takes ranges in any order; those that touch or overlap are joined, empty ones dropped.
    #[must_use]
    pub fn from_ranges(mut ranges: Vec<Range<u32>>) -> Self {
        ranges.retain(|r| r.start < r.end);
        ranges.sort_unstable_by_key(|r| r.start);
        let mut joined: Vec<Range<u32>> = Vec::new();
        for range in ranges {
            match joined.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => joined.push(range),
            }
        }
        Self { ranges: joined }
    }

    /// The voxels that any of the patches changed.
    #[must_use]
    pub fn of_patches<'a>(patches: impl IntoIterator<Item = &'a Patch>) -> Self {
        Self::from_ranges(patches.into_iter().flat_map(|p| p.runs()).map(|r| r.at..r.at + r.length).collect())
    }

    /// Whether the voxel at a position in memory belongs.
    #[must_use]
    pub fn contains(&self, index: usize) -> bool {
        let Ok(index) = u32::try_from(index) else { return false };
        let after = self.ranges.partition_point(|r| r.start <= index);
        after > 0 && index < self.ranges[after - 1].end
    }

    /// Number of voxels.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ranges.iter().map(|r| (r.end - r.start) as usize).sum()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The ranges in ascending order; none touches the next.
    #[must_use]
    pub fn ranges(&self) -> &[Range<u32>] {
        &self.ranges
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn agrees_with_a_plain_set(ranges in prop::collection::vec((0_u32..200, 0_u32..9), 0..30)) {
            let plain: BTreeSet<u32> = ranges.iter().flat_map(|&(at, n)| at..at + n).collect();
            let set = VoxelSet::from_ranges(ranges.iter().map(|&(at, n)| at..at + n).collect());
            prop_assert_eq!(set.len(), plain.len());
            prop_assert!((0..220).all(|n| set.contains(n as usize) == plain.contains(&n)));
            prop_assert!(set.ranges().windows(2).all(|w| w[0].end < w[1].start));
        }
    }
}
