//! Where vote patterns lie: per slice, so that a figure can name the slice that explains it.

use super::VotePatterns;
use std::collections::BTreeMap;

/// Number and sum of positions of the voxels of one pattern in one slice.
#[derive(Clone, Copy, Debug, Default)]
struct Heap {
    voxels: u64,
    sum: [u64; 3],
}

/// The vote patterns of every slice along one axis. Voxels that nobody labelled are not in it.
#[derive(Clone, Debug)]
pub struct PatternPlaces {
    slices: Vec<Vec<(usize, Heap)>>,
    axis: usize,
}

/// The slice that holds most of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busiest {
    /// Voxels there.
    pub voxels: u64,
    /// The middle of them, a voxel of that slice.
    pub centre: [usize; 3],
}

impl VotePatterns {
    /// Sorts the voxels of all patterns by slice along voxel axis `axis` (0, 1 or 2).
    #[must_use]
    pub fn places(&self, axis: usize) -> PatternPlaces {
        let axis = axis.min(2);
        let nobody = self.background().map(|pattern| pattern as usize);
        let mut slices: Vec<BTreeMap<usize, Heap>> = vec![BTreeMap::new(); self.grid().shape()[axis]];
        self.for_each_voxel(|voxel, pattern| {
            let pattern = pattern as usize;
            if Some(pattern) == nobody {
                return;
            }
            let heap = slices[voxel[axis]].entry(pattern).or_default();
            heap.voxels += 1;
            heap.sum.iter_mut().zip(voxel).for_each(|(sum, at)| *sum += at as u64);
        });
        PatternPlaces { slices: slices.into_iter().map(|slice| slice.into_iter().collect()).collect(), axis }
    }
}

impl PatternPlaces {
    /// Voxels per slice of the patterns for which `counts` holds.
    #[must_use]
    pub fn per_slice(&self, counts: impl Fn(usize) -> bool) -> Vec<u64> {
        let of = |slice: &Vec<(usize, Heap)>| slice.iter().filter(|(pattern, _)| counts(*pattern)).map(|(_, heap)| heap.voxels).sum();
        self.slices.iter().map(of).collect()
    }

    /// The slice with most voxels of the patterns for which `counts` holds, the first of several; `None` where there are none.
    #[must_use]
    pub fn busiest(&self, counts: impl Fn(usize) -> bool) -> Option<Busiest> {
        let mut best: Option<(usize, Heap)> = None;
        for (number, slice) in self.slices.iter().enumerate() {
            let mut all = Heap::default();
            for (_, heap) in slice.iter().filter(|(pattern, _)| counts(*pattern)) {
                all.voxels += heap.voxels;
                all.sum.iter_mut().zip(heap.sum).for_each(|(sum, part)| *sum += part);
            }
            if all.voxels > best.map_or(0, |(_, heap)| heap.voxels) {
                best = Some((number, all));
            }
        }
        let (slice, heap) = best?;
        let mut centre = heap.sum.map(|sum| ((sum as f64 / heap.voxels as f64).round()) as usize);
        centre[self.axis] = slice;
        Some(Busiest { voxels: heap.voxels, centre })
    }
}

#[cfg(test)]
mod tests {
    use super::super::votes::tests::map;
    use super::*;

    #[test]
    fn the_slice_with_most_voxels_explains_a_figure() {
        let mut a = vec![0; 5 * 4 * 3];
        let mut b = a.clone();
        (a[0], a[21], b[22]) = (1, 1, 2);
        (a[40], b[40], a[41], b[59]) = (1, 1, 2, 3);
        (a[42], b[43]) = (2, 1);
        let maps = [map([5, 4, 3], &a), map([5, 4, 3], &b)];
        let patterns = VotePatterns::count(&maps.iter().collect::<Vec<_>>()).unwrap();
        let differs = |p: usize| patterns.table().votes(p)[0] != patterns.table().votes(p)[1];
        let places = patterns.places(2);
        assert_eq!(places.per_slice(differs), [1, 2, 4]);
        // Voxels 41, 42, 43 and 59: i = 1, 2, 3, 4 and j = 0, 0, 0, 3 of the last slice.
        assert_eq!(places.busiest(differs), Some(Busiest { voxels: 4, centre: [3, 1, 2] }));
        assert_eq!(places.busiest(|_| false), None);
        assert_eq!(patterns.places(0).per_slice(|_| true).iter().sum::<u64>(), 8);
    }
}
