//! A mask taken apart into the brush strokes with which a hand would paint it.

use super::knee::KneeExam;
use crate::space::SlicePlane;
use crate::volume::Labels;

/// One stroke of a round brush on one slice.
///
/// It paints every pixel whose centre lies at most `radius_mm` from the line through `points`.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulatedStroke {
    /// Label to paint; 0 erases.
    pub label: u8,
    /// Radius of the brush in mm.
    pub radius_mm: f64,
    /// Centre line in in-plane pixels (u, v) of the [`SlicePlane`], whole numbers being pixel centres; never empty.
    pub points: Vec<[f64; 2]>,
}

/// Brush radii in pixels for filling, large to small.
const BRUSHES: [f64; 6] = [7.1, 5.1, 3.7, 2.3, 1.5, 1.05];
/// Brush radii in pixels for correcting.
const FINE_BRUSHES: [f64; 3] = [1.5, 1.05, 0.55];
/// Pixels of a disc that may lie outside while filling, as a share: people paint over edges and wipe.
const SPILL: f64 = 0.06;
/// A correction ends once so small a share of a label's pixels is wrong.
const GOOD_ENOUGH: f64 = 0.07;

impl KneeExam {
    /// Strokes that paint `target` on a slice of [`KneeExam::plane`]; see [`strokes_for`].
    #[must_use]
    pub fn strokes(&self, target: &Labels, slice: usize) -> Vec<SimulatedStroke> {
        strokes_for(target, &self.plane(), slice)
    }
}

/// Strokes that, painted in order on an empty slice, give nearly the labels that `target` has there: low labels first,
/// each with big brushes before small ones, higher labels over them, then small corrections and erasing.
/// Empty where the slice is empty or lies outside the grid.
#[must_use]
pub fn strokes_for(target: &Labels, plane: &SlicePlane, slice: usize) -> Vec<SimulatedStroke> {
    strokes_from(None, target, plane, slice)
}

/// The strokes with which the same hand, by the same rules and just as far, turns what `start` holds on a slice into what
/// `target` holds there. What is right already is not painted over.
#[must_use]
pub fn corrections_for(start: &Labels, target: &Labels, plane: &SlicePlane, slice: usize) -> Vec<SimulatedStroke> {
    strokes_from(Some(start), target, plane, slice)
}

fn strokes_from(start: Option<&Labels>, target: &Labels, plane: &SlicePlane, slice: usize) -> Vec<SimulatedStroke> {
    if slice >= plane.slice_count() {
        return Vec::new();
    }
    let pixel_mm = plane.pixel_mm(target.grid().world_from_voxel());
    let [width, height] = plane.size();
    let voxel = |n: usize| plane.voxel(slice, [n % width, n / width]);
    let wanted: Vec<u8> = (0..width * height).map(|n| target.get(voxel(n))).collect();
    let before: Vec<u8> = start.map_or_else(|| vec![0; wanted.len()], |start| (0..wanted.len()).map(|n| start.get(voxel(n))).collect());
    let touched: Vec<u8> = wanted.iter().zip(&before).map(|(w, b)| *w.max(b)).collect();
    let Some(frame) = Frame::around(&touched, width) else { return Vec::new() };
    let (wanted, canvas) = (frame.cut(&wanted), frame.cut(&before));
    let mut hand = Hand { frame, pixel_mm, canvas, strokes: Vec::new() };
    let mut labels: Vec<u8> = wanted.iter().copied().filter(|&l| l > 0).collect();
    labels.sort_unstable();
    labels.dedup();
    for &label in &labels {
        // Whatever gets a higher label later may be painted over.
        let later = |(w, c): (&u8, &u8)| *w == label || (*w > label && c != w);
        let allowed: Vec<bool> = wanted.iter().zip(&hand.canvas).map(later).collect();
        let must: Vec<bool> = wanted.iter().map(|&w| w == label).collect();
        for radius in BRUSHES {
            hand.fill(label, radius, &must, &allowed, SPILL, 0.3);
        }
    }
    for label in labels.into_iter().chain([0]) {
        hand.correct(label, &wanted);
    }
    hand.strokes
}

/// Empty pixels around the frame, so that no brush reaches over its edge.
const PAD: usize = 9;

/// The part of a slice that a mask touches, with padding that may lie outside the slice.
struct Frame {
    lo: [isize; 2],
    size: [usize; 2],
    slice: [usize; 2],
}

