//! Exact anisotropic distance to a set of voxels, by separable lower envelopes
//! (Felzenszwalb and Huttenlocher, Theory of Computing 2012).

use super::comparison::BoxMask;
use rayon::prelude::*;

/// No voxel of the set in this row or plane.
const NONE: u32 = u32::MAX;

/// For every voxel of a box: steps along i and j to the nearest voxel of the set within its plane k.
pub(super) struct PlaneDistances {
    shape: [usize; 3],
    spacing_mm: [f64; 3],
    steps: Steps,
}

/// Steps along i and j for every voxel. Two bytes are enough for any volume that is no thread of voxels, and halve the memory.
enum Steps {
    Short(Vec<[u16; 2]>),
    Long(Vec<[u32; 2]>),
}

impl Steps {
    fn get(&self, at: usize) -> [u32; 2] {
        match self {
            Self::Short(steps) => steps[at].map(|step| if step == u16::MAX { NONE } else { u32::from(step) }),
            Self::Long(steps) => steps[at],
        }
    }
}

/// One parabola of a lower envelope: from `start` on, `place` is nearest.
struct Piece {
    place: usize,
    height: f64,
    start: f64,
}

impl PlaneDistances {
    /// First two passes, plane by plane in parallel. Memory: 4 bytes per voxel of the box (8 where a side is beyond 65,534).
    pub(super) fn of(set: &BoxMask, spacing_mm: [f64; 3]) -> Self {
        let shape = set.shape;
        let plane = (shape[0] * shape[1]).max(1);
        let planes = set.inside.par_chunks(plane);
        let steps = if shape.iter().all(|n| *n < usize::from(u16::MAX)) {
            let mut all = vec![[u16::MAX; 2]; set.inside.len()];
            all.par_chunks_mut(plane).zip(planes).for_each_init(Vec::new, |held: &mut Vec<[u32; 2]>, (steps, inside)| {
                if inside.contains(&true) {
                    held.clear();
                    held.resize(plane, [NONE; 2]);
                    plane_pass(held, inside, shape, spacing_mm);
                    let short = |step: u32| u16::try_from(step).unwrap_or(u16::MAX);
                    steps.iter_mut().zip(held.iter()).for_each(|(to, from)| *to = from.map(short));
                }
            });
            Steps::Short(all)
        } else {
            let mut all = vec![[NONE; 2]; set.inside.len()];
            all.par_chunks_mut(plane).zip(planes).for_each(|(steps, inside)| {
                if inside.contains(&true) {
                    plane_pass(steps, inside, shape, spacing_mm);
                }
            });
            Steps::Long(all)
        };
        Self { shape, spacing_mm, steps }
    }

    /// Distance in mm from each of `voxels` (positions in the box, i fastest, sorted) to the nearest voxel of the set.
    /// Empty if the set is.
    pub(super) fn distances_mm(&self, voxels: &[u32]) -> Vec<f64> {
        let plane = self.shape[0] * self.shape[1];
        let mut by_column: Vec<(u32, u32, u32)> =
            voxels.iter().enumerate().map(|(n, &v)| ((v as usize % plane) as u32, (v as usize / plane) as u32, n as u32)).collect();
        by_column.par_sort_unstable();
        let columns: Vec<&[(u32, u32, u32)]> = by_column.chunk_by(|x, y| x.0 == y.0).collect();
        let found: Vec<Vec<(u32, f64)>> = columns.par_iter().map(|column| self.column_pass(column)).collect();
        let mut distances = vec![f64::NAN; voxels.len()];
        for (n, distance) in found.into_iter().flatten() {
            distances[n as usize] = distance;
        }
        distances.retain(|d| d.is_finite());
        distances
    }

    /// Last pass, along k, only where somebody asks.
    fn column_pass(&self, asked: &[(u32, u32, u32)]) -> Vec<(u32, f64)> {
        let plane = self.shape[0] * self.shape[1];
        let [si, sj, sk] = self.spacing_mm;
        let mut envelope = Vec::new();
        for k in 0..self.shape[2] {
            let [di, dj] = self.steps.get(asked[0].0 as usize + plane * k);
            if di != NONE {
                push(&mut envelope, k, (f64::from(di) * si).powi(2) + (f64::from(dj) * sj).powi(2), sk);
            }
        }
        let mut piece = 0;
        asked
            .iter()
            .filter_map(|&(_, k, n)| {
                let at = nearest(&envelope, &mut piece, f64::from(k) * sk)?;
                let along = at.place.abs_diff(k as usize) as f64 * sk;
                Some((n, (at.height + along * along).sqrt()))
            })
            .collect()
    }
}

