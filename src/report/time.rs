//! What reading takes: the time on exams, reader by reader, and every map as a line of CSV.

use super::csv::cell;
use super::table::{Cell, Table};
use super::{ReportFacts, SourceFact, Who};
use crate::agreement::quantile_sorted;
use crate::study::duration_words;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Time per exam of each reader; `None` where no journal tells a time.
pub(super) fn time_table(facts: &ReportFacts) -> Option<Table> {
    let mut of: BTreeMap<&Who, Vec<u64>> = BTreeMap::new();
    for (who, seconds) in facts.sources.iter().filter_map(|s| Some((&s.who, s.seconds?))) {
        of.entry(who).or_default().push(seconds);
    }
    if of.values().flatten().all(|seconds| *seconds == 0) {
        return None;
    }
    let mut table = Table::new("Time on an exam, pauses left out.");
    table.head(vec![Cell::text("Reader"), Cell::number("Exams"), Cell::number("Median (range)"), Cell::number("In all")]);
    for (who, mut seconds) in of {
        seconds.sort_unstable();
        let values: Vec<f64> = seconds.iter().map(|s| *s as f64).collect();
        let median = quantile_sorted(&values, 0.5).map_or(0, |s| s.round() as u64);
        let [low, high] = [seconds.first(), seconds.last()].map(|s| duration_words(s.copied().unwrap_or(0)));
        table.row(vec![
            Cell::text(who.to_string()),
            Cell::number(seconds.len().to_string()),
            Cell::number(format!("{} ({low}–{high})", duration_words(median))),
            Cell::number(duration_words(seconds.iter().sum())),
        ]);
    }
    table.note(
        "Minutes and seconds, from an hour on with hours. A pause of more than a minute without a key or the pointer does not count.",
    );
    Some(table)
}

/// Every map that was measured, with its time.
pub(super) fn reads_csv(sources: &[SourceFact]) -> String {
    let mut out = "exam,who,role,state,seconds,labels_sha256\n".to_owned();
    for source in sources {
        let seconds = source.seconds.map_or_else(String::new, |s| s.to_string());
        let texts = [source.exam.as_str(), &source.who.to_string(), source.who.role(), &source.state].map(cell);
        let _ = writeln!(out, "{},{seconds},{}", texts.join(","), source.labels_sha256);
    }
    out
}
