//! The top bar: which study, who reads, under which rules, what is saved.

use super::action_button;
use super::file_menu::file_menu_ui;
use crate::session::{Command, Session, StudyCommand, ViewCommand, Workspace};
use crate::views::actions::{self, Action};
use crate::views::widgets::{ButtonLook, chip};
use crate::views::{facts, theme};
use crate::worker::message::Role;
use egui::{Align, Color32, CornerRadius, Label, Layout, Pos2, RichText, Sense, Ui, Vec2, WidgetInfo};

/// Draws the bar.
pub fn top_bar_ui(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = 12.0;
        ui.label(RichText::new("Osteon").font(theme::title()).color(theme::STRONG).strong());
        file_menu_ui(ui, session, commands);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 12.0;
            right_part(ui, session, commands);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 12.0;
                left_part(ui, session, commands);
            });
        });
    });
}

fn left_part(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let Some(study) = session.study() else { return };
    let name = if study.scratch { "Images without a study" } else { study.protocol.name() };
    // Which exams train a model is nothing to an independent reader.
    let tells = !study.scratch && !facts::is_independent(session);
    let mut part = facts::summary(session).filter(|_| tells).map(|summary| facts::part_words(summary.part));
    let mut role = role_pieces(session);
    let role_words: String = role.iter().map(|(text, _)| text.as_str()).collect();
    let width = |ui: &Ui, text: &str| ui.painter().layout_no_wrap(text.to_owned(), theme::body(), theme::TEXT).size().x;
    // In a small window the part goes first, then the rule in the role's chip, which hovering shows whole.
    let chip_width = |ui: &Ui, role: &[(String, Color32)]| role.iter().map(|(text, _)| width(ui, text)).sum::<f32>() + 24.0;
    if chip_width(ui, &role) + part.map_or(0.0, |part| width(ui, part) + 14.0) > ui.available_width() {
        part = None;
    }
    while role.len() > 1 && chip_width(ui, &role) > ui.available_width() {
        // What is coloured says who it is.
        let last = role.iter().rposition(|(_, colour)| *colour != theme::ACCENT).unwrap_or(0);
        role.remove(last);
    }
    // Role and part keep their room; a long name is cut with an ellipsis and shown whole on hover.
    let kept = chip_width(ui, &role) - 24.0 + width(ui, part.unwrap_or_default()) + 60.0;
    let (room, whole) = (ui.available_width() - kept, width(ui, name) + 2.0);
    if room > whole.min(48.0) {
        ui.scope(|ui| {
            ui.set_max_width(room.min(whole));
            ui.add(Label::new(RichText::new(name).color(theme::TEXT)).truncate()).on_hover_text(study.root.display().to_string());
        });
    }
    if !role.is_empty() {
        role_chip(ui, &role_words, &role, commands);
    }
    if let Some(part) = part {
        ui.label(RichText::new(part).color(theme::QUIET)).on_hover_text("Which part of the study's split the open exam belongs to");
    }
}

/// Who sits here, in pieces of text with their colours; nothing before the person has said so.
fn role_pieces(session: &Session) -> Vec<(String, Color32)> {
    match session.role() {
        Some(Role::Reader(code)) => {
            let rule = session.study().and_then(|s| s.protocol.reader(code));
            let policy = rule.map_or("", |r| facts::policy_words(r.assistance));
            vec![("Reader ".to_owned(), theme::TEXT), (code.to_string(), theme::ACCENT), (format!(" · {policy}"), theme::TEXT)]
        }
        Some(Role::Coordinator) => vec![("Coordinator".to_owned(), theme::ACCENT), (" · looks, does not paint".to_owned(), theme::TEXT)],
        None => Vec::new(),
    }
}

fn role_chip(ui: &mut Ui, words: &str, pieces: &[(String, Color32)], commands: &mut Vec<Command>) {
    let pieces: Vec<(&str, Color32)> = pieces.iter().map(|(text, colour)| (text.as_str(), *colour)).collect();
    let response = chip(ui, &format!("{words}: change reader"), &pieces);
    if response.on_hover_text(format!("{words}\nChange reader (Ctrl L)")).clicked() {
        commands.push(Command::Study(StudyCommand::LeaveRole));
    }
}

