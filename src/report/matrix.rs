//! Reader × reader: Dice per level, and the Matthews correlations of Aouad et al., ICIP 2022, with consensus and models.

use super::figures::{LEVEL_NAMES, PairFigures, UnitFigures, everybody};
use super::number::fixed;
use super::series::Described;
use super::table::{Cell, Table};
use super::{ReportRules, Who};

/// Dice of every two maps, one block per level: mean above the diagonal, units below.
pub(super) fn dice_matrices(units: &[UnitFigures], rules: &ReportRules) -> Table {
    let all = everybody(units);
    let mut table = Table::new(format!(
        "Dice of every two readers and models, per level: mean over {unit}s above the diagonal, number of {unit}s below it.",
        unit = rules.unit()
    ));
    table.head(header(&all));
    for (level, name) in LEVEL_NAMES.into_iter().enumerate() {
        table.group(format!("Level {name}"));
        square(&mut table, units, &all, rules, &|pair| pair.dice[level]);
    }
    table.note(format!(
        "A pair in which neither used the level has no Dice and is not counted. The darker, the nearer to 1.{}",
        Who::key(&all)
    ));
    table
}

/// Multi-class Matthews correlation of everybody with everybody, consensus included.
pub(super) fn mcc_matrix(units: &[UnitFigures], rules: &ReportRules) -> Table {
    let mut all = everybody(units);
    all.push(Who::Consensus);
    let mut table = Table::new(format!(
        "Matthews correlation of readers, models and consensus (after Aouad et al., ICIP 2022): mean over {unit}s above the diagonal, \
         number of {unit}s below it.",
        unit = rules.unit()
    ));
    table.head(header(&all));
    square(&mut table, units, &all, rules, &|pair| pair.mcc);
    table.note(format!(
        "Multi-class correlation (Gorodkin 2004) over all voxels and the labels 0, 1, 2, 3; voxels on which the consensus is undecided \
         are left out of its pairs. Undefined where a map uses one label only. A reader's figure against the consensus contains the \
         reader's own vote. C = consensus.{}",
        Who::key(&all)
    ));
    table
}

fn header(all: &[Who]) -> Vec<Cell> {
    std::iter::once(Cell::text("")).chain(all.iter().map(|who| Cell::number(who.short(all)))).collect()
}

fn square(table: &mut Table, units: &[UnitFigures], all: &[Who], rules: &ReportRules, figure: &dyn Fn(&PairFigures) -> Option<f64>) {
    for (row, a) in all.iter().enumerate() {
        let mut cells = vec![Cell::text(a.to_string())];
        for (column, b) in all.iter().enumerate() {
            if row == column {
                cells.push(Cell::number(""));
                continue;
            }
            let described =
                Described::of(units.iter().filter_map(|u| Some((u, figure(u.pair(a, b)?)))), &ReportRules { resamples: 0, ..*rules });
            cells.push(if column > row {
                let mean = described.summary.map(|s| s.mean);
                Cell::shaded(mean.map_or_else(|| "–".to_owned(), |m| fixed(m, 2)), mean)
            } else {
                Cell::number(described.n.to_string())
            });
        }
        table.row(cells);
    }
}
