//! Limits of agreement (Bland and Altman, Lancet 1986; Stat Methods Med Res 1999).

use super::distribution::t_quantile;
use super::quantile::{mean, sd};

/// Differences a − b: bias, limits of agreement and their 95 % intervals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BlandAltman {
    /// Pairs.
    pub n: usize,
    /// Mean difference.
    pub bias: f64,
    /// SD of the differences, n − 1.
    pub sd: f64,
    /// bias − 1.96 SD.
    pub low: f64,
    /// bias + 1.96 SD.
    pub high: f64,
    /// 95 % interval of the bias, by Student's t.
    pub bias_interval: [f64; 2],
    /// Standard error of a limit: SD √(1/n + 1.96² / (2 (n − 1))).
    pub limit_se: f64,
    /// 95 % interval of the lower limit.
    pub low_interval: [f64; 2],
    /// 95 % interval of the upper limit.
    pub high_interval: [f64; 2],
}

impl BlandAltman {
    /// Pairs with a missing (not finite) value are left out; `None` with fewer than two pairs left.
    #[must_use]
    pub fn of(pairs: &[(f64, f64)]) -> Option<Self> {
        let differences: Vec<f64> = pairs.iter().map(|(a, b)| a - b).filter(|d| d.is_finite()).collect();
        let (bias, sd) = (mean(&differences)?, sd(&differences)?);
        let n = differences.len() as f64;
        let t = t_quantile(0.975, n - 1.0);
        let limit_se = sd * (1.0 / n + 1.96_f64.powi(2) / (2.0 * (n - 1.0))).sqrt();
        let (low, high) = (bias - 1.96 * sd, bias + 1.96 * sd);
        let around = |value: f64, se: f64| [value - t * se, value + t * se];
        Some(Self {
            n: differences.len(),
            bias,
            sd,
            low,
            high,
            bias_interval: around(bias, sd / n.sqrt()),
            limit_se,
            low_interval: around(low, limit_se),
            high_interval: around(high, limit_se),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lancet_1986() {
        let wright = [494., 395., 516., 434., 476., 557., 413., 442., 650., 433., 417., 656., 267., 478., 178., 423., 427.];
        let mini = [512., 430., 520., 428., 500., 600., 364., 380., 658., 445., 432., 626., 260., 477., 259., 350., 451.];
        let pairs: Vec<(f64, f64)> = wright.into_iter().zip(mini).collect();
        let ba = BlandAltman::of(&pairs).unwrap();
        for (got, expected) in [
            (ba.bias, -2.117_647_058_823_529_4),
            (ba.sd, 38.765_129_873_607_38),
            (ba.low, -78.097_301_611_094),
            (ba.bias_interval[0], -22.048_837_696_645_17),
            (ba.limit_se, 16.395_107_984_714_52),
            (ba.low_interval[1], -43.341_225_312_992_975),
        ] {
            assert!((got - expected).abs() < 1e-9, "{got} {expected}");
        }
        assert_eq!(BlandAltman::of(&[(1.0, 2.0), (f64::NAN, 3.0)]), None);
    }
}
