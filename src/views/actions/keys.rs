//! The keys in force: the table's, unless the person has changed them.
//!
//! They are kept in the session; here is only what they mean to egui, brought up to date once a frame on the window's thread.

use super::{ACTIONS, Action};
use crate::session::KeyMap;
use egui::{Key, KeyboardShortcut, Modifiers};
use std::cell::RefCell;
use std::collections::HashMap;

type Changed = HashMap<String, Option<KeyboardShortcut>>;

thread_local! {
    static IN_FORCE: RefCell<(KeyMap, Changed)> = RefCell::default();
}

/// Takes over the session's changes; cheap where nothing changed.
pub fn install(keys: &KeyMap) {
    IN_FORCE.with_borrow_mut(|(held, changed)| {
        if held != keys {
            *changed = keys.changes().filter_map(|(id, key)| Some((id.to_owned(), parse(key)?))).collect();
            *held = keys.clone();
        }
    });
}

/// The changed key of an action; the outer `None` = not changed.
pub(super) fn changed(id: &str) -> Option<Option<KeyboardShortcut>> {
    IN_FORCE.with_borrow(|(_, changed)| changed.get(id).copied())
}

/// `Ctrl+Shift+K`; nothing for no key.
#[must_use]
pub fn to_text(key: Option<KeyboardShortcut>) -> String {
    let Some(key) = key else { return String::new() };
    let Modifiers { alt, shift, command, ctrl, .. } = key.modifiers;
    let mut text = String::new();
    for (held, word) in [(command || ctrl, "Ctrl+"), (alt, "Alt+"), (shift, "Shift+")] {
        if held {
            text += word;
        }
    }
    text + key.logical_key.name()
}

/// Reads it back: the outer `None` where it is no key at all, the inner one for no key.
#[must_use]
pub fn parse(text: &str) -> Option<Option<KeyboardShortcut>> {
    if text.is_empty() {
        return Some(None);
    }
    let (mut modifiers, mut rest) = (Modifiers::NONE, text);
    for (word, with) in [("Ctrl+", Modifiers::COMMAND), ("Alt+", Modifiers::ALT), ("Shift+", Modifiers::SHIFT)] {
        if let Some(after) = rest.strip_prefix(word) {
            (modifiers, rest) = (modifiers | with, after);
        }
    }
    Key::from_name(rest).map(|key| Some(KeyboardShortcut::new(modifiers, key)))
}

/// Another action that has this key and can be possible at the same time, if any.
#[must_use]
pub fn owner(key: KeyboardShortcut, wanted: &Action) -> Option<&'static Action> {
    ACTIONS.iter().find(|a| a.id != wanted.id && a.meets(wanted) && a.keys().any(|k| k == key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_the_table_is_read_back() {
        for action in ACTIONS {
            for key in action.keys() {
                assert_eq!(parse(&to_text(Some(key))), Some(Some(key)), "{}", to_text(Some(key)));
                assert_eq!(owner(key, action).map(|a| a.id), None);
            }
        }
        let (help, f1) = (Action::find("help").unwrap(), KeyboardShortcut::new(Modifiers::NONE, Key::F1));
        assert_eq!(owner(f1, Action::find("brush").unwrap()).map(|a| a.id), Some(help.id));
        assert_eq!((parse(""), parse("Ctrl+Spiral")), (Some(None), None));
    }

    #[test]
    fn a_changed_key_takes_the_place_of_all_usual_ones() {
        let erase = Action::find("erase").unwrap();
        assert_eq!(erase.keys().count(), 2);
        install(&KeyMap::from_text("erase = \"Ctrl+Shift+F9\"\nundo = \"\"\nredo = \"Nonsense\""));
        assert_eq!(erase.keys().map(|k| to_text(Some(k))).collect::<Vec<_>>(), ["Ctrl+Shift+F9"]);
        assert_eq!(Action::find("undo").unwrap().keys().count(), 0);
        assert_eq!(Action::find("redo").unwrap().keys().count(), 2, "what cannot be read changes nothing");
        install(&KeyMap::default());
        assert_eq!(erase.keys().count(), 2);
    }
}
