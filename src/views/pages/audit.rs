//! The Audit workspace: who did what when, journal by journal, and whether each journal is what was written.

use crate::session::{Command, FileCommand, Session, StudyCommand};
use crate::study::{AuditEntry, AuditFilter, AuditJournal};
use crate::views::widgets::{ButtonLook, Row, button, heading, quiet, row};
use crate::views::{facts, theme};
use crate::worker::message::{AuditShown, PickPurpose};
use egui::{Align, Frame, Label, Layout, Margin, RichText, ScrollArea, Ui, Vec2};
use std::collections::BTreeSet;

/// Width of the list of journals.
const LIST: f32 = 290.0;
/// Columns of the entries: name and width in signs.
const COLUMNS: [(&str, usize); 7] = [("Time", 20), ("Exam", 9), ("Reader", 10), ("Read", 5), ("Row", 6), ("What", 10), ("Model", 16)];

/// Draws the workspace.
pub fn audit_ui(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    Frame::new().inner_margin(Margin::same(24)).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.label(RichText::new("Audit trail").font(theme::large()).color(theme::STRONG));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if button(ui, "Write as CSV…", None, ButtonLook::Plain, session.audit().is_some()).clicked() {
                    commands.push(Command::File(FileCommand::Pick(PickPurpose::AuditTrail)));
                }
                if button(ui, "Walk again", None, ButtonLook::Plain, true).on_hover_text("Reads every journal anew").clicked() {
                    choose(session.audit().map(|shown| shown.chosen.clone()).unwrap_or_default(), commands);
                }
            });
        });
        quiet(
            ui,
            if facts::is_coordinator(session) {
                "Every row of every journal. Each row is hashed together with the row before it: a journal that was changed is named."
            } else {
                "Every row of your own journals. Each row is hashed together with the row before it: a journal that was changed is named."
            },
        );
        ui.add_space(theme::PADDING);
        let Some(shown) = session.audit() else {
            quiet(ui, "The journals are being walked.");
            return;
        };
        broken(ui, shown);
        ui.horizontal_top(|ui| {
            let height = ui.available_height();
            ui.allocate_ui_with_layout(Vec2::new(LIST, height), Layout::top_down(Align::Min), |ui| list(ui, shown, commands));
            ui.add_space(theme::PADDING);
            ui.vertical(|ui| entries(ui, shown));
        });
    });
}

fn choose(chosen: AuditFilter, commands: &mut Vec<Command>) {
    commands.push(Command::Study(StudyCommand::Audit(chosen)));
}

/// What is wrong stands above everything else.
fn broken(ui: &mut Ui, shown: &AuditShown) {
    for problem in shown.journals.iter().filter_map(|journal| journal.problem.as_ref()) {
        ui.add(Label::new(RichText::new(problem).color(theme::FAILED)).wrap());
    }
    if shown.journals.iter().any(|journal| journal.problem.is_some()) {
        ui.add_space(theme::PADDING);
    }
}

fn list(ui: &mut Ui, shown: &AuditShown, commands: &mut Vec<Command>) {
    ScrollArea::vertical().id_salt("audit journals").auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let whole = shown.journals.iter().filter(|j| j.problem.is_none()).count();
        heading(ui, &format!("{whole} of {} journals are what was written", shown.journals.len()));
        let entries: usize = shown.journals.iter().map(|j| j.entries).sum();
        let all = Row {
            text: "All journals",
            value: Some(&entries.to_string()),
            selected: shown.chosen == AuditFilter::default(),
            ..Row::default()
        };
        if row(ui, &all).clicked() {
            choose(AuditFilter::default(), commands);
        }
        let readers: BTreeSet<&str> = shown.journals.iter().map(|j| j.reader.as_str()).filter(|r| !r.is_empty()).collect();
        if readers.len() > 1 {
            ui.add_space(theme::UNIT);
            heading(ui, "By reader");
            for reader in readers {
                let filter = AuditFilter { reader: Some(reader.to_owned()), ..AuditFilter::default() };
                let count: usize = shown.journals.iter().filter(|j| j.reader == reader).map(|j| j.entries).sum();
                let line =
                    Row { text: reader, mono: true, value: Some(&count.to_string()), selected: shown.chosen == filter, ..Row::default() };
                if row(ui, &line).clicked() {
                    choose(filter, commands);
                }
            }
        }
        ui.add_space(theme::UNIT);
        heading(ui, "By journal");
        for journal in &shown.journals {
            journal_row(ui, shown, journal, commands);
        }
    });
}

fn journal_row(ui: &mut Ui, shown: &AuditShown, journal: &AuditJournal, commands: &mut Vec<Command>) {
    let reader = (!journal.reader.is_empty()).then(|| journal.reader.clone());
    let text = match &reader {
        Some(reader) => format!("{} {reader} read {}", journal.exam, journal.read),
        None => format!("{} scores", journal.exam),
    };
    let filter = AuditFilter { reader, exam: Some(journal.exam.clone()), reads_only: false };
    let (colour, state) = match (&journal.problem, &journal.sealed) {
        (Some(_), _) => (theme::FAILED, "changed"),
        (None, Some(_)) => (theme::DONE, "sealed"),
        (None, None) => (theme::QUIET, "open"),
    };
    let line =
        Row { text: &text, mono: true, swatch: Some(colour), value: Some(state), selected: shown.chosen == filter, ..Row::default() };
    let words = match (&journal.problem, &journal.sealed) {
        (Some(problem), _) => problem.clone(),
        (None, Some(time)) => format!("{} entries, sealed or locked {time}; every hash is right", journal.entries),
        (None, None) => format!("{} entries; every hash is right", journal.entries),
    };
    if row(ui, &line).on_hover_text(words).clicked() {
        choose(filter, commands);
    }
}

fn entries(ui: &mut Ui, shown: &AuditShown) {
    let more = shown.matched.saturating_sub(shown.entries.len());
    if more > 0 {
        quiet(ui, &format!("The last {} of {} entries; the file holds all.", shown.entries.len(), shown.matched));
    }
    let head: String = COLUMNS.iter().map(|(name, width)| format!("{name:<width$} ")).collect();
    ui.label(RichText::new(head + "Step").font(theme::mono()).color(theme::HEADING));
    let height = ui.painter().layout_no_wrap("0".to_owned(), theme::mono(), theme::TEXT).size().y;
    let area = ScrollArea::both().id_salt("audit entries").auto_shrink([false, false]);
    area.show_rows(ui, height, shown.entries.len(), |ui, range| {
        ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
        for entry in shown.entries.get(range).unwrap_or_default() {
            let response = ui.label(RichText::new(line(entry)).font(theme::mono()).color(theme::TEXT));
            let window = entry.window.map_or_else(String::new, |[lower, upper]| format!("\nwindow {lower} to {upper}"));
            response.on_hover_text(format!("{}\n{}{window}", entry.said(), entry.sha256));
        }
    });
}

fn line(entry: &AuditEntry) -> String {
    let what = entry.kind.as_deref().unwrap_or(&entry.action);
    let (read, number) = (entry.read.to_string(), entry.row.to_string());
    let model = entry.model.as_deref().unwrap_or("–");
    let time = entry.time.replace('T', " ");
    let cells = [time.as_str(), &entry.exam, &entry.reader, &read, &number, what, model];
    let text: String = cells.iter().zip(COLUMNS).map(|(cell, (_, width))| format!("{cell:<width$} ")).collect();
    text + &entry.said()
}
