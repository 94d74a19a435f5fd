//! What the grey values of an image are like, worked out once: percentiles, air and body.

use super::Histogram;

/// Percentiles of an image, and where its air ends and its body begins.
///
/// Made from at most 2¹⁸ values at an odd stride, so that opening a large exam does not wait; the same image always gives
/// the same figures.
#[derive(Clone, Debug, PartialEq)]
pub struct GreySummary {
    /// Every tenth of a percent of all finite values.
    all: Vec<f32>,
    /// The same of what is brighter than air.
    body: Vec<f32>,
    air: f32,
    air_spread: f32,
}

/// Values looked at.
const MOST_VALUES: usize = 1 << 18;
/// Steps of the percentile tables.
const STEPS: usize = 1000;
/// Bins in which air's peak is looked for.
const AIR_BINS: usize = 128;

impl GreySummary {
    /// Looks at the finite ones of `values`. Without any, every figure is 0.
    #[must_use]
    pub fn of(values: &[f32]) -> Self {
        // An odd stride meets every column of an image whose width is a power of two.
        let stride = values.len().div_ceil(MOST_VALUES).max(1) | 1;
        let mut sorted: Vec<f32> = values.iter().copied().step_by(stride).filter(|v| v.is_finite()).collect();
        sorted.sort_unstable_by(f32::total_cmp);
        let (air, air_spread) = air(&sorted);
        // What lies above air's peak and its noise; a noise peak is wider above its mode than below.
        let edge = 3.0_f32.mul_add(air_spread, air);
        let body = &sorted[sorted.partition_point(|&v| v <= edge)..];
        Self { body: table(if body.is_empty() { &sorted } else { body }), all: table(&sorted), air, air_spread }
    }

    /// The value below which `percent` (0 to 100) of all values lie.
    #[must_use]
    pub fn percentile(&self, percent: f64) -> f32 {
        read(&self.all, percent)
    }

    /// The value below which `percent` of the body's values lie: of what is brighter than air.
    #[must_use]
    pub fn body_percentile(&self, percent: f64) -> f32 {
        read(&self.body, percent)
    }

    /// Mode of air's peak; 0 where the background is filled with zeros.
    #[must_use]
    pub const fn air(&self) -> f32 {
        self.air
    }

    /// Spread of air's peak: how far below its mode 68 of 100 of the values below it lie; 0 where the background is filled
    /// with zeros.
    #[must_use]
    pub const fn air_spread(&self) -> f32 {
        self.air_spread
    }
}

/// Percentiles in steps of 0.1, by linear interpolation between order statistics.
fn table(sorted: &[f32]) -> Vec<f32> {
    let Some(last) = sorted.len().checked_sub(1) else { return vec![0.0] };
    let at = |step: usize| {
        let rank = step as f64 / STEPS as f64 * last as f64;
        let (low, part) = (rank.floor() as usize, rank.fract() as f32);
        (sorted[(low + 1).min(last)] - sorted[low]).mul_add(part, sorted[low])
    };
    (0..=STEPS).map(at).collect()
}

fn read(table: &[f32], percent: f64) -> f32 {
    let last = table.len() - 1;
    let rank = percent.clamp(0.0, 100.0) / 100.0 * last as f64;
    let (low, part) = (rank.floor() as usize, rank.fract() as f32);
    (table[(low + 1).min(last)] - table[low]).mul_add(part, table[low])
}

/// Mode and spread of air's peak: the first hill of the darker half of the values; or 0 and 0 where the background is filled
/// with zeros: nothing is negative and a tenth of all values or more is exactly 0.
fn air(sorted: &[f32]) -> (f32, f32) {
    let zeros = sorted.partition_point(|&v| v <= 0.0) - sorted.partition_point(|&v| v < 0.0);
    let filled = zeros * 10 >= sorted.len() && sorted.first().is_none_or(|&v| v >= 0.0);
    // Zeros at the edge of the picture are no peak.
    let rest: Vec<f32> = sorted.iter().copied().filter(|&v| v != 0.0).collect();
    let (Some(&lowest), Some(&median), false) = (rest.first(), rest.get(rest.len() / 2), filled) else { return (0.0, 0.0) };
    let dark = &rest[..rest.partition_point(|&v| v <= median)];
    let (range, bins) = air_bins(dark, (lowest, median));
    let width = (range.1 - range.0) / bins as f32;
    let mode = (first_peak(&Histogram::of(dark, range, bins).bins) as f32 + 0.5).mul_add(width, range.0);
    let below = &dark[..dark.partition_point(|&v| v <= mode)];
    // 68 of 100 lie within one standard deviation of the middle of a normal peak; the lower side is free of tissue.
    (mode, below.get(below.len() * 32 / 100).map_or(0.0, |&v| mode - v))
}

