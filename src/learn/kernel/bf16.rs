//! Numbers half as wide as `f32`, for processors that multiply those.

use super::{Element, for_wide_vectors};
use std::borrow::Cow;

/// The upper half of an `f32`: its range, with 8 bits of precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
pub struct Bf16(u16);

impl Element for Bf16 {
    /// Rounds to nearest, ties to even; what is no number stays none.
    #[inline(always)]
    fn of(value: f32) -> Self {
        let bits = value.to_bits();
        let rounded = bits.wrapping_add(0x7fff + ((bits >> 16) & 1));
        // Bits above infinity's are no number; rounding could carry them into another value.
        let kept = if bits & 0x7fff_ffff > 0x7f80_0000 { bits | 0x40_0000 } else { rounded };
        Self((kept >> 16) as u16)
    }

    #[inline(always)]
    fn value(self) -> f32 {
        f32::from_bits(u32::from(self.0) << 16)
    }

    fn stored(values: &[f32]) -> Cow<'_, [Self]> {
        let mut out = vec![Self::default(); values.len()];
        narrow(values, &mut out);
        Cow::Owned(out)
    }

    fn widened<'a>(values: &'a [Self], scratch: &'a mut Vec<f32>) -> &'a [f32] {
        scratch.resize(values.len(), 0.0);
        widen(values, scratch);
        scratch
    }

    fn fill_with(out: &mut [Self], fill: impl FnOnce(&mut [f32])) {
        let mut wide = vec![0.0; out.len()];
        fill(&mut wide);
        narrow(&wide, out);
    }
}

for_wide_vectors! {
    /// Stores each value.
    fn narrow(values: &[f32], out: &mut [Bf16]) {
        for (v, o) in values.iter().zip(out) {
            *o = Bf16::of(*v);
        }
    }
}

for_wide_vectors! {
    /// Reads each value.
    fn widen(values: &[Bf16], out: &mut [f32]) {
        for (v, o) in values.iter().zip(out) {
            *o = v.value();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bf16_is_the_nearest_of_its_neighbours(value in -1e30_f32..1e30) {
            let stored = Bf16::of(value);
            let found = (stored.value() - value).abs();
            for other in [Bf16(stored.0.wrapping_add(1)), Bf16(stored.0.wrapping_sub(1))] {
                prop_assert!((other.value() - value).abs() >= found || !other.value().is_finite());
            }
            prop_assert_eq!(Bf16::of(stored.value()), stored);
        }
    }

    #[test]
    fn ties_go_to_even_and_the_special_values_stay() {
        assert_eq!(Bf16::of(f32::from_bits(0x3f80_8000)).0, 0x3f80);
        assert_eq!(Bf16::of(f32::from_bits(0x3f81_8000)).0, 0x3f82);
        assert_eq!(Bf16::of(f32::INFINITY).value(), f32::INFINITY);
        assert!(Bf16::of(f32::NAN).value().is_nan() && Bf16::of(f32::from_bits(0x7f80_0001)).value().is_nan());
        assert_eq!(Bf16::of(-0.0).value().to_bits(), (-0.0_f32).to_bits());
    }
}
