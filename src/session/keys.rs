//! Keys that the person has changed: action by action, kept by the window from start to start.

use std::collections::BTreeMap;

/// Changed keys: the action's id and the key in words (`Ctrl+Shift+K`), empty for none. What a key means is for the window to
/// say; here they are only kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyMap(BTreeMap<String, String>);

impl KeyMap {
    /// More changes than any table of actions has.
    const MOST: usize = 1000;

    /// The changes.
    pub fn changes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(id, key)| (id.as_str(), key.as_str()))
    }

    /// Whether an action's key was changed.
    #[must_use]
    pub fn changed(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// Changes an action's key; `None` goes back to the usual ones.
    pub(super) fn bind(&mut self, id: String, key: Option<String>) {
        match key {
            Some(key) if self.0.len() < Self::MOST => {
                self.0.insert(id, key);
            }
            Some(_) => {}
            None => {
                self.0.remove(&id);
            }
        }
    }

    /// One line a change: `brush = "Ctrl+Shift+K"`.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.0.iter().map(|(id, key)| format!("{id} = \"{key}\"\n")).collect()
    }

    /// Reads that back; lines that say something else are passed over.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let change = |line: &str| {
            let (id, key) = line.split_once('=')?;
            let (id, key) = (id.trim(), key.trim().trim_matches('"'));
            let sane = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            (!id.is_empty() && id.chars().all(sane) && !key.chars().any(char::is_control)).then(|| (id.to_owned(), key.to_owned()))
        };
        Self(text.lines().filter_map(change).take(Self::MOST).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_kept_as_text() {
        let mut keys = KeyMap::default();
        keys.bind("brush".to_owned(), Some("Ctrl+Shift+K".to_owned()));
        keys.bind("undo".to_owned(), Some(String::new()));
        keys.bind("erase".to_owned(), Some("E".to_owned()));
        keys.bind("erase".to_owned(), None);
        assert_eq!(keys.to_text(), "brush = \"Ctrl+Shift+K\"\nundo = \"\"\n");
        assert_eq!(KeyMap::from_text(&keys.to_text()), keys);
        assert!(KeyMap::from_text("nonsense\n = x\nbad id = y\n").changes().next().is_none());
    }
}
