//! The workspace put together, and what drawing it remembers.

use super::picture::{MapPane, map_pane_ui};
use super::{choices, figures, findings, profile, rules, shown};
use crate::gpu::Canvas;
use crate::session::{Command, CompareCommand, ComparePage, OpenExam, Session};
use crate::views::panels::action_button;
use crate::views::picture::Place;
use crate::views::widgets::{ButtonLook, quiet};
use crate::views::{facts, theme};
use egui::{CentralPanel, Frame, Margin, Panel, ScrollArea, Ui};

/// What the workspace remembers from frame to frame.
#[derive(Default)]
pub struct CompareView {
    pane: MapPane,
}

impl CompareView {
    /// Forgets everything: another exam or another person.
    pub fn clear(&mut self) {
        self.pane.clear();
    }

    /// Where the picture was last drawn.
    #[must_use]
    pub const fn place(&self) -> Option<&Place> {
        self.pane.place()
    }
}

/// Draws the workspace over the room at hand.
pub fn compare_ui(ui: &mut Ui, session: &Session, canvas: &mut Canvas, view: &mut CompareView, commands: &mut Vec<Command>) {
    if !facts::is_coordinator(session) {
        let frame = Frame::new().fill(theme::GROUND).inner_margin(Margin::same(24));
        CentralPanel::no_frame().frame(frame).show(ui, |ui| {
            quiet(ui, "Readers are blind to each other: only the coordinator compares reads. Change the role with Ctrl L.");
        });
        return;
    }
    let padded = Frame::new().fill(theme::GROUND).inner_margin(Margin::symmetric(8, 12));
    let [smallest, usual, largest] = theme::COMPARE_CHOICES;
    let left = Panel::left("compared").default_size(usual).size_range(smallest..=largest).frame(padded);
    left.show(ui, |ui| choices::choices_ui(ui, session, commands));
    let [smallest, usual, largest] = theme::COMPARE_FIGURES;
    let right = Panel::right("figures").default_size(usual).size_range(smallest..=largest).frame(Frame::new().fill(theme::GROUND));
    right.show(ui, |ui| beside(ui, session, commands));
    match session.exam() {
        Some(exam) => middle(ui, session, exam, canvas, &mut view.pane, commands),
        None => {
            let frame = Frame::new().fill(theme::GROUND).inner_margin(Margin::same(24));
            CentralPanel::no_frame().frame(frame).show(ui, |ui| quiet(ui, "Choose an exam at the left to see its maps."));
        }
    }
}

/// The switch of maps, the picture, and how much is disputed on each slice.
fn middle(ui: &mut Ui, session: &Session, exam: &OpenExam, canvas: &mut Canvas, pane: &mut MapPane, commands: &mut Vec<Command>) {
    let frame = Frame::new().fill(theme::GROUND).inner_margin(Margin::symmetric(6, 6));
    Panel::top("shown map").resizable(false).frame(frame).show(ui, |ui| shown::shown_ui(ui, session, commands));
    if let Some(compared) = session.comparison().exam() {
        let frame = Frame::new().fill(theme::GROUND).inner_margin(Margin { left: 8, right: 8, top: 6, bottom: 4 });
        let strip = Panel::bottom("disputed").exact_size(theme::PROFILE).resizable(false).frame(frame);
        strip.show(ui, |ui| profile::profile_ui(ui, exam, compared, commands));
    }
    let frame = Frame::new().fill(theme::PICTURE);
    CentralPanel::no_frame().frame(frame).show(ui, |ui| map_pane_ui(ui, session, exam, canvas, pane, commands));
}

/// Figures, findings or rules.
fn beside(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let state = session.comparison();
    let frame = Frame::new().inner_margin(Margin { left: 12, right: 12, top: 8, bottom: 4 });
    Panel::top("compare pages").resizable(false).show_separator_line(false).frame(frame).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = theme::UNIT;
            for page in ComparePage::ALL {
                if shown::switch(ui, page.name(), page.name(), state.page() == page).clicked() {
                    commands.push(Command::Compare(CompareCommand::Page(page)));
                }
            }
        });
    });
    let foot = Frame::new().inner_margin(Margin::symmetric(12, 8));
    Panel::bottom("adopt consensus").resizable(false).frame(foot).show(ui, |ui| {
        action_button(ui, session, "adopt_consensus", None, ButtonLook::Plain, commands);
    });
    ScrollArea::vertical().id_salt(("compare", state.page().name())).auto_shrink([false, false]).show(ui, |ui| {
        Frame::new().inner_margin(Margin { left: 12, right: 12, top: 4, bottom: 12 }).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = theme::UNIT;
            match (state.page(), state.exam()) {
                (ComparePage::Figures, exam) => figures::figures_ui(ui, session, exam, commands),
                (ComparePage::Findings, Some(exam)) => findings::findings_ui(ui, session, exam, commands),
                (ComparePage::Rules, exam) => rules::rules_ui(ui, session, exam),
                (ComparePage::Findings, None) => nothing_yet(ui, session),
            }
        });
    });
}

/// Why there is nothing to see.
pub(super) fn nothing_yet(ui: &mut Ui, session: &Session) {
    let state = session.comparison();
    match (state.refusal(), state.is_waiting()) {
        (Some(why), _) => quiet(ui, why),
        (None, true) => quiet(ui, "Votes are being counted."),
        (None, false) => quiet(ui, "Nothing is compared: choose an exam, then Compare reads."),
    }
}
