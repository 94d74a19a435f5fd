//! What scorers found wrong with a model's masks: the model's error list, made from the tables of unblinded sessions.

use super::mark::{Mark, Target};
use super::table::ScoreTable;
use crate::study::ExamCode;
use crate::study::sealing::csv_cell;
use std::fmt::Write as _;

/// One mask of a model that a scorer marked as not acceptable, or wrote something about.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelError {
    /// The model's version: `marrow-R1/3`.
    pub model: String,
    /// The exam.
    pub exam: ExamCode,
    /// The session.
    pub session: ExamCode,
    /// Who marked; several where a group agreed on each mark.
    pub scorer: String,
    /// What was marked 5 or above, with the mark.
    pub not_acceptable: Vec<(Target, f64)>,
    /// What was written.
    pub comment: Option<String>,
}

/// The errors in some tables, worst marks first.
#[must_use]
pub fn model_errors(tables: &[ScoreTable]) -> Vec<ModelError> {
    let mut errors = Vec::new();
    for table in tables {
        for row in &table.rows {
            let marks = Target::ALL.into_iter().zip(row.marks).filter_map(|(target, [_, model])| Some((target, model?)));
            let bad = |value: f64| Mark::of(value).is_some_and(|mark| !mark.is_acceptable());
            let not_acceptable: Vec<_> = marks.filter(|(_, m)| bad(m.value)).map(|(target, m)| (target, m.value)).collect();
            let comment = row.comment_on_model().map(str::to_owned);
            if comment.is_some() || !not_acceptable.is_empty() {
                let (model, session, scorer) = (table.model.clone(), table.session.clone(), table.scorer.clone());
                errors.push(ModelError { model, exam: row.exam.clone(), session, scorer, not_acceptable, comment });
            }
        }
    }
    let worst = |error: &ModelError| error.not_acceptable.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    errors.sort_by(|a, b| worst(b).total_cmp(&worst(a)).then_with(|| (&a.model, &a.exam).cmp(&(&b.model, &b.exam))));
    errors
}

/// The list as CSV; of the marks only those that are not acceptable.
#[must_use]
pub fn errors_csv(errors: &[ModelError]) -> String {
    let mut text = "model,exam,session,scorer,level_1_mark,level_2_mark,level_3_mark,overall_mark,comment\n".to_owned();
    for error in errors {
        let mark =
            |target: Target| error.not_acceptable.iter().find(|(t, _)| *t == target).map_or_else(String::new, |(_, v)| format!("{v:.2}"));
        let marks = Target::ALL.map(mark).join(",");
        let comment = csv_cell(error.comment.as_deref().unwrap_or_default());
        let _ = writeln!(text, "{},{},{},{},{marks},{comment}", error.model, error.exam, error.session, csv_cell(&error.scorer));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::{Figures, TableMark, TableRow};

    #[test]
    fn what_is_not_acceptable_or_commented_is_an_error_of_the_model_and_the_worst_comes_first() {
        let mark = |value: f64| Some(TableMark { value, flagged: false });
        let row = |exam: &str, model: [f64; 4], comments: &[&str]| TableRow {
            exam: ExamCode::new(exam).unwrap(),
            age_years: None,
            words: Default::default(),
            slices_with_signal: None,
            marks: model.map(|value| [mark(9.0), mark(value)]),
            comments: comments.iter().map(|c| (*c).to_owned()).collect(),
        };
        let rows = vec![
            row("K-001", [1.0, 4.99, 2.0, 3.0], &["consensus: too much"]),
            row("K-002", [1.0, 5.0, 2.0, 3.0], &[]),
            row("K-003", [1.0, 1.0, 8.25, 6.0], &["consensus: fine", "model: misses \"the\" physis"]),
            row("K-004", [1.0, 1.0, 1.0, 1.0], &["model: a vessel"]),
        ];
        let table = ScoreTable {
            session: ExamCode::new("S1").unwrap(),
            scorer: "A and B".to_owned(),
            model: "marrow-R1/3".to_owned(),
            consensus: "STAPLE".to_owned(),
            rows,
            age_years: Figures::default(),
            slices_with_signal: Figures::default(),
            all: Default::default(),
            without_flagged: Default::default(),
            acceptable: [[0; 2]; 4],
            left_out: Vec::new(),
            rules: Vec::new(),
        };
        let errors = model_errors(&[table]);
        assert_eq!(errors.iter().map(|e| e.exam.as_str()).collect::<Vec<_>>(), ["K-003", "K-002", "K-004"]);
        assert_eq!(errors[0].not_acceptable, [(Target::Level(3), 8.25), (Target::Overall, 6.0)]);
        assert_eq!((errors[1].comment.as_deref(), errors[2].comment.as_deref()), (None, Some("a vessel")));
        let csv = errors_csv(&errors);
        assert!(csv.contains("marrow-R1/3,K-003,S1,A and B,,,8.25,6.00,\"misses \"\"the\"\" physis\"\n"), "{csv}");
    }
}
