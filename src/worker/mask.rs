//! Reading a mask made elsewhere (ITK-SNAP, Slicer, nnU-Net, MedSeg, DICOM SEG) onto the grid of the open exam.

use super::message::{MaskRead, MaskRequest, Outcome};
use super::segments::labels_of;
use super::task::Task;
use crate::io::{SegMap, SegmentInfo, SlicePlaces, read_labels_nifti, read_seg};
use crate::volume::{Labels, Placing, PlacingError, place, place_slices};
use std::collections::{BTreeMap, BTreeSet};
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
            add: request.add,
            base_revision: request.base_revision,
        })),
        Err(why) => Outcome::Failed(why),
    }
}

fn placed(request: &MaskRequest) -> Result<Labels, String> {
    let path = &request.path;
    let mask = open(path)?;
    let mut used = BTreeSet::new();
    mask.labels.for_each_labelled(|_, label| {
        used.insert(label);
    });
    let map = labels_of(&mask.segments, &used, &request.scheme, &request.map).map_err(|why| format!("{}: {why}", path.display()))?;
    refuse_unknown(request, &mask, &used, &map)?;
    let mut labels = Labels::empty(mask.labels.grid().clone());
    mask.labels.for_each_labelled(|voxel, label| labels.set(voxel, map.get(&label).copied().unwrap_or(label)));
    let how = if request.resample { Placing::Nearest } else { Placing::Exact };
    let placed = match &mask.places {
        SlicePlaces::Grid => place(&labels, &request.grid, how),
        SlicePlaces::Each(starts) => place_slices(&labels, starts, &request.grid, how),
    };
    let placed = placed.map_err(|error| match error {
        PlacingError::OtherGrid(grids) => format!(
            "{}: the mask does not lie on the image's grid: the image has {}, the mask {}; let it be resampled (--resample) if that is meant.",
            path.display(),
            grids.left,
            grids.right
        ),
        PlacingError::Outside(_) => format!("{}: {error}; crop it, or let it be resampled (--resample).", path.display()),
    })?;
    if placed.counts().labelled() == 0 && labels.counts().labelled() > 0 {
        return Err(format!("{}: no labelled voxel falls on the image; choose the mask of this exam.", path.display()));
    }
    Ok(placed)
}

/// Labels that the layer does not have, unless it was said what becomes of them.
fn refuse_unknown(request: &MaskRequest, mask: &Mask, used: &BTreeSet<u8>, map: &BTreeMap<u8, u8>) -> Result<(), String> {
    let classes = request.scheme.classes();
    let is_known = |label: u8| label == 0 || classes.iter().any(|c| c.value == label);
    let name = |label: &u8| match (map.get(label), mask.segments.iter().find(|s| s.value == *label)) {
        (Some(ours), _) => ours.to_string(),
        (None, Some(segment)) => format!("{label} ({})", segment.label),
        (None, None) => label.to_string(),
    };
    let unknown: Vec<String> = used.iter().filter(|label| !is_known(*map.get(label).unwrap_or(label))).map(name).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let known: Vec<String> = classes.iter().map(|c| format!("{} {}", c.value, c.key)).collect();
    Err(format!(
        "{}: the {} layer has no label {}; it has {}: say what becomes what, such as --map 4=1 (=0 leaves a label out).",
        request.path.display(),
        request.layer,
        unknown.join(", "),
        known.join(", ")
    ))
}

/// What a file holds.
struct Mask {
    labels: Labels,
    places: SlicePlaces,
    /// What its labels are called, where it tells that.
    segments: Vec<SegmentInfo>,
}

fn open(path: &Path) -> Result<Mask, String> {
    let name = path.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
    if [".nii", ".nii.gz", ".hdr", ".img", ".hdr.gz", ".img.gz"].iter().any(|ending| name.ends_with(ending)) {
        let labels = read_labels_nifti(path).map_err(|e| e.to_string())?;
        return Ok(Mask { labels, places: SlicePlaces::Grid, segments: Vec::new() });
    }
    let SegMap { labels, places, segments } = read_seg(path).map_err(|e| e.to_string())?;
    Ok(Mask { labels, places, segments })
}
