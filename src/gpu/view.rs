//! What a pane shows of a slice: where it lies on the screen and how grey values become grey levels.

/// How grey values between pixel centres are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Interpolation {
    /// The value of the pixel below: every voxel a sharp square.
    Nearest,
    /// Bilinear between the four nearest centres, before the window is applied.
    #[default]
    Smooth,
}

/// Plain parameters of one pane; no GPU, no data.
///
/// Words: a *pixel* is one of the slice, as in [`crate::space::SlicePlane`] (its centre is a whole number); a *screen*
/// position is in physical pixels of the device from the top left corner of the pane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SliceView {
    size: [u32; 2],
    scale: [f32; 2],
    offset: [f32; 2],
    /// Grey value shown black (white where inverted).
    pub lower: f32,
    /// Grey value shown white; not above `lower` means a hard step there.
    pub upper: f32,
    /// MONOCHROME1 or a reader's wish: high values are dark.
    pub inverted: bool,
    /// Nearest or smooth; labels are never interpolated.
    pub interpolation: Interpolation,
    /// Colour beside the slice, sRGB.
    pub ground: [u8; 3],
    /// Device pixels per pixel of a pattern: 1, or 2 on a screen of twice the density.
    pub pattern_scale: u32,
}

/// The largest side of a pane in device pixels; larger ones are cut.
pub const MAX_PANE_SIDE: u32 = 16_384;

const SCALE_RANGE: (f32, f32) = (1e-4, 1e4);
const OFFSET_LIMIT: f32 = 1e7;

impl SliceView {
    /// A pane of `size` device pixels with one device pixel per slice pixel, slice and pane sharing their top left corner.
    #[must_use]
    pub fn new(size: [u32; 2]) -> Self {
        Self {
            size: size.map(|n| n.min(MAX_PANE_SIDE)),
            scale: [1.0; 2],
            offset: [0.0; 2],
            lower: 0.0,
            upper: 255.0,
            inverted: false,
            interpolation: Interpolation::default(),
            ground: [0; 3],
            pattern_scale: 1,
        }
    }

    /// Sets `screen_from_pixel`: device pixels per slice pixel along both axes, and the screen position of the top left
    /// **corner** of pixel (0, 0). Numbers that are not finite or absurd are brought into range.
    #[must_use]
    pub fn placed(mut self, scale: [f32; 2], offset: [f32; 2]) -> Self {
        let sane = |s: f32| if s.is_finite() { s.abs().clamp(SCALE_RANGE.0, SCALE_RANGE.1) } else { 1.0 };
        self.scale = scale.map(sane);
        self.offset = offset.map(|o| if o.is_finite() { o.clamp(-OFFSET_LIMIT, OFFSET_LIMIT) } else { 0.0 });
        self
    }

    /// Fits a slice of `pixels` (width, height), each `pixel_mm` wide and high, into the pane, centred and undistorted.
    #[must_use]
    pub fn fitted(self, pixels: [usize; 2], pixel_mm: [f64; 2]) -> Self {
        let mm: [f64; 2] = std::array::from_fn(|a| (pixels[a] as f64 * pixel_mm[a]).max(f64::MIN_POSITIVE));
        let per_mm = (f64::from(self.size[0]) / mm[0]).min(f64::from(self.size[1]) / mm[1]);
        let scale: [f32; 2] = std::array::from_fn(|a| (per_mm * pixel_mm[a]) as f32);
        let offset = std::array::from_fn(|a| ((f64::from(self.size[a]) - mm[a] * per_mm) / 2.0).round() as f32);
        self.placed(scale, offset)
    }

    /// Moved by device pixels.
    #[must_use]
    pub fn panned(self, by: [f32; 2]) -> Self {
        self.placed(self.scale, std::array::from_fn(|a| self.offset[a] + by[a]))
    }

    /// Magnified by `factor` about a screen position: what lies there stays there.
    #[must_use]
    pub fn zoomed(self, factor: f32, about: [f32; 2]) -> Self {
        let scaled = self.placed(self.scale.map(|s| s * factor), self.offset);
        // Where the scale met its limit, the offset must follow the factor that was really applied.
        let offset = |a: usize| f64::from(about[a]) - f64::from(about[a] - self.offset[a]) * f64::from(scaled.scale[a] / self.scale[a]);
        scaled.placed(scaled.scale, std::array::from_fn(|a| offset(a) as f32))
    }

    /// The same view in a pane of another size.
    #[must_use]
    pub fn resized(mut self, size: [u32; 2]) -> Self {
        self.size = size.map(|n| n.min(MAX_PANE_SIDE));
        self
    }

    /// Sets the window.
    #[must_use]
    pub const fn windowed(mut self, lower: f32, upper: f32) -> Self {
        self.lower = lower;
        self.upper = upper;
        self
    }

    /// Sets the interpolation.
    #[must_use]
    pub const fn interpolated(mut self, interpolation: Interpolation) -> Self {
        self.interpolation = interpolation;
        self
    }

