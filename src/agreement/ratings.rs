//! Several raters, several categories: Fleiss' kappa and Krippendorff's alpha.

/// How far apart two categories are in Krippendorff's alpha.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlphaMetric {
    /// Same or not.
    Nominal,
    /// By the number of ratings between.
    Ordinal,
    /// (v − w)².
    Interval,
    /// ((v − w) / (v + w))².
    Ratio,
}

/// How often each unit got each category. Equal units may be counted together, so a volume costs as much as its vote patterns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ratings {
    categories: usize,
    counts: Vec<u32>,
    weights: Vec<u64>,
}

impl Ratings {
    /// Nothing yet, for categories 0..`categories`.
    #[must_use]
    pub const fn new(categories: usize) -> Self {
        Self { categories, counts: Vec::new(), weights: Vec::new() }
    }

    /// Adds `units` units which got these categories, one per rater who rated (missing ratings are left out). Others are ignored.
    pub fn add(&mut self, ratings: impl IntoIterator<Item = usize>, units: u64) {
        let at = self.counts.len();
        self.counts.resize(at + self.categories, 0);
        for category in ratings.into_iter().filter(|c| *c < self.categories) {
            self.counts[at + category] += 1;
        }
        self.weights.push(units);
    }

    /// The same raters asked only whether a unit is of one category.
    #[must_use]
    pub fn binary(&self, category: usize) -> Self {
        let pair = |counts: &[u32]| {
            let with = counts.get(category).copied().unwrap_or(0);
            [counts.iter().sum::<u32>() - with, with]
        };
        Self { categories: 2, counts: self.units().flat_map(|(counts, _)| pair(counts)).collect(), weights: self.weights.clone() }
    }

    fn units(&self) -> impl Iterator<Item = (&[u32], f64)> {
        self.counts.chunks(self.categories.max(1)).zip(self.weights.iter().map(|w| *w as f64))
    }

    /// Fleiss' kappa (Psychol Bull 1971). `None` with fewer than two raters, with an unequal number of them per unit,
    /// or where everybody used one category.
    #[must_use]
    pub fn fleiss_kappa(&self) -> Option<f64> {
        let raters: u32 = self.counts.get(..self.categories)?.iter().sum();
        if raters < 2 || self.units().any(|(counts, _)| counts.iter().sum::<u32>() != raters) {
            return None;
        }
        let (raters, units) = (f64::from(raters), self.weights.iter().sum::<u64>() as f64);
        let mut share = vec![0.0; self.categories];
        let mut agreed = 0.0;
        for (counts, weight) in self.units() {
            for (sum, &n) in share.iter_mut().zip(counts) {
                *sum += weight * f64::from(n);
                agreed += weight * f64::from(n) * (f64::from(n) - 1.0);
            }
        }
        let seen = agreed / (units * raters * (raters - 1.0));
        let used = share.iter().filter(|s| **s > 0.0).count();
        let by_chance: f64 = share.iter().map(|s| (s / (units * raters)).powi(2)).sum();
        (used > 1).then(|| (seen - by_chance) / (1.0 - by_chance))
    }

    /// Krippendorff's alpha (2011), missing ratings allowed: units with fewer than two ratings do not count.
    /// The category numbers are the values. `None` where everybody used one category, or nothing can be paired.
    #[must_use]
    pub fn krippendorff_alpha(&self, metric: AlphaMetric) -> Option<f64> {
        let size = self.categories;
        let mut pairs = vec![0.0; size * size];
        for (counts, weight) in self.units() {
            let ratings: u32 = counts.iter().sum();
            if ratings < 2 {
                continue;
            }
            let each = weight / (f64::from(ratings) - 1.0);
            for (c, &n) in counts.iter().enumerate().filter(|(_, n)| **n > 0) {
                for (k, &m) in counts.iter().enumerate() {
                    pairs[c * size + k] += each * f64::from(n) * (f64::from(m) - f64::from(u8::from(c == k)));
                }
            }
        }
        let share: Vec<f64> = pairs.chunks(size.max(1)).map(|row| row.iter().sum()).collect();
        let total: f64 = share.iter().sum();
        let (mut seen, mut by_chance) = (0.0, 0.0);
        for c in 0..size {
            for k in 0..size {
                let apart = difference(metric, &share, c.min(k), c.max(k));
                seen += pairs[c * size + k] * apart;
                by_chance += share[c] * share[k] * apart;
            }
        }
        (by_chance > 0.0).then(|| 1.0 - (total - 1.0) * seen / by_chance)
    }
}

fn difference(metric: AlphaMetric, share: &[f64], low: usize, high: usize) -> f64 {
    let (v, w) = (low as f64, high as f64);
    match metric {
        _ if low == high => 0.0,
        AlphaMetric::Nominal => 1.0,
        AlphaMetric::Ordinal => (share[low..=high].iter().sum::<f64>() - (share[low] + share[high]) / 2.0).powi(2),
        AlphaMetric::Interval => (v - w).powi(2),
        AlphaMetric::Ratio => ((v - w) / (v + w)).powi(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Krippendorff, Computing Krippendorff's alpha-reliability (2011), example C/D. 0 stands for missing here.
    #[test]
    fn krippendorffs_own_example() {
        let coders = [
            [1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0],
            [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3],
            [0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0],
            [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0],
        ];
        let mut ratings = Ratings::new(6);
        for unit in 0..12 {
            ratings.add(coders.iter().map(|c| c[unit]).filter(|v| *v > 0), 1);
        }
        for (metric, expected) in [
            (AlphaMetric::Nominal, 0.743_421_052_631_579),
            (AlphaMetric::Ordinal, 0.815_387_503_754_881_4),
            (AlphaMetric::Interval, 0.849_107_142_857_142_8),
            (AlphaMetric::Ratio, 0.797_402_774_711_612_1),
        ] {
            assert!((ratings.krippendorff_alpha(metric).unwrap() - expected).abs() < 1e-12, "{metric:?}");
        }
    }

    #[test]
    fn one_category_and_one_rater_are_undefined() {
        let mut same = Ratings::new(3);
        same.add([1, 1, 1], 50);
        assert_eq!((same.fleiss_kappa(), same.krippendorff_alpha(AlphaMetric::Interval)), (None, None));
        let mut single = Ratings::new(3);
        single.add([1], 5);
        single.add([2], 5);
        assert_eq!((single.fleiss_kappa(), single.krippendorff_alpha(AlphaMetric::Nominal)), (None, None));
        assert_eq!(Ratings::new(2).fleiss_kappa(), None);
    }

    #[test]
    fn ten_subjects_and_fourteen_raters() {
        let counts: [[usize; 5]; 10] = [
            [0, 0, 0, 0, 14],
            [0, 2, 6, 4, 2],
            [0, 0, 3, 5, 6],
            [0, 3, 9, 2, 0],
            [2, 2, 8, 1, 1],
            [7, 7, 0, 0, 0],
            [3, 2, 6, 3, 0],
            [2, 5, 3, 2, 2],
            [6, 5, 2, 1, 0],
            [0, 2, 2, 3, 7],
        ];
        let mut ratings = Ratings::new(5);
        for row in counts {
            ratings.add(row.iter().enumerate().flat_map(|(category, &n)| std::iter::repeat_n(category, n)), 1);
        }
        assert!((ratings.fleiss_kappa().unwrap() - 0.209_930_704_421_955_22).abs() < 1e-12);
    }
}
