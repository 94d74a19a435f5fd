//! Exam by exam: what was measured, what was left out.

use super::figures::{LEVELS, UnitFigures, part_word};
use super::number::{fixed, grouped};
use super::table::{Cell, Table};
use super::{Excluded, ReportFacts, ReportRules, Who};

/// One line per unit: who read it and how large the consensus is.
pub(super) fn exam_table(units: &[UnitFigures], rules: &ReportRules) -> Table {
    let mut table = Table::new(format!("The {}s with figures.", rules.unit())).dense();
    table.head(vec![
        Cell::text("Exam"),
        Cell::text("Patient"),
        Cell::text("Part"),
        Cell::number("Slices"),
        Cell::text("Independent reads"),
        Cell::text("Assisted reads, models"),
        Cell::number("Level 1, ml"),
        Cell::number("Level 2, ml"),
        Cell::number("Level 3, ml"),
        Cell::number("2+3, ml"),
        Cell::number("Undecided voxels"),
    ]);
    for unit in units {
        let names = |readers: bool| {
            let some: Vec<String> =
                unit.everybody.iter().filter(|who| matches!(who, Who::Reader(_)) == readers).map(ToString::to_string).collect();
            if some.is_empty() { "–".to_owned() } else { some.join(", ") }
        };
        let mut cells = vec![
            Cell::text(unit.name()),
            Cell::text(unit.patient.to_string()),
            Cell::text(part_word(unit.part)),
            Cell::number(unit.slices.to_string()),
            Cell::text(names(true)),
            Cell::text(names(false)),
        ];
        cells.extend(
            (0..LEVELS)
                .map(|level| Cell::number(if unit.estimable[level] { fixed(unit.consensus_ml[level], 2) } else { "–".to_owned() })),
        );
        cells.push(Cell::number(grouped(unit.undecided)));
        table.row(cells);
    }
    table.note("Volumes are those of the consensus. –: no independent reader used the level, so it is not estimable.");
    table
}

/// Everything that has no figures, with the reason; `None` where nothing was left out.
pub(super) fn exclusion_table(facts: &ReportFacts) -> Option<Table> {
    if facts.excluded.is_empty() && facts.left_out.is_empty() {
        return None;
    }
    let mut table = Table::new("What was left out, and why.");
    table.head(vec![Cell::text("Exam"), Cell::text("What"), Cell::text("Why")]);
    let mut lines = |all: &[Excluded]| {
        for one in all {
            let what = one.who.as_ref().map_or_else(|| "the whole exam".to_owned(), ToString::to_string);
            table.row(vec![Cell::text(one.exam.to_string()), Cell::text(what), Cell::text(one.why.clone())]);
        }
    };
    lines(&facts.excluded);
    lines(&facts.left_out);
    Some(table)
}

/// Every warning once, with the exams that it is about.
pub(super) fn warnings(units: &[UnitFigures]) -> Vec<String> {
    let mut found: Vec<(&str, Vec<String>)> = Vec::new();
    for unit in units {
        for warning in &unit.warnings {
            match found.iter_mut().find(|(text, _)| text == warning) {
                Some((_, names)) => names.push(unit.name()),
                None => found.push((warning, vec![unit.name()])),
            }
        }
    }
    found.into_iter().map(|(warning, names)| format!("{}: {warning}", names.join(", "))).collect()
}
