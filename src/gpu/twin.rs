//! The slice shader's arithmetic on the CPU: the reference for the GPU, and the renderer where there is none.

use super::axis_map::{AxisMap, AxisPoint};
use super::slice::PixelRect;
use super::style::{OverlayMode, OverlayStyle};
use super::twin_labels::LabelLines;
use super::{Interpolation, SliceImage, SliceLabels, SliceView};
use rayon::prelude::*;

/// Rows that one task renders together: the labels of a row serve its neighbours' edges too.
const BAND: usize = 24;

/// Renders a pane: opaque sRGB pixels row by row, `view.size()` of them. Layers are drawn in order; labels beyond the
/// image are not drawn.
#[must_use]
pub fn render(view: &SliceView, image: &SliceImage, layers: &[(&SliceLabels, &OverlayStyle)]) -> Vec<[u8; 4]> {
    render_part(view, image, layers, PixelRect::whole(view.size().map(|n| n as usize)))
}

/// Renders the device pixels of `part` (cut to the pane), row by row: what [`render`] would give there.
#[must_use]
pub fn render_part(view: &SliceView, image: &SliceImage, layers: &[(&SliceLabels, &OverlayStyle)], part: PixelRect) -> Vec<[u8; 4]> {
    let pane = view.size().map(|n| n as usize);
    let part = PixelRect { lo: part.lo, hi: std::array::from_fn(|a| part.hi[a].min(pane[a])) };
    if part.is_empty() {
        return Vec::new();
    }
    let [width, height] = part.size();
    let maps = [0, 1].map(|axis| AxisMap::new(view, axis, part.lo[axis]..part.hi[axis], image.size()[axis]));
    let inks = layers.iter().map(|(_, style)| Inks::new(style)).collect();
    let pane = Pane { view, image, layers, inks, part, maps };
    let mut pixels = vec![[0; 4]; width * height];
    pixels.par_chunks_mut(width * BAND).enumerate().for_each(|(band, rows)| pane.render_band(band * BAND, rows));
    pixels
}

/// Everything a band needs.
struct Pane<'a> {
    view: &'a SliceView,
    image: &'a SliceImage,
    layers: &'a [(&'a SliceLabels, &'a OverlayStyle)],
    inks: Vec<Inks>,
    part: PixelRect,
    maps: [AxisMap; 2],
}

