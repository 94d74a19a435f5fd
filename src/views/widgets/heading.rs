//! Words that head a section, and words that stand back.

use crate::views::theme;
use egui::{RichText, Ui};

/// Heads a section of a panel.
pub fn heading(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).font(theme::small()).color(theme::HEADING));
    ui.add_space(theme::UNIT);
}

/// A quiet line that wraps.
pub fn quiet(ui: &mut Ui, text: &str) {
    ui.add(egui::Label::new(RichText::new(text).font(theme::small()).color(theme::QUIET)).wrap());
}
