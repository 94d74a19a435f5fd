//! Connected parts: clusters of tied voxels, and lesions with the readers who found them.

use crate::space::VoxelBox;
use crate::volume::Labels;
use std::sync::Arc;

/// A connected part of a map: voxels that share a face.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// How many voxels.
    pub voxels: u64,
    /// The voxel of the part that is nearest to its centre.
    pub centre: [usize; 3],
    /// The smallest box around it.
    pub bounds: VoxelBox,
}

/// A connected part of what any reader gave a level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lesion {
    /// Where and how large.
    pub part: Part,
    /// For each reader, whether any of their voxels of the level lies in it.
    pub found_by: Vec<bool>,
}

impl Lesion {
    /// Whether every reader found it.
    #[must_use]
    pub fn found_by_all(&self) -> bool {
        self.found_by.iter().all(|found| *found)
    }
}

/// The largest parts, and how many there are in all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts<T> {
    /// The largest, the largest first; at most [`MOST_PARTS`].
    pub largest: Vec<T>,
    /// How many there are.
    pub count: usize,
}

/// Parts beyond this number are counted, not listed.
pub const MOST_PARTS: usize = 500;

/// The connected parts of the voxels with one label, for instance those of [`super::UNDECIDED`].
#[must_use]
pub fn parts_of(map: &Labels, label: u8) -> Parts<Part> {
    let mut chosen = Labels::empty(Arc::clone(map.grid()));
    map.for_each_labelled(|voxel, l| {
        if l == label {
            chosen.set(voxel, 1);
        }
    });
    let mut parts = Parts { largest: Vec::new(), count: 0 };
    flood(chosen, |voxels| parts.push(part(voxels), |p| p));
    parts.finish(|p| p);
    parts
}

/// The connected parts of what any of the readers gave one of the labels of `level`, with who found each.
#[must_use]
pub fn lesions(readers: &[&Labels], level: &[u8]) -> Parts<Lesion> {
    let mut parts = Parts { largest: Vec::new(), count: 0 };
    let Some(first) = readers.first() else { return parts };
    let mut anybody = Labels::empty(Arc::clone(first.grid()));
    for reader in readers {
        reader.for_each_labelled(|voxel, label| {
            if level.contains(&label) {
                anybody.set(voxel, 1);
            }
        });
    }
    flood(anybody, |voxels| {
        let found_by = readers.iter().map(|reader| voxels.iter().any(|v| level.contains(&reader.get(*v)))).collect();
        parts.push(Lesion { part: part(voxels), found_by }, |lesion| &lesion.part);
    });
    parts.finish(|lesion| &lesion.part);
    parts
}

impl<T> Parts<T> {
    fn push(&mut self, item: T, part: impl Fn(&T) -> &Part) {
        self.count += 1;
        self.largest.push(item);
        if self.largest.len() >= MOST_PARTS * 4 {
            self.finish(part);
        }
    }

    /// Sorts by size, then by place, and cuts the list.
    fn finish(&mut self, part: impl Fn(&T) -> &Part) {
        self.largest.sort_by_key(|item| {
            let [i, j, k] = part(item).centre;
            (std::cmp::Reverse(part(item).voxels), k, j, i)
        });
        self.largest.truncate(MOST_PARTS);
    }
}

/// Hands over the voxels of one connected part after the other.
fn flood(mut left: Labels, mut visit: impl FnMut(&[[usize; 3]])) {
    let shape = left.grid().shape();
    let mut part = Vec::new();
    // Seeds come from a copy that shares its tiles until they are emptied.
    left.clone().for_each_labelled(|seed, _| {
        if left.get(seed) == 0 {
            return;
        }
        part.clear();
        part.push(seed);
        left.set(seed, 0);
        let mut next = 0;
        while let Some(&at) = part.get(next) {
            next += 1;
            for axis in 0..3 {
                for moved in [at[axis].checked_sub(1), Some(at[axis] + 1).filter(|m| *m < shape[axis])].into_iter().flatten() {
                    let mut voxel = at;
                    voxel[axis] = moved;
                    if left.get(voxel) != 0 {
                        left.set(voxel, 0);
                        part.push(voxel);
                    }
                }
            }
        }
        visit(&part);
    });
}

fn part(voxels: &[[usize; 3]]) -> Part {
    let mut bounds = VoxelBox::EMPTY;
    let mut sum = [0.0; 3];
    for voxel in voxels {
        bounds.include(*voxel);
        (0..3).for_each(|a| sum[a] += voxel[a] as f64);
    }
    let mean = sum.map(|s| s / voxels.len().max(1) as f64);
    let away = |voxel: &[usize; 3]| (0..3).map(|a| (voxel[a] as f64 - mean[a]).powi(2)).sum::<f64>();
    let centre = voxels.iter().min_by(|a, b| away(a).total_cmp(&away(b)).then(a.cmp(b))).copied().unwrap_or_default();
    Part { voxels: voxels.len() as u64, centre, bounds }
}

#[cfg(test)]
mod tests {
    use super::super::UNDECIDED;
    use super::super::votes::tests::map;
    use super::*;
    use crate::volume::connected_component;
    use proptest::prelude::*;

    #[test]
    fn a_lesion_knows_who_found_it() {
        let a = map([8, 3, 1], &[2, 2, 0, 0, 0, 0, 0, 3, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
        let b = map([8, 3, 1], &[0, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let found = lesions(&[&a, &b], &[2, 3]);
        assert_eq!(found.count, 2);
        assert_eq!((found.largest[0].part.voxels, found.largest[0].found_by_all()), (4, true));
        assert_eq!(found.largest[0].part.bounds, VoxelBox { lo: [0, 0, 0], hi: [3, 2, 1] });
        assert_eq!((found.largest[1].part.centre, found.largest[1].found_by.as_slice()), ([7, 0, 0], &[true, false][..]));
        assert_eq!(lesions(&[&a, &b], &[1]).largest[0].part.centre, [4, 2, 0]);
        assert_eq!(lesions(&[], &[1]).count, 0);
    }

    #[test]
    fn only_the_largest_are_listed_and_all_are_counted() {
        // Every second voxel of a line, and one part of three.
        let n = 6001;
        let mut values: Vec<u8> = (0..n).map(|v| if v % 2 == 0 { UNDECIDED } else { 0 }).collect();
        values[1001] = UNDECIDED;
        let parts = parts_of(&map([n, 1, 1], &values), UNDECIDED);
        assert_eq!((parts.count, parts.largest.len()), (3000, MOST_PARTS));
        assert_eq!((parts.largest[0].voxels, parts.largest[0].centre), (3, [1001, 0, 0]));
        assert_eq!(parts.largest[1].centre, [0, 0, 0]);
    }

    proptest! {
        #[test]
        fn the_parts_are_those_found_one_by_one(values in prop::collection::vec(0..3_u8, 7 * 5 * 4)) {
            let labels = map([7, 5, 4], &values);
            let parts = parts_of(&labels, 2);
            prop_assert_eq!(parts.largest.iter().map(|p| p.voxels).sum::<u64>(), values.iter().filter(|v| **v == 2).count() as u64);
            for part in &parts.largest {
                let grown = connected_component(labels.grid(), part.centre, |v| labels.get(v) == 2);
                prop_assert_eq!(grown.indices.len() as u64, part.voxels);
            }
        }
    }
}
