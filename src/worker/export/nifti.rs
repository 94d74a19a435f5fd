//! `<exam>_<reader>_<layer>.nii.gz` on exactly the image's grid, with a JSON file that says what the labels mean.

use super::layers::Layer;
use crate::io::{atomic_write, write_labels_nifti};
use std::path::Path;

pub(super) fn write(layer: &Layer<'_>, out: &Path) -> Result<Option<String>, String> {
    let stem = layer.stem();
    write_labels_nifti(&out.join(format!("{stem}.nii.gz")), &layer.labels, &format!("Osteon {}", layer.kind)).map_err(|e| e.to_string())?;
    json(&out.join(format!("{stem}.json")), &layer.sidecar())?;
    Ok(None)
}

pub(super) fn json(path: &Path, value: &serde_json::Value) -> Result<(), String> {
    let text = format!("{value:#}\n");
    atomic_write(path, |w| w.write_all(text.as_bytes())).map_err(|e| e.to_string())
}
