//! What the tool in hand can be set to, and the operations on whole shapes: beneath the tools.

use super::tool_column::short;
use crate::session::{BrushShape, Command, Session, Tool, ToolCommand, ToolState};
use crate::views::actions::Action;
use crate::views::widgets::{Row, named, row};
use crate::views::{facts, theme};
use egui::{Checkbox, DragValue, RichText, Slider, Ui};

/// Words before the size of islands.
const ISLANDS: &str = "islands <";

/// Draws the settings of the tool in hand.
pub fn tool_options_ui(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let tool = session.tool();
    if tool.tool.has_size() {
        size_slider(ui, tool, commands);
    }
    match tool.tool {
        Tool::Brush | Tool::Eraser | Tool::Relabel | Tool::AdoptBrush => {
            check(ui, session, "brush_shape", tool.shape == BrushShape::Square, "Square tip", commands);
            check(ui, session, "brush_3d", tool.three_d, "3-D", commands);
        }
        Tool::Fill => fill(ui, session, commands),
        Tool::Threshold => threshold(ui, session, commands),
        Tool::Levels => levels(ui, session, commands),
        Tool::Square => {
            check(ui, session, "inside_region", tool.rules.inside_region, "Limits", commands);
        }
        _ => {}
    }
}

/// Draws the operations on whole shapes.
pub fn shapes_ui(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let shapes = session.tool().shapes;
    check(ui, session, "whole_exam", session.tool().whole_exam, "Whole exam", commands);
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for (id, text) in [
            ("interpolate", "Interpolate"),
            ("copy_previous", "Copy before"),
            ("copy_next", "Copy after"),
            ("grow", "Grow"),
            ("smooth_label", "Smooth"),
            ("fill_holes", "Fill holes"),
            ("remove_islands", "Islands"),
            ("margin_out", "Margin +"),
            ("margin_in", "Margin −"),
        ] {
            let Some(action) = Action::find(id) else { continue };
            let command = (action.command)(session);
            let key = action.key_words();
            let key = key.as_deref().map(short);
            let line = Row { text, key: key.as_deref(), disabled: command.is_none(), ..Row::default() };
            if row(ui, &line).on_hover_text(action.hover_words()).clicked() {
                commands.extend(command);
            }
        }
    });
    number(ui, "margin", " mm", shapes.by_mm, 0.05, "Margin and smoothing in mm", commands, ToolCommand::ByMm);
    number(ui, ISLANDS, " mm³", shapes.island_mm3, 0.5, "Islands smaller than this are removed", commands, ToolCommand::IslandMm3);
    number(
        ui,
        "grow ±",
        " SD",
        shapes.spread,
        0.05,
        "How unlike its seeds tissue may be that a label grows into",
        commands,
        ToolCommand::Spread,
    );
}

fn check(ui: &mut Ui, session: &Session, id: &str, on: bool, text: &str, commands: &mut Vec<Command>) {
    let Some(action) = Action::find(id) else { return };
    let mut on = on;
    let command = (action.command)(session);
    if ui.add_enabled(command.is_some(), Checkbox::new(&mut on, text)).on_hover_text(action.hover_words()).changed() {
        commands.extend(command);
    }
}

/// Width of the widest of these numbers with its words, as large as it usually is.
pub(super) fn widest_number(ui: &Ui) -> f32 {
    let words = ui.painter().layout_no_wrap(ISLANDS.to_owned(), theme::small(), theme::QUIET).size().x;
    let number = ui.painter().layout_no_wrap("99.5 mm³".to_owned(), theme::mono(), theme::TEXT).size().x;
    words + theme::UNIT + number + 2.0 * ui.spacing().button_padding.x
}

#[expect(clippy::too_many_arguments, reason = "one line of a form")]
fn number(
    ui: &mut Ui,
    before: &str,
    unit: &str,
    value: f32,
    speed: f64,
    hover: &str,
    commands: &mut Vec<Command>,
    command: impl Fn(f32) -> ToolCommand,
) {
    // A number of many digits goes below its words rather than out of the column.
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT;
        ui.label(RichText::new(before).font(theme::small()).color(theme::QUIET));
        let mut value = value;
        let field = ui.add(DragValue::new(&mut value).speed(speed).max_decimals(2).suffix(unit)).on_hover_text(hover);
        if named(field, hover).changed() {
            commands.push(Command::Tool(command(value)));
        }
    });
}

fn size_slider(ui: &mut Ui, tool: &ToolState, commands: &mut Vec<Command>) {
    let [smallest, largest] = ToolState::SIZE_RANGE_MM;
    let mut size = tool.size_mm;
    ui.label(RichText::new(format!("Size {} mm", facts::number(size))).font(theme::small()).color(theme::QUIET));
    ui.spacing_mut().slider_width = ui.available_width();
    let slider = Slider::new(&mut size, smallest..=largest).logarithmic(true).show_value(false);
    let response = ui.add(slider).on_hover_text("Brush diameter; [ and ] change it");
    if named(response, "Brush size in mm").changed() {
        // Steps of half a millimetre can be met again.
        commands.push(Command::Tool(ToolCommand::SizeMm((size * 2.0).round() / 2.0)));
    }
}

fn speed(session: &Session) -> f64 {
    session.exam().map_or(1.0, |exam| {
        let (lowest, highest) = exam.reading_image().range();
        f64::from((highest - lowest) / 400.0).max(1e-6)
    })
}

/// Tolerance of grey values, and gaps that are closed.
fn fill(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let tool = session.tool();
    let mut on = tool.tolerance.is_some();
    if ui.checkbox(&mut on, "Tolerance").on_hover_text("Grey values bound the fill, not only labels").changed() {
        // A twentieth of the window is a fair beginning.
        let start = session.exam().map_or(1.0, |e| e.view().window.width() / 20.0);
        commands.push(Command::Tool(ToolCommand::Tolerance(on.then_some(start))));
    }
    if let Some(tolerance) = tool.tolerance {
        let hover = "How far grey values may differ from the one that is clicked";
        number(ui, "±", "", tolerance, speed(session), hover, commands, |v| ToolCommand::Tolerance(Some(v)));
    }
    number(ui, "gap", " mm", tool.gap_mm, 0.05, "The fill does not pass gaps narrower than this", commands, ToolCommand::GapMm);
}

/// The band, and how much the preview would label.
fn threshold(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let [lower, upper] = session.threshold();
    number(ui, "from", "", lower, speed(session), "Lowest grey value that is labelled", commands, ToolCommand::ThresholdLower);
    number(ui, "to", "", upper, speed(session), "Highest grey value that is labelled", commands, ToolCommand::ThresholdUpper);
    preview(ui, session);
}

/// Where the levels begin, as multiples of the fatty marrow.
fn levels(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let bounds = session.level_bounds();
    for level in 1..=3_u8 {
        let at = usize::from(level) - 1;
        let hover = format!("Level {level} begins at so many times fatty marrow, above air: from {}", facts::number(bounds[at]));
        let times = session.tool().levels[at];
        number(ui, &format!("L{level}"), " ×", times, 0.01, &hover, commands, |v| ToolCommand::LevelFrom(level, v));
    }
    preview(ui, session);
}

fn preview(ui: &mut Ui, session: &Session) {
    if let Some(preview) = session.exam().and_then(|e| e.preview()) {
        let text = format!("{} voxels here", preview.voxels);
        ui.label(RichText::new(text).font(theme::small()).color(theme::QUIET)).on_hover_text("What Enter would label on this slice");
    }
}
