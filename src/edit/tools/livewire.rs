//! Livewire: the cheapest way along edges from an anchor to wherever the pointer is (Mortensen and Barrett 1995).

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A search around an anchor that goes no further than it was asked: moving the pointer costs only what lies between the ways
/// found so far and the pointer.
#[derive(Clone, Debug)]
pub struct LiveWire {
    lo: [usize; 2],
    size: [usize; 2],
    anchor: usize,
    cost: Vec<f32>,
    reached: Vec<f32>,
    settled: Vec<bool>,
    before: Vec<u32>,
    queue: BinaryHeap<Step>,
}

/// The least that a step of one pixel costs, so that a way through flat ground is straight.
const FLAT: f32 = 0.04;

impl LiveWire {
    /// Half the width of the window around the anchor in pixels: what lies further away is reached with another anchor.
    pub const REACH: usize = 128;

    /// A search from a pixel of a slice of `size` (width, height) with the given grey values.
    /// `None` where the anchor lies outside.
    #[must_use]
    pub fn new(values: impl Fn([usize; 2]) -> f32, size: [usize; 2], anchor_uv: [usize; 2]) -> Option<Self> {
        if (0..2).any(|a| anchor_uv[a] >= size[a]) {
            return None;
        }
        let lo: [usize; 2] = std::array::from_fn(|a| anchor_uv[a].saturating_sub(Self::REACH));
        let hi: [usize; 2] = std::array::from_fn(|a| (anchor_uv[a] + Self::REACH + 1).min(size[a]));
        let window = [hi[0] - lo[0], hi[1] - lo[1]];
        let cost = edge_costs(|uv| values([uv[0] + lo[0], uv[1] + lo[1]]), window);
        let pixels = cost.len();
        let anchor = anchor_uv[0] - lo[0] + window[0] * (anchor_uv[1] - lo[1]);
        let mut reached = vec![f32::INFINITY; pixels];
        reached[anchor] = 0.0;
        let queue = BinaryHeap::from([Step { cost: 0.0, pixel: anchor as u32 }]);
        let mut wire = Self { lo, size: window, anchor, cost, reached, settled: vec![false; pixels], before: vec![0; pixels], queue };
        wire.before[anchor] = anchor as u32;
        Some(wire)
    }

    /// The pixel that ways start from.
    #[must_use]
    pub const fn anchor(&self) -> [usize; 2] {
        self.uv(self.anchor)
    }

    /// The way to a pixel, both ends included; a position outside the window counts as the nearest one inside. Settles at most
    /// `most` pixels; `None` where that was not enough (ask again: the search goes on where it stopped).
    pub fn way_to(&mut self, uv: [f64; 2], most: usize) -> Option<Vec<[f32; 2]>> {
        let at: [usize; 2] = std::array::from_fn(|a| {
            // A position that is no number counts as 0.
            let inside = uv[a].round().clamp(self.lo[a] as f64, (self.lo[a] + self.size[a] - 1) as f64);
            inside as usize - if inside.is_nan() { 0 } else { self.lo[a] }
        });
        let target = at[0].min(self.size[0] - 1) + self.size[0] * at[1].min(self.size[1] - 1);
        let mut left = most;
        while !self.settled[target] {
            if left == 0 || !self.settle_next() {
                return None;
            }
            left -= 1;
        }
        let mut way = vec![target];
        while let Some(&last) = way.last()
            && last != self.anchor
        {
            way.push(self.before[last] as usize);
        }
        Some(way.into_iter().rev().map(|pixel| self.uv(pixel).map(|c| c as f32)).collect())
    }

