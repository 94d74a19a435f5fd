//! Exams of the atlas for the window; calibration of a reader against them.

use super::counted_reads::sealed_read_that_counts;
use super::files::{finish, fresh_randomness};
use super::hub::WorkerConfig;
use super::message::{AtlasAsk, AtlasMask, AtlasRequest, AtlasShown, Calibrated, Outcome};
use super::score::consensus;
use super::summary::summarise;
use super::task::Task;
use crate::agreement::Comparison;
use crate::consensus::{MARROW_LEVELS, level_name};
use crate::study::{AtlasNotes, CalibrationResult, ExamCode, LevelDice, ReaderCode, Study, calibration_study};
use crate::volume::Labels;

/// Does what is asked.
pub(super) fn atlas(task: &Task, config: &WorkerConfig, request: &AtlasRequest) -> Outcome {
    let study = match Study::open(&request.root) {
        Ok(study) => study,
        Err(error) => return Outcome::Failed(error.to_string()),
    };
    let done = match &request.what {
        AtlasAsk::Show { at, code, hidden, reader } => {
            show(&study, *at, code.as_ref(), hidden, reader.as_ref()).map(|shown| Outcome::Atlas(Box::new(shown)))
        }
        AtlasAsk::Measure { reader, exam, time } => measure(&study, reader, exam, time).map(|done| Outcome::Calibrated(Box::new(done))),
        AtlasAsk::Add { exam, mask, notes } => add(&study, exam, mask, notes).and_then(|code| {
            let study = summarise(&request.root, &config.scratch_root, Vec::new())?;
            Ok(Outcome::AtlasAdded { code, study: Box::new(study) })
        }),
        AtlasAsk::Calibrate(reader) => {
            let made = calibration_study(&study, reader).map_err(|e| e.to_string());
            return finish(task, made.and_then(|made| summarise(made.layout().root(), &config.scratch_root, Vec::new())));
        }
    };
    match done {
        _ if task.cancel.is_cancelled() => Outcome::Cancelled,
        Ok(outcome) => outcome,
        Err(why) => Outcome::Failed(why),
    }
}

fn show(study: &Study, at: usize, code: Option<&ExamCode>, hidden: &[ExamCode], reader: Option<&ReaderCode>) -> Result<AtlasShown, String> {
    let atlas = study.atlas();
    let mut codes = atlas.codes().map_err(|e| e.to_string())?;
    if codes.is_empty() {
        return Err(
            "This study has no atlas: the coordinator adds an exam that everybody has sealed with File, Add to the atlas…".to_owned()
        );
    }
    let unread = reader.map(|reader| study.hidden_atlas_exams(reader)).transpose().map_err(|e| e.to_string())?.unwrap_or_default();
    codes.retain(|code| unread.iter().all(|h| h.atlas != *code));
    if codes.is_empty() {
        return Err("Every exam of the atlas is one that you have still to read: seal your reads to see what was agreed on.".to_owned());
    }
    codes.retain(|code| !hidden.contains(code));
    let wanted = code.and_then(|code| codes.iter().position(|c| c == code)).unwrap_or_else(|| at.min(codes.len().saturating_sub(1)));
    let code = codes.get(wanted).ok_or("Every exam of the atlas is hidden while you calibrate on it: seal your read to see it.")?;
    let exam = atlas.exam(code).map_err(|e| e.to_string())?;
    Ok(AtlasShown { at: wanted, exam, codes })
}

fn add(study: &Study, exam: &ExamCode, mask: &AtlasMask, notes: &str) -> Result<ExamCode, String> {
    study.require_read_by_all(exam).map_err(|e| e.to_string())?;
    let record = study.exam(exam).map_err(|e| e.to_string())?;
    let mask = match mask {
        AtlasMask::Consensus => consensus(study, &record)?.map_err(|why| format!("{exam} has no consensus: {why}."))?.marrow,
        AtlasMask::Read(reader) => {
            let read = sealed_read_that_counts(study, exam, reader)?;
            read.ok_or_else(|| format!("No sealed read of {exam} by {reader} counts: choose another mask, or wait for it."))?.state.marrow
        }
    };
    study.take_into_atlas(exam, &mask, &AtlasNotes::parse(notes), &mut fresh_randomness()?).map_err(|e| e.to_string())
}

/// Measures the reader's newest read of an atlas exam, which must be sealed: later strokes could not be told from the first.
fn measure(study: &Study, reader: &ReaderCode, exam: &ExamCode, time: &str) -> Result<Calibrated, String> {
    // The difference shows what was agreed on.
    if study.hidden_atlas_exams(reader).map_err(|e| e.to_string())?.iter().any(|hidden| hidden.atlas == *exam) {
        return Err(format!(
            "{exam} is an exam that you have still to read in the study: it is compared with the atlas once you have sealed it there."
        ));
    }
    let here = calibration_study(study, reader).map_err(|e| e.to_string())?;
    let (header, view) = here.view_read_for(reader, exam).map_err(|e| e.to_string())?;
    if view.sealed().map_err(|e| e.to_string())?.is_none() {
        return Err(format!("Your read of {exam} is not sealed: submit it first."));
    }
    let journal_sha256 = view.journal_sha256();
    let painted = view.state().map_err(|e| e.to_string())?.marrow;
    let agreed = study.atlas().agreed(exam).map_err(|e| e.to_string())?;
    let comparison = Comparison::new(&painted, &agreed).map_err(|e| format!("{exam}: {e}"))?;
    let held = agreed.counts();
    let levels = MARROW_LEVELS.map(|labels| LevelDice {
        level: level_name(labels),
        dice: comparison.overlap(labels).dice(),
        agreed: labels.iter().any(|label| held.of(*label) > 0),
    });
    let result = CalibrationResult {
        time: time.to_owned(),
        reader: reader.clone(),
        exam: exam.clone(),
        read: header.number,
        journal_sha256,
        agreed_sha256: study.agreed_sha256(exam).map_err(|e| e.to_string())?,
        levels: levels.into(),
        pass_mark: study.protocol().pass_mark(),
    };
    // A read that is measured again when it is opened again is the same result.
    let known = study.calibrations(reader).map_err(|e| e.to_string())?;
    if !known.iter().any(|r| r.journal_sha256 == result.journal_sha256 && r.agreed_sha256 == result.agreed_sha256) {
        study.keep_calibration(&result).map_err(|e| e.to_string())?;
    }
    Ok(Calibrated { result, difference: difference(&painted, &agreed) })
}

fn difference(painted: &Labels, agreed: &Labels) -> Labels {
    let mut map = Labels::empty(agreed.grid().clone());
    painted.for_each_labelled(|voxel, label| {
        let other = agreed.get(voxel);
        map.set(
            voxel,
            if other == label {
                1
            } else if other == 0 {
                2
            } else {
                4
            },
        );
    });
    agreed.for_each_labelled(|voxel, _| {
        if painted.get(voxel) == 0 {
            map.set(voxel, 3);
        }
    });
    map
}
