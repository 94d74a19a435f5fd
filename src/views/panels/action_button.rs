//! Buttons and menu lines that stand for an action of the table.

use crate::session::{Command, Session};
use crate::views::actions::Action;
use crate::views::widgets::{ButtonLook, Row, button, row};
use egui::{Response, Ui};

/// A button for an action: its name (or `text` instead), its key, its tooltip; not enabled where it is not possible now.
pub fn action_button(
    ui: &mut Ui,
    session: &Session,
    id: &str,
    text: Option<&str>,
    look: ButtonLook,
    commands: &mut Vec<Command>,
) -> Option<Response> {
    let action = Action::find(id)?;
    let command = (action.command)(session);
    let key = action.key_words();
    let response = button(ui, text.unwrap_or(action.name), key.as_deref(), look, command.is_some()).on_hover_text(action.tooltip);
    if response.clicked() {
        commands.extend(command);
    }
    Some(response)
}

/// A line of a menu for an action; closes the menu when chosen.
pub fn action_menu_item(ui: &mut Ui, session: &Session, id: &str, commands: &mut Vec<Command>) {
    let Some(action) = Action::find(id) else { return };
    let command = (action.command)(session);
    let key = action.key_words();
    let line = Row { text: action.name, key: key.as_deref(), disabled: command.is_none(), ..Row::default() };
    if row(ui, &line).on_hover_text(action.tooltip).clicked() {
        commands.extend(command);
        ui.close();
    }
}