impl Frame {
    fn around(wanted: &[u8], width: usize) -> Option<Self> {
        let (mut lo, mut hi) = ([usize::MAX; 2], [0; 2]);
        for n in (0..wanted.len()).filter(|&n| wanted[n] > 0) {
            for (a, v) in [n % width, n / width].into_iter().enumerate() {
                lo[a] = lo[a].min(v);
                hi[a] = hi[a].max(v);
            }
        }
        if lo[0] > hi[0] {
            return None;
        }
        let size = std::array::from_fn(|a| hi[a] + 1 - lo[a] + 2 * PAD);
        Some(Self { lo: lo.map(|v| v as isize - PAD as isize), size, slice: [width, wanted.len() / width] })
    }

    fn cut(&self, wanted: &[u8]) -> Vec<u8> {
        (0..self.size[0] * self.size[1]).map(|n| self.inside(n).map_or(0, |[u, v]| wanted[u + v * self.slice[0]])).collect()
    }

    /// The slice's pixel at a place in the frame.
    fn inside(&self, n: usize) -> Option<[usize; 2]> {
        let u = usize::try_from(self.lo[0] + (n % self.size[0]) as isize).ok().filter(|&u| u < self.slice[0])?;
        let v = usize::try_from(self.lo[1] + (n / self.size[0]) as isize).ok().filter(|&v| v < self.slice[1])?;
        Some([u, v])
    }

    /// Whether a brush stays within the frame when its centre is here.
    const fn is_padding(&self, n: usize) -> bool {
        let (u, v) = (n % self.size[0], n / self.size[0]);
        u < PAD || v < PAD || u + PAD >= self.size[0] || v + PAD >= self.size[1]
    }
}

/// A painter with a canvas.
struct Hand {
    frame: Frame,
    pixel_mm: [f64; 2],
    canvas: Vec<u8>,
    strokes: Vec<SimulatedStroke>,
}

/// Steps through the frame from the centre of a brush to the pixels under it.
type Disc = Vec<isize>;

impl Hand {
    /// Paints wrong pixels of a label one patch at a time with small brushes, never over right ones of another label.
    fn correct(&mut self, label: u8, wanted: &[u8]) {
        let allowed: Vec<bool> = wanted.iter().map(|&w| w == label).collect();
        for radius in FINE_BRUSHES {
            let wrong = (0..wanted.len()).filter(|&n| allowed[n] && self.canvas[n] != label).count();
            // Spill is measured against what was painted, also for the background.
            let painted = if label == 0 { wanted.iter().filter(|&&w| w > 0).count() } else { allowed.iter().filter(|&&a| a).count() };
            if wrong as f64 <= GOOD_ENOUGH * painted as f64 {
                return;
            }
            self.fill(label, radius, &allowed.clone(), &allowed, 0.0, 0.0);
        }
    }

    /// Covers the pixels of `must` that lack the label with discs inside `allowed`, joined into strokes.
    /// A new stroke begins only where a disc gains at least `worth` of its area.
    fn fill(&mut self, label: u8, radius: f64, must: &[bool], allowed: &[bool], spill: f64, worth: f64) {
        let disc = self.disc(radius);
        let fits: Vec<bool> = (0..must.len())
            .map(|n| {
                let outside = || disc.iter().filter(|&&d| !allowed[n.wrapping_add_signed(d)]).count();
                allowed[n] && !self.frame.is_padding(n) && self.frame.inside(n).is_some() && outside() as f64 <= spill * disc.len() as f64
            })
            .collect();
        let least = (worth * disc.len() as f64).max(1.0);
        loop {
            let best = (0..must.len()).filter(|&n| fits[n]).map(|n| (self.gain(n, &disc, must, label), std::cmp::Reverse(n))).max();
            let Some((gain, std::cmp::Reverse(start))) = best.filter(|(gain, _)| *gain as f64 >= least) else { return };
            debug_assert!(gain > 0);
            let line = self.draw(start, label, radius, &disc, must, &fits);
            let points = line.iter().map(|&n| self.point(n)).collect();
            self.strokes.push(SimulatedStroke { label, radius_mm: radius * self.pixel_mm[0].min(self.pixel_mm[1]), points });
        }
    }

