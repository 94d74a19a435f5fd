//! What activations are stored as: `f32`, or half as wide for processors that multiply those.

use std::borrow::Cow;
use std::fmt::Debug;

/// A stored number; arithmetic is done in `f32`.
pub trait Element: Copy + Default + Debug + Send + Sync + 'static {
    /// The nearest stored number.
    fn of(value: f32) -> Self;
    /// Its value.
    fn value(self) -> f32;
    /// Numbers as stored, without a copy where that is what they are.
    fn stored(values: &[f32]) -> Cow<'_, [Self]>;
    /// The values of stored numbers, in `scratch` where they must be widened.
    fn widened<'a>(values: &'a [Self], scratch: &'a mut Vec<f32>) -> &'a [f32];
    /// Lets `fill` write all values of `out`.
    fn fill_with(out: &mut [Self], fill: impl FnOnce(&mut [f32]));
}

impl Element for f32 {
    #[inline(always)]
    fn of(value: f32) -> Self {
        value
    }

    #[inline(always)]
    fn value(self) -> f32 {
        self
    }

    fn stored(values: &[f32]) -> Cow<'_, [Self]> {
        Cow::Borrowed(values)
    }

    fn widened<'a>(values: &'a [Self], _: &'a mut Vec<f32>) -> &'a [f32] {
        values
    }

    fn fill_with(out: &mut [Self], fill: impl FnOnce(&mut [f32])) {
        fill(out);
    }
}
