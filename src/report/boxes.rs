//! Fig. 4 of von Brandis et al. 2022: box plots of Dice, a panel per level.

use super::Who;
use super::axis::Axis;
use super::figures::{LEVEL_NAMES, LevelFigures, UnitFigures, everybody};
use super::svg::{Anchor, INK, LEVEL_COLOURS, Svg};
use crate::agreement::Summary;

const WIDTH: f64 = 752.0;
const LEFT: f64 = 38.0;
const RIGHT: f64 = 748.0;
const GAP: f64 = 14.0;
const TOP: f64 = 26.0;
const BOTTOM: f64 = 236.0;
/// Fewer values than this make no box: they are shown as they are.
const FEWEST: usize = 5;

/// Draws the boxes of one figure of every unit (Dice, plain or leave-one-out).
pub(super) fn box_plot(units: &[UnitFigures], title: &str, figure: impl Fn(&LevelFigures) -> Option<f64>) -> String {
    let all = everybody(units);
    let signs: Vec<String> = all.iter().map(|who| who.short(&all)).collect();
    let longest = signs.iter().map(|sign| sign.chars().count()).max().unwrap_or(0);
    let panel = (RIGHT - LEFT - GAP * 3.0) / 4.0;
    let step = panel / all.len().max(1) as f64;
    let upright = longest as f64 * 6.5 > step;
    let below = if upright { 14.0 + longest as f64 * 6.0 } else { 22.0 };
    let mut svg = Svg::new(WIDTH, BOTTOM + below);
    let y = Axis::new(0.0, 1.0, 0.2, BOTTOM, TOP);
    svg.upwards([10.0, f64::midpoint(TOP, BOTTOM)], Anchor::Middle, 10.5, "Dice");
    for (level, name) in LEVEL_NAMES.into_iter().enumerate() {
        let left = LEFT + (panel + GAP) * level as f64;
        y.draw_left(&mut svg, &[left, left + panel], level == 0);
        svg.bold([left + panel / 2.0, TOP - 10.0], Anchor::Middle, 11.0, &format!("Level {name}"));
        for (at, who) in all.iter().enumerate() {
            let x = left + step * (at as f64 + 0.5);
            let values: Vec<f64> = units.iter().filter_map(|unit| figure(&unit.of(who)?.levels[level])).collect();
            one_box(&mut svg, &y, x, (step * 0.56).min(26.0), &values, LEVEL_COLOURS[level], who);
            if upright {
                svg.upwards([x + 3.3, BOTTOM + 6.0], Anchor::End, 9.0, &signs[at]);
            } else {
                svg.text([x, BOTTOM + 14.0], Anchor::Middle, 9.5, &signs[at]);
            }
        }
    }
    svg.finish(title)
}

/// Box between the quartiles, line at the median, whiskers to the range, a dot per value. A model's box has a thick frame.
fn one_box(svg: &mut Svg, y: &Axis, x: f64, width: f64, values: &[f64], colour: &str, who: &Who) {
    let Some(summary) = Summary::of(values) else {
        svg.text([x, y.at(0.0) - 4.0], Anchor::Middle, 10.0, "–");
        return;
    };
    let half = width / 2.0;
    if values.len() >= FEWEST {
        let [q1, q3] = summary.quartiles_type7.map(|q| y.at(q));
        for (from, to) in [(y.at(summary.min), q1), (q3, y.at(summary.max))] {
            svg.line([x, from], [x, to], INK, 0.9);
        }
        for end in [summary.min, summary.max] {
            svg.line([x - half * 0.5, y.at(end)], [x + half * 0.5, y.at(end)], INK, 0.9);
        }
        svg.rect([x - half, q3], [width, (q1 - q3).max(0.5)], "#ffffff", 1.0, "none");
        svg.rect([x - half, q3], [width, (q1 - q3).max(0.5)], colour, if matches!(who, Who::Reader(_)) { 0.35 } else { 0.12 }, colour);
    }
    for (n, value) in values.iter().enumerate() {
        // Dots lie side by side in a fixed order, so that equal values do not hide each other.
        let aside = if values.len() > 1 { (n as f64 / (values.len() - 1) as f64 - 0.5) * width * 0.7 } else { 0.0 };
        mark(svg, [x + aside, y.at(*value)], if values.len() < FEWEST { 2.8 } else { 1.9 }, colour, who);
    }
    svg.line([x - half, y.at(summary.median)], [x + half, y.at(summary.median)], INK, 1.8);
}

/// A circle for a reader, a triangle for an assisted read, a diamond for a model.
pub(super) fn mark(svg: &mut Svg, at: [f64; 2], size: f64, colour: &str, who: &Who) {
    let [x, y] = at;
    match who {
        Who::Reader(_) | Who::Consensus => svg.circle(at, size, colour, "#ffffff"),
        Who::Assisted(_) | Who::Meeting => {
            let reach = size * 1.3;
            svg.polygon(&[[x, y - reach], [x + reach, y + reach * 0.8], [x - reach, y + reach * 0.8]], colour, "#ffffff");
        }
        Who::Model(_) => {
            let reach = size * 1.5;
            svg.polygon(&[[x, y - reach], [x + reach, y], [x, y + reach], [x - reach, y]], colour, "#ffffff");
        }
    }
}
