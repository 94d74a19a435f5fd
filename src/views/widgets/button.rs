//! A button that shows its key.

use super::{key_cap_size, paint_key_cap};
use crate::views::theme;
use egui::{Color32, CornerRadius, Pos2, Response, Role, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo};

/// How a button looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ButtonLook {
    /// A line around it.
    Plain,
    /// Filled with the accent: the thing to do next.
    Primary,
    /// Text alone, for bars and lists.
    Bare,
    /// Something is wrong: red.
    Alarm,
}

/// A button as wide as its words, with the key of its action in a cap. Not enabled, it is shown but cannot be pressed.
pub fn button(ui: &mut Ui, text: &str, key: Option<&str>, look: ButtonLook, enabled: bool) -> Response {
    let colour = match (enabled, look) {
        (false, _) => theme::FAINT,
        (true, ButtonLook::Alarm) => theme::FAILED,
        (true, ButtonLook::Primary) => theme::STRONG,
        (true, _) => theme::TEXT,
    };
    let galley = ui.painter().layout_no_wrap(text.to_owned(), theme::body(), colour);
    let padding = if look == ButtonLook::Bare { 8.0 } else { 10.0 };
    let cap = key.map_or(0.0, |key| 8.0 + key_cap_size(ui, key).x);
    let size = Vec2::new((padding * 2.0 + galley.size().x + cap).ceil(), theme::BUTTON);
    let (rect, response) = ui.allocate_exact_size(size, if enabled { Sense::click() } else { Sense::hover() });
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, text));
    if ui.is_rect_visible(rect) {
        let (fill, line) = colours(look, enabled, &response);
        ui.painter().rect(rect, CornerRadius::same(theme::RADIUS), fill, Stroke::new(1.0, line), StrokeKind::Inside);
        let at = Pos2::new(rect.left() + padding, rect.center().y - galley.size().y / 2.0).round();
        ui.painter().galley(at, galley, colour);
        if let Some(key) = key {
            let quiet = if enabled { theme::QUIET } else { theme::FAINT };
            paint_key_cap(ui, Pos2::new(rect.right() - padding + 2.0, rect.center().y), key, quiet);
        }
    }
    response
}

fn colours(look: ButtonLook, enabled: bool, response: &Response) -> (Color32, Color32) {
    let hot = enabled && (response.hovered() || response.has_focus());
    match look {
        _ if response.has_focus() => (theme::RAISED, theme::ACCENT),
        ButtonLook::Primary if enabled => (theme::ACCENT_FILL, if hot { theme::ACCENT } else { theme::ACCENT_LINE }),
        ButtonLook::Bare if !hot => (Color32::TRANSPARENT, Color32::TRANSPARENT),
        ButtonLook::Bare => (theme::RAISED, Color32::TRANSPARENT),
        ButtonLook::Alarm => (theme::RAISED, theme::FAILED),
        _ if hot => (theme::RAISED, theme::CONTROL_LINE_HOT),
        _ => (Color32::TRANSPARENT, theme::CONTROL_LINE),
    }
}
