//! Volumes: Bland and Altman's limits of agreement with the consensus, per level.

use super::axis::Axis;
use super::boxes::mark;
use super::figures::{LEVEL_NAMES, LEVELS, UnitFigures, everybody};
use super::number::{or_dash, range};
use super::svg::{Anchor, FAINT, INK, LEVEL_COLOURS, Svg};
use super::table::{Cell, Table};
use super::{ReportRules, Who};
use crate::agreement::BlandAltman;

const WIDTH: f64 = 752.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 742.0;
const GAP: f64 = 50.0;
const TOP: f64 = 24.0;
const HEIGHT: f64 = 112.0;
const BETWEEN: f64 = 26.0;
/// People per drawing, so that one fits on a page.
const ROWS: usize = 6;

/// (volume of the map, volume of the consensus) in ml per unit; levels that are not estimable are left out.
fn volumes(units: &[UnitFigures], who: &Who, level: usize) -> Vec<(f64, f64)> {
    units
        .iter()
        .filter(|unit| unit.estimable[level])
        .filter_map(|unit| {
            let overlap = unit.of(who)?.levels[level].overlap;
            Some((overlap.volume_a_ml(), overlap.volume_b_ml()))
        })
        .collect()
}

/// Limits of fewer pairs say nothing.
const FEWEST: usize = 3;

/// Bias and limits, where there are pairs enough.
fn limits(pairs: &[(f64, f64)]) -> Option<BlandAltman> {
    BlandAltman::of(pairs).filter(|ba| ba.n >= FEWEST)
}

/// One drawing per six people: a row per person, a column per level.
pub(super) fn limits_plots(units: &[UnitFigures]) -> Vec<String> {
    let all = everybody(units);
    all.chunks(ROWS).map(|some| plot(units, &all, some)).collect()
}

fn plot(units: &[UnitFigures], all: &[Who], some: &[Who]) -> String {
    let panel = (RIGHT - LEFT - GAP * 3.0) / 4.0;
    let height = TOP + (HEIGHT + BETWEEN) * some.len() as f64 + 20.0;
    let mut svg = Svg::new(WIDTH, height);
    for level in 0..LEVELS {
        let left = LEFT + (panel + GAP) * level as f64;
        svg.bold([left + panel / 2.0, 12.0], Anchor::Middle, 11.0, &format!("Level {}", LEVEL_NAMES[level]));
        // One scale per level, so that people can be compared down the column.
        let mut means: Vec<f64> = vec![0.0];
        let mut differences: Vec<f64> = vec![0.0];
        for who in all {
            let pairs = volumes(units, who, level);
            means.extend(pairs.iter().map(|(a, b)| f64::midpoint(*a, *b)));
            differences.extend(pairs.iter().map(|(a, b)| a - b));
            differences.extend(limits(&pairs).into_iter().flat_map(|ba| [ba.low, ba.high]));
        }
        for (row, who) in some.iter().enumerate() {
            let top = TOP + (HEIGHT + BETWEEN) * row as f64;
            let x = Axis::around(means.iter().copied(), 3.0, left, left + panel);
            let y = Axis::around(differences.iter().copied(), 4.0, top + HEIGHT, top);
            let frame = [left, left + panel, top + HEIGHT];
            one_panel(&mut svg, [&x, &y], frame, &volumes(units, who, level), LEVEL_COLOURS[level], who);
            if level == 0 {
                svg.upwards([12.0, top + HEIGHT / 2.0], Anchor::Middle, 10.5, &who.short(all));
            }
        }
    }
    svg.text(
        [f64::midpoint(LEFT, RIGHT), height - 4.0],
        Anchor::Middle,
        10.5,
        "Mean of map and consensus (ml); upwards: map minus consensus (ml)",
    );
    svg.finish("Bland-Altman plots of volumes per level")
}

fn one_panel(svg: &mut Svg, axes: [&Axis; 2], frame: [f64; 3], pairs: &[(f64, f64)], colour: &str, who: &Who) {
    let ([x, y], [left, right, bottom]) = (axes, frame);
    y.draw_left(svg, &[left, right], true);
    x.draw_bottom(svg, bottom, true);
    svg.line([left, y.at(0.0)], [right, y.at(0.0)], FAINT, 1.2);
    if let Some(ba) = limits(pairs) {
        svg.line([left, y.at(ba.bias)], [right, y.at(ba.bias)], INK, 1.3);
        for limit in [ba.low, ba.high].into_iter().filter(|limit| y.holds(*limit)) {
            svg.dashed([left, y.at(limit)], [right, y.at(limit)], INK, 1.0, "5 3");
        }
    }
    for (a, b) in pairs {
        mark(svg, [x.at(f64::midpoint(*a, *b)), y.at(a - b)], 2.6, colour, who);
    }
    if pairs.is_empty() {
        svg.text([f64::midpoint(left, right), y.at(0.0) - 5.0], Anchor::Middle, 10.0, "–");
    }
}

/// Bias and limits in numbers.
pub(super) fn limits_table(units: &[UnitFigures], rules: &ReportRules) -> Table {
    let mut table = Table::new("Volumes against the consensus (map minus consensus, ml): bias and 95 % limits of agreement.").dense();
    table.head(vec![
        Cell::text("Whose map"),
        Cell::number("n"),
        Cell::number("Mean volume"),
        Cell::number("Bias [95 % CI]"),
        Cell::number("SD"),
        Cell::number("Lower limit [95 % CI]"),
        Cell::number("Upper limit [95 % CI]"),
    ]);
    for (level, name) in LEVEL_NAMES.into_iter().enumerate() {
        table.group(format!("Level {name}"));
        // A sparse level is a matter of microlitres.
        let largest = units.iter().map(|unit| unit.consensus_ml[level]).fold(0.0, f64::max);
        let digits = if largest < 1.0 { 3 } else { 2 };
        for who in everybody(units) {
            let pairs = volumes(units, &who, level);
            let mean = crate::agreement::mean(&pairs.iter().map(|(a, _)| *a).collect::<Vec<_>>());
            let ba = limits(&pairs);
            let with = |value: Option<f64>, interval: Option<[f64; 2]>| {
                Cell::number(match (value, interval) {
                    (Some(_), Some([low, high])) => format!("{} [{}]", or_dash(value, digits), range(low, high, digits)),
                    _ => or_dash(value, digits),
                })
            };
            table.row(vec![
                Cell::text(who.to_string()),
                Cell::number(pairs.len().to_string()),
                Cell::number(or_dash(mean, digits)),
                with(ba.map(|b| b.bias), ba.map(|b| b.bias_interval)),
                Cell::number(or_dash(ba.map(|b| b.sd), digits)),
                with(ba.map(|b| b.low), ba.map(|b| b.low_interval)),
                with(ba.map(|b| b.high), ba.map(|b| b.high_interval)),
            ]);
        }
    }
    let unit = rules.unit();
    table.note(format!(
        "Bland and Altman 1986, 1999: limits are bias ± 1.96 SD, intervals by Student's t. n: {unit}s in which an independent reader \
         used the level; below three there are no limits. Every {unit} counts singly here, whosever it is.",
    ));
    table
}
