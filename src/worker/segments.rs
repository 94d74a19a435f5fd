//! What the segments of a DICOM segmentation become in a layer: the label that they are named after, unless a person says otherwise.

use crate::io::{SegmentInfo, SegmentMeaning};
use crate::volume::{LabelClass, LabelScheme, LayerKind};
use std::collections::{BTreeMap, BTreeSet};

/// What becomes of each segment that holds voxels: what `map` says, else the label that its name or codes mean, else its own number.
///
/// # Errors
/// Words about a segment that is called something else than the label of its number.
pub(super) fn labels_of(
    segments: &[SegmentInfo],
    used: &BTreeSet<u8>,
    scheme: &LabelScheme,
    map: &BTreeMap<u8, u8>,
) -> Result<BTreeMap<u8, u8>, String> {
    let unsaid: Vec<&SegmentInfo> = segments.iter().filter(|s| used.contains(&s.value) && !map.contains_key(&s.value)).collect();
    let told: Vec<Told> = unsaid.iter().map(|segment| told(segment, scheme)).collect();
    // Where one number is not that of its label, the others say nothing either.
    let renumbered = unsaid.iter().zip(&told).any(|(segment, told)| matches!(told, Told::Label(label) if *label != segment.value));
    let mut all = map.clone();
    for (segment, told) in unsaid.into_iter().zip(told) {
        match told {
            Told::Label(label) => all.insert(segment.value, label),
            Told::Nothing if !renumbered => None,
            Told::Nothing | Told::Other => return Err(contradicts(segment, scheme)),
        };
    }
    Ok(all)
}

/// What name and codes of a segment say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// This label of the layer.
    Label(u8),
    /// Something that is not the label of its number.
    Other,
    /// Nothing that is known here.
    Nothing,
}

fn told(segment: &SegmentInfo, scheme: &LabelScheme) -> Told {
    let name = plain(&segment.label);
    let is_named = |class: &&LabelClass| plain(&class.name) == name || plain(&class.key) == name;
    let by_name = scheme.classes().iter().find(is_named).map(|class| class.value);
    let by_code = segment.meaning.map_or(Told::Nothing, |meaning| coded(&meaning, segment.value, scheme));
    match (by_name, by_code) {
        (Some(label), Told::Nothing) => Told::Label(label),
        (Some(label), Told::Label(coded)) if label != coded => Told::Other,
        (_, by_code) => by_code,
    }
}

fn coded(meaning: &SegmentMeaning, number: u8, scheme: &LabelScheme) -> Told {
    let means = |class: &&LabelClass| {
        let ours = match scheme.kind() {
            LayerKind::Marrow => SegmentMeaning::marrow_level(class.value),
            LayerKind::Bone | LayerKind::Exclusion => Some(SegmentMeaning::bone(&class.key)),
        };
        // A bone without a side may be that of either.
        ours.is_some_and(|ours| {
            ours.of_type == meaning.of_type && (ours.side == meaning.side || ours.side.is_none() || meaning.side.is_none())
        })
    };
    let meant: Vec<u8> = scheme.classes().iter().filter(means).map(|class| class.value).collect();
    match meant[..] {
        [label] => Told::Label(label),
        _ if meant.contains(&number) => Told::Nothing,
        _ => Told::Other,
    }
}

/// Letters and digits, small: names come back with other signs between them.
fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn contradicts(segment: &SegmentInfo, scheme: &LabelScheme) -> String {
    let SegmentInfo { value, label, meaning } = segment;
    let name = match meaning {
        _ if !label.is_empty() => label.as_str(),
        Some(meaning) => meaning.of_type.meaning,
        None => "without a name",
    };
    let ours: Vec<String> = scheme.classes().iter().map(|c| format!("{} {}", c.value, c.key)).collect();
    format!(
        "segment {value} ({name}) cannot be told to be one label of the {} layer by its number and its name; it has {}: say what becomes what, such as --map {value}=1 (=0 leaves a segment out).",
        scheme.kind(),
        ours.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(value: u8, label: &str, meaning: Option<SegmentMeaning>) -> SegmentInfo {
        SegmentInfo { value, label: label.to_owned(), meaning }
    }

    fn became(segments: &[SegmentInfo], scheme: &LabelScheme, map: &[(u8, u8)]) -> Result<Vec<(u8, u8)>, String> {
        let used = segments.iter().map(|s| s.value).collect();
        labels_of(segments, &used, scheme, &map.iter().copied().collect()).map(|map| map.into_iter().collect())
    }

    #[test]
    fn levels_are_told_by_code_or_name_and_else_by_number() {
        let marrow = LabelScheme::marrow();
        let level = SegmentMeaning::marrow_level;
        let old = [segment(1, "", level(2)), segment(2, "Level 3 - marked", None)];
        assert_eq!(became(&old, &marrow, &[]).unwrap(), [(1, 2), (2, 3)]);
        assert_eq!(became(&old, &marrow, &[(1, 0)]).unwrap(), [(1, 0), (2, 3)]);
        let foreign = [segment(1, "Segment_1", None), segment(2, "oedema", None)];
        assert_eq!(became(&foreign, &marrow, &[]).unwrap(), []);
    }

    #[test]
    fn names_that_contradict_their_numbers_need_a_map() {
        let (marrow, bones) = (LabelScheme::marrow(), LabelScheme::bones(&["femur_right", "femur_left", "tibia_right", "talus_right"]));
        let (level, bone) = (SegmentMeaning::marrow_level, SegmentMeaning::bone);
        let refused = [
            (vec![segment(1, "Femur", Some(bone("femur")))], &marrow),
            (vec![segment(1, "level 2", None), segment(2, "Segment_2", None)], &marrow),
            (vec![segment(1, "level 2", level(3))], &marrow),
            (vec![segment(1, "", level(1))], &bones),
            (vec![segment(3, "Femur", Some(bone("femur")))], &bones),
            (vec![segment(1, "", Some(bone("tibia_left")))], &bones),
        ];
        for (segments, scheme) in refused {
            let why = became(&segments, scheme, &[]).unwrap_err();
            assert!(why.contains("--map"), "{why}");
            let map: Vec<(u8, u8)> = segments.iter().map(|s| (s.value, 1)).collect();
            assert_eq!(became(&segments, scheme, &map).unwrap(), map);
        }
        let fine = [segment(1, "", Some(bone("femur"))), segment(2, "Shin", Some(bone("tibia"))), segment(7, "talus right", None)];
        assert_eq!(became(&fine[..1], &bones, &[]).unwrap(), []);
        assert_eq!(became(&fine[1..], &bones, &[]).unwrap(), [(2, 3), (7, 4)]);
    }
}
