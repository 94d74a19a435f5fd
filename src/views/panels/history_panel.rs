//! What I did: every step, the newest first; a click goes back or forth to it.

use super::action_button;
use crate::session::{Command, EditCommand, OpenExam, Session};
use crate::views::theme;
use crate::views::widgets::{ButtonLook, Row, button_row, heading, quiet, row};
use egui::{ScrollArea, Ui, Vec2};

/// Draws the panel. Only the rows in sight are laid out: a read may have many thousand steps.
pub fn history_ui(ui: &mut Ui, session: &Session, exam: &OpenExam, commands: &mut Vec<Command>) {
    heading(ui, "History");
    button_row(ui, |ui| {
        action_button(ui, session, "undo", None, ButtonLook::Plain, commands);
        action_button(ui, session, "redo", None, ButtonLook::Plain, commands);
    });
    let history = exam.layers().history();
    let entries: Vec<_> = history.entries().collect();
    if entries.is_empty() {
        quiet(ui, "Nothing painted yet. Every step will stand here and can be undone.");
        return;
    }
    let current = history.next_undo().map(|(row, _)| row);
    ui.add_space(theme::UNIT);
    // As far as the panel is in sight, so that the whole list can be reached.
    let room = ui.clip_rect().bottom() - ui.cursor().top() - theme::PADDING;
    let height = room.clamp(96.0, 480.0);
    let line = theme::ROW;
    // Where the panels above leave less room than that, only so much of it is seen.
    let sight = room.clamp(line, height);
    ui.spacing_mut().item_spacing = Vec2::ZERO;
    // Where undo has gone is brought into sight, and then left where the person scrolls it.
    let id = ui.scope_id().with("history in sight");
    let (seen, offset): (Option<u64>, f32) = ui.data(|d| d.get_temp(id)).unwrap_or_default();
    let top = entries.iter().rev().position(|e| Some(e.row) == current).unwrap_or(entries.len() - 1) as f32 * line;
    let mut area = ScrollArea::vertical().id_salt("history").max_height(height).auto_shrink([false, true]);
    if seen != current && (top < offset || top + line > offset + sight) {
        area = area.vertical_scroll_offset((top - sight / 2.0).max(0.0));
    }
    let shown = area.show_rows(ui, line, entries.len(), |ui, range| {
        for at in range {
            let entry = &entries[entries.len() - 1 - at];
            let selected = current == Some(entry.row);
            let number = entry.row.to_string();
            // One line each, so that rows have one height; a long name is cut and shown whole on hover.
            let name = fitting(ui, entry.name, ui.available_width() - 64.0);
            let shown = Row { text: &name, value: Some(&number), selected, faint: entry.undone, ..Row::default() };
            let response =
                row(ui, &shown).on_hover_text(if entry.undone { format!("{} (undone)", entry.name) } else { entry.name.to_owned() });
            if response.clicked() && !selected {
                commands.push(Command::Edit(EditCommand::GoToRow(entry.row)));
            }
        }
    });
    ui.data_mut(|d| d.insert_temp(id, (current, shown.state.unclamped_offset().y)));
}

/// The words, or as many of them as fit and an ellipsis.
fn fitting(ui: &Ui, text: &str, width: f32) -> String {
    let wide = |t: &str| ui.painter().layout_no_wrap(t.to_owned(), theme::body(), theme::TEXT).size().x > width;
    if !wide(text) {
        return text.to_owned();
    }
    let mut kept: Vec<char> = text.chars().collect();
    while kept.len() > 4 {
        kept.pop();
        let cut = kept.iter().collect::<String>() + "…";
        if !wide(&cut) {
            return cut;
        }
    }
    text.to_owned()
}
