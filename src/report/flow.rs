//! The way of the exams into the figures, as a drawing.

use super::figures::{UnitFigures, everybody};
use super::number::counted;
use super::svg::{Anchor, INK, Svg};
use super::{ReportFacts, Who};
use std::collections::{BTreeMap, BTreeSet};

const WIDTH: f64 = 640.0;
const BOX: f64 = 330.0;
const LINE: f64 = 15.0;

/// Boxes from the exams of the study to the exams with figures; what was left out stands aside with its reason.
pub(super) fn flow_plot(units: &[UnitFigures], facts: &ReportFacts) -> String {
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for excluded in &facts.excluded {
        *reasons.entry(excluded.why.as_str()).or_default() += 1;
    }
    let mut aside = vec![format!("{} without figures", counted(facts.excluded.len(), "exam"))];
    aside.extend(reasons.iter().take(4).flat_map(|(why, n)| wrapped(&format!("{n}: {why}"), 44)));
    if reasons.len() > 4 {
        aside.push("and other reasons: see the table of exclusions".to_owned());
    }
    let mut boxes = vec![vec![format!("{} in the study", counted(facts.exams_in_study, "exam"))]];
    let exams: BTreeSet<&str> = units.iter().map(|unit| unit.exam.as_str()).collect();
    let patients: BTreeSet<&str> = units.iter().map(|unit| unit.patient.as_str()).collect();
    boxes.push(vec![
        format!("{} of {} with figures", counted(exams.len(), "exam"), counted(patients.len(), "patient")),
        maps_of(units, "independent read", |who| matches!(who, Who::Reader(_))),
        "make the consensus of each exam".to_owned(),
    ]);
    type Kind = fn(&Who) -> bool;
    let others: [(&str, Kind); 3] = [
        ("assisted read", |who| matches!(who, Who::Assisted(_))),
        ("meeting read", |who| *who == Who::Meeting),
        ("model proposal", |who| matches!(who, Who::Model(_))),
    ];
    let mut measured: Vec<String> =
        others.into_iter().filter(|(_, is)| everybody(units).iter().any(is)).map(|(word, is)| maps_of(units, word, is)).collect();
    if !measured.is_empty() {
        measured.push("measured against that consensus".to_owned());
        boxes.push(measured);
    }
    let tall = |lines: &[String]| LINE * lines.len() as f64 + 14.0;
    let gap = if facts.excluded.is_empty() { 30.0 } else { tall(&aside) + 16.0 };
    let height = boxes.iter().map(|lines| tall(lines)).sum::<f64>() + gap + 30.0 + 4.0;
    let mut svg = Svg::new(WIDTH, height);
    let mut top = 2.0;
    let draw = |svg: &mut Svg, left: f64, top: f64, width: f64, lines: &[String]| {
        svg.rect([left, top], [width, tall(lines)], "#ffffff", 1.0, INK);
        for (n, line) in lines.iter().enumerate() {
            svg.text([left + 10.0, top + 18.0 + LINE * n as f64], Anchor::Start, 11.5, line);
        }
    };
    for (n, lines) in boxes.iter().enumerate() {
        draw(&mut svg, 2.0, top, BOX, lines);
        top += tall(lines);
        if n + 1 < boxes.len() {
            let way = if n == 0 { gap } else { 30.0 };
            let x = 40.0;
            svg.line([x, top], [x, top + way], INK, 1.0);
            svg.polygon(&[[x, top + way], [x - 3.5, top + way - 7.0], [x + 3.5, top + way - 7.0]], INK, INK);
            if n == 0 && !facts.excluded.is_empty() {
                let middle = top + way / 2.0;
                svg.line([x, middle], [BOX - 4.0, middle], INK, 1.0);
                draw(&mut svg, BOX - 4.0, middle - tall(&aside) / 2.0, WIDTH - BOX + 2.0, &aside);
            }
            top += way;
        }
    }
    svg.finish("Flow of exams")
}

/// `12 independent reads by 4 readers`.
fn maps_of(units: &[UnitFigures], word: &str, is: impl Fn(&Who) -> bool) -> String {
    let mut seen = BTreeSet::new();
    for unit in units {
        seen.extend(unit.everybody.iter().filter(|who| is(who)).map(|who| (unit.exam.as_str(), who)));
    }
    let people = everybody(units).iter().filter(|who| is(who)).count();
    let by = match word {
        "model proposal" => "version",
        "meeting read" => "meeting code",
        _ => "reader",
    };
    format!("{} by {}", counted(seen.len(), word), counted(people, by))
}

/// Lines of at most `width` letters.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        if !lines[last].is_empty() && lines[last].chars().count() + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
        } else {
            if !lines[last].is_empty() {
                lines[last].push(' ');
            }
            lines[last] += word;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_reasons_are_wrapped_between_words() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("unbreakable", 4), ["unbreakable"]);
    }
}
