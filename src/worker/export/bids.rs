//! BIDS derivatives (BIDS 1.9, imaging derivatives): `sub-P123_ses-K344_desc-R1marrow_dseg.nii.gz` with look-up tables.

use super::super::task::Task;
use super::layers::{Found, Layer};
use super::nifti::json_file;
use crate::io::{atomic_write, make_folder, write_labels_nifti};
use crate::study::Study;
use serde_json::json;
use std::path::Path;

pub(super) fn write(task: &Task, study: &Study, found: &Found<'_>, out: &Path) -> Result<(usize, Vec<String>), String> {
    let about = json!({
        "Name": format!("Masks of {}", study.protocol().name()), "BIDSVersion": "1.9.0", "DatasetType": "derivative",
        "License": "n/a",
        "GeneratedBy": [{"Name": "Osteon", "Version": env!("CARGO_PKG_VERSION"), "Description": "read by the readers named in desc-"}],
    });
    json_file(&out.join("dataset_description.json"), &about)?;
    text(
        &out.join("README"),
        "Masks of a reading study, one label map per read and layer, on the grid of the image that was read.\nThe part after desc- is the reader's code and the layer; the .tsv beside each mask says what its numbers mean.\n",
    )?;
    found.each(task, |layer| one(layer, out))
}

fn one(layer: &Layer<'_>, out: &Path) -> Result<Option<String>, String> {
    let (subject, session) = (plain(layer.record.patient.as_str()), plain(layer.record.exam.as_str()));
    let folder = out.join(format!("sub-{subject}")).join(format!("ses-{session}")).join("anat");
    let mut place = out.to_owned();
    for part in [format!("sub-{subject}"), format!("ses-{session}"), "anat".to_owned()] {
        place.push(part);
        make_folder(&place).map_err(|e| e.to_string())?;
    }
    let stem = format!("sub-{subject}_ses-{session}_desc-{}{}_dseg", plain(layer.reader.as_str()), layer.kind);
    write_labels_nifti(&folder.join(format!("{stem}.nii.gz")), &layer.labels, "").map_err(|e| e.to_string())?;
    let mut table = "index\tname\tcolor\n".to_owned();
    for class in layer.scheme.classes() {
        let [r, g, b] = class.colour.0;
        table += &format!("{}\t{}\t#{r:02x}{g:02x}{b:02x}\n", class.value, class.key);
    }
    text(&folder.join(format!("{stem}.tsv")), &table)?;
    let mut about = layer.sidecar();
    about["Manual"] = json!(layer.models.is_empty());
    json_file(&folder.join(format!("{stem}.json")), &about)?;
    Ok(None)
}

/// Codes without what BIDS does not allow in a name.
fn plain(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).collect()
}

fn text(path: &Path, text: &str) -> Result<(), String> {
    atomic_write(path, |w| w.write_all(text.as_bytes())).map_err(|e| e.to_string())
}
