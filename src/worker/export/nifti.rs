//! `<exam>_<reader>_<layer>.nii.gz` on exactly the image's grid, with a JSON file that says what the labels mean; where not all was
//! painted by hand, `provenance/…_provenance.nii.gz` says of every voxel what changed it last, background included.

use super::layers::Layer;
use crate::edit::CommitKind;
use crate::io::{atomic_write, make_folder, write_labels_nifti};
use serde_json::json;
use std::path::Path;

pub(super) fn write(layer: &Layer<'_>, out: &Path) -> Result<Option<String>, String> {
    let stem = layer.stem();
    write_labels_nifti(&out.join(format!("{stem}.nii.gz")), &layer.labels, &format!("Osteon {}", layer.kind)).map_err(|e| e.to_string())?;
    let mut about = layer.sidecar();
    let kinds = layer.kinds();
    // Where everything was painted by hand there is nothing to tell apart.
    if kinds.iter().any(|(_, kind)| **kind != CommitKind::Hand) {
        let (folder, name) = (out.join("provenance"), format!("{stem}_provenance.nii.gz"));
        make_folder(&folder).map_err(|e| e.to_string())?;
        write_labels_nifti(&folder.join(&name), &layer.provenance.0, "Osteon provenance").map_err(|e| e.to_string())?;
        let kinds: Vec<_> = kinds.iter().map(|(value, kind)| json!({"value": value, "kind": kind.word(), "model": kind.model()})).collect();
        about["provenance"] = json!({"file": format!("provenance/{name}"), "kinds": kinds});
    }
    json_file(&out.join(format!("{stem}.json")), &about)?;
    Ok(None)
}

pub(super) fn json_file(path: &Path, value: &serde_json::Value) -> Result<(), String> {
    let text = format!("{value:#}\n");
    atomic_write(path, |w| w.write_all(text.as_bytes())).map_err(|e| e.to_string())
}
