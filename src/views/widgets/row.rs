//! A row of a list: something at the left, something at the right, the whole of it clickable.

use super::{key_cap_size, paint_key_cap};
use crate::views::theme;
use egui::{Color32, CornerRadius, Pos2, Rect, Response, Role, Sense, Ui, Vec2, WidgetInfo};

/// What a row shows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Row<'a> {
    /// Words at the left; they wrap where the panel is narrow.
    pub text: &'a str,
    /// Codes and numbers are set in the monospaced face.
    pub mono: bool,
    /// Colour swatch before the words.
    pub swatch: Option<Color32>,
    /// Its key.
    pub key: Option<&'a str>,
    /// Words or a number at the right, monospaced.
    pub value: Option<&'a str>,
    /// Marked as the one in use.
    pub selected: bool,
    /// Stands back: undone, not available.
    pub faint: bool,
    /// Cannot be pressed.
    pub disabled: bool,
}

/// Paints a row over the width at hand; as high as its words need, at least 24 points.
pub fn row(ui: &mut Ui, row: &Row<'_>) -> Response {
    let width = ui.available_width();
    let colour = if row.disabled || row.faint {
        if row.disabled { theme::FAINT } else { theme::QUIET }
    } else if row.selected {
        theme::STRONG
    } else {
        theme::TEXT
    };
    let value = row
        .value
        .map(|text| ui.painter().layout_no_wrap(text.to_owned(), theme::mono(), if row.selected { theme::STRONG } else { theme::QUIET }));
    let cap = row.key.map_or(0.0, |key| key_cap_size(ui, key).x + 8.0);
    let left = if row.swatch.is_some() { 26.0 } else { 8.0 };
    let right = value.as_ref().map_or(8.0, |g| g.size().x + 16.0);
    let font = if row.mono { theme::mono() } else { theme::body() };
    let galley = ui.painter().layout(row.text.to_owned(), font, colour, (width - left - right - cap).max(40.0));
    let height = (galley.size().y + 8.0).max(theme::ROW).ceil();
    let sense = if row.disabled { Sense::hover() } else { Sense::click() };
    let (rect, response) = ui.allocate_exact_size(Vec2::new(width, height), sense);
    response.widget_info(|| WidgetInfo::selected(Role::Button, !row.disabled, row.selected, row.text));
    if !ui.is_rect_visible(rect) {
        return response;
    }
    background(ui, rect, row, &response);
    if let Some(colour) = row.swatch {
        let square = Rect::from_center_size(Pos2::new(rect.left() + 14.0, rect.center().y), Vec2::splat(11.0));
        ui.painter().rect_filled(square, CornerRadius::same(2), if row.disabled { colour.gamma_multiply(0.4) } else { colour });
    }
    let text_width = galley.size().x;
    let at = Pos2::new(rect.left() + left, rect.center().y - galley.size().y / 2.0).round();
    ui.painter().galley(at, galley, colour);
    if let Some(key) = row.key {
        // Beside a value the key follows the words; alone it stands at the right edge.
        let x = if value.is_some() { rect.left() + left + text_width + cap } else { rect.right() - 8.0 };
        paint_key_cap(ui, Pos2::new(x, rect.center().y), key, if row.disabled { theme::FAINT } else { theme::QUIET });
    }
    if let Some(galley) = value {
        let at = Pos2::new(rect.right() - 8.0 - galley.size().x, rect.center().y - galley.size().y / 2.0).round();
        ui.painter().galley(at, galley, theme::QUIET);
    }
    response
}

fn background(ui: &Ui, rect: Rect, row: &Row<'_>, response: &Response) {
    let radius = CornerRadius::same(theme::RADIUS);
    if row.selected {
        ui.painter().rect_filled(rect, radius, theme::ACCENT_FILL);
    } else if !row.disabled && response.hovered() {
        ui.painter().rect_filled(rect, radius, theme::RAISED);
    }
    if response.has_focus() {
        ui.painter().rect_stroke(rect, radius, egui::Stroke::new(1.0, theme::ACCENT), egui::StrokeKind::Inside);
    }
}
