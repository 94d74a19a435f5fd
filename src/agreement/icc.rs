//! Intraclass correlation (Shrout and Fleiss, Psychol Bull 1979) with limits (McGraw and Wong, Psychol Methods 1996).

use super::distribution::f_quantile;

/// Two-way analysis of variance of subjects × raters, and the six forms of the intraclass correlation.
///
/// A figure without variance to relate to is `None`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Icc {
    subjects: f64,
    raters: f64,
    /// Mean square between subjects.
    pub ms_rows: f64,
    /// Mean square between raters.
    pub ms_cols: f64,
    /// Residual mean square.
    pub ms_error: f64,
    /// Mean square within subjects.
    pub ms_within: f64,
}

impl Icc {
    /// From one row per subject, one value per rater. `None` with fewer than two subjects or raters, with rows of
    /// unequal length, or with a missing (not finite) value.
    #[must_use]
    pub fn of(ratings: &[Vec<f64>]) -> Option<Self> {
        let raters = ratings.first()?.len();
        if ratings.len() < 2 || raters < 2 || ratings.iter().any(|row| row.len() != raters || row.iter().any(|v| !v.is_finite())) {
            return None;
        }
        let (n, k) = (ratings.len() as f64, raters as f64);
        let grand = ratings.iter().flatten().sum::<f64>() / (n * k);
        let row_mean: Vec<f64> = ratings.iter().map(|row| row.iter().sum::<f64>() / k).collect();
        let column_mean: Vec<f64> = (0..raters).map(|r| ratings.iter().map(|row| row[r]).sum::<f64>() / n).collect();
        let between_rows = k * row_mean.iter().map(|m| (m - grand).powi(2)).sum::<f64>();
        let between_columns = n * column_mean.iter().map(|m| (m - grand).powi(2)).sum::<f64>();
        let (mut within, mut error) = (0.0, 0.0);
        for (row, mean) in ratings.iter().zip(&row_mean) {
            for (value, column) in row.iter().zip(&column_mean) {
                within += (value - mean).powi(2);
                error += (value - mean - column + grand).powi(2);
            }
        }
        Some(Self {
            subjects: n,
            raters: k,
            ms_rows: between_rows / (n - 1.0),
            ms_cols: between_columns / (k - 1.0),
            ms_error: error / ((n - 1.0) * (k - 1.0)),
            ms_within: within / (n * (k - 1.0)),
        })
    }

    /// One-way random, single rating.
    #[must_use]
    pub fn icc11(&self) -> Option<f64> {
        ratio(self.ms_rows - self.ms_within, self.ms_rows + (self.raters - 1.0) * self.ms_within)
    }

    /// Two-way random, absolute agreement, single rating.
    #[must_use]
    pub fn icc21(&self) -> Option<f64> {
        let raters = self.raters * (self.ms_cols - self.ms_error) / self.subjects;
        ratio(self.ms_rows - self.ms_error, self.ms_rows + (self.raters - 1.0) * self.ms_error + raters)
    }

    /// Two-way mixed, consistency, single rating.
    #[must_use]
    pub fn icc31(&self) -> Option<f64> {
        ratio(self.ms_rows - self.ms_error, self.ms_rows + (self.raters - 1.0) * self.ms_error)
    }

    /// One-way random, mean of all raters.
    #[must_use]
    pub fn icc1k(&self) -> Option<f64> {
        ratio(self.ms_rows - self.ms_within, self.ms_rows)
    }

    /// Two-way random, absolute agreement, mean of all raters.
    #[must_use]
    pub fn icc2k(&self) -> Option<f64> {
        ratio(self.ms_rows - self.ms_error, self.ms_rows + (self.ms_cols - self.ms_error) / self.subjects)
    }

    /// Two-way mixed, consistency, mean of all raters.
    #[must_use]
    pub fn icc3k(&self) -> Option<f64> {
        ratio(self.ms_rows - self.ms_error, self.ms_rows)
    }

    /// F of the subjects: mean square of rows over residual.
    #[must_use]
    pub fn f_rows(&self) -> Option<f64> {
        ratio(self.ms_rows, self.ms_error)
    }

    /// 95 % limits of [`Icc::icc11`]: those of F = rows / within, turned into correlations.
    #[must_use]
    pub fn icc11_limits(&self) -> Option<[f64; 2]> {
        self.f_within_limits().map(|limits| limits.map(|f| (f - 1.0) / (f + self.raters - 1.0)))
    }

    /// 95 % limits of [`Icc::icc1k`].
    #[must_use]
    pub fn icc1k_limits(&self) -> Option<[f64; 2]> {
        self.f_within_limits().map(|limits| limits.map(|f| 1.0 - 1.0 / f))
    }

    /// 95 % limits of [`Icc::icc2k`]: Spearman and Brown's formula on those of [`Icc::icc21`].
    #[must_use]
    pub fn icc2k_limits(&self) -> Option<[f64; 2]> {
        self.icc21_limits().map(|limits| limits.map(|rho| self.raters * rho / (1.0 + (self.raters - 1.0) * rho)))
    }

