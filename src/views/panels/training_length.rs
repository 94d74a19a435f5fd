//! How long the next training is: so many steps, or so many minutes.

use crate::session::{Command, ModelCommand, Session, TrainingState};
use crate::views::widgets::named;
use egui::{ComboBox, DragValue, Ui};

/// What the field shows when the person turns from steps to minutes.
const USUAL_MINUTES: f64 = 5.0;

/// Draws a number and its unit.
pub fn training_length(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let training = session.training();
    let by_time = training.minutes().is_some();
    if let Some(mut minutes) = training.minutes() {
        let response = ui.add(DragValue::new(&mut minutes).range(0.5..=600.0).speed(0.1).max_decimals(1));
        if named(response, "Training minutes").on_hover_text("Minutes per training, by the clock; pauses do not count").changed() {
            commands.push(in_minutes(minutes));
        }
    } else {
        let mut steps = training.steps();
        let response = ui.add(DragValue::new(&mut steps).range(10..=TrainingState::MOST_STEPS).speed(5.0));
        if named(response, "Training steps").on_hover_text("Steps per training; more take longer").changed() {
            commands.push(Command::Model(ModelCommand::Steps(steps)));
        }
    }
    let unit =
        ComboBox::from_id_salt(ui.scope_id().with("training unit")).width(76.0).selected_text(if by_time { "minutes" } else { "steps" });
    let shown = unit.show_ui(ui, |ui| {
        if ui.selectable_label(!by_time, "steps").clicked() {
            commands.push(Command::Model(ModelCommand::Steps(training.steps())));
        }
        if ui.selectable_label(by_time, "minutes").clicked() {
            commands.push(in_minutes(training.minutes().unwrap_or(USUAL_MINUTES)));
        }
    });
    let _ = named(shown.response, "Steps or minutes");
}

const fn in_minutes(minutes: f64) -> Command {
    Command::Model(ModelCommand::Minutes { minutes, most_steps: TrainingState::MOST_STEPS })
}
