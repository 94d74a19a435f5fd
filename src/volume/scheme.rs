//! What labels mean and how they are coloured.

use std::fmt;

/// An 8-bit sRGB colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rgb(pub [u8; 3]);

/// The layers an exam can have; labels within a layer exclude each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LayerKind {
    /// Marrow signal in three levels.
    Marrow,
    /// Bones, each with its side.
    Bone,
    /// Where no marrow signal is ever painted: physis, vessels.
    Exclusion,
}

impl LayerKind {
    /// All, in the order of the panel and of [`LayerKind::number`].
    pub const ALL: [Self; 3] = [Self::Marrow, Self::Bone, Self::Exclusion];

    /// Its place in [`LayerKind::ALL`].
    #[must_use]
    pub const fn number(self) -> usize {
        self as usize
    }

    /// The word used in files and on screen.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Marrow => "marrow",
            Self::Bone => "bone",
            Self::Exclusion => "exclusion",
        }
    }

    /// The layer a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

impl fmt::Display for LayerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// One label of a layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelClass {
    /// The number stored in masks, never 0.
    pub value: u8,
    /// Key in files: `level_1`, `femur_right`.
    pub key: String,
    /// Words on screen.
    pub name: String,
    /// Colour of fill and edge.
    pub colour: Rgb,
}

/// The labels of a layer, in order of value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelScheme {
    kind: LayerKind,
    classes: Vec<LabelClass>,
}

impl LabelScheme {
    /// Levels 1, 2, 3 in the paper's colours.
    #[must_use]
    pub fn marrow() -> Self {
        let class =
            |value, name: &str, colour| LabelClass { value, key: format!("level_{value}"), name: name.to_owned(), colour: Rgb(colour) };
        Self {
            kind: LayerKind::Marrow,
            classes: vec![
                class(1, "Level 1 · slight, diffuse", [0x40, 0xe0, 0xd0]),
                class(2, "Level 2 · focal, mild", [0x42, 0x78, 0xe6]),
                class(3, "Level 3 · marked", [0xfa, 0xdc, 0x46]),
            ],
        }
    }

    /// Physis and vessels: where marrow is never painted.
    #[must_use]
    pub fn exclusion() -> Self {
        let class = |value, key: &str, colour| LabelClass { value, key: key.to_owned(), name: capitalised(key), colour: Rgb(colour) };
        Self { kind: LayerKind::Exclusion, classes: vec![class(1, "physis", [0xd9, 0x7f, 0xa8]), class(2, "vessels", [0xc4, 0x5c, 0x5c])] }
    }

    /// Bones by key (`femur_right`), numbered from 1 in the order given.
    #[must_use]
    pub fn bones(keys: &[&str]) -> Self {
        // Outlines are near-white by design; fills differ a little so that neighbouring bones stay apart.
        const COLOURS: [[u8; 3]; 4] = [[0xe6, 0xe8, 0xea], [0xd9, 0xc9, 0xb4], [0xc9, 0xd6, 0xc4], [0xd6, 0xc4, 0xd0]];
        let classes = keys.iter().enumerate().map(|(n, key)| LabelClass {
            value: (n + 1) as u8,
            key: (*key).to_owned(),
            name: capitalised(&key.replace('_', " ")),
            colour: Rgb(COLOURS[n % COLOURS.len()]),
        });
        Self { kind: LayerKind::Bone, classes: classes.collect() }
    }

    /// Which layer this is for.
    #[must_use]
    pub const fn kind(&self) -> LayerKind {
        self.kind
    }

    /// The labels in order of value.
    #[must_use]
    pub fn classes(&self) -> &[LabelClass] {
        &self.classes
    }

    /// The label with a value.
    #[must_use]
    pub fn class(&self, value: u8) -> Option<&LabelClass> {
        self.classes.iter().find(|c| c.value == value)
    }

    /// The highest value.
    #[must_use]
    pub fn highest(&self) -> u8 {
        self.classes.iter().map(|c| c.value).max().unwrap_or(0)
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().collect::<String>() + letters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bones_are_numbered_and_named() {
        let scheme = LabelScheme::bones(&["femur_right", "tibia_right"]);
        assert_eq!(scheme.class(2).unwrap().name, "Tibia right");
        assert_eq!(scheme.highest(), 2);
        assert!(scheme.class(3).is_none());
        assert_eq!(LayerKind::from_word("bone"), Some(LayerKind::Bone));
        for (n, kind) in LayerKind::ALL.into_iter().enumerate() {
            assert_eq!((kind.number(), LayerKind::from_word(kind.word())), (n, Some(kind)));
        }
    }
}
