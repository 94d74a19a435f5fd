//! A sensitivity analysis of assisted reads: apart by voxel, where the model drew last and everywhere else.

use super::figures::{LEVEL_NAMES, LEVELS, UnitFigures, everybody, side_word};
use super::number::fixed;
use super::series::{COUNTS, Described};
use super::table::{Cell, Table};
use super::{ReadMap, ReportRules, Who};
use crate::agreement::{Comparison, Overlap};
use crate::consensus::MARROW_LEVELS;
use crate::volume::{GridMismatch, Labels};
use std::fmt::Write as _;

/// An assisted read against the consensus, apart by what changed each voxel last (DESIGN section 5, label 0 included).
#[derive(Clone, Debug, PartialEq)]
pub struct OriginFigures {
    /// Per level: voxels that a model's proposal changed last, adopted and left as they were.
    pub from_model: [Overlap; LEVELS],
    /// Per level: all other voxels, painted by hand or never touched.
    pub rest: [Overlap; LEVELS],
}

impl OriginFigures {
    /// Share of the voxels that the read gives a level which the model drew; `None` where the read has none.
    #[must_use]
    pub fn drawn_by_model(&self, level: usize) -> Option<f64> {
        let (model, rest) = (self.from_model[level].voxels_a(), self.rest[level].voxels_a());
        (model + rest > 0).then(|| model as f64 / (model + rest) as f64)
    }
}

/// Counts of a map whose origin is known; `masks` are the levels of the consensus.
pub(super) fn by_origin(map: &ReadMap, masks: &[Labels]) -> Result<Option<OriginFigures>, GridMismatch> {
    let Some(model) = &map.from_model else { return Ok(None) };
    let mut found = OriginFigures { from_model: [NONE; LEVELS], rest: [NONE; LEVELS] };
    for (at, level) in MARROW_LEVELS.iter().enumerate() {
        let all = Comparison::new(&map.labels, &masks[at])?.overlap_between(level, &[1]);
        model.grid().require_same(map.labels.grid())?;
        // Both, the map only, the consensus only, neither.
        let mut cells = [0_u64; 4];
        model.for_each_labelled(|voxel, _| {
            let (drawn, true_level) = (level.contains(&map.labels.get(voxel)), masks[at].get(voxel) == 1);
            cells[2 * usize::from(!drawn) + usize::from(!true_level)] += 1;
        });
        found.from_model[at] = Overlap::new(cells[0], cells[1], cells[2], cells[3], all.voxel_ml());
        found.rest[at] = all.without(&found.from_model[at]);
    }
    Ok(Some(found))
}

const NONE: Overlap = Overlap::new(0, 0, 0, 0, 0.0);

/// The table; `None` where no assisted read has voxels from a model.
pub(super) fn origin_table(units: &[UnitFigures], rules: &ReportRules) -> Option<Table> {
    let readers: Vec<_> = everybody(units).into_iter().filter(|who| units.iter().any(|unit| origin(unit, who).is_some())).collect();
    if readers.is_empty() {
        return None;
    }
    let mut table = Table::new(format!(
        "Sensitivity analysis: assisted reads against the consensus, apart by voxel. Median with range over {}s.",
        rules.unit()
    ));
    table.head(vec![
        Cell::text("Reader"),
        Cell::number("Drawn by the model, %"),
        Cell::number(COUNTS),
        Cell::number("Dice where the model drew last"),
        Cell::number(COUNTS),
        Cell::number("Dice elsewhere"),
    ]);
    for (level, name) in LEVEL_NAMES.into_iter().enumerate() {
        table.group(format!("Level {name}"));
        for who in &readers {
            let described = |pick: &dyn Fn(&OriginFigures) -> Option<f64>| {
                let entries = units.iter().filter_map(|unit| Some((unit, pick(origin(unit, who)?))));
                Described::of(entries, &ReportRules { resamples: 0, ..*rules })
            };
            let share = described(&|o| o.drawn_by_model(level).map(|s| 100.0 * s));
            let (model, rest) = (described(&|o| o.from_model[level].dice()), described(&|o| o.rest[level].dice()));
            table.row(vec![
                Cell::text(who.to_string()),
                Cell::number(share.median_range(0)),
                Cell::number(model.counts()),
                Cell::number(model.median_range(2)),
                Cell::number(rest.counts()),
                Cell::number(rest.median_range(2)),
            ]);
        }
    }
    table.note(
        "This selects by outcome: the reader looked at every voxel and left alone what looked right, so the model's voxels agree more. \
         It says how much of a read is the model's, not whether help made reads better: for that compare assisted with independent \
         reads above.",
    );
    table.note(
        "Where the model drew last: voxels whose last change was an adopted or accepted proposal, label 0 included. Elsewhere: painted \
         by hand, or never touched by either.",
    );
    Some(table)
}

