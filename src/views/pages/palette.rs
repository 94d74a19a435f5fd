//! Find an action: everything that can be done, by name, with its key.

use crate::session::{Command, Session, ViewCommand};
use crate::views::actions::{self, ACTIONS, Action};
use crate::views::theme;
use crate::views::widgets::{Row, named, quiet, row};
use egui::{Align2, Area, Context, Id, Key, Label, Modal, Modifiers, Order, RichText, ScrollArea, TextEdit, Ui, Vec2};

/// What was typed and which line is chosen.
#[derive(Default)]
pub struct Palette {
    text: String,
    chosen: usize,
    open: bool,
}

/// Draws the palette while the session has it open.
pub fn palette_ui(ctx: &Context, session: &Session, palette: &mut Palette, commands: &mut Vec<Command>) {
    if !session.palette_open() {
        *palette = Palette::default();
        return;
    }
    let just_opened = !std::mem::replace(&mut palette.open, true);
    let area = Area::new(Id::unique("palette area")).order(Order::Foreground).anchor(Align2::CENTER_TOP, Vec2::new(0.0, 72.0));
    let response = Modal::new(Id::unique("palette")).area(area).backdrop_color(theme::PICTURE_SHADE.gamma_multiply(0.6)).show(ctx, |ui| {
        ui.set_width((ctx.content_rect().width() - 48.0).clamp(240.0, 480.0));
        contents(ui, session, palette, just_opened, commands)
    });
    let ran = response.inner;
    if ran || response.should_close() {
        commands.insert(0, Command::View(ViewCommand::TogglePalette));
    }
}

/// Draws the contents; whether an action was run.
fn contents(ui: &mut Ui, session: &Session, palette: &mut Palette, focus: bool, commands: &mut Vec<Command>) -> bool {
    // The list takes these keys before the text field does.
    let down = ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::ArrowDown));
    let up = ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::ArrowUp));
    let enter = ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Enter));
    let edit = ui.add(TextEdit::singleline(&mut palette.text).hint_text("Find an action").desired_width(f32::INFINITY));
    let edit = named(edit, "Find an action by name");
    if focus {
        edit.request_focus();
    }
    if edit.changed() {
        palette.chosen = 0;
    }
    let found = matching(session, &palette.text);
    if found.is_empty() {
        quiet(ui, "No action has that name.");
        return false;
    }
    let last = found.len() - 1;
    palette.chosen = (palette.chosen + usize::from(down)).saturating_sub(usize::from(up)).min(last);
    let mut ran = enter && run(session, found[palette.chosen], commands);
    ui.add_space(theme::UNIT);
    ScrollArea::vertical().id_salt("actions").max_height(360.0).auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for (at, action) in found.iter().enumerate() {
            ran |= line(ui, session, action, at == palette.chosen, down || up, commands);
        }
    });
    ui.add_space(theme::UNIT);
    let chosen = found[palette.chosen];
    quiet(ui, chosen.tooltip);
    if (chosen.command)(session).is_none() {
        ui.add(Label::new(RichText::new(actions::refusal(session, chosen)).color(theme::LOOK_AGAIN)).wrap());
    }
    ran
}

fn line(ui: &mut Ui, session: &Session, action: &Action, chosen: bool, moved: bool, commands: &mut Vec<Command>) -> bool {
    let key = action.key_words();
    let disabled = (action.command)(session).is_none();
    let shown = Row { text: action.name, key: key.as_deref(), selected: chosen, disabled, ..Row::default() };
    let mut response = row(ui, &shown);
    if disabled {
        response = response.on_hover_text(actions::refusal(session, action));
    }
    if chosen && moved {
        response.scroll_to_me(None);
    }
    response.clicked() && run(session, action, commands)
}

fn run(session: &Session, action: &Action, commands: &mut Vec<Command>) -> bool {
    let command = (action.command)(session).filter(|_| action.id != "palette");
    let ran = command.is_some();
    commands.extend(command);
    ran
}

/// Actions that hold every word typed, in name, group or tooltip: where the name begins so first, possible ones first among like.
fn matching(session: &Session, text: &str) -> Vec<&'static Action> {
    let wanted = text.trim().to_lowercase();
    let words: Vec<&str> = wanted.split_whitespace().collect();
    let fits = |a: &&Action| {
        let all = format!("{} {} {}", a.name, a.group.name(), a.tooltip).to_lowercase();
        a.id != "palette" && words.iter().all(|w| all.contains(w))
    };
    let mut found: Vec<&'static Action> = ACTIONS.iter().filter(fits).collect();
    found.sort_by_key(|a| {
        let name = a.name.to_lowercase();
        let rank = if name.starts_with(&wanted) {
            0
        } else if words.iter().all(|w| name.contains(w)) {
            1
        } else {
            2
        };
        (rank, (a.command)(session).is_none())
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_any_order_and_possible_actions_come_first_among_like() {
        let session = Session::new(1);
        let ids = |text: &str| matching(&session, text).iter().map(|a| a.id).collect::<Vec<_>>();
        assert_eq!(ids("STUDY open")[0], "open_folder");
        assert!(ids("zebra").is_empty());
        let all = ids("");
        assert_eq!(all.len(), ACTIONS.len() - 1);
        // What was typed is the first line, possible or not: Enter once ran another action that is named in passing only.
        assert_eq!(ids("undo")[0], "undo");
        let possible: Vec<bool> = matching(&session, "").iter().map(|a| (a.command)(&session).is_some()).collect();
        assert!(possible.windows(2).all(|w| w[0] >= w[1]));
    }
}
