//! The sacro-iliac form below the picture: six slices, two joints, four quadrants, and the reader's opinion.

use super::action_button;
use crate::session::{Command, EditCommand, FormCommand, OpenExam, Session, ViewCommand};
use crate::study::{FORM_SLICES, JOINTS, POSITIVE_HALF_SLICES, QUADRANTS};
use crate::views::theme;
use crate::views::widgets::{ButtonLook, button, named, quiet};
use egui::{Checkbox, Grid, RichText, ScrollArea, Ui};

/// Height of the form.
pub const FORM_HEIGHT: f32 = 216.0;
/// Height of the quadrants in it.
const GRID_HEIGHT: f32 = 132.0;

/// Draws the form.
pub fn form_ui(ui: &mut Ui, session: &Session, exam: &OpenExam, commands: &mut Vec<Command>) {
    let form = exam.form();
    ui.horizontal(|ui| {
        ui.label(RichText::new("Sacro-iliac form").font(theme::title()).color(theme::STRONG));
        match form.first() {
            Some(first) => quiet(ui, &format!("Slices {} to {}. Inflamed: yes where marked, else no.", first + 1, first + FORM_SLICES)),
            None => quiet(ui, "Go to the first of six consecutive slices and choose it."),
        }
        action_button(
            ui,
            session,
            "form_start",
            None,
            if form.first().is_none() { ButtonLook::Primary } else { ButtonLook::Plain },
            commands,
        );
    });
    ScrollArea::both().id_salt("form").max_height(GRID_HEIGHT).auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().interact_size.y = 20.0;
        ui.horizontal_top(|ui| {
            for joint in 0..JOINTS.len() {
                joint_ui(ui, exam, joint, commands);
                ui.add_space(theme::PADDING * 2.0);
            }
        });
    });
    ui.horizontal(|ui| {
        let half = form.positive_half_slices();
        let rule = if form.positive_by_rule() { "positive" } else { "negative" };
        ui.label(
            RichText::new(format!("By the rule {rule}: {half} positive half-slices, {POSITIVE_HALF_SLICES} are needed")).color(theme::TEXT),
        );
        ui.add_space(theme::PADDING);
        ui.label(RichText::new("Your opinion of the patient").color(theme::TEXT));
        for (id, opinion) in [("form_positive", true), ("form_negative", false)] {
            let look = if form.opinion() == Some(opinion) { ButtonLook::Primary } else { ButtonLook::Plain };
            action_button(ui, session, id, None, look, commands);
        }
    });
}

/// One joint: a line a quadrant, a column a slice. The right joint stands at the left, as on the picture.
fn joint_ui(ui: &mut Ui, exam: &OpenExam, joint: usize, commands: &mut Vec<Command>) {
    let (form, side) = (exam.form(), JOINTS[joint]);
    Grid::new(("sacroiliac", joint)).num_columns(1 + FORM_SLICES).spacing([10.0, 1.0]).show(ui, |ui| {
        head(ui, exam, side, commands);
        for (quadrant, name) in QUADRANTS.iter().enumerate() {
            ui.label(RichText::new(format!("{name}  Alt {}", joint * QUADRANTS.len() + quadrant + 1)).color(theme::TEXT));
            for place in 0..FORM_SLICES {
                let mut mark = form.mark(place, joint, quadrant);
                let words = format!("{side} {name}, slice {}", form.first().unwrap_or(0) + place + 1);
                let response = ui.add_enabled(exam.is_writable() && form.first().is_some(), Checkbox::without_text(&mut mark));
                if named(response, &words).changed() {
                    commands.push(Command::Edit(EditCommand::Form(FormCommand::Toggle { place, joint, quadrant })));
                }
            }
            ui.end_row();
        }
    });
}

/// The slices: a click goes there; the one on screen stands out.
fn head(ui: &mut Ui, exam: &OpenExam, side: &str, commands: &mut Vec<Command>) {
    ui.label(RichText::new(format!("{side} joint")).color(theme::HEADING));
    for place in 0..FORM_SLICES {
        let Some(first) = exam.form().first() else {
            ui.label(RichText::new("–").color(theme::QUIET));
            continue;
        };
        let slice = first + place;
        let look = if exam.view().slice == slice { ButtonLook::Primary } else { ButtonLook::Bare };
        if button(ui, &(slice + 1).to_string(), None, look, true).on_hover_text(format!("Goes to slice {}", slice + 1)).clicked() {
            commands.push(Command::View(ViewCommand::Slice(slice)));
        }
    }
    ui.end_row();
}
