//! A rounded chip of the top bar: a state in words that can be clicked.

use crate::views::theme;
use egui::text::LayoutJob;
use egui::{Color32, CornerRadius, Pos2, Response, Role, Sense, Stroke, StrokeKind, TextFormat, Ui, Vec2, WidgetInfo};

/// A chip made of pieces of text, each with its colour. `name` is what assistive technology reads out.
pub fn chip(ui: &mut Ui, name: &str, pieces: &[(&str, Color32)]) -> Response {
    let mut job = LayoutJob::default();
    for (text, colour) in pieces {
        job.append(text, 0.0, TextFormat::simple(theme::body(), *colour));
    }
    let galley = ui.painter().layout_job(job);
    let size = Vec2::new((galley.size().x + 20.0).ceil(), 24.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    if ui.is_rect_visible(rect) {
        let hot = response.hovered() || response.has_focus();
        let line = if hot { theme::CONTROL_LINE_HOT } else { theme::CONTROL_LINE };
        ui.painter().rect(rect, CornerRadius::same(12), Color32::TRANSPARENT, Stroke::new(1.0, line), StrokeKind::Inside);
        let at = Pos2::new(rect.left() + 10.0, rect.center().y - galley.size().y / 2.0).round();
        ui.painter().galley(at, galley, theme::TEXT);
    }
    response
}
