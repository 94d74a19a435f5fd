//! What a threshold would label on the slice shown: worked out anew only when something that it rests on changes.

use crate::edit::tools::{Limits, Operation, Scope};
use crate::session::{Preview, Session, Tool};
use crate::volume::LayerKind;
use std::sync::Arc;

/// What a preview rests on.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::session) struct PreviewKey {
    operation: Operation,
    slice: usize,
    layer: LayerKind,
    revisions: [u64; 3],
    limits: Limits,
}

impl Session {
    /// Brings the preview up to date; called after every command.
    pub(super) fn refresh_preview(&mut self) {
        let operation = match self.tool.tool {
            Tool::Threshold => Operation::Threshold { band: self.threshold(), label: self.tool.label() },
            Tool::Levels => Operation::Levels { from: self.level_bounds() },
            _ => {
                if let Some(exam) = &mut self.exam {
                    exam.preview = None;
                }
                return;
            }
        };
        self.refresh_region();
        let limits = self.limits();
        let layer = self.tool.layer;
        let Some(exam) = self.exam.as_ref().filter(|e| e.writable) else { return };
        let slice = exam.view.slice;
        let key = PreviewKey { operation, slice, layer, revisions: LayerKind::ALL.map(|l| exam.layers.revision(l)), limits };
        if exam.preview.as_ref().is_some_and(|(held, _)| *held == key) {
            return;
        }
        let Some(scene) = self.scene() else { return };
        let writes = operation.writes(&scene, Scope::Slice(slice), &|_| true);
        let [width, height] = scene.plane.size();
        let mut labels = vec![0; width * height];
        for write in &writes {
            let (_, [u, v]) = scene.plane.pixel(scene.layer.grid().voxel(write.at as usize));
            labels[u + width * v] = write.label;
        }
        let Some(exam) = &mut self.exam else { return };
        exam.preview = Some((key, Preview { size: [width, height], labels: Arc::new(labels), voxels: writes.len() }));
    }

    /// Grey values from which levels 1, 2 and 3 begin: multiples of the way from air to fatty marrow.
    #[must_use]
    pub fn level_bounds(&self) -> [f32; 3] {
        let [air, fatty] = self.level_scale();
        // Fatty marrow as dark as air (a reference placed in air) gives no scale and would turn the levels over: then the way to the
        // brightest value stands for it, and multiples above 1 label nothing.
        let brightest = || self.exam.as_ref().map_or(air, |e| e.reading_image().range().1);
        let way = if fatty > air { fatty - air } else { (brightest() - air).max(air.abs().mul_add(1e-3, 1e-6)) };
        self.tool.levels.map(|times| times.mul_add(way, air))
    }

    /// The grey values of air and of fatty marrow: the placed reference, else the best that is known.
    #[must_use]
    pub fn level_scale(&self) -> [f32; 2] {
        let Some(exam) = &self.exam else { return [0.0, 1.0] };
        let image = exam.reading_image();
        let fatty = exam.fatty_marrow().unwrap_or_else(|| crate::session::FattyMarrow::of_body(image));
        [image.greys().air(), fatty.value()]
    }
}
