//! How a layer of labels is drawn over the slice.

use crate::volume::{LabelScheme, Rgb};

/// What is drawn inside the area of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OverlayMode {
    /// An even tint.
    Fill,
    /// Nothing.
    Outline,
    /// Thin diagonal lines in the label's colour and no tint: a proposal, not yet a label.
    Hatch,
    /// A tint and a pattern of its own for each label (dots, rows, a grid, falling lines), for colour-blind readers.
    Pattern,
}

/// Which line the border of an area follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Contour {
    /// The voxel borders, exactly: what paint is drawn with.
    Voxels,
    /// The label with the largest bilinear weight at each point: cuts corners by less than half a voxel.
    Rounded,
}

/// How one layer is drawn.
#[derive(Clone, PartialEq, Eq)]
pub struct OverlayStyle {
    /// sRGB colour and strength (255 = full, 0 = hidden) of each label. Label 0 is never drawn.
    pub palette: Box<[[u8; 4]; 256]>,
    /// What fills the area.
    pub mode: OverlayMode,
    /// Strength of the tint, 0 to 255; see [`OverlayStyle::with_opacity`].
    pub fill_opacity: u8,
    /// Whether the border is drawn at full strength, one device pixel wide, inside the area.
    pub edge: bool,
    /// The line that the border follows.
    pub contour: Contour,
}

impl std::fmt::Debug for OverlayStyle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = self.palette.iter().filter(|c| c[3] > 0).count();
        f.debug_struct("OverlayStyle")
            .field("mode", &self.mode)
            .field("fill_opacity", &self.fill_opacity)
            .field("edge", &self.edge)
            .field("contour", &self.contour)
            .field("labels", &shown)
            .finish()
    }
}

/// 45 %.
const USUAL_OPACITY: u8 = 115;

impl OverlayStyle {
    /// Paint: 45 % tint with a full edge along voxels.
    #[must_use]
    pub fn paint(scheme: &LabelScheme) -> Self {
        Self { palette: palette(scheme), mode: OverlayMode::Fill, fill_opacity: USUAL_OPACITY, edge: true, contour: Contour::Voxels }
    }

    /// A proposal: hatched, never filled.
    #[must_use]
    pub fn proposal(scheme: &LabelScheme) -> Self {
        Self { mode: OverlayMode::Hatch, ..Self::paint(scheme) }
    }

    /// A pattern per label.
    #[must_use]
    pub fn patterned(scheme: &LabelScheme) -> Self {
        Self { mode: OverlayMode::Pattern, ..Self::paint(scheme) }
    }

    /// Bones: a line of one device pixel around every label.
    #[must_use]
    pub fn bone_outline(line: [u8; 4]) -> Self {
        Self { mode: OverlayMode::Outline, contour: Contour::Rounded, ..Self::single(line) }
    }

    /// A consensus: paint, and voxels that stay undecided (label 255) in a colour of their own.
    #[must_use]
    pub fn consensus(scheme: &LabelScheme, undecided: [u8; 4]) -> Self {
        let mut style = Self::paint(scheme);
        style.palette[255] = undecided;
        style
    }

    /// A probability map, 255 = 1: one colour, the stronger the more probable; no edges.
    #[must_use]
    pub fn probability(Rgb([r, g, b]): Rgb) -> Self {
        Self::ramp(|value| [r, g, b, value])
    }

    /// A heat map, 255 = 1: from dark red over orange to near white; 0 shows the picture.
    #[must_use]
    pub fn heat() -> Self {
        Self::ramp(heat)
    }

    /// A colour and strength for each of the values 1 to 255.
    fn ramp(colour: impl Fn(u8) -> [u8; 4]) -> Self {
        let mut palette = Box::new([[0; 4]; 256]);
        for value in 1..=255 {
            palette[usize::from(value)] = colour(value);
        }
        Self { palette, mode: OverlayMode::Fill, fill_opacity: 255, edge: false, contour: Contour::Voxels }
    }

