//! The tool in hand.

use crate::edit::tools::{BrushShape, LabelSet};
use crate::volume::LayerKind;

/// What the left button does on the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tool {
    /// Paints the label.
    Brush,
    /// Paints background.
    Eraser,
    /// Changes one label into another where it is, and nothing else.
    Relabel,
    /// Labels what lies inside a drawn loop or polygon.
    Lasso,
    /// Closed bone outline of points.
    Outline,
    /// Outline that follows edges between clicks.
    Livewire,
    /// Fills a connected area of one label.
    Fill,
    /// Labels a band of grey values, with a preview.
    Threshold,
    /// Labels three levels from three grey values upwards, with a preview.
    Levels,
    /// Sets the metaphysis square.
    Square,
    /// Adopts the proposal where it brushes.
    AdoptBrush,
    /// Measures distances and angles.
    Measure,
    /// Places the fatty-marrow reference.
    Reference,
}

impl Tool {
    /// All, in the order of the tool column.
    pub const ALL: [Self; 13] = [
        Self::Brush,
        Self::Eraser,
        Self::Relabel,
        Self::Lasso,
        Self::Outline,
        Self::Livewire,
        Self::Fill,
        Self::Threshold,
        Self::Levels,
        Self::AdoptBrush,
        Self::Square,
        Self::Measure,
        Self::Reference,
    ];

    /// Name on screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Brush => "Brush",
            Self::Eraser => "Erase",
            Self::Relabel => "Relabel",
            Self::Lasso => "Lasso",
            Self::Outline => "Outline",
            Self::Livewire => "Livewire",
            Self::Fill => "Fill",
            Self::Threshold => "Threshold",
            Self::Levels => "Levels",
            Self::Square => "Metaphysis",
            Self::AdoptBrush => "Adopt",
            Self::Measure => "Measure",
            Self::Reference => "Reference",
        }
    }

    /// Its word in `study.toml`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Brush => "brush",
            Self::Eraser => "eraser",
            Self::Relabel => "relabel",
            Self::Lasso => "lasso",
            Self::Outline => "outline",
            Self::Livewire => "livewire",
            Self::Fill => "fill",
            Self::Threshold => "threshold",
            Self::Levels => "levels",
            Self::Square => "square",
            Self::AdoptBrush => "adopt",
            Self::Measure => "measure",
            Self::Reference => "reference",
        }
    }

    /// What the mouse does with it, for the status line.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::Brush => "drag to paint",
            Self::Eraser => "drag to erase",
            Self::Relabel => "start on a label and drag: that label alone becomes the active one",
            Self::Lasso => "draw a loop, or click corners and press Enter: what lies inside is labelled",
            Self::Outline => "click points, drag them · Enter or a click on the first closes",
            Self::Livewire => "click along an edge · Enter or a click on the first closes",
            Self::Fill => "click into an area of one label to fill it",
            Self::Threshold => "drag over tissue to take its grey values · Enter labels what is shown",
            Self::Levels => "set where the levels begin · Enter labels what is shown",
            Self::Square => "drag along the physis, edge to edge · drag an end to move it",
            Self::AdoptBrush => "drag over a proposal to adopt it",
            Self::Measure => "drag: distance · drag on from its end: angle · click: grey value",
            Self::Reference => "click into fatty marrow, or draw the disc from its middle: grey levels are scaled to it",
        }
    }

    /// Whether a shape of the brush's size follows the pointer.
    #[must_use]
    pub const fn has_size(self) -> bool {
        matches!(self, Self::Brush | Self::Eraser | Self::Relabel | Self::AdoptBrush | Self::Threshold)
    }
}

/// What limits painting; each rule holds for every tool that adds labels. What is excluded (physis, vessels) is never painted
/// with marrow, whatever the rules.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rules {
    /// Marrow only where the bone layer has a label.
    pub inside_bone: bool,
    /// Only grey values within [`super::Session::threshold`].
    pub inside_band: bool,
    /// Only over these labels of the layer (0 = background); `None` = over all.
    pub over: Option<LabelSet>,
    /// Marrow only within the region of the metaphysis squares.
    pub inside_region: bool,
}

/// Sizes that operations on whole shapes work with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ShapeSizes {
    /// Margin, and smoothing's standard deviation, in mm.
    pub by_mm: f32,
    /// Islands smaller than this go, in mm³.
    pub island_mm3: f32,
    /// How many standard deviations labels may grow into.
    pub spread: f32,
}

impl Default for ShapeSizes {
    fn default() -> Self {
        Self { by_mm: 1.0, island_mm3: 20.0, spread: 2.5 }
    }
}

/// The tool in hand and what it paints with.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolState {
    /// The tool.
    pub tool: Tool,
    /// Layer painted on.
    pub layer: LayerKind,
    /// Label of each layer, by [`LayerKind::number`].
    pub labels: [u8; 3],
    /// Brush diameter in mm.
    pub size_mm: f32,
    /// Disc or square.
    pub shape: BrushShape,
    /// Whether the brush reaches into neighbouring slices, as a ball or cube.
    pub three_d: bool,
    /// What limits painting.
    pub rules: Rules,
    /// Grey values of the band; `None` = not set yet for this image.
    pub threshold: Option<[f32; 2]>,
    /// From where levels 1, 2 and 3 begin: multiples of the way from air to fatty marrow.
    pub levels: [f32; 3],
    /// How far grey values may differ from where a fill begins; `None` = labels alone bound it.
    pub tolerance: Option<f32>,
    /// Gaps that a fill does not pass, in mm.
    pub gap_mm: f32,
    /// Whether operations work on the whole exam, or on the slice shown.
    pub whole_exam: bool,
    /// Sizes of operations.
    pub shapes: ShapeSizes,
}

impl Default for ToolState {
    fn default() -> Self {
        Self {
            tool: Tool::Brush,
            layer: LayerKind::Marrow,
            labels: [1; 3],
            size_mm: 6.0,
            shape: BrushShape::Circle,
            three_d: false,
            rules: Rules::default(),
            threshold: None,
            levels: [1.5, 2.2, 3.2],
            tolerance: None,
            gap_mm: 0.0,
            whole_exam: false,
            shapes: ShapeSizes::default(),
        }
    }
}

impl ToolState {
    /// Smallest and largest brush diameter in mm.
    pub const SIZE_RANGE_MM: [f32; 2] = [0.5, 60.0];

    /// Label of the active layer.
    #[must_use]
    pub const fn label(&self) -> u8 {
        self.labels[self.layer.number()]
    }

    /// The next size up or down: half-millimetre steps below 4 mm, whole ones below 12, then a sixth.
    #[must_use]
    pub fn stepped_size_mm(&self, steps: i32) -> f32 {
        let mut size = self.size_mm;
        for _ in 0..steps.unsigned_abs() {
            let step = if size < 4.0 {
                0.5
            } else if size < 12.0 {
                1.0
            } else {
                (size / 6.0).round()
            };
            size += step * steps.signum() as f32;
        }
        size.clamp(Self::SIZE_RANGE_MM[0], Self::SIZE_RANGE_MM[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn size_steps_stay_in_range() {
        let mut state = ToolState::default();
        state.size_mm = state.stepped_size_mm(200);
        assert_eq!(state.size_mm, 60.0);
        state.size_mm = state.stepped_size_mm(-200);
        assert_eq!(state.size_mm, 0.5);
    }
}
