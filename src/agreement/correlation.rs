//! Correlation of paired measurements.

use super::quantile::mean;

/// Ranks from 1; equal values share the mean of their ranks.
#[must_use]
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&x, &y| values[x].total_cmp(&values[y]));
    let mut ranks = vec![0.0; values.len()];
    let mut from = 0;
    for group in order.chunk_by(|&x, &y| values[x] == values[y]) {
        let rank = from as f64 + (group.len() + 1) as f64 / 2.0;
        group.iter().for_each(|&at| ranks[at] = rank);
        from += group.len();
    }
    ranks
}

/// Σ of products of deviations from the means: (xx, xy, yy).
fn moments(x: &[f64], y: &[f64]) -> Option<(f64, f64, f64)> {
    if x.len() != y.len() {
        return None;
    }
    let (mx, my) = (mean(x)?, mean(y)?);
    let pairs = || x.iter().map(|v| v - mx).zip(y.iter().map(|v| v - my));
    Some((pairs().map(|(a, _)| a * a).sum(), pairs().map(|(a, b)| a * b).sum(), pairs().map(|(_, b)| b * b).sum()))
}

/// Pearson's r (Proc R Soc 1895); `None` where one side does not vary.
#[must_use]
pub fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
    let (xx, xy, yy) = moments(x, y)?;
    (xx > 0.0 && yy > 0.0).then(|| xy / (xx * yy).sqrt())
}

/// Spearman's ρ (Am J Psychol 1904): Pearson's r of the ranks.
#[must_use]
pub fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    pearson(&ranks(x), &ranks(y))
}

/// Kendall's τ-b (Biometrika 1945), in O(n²); `None` where one side does not vary.
#[must_use]
pub fn kendall_tau_b(x: &[f64], y: &[f64]) -> Option<f64> {
    if x.len() != y.len() {
        return None;
    }
    let sign = |d: f64| if d == 0.0 { 0.0 } else { d.signum() };
    let (mut both, mut in_x, mut in_y) = (0.0, 0.0, 0.0);
    for i in 0..x.len() {
        for j in 0..i {
            let (a, b) = (sign(x[i] - x[j]), sign(y[i] - y[j]));
            both += a * b;
            in_x += a * a;
            in_y += b * b;
        }
    }
    (in_x > 0.0 && in_y > 0.0).then(|| both / (in_x * in_y).sqrt())
}

/// Lin's concordance correlation (Biometrics 1989), variances with n; `None` where nothing varies and the means agree.
#[must_use]
pub fn concordance(x: &[f64], y: &[f64]) -> Option<f64> {
    let (xx, xy, yy) = moments(x, y)?;
    let n = x.len() as f64;
    let apart = mean(x)? - mean(y)?;
    let denominator = (xx + yy) / n + apart * apart;
    (denominator > 0.0).then(|| 2.0 * xy / n / denominator)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_ranks_and_order_is_all_that_counts() {
        assert_eq!(ranks(&[3.0, 1.0, 3.0, 2.0]), [3.5, 1.0, 3.5, 2.0]);
        let (x, y) = ([1.0, 2.0, 3.0, 4.0], [1.0, 4.0, 9.0, 16.0]);
        assert_eq!(kendall_tau_b(&x, &y), Some(1.0));
        assert!((spearman(&x, &y).unwrap() - 1.0).abs() < 1e-12);
        assert!(concordance(&x, &y).unwrap() < 0.5);
        assert_eq!(pearson(&x, &[2.0; 4]), None);
    }
}
