//! A key as it stands beside its action.

use crate::views::theme;
use egui::{Color32, CornerRadius, Pos2, Rect, Stroke, StrokeKind, Ui, Vec2};

/// Size of the cap around a key's name.
#[must_use]
pub fn key_cap_size(ui: &Ui, key: &str) -> Vec2 {
    let galley = ui.painter().layout_no_wrap(key.to_owned(), theme::mono_small(), theme::QUIET);
    Vec2::new((galley.size().x + 8.0).max(16.0).ceil(), 16.0)
}

/// Paints the cap with its right edge in the middle of the right side at `right`; returns its rectangle.
pub fn paint_key_cap(ui: &Ui, right: Pos2, key: &str, colour: Color32) -> Rect {
    let size = key_cap_size(ui, key);
    let rect = Rect::from_min_size(Pos2::new(right.x - size.x, right.y - size.y / 2.0).round(), size);
    ui.painter().rect_stroke(rect, CornerRadius::same(3), Stroke::new(1.0, theme::CONTROL_LINE), StrokeKind::Inside);
    ui.painter().text(rect.center(), egui::Align2::CENTER_CENTER, key, theme::mono_small(), colour);
    rect
}
