//! `[window]` and `[split]` of `study.toml`, each mistake with its place.

use super::{Fractions, WindowLimit, WindowRule};
use serde::Deserialize;
use std::ops::Range;
use toml::Spanned;

/// A mistake: where in the text, and what.
pub(super) type Mistake = (Range<usize>, String);

/// `[window]` of `study.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WindowForm {
    rule: Spanned<String>,
    lower: Option<Spanned<f32>>,
    upper: Option<Spanned<f32>>,
    k: Option<Spanned<f32>>,
    locked: Option<Spanned<bool>>,
    band: Option<Spanned<f32>>,
}

/// `[split]` of `study.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SplitForm {
    seed: Spanned<u64>,
    train: Spanned<f64>,
    validate: Spanned<f64>,
    test: Spanned<f64>,
}

fn no<T>(span: Range<usize>, problem: impl Into<String>) -> Result<T, Mistake> {
    Err((span, problem.into()))
}

impl WindowForm {
    /// The rule and how far a reader may leave it, or where the mistake is and what.
    pub fn checked(self) -> Result<(WindowRule, WindowLimit), Mistake> {
        let rule = self.rule()?;
        let locked = self.locked.as_ref().is_some_and(|locked| *locked.as_ref());
        let limit = match self.band {
            Some(band) if locked => return no(band.span(), "a locked window has no band"),
            Some(band) if rule == WindowRule::Free => return no(band.span(), "a free window has no band"),
            Some(band) if band.as_ref().is_finite() && *band.as_ref() > 0.0 => WindowLimit::Band(band.into_inner()),
            Some(band) => return no(band.span(), "the band must be a share of the rule's width above 0, such as 0.1"),
            None if locked && rule == WindowRule::Free => {
                return no(self.locked.map_or(0..0, |l| l.span()), "a free window cannot be locked");
            }
            None if locked => WindowLimit::Locked,
            None => WindowLimit::Free,
        };
        Ok((rule, limit))
    }

    fn rule(&self) -> Result<WindowRule, Mistake> {
        let word = self.rule.as_ref().as_str();
        let (takes_bounds, takes_k) = match word {
            "free" => (false, false),
            "fixed" => (true, false),
            "air_black" => (false, true),
            other => return no(self.rule.span(), format!("the window rule {other:?} is not one of free, fixed, air_black")),
        };
        for (key, value, taken) in [("lower", &self.lower, takes_bounds), ("upper", &self.upper, takes_bounds), ("k", &self.k, takes_k)] {
            if let Some(value) = value.as_ref().filter(|_| !taken) {
                return no(value.span(), format!("the rule {word} takes no {key}"));
            }
        }
        if takes_bounds {
            let (Some(lower), Some(upper)) = (&self.lower, &self.upper) else {
                return no(self.rule.span(), "the rule fixed needs lower and upper");
            };
            let (bottom, top) = (*lower.as_ref(), *upper.as_ref());
            if !(bottom.is_finite() && top.is_finite() && bottom < top) {
                return no(lower.span(), "lower must be a number below upper");
            }
            return Ok(WindowRule::Fixed { lower: bottom, upper: top });
        }
        match &self.k {
            Some(k) if !(k.as_ref().is_finite() && *k.as_ref() > 0.0) => no(k.span(), "k must be a number above 0, such as 4.6"),
            _ if !takes_k => Ok(WindowRule::Free),
            k => Ok(WindowRule::AirBlack { k: k.as_ref().map_or(4.6, |k| *k.as_ref()) }),
        }
    }
}

impl SplitForm {
    /// Seed and shares, or where the mistake is and what.
    pub fn checked(self) -> Result<(u64, Fractions), Mistake> {
        if i64::try_from(*self.seed.as_ref()).is_err() {
            return no(self.seed.span(), format!("the seed must be at most {}", i64::MAX));
        }
        for (key, share) in [("train", &self.train), ("validate", &self.validate), ("test", &self.test)] {
            if !(0.0..=1.0).contains(share.as_ref()) {
                return no(share.span(), format!("{key} must be a share from 0 to 1"));
            }
        }
        if *self.train.as_ref() <= 0.0 {
            return no(self.train.span(), "train must be above 0: a model needs exams to learn from");
        }
        match Fractions::new(*self.train.as_ref(), *self.validate.as_ref(), *self.test.as_ref()) {
            Some(fractions) => Ok((self.seed.into_inner(), fractions)),
            None => no(self.train.span(), "train, validate and test must add up to 1"),
        }
    }
}
