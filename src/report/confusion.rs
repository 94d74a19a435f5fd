//! Which level a reader chose where the consensus says another.

use super::figures::{UnitFigures, everybody};
use super::number::{fixed, grouped};
use super::table::{Cell, Table};
use super::{ReportRules, Who};

/// Rows the label of the consensus, columns that of a reader or model, as shares of the row, summed over units.
pub(super) fn confusion_table(units: &[UnitFigures], rules: &ReportRules) -> Table {
    let mut table = Table::new(
        "Confusion of levels: where the consensus has the level of the row, how often each map has that of the column (percent of the \
         row, all voxels together).",
    );
    let names = ["Background", "Level 1", "Level 2", "Level 3"];
    table.head(std::iter::once(Cell::text("Consensus")).chain(names.map(Cell::number)).chain([Cell::number("Voxels")]).collect());
    for who in everybody(units) {
        let mut counts = [[0_u64; 4]; 4];
        let mut measured = 0;
        for one in units.iter().filter_map(|unit| unit.of(&who)) {
            measured += 1;
            for (row, cells) in counts.iter_mut().zip(one.confusion.rows()) {
                for (sum, count) in row.iter_mut().zip(cells) {
                    *sum += count;
                }
            }
        }
        table.group(format!("{who}, {}", super::number::counted(measured, rules.unit())));
        for (row, name) in counts.iter().zip(names) {
            let total: u64 = row.iter().sum();
            let mut cells = vec![Cell::text(name)];
            cells.extend(row.iter().map(|&count| {
                let share = (total > 0).then(|| count as f64 / total as f64);
                Cell::shaded(share.map_or_else(|| "–".to_owned(), |s| fixed(100.0 * s, 1)), share)
            }));
            cells.push(Cell::number(grouped(total)));
            table.row(cells);
        }
    }
    table.note(format!(
        "Labels of the consensus: {}. Undecided voxels are left out ({} over all {}s).",
        rules.options.rule(rules.method),
        grouped(units.iter().map(|u| u.undecided).sum()),
        rules.unit()
    ));
    if everybody(units).iter().any(|who| matches!(who, Who::Reader(_))) {
        table.note("A reader's own vote is part of the consensus here.");
    }
    table
}
