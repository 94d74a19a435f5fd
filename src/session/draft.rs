//! What is shown before it is painted: a threshold's preview, a livewire under way.

use super::{OpenExam, Tool};
use crate::edit::tools::{LiveWire, OutlineDraft};
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
    /// How long that way was at each click.
    pub(super) anchors: Vec<usize>,
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

    /// Clicks that made it so far.
    #[must_use]
    pub const fn clicks(&self) -> usize {
        self.anchors.len()
    }

    /// Whether the way to the pointer is still being looked for.
    #[must_use]
    pub const fn is_searching(&self) -> bool {
        self.searching
    }
}

/// What was half drawn when its slice or its tool was left: it is there again when both come back.
#[derive(Debug)]
pub(super) struct Aside {
    draft: OutlineDraft,
    wire: Option<Wire>,
}

impl OpenExam {
    /// Forgets what was being drawn on the slice shown.
    pub(super) fn drop_draft(&mut self) {
        self.draft = OutlineDraft::new();
        self.wire = None;
    }

    /// Lays aside what is half drawn with a tool on the slice shown.
    pub(super) fn lay_draft_aside(&mut self, tool: Tool) {
        let (draft, wire) = (std::mem::take(&mut self.draft), self.wire.take());
        if wire.is_some() || !draft.points().is_empty() {
            self.aside.insert((self.view.slice, tool), Aside { draft, wire });
        }
    }

    /// Takes up again what was half drawn with a tool on the slice shown.
    pub(super) fn take_draft_up(&mut self, tool: Tool) {
        if let Some(Aside { draft, wire }) = self.aside.remove(&(self.view.slice, tool)) {
            (self.draft, self.wire) = (draft, wire);
        }
    }
}
