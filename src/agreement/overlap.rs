//! Overlap of two binary maps.

/// Voxels in both, in one and in neither of two maps A and B (B is the reference), and every figure made from them.
/// A figure whose denominator is zero is `None`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overlap {
    /// In A and B.
    pub tp: u64,
    /// In A only.
    pub fp: u64,
    /// In B only.
    pub fn_: u64,
    /// In neither.
    pub tn: u64,
    voxel_ml: f64,
}

fn ratio(numerator: f64, denominator: f64) -> Option<f64> {
    (denominator != 0.0).then(|| numerator / denominator)
}

impl Overlap {
    /// From counts; `voxel_ml` is the volume of a voxel in millilitres.
    #[must_use]
    pub const fn new(tp: u64, fp: u64, fn_: u64, tn: u64, voxel_ml: f64) -> Self {
        Self { tp, fp, fn_, tn, voxel_ml }
    }

    /// Volume of a voxel in millilitres.
    #[must_use]
    pub const fn voxel_ml(&self) -> f64 {
        self.voxel_ml
    }

    /// The counts outside a part of the volume, of which `part` are those inside.
    #[must_use]
    pub const fn without(&self, part: &Self) -> Self {
        let [tp, fp] = [self.tp.saturating_sub(part.tp), self.fp.saturating_sub(part.fp)];
        let [fn_, tn] = [self.fn_.saturating_sub(part.fn_), self.tn.saturating_sub(part.tn)];
        Self::new(tp, fp, fn_, tn, self.voxel_ml)
    }

    /// Voxels of A.
    #[must_use]
    pub const fn voxels_a(&self) -> u64 {
        self.tp + self.fp
    }

    /// Voxels of B.
    #[must_use]
    pub const fn voxels_b(&self) -> u64 {
        self.tp + self.fn_
    }

    /// Dice: 2 |A ∩ B| / (|A| + |B|) (Dice, Ecology 1945); `None` where both are empty.
    #[must_use]
    pub fn dice(&self) -> Option<f64> {
        ratio(2.0 * self.tp as f64, (self.voxels_a() + self.voxels_b()) as f64)
    }

    /// Jaccard: |A ∩ B| / |A ∪ B| (Jaccard, New Phytologist 1912); `None` where both are empty.
    #[must_use]
    pub fn jaccard(&self) -> Option<f64> {
        ratio(self.tp as f64, (self.tp + self.fp + self.fn_) as f64)
    }

    /// Volume similarity with its sign: 2 (|A| − |B|) / (|A| + |B|), as SimpleITK gives it (without sign and taken from 1 in
    /// Taha and Hanbury, BMC Med Imaging 2015); `None` where both are empty.
    #[must_use]
    pub fn volume_similarity(&self) -> Option<f64> {
        let (a, b) = (self.voxels_a() as f64, self.voxels_b() as f64);
        ratio(2.0 * (a - b), a + b)
    }

    /// Sensitivity: share of B that A found (Altman and Bland, BMJ 1994; 308:1552).
    #[must_use]
    pub fn sensitivity(&self) -> Option<f64> {
        ratio(self.tp as f64, self.voxels_b() as f64)
    }

    /// Specificity: share of what is not B that A left alone (the same source).
    #[must_use]
    pub fn specificity(&self) -> Option<f64> {
        ratio(self.tn as f64, (self.tn + self.fp) as f64)
    }

    /// Precision: share of A that is B, the positive predictive value (Altman and Bland, BMJ 1994; 309:102).
    #[must_use]
    pub fn precision(&self) -> Option<f64> {
        ratio(self.tp as f64, self.voxels_a() as f64)
    }

    /// fn / |B|.
    #[must_use]
    pub fn false_negative_rate(&self) -> Option<f64> {
        ratio(self.fn_ as f64, self.voxels_b() as f64)
    }

    /// fp / |A|.
    #[must_use]
    pub fn false_discovery_rate(&self) -> Option<f64> {
        ratio(self.fp as f64, self.voxels_a() as f64)
    }

    /// fp / (fp + tn): what ITK calls the false positive error.
    #[must_use]
    pub fn false_positive_rate(&self) -> Option<f64> {
        ratio(self.fp as f64, (self.fp + self.tn) as f64)
    }

    /// Volume of A in millilitres.
    #[must_use]
    pub fn volume_a_ml(&self) -> f64 {
        self.voxels_a() as f64 * self.voxel_ml
    }

    /// Volume of B in millilitres.
    #[must_use]
    pub fn volume_b_ml(&self) -> f64 {
        self.voxels_b() as f64 * self.voxel_ml
    }

    /// F1 score: the same number as Dice.
    #[must_use]
    pub fn f1(&self) -> Option<f64> {
        self.dice()
    }

    /// Matthews correlation (Biochim Biophys Acta 1975); `None` if a row or column is empty.
    #[must_use]
    pub fn mcc(&self) -> Option<f64> {
        let [tp, fp, fn_, tn] = [self.tp, self.fp, self.fn_, self.tn].map(|n| n as f64);
        let margins = (tp + fp) * (tp + fn_) * (tn + fp) * (tn + fn_);
        ratio(tp * tn - fp * fn_, margins.sqrt())
    }

    /// Binary kappa (Cohen, Educ Psychol Meas 1960); `None` where chance agreement is complete.
    #[must_use]
    pub fn kappa(&self) -> Option<f64> {
        let [tp, fp, fn_, tn] = [self.tp, self.fp, self.fn_, self.tn].map(|n| n as f64);
        // Both maps hold nothing, or both everything: agreement by chance is 1.
        ratio(2.0 * (tp * tn - fn_ * fp), (tp + fp) * (fp + tn) + (tp + fn_) * (fn_ + tn))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_mcc_and_kappa() {
        assert!((Overlap::new(6, 1, 2, 3, 1.0).mcc().unwrap() - 0.478_091_443_733_757_45).abs() < 1e-12);
        assert!((Overlap::new(20, 5, 10, 15, 1.0).kappa().unwrap() - 0.4).abs() < 1e-12);
    }

    #[test]
    fn empty_maps_are_undefined() {
        let both = Overlap::new(0, 0, 0, 9, 0.001);
        assert_eq!((both.dice(), both.jaccard(), both.volume_similarity(), both.mcc(), both.kappa()), (None, None, None, None, None));
        assert_eq!(both.specificity(), Some(1.0));
        let one = Overlap::new(0, 4, 0, 5, 0.001);
        assert_eq!((one.dice(), one.volume_similarity(), one.sensitivity(), one.kappa()), (Some(0.0), Some(2.0), None, Some(0.0)));
        assert_eq!(one.volume_a_ml(), 0.004);
    }
}
