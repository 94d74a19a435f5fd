//! `covariates.csv`: what the coordinator knows of patients and keeps outside study and packets.

use super::plan::ScorePlan;
use crate::study::exam::read_given;
use crate::study::link::refuse_inside;
use crate::study::{ExamCode, StudyError};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// What the table needs of one exam.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Covariate {
    /// Age in years.
    pub age_years: Option<f64>,
    /// Slices with signal.
    pub slices_with_signal: Option<f64>,
    /// Sex, group and site as they stand in the list, in the order of [`Covariates::WORDS`].
    pub words: [Option<String>; 3],
}

/// Covariates by exam.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Covariates(BTreeMap<ExamCode, Covariate>);

impl Covariates {
    /// Columns that hold words.
    pub const WORDS: [&str; 3] = ["sex", "group", "site"];

    /// Reads a CSV file with a column `exam`, and `age`, `slices` (or `slices_with_signal`), `sex`, `group` and `site` where known;
    /// others are passed over.
    ///
    /// # Errors
    /// At the first line that cannot be understood; it is named. A place inside the study is refused: ages would be where scorers are.
    pub fn load(path: &Path, study_root: &Path) -> Result<Self, StudyError> {
        refuse_inside("ages and other covariates", path, study_root)?;
        let text = String::from_utf8_lossy(&read_given(path)?).into_owned();
        Self::parse(&text).map_err(|(line, problem)| StudyError::List {
            path: path.to_owned(),
            problem: format!("line {line}, {problem}; correct the list"),
        })
    }

    /// Compares the list that was read from `path` with the exams of a session: one sentence on those that only one of them knows,
    /// nothing where they agree. To be asked before the session is unblinded.
    ///
    /// # Errors
    /// If the list knows none of the exams: it is another study's, or its codes are not those of this study.
    pub fn remark(&self, path: &Path, plan: &ScorePlan) -> Result<Option<String>, StudyError> {
        let exams: BTreeSet<&ExamCode> = plan.items.iter().map(|item| &item.exam).collect();
        let listed: BTreeSet<&ExamCode> = self.0.keys().collect();
        if listed.is_disjoint(&exams) && !exams.is_empty() {
            let problem = format!("none of its exams is in session {}; write the exams' codes of this study", plan.session);
            return Err(StudyError::List { path: path.to_owned(), problem });
        }
        let parts = [(exams.difference(&listed), "not in the list"), (listed.difference(&exams), "in the list, but not in the session")];
        let said: Vec<String> = parts.into_iter().filter_map(|(codes, word)| Some(format!("{} {word}", counted(codes)?))).collect();
        Ok((!said.is_empty()).then(|| format!("{}: {}.", path.display(), said.join("; "))))
    }

    /// The covariates of an exam.
    #[must_use]
    pub fn of(&self, exam: &ExamCode) -> Covariate {
        self.0.get(exam).cloned().unwrap_or_default()
    }

    fn parse(text: &str) -> Result<Self, (usize, String)> {
        let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate().filter(|(_, l)| !l.trim().is_empty());
        let (_, head) = lines.next().ok_or((1, "there is no line with the names of the columns".to_owned()))?;
        // Spreadsheets of half of Europe write semicolons.
        let comma = if head.contains(';') { ';' } else { ',' };
        let names: Vec<String> = fields(head, comma).iter().map(|n| n.to_ascii_lowercase()).collect();
        let column = |wanted: &[&str]| names.iter().position(|n| wanted.contains(&n.as_str()));
        let exam = column(&["exam"]).ok_or((1, "the column exam is missing".to_owned()))?;
        let (age, slices) = (column(&["age", "age_years"]), column(&["slices", "slices_with_signal"]));
        let words = Self::WORDS.map(|word| column(&[word]));
        let mut found = BTreeMap::new();
        for (at, line) in lines {
            let cells = fields(line, comma);
            let cell = |column: Option<usize>| column.and_then(|c| cells.get(c)).map(String::as_str).filter(|c| !c.is_empty());
            let number = |column: Option<usize>| match cell(column) {
                None => Ok(None),
                Some(text) => match text.replace(',', ".").parse::<f64>() {
                    Ok(value) if value.is_finite() && value >= 0.0 => Ok(Some(value)),
                    _ => {
                        let name = column.and_then(|c| names.get(c)).map_or("", String::as_str);
                        Err((at + 1, format!("column {name}: {text:?} is no number")))
                    }
                },
            };
            let code = ExamCode::new(cell(Some(exam)).unwrap_or_default()).map_err(|e| (at + 1, format!("column exam: {e}")))?;
            let covariate = Covariate {
                age_years: number(age)?,
                slices_with_signal: number(slices)?,
                words: words.map(|c| cell(c).map(str::to_owned)),
            };
            if found.insert(code.clone(), covariate).is_some() {
                return Err((at + 1, format!("column exam: {code} comes twice")));
            }
        }
        Ok(Self(found))
    }
}

