//! The four lines beside a mask that is scored: level 1, 2, 3 and overall.

use crate::session::{Command, OpenScores, ScoreCommand, Session};
use crate::study::Target;
use crate::views::panels::action_button;
use crate::views::theme;
use crate::views::widgets::{ButtonLook, VasChange, quiet, vas, words_row};
use crate::volume::LayerKind;
use egui::{Align, Checkbox, CornerRadius, Id, Layout, Margin, RichText, ScrollArea, Sense, TextEdit, Ui, Vec2};

/// Width of the panel: the line, its margins and the bar that scrolls.
pub const WIDTH: f32 = 564.0;

/// Draws the panel.
pub fn marks_ui(ui: &mut Ui, session: &Session, open: &OpenScores, commands: &mut Vec<Command>) {
    let (count, at) = (open.plan().items.len(), open.at());
    egui::Panel::bottom("score foot").frame(egui::Frame::new().inner_margin(Margin::symmetric(16, 12))).resizable(false).show(ui, |ui| {
        foot(ui, session, open, commands);
    });
    ScrollArea::vertical().id_salt("marks").auto_shrink([false, false]).show(ui, |ui| {
        egui::Frame::new().inner_margin(Margin { left: 16, right: 16, top: 12, bottom: 8 }).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = theme::UNIT;
            ui.horizontal(|ui| {
                ui.label(RichText::new(format!("Mask {} of {count}", at + 1)).font(theme::large()).color(theme::STRONG));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let state = match open.on_the_way() {
                        0 => "marks saved".to_owned(),
                        n => format!("saving {n}"),
                    };
                    ui.label(RichText::new(state).color(theme::QUIET)).on_hover_text("Every mark is on disk as soon as it is set");
                });
            });
            let words = match open.locked() {
                Some(_) => {
                    format!("Scored by {}. Locked: the marks stand. Leave the session; then the coordinator unblinds it.", open.scorer())
                }
                None => format!("Scored by {}. Which mask is the model's and which the consensus is hidden.", open.scorer()),
            };
            quiet(ui, &words);
            ui.add_space(theme::PADDING);
            for target in Target::ALL {
                line(ui, session, open, target, commands);
                ui.add_space(theme::UNIT * 2.0);
            }
            comment(ui, open, commands);
        });
    });
}

fn line(ui: &mut Ui, session: &Session, open: &OpenScores, target: Target, commands: &mut Vec<Command>) {
    let present = match target {
        Target::Level(level) => open.item().is_some_and(|item| item.levels.contains(&level)),
        Target::Overall => true,
    };
    let mark = open.mark(target);
    ui.horizontal(|ui| {
        if let Target::Level(level) = target
            && let Some(class) = session.scheme(LayerKind::Marrow).class(level)
        {
            let (rect, _) = ui.allocate_exact_size(Vec2::splat(11.0), Sense::hover());
            ui.painter().rect_filled(rect, CornerRadius::same(2), theme::label(class.colour));
        }
        ui.label(RichText::new(target.name()).font(theme::title()).color(theme::STRONG));
        if !present {
            ui.label(RichText::new("not in this mask: a mark here is flagged").font(theme::small()).color(theme::LOOK_AGAIN));
        }
        if session.scoring().shows_numbers() {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let text = mark.map_or_else(|| "–".to_owned(), |mark| mark.to_string());
                ui.label(RichText::new(text).font(theme::mono()).color(theme::TEXT));
            });
        }
    });
    let (response, change) = vas(ui, &format!("Mark for {}", target.name()), mark, open.locked().is_none());
    response.on_hover_text("Click or drag; arrows move the mark, Shift and arrows finely, Delete takes it away");
    let command = change.map(|change| match change {
        VasChange::Set(mark) => ScoreCommand::Mark(target, Some(mark)),
        VasChange::Nudge(by) => ScoreCommand::Nudge(target, by),
        VasChange::Clear => ScoreCommand::Mark(target, None),
    });
    commands.extend(command.map(Command::Score));
}

fn comment(ui: &mut Ui, open: &OpenScores, commands: &mut Vec<Command>) {
    let Some(item) = open.item() else { return };
    let label = ui.label(RichText::new("Comment on this mask").font(theme::small()).color(theme::HEADING));
    let mut text = open.comment().to_owned();
    // Each mask has a field of its own: a new mask does not take over the cursor of the one before.
    let id = Id::unique(("score comment", item.code.as_str()));
    let field = TextEdit::multiline(&mut text).id(id).desired_rows(2).desired_width(f32::INFINITY).hint_text("What is wrong, if anything");
    let response = ui.add_enabled(open.locked().is_none(), field).labelled_by(label.id);
    if response.changed() {
        commands.push(Command::Score(ScoreCommand::WriteComment(text)));
    }
    if response.lost_focus() {
        commands.push(Command::Score(ScoreCommand::EndComment));
    }
}

fn foot(ui: &mut Ui, session: &Session, open: &OpenScores, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        action_button(ui, session, "score_next", None, ButtonLook::Primary, commands);
        action_button(ui, session, "score_previous", None, ButtonLook::Plain, commands);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            action_button(ui, session, "score_close", None, ButtonLook::Plain, commands);
        });
    });
    words_row(ui, theme::GAP, |ui| {
        let mut numbers = session.scoring().shows_numbers();
        let check = ui.add(Checkbox::new(&mut numbers, "Show numbers"));
        if check.on_hover_text("A visual analogue scale has none; they are kept to 0.01").changed() {
            commands.push(Command::Score(ScoreCommand::ToggleNumbers));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            match open.locked() {
                Some(_) => drop(ui.label(RichText::new("locked").color(theme::DONE))),
                None => drop(action_button(ui, session, "score_lock", None, ButtonLook::Plain, commands)),
            }
            let words = format!("{} of {} marked overall", open.marked(), open.plan().items.len());
            ui.label(RichText::new(words).color(theme::QUIET));
        });
    });
}
