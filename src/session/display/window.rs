//! Windows: which grey values are shown black and white.

use super::rule::{AIR_BLACK_K, DisplayRule, FattyMarrow};
use crate::volume::Image;

/// Grey values shown black and white; `upper` is always above `lower`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    lower: f32,
    upper: f32,
}

impl Window {
    /// Takes two grey values in either order; equal or non-finite ones are spread apart.
    #[must_use]
    pub fn new(a: f32, b: f32) -> Self {
        if !a.is_finite() || !b.is_finite() {
            return Self { lower: 0.0, upper: 1.0 };
        }
        let (lower, upper) = (a.min(b), a.max(b));
        let smallest = lower.abs().max(upper.abs()).max(1e-6) * 1e-5;
        Self { lower, upper: if upper - lower < smallest { lower + smallest } else { upper } }
    }

    /// Shown black.
    #[must_use]
    pub const fn lower(self) -> f32 {
        self.lower
    }

    /// Shown white.
    #[must_use]
    pub const fn upper(self) -> f32 {
        self.upper
    }

    /// Window width.
    #[must_use]
    pub fn width(self) -> f32 {
        self.upper - self.lower
    }

    /// Level: the grey value shown half bright.
    #[must_use]
    pub fn level(self) -> f32 {
        f32::midpoint(self.lower, self.upper)
    }

    /// The nearest window whose ends lie within `band` widths of `rule` from its ends.
    #[must_use]
    pub fn within(self, rule: Self, band: f32) -> Self {
        let reach = band.max(0.0) * rule.width();
        let near = |value: f32, at: f32| value.clamp(at - reach, at + reach);
        Self::new(near(self.lower, rule.lower), near(self.upper, rule.upper))
    }

    /// How far this window is from `rule`: the larger of the distances of its ends, as a share of the rule's width.
    #[must_use]
    pub fn drift(self, rule: Self) -> f32 {
        (self.lower - rule.lower).abs().max((self.upper - rule.upper).abs()) / rule.width()
    }

    /// This window, which lies to `from` as the answer lies to `to`: what grey value `from` shows half bright, `to` does, too.
    #[must_use]
    pub fn carried(self, from: Self, to: Self) -> Self {
        let carry = |value: f32| (value - from.lower).mul_add(to.width() / from.width(), to.lower);
        Self::new(carry(self.lower), carry(self.upper))
    }

    /// From width and level.
    #[must_use]
    pub fn from_width_level(width: f32, level: f32) -> Self {
        let half = width.abs().max(1e-6) / 2.0;
        Self::new(level - half, level + half)
    }
}

/// Ready-made windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WindowPreset {
    /// From the 1st to the 99.5th percentile.
    Auto,
    /// Every grey value.
    Full,
    /// Air black with a clear edge, the rest scaled to fatty marrow without a placed reference (with one see [`DisplayRule`]).
    AirBlack,
    /// The upper half of what is not air: fluid and strong signal.
    Bright,
}

impl WindowPreset {
    /// All, in the order of the menu.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Full, Self::AirBlack, Self::Bright];

    /// Name in the menu.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "Auto",
            Self::Full => "Full",
            Self::AirBlack => "Air black",
            Self::Bright => "Bright",
        }
    }

    /// Grey values shown black and white for an image.
    #[must_use]
    pub fn window(self, image: &Image) -> Window {
        let greys = image.greys();
        let at = |percent| greys.percentile(percent);
        match self {
            Self::Auto => Window::new(at(1.0), at(99.5)),
            Self::Full => Window::new(image.range().0, image.range().1),
            Self::Bright => Window::new(greys.body_percentile(50.0), image.range().1),
            Self::AirBlack => DisplayRule::air_black(image, AIR_BLACK_K, FattyMarrow::of_body(image)).window(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_window_is_never_empty_or_upside_down() {
        for (a, b) in [(1.0, 1.0), (5.0, -5.0), (f32::NAN, 1.0), (0.0, 0.0), (1e9, 1e9)] {
            let window = Window::new(a, b);
            assert!(window.upper() > window.lower(), "{a} {b}");
        }
        assert_eq!(Window::from_width_level(100.0, 50.0), Window::new(0.0, 100.0));
    }

    #[test]
    fn a_window_is_carried_from_one_scanner_s_scale_to_another_s() {
        let (here, there) = (Window::new(10.0, 110.0), Window::new(100.0, 1100.0));
        assert_eq!(here.carried(here, there), there);
        assert_eq!(Window::new(35.0, 85.0).carried(here, there), Window::new(350.0, 850.0));
        assert_eq!(there.carried(there, there), there);
    }

    #[test]
    fn drift_is_counted_in_widths_of_the_rule() {
        let rule = Window::new(10.0, 110.0);
        assert_eq!(rule.drift(rule), 0.0);
        assert!((Window::new(15.0, 90.0).drift(rule) - 0.2).abs() < 1e-6);
        assert_eq!(Window::new(-50.0, 115.0).within(rule, 0.1), Window::new(0.0, 115.0));
    }

    proptest! {
        #[test]
        fn what_is_held_within_a_band_drifts_no_further(a in -1e4_f32..1e4, b in -1e4_f32..1e4, l in -1e3_f32..1e3, w in 1.0_f32..1e4, band in 0.0_f32..2.0) {
            let rule = Window::new(l, l + w);
            let held = Window::new(a, b).within(rule, band);
            prop_assert!(held.drift(rule) <= band + 1e-3, "{held:?}");
        }
    }
}
