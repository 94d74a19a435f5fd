//! The pipeline and the panes that live beside egui's renderer.

use super::pane::PaneTextures;
use super::shader::{self, ShaderWatch};
use super::uniforms::Uniforms;
use super::{ContextError, PaneId, SliceFrame};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Kept in egui's callback resources: one pipeline, one set of textures per pane.
pub(super) struct Engine {
    format: wgpu::TextureFormat,
    layout: wgpu::BindGroupLayout,
    pipeline: wgpu::RenderPipeline,
    watch: ShaderWatch,
    panes: HashMap<PaneId, PaneTextures>,
    preparations: u64,
    sent_bytes: Arc<AtomicU64>,
}

/// Textures of panes that are no longer shown are kept up to this number of panes.
const MAX_PANES: usize = 128;

impl Engine {
    /// Compiles the embedded shader for a target format. `sent_bytes` counts what is sent to the GPU.
    pub(super) fn new(device: &wgpu::Device, format: wgpu::TextureFormat, sent_bytes: Arc<AtomicU64>) -> Result<Self, ContextError> {
        let layout = bind_group_layout(device);
        let pipeline = pipeline(device, &layout, format, &shader::embedded())?;
        Ok(Self { format, layout, pipeline, watch: ShaderWatch::default(), panes: HashMap::new(), preparations: 0, sent_bytes })
    }

    /// Sends what a pane needs and does not hold.
    pub(super) fn prepare(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, pane: PaneId, frame: &SliceFrame, origin: [i32; 2]) {
        self.reload(device);
        self.preparations += 1;
        if !self.panes.get(&pane).is_some_and(|textures| textures.fits(frame)) {
            self.make_room();
            self.panes.insert(pane, PaneTextures::new(device, &self.layout, frame));
        }
        let Some(textures) = self.panes.get_mut(&pane) else { return };
        textures.used = self.preparations;
        let uniforms = Uniforms::new(frame, origin, self.format.is_srgb());
        let sent = textures.update(queue, frame, uniforms);
        self.sent_bytes.fetch_add(sent as u64, Ordering::Relaxed);
    }

    /// Draws a prepared pane over the viewport of the pass.
    pub(super) fn paint(&self, pass: &mut wgpu::RenderPass<'static>, pane: PaneId) {
        let Some(textures) = self.panes.get(&pane) else { return };
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, textures.bind_group(), &[]);
        pass.draw(0..3, 0..1);
    }

    fn make_room(&mut self) {
        if self.panes.len() < MAX_PANES {
            return;
        }
        if let Some(oldest) = self.panes.iter().min_by_key(|(_, textures)| textures.used).map(|(id, _)| *id) {
            self.panes.remove(&oldest);
        }
    }

    /// Debug builds: takes a changed shader file, or says why not and keeps the last good one.
    fn reload(&mut self, device: &wgpu::Device) {
        let Some(text) = self.watch.changed() else { return };
        match pipeline(device, &self.layout, self.format, &text) {
            Ok(pipeline) => {
                self.pipeline = pipeline;
                log::info!("the slice shader was read again");
            }
            Err(error) => log::warn!("keeping the last good slice shader: {error}"),
        }
    }
}

fn bind_group_layout(device: &wgpu::Device) -> wgpu::BindGroupLayout {
    let texture = |binding, sample_type, view_dimension| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::FRAGMENT,
        ty: wgpu::BindingType::Texture { sample_type, view_dimension, multisampled: false },
        count: None,
    };
    let uniforms = wgpu::BindGroupLayoutEntry {
        binding: 0,
        visibility: wgpu::ShaderStages::FRAGMENT,
        ty: wgpu::BindingType::Buffer {
            ty: wgpu::BufferBindingType::Uniform,
            has_dynamic_offset: false,
            min_binding_size: std::num::NonZeroU64::new(size_of::<Uniforms>() as u64),
        },
        count: None,
    };
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some("slice pane"),
        entries: &[
            uniforms,
            texture(1, wgpu::TextureSampleType::Float { filterable: false }, wgpu::TextureViewDimension::D2),
            texture(2, wgpu::TextureSampleType::Uint, wgpu::TextureViewDimension::D2Array),
            texture(3, wgpu::TextureSampleType::Uint, wgpu::TextureViewDimension::D2),
        ],
    })
}

/// Compiles `text`. Errors are caught in a scope, as wgpu would end the program over them.
fn pipeline(
    device: &wgpu::Device,
    layout: &wgpu::BindGroupLayout,
    format: wgpu::TextureFormat,
    text: &str,
) -> Result<wgpu::RenderPipeline, ContextError> {
    let scope = device.push_error_scope(wgpu::ErrorFilter::Validation);
    let module = device
        .create_shader_module(wgpu::ShaderModuleDescriptor { label: Some("slice shader"), source: wgpu::ShaderSource::Wgsl(text.into()) });
    let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some("slice pane"),
        bind_group_layouts: &[Some(layout)],
        immediate_size: 0,
    });
    let pipeline = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some("slice pane"),
        layout: Some(&pipeline_layout),
        vertex: wgpu::VertexState {
            module: &module,
            entry_point: Some("vertex"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            buffers: &[],
        },
        primitive: wgpu::PrimitiveState::default(),
        depth_stencil: None,
        multisample: wgpu::MultisampleState::default(),
        fragment: Some(wgpu::FragmentState {
            module: &module,
            entry_point: Some("fragment"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            targets: &[Some(wgpu::ColorTargetState { format, blend: None, write_mask: wgpu::ColorWrites::ALL })],
        }),
        multiview_mask: None,
        cache: None,
    });
    match ready(scope.pop()) {
        Some(Some(error)) => Err(ContextError::Shader(error.to_string())),
        _ => Ok(pipeline),
    }
}

/// The result of a future that a native backend has finished when it hands it over.
fn ready<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.as_mut().poll(&mut context) {
        std::task::Poll::Ready(value) => Some(value),
        std::task::Poll::Pending => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_shader_is_refused_in_words() {
        let made = std::panic::catch_unwind(|| {
            egui_kittest::wgpu::create_render_state(egui_kittest::wgpu::default_wgpu_setup(), egui_wgpu::RendererOptions::PREDICTABLE)
        });
        let Ok(state) = made else {
            assert_ne!(std::env::var("OSTEON_REQUIRE_ALL").as_deref(), Ok("1"), "OSTEON_REQUIRE_ALL=1, but no graphics adapter");
            println!("skipped: no graphics adapter");
            return;
        };
        let layout = bind_group_layout(&state.device);
        let compile = |text: &str| pipeline(&state.device, &layout, state.target_format, text);
        let good = shader::embedded();
        for broken in ["", "fn fragment(", &good.replace("smooth_value_at(corner)", "corner"), &good.replace("@binding(3)", "@binding(9)")]
        {
            assert!(matches!(compile(broken), Err(ContextError::Shader(why)) if !why.is_empty()));
        }
        assert!(compile(&good).is_ok());
    }
}
