//! Table 2 of von Brandis et al. 2022: marks by eye of consensus and model, exam by exam.

use super::number::{fixed, or_dash};
use super::table::{Cell, Table};
use crate::study::{Covariates, Figures, ScoreTable, TableMark, Target};

/// The table of one scorer (or of a group that agreed on each mark).
pub(super) fn score_table(scores: &ScoreTable) -> Table {
    let mut table = Table::new(format!(
        "Marks by eye of consensus and model masks on a visual analogue scale, 0 to 10, lower is better. Session {}, scored by {}; \
         model {}; consensus {}.",
        scores.session, scores.scorer, scores.model, scores.consensus
    ))
    .dense();
    let shown = scores.words_shown();
    let mut over = vec![Cell::text("").over(3 + shown.len())];
    let mut head = vec![Cell::text("Exam"), Cell::number("Age, years"), Cell::number("Slices with signal")];
    head.extend(shown.iter().map(|word| Cell::text(capital(Covariates::WORDS[*word]))));
    for target in Target::ALL {
        over.push(Cell::text(target.name()).over(3));
        head.extend(["Consensus", "Model", "Difference"].map(Cell::number));
    }
    table.head(over);
    table.head(head);
    for row in &scores.rows {
        let mut cells = vec![
            Cell::text(row.exam.to_string()),
            Cell::number(or_dash(row.age_years, 1)),
            Cell::number(or_dash(row.slices_with_signal, 0)),
        ];
        cells.extend(shown.iter().map(|word| Cell::text(row.words[*word].as_deref().unwrap_or("–"))));
        for (target, marks) in row.marks.iter().enumerate() {
            cells.extend(marks.map(|mark| Cell::number(mark_text(mark))));
            cells.push(Cell::number(or_dash(row.difference(target, true), 2)));
        }
        table.row(cells);
    }
    for (name, of) in [("Mean (SD), all marks", &scores.all), ("Mean (SD), without *", &scores.without_flagged)] {
        let mut cells = vec![Cell::text(name)];
        cells.extend([scores.age_years, scores.slices_with_signal].map(|f| Cell::number(mean_sd(f, 1))));
        cells.extend(shown.iter().map(|_| Cell::text("")));
        cells.extend(of.iter().flatten().map(|f| Cell::number(mean_sd(*f, 2))));
        table.row(cells);
    }
    let mut good = vec![Cell::text("Acceptable (below 5)"), Cell::number(""), Cell::number("")];
    good.extend(shown.iter().map(|_| Cell::text("")));
    for (target, counts) in scores.acceptable.iter().enumerate() {
        let of = |source: usize| format!("{} of {}", counts[source], scores.all[target][source].n);
        good.extend([of(0), of(1), String::new()].map(Cell::number));
    }
    table.row(good);
    for note in scores.rules.iter().chain(&scores.left_out) {
        table.note(note.clone());
    }
    let comments = scores.rows.iter().flat_map(|row| row.comments.iter().map(move |comment| format!("{}, {comment}", row.exam)));
    let comments: Vec<String> = comments.collect();
    if !comments.is_empty() {
        table.note(format!("Comments. {}.", comments.join(" · ")));
    }
    table
}

fn capital(word: &str) -> String {
    word.chars().take(1).flat_map(char::to_uppercase).chain(word.chars().skip(1)).collect()
}

fn mark_text(mark: Option<TableMark>) -> String {
    mark.map_or_else(|| "–".to_owned(), |m| format!("{}{}", fixed(m.value, 2), if m.flagged { "*" } else { "" }))
}

fn mean_sd(figures: Figures, digits: usize) -> String {
    match (figures.mean, figures.sd) {
        (Some(mean), Some(sd)) => format!("{} ({})", fixed(mean, digits), fixed(sd, digits)),
        (Some(mean), None) => fixed(mean, digits),
        _ => "–".to_owned(),
    }
}
