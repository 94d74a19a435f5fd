//! Volumes of two maps against each other.

use super::Overlap;

/// Volume A against the reference B.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct VolumeError {
    /// Volume of A in ml.
    pub a_ml: f64,
    /// Volume of B in ml.
    pub b_ml: f64,
}

impl VolumeError {
    /// From the counts of an overlap.
    #[must_use]
    pub fn of(overlap: &Overlap) -> Self {
        Self { a_ml: overlap.volume_a_ml(), b_ml: overlap.volume_b_ml() }
    }

    /// A − B in ml.
    #[must_use]
    pub fn difference_ml(&self) -> f64 {
        self.a_ml - self.b_ml
    }

    /// (A − B) / B; `None` where B is empty.
    #[must_use]
    pub fn relative(&self) -> Option<f64> {
        (self.b_ml > 0.0).then(|| self.difference_ml() / self.b_ml)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_to_relate_to_is_undefined() {
        let error = VolumeError::of(&Overlap::new(10, 5, 0, 100, 0.002));
        assert!((error.difference_ml() - 0.01).abs() < 1e-15 && (error.relative().unwrap() - 0.5).abs() < 1e-12);
        assert_eq!(VolumeError { a_ml: 1.0, b_ml: 0.0 }.relative(), None);
    }
}
