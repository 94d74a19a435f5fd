//! The GPU side, installed once beside egui's renderer.

use super::SliceFrame;
use super::engine::Engine;
use egui_wgpu::RenderState;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use thiserror::Error;

/// Says that the slice pipeline stands ready in egui's renderer. Cloning shares it.
///
/// The window must be made without multisampling and without a depth buffer (eframe's defaults): egui's pass decides both.
#[derive(Clone, Debug)]
pub struct Context {
    max_side: usize,
    sent_bytes: Arc<AtomicU64>,
}

/// Why the GPU cannot draw slices.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ContextError {
    /// The driver or wgpu refuses the shader.
    #[error("the graphics driver refuses the slice shader ({0}); slices are drawn by the CPU instead")]
    Shader(String),
}

impl Context {
    /// Builds the pipeline for the window's target format and puts it into egui's callback resources.
    ///
    /// # Errors
    /// If the shader does not compile on this driver.
    pub fn new(render_state: &RenderState) -> Result<Self, ContextError> {
        let sent_bytes = Arc::new(AtomicU64::new(0));
        let engine = Engine::new(&render_state.device, render_state.target_format, Arc::clone(&sent_bytes))?;
        render_state.renderer.write().callback_resources.insert(engine);
        Ok(Self { max_side: render_state.device.limits().max_texture_dimension_2d as usize, sent_bytes })
    }

    /// Whether the slice of a frame fits into a texture of this device.
    #[must_use]
    pub fn can_show(&self, frame: &SliceFrame) -> bool {
        frame.image().size().iter().all(|&n| n <= self.max_side)
    }

    /// Bytes sent to the GPU since the start: slices, labels, palettes, parameters.
    #[must_use]
    pub fn sent_bytes(&self) -> u64 {
        self.sent_bytes.load(Ordering::Relaxed)
    }
}
