//! The Compare workspace: readers and model against the consensus, exam by exam.

use crate::session::{Command, Session};
use crate::views::panels::action_button;
use crate::views::widgets::{ButtonLook, heading, quiet};
use crate::views::{facts, theme};
use crate::worker::message::{CompareExam, CompareLine, CompareTable};
use egui::{Align, FontId, Frame, Grid, Label, Layout, Margin, RichText, ScrollArea, Ui, Vec2};

/// Columns of Dice, in the order of [`CompareLine::dice`].
const COLUMNS: [&str; 4] = ["Level 1", "Level 2", "Level 3", "2+3"];

/// Width of such a column.
const COLUMN: f32 = 64.0;

/// Draws the workspace.
pub fn compare_ui(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    Frame::new().inner_margin(Margin::same(24)).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.label(RichText::new("Agreement").font(theme::large()).color(theme::STRONG));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let text = if session.compare().is_some() { "Compare again" } else { "Compare" };
                action_button(ui, session, "compare_reads", Some(text), ButtonLook::Primary, commands);
            });
        });
        ui.add_space(theme::PADDING);
        if !facts::is_coordinator(session) {
            quiet(ui, "Readers are blind to each other: only the coordinator compares reads. Change the role with Ctrl L.");
            return;
        }
        match session.compare() {
            Some(table) => {
                ScrollArea::both().id_salt("compare").auto_shrink([false, false]).show(ui, |ui| table_ui(ui, table));
            }
            None => {
                quiet(ui, "Dice of every reader and of the model against the consensus, for each exam that two readers or more have read.");
            }
        }
    });
}

fn table_ui(ui: &mut Ui, table: &CompareTable) {
    for exam in &table.exams {
        exam_ui(ui, exam);
        ui.add_space(theme::PADDING * 2.0);
    }
    if table.exams.is_empty() {
        ui.label(RichText::new("No exam has been read by two readers yet.").color(theme::TEXT));
        ui.add_space(theme::PADDING);
    }
    if !table.left_out.is_empty() {
        heading(ui, "Left out");
        for (exam, why) in &table.left_out {
            ui.horizontal(|ui| {
                ui.label(RichText::new(exam).font(theme::mono()).color(theme::TEXT));
                quiet(ui, why);
            });
        }
        ui.add_space(theme::PADDING);
    }
    heading(ui, "Rules");
    for rule in &table.rules {
        quiet(ui, rule);
    }
    quiet(ui, "– means undefined: a level that neither map holds.");
}

fn exam_ui(ui: &mut Ui, exam: &CompareExam) {
    ui.horizontal(|ui| {
        ui.label(RichText::new(&exam.exam).font(FontId { size: 14.0, ..theme::mono() }).color(theme::STRONG));
        quiet(ui, &format!("consensus of {} · {} voxels undecided by majority", exam.readers.join(", "), exam.undecided));
    });
    for warning in &exam.warnings {
        ui.add(Label::new(RichText::new(warning).color(theme::LOOK_AGAIN)).wrap());
    }
    ui.add_space(theme::UNIT);
    Grid::new(("compare", &exam.exam)).num_columns(2 + COLUMNS.len()).spacing([24.0, 4.0]).min_row_height(theme::ROW).show(ui, |ui| {
        for title in ["Reader or model", "Against"] {
            ui.label(RichText::new(title).font(theme::small()).color(theme::QUIET));
        }
        for title in COLUMNS {
            right(ui, title, theme::small(), theme::QUIET);
        }
        ui.end_row();
        for line in &exam.lines {
            line_ui(ui, line);
        }
    });
}

fn line_ui(ui: &mut Ui, line: &CompareLine) {
    // A model's version has a stroke in its name; it stands in the model's colour.
    let colour = if line.who.contains('/') { theme::ACCENT } else { theme::STRONG };
    ui.label(RichText::new(&line.who).font(theme::mono()).color(colour));
    ui.label(RichText::new(&line.against).color(theme::TEXT));
    for column in 0..COLUMNS.len() {
        let value = line.dice.get(column).copied().flatten();
        right(ui, &facts::dice(value), theme::mono(), if value.is_some() { theme::TEXT } else { theme::QUIET });
    }
    ui.end_row();
}

fn right(ui: &mut Ui, text: &str, font: FontId, colour: egui::Color32) {
    let layout = Layout::right_to_left(Align::Center);
    ui.allocate_ui_with_layout(Vec2::new(COLUMN, theme::ROW), layout, |ui| ui.label(RichText::new(text).font(font).color(colour)));
}
