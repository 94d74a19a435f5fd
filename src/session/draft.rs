//! What is shown before it is painted: a threshold's preview, a livewire under way.

use crate::edit::tools::LiveWire;
use std::sync::Arc;

/// What a threshold would label on the slice shown.
#[derive(Clone, Debug)]
pub struct Preview {
    /// Width and height of the slice.
    pub size: [usize; 2],
    /// A label per pixel, line by line; 0 = none.
    pub labels: Arc<Vec<u8>>,
    /// Number of voxels that would change.
    pub voxels: usize,
}

/// A livewire under way.
#[derive(Clone, Debug)]
pub struct Wire {
    pub(super) search: LiveWire,
    /// The way up to the last anchor.
    pub(super) fixed: Vec<[f32; 2]>,
    /// The way on to the pointer.
    pub(super) live: Vec<[f32; 2]>,
    /// Whether the way to the pointer is still being looked for.
    pub(super) searching: bool,
}

impl Wire {
    /// The way up to the last anchor, in in-plane pixels.
    #[must_use]
    pub fn fixed(&self) -> &[[f32; 2]] {
        &self.fixed
    }

    /// The way on to the pointer.
    #[must_use]
    pub fn live(&self) -> &[[f32; 2]] {
        &self.live
    }

    /// Whether the way to the pointer is still being looked for.
    #[must_use]
    pub const fn is_searching(&self) -> bool {
        self.searching
    }
}
