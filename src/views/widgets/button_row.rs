//! Buttons side by side, wrapping where the panel is narrow.

use crate::views::theme;
use egui::{Ui, Vec2};

/// A row as high as its buttons, so that they do not lean over the line above.
pub fn button_row(ui: &mut Ui, add: impl FnOnce(&mut Ui)) {
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = theme::BUTTON;
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = Vec2::splat(theme::UNIT);
            add(ui);
        });
    });
}
