//! DICOM segmentations over the source series, by the coordinator, who alone knows which that is.

use super::super::task::Task;
use super::layers::Layer;
use crate::io::{self, Algorithm, SegNote, Segment, SegmentMeaning, SourceVolume, Watch, read_path, write_seg};
use crate::study::{LinkedSources, Study};
use crate::volume::LayerKind;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::path::Path;

/// The link list and the DICOM images it speaks of.
pub(super) struct Sources {
    linked: LinkedSources,
    volumes: Vec<SourceVolume>,
}

impl Sources {
    /// Reads both. Nothing is written before.
    pub fn open(task: &Task, study: &Study, link: &Path, source: &Path) -> Result<Self, String> {
        let linked = LinkedSources::read(link, study.layout()).map_err(|e| e.to_string())?;
        let report = |done: usize, total: usize| {
            task.progress(format!("Reading {}", source.display()), (total > 0).then(|| done as f32 / total as f32));
        };
        let cancelled = || task.cancel.is_cancelled();
        let reading = read_path(source, &Watch::new(&report, &cancelled)).map_err(|e| e.to_string())?;
        Ok(Self { linked, volumes: reading.volumes })
    }

    /// The series that an exam's reading sequence was made of.
    fn of(&self, layer: &Layer<'_>) -> Result<&SourceVolume, String> {
        let exam = &layer.record.exam;
        let wanted = self
            .linked
            .sources(exam, &layer.record.reading_sequence)
            .ok_or_else(|| format!("The link list does not know exam {exam}; name the list that its import wrote."))?;
        let hashes = |volume: &SourceVolume| volume.sources().iter().map(|s| s.sha256.clone()).collect::<BTreeSet<_>>();
        let wanted: BTreeSet<String> = wanted.into_iter().collect();
        let on_grid = |volume: &&SourceVolume| volume.shape().get(..3) == Some(layer.header.grid.shape().as_slice());
        let same_place = |volume: &&SourceVolume| {
            let (a, b) = (volume.world_from_voxel().matrix(), layer.header.grid.world_from_voxel().matrix());
            a.iter().flatten().zip(b.iter().flatten()).all(|(a, b)| (a - b).abs() < 1e-3)
        };
        let of_hashes: Vec<&SourceVolume> = self.volumes.iter().filter(|v| hashes(v) == wanted).collect();
        of_hashes.into_iter().find(|v| on_grid(v) && same_place(v)).ok_or_else(|| {
            format!("The source files of exam {exam} are not there, or are not those it was imported from (their hashes differ); name their folder with --source.")
        })
    }
}

/// One object per layer.
pub(super) fn write(layer: &Layer<'_>, sources: &Sources, out: &Path, now: &str) -> Result<Option<String>, String> {
    if layer.labels.is_blank() {
        // A segmentation without a frame is none.
        return Ok(Some("no labelled voxel".to_owned()));
    }
    let source = sources.of(layer)?;
    // All labels of the layer, painted or not: so that the number of a segment is that of its label.
    let segments: Vec<Segment> = layer
        .scheme
        .classes()
        .iter()
        .map(|class| Segment {
            value: class.value,
            label: class.name.replace('·', "-"),
            meaning: match layer.kind {
                LayerKind::Marrow => SegmentMeaning::marrow_level(class.value).unwrap_or_else(|| SegmentMeaning::bone(&class.key)),
                LayerKind::Bone | LayerKind::Exclusion => SegmentMeaning::bone(&class.key),
            },
            algorithm: layer.algorithms.get(&class.value).copied().unwrap_or(Algorithm::Manual),
            colour: class.colour.0,
        })
        .collect();
    let path = out.join(format!("{}.dcm", layer.stem()));
    let digits: String = now.chars().filter(char::is_ascii_digit).collect();
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default().to_owned();
    let note = SegNote {
        description: format!("Osteon {} {} read {}", layer.kind, layer.reader, layer.header.number),
        creator: layer.reader.to_string(),
        date_time: [part(0, 8), part(8, 14)],
        series_number: if layer.kind == LayerKind::Marrow { 9001 } else { 9002 },
        uids: uids(layer, now),
    };
    write_seg(&path, source, &layer.labels, &segments, &note).map_err(|e: io::IoError| e.to_string())?;
    Ok(None)
}

/// Numbers for UIDs out of what is written and when: they never repeat, and say nothing.
fn uids(layer: &Layer<'_>, now: &str) -> [u128; 3] {
    let content = Sha256::digest(layer.labels.to_dense());
    std::array::from_fn(|at| {
        let mut sha = Sha256::new();
        sha.update(content);
        sha.update(format!("{} {} {now} {at}", layer.stem(), layer.header.number));
        let bytes = sha.finalize();
        u128::from_be_bytes(std::array::from_fn(|n| bytes[n]))
    })
}