/// Range and number of the bins for air's peak. Scanners store whole numbers: where few different values are there, each bin
/// holds as many of them as the next; else some would hold one more than others, and that ripple would look like hills.
fn air_bins(dark: &[f32], (lowest, highest): (f32, f32)) -> ((f32, f32), usize) {
    let different = 1 + dark.windows(2).filter(|pair| pair[0] != pair[1]).count();
    if !(2..=4 * AIR_BINS).contains(&different) {
        return ((lowest, highest), AIR_BINS);
    }
    let step = (highest - lowest) / (different - 1) as f32;
    let each = different.div_ceil(AIR_BINS);
    let bins = different.div_ceil(each);
    let from = step.mul_add(-0.5, lowest);
    ((from, step.mul_add((bins * each) as f32, from)), bins)
}

/// The first hill of a histogram that is no ripple: at least a quarter as high as the highest, and nothing higher near it.
/// The darkest hill is air; the highest may be muscle or fat where the body fills the picture.
fn first_peak(bins: &[u32]) -> usize {
    const REACH: usize = 6;
    let smooth: Vec<u64> =
        (0..bins.len()).map(|at| bins[at.saturating_sub(2)..(at + 3).min(bins.len())].iter().map(|&n| u64::from(n)).sum()).collect();
    let highest = smooth.iter().copied().max().unwrap_or(0);
    let is_hill = |at: usize| {
        let near = &smooth[at.saturating_sub(REACH)..(at + REACH + 1).min(smooth.len())];
        smooth[at] * 4 >= highest && near.iter().all(|&n| n <= smooth[at])
    };
    (0..smooth.len()).find(|&at| is_hill(at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn air_is_the_first_hill_not_the_highest() {
        let bins: Vec<u32> =
            (0_i32..100).map(|n| (400 - 20 * (n - 8).pow(2)).max(0) as u32 + (900 - 3 * (n - 60).pow(2)).max(0) as u32).collect();
        assert_eq!(first_peak(&bins), 8);
        assert_eq!(first_peak(&[0; 40]), 0);
        assert_eq!(first_peak(&[]), 0);
    }

    /// A third of air around 20 (± 10), the rest of body from 100 to 300.
    fn picture() -> Vec<f32> {
        (0..30_000_u32)
            .map(|n| {
                let noise = (n.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 24) as f32;
                if n % 3 == 0 { 10.0 + 20.0 * (noise + (noise * 7.0).fract()) / 2.0 } else { 100.0 + 200.0 * noise }
            })
            .collect()
    }

    #[test]
    fn air_and_body_are_told_apart() {
        let summary = GreySummary::of(&picture());
        assert!((summary.air() - 20.0).abs() < 3.0, "{}", summary.air());
        assert!((2.0..8.0).contains(&summary.air_spread()), "{}", summary.air_spread());
        assert!((summary.body_percentile(20.0) - 140.0).abs() < 3.0, "{}", summary.body_percentile(20.0));
        assert!((summary.body_percentile(0.0) - 100.0).abs() < 1.0);
    }

    #[test]
    fn a_background_of_zeros_is_air_and_zeros_at_the_edge_are_not() {
        let mut values = picture();
        let filled: Vec<f32> = values.iter().map(|&v| if v < 50.0 { 0.0 } else { v }).collect();
        let summary = GreySummary::of(&filled);
        assert_eq!((summary.air(), summary.air_spread()), (0.0, 0.0));
        assert!((summary.body_percentile(20.0) - 140.0).abs() < 3.0);
        values.extend([0.0; 900]);
        assert!((GreySummary::of(&values).air() - 20.0).abs() < 3.0);
    }

    #[test]
    fn whole_numbers_make_no_hills() {
        // The noise of a magnitude image around 26, stored as whole numbers, and a body from 60 to 180.
        let noise = |n: u32| 26.0 * (-2.0 * (f64::from(n) / 60_000.0).ln()).sqrt();
        let values: Vec<f32> =
            (1..=60_000).map(noise).chain((0..50_000).map(|n| 60.0 + f64::from(n % 120))).map(|v| v.round() as f32).collect();
        for scale in [1.0, 0.5, 3.7] {
            let scaled: Vec<f32> = values.iter().map(|v| v * scale).collect();
            let air = GreySummary::of(&scaled).air() / scale;
            assert!((air - 26.0).abs() < 4.0, "{air} at {scale}");
        }
    }

    #[test]
    fn nothing_finite_gives_zeros() {
        let summary = GreySummary::of(&[f32::NAN, f32::INFINITY]);
        assert_eq!((summary.percentile(50.0), summary.body_percentile(20.0), summary.air()), (0.0, 0.0, 0.0));
    }

    proptest! {
        #[test]
        fn percentiles_agree_with_the_exact_ones(values in prop::collection::vec(-1e3_f32..1e3, 1..400), step in 0..=1000_u32) {
            let percent = f64::from(step) / 10.0;
            let exact = crate::volume::percentile(&values, percent).unwrap();
            prop_assert!((GreySummary::of(&values).percentile(percent) - exact).abs() < 0.01, "{exact}");
        }

        #[test]
        fn any_values_give_finite_figures(values in prop::collection::vec(any::<f32>(), 0..60)) {
            let values: Vec<f32> = values.into_iter().filter(|v| v.abs() < 1e30).collect();
            let summary = GreySummary::of(&values);
            prop_assert!(summary.air().is_finite() && summary.air_spread() >= 0.0 && summary.body_percentile(20.0).is_finite());
        }
    }
}
