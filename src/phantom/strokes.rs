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
    let Some((mut hand, wanted)) = Hand::before(None, target, plane, slice) else { return Vec::new() };
    let labels = labels_of(&wanted);
    for &label in &labels {
        let allowed = hand.allowed(label, &wanted);
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

/// The strokes with which a hand turns what `start` holds on a slice into what `target` holds there: low labels first, then
/// erasing, each with big brushes before small ones, always where a stroke gains most, never over what is right already.
/// It stops with a label once at most a share `leave` of its pixels is wrong (of all labelled ones, for erasing).
#[must_use]
pub fn strokes_between(start: &Labels, target: &Labels, plane: &SlicePlane, slice: usize, leave: f64) -> Vec<SimulatedStroke> {
    let Some((mut hand, wanted)) = Hand::before(Some(start), target, plane, slice) else { return Vec::new() };
    let labelled = wanted.iter().filter(|&&w| w > 0).count();
    for label in labels_of(&wanted).into_iter().chain([0]) {
        let must: Vec<bool> = wanted.iter().map(|&w| w == label).collect();
        let allowed = hand.allowed(label, &wanted);
        let whole = if label == 0 { labelled } else { must.iter().filter(|&&m| m).count() };
        let enough = (leave * whole as f64) as usize;
        for (n, radius) in BRUSHES.into_iter().chain([FINE_BRUSHES[2]]).enumerate() {
            let worth = if n == BRUSHES.len() { 0.0 } else { 0.3 };
            hand.fill_until(label, radius, &must, &allowed, [0.0, worth], enough);
        }
    }
    hand.strokes
}

fn labels_of(wanted: &[u8]) -> Vec<u8> {
    let mut labels: Vec<u8> = wanted.iter().copied().filter(|&l| l > 0).collect();
    labels.sort_unstable();
    labels.dedup();
    labels
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
    /// A hand before a slice, and the labels that the slice is to hold, both within the frame; `None` where both are empty.
    fn before(start: Option<&Labels>, target: &Labels, plane: &SlicePlane, slice: usize) -> Option<(Self, Vec<u8>)> {
        if slice >= plane.slice_count() {
            return None;
        }
        let pixel_mm = plane.pixel_mm(target.grid().world_from_voxel());
        let [width, height] = plane.size();
        let voxel = |n: usize| plane.voxel(slice, [n % width, n / width]);
        let wanted: Vec<u8> = (0..width * height).map(|n| target.get(voxel(n))).collect();
        let before: Vec<u8> = start.map_or_else(|| vec![0; wanted.len()], |start| (0..wanted.len()).map(|n| start.get(voxel(n))).collect());
        let touched: Vec<u8> = wanted.iter().zip(&before).map(|(w, b)| *w.max(b)).collect();
        let frame = Frame::around(&touched, width)?;
        let (wanted, canvas) = (frame.cut(&wanted), frame.cut(&before));
        Some((Self { frame, pixel_mm, canvas, strokes: Vec::new() }, wanted))
    }

    /// Where a label may be painted: whatever gets a higher label later may be painted over, what has it already may not.
    fn allowed(&self, label: u8, wanted: &[u8]) -> Vec<bool> {
        let may = |(w, c): (&u8, &u8)| *w == label || (label > 0 && *w > label && c != w);
        wanted.iter().zip(&self.canvas).map(may).collect()
    }

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
        self.fill_until(label, radius, must, allowed, [spill, worth], 0);
    }

    /// As [`Hand::fill`], until at most `enough` pixels lack the label.
    fn fill_until(&mut self, label: u8, radius: f64, must: &[bool], allowed: &[bool], [spill, worth]: [f64; 2], enough: usize) {
        let disc = self.disc(radius);
        let fits: Vec<bool> = (0..must.len())
            .map(|n| {
                let outside = || disc.iter().filter(|&&d| !allowed[n.wrapping_add_signed(d)]).count();
                allowed[n] && !self.frame.is_padding(n) && self.frame.inside(n).is_some() && outside() as f64 <= spill * disc.len() as f64
            })
            .collect();
        let least = (worth * disc.len() as f64).max(1.0);
        while (0..must.len()).filter(|&n| must[n] && self.canvas[n] != label).count() > enough {
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
mod tests;
