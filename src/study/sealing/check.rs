//! What is looked at before a read is sealed: warnings for the reader, never walls.

use crate::volume::Labels;
use std::collections::{BTreeMap, BTreeSet};

/// One thing worth another look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealWarning {
    /// One sentence.
    pub text: String,
    /// The first slice it is about, from 0.
    pub slice: Option<usize>,
}

/// What the checks look at; grids of both layers are equal.
#[derive(Clone, Debug)]
pub struct SealSubject {
    /// The marrow layer.
    pub marrow: Labels,
    /// The bone layer.
    pub bone: Labels,
    /// Voxel axis along which slices are counted.
    pub slice_axis: usize,
    /// Whether each slice was on screen, in this sitting or in one that the journal tells of.
    pub visited: Vec<bool>,
    /// Marrow slices marked done.
    pub done: BTreeSet<usize>,
}

/// Everything worth another look before sealing: slices never seen, slices not done, marrow outside bone, lone voxels, level 3
/// with no level 2 around it. Empty if all is well.
#[must_use]
pub fn seal_warnings(subject: &SealSubject) -> Vec<SealWarning> {
    let mut warnings = Vec::new();
    // A key marks all slices done at once: that says nothing of what was looked at.
    let unseen: Vec<usize> = (0..subject.visited.len()).filter(|&s| !subject.visited[s]).collect();
    warnings.extend(slices(&unseen, "was never on screen", "were never on screen"));
    let open: Vec<usize> = (0..subject.visited.len()).filter(|s| !subject.done.contains(s) && !unseen.contains(s)).collect();
    warnings.extend(slices(&open, "is not marked done", "are not marked done"));
    warnings.extend(outside_bone(subject));
    warnings.extend(lone_voxels(subject));
    warnings.extend(level_3_alone(subject));
    warnings
}

fn slices(which: &[usize], one: &str, many: &str) -> Option<SealWarning> {
    let first = *which.first()?;
    let text = if which.len() == 1 { format!("Slice {} {one}.", first + 1) } else { format!("Slices {} {many}.", ranges(which)) };
    Some(SealWarning { text, slice: Some(first) })
}

