//! Table 1 of von Brandis et al. 2022: Dice of each reader and model against the consensus, plain and leave-one-out.

use super::figures::{LEVEL_NAMES, UnitFigures, everybody};
use super::series::{COUNTS, Described};
use super::table::{Cell, Table};
use super::{ReportRules, Who};

/// One line of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct DiceLine {
    /// Whose.
    pub who: Who,
    /// Level: `1`, `2`, `3` or `2+3`.
    pub level: &'static str,
    /// Dice against the consensus of all independent readers.
    pub plain: Described,
    /// Dice against the consensus of the others (a reader), or the mean over those consensuses (all others).
    pub left_out: Described,
}

/// Every line: level by level, readers first.
#[must_use]
pub fn dice_lines(units: &[UnitFigures], rules: &ReportRules) -> Vec<DiceLine> {
    let all = everybody(units);
    let mut lines = Vec::new();
    for (at, level) in LEVEL_NAMES.into_iter().enumerate() {
        for who in &all {
            let of = || units.iter().filter_map(|unit| Some((unit, &unit.of(who)?.levels[at])));
            lines.push(DiceLine {
                who: who.clone(),
                level,
                plain: Described::of(of().map(|(unit, figures)| (unit, figures.overlap.dice())), rules),
                left_out: Described::of(of().map(|(unit, figures)| (unit, figures.dice_left_out)), rules),
            });
        }
    }
    lines
}

/// The table for the page.
pub(super) fn dice_table(units: &[UnitFigures], rules: &ReportRules) -> Table {
    let unit = rules.unit();
    let mut table = Table::new(format!(
        "Dice similarity coefficient of each reader and model against the consensus of the independent readers, per level. \
         Median with range and mean with 95 % interval over {unit}s."
    ))
    .dense();
    table.head(vec![Cell::text(""), Cell::text("Against the consensus of all").over(3), Cell::text("Leave-one-reader-out").over(3)]);
    table.head(vec![
        Cell::text("Whose map"),
        Cell::number(COUNTS),
        Cell::number("Median (range)"),
        Cell::number("Mean [95 % CI]"),
        Cell::number(COUNTS),
        Cell::number("Median (range)"),
        Cell::number("Mean [95 % CI]"),
    ]);
    let mut level = "";
    for line in dice_lines(units, rules) {
        if line.level != level {
            level = line.level;
            table.group(level_title(level));
        }
        let mut cells = vec![Cell::text(line.who.to_string())];
        for described in [&line.plain, &line.left_out] {
            cells.push(Cell::number(described.counts()));
            cells.push(Cell::number(described.median_range(2)));
            cells.push(Cell::number(described.mean_interval(2)));
        }
        table.row(cells);
    }
    table.note(format!(
        "n: {unit}s in which Dice is defined; in brackets (–) those in which it is not, because map and consensus are both empty: they are left out of every figure."
    ));
    table.note(
        "Leave-one-reader-out: a reader against the consensus of the other independent readers; an assisted read or a model against \
         each of those consensuses, averaged. It needs three independent readers.",
    );
    table.note(format!(
        "Intervals: bootstrap of the mean by patient, {} resamples, seed {}, percentiles; none below five patients.",
        rules.resamples, rules.seed
    ));
    if units.iter().any(|u| u.everybody.iter().any(|who| matches!(who, Who::Assisted(_)))) {
        table.note("Assisted: read with a model's proposals on screen; such reads never vote and stand apart.");
    }
    table
}

/// A heading for a level.
pub(super) fn level_title(level: &str) -> String {
    match level {
        "1" => "Level 1: slightly increased, diffuse".to_owned(),
        "2" => "Level 2: focal, mildly increased".to_owned(),
        "3" => "Level 3: focal, moderately to highly increased".to_owned(),
        other => format!("Level {other}: union"),
    }
}
