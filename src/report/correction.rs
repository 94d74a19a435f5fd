//! The correction curve: what is left to do on each exam once a model proposes, as a drawing.

use super::axis::Axis;
use super::svg::{Anchor, INK, LEVEL_COLOURS, Svg};

const WIDTH: f64 = 640.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 620.0;
const TOP: f64 = 20.0;
const BOTTOM: f64 = 220.0;

/// One measure of effort over the exams in order.
#[derive(Clone, Debug, PartialEq)]
pub struct CorrectionCurve {
    /// What is counted.
    pub name: String,
    /// Per exam: with a proposal, as a share of without one; `None` where there is nothing to draw.
    pub shares: Vec<Option<f64>>,
}

/// Draws the curves over each other, on white, as SVG. The first exam, drawn without a model, costs 1 by definition.
#[must_use]
pub fn correction_plot(curves: &[CorrectionCurve]) -> String {
    let exams = curves.iter().map(|curve| curve.shares.len()).max().unwrap_or(0);
    let height = BOTTOM + 54.0 + 13.0 * curves.len().max(1) as f64;
    let mut svg = Svg::new(WIDTH, height);
    svg.rect([0.0, 0.0], [WIDTH, height], "#ffffff", 1.0, "none");
    let shares = curves.iter().flat_map(|curve| curve.shares.iter().flatten().copied());
    let y = Axis::around(shares.chain([0.0, 1.0]), 5.0, BOTTOM, TOP);
    y.draw_left(&mut svg, &[LEFT, RIGHT], true);
    svg.line([LEFT, BOTTOM], [RIGHT, BOTTOM], INK, 0.9);
    // Half a step is left free on both sides.
    let x = |exam: usize| LEFT + (RIGHT - LEFT) * (exam as f64 + 0.5) / exams.max(1) as f64;
    for exam in 0..exams {
        svg.text([x(exam), BOTTOM + 14.0], Anchor::Middle, 10.0, &(exam + 1).to_string());
    }
    for (n, curve) in curves.iter().enumerate() {
        let (colour, dashes) = (LEVEL_COLOURS[n % LEVEL_COLOURS.len()], ["", "6 3", "2 3", "8 3 2 3"][n % 4]);
        let points: Vec<[f64; 2]> = curve.shares.iter().enumerate().filter_map(|(exam, share)| Some([x(exam), y.at((*share)?)])).collect();
        points.windows(2).for_each(|pair| svg.dashed(pair[0], pair[1], colour, 1.6, dashes));
        points.iter().for_each(|at| svg.circle(*at, 2.8, colour, "none"));
        let row = BOTTOM + 50.0 + 13.0 * n as f64;
        svg.dashed([LEFT, row - 3.5], [LEFT + 28.0, row - 3.5], colour, 1.6, dashes);
        svg.text([LEFT + 36.0, row], Anchor::Start, 10.5, &curve.name);
    }
    svg.text([f64::midpoint(LEFT, RIGHT), BOTTOM + 31.0], Anchor::Middle, 10.5, "Exam, one retraining after each");
    svg.upwards([16.0, f64::midpoint(TOP, BOTTOM)], Anchor::Middle, 10.5, "Left to do, of what it takes without a model");
    svg.finish("Correction curve")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_share_that_is_known_has_a_mark_and_better_is_lower() {
        let curve = |shares: &[Option<f64>]| CorrectionCurve { name: "voxels".into(), shares: shares.to_vec() };
        let drawn = correction_plot(&[curve(&[Some(1.0), Some(0.5), None, Some(1.4)])]);
        assert_eq!(drawn.matches("<circle").count(), 3);
        let heights: Vec<f64> = drawn.split("cy=\"").skip(1).map(|rest| rest.split('"').next().unwrap().parse().unwrap()).collect();
        assert!(heights[1] > heights[0] && heights[0] > heights[2], "{heights:?}");
        assert_eq!(correction_plot(&[]).matches("<circle").count(), 0);
    }
}
