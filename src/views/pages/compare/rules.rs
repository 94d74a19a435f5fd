//! What counted, what was left out and why, and the rules in words.

use super::names;
use super::workspace::nothing_yet;
use crate::session::Session;
use crate::views::theme;
use crate::views::widgets::{heading, quiet};
use crate::worker::message::ComparedExam;
use egui::{Label, RichText, Ui};

/// Draws the page.
pub fn rules_ui(ui: &mut Ui, session: &Session, exam: Option<&ComparedExam>) {
    match exam {
        None => nothing_yet(ui, session),
        Some(exam) => {
            heading(ui, &format!("Rules of {}", exam.exam));
            exam.rules.iter().for_each(|rule| quiet(ui, rule));
            quiet(ui, "– means undefined: a level that neither map holds.");
            for map in &exam.maps {
                quiet(ui, &format!("{}: {}.", map.name, names::remark(map)));
            }
        }
    }
    let Some(table) = session.comparison().table() else { return };
    ui.add_space(theme::PADDING);
    let count = table.exams.len();
    heading(ui, &format!("Figures of the study · {count} {}", if count == 1 { "exam" } else { "exams" }));
    for exam in &table.exams {
        line(ui, &exam.exam, &format!("{}; {} voxels tied in the majority", exam.readers.join(", "), exam.undecided));
        exam.warnings.iter().for_each(|warning| quiet(ui, warning));
    }
    if !table.left_out.is_empty() {
        ui.add_space(theme::PADDING);
        heading(ui, "Left out");
        table.left_out.iter().for_each(|(exam, why)| line(ui, exam, why));
    }
}

fn line(ui: &mut Ui, exam: &str, words: &str) {
    ui.horizontal_wrapped(|ui| {
        ui.add(Label::new(RichText::new(exam).font(theme::mono()).color(theme::TEXT)));
        quiet(ui, words);
    });
}
