//! Sums that do not depend on the order of their terms, so that neither readers, labels, axes nor threads have an order.

/// Turns voxel weights into whole numbers whose sum is exact, and back.
///
/// EM has saddle points: two orders of summation differ in the last bit, and a hundred rounds later in everything.
#[derive(Clone, Copy, Debug)]
pub(super) struct ExactSum {
    unit: f64,
}

impl ExactSum {
    /// For weights (each ≥ 0) that sum to `total` at most. A weight below 2⁻¹²⁰ of it counts as nothing.
    pub fn up_to(total: u64) -> Self {
        // 2¹²⁶ leaves room above the total for the rounding of every term.
        let bits = 126 - i32::try_from(u64::BITS - total.leading_zeros()).unwrap_or(64);
        Self { unit: 2.0_f64.powi(bits) }
    }

    /// The whole number that stands for a weight.
    pub fn whole(self, weight: f64) -> u128 {
        (weight * self.unit) as u128
    }

    /// The weight that a sum of whole numbers stands for.
    pub fn weight(self, sum: u128) -> f64 {
        sum as f64 / self.unit
    }

    /// The sum of some weights.
    pub fn sum(self, weights: impl Iterator<Item = f64>) -> f64 {
        self.weight(weights.map(|weight| self.whole(weight)).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_order_matters_and_the_sum_is_right(mut weights in prop::collection::vec(0.0_f64..1e6, 1..200)) {
            let exact = ExactSum::up_to(200_000_000);
            let (plain, sum): (f64, f64) = (weights.iter().sum(), exact.sum(weights.iter().copied()));
            prop_assert!((plain - sum).abs() <= 1e-12 * plain);
            weights.sort_unstable_by(f64::total_cmp);
            prop_assert_eq!(sum, exact.sum(weights.into_iter()));
        }
    }

    #[test]
    fn the_largest_total_fits() {
        let exact = ExactSum::up_to(u64::MAX);
        assert_eq!(exact.weight(exact.whole(u64::MAX as f64)), u64::MAX as f64);
        assert_eq!(ExactSum::up_to(0).sum([0.25, 0.5].into_iter()), 0.75);
    }
}
