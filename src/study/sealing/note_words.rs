//! What a note of a journal says, in words for people. The file keeps what was written.

use super::check::ranges;
use crate::edit::{Row, RowAction};
use crate::study::{SacroiliacForm, SliceRemark, SlicesSeen, TriageVerdict};

/// Highest slice that is told of: more is no slice of an image, but damage.
const MOST_SLICES: usize = 1 << 20;

/// A note in words; `None` where its own name and text say it as well.
pub(super) fn note_words(name: &str, topic: &str, text: &str) -> Option<String> {
    let action = RowAction::Note { topic: topic.to_owned(), text: text.to_owned() };
    let row = Row { n: 1, name: name.to_owned(), action };
    match topic {
        SlicesSeen::TOPIC => seen_words(text),
        SliceRemark::TOPIC => SliceRemark::of(&row).filter(|remark| remark.slice < MOST_SLICES).map(|remark| remark_words(&remark)),
        TriageVerdict::TOPIC => Some(name.to_owned()),
        SacroiliacForm::TOPIC => Some(form_words(&serde_json::from_str(text).ok()?)),
        _ if row.logged_seconds() > 0 => Some(format!("{name}: {}", time_words(row.logged_seconds()))),
        _ => None,
    }
}

fn seen_words(text: &str) -> Option<String> {
    let mut slices: Vec<usize> = serde_json::from_str(text).ok()?;
    slices.retain(|slice| *slice < MOST_SLICES);
    slices.sort_unstable();
    slices.dedup();
    match slices.as_slice() {
        [] => None,
        [_] => Some(format!("Slice {} looked at", ranges(&slices))),
        _ => Some(format!("Slices {} looked at", ranges(&slices))),
    }
}

fn remark_words(remark: &SliceRemark) -> String {
    let slice = format!("Slice {}", remark.slice + 1);
    match (remark.flagged, remark.comment.as_str()) {
        (true, "") => format!("{slice} flagged"),
        (true, comment) => format!("{slice} flagged: {comment}"),
        (false, "") => format!("{slice}: flag and comment taken back"),
        (false, comment) => format!("{slice}: {comment}"),
    }
}

fn form_words(form: &SacroiliacForm) -> String {
    let slices = form.first().filter(|first| *first < MOST_SLICES).map_or_else(
        || "no slices chosen".to_owned(),
        |first| format!("slices from {} on, {} half-slices inflamed", first + 1, form.positive_half_slices()),
    );
    let opinion = match form.opinion() {
        Some(true) => "inflammation",
        Some(false) => "no inflammation",
        None => "no opinion yet",
    };
    format!("Sacro-iliac form: {slices}; {opinion}")
}

/// `1 h 2 min 3 s`, without leading zeroes.
fn time_words(seconds: u64) -> String {
    let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")];
    let words: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, unit)| format!("{n} {unit}")).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table once showed the file's own text: slices from 0, bare seconds, braces and quotes.
    #[test]
    fn every_topic_has_words_and_what_is_damaged_keeps_its_text() {
        let remark = |flagged, comment: &str| SliceRemark { slice: 7, flagged, comment: comment.to_owned() }.to_text();
        let form = SacroiliacForm::default().starting_at(3, 12).map(|form| form.toggled(0, 1, 2).with_opinion(Some(true)));
        for (name, topic, text, words) in [
            ("Slices looked at", "seen", "[8,6,9,7]".to_owned(), Some("Slices 7–10 looked at")),
            ("Slices looked at", "seen", "[0]".to_owned(), Some("Slice 1 looked at")),
            ("Time on this exam", "time", "285".to_owned(), Some("Time on this exam: 4 min 45 s")),
            ("Time on this exam", "time", "3600".to_owned(), Some("Time on this exam: 1 h")),
            ("Remark on slice 8", "slice", remark(true, "vessel?"), Some("Slice 8 flagged: vessel?")),
            ("Remark on slice 8", "slice", remark(false, "vessel"), Some("Slice 8: vessel")),
            ("Remark on slice 8", "slice", remark(true, ""), Some("Slice 8 flagged")),
            ("Remark on slice 8", "slice", remark(false, ""), Some("Slice 8: flag and comment taken back")),
            ("Accept marrow-R1/3", "triage", "{}".to_owned(), Some("Accept marrow-R1/3")),
            (
                "Sacro-iliac form",
                "sacroiliac",
                form.unwrap().to_text(),
                Some("Sacro-iliac form: slices from 4 on, 1 half-slices inflamed; inflammation"),
            ),
            ("Reading conditions", "conditions", "room light: dim".to_owned(), None),
            ("Slices looked at", "seen", "[18446744073709551615]".to_owned(), None),
            ("Slices looked at", "seen", "{".to_owned(), None),
            ("Remark on slice 8", "slice", "[]".to_owned(), None),
        ] {
            assert_eq!(note_words(name, topic, &text).as_deref(), words, "{topic} {text}");
        }
    }
}
