//! One pane as an egui paint callback: parameters and contents, sent and drawn within egui's own pass.

use crate::gpu::engine::Engine;
use crate::gpu::{PaneId, SliceFrame};
use egui_wgpu::{CallbackResources, CallbackTrait, ScreenDescriptor};

/// Draws a frame into a pane; needs a [`crate::gpu::Context`] made for the same renderer.
pub struct SliceCallback {
    pane: PaneId,
    frame: SliceFrame,
    origin: [i32; 2],
}

impl SliceCallback {
    /// `origin` is the top left corner of the pane in device pixels of the window.
    #[must_use]
    pub const fn new(pane: PaneId, frame: SliceFrame, origin: [i32; 2]) -> Self {
        Self { pane, frame, origin }
    }
}

impl CallbackTrait for SliceCallback {
    fn prepare(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        _screen_descriptor: &ScreenDescriptor,
        _egui_encoder: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        if let Some(engine) = resources.get_mut::<Engine>() {
            engine.prepare(device, queue, self.pane, &self.frame, self.origin);
        }
        Vec::new()
    }

    fn paint(&self, _info: egui::PaintCallbackInfo, render_pass: &mut wgpu::RenderPass<'static>, resources: &CallbackResources) {
        if let Some(engine) = resources.get::<Engine>() {
            engine.paint(render_pass, self.pane);
        }
    }
}
