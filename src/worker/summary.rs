//! A study as the window needs it, read from its folder.

use super::message::{AtlasSummary, ExamSummary, Outcome, StudySummary, VersionSummary};
use crate::learn::{Card, checkpoint};
use crate::study::{ExamCode, ExamStatus, ModelCode, Part, ReadStatus, ReaderCode, Study, model_errors, saved_tables};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Reads the whole study; `remarks` are shown to the person.
pub(super) fn summarise(root: &Path, scratch_root: &Path, mut remarks: Vec<String>) -> Result<StudySummary, String> {
    let study = Study::look(root).map_err(|e| e.to_string())?;
    let mut exams = Vec::new();
    for status in study.status().map_err(|e| e.to_string())? {
        if let Some(problem) = &status.problem {
            remarks.push(format!("{}: {problem}", status.exam));
            continue;
        }
        // The newest read of each reader counts: they come in order of number.
        let done: BTreeMap<ReaderCode, usize> = status.reads.iter().map(|read| (read.reader.clone(), read.marrow_done)).collect();
        let sealed = newest_with(&status, |read| read.sealed.is_some());
        let accepted = newest_with(&status, |read| read.accepted);
        let painted = newest_with(&status, |read| read.marrow_painted);
        let refused = status.reads.iter().filter_map(|read| Some((read.reader.clone(), read.refused.clone()?))).collect();
        let mut seconds: BTreeMap<ReaderCode, u64> = BTreeMap::new();
        for read in &status.reads {
            *seconds.entry(read.reader.clone()).or_default() += read.seconds;
        }
        let reads_sealed = study.reads_sealed(&status.exam).unwrap_or(false);
        exams.push(ExamSummary {
            slices: status.slices,
            sequences: status.sequences.iter().map(ToString::to_string).collect(),
            code: status.exam,
            part: status.part,
            done,
            painted,
            accepted,
            refused,
            seconds,
            sealed,
            reads_sealed,
        });
    }
    let (mut models, mut current) = (BTreeMap::new(), BTreeMap::new());
    for model in study.models().map_err(|e| e.to_string())? {
        models.insert(model.to_string(), versions(&study, &model)?);
        if let Some(version) = study.current_version(&model).map_err(|e| e.to_string())? {
            current.insert(model.to_string(), version);
        }
    }
    let errors = saved_tables(study.layout()).map(|tables| model_errors(&tables)).unwrap_or_else(|error| {
        remarks.push(error.to_string());
        Vec::new()
    });
    Ok(StudySummary {
        places: study.protocol().readers().iter().filter_map(|r| Some((r.code.clone(), study.place_of(&r.code)?))).collect(),
        packet: study.packet().map_err(|e| e.to_string())?.map(|copy| copy.reader),
        atlas: atlas_of(&study)?,
        scratch: root.starts_with(scratch_root),
        root: root.to_owned(),
        protocol: study.protocol().clone(),
        protocol_text: study.protocol_text().map_err(|e| e.to_string())?,
        exams,
        errors,
        models,
        current,
        remarks,
    })
}

/// Readers of whose newest read something is true: of several it tells how far the reader is.
fn newest_with(status: &ExamStatus, is: impl Fn(&ReadStatus) -> bool) -> BTreeSet<ReaderCode> {
    let newest: BTreeMap<&ReaderCode, bool> = status.reads.iter().map(|read| (&read.reader, is(read))).collect();
    newest.into_iter().filter(|(_, is)| *is).map(|(reader, _)| reader.clone()).collect()
}

fn atlas_of(study: &Study) -> Result<AtlasSummary, String> {
    let mut calibrated = BTreeMap::new();
    for rule in study.protocol().readers() {
        if let Some(passed) = study.is_calibrated(&rule.code).map_err(|e| e.to_string())? {
            calibrated.insert(rule.code.clone(), passed);
        }
    }
    let exams = study.atlas().codes().map_err(|e| e.to_string())?.len();
    Ok(AtlasSummary { exams, calibrated, calibrates: study.calibrates() })
}

fn versions(study: &Study, model: &ModelCode) -> Result<Vec<VersionSummary>, String> {
    let folders = study.model_versions(model).map_err(|e| e.to_string())?;
    // A version without a readable card cannot propose, so it is not offered.
    Ok(folders
        .into_iter()
        .filter_map(|(version, folder)| checkpoint::load_card(&folder).ok().map(|card| describe(model.as_str(), version, &card)))
        .collect())
}

pub(super) fn describe(model: &str, version: u32, card: &Card) -> VersionSummary {
    let mut dice: Vec<(String, Option<f64>)> = card.dice.iter().map(|(name, dice)| (name.clone(), *dice)).collect();
    // Single labels first, then unions such as 2+3.
    dice.sort_by_key(|(name, _)| (name.contains('+'), name.len(), name.clone()));
    VersionSummary {
        version,
        created: card.created.clone(),
        steps: card.steps,
        slices: card.data_hashes.iter().filter_map(|hash| hash.split(':').nth(1)?.parse::<usize>().ok()).sum(),
        accepted: card.accepted_slices,
        // Only one of this model: what a first version went on from may be a numbered version of another.
        parent: card.parent.as_deref().and_then(|p| p.strip_prefix(model)?.strip_prefix('/')?.parse().ok()),
        held_out: card.held_out.clone(),
        dice,
    }
}

/// Draws the split, if that has not been done.
pub(super) fn draw_split(root: &Path) -> Outcome {
    let parts = Study::open(root).map_err(|e| e.to_string()).and_then(|study| drawn_parts(&study));
    parts.map_or_else(Outcome::Failed, Outcome::SplitDrawn)
}

/// The part of every exam; draws the split if that has not been done.
///
/// # Errors
/// One sentence, if the split cannot be read or written.
pub(super) fn drawn_parts(study: &Study) -> Result<BTreeMap<ExamCode, Part>, String> {
    let split = study.drawn_split().map_err(|e| e.to_string())?;
    let records = study.exams().map_err(|e| e.to_string())?;
    Ok(records.into_iter().filter_map(|record| Some((record.exam, split.part(&record.patient)?))).collect())
}
