//! A visual analogue scale: a plain line with words below and one stroke on it, as on paper. No number.

use crate::study::{ANCHORS, Mark};
use crate::views::theme;
use egui::text::LayoutJob;
use egui::{Align, EventFilter, Key, Pos2, Rect, Response, Sense, Stroke, Ui, Vec2, WidgetInfo, pos2};

/// Shortest line, in points.
pub const SHORTEST: f32 = 480.0;

/// Height of line and words.
const HEIGHT: f32 = 70.0;

/// What the person did to the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VasChange {
    /// Set the mark.
    Set(Mark),
    /// Moved it by so many hundredths with the keys.
    Nudge(i32),
    /// Took it away.
    Clear,
}

/// A line over the width at hand, at least [`SHORTEST`] points. Click or drag sets the mark, arrows move it by 0.1 (with Shift by
/// 0.01), Delete takes it away. A drag counts when the button is let go.
pub fn vas(ui: &mut Ui, name: &str, mark: Option<Mark>, enabled: bool) -> (Response, Option<VasChange>) {
    let width = ui.available_width().max(SHORTEST + 16.0);
    let sense = if enabled { Sense::click_and_drag() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(Vec2::new(width, HEIGHT), sense);
    response.widget_info(|| WidgetInfo::slider(enabled, mark.map_or(-1.0, Mark::value), name));
    let line = Rect::from_min_max(pos2(rect.left() + 8.0, rect.top() + 12.0), pos2(rect.right() - 8.0, rect.top() + 12.0));
    let at = |pos: Pos2| Mark::at_fraction(f64::from((pos.x - line.left()) / line.width()));
    let mut change = None;
    if response.is_pointer_button_down_on() || response.clicked() {
        response.request_focus();
    }
    let held = response.dragged().then(|| response.interact_pointer_pos()).flatten().map(at);
    if (response.drag_stopped() || response.clicked())
        && let Some(pos) = response.interact_pointer_pos()
    {
        change = Some(VasChange::Set(at(pos)));
    }
    if response.has_focus() {
        let filter = EventFilter { horizontal_arrows: true, ..EventFilter::default() };
        ui.memory_mut(|m| m.set_focus_lock_filter(response.id, filter));
        change = change.or_else(|| keys(ui));
    }
    draw(ui, line, held.or(mark), response.has_focus(), enabled);
    (response, change.filter(|_| enabled))
}

fn keys(ui: &Ui) -> Option<VasChange> {
    ui.input(|input| {
        // With any of these an arrow belongs to the page: Ctrl and Right on the last mask, where there is no next one, is no nudge.
        if input.modifiers.ctrl || input.modifiers.command || input.modifiers.mac_cmd || input.modifiers.alt {
            return None;
        }
        let step = if input.modifiers.shift { 1 } else { 10 };
        if input.key_pressed(Key::ArrowRight) {
            Some(VasChange::Nudge(step))
        } else if input.key_pressed(Key::ArrowLeft) {
            Some(VasChange::Nudge(-step))
        } else if input.key_pressed(Key::Delete) {
            Some(VasChange::Clear)
        } else {
            None
        }
    })
}

fn draw(ui: &Ui, line: Rect, mark: Option<Mark>, focused: bool, enabled: bool) {
    let painter = ui.painter();
    let colour = if enabled { theme::TEXT } else { theme::FAINT };
    if focused {
        let frame = line.expand2(Vec2::new(8.0, 12.0));
        painter.rect_stroke(frame, egui::CornerRadius::same(theme::RADIUS), Stroke::new(1.0, theme::ACCENT_LINE), egui::StrokeKind::Inside);
    }
    painter.line_segment([line.left_center(), line.right_center()], Stroke::new(1.5, colour));
    for (number, anchor) in ANCHORS.iter().enumerate() {
        let x = line.left() + line.width() * anchor.fraction() as f32;
        painter.line_segment([pos2(x, line.top() - 4.0), pos2(x, line.top() + 4.0)], Stroke::new(1.0, colour));
        // The words at the ends stay within the line, and have half the room.
        let room = if matches!(number, 0 | 3) { 6.0 } else { 3.0 };
        let widest = line.width() / room - 8.0;
        let mut words = LayoutJob::simple(anchor.words.to_owned(), theme::small(), theme::QUIET, widest);
        words.halign = match number {
            0 => Align::LEFT,
            3 => Align::RIGHT,
            _ => Align::Center,
        };
        painter.galley(pos2(x, line.top() + 14.0).round(), painter.layout_job(words), theme::QUIET);
    }
    if let Some(mark) = mark {
        let x = line.left() + line.width() * mark.fraction() as f32;
        painter.line_segment([pos2(x, line.top() - 10.0), pos2(x, line.top() + 10.0)], Stroke::new(2.5, theme::ACCENT));
    }
}