impl Pane<'_> {
    /// Renders rows `first..` of the part.
    fn render_band(&self, first: usize, rows: &mut [[u8; 4]]) {
        let width = self.part.size()[0];
        let count = rows.len() / width;
        let mut mixed = Vec::new();
        for (n, row) in rows.chunks_exact_mut(width).enumerate() {
            self.grey_row(self.maps[1].inner()[first + n], row, &mut mixed);
        }
        for ((labels, style), inks) in self.layers.iter().zip(&self.inks) {
            let around = &self.maps[1].padded()[first..first + count + 2];
            let lines = LabelLines::new(labels, style.contour, &self.maps[0], around, self.maps[1].count());
            for (n, row) in rows.chunks_exact_mut(width).enumerate() {
                if let Some(lines) = lines.around(n) {
                    self.overlay_row(style, inks, lines, self.part.lo[1] + first + n, row);
                }
            }
        }
    }

    fn grey_row(&self, y: AxisPoint, row: &mut [[u8; 4]], mixed: &mut Vec<f32>) {
        let [r, g, b] = self.view.ground;
        let ground = [r, g, b, 255];
        let Some(v) = y.pixel() else {
            row.fill(ground);
            return;
        };
        let (black, per_value) = self.view.grey_ramp();
        let flip = if self.view.inverted { 255 } else { 0 };
        let shade = |value: f32| {
            // `as u8` cuts to 0..=255 and drops the fraction; below zero both floor and truncation end at 0.
            let grey = ((value - black) * per_value) as u8 ^ flip;
            [grey, grey, grey, 255]
        };
        let across = self.maps[0].inner();
        match self.view.interpolation {
            Interpolation::Nearest => {
                let values = self.image.row(v);
                for (pixel, x) in row.iter_mut().zip(across) {
                    *pixel = x.pixel().map_or(ground, |u| shade(values[u]));
                }
            }
            Interpolation::Smooth => {
                let ([above, below], part) = y.neighbours();
                let (above, below) = (self.image.row(above), self.image.row(below));
                mixed.clear();
                mixed.extend(above.iter().zip(below).map(|(a, b)| a + (b - a) * part));
                for (pixel, x) in row.iter_mut().zip(across) {
                    let ([left, right], part) = x.neighbours();
                    *pixel = x.pixel().map_or(ground, |_| shade(mixed[left] + (mixed[right] - mixed[left]) * part));
                }
            }
        }
    }

    /// Draws one layer over one row. `lines` hold the labels of the rows above, here and below, one device pixel wider on
    /// both sides.
    fn overlay_row(&self, style: &OverlayStyle, inks: &Inks, lines: [&[u8]; 3], y: usize, row: &mut [[u8; 4]]) {
        let [above, here, below] = lines.map(|line| &line[..row.len() + 2]);
        let inside = &here[1..=row.len()];
        let (Some(first), Some(last)) = (inside.iter().position(|&l| l != 0), inside.iter().rposition(|&l| l != 0)) else { return };
        let [_, line, edge] = style.strengths().map(|strength| strength > 0);
        let masks = line_masks(if line { style.mode } else { OverlayMode::Fill }, y as u32, self.view.pattern_thickness());
        let masks = masks.iter().cycle().skip((self.part.lo[0] + first) % masks.len());
        for (i, mask) in (first..=last).zip(masks) {
            let label = here[i + 1];
            if label == 0 {
                continue;
            }
            let on_edge = edge && (here[i] != label || here[i + 2] != label || above[i + 1] != label || below[i + 1] != label);
            let kind = if on_edge { 2 } else { usize::from(mask >> ((label - 1) % 4) & 1) };
            inks.apply(kind, label, &mut row[i]);
        }
    }
}

/// For tint, line and edge: what each label adds to a pixel.
struct Inks([Box<[Ink; 256]>; 3]);

#[derive(Clone, Copy, Default)]
struct Ink {
    keep: u32,
    add: [u32; 3],
}

impl Inks {
    fn new(style: &OverlayStyle) -> Self {
        Self(style.strengths().map(|strength| {
            let mut inks = Box::new([Ink::default(); 256]);
            for (ink, [r, g, b, a]) in inks.iter_mut().zip(*style.palette) {
                let alpha = (strength * u32::from(a) + 127) / 255;
                *ink = Ink { keep: 255 - alpha, add: [r, g, b].map(|c| u32::from(c) * alpha + 127) };
            }
            inks
        }))
    }

    /// Blends in whole numbers, as the shader does.
    #[inline]
    fn apply(&self, kind: usize, label: u8, pixel: &mut [u8; 4]) {
        let ink = &self.0[kind][usize::from(label)];
        let blended = |c: usize| ((u32::from(pixel[c]) * ink.keep + ink.add[c]) / 255) as u8;
        *pixel = [blended(0), blended(1), blended(2), 255];
    }
}

/// Whether device pixel `at` lies on a line of the hatching or of the label's pattern; see `on_line` in overlay.wgsl.
fn on_line(mode: OverlayMode, label: u8, at: [u32; 2], thick: u32) -> bool {
    let diagonal = 8 * thick;
    let [x, y] = at;
    match mode {
        OverlayMode::Fill | OverlayMode::Outline => false,
        OverlayMode::Hatch => (x + y) % diagonal < thick,
        OverlayMode::Pattern => {
            let [u, v] = at.map(|p| p % (6 * thick));
            match (label - 1) % 4 {
                0 => u < 2 * thick && v < 2 * thick,
                1 => v < thick,
                2 => u < thick || v < thick,
                _ => (x + diagonal * 4096 - y) % diagonal < thick,
            }
        }
    }
}

