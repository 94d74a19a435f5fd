//! Dice of level 3 against how much of level 3 there is.

use super::axis::Axis;
use super::boxes::mark;
use super::figures::{UnitFigures, everybody};
use super::number::{counted, or_dash};
use super::svg::{Anchor, Svg};
use super::{ReportRules, Who};
use crate::agreement::spearman;

/// Place of level 3 among the levels.
const LEVEL_3: usize = 2;
const WIDTH: f64 = 600.0;
const LEFT: f64 = 44.0;
const BOTTOM: f64 = 262.0;

/// (volume of the consensus in ml, Dice) of one person, where both are defined.
fn points(units: &[UnitFigures], who: &Who) -> Vec<(f64, f64)> {
    units
        .iter()
        .filter(|unit| unit.estimable[LEVEL_3])
        .filter_map(|unit| Some((unit.consensus_ml[LEVEL_3], unit.of(who)?.levels[LEVEL_3].overlap.dice()?)))
        .collect()
}

/// The colour of a kind of map; the shapes differ as well.
const fn colour(who: &Who) -> &'static str {
    match who {
        Who::Reader(_) | Who::Consensus => "#5f6368",
        Who::Assisted(_) | Who::Meeting => "#0d9488",
        Who::Model(_) => "#c2410c",
    }
}

/// The drawing.
pub(super) fn amount_plot(units: &[UnitFigures]) -> String {
    let all = everybody(units);
    let mut svg = Svg::new(WIDTH, BOTTOM + 40.0);
    let volumes = all.iter().flat_map(|who| points(units, who)).map(|(volume, _)| volume);
    let x = Axis::around(volumes.chain([0.0]), 6.0, LEFT, WIDTH - 150.0);
    let y = Axis::new(0.0, 1.0, 0.2, BOTTOM, 12.0);
    y.draw_left(&mut svg, &[LEFT, WIDTH - 150.0], true);
    x.draw_bottom(&mut svg, BOTTOM, true);
    svg.upwards([11.0, BOTTOM / 2.0], Anchor::Middle, 10.5, "Dice of level 3");
    svg.text([f64::midpoint(LEFT, WIDTH - 150.0), BOTTOM + 32.0], Anchor::Middle, 10.5, "Level 3 in the consensus (ml)");
    for who in &all {
        for (volume, dice) in points(units, who) {
            mark(&mut svg, [x.at(volume), y.at(dice)], 3.2, colour(who), who);
        }
    }
    let mut row = 22.0;
    for (one, words) in [
        (Who::Reader(String::new()), "independent reader"),
        (Who::Assisted(String::new()), "assisted read"),
        (Who::Meeting, "consensus meeting"),
        (Who::Model(String::new()), "model"),
    ] {
        if all.iter().any(|who| who.role() == one.role()) {
            mark(&mut svg, [WIDTH - 134.0, row], 3.2, colour(&one), &one);
            svg.text([WIDTH - 124.0, row + 3.5], Anchor::Start, 10.0, words);
            row += 17.0;
        }
    }
    svg.finish("Dice of level 3 against the volume of level 3")
}

/// What the drawing shows, with a rank correlation per person.
pub(super) fn amount_caption(units: &[UnitFigures], rules: &ReportRules) -> String {
    let all = everybody(units);
    let each: Vec<String> = all
        .iter()
        .map(|who| {
            let (volumes, dice): (Vec<f64>, Vec<f64>) = points(units, who).into_iter().unzip();
            let rho = if volumes.len() < 3 { None } else { spearman(&volumes, &dice) };
            format!("{who} {} (n = {})", or_dash(rho, 2), volumes.len())
        })
        .collect();
    let rho = if all.iter().any(|who| points(units, who).len() >= 3) {
        format!("Spearman's ρ: {} (– below three points or without variation).", each.join(", "))
    } else {
        "Fewer than three points per map: no correlation is given.".to_owned()
    };
    let empty = units.iter().filter(|unit| !unit.estimable[LEVEL_3]).count();
    format!(
        "Dice of level 3 against the amount of level-3 signal in the consensus, a mark per map and {}. {rho} Not shown: {} in which no \
         independent reader used level 3.",
        rules.unit(),
        counted(empty, rules.unit())
    )
}
