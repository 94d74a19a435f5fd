//! Four simulated readers: the same marrow, other habits.

use super::knee::KneeExam;
use super::noise::Noise;
use super::shape::rise;
use crate::volume::Labels;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// A simulated reader. One to Three read all levels; Four seldom uses level 2 and hardly ever level 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SimulatedReader {
    /// Even-handed.
    One,
    /// Careful, a little generous.
    Two,
    /// Rougher contours, sees more of the slight signal.
    Three,
    /// Experienced with healthy children: calls most signal slight.
    Four,
}

/// What sets a reader apart.
struct Habits {
    /// Field values from which the levels begin.
    edges: [f64; 3],
    /// How far judgement wavers, in field units.
    waver: f64,
    /// How far contours wander, in pixels.
    wander: f64,
    /// Smallest area painted, in pixels.
    smallest: usize,
    /// Chance that a small lesion of level 2 or 3 on a slice is passed over.
    miss: f64,
}

impl SimulatedReader {
    /// All four.
    pub const ALL: [Self; 4] = [Self::One, Self::Two, Self::Three, Self::Four];

    /// 1 to 4.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Three => 3,
            Self::Four => 4,
        }
    }

    const fn habits(self) -> Habits {
        match self {
            Self::One => Habits { edges: [0.75, 1.7, 2.65], waver: 0.3, wander: 0.9, smallest: 5, miss: 0.08 },
            Self::Two => Habits { edges: [0.85, 1.62, 2.5], waver: 0.24, wander: 0.7, smallest: 4, miss: 0.05 },
            Self::Three => Habits { edges: [0.6, 1.75, 2.6], waver: 0.36, wander: 1.2, smallest: 7, miss: 0.14 },
            Self::Four => Habits { edges: [0.78, 2.45, 4.2], waver: 0.35, wander: 1.0, smallest: 8, miss: 0.3 },
        }
    }
}

impl KneeExam {
    /// What a simulated reader would paint on this exam. `seed` stands for the day: another one, another read.
    /// Decided on the noise-free field with the reader's own bias, slice by slice as people paint.
    #[must_use]
    pub fn read_by(&self, reader: SimulatedReader, seed: u64) -> Labels {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(u64::from(self.number()) << 8 | u64::from(reader.number()));
        let mood = Mood {
            habits: reader.habits(),
            drift: [0.07, 0.1, 0.2].map(|most: f64| rng.random_range(-most..most)),
            doubt: Noise::draw(&mut rng),
            sway: [Noise::draw(&mut rng), Noise::draw(&mut rng)],
        };
        let [ni, nj, nk] = self.grid().shape();
        let slice_seeds: Vec<u64> = (0..nk).map(|_| rng.random()).collect();
        let levels: Vec<u8> = slice_seeds
            .into_par_iter()
            .enumerate()
            .flat_map_iter(|(k, seed)| {
                let range = k * ni * nj..(k + 1) * ni * nj;
                let page = Page { width: ni, signal: &self.signal[range.clone()], marrow: &self.marrow[range] };
                mood.read(&page, k, &mut ChaCha8Rng::seed_from_u64(seed))
            })
            .collect();
        // The slices fill the grid by construction.
        Labels::from_dense(self.grid().clone(), &levels).unwrap_or_else(|_| Labels::empty(self.grid().clone()))
    }
}

/// How much doubt there is about each level: most about where slight signal ends.
const DOUBT: [f64; 3] = [2.3, 1.2, 1.7];

/// A reader on the day.
struct Mood {
    habits: Habits,
    drift: [f64; 3],
    doubt: Noise,
    sway: [Noise; 2],
}

/// One slice as a reader sees it.
struct Page<'a> {
    width: usize,
    signal: &'a [f32],
    marrow: &'a [bool],
}

