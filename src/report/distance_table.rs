//! Surface distances and lesions against the consensus.

use super::ReportRules;
use super::figures::{LEVEL_NAMES, LevelFigures, UnitFigures, everybody};
use super::number::or_dash;
use super::series::{COUNTS, Described};
use super::table::{Cell, Table};
use crate::agreement::LesionDetection;

/// HD95, mean surface distance and surface Dice: median with range.
pub(super) fn distance_table(units: &[UnitFigures], rules: &ReportRules) -> Table {
    type Pick = fn(&LevelFigures) -> Option<f64>;
    const FIGURES: [(&str, usize, Pick); 3] = [
        ("HD95, mm", 1, |l| l.distances.hd95_pooled),
        ("Mean surface distance, mm", 2, |l| l.distances.assd_pooled),
        ("Surface Dice, 1 mm", 2, |l| l.distances.surface_dice_1mm),
    ];
    let mut table = Table::new(format!("Surface distances to the consensus: median with range over {}s.", rules.unit()));
    table.head([Cell::text("Whose map"), Cell::number(COUNTS)].into_iter().chain(FIGURES.map(|(name, ..)| Cell::number(name))).collect());
    for (level, name) in LEVEL_NAMES.into_iter().enumerate() {
        table.group(format!("Level {name}"));
        for who in everybody(units) {
            let described = FIGURES.map(|(_, digits, pick)| {
                let entries = units.iter().filter_map(|unit| Some((unit, pick(&unit.of(&who)?.levels[level]))));
                (digits, Described::of(entries, &ReportRules { resamples: 0, ..*rules }))
            });
            let mut cells = vec![Cell::text(who.to_string()), Cell::number(described[0].1.counts())];
            cells.extend(described.iter().map(|(digits, d)| Cell::number(d.median_range(*digits))));
            table.row(cells);
        }
    }
    table.note(
        "Between surface-voxel centres in mm. HD95: 95th percentile of both directed lists together (the two other definitions are in \
         figures_per_exam.csv). Mean surface distance: of both lists together. Undefined where map or consensus is empty: a level that \
         is missed has no distance, so read this table beside the lesions found.",
    );
    table
}

/// Lesions of all units together.
pub(super) fn lesion_table(units: &[UnitFigures], rules: &ReportRules) -> Table {
    let mut table = Table::new(format!("Lesions of the consensus that each map found, all {}s together.", rules.unit()));
    table.head(
        ["Whose map", "In the consensus", "Found", "Sensitivity", "Marked", "Right", "Precision", "F1"]
            .into_iter()
            .enumerate()
            .map(|(at, name)| if at == 0 { Cell::text(name) } else { Cell::number(name) })
            .collect(),
    );
    for (level, name) in LEVEL_NAMES.into_iter().enumerate() {
        table.group(format!("Level {name}"));
        for who in everybody(units) {
            let all = units.iter().filter_map(|unit| Some(unit.of(&who)?.levels[level].lesions));
            let sum = all.fold(LesionDetection::default(), LesionDetection::plus);
            table.row(vec![
                Cell::text(who.to_string()),
                Cell::number(sum.reference.to_string()),
                Cell::number(sum.found.to_string()),
                Cell::number(or_dash(sum.sensitivity(), 2)),
                Cell::number(sum.marked.to_string()),
                Cell::number(sum.right.to_string()),
                Cell::number(or_dash(sum.precision(), 2)),
                Cell::number(or_dash(sum.f1(), 2)),
            ]);
        }
    }
    table.note(
        "A lesion is a part of a level connected through faces, edges or corners; it is found, or right, where the other map shares at \
         least one voxel of it. –: nothing to find or nothing marked.",
    );
    table
}
