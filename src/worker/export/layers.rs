//! The layers of a study that hold a label or are finished without one, with what files say about them.

use super::super::counted_reads::{ReadKind, first_that_counts, kind_of, unfinished};
use super::super::message::Role;
use super::super::replay::replayed;
use super::super::task::Task;
use crate::edit::{CommitKind, ReadLayers, RowAction};
use crate::io::Algorithm;
use crate::study::{ExamRecord, ReadFile, ReadHeader, ReaderCode, Study};
use crate::volume::{LabelScheme, Labels, LayerKind};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// One layer of one read.
pub(super) struct Layer<'s> {
    pub record: &'s ExamRecord,
    pub header: ReadHeader,
    pub reader: ReaderCode,
    pub kind: LayerKind,
    pub scheme: LabelScheme,
    pub labels: Labels,
    /// Slices marked done, from 0.
    pub done: Vec<usize>,
    /// Slices there are.
    pub slices: usize,
    /// Lower and upper grey value in force at the last stroke.
    pub window: Option<[f32; 2]>,
    /// Versions of models whose proposals are in it.
    pub models: BTreeSet<String>,
    /// How the voxels of each label came to be.
    pub algorithms: BTreeMap<u8, Algorithm>,
    /// How each voxel came to be: a number per voxel, and what 1, 2, … stand for.
    pub provenance: (Labels, Vec<CommitKind>),
}

impl Layer<'_> {
    /// `K-344_R1_marrow`.
    pub fn stem(&self) -> String {
        format!("{}_{}_{}", self.record.exam, self.reader, self.kind)
    }

    /// What a JSON file beside the mask says.
    pub fn sidecar(&self) -> Value {
        let labels = self.scheme.classes().iter().map(|c| json!({"value": c.value, "key": c.key, "name": c.name}));
        json!({
            "exam": self.record.exam.to_string(), "reader": self.reader.to_string(), "read": self.header.number,
            "layer": self.kind.word(), "assisted": self.header.assisted, "models": self.models,
            "image": self.record.reading_sequence.to_string(), "image_sha256": self.header.image_sha256,
            "window": self.window.map(|[lower, upper]| json!({"lower": lower, "upper": upper})),
            "labels": labels.collect::<Vec<_>>(),
            "slices_done_from_0": self.done, "slice_axis": self.header.slice_axis,
            "software": concat!("osteon ", env!("CARGO_PKG_VERSION")),
        })
    }

    /// The kinds of [`Layer::provenance`] that occur, with their numbers.
    pub fn kinds(&self) -> Vec<(u8, &CommitKind)> {
        let (codes, kinds) = &self.provenance;
        let counts = codes.counts();
        (1_u8..).zip(kinds).filter(|(code, _)| counts.of(*code) > 0).collect()
    }

    /// Whether every slice is marked done, so that no label means background.
    pub fn is_whole(&self) -> bool {
        self.done.len() >= self.slices
    }
}

/// The newest finished read of every reader the role may see; each is opened when its turn comes.
pub(super) struct Found<'s> {
    study: &'s Study,
    reads: Vec<(ExamRecord, ReaderCode, u32)>,
    /// Newer reads that are not finished, one sentence each.
    passed_over: Vec<String>,
}

impl<'s> Found<'s> {
    pub fn collect(task: &Task, study: &'s Study, role: &Role) -> Result<Self, String> {
        task.progress("Listing reads", None);
        let layout = study.layout();
        let (mut reads, mut passed_over) = (Vec::new(), Vec::new());
        for record in study.exams().map_err(|e| e.to_string())? {
            let readers = match role.reader() {
                // A reader's program looks into that reader's folder only.
                Some(reader) => vec![reader.clone()],
                None => layout.readers_of(&record.exam).map_err(|e| e.to_string())?,
            };
            if role.reader().is_none() {
                study.require_no_lost_read(&record.exam).map_err(|e| e.to_string())?;
            }
            for reader in readers {
                let numbers = layout.read_numbers(&reader, &record.exam).map_err(|e| e.to_string())?;
                if let Some(number) = chosen(study, &record, &reader, &numbers, &mut passed_over)? {
                    reads.push((record.clone(), reader, number));
                }
            }
        }
        Ok(Self { study, reads, passed_over })
    }

