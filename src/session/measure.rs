//! Measuring on the picture: a point's grey value, a distance, an angle. Kept while the exam is open, never in the read.

/// Points on one slice of the acquisition plane, in in-plane pixels: one for a grey value, two for a distance, three for
/// the angle at the second.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    slice: usize,
    points: Vec<[f64; 2]>,
}

/// What a measure says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reading {
    /// A grey value is to be read here.
    Point,
    /// Length, in the unit of the positions handed in.
    Distance(f64),
    /// The angle at the middle point in degrees, and the lengths of its legs.
    Angle(f64, [f64; 2]),
}

impl Measure {
    /// Measures kept at once; the oldest go first.
    pub const MOST: usize = 200;

    pub(super) fn at(slice: usize, uv: [f64; 2]) -> Self {
        Self { slice, points: vec![uv, uv] }
    }

    /// Goes on from the end of a distance: an angle there.
    pub(super) fn angle_from(distance: &Self, end: usize, uv: [f64; 2]) -> Option<Self> {
        let [a, b] = distance.points[..] else { return None };
        let points = if end == 0 { vec![b, a, uv] } else { vec![a, b, uv] };
        Some(Self { slice: distance.slice, points })
    }

    /// Moves the last point.
    pub(super) fn drag(&mut self, uv: [f64; 2]) {
        if let Some(last) = self.points.last_mut() {
            *last = uv;
        }
    }

    /// The measure as it stays: hardly dragged, a distance is a point; an angle without a leg is nothing.
    pub(super) fn finished(mut self) -> Option<Self> {
        let n = self.points.len();
        let [a, b] = [self.points[n - 2], self.points[n - 1]];
        let dragged = (a[0] - b[0]).hypot(a[1] - b[1]) >= 0.75;
        if n == 2 && !dragged {
            self.points.truncate(1);
        }
        (dragged || n == 2).then_some(self)
    }

    /// The end of this distance within `reach` in-plane pixels.
    pub(super) fn end_near(&self, uv: [f64; 2], reach: f64) -> Option<usize> {
        if self.points.len() != 2 {
            return None;
        }
        self.points.iter().position(|p| (p[0] - uv[0]).hypot(p[1] - uv[1]) <= reach)
    }

    /// Slice from 0.
    #[must_use]
    pub const fn slice(&self) -> usize {
        self.slice
    }

    /// Its points in in-plane pixels.
    #[must_use]
    pub fn points(&self) -> &[[f64; 2]] {
        &self.points
    }

    /// What it says, with `world` giving a position for each point (mm, so that oblique and stretched pixels count right).
    #[must_use]
    pub fn reading(&self, world: impl Fn([f64; 2]) -> [f64; 3]) -> Reading {
        let at: Vec<[f64; 3]> = self.points.iter().map(|&p| world(p)).collect();
        let from = |a: [f64; 3], b: [f64; 3]| -> [f64; 3] { std::array::from_fn(|n| b[n] - a[n]) };
        let dot = |a: [f64; 3], b: [f64; 3]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let length = |a: [f64; 3]| dot(a, a).sqrt();
        match at[..] {
            [a, b] => Reading::Distance(length(from(a, b))),
            [a, b, c] => {
                let (p, q) = (from(b, a), from(b, c));
                let legs = [length(p), length(q)];
                let cosine = dot(p, q) / (legs[0] * legs[1]).max(f64::MIN_POSITIVE);
                Reading::Angle(cosine.clamp(-1.0, 1.0).acos().to_degrees(), legs)
            }
            _ => Reading::Point,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_and_angles_are_taken_in_mm() {
        let world = |uv: [f64; 2]| [uv[0] * 0.5, 7.0, uv[1] * -2.0];
        let mut line = Measure::at(3, [10.0, 10.0]);
        line.drag([16.0, 12.0]);
        let line = line.finished().unwrap();
        assert_eq!(line.reading(world), Reading::Distance(5.0));
        assert_eq!(line.end_near([15.5, 12.0], 1.0), Some(1));
        let mut angle = Measure::angle_from(&line, 1, [16.0, 12.0]).unwrap();
        assert_eq!(angle.clone().finished(), None);
        angle.drag([24.0, 10.5]);
        // Legs (-3, 4) and (4, 3) mm.
        let Reading::Angle(degrees, legs) = angle.finished().unwrap().reading(world) else { panic!("an angle") };
        assert!((degrees - 90.0).abs() < 1e-9 && (legs[1] - 5.0).abs() < 1e-12);
    }

    #[test]
    fn a_click_is_a_point() {
        let point = Measure::at(0, [4.0, 5.0]).finished().unwrap();
        assert_eq!((point.points().len(), point.reading(|_| [0.0; 3])), (1, Reading::Point));
        assert_eq!(point.end_near([4.0, 5.0], 1.0), None);
    }
}
