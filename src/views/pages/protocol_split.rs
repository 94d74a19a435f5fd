//! The part of the protocol's form that is about who trains, validates and tests.

use super::protocol_rules::number;
use crate::session::{Command, StudyCommand};
use crate::study::{Fractions, Part, Protocol};
use crate::views::widgets::{ButtonLook, button, heading, quiet};
use crate::worker::message::StudySummary;
use egui::{RichText, Ui};

/// Draws it; the changed protocol, if a share was changed. `written`: the form holds nothing that is not in the file.
pub fn split_ui(ui: &mut Ui, protocol: &Protocol, study: &StudySummary, written: bool, commands: &mut Vec<Command>) -> Option<Protocol> {
    heading(ui, "Split: shares of the patients");
    let drawn = !study.exams.is_empty() && study.exams.iter().all(|exam| exam.part.is_some());
    if drawn {
        let count = |part| study.exams.iter().filter(|exam| exam.part == Some(part)).count();
        let [train, validate, test] = [Part::Train, Part::Validate, Part::Test].map(count);
        ui.label(RichText::new(format!("Drawn: {train} exams train, {validate} validate, {test} test")));
        quiet(ui, "Kept for good, by patient; the shares in the file change nothing now. Patients who come later train.");
        return None;
    }
    let [_, mut validate, mut test] = protocol.fractions().shares();
    let mut changed = number(ui, "validation", &mut validate, 0.0..=0.9, 0.005);
    changed |= number(ui, "test", &mut test, 0.0..=0.9, 0.005);
    quiet(ui, "The rest trains. Drawn once and kept, alike from every scanner: before the first training, proposal or packet, or now.");
    let why = match (study.exams.is_empty(), written) {
        (true, _) => "There is no exam yet: import images first",
        (_, false) => "Write the file first",
        _ => "Patients who are imported later will train: draw when all exams that may test are here",
    };
    let ready = written && !study.exams.is_empty();
    if button(ui, "Draw the split now", None, ButtonLook::Plain, ready).on_hover_text(why).on_disabled_hover_text(why).clicked() {
        commands.push(Command::Study(StudyCommand::DrawSplit));
    }
    let fractions = Fractions::new(1.0 - validate - test, validate, test).filter(|_| changed)?;
    Some(protocol.clone().with_fractions(fractions))
}
