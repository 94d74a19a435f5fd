//! The rules of a comparison in words, and its warnings with readers' names.

use crate::consensus::{JointStart, Method, Region, Warning};
use crate::worker::message::CompareChoice;

/// Short name of a method, for tables: `STAPLE`, `STAPLE of the others`.
pub(super) const fn method_name(method: Method) -> &'static str {
    match method {
        Method::Staple => "STAPLE",
        Method::Joint => "joint STAPLE",
        Method::Majority => "majority",
        Method::Simple => "SIMPLE",
    }
}

/// How the consensus was made.
pub(super) fn consensus_rule(choice: &CompareChoice) -> String {
    match choice.method {
        Method::Staple => {
            let region = match choice.options.region {
                Region::Whole => "the whole volume",
                Region::BoundingBox => "the box around everything labelled",
                Region::Disagreement => "the voxels on which readers disagree",
            };
            format!(
                "STAPLE: one binary STAPLE per level over {region}, prior = mean vote fraction, positive from W = 0.5 on; 2+3 is the \
                 STAPLE of the unions; a voxel's label is the level with the largest W, equal largest: undecided."
            )
        }
        Method::Joint => {
            let start = match choice.options.start {
                JointStart::Votes => "the votes without tied voxels".to_owned(),
                JointStart::Diagonal(on) => format!("{on} on the diagonal"),
            };
            format!("Joint STAPLE of all labels from {start}; the most probable label, not unique: undecided.")
        }
        Method::Majority => "Majority: the level with the most votes; a tie is undecided and belongs to no level.".to_owned(),
        Method::Simple => "SIMPLE per level: weight = Dice against the weighted vote (at least half), readers below mean - SD drop \
                           out; a voxel's label is the level with the largest vote, equal largest: undecided."
            .to_owned(),
    }
}

/// The rules of the study's table.
pub(super) fn table_rules(choice: &CompareChoice, within_squares: bool) -> Vec<String> {
    let method = method_name(choice.method);
    let mut rules = vec![consensus_rule(choice)];
    if choice.method != Method::Majority {
        rules.push("Majority: the level with the most votes; a tie is undecided and belongs to no level.".to_owned());
    }
    rules.extend([
        format!(
            "{method} of the others: reader k against the {method} of the other readers (from 3 readers on); a model: the mean over these."
        ),
        "Dice of two empty maps is undefined, shown as –, and left out of every mean.".to_owned(),
        "A read counts once it is sealed, or every slice of it is marked done. Of a reader's several reads the first sealed one counts, \
         or the first finished one where none is sealed; later ones, and a meeting's read, are shown without a vote."
            .to_owned(),
        "Assisted reads have no vote where there are two independent ones, or one by the same reader: a model's proposals were on screen."
            .to_owned(),
    ]);
    if within_squares {
        rules.push(
            "Marrow counts within the metaphysis squares alone: where more than half of the voting readers who set squares hold a voxel."
                .to_owned(),
        );
    }
    rules
}

/// The rules of one exam's figures.
pub(super) fn exam_rules(choice: &CompareChoice, within_squares: bool) -> Vec<String> {
    let mut rules = table_rules(choice, within_squares);
    let rates = if choice.method == Method::Staple {
        "Sensitivity and specificity: STAPLE's estimates p and q; p + q of 1 or less is no better than chance."
    } else {
        "Sensitivity and specificity: share of the consensus found, and of the rest left alone; a sum of 1 or less is no better than chance."
    };
    rules.extend([
        rates.to_owned(),
        "Disagreement: share of pairs of readers with different labels. Entropy: of the votes, as a share of the largest possible."
            .to_owned(),
        "Lesion: voxels of a level by any reader that share faces; found by a reader with at least one voxel of that level in it."
            .to_owned(),
        "A figure leads to the slice with most voxels on which its two maps differ.".to_owned(),
    ]);
    rules
}

/// A warning that names the reader instead of counting.
pub(super) fn sentence(warning: &Warning, names: &[String]) -> String {
    match warning {
        Warning::WorseThanChance { level, reader, sum } => {
            let who = names.get(*reader).map_or("?", String::as_str);
            format!("level {level}: {who} does no better than chance (sensitivity + specificity = {sum:.3}); look at the read")
        }
        other => other.to_string(),
    }
}
