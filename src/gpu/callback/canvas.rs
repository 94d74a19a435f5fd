//! The one call by which views paint a slice, whatever draws it.

use super::SliceCallback;
use super::cpu_pane::CpuPane;
use crate::gpu::{Adapter, Context, ContextError, Layer, PaneId, SliceFrame, SliceImage, SliceView};
use egui::Rect;
use egui::emath::GuiRounding as _;
use egui_wgpu::RenderState;
use std::collections::HashMap;
use std::sync::Arc;

/// Paints slices: with the shader on a graphics card, else with the CPU twin into an egui texture.
pub struct Canvas {
    adapter: Adapter,
    context: Option<Context>,
    panes: HashMap<PaneId, CpuPane>,
    paints: u64,
}

/// Textures of panes that are no longer shown are kept up to this number of panes.
const MAX_PANES: usize = 128;

impl Canvas {
    /// Chooses: the shader for hardware, the CPU twin for software adapters, for none, and where the shader fails.
    #[must_use]
    pub fn new(render_state: Option<&RenderState>) -> Self {
        let adapter = Adapter::of(render_state);
        let context = render_state.filter(|_| adapter.is_hardware()).and_then(|state| match Context::new(state) {
            Ok(context) => Some(context),
            Err(error) => {
                log::warn!("{error}");
                None
            }
        });
        Self { adapter, context, panes: HashMap::new(), paints: 0 }
    }

    /// The shader on any adapter, software ones too.
    ///
    /// # Errors
    /// If the shader does not compile on this driver.
    pub fn with_shader(render_state: &RenderState) -> Result<Self, ContextError> {
        let context = Some(Context::new(render_state)?);
        Ok(Self { adapter: Adapter::of(Some(render_state)), context, panes: HashMap::new(), paints: 0 })
    }

    /// What draws, for the status page.
    #[must_use]
    pub const fn adapter(&self) -> &Adapter {
        &self.adapter
    }

    /// Whether the shader draws.
    #[must_use]
    pub const fn uses_shader(&self) -> bool {
        self.context.is_some()
    }

    /// Bytes sent to the GPU by the shader path since the start; `None` on the CPU path.
    #[must_use]
    pub fn sent_bytes(&self) -> Option<u64> {
        self.context.as_ref().map(Context::sent_bytes)
    }

    /// Paints a slice into `rect`, which is rounded to device pixels first; the view takes its size from it and its
    /// pattern scale from the density of the screen. Returns the rounded rectangle, to place marks by. Work is done only for what changed since the pane's last frame.
    pub fn paint(
        &mut self,
        painter: &egui::Painter,
        rect: Rect,
        pane: PaneId,
        view: SliceView,
        image: &Arc<SliceImage>,
        layers: &[Layer],
    ) -> Rect {
        let pixels_per_point = painter.ctx().pixels_per_point();
        let (rect, size) = pane_on_pixels(rect, pixels_per_point);
        if size.contains(&0) {
            return rect;
        }
        let mut view = view.resized(size);
        view.pattern_scale = pixels_per_point.round().max(1.0) as u32;
        let frame = SliceFrame::new(view, Arc::clone(image), layers.to_vec());
        if self.context.as_ref().is_some_and(|context| context.can_show(&frame)) {
            let origin = [rect.min.x, rect.min.y].map(|p| (p * pixels_per_point).round() as i32);
            painter.add(egui_wgpu::Callback::new_paint_callback(rect, SliceCallback::new(pane, frame, origin)));
        } else {
            self.paint_on_cpu(painter, rect, pane, &frame);
        }
        rect
    }

    fn paint_on_cpu(&mut self, painter: &egui::Painter, rect: Rect, pane: PaneId, frame: &SliceFrame) {
        self.paints += 1;
        if self.panes.len() >= MAX_PANES
            && !self.panes.contains_key(&pane)
            && let Some(oldest) = self.panes.iter().min_by_key(|(_, p)| p.used).map(|(id, _)| *id)
        {
            self.panes.remove(&oldest);
        }
        let held = self.panes.entry(pane).or_default();
        held.used = self.paints;
        held.paint(painter, rect, frame);
    }
}

/// A pane's rectangle on whole device pixels, and its size in them.
#[must_use]
pub fn pane_on_pixels(rect: Rect, pixels_per_point: f32) -> (Rect, [u32; 2]) {
    let rect = rect.round_to_pixels(pixels_per_point);
    // Both ends are rounded apart, as egui does for the viewport.
    let side = |lo: f32, hi: f32| ((hi * pixels_per_point).round() - (lo * pixels_per_point).round()).max(0.0) as u32;
    (rect, [side(rect.min.x, rect.max.x), side(rect.min.y, rect.max.y)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pane_lies_on_whole_pixels() {
        let (rect, size) = pane_on_pixels(Rect::from_min_max(egui::pos2(10.3, 0.2), egui::pos2(50.9, 30.1)), 1.5);
        assert_eq!(size, [76 - 15, 45]);
        assert!((rect.min.x * 1.5 - 15.0).abs() < 1e-4);
        assert_eq!(pane_on_pixels(Rect::NOTHING, 1.0).1, [0, 0]);
    }
}