/// `2 exams (K-001, K-002)`, with at most five by name.
fn counted<'a>(codes: impl Iterator<Item = &'a &'a ExamCode>) -> Option<String> {
    const NAMED: usize = 5;
    let all: Vec<String> = codes.map(ToString::to_string).collect();
    let more = if all.len() > NAMED { " …" } else { "" };
    let noun = if all.len() == 1 { "exam" } else { "exams" };
    (!all.is_empty()).then(|| format!("{} {noun} ({}{more})", all.len(), all[..all.len().min(NAMED)].join(", ")))
}

fn fields(line: &str, comma: char) -> Vec<String> {
    let (mut all, mut field, mut quoted) = (Vec::new(), String::new(), false);
    for sign in line.chars() {
        match sign {
            '"' => quoted = !quoted,
            c if c == comma && !quoted => all.push(std::mem::take(&mut field).trim().to_owned()),
            c => field.push(c),
        }
    }
    all.push(field.trim().to_owned());
    all
}

#[cfg(test)]
mod tests {
    use super::super::plan::ScoreItem;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn columns_go_by_name_and_mistakes_by_line() {
        let of = |text: &str| Covariates::parse(text);
        let exam = ExamCode::new("K-001").unwrap();
        let expected = Covariate { age_years: Some(13.9), slices_with_signal: Some(16.0), words: Default::default() };
        let all = of("exam,sex,age,slices,site,group\nK-001,f,13.9,16,,\"cases, mild\"\n").unwrap().of(&exam);
        assert_eq!(all, Covariate { words: [Some("f".into()), Some("cases, mild".into()), None], ..expected });
        assert_eq!(of("\u{feff}Slices;Exam;Age\n16;K-001;13,9").unwrap().of(&exam), expected);
        assert_eq!(of("exam,age\n\nK-001,\n").unwrap().of(&exam), Covariate::default());
        assert_eq!(of("exam,age\nK-001,old").unwrap_err().0, 2);
        assert_eq!(of("exam,age\nK-001,1\nK-001,2").unwrap_err(), (3, "column exam: K-001 comes twice".to_owned()));
        assert!(of("patient,age\n").is_err() && of("").is_err());
    }

    #[test]
    fn exams_that_only_one_side_knows_are_named() {
        let code = |text: &str| ExamCode::new(text).unwrap();
        let mut plan = ScorePlan::named(code("S1"));
        for exam in ["K-001", "K-002"] {
            plan.items.push(ScoreItem { code: code("M-01"), exam: code(exam), levels: vec![1], slices: 3 });
        }
        let said = |text: &str| Covariates::parse(text).unwrap().remark(Path::new("ages.csv"), &plan);
        assert_eq!(said("exam,age\nK-001,13\nK-002,14\n").unwrap(), None);
        assert_eq!(
            said("exam,age\nK-001,13\nK-OO2,14\n").unwrap().unwrap(),
            "ages.csv: 1 exam (K-002) not in the list; 1 exam (K-OO2) in the list, but not in the session."
        );
        assert!(said("exam,age\n001,13\n").unwrap_err().to_string().contains("none of its exams is in session S1"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(exam[,;]age\n)?\\PC{0,100}") {
            let _ = Covariates::parse(&text);
        }
    }
}
