//! Window and level: by number, preset and histogram.

use super::histogram::{HistogramCache, histogram_ui};
use crate::session::{Command, OpenExam, Session, ViewCommand, Window, WindowPreset};
use crate::views::actions::Action;
use crate::views::theme;
use crate::views::widgets::{ButtonLook, button, button_row, heading, named, words_row};
use egui::{DragValue, RichText, Ui};

/// The action of a preset, for its key.
const fn action_id(preset: WindowPreset) -> &'static str {
    match preset {
        WindowPreset::Auto => "window_auto",
        WindowPreset::Full => "window_full",
        WindowPreset::AirBlack => "window_air_black",
        WindowPreset::Bright => "window_bright",
    }
}

/// Draws the panel.
pub fn window_ui(ui: &mut Ui, session: &Session, exam: &OpenExam, histogram: &mut HistogramCache, commands: &mut Vec<Command>) {
    let free = !session.window_locked();
    heading(ui, if free { "Window" } else { "Window · locked by the protocol" });
    let image = exam.image();
    let window = exam.view().window;
    histogram_ui(ui, image, window, histogram);
    ui.add_space(theme::UNIT);
    super::rule_gauge::rule_gauge_ui(ui, session);
    let range = image.range();
    let speed = f64::from((range.1 - range.0) / 500.0).max(1e-6);
    let decimals = if range.1 - range.0 > 20.0 { 0 } else { 3 };
    let (mut width, mut level) = (window.width(), window.level());
    words_row(ui, theme::GAP, |ui| {
        ui.label(RichText::new("W").font(theme::mono()).color(theme::QUIET));
        let w = ui.add_enabled(free, DragValue::new(&mut width).speed(speed).range(0.0..=f32::MAX).max_decimals(decimals));
        let w = named(w, "Window width").on_hover_text("Window width: drag or click and type");
        ui.label(RichText::new("L").font(theme::mono()).color(theme::QUIET));
        let l = ui.add_enabled(free, DragValue::new(&mut level).speed(speed).max_decimals(decimals));
        let l = named(l, "Window level").on_hover_text("Window level: drag or click and type");
        if w.changed() || l.changed() {
            let next = Window::from_width_level(width, level);
            commands.push(Command::View(ViewCommand::Window { lower: next.lower(), upper: next.upper() }));
        }
        if session.display_rule().is_some() && exam.view().sequence == 0 {
            let response = button(ui, "Rule", None, ButtonLook::Plain, true);
            if response.on_hover_text("Goes back to the window that the protocol's rule gives (Ctrl 0)").clicked() {
                commands.push(Command::View(ViewCommand::FollowRule));
            }
        }
    });
    button_row(ui, |ui| {
        for preset in WindowPreset::ALL {
            let response = button(ui, preset.name(), None, ButtonLook::Plain, free);
            let response = match Action::find(action_id(preset)) {
                Some(action) => response.on_hover_text(action.hover_words()),
                None => response,
            };
            if response.clicked() {
                commands.push(Command::View(ViewCommand::Preset(preset)));
            }
        }
    });
}