    /// Looks at every read before the first file is written: an export is whole, or is none.
    pub fn require_intact(&self, task: &Task) -> Result<(), String> {
        for (at, (record, reader, number)) in self.reads.iter().enumerate() {
            task.progress(format!("Checking {}", record.exam), Some(at as f32 / self.reads.len() as f32));
            if task.cancel.is_cancelled() {
                break;
            }
            let (header, view) = self.study.intact_read(reader, &record.exam, *number).map_err(|e| e.to_string())?;
            // What a seal vouches for was replayed when it was sealed.
            if view.sealed().map_err(|e| e.to_string())?.is_none() {
                replayed(&header, &view, |_| ())?;
            }
        }
        Ok(())
    }

    /// Exams and readers of the reads that were found.
    pub fn whose(&self) -> impl Iterator<Item = (&ExamRecord, &ReaderCode)> {
        self.reads.iter().map(|(record, reader, _)| (record, reader))
    }

    /// Calls `visit` for every layer that holds a label, and for finished marrow without one; the number visited, and what `visit`
    /// left out.
    pub fn each(
        &self,
        task: &Task,
        mut visit: impl FnMut(&Layer<'_>) -> Result<Option<String>, String>,
    ) -> Result<(usize, Vec<String>), String> {
        let (mut written, mut left_out) = (0, self.passed_over.clone());
        for (at, (record, reader, number)) in self.reads.iter().enumerate() {
            task.progress(format!("Exporting {}", record.exam), Some(at as f32 / self.reads.len() as f32));
            if task.cancel.is_cancelled() {
                break;
            }
            for layer in self.layers(record, reader, *number)? {
                match visit(&layer)? {
                    None => written += 1,
                    Some(why) => left_out.push(format!("{}: {why}", layer.stem())),
                }
            }
        }
        Ok((written, left_out))
    }

    fn layers<'r>(&self, record: &'r ExamRecord, reader: &ReaderCode, number: u32) -> Result<Vec<Layer<'r>>, String> {
        let path = self.study.layout().read(reader, &record.exam, number);
        let (header, view) = ReadFile::open_read_only(&path).map_err(|e| e.to_string())?;
        let mut windows = BTreeMap::new();
        let read = replayed(&header, &view, |entry| {
            if let (RowAction::Paint { layer, .. }, Some(window)) = (&entry.row.action, entry.window) {
                windows.insert(*layer, window);
            }
        })?;
        let slices = header.grid.shape()[header.slice_axis];
        // A read that found no lesion is a finding, too.
        let is_sealed = view.sealed().map_err(|e| e.to_string())?.is_some();
        let is_finished = unfinished(&view.state().map_err(|e| e.to_string())?, is_sealed, slices).is_none();
        let is_held = |kind: LayerKind| !read.labels(kind).is_blank() || (kind == LayerKind::Marrow && is_finished);
        // What is left out while painting is an aid of the reader's, not a finding.
        let held = [LayerKind::Marrow, LayerKind::Bone].into_iter().filter(|kind| is_held(*kind));
        Ok(held
            .map(|kind| {
                let (models, algorithms) = provenance(&read, kind);
                let (codes, kinds) = read.provenance_map(kind);
                Layer {
                    record,
                    header: header.clone(),
                    reader: reader.clone(),
                    kind,
                    scheme: if kind == LayerKind::Marrow { LabelScheme::marrow() } else { self.study.protocol().bone_scheme() },
                    labels: read.labels(kind).clone(),
                    done: read.done_slices(kind),
                    slices,
                    window: windows.get(&kind).copied(),
                    models,
                    algorithms,
                    provenance: (codes.clone(), kinds.to_vec()),
                }
            })
            .collect())
    }
}