    /// Settles the cheapest pixel that is not settled; `false` where all are.
    fn settle_next(&mut self) -> bool {
        while let Some(Step { cost, pixel }) = self.queue.pop() {
            let pixel = pixel as usize;
            if self.settled[pixel] {
                continue;
            }
            self.settled[pixel] = true;
            let [u, v] = [pixel % self.size[0], pixel / self.size[0]];
            for (du, dv) in [(-1, -1), (0, -1), (1, -1), (-1, 0), (1, 0), (-1, 1), (0, 1), (1, 1)] {
                let (Some(u), Some(v)) = (u.checked_add_signed(du), v.checked_add_signed(dv)) else { continue };
                if u >= self.size[0] || v >= self.size[1] {
                    continue;
                }
                let next = u + self.size[0] * v;
                let length = if du != 0 && dv != 0 { std::f32::consts::SQRT_2 } else { 1.0 };
                let there = cost + length * self.cost[next];
                if there < self.reached[next] {
                    self.reached[next] = there;
                    self.before[next] = pixel as u32;
                    self.queue.push(Step { cost: there, pixel: next as u32 });
                }
            }
            return true;
        }
        false
    }

    const fn uv(&self, pixel: usize) -> [usize; 2] {
        [pixel % self.size[0] + self.lo[0], pixel / self.size[0] + self.lo[1]]
    }
}

/// What a step onto a pixel costs: little on strong edges. Strength is the gradient's length (Sobel) over the 95th percentile.
fn edge_costs(value: impl Fn([usize; 2]) -> f32, [width, height]: [usize; 2]) -> Vec<f32> {
    let at = |u: usize, v: usize, du: isize, dv: isize| {
        let u = u.saturating_add_signed(du).min(width - 1);
        let v = v.saturating_add_signed(dv).min(height - 1);
        let found = value([u, v]);
        if found.is_finite() { found } else { 0.0 }
    };
    let gradient = |u: usize, v: usize| {
        let across = |dv: isize| at(u, v, 1, dv) - at(u, v, -1, dv);
        let down = |du: isize| at(u, v, du, 1) - at(u, v, du, -1);
        (across(-1) + 2.0 * across(0) + across(1)).hypot(down(-1) + 2.0 * down(0) + down(1))
    };
    let gradients: Vec<f32> = (0..width * height).map(|n| gradient(n % width, n / width)).collect();
    let strong = crate::volume::percentile(&gradients, 95.0).unwrap_or(0.0).max(f32::MIN_POSITIVE);
    gradients.into_iter().map(|g| FLAT + (1.0 - (g / strong).min(1.0)).powi(2)).collect()
}

/// The corners that a way needs so that no pixel of it lies further than `tolerance` pixels away (Douglas and Peucker 1973).
#[must_use]
pub fn simplified(way: &[[f32; 2]], tolerance: f64) -> Vec<[f32; 2]> {
    if way.len() < 3 {
        return way.to_vec();
    }
    let mut kept = vec![false; way.len()];
    (kept[0], kept[way.len() - 1]) = (true, true);
    let mut open = vec![(0, way.len() - 1)];
    while let Some((first, last)) = open.pop() {
        let (a, b) = (way[first].map(f64::from), way[last].map(f64::from));
        let away = |n: usize| super::polygon::distance_to_segment(way[n].map(f64::from), a, b);
        let furthest = (first + 1..last).max_by(|&m, &n| away(m).total_cmp(&away(n)));
        if let Some(n) = furthest.filter(|&n| away(n) > tolerance) {
            kept[n] = true;
            open.extend([(first, n), (n, last)]);
        }
    }
    way.iter().zip(kept).filter(|w| w.1).map(|w| *w.0).collect()
}

/// The cheapest comes first out of the heap, then the earlier pixel.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Step {
    cost: f32,
    pixel: u32,
}

impl Eq for Step {}

impl Ord for Step {
    fn cmp(&self, other: &Self) -> Ordering {
        other.cost.total_cmp(&self.cost).then_with(|| other.pixel.cmp(&self.pixel))
    }
}

