//! The figures of every exam that two readers or more have finished.

use super::exam_maps::compare_exam;
use super::figures::Figures;
use super::reads::{ExamMaps, NoMaps, gather};
use super::rules::{method_name, table_rules};
use crate::consensus::{Consensus, MARROW_LEVELS, Method, UNDECIDED};
use crate::study::Study;
use crate::worker::message::{CompareExam, CompareLine, CompareRequest, CompareTable, Outcome};
use crate::worker::task::Task;

/// Compares the exam that is asked for, or else every exam that counts.
pub(in crate::worker) fn compare(task: &Task, request: &CompareRequest) -> Outcome {
    if let Some(exam) = &request.exam {
        return compare_exam(task, request, exam);
    }
    match tables(task, request) {
        _ if task.cancel.is_cancelled() => Outcome::Cancelled,
        Ok(table) => Outcome::Compared(Box::new(table)),
        Err(NoMaps::Cancelled) => Outcome::Cancelled,
        Err(NoMaps::Failed(why)) => Outcome::Failed(why),
    }
}

fn tables(task: &Task, request: &CompareRequest) -> Result<CompareTable, NoMaps> {
    let choice = &request.choice;
    let study = Study::open(&request.root).map_err(|e| NoMaps::Failed(e.to_string()))?;
    let mut table = CompareTable {
        choice: choice.clone(),
        rules: table_rules(choice, study.protocol().reading().within_squares),
        ..CompareTable::default()
    };
    let records = study.exams().map_err(|e| NoMaps::Failed(e.to_string()))?;
    for (at, record) in records.iter().enumerate() {
        task.progress(format!("Comparing {}", record.exam), Some(at as f32 / records.len() as f32));
        if task.cancel.is_cancelled() {
            return Err(NoMaps::Cancelled);
        }
        let exam = record.exam.to_string();
        if choice.without_exams.contains(&record.exam) {
            table.left_out.push((exam, "not chosen".to_owned()));
            continue;
        }
        let found = gather(task, &study, record, choice, &[])?;
        match found.too_few() {
            Some(why) => table.left_out.push((exam, why)),
            None => table.exams.push(one_exam(&exam, &found, request).map_err(NoMaps::Failed)?),
        }
    }
    Ok(table)
}

fn one_exam(exam: &str, found: &ExamMaps, request: &CompareRequest) -> Result<CompareExam, String> {
    let (names, method) = (found.names(), request.choice.method);
    let figures = Figures::of(exam, found, &request.choice)?;
    let majority = figures.by(Method::Majority);
    let undecided = voxels(&figures, &majority);
    let mut lines = against(&figures, &figures.consensus, &names, method_name(method));
    if figures.voters() >= 3 {
        let others: Vec<Vec<Option<f64>>> = (0..MARROW_LEVELS.len()).map(|level| figures.against_others(names.len(), level)).collect();
        let against = format!("{} of the others", method_name(method));
        lines.extend(names.iter().enumerate().map(|(map, name)| CompareLine {
            who: name.clone(),
            against: against.clone(),
            dice: others.iter().map(|level| level[map]).collect(),
        }));
    }
    if method != Method::Majority {
        lines.extend(against(&figures, &majority, &names, method_name(Method::Majority)));
    }
    let mut warnings = figures.warnings(&names);
    warnings.extend(found.left_out.iter().cloned());
    Ok(CompareExam { exam: exam.to_owned(), readers: names[..figures.voters()].to_vec(), undecided, lines, warnings })
}

fn against(figures: &Figures, consensus: &Consensus, names: &[String], against: &str) -> Vec<CompareLine> {
    let sets: Vec<Vec<bool>> = (0..MARROW_LEVELS.len()).map(|level| figures.positive(consensus, level)).collect();
    let dice = |map: usize| sets.iter().enumerate().map(|(level, set)| figures.dice(map, level, set)).collect();
    let line = |(map, name): (usize, &String)| CompareLine { who: name.clone(), against: against.to_owned(), dice: dice(map) };
    names.iter().enumerate().map(line).collect()
}

fn voxels(figures: &Figures, consensus: &Consensus) -> usize {
    let undecided = consensus.pattern_labels().iter().zip(figures.votes.voxels()).filter(|(label, _)| **label == UNDECIDED);
    undecided.map(|(_, voxels)| *voxels as usize).sum()
}
