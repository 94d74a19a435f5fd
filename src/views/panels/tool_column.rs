//! The tool column: each tool with its name and key; the longest word decides its width.

use super::tool_options::{shapes_ui, tool_options_ui, widest_number};
use crate::session::{Command, Session, Tool};
use crate::views::actions::Action;
use crate::views::widgets::{heading, key_cap_size, paint_key_cap};
use crate::views::{facts, theme};
use egui::{Color32, CornerRadius, Pos2, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo};

/// The action that takes a tool.
const fn action_id(tool: Tool) -> &'static str {
    match tool {
        Tool::Brush => "brush",
        Tool::Eraser => "erase",
        Tool::Relabel => "relabel",
        Tool::Lasso => "lasso",
        Tool::Outline => "outline",
        Tool::Livewire => "livewire",
        Tool::Fill => "fill",
        Tool::Threshold => "threshold",
        Tool::Levels => "levels",
        Tool::Square => "square",
        Tool::AdoptBrush => "adopt_brush",
        Tool::Measure => "measure",
        Tool::Reference => "reference",
    }
}

/// Width that the longest tool name needs with its key, and the longest line of settings; with the column's margins and its bar
/// that scrolls.
#[must_use]
pub fn width(ui: &Ui) -> f32 {
    let name = |t: Tool| ui.painter().layout_no_wrap(t.name().to_owned(), theme::body(), theme::TEXT).size().x;
    let widest = Tool::ALL.into_iter().map(name).fold(0.0, f32::max);
    (widest + key_cap_size(ui, "⇧T").x + 40.0).max(widest_number(ui) + 18.0 + ui.spacing().scroll.allocated_width()).ceil()
}

/// Draws the column.
pub fn tool_column_ui(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    ScrollArea::vertical().id_salt("tools").auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 1.0;
        for tool in Tool::ALL {
            tool_button(ui, session, tool, commands);
        }
        if facts::painting(session).is_some() {
            ui.add_space(theme::PADDING);
            ui.scope(|ui| tool_options_ui(ui, session, commands));
            ui.add_space(theme::PADDING);
            heading(ui, "Shapes");
            shapes_ui(ui, session, commands);
        }
    });
}

fn tool_button(ui: &mut Ui, session: &Session, tool: Tool, commands: &mut Vec<Command>) {
    let Some(action) = Action::find(action_id(tool)) else { return };
    let command = (action.command)(session);
    let enabled = command.is_some();
    let selected = session.tool().tool == tool && enabled;
    let sense = if enabled { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 26.0), sense);
    response.widget_info(|| WidgetInfo::selected(Role::Button, enabled, selected, format!("{} tool", tool.name())));
    let hot = enabled && (response.hovered() || response.has_focus());
    let (fill, line) = match (selected, hot) {
        (true, _) => (theme::ACCENT_FILL, if response.has_focus() { theme::ACCENT } else { Color32::TRANSPARENT }),
        (false, true) => (theme::RAISED, if response.has_focus() { theme::ACCENT } else { Color32::TRANSPARENT }),
        (false, false) => (Color32::TRANSPARENT, Color32::TRANSPARENT),
    };
    ui.painter().rect(rect, CornerRadius::same(theme::RADIUS), fill, Stroke::new(1.0, line), StrokeKind::Inside);
    let colour = if !enabled {
        theme::FAINT
    } else if selected {
        theme::STRONG
    } else {
        theme::TEXT
    };
    let galley = ui.painter().layout_no_wrap(tool.name().to_owned(), theme::body(), colour);
    ui.painter().galley(Pos2::new(rect.left() + 8.0, rect.center().y - galley.size().y / 2.0).round(), galley, colour);
    if let Some(key) = action.key_words().map(|key| short(&key)) {
        paint_key_cap(ui, Pos2::new(rect.right() - 6.0, rect.center().y), &key, if enabled { theme::QUIET } else { theme::FAINT });
    }
    if response.on_hover_text(action.tooltip).clicked() {
        commands.extend(command);
    }
}

/// `⇧T` for `Shift T`, `'` for `Quote`: the column is narrow.
pub(super) fn short(key: &str) -> String {
    key.replace("Shift ", "⇧").replace("Quote", "'")
}