    /// Paints one stroke from `start`: always to the place nearby that gains most, until nothing is gained.
    fn draw(&mut self, start: usize, label: u8, radius: f64, disc: &Disc, must: &[bool], fits: &[bool]) -> Vec<usize> {
        let mut line = vec![start];
        let mut at = start;
        self.stamp(at, label, disc);
        let reach = (radius.ceil() as isize).max(1);
        // A hand lifts the brush now and then.
        while line.len() < 60 {
            let mut best: Option<(usize, usize)> = None;
            for dv in -reach..=reach {
                for du in -reach..=reach {
                    let to = at.wrapping_add_signed(du + dv * self.frame.size[0] as isize);
                    if to == at || !fits[to] {
                        continue;
                    }
                    let gain = self.gain(to, disc, must, label);
                    if gain > 0 && best.is_none_or(|(g, _)| gain > g) && self.between(at, to).all(|n| fits[n]) {
                        best = Some((gain, to));
                    }
                }
            }
            let least = if radius > 2.0 { 0.08 * disc.len() as f64 } else { 1.0 };
            let Some((_, to)) = best.filter(|(gain, _)| *gain as f64 >= least) else { break };
            for step in self.between(at, to) {
                self.stamp(step, label, disc);
            }
            line.push(to);
            at = to;
        }
        line
    }

    fn gain(&self, at: usize, disc: &Disc, must: &[bool], label: u8) -> usize {
        let missing = |n: usize| must[n] && self.canvas[n] != label;
        disc.iter().filter(|&&d| missing(at.wrapping_add_signed(d))).count()
    }

    fn stamp(&mut self, at: usize, label: u8, disc: &Disc) {
        for &d in disc {
            self.canvas[at.wrapping_add_signed(d)] = label;
        }
    }

    /// Pixels on the straight line after `from`, up to and with `to`.
    fn between(&self, from: usize, to: usize) -> impl Iterator<Item = usize> + use<> {
        let width = self.frame.size[0];
        let (a, b) = ([from % width, from / width].map(|v| v as f64), [to % width, to / width].map(|v| v as f64));
        let steps = (b[0] - a[0]).abs().max((b[1] - a[1]).abs()).max(1.0) as usize;
        (1..=steps).map(move |s| {
            let t = s as f64 / steps as f64;
            let [u, v] = [0, 1].map(|n| (a[n] + t * (b[n] - a[n])).round() as usize);
            u + v * width
        })
    }

    fn point(&self, n: usize) -> [f64; 2] {
        let width = self.frame.size[0];
        [(self.frame.lo[0] + (n % width) as isize) as f64, (self.frame.lo[1] + (n / width) as isize) as f64]
    }

