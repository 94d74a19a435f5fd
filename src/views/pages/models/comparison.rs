//! Two versions on the same slices, and a training with and without accepted exams: the figures side by side.

use super::lineage::label_words;
use crate::session::{Command, Session};
use crate::views::panels::action_button;
use crate::views::widgets::{ButtonLook, heading, quiet};
use crate::views::{facts, theme};
use egui::{Grid, RichText, Ui, Vec2};

type Dice = [(String, Option<f64>)];

/// Draws what was compared last, and the way to compare.
pub fn comparison_ui(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    if let Some(judged) = session.training().judged().filter(|j| Some(&j.model) == session.model_name().as_ref()) {
        heading(ui, &format!("Versions on the same slices: {}", judged.held_out));
        if let [(first, dice), (second, other)] = judged.versions.as_slice() {
            table(ui, session, "judged", [(&format!("Version {first}"), dice), (&format!("Version {second}"), other)]);
        }
        ui.add_space(theme::PADDING);
    }
    if let Some(ablated) = session.training().ablated().filter(|a| Some(&a.model) == session.model_name().as_ref()) {
        let [accepted, others] = ablated.slices;
        heading(ui, &format!("What accepted exams give: {}", ablated.held_out));
        quiet(ui, &format!("The same training on {others} slices read, with and without {accepted} accepted in Review."));
        table(ui, session, "ablated", [("Without", &ablated.without), ("With", &ablated.with)]);
        if let Some(note) = &ablated.note {
            ui.add(egui::Label::new(RichText::new(note).font(theme::small()).color(theme::LOOK_AGAIN)).wrap());
        }
        ui.add_space(theme::PADDING);
    }
    let accepted = facts::reader(session).map_or(0, |r| session.exams().iter().filter(|e| e.accepted.contains(r)).count());
    if accepted > 0 {
        let plural = if accepted == 1 { "exam is" } else { "exams are" };
        quiet(ui, &format!("{accepted} accepted {plural} in the training set."));
        action_button(ui, session, "ablate", None, ButtonLook::Plain, commands);
    }
}

fn table(ui: &mut Ui, session: &Session, id: &str, [(first, a), (second, b)]: [(&str, &Dice); 2]) {
    Grid::new(id).spacing(Vec2::new(24.0, 4.0)).show(ui, |ui| {
        for title in ["Dice", first, second, "Difference"] {
            ui.label(RichText::new(title).font(theme::small()).color(theme::QUIET));
        }
        ui.end_row();
        for (name, dice) in a {
            let other = b.iter().find(|(n, _)| n == name).and_then(|(_, dice)| *dice);
            ui.label(label_words(session, name));
            for value in [*dice, other] {
                ui.label(RichText::new(facts::dice(value)).font(theme::mono()).color(theme::TEXT));
            }
            let (words, colour) = match dice.zip(other) {
                Some((a, b)) if b - a >= 0.005 => (format!("+{:.2}", b - a), theme::DONE),
                Some((a, b)) if b - a <= -0.005 => (format!("−{:.2}", a - b), theme::LOOK_AGAIN),
                Some(_) => ("0.00".to_owned(), theme::QUIET),
                None => ("–".to_owned(), theme::QUIET),
            };
            ui.label(RichText::new(words).font(theme::mono()).color(colour));
            ui.end_row();
        }
    });
}
