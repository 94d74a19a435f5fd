//! The Models workspace: versions of the reader's model, which one proposes, and the way back.

use crate::session::{Command, ModelCommand, Session};
use crate::views::panels::action_button;
use crate::views::widgets::{ButtonLook, button, quiet};
use crate::views::{facts, theme};
use crate::worker::message::VersionSummary;
use egui::{Align, CornerRadius, Frame, Layout, Margin, RichText, ScrollArea, Stroke, Ui};

/// Draws the workspace.
pub fn models_ui(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    Frame::new().inner_margin(Margin::same(24)).show(ui, |ui| {
        ui.horizontal(|ui| {
            let title = session.model_name().map_or_else(|| "Models".to_owned(), |name| format!("Model {name}"));
            ui.label(RichText::new(title).font(theme::large()).color(theme::STRONG));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                action_button(ui, session, "train", None, ButtonLook::Primary, commands);
            });
        });
        ui.add_space(theme::PADDING);
        if facts::reader(session).is_none() {
            quiet(ui, "A model belongs to a reader and a layer: choose a reader's code to see its versions.");
            return;
        }
        let versions = facts::versions(session);
        if versions.is_empty() {
            quiet(ui, "No version yet. Mark slices done in the Read workspace, then train.");
            return;
        }
        quiet(ui, "The current version proposes. A retrain that does worse on the held-out slices is kept but not made current.");
        ui.add_space(theme::PADDING);
        let current = session.current_version();
        ScrollArea::vertical().id_salt("models").auto_shrink([false, false]).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 8.0;
            let mut sorted: Vec<&VersionSummary> = versions.iter().collect();
            sorted.sort_by_key(|v| std::cmp::Reverse(v.version));
            for version in sorted {
                version_ui(ui, version, current == Some(version.version), commands);
            }
        });
    });
}

fn version_ui(ui: &mut Ui, version: &VersionSummary, current: bool, commands: &mut Vec<Command>) {
    let line = if current { theme::ACCENT_LINE } else { theme::PANEL_LINE };
    let frame = Frame::new().stroke(Stroke::new(1.0, line)).corner_radius(CornerRadius::same(6)).inner_margin(Margin::symmetric(12, 8));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal(|ui| {
            ui.label(RichText::new(format!("Version {}", version.version)).font(theme::title()).color(if current {
                theme::ACCENT
            } else {
                theme::STRONG
            }));
            quiet(ui, &version.created.replace('T', " "));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if current {
                    ui.label(RichText::new("current").color(theme::ACCENT));
                } else if button(ui, "Make current", None, ButtonLook::Plain, true)
                    .on_hover_text(format!("Version {} proposes from now on", version.version))
                    .clicked()
                {
                    commands.push(Command::Model(ModelCommand::MakeCurrent(version.version)));
                }
            });
        });
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 16.0;
            for (label, dice) in &version.dice {
                ui.label(
                    RichText::new(format!("{} {}", label.replace('_', " "), facts::dice(*dice))).font(theme::mono()).color(theme::TEXT),
                );
            }
            quiet(ui, &format!("{} steps · {} slices", version.steps, version.slices));
        });
    });
}