/// The newest finished read among those of a reader; else the newest sealed one, which is of bones alone; else the newest there is, for
/// what is painted so far goes out with the slices that are done. A newer one that is passed over is told: reading again takes nothing
/// away that was finished.
fn chosen(
    study: &Study,
    record: &ExamRecord,
    reader: &ReaderCode,
    numbers: &[u32],
    passed_over: &mut Vec<String>,
) -> Result<Option<u32>, String> {
    let [.., newest] = numbers else { return Ok(None) };
    if numbers.len() == 1 {
        return Ok(Some(*newest));
    }
    let (mut newer, mut finished): (Vec<Looked>, _) = (Vec::new(), None);
    for number in numbers.iter().rev() {
        let read = look(study, record, reader, *number)?;
        if read.unfinished.is_none() {
            finished = Some(read);
            break;
        }
        newer.push(read);
    }
    let sealed = || newer.iter().find(|read| read.is_sealed).map(|read| read.number);
    let number = finished.as_ref().map(|read| read.number).or_else(sealed).unwrap_or(*newest);
    let name = format!("{}_{reader} read", record.exam);
    for read in newer.iter().filter(|read| read.number > number) {
        let why = read.unfinished.as_deref().unwrap_or_default();
        passed_over.push(format!("{name} {}: {why}; read {number} is exported in its place", read.number));
    }
    let Some(exported) = finished else { return Ok(Some(number)) };
    let before = numbers.iter().filter(|older| **older < number).map(|older| look(study, record, reader, *older));
    // Only to tell: what is damaged there keeps nothing from going out.
    match before.collect::<Result<Vec<_>, _>>() {
        Err(why) => passed_over.push(format!("{name} {number} is exported; of the reads before it: {why}")),
        Ok(mut reads) => {
            reads.push(exported);
            let kind = reads.last().map(|read| read.kind);
            let alike = reads.iter().filter(|read| Some(read.kind) == kind && read.unfinished.is_none());
            if let Some(first) = first_that_counts(alike.map(|read| (read.number, read.is_sealed))).filter(|first| *first != number) {
                passed_over.push(format!("{name} {number}: the newest finished one is exported; figures count read {first}"));
            }
        }
    }
    Ok(Some(number))
}

/// What decides whether a read goes out.
struct Looked {
    number: u32,
    kind: ReadKind,
    is_sealed: bool,
    unfinished: Option<String>,
}

fn look(study: &Study, record: &ExamRecord, reader: &ReaderCode, number: u32) -> Result<Looked, String> {
    let (header, view) = study.intact_read(reader, &record.exam, number).map_err(|e| e.to_string())?;
    let is_sealed = view.sealed().map_err(|e| e.to_string())?.is_some();
    let state = view.state().map_err(|e| e.to_string())?;
    let unfinished = unfinished(&state, is_sealed, header.grid.shape()[header.slice_axis]);
    Ok(Looked { number, kind: kind_of(&header, &view), is_sealed, unfinished })
}

/// Whose model drew what, and how each label came to be.
fn provenance(read: &ReadLayers, kind: LayerKind) -> (BTreeSet<String>, BTreeMap<u8, Algorithm>) {
    let (mut models, mut algorithms) = (BTreeSet::new(), BTreeMap::new());
    read.labels(kind).for_each_labelled(|voxel, label| {
        let commit = read.provenance(kind, voxel);
        let model = commit.as_ref().and_then(CommitKind::model);
        if let Some(model) = model.filter(|m| !models.contains(*m)) {
            models.insert(model.to_owned());
        }
        let here = if model.is_some() || commit == Some(CommitKind::Consensus) { Algorithm::Automatic } else { Algorithm::Manual };
        algorithms
            .entry(label)
            .and_modify(|a| {
                if *a != here {
                    *a = Algorithm::SemiAutomatic;
                }
            })
            .or_insert(here);
    });
    (models, algorithms)
}
