//! The parameters of a pane as the shader reads them.

use super::{Contour, Interpolation, MAX_LAYERS, OverlayMode, OverlayStyle, SliceFrame};
use bytemuck::{Pod, Zeroable};

/// `View` of slice.wgsl, byte for byte.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
pub(super) struct Uniforms {
    origin: [f32; 2],
    offset: [f32; 2],
    pixels_per_screen: [f32; 2],
    black: f32,
    grey_per_value: f32,
    size: [i32; 2],
    layer_count: u32,
    flags: u32,
    ground: [u32; 4],
    layers: [[u32; 4]; MAX_LAYERS],
}

impl Uniforms {
    /// For a pane whose top left corner lies at `origin` (device pixels of the window); `linear_target` where the target
    /// format converts linear values to sRGB by itself.
    pub(super) fn new(frame: &SliceFrame, origin: [i32; 2], linear_target: bool) -> Self {
        let view = frame.view();
        let (black, grey_per_value) = view.grey_ramp();
        let mut layers = [[0; 4]; MAX_LAYERS];
        for (slot, layer) in layers.iter_mut().zip(frame.layers()) {
            *slot = style_words(&layer.style);
        }
        let smooth = view.interpolation == Interpolation::Smooth;
        let [r, g, b] = view.ground.map(u32::from);
        Self {
            origin: origin.map(|o| o as f32),
            offset: view.offset(),
            pixels_per_screen: view.pixels_per_screen(),
            black,
            grey_per_value,
            size: frame.image().size().map(|n| n as i32),
            layer_count: frame.layers().len() as u32,
            flags: u32::from(view.inverted) | u32::from(smooth) << 1 | u32::from(linear_target) << 2,
            ground: [r, g, b, view.pattern_thickness()],
            layers,
        }
    }
}

fn style_words(style: &OverlayStyle) -> [u32; 4] {
    let [tint, lines, edge] = style.strengths();
    let mode = match style.mode {
        OverlayMode::Fill => 0,
        OverlayMode::Outline => 1,
        OverlayMode::Hatch => 2,
        OverlayMode::Pattern => 3,
    };
    let contour = match style.contour {
        Contour::Voxels => 0,
        Contour::Rounded => 16,
    };
    [tint, lines, edge, mode | contour]
}
