//! The table of versions, the newest first: cards, figures, make current, compare.

use super::lineage::{dice_names, label_words};
use crate::session::{Command, ModelCommand, Session};
use crate::views::widgets::{ButtonLook, button, words_row};
use crate::views::{facts, theme};
use crate::worker::message::VersionSummary;
use egui::{Grid, RichText, ScrollArea, Ui, Vec2};

/// Draws the table.
pub fn versions_ui(ui: &mut Ui, session: &Session, versions: &[VersionSummary], commands: &mut Vec<Command>) {
    let mut sorted: Vec<&VersionSummary> = versions.iter().collect();
    sorted.sort_by_key(|v| std::cmp::Reverse(v.version));
    let names = dice_names(&sorted);
    let current = session.current_version();
    ScrollArea::horizontal().id_salt("versions").show(ui, |ui| {
        Grid::new("versions").spacing(Vec2::new(18.0, 8.0)).min_row_height(theme::BUTTON).show(ui, |ui| {
            let head = ["Version", "", "From", "Made", "Steps", "Slices"].map(str::to_owned);
            for title in head.into_iter().chain(names.iter().map(|name| short(&label_words(session, name)))).chain(["Dice on".to_owned()]) {
                ui.label(RichText::new(title).font(theme::small()).color(theme::QUIET));
            }
            ui.end_row();
            for version in sorted {
                row(ui, version, &names, current, commands);
                ui.end_row();
            }
        });
    });
}

fn row(ui: &mut Ui, version: &VersionSummary, names: &[String], current: Option<u32>, commands: &mut Vec<Command>) {
    let is_current = current == Some(version.version);
    let colour = if is_current { theme::ACCENT } else { theme::STRONG };
    ui.label(RichText::new(format!("Version {}", version.version)).color(colour));
    choices(ui, version, current, commands);
    let mono = |text: String| RichText::new(text).font(theme::mono()).color(theme::TEXT);
    ui.label(mono(version.parent.map_or_else(|| "–".to_owned(), |parent| parent.to_string()))).on_hover_text("Trained from this version");
    ui.label(mono(version.created.replace('T', " ").chars().take("2026-11-21 10:00".len()).collect()));
    ui.label(mono(version.steps.to_string()));
    let slices = match version.accepted {
        0 => version.slices.to_string(),
        accepted => format!("{} ({accepted} accepted)", version.slices),
    };
    ui.label(mono(slices)).on_hover_text("Slices it learnt from; accepted: taken over whole from a model in Review");
    for name in names {
        let dice = version.dice.iter().find(|(n, _)| n == name).and_then(|(_, dice)| *dice);
        ui.label(mono(facts::dice(dice)));
    }
    let on = match version.held_out.as_str() {
        told if version.dice.iter().all(|(_, dice)| dice.is_none()) => {
            if told.is_empty() || told.starts_with("nothing held out") {
                "nothing: no slice was held out yet"
            } else {
                "nothing: stopped before the first look"
            }
        }
        "" => "held-out slices",
        told => told,
    };
    ui.label(RichText::new(on).color(theme::QUIET));
}

/// What can be done with a version.
fn choices(ui: &mut Ui, version: &VersionSummary, current: Option<u32>, commands: &mut Vec<Command>) {
    words_row(ui, theme::GAP, |ui| {
        if current == Some(version.version) {
            ui.label(RichText::new("current: it proposes").color(theme::ACCENT));
            return;
        }
        let hover = format!("Version {} proposes from now on", version.version);
        if button(ui, "Make current", None, ButtonLook::Plain, true).on_hover_text(hover).clicked() {
            commands.push(Command::Model(ModelCommand::MakeCurrent(version.version)));
        }
        if let Some(current) = current {
            let hover = format!("Judges version {} and version {current} on the same slices", version.version);
            if button(ui, "Compare with current", None, ButtonLook::Plain, true).on_hover_text(hover).clicked() {
                commands.push(Command::Model(ModelCommand::Compare([current, version.version])));
            }
        }
    });
}

/// `Level 1` of `Level 1 · slight, diffuse`.
fn short(words: &str) -> String {
    words.split(" · ").next().unwrap_or(words).to_owned()
}
