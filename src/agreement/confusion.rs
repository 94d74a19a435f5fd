//! Two raters, several categories: confusion matrix with Cohen's kappa and Matthews' correlation.

/// How much a disagreement weighs in Cohen's kappa (Cohen, Educ Psychol Meas 1960; weighted: Psychol Bull 1968).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KappaWeight {
    /// Every disagreement the same.
    Plain,
    /// |i − j|.
    Linear,
    /// (i − j)².
    Quadratic,
}

/// Units per pair of categories: rows the first rater (or the truth), columns the second (or the prediction).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfusionMatrix {
    size: usize,
    counts: Vec<u64>,
}

impl ConfusionMatrix {
    /// Calls `count(row, column)` for every cell.
    #[must_use]
    pub fn from_fn(size: usize, count: impl Fn(usize, usize) -> u64) -> Self {
        Self { size, counts: (0..size * size).map(|at| count(at / size, at % size)).collect() }
    }

    /// Counts pairs of categories 0..`size`; others are left out.
    #[must_use]
    pub fn from_pairs(size: usize, pairs: impl Iterator<Item = (usize, usize)>) -> Self {
        let mut counts = vec![0; size * size];
        for (row, column) in pairs.filter(|(r, c)| *r < size && *c < size) {
            counts[row * size + column] += 1;
        }
        Self { size, counts }
    }

    /// Number of categories.
    #[must_use]
    pub const fn size(&self) -> usize {
        self.size
    }

    /// Units in a cell.
    #[must_use]
    pub fn count(&self, row: usize, column: usize) -> u64 {
        self.counts[row * self.size + column]
    }

    /// The matrix row by row.
    pub fn rows(&self) -> impl Iterator<Item = &[u64]> {
        self.counts.chunks(self.size.max(1))
    }

    /// All units.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Units in a row.
    #[must_use]
    pub fn row_sum(&self, row: usize) -> u64 {
        (0..self.size).map(|column| self.count(row, column)).sum()
    }

    /// Units in a column.
    #[must_use]
    pub fn column_sum(&self, column: usize) -> u64 {
        (0..self.size).map(|row| self.count(row, column)).sum()
    }

    fn agreed(&self) -> u64 {
        (0..self.size).map(|at| self.count(at, at)).sum()
    }

    /// Share of units in the diagonal; `None` without units.
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        ratio(self.agreed() as f64, self.total() as f64)
    }

    /// Cohen's kappa; `None` where no disagreement is possible by chance (both raters use one and the same category).
    #[must_use]
    pub fn kappa(&self, weight: KappaWeight) -> Option<f64> {
        let n = self.total() as f64;
        let (mut seen, mut by_chance) = (0.0, 0.0);
        for row in 0..self.size {
            for column in 0..self.size {
                let apart = row.abs_diff(column) as f64;
                let w = match weight {
                    KappaWeight::Plain => f64::from(u8::from(row != column)),
                    KappaWeight::Linear => apart,
                    KappaWeight::Quadratic => apart * apart,
                };
                seen += w * self.count(row, column) as f64;
                by_chance += w * self.row_sum(row) as f64 * self.column_sum(column) as f64 / n;
            }
        }
        // An exact zero share of disagreement counts as none; NaN (no units) fails the comparison too.
        (by_chance > 0.0).then(|| 1.0 - seen / by_chance)
    }

    /// Multi-class Matthews correlation (Gorodkin 2004); `None` if one rater uses one category only.
    #[must_use]
    pub fn mcc(&self) -> Option<f64> {
        let n = self.total() as f64;
        let product = |f: &dyn Fn(usize) -> f64| (0..self.size).map(f).sum::<f64>();
        let rows = |at: usize| self.row_sum(at) as f64;
        let columns = |at: usize| self.column_sum(at) as f64;
        let both = self.agreed() as f64 * n - product(&|at| rows(at) * columns(at));
        let spread_rows = n * n - product(&|at| rows(at) * rows(at));
        let spread_columns = n * n - product(&|at| columns(at) * columns(at));
        (spread_rows > 0.0 && spread_columns > 0.0).then(|| both / (spread_rows * spread_columns).sqrt())
    }

    /// Share of the units predicted as `category` that are (column); `None` if none was predicted.
    #[must_use]
    pub fn precision(&self, category: usize) -> Option<f64> {
        ratio(self.count(category, category) as f64, self.column_sum(category) as f64)
    }

    /// Share of the units of `category` (row) that were found; `None` if there are none.
    #[must_use]
    pub fn recall(&self, category: usize) -> Option<f64> {
        ratio(self.count(category, category) as f64, self.row_sum(category) as f64)
    }

    /// F1 of a category (van Rijsbergen, Information Retrieval 1979: F with equal weights); `None` if it neither occurs nor is predicted.
    #[must_use]
    pub fn f1(&self, category: usize) -> Option<f64> {
        ratio(2.0 * self.count(category, category) as f64, (self.row_sum(category) + self.column_sum(category)) as f64)
    }

    /// Balanced accuracy: mean recall over the categories that occur (Brodersen et al., ICPR 2010).
    #[must_use]
    pub fn balanced_accuracy(&self) -> Option<f64> {
        super::mean(&(0..self.size).filter_map(|c| self.recall(c)).collect::<Vec<_>>())
    }

    /// Macro F1: plain mean of F1 over the categories where it is defined (Sokolova and Lapalme, Inf Process Manag 2009).
    #[must_use]
    pub fn f1_macro(&self) -> Option<f64> {
        super::mean(&(0..self.size).filter_map(|c| self.f1(c)).collect::<Vec<_>>())
    }

    /// Micro F1: F1 of all decisions together. Where every unit has one category it is the accuracy (the same source).
    #[must_use]
    pub fn f1_micro(&self) -> Option<f64> {
        self.accuracy()
    }

    /// Mean of F1, each category weighing as its number of units.
    #[must_use]
    pub fn f1_weighted(&self) -> Option<f64> {
        let sum: f64 = (0..self.size).filter_map(|c| Some(self.f1(c)? * self.row_sum(c) as f64)).sum();
        ratio(sum, self.total() as f64)
    }
}

fn ratio(numerator: f64, denominator: f64) -> Option<f64> {
    (denominator != 0.0).then(|| numerator / denominator)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_category_only_is_undefined() {
        let m = ConfusionMatrix::from_fn(3, |r, c| u64::from(r == 1 && c == 1) * 9);
        assert_eq!((m.kappa(KappaWeight::Plain), m.mcc(), m.accuracy()), (None, None, Some(1.0)));
        let empty = ConfusionMatrix::from_fn(2, |_, _| 0);
        assert_eq!((empty.kappa(KappaWeight::Linear), empty.mcc(), empty.f1_macro()), (None, None, None));
    }

    proptest! {
        #[test]
        fn renaming_categories_changes_neither_kappa_nor_mcc(cells in prop::collection::vec(0..50_u64, 9)) {
            let m = ConfusionMatrix::from_fn(3, |r, c| cells[r * 3 + c]);
            let name = [2, 0, 1];
            let renamed = ConfusionMatrix::from_fn(3, |r, c| cells[name[r] * 3 + name[c]]);
            let close = |a: Option<f64>, b: Option<f64>| a.is_some() == b.is_some() && a.zip(b).is_none_or(|(a, b)| (a - b).abs() < 1e-9);
            prop_assert!(close(m.kappa(KappaWeight::Plain), renamed.kappa(KappaWeight::Plain)));
            prop_assert!(close(m.mcc(), renamed.mcc()));
        }
    }
}
