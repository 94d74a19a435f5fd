//! Receiver operating characteristic: area, its variance (DeLong et al., Biometrics 1988) and the curve.

use super::distribution::normal_quantile;
use super::quantile::mean;

/// One point of the curve: units with a score of at least `threshold` are called positive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RocPoint {
    /// Infinite at the first point.
    pub threshold: f64,
    /// Share of the negatives called positive.
    pub false_positive_rate: f64,
    /// Share of the positives called positive.
    pub true_positive_rate: f64,
}

/// Scores of units that are, and are not, positive.
#[derive(Clone, Debug, PartialEq)]
pub struct Roc {
    positive: Vec<f64>,
    negative: Vec<f64>,
}

impl Roc {
    /// From (is it positive, score). Units without a finite score are left out; `None` unless both kinds occur.
    #[must_use]
    pub fn of(units: impl IntoIterator<Item = (bool, f64)>) -> Option<Self> {
        let (mut positive, mut negative) = (Vec::new(), Vec::new());
        for (is_positive, score) in units.into_iter().filter(|(_, s)| s.is_finite()) {
            if is_positive { positive.push(score) } else { negative.push(score) }
        }
        positive.sort_unstable_by(f64::total_cmp);
        negative.sort_unstable_by(f64::total_cmp);
        (!positive.is_empty() && !negative.is_empty()).then_some(Self { positive, negative })
    }

    /// Area under the curve: Mann-Whitney, ties count 1/2 (Hanley and McNeil, Radiology 1982).
    #[must_use]
    pub fn auc(&self) -> f64 {
        let above: f64 = self.positive.iter().map(|score| placement(&self.negative, *score)).sum();
        above / self.positive.len() as f64
    }

    /// DeLong's variance of the area; `None` unless both kinds occur at least twice.
    #[must_use]
    pub fn delong_variance(&self) -> Option<f64> {
        let of_positive: Vec<f64> = self.positive.iter().map(|score| placement(&self.negative, *score)).collect();
        let of_negative: Vec<f64> = self.negative.iter().map(|score| 1.0 - placement(&self.positive, *score)).collect();
        Some(variance(&of_positive)? / of_positive.len() as f64 + variance(&of_negative)? / of_negative.len() as f64)
    }

    /// 95 % interval of the area from DeLong's variance, cut at 0 and 1.
    #[must_use]
    pub fn delong_interval(&self) -> Option<[f64; 2]> {
        let half = normal_quantile(0.975) * self.delong_variance()?.sqrt();
        Some([(self.auc() - half).max(0.0), (self.auc() + half).min(1.0)])
    }

    /// Points of the curve from (0, 0) to (1, 1), one per distinct score.
    #[must_use]
    pub fn curve(&self) -> Vec<RocPoint> {
        let mut thresholds = [self.positive.as_slice(), &self.negative].concat();
        thresholds.sort_unstable_by(|a, b| b.total_cmp(a));
        thresholds.dedup();
        let at_least = |sorted: &[f64], t: f64| (sorted.len() - sorted.partition_point(|s| *s < t)) as f64 / sorted.len() as f64;
        std::iter::once(f64::INFINITY)
            .chain(thresholds)
            .map(|threshold| RocPoint {
                threshold,
                false_positive_rate: at_least(&self.negative, threshold),
                true_positive_rate: at_least(&self.positive, threshold),
            })
            .collect()
    }

    /// Σ over thresholds of (recall step) × precision.
    #[must_use]
    pub fn average_precision(&self) -> f64 {
        let (mut sum, mut last) = (0.0, 0.0);
        for point in self.curve().into_iter().skip(1) {
            let hits = point.true_positive_rate * self.positive.len() as f64;
            let called = hits + point.false_positive_rate * self.negative.len() as f64;
            sum += (point.true_positive_rate - last) * hits / called;
            last = point.true_positive_rate;
        }
        sum
    }
}

/// Share of sorted `others` below `score`, ties counting 1/2.
fn placement(others: &[f64], score: f64) -> f64 {
    let below = others.partition_point(|o| *o < score);
    let up_to = others.partition_point(|o| *o <= score);
    (below + up_to) as f64 / (2 * others.len()) as f64
}

fn variance(values: &[f64]) -> Option<f64> {
    let centre = mean(values).filter(|_| values.len() > 1)?;
    Some(values.iter().map(|v| (v - centre).powi(2)).sum::<f64>() / (values.len() - 1) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hanley_and_mcneil_1982() {
        let scores = |counts: [usize; 5], is: bool| {
            counts.into_iter().enumerate().flat_map(move |(rating, n)| std::iter::repeat_n((is, rating as f64), n))
        };
        let roc = Roc::of(scores([33, 6, 6, 11, 2], false).chain(scores([3, 2, 2, 11, 33], true))).unwrap();
        assert!((roc.auc() - 0.893_171_061_528_059_5).abs() < 1e-12);
        assert!((roc.delong_variance().unwrap().sqrt() - 0.030_724_408_379_381_122).abs() < 1e-12);
        assert_eq!(roc.curve().len(), 6);
        assert!(Roc::of([(true, 1.0), (true, 2.0)]).is_none());
    }
}
