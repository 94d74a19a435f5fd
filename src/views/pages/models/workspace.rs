//! The workspace: a training and its figures on top, the line of versions, their table, what was compared.

use super::comparison::comparison_ui;
use super::errors::errors_ui;
use super::lineage::lineage_ui;
use super::running::running_ui;
use super::versions::versions_ui;
use crate::session::{Command, Session, ToolCommand};
use crate::views::panels::action_button;
use crate::views::widgets::{ButtonLook, button, quiet};
use crate::views::{facts, theme};
use crate::volume::LayerKind;
use egui::{Align, Frame, Layout, Margin, RichText, ScrollArea, Ui};

/// Draws the workspace.
pub fn models_ui(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    Frame::new().inner_margin(Margin::same(24)).show(ui, |ui| {
        head(ui, session, commands);
        ui.add_space(theme::PADDING);
        if facts::reader(session).is_none() {
            quiet(ui, "A model belongs to a reader and a layer: choose a reader's code to see its versions.");
            return;
        }
        if !session.assistance_allowed() {
            quiet(ui, "This read is independent: no model and no proposals.");
            return;
        }
        ScrollArea::vertical().id_salt("models").auto_shrink([false, false]).show(ui, |ui| {
            running_ui(ui, session, commands);
            ui.add_space(theme::PADDING);
            let versions = facts::versions(session);
            if versions.is_empty() {
                quiet(ui, "No version yet. Mark slices done in the Read workspace, then train: the model learns from them and nothing else.");
                ui.add_space(theme::UNIT);
                quiet(ui, "Or begin with the model that comes with the program. It learnt from synthetic knees alone; training goes on from it.");
                ui.add_space(theme::UNIT);
                action_button(ui, session, "begin_shipped", None, ButtonLook::Plain, commands);
                return;
            }
            if versions.iter().any(|v| v.dice.iter().any(|(_, dice)| dice.is_some())) {
                lineage_ui(ui, session, versions);
            } else {
                quiet(ui, "A line of Dice per level begins here with the first training that has slices to be judged on.");
            }
            ui.add_space(theme::UNIT);
            quiet(
                ui,
                "The current version proposes. A retrain that does worse on the held-out slices is kept but not made current; any version can \
                 be made current again.",
            );
            ui.add_space(theme::PADDING);
            versions_ui(ui, session, versions, commands);
            ui.add_space(theme::PADDING);
            comparison_ui(ui, session, commands);
            errors_ui(ui, session);
        });
    });
}

fn head(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    ui.horizontal(|ui| {
        let title = session.model_name().map_or_else(|| "Models".to_owned(), |name| format!("Model {name}"));
        ui.label(RichText::new(title).font(theme::large()).color(theme::STRONG));
        if facts::reader(session).is_some() {
            for (layer, name) in [(LayerKind::Marrow, "Marrow"), (LayerKind::Bone, "Bone")] {
                let look = if session.tool().layer == layer { ButtonLook::Primary } else { ButtonLook::Plain };
                if button(ui, name, None, look, true).on_hover_text(format!("The model that learns the {layer} layer")).clicked() {
                    commands.push(Command::Tool(ToolCommand::Layer(layer)));
                }
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if !session.training().is_running() && session.assistance_allowed() {
                let text = if session.current_version().is_some() { "Retrain" } else { "Train" };
                action_button(ui, session, "train", Some(text), ButtonLook::Primary, commands);
                if session.current_version().is_some() {
                    action_button(ui, session, "roll_back", None, ButtonLook::Plain, commands);
                }
            }
        });
    });
}
