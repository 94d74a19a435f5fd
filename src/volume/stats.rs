//! Counts and distributions.

/// Voxels per label 0..=255.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelCounts(Box<[usize; 256]>);

impl Default for LabelCounts {
    fn default() -> Self {
        Self(Box::new([0; 256]))
    }
}

impl LabelCounts {
    /// Adds `voxels` to a label.
    pub fn add(&mut self, label: u8, voxels: usize) {
        self.0[usize::from(label)] += voxels;
    }

    /// Voxels of a label.
    #[must_use]
    pub fn of(&self, label: u8) -> usize {
        self.0[usize::from(label)]
    }

    /// Voxels of any label but 0.
    #[must_use]
    pub fn labelled(&self) -> usize {
        self.0[1..].iter().sum()
    }
}

/// Equal-width bins over the finite values of a range.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    /// Lower edge of the first bin and upper edge of the last.
    pub range: (f32, f32),
    /// Values per bin.
    pub bins: Vec<u32>,
}

impl Histogram {
    /// Counts finite values in `bins` bins from the smallest to the largest.
    #[must_use]
    pub fn of(values: &[f32], range: (f32, f32), bins: usize) -> Self {
        let bins = bins.max(1);
        let mut counts = vec![0_u32; bins];
        let width = (range.1 - range.0).max(f32::MIN_POSITIVE);
        for &v in values.iter().filter(|v| v.is_finite() && **v >= range.0 && **v <= range.1) {
            let bin = ((v - range.0) / width * bins as f32) as usize;
            counts[bin.min(bins - 1)] += 1;
        }
        Self { range, bins: counts }
    }
}

/// The value below which `percent` of the finite values lie (linear interpolation between order statistics);
/// `None` where no value is finite.
#[must_use]
pub fn percentile(values: &[f32], percent: f64) -> Option<f32> {
    let mut finite: Vec<f32> = values.iter().copied().filter(|v| v.is_finite()).collect();
    if finite.is_empty() {
        return None;
    }
    let rank = (percent.clamp(0.0, 100.0) / 100.0) * (finite.len() - 1) as f64;
    let low = rank.floor() as usize;
    let (_, &mut at_low, above) = finite.select_nth_unstable_by(low, f32::total_cmp);
    let at_high = above.iter().copied().reduce(f32::min).unwrap_or(at_low);
    let fraction = (rank - low as f64) as f32;
    Some(at_low + (at_high - at_low) * fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentile_matches_linear_interpolation() {
        let values = [4.0, 1.0, f32::NAN, 3.0, 2.0];
        assert_eq!(percentile(&values, 0.0), Some(1.0));
        assert_eq!(percentile(&values, 100.0), Some(4.0));
        assert_eq!(percentile(&values, 50.0), Some(2.5));
        assert_eq!(percentile(&[f32::NAN], 50.0), None);
    }

    #[test]
    fn every_value_falls_in_a_bin() {
        let h = Histogram::of(&[0.0, 0.5, 1.0, 1.0], (0.0, 1.0), 4);
        assert_eq!(h.bins, [1, 0, 1, 2]);
    }
}
