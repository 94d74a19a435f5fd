//! Everything a person can do by name: one table for menu, palette, keys, tooltips and help.

pub mod keys;
mod refusal;
mod table;

use crate::session::{Command, Session};
use crate::volume::LayerKind;
use egui::{Id, Key, KeyboardShortcut, ModifierNames, Modifiers};
use std::collections::BTreeSet;

pub use refusal::refusal;
pub use table::ACTIONS;

/// Where an action stands in menu, palette and help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Files and studies.
    File,
    /// Tools and what they paint with.
    Paint,
    /// Undo, done, outlines.
    Edit,
    /// Slices and exams.
    Go,
    /// How it is looked at.
    View,
    /// Training and proposals.
    Model,
    /// Comparing reads.
    Compare,
    /// Workspaces, palette, help.
    Window,
}

impl Group {
    /// All, in the order of the help window.
    pub const ALL: [Self; 8] = [Self::Paint, Self::Edit, Self::Go, Self::View, Self::Model, Self::Compare, Self::Window, Self::File];

    /// Name on screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "File",
            Self::Paint => "Paint",
            Self::Edit => "Edit",
            Self::Go => "Go",
            Self::View => "View",
            Self::Model => "Model",
            Self::Compare => "Compare",
            Self::Window => "Window",
        }
    }
}

/// One thing a person can do.
pub struct Action {
    /// Stays the same when the name changes.
    pub id: &'static str,
    /// Name on screen.
    pub name: &'static str,
    /// The key shown with it; every action of the table has one.
    pub key: Option<KeyboardShortcut>,
    /// Other keys that do the same.
    pub also: &'static [KeyboardShortcut],
    /// One sentence: what it does.
    pub tooltip: &'static str,
    /// Where it stands.
    pub group: Group,
    /// Whether holding the key down repeats it.
    pub repeats: bool,
    /// The command; `None` = not possible now.
    pub command: fn(&Session) -> Option<Command>,
}

impl Action {
    /// The action with an id. A name that is not in the table gives `None`; a test holds that none is asked for.
    #[must_use]
    pub fn find(id: &str) -> Option<&'static Self> {
        ACTIONS.iter().find(|a| a.id == id)
    }

    /// The action that sends a command now, to show its key where the command stands.
    #[must_use]
    pub fn sending(session: &Session, command: &Command) -> Option<&'static Self> {
        ACTIONS.iter().find(|a| (a.command)(session).as_ref() == Some(command))
    }

    /// Whether both can be possible on one page. What belongs to Compare or Score alone is never so together with what needs
    /// an exam that is read, and may have the same key.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.page().zip(other.page()).is_none_or(|(a, b)| a == b)
    }

    /// The page it belongs to: reading 0, Compare 1, Score 2, Review 3; `None` = everywhere.
    fn page(&self) -> Option<u8> {
        match self.group {
            _ if self.id.starts_with("score_") => Some(2),
            _ if self.id.starts_with("review_") => Some(3),
            Group::Compare => Some(1),
            Group::Paint | Group::Edit | Group::Go | Group::View | Group::Model => Some(0),
            Group::File | Group::Window => None,
        }
    }

    /// The key in words: `Ctrl K`.
    #[must_use]
    pub fn key_words(&self) -> Option<String> {
        self.keys().next().map(key_words)
    }

    /// All keys that do it, as the person has them now.
    pub fn keys(&self) -> impl Iterator<Item = KeyboardShortcut> {
        let (own, usual) = match keys::changed(self.id) {
            Some(own) => (own, None),
            None => (None, Some(self.key.into_iter().chain(self.also.iter().copied()))),
        };
        own.into_iter().chain(usual.into_iter().flatten())
    }

    /// Whether it can be possible in this study at all: keys of labels that no layer has are not worth a line.
    #[must_use]
    pub fn means_something(&self, session: &Session) -> bool {
        let label = self.id.strip_prefix("label_").and_then(|n| n.parse().ok());
        label.is_none_or(|n| LayerKind::ALL.into_iter().any(|layer| session.scheme(layer).class(n).is_some()))
    }

    /// Tooltip with the key.
    #[must_use]
    pub fn hover_words(&self) -> String {
        match self.key_words() {
            Some(key) => format!("{} ({key})", self.tooltip),
            None => self.tooltip.to_owned(),
        }
    }
}

/// A shortcut in words, as it stands in a key cap.
#[must_use]
pub fn key_words(key: KeyboardShortcut) -> String {
    let modifiers = ModifierNames { concat: " ", ..ModifierNames::NAMES }.format(&key.modifiers, cfg!(target_os = "macos"));
    let name = match key.logical_key {
        Key::PageUp => "Page Up",
        Key::PageDown => "Page Down",
        Key::ArrowUp => "Up",
        Key::ArrowDown => "Down",
        Key::ArrowLeft => "Left",
        Key::ArrowRight => "Right",
        Key::Escape => "Esc",
        other => other.symbol_or_name(),
    };
    if modifiers.is_empty() { name.to_owned() } else { format!("{modifiers} {name}") }
}

