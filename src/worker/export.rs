//! Writing layers as NIfTI on exactly the image's grid.

use super::message::{Outcome, Role};
use super::task::Task;
use crate::io::{atomic_write, make_folder, write_labels_nifti};
use crate::study::{ExamRecord, ReadFile, Study};
use crate::volume::{LabelScheme, LayerKind};
use serde_json::json;
use std::path::Path;

/// Writes `<exam>_<reader>_<layer>.nii.gz` and a JSON sidecar for every layer that holds a label: a reader's own reads,
/// or all of them for the coordinator.
pub(super) fn export(task: &Task, root: &Path, role: &Role, out: &Path) -> Outcome {
    match write_all(task, root, role, out) {
        _ if task.cancel.is_cancelled() => Outcome::Cancelled,
        Ok(0) => Outcome::Failed("There is nothing to export yet: no layer holds a label.".to_owned()),
        Ok(files) => Outcome::Exported { files, out: out.to_owned() },
        Err(why) => Outcome::Failed(why),
    }
}

fn write_all(task: &Task, root: &Path, role: &Role, out: &Path) -> Result<usize, String> {
    let study = Study::open(root).map_err(|e| e.to_string())?;
    make_folder(out).map_err(|e| e.to_string())?;
    let records = study.exams().map_err(|e| e.to_string())?;
    let mut files = 0;
    for (at, record) in records.iter().enumerate() {
        task.progress(format!("Exporting {}", record.exam), Some(at as f32 / records.len() as f32));
        if task.cancel.is_cancelled() {
            break;
        }
        files += write_exam(&study, record, role, out)?;
    }
    Ok(files)
}

fn write_exam(study: &Study, record: &ExamRecord, role: &Role, out: &Path) -> Result<usize, String> {
    let layout = study.layout();
    let readers = match role.reader() {
        // A reader's program looks into that reader's folder only.
        Some(reader) => vec![reader.clone()],
        None => layout.readers_of(&record.exam).map_err(|e| e.to_string())?,
    };
    let mut files = 0;
    for reader in readers {
        let Some(number) = layout.read_numbers(&reader, &record.exam).map_err(|e| e.to_string())?.pop() else { continue };
        let (header, view) = ReadFile::open_read_only(&layout.read(&reader, &record.exam, number)).map_err(|e| e.to_string())?;
        let state = view.state().map_err(|e| e.to_string())?;
        for layer in LayerKind::ALL {
            let labels = state.labels(layer);
            if labels.labelled_box().is_empty() {
                continue;
            }
            let stem = format!("{}_{reader}_{layer}", record.exam);
            write_labels_nifti(&out.join(format!("{stem}.nii.gz")), labels, &format!("Osteon {layer}")).map_err(|e| e.to_string())?;
            let scheme = if layer == LayerKind::Marrow { LabelScheme::marrow() } else { study.protocol().bone_scheme() };
            let done: Vec<u32> = state.done.iter().filter(|(l, _)| *l == layer).map(|(_, slice)| *slice).collect();
            let sidecar = json!({
                "exam": record.exam.to_string(), "reader": reader.to_string(), "read": number, "layer": layer.word(),
                "assisted": header.assisted, "image": record.reading_sequence.to_string(), "image_sha256": header.image_sha256,
                "labels": scheme.classes().iter().map(|c| json!({"value": c.value, "key": c.key, "name": c.name})).collect::<Vec<_>>(),
                "slices_done_from_0": done, "slice_axis": header.slice_axis,
                "software": concat!("osteon ", env!("CARGO_PKG_VERSION")),
            });
            let text = format!("{sidecar:#}\n");
            atomic_write(&out.join(format!("{stem}.json")), |w| w.write_all(text.as_bytes())).map_err(|e| e.to_string())?;
            files += 1;
        }
    }
    Ok(files)
}
