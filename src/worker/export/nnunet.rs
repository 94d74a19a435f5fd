//! The raw data layout of nnU-Net version 2: one data set per reader and layer.

use super::super::task::Task;
use super::layers::{Found, Layer};
use super::nifti::json_file;
use crate::io::{make_folder, write_image_nifti, write_labels_nifti};
use crate::study::{Part, SequenceName, Split, Study};
use crate::volume::LayerKind;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a data set has become so far.
struct DataSet {
    folder: PathBuf,
    channels: Vec<SequenceName>,
    training: usize,
    labels: Map<String, Value>,
}

/// Whole reads only: in nnU-Net a voxel without a label is background.
pub(super) fn write(task: &Task, study: &Study, found: &Found<'_>, out: &Path) -> Result<(usize, Vec<String>), String> {
    let split = Split::load(study.layout()).map_err(|e| e.to_string())?;
    let mut sets: BTreeMap<String, DataSet> = BTreeMap::new();
    let result = found.each(task, |layer| {
        if !layer.is_whole() {
            return Ok(Some(format!(
                "{} of {} slices are done; nnU-Net would take the others for background",
                layer.done.len(),
                layer.slices
            )));
        }
        let name = format!("{}_{}", layer.kind, layer.reader);
        let number = number(study, layer);
        let set = match sets.entry(name) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let folder = out.join(format!("Dataset{number:03}_{}", entry.key()));
                entry.insert(DataSet::begin(layer, folder))
            }
        };
        let is_test = split.part(&layer.record.patient) == Some(Part::Test);
        set.add(study, layer, if is_test { "Ts" } else { "Tr" })
    })?;
    for set in sets.into_values() {
        set.finish()?;
    }
    Ok(result)
}

impl DataSet {
    fn begin(layer: &Layer<'_>, folder: PathBuf) -> Self {
        let mut labels = Map::new();
        labels.insert("background".to_owned(), json!(0));
        for class in layer.scheme.classes() {
            labels.insert(class.key.clone(), json!(class.value));
        }
        Self { folder, channels: channels(layer), training: 0, labels }
    }

    fn add(&mut self, study: &Study, layer: &Layer<'_>, part: &str) -> Result<Option<String>, String> {
        if channels(layer) != self.channels {
            let wanted: Vec<&str> = self.channels.iter().map(SequenceName::as_str).collect();
            return Ok(Some(format!("it does not have the sequences of the first exam on one grid ({})", wanted.join(", "))));
        }
        let (images, masks) = (self.folder.join(format!("images{part}")), self.folder.join(format!("labels{part}")));
        for folder in [&self.folder, &images, &masks] {
            make_folder(folder).map_err(|e| e.to_string())?;
        }
        let case = layer.record.exam.to_string();
        for (channel, sequence) in self.channels.iter().enumerate() {
            let image = study.load_image(&layer.record.exam, sequence).map_err(|e| e.to_string())?;
            write_image_nifti(&images.join(format!("{case}_{channel:04}.nii.gz")), &image).map_err(|e| e.to_string())?;
        }
        write_labels_nifti(&masks.join(format!("{case}.nii.gz")), &layer.labels, "").map_err(|e| e.to_string())?;
        self.training += usize::from(part == "Tr");
        Ok(None)
    }

    fn finish(self) -> Result<(), String> {
        let channels: Map<String, Value> =
            self.channels.iter().enumerate().map(|(at, name)| (at.to_string(), json!(name.as_str()))).collect();
        if !self.folder.exists() {
            return Ok(());
        }
        let about = json!({
            "channel_names": channels, "labels": self.labels, "numTraining": self.training, "file_ending": ".nii.gz",
            "description": concat!("written by osteon ", env!("CARGO_PKG_VERSION")),
        });
        json_file(&self.folder.join("dataset.json"), &about)
    }
}

/// Of a reader and layer, whatever the order of the exams and whoever has read by then: training folders are known by it.
fn number(study: &Study, layer: &Layer<'_>) -> usize {
    let readers = study.protocol().readers();
    let reader = readers.iter().position(|rule| rule.code == layer.reader).unwrap_or(readers.len());
    reader * LayerKind::ALL.len() + layer.kind.number() + 1
}

/// The sequences of an exam that lie on the grid of the one that was read, that one first.
fn channels(layer: &Layer<'_>) -> Vec<SequenceName> {
    let record = layer.record;
    let read = record.sequences.iter().find(|s| s.name == record.reading_sequence);
    let same = |name: &SequenceName| {
        record
            .sequences
            .iter()
            .find(|s| s.name == *name)
            .zip(read)
            .is_some_and(|(a, b)| a.shape == b.shape && a.world_from_voxel == b.world_from_voxel)
    };
    let others = record.sequences.iter().map(|s| &s.name).filter(|name| **name != record.reading_sequence && same(name));
    std::iter::once(&record.reading_sequence).chain(others).cloned().collect()
}
