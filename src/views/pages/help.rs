//! Help: every action with its keys, and what the mouse does. Made from the table, so it cannot be out of date.

use crate::session::{Command, Session, ViewCommand};
use crate::views::actions::{ACTIONS, Action, Group, key_words};
use crate::views::theme;
use crate::views::widgets::{heading, key_cap_size, paint_key_cap, quiet};
use egui::{Context, Pos2, RichText, ScrollArea, Sense, Ui, Vec2, Window};

/// What the mouse does, for the head of the window.
const MOUSE: [(&str, &str); 6] = [
    ("Left drag", "the tool in hand: paint, erase, loop, outline"),
    ("Right drag", "window: right widens, down darkens"),
    ("Middle drag", "moves the picture"),
    ("Wheel", "goes through the slices"),
    ("Ctrl and wheel", "zooms at the pointer"),
    ("Drop files", "opens them, anywhere in the window"),
];

/// Draws the window while the session has it open.
pub fn help_ui(ctx: &Context, session: &Session, commands: &mut Vec<Command>) {
    if !session.help_open() {
        return;
    }
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
                    for action in ACTIONS.iter().filter(|a| a.group == group) {
                        let keys: Vec<String> = action.keys().map(key_words).collect();
                        line(ui, action.name, action.tooltip, &keys);
                    }
                }
                ui.add_space(theme::PADDING);
                quiet(ui, "Keys are off while a text field has the focus. Everything painted is saved at once; undo has no limit.");
            });
        });
    if !open {
        commands.push(Command::View(ViewCommand::ToggleHelp));
    }
    let escape = Action::find("cancel_gesture").is_none_or(|a| (a.command)(session).is_none());
    if escape && ctx.input_mut(|i| i.consume_key(egui::Modifiers::NONE, egui::Key::Escape)) {
        commands.push(Command::View(ViewCommand::ToggleHelp));
    }
}

/// A name, its keys and a sentence that wraps.
fn line(ui: &mut Ui, name: &str, sentence: &str, keys: &[String]) {
    ui.horizontal(|ui| {
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
    });
}
