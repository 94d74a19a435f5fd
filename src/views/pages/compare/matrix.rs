//! Every map against every map at one level: the reader × reader matrix.

use super::figures::clickable;
use super::names;
use crate::session::Command;
use crate::views::widgets::{heading, quiet};
use crate::views::{facts, theme};
use crate::worker::message::{CompareLevel, ComparedExam};
use egui::{Align2, CornerRadius, Rect, ScrollArea, Sense, Ui, Vec2, pos2};

/// Size of a cell.
const CELL: Vec2 = Vec2::new(46.0, 24.0);
/// Width of the names at the left.
const NAMES: f32 = 92.0;

/// Draws the matrix; it scrolls sideways where there are many maps.
pub fn matrix_ui(ui: &mut Ui, exam: &ComparedExam, level: &CompareLevel, commands: &mut Vec<Command>) {
    heading(ui, &format!("Level {} · Dice between maps", level.name));
    let count = exam.maps.len();
    ScrollArea::horizontal().id_salt("matrix").auto_shrink([false, true]).show(ui, |ui| {
        let size = Vec2::new(NAMES + CELL.x * count as f32, 16.0 + CELL.y * count as f32);
        let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
        let cell_rect = |row: usize, column: usize| {
            let min = pos2(rect.left() + NAMES + CELL.x * column as f32, rect.top() + 16.0 + CELL.y * row as f32);
            Rect::from_min_size(min, CELL).shrink(1.0)
        };
        for (at, map) in exam.maps.iter().enumerate() {
            let head = pos2(cell_rect(0, at).center().x, rect.top() + 6.0);
            ui.painter().text(head, Align2::CENTER_CENTER, names::narrow(map), theme::mono_small(), theme::QUIET);
            let left = Rect::from_min_size(pos2(rect.left(), cell_rect(at, 0).top()), Vec2::new(NAMES - 6.0, CELL.y));
            let place = pos2(left.left(), left.center().y);
            ui.painter().with_clip_rect(left).text(place, Align2::LEFT_CENTER, &map.name, theme::mono(), names::colour(map));
        }
        for row in 0..count {
            for column in 0..count {
                let place = cell_rect(row, column);
                if row == column {
                    ui.painter().text(place.center(), Align2::CENTER_CENTER, "·", theme::mono(), theme::FAINT);
                    continue;
                }
                let cell = &level.pairs[row * count + column];
                let (a, b) = (&exam.maps[row].name, &exam.maps[column].name);
                let name = format!("{a} and {b}, level {}: Dice {}", level.name, facts::dice(cell.dice));
                let shade = theme::ACCENT_FILL.gamma_multiply(cell.dice.unwrap_or(0.0) as f32);
                ui.painter().rect_filled(place, CornerRadius::same(2), shade);
                let response = clickable(ui, place, cell, &name, commands);
                let colour = if cell.dice.is_none() {
                    theme::QUIET
                } else if response.hovered() {
                    theme::STRONG
                } else {
                    theme::TEXT
                };
                ui.painter().text(place.center(), Align2::CENTER_CENTER, facts::dice(cell.dice), theme::mono(), colour);
            }
        }
    });
    if count > 6 {
        quiet(ui, "The matrix scrolls sideways.");
    }
}
