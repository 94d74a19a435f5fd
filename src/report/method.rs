//! The last pages: the rules of every figure, and what is needed to make the report again.

use super::table::{Cell, Table};
use super::{ReportFacts, ReportRules};
use crate::study::duration_words;

/// The rules that hold for the whole report.
pub(super) fn rules(rules: &ReportRules) -> Vec<String> {
    let unit = if rules.by_side {
        "Figures are per side: an exam that shows both sides is halved at the middle of its image, and each half has a consensus of its \
         own; an exam of one side, or of which the side is not told, is one unit."
    } else {
        "Figures are per exam."
    };
    vec![
        unit.to_owned(),
        if rules.of_assisted {
            "This report is of the assisted reads (a model's proposals were on screen): they vote, and where a table says independent \
             readers it means them. Independent reads take no part; models are measured against the consensus."
        } else {
            "Independent: read without a model's proposals. Only independent reads make the consensus; assisted reads, the reads of \
             consensus meetings and models are measured against it and stand apart."
        }
        .to_owned(),
        if rules.within_squares {
            "Marrow counts within the metaphysis squares alone: the epiphysis and what of the bone lies in the square. A voxel belongs \
             where more than half of the voting readers who set squares hold it; outside every map is emptied."
        } else {
            "Marrow counts wherever it was drawn."
        }
        .to_owned(),
        "Exams count when two voting readers or more have finished reading: sealed the read, or marked every slice done. Of a \
         reader's several finished reads the first sealed one counts, or the first where none is sealed; the others are compared with it only."
            .to_owned(),
        "A model is measured on exams outside the training part only, and on a test exam only once every read of it is sealed.".to_owned(),
        format!("Consensus: {}.", rules.options.rule(rules.method)),
        "2+3 is the union of levels 2 and 3, with a consensus of its own.".to_owned(),
        "An undecided voxel belongs to no label.".to_owned(),
        "A figure that is not defined is –, never 0 or 1; it is counted (in brackets after n), and left out of every median and mean."
            .to_owned(),
        "Volumes and distances use the voxel sizes of the file's header, in millimetres.".to_owned(),
    ]
}

/// The maps that were measured, with the sum of their labels.
pub(super) fn source_table(facts: &ReportFacts) -> Table {
    let mut table = Table::new("The maps that were measured.").dense();
    table.head(vec![
        Cell::text("Exam"),
        Cell::text("Whose"),
        Cell::text("State"),
        Cell::number("Time"),
        Cell::text("SHA-256 of the labels"),
    ]);
    for source in &facts.sources {
        table.row(vec![
            Cell::text(source.exam.to_string()),
            Cell::text(source.who.to_string()),
            Cell::text(source.state.clone()),
            Cell::number(source.seconds.map_or_else(|| "–".to_owned(), duration_words)),
            Cell::code(source.labels_sha256.clone()),
        ]);
    }
    table.note("Time: what the reader spent on the exam, pauses left out. SHA-256: of one byte per voxel, i fastest.");
    table
}

/// The models that were measured; `None` where there are none.
pub(super) fn model_table(facts: &ReportFacts) -> Option<Table> {
    if facts.models.is_empty() {
        return None;
    }
    let mut table = Table::new("The models that were measured.").dense();
    table.head(vec![
        Cell::text("Model"),
        Cell::text("Learnt from"),
        Cell::number("Steps"),
        Cell::number("Seed"),
        Cell::text("Trained on"),
        Cell::text("SHA-256 of the weights"),
    ]);
    for model in &facts.models {
        table.row(vec![
            Cell::text(model.name.clone()),
            Cell::text(model.labels_from.clone()),
            Cell::number(model.steps.to_string()),
            Cell::number(model.seed.to_string()),
            Cell::text(model.made_on.clone()),
            Cell::code(model.weights_sha256.clone()),
        ]);
    }
    Some(table)
}

/// How to make the same report again.
pub(super) fn again(facts: &ReportFacts, rules: &ReportRules) -> Vec<String> {
    let side = if rules.by_side { " --by-side" } else { "" };
    let method = if rules.method.word() == "staple" { String::new() } else { format!(" --method {}", rules.method.word()) };
    let reads = if rules.of_assisted { " --reads assisted" } else { "" };
    let made = facts.made.as_ref().map_or_else(String::new, |made| format!(" --made {made}"));
    vec![
        format!("Software: {}.", software()),
        format!(
            "Command: osteon report STUDY --seed {}{side}{method}{reads}{made}. The same reads, models, software and seed give the same bytes.",
            rules.seed
        ),
        format!("Intervals: {} resamples of patients, seed {} (ChaCha8).", rules.resamples, rules.seed),
        format!("Split of the study: seed {}.", facts.protocol.split_seed()),
    ]
}

/// Name and version of this program.
pub(super) fn software() -> String {
    concat!("osteon ", env!("CARGO_PKG_VERSION")).to_owned()
}
