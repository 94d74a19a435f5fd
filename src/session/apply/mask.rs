//! Taking over a mask made elsewhere, as one step that can be undone.

use crate::edit::CommitKind;
use crate::session::{Effect, MaskOptions, Session};
use crate::volume::LayerKind;
use crate::worker::message::{MaskRead, MaskRequest, Request};
use std::path::PathBuf;
use std::sync::Arc;

impl Session {
    /// Asks for a mask to be read onto the open exam's grid, for the active layer.
    pub(super) fn import_mask(&mut self, path: PathBuf, options: MaskOptions) -> Vec<Effect> {
        if self.exam.is_none() {
            self.warn("Open an exam before importing a mask.");
        }
        if !self.may_write() {
            return Vec::new();
        }
        let layer = self.tool.layer;
        let scheme = self.scheme(layer).clone();
        let Some(exam) = &self.exam else { return Vec::new() };
        let request = MaskRequest {
            path,
            exam: exam.code().clone(),
            layer,
            scheme,
            grid: Arc::clone(exam.layers().labels(layer).grid()),
            map: options.map,
            resample: options.resample,
            add: options.add,
            base_revision: exam.layers().revision(layer),
        };
        vec![self.request("Importing a mask", Request::ReadMask(Box::new(request)))]
    }

    /// Lets the layer be the mask (of bones, those that the mask holds), or writes its labelled voxels alone where it is to be added. Refused where the reader has gone on
    /// painting.
    pub(in crate::session) fn absorb_mask(&mut self, mask: MaskRead) -> Vec<Effect> {
        let mut effects = self.commit_gesture();
        let Some(exam) = self.exam.as_mut().filter(|e| *e.code() == mask.exam && e.writable) else {
            self.warn("The mask was not imported: its exam is no longer open.");
            return effects;
        };
        if exam.layers.revision(mask.layer) != mask.base_revision {
            self.warn("The mask was not imported: the layer was changed meanwhile. Import it again.");
            return effects;
        }
        let (mut voxels, mut bare) = (0_u64, Vec::new());
        // Bones often come in a file each: one says nothing of the others. Levels of marrow are one finding.
        let held = mask.labels.counts();
        let says = |label: u8| mask.layer == LayerKind::Marrow || held.of(label) > 0;
        exam.layers.labels(mask.layer).for_each_labelled(|voxel, label| {
            if mask.labels.get(voxel) == 0 && says(label) {
                bare.push(voxel);
            }
        });
        if let Err(error) = exam.layers.begin(mask.layer, CommitKind::Imported, "Imported mask".to_owned()) {
            self.warn(error.to_string());
            return effects;
        }
        mask.labels.for_each_labelled(|voxel, label| {
            voxels += 1;
            exam.layers.write(voxel, label);
        });
        if !mask.add {
            // What was erased in the other program would stay.
            bare.iter().for_each(|voxel| exam.layers.write(*voxel, 0));
        }
        let rest = match (bare.len(), mask.add) {
            (0, _) => String::new(),
            (left, true) => format!("; {left} labelled voxels that it leaves empty stay"),
            (left, false) => format!("; {left} labelled voxels that it leaves empty are cleared"),
        };
        match exam.layers.commit() {
            Some(row) => {
                effects.extend(self.journal(row));
                self.info(format!("Mask imported: {voxels} voxels of the {} layer{rest}. Undo takes it back as one step.", mask.layer));
            }
            None if voxels == 0 => self.info("The mask labels no voxel: nothing was changed."),
            None => self.info("The mask holds nothing that is not there already."),
        }
        effects
    }
}
