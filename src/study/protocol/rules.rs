//! How often, in which order and with whose models exams are read, and how masks are scored: parts of the protocol.

use serde::Deserialize;
use std::fmt::Write as _;
use std::ops::Range;
use toml::Spanned;

/// The tools that a protocol can allow: those of the tool column, and the operations on whole shapes together.
pub const TOOL_WORDS: [&str; 14] = [
    "brush",
    "eraser",
    "relabel",
    "lasso",
    "outline",
    "livewire",
    "fill",
    "threshold",
    "levels",
    "adopt",
    "square",
    "measure",
    "reference",
    "shapes",
];

/// The `[reading]` part of `study.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadingRules {
    /// Reads of every exam by each reader, from 1.
    pub reads: u32,
    /// Exams that come a second time under another code in a reader's packet, for agreement with oneself.
    pub repeats: u32,
    /// Whether each reader gets the exams in an order of their own.
    pub shuffled: bool,
    /// Whether a model that learnt from other readers may assist.
    pub others_models: bool,
    /// Whether a reader sees the patient's other visits beside the exam.
    pub other_visits: bool,
    /// Whether readers may look at the reference atlas beside the exam that they read.
    pub atlas: bool,
    /// Whether marrow counts only within the metaphysis squares: painting keeps to them from the start, and so do all figures.
    pub within_squares: bool,
}

impl Default for ReadingRules {
    fn default() -> Self {
        Self { reads: 1, repeats: 0, shuffled: false, others_models: false, other_visits: false, atlas: true, within_squares: false }
    }
}

/// The `[scoring]` part of `study.toml`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScoringRules {
    /// Whether marrow labels outside bone are taken out of masks before they are scored.
    pub remove_outside_bone: bool,
}

impl Default for ScoringRules {
    fn default() -> Self {
        Self { remove_outside_bone: true }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadingForm {
    reads: Option<Spanned<u32>>,
    repeats: Option<Spanned<u32>>,
    order: Option<Spanned<String>>,
    others_models: Option<bool>,
    other_visits: Option<bool>,
    atlas: Option<bool>,
    within_squares: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScoringForm {
    remove_outside_bone: Option<bool>,
}

/// `[calibration]` of `study.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CalibrationForm {
    pass_mark: Spanned<f64>,
}

impl CalibrationForm {
    /// The pass mark, or where the mistake is and what.
    pub fn checked(self) -> Result<f64, (Range<usize>, String)> {
        let (span, mark) = (self.pass_mark.span(), self.pass_mark.into_inner());
        if mark > 0.0 && mark <= 1.0 { Ok(mark) } else { Err((span, "the pass mark is a Dice: a share above 0, at most 1".to_owned())) }
    }
}

/// `[tools]` of `study.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToolsForm {
    allowed: Spanned<Vec<Spanned<String>>>,
}

impl ToolsForm {
    /// The tools in their own order, or where the mistake is and what.
    pub fn checked(self) -> Result<Vec<&'static str>, (Range<usize>, String)> {
        let span = self.allowed.span();
        let words = self.allowed.into_inner();
        for word in &words {
            if !TOOL_WORDS.contains(&word.as_ref().as_str()) {
                return Err((word.span(), format!("{:?} is no tool; there are {}", word.as_ref(), TOOL_WORDS.join(", "))));
            }
        }
        let allowed: Vec<&str> = TOOL_WORDS.into_iter().filter(|tool| words.iter().any(|w| w.as_ref() == tool)).collect();
        if allowed.is_empty() { Err((span, "name at least one tool, or leave [tools] out to allow all".to_owned())) } else { Ok(allowed) }
    }
}

impl ReadingForm {
    /// The rules, or where the mistake is and what.
    pub fn checked(self) -> Result<ReadingRules, (Range<usize>, String)> {
        let usual = ReadingRules::default();
        let number = |given: Option<Spanned<u32>>, usual: u32, range: std::ops::RangeInclusive<u32>, what: &str| match given {
            None => Ok(usual),
            Some(given) if range.contains(given.as_ref()) => Ok(given.into_inner()),
            Some(given) => Err((given.span(), format!("{what} must be {} to {}", range.start(), range.end()))),
        };
        Ok(ReadingRules {
            reads: number(self.reads, usual.reads, 1..=20, "reads")?,
            repeats: number(self.repeats, usual.repeats, 0..=10_000, "repeats")?,
            shuffled: match self.order {
                None => usual.shuffled,
                Some(word) => match word.as_ref().as_str() {
                    "shuffled" => true,
                    "listed" => false,
                    other => return Err((word.span(), format!("the order {other:?} is not one of shuffled, listed"))),
                },
            },
            others_models: self.others_models.unwrap_or(usual.others_models),
            other_visits: self.other_visits.unwrap_or(usual.other_visits),
            atlas: self.atlas.unwrap_or(usual.atlas),
            within_squares: self.within_squares.unwrap_or(usual.within_squares),
        })
    }
}

impl ScoringForm {
    pub fn rules(&self) -> ScoringRules {
        ScoringRules { remove_outside_bone: self.remove_outside_bone.unwrap_or(true) }
    }
}

/// Both parts as they stand in `study.toml`.
pub(super) fn to_toml(reading: &ReadingRules, scoring: &ScoringRules) -> String {
    let ReadingRules { reads, repeats, shuffled, others_models, other_visits, atlas, within_squares } = reading;
    let order = if *shuffled { "shuffled" } else { "listed" };
    let mut out = String::from("[reading]\n# Reads of every exam by each reader.\n");
    let _ = writeln!(out, "reads = {reads}\n# Exams that come twice in a packet, under another code.\nrepeats = {repeats}");
    let _ = writeln!(out, "# The order: \"shuffled\" for each reader, or \"listed\".\norder = \"{order}\"");
    let _ = writeln!(out, "# Whether a model that learnt from other readers may assist.\nothers_models = {others_models}");
    let _ = writeln!(out, "# Whether a reader sees the patient's other visits beside the exam.\nother_visits = {other_visits}");
    let _ = writeln!(out, "# Whether a reader may look at the reference atlas beside the exam.\natlas = {atlas}");
    let _ = writeln!(out, "# Whether marrow counts only within the metaphysis squares.\nwithin_squares = {within_squares}\n");
    out += "# Whether marrow outside bone is taken out of masks before scoring.\n[scoring]\n";
    let _ = writeln!(out, "remove_outside_bone = {}", scoring.remove_outside_bone);
    out
}