/// For the columns of one row, as far as all patterns repeat: bit n says whether a label with pattern n has a line there.
fn line_masks(mode: OverlayMode, y: u32, thick: u32) -> Vec<u8> {
    // 24 is a multiple of both periods, 8 and 6.
    let bits = |x: u32| (0..4_u8).map(|n| u8::from(on_line(mode, n + 1, [x, y], thick)) << n).sum();
    (0..24 * thick).map(bits).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::LabelScheme;
    use proptest::prelude::*;

    fn ramp(width: usize, height: usize) -> SliceImage {
        SliceImage::from_values([width, height], (0..width * height).map(|n| (n % 251) as f32).collect()).unwrap()
    }

    #[test]
    fn nearest_shows_each_value_as_its_level() {
        let image = ramp(7, 5);
        let view = SliceView::new([10, 8]).interpolated(Interpolation::Nearest).placed([1.0, 1.0], [2.0, 1.0]);
        let pixels = render(&view, &image, &[]);
        for (y, x) in (0..8_usize).flat_map(|y| (0..10_usize).map(move |x| (y, x))) {
            let inside = (2..9).contains(&x) && (1..6).contains(&y);
            let want = if inside { image.row(y - 1)[x - 2] as u8 } else { 0 };
            assert_eq!(pixels[y * 10 + x], [want, want, want, 255], "{x} {y}");
        }
        let mut view = view;
        (view.inverted, view.ground) = (true, [9, 8, 7]);
        let inverted = render(&view, &image, &[]);
        assert_eq!((inverted[0], inverted[10 + 2]), ([9, 8, 7, 255], [255; 4]));
    }

    #[test]
    fn smooth_is_halfway_between_two_centres() {
        let image = SliceImage::from_values([2, 1], vec![0.0, 100.0]).unwrap();
        let view = SliceView::new([8, 4]).placed([4.0, 4.0], [0.0, 0.0]);
        let greys: Vec<u8> = render(&view, &image, &[]).iter().take(8).map(|p| p[0]).collect();
        assert_eq!(greys, [0, 0, 13, 38, 63, 88, 100, 100]);
    }

    #[test]
    fn fill_edge_outline_and_hatch() {
        let image = SliceImage::from_values([4, 4], vec![100.0; 16]).unwrap();
        let labels = SliceLabels::from_values([4, 4], vec![0, 0, 0, 0, 0, 3, 3, 0, 0, 3, 3, 0, 0, 0, 0, 0]).unwrap();
        let view = SliceView::new([40, 40]).placed([10.0; 2], [0.0; 2]);
        let scheme = LabelScheme::marrow();
        let at = |style: &OverlayStyle, x: usize, y: usize| render(&view, &image, &[(&labels, style)])[y * 40 + x];
        let paint = OverlayStyle::paint(&scheme);
        assert_eq!(at(&paint, 9, 15), [100, 100, 100, 255]);
        assert_eq!(at(&paint, 10, 15), [0xfa, 0xdc, 0x46, 255]);
        assert_eq!(at(&paint, 29, 29), [0xfa, 0xdc, 0x46, 255]);
        // 100 + 0.45 (250 - 100), and so on.
        assert_eq!(at(&paint, 15, 15), [168, 154, 86, 255]);
        let proposal = OverlayStyle::proposal(&scheme);
        assert_eq!(at(&proposal, 16, 16), [0xfa, 0xdc, 0x46, 255]);
        assert_eq!(at(&proposal, 17, 16), [100, 100, 100, 255]);
        let outline = OverlayStyle { contour: super::super::Contour::Voxels, ..OverlayStyle::bone_outline([230, 232, 234, 255]) };
        assert_eq!(at(&outline, 10, 12), [0xe6, 0xe8, 0xea, 255]);
        assert_eq!(at(&outline, 11, 12), [100, 100, 100, 255]);
    }

    #[test]
    fn a_part_is_what_the_whole_shows_there() {
        let image = ramp(37, 29);
        let labels = SliceLabels::from_values([37, 29], (0..37 * 29).map(|n| (n / 50 % 4) as u8).collect()).unwrap();
        let view = SliceView::new([121, 83]).placed([3.3, 2.9], [-4.25, 7.5]);
        for style in [
            OverlayStyle::paint(&LabelScheme::marrow()),
            OverlayStyle::bone_outline([230, 232, 234, 255]),
            OverlayStyle::patterned(&LabelScheme::marrow()),
        ] {
            let layers = [(&labels, &style)];
            let whole = render(&view, &image, &layers);
            let part = PixelRect { lo: [31, 17], hi: [99, 200] };
            let cut = render_part(&view, &image, &layers, part);
            assert_eq!(cut.len(), 68 * 66);
            for (n, pixel) in cut.iter().enumerate() {
                assert_eq!(*pixel, whole[(17 + n / 68) * 121 + 31 + n % 68]);
            }
        }
        assert!(render_part(&view, &image, &[], PixelRect { lo: [121, 0], hi: [130, 9] }).is_empty());
    }

    proptest! {
        /// Whatever the numbers, sizes and modes: no panic, and a part is what the whole shows there.
        #[test]
        fn nothing_breaks_it(
            pane in prop::array::uniform2(0..40_u32), size in prop::array::uniform2(1..12_usize), other in prop::array::uniform2(1..12_usize),
            scale in any::<[f32; 2]>(), near in prop::array::uniform2(0.1..9.0f32), offset in prop::array::uniform2(-60.0..60.0f32), wild in any::<bool>(),
            window in any::<[f32; 2]>(), smooth in any::<bool>(), thick in any::<u32>(), mode in 0..4_usize, rounded in any::<bool>(),
            lo in prop::array::uniform2(0..30_usize), hi in prop::array::uniform2(0..90_usize), seed in any::<u8>(),
        ) {
            let values = (0..size[0] * size[1]).map(|n| if n == 3 { f32::MAX } else { n as f32 }).collect();
            let image = SliceImage::from_values(size, values).unwrap();
            let labels = (0..other[0] * other[1]).map(|n| if n % 3 == 0 { seed.wrapping_mul(n as u8) } else { 0 }).collect();
            let labels = SliceLabels::from_values(other, labels).unwrap();
            let mut view = SliceView::new(pane).placed(if wild { scale } else { near }, offset).windowed(window[0], window[1]);
            view.interpolation = if smooth { Interpolation::Smooth } else { Interpolation::Nearest };
            view.pattern_scale = thick;
            let mode = [OverlayMode::Fill, OverlayMode::Outline, OverlayMode::Hatch, OverlayMode::Pattern][mode];
            let contour = if rounded { super::super::Contour::Rounded } else { super::super::Contour::Voxels };
            let style = OverlayStyle { mode, contour, ..OverlayStyle::single([200, 100, 50, 220]) };
            let layers = [(&labels, &style)];
            let whole = render(&view, &image, &layers);
            prop_assert_eq!(whole.len(), (pane[0] * pane[1]) as usize);
            let part = PixelRect { lo, hi: [hi[0].min(pane[0] as usize), hi[1].min(pane[1] as usize)] };
            let cut = render_part(&view, &image, &layers, PixelRect { lo, hi });
            prop_assert_eq!(cut.len(), if part.is_empty() { 0 } else { part.size()[0] * part.size()[1] });
            for (n, pixel) in cut.iter().enumerate() {
                let [x, y] = [lo[0] + n % part.size()[0], lo[1] + n / part.size()[0]];
                prop_assert_eq!(*pixel, whole[y * pane[0] as usize + x]);
            }
        }
    }
}