impl PartialOrd for Step {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_way_keeps_to_the_rim_of_a_disc() {
        let disc = |uv: [usize; 2]| if (uv[0] as f64 - 30.0).hypot(uv[1] as f64 - 30.0) < 18.0 { 100.0 } else { 10.0 };
        let mut wire = LiveWire::new(disc, [60, 60], [12, 30]).unwrap();
        let way = wire.way_to([48.0, 30.0], usize::MAX).unwrap();
        assert_eq!((way[0], way[way.len() - 1]), ([12.0, 30.0], [48.0, 30.0]));
        for p in &way {
            let radius = (f64::from(p[0]) - 30.0).hypot(f64::from(p[1]) - 30.0);
            assert!((radius - 18.0).abs() < 1.6, "{p:?} lies {radius:.1} from the middle");
        }
        let corners = simplified(&way, 0.7);
        assert!(corners.len() < way.len() / 2 && corners.len() > 6, "{} of {}", corners.len(), way.len());
    }

    #[test]
    fn work_is_bounded_and_goes_on_where_it_stopped() {
        let flat = |_: [usize; 2]| 5.0;
        let mut wire = LiveWire::new(flat, [400, 300], [200, 100]).unwrap();
        assert_eq!(wire.anchor(), [200, 100]);
        assert!(wire.way_to([210.0, 100.0], 20).is_none());
        let mut calls = 1;
        let way = loop {
            calls += 1;
            if let Some(way) = wire.way_to([210.0, 100.0], 20) {
                break way;
            }
        };
        assert_eq!(way.len(), 11, "straight over flat ground");
        assert!(calls > 5);
        // Beyond the window the nearest pixel inside counts.
        let far = wire.way_to([1e9, f64::NAN], usize::MAX).unwrap();
        assert_eq!(far[far.len() - 1], [328.0, 0.0]);
        assert!(LiveWire::new(flat, [10, 10], [10, 0]).is_none());
    }

    proptest! {
        /// The plain model: relax every pixel until nothing changes (Bellman and Ford).
        #[test]
        fn no_way_is_cheaper(values in prop::collection::vec(0_u8..50, 6 * 5), from in 0_usize..30, to in 0_usize..30) {
            let value = |uv: [usize; 2]| f32::from(values[uv[0] + 6 * uv[1]]);
            let costs = edge_costs(value, [6, 5]);
            let mut wire = LiveWire::new(value, [6, 5], [from % 6, from / 6]).unwrap();
            let way = wire.way_to([(to % 6) as f64, (to / 6) as f64], usize::MAX).unwrap();
            let step = |a: usize, b: usize| {
                let (du, dv) = ((a % 6).abs_diff(b % 6), (a / 6).abs_diff(b / 6));
                (du <= 1 && dv <= 1 && a != b).then(|| costs[b] * if du + dv == 2 { std::f32::consts::SQRT_2 } else { 1.0 })
            };
            let mut best = [f32::INFINITY; 30];
            best[from] = 0.0;
            for _ in 0..30 {
                for b in 0..30 {
                    for a in 0..30 {
                        if let Some(cost) = step(a, b) {
                            best[b] = best[b].min(best[a] + cost);
                        }
                    }
                }
            }
            let pixels: Vec<usize> = way.iter().map(|p| p[0] as usize + 6 * p[1] as usize).collect();
            let cost: f32 = pixels.windows(2).map(|w| step(w[0], w[1]).unwrap()).sum();
            prop_assert_eq!((pixels[0], pixels[pixels.len() - 1]), (from, to));
            prop_assert!((cost - best[to]).abs() < 1e-3, "{} {}", cost, best[to]);
        }

        #[test]
        fn nothing_of_a_simplified_way_is_far_off(way in prop::collection::vec(prop::array::uniform2(0.0_f32..40.0), 0..40), tolerance in 0.0..5.0_f64) {
            let corners = simplified(&way, tolerance);
            prop_assert!(corners.first() == way.first() && corners.last() == way.last());
            for p in way.iter().filter(|_| corners.len() > 1) {
                let near = corners.windows(2).map(|w| super::super::polygon::distance_to_segment(p.map(f64::from), w[0].map(f64::from), w[1].map(f64::from)));
                prop_assert!(near.fold(f64::INFINITY, f64::min) <= tolerance + 1e-6);
            }
        }
    }
}
