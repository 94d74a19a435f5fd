//! The spacing that a header meant.

use crate::space::Spacing;

/// Header floats are single precision: relative noise up to this is not a length anybody measured.
const NOISE: f64 = 3e-7;

/// Voxel edges in mm with the noise of single-precision headers taken off: 0.8999999761581421 becomes 0.9.
///
/// A length that is exactly a single-precision number becomes the shortest decimal that names that number. Any
/// other (columns of an oblique affine) becomes the shortest decimal within 3e-7 of it, or stays as it is.
#[must_use]
pub fn nominal_spacing_mm(spacing: Spacing) -> [f64; 3] {
    spacing.mm().map(nominal)
}

fn nominal(mm: f64) -> f64 {
    let single = mm as f32;
    if f64::from(single) == mm {
        return single.to_string().parse().unwrap_or(mm);
    }
    (1..8_usize)
        .filter_map(|digits| format!("{mm:.digits$}").parse::<f64>().ok())
        .find(|rounded| (rounded - mm).abs() <= NOISE * mm && *rounded > 0.0)
        .unwrap_or(mm)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_noise_goes_and_real_lengths_stay() {
        assert_eq!(nominal(f64::from(0.9_f32)), 0.9);
        assert_eq!(nominal(0.900_000_041), 0.9);
        assert_eq!(nominal(3.499_999_7), 3.5);
        assert_eq!(nominal(0.488_281_25), 0.488_281_25);
        assert_eq!(nominal(1.0), 1.0);
        assert_eq!(nominal(0.683_012_701_892_219_3), 0.683_012_7);
        assert_eq!(nominal(1e-9), 1e-9);
    }
}
