//! The region of the metaphysis squares of the exam on screen, for those who count in it.

use super::OpenExam;
use crate::edit::tools::{Region, Square};
use crate::volume::LayerKind;

/// Epiphysis and metaphysis square of every bone with a square; nothing where the read has none.
#[derive(Clone, Debug, Default)]
pub struct SquareRegion {
    /// Revision of the bone layer and the squares that it was made of.
    of: (u64, Vec<Square>),
    region: Option<Region>,
}

impl SquareRegion {
    /// Makes it anew where bone or squares are others than before; whether it did.
    pub fn refresh(&mut self, exam: &OpenExam) -> bool {
        let layers = exam.layers();
        let of = (layers.revision(LayerKind::Bone), layers.squares().copied().collect::<Vec<_>>());
        if of == self.of {
            return false;
        }
        let had = self.region.is_some();
        // Without a square nothing is looked at, however often the bone layer changes.
        self.region = if of.1.is_empty() { None } else { Region::new(&of.1, exam.plane(), layers.labels(LayerKind::Bone)) };
        self.of = of;
        had || self.region.is_some()
    }

    /// Whether there is a square.
    #[must_use]
    pub const fn is_some(&self) -> bool {
        self.region.is_some()
    }

    /// What it is, as of the last [`SquareRegion::refresh`].
    #[must_use]
    pub const fn region(&self) -> Option<&Region> {
        self.region.as_ref()
    }

    /// Whether a voxel inside the grid belongs; none does where there is no square.
    #[must_use]
    pub fn contains(&self, voxel: [usize; 3], exam: &OpenExam) -> bool {
        self.region.as_ref().is_some_and(|region| region.contains(voxel, exam.layers().labels(LayerKind::Bone)))
    }
}