/// Pushes the commands of the keys pressed in this frame; keys without an action stay for others. Off while a text field
/// has focus, except for keys that cannot be typed. Returns the action of a key that does nothing now, to be explained.
pub fn take_keys(ctx: &egui::Context, session: &Session, commands: &mut Vec<Command>) -> Option<&'static Action> {
    let typing = ctx.text_edit_focused();
    // A button or slider with focus keeps the keys that press and move it.
    let focused = ctx.memory(egui::Memory::focused).is_some();
    let mut arrows = false;
    let mut refused = None;
    let mut down: BTreeSet<Key> = ctx.data(|d| d.get_temp(Id::unique(KEYS_DOWN))).unwrap_or_default();
    ctx.input_mut(|input| {
        input.events.retain(|event| {
            let egui::Event::Key { key, pressed, repeat, modifiers, physical_key } = event else { return true };
            let repeat = &(is_held(&mut down, *physical_key, *pressed) && *repeat);
            if !pressed {
                return true;
            }
            // Of what is not possible, the page on screen is meant.
            let fits = |a: &Action| ((a.command)(session).is_some(), a.page() == refusal::page_shown(session));
            let Some((action, shortcut)) = action_for(fits, *modifiers, *key) else { return true };
            // A field takes its own typing back.
            let of_field = shortcut.conflicts_with_text_editing() || (modifiers.command && matches!(key, Key::Z | Key::Y));
            let kept = (typing && of_field) || (focused && !modifiers.command && !modifiers.alt && presses_widgets(*key));
            if kept {
                return true;
            }
            if *repeat && !action.repeats {
                return false;
            }
            match (action.command)(session) {
                Some(command) => {
                    commands.push(command);
                    arrows |= matches!(key, Key::ArrowUp | Key::ArrowDown | Key::ArrowLeft | Key::ArrowRight);
                    false
                }
                None => {
                    if !focused && !*repeat && !means_something_else(session, *key) {
                        refused = Some(action);
                    }
                    true
                }
            }
        });
    });
    ctx.data_mut(|d| d.insert_temp(Id::unique(KEYS_DOWN), down));
    if arrows {
        // egui would move the focus to some button as well.
        ctx.memory_mut(|m| m.move_focus(egui::FocusDirection::None));
    }
    refused
}

/// Where the keys that are held are kept from frame to frame.
const KEYS_DOWN: &str = "keys that are down";

/// Whether a key that goes down was down already, by the key itself. egui goes by what the key writes: where Shift is let go first, it
/// never sees what was written with Shift come up, and takes the next press for a repetition.
fn is_held(down: &mut BTreeSet<Key>, physical: Option<Key>, pressed: bool) -> bool {
    let Some(physical) = physical else { return true };
    if pressed {
        !down.insert(physical)
    } else {
        down.remove(&physical);
        false
    }
}

/// Escape where nothing is under way, and Enter that closes an outline, need no explanation.
fn means_something_else(session: &Session, key: Key) -> bool {
    key == Key::Escape || (key == Key::Enter && session.exam().is_some_and(crate::session::OpenExam::can_finish))
}

const fn presses_widgets(key: Key) -> bool {
    matches!(key, Key::Space | Key::Enter | Key::ArrowUp | Key::ArrowDown | Key::ArrowLeft | Key::ArrowRight)
}

/// The action of a key, the one with most modifiers first, so that Ctrl+Shift+Z is not taken for Ctrl+Z; of two that share a
/// key on different pages the one that is possible now.
fn action_for<P: Ord>(possible: impl Fn(&Action) -> P, modifiers: Modifiers, key: Key) -> Option<(&'static Action, KeyboardShortcut)> {
    let weight = |k: &KeyboardShortcut| u8::from(k.modifiers.shift) + u8::from(k.modifiers.alt) + u8::from(k.modifiers.command);
    ACTIONS
        .iter()
        .flat_map(|a| a.keys().map(move |k| (a, k)))
        .filter(|(_, k)| k.logical_key == key && modifiers.matches_logically(k.modifiers))
        .max_by_key(|(a, k)| (weight(k), possible(a)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_action_is_named_explained_and_has_keys_of_its_own() {
        let (mut ids, mut names) = (HashSet::new(), HashSet::new());
        for action in ACTIONS {
            assert!(ids.insert(action.id), "{} twice", action.id);
            assert!(names.insert(action.name), "{} twice", action.name);
            assert!(action.tooltip.len() > 12 && action.tooltip.ends_with(|c: char| c.is_alphanumeric()), "{}", action.tooltip);
            assert!(action.key.is_some(), "{} has no key", action.id);
            for key in action.keys() {
                let other = keys::owner(key, action).map(|a| a.id);
                assert_eq!(other, None, "{} shares {}", action.id, key_words(key));
            }
        }
        assert!(ACTIONS.len() > 50);
    }

    #[test]
    fn the_most_specific_key_wins() {
        let command_shift = Modifiers::COMMAND | Modifiers::SHIFT;
        let pressed = |m: Modifiers| Modifiers { ctrl: m.command, ..m };
        let id = |m, k| action_for(|_| true, pressed(m), k).map(|(a, _)| a.id);
        assert_eq!(id(Modifiers::COMMAND, Key::Z), Some("undo"));
        assert_eq!(id(command_shift, Key::Z), Some("redo"));
        assert_eq!(id(Modifiers::COMMAND, Key::Y), Some("redo"));
        assert_eq!(id(Modifiers::NONE, Key::P), Some("propose_slice"));
        assert_eq!(id(Modifiers::SHIFT, Key::P), Some("propose_exam"));
        assert_eq!(id(Modifiers::NONE, Key::Z), Some("magnifier"));
    }

    #[test]
    fn without_a_study_only_opening_is_possible() {
        let session = Session::new(1);
        for id in ["open_folder", "open_file", "help", "palette", "quit"] {
            assert!(Action::find(id).is_some_and(|a| (a.command)(&session).is_some()), "{id}");
        }
        for id in ["undo", "slice_done", "propose_slice", "train", "export", "label_1", "brush"] {
            assert!(Action::find(id).is_some_and(|a| (a.command)(&session).is_none()), "{id}");
        }
    }
}
