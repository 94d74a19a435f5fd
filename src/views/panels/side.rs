//! The right side: what I am painting with, the window, the model, what I did, and at the foot the slice's done mark.

use super::histogram::HistogramCache;
use super::{action_button, history_panel, layers_panel, model_panel, window_panel};
use crate::session::{Command, OpenExam, Session};
use crate::views::tally::Tally;
use crate::views::theme;
use crate::views::widgets::ButtonLook;
use egui::{Align, Frame, Layout, Margin, Panel, RichText, ScrollArea, Ui};

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
    ScrollArea::vertical().id_salt("side").auto_shrink([false, false]).show(ui, |ui| {
        Frame::new().inner_margin(Margin::same(12)).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = theme::UNIT;
            layers_panel::layers_ui(ui, session, exam, tally, commands);
            section(ui);
            window_panel::window_ui(ui, session, exam, histogram, commands);
            if exam.is_writable() {
                section(ui);
                model_panel::model_ui(ui, session, exam, commands);
                section(ui);
                history_panel::history_ui(ui, session, exam, commands);
            }
        });
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
}
