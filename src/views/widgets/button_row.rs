//! Buttons side by side, wrapping where the panel is narrow; words and buttons on one line.

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

/// Words, fields and buttons side by side on one middle line: a row as high as its buttons, for egui's own begins lower and leaves
/// the words hanging above. `gap` = from one to the next.
pub fn words_row<R>(ui: &mut Ui, gap: f32, add: impl FnOnce(&mut Ui) -> R) -> R {
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = theme::BUTTON;
        let row = ui.horizontal(|ui| {
            // Fields, boxes and circles keep their own height.
            ui.spacing_mut().interact_size.y = theme::ROW;
            ui.spacing_mut().item_spacing.x = gap;
            add(ui)
        });
        row.inner
    })
    .inner
}