impl Mood {
    fn read(&self, page: &Page<'_>, k: usize, rng: &mut ChaCha8Rng) -> Vec<u8> {
        if !page.marrow.contains(&true) {
            return vec![0; page.marrow.len()];
        }
        let seen = page.smoothed();
        let mut levels: Vec<u8> = (0..seen.len()).map(|n| self.level_at(page, &seen, k, n)).collect();
        for _ in 0..2 {
            // Smoothing must not creep over the physis.
            let smooth = steadied(&levels, page.width);
            levels = (0..levels.len()).map(|n| if page.marrow[n] { smooth[n] } else { levels[n].min(smooth[n]) }).collect();
        }
        for level in [3, 2, 1] {
            self.pass_over_small(&mut levels, page.width, level, rng);
        }
        levels
    }

    fn level_at(&self, page: &Page<'_>, seen: &[f64], k: usize, n: usize) -> u8 {
        if seen[n] <= 0.0 {
            return 0;
        }
        let (i, j) = (n % page.width, n / page.width);
        // Slices are far apart for the hand, near for the eye: judgement changes slowly over k, contours wander anew.
        let p = [i as f64, j as f64, 9.0 * k as f64];
        let sway = self.sway.map(|s| self.habits.wander * s.rough(p, [7.0, 7.0, 6.0]));
        let (x, y) = (i as f64 + sway[0], j as f64 + sway[1]);
        // The edge of the bone and the physis are plain to see: there the hand wanders half as much.
        let (bx, by) = ((i as f64 + 0.5 * sway[0]).round(), (j as f64 + 0.5 * sway[1]).round());
        let height = page.marrow.len() / page.width;
        if bx < 0.0
            || by < 0.0
            || bx as usize >= page.width
            || by as usize >= height
            || !page.marrow[bx as usize + by as usize * page.width]
        {
            return 0;
        }
        let value = bilinear(seen, page.width, x, y);
        // Nobody doubts that plain fatty marrow is plain.
        let plain = rise((value - 0.1) / 0.5);
        let doubt = plain * self.habits.waver * self.doubt.rough(p, [8.0, 8.0, 16.0]);
        (0..3).filter(|&l| value + DOUBT[l] * doubt >= self.habits.edges[l] + self.drift[l]).count() as u8
    }

    /// Lowers parts of `level` and above that are too small to bother with, or that are missed.
    fn pass_over_small(&self, levels: &mut [u8], width: usize, level: u8, rng: &mut ChaCha8Rng) {
        let mut seen = vec![false; levels.len()];
        for start in 0..levels.len() {
            if seen[start] || levels[start] < level {
                continue;
            }
            let mut part = vec![start];
            seen[start] = true;
            let mut next = 0;
            while next < part.len() {
                for n in neighbours(part[next], width, levels.len()) {
                    if !seen[n] && levels[n] >= level {
                        seen[n] = true;
                        part.push(n);
                    }
                }
                next += 1;
            }
            let missed = part.len() < 45 && rng.random_bool(if level > 1 { self.habits.miss } else { 0.5 * self.habits.miss });
            if part.len() < self.habits.smallest || missed {
                part.iter().for_each(|&n| levels[n] = levels[n].min(level - 1));
            }
        }
    }
}

impl Page<'_> {
    /// The field averaged over marrow nearby (3 × 3 binomial, twice), so that it does not fade towards the bone's edge.
    fn smoothed(&self) -> Vec<f64> {
        let mut sum: Vec<f64> = self.signal.iter().zip(self.marrow).map(|(&s, &m)| if m { f64::from(s) } else { 0.0 }).collect();
        let mut weight: Vec<f64> = self.marrow.iter().map(|&m| f64::from(u8::from(m))).collect();
        for _ in 0..2 {
            sum = binomial(&sum, self.width);
            weight = binomial(&weight, self.width);
        }
        sum.iter().zip(&weight).map(|(s, w)| if *w > 1e-3 { s / w } else { 0.0 }).collect()
    }
}

fn neighbours(n: usize, width: usize, len: usize) -> impl Iterator<Item = usize> {
    let column = n % width;
    let left = (column > 0).then(|| n - 1);
    let right = (column + 1 < width).then(|| n + 1);
    let below = n.checked_sub(width);
    let above = Some(n + width).filter(|&m| m < len);
    [left, right, below, above].into_iter().flatten()
}

