//! What a segment shows, in coded words.

/// A coded concept (PS3.3 8.8): value, scheme, meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// Code value.
    pub value: &'static str,
    /// Coding scheme: `SCT` (SNOMED CT), `DCM`, or a private one.
    pub scheme: &'static str,
    /// The words.
    pub meaning: &'static str,
}

/// What a segment shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentMeaning {
    /// Kind of thing.
    pub category: Code,
    /// The thing.
    pub of_type: Code,
    /// Its side, where it has one.
    pub side: Option<Code>,
    /// Where it lies, where `of_type` does not say so.
    pub region: Option<Code>,
}

const fn sct(value: &'static str, meaning: &'static str) -> Code {
    Code { value, scheme: "SCT", meaning }
}

const STRUCTURE: Code = sct("91723000", "Anatomical Structure");
const ABNORMAL: Code = sct("49755003", "Morphologically Abnormal Structure");
const MARROW: Code = sct("14016003", "Bone marrow");
const BONE: Code = sct("272673000", "Bone");
const RIGHT: Code = sct("24028007", "Right");
const LEFT: Code = sct("7771000", "Left");

/// Levels of marrow signal have no public codes.
const LEVELS: [Code; 3] = [
    Code { value: "MS1", scheme: "99OSTEON", meaning: "Marrow signal level 1, slightly increased, diffuse" },
    Code { value: "MS2", scheme: "99OSTEON", meaning: "Marrow signal level 2, mildly increased, focal" },
    Code { value: "MS3", scheme: "99OSTEON", meaning: "Marrow signal level 3, moderately to highly increased" },
];

/// SNOMED CT codes of bones, as in the dictionaries of PS3.16.
const BONES: [(&str, Code); 6] = [
    ("femur", sct("71341001", "Femur")),
    ("tibia", sct("12611008", "Tibia")),
    ("fibula", sct("87342007", "Fibula")),
    ("patella", sct("64234005", "Patella")),
    ("sacrum", sct("54735007", "Sacrum")),
    ("ilium", sct("22356005", "Ilium")),
];

impl SegmentMeaning {
    /// Level 1, 2 or 3 of marrow signal, in bone marrow.
    #[must_use]
    pub fn marrow_level(level: u8) -> Option<Self> {
        let code = *LEVELS.get(usize::from(level).checked_sub(1)?)?;
        Some(Self { category: ABNORMAL, of_type: code, side: None, region: Some(MARROW) })
    }

    /// What the codes of a segment say: a level of marrow signal, or one of the bones known here.
    pub(super) fn told(scheme: &str, value: &str, side: Option<&str>) -> Option<Self> {
        let same = |code: &Code| code.scheme == scheme && code.value == value;
        if let Some(at) = LEVELS.iter().position(same) {
            return Self::marrow_level(at as u8 + 1);
        }
        let of_type = BONES.iter().map(|(_, code)| *code).find(same)?;
        let side = [RIGHT, LEFT].into_iter().find(|code| side == Some(code.value));
        Some(Self { category: STRUCTURE, of_type, side, region: None })
    }

    /// A bone by its key: `femur_right`, `sacrum`. A bone that has no code here is called a bone.
    #[must_use]
    pub fn bone(key: &str) -> Self {
        let mut words = key.split(['_', '-', ' ']);
        let name = words.next().unwrap_or("");
        let of_type = BONES.iter().find(|(bone, _)| *bone == name).map_or(BONE, |(_, code)| *code);
        let side = words.find_map(|word| match word {
            "right" => Some(RIGHT),
            "left" => Some(LEFT),
            _ => None,
        });
        Self { category: STRUCTURE, of_type, side, region: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bones_carry_their_side_and_levels_their_number() {
        let tibia = SegmentMeaning::bone("tibia_left");
        assert_eq!((tibia.of_type.value, tibia.side.map(|s| s.value)), ("12611008", Some("7771000")));
        assert_eq!((SegmentMeaning::bone("sacrum").side, SegmentMeaning::bone("talus_right").of_type.meaning), (None, "Bone"));
        assert_eq!(SegmentMeaning::marrow_level(3).map(|m| m.of_type.value), Some("MS3"));
        assert_eq!((SegmentMeaning::marrow_level(0), SegmentMeaning::marrow_level(4)), (None, None));
        assert_eq!(SegmentMeaning::told("SCT", "12611008", Some("7771000")), Some(tibia));
        assert_eq!(SegmentMeaning::told("99OSTEON", "MS2", None), SegmentMeaning::marrow_level(2));
        assert_eq!(SegmentMeaning::told("99OTHER", "MS2", None), None);
    }
}
