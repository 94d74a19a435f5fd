//! How often, in which order and with whose models exams are read, and how masks are scored: parts of the protocol.

use serde::Deserialize;
use std::fmt::Write as _;

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
}

impl Default for ReadingRules {
    fn default() -> Self {
        Self { reads: 1, repeats: 0, shuffled: false, others_models: false, other_visits: false }
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
    reads: Option<u32>,
    repeats: Option<u32>,
    order: Option<String>,
    others_models: Option<bool>,
    other_visits: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScoringForm {
    remove_outside_bone: Option<bool>,
}

impl ReadingForm {
    /// The rules, or what is wrong with them.
    pub fn checked(self) -> Result<ReadingRules, String> {
        let usual = ReadingRules::default();
        let rules = ReadingRules {
            reads: self.reads.unwrap_or(usual.reads),
            repeats: self.repeats.unwrap_or(usual.repeats),
            shuffled: match self.order.as_deref() {
                None => usual.shuffled,
                Some("shuffled") => true,
                Some("listed") => false,
                Some(other) => return Err(format!("the order {other:?} is not one of shuffled, listed")),
            },
            others_models: self.others_models.unwrap_or(usual.others_models),
            other_visits: self.other_visits.unwrap_or(usual.other_visits),
        };
        if !(1..=20).contains(&rules.reads) || rules.repeats > 10_000 {
            return Err("reads must be 1 to 20 and repeats at most 10000".to_owned());
        }
        Ok(rules)
    }
}

impl ScoringForm {
    pub fn rules(&self) -> ScoringRules {
        ScoringRules { remove_outside_bone: self.remove_outside_bone.unwrap_or(true) }
    }
}

/// Both parts as they stand in `study.toml`.
pub(super) fn to_toml(reading: &ReadingRules, scoring: &ScoringRules) -> String {
    let mut out = String::new();
    let ReadingRules { reads, repeats, shuffled, others_models, other_visits } = reading;
    let order = if *shuffled { "shuffled" } else { "listed" };
    out += "# Reads of every exam by each reader; exams that come twice in a packet under another code; the order (\"shuffled\" for each\n";
    out += "# reader, or \"listed\"); whether a model that learnt from other readers may assist; whether a reader sees the\n# patient's other visits beside the exam.\n[reading]\n";
    let _ = writeln!(
        out,
        "reads = {reads}\nrepeats = {repeats}\norder = \"{order}\"\nothers_models = {others_models}\nother_visits = {other_visits}\n"
    );
    out += "# Whether marrow outside bone is taken out of masks before they are scored.\n[scoring]\n";
    let _ = writeln!(out, "remove_outside_bone = {}", scoring.remove_outside_bone);
    out
}
