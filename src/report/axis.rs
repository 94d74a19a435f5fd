//! Axes of a panel: round numbers, lines, ticks.

use super::number::fixed;
use super::svg::{Anchor, FAINT, INK, Svg};

/// One direction of a panel: values from `low` to `high` run from `from` to `to` on paper.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
    ticks: Vec<f64>,
    digits: usize,
}

impl Axis {
    /// An axis that ends at round numbers around the values; `wanted` steps at about most.
    pub fn around(values: impl Iterator<Item = f64>, wanted: f64, from: f64, to: f64) -> Self {
        let (mut low, mut high) =
            values.filter(|v| v.is_finite()).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        if high - low < 1e-9 {
            (low, high) = (low - 0.5, high + 0.5);
        }
        let step = round_step((high - low) / wanted);
        Self::new((low / step).floor() * step, (high / step).ceil() * step, step, from, to)
    }

    /// An axis with ticks every `step`.
    pub fn new(low: f64, high: f64, step: f64, from: f64, to: f64) -> Self {
        let count = ((high - low) / step).round().clamp(1.0, 50.0) as usize;
        let digits = (-step.log10().floor()).clamp(0.0, 6.0) as usize;
        Self { low, high, from, to, ticks: (0..=count).map(|n| low + step * n as f64).collect(), digits }
    }

    /// Where a value lies on paper, kept within the panel.
    pub fn at(&self, value: f64) -> f64 {
        let share = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        self.from + share * (self.to - self.from)
    }

    /// Whether a value lies between the ends.
    pub fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    /// Draws the axis at the left of a panel that is `x.from` to `x.to` wide, with faint lines across it.
    pub fn draw_left(&self, svg: &mut Svg, x: &[f64; 2], with_numbers: bool) {
        for &tick in &self.ticks {
            let y = self.at(tick);
            svg.line([x[0], y], [x[1], y], FAINT, 0.6);
            if with_numbers {
                svg.text([x[0] - 5.0, y + 3.2], Anchor::End, 9.5, &fixed(tick, self.digits));
            }
        }
        svg.line([x[0], self.from], [x[0], self.to], INK, 0.9);
    }

    /// Draws the axis at the bottom of a panel whose lower edge is at `y`.
    pub fn draw_bottom(&self, svg: &mut Svg, y: f64, with_numbers: bool) {
        svg.line([self.from, y], [self.to, y], INK, 0.9);
        for &tick in &self.ticks {
            let x = self.at(tick);
            svg.line([x, y], [x, y + 3.5], INK, 0.9);
            if with_numbers {
                svg.text([x, y + 13.5], Anchor::Middle, 9.5, &fixed(tick, self.digits));
            }
        }
    }
}

/// The next of 1, 2, 5 times a power of ten.
fn round_step(raw: f64) -> f64 {
    let power = 10.0_f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| raw <= factor * power * (1.0 + 1e-9)).unwrap_or(10.0);
    step * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_steps_are_round() {
        let axis = Axis::around([0.13, 4.7].into_iter(), 4.0, 100.0, 0.0);
        assert_eq!((axis.low, axis.high, axis.ticks.len(), axis.digits), (0.0, 6.0, 4, 0));
        assert_eq!((axis.at(0.0), axis.at(6.0), axis.at(99.0)), (100.0, 0.0, 0.0));
        assert!(axis.holds(3.0) && !axis.holds(-1.0));
        let nothing = Axis::around(std::iter::empty(), 4.0, 0.0, 1.0);
        assert!(nothing.ticks.len() > 1);
        let same = Axis::around([2.0, 2.0].into_iter(), 4.0, 0.0, 1.0);
        assert!(same.holds(2.0) && same.low < same.high);
        assert_eq!((round_step(0.03), round_step(1.0), round_step(30.0)), (0.05, 1.0, 50.0));
    }
}
