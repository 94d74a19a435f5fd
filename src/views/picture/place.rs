//! Where a slice lies in its pane: the one map between in-plane pixels and the screen.

use crate::gpu::SliceView;
use crate::session::ViewState;
use egui::{Pos2, Rect, Vec2, pos2};

/// A slice placed in a pane. In-plane pixel centres are whole numbers; screen positions are in points.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    rect: Rect,
    view: SliceView,
    points_per_pixel: [f64; 2],
    pixels_per_point: f64,
    points_per_mm: f64,
}

impl Place {
    /// Fits slices of `size` pixels of `pixel_mm` into `rect` (on whole device pixels), then applies zoom and centre.
    #[must_use]
    pub fn new(rect: Rect, pixels_per_point: f32, size: [usize; 2], pixel_mm: [f64; 2], zoom: f32, centre_uv: [f32; 2]) -> Self {
        let ppp = f64::from(pixels_per_point.max(0.1));
        let device = [rect.width(), rect.height()].map(|points| (f64::from(points) * ppp).round().max(1.0));
        let sane_mm = pixel_mm.map(|mm| if mm.is_finite() && mm > 0.0 { mm } else { 1.0 });
        let fit = (0..2).map(|a| device[a] / (size[a].max(1) as f64 * sane_mm[a])).fold(f64::INFINITY, f64::min);
        let per_mm = fit * f64::from(zoom);
        let scale = sane_mm.map(|mm| per_mm * mm);
        let offset: [f64; 2] = std::array::from_fn(|a| device[a] / 2.0 - (f64::from(centre_uv[a]) + 0.5) * scale[a]);
        let view = SliceView::new(device.map(|d| d as u32)).placed(scale.map(|s| s as f32), offset.map(|o| o as f32));
        Self { rect, view, points_per_pixel: scale.map(|s| s / ppp), pixels_per_point: ppp, points_per_mm: per_mm / ppp }
    }

    /// As a session's view says.
    #[must_use]
    pub fn of_view(rect: Rect, pixels_per_point: f32, size: [usize; 2], pixel_mm: [f64; 2], view: &ViewState) -> Self {
        Self::new(rect, pixels_per_point, size, pixel_mm, view.zoom, view.centre_uv)
    }

    /// The placement for the GPU and its twin, without window and interpolation.
    #[must_use]
    pub const fn slice_view(&self) -> SliceView {
        self.view
    }

    /// The pane.
    #[must_use]
    pub const fn rect(&self) -> Rect {
        self.rect
    }

    /// In-plane position under a screen position.
    #[must_use]
    pub fn uv(&self, at: Pos2) -> [f64; 2] {
        let device = [f64::from(at.x - self.rect.left()), f64::from(at.y - self.rect.top())].map(|p| p * self.pixels_per_point);
        self.view.pixel_from_screen(device)
    }

    /// Screen position of an in-plane position.
    #[must_use]
    pub fn at(&self, uv: [f64; 2]) -> Pos2 {
        let device = self.view.screen_from_pixel(uv);
        pos2(self.rect.left() + (device[0] / self.pixels_per_point) as f32, self.rect.top() + (device[1] / self.pixels_per_point) as f32)
    }

    /// In-plane pixels travelled for a movement on the screen.
    #[must_use]
    pub fn uv_delta(&self, by: Vec2) -> [f32; 2] {
        [by.x / self.points_per_pixel[0] as f32, by.y / self.points_per_pixel[1] as f32]
    }

    /// Screen points per mm.
    #[must_use]
    pub const fn points_per_mm(&self) -> f32 {
        self.points_per_mm as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_screen_and_back_is_the_same_place(
            x in 0.0_f32..800.0, y in 0.0_f32..600.0, zoom in 0.3_f32..30.0, cu in 0.0_f32..200.0, ppp in 0.7_f32..3.0,
        ) {
            let rect = Rect::from_min_size(pos2(40.0, 20.0), Vec2::new(800.0, 600.0));
            let place = Place::new(rect, ppp, [200, 100], [0.5, 0.8], zoom, [cu, cu / 3.0]);
            let at = pos2(x + 40.0, y + 20.0);
            let back = place.at(place.uv(at));
            prop_assert!((back - at).length() < 0.05, "{at:?} {back:?}");
        }
    }

    #[test]
    fn at_zoom_one_the_slice_fits_and_pixels_keep_their_shape() {
        let rect = Rect::from_min_size(pos2(10.0, 10.0), Vec2::new(400.0, 300.0));
        // 100 mm wide and 100 mm high: height decides, 3 points per mm.
        let place = Place::new(rect, 2.0, [200, 50], [0.5, 2.0], 1.0, [99.5, 24.5]);
        assert!((place.points_per_mm() - 3.0).abs() < 1e-4);
        let (top_left, bottom_right) = (place.at([-0.5, -0.5]), place.at([199.5, 49.5]));
        assert!((top_left - pos2(60.0, 10.0)).length() < 1e-3, "{top_left:?}");
        assert!((bottom_right - pos2(360.0, 310.0)).length() < 1e-3, "{bottom_right:?}");
        assert_eq!(place.uv_delta(Vec2::new(3.0, 6.0)).map(|x| x.round()), [2.0, 1.0]);
    }
}
