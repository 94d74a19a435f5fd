//! Mean, standard deviation and quantiles.

/// How a quantile falls between two values (numbers of Hyndman and Fan, Am Stat 1996).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantileType {
    /// Linear between the ranks of 0..n−1: the default of R and NumPy.
    Linear7,
    /// Linear with (n + 1) p: the default of SPSS.
    Spss6,
}

/// Mean; `None` of nothing.
#[must_use]
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Standard deviation with n − 1; `None` of fewer than two values.
#[must_use]
pub fn sd(values: &[f64]) -> Option<f64> {
    let centre = mean(values).filter(|_| values.len() > 1)?;
    Some((values.iter().map(|v| (v - centre).powi(2)).sum::<f64>() / (values.len() - 1) as f64).sqrt())
}

/// Quantile type 7 of values in rising order; `None` of nothing.
#[must_use]
pub fn quantile_sorted(sorted: &[f64], p: f64) -> Option<f64> {
    at_rank(sorted, p.clamp(0.0, 1.0) * (sorted.len().max(1) - 1) as f64)
}

/// Quantile of values in any order; NaN is left out; `None` of nothing.
#[must_use]
pub fn quantile(values: &[f64], p: f64, kind: QuantileType) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    match kind {
        QuantileType::Linear7 => quantile_sorted(&sorted, p),
        QuantileType::Spss6 => {
            let last = sorted.len().max(1) as f64 - 1.0;
            at_rank(&sorted, ((sorted.len() + 1) as f64 * p.clamp(0.0, 1.0) - 1.0).clamp(0.0, last))
        }
    }
}

fn at_rank(sorted: &[f64], rank: f64) -> Option<f64> {
    let low = *sorted.get(rank.floor() as usize)?;
    let high = *sorted.get(rank.ceil() as usize)?;
    Some(low + (high - low) * (rank - rank.floor()))
}

/// A summary of one column of a table; what is missing was left out before.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Values.
    pub n: usize,
    /// Mean.
    pub mean: f64,
    /// Standard deviation with n − 1; `None` of one value.
    pub sd: Option<f64>,
    /// Median.
    pub median: f64,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
    /// First and third quartile, type 7.
    pub quartiles_type7: [f64; 2],
    /// First and third quartile, type 6.
    pub quartiles_type6: [f64; 2],
}

impl Summary {
    /// `None` of nothing.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let q = |p: f64, kind: QuantileType| quantile(values, p, kind);
        use QuantileType::{Linear7, Spss6};
        Some(Self {
            n: values.len(),
            mean: mean(values)?,
            sd: sd(values),
            median: q(0.5, Linear7)?,
            min: q(0.0, Linear7)?,
            max: q(1.0, Linear7)?,
            quartiles_type7: [q(0.25, Linear7)?, q(0.75, Linear7)?],
            quartiles_type6: [q(0.25, Spss6)?, q(0.75, Spss6)?],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_types_on_ten_values() {
        let values: Vec<f64> = (1..=10).rev().map(f64::from).collect();
        assert_eq!(quantile(&values, 0.25, QuantileType::Linear7), Some(3.25));
        assert_eq!(quantile(&values, 0.25, QuantileType::Spss6), Some(2.75));
        assert_eq!(quantile(&[], 0.5, QuantileType::Spss6), None);
        assert_eq!(quantile(&[4.0], 0.9, QuantileType::Spss6), Some(4.0));
        assert_eq!((sd(&[1.0]), mean(&[])), (None, None));
    }
}
