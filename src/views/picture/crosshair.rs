//! Lines through the point that all panes show, open around it so that they hide nothing.

use crate::views::theme;
use egui::{Painter, Pos2, Rect, Stroke, pos2};

/// Points left free on each side of the point.
const GAP: f32 = 10.0;

/// Paints the lines over a pane.
pub fn paint(painter: &Painter, rect: Rect, at: Pos2) {
    let stroke = Stroke::new(1.0, theme::ACCENT.gamma_multiply(0.45));
    for (from, to) in [(rect.top(), at.y - GAP), (at.y + GAP, rect.bottom())] {
        if from < to && (rect.left()..=rect.right()).contains(&at.x) {
            painter.line_segment([pos2(at.x, from), pos2(at.x, to)], stroke);
        }
    }
    for (from, to) in [(rect.left(), at.x - GAP), (at.x + GAP, rect.right())] {
        if from < to && (rect.top()..=rect.bottom()).contains(&at.y) {
            painter.line_segment([pos2(from, at.y), pos2(to, at.y)], stroke);
        }
    }
}