/// Steps along i within each row, then the best row along j.
fn plane_pass(steps: &mut [[u32; 2]], inside: &[bool], shape: [usize; 3], spacing_mm: [f64; 3]) {
    let (ni, nj) = (shape[0], shape[1]);
    let mut along_i = vec![NONE; inside.len()];
    for (row, inside) in along_i.chunks_mut(ni).zip(inside.chunks(ni)) {
        row_pass(row, inside);
    }
    let mut envelope = Vec::with_capacity(nj);
    for i in 0..ni {
        envelope.clear();
        for j in 0..nj {
            let step = along_i[i + ni * j];
            if step != NONE {
                push(&mut envelope, j, (f64::from(step) * spacing_mm[0]).powi(2), spacing_mm[1]);
            }
        }
        let mut piece = 0;
        for j in 0..nj {
            if let Some(at) = nearest(&envelope, &mut piece, j as f64 * spacing_mm[1]) {
                steps[i + ni * j] = [along_i[i + ni * at.place], at.place.abs_diff(j) as u32];
            }
        }
    }
}

/// Steps to the nearest voxel of the set within a row.
fn row_pass(steps: &mut [u32], inside: &[bool]) {
    let mut last: Option<usize> = None;
    for (i, step) in steps.iter_mut().enumerate() {
        last = if inside[i] { Some(i) } else { last };
        *step = last.map_or(NONE, |at| (i - at) as u32);
    }
    let mut next: Option<usize> = None;
    for (i, step) in steps.iter_mut().enumerate().rev() {
        next = if inside[i] { Some(i) } else { next };
        *step = (*step).min(next.map_or(NONE, |at| (at - i) as u32));
    }
}

/// Adds the parabola rooted at `place` (counted in steps of `spacing` mm) with the given height in mm².
fn push(envelope: &mut Vec<Piece>, place: usize, height: f64, spacing: f64) {
    let at = place as f64 * spacing;
    let mut start = f64::NEG_INFINITY;
    while let Some(last) = envelope.last() {
        let before = last.place as f64 * spacing;
        start = ((height + at * at) - (last.height + before * before)) / (2.0 * (at - before));
        if start > last.start {
            break;
        }
        envelope.pop();
        start = f64::NEG_INFINITY;
    }
    envelope.push(Piece { place, height, start });
}

/// The piece of the envelope at a position in mm; positions must not fall between calls.
fn nearest<'a>(envelope: &'a [Piece], piece: &mut usize, at: f64) -> Option<&'a Piece> {
    while *piece + 1 < envelope.len() && envelope[*piece + 1].start <= at {
        *piece += 1;
    }
    envelope.get(*piece)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_thread_of_voxels_longer_than_two_bytes_count() {
        let mut inside = vec![false; 70_000];
        inside[0] = true;
        for shape in [[70_000, 1, 1], [1, 70_000, 1], [1, 1, 70_000]] {
            let set = BoxMask { shape, inside: inside.clone() };
            assert_eq!(PlaneDistances::of(&set, [0.5; 3]).distances_mm(&[69_999]), [34_999.5]);
        }
    }

    proptest! {
        #[test]
        fn equals_the_nearest_by_trying_all(
            shape in prop::array::uniform3(1..7_usize), bits in prop::collection::vec(prop::bool::weighted(0.15), 216),
            spacing in prop::array::uniform3(0.2..4.0f64)
        ) {
            let n: usize = shape.iter().product();
            let set = BoxMask { shape, inside: bits[..n].to_vec() };
            let all: Vec<u32> = (0..n as u32).collect();
            let got = PlaneDistances::of(&set, spacing).distances_mm(&all);
            let place = |v: usize| [v % shape[0], v / shape[0] % shape[1], v / (shape[0] * shape[1])];
            let members: Vec<usize> = (0..n).filter(|&v| set.inside[v]).collect();
            if members.is_empty() {
                prop_assert!(got.is_empty());
            } else {
                for (v, &found) in got.iter().enumerate() {
                    let apart = |m: usize| (0..3).map(|a| (place(v)[a].abs_diff(place(m)[a]) as f64 * spacing[a]).powi(2)).sum::<f64>().sqrt();
                    let best = members.iter().map(|&m| apart(m)).fold(f64::INFINITY, f64::min);
                    prop_assert!((found - best).abs() < 1e-9, "{v}: {found} {best}");
                }
            }
        }
    }
}
