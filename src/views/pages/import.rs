//! The import page: what would come in, under which names, and every picture that may show a name.

mod look;
mod rows;

use crate::session::{Command, FileCommand, ImportCommand, ImportState, Session};
use crate::views::theme;
use crate::views::widgets::{ButtonLook, button, quiet};
use crate::worker::message::PickPurpose;
use egui::{Align, Frame, Key, Layout, Margin, Panel, RichText, Ui};
use look::look_ui;
use rows::rows_ui;

/// What the page remembers: the picture on show and the rectangle being drawn.
#[derive(Default)]
pub struct ImportPage {
    look: look::LookPane,
}

/// Draws the page.
pub fn import_ui(ui: &mut Ui, session: &Session, import: &ImportState, page: &mut ImportPage, commands: &mut Vec<Command>) {
    Frame::new().inner_margin(Margin::same(16)).show(ui, |ui| {
        head_ui(ui, session, import, commands);
        ui.add_space(theme::PADDING);
        let width = (ui.available_width() * 0.56).clamp(320.0, 900.0);
        let frame = Frame::new().inner_margin(Margin { right: 12, ..Margin::ZERO });
        let list = Panel::left("import list").exact_size(width).resizable(false).frame(frame);
        list.show(ui, |ui| rows_ui(ui, session, import, commands));
        look_ui(ui, import, &mut page.look, commands);
    });
}

fn head_ui(ui: &mut Ui, session: &Session, import: &ImportState, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        ui.label(RichText::new("Import images").font(theme::large()).color(theme::STRONG));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let chosen = import.chosen();
            let words = format!("Import {chosen} {}", if chosen == 1 { "sequence" } else { "sequences" });
            let go = button(ui, &words, None, ButtonLook::Primary, import.may_go());
            let waiting = import.waiting();
            let go = if waiting > 0 { go.on_hover_text(format!("{waiting} of them must be looked at first")) } else { go };
            if go.clicked() {
                commands.push(Command::Import(ImportCommand::Go));
            }
            let escape = session.path_entry().is_none() && ui.input(|i| i.key_pressed(Key::Escape));
            if button(ui, "Cancel", Some("Esc"), ButtonLook::Plain, true).clicked() || escape {
                commands.push(Command::Import(ImportCommand::Cancel));
            }
        });
    });
    quiet(
        ui,
        &format!("{} · codes are random; names, dates and numbers of the source stay out of the study", import.source().path.display()),
    );
    ui.add_space(theme::UNIT * 2.0);
    ui.horizontal_wrapped(|ui| {
        let pick = |purpose| Command::File(FileCommand::Pick(purpose));
        let link = import.source().link.as_ref();
        let words = link.map_or_else(|| "Link list…".to_owned(), |path| format!("Link list: {}", path.display()));
        let hover = "The coordinator's list of codes and identities, outside the study. Without it nobody can tell later who is who.";
        if button(ui, &words, None, ButtonLook::Plain, true).on_hover_text(hover).clicked() {
            commands.push(pick(PickPurpose::ImportLink));
        }
        let patients = import.source().patients.as_ref();
        let words = patients.map_or_else(|| "Table of patients…".to_owned(), |path| format!("Patients: {}", path.display()));
        let hover = "CSV with the columns exam,patient: which NIfTI files are one exam, and whose";
        if button(ui, &words, None, ButtonLook::Plain, true).on_hover_text(hover).clicked() {
            commands.push(pick(PickPurpose::ImportPatients));
        }
        if import.waiting() > 1 {
            let words = format!("None of the {} shows a name", import.waiting());
            let hover = "You have looked at every one that waits, and no pixel shows a name, date or number";
            if button(ui, &words, None, ButtonLook::Plain, true).on_hover_text(hover).clicked() {
                commands.push(Command::Import(ImportCommand::AllClean));
            }
        }
    });
}