    /// 95 % limits of [`Icc::icc31`]: those of F = rows / residual, turned into correlations.
    #[must_use]
    pub fn icc31_limits(&self) -> Option<[f64; 2]> {
        self.f_error_limits().map(|limits| limits.map(|f| (f - 1.0) / (f + self.raters - 1.0)))
    }

    /// 95 % limits of [`Icc::icc3k`].
    #[must_use]
    pub fn icc3k_limits(&self) -> Option<[f64; 2]> {
        self.f_error_limits().map(|limits| limits.map(|f| 1.0 - 1.0 / f))
    }

    fn f_within_limits(&self) -> Option<[f64; 2]> {
        let f = ratio(self.ms_rows, self.ms_within)?;
        Some(f_limits(f, self.subjects - 1.0, self.subjects * (self.raters - 1.0)))
    }

    fn f_error_limits(&self) -> Option<[f64; 2]> {
        Some(f_limits(self.f_rows()?, self.subjects - 1.0, (self.subjects - 1.0) * (self.raters - 1.0)))
    }

    /// Satterthwaite's degrees of freedom behind [`Icc::icc21_limits`].
    #[must_use]
    pub fn icc21_df(&self) -> Option<f64> {
        let (n, k) = (self.subjects, self.raters);
        let rho = self.icc21()?;
        let f = ratio(self.ms_cols, self.ms_error)?;
        let rest = n * (1.0 + (k - 1.0) * rho) - k * rho;
        let numerator = (k - 1.0) * (n - 1.0) * (k * rho * f + rest).powi(2);
        ratio(numerator, (n - 1.0) * (k * rho * f).powi(2) + rest.powi(2))
    }

    /// 95 % limits of [`Icc::icc21`].
    #[must_use]
    pub fn icc21_limits(&self) -> Option<[f64; 2]> {
        let (n, k) = (self.subjects, self.raters);
        let df = self.icc21_df()?;
        let others = k * self.ms_cols + (k * n - k - n) * self.ms_error;
        let upper = f_quantile(0.975, n - 1.0, df);
        let lower = f_quantile(0.975, df, n - 1.0);
        let low = ratio(n * (self.ms_rows - upper * self.ms_error), upper * others + n * self.ms_rows)?;
        let high = ratio(n * (lower * self.ms_rows - self.ms_error), others + n * lower * self.ms_rows)?;
        Some([low, high])
    }
}

/// 95 % limits of an F ratio.
fn f_limits(f: f64, df1: f64, df2: f64) -> [f64; 2] {
    [f / f_quantile(0.975, df1, df2), f * f_quantile(0.975, df2, df1)]
}

fn ratio(numerator: f64, denominator: f64) -> Option<f64> {
    Some(numerator / denominator).filter(|v| v.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shrout_and_fleiss_1979() {
        let rows = [[9., 2., 5., 8.], [6., 1., 3., 2.], [8., 4., 6., 8.], [7., 1., 2., 6.], [10., 5., 6., 9.], [6., 2., 4., 7.]];
        let icc = Icc::of(&rows.map(|r| r.to_vec())).unwrap();
        for (got, published) in
            [(icc.icc11(), 0.17), (icc.icc21(), 0.29), (icc.icc31(), 0.71), (icc.icc1k(), 0.44), (icc.icc2k(), 0.62), (icc.icc3k(), 0.91)]
        {
            assert!((got.unwrap() - published).abs() < 0.005);
        }
        let [low, high] = icc.icc21_limits().unwrap();
        assert!((low - 0.018_786_513_374_712).abs() < 1e-9 && (high - 0.761_084_369_648_952_9).abs() < 1e-9);
        // As printed by ICC(sf) of the R package psych, whose example is the same table.
        for (got, [low, high]) in [
            (icc.icc11_limits(), [-0.133, 0.72]),
            (icc.icc21_limits(), [0.019, 0.76]),
            (icc.icc31_limits(), [0.342, 0.95]),
            (icc.icc1k_limits(), [-0.884, 0.91]),
            (icc.icc2k_limits(), [0.071, 0.93]),
            (icc.icc3k_limits(), [0.676, 0.99]),
        ] {
            let got = got.unwrap();
            assert!((got[0] - low).abs() < 6e-4 && (got[1] - high).abs() < 6e-3, "{got:?}");
        }
        assert!((icc.icc21_df().unwrap() - 4.785_143_862_212_762).abs() < 1e-9);
    }

    #[test]
    fn no_variance_is_undefined() {
        let flat = Icc::of(&[vec![1.0, 1.0], vec![1.0, 1.0]]).unwrap();
        assert_eq!((flat.icc11(), flat.icc31_limits(), flat.icc21_limits()), (None, None, None));
        assert_eq!(Icc::of(&[vec![1.0, f64::NAN], vec![1.0, 2.0]]), None);
    }
}