    /// One colour for every label but 0, as a tint with an edge.
    #[must_use]
    pub fn single(colour: [u8; 4]) -> Self {
        let mut palette = Box::new([colour; 256]);
        palette[0] = [0; 4];
        Self { palette, mode: OverlayMode::Fill, fill_opacity: USUAL_OPACITY, edge: true, contour: Contour::Voxels }
    }

    /// Sets the strength of the tint, 0 to 1.
    #[must_use]
    pub fn with_opacity(mut self, opacity: f32) -> Self {
        self.fill_opacity = (opacity.clamp(0.0, 1.0) * 255.0).round() as u8;
        self
    }

    /// Strengths 0..=255 as shader and twin use them: (tint, lines of hatch or pattern, edge).
    pub(crate) const fn strengths(&self) -> [u32; 3] {
        let edge = if self.edge { 255 } else { 0 };
        match self.mode {
            OverlayMode::Fill => [self.fill_opacity as u32, 0, edge],
            // An outline without an edge would be nothing at all.
            OverlayMode::Outline => [0, 0, 255],
            OverlayMode::Hatch => [0, 255, edge],
            OverlayMode::Pattern => [self.fill_opacity as u32, 255, edge],
        }
    }
}

/// Straight lines between three colours; their strength grows from half to full.
fn heat(value: u8) -> [u8; 4] {
    const STOPS: [[u8; 4]; 3] = [[0x7a, 0x1f, 0x1a, 130], [0xd9, 0x8c, 0x3f, 215], [0xff, 0xf4, 0xe6, 255]];
    let at = f32::from(value) / 127.5;
    let (from, to, part) = if at < 1.0 { (STOPS[0], STOPS[1], at) } else { (STOPS[1], STOPS[2], at - 1.0) };
    std::array::from_fn(|c| (f32::from(from[c]) + (f32::from(to[c]) - f32::from(from[c])) * part).round() as u8)
}

fn palette(scheme: &LabelScheme) -> Box<[[u8; 4]; 256]> {
    let mut palette = Box::new([[0; 4]; 256]);
    for class in scheme.classes() {
        let Rgb([r, g, b]) = class.colour;
        palette[usize::from(class.value)] = [r, g, b, 255];
    }
    palette[0] = [0; 4];
    palette
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_tint_is_45_percent() {
        let style = OverlayStyle::paint(&LabelScheme::marrow());
        assert_eq!(style, style.clone().with_opacity(0.45));
        assert_eq!(style.palette[3], [0xfa, 0xdc, 0x46, 255]);
        assert_eq!((style.palette[0][3], style.palette[4][3]), (0, 0));
    }

    #[test]
    fn maps_are_the_stronger_the_higher_and_zero_shows_the_picture() {
        for style in [OverlayStyle::probability(Rgb([1, 2, 3])), OverlayStyle::heat()] {
            assert_eq!(style.palette[0], [0; 4]);
            assert!((1..255).all(|v| style.palette[v][3] <= style.palette[v + 1][3]));
            assert_eq!((style.palette[255][3], style.strengths()), (255, [255, 0, 0]));
        }
        let heat = OverlayStyle::heat();
        let light = |v: usize| heat.palette[v][..3].iter().map(|c| u32::from(*c)).sum::<u32>();
        assert!((1..255).all(|v| light(v) <= light(v + 1)), "a heat map must grow lighter, also in print");
        let consensus = OverlayStyle::consensus(&LabelScheme::marrow(), [1, 2, 3, 255]);
        assert!(consensus.palette[255] == [1, 2, 3, 255] && consensus.palette[1] == OverlayStyle::paint(&LabelScheme::marrow()).palette[1]);
    }

    #[test]
    fn a_proposal_is_never_filled() {
        let style = OverlayStyle::proposal(&LabelScheme::marrow()).with_opacity(1.0);
        assert_eq!(style.strengths()[0], 0);
    }
}