    /// Width and height of the pane in device pixels.
    #[must_use]
    pub const fn size(&self) -> [u32; 2] {
        self.size
    }

    /// Device pixels per slice pixel.
    #[must_use]
    pub const fn scale(&self) -> [f32; 2] {
        self.scale
    }

    /// Screen position of the top left corner of slice pixel (0, 0).
    #[must_use]
    pub const fn offset(&self) -> [f32; 2] {
        self.offset
    }

    /// Screen position of a (fractional) slice pixel; centres are whole numbers.
    #[must_use]
    pub fn screen_from_pixel(&self, uv: [f64; 2]) -> [f64; 2] {
        std::array::from_fn(|a| (uv[a] + 0.5) * f64::from(self.scale[a]) + f64::from(self.offset[a]))
    }

    /// Fractional slice pixel at a screen position; the inverse of [`SliceView::screen_from_pixel`].
    #[must_use]
    pub fn pixel_from_screen(&self, screen: [f64; 2]) -> [f64; 2] {
        std::array::from_fn(|a| (screen[a] - f64::from(self.offset[a])) / f64::from(self.scale[a]) - 0.5)
    }

    /// Slice pixels per device pixel, as shader and twin multiply with it.
    #[must_use]
    pub(crate) fn pixels_per_screen(&self) -> [f32; 2] {
        self.scale.map(|s| 1.0 / s)
    }

    /// Thickness of hatching and patterns in device pixels, 1 to 8.
    #[must_use]
    pub(crate) fn pattern_thickness(&self) -> u32 {
        self.pattern_scale.clamp(1, 8)
    }

    /// `(black, grey_per_value)`: the grey level is `floor((value - black) * grey_per_value)`, cut to 0..=255. This is
    /// `round(255 (value - lower) / (upper - lower))` with the rounding folded into `black`, so that no GPU can contract
    /// it into a fused operation which rounds otherwise than the CPU.
    #[must_use]
    pub(crate) fn grey_ramp(&self) -> (f32, f32) {
        let finite = |v: f32| if v.is_finite() { v.clamp(-1e30, 1e30) } else { 0.0 };
        let (lower, upper) = (finite(self.lower), finite(self.upper));
        let width = (upper - lower).max(lower.abs().max(1e-20) * 1e-6);
        let grey_per_value = (255.0 / width).min(1e30);
        (lower - 0.5 / grey_per_value, grey_per_value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fitting_keeps_the_proportions_and_centres() {
        let view = SliceView::new([400, 300]).fitted([100, 50], [1.0, 2.0]);
        assert_eq!(view.scale(), [3.0, 6.0]);
        assert_eq!(view.offset(), [50.0, 0.0]);
    }

    #[test]
    fn ends_of_the_window_are_black_and_white() {
        for (lower, upper) in [(0.0, 255.0), (-12.5, 376.5), (1e-3, 2e-3), (5.0, 5.0), (9.0, 3.0), (f32::NAN, 1.0)] {
            let (black, per_value) = SliceView::new([1, 1]).windowed(lower, upper).grey_ramp();
            assert!(black.is_finite() && per_value.is_finite() && per_value > 0.0);
            if upper > lower {
                assert_eq!(((lower - black) * per_value).floor(), 0.0);
                assert_eq!(((upper - black) * per_value).floor(), 255.0);
            }
        }
    }

    proptest! {
        #[test]
        fn pixel_undoes_screen(s in prop::array::uniform2(0.05..40.0f32), o in prop::array::uniform2(-900.0..900.0f32), uv in prop::array::uniform2(-10.0..600.0f64)) {
            let view = SliceView::new([800, 600]).placed(s, o);
            let back = view.pixel_from_screen(view.screen_from_pixel(uv));
            prop_assert!((back[0] - uv[0]).abs() < 1e-6 && (back[1] - uv[1]).abs() < 1e-6);
        }

        #[test]
        fn zooming_holds_the_point(factor in 0.2..5.0f32, about in prop::array::uniform2(0.0..800.0f32), o in prop::array::uniform2(-300.0..300.0f32)) {
            let view = SliceView::new([800, 600]).placed([1.5, 2.0], o).panned([3.0, -4.0]);
            let at = about.map(f64::from);
            let (before, after) = (view.pixel_from_screen(at), view.zoomed(factor, about).pixel_from_screen(at));
            prop_assert!((before[0] - after[0]).abs() < 1e-2 && (before[1] - after[1]).abs() < 1e-2, "{before:?} {after:?}");
        }

        #[test]
        fn no_number_breaks_a_view(s in any::<[f32; 2]>(), o in any::<[f32; 2]>(), w in any::<[f32; 2]>()) {
            let view = SliceView::new([8, 6]).placed(s, o).windowed(w[0], w[1]);
            let (black, per_value) = view.grey_ramp();
            prop_assert!(view.scale().iter().all(|v| v.is_finite() && *v > 0.0) && view.offset().iter().all(|v| v.is_finite()));
            prop_assert!(black.is_finite() && per_value.is_finite());
        }
    }
}
