//! All reads of a study against each other: STAPLE per level, majority, Dice of every reader and model.

use super::message::{CompareExam, CompareLine, CompareTable, Outcome};
use super::propose::{load_model, refuse_test_exam};
use super::task::Task;
use crate::consensus::{Consensus, LineUp, LineUpReader, MARROW_LEVELS, Method, UNDECIDED, VotePatterns, Warning};
use crate::study::{ExamRecord, ReadState, Study};
use crate::volume::{Labels, LayerKind};
use std::path::Path;

/// Compares every exam that two readers or more have marked done in full.
pub(super) fn compare(task: &Task, root: &Path) -> Outcome {
    match tables(task, root) {
        _ if task.cancel.is_cancelled() => Outcome::Cancelled,
        Ok(table) => Outcome::Compared(Box::new(table)),
        Err(why) => Outcome::Failed(why),
    }
}

/// One reader's finished labels of an exam.
pub(super) struct FinishedRead {
    /// Code of the reader.
    pub reader: String,
    /// Whether a model's proposals were shown.
    pub assisted: bool,
    /// The read.
    pub state: ReadState,
}

/// The newest read of every reader who marked every marrow slice done; the others with the reason.
pub(super) fn finished_reads(study: &Study, record: &ExamRecord, slices: usize) -> Result<(Vec<FinishedRead>, Vec<String>), String> {
    let (mut finished, mut left_out): (Vec<FinishedRead>, _) = (Vec::new(), Vec::new());
    for (header, view) in study.reads_for_comparison(&record.exam).map_err(|e| e.to_string())? {
        let state = view.state().map_err(|e| e.to_string())?;
        let reader = header.reader.to_string();
        // Reads come in order of number: a newer one replaces an older one.
        finished.retain(|f| f.reader != reader);
        let done = state.done_count(LayerKind::Marrow);
        if done >= slices {
            finished.push(FinishedRead { reader, assisted: header.assisted, state });
        } else {
            left_out.push(format!("{reader} has {done} of {slices} slices done"));
        }
    }
    Ok((finished, left_out))
}

fn tables(task: &Task, root: &Path) -> Result<CompareTable, String> {
    let study = Study::open(root).map_err(|e| e.to_string())?;
    let mut table = CompareTable { rules: rules(), ..CompareTable::default() };
    let status = study.status().map_err(|e| e.to_string())?;
    for (at, exam) in status.iter().enumerate() {
        task.progress(format!("Comparing {}", exam.exam), Some(at as f32 / status.len() as f32));
        if task.cancel.is_cancelled() {
            break;
        }
        let record = study.exam(&exam.exam).map_err(|e| e.to_string())?;
        let (finished, mut reasons) = finished_reads(&study, &record, exam.slices)?;
        if finished.len() < 2 {
            reasons.insert(0, format!("{} finished reads; two are needed", finished.len()));
            table.left_out.push((exam.exam.to_string(), reasons.join(", ")));
            continue;
        }
        table.exams.push(one_exam(&study, &record, &finished)?);
    }
    Ok(table)
}

fn one_exam(study: &Study, record: &ExamRecord, finished: &[FinishedRead]) -> Result<CompareExam, String> {
    let maps: Vec<&Labels> = finished.iter().map(|f| f.state.labels(LayerKind::Marrow)).collect();
    let patterns = VotePatterns::count(&maps).map_err(|e| format!("{}: {e}", record.exam))?;
    let majority = Consensus::of(&patterns, Method::Majority, &MARROW_LEVELS).label_map(&patterns);
    let undecided = majority.counts().of(UNDECIDED);
    let names: Vec<String> =
        finished.iter().map(|f| if f.assisted { format!("{} (assisted)", f.reader) } else { f.reader.clone() }).collect();
    let mut lines = Vec::new();
    let mut warnings = Vec::new();
    let models = proposals(study, record)?;
    for (method, against) in [(Method::Staple, "STAPLE"), (Method::Majority, "majority")] {
        let line_up = LineUp::of(&maps, None, method, &MARROW_LEVELS).map_err(|e| e.to_string())?;
        for (reader, name) in names.iter().enumerate() {
            lines.push(line(name, against, &line_up, |row| Some(row.readers[reader]), |r| r.dice));
        }
        if maps.len() >= 3 && method == Method::Staple {
            for (reader, name) in names.iter().enumerate() {
                lines.push(line(name, "STAPLE of the others", &line_up, |row| Some(row.readers[reader]), |r| r.dice_left_out));
            }
        }
        for (version, labels) in &models {
            let with_model = LineUp::of(&maps, Some(labels), method, &MARROW_LEVELS).map_err(|e| e.to_string())?;
            lines.push(line(version, against, &with_model, |row| row.model, |r| r.dice));
        }
        if method == Method::Staple {
            warnings.extend(line_up.warnings.iter().map(|w| sentence(w, &names)));
        }
    }
    Ok(CompareExam { exam: record.exam.to_string(), readers: names, undecided, lines, warnings })
}

fn line(
    who: &str,
    against: &str,
    line_up: &LineUp,
    pick: impl Fn(&crate::consensus::LineUpRow) -> Option<LineUpReader>,
    figure: impl Fn(LineUpReader) -> Option<f64>,
) -> CompareLine {
    let dice = line_up.rows.iter().map(|row| pick(row).and_then(&figure)).collect();
    CompareLine { who: who.to_owned(), against: against.to_owned(), dice }
}

/// A warning that names the reader instead of counting.
fn sentence(warning: &Warning, names: &[String]) -> String {
    match warning {
        Warning::WorseThanChance { level, reader, sum } => {
            let who = names.get(*reader).map_or("?", String::as_str);
            format!("level {level}: {who} does no better than chance (sensitivity + specificity = {sum:.3}); look at the read")
        }
        other => other.to_string(),
    }
}

/// What every current marrow model makes of the exam.
fn proposals(study: &Study, record: &ExamRecord) -> Result<Vec<(String, Labels)>, String> {
    let mut found = Vec::new();
    if refuse_test_exam(study, &record.exam).is_err() {
        // Sealing comes first: until then no model says anything on a test exam.
        return Ok(found);
    }
    for model in study.models().map_err(|e| e.to_string())? {
        if !model.to_string().starts_with(LayerKind::Marrow.word()) {
            continue;
        }
        let Some(version) = study.current_version(&model).map_err(|e| e.to_string())? else { continue };
        let loaded = load_model(study, &model, version)?;
        let image = study.load_image(&record.exam, &record.reading_sequence).map_err(|e| e.to_string())?;
        let labels = loaded.propose(&image, super::files::reading_axis(&image))?;
        found.push((format!("{model}/{version}"), labels));
    }
    Ok(found)
}

fn rules() -> Vec<String> {
    vec![
        "STAPLE: one binary STAPLE per level over the whole volume, prior = mean vote fraction, positive from W = 0.5 on; 2+3 is the STAPLE of the unions.".to_owned(),
        "Majority: the level with the most votes; a tie is undecided and belongs to no level.".to_owned(),
        "STAPLE of the others: reader k against the STAPLE of the other readers (from 3 readers on).".to_owned(),
        "Dice of two empty maps is undefined, shown as –, and left out of every mean.".to_owned(),
        "Exams count when a reader has marked every slice done; the newest read of a reader is taken.".to_owned(),
    ]
}
