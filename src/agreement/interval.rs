//! Intervals by bootstrap, and paired tests.

use super::correlation::ranks;
use super::distribution::{normal_cdf, t_cdf};
use super::quantile::{mean, quantile_sorted, sd};
use rand::{Rng, RngExt};

/// Resamples that reports use.
pub const RESAMPLES: usize = 10_000;

/// An estimate with a 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The statistic of the data themselves.
    pub estimate: f64,
    /// 2.5th percentile of the resamples.
    pub low: f64,
    /// 97.5th percentile of the resamples.
    pub high: f64,
    /// Resamples for which the statistic was defined.
    pub resamples: usize,
}

/// 95 % percentile interval (Efron and Tibshirani, An Introduction to the Bootstrap, 1993) of a statistic by resampling
/// **patients** with replacement: all values of a patient stay together.
///
/// `None` where there are no patients, or the statistic is undefined for the data or for every resample.
pub fn bootstrap_by_patient<T>(
    patients: &[Vec<T>],
    resamples: usize,
    rng: &mut impl Rng,
    statistic: impl Fn(&[&T]) -> Option<f64>,
) -> Option<Interval> {
    if patients.is_empty() {
        return None;
    }
    let estimate = statistic(&patients.iter().flatten().collect::<Vec<_>>())?;
    let mut found = Vec::with_capacity(resamples);
    let mut drawn = Vec::new();
    for _ in 0..resamples {
        drawn.clear();
        for _ in 0..patients.len() {
            drawn.extend(&patients[rng.random_range(0..patients.len())]);
        }
        found.extend(statistic(&drawn).filter(|v| v.is_finite()));
    }
    found.sort_unstable_by(f64::total_cmp);
    Some(Interval { estimate, low: quantile_sorted(&found, 0.025)?, high: quantile_sorted(&found, 0.975)?, resamples: found.len() })
}

/// Wilcoxon's signed-rank test (Biometrics Bull 1945), two-sided p. Pairs without a difference are left out.
///
/// Exact for up to 50 pairs without equal differences; else the normal approximation with tie correction and without
/// continuity correction, as SciPy does it. `None` where no difference is left.
#[must_use]
pub fn wilcoxon_p(differences: &[f64]) -> Option<f64> {
    let left: Vec<f64> = differences.iter().copied().filter(|d| d.is_finite() && *d != 0.0).collect();
    if left.is_empty() {
        return None;
    }
    // Differences of decimals carry noise in the last bits, which would break ties.
    let rank = ranks(&left.iter().map(|d| (d.abs() * 1e10).round()).collect::<Vec<_>>());
    let plus: f64 = left.iter().zip(&rank).filter(|(d, _)| **d > 0.0).map(|(_, r)| r).sum();
    let mut sorted = rank.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let tied = sorted.windows(2).any(|pair| pair[0] == pair[1]);
    if left.len() <= 50 && !tied { Some(exact_p(&rank, plus)) } else { approximate_p(&rank, plus) }
}

/// Distribution of the sum of ranks over all 2ⁿ signs. Ranks are doubled, so that shared ones would be whole too.
fn exact_p(rank: &[f64], plus: f64) -> f64 {
    let doubled: Vec<usize> = rank.iter().map(|r| (2.0 * r).round() as usize).collect();
    let total: usize = doubled.iter().sum();
    let mut share = vec![0.0_f64; total + 1];
    share[0] = 1.0;
    let mut reach = 0;
    for step in doubled {
        reach += step;
        for at in (0..=reach).rev() {
            let moved = if at >= step { share[at - step] } else { 0.0 };
            share[at] = 0.5 * (share[at] + moved);
        }
    }
    let at = (2.0 * plus).round() as usize;
    let below: f64 = share[..=at].iter().sum();
    let above: f64 = share[at..].iter().sum();
    (2.0 * below.min(above)).min(1.0)
}

fn approximate_p(rank: &[f64], plus: f64) -> Option<f64> {
    let n = rank.len() as f64;
    let mut sorted = rank.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let ties: f64 = sorted.chunk_by(|a, b| a == b).map(|g| (g.len() as f64).powi(3) - g.len() as f64).sum();
    let variance = n * (n + 1.0) * (2.0 * n + 1.0) / 24.0 - ties / 48.0;
    let z = (plus - n * (n + 1.0) / 4.0).abs() / variance.sqrt();
    (variance > 0.0).then(|| (2.0 * normal_cdf(-z)).min(1.0))
}

/// Paired t test, two-sided p; `None` with fewer than two differences or none that varies.
#[must_use]
pub fn paired_t_p(differences: &[f64]) -> Option<f64> {
    let (centre, spread) = (mean(differences)?, sd(differences).filter(|s| *s > 0.0)?);
    let n = differences.len() as f64;
    Some(2.0 * t_cdf(-(centre / (spread / n.sqrt())).abs(), n - 1.0))
}

/// Holm's correction of several p values (Scand J Stat 1979), in the order given.
#[must_use]
pub fn holm(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&x, &y| p[x].total_cmp(&p[y]));
    let mut corrected = vec![0.0; p.len()];
    let mut worst = 0.0_f64;
    for (done, &at) in order.iter().enumerate() {
        worst = worst.max((p[at] * (p.len() - done) as f64).min(1.0));
        corrected[at] = worst;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn wilcoxon_counts_all_signs() {
        // All of 5 differences positive: 2 / 2^5.
        assert_eq!(wilcoxon_p(&[1.0, 2.0, 3.0, 4.0, 5.0]), Some(0.0625));
        assert_eq!(wilcoxon_p(&[1.0, -1.0]), Some(1.0));
        assert_eq!(wilcoxon_p(&[0.0, 0.0]), None);
        // The exact and the approximate way meet for many pairs.
        let many: Vec<f64> = (0..50).map(|v| f64::from(v) - 18.25).collect();
        let rank = ranks(&many.iter().map(|d| d.abs()).collect::<Vec<_>>());
        let plus = many.iter().zip(&rank).filter(|(d, _)| **d > 0.0).map(|(_, r)| r).sum();
        assert!((exact_p(&rank, plus) - approximate_p(&rank, plus).unwrap()).abs() < 2e-3);
    }

    #[test]
    fn holm_steps_down() {
        let corrected = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (got, expected) in corrected.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((got - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn bootstrap_is_seeded_and_keeps_patients_together() {
        let patients: Vec<Vec<f64>> = (0..20).map(|p| vec![f64::from(p); 3]).collect();
        let run = |seed| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            bootstrap_by_patient(&patients, 2000, &mut rng, |v| mean(&v.iter().map(|x| **x).collect::<Vec<_>>())).unwrap()
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
        let interval = run(1);
        assert_eq!(interval.estimate, 9.5);
        // SE of the mean of 20 patients is 1.29: resampling single values would give 0.74.
        assert!(interval.high - interval.low > 4.0 && interval.high - interval.low < 6.2);
        assert!(bootstrap_by_patient(&patients, 10, &mut ChaCha8Rng::seed_from_u64(0), |_| None).is_none());
    }
}
