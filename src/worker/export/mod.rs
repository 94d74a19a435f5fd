//! Writing layers to files: NIfTI, DICOM segmentation, nnU-Net, BIDS.

mod bids;
mod layers;
mod nifti;
mod nnunet;
mod seg;

use super::message::{ExportHow, Outcome, Role};
use super::task::Task;
use crate::io::make_folder;
use crate::study::{Layout, Study};
use layers::Found;
use std::path::Path;

/// Writes every layer that holds a label, and finished marrow without one: a reader's own reads, or all of them for the coordinator.
pub(super) fn export(task: &Task, root: &Path, role: &Role, how: &ExportHow, out: &Path, now: &str) -> Outcome {
    match write_all(task, root, role, how, out, now) {
        _ if task.cancel.is_cancelled() => Outcome::Cancelled,
        Ok((0, left_out)) => Outcome::Failed(match left_out.first() {
            Some(why) => format!("There is nothing to export: {why}."),
            None => "There is nothing to export yet: no layer holds a label, and no read is finished.".to_owned(),
        }),
        Ok((files, left_out)) => Outcome::Exported { files, out: out.to_owned(), left_out },
        Err(why) => Outcome::Failed(why),
    }
}

/// The number of masks written, and what was left out with the reason.
fn write_all(task: &Task, root: &Path, role: &Role, how: &ExportHow, out: &Path, now: &str) -> Result<(usize, Vec<String>), String> {
    let study = Study::look(root).map_err(|e| e.to_string())?;
    Layout::refuse_target(out).map_err(|e| e.to_string())?;
    if matches!(how, ExportHow::DicomSeg { .. }) && role.reader().is_some() {
        return Err("Only the coordinator writes DICOM segmentations: they say who the patient is.".to_owned());
    }
    let sources = match how {
        ExportHow::DicomSeg { link, source } => Some(seg::Sources::open(task, &study, link, source)?),
        _ => None,
    };
    let found = Found::collect(task, &study, role)?;
    found.require_intact(task)?;
    make_folder(out).map_err(|e| e.to_string())?;
    match how {
        ExportHow::Nifti => found.each(task, |layer| nifti::write(layer, out)),
        ExportHow::DicomSeg { .. } => match &sources {
            Some(sources) => found.each(task, |layer| seg::write(layer, sources, out, now)),
            None => Ok((0, Vec::new())),
        },
        ExportHow::NnUnet => nnunet::write(task, &study, &found, out),
        ExportHow::Bids => bids::write(task, &study, &found, out),
    }
}
