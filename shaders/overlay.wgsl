// One layer of labels over the slice: tint, edge, hatching, patterns. Uses the bindings of slice.wgsl.

const MODE_FILL: u32 = 0u;
const MODE_OUTLINE: u32 = 1u;
const MODE_HATCH: u32 = 2u;
const MODE_PATTERN: u32 = 3u;
const ROUNDED: u32 = 16u;

fn label_of(layer: u32, pixel: vec2<i32>) -> u32 {
    if any(pixel < vec2<i32>(0)) || any(pixel >= view.size) {
        return 0u;
    }
    return textureLoad(slice_labels, pixel, i32(layer), 0).r;
}

// The label with the largest bilinear weight; equal weights: the one met first.
fn rounded_label_at(layer: u32, corner: vec2<f32>) -> u32 {
    let centre = corner - 0.5;
    let base = floor(centre);
    let part = centre - base;
    let p = vec2<i32>(base);
    let labels = vec4<u32>(
        label_of(layer, p),
        label_of(layer, p + vec2<i32>(1, 0)),
        label_of(layer, p + vec2<i32>(0, 1)),
        label_of(layer, p + vec2<i32>(1, 1)),
    );
    if all(labels == labels.xxxx) {
        return labels.x;
    }
    let rest = 1.0 - part;
    let weights = vec4<f32>(rest.x * rest.y, part.x * rest.y, rest.x * part.y, part.x * part.y);
    var best = -1.0;
    var label = 0u;
    for (var i = 0; i < 4; i += 1) {
        var sum = 0.0;
        for (var j = 0; j < 4; j += 1) {
            if labels[j] == labels[i] {
                sum += weights[j];
            }
        }
        if sum > best {
            best = sum;
            label = labels[i];
        }
    }
    return label;
}

fn label_at(layer: u32, screen: vec2<f32>) -> u32 {
    let corner = corner_at(screen);
    if (view.layers[layer].w & ROUNDED) != 0u {
        return rounded_label_at(layer, corner);
    }
    return label_of(layer, vec2<i32>(floor(corner)));
}

// Whether one of the four device pixels around belongs to another label: a line one device pixel wide, inside the area.
fn on_edge(layer: u32, label: u32, screen: vec2<f32>) -> bool {
    return label_at(layer, screen - vec2<f32>(1.0, 0.0)) != label
        || label_at(layer, screen + vec2<f32>(1.0, 0.0)) != label
        || label_at(layer, screen - vec2<f32>(0.0, 1.0)) != label
        || label_at(layer, screen + vec2<f32>(0.0, 1.0)) != label;
}

// Whether a device pixel lies on a line of the hatching or of the label's pattern.
fn on_line(mode: u32, label: u32, at: vec2<u32>) -> bool {
    let thick = view.ground.w;
    let diagonal = 8u * thick;
    if mode == MODE_HATCH {
        return (at.x + at.y) % diagonal < thick;
    }
    if mode != MODE_PATTERN {
        return false;
    }
    let cell = at % vec2<u32>(6u * thick);
    switch (label - 1u) % 4u {
        case 0u: { return cell.x < 2u * thick && cell.y < 2u * thick; }
        case 1u: { return cell.y < thick; }
        case 2u: { return cell.x < thick || cell.y < thick; }
        default: { return (at.x + diagonal * 4096u - at.y) % diagonal < thick; }
    }
}

fn overlaid(below: vec3<u32>, layer: u32, screen: vec2<f32>) -> vec3<u32> {
    let label = label_at(layer, screen);
    if label == 0u {
        return below;
    }
    let style = view.layers[layer];
    let colour = textureLoad(palettes, vec2<i32>(i32(label), i32(layer)), 0);
    var strength = style.x;
    if style.y > 0u && on_line(style.w & 15u, label, vec2<u32>(screen)) {
        strength = style.y;
    }
    if style.z > 0u && on_edge(layer, label, screen) {
        strength = style.z;
    }
    let alpha = (strength * colour.a + 127u) / 255u;
    return (below * (255u - alpha) + colour.rgb * alpha + 127u) / 255u;
}
