//! The tool column: each tool with its name and key; the longest word decides its width.

use crate::session::{BrushShape, Command, Session, Tool, ToolCommand, ToolState};
use crate::views::actions::Action;
use crate::views::widgets::{key_cap_size, named, paint_key_cap};
use crate::views::{facts, theme};
use egui::{Checkbox, Color32, CornerRadius, Pos2, Role, Sense, Slider, Stroke, StrokeKind, Ui, Vec2, WidgetInfo};

/// The action that takes a tool.
const fn action_id(tool: Tool) -> &'static str {
    match tool {
        Tool::Brush => "brush",
        Tool::Eraser => "erase",
        Tool::Relabel => "relabel",
        Tool::Lasso => "lasso",
        Tool::Outline => "outline",
        Tool::Fill => "fill",
        Tool::AdoptBrush => "adopt_brush",
        Tool::Measure => "measure",
        Tool::Reference => "reference",
    }
}

/// Width that the longest tool name needs with its key.
#[must_use]
pub fn width(ui: &Ui) -> f32 {
    let name = |t: Tool| ui.painter().layout_no_wrap(t.name().to_owned(), theme::body(), theme::TEXT).size().x;
    let widest = Tool::ALL.into_iter().map(name).fold(0.0, f32::max);
    (widest + key_cap_size(ui, "M").x + 44.0).max(104.0).ceil()
}

/// Draws the column.
pub fn tool_column_ui(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing.y = 2.0;
    for tool in Tool::ALL {
        tool_button(ui, session, tool, commands);
    }
    ui.add_space(theme::PADDING);
    if facts::painting(session).is_some() {
        size_slider(ui, session.tool(), commands);
        brush_shape(ui, session, commands);
    }
}

fn tool_button(ui: &mut Ui, session: &Session, tool: Tool, commands: &mut Vec<Command>) {
    let Some(action) = Action::find(action_id(tool)) else { return };
    let command = (action.command)(session);
    let enabled = command.is_some();
    let selected = session.tool().tool == tool && enabled;
    let sense = if enabled { Sense::click() } else { Sense::hover() };
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 30.0), sense);
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
    if let Some(key) = action.key_words() {
        paint_key_cap(ui, Pos2::new(rect.right() - 6.0, rect.center().y), &key, if enabled { theme::QUIET } else { theme::FAINT });
    }
    if response.on_hover_text(action.tooltip).clicked() {
        commands.extend(command);
    }
}

fn size_slider(ui: &mut Ui, tool: &ToolState, commands: &mut Vec<Command>) {
    let [smallest, largest] = ToolState::SIZE_RANGE_MM;
    let mut size = tool.size_mm;
    ui.label(egui::RichText::new(format!("Size {} mm", facts::number(size))).font(theme::small()).color(theme::QUIET));
    ui.spacing_mut().slider_width = ui.available_width();
    let slider = Slider::new(&mut size, smallest..=largest).logarithmic(true).show_value(false);
    let response = ui.add_enabled(tool.tool.has_size(), slider).on_hover_text("Brush diameter; [ and ] change it");
    if named(response, "Brush size in mm").changed() {
        // Steps of half a millimetre can be met again.
        commands.push(Command::Tool(ToolCommand::SizeMm((size * 2.0).round() / 2.0)));
    }
}

/// Square instead of round, and through slices.
fn brush_shape(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let tool = session.tool();
    for (id, on, text) in [("brush_shape", tool.shape == BrushShape::Square, "Square"), ("brush_3d", tool.three_d, "3-D")] {
        let Some(action) = Action::find(id) else { continue };
        let mut on = on;
        if ui.add_enabled(tool.tool.has_size(), Checkbox::new(&mut on, text)).on_hover_text(action.hover_words()).changed() {
            commands.extend((action.command)(session));
        }
    }
}
