//! A pane drawn by the CPU twin into an egui texture, again only where something changed.

use crate::gpu::slice::{PixelRect, Stamp};
use crate::gpu::{OverlayStyle, SliceFrame, SliceView, twin};
use egui::{Color32, ColorImage, Rect, TextureHandle, TextureOptions};
use std::sync::Arc;

/// The texture of a pane and the names of what it shows. Holds no slice: whoever paints may change it in place.
#[derive(Default)]
pub(super) struct CpuPane {
    texture: Option<TextureHandle>,
    view: Option<SliceView>,
    image: Option<Stamp>,
    labels: Vec<Stamp>,
    styles: Vec<Arc<OverlayStyle>>,
    /// Number of the painting that used this pane last.
    pub(super) used: u64,
}

impl CpuPane {
    /// Brings the texture up to date and paints it.
    pub(super) fn paint(&mut self, painter: &egui::Painter, rect: Rect, frame: &SliceFrame) {
        // A texture cannot be larger than the device allows; a pane never is, but a test or a wall of screens may try.
        let limit = painter.ctx().input(|i| i.max_texture_side) as u32;
        let [width, height] = frame.view().size();
        if width > limit || height > limit {
            log::warn!("a pane of {width} × {height} pixels is larger than this device's textures ({limit})");
            return;
        }
        let part = self.outdated(frame);
        self.view = Some(*frame.view());
        self.image = Some(frame.image().stamp());
        self.labels = frame.layers().iter().map(|layer| layer.labels.stamp()).collect();
        self.styles = frame.layers().iter().map(|layer| Arc::clone(&layer.style)).collect();
        if !part.is_empty() {
            let pixels = twin::render_part(frame.view(), frame.image(), &frame.borrowed_layers(), part);
            let pixels = pixels.into_iter().map(|[r, g, b, _]| Color32::from_rgb(r, g, b)).collect();
            let picture = ColorImage::new(part.size(), pixels);
            let whole = part == PixelRect::whole(frame.view().size().map(|n| n as usize));
            match &mut self.texture {
                Some(texture) if whole => texture.set(picture, TextureOptions::NEAREST),
                Some(texture) => texture.set_partial(part.lo, picture, TextureOptions::NEAREST),
                None => self.texture = Some(painter.ctx().load_texture("slice", picture, TextureOptions::NEAREST)),
            }
        }
        if let Some(texture) = &self.texture {
            let uv = Rect::from_min_max(egui::pos2(0.0, 0.0), egui::pos2(1.0, 1.0));
            painter.image(texture.id(), rect, uv, Color32::WHITE);
        }
    }

    /// The device pixels that may differ from the texture.
    fn outdated(&self, frame: &SliceFrame) -> PixelRect {
        let view = frame.view();
        let whole = PixelRect::whole(view.size().map(|n| n as usize));
        let layers = frame.layers();
        let same_style =
            |(held, layer): (&Arc<OverlayStyle>, &crate::gpu::Layer)| Arc::ptr_eq(held, &layer.style) || **held == *layer.style;
        let same = self.texture.is_some()
            && self.view.as_ref() == Some(view)
            && self.image == Some(frame.image().stamp())
            && self.labels.len() == layers.len()
            && self.styles.iter().zip(layers).all(same_style);
        if !same {
            return whole;
        }
        let changed = |(held, layer): (&Stamp, &crate::gpu::Layer)| layer.labels.changed_since(Some(*held));
        let nothing = PixelRect { lo: [0; 2], hi: [0; 2] };
        let dirty = self.labels.iter().zip(layers).map(changed).fold(nothing, |sum, rect| sum.union(&rect));
        if dirty.is_empty() { nothing } else { on_screen(view, dirty) }
    }
}

/// The device pixels that labels of `pixels` can touch: one slice pixel more for rounded contours, one device pixel for edges.
fn on_screen(view: &SliceView, pixels: PixelRect) -> PixelRect {
    let size = view.size();
    let screen = |corner: f64, axis: usize| corner * f64::from(view.scale()[axis]) + f64::from(view.offset()[axis]);
    let held = |at: f64, axis: usize| at.clamp(0.0, f64::from(size[axis])) as usize;
    PixelRect {
        lo: std::array::from_fn(|a| held(screen(pixels.lo[a] as f64 - 1.0, a).floor() - 1.0, a)),
        hi: std::array::from_fn(|a| held(screen(pixels.hi[a] as f64 + 1.0, a).ceil() + 1.0, a)),
    }
}
