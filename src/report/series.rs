//! One figure over all units: median, range, mean and its interval.

use super::ReportRules;
use super::figures::UnitFigures;
use super::number::{fixed, range};
use crate::agreement::{Interval, Summary, bootstrap_by_patient, mean};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;

/// Head of a column of [`Described::counts`].
pub(super) const COUNTS: &str = "n (–)";

/// Resampling fewer patients tells no more than their range.
const FEWEST_PATIENTS: usize = 5;

/// A figure described over the units where it is defined.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Described {
    /// Units with a number.
    pub n: usize,
    /// Units with a map, but without a number.
    pub undefined: usize,
    /// Summary of the numbers; `None` of nothing.
    pub summary: Option<Summary>,
    /// 95 % interval of the mean, patients resampled; `None` below five patients.
    pub interval: Option<Interval>,
}

/// `10`, or `9 (1)` where one has no figure.
pub(super) fn counts(n: usize, undefined: usize) -> String {
    if undefined == 0 { n.to_string() } else { format!("{n} ({undefined})") }
}

impl Described {
    /// From one entry per unit in which there is a map: the figure, or `None` where it is undefined.
    pub(super) fn of<'u>(entries: impl Iterator<Item = (&'u UnitFigures, Option<f64>)>, rules: &ReportRules) -> Self {
        let mut by_patient: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        let (mut values, mut undefined) = (Vec::new(), 0);
        for (unit, value) in entries {
            match value {
                Some(value) => {
                    by_patient.entry(unit.patient.as_str()).or_default().push(value);
                    values.push(value);
                }
                None => undefined += 1,
            }
        }
        let patients: Vec<Vec<f64>> = by_patient.into_values().collect();
        let interval = if patients.len() < FEWEST_PATIENTS {
            None
        } else {
            // The same seed for every figure: each sees the same patients drawn.
            let mut rng = ChaCha8Rng::seed_from_u64(rules.seed);
            bootstrap_by_patient(&patients, rules.resamples, &mut rng, |drawn| mean(&drawn.iter().map(|v| **v).collect::<Vec<_>>()))
        };
        Self { n: values.len(), undefined, summary: Summary::of(&values), interval }
    }

    /// `0.83 (0.71 to 0.91)`: median with range.
    pub(super) fn median_range(&self, digits: usize) -> String {
        self.summary.map_or_else(|| "–".to_owned(), |s| format!("{} ({})", fixed(s.median, digits), range(s.min, s.max, digits)))
    }

    /// `0.82 [0.78 to 0.86]`: mean with its interval.
    pub(super) fn mean_interval(&self, digits: usize) -> String {
        let Some(summary) = self.summary else { return "–".to_owned() };
        let interval = self.interval.map_or_else(String::new, |i| format!(" [{}]", range(i.low, i.high, digits)));
        format!("{}{interval}", fixed(summary.mean, digits))
    }

    /// `10`, or `9 (1)` where one is undefined; the head of the column is [`COUNTS`].
    pub(super) fn counts(&self) -> String {
        counts(self.n, self.undefined)
    }
}
