//! A mark on a visual analogue scale of 10 cm.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A mark from 0 to 10, kept to 0.01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Mark(u16);

impl Mark {
    /// The best mark.
    pub const BEST: Self = Self(0);
    /// The worst mark.
    pub const WORST: Self = Self(1000);

    /// The mark at a fraction of the line from its left end; ends are held.
    #[must_use]
    pub fn at_fraction(fraction: f64) -> Self {
        // NaN becomes 0 by this cast.
        Self((fraction.clamp(0.0, 1.0) * 1000.0).round() as u16)
    }

    /// The mark of a value from 0 to 10; `None` outside.
    #[must_use]
    pub fn of(value: f64) -> Option<Self> {
        (0.0..=10.0).contains(&value).then(|| Self::at_fraction(value / 10.0))
    }

    /// 0 to 10.
    #[must_use]
    pub fn value(self) -> f64 {
        f64::from(self.0) / 100.0
    }

    /// Where it stands on the line, 0 to 1.
    #[must_use]
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / 1000.0
    }

    /// Hundredths, 0 to 1000.
    #[must_use]
    pub const fn hundredths(self) -> u16 {
        self.0
    }

    /// The mark so many hundredths further; ends are held.
    #[must_use]
    pub fn moved(self, hundredths: i32) -> Self {
        Self((i32::from(self.0).saturating_add(hundredths)).clamp(0, 1000) as u16)
    }

    /// Whether the mask is acceptable: strictly below 5.
    #[must_use]
    pub const fn is_acceptable(self) -> bool {
        self.0 < 500
    }
}

impl TryFrom<u16> for Mark {
    type Error = String;
    fn try_from(hundredths: u16) -> Result<Self, String> {
        if hundredths <= 1000 { Ok(Self(hundredths)) } else { Err(format!("{hundredths} hundredths lie beyond the end of the line")) }
    }
}

impl From<Mark> for u16 {
    fn from(mark: Mark) -> Self {
        mark.0
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2}", self.value())
    }
}

/// What a mark is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// Level 1, 2 or 3.
    Level(u8),
    /// The mask as a whole.
    Overall,
}

impl Target {
    /// All, in the order of the page and of the table.
    pub const ALL: [Self; 4] = [Self::Level(1), Self::Level(2), Self::Level(3), Self::Overall];

    /// The word in files: `1`, `2`, `3`, `overall`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Level(1) => "1",
            Self::Level(2) => "2",
            Self::Level(_) => "3",
            Self::Overall => "overall",
        }
    }

    /// The target that a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.word() == word)
    }

    /// Name on screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Level(1) => "Level 1",
            Self::Level(2) => "Level 2",
            Self::Level(_) => "Level 3",
            Self::Overall => "Overall",
        }
    }
}

/// Words that stand below the line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Anchor {
    /// Point of the paper's scale, 1 to 4.
    pub point: u8,
    /// The paper's words.
    pub words: &'static str,
}

impl Anchor {
    /// Where it stands: 10 (point − 1) / 3, as a fraction of the line.
    #[must_use]
    pub fn fraction(self) -> f64 {
        f64::from(self.point - 1) / 3.0
    }
}

/// The four anchors of von Brandis et al. 2022.
pub const ANCHORS: [Anchor; 4] = [
    Anchor { point: 1, words: "perfect segmentation" },
    Anchor { point: 2, words: "minor corrections needed, less likely to have clinical impact" },
    Anchor { point: 3, words: "major corrections needed, most likely to have clinical impact" },
    Anchor { point: 4, words: "mask rejected" },
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn acceptable_is_strictly_below_five() {
        assert!(Mark::of(4.99).unwrap().is_acceptable() && !Mark::of(5.0).unwrap().is_acceptable());
        let places: Vec<f64> = ANCHORS.iter().map(|a| a.fraction() * 10.0).collect();
        for (place, expected) in places.iter().zip([0.0, 10.0 / 3.0, 20.0 / 3.0, 10.0]) {
            assert!((place - expected).abs() < 1e-12);
        }
        assert_eq!(Mark::at_fraction(f64::NAN), Mark::BEST);
        assert_eq!([Mark::of(-0.01), Mark::of(10.01), Mark::of(f64::NAN)], [None; 3]);
    }

    proptest! {
        #[test]
        fn a_mark_is_the_fraction_times_ten_to_a_hundredth(fraction in -0.5..1.5_f64) {
            let mark = Mark::at_fraction(fraction);
            prop_assert!((mark.value() - fraction.clamp(0.0, 1.0) * 10.0).abs() <= 0.005 + 1e-9);
            prop_assert_eq!(Mark::of(mark.value()), Some(mark));
            prop_assert_eq!(mark.to_string().parse::<f64>().ok(), Some(mark.value()));
        }
    }
}