/// Its figures in one unit.
fn origin<'u>(unit: &'u UnitFigures, who: &Who) -> Option<&'u OriginFigures> {
    unit.of(who)?.by_origin.as_ref()
}

/// The same exam by exam; `None` where there is none.
pub(super) fn origin_csv(units: &[UnitFigures]) -> Option<String> {
    let mut text = "exam,side,reader,level,share_drawn_by_model,dice_where_model_drew_last,dice_elsewhere\n".to_owned();
    let head = text.len();
    let cell = |value: Option<f64>| value.map_or_else(String::new, |v| fixed(v, 6));
    for unit in units {
        let side = unit.side.map_or("", side_word);
        for one in &unit.against {
            let Some(origin) = &one.by_origin else { continue };
            for (level, name) in LEVEL_NAMES.into_iter().enumerate() {
                let figures = [origin.drawn_by_model(level), origin.from_model[level].dice(), origin.rest[level].dice()].map(cell);
                let _ = writeln!(text, "{},{side},{},{name},{}", unit.exam, one.who, figures.join(","));
            }
        }
    }
    (text.len() > head).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Affine, Spacing};
    use crate::volume::Grid;
    use std::sync::Arc;

    fn labels(values: [u8; 6]) -> Labels {
        let grid = Arc::new(Grid::new([6, 1, 1], Affine::from_spacing(Spacing::new([1.0; 3]).unwrap())).unwrap());
        let mut labels = Labels::empty(grid);
        values.iter().enumerate().for_each(|(i, value)| labels.set([i, 0, 0], *value));
        labels
    }

    #[test]
    fn every_voxel_is_counted_once_where_it_came_from() {
        // The model drew the first three voxels, one of them empty; the reader the rest.
        let map =
            ReadMap { who: Who::Assisted("R1".into()), labels: labels([1, 1, 0, 1, 2, 0]), from_model: Some(labels([1, 1, 1, 0, 0, 0])) };
        let consensus = labels([1, 0, 1, 1, 2, 0]);
        let masks: Vec<Labels> = MARROW_LEVELS
            .iter()
            .map(|level| labels(std::array::from_fn(|i| u8::from(level.contains(&consensus.get([i, 0, 0]))))))
            .collect();
        let found = by_origin(&map, &masks).unwrap().unwrap();
        let counts = |o: &Overlap| (o.tp, o.fp, o.fn_, o.tn);
        assert_eq!((counts(&found.from_model[0]), counts(&found.rest[0])), ((1, 1, 1, 0), (1, 0, 0, 2)));
        assert_eq!((counts(&found.from_model[1]), counts(&found.rest[1])), ((0, 0, 0, 3), (1, 0, 0, 2)));
        assert_eq!((found.from_model[1].dice(), found.rest[0].dice()), (None, Some(1.0)));
        assert_eq!((found.drawn_by_model(0), found.drawn_by_model(2)), (Some(2.0 / 3.0), None));
        let unassisted = ReadMap { from_model: None, ..map };
        assert_eq!(by_origin(&unassisted, &masks).unwrap(), None);
    }
}
