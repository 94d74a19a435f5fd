//! Figures beside the picture: Dice, sensitivity and specificity, the matrix, the box plot. A click goes to the slice behind it.

use super::workspace::nothing_yet;
use super::{box_plot, matrix, names};
use crate::session::{Command, CompareCommand, Session};
use crate::views::widgets::{heading, quiet};
use crate::views::{facts, theme};
use crate::worker::message::{CompareCell, CompareLevel, ComparedExam, ComparedMap};
use egui::{Align2, Color32, CornerRadius, Label, Rect, Response, RichText, Role, Sense, Ui, Vec2, WidgetInfo, pos2};

/// Width of a column of Dice.
const COLUMN: f32 = 50.0;
/// Width of a column of rates.
const WIDE_COLUMN: f32 = 62.0;
/// Height of a row with a second, smaller figure below the first.
const TALL_ROW: f32 = 34.0;

/// Draws the page.
pub fn figures_ui(ui: &mut Ui, session: &Session, exam: Option<&ComparedExam>, commands: &mut Vec<Command>) {
    match exam {
        None => nothing_yet(ui, session),
        Some(exam) => {
            for warning in &exam.warnings {
                ui.add(Label::new(RichText::new(warning).font(theme::small()).color(theme::LOOK_AGAIN)).wrap());
            }
            if !exam.warnings.is_empty() {
                ui.add_space(theme::PADDING);
            }
            dice(ui, exam, commands);
            ui.add_space(theme::PADDING);
            let level = &exam.levels[session.comparison().level().min(exam.levels.len() - 1)];
            rates(ui, exam, level);
            ui.add_space(theme::PADDING);
            matrix::matrix_ui(ui, exam, level, commands);
        }
    }
    ui.add_space(theme::PADDING);
    box_plot::box_plot_ui(ui, session, commands);
}

/// Every map against the consensus, and below in small figures against the consensus of the others.
fn dice(ui: &mut Ui, exam: &ComparedExam, commands: &mut Vec<Command>) {
    let method = names::method_short(exam.choice.method);
    heading(ui, &format!("Dice of {} against {method}", exam.exam));
    let has_others = exam.levels.iter().any(|level| level.others.iter().any(Option::is_some));
    let heads: Vec<String> = exam.levels.iter().map(|level| level.name.clone()).collect();
    head(ui, &heads, COLUMN);
    let height = if has_others { TALL_ROW } else { theme::ROW };
    for (at, map) in exam.maps.iter().enumerate() {
        table_row(ui, map, [height, COLUMN], exam.levels.len(), |ui, column, rect| {
            let level = &exam.levels[column];
            let below = has_others.then(|| level.others[at]);
            let name = format!("{}, level {}: Dice {}", map.name, level.name, facts::dice(level.against[at].dice));
            figure_cell(ui, rect, &level.against[at], below, &name, commands);
        });
    }
    let others = if has_others { format!(" Below: against the {method} of the other readers.") } else { String::new() };
    quiet(ui, &format!("– undefined: neither holds the level. A click shows the slice that differs most.{others}"));
    let unused: Vec<&str> = exam.levels.iter().filter(|level| !level.estimable).map(|level| level.name.as_str()).collect();
    if !unused.is_empty() {
        quiet(ui, &format!("Not estimable, nobody used it: level {}.", unused.join(", ")));
    }
}

/// Sensitivity and specificity of one level.
fn rates(ui: &mut Ui, exam: &ComparedExam, level: &CompareLevel) {
    heading(ui, &format!("Level {} · readers against the consensus", level.name));
    head(ui, &["sens.".to_owned(), "spec.".to_owned(), "sum".to_owned()], WIDE_COLUMN);
    for (at, map) in exam.maps.iter().take(exam.voters()).enumerate() {
        let (p, q) = (level.sensitivity[at], level.specificity[at]);
        let sum = p.zip(q).map(|(p, q)| p + q);
        let chance = sum.is_some_and(|sum| sum <= 1.0);
        table_row(ui, map, [theme::ROW, WIDE_COLUMN], 3, |ui, column, rect| {
            let value = [p, q, sum][column];
            let text = value.map_or_else(|| "–".to_owned(), |v| format!("{v:.4}"));
            let colour = if chance { theme::LOOK_AGAIN } else { figure_colour(value) };
            ui.painter().text(pos2(rect.right(), rect.center().y), Align2::RIGHT_CENTER, text, theme::mono(), colour);
        });
    }
    let how = match exam.choice.method {
        crate::consensus::Method::Staple => "STAPLE's estimates",
        _ => "share of the consensus found, and of the rest left alone",
    };
    quiet(ui, &format!("{how}. A sum of 1 or less is no better than chance."));
}

