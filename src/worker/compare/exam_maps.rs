//! One exam's maps: consensus, probability, disagreement, tied clusters, lesions, and figures that lead to a slice.

use super::figures::Figures;
use super::reads::{ExamMaps, NoMaps, gather};
use super::rules::exam_rules;
use crate::consensus::{MARROW_LEVELS, PatternPlaces, UNDECIDED, disagreement, lesions, parts_of, pattern_dice, vote_entropy};
use crate::study::{ExamCode, Study};
use crate::volume::Labels;
use crate::worker::message::{CompareCell, CompareLevel, CompareRequest, ComparedExam, Outcome};
use crate::worker::task::Task;

/// Labels that readers may give a voxel: background and three levels.
const LABELS: usize = 4;

/// Works out the maps of one exam.
pub(super) fn compare_exam(task: &Task, request: &CompareRequest, exam: &ExamCode) -> Outcome {
    match maps(task, request, exam) {
        _ if task.cancel.is_cancelled() => Outcome::Cancelled,
        Ok(outcome) => outcome,
        Err(NoMaps::Cancelled) => Outcome::Cancelled,
        Err(NoMaps::Failed(why)) => Outcome::Failed(why),
    }
}

fn maps(task: &Task, request: &CompareRequest, exam: &ExamCode) -> Result<Outcome, NoMaps> {
    let failed = |error: &dyn std::fmt::Display| NoMaps::Failed(error.to_string());
    let say = |text: &str, fraction: f32| -> Result<(), NoMaps> {
        task.progress(format!("Comparing {exam}: {text}"), Some(fraction));
        if task.cancel.is_cancelled() { Err(NoMaps::Cancelled) } else { Ok(()) }
    };
    say("reading the reads", 0.0)?;
    let study = Study::open(&request.root).map_err(|e| failed(&e))?;
    let record = study.exam(exam).map_err(|e| failed(&e))?;
    let found = gather(task, &study, &record, &request.choice, &request.known)?;
    if let Some(why) = found.too_few() {
        return Ok(Outcome::NotComparable { exam: exam.clone(), why });
    }
    say("counting votes", 0.3)?;
    let figures = Figures::of(exam.as_str(), &found, &request.choice).map_err(NoMaps::Failed)?;
    say("sorting votes by slice", 0.4)?;
    let places = figures.patterns.places(request.slice_axis);
    let mut levels = Vec::new();
    for level in 0..MARROW_LEVELS.len() {
        say("figures", 0.5 + 0.1 * level as f32)?;
        levels.push(level_figures(&figures, &found, &places, level));
    }
    say("maps", 0.9)?;
    let rules = exam_rules(&request.choice, study.protocol().reading().within_squares);
    let compared = ComparedExam { rules, ..painted(request, exam, found, &figures, &places, levels) };
    Ok(Outcome::ExamCompared(Box::new(compared)))
}

fn level_figures(figures: &Figures, found: &ExamMaps, places: &PatternPlaces, level: usize) -> CompareLevel {
    let count = found.maps.len();
    let consensus = &figures.consensus.levels()[level];
    let positive = figures.positive(&figures.consensus, level);
    let table = figures.patterns.table();
    let cell = |a: &dyn Fn(usize) -> bool, b: &dyn Fn(usize) -> bool| CompareCell {
        dice: pattern_dice(table, a, b),
        at: places.busiest(|p| a(p) != b(p)).map(|slice| slice.centre),
    };
    let against = (0..count).map(|map| cell(&|p| figures.holds(map, level, p), &|p| positive[p])).collect();
    let mut pairs = vec![CompareCell::default(); count * count];
    for a in 0..count {
        for b in a..count {
            let both = cell(&|p| figures.holds(a, level, p), &|p| figures.holds(b, level, p));
            (pairs[a * count + b], pairs[b * count + a]) = (both, both);
        }
    }
    let (sensitivity, specificity) = figures.rates(level);
    let readers: Vec<&Labels> = found.maps.iter().take(figures.voters()).map(|map| &map.labels).collect();
    CompareLevel {
        name: consensus.name(),
        estimable: consensus.is_estimable(),
        voxels: positive.iter().zip(table.voxels()).filter(|(p, _)| **p).map(|(_, n)| n).sum(),
        against,
        others: figures.against_others(count, level),
        sensitivity,
        specificity,
        pairs,
        lesions: lesions(&readers, MARROW_LEVELS[level]),
    }
}

fn painted(
    request: &CompareRequest,
    exam: &ExamCode,
    found: ExamMaps,
    figures: &Figures,
    places: &PatternPlaces,
    levels: Vec<CompareLevel>,
) -> ComparedExam {
    let shades = |values: &[f64]| {
        let values: Vec<u8> = values.iter().map(|v| (v.clamp(0.0, 1.0) * 255.0).round() as u8).collect();
        figures.patterns.paint(&figures.votes.to_origin(&values))
    };
    let consensus = figures.patterns.paint(&figures.votes.to_origin(figures.consensus.pattern_labels()));
    let apart = disagreement(&figures.votes);
    let disputed = figures.votes.to_origin(&apart);
    let mut warnings = figures.warnings(&found.names());
    warnings.extend(found.left_out.iter().cloned());
    ComparedExam {
        exam: exam.clone(),
        choice: request.choice.clone(),
        probability: figures.consensus.levels().iter().map(|level| shades(level.probability())).collect(),
        disagreement: shades(&apart),
        entropy: shades(&vote_entropy(&figures.votes, LABELS)),
        ties: parts_of(&consensus, UNDECIDED),
        disputed: places.per_slice(|p| disputed[p] > 0.0),
        voxel_mm3: consensus.grid().world_from_voxel().voxel_mm3(),
        consensus,
        maps: found.maps,
        levels,
        warnings,
        rules: Vec::new(),
    }
}
