//! Reading a mask made elsewhere (ITK-SNAP, Slicer, nnU-Net, MedSeg, DICOM SEG) onto the grid of the open exam.

use super::message::{MaskRead, MaskRequest, Outcome};
use super::task::Task;
use crate::io::{read_labels_nifti, read_seg};
use crate::volume::{Labels, Placing, PlacingError, place};
use std::collections::BTreeSet;
use std::path::Path;

/// Reads, renumbers and places.
pub(super) fn read(task: &Task, request: &MaskRequest) -> Outcome {
    task.progress("Reading the mask", None);
    match placed(request) {
        _ if task.cancel.is_cancelled() => Outcome::Cancelled,
        Ok(labels) => Outcome::MaskRead(Box::new(MaskRead {
            exam: request.exam.clone(),
            layer: request.layer,
            labels,
            base_revision: request.base_revision,
        })),
        Err(why) => Outcome::Failed(why),
    }
}

fn placed(request: &MaskRequest) -> Result<Labels, String> {
    let path = &request.path;
    let (mut labels, names) = open(path)?;
    if !request.map.is_empty() {
        let mut renumbered = Labels::empty(labels.grid().clone());
        labels.for_each_labelled(|voxel, label| renumbered.set(voxel, request.map.get(&label).copied().unwrap_or(label)));
        labels = renumbered;
    }
    let known: BTreeSet<u8> = request.scheme.classes().iter().map(|c| c.value).collect();
    let mut unknown = BTreeSet::new();
    labels.for_each_labelled(|_, label| {
        if !known.contains(&label) {
            unknown.insert(label);
        }
    });
    if !unknown.is_empty() {
        let of = |label: &u8| match names.iter().find(|(n, _)| n == label) {
            Some((n, name)) => format!("{n} ({name})"),
            None => label.to_string(),
        };
        let unknown: Vec<String> = unknown.iter().map(of).collect();
        let known: Vec<String> = request.scheme.classes().iter().map(|c| format!("{} {}", c.value, c.key)).collect();
        return Err(format!(
            "{}: the {} layer has no label {}; it has {}: say what becomes what, such as --map 4=1 (=0 leaves a label out).",
            path.display(),
            request.layer,
            unknown.join(", "),
            known.join(", ")
        ));
    }
    let how = if request.resample { Placing::Nearest } else { Placing::Exact };
    place(&labels, &request.grid, how).map_err(|error| match error {
        PlacingError::OtherGrid(grids) => format!(
            "{}: the mask does not lie on the image's grid: the image has {}, the mask {}; let it be resampled (--resample) if that is meant.",
            path.display(),
            grids.left,
            grids.right
        ),
        PlacingError::Outside(_) => format!("{}: {error}; crop it, or let it be resampled (--resample).", path.display()),
    })
}

/// The label map of a file, with the names of its labels where it tells them.
fn open(path: &Path) -> Result<(Labels, Vec<(u8, String)>), String> {
    let name = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
    if [".nii", ".nii.gz", ".hdr", ".img", ".hdr.gz", ".img.gz"].iter().any(|ending| name.ends_with(ending)) {
        return read_labels_nifti(path).map(|labels| (labels, Vec::new())).map_err(|e| e.to_string());
    }
    let map = read_seg(path).map_err(|e| e.to_string())?;
    Ok((map.labels, map.segments.into_iter().map(|s| (s.value, s.label)).collect()))
}
