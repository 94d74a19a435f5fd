//! Agreement of the independent readers corrected for chance, and of the volumes they measure.

use super::figures::{AmongReaders, LEVEL_NAMES, UnitFigures, everybody};
use super::number::{fixed, one, or_dash, range};
use super::series::{COUNTS, Described, counts};
use super::table::{Cell, Table};
use super::{ReportRules, Who};
use crate::agreement::Icc;

/// Fleiss' kappa and Krippendorff's alpha of all independent readers, described over units.
pub(super) fn chance_table(units: &[UnitFigures], rules: &ReportRules) -> Table {
    type Pick = fn(&AmongReaders) -> Option<f64>;
    const LINES: [(&str, Pick); 7] = [
        ("Fleiss' kappa, labels 0 to 3", |a| a.fleiss),
        ("Fleiss' kappa, level 1 or not", |a| a.fleiss_level[0]),
        ("Fleiss' kappa, level 2 or not", |a| a.fleiss_level[1]),
        ("Fleiss' kappa, level 3 or not", |a| a.fleiss_level[2]),
        ("Krippendorff's alpha, nominal", |a| a.alpha_nominal),
        ("Krippendorff's alpha, ordinal", |a| a.alpha_ordinal),
        ("Krippendorff's alpha, interval", |a| a.alpha_interval),
    ];
    let mut table = Table::new("Agreement of the independent readers, corrected for chance.");
    table.head(vec![Cell::text("Figure"), Cell::number(COUNTS), Cell::number("Median (range)"), Cell::number("Mean [95 % CI]")]);
    for (name, pick) in LINES {
        let described = Described::of(units.iter().map(|unit| (unit, pick(&unit.among))), rules);
        table.row(vec![
            Cell::text(name),
            Cell::number(described.counts()),
            Cell::number(described.median_range(2)),
            Cell::number(described.mean_interval(2)),
        ]);
    }
    table.note(format!(
        "Over all voxels of {}, labels 0 (background) to 3; assisted reads and models take no part. Undefined where everybody used \
         one label only, or with fewer than two independent readers.",
        one(rules.unit())
    ));
    table
}

/// Intraclass correlation of the readers' volumes per level; `None` with fewer than two readers.
pub(super) fn icc_table(units: &[UnitFigures], rules: &ReportRules) -> Option<Table> {
    let readers: Vec<Who> = everybody(units).into_iter().filter(|who| matches!(who, Who::Reader(_))).collect();
    if readers.len() < 2 {
        return None;
    }
    let unit = rules.unit();
    let mut table = Table::new("Intraclass correlation of the volumes that the independent readers measured.");
    table.head(vec![
        Cell::text("Level"),
        Cell::number(COUNTS),
        Cell::number("Single, absolute: ICC(2,1) [95 % CI]"),
        Cell::number("Single, consistency: ICC(3,1) [95 % CI]"),
        Cell::number("Mean of all, absolute: ICC(2,k) [95 % CI]"),
    ]);
    for (level, name) in LEVEL_NAMES.into_iter().enumerate() {
        let (rows, unused) = volumes(units, &readers, level);
        let icc = Icc::of(&rows);
        let cell = |value: Option<f64>, limits: Option<[f64; 2]>| {
            let limits = limits.filter(|l| l.iter().all(|v| v.is_finite()));
            Cell::number(match (value, limits) {
                (Some(value), Some([low, high])) => format!("{} [{}]", fixed(value, 2), range(low, high, 2)),
                (value, _) => or_dash(value, 2),
            })
        };
        table.row(vec![
            Cell::text(name),
            Cell::number(counts(rows.len(), unused)),
            cell(icc.and_then(|i| i.icc21()), icc.and_then(|i| i.icc21_limits())),
            cell(icc.and_then(|i| i.icc31()), icc.and_then(|i| i.icc31_limits())),
            cell(icc.and_then(|i| i.icc2k()), icc.and_then(|i| i.icc2k_limits())),
        ]);
    }
    table.note(format!(
        "Shrout and Fleiss 1979, limits of McGraw and Wong 1996. Volumes in ml; only {unit}s that all {} independent readers read. \
         Undefined (–) below two {unit}s or without variance. n: {unit}s in which one of them used the level; in brackets those in which \
         nobody did, left out because volumes of 0 that all agree on are no agreement on the level.",
        readers.len()
    ));
    Some(table)
}

/// A row of volumes per unit that all readers read and in which one of them used the level; how many units there are in which nobody did.
fn volumes(units: &[UnitFigures], readers: &[Who], level: usize) -> (Vec<Vec<f64>>, usize) {
    let (mut rows, mut unused) = (Vec::new(), 0);
    for unit in units {
        let row = readers.iter().map(|who| Some(unit.of(who)?.levels[level].overlap.volume_a_ml())).collect::<Option<Vec<f64>>>();
        match row {
            Some(row) if unit.estimable[level] => rows.push(row),
            Some(_) => unused += 1,
            None => {}
        }
    }
    (rows, unused)
}