/// `1–3, 7 and 9`, counted from 1.
pub(super) fn ranges(sorted: &[usize]) -> String {
    let mut runs: Vec<[usize; 2]> = Vec::new();
    for &slice in sorted {
        match runs.last_mut() {
            Some(run) if run[1] + 1 == slice => run[1] = slice,
            _ => runs.push([slice, slice]),
        }
    }
    let words: Vec<String> = runs.iter().map(|[a, b]| if a == b { format!("{}", a + 1) } else { format!("{}–{}", a + 1, b + 1) }).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// Only where bone was drawn at all.
fn outside_bone(subject: &SealSubject) -> Option<SealWarning> {
    let found = voxels_where(subject, |voxel, _| subject.bone.get(voxel) == 0);
    let drawn = !subject.bone.is_blank();
    (drawn && found.0 > 0).then(|| found.warning("marrow voxel lies outside bone", "marrow voxels lie outside bone"))
}

/// No marrow label on any of the six faces.
fn lone_voxels(subject: &SealSubject) -> Option<SealWarning> {
    let found = voxels_where(subject, |voxel, _| neighbours(subject, voxel).all(|n| subject.marrow.get(n) == 0));
    (found.0 > 0).then(|| found.warning("voxel stands alone", "voxels stand alone"))
}

/// Parts of level 3 (joined by faces) that touch no voxel of level 2.
fn level_3_alone(subject: &SealSubject) -> Option<SealWarning> {
    let mut waiting = BTreeSet::new();
    subject.marrow.for_each_labelled(|voxel, label| {
        if label == 3 {
            waiting.insert(voxel);
        }
    });
    let mut found = Found(0, None);
    while let Some(seed) = waiting.pop_first() {
        let (mut part, mut touches, mut first) = (vec![seed], false, seed[subject.slice_axis]);
        while let Some(at) = part.pop() {
            first = first.min(at[subject.slice_axis]);
            for next in neighbours(subject, at) {
                touches |= subject.marrow.get(next) == 2;
                if waiting.remove(&next) {
                    part.push(next);
                }
            }
        }
        if !touches {
            found.add(first);
        }
    }
    (found.0 > 0).then(|| found.warning("part of level 3 has no level 2 around it", "parts of level 3 have no level 2 around them"))
}

/// How many, and the first slice.
struct Found(usize, Option<usize>);

impl Found {
    fn add(&mut self, slice: usize) {
        self.0 += 1;
        self.1 = Some(self.1.map_or(slice, |first| first.min(slice)));
    }

    fn warning(&self, one: &str, many: &str) -> SealWarning {
        let place = self.1.map_or_else(String::new, |s| format!(", first on slice {}", s + 1));
        let text = if self.0 == 1 { format!("1 {one}{place}.") } else { format!("{} {many}{place}.", self.0) };
        SealWarning { text, slice: self.1 }
    }
}

fn voxels_where(subject: &SealSubject, is_odd: impl Fn([usize; 3], u8) -> bool) -> Found {
    let mut found = Found(0, None);
    let mut by_slice = BTreeMap::new();
    subject.marrow.for_each_labelled(|voxel, label| {
        if is_odd(voxel, label) {
            *by_slice.entry(voxel[subject.slice_axis]).or_insert(0_usize) += 1;
        }
    });
    for (slice, count) in by_slice {
        found.add(slice);
        found.0 += count - 1;
    }
    found
}

fn neighbours(subject: &SealSubject, at: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
    let shape = subject.marrow.grid().shape();
    (0..3).flat_map(move |axis| {
        [-1_isize, 1].into_iter().filter_map(move |step| {
            let mut next = at;
            next[axis] = at[axis].checked_add_signed(step).filter(|&m| m < shape[axis])?;
            Some(next)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Affine, Spacing};
    use crate::volume::Grid;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn subject(marrow: &[([usize; 3], u8)], bone: &[([usize; 3], u8)]) -> SealSubject {
        let grid = Arc::new(Grid::new([6, 6, 4], Affine::from_spacing(Spacing::UNIT)).unwrap());
        let paint = |voxels: &[([usize; 3], u8)]| {
            let mut labels = Labels::empty(grid.clone());
            voxels.iter().for_each(|(voxel, label)| labels.set(*voxel, *label));
            labels
        };
        SealSubject { marrow: paint(marrow), bone: paint(bone), slice_axis: 2, visited: vec![true; 4], done: (0..4).collect() }
    }

    #[test]
    fn slices_marked_done_by_one_key_were_not_seen_by_that() {
        let mut unseen = subject(&[], &[]);
        unseen.visited[1] = false;
        let texts: Vec<String> = seal_warnings(&unseen).into_iter().map(|w| w.text).collect();
        assert_eq!(texts, ["Slice 2 was never on screen."]);
    }

    #[test]
    fn each_warning_says_how_many_and_where() {
        let mut odd = subject(&[([1, 1, 1], 1), ([3, 3, 2], 3), ([3, 4, 2], 3), ([0, 0, 3], 2), ([1, 0, 3], 3)], &[([3, 3, 2], 1)]);
        odd.visited = vec![false, true, false, true];
        odd.done = [3].into();
        let texts: Vec<(String, Option<usize>)> = seal_warnings(&odd).into_iter().map(|w| (w.text, w.slice)).collect();
        let expected = [
            ("Slices 1 and 3 were never on screen.", 0),
            ("Slice 2 is not marked done.", 1),
            ("4 marrow voxels lie outside bone, first on slice 2.", 1),
            ("1 voxel stands alone, first on slice 2.", 1),
            ("1 part of level 3 has no level 2 around it, first on slice 3.", 2),
        ];
        assert_eq!(texts, expected.map(|(t, s)| (t.to_owned(), Some(s))));
        assert!(seal_warnings(&subject(&[([1, 1, 1], 2), ([1, 2, 1], 3)], &[])).is_empty(), "no bone drawn, so nothing is outside it");
        assert_eq!(ranges(&[0, 1, 2, 6, 8]), "1–3, 7 and 9");
    }

    proptest! {
        #[test]
        fn level_3_is_alone_exactly_where_no_part_touches_level_2(cells in prop::collection::vec(0_u8..4, 144)) {
            let voxels: Vec<([usize; 3], u8)> = (0..144).map(|n| ([n % 6, n / 6 % 6, n / 36], cells[n])).collect();
            let subject = subject(&voxels, &[]);
            // Plain model: a part is flooded from its smallest voxel.
            let at = |v: [usize; 3]| subject.marrow.get(v);
            let mut alone = 0;
            let mut seen = BTreeSet::new();
            for (seed, _) in voxels.iter().filter(|(_, l)| *l == 3) {
                if seen.contains(seed) { continue; }
                let part = crate::volume::connected_component(subject.marrow.grid(), *seed, |v| at(v) == 3);
                let part: Vec<[usize; 3]> = part.indices.iter().map(|&i| subject.marrow.grid().voxel(i)).collect();
                seen.extend(part.iter().copied());
                alone += usize::from(!part.iter().any(|v| neighbours(&subject, *v).any(|n| at(n) == 2)));
            }
            let warned = level_3_alone(&subject).map_or(0, |w| w.text.split(' ').next().unwrap().parse().unwrap());
            prop_assert_eq!(warned, alone);
        }
    }
}
