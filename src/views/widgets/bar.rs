//! Thin bars: how far something is, and the hatched bar that stands for a proposal.

use crate::views::theme;
use egui::{Color32, CornerRadius, Painter, Rect, Ui, Vec2, pos2};

/// A bar over the width at hand; `fraction` between 0 and 1, `None` = not known.
pub fn progress_bar(ui: &mut Ui, fraction: Option<f32>, colour: Color32) {
    let (rect, _) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 4.0), egui::Sense::hover());
    let radius = CornerRadius::same(2);
    ui.painter().rect_filled(rect, radius, theme::CONTROL_LINE);
    let filled = match fraction {
        Some(fraction) => Rect::from_min_max(rect.min, pos2(rect.left() + rect.width() * fraction.clamp(0.0, 1.0), rect.bottom())),
        // Not known: a piece in the middle, so that it cannot be taken for a figure.
        None => Rect::from_center_size(rect.center(), Vec2::new(rect.width() / 4.0, rect.height())),
    };
    ui.painter().rect_filled(filled, radius, colour);
}

/// Diagonal lines within a rectangle: proposed, not adopted.
pub fn hatched_bar(painter: &Painter, rect: Rect) {
    let painter = painter.with_clip_rect(rect.intersect(painter.clip_rect()));
    let mut x = rect.left() - rect.height();
    while x < rect.right() {
        painter.line_segment([pos2(x, rect.bottom()), pos2(x + rect.height(), rect.top())], theme::hatch());
        x += 4.0;
    }
}
