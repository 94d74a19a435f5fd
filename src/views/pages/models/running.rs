//! The training under way, or the settings of the next one.

use crate::session::{Command, ModelCommand, Session, TrainingState};
use crate::views::panels::{training_length, training_ui};
use crate::views::theme;
use crate::views::widgets::{named, quiet};
use crate::volume::LayerKind;
use egui::{CornerRadius, DragValue, Frame, Margin, RichText, Stroke, Ui};

/// Draws it.
pub fn running_ui(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let training = session.training();
    let line = if training.is_running() { theme::ACCENT_LINE } else { theme::PANEL_LINE };
    let frame = Frame::new().stroke(Stroke::new(1.0, line)).corner_radius(CornerRadius::same(6)).inner_margin(Margin::symmetric(12, 10));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width().min(760.0));
        if training.is_running() {
            if training.is_ablating() {
                quiet(ui, "Two trainings from the same start, with and without accepted exams; no version is saved.");
            }
            training_ui(ui, session, commands);
        } else {
            settings(ui, session, commands);
        }
    });
}

fn settings(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let training = session.training();
    if let Some(why) = training.failure() {
        ui.add(egui::Label::new(RichText::new(why).color(theme::FAILED)).wrap());
    }
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 8.0;
        quiet(ui, "Next training");
        training_length(ui, session, commands);
        quiet(ui, "with at most");
        let [least, most] = TrainingState::MEMORY_RANGE_MB;
        let mut memory_mb = training.memory_mb();
        let response = ui.add(DragValue::new(&mut memory_mb).range(least..=most).speed(16.0).suffix(" MB"));
        let words = "Memory that a training may need; steps are made smaller until they fit";
        if named(response, "Memory ceiling").on_hover_text(words).changed() {
            commands.push(Command::Model(ModelCommand::MemoryMb(memory_mb)));
        }
        quiet(ui, "of memory. It runs beside you: reading, painting and proposals go on.");
    });
    // A later version goes on with the nets of the one before.
    let first = session.tool().layer == LayerKind::Bone && session.current_version().is_none();
    if let Some(model) = session.model_name().filter(|_| first && session.scheme(LayerKind::Bone).classes().len() > 1) {
        let mut net = training.net(&model);
        let mut apart = net.independent.unwrap_or(false);
        let words = "Each bone is learnt by a net that knows no other; the bones share nothing, and a step takes as many times as long";
        if ui.checkbox(&mut apart, "An independent net for each bone").on_hover_text(words).changed() {
            net.independent = apart.then_some(true);
            commands.push(Command::Model(ModelCommand::Net(net)));
        }
    }
}
