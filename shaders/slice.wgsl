// One slice in one pane: grey values through the window, then the layers of overlay.wgsl on top, in one pass.
// `src/gpu/twin.rs` does the same arithmetic on the CPU. Grey levels and blending are whole numbers, so that both give the same
// pixels; change neither without the other. This file and overlay.wgsl are compiled as one text.

struct View {
    // Top left corner of the pane in the window, device pixels.
    origin: vec2<f32>,
    // Screen position, within the pane, of the top left corner of slice pixel (0, 0).
    offset: vec2<f32>,
    pixels_per_screen: vec2<f32>,
    black: f32,
    grey_per_value: f32,
    size: vec2<i32>,
    layer_count: u32,
    // Bits: 1 inverted, 2 smooth, 4 the target wants linear values.
    flags: u32,
    // sRGB beside the slice; w: device pixels per pixel of a pattern.
    ground: vec4<u32>,
    // Per layer: x = tint, y = lines, z = edge (strengths 0..255), w = mode in bits 0-3, contour in bit 4.
    layers: array<vec4<u32>, 8>,
}

@group(0) @binding(0) var<uniform> view: View;
@group(0) @binding(1) var slice_values: texture_2d<f32>;
@group(0) @binding(2) var slice_labels: texture_2d_array<u32>;
@group(0) @binding(3) var palettes: texture_2d<u32>;

const INVERTED: u32 = 1u;
const SMOOTH: u32 = 2u;
const LINEAR_TARGET: u32 = 4u;

// One triangle that covers the pane.
@vertex
fn vertex(@builtin(vertex_index) index: u32) -> @builtin(position) vec4<f32> {
    let x = f32(i32(index & 1u) * 4 - 1);
    let y = f32(i32(index >> 1u) * 4 - 1);
    return vec4<f32>(x, y, 0.0, 1.0);
}

// Slice position of a screen position; whole numbers are the borders between pixels.
fn corner_at(screen: vec2<f32>) -> vec2<f32> {
    return (screen - view.offset) * view.pixels_per_screen;
}

fn value_at(pixel: vec2<i32>) -> f32 {
    return textureLoad(slice_values, clamp(pixel, vec2<i32>(0), view.size - 1), 0).r;
}

// Bilinear, first down, then across: the order the twin uses.
fn smooth_value_at(corner: vec2<f32>) -> f32 {
    let centre = corner - 0.5;
    let base = floor(centre);
    let part = centre - base;
    let p = vec2<i32>(base);
    let above_left = value_at(p);
    let above_right = value_at(p + vec2<i32>(1, 0));
    let left = above_left + (value_at(p + vec2<i32>(0, 1)) - above_left) * part.y;
    let right = above_right + (value_at(p + vec2<i32>(1, 1)) - above_right) * part.y;
    return left + (right - left) * part.x;
}

fn grey_at(screen: vec2<f32>) -> vec3<u32> {
    let corner = corner_at(screen);
    let pixel = vec2<i32>(floor(corner));
    if any(pixel < vec2<i32>(0)) || any(pixel >= view.size) {
        return view.ground.rgb;
    }
    var value: f32;
    if (view.flags & SMOOTH) != 0u {
        value = smooth_value_at(corner);
    } else {
        value = value_at(pixel);
    }
    let grey = u32(clamp(floor((value - view.black) * view.grey_per_value), 0.0, 255.0));
    return vec3<u32>(select(grey, 255u - grey, (view.flags & INVERTED) != 0u));
}

fn linear_from_srgb(c: vec3<f32>) -> vec3<f32> {
    return select(pow((c + 0.055) / 1.055, vec3<f32>(2.4)), c / 12.92, c <= vec3<f32>(0.04045));
}

@fragment
fn fragment(@builtin(position) position: vec4<f32>) -> @location(0) vec4<f32> {
    // Device pixels have their centres at x.5, as in the twin.
    let screen = position.xy - view.origin;
    var colour = grey_at(screen);
    for (var layer = 0u; layer < view.layer_count; layer += 1u) {
        colour = overlaid(colour, layer, screen);
    }
    var out = vec3<f32>(colour) / 255.0;
    if (view.flags & LINEAR_TARGET) != 0u {
        out = linear_from_srgb(out);
    }
    return vec4<f32>(out, 1.0);
}
