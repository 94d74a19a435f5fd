//! Help: every action with its keys, and what the mouse does. Made from the table, so it cannot be out of date.

use crate::session::{Command, Session, ViewCommand};
use crate::views::actions::{ACTIONS, Action, Group, key_words, keys};
use crate::views::theme;
use crate::views::widgets::{ButtonLook, button, heading, key_cap_size, paint_key_cap, quiet};
use egui::{
    Context, CornerRadius, Event, Key, KeyboardShortcut, Modifiers, Pos2, Rect, RichText, Role, ScrollArea, Sense, Stroke, StrokeKind, Ui,
    Vec2, WidgetInfo, Window,
};

/// What the mouse does, for the head of the window.
const MOUSE: [(&str, &str); 6] = [
    ("Left drag", "the tool in hand: paint, erase, loop, outline"),
    ("Right drag", "window: right widens, down darkens"),
    ("Middle drag", "moves the picture"),
    ("Wheel", "goes through the slices"),
    ("Ctrl and wheel", "zooms at the pointer"),
    ("Drop files", "opens them, anywhere in the window"),
];

/// Which action's key is being changed, and why the last one was refused.
#[derive(Default)]
pub struct Help {
    changing: Option<&'static str>,
    refused: Option<String>,
}

impl Help {
    /// Whether the next key belongs to the help window.
    #[must_use]
    pub const fn takes_keys(&self) -> bool {
        self.changing.is_some()
    }
}

/// Draws the window while the session has it open.
pub fn help_ui(ctx: &Context, session: &Session, help: &mut Help, commands: &mut Vec<Command>) {
    if !session.help_open() {
        *help = Help::default();
        return;
    }
    capture(ctx, help, commands);
    let mut open = true;
    let size = ctx.content_rect().size();
    let window = Window::new("Help").open(&mut open).collapsible(false).resizable(true);
    let middle = ctx.content_rect().center();
    window
        .pivot(egui::Align2::CENTER_CENTER)
        .default_pos(middle)
        .default_size(Vec2::new(720.0_f32.min(size.x - 48.0), 600.0_f32.min(size.y - 96.0)))
        .show(ctx, |ui| {
            ScrollArea::vertical().id_salt("help").auto_shrink([false, false]).show(ui, |ui| {
                heading(ui, "Mouse");
                for (what, does) in MOUSE {
                    line(ui, what, does, &[]);
                }
                for group in Group::ALL {
                    ui.add_space(theme::PADDING);
                    heading(ui, group.name());
                    for action in ACTIONS.iter().filter(|a| a.group == group && a.means_something(session)) {
                        action_line(ui, session, action, help, commands);
                    }
                }
                ui.add_space(theme::PADDING);
                quiet(ui, "A click on an action's keys changes them: press the new one, Backspace for none, Esc to leave it.");
                quiet(ui, "Keys are off while a text field has the focus. Everything painted is saved at once; undo has no limit.");
            });
        });
    if !open {
        commands.push(Command::View(ViewCommand::ToggleHelp));
    }
    // What was opened last is closed first.
    if help.changing.is_some() || session.palette_open() {
        return;
    }
    let escape = Action::find("cancel_gesture").is_none_or(|a| (a.command)(session).is_none());
    if escape && ctx.input_mut(|i| i.consume_key(egui::Modifiers::NONE, egui::Key::Escape)) {
        commands.push(Command::View(ViewCommand::ToggleHelp));
    }
}

/// Takes the next key for the action that is being changed; a key that another action has is refused.
fn capture(ctx: &Context, help: &mut Help, commands: &mut Vec<Command>) {
    let Some(id) = help.changing else { return };
    let pressed = ctx.input_mut(|input| {
        let at = input.events.iter().position(|e| matches!(e, Event::Key { pressed: true, .. }))?;
        match input.events.remove(at) {
            Event::Key { key, modifiers, .. } => Some((key, modifiers)),
            _ => None,
        }
    });
    let Some((key, modifiers)) = pressed else { return };
    let key = match (key, modifiers.is_none()) {
        (Key::Escape, true) => {
            *help = Help::default();
            return;
        }
        (Key::Backspace, true) => None,
        _ => {
            let mut wanted = Modifiers { alt: modifiers.alt, shift: modifiers.shift, ..Modifiers::NONE };
            if modifiers.command || modifiers.ctrl {
                wanted |= Modifiers::COMMAND;
            }
            Some(KeyboardShortcut::new(wanted, key))
        }
    };
    if let Some(key) = key
        && let Some(owner) = Action::find(id).and_then(|action| keys::owner(key, action))
    {
        help.refused = Some(format!("{} is the key of \"{}\": change that one first.", key_words(key), owner.name));
        return;
    }
    commands.push(Command::View(ViewCommand::BindKey { action: id.to_owned(), key: Some(keys::to_text(key)) }));
    *help = Help::default();
}

/// An action with its keys, which can be changed.
fn action_line(ui: &mut Ui, session: &Session, action: &'static Action, help: &mut Help, commands: &mut Vec<Command>) {
    let changing = help.changing == Some(action.id);
    let names: Vec<String> = if changing { vec!["press a key".to_owned()] } else { action.keys().map(key_words).collect() };
    let keys_rect = line(ui, action.name, action.tooltip, &names);
    let response = ui.interact(keys_rect, ui.scope_id().with(("key", action.id)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, format!("Keys of {}", action.name)));
    if response.hovered() || response.has_focus() || changing {
        let colour = if changing { theme::ACCENT } else { theme::CONTROL_LINE_HOT };
        ui.painter().rect_stroke(keys_rect, CornerRadius::same(3), Stroke::new(1.0, colour), StrokeKind::Inside);
    }
    if response.on_hover_text("Click, then press the new key").clicked() {
        *help = Help { changing: Some(action.id), refused: None };
    }
    if changing && let Some(refused) = &help.refused {
        ui.label(RichText::new(refused).font(theme::small()).color(theme::LOOK_AGAIN));
    }
    if session.keys().changed(action.id) {
        ui.horizontal(|ui| {
            ui.add_space(192.0);
            if button(ui, "Usual key", None, ButtonLook::Bare, true).on_hover_text("Goes back to the usual keys of this action").clicked() {
                commands.push(Command::View(ViewCommand::BindKey { action: action.id.to_owned(), key: None }));
            }
        });
    }
}

/// A name, its keys and a sentence that wraps; gives the place of the keys.
fn line(ui: &mut Ui, name: &str, sentence: &str, keys: &[String]) -> Rect {
    let row = ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = theme::UNIT;
        let name_width = 192.0;
        let (rect, _) = ui.allocate_exact_size(Vec2::new(name_width, 20.0), Sense::hover());
        let galley = ui.painter().layout(name.to_owned(), theme::body(), theme::TEXT, name_width);
        ui.painter().galley(Pos2::new(rect.left(), rect.center().y - galley.size().y / 2.0).round(), galley, theme::TEXT);
        let keys_width = 168.0;
        let (rect, _) = ui.allocate_exact_size(Vec2::new(keys_width, 20.0), Sense::hover());
        let mut x = rect.left();
        for key in keys {
            x += key_cap_size(ui, key).x;
            paint_key_cap(ui, Pos2::new(x, rect.center().y), key, theme::QUIET);
            x += 4.0;
        }
        ui.add(egui::Label::new(RichText::new(sentence).font(theme::small()).color(theme::QUIET)).wrap());
        rect
    });
    row.inner
}
