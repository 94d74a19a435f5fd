//! Readers one by one: what STAPLE thinks of them, and how they agree with themselves.

use super::figures::{LEVEL_NAMES, PairFigures, UnitFigures, everybody};
use super::series::{COUNTS, Described};
use super::table::{Cell, Table};
use super::{ReportRules, Who};

/// Sensitivity and specificity of each independent reader as estimated by STAPLE; `None` where the consensus is another.
pub(super) fn staple_table(units: &[UnitFigures], rules: &ReportRules) -> Option<Table> {
    if !units.iter().any(|unit| unit.against.iter().any(|one| one.levels.iter().any(|level| level.staple.is_some()))) {
        return None;
    }
    let unit = rules.unit();
    let mut table = Table::new(format!("Sensitivity and specificity of each independent reader as STAPLE estimates them, over {unit}s."));
    table.head(vec![
        Cell::text("Reader"),
        Cell::number(COUNTS),
        Cell::number("Sensitivity, median (range)"),
        Cell::number("Specificity, median (range)"),
    ]);
    for (level, name) in LEVEL_NAMES.into_iter().enumerate() {
        table.group(format!("Level {name}"));
        for who in everybody(units).into_iter().filter(|who| matches!(who, Who::Reader(_))) {
            let figure = |pick: fn((f64, f64)) -> f64| {
                let entries = units.iter().filter_map(|unit| Some((unit, unit.of(&who)?.levels[level].staple.map(pick))));
                Described::of(entries, &ReportRules { resamples: 0, ..*rules })
            };
            let (sensitivity, specificity) = (figure(|s| s.0), figure(|s| s.1));
            table.row(vec![
                Cell::text(who.to_string()),
                Cell::number(sensitivity.counts()),
                Cell::number(sensitivity.median_range(3)),
                Cell::number(specificity.median_range(4)),
            ]);
        }
    }
    table.note(format!(
        "Estimated together with the consensus. Undefined where no independent reader used the level. A sum of sensitivity and \
         specificity of 1 or less in one {unit} is warned of at the beginning: such a mark is no evidence for the level."
    ));
    Some(table)
}

/// Later finished reads against the first one of the same reader; `None` where nobody read twice.
pub(super) fn again_table(units: &[UnitFigures], rules: &ReportRules) -> Option<Table> {
    let readers: Vec<Who> =
        everybody(units).into_iter().filter(|who| units.iter().any(|unit| unit.again.iter().any(|pair| pair.a == *who))).collect();
    if readers.is_empty() {
        return None;
    }
    let mut table = Table::new(format!("Readers against themselves: later finished reads against the first one, over {}s.", rules.unit()));
    table.head(
        [Cell::text("Reader"), Cell::number("n")]
            .into_iter()
            .chain(LEVEL_NAMES.map(|name| Cell::number(format!("Dice, level {name}"))))
            .chain([Cell::number("Kappa, quadratic")])
            .collect(),
    );
    for who in readers {
        let figure = |pick: &dyn Fn(&PairFigures) -> Option<f64>| {
            let pairs = units.iter().flat_map(|unit| unit.again.iter().filter(|pair| pair.a == who).map(move |pair| (unit, pair)));
            Described::of(pairs.map(|(unit, pair)| (unit, pick(pair))), &ReportRules { resamples: 0, ..*rules })
        };
        let kappa = figure(&|pair| pair.kappa_quadratic);
        let mut cells = vec![Cell::text(who.to_string()), Cell::number((kappa.n + kappa.undefined).to_string())];
        cells.extend((0..LEVEL_NAMES.len()).map(|level| Cell::number(figure(&|pair| pair.dice[level]).median_range(2))));
        cells.push(Cell::number(kappa.median_range(2)));
        table.row(cells);
    }
    table.note("Median with range; n: pairs of reads. A level that neither read has is left out. Kappa: Cohen, labels 0 to 3, all voxels.");
    Some(table)
}
