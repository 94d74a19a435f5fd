//! A consensus as the beginning of a meeting's read.

use super::rules::method_name;
use crate::consensus::UNDECIDED;
use crate::edit::{CommitKind, ReadLayers};
use crate::study::{JournalRow, Study};
use crate::volume::LayerKind;
use crate::worker::message::{AdoptConsensusRequest, Outcome};
use crate::worker::summary::summarise;
use crate::worker::task::Task;
use std::path::Path;
use std::sync::Arc;

/// Writes the consensus as the first step of a new read; undecided voxels are left empty. No other read is touched.
pub(in crate::worker) fn adopt(task: &Task, scratch_root: &Path, request: &AdoptConsensusRequest, time: &str) -> Outcome {
    task.progress("Beginning the meeting's read", None);
    let adopted = begun(request, time).and_then(|text| {
        let study = summarise(&request.root, scratch_root, Vec::new())?;
        Ok(Outcome::ConsensusAdopted { text, study: Box::new(study) })
    });
    adopted.unwrap_or_else(Outcome::Failed)
}

fn begun(request: &AdoptConsensusRequest, time: &str) -> Result<String, String> {
    let exam = &request.exam;
    let study = Study::open(&request.root).map_err(|e| e.to_string())?;
    let counts = request.consensus.counts();
    let undecided = counts.of(UNDECIDED);
    let voxels = request.consensus.grid().voxel_count() - counts.of(0) - undecided;
    if voxels == 0 {
        return Err(format!("{exam}: the consensus holds nothing that a meeting's read could begin with."));
    }
    let (header, mut file) = study.new_meeting_read(exam, time).map_err(|e| e.to_string())?;
    header.grid.require_same(request.consensus.grid()).map_err(|e| format!("{exam}: {e}; compare the reads again."))?;
    let mut layers = ReadLayers::new(Arc::new(header.grid.clone()), header.slice_axis);
    let name = format!("Consensus by {} of {}", method_name(request.method), request.readers.join(", "));
    layers.begin(LayerKind::Marrow, CommitKind::Consensus, name).map_err(|e| e.to_string())?;
    request.consensus.for_each_labelled(|voxel, label| {
        if label != UNDECIDED {
            layers.write(voxel, label);
        }
    });
    let row = layers.commit().ok_or_else(|| format!("{exam}: the consensus could not be written into a read."))?;
    let reader = header.reader.to_string();
    let entry = JournalRow { row, time: time.to_owned(), reader: reader.clone(), window: None };
    file.append(&entry).map_err(|e| e.to_string())?;
    let tied = if undecided > 0 { format!("; {undecided} tied voxels are left empty") } else { String::new() };
    Ok(format!(
        "Read {} of {exam} by {reader} begins with the consensus of {}: {voxels} voxels{tied}. Ctrl L changes to that reader.",
        header.number,
        request.readers.join(", ")
    ))
}