fn binomial(values: &[f64], width: usize) -> Vec<f64> {
    let blur = |from: &[f64], step: usize, inside: &dyn Fn(usize) -> bool| -> Vec<f64> {
        (0..from.len()).map(|n| if inside(n) { 0.25 * (from[n - step] + from[n + step]) + 0.5 * from[n] } else { from[n] }).collect()
    };
    let rows = blur(values, 1, &|n| n % width > 0 && n % width + 1 < width);
    blur(&rows, width, &|n| n >= width && n + width < values.len())
}

fn bilinear(values: &[f64], width: usize, x: f64, y: f64) -> f64 {
    let height = values.len() / width;
    let (x, y) = (x.clamp(0.0, width as f64 - 1.0), y.clamp(0.0, height as f64 - 1.0));
    let (i, j) = (x as usize, y as usize);
    let (i1, j1) = ((i + 1).min(width - 1), (j + 1).min(height - 1));
    let (s, t) = (x - i as f64, y - j as f64);
    let row = |j: usize| values[i + j * width] * (1.0 - s) + values[i1 + j * width] * s;
    row(j) * (1.0 - t) + row(j1) * t
}

/// A steady hand: each pixel takes the median of its 3 × 3 neighbourhood, so that contours have no teeth.
fn steadied(levels: &[u8], width: usize) -> Vec<u8> {
    let height = levels.len() / width;
    let mut out = levels.to_vec();
    for j in 1..height.saturating_sub(1) {
        for i in 1..width.saturating_sub(1) {
            let at = i + j * width;
            let mut around = [0_u8; 9];
            for (n, value) in around.iter_mut().enumerate() {
                *value = levels[at + n % 3 + n / 3 * width - 1 - width];
            }
            around.sort_unstable();
            out[at] = around[4];
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::knee;
    use super::*;

    fn dice(a: &[u8], b: &[u8], label: u8) -> Option<f64> {
        let both = a.iter().zip(b).filter(|(x, y)| **x == label && **y == label).count();
        let sum = a.iter().chain(b).filter(|x| **x == label).count();
        (sum > 0).then(|| 2.0 * both as f64 / sum as f64)
    }

    #[test]
    fn readers_agree_as_people_do() {
        let mut dices: [Vec<f64>; 3] = Default::default();
        let (mut twos, mut threes) = ([0; 4], [0; 4]);
        for number in 0..5 {
            let exam = knee(31, number).unwrap();
            let reads = SimulatedReader::ALL.map(|r| exam.read_by(r, 8));
            for (n, read) in reads.iter().enumerate() {
                twos[n] += read.counts().of(2);
                threes[n] += read.counts().of(3);
            }
            let dense = reads.map(|r| r.to_dense());
            for (a, b) in [(0, 1), (0, 2), (1, 2)] {
                for level in 1..=3_u8 {
                    dices[usize::from(level) - 1].extend(dice(&dense[a], &dense[b], level));
                }
            }
        }
        let means = dices.map(|d| d.iter().sum::<f64>() / d.len() as f64);
        for (mean, band) in means.into_iter().zip([0.7..0.88, 0.4..0.74, 0.38..0.78]) {
            assert!(band.contains(&mean), "mean pairwise Dice per level: {means:?}");
        }
        assert!(4 * twos[3] < twos[0] && 20 * threes[3] < threes[0], "{twos:?} {threes:?}");
    }

    #[test]
    fn a_day_and_a_reader_make_a_read() {
        let exam = knee(1, 4).unwrap();
        let read = exam.read_by(SimulatedReader::Two, 1);
        assert!(read.same_labels(&exam.read_by(SimulatedReader::Two, 1)));
        assert!(!read.same_labels(&exam.read_by(SimulatedReader::Two, 2)));
        assert!(!read.same_labels(&exam.read_by(SimulatedReader::One, 1)));
        // The physis stays free but for slips of the hand.
        let (mut slips, mut all) = (0, 0);
        read.for_each_labelled(|v, _| {
            all += 1;
            slips += usize::from(exam.exclusion().get(v) == 1);
        });
        assert!(slips * 50 < all, "{slips} of {all}");
    }
}
