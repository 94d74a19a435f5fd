//! What one pane shows: a slice, its labels and how both are drawn.

use super::{OverlayStyle, SliceImage, SliceLabels, SliceView, twin};
use std::sync::Arc;

/// Names a pane from one frame to the next; each pane on screen needs its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PaneId(pub u64);

/// One layer of labels and how it is drawn.
#[derive(Clone, Debug)]
pub struct Layer {
    /// The labels of the slice.
    pub labels: Arc<SliceLabels>,
    /// Colours and mode.
    pub style: Arc<OverlayStyle>,
}

/// Layers that a pane can show at once.
pub const MAX_LAYERS: usize = 8;

/// Everything a pane shows. Cloning shares slice and labels.
#[derive(Clone, Debug)]
pub struct SliceFrame {
    view: SliceView,
    image: Arc<SliceImage>,
    layers: Vec<Layer>,
}

impl SliceFrame {
    /// Layers are drawn in order; those beyond [`MAX_LAYERS`] are left out.
    #[must_use]
    pub fn new(view: SliceView, image: Arc<SliceImage>, mut layers: Vec<Layer>) -> Self {
        layers.truncate(MAX_LAYERS);
        Self { view, image, layers }
    }

    /// Placement, window and interpolation.
    #[must_use]
    pub const fn view(&self) -> &SliceView {
        &self.view
    }

    /// The grey values.
    #[must_use]
    pub const fn image(&self) -> &Arc<SliceImage> {
        &self.image
    }

    /// The layers in drawing order.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Renders with the CPU twin; see [`twin::render`].
    #[must_use]
    pub fn render(&self) -> Vec<[u8; 4]> {
        twin::render(&self.view, &self.image, &self.borrowed_layers())
    }

    /// The layers as the twin takes them.
    #[must_use]
    pub fn borrowed_layers(&self) -> Vec<(&SliceLabels, &OverlayStyle)> {
        self.layers.iter().map(|layer| (&*layer.labels, &*layer.style)).collect()
    }
}
