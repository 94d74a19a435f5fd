//! Lines through the point that all panes show, open around it so that they hide nothing.

use crate::views::theme;
use egui::{Painter, Pos2, Rect, Stroke, pos2};

/// Points left free on each side of the point.
const GAP: f32 = 10.0;
/// Length of the arms around the point and of the ticks at the edges, in points.
const ARM: f32 = 12.0;

/// Paints a small open cross at the point and ticks at the pane's edges, for the pane that is read: lines across it would lie
/// over what is looked for.
pub fn paint_small(painter: &Painter, rect: Rect, at: Pos2) {
    let stroke = Stroke::new(1.0, theme::ACCENT);
    for (from, to) in [(-GAP - ARM, -GAP), (GAP, GAP + ARM)] {
        painter.line_segment([pos2(at.x + from, at.y), pos2(at.x + to, at.y)], stroke);
        painter.line_segment([pos2(at.x, at.y + from), pos2(at.x, at.y + to)], stroke);
    }
    for (edge, to) in [(rect.left(), rect.left() + ARM), (rect.right() - ARM, rect.right())] {
        painter.line_segment([pos2(edge, at.y), pos2(to, at.y)], stroke);
    }
    for (edge, to) in [(rect.top(), rect.top() + ARM), (rect.bottom() - ARM, rect.bottom())] {
        painter.line_segment([pos2(at.x, edge), pos2(at.x, to)], stroke);
    }
}

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
