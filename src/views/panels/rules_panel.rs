//! What limits painting: inside bone, grey values, over which labels.

use crate::session::{Command, LabelSet, OpenExam, Session, ToolCommand, ViewCommand};
use crate::views::actions::Action;
use crate::views::widgets::named;
use crate::views::{facts, theme};
use crate::volume::LayerKind;
use egui::{Button, Checkbox, DragValue, RichText, Ui};

/// Draws the rules of the active layer.
pub fn rules_ui(ui: &mut Ui, session: &Session, exam: &OpenExam, commands: &mut Vec<Command>) {
    if !exam.is_writable() {
        patterns(ui, exam, commands);
        return;
    }
    if session.tool().layer == LayerKind::Marrow {
        ui.horizontal(|ui| rule_check(ui, session.tool().rules.inside_bone, "Only inside bone", "inside_bone", session, commands));
    }
    band(ui, session, exam, commands);
    over(ui, session, exam, commands);
}

fn patterns(ui: &mut Ui, exam: &OpenExam, commands: &mut Vec<Command>) {
    let mut patterns = exam.view().patterns;
    let hover = Action::find("patterns").map(Action::hover_words).unwrap_or_default();
    if ui.checkbox(&mut patterns, "Patterns").on_hover_text(hover).changed() {
        commands.push(Command::View(ViewCommand::TogglePatterns));
    }
}

fn rule_check(ui: &mut Ui, on: bool, text: &str, action: &str, session: &Session, commands: &mut Vec<Command>) {
    let Some(action) = Action::find(action) else { return };
    let mut on = on;
    let command = (action.command)(session);
    if ui.add_enabled(command.is_some(), Checkbox::new(&mut on, text)).on_hover_text(action.hover_words()).changed() {
        commands.extend(command);
    }
}

/// The band of grey values, and whether painting keeps to it.
fn band(ui: &mut Ui, session: &Session, exam: &OpenExam, commands: &mut Vec<Command>) {
    let [mut lower, mut upper] = session.threshold();
    let range = exam.reading_image().range();
    let speed = f64::from((range.1 - range.0) / 400.0).max(1e-6);
    let on = session.tool().rules.inside_band;
    ui.horizontal(|ui| {
        rule_check(ui, on, "Only grey values", "inside_band", session, commands);
        let field = |value: &mut f32, hover: &str, ui: &mut Ui| {
            let decimals = usize::from(range.1 - range.0 <= 20.0) * 3;
            ui.add(DragValue::new(value).speed(speed).max_decimals(decimals)).on_hover_text(hover)
        };
        if named(field(&mut lower, "Lowest grey value that is painted", ui), "Band lower bound").changed() {
            commands.push(Command::Tool(ToolCommand::ThresholdLower(lower)));
        }
        ui.label(RichText::new("–").color(theme::QUIET));
        if named(field(&mut upper, "Highest grey value that is painted", ui), "Band upper bound").changed() {
            commands.push(Command::Tool(ToolCommand::ThresholdUpper(upper)));
        }
    });
}

/// Which labels may be painted over: a small square each, background first.
fn over(ui: &mut Ui, session: &Session, exam: &OpenExam, commands: &mut Vec<Command>) {
    let classes = session.scheme(session.tool().layer).classes();
    let every = classes.iter().fold(LabelSet::of(&[0]), |set, class| set.with(class.value));
    let chosen = session.tool().rules.over.unwrap_or(every);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT;
        // The rule in force is said in the place of its name: there is no room for both.
        let (words, colour) = match session.tool().rules.over {
            None => ("Paint over", theme::QUIET),
            Some(_) => ("Only over", theme::LOOK_AGAIN),
        };
        ui.label(RichText::new(words).color(colour)).on_hover_text("What may be painted over; U changes between all and background");
        let entries = std::iter::once((0, "background", theme::QUIET))
            .chain(classes.iter().map(|class| (class.value, class.name.as_str(), theme::label(class.colour))));
        for (value, name, colour) in entries {
            let on = chosen.contains(value);
            let text = if value == 0 { "–".to_owned() } else { value.to_string() };
            let text = RichText::new(text).font(theme::mono()).color(if on { colour } else { theme::FAINT });
            let words = format!("Paint over {}", name.split(" · ").next().unwrap_or(name).to_lowercase());
            let response = ui.add(Button::new(text).min_size(egui::Vec2::splat(22.0)).selected(on));
            if named(response, &words).on_hover_text(&words).clicked() {
                let next = if on { chosen.without(value) } else { chosen.with(value) };
                commands.push(Command::Tool(ToolCommand::Over((next != every && next != LabelSet::default()).then_some(next))));
            }
        }
        if session.tool().layer == LayerKind::Marrow {
            ui.add_space(theme::UNIT);
            patterns(ui, exam, commands);
        }
    });
}

/// `1204 voxels, 0.12 ml`: how much of something there is.
#[must_use]
pub fn amount_words(exam: &OpenExam, voxels: usize) -> String {
    facts::voxel_ml(exam).map_or_else(|| format!("{voxels} voxels"), |ml| format!("{voxels} voxels, {:.2} ml", voxels as f64 * ml))
}
