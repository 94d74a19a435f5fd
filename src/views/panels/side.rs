//! The right side: what I am painting with, the window, the model, what I did, and at the foot the slice's done mark.

use super::histogram::HistogramCache;
use super::{action_button, history_panel, layers_panel, model_panel, window_panel};
use crate::session::{Command, EditCommand, OpenExam, Session, StudyCommand};
use crate::views::actions::Action;
use crate::views::tally::Tally;
use crate::views::theme;
use crate::views::widgets::{ButtonLook, button, named};
use crate::volume::LayerKind;
use crate::worker::message::Standing;
use egui::{Align, Frame, Id, Layout, Margin, Panel, RichText, ScrollArea, TextEdit, Ui};

/// Draws the panels over the room at hand.
pub fn side_ui(
    ui: &mut Ui,
    session: &Session,
    exam: &OpenExam,
    tally: &Tally,
    histogram: &mut HistogramCache,
    commands: &mut Vec<Command>,
) {
    if exam.is_writable() {
        let foot = Frame::new().inner_margin(Margin { left: 12, right: 12, top: 8, bottom: 8 });
        Panel::bottom("slice done").frame(foot).resizable(false).show(ui, |ui| done_foot(ui, session, exam, commands));
    }
    if let Some(words) = standing_words(exam) {
        let foot = Frame::new().inner_margin(Margin { left: 12, right: 12, top: 8, bottom: 8 });
        Panel::bottom("standing").frame(foot).resizable(false).show(ui, |ui| standing_foot(ui, session, exam, &words, commands));
    }
    ScrollArea::vertical().id_salt("side").auto_shrink([false, false]).show(ui, |ui| {
        Frame::new().inner_margin(Margin::same(12)).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = theme::UNIT;
            layers_panel::layers_ui(ui, session, exam, tally, commands);
            section(ui);
            window_panel::window_ui(ui, session, exam, histogram, commands);
            if exam.is_writable() {
                if session.tool().layer != LayerKind::Exclusion {
                    section(ui);
                    model_panel::model_ui(ui, session, exam, commands);
                }
                section(ui);
                history_panel::history_ui(ui, session, exam, commands);
            }
        });
    });
}

/// Why the read on screen cannot be changed, for a reader.
fn standing_words(exam: &OpenExam) -> Option<String> {
    match exam.standing() {
        Standing::Sealed { number, time } => {
            let time = time.get(..16).unwrap_or(time).replace('T', " ");
            Some(format!("Read {number}, sealed {time}. It can only be looked at."))
        }
        Standing::Busy { number, owner } => Some(format!("Read {number} is open for writing by {owner}. Here it can only be looked at.")),
        Standing::Writing { .. } if !exam.is_writable() => Some("This read is being sealed.".to_owned()),
        Standing::Looking | Standing::Viewing { .. } | Standing::Writing { .. } => None,
    }
}

fn standing_foot(ui: &mut Ui, session: &Session, exam: &OpenExam, words: &str, commands: &mut Vec<Command>) {
    ui.add(egui::Label::new(RichText::new(words).color(theme::STRONG)).wrap());
    match exam.standing() {
        Standing::Sealed { .. } => {
            ui.add_space(theme::UNIT);
            action_button(ui, session, "read_again", None, ButtonLook::Plain, commands);
        }
        Standing::Busy { .. } => {
            ui.add_space(theme::UNIT);
            let hover = "Opens the read for writing once it is closed there";
            if button(ui, "Open again", None, ButtonLook::Plain, true).on_hover_text(hover).clicked() {
                commands.push(Command::Study(StudyCommand::OpenExam(exam.code().clone())));
            }
        }
        Standing::Looking | Standing::Viewing { .. } | Standing::Writing { .. } => {}
    }
}

/// Flag and comment of the slice shown.
fn remark_ui(ui: &mut Ui, session: &Session, exam: &OpenExam, commands: &mut Vec<Command>) {
    let slice = exam.view().slice;
    let (flagged, comment) = exam.remark(slice).map_or((false, ""), |r| (r.flagged, r.comment.as_str()));
    let draft = exam.comment_draft();
    let here = draft.filter(|(of, _)| *of == slice);
    ui.horizontal(|ui| {
        let look = if flagged { ButtonLook::Primary } else { ButtonLook::Plain };
        action_button(ui, session, "flag_slice", Some(if flagged { "Flagged" } else { "Flag" }), look, commands);
        let mut text = here.map_or(comment, |(_, text)| text).to_owned();
        let id = Id::unique(("remark", exam.code().as_str(), exam.standing().number(), slice));
        let field = TextEdit::singleline(&mut text).id(id).desired_width(f32::INFINITY).hint_text("Comment on this slice");
        let response = named(ui.add(field), "Comment on this slice");
        let key = Action::find("comment_slice").and_then(Action::key_words).unwrap_or_default();
        let response = response.on_hover_text(format!("Kept in the read's journal ({key}; Enter ends it)"));
        if response.changed() {
            commands.push(Command::Edit(EditCommand::WriteComment(text)));
        }
        if response.lost_focus() || draft.is_some_and(|(of, _)| of != slice) {
            commands.push(Command::Edit(EditCommand::EndComment));
        } else if here.is_some() && !response.has_focus() {
            response.request_focus();
        }
    });
}

fn section(ui: &mut Ui) {
    ui.add_space(theme::PADDING);
}

fn done_foot(ui: &mut Ui, session: &Session, exam: &OpenExam, commands: &mut Vec<Command>) {
    let layer = session.tool().layer;
    let done = exam.layers().is_done(layer, exam.view().slice);
    let left = exam.plane().slice_count().saturating_sub(exam.layers().done_slices(layer).len());
    ui.horizontal(|ui| {
        let text = if done { "Mark not done" } else { "Slice done" };
        action_button(ui, session, "slice_done", Some(text), if done { ButtonLook::Plain } else { ButtonLook::Primary }, commands);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let words = match left {
                0 => "all slices done".to_owned(),
                1 => "1 slice left".to_owned(),
                n => format!("{n} slices left"),
            };
            let colour = if left == 0 { theme::DONE } else { theme::QUIET };
            ui.label(RichText::new(words).color(colour)).on_hover_text(format!("Slices of the {layer} layer that are not marked done"));
        });
    });
    remark_ui(ui, session, exam, commands);
    if session.study().is_some_and(|s| !s.scratch) {
        let look = if done && left == 0 { ButtonLook::Primary } else { ButtonLook::Plain };
        action_button(ui, session, "submit", None, look, commands);
    }
}