/// From the right edge inwards.
fn right_part(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    action_button(ui, session, "palette", None, ButtonLook::Plain, commands);
    if session.exam().is_some() {
        saved_state(ui, session, commands);
    }
    if facts::reading(session).is_some() {
        window_chip(ui, session, commands);
    }
    if session.role().is_some() {
        workspace_switch(ui, session, commands);
    }
}

fn saved_state(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let Some(exam) = session.exam().filter(|e| e.is_writable()) else { return };
    match (exam.save_error(), exam.unsaved_rows()) {
        (Some(why), _) => {
            action_button(ui, session, "save_again", None, ButtonLook::Alarm, commands);
            ui.label(RichText::new("not saved").color(theme::FAILED).strong()).on_hover_text(why);
        }
        (None, 0) => {
            ui.label(RichText::new("saved").color(theme::QUIET)).on_hover_text("Every stroke is on disk");
        }
        (None, n) => {
            ui.label(RichText::new(format!("saving {n}")).color(theme::TEXT)).on_hover_text("Changes on their way to the disk");
        }
    }
}

fn window_chip(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let Some(exam) = session.exam() else { return };
    let window = exam.view().window;
    let (width, level) = (facts::number(window.width()), facts::number(window.level()));
    let locked = session.window_locked();
    let figures = format!("W {width} L {level}{}", if locked { " · locked" } else { "" });
    let back = if session.display_rule().is_some() { "the protocol's rule" } else { "automatic" };
    let name = format!("Window: width {width}, level {level}; back to {back}");
    let word = if ui.ctx().content_rect().width() < theme::COMPANIONS_FROM { "" } else { "Window " };
    if chip(ui, &name, &[(word, theme::TEXT), (&figures, theme::STRONG)])
        .on_hover_text(format!("Right drag on the picture changes it; a click goes back to {back}"))
        .clicked()
    {
        commands.push(super::rule_gauge::reset_command(session));
    }
}

fn workspace_switch(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    ui.allocate_ui_with_layout(Vec2::new(0.0, theme::TOP_BAR), Layout::right_to_left(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 0.0;
        for workspace in Workspace::ALL.into_iter().rev() {
            tab(ui, session, workspace, commands);
        }
    });
}

fn tab(ui: &mut Ui, session: &Session, workspace: Workspace, commands: &mut Vec<Command>) {
    let selected = session.workspace() == workspace;
    let action = Action::find(match workspace {
        Workspace::Read => "read",
        Workspace::Review => "review",
        Workspace::Compare => "compare",
        Workspace::Score => "score",
        Workspace::Models => "models",
        Workspace::Protocol => "protocol",
        Workspace::Audit => "audit",
    });
    let refused = action.filter(|action| (action.command)(session).is_none());
    let galley = ui.painter().layout_no_wrap(workspace.name().to_owned(), theme::body(), theme::TEXT);
    let sense = if refused.is_some() { Sense::hover() } else { Sense::click() };
    let (rect, response) = ui.allocate_exact_size(Vec2::new(galley.size().x + 16.0, theme::TOP_BAR - 2.0), sense);
    response.widget_info(|| WidgetInfo::selected(egui::Role::Tab, refused.is_none(), selected, workspace.name()));
    let colour = if selected {
        theme::STRONG
    } else if refused.is_some() {
        theme::FAINT
    } else if response.hovered() || response.has_focus() {
        theme::TEXT
    } else {
        theme::QUIET
    };
    ui.painter().galley_with_override_text_color(
        Pos2::new(rect.left() + 8.0, rect.center().y - galley.size().y / 2.0).round(),
        galley,
        colour,
    );
    if selected {
        let line =
            egui::Rect::from_min_max(Pos2::new(rect.left() + 8.0, rect.bottom() - 2.0), Pos2::new(rect.right() - 8.0, rect.bottom()));
        ui.painter().rect_filled(line, CornerRadius::same(1), theme::ACCENT);
    }
    let words = refused.map(|action| actions::refusal(session, action)).or_else(|| action.map(Action::hover_words));
    let response = response.on_hover_text(words.unwrap_or_default());
    if response.clicked() {
        commands.push(Command::View(ViewCommand::Workspace(workspace)));
    }
}