/// Titles of the columns.
fn head(ui: &mut Ui, titles: &[String], width: f32) {
    let (rect, _) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 16.0), Sense::hover());
    for (column, title) in titles.iter().enumerate() {
        let at = pos2(column_rect(rect, column, titles.len(), width).right(), rect.center().y);
        ui.painter().text(at, Align2::RIGHT_CENTER, title, theme::small(), theme::QUIET);
    }
}

/// A row with a name at the left and figures at the right.
fn table_row(ui: &mut Ui, map: &ComparedMap, [height, width]: [f32; 2], columns: usize, mut cell: impl FnMut(&mut Ui, usize, Rect)) {
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), height), Sense::hover());
    let room = rect.width() - width * columns as f32 - 4.0;
    let galley = ui.painter().layout(map.name.clone(), theme::mono(), names::colour(map), room.max(40.0));
    let at = pos2(rect.left(), rect.center().y - galley.size().y / 2.0).round();
    ui.painter().with_clip_rect(rect).galley(at, galley, names::colour(map));
    for column in 0..columns {
        cell(ui, column, column_rect(rect, column, columns, width));
    }
    response.on_hover_text(format!("{}: {}", map.name, names::remark(map)));
}

fn column_rect(rect: Rect, column: usize, columns: usize, width: f32) -> Rect {
    let right = rect.right() - width * (columns - 1 - column) as f32;
    Rect::from_min_max(pos2(right - width + 4.0, rect.top()), pos2(right, rect.bottom()))
}

fn figure_cell(ui: &mut Ui, rect: Rect, cell: &CompareCell, below: Option<Option<f64>>, name: &str, commands: &mut Vec<Command>) {
    let response = clickable(ui, rect, cell, name, commands);
    if response.hovered() && cell.at.is_some() {
        ui.painter().rect_filled(rect.expand2(Vec2::new(2.0, 0.0)), CornerRadius::same(theme::RADIUS), theme::RAISED);
    }
    let y = if below.is_some() { rect.center().y - 6.0 } else { rect.center().y };
    let figure = |y: f32, value: Option<f64>, font: egui::FontId, colour: Color32| {
        ui.painter().text(pos2(rect.right(), y), Align2::RIGHT_CENTER, facts::dice(value), font, colour);
    };
    figure(y, cell.dice, theme::mono(), figure_colour(cell.dice));
    if let Some(below) = below {
        figure(rect.center().y + 8.0, below, theme::mono_small(), theme::QUIET);
    }
}

/// A cell that leads to the slice behind its figure.
pub(super) fn clickable(ui: &mut Ui, rect: Rect, cell: &CompareCell, name: &str, commands: &mut Vec<Command>) -> Response {
    let enabled = cell.at.is_some();
    let response = ui.interact(rect, ui.scope_id().with(("figure", name)), if enabled { Sense::click() } else { Sense::hover() });
    response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, name));
    if let (true, Some(voxel)) = (response.clicked(), cell.at) {
        commands.push(Command::Compare(CompareCommand::GoTo(voxel)));
    }
    if response.has_focus() {
        let line = egui::Stroke::new(1.0, theme::ACCENT);
        ui.painter().rect_stroke(rect, CornerRadius::same(theme::RADIUS), line, egui::StrokeKind::Inside);
    }
    response.on_hover_text(if enabled { format!("{name}. Shows the slice that differs most") } else { name.to_owned() })
}

const fn figure_colour(value: Option<f64>) -> Color32 {
    if value.is_some() { theme::TEXT } else { theme::QUIET }
}
