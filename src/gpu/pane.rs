//! The textures of one pane: filled once, then only where something changed.

use super::slice::{PixelRect, Stamp};
use super::uniforms::Uniforms;
use super::{MAX_LAYERS, OverlayStyle, SliceFrame, SliceLabels};
use std::sync::Arc;

/// What one pane keeps on the GPU, and the names of the contents it holds.
pub(super) struct PaneTextures {
    size: [usize; 2],
    values: wgpu::Texture,
    labels: wgpu::Texture,
    palettes: wgpu::Texture,
    uniforms: wgpu::Buffer,
    bind_group: wgpu::BindGroup,
    held_image: Option<Stamp>,
    held_labels: [Option<Stamp>; MAX_LAYERS],
    held_styles: [Option<Arc<OverlayStyle>>; MAX_LAYERS],
    held_uniforms: Option<Uniforms>,
    /// Number of the preparation that used this pane last.
    pub(super) used: u64,
}

impl PaneTextures {
    /// Empty textures for the slice size of a frame.
    pub(super) fn new(device: &wgpu::Device, layout: &wgpu::BindGroupLayout, frame: &SliceFrame) -> Self {
        let size = frame.image().size();
        let extent = extent(size);
        let values = texture(device, "slice values", extent, wgpu::TextureFormat::R32Float);
        // At least two: the GL backend cannot view a texture of one layer as an array.
        let count = frame.layers().len().next_power_of_two().max(2) as u32;
        let layered = wgpu::Extent3d { depth_or_array_layers: count, ..extent };
        let labels = texture(device, "slice labels", layered, wgpu::TextureFormat::R8Uint);
        let palette_extent = wgpu::Extent3d { width: 256, height: MAX_LAYERS as u32, depth_or_array_layers: 1 };
        let palettes = texture(device, "palettes", palette_extent, wgpu::TextureFormat::Rgba8Uint);
        let uniforms = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("slice view"),
            size: size_of::<Uniforms>() as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let flat = |t: &wgpu::Texture| t.create_view(&wgpu::TextureViewDescriptor::default());
        let stacked = labels.create_view(&wgpu::TextureViewDescriptor {
            dimension: Some(wgpu::TextureViewDimension::D2Array),
            ..wgpu::TextureViewDescriptor::default()
        });
        let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("slice pane"),
            layout,
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: uniforms.as_entire_binding() },
                wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::TextureView(&flat(&values)) },
                wgpu::BindGroupEntry { binding: 2, resource: wgpu::BindingResource::TextureView(&stacked) },
                wgpu::BindGroupEntry { binding: 3, resource: wgpu::BindingResource::TextureView(&flat(&palettes)) },
            ],
        });
        Self {
            size,
            values,
            labels,
            palettes,
            uniforms,
            bind_group,
            held_image: None,
            held_labels: [None; MAX_LAYERS],
            held_styles: Default::default(),
            held_uniforms: None,
            used: 0,
        }
    }

    /// Whether the frame's slice and layers fit these textures.
    pub(super) fn fits(&self, frame: &SliceFrame) -> bool {
        self.size == frame.image().size() && self.labels.depth_or_array_layers() as usize >= frame.layers().len()
    }

    /// What the draw call binds.
    pub(super) const fn bind_group(&self) -> &wgpu::BindGroup {
        &self.bind_group
    }

    /// Sends what the textures do not hold yet; returns the bytes sent.
    pub(super) fn update(&mut self, queue: &wgpu::Queue, frame: &SliceFrame, uniforms: Uniforms) -> usize {
        let mut sent = 0;
        if self.held_image != Some(frame.image().stamp()) {
            let bytes: &[u8] = bytemuck::cast_slice(frame.image().values());
            write(queue, &self.values, 0, PixelRect::whole(self.size), bytes, [self.size[0], 4]);
            self.held_image = Some(frame.image().stamp());
            sent += bytes.len();
        }
        for (slot, layer) in frame.layers().iter().enumerate() {
            sent += self.update_labels(queue, slot, &layer.labels);
            sent += self.update_palette(queue, slot, &layer.style);
        }
        if self.held_uniforms != Some(uniforms) {
            queue.write_buffer(&self.uniforms, 0, bytemuck::bytes_of(&uniforms));
            self.held_uniforms = Some(uniforms);
            sent += size_of::<Uniforms>();
        }
        sent
    }

    fn update_labels(&mut self, queue: &wgpu::Queue, slot: usize, labels: &SliceLabels) -> usize {
        let rect = labels.changed_since(self.held_labels[slot]);
        self.held_labels[slot] = Some(labels.stamp());
        if rect.is_empty() {
            return 0;
        }
        if labels.size() == self.size {
            write(queue, &self.labels, slot, rect, labels.values(), [self.size[0], 1]);
            return rect.size()[0] * rect.size()[1];
        }
        // Labels of another size are cut or padded with background, so that nothing older shows beside them.
        let mut padded = vec![0; self.size[0] * self.size[1]];
        let width = labels.size()[0].min(self.size[0]);
        for (v, row) in padded.chunks_exact_mut(self.size[0]).enumerate().take(labels.size()[1]) {
            row[..width].copy_from_slice(&labels.row(v)[..width]);
        }
        write(queue, &self.labels, slot, PixelRect::whole(self.size), &padded, [self.size[0], 1]);
        padded.len()
    }

    fn update_palette(&mut self, queue: &wgpu::Queue, slot: usize, style: &Arc<OverlayStyle>) -> usize {
        if self.held_styles[slot].as_ref().is_some_and(|held| Arc::ptr_eq(held, style) || held.palette == style.palette) {
            return 0;
        }
        let row = PixelRect { lo: [0, slot], hi: [256, slot + 1] };
        let mut bytes = vec![0; slot * 1024];
        bytes.extend_from_slice(style.palette.as_flattened());
        write(queue, &self.palettes, 0, row, &bytes, [256, 4]);
        self.held_styles[slot] = Some(Arc::clone(style));
        1024
    }
}

fn extent(size: [usize; 2]) -> wgpu::Extent3d {
    wgpu::Extent3d { width: size[0] as u32, height: size[1] as u32, depth_or_array_layers: 1 }
}

fn texture(device: &wgpu::Device, label: &str, size: wgpu::Extent3d, format: wgpu::TextureFormat) -> wgpu::Texture {
    device.create_texture(&wgpu::TextureDescriptor {
        label: Some(label),
        size,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    })
}

/// Copies `rect` out of `bytes`, a picture `[width in texels, bytes per texel]`, to the same place of a texture.
fn write(queue: &wgpu::Queue, texture: &wgpu::Texture, layer: usize, rect: PixelRect, bytes: &[u8], [width, texel]: [usize; 2]) {
    let [x, y] = rect.lo;
    queue.write_texture(
        wgpu::TexelCopyTextureInfo {
            texture,
            mip_level: 0,
            origin: wgpu::Origin3d { x: x as u32, y: y as u32, z: layer as u32 },
            aspect: wgpu::TextureAspect::All,
        },
        bytes,
        wgpu::TexelCopyBufferLayout {
            offset: ((y * width + x) * texel) as u64,
            bytes_per_row: Some((width * texel) as u32),
            rows_per_image: None,
        },
        extent(rect.size()),
    );
}