    fn disc(&self, radius: f64) -> Disc {
        let radius_mm = radius * self.pixel_mm[0].min(self.pixel_mm[1]);
        let reach = radius.ceil() as isize;
        let width = self.frame.size[0] as isize;
        let inside = |d: [isize; 2]| (d[0] as f64 * self.pixel_mm[0]).hypot(d[1] as f64 * self.pixel_mm[1]) <= radius_mm;
        (-reach..=reach).flat_map(|v| (-reach..=reach).map(move |u| [u, v])).filter(|&d| inside(d)).map(|[u, v]| u + v * width).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{SimulatedReader, knee};
    use super::*;
    use crate::space::{Affine, Spacing};
    use crate::volume::Grid;
    use proptest::prelude::*;
    use std::sync::Arc;

    /// Paints strokes by the rule that [`SimulatedStroke`] states.
    fn painted(strokes: &[SimulatedStroke], size: [usize; 2], pixel_mm: [f64; 2]) -> Vec<u8> {
        let mut canvas = vec![0; size[0] * size[1]];
        for stroke in strokes {
            for (n, pixel) in canvas.iter_mut().enumerate() {
                let at = [(n % size[0]) as f64 * pixel_mm[0], (n / size[0]) as f64 * pixel_mm[1]];
                let mm = |p: [f64; 2]| [p[0] * pixel_mm[0], p[1] * pixel_mm[1]];
                let first = mm(stroke.points[0]);
                let mut nearest = (at[0] - first[0]).hypot(at[1] - first[1]);
                for pair in stroke.points.windows(2) {
                    nearest = nearest.min(from_segment(at, mm(pair[0]), mm(pair[1])));
                }
                if nearest <= stroke.radius_mm {
                    *pixel = stroke.label;
                }
            }
        }
        canvas
    }

    fn from_segment(p: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
        let d = [b[0] - a[0], b[1] - a[1]];
        let t = ((p[0] - a[0]) * d[0] + (p[1] - a[1]) * d[1]) / (d[0] * d[0] + d[1] * d[1]).max(1e-12);
        let t = t.clamp(0.0, 1.0);
        (p[0] - a[0] - t * d[0]).hypot(p[1] - a[1] - t * d[1])
    }

    fn dice(a: &[u8], b: &[u8], label: u8) -> Option<f64> {
        let both = a.iter().zip(b).filter(|(x, y)| **x == label && **y == label).count();
        let sum = a.iter().chain(b).filter(|x| **x == label).count();
        (sum > 0).then(|| 2.0 * both as f64 / sum as f64)
    }

    #[test]
    fn strokes_repaint_what_a_reader_painted() {
        let exam = knee(2, 1).unwrap();
        let target = exam.read_by(SimulatedReader::One, 4);
        let plane = exam.plane();
        let [width, height] = plane.size();
        let mut strokes_in_all = 0;
        for slice in [3, 6, 7, 8, 10] {
            let strokes = exam.strokes(&target, slice);
            strokes_in_all += strokes.len();
            let wanted: Vec<u8> = (0..width * height).map(|n| target.get(plane.voxel(slice, [n % width, n / width]))).collect();
            let got = painted(&strokes, plane.size(), plane.pixel_mm(exam.grid().world_from_voxel()));
            for level in 1..=3 {
                let Some(dice) = dice(&wanted, &got, level) else { continue };
                assert!(dice >= 0.9, "slice {slice}, level {level}: Dice {dice:.3}");
            }
        }
        assert!(strokes_in_all < 5 * 90, "{strokes_in_all} strokes are no hand's");
        assert!(exam.strokes(&target, 999).is_empty());
    }

    #[test]
    fn a_right_slice_needs_no_stroke_and_a_wrong_patch_few() {
        let exam = knee(2, 1).unwrap();
        let target = exam.read_by(SimulatedReader::One, 4);
        let plane = exam.plane();
        let from_blank = exam.strokes(&target, 7).len();
        assert!(corrections_for(&target, &target, &plane, 7).is_empty());
        assert_eq!(corrections_for(&Labels::empty(target.grid().clone()), &target, &plane, 7).len(), from_blank);
        // A wrong patch beside what is right, on an empty slice too.
        let mut start = target.clone();
        for (u, v) in (2..24).flat_map(|u| (2..24).map(move |v| (u, v))) {
            start.set(plane.voxel(7, [u, v]), 3);
        }
        let strokes = corrections_for(&start, &target, &plane, 7);
        assert!(!strokes.is_empty() && strokes.len() < from_blank, "{} of {from_blank}", strokes.len());
        assert!(strokes.iter().all(|s| s.label == 0));
        let empty = Labels::empty(target.grid().clone());
        assert!(corrections_for(&start, &empty, &plane, 7).iter().all(|s| s.label == 0));
        assert!(corrections_for(&start, &target, &plane, 999).is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn any_mask_is_painted_nearly_and_without_panic(
            cells in prop::collection::vec(0..4_u8, 7 * 6), x in 0.5..1.5_f64, y in 0.5..1.5_f64, cell in 1..4_usize,
        ) {
            // Blocks of `cell` pixels that also touch the border of the slice.
            let (width, height) = (7 * cell, 6 * cell);
            let affine = Affine::from_spacing(Spacing::new([x, y, 4.0]).unwrap());
            let mut target = Labels::empty(Arc::new(Grid::new([width, height, 1], affine.clone()).unwrap()));
            for n in 0..width * height {
                target.set([n % width, n / width, 0], cells[n % width / cell + n / width / cell * 7]);
            }
            let plane = SlicePlane::new(&affine, [width, height, 1], 2);
            let strokes = strokes_for(&target, &plane, 0);
            let wanted: Vec<u8> = (0..width * height).map(|n| target.get(plane.voxel(0, [n % width, n / width]))).collect();
            let got = painted(&strokes, plane.size(), plane.pixel_mm(&affine));
            for level in 1..=3 {
                if let Some(dice) = dice(&wanted, &got, level) {
                    prop_assert!(dice >= 0.8, "level {level}: {dice}");
                }
            }
        }
    }
}
