//! Dice per level over the exams that count: median, quartiles, and every exam as a point that leads to it.

use super::names;
use crate::agreement::{QuantileType, quantile};
use crate::consensus::{MARROW_LEVELS, level_name};
use crate::session::{Command, Session, StudyCommand};
use crate::views::theme;
use crate::views::widgets::{heading, quiet};
use crate::worker::message::CompareTable;
use egui::{Align2, Color32, CornerRadius, Painter, Pos2, Rect, Role, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2};

/// Height of the plot.
const HEIGHT: f32 = 168.0;

/// One reader's or version's Dice at one level, with the exam of each.
struct Series<'a> {
    who: &'a str,
    values: Vec<(f64, &'a str)>,
    /// Exams where it is undefined.
    undefined: usize,
}

/// Draws the plot, or says how to get it.
pub fn box_plot_ui(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let state = session.comparison();
    let Some(table) = state.table() else {
        heading(ui, "Dice per level over the study");
        let words = if state.is_table_waiting() { "Exams are being compared." } else { "Compare works out all exams that count." };
        quiet(ui, words);
        return;
    };
    let method = names::method_short(table.choice.method);
    let exams = table.exams.len();
    heading(ui, &format!("Dice against {method} · {exams} {}", if exams == 1 { "exam" } else { "exams" }));
    if exams == 0 {
        quiet(ui, "No exam has been read by two readers yet.");
        return;
    }
    let levels: Vec<Vec<Series<'_>>> = (0..MARROW_LEVELS.len()).map(|level| series(table, method, level)).collect();
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), HEIGHT), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, format!("Box plot of Dice per level over {exams} exams")));
    let plot = Rect::from_min_max(pos2(rect.left() + 26.0, rect.top() + 6.0), pos2(rect.right(), rect.bottom() - 18.0));
    let painter = ui.painter();
    axis(painter, plot);
    let pointer = response.hover_pos();
    let mut near: Option<(f32, String, &str)> = None;
    for (at, level) in levels.iter().enumerate() {
        let width = plot.width() / levels.len() as f32;
        let group = Rect::from_min_size(pos2(plot.left() + width * at as f32, plot.top()), Vec2::new(width, plot.height()))
            .shrink2(Vec2::new(5.0, 0.0));
        let name = level_name(MARROW_LEVELS[at]);
        let undefined: usize = level.iter().map(|series| series.undefined).sum();
        let title = if undefined > 0 { format!("{name} (– {undefined})") } else { name.clone() };
        painter.text(pos2(group.center().x, plot.bottom() + 9.0), Align2::CENTER_CENTER, title, theme::small(), theme::QUIET);
        for (n, series) in level.iter().enumerate() {
            let slot = group.width() / level.len() as f32;
            let column = Rect::from_min_size(pos2(group.left() + slot * n as f32, plot.top()), Vec2::new(slot, plot.height()));
            for (place, value, exam) in paint_series(painter, plot, column.shrink2(Vec2::new(slot * 0.16, 0.0)), series) {
                let away = pointer.map_or(f32::INFINITY, |p| (p - place).length());
                if away < near.as_ref().map_or(7.0, |(best, ..)| *best) {
                    near = Some((away, format!("{} · {exam} · level {name}: {value:.2}", series.who), exam));
                }
            }
        }
    }
    who_line(ui, &levels[0]);
    quiet(ui, "Box: quartiles, line: median, whiskers: all exams. – n: undefined figures, left out. A point opens its exam.");
    if let Some((_, words, exam)) = near {
        let open = session.exams().iter().find(|e| e.code.as_str() == exam);
        if let (true, Some(exam)) = (response.clicked(), open) {
            commands.push(Command::Study(StudyCommand::OpenExam(exam.code.clone())));
        }
        response.on_hover_text_at_pointer(words);
    }
}

/// Who stands where, from left to right.
fn who_line(ui: &mut Ui, level: &[Series<'_>]) {
    let names: Vec<&str> = level.iter().map(|series| series.who).collect();
    quiet(ui, &format!("In each level from left to right: {}.", names.join(", ")));
}

fn series<'a>(table: &'a CompareTable, method: &str, level: usize) -> Vec<Series<'a>> {
    let mut found: Vec<Series<'a>> = Vec::new();
    for exam in &table.exams {
        for line in exam.lines.iter().filter(|line| line.against == method) {
            if !found.iter().any(|series| series.who == line.who) {
                found.push(Series { who: &line.who, values: Vec::new(), undefined: 0 });
            }
            let Some(series) = found.iter_mut().find(|series| series.who == line.who) else { continue };
            match line.dice.get(level).copied().flatten() {
                Some(dice) => series.values.push((dice, &exam.exam)),
                None => series.undefined += 1,
            }
        }
    }
    // Models have a stroke in their names; they stand behind the readers.
    found.sort_by_key(|series| series.who.contains('/'));
    found
}

fn axis(painter: &Painter, plot: Rect) {
    for step in 0..=4_u8 {
        let value = f32::from(step) / 4.0;
        let y = plot.bottom() - value * plot.height();
        painter.line_segment([pos2(plot.left(), y), pos2(plot.right(), y)], Stroke::new(1.0, theme::PANEL_LINE));
        let label = if step % 2 == 0 { format!("{value:.1}") } else { String::new() };
        painter.text(pos2(plot.left() - 5.0, y), Align2::RIGHT_CENTER, label, theme::mono_small(), theme::QUIET);
    }
}

/// Paints box, whiskers and points; gives the place, value and exam of each point.
fn paint_series<'a>(painter: &Painter, plot: Rect, column: Rect, series: &Series<'a>) -> Vec<(Pos2, f64, &'a str)> {
    let colour = if series.who.contains('/') { theme::ACCENT } else { theme::HEADING };
    let values: Vec<f64> = series.values.iter().map(|(value, _)| *value).collect();
    let y = |value: f64| plot.bottom() - value.clamp(0.0, 1.0) as f32 * plot.height();
    let x = column.center().x;
    let at = |p: f64| quantile(&values, p, QuantileType::Linear7).map(y);
    if let (Some(lowest), Some(q1), Some(median), Some(q3), Some(highest)) = (at(0.0), at(0.25), at(0.5), at(0.75), at(1.0)) {
        let thin = Stroke::new(1.0, colour.gamma_multiply(0.7));
        painter.line_segment([pos2(x, lowest), pos2(x, q1)], thin);
        painter.line_segment([pos2(x, q3), pos2(x, highest)], thin);
        let body = Rect::from_min_max(pos2(column.left(), q3), pos2(column.right(), q1.max(q3 + 1.0)));
        painter.rect(body, CornerRadius::same(1), colour.gamma_multiply(0.18), thin, StrokeKind::Inside);
        painter.line_segment([pos2(column.left(), median), pos2(column.right(), median)], Stroke::new(1.5, colour));
    }
    let points: Vec<(Pos2, f64, &'a str)> = series.values.iter().map(|(value, exam)| (pos2(x, y(*value)), *value, *exam)).collect();
    for (place, ..) in &points {
        painter.circle(*place, 2.0, colour, Stroke::new(1.0, Color32::from_black_alpha(0x60)));
    }
    points
}
