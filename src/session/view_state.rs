//! What is seen and how: slice, window, zoom, layers.

use super::display::{Window, WindowPreset};
use crate::volume::{Image, LayerKind};

/// The workspaces of the top bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Workspace {
    /// Reading and painting.
    #[default]
    Read,
    /// A model's proposals on unread exams: accepted or refused.
    Review,
    /// Readers, model and consensus side by side.
    Compare,
    /// Masks scored by eye.
    Score,
    /// Versions of the model.
    Models,
    /// The rules of the study.
    Protocol,
    /// Who did what when.
    Audit,
}

impl Workspace {
    /// All, in the order of the switch.
    pub const ALL: [Self; 7] = [Self::Read, Self::Review, Self::Compare, Self::Score, Self::Models, Self::Protocol, Self::Audit];

    /// Name on the switch.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::Review => "Review",
            Self::Compare => "Compare",
            Self::Score => "Score",
            Self::Models => "Models",
            Self::Protocol => "Protocol",
            Self::Audit => "Audit",
        }
    }
}

/// How an exam is looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewState {
    /// Slice from 0.
    pub slice: usize,
    /// Window of the sequence shown.
    pub window: Window,
    /// 1 = the slice fits the pane.
    pub zoom: f32,
    /// In-plane pixel in the middle of the pane.
    pub centre_uv: [f32; 2],
    /// Smooth interpolation.
    pub smooth: bool,
    /// Whether paint is shown.
    pub overlay: bool,
    /// Opacity of fills.
    pub opacity: f32,
    /// A pattern per level.
    pub patterns: bool,
    /// Layers shown.
    pub marrow_visible: bool,
    /// Layers shown.
    pub bone_visible: bool,
    /// Layers shown.
    pub exclusion_visible: bool,
    /// Sequence shown.
    pub sequence: usize,
    /// Which other visit stands beside it; `None` = another sequence.
    pub visit: Option<usize>,
    /// How many slices further that visit is shown.
    pub visit_shift: i32,
    /// The voxel of the reading grid that all panes show.
    pub cursor: [usize; 3],
    /// Pointer in in-plane pixels.
    pub hover_uv: Option<[f32; 2]>,
}

impl ViewState {
    /// Smallest and largest zoom.
    pub const ZOOM_RANGE: [f32; 2] = [0.25, 40.0];

    /// The middle slice of an image at its automatic window.
    #[must_use]
    pub fn for_image(image: &Image, slices: usize, size: [usize; 2]) -> Self {
        Self {
            slice: slices / 2,
            window: WindowPreset::Auto.window(image),
            zoom: 1.0,
            centre_uv: Self::middle(size),
            smooth: true,
            overlay: true,
            opacity: 0.45,
            patterns: false,
            marrow_visible: true,
            bone_visible: true,
            exclusion_visible: true,
            sequence: 0,
            visit: None,
            visit_shift: 0,
            cursor: image.grid().shape().map(|n| n / 2),
            hover_uv: None,
        }
    }

    /// The in-plane middle of a slice of `size` pixels.
    #[must_use]
    pub fn middle(size: [usize; 2]) -> [f32; 2] {
        size.map(|n| (n as f32 - 1.0) / 2.0)
    }

    /// Whether a layer is shown.
    #[must_use]
    pub const fn shows(&self, layer: LayerKind) -> bool {
        match layer {
            LayerKind::Marrow => self.overlay && self.marrow_visible,
            LayerKind::Bone => self.overlay && self.bone_visible,
            LayerKind::Exclusion => self.overlay && self.exclusion_visible,
        }
    }
}
