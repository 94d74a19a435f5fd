//! Voxel edge lengths.

use thiserror::Error;

/// Voxel edge lengths in mm along i, j, k; each finite and greater than zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spacing([f64; 3]);

/// Why three numbers are not a spacing.
#[derive(Clone, Copy, Debug, Error, PartialEq)]
#[error("voxel spacing {0:?} mm is not three finite numbers above zero")]
pub struct SpacingError(pub [f64; 3]);

impl Spacing {
    /// Takes edge lengths in mm.
    ///
    /// # Errors
    /// If one of them is not finite or not above zero.
    pub fn new(mm: [f64; 3]) -> Result<Self, SpacingError> {
        if mm.iter().all(|v| v.is_finite() && *v > 0.0) { Ok(Self(mm)) } else { Err(SpacingError(mm)) }
    }

    /// One millimetre along each axis: what a picture without spacing is shown with.
    pub const UNIT: Self = Self([1.0; 3]);

    /// Edge lengths in mm along i, j, k.
    #[must_use]
    pub const fn mm(self) -> [f64; 3] {
        self.0
    }

    /// Volume of one voxel in millilitres (1 ml = 1000 mm³).
    #[must_use]
    pub fn voxel_ml(self) -> f64 {
        self.0.iter().product::<f64>() / 1000.0
    }

    /// The smallest edge in mm.
    #[must_use]
    pub fn smallest_mm(self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_zero_negative_and_nan() {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Spacing::new([1.0, bad, 1.0]).is_err());
        }
    }

    #[test]
    fn voxel_volume_is_in_millilitres() {
        let spacing = Spacing::new([0.9, 0.9, 3.5]).unwrap();
        assert!((spacing.voxel_ml() - 0.002_835).abs() < 1e-12);
    }
}
