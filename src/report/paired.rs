//! Model against readers on the same units: paired tests.

use super::figures::{LEVEL_NAMES, UnitFigures, everybody};
use super::number::{or_dash, p_value};
use super::table::{Cell, Table};
use super::{ReportRules, Who};
use crate::agreement::{QuantileType, holm, quantile, wilcoxon_p};

/// One comparison.
struct Test {
    level: &'static str,
    model: Who,
    reader: Who,
    n: usize,
    median: Option<f64>,
    p: Option<f64>,
}

/// Leave-one-out Dice of every model (and assisted read) minus that of every independent reader; `None` where there is
/// nobody to compare.
pub(super) fn paired_table(units: &[UnitFigures], rules: &ReportRules) -> Option<Table> {
    let tests = tests(units);
    if tests.is_empty() {
        return None;
    }
    let known: Vec<f64> = tests.iter().filter_map(|t| t.p).collect();
    let mut corrected = holm(&known).into_iter();
    let unit = rules.unit();
    let mut table = Table::new(format!(
        "Leave-one-reader-out Dice of models and assisted reads against that of independent readers, paired by {unit}."
    ));
    table.head(vec![
        Cell::text("Whose map"),
        Cell::text("Minus reader"),
        Cell::number("n"),
        Cell::number("Median difference"),
        Cell::number("p"),
        Cell::number("p, Holm"),
    ]);
    let mut level = "";
    for test in &tests {
        if test.level != level {
            level = test.level;
            table.group(format!("Level {level}"));
        }
        let holm = test.p.and_then(|_| corrected.next());
        table.row(vec![
            Cell::text(test.model.to_string()),
            Cell::text(test.reader.to_string()),
            Cell::number(test.n.to_string()),
            Cell::number(or_dash(test.median, 3)),
            Cell::number(p_value(test.p)),
            Cell::number(p_value(holm)),
        ]);
    }
    table.note(format!(
        "Wilcoxon signed-rank test, two-sided, exact up to 50 pairs without ties; pairs without a difference are left out. Holm's \
         correction over the {} tests of this table that give a p. n: {unit}s in which both figures are defined.",
        known.len()
    ));
    table.note("With n pairs the smallest possible p is 2 / 2ⁿ: five pairs or fewer cannot reach 0.05.");
    Some(table)
}

fn tests(units: &[UnitFigures]) -> Vec<Test> {
    let all = everybody(units);
    let (readers, others): (Vec<&Who>, Vec<&Who>) =
        all.iter().filter(|who| **who != Who::Meeting).partition(|who| matches!(who, Who::Reader(_)));
    let mut tests = Vec::new();
    for (at, level) in LEVEL_NAMES.into_iter().enumerate() {
        for model in &others {
            for reader in &readers {
                let figure = |unit: &UnitFigures, who: &Who| unit.of(who)?.levels[at].dice_left_out;
                let differences: Vec<f64> = units.iter().filter_map(|unit| Some(figure(unit, model)? - figure(unit, reader)?)).collect();
                if !differences.is_empty() {
                    tests.push(Test {
                        level,
                        model: (*model).clone(),
                        reader: (*reader).clone(),
                        n: differences.len(),
                        median: quantile(&differences, 0.5, QuantileType::Linear7),
                        p: wilcoxon_p(&differences),
                    });
                }
            }
        }
    }
    tests
}
