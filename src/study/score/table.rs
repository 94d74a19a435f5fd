//! Table 2 of von Brandis et al. 2022: marks of consensus and model side by side, with mean, SD and differences.

use super::covariates::Covariates;
use super::errors::{errors_csv, model_errors};
use super::file::ScoreState;
use super::key::ScoreKey;
use super::mark::{Mark, Target};
use super::plan::{ScoreItem, ScorePlan, ScoreSource};
use crate::io::atomic_write;
use crate::study::exam::read_bounded;
use crate::study::{ExamCode, Layout, ScoreFile, StudyError};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

/// Number, mean and SD of a column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Values that went into it.
    pub n: usize,
    /// Mean; `None` without values.
    pub mean: Option<f64>,
    /// Standard deviation with n − 1; `None` with fewer than two.
    pub sd: Option<f64>,
}

impl Figures {
    /// Of some values, summed in their order.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let n = values.len();
        if n == 0 {
            return Self::default();
        }
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
        Self { n, mean: Some(mean), sd: (n > 1).then(|| (squares / (n - 1) as f64).sqrt()) }
    }
}

/// A mark in the table.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableMark {
    /// 0 to 10.
    pub value: f64,
    /// It is for a level that the mask does not hold.
    pub flagged: bool,
}

/// Stands before a comment on the model's mask.
const ON_MODEL: &str = "model";

/// One exam.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableRow {
    /// The exam.
    pub exam: ExamCode,
    /// Age in years.
    pub age_years: Option<f64>,
    /// Slices with signal.
    pub slices_with_signal: Option<f64>,
    /// Sex, group and site, where the coordinator's list tells them.
    #[serde(default)]
    pub words: [Option<String>; 3],
    /// By target in the order of [`Target::ALL`]: consensus and model.
    pub marks: [[Option<TableMark>; 2]; 4],
    /// Comments on the two masks, with whose it is.
    pub comments: Vec<String>,
}

impl TableRow {
    /// What was written about the model's mask.
    #[must_use]
    pub fn comment_on_model(&self) -> Option<&str> {
        self.comments.iter().find_map(|comment| comment.strip_prefix(ON_MODEL)?.strip_prefix(": "))
    }

    /// Model minus consensus; `flagged` tells whether marks on levels that a mask does not hold count.
    #[must_use]
    pub fn difference(&self, target: usize, flagged: bool) -> Option<f64> {
        let [consensus, model] = self.marks.get(target)?;
        let counts = |m: &Option<TableMark>| m.filter(|m| flagged || !m.flagged).map(|m| m.value);
        Some(counts(model)? - counts(consensus)?)
    }
}

/// Table 2 for one scorer, or for a group that agreed on each mark.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreTable {
    /// The session.
    pub session: ExamCode,
    /// Who marked.
    pub scorer: String,
    /// The model's version.
    pub model: String,
    /// How the consensus was made.
    pub consensus: String,
    /// Exams in the order of their codes.
    pub rows: Vec<TableRow>,
    /// Age and slices with signal.
    pub age_years: Figures,
    /// Slices with signal.
    pub slices_with_signal: Figures,
    /// By target: consensus, model, model minus consensus; all marks.
    pub all: [[Figures; 3]; 4],
    /// The same without marks on levels that the mask does not hold.
    pub without_flagged: [[Figures; 3]; 4],
    /// By target and source: masks marked strictly below 5.
    pub acceptable: [[usize; 2]; 4],
    /// What the person should know: exams left out, with the reason.
    pub left_out: Vec<String>,
    /// The rules, for the foot.
    pub rules: Vec<String>,
}

/// A table for every scorer of a session, in their order, and for every model in it.
#[must_use]
pub fn score_tables(plan: &ScorePlan, key: &ScoreKey, state: &ScoreState, covariates: &Covariates) -> Vec<ScoreTable> {
    let mut models: BTreeSet<&str> = BTreeSet::new();
    let mut consensus = String::new();
    for source in key.sources.values() {
        match source {
            ScoreSource::Model(name) => drop(models.insert(name)),
            ScoreSource::Consensus(how) => how.clone_into(&mut consensus),
        }
    }
    let mut tables = Vec::new();
    for scorer in &plan.scorers {
        for model in &models {
            let rows = rows(plan, key, state, covariates, scorer, model);
            tables.push(ScoreTable {
                session: plan.session.clone(),
                scorer: scorer.clone(),
                model: (*model).to_owned(),
                consensus: consensus.clone(),
                age_years: Figures::of(&rows.iter().filter_map(|r| r.age_years).collect::<Vec<_>>()),
                slices_with_signal: Figures::of(&rows.iter().filter_map(|r| r.slices_with_signal).collect::<Vec<_>>()),
                all: figures(&rows, true),
                without_flagged: figures(&rows, false),
                acceptable: acceptable(&rows),
                rows,
                left_out: plan.left_out.clone(),
                rules: rules(plan),
            });
        }
    }
    tables
}

/// Writes tables as `results/scores/<session>-<n>.csv`, all of a session as `<session>.json` for the report, and what scorers found
/// wrong with models in all sessions as `model-errors.csv`; gives the folder.
///
/// # Errors
/// If a file cannot be written.
pub fn save_tables(layout: &Layout, tables: &[ScoreTable]) -> Result<PathBuf, StudyError> {
    let folder = layout.score_tables();
    fs::create_dir_all(&folder).map_err(|cause| StudyError::NotWritable { path: folder.clone(), cause })?;
    for (at, table) in tables.iter().enumerate() {
        let path = folder.join(format!("{}-{}.csv", table.session, at + 1));
        atomic_write(&path, |out| out.write_all(table.to_csv().as_bytes()))?;
    }
    if let Some(first) = tables.first() {
        let path = layout.score_tables_of(&first.session);
        let text = serde_json::to_vec_pretty(tables).map_err(|e| StudyError::Damaged { path: path.clone(), problem: e.to_string() })?;
        atomic_write(&path, |out| out.write_all(&text))?;
        let errors = errors_csv(&model_errors(&saved_tables(layout)?));
        atomic_write(&folder.join("model-errors.csv"), |out| out.write_all(errors.as_bytes()))?;
    }
    Ok(folder)
}

/// The tables of every session that was unblinded, session by session, as they were made then.
///
/// # Errors
/// If a session or its tables cannot be read.
pub fn saved_tables(layout: &Layout) -> Result<Vec<ScoreTable>, StudyError> {
    let mut tables = Vec::new();
    for session in layout.score_sessions().map_err(|e| StudyError::list(layout.root().to_owned(), e))? {
        let path = layout.score_tables_of(&session);
        // Results may be deleted; what a blinded session holds is nobody's business.
        if path.is_file() && ScoreFile::look(&layout.score_file(&session))?.state()?.unblinded.is_some() {
            let text = read_bounded(&path)?;
            let of_session: Vec<ScoreTable> =
                serde_json::from_slice(&text).map_err(|e| StudyError::Damaged { path, problem: e.to_string() })?;
            tables.extend(of_session);
        }
    }
    Ok(tables)
}

fn rows(plan: &ScorePlan, key: &ScoreKey, state: &ScoreState, covariates: &Covariates, scorer: &str, model: &str) -> Vec<TableRow> {
    let mut by_exam: BTreeMap<&ExamCode, [Option<&ScoreItem>; 2]> = BTreeMap::new();
    for item in &plan.items {
        let at = match key.sources.get(item.code.as_str()) {
            Some(ScoreSource::Consensus(_)) => 0,
            Some(ScoreSource::Model(name)) if name == model => 1,
            _ => continue,
        };
        by_exam.entry(&item.exam).or_default()[at] = Some(item);
    }
    let mark = |item: Option<&ScoreItem>, target: Target| {
        let item = item?;
        let mark = state.marks.get(&(scorer.to_owned(), item.code.to_string(), target))?;
        let flagged = matches!(target, Target::Level(level) if !item.levels.contains(&level));
        Some(TableMark { value: mark.value(), flagged })
    };
    let comment = |item: &ScoreItem, whose: &str| {
        let text = state.comments.get(&(scorer.to_owned(), item.code.to_string()))?;
        (!text.is_empty()).then(|| format!("{whose}: {text}"))
    };
    let row = |(exam, items): (&ExamCode, [Option<&ScoreItem>; 2])| {
        let known = covariates.of(exam);
        TableRow {
            exam: exam.clone(),
            age_years: known.age_years,
            words: known.words,
            // The consensus tells how many slices hold signal where the coordinator's list does not.
            slices_with_signal: known.slices_with_signal.or(items[0].map(|i| f64::from(i.slices))),
            marks: Target::ALL.map(|target| items.map(|item| mark(item, target))),
            comments: [(items[0], "consensus"), (items[1], ON_MODEL)].iter().filter_map(|(i, whose)| comment((*i)?, whose)).collect(),
        }
    };
    by_exam.into_iter().map(row).collect()
}

fn figures(rows: &[TableRow], flagged: bool) -> [[Figures; 3]; 4] {
    std::array::from_fn(|target| {
        let of = |source: usize| {
            let values = rows.iter().filter_map(|r| r.marks[target][source]).filter(|m| flagged || !m.flagged).map(|m| m.value);
            Figures::of(&values.collect::<Vec<_>>())
        };
        let differences: Vec<f64> = rows.iter().filter_map(|r| r.difference(target, flagged)).collect();
        [of(0), of(1), Figures::of(&differences)]
    })
}

fn acceptable(rows: &[TableRow]) -> [[usize; 2]; 4] {
    let good = |m: &TableMark| Mark::of(m.value).is_some_and(Mark::is_acceptable);
    std::array::from_fn(|target| std::array::from_fn(|source| rows.iter().filter_map(|r| r.marks[target][source]).filter(good).count()))
}

fn rules(plan: &ScorePlan) -> Vec<String> {
    let mut rules = vec![
        "Marks on a visual analogue scale from 0 to 10, lower is better; strictly below 5 is acceptable.".to_owned(),
        "Anchors at 10 (point − 1) / 3: 1 perfect segmentation; 2 minor corrections needed, less likely to have clinical impact; 3 major corrections needed, most likely to have clinical impact; 4 mask rejected.".to_owned(),
        "SD with n − 1; difference = model − consensus, over exams that have both marks; – means that there is no mark.".to_owned(),
        "A mark on a level that the mask does not hold is flagged (*); means are given with and without such marks.".to_owned(),
        "Slices with signal come from covariates.csv; where it does not tell, they are counted in the consensus.".to_owned(),
    ];
    rules.push(match plan.outside_bone_removed {
        true => "Marrow outside bone was taken out of every mask before scoring, where a reader drew bone.".to_owned(),
        false => "Masks were scored as they are, marrow outside bone included.".to_owned(),
    });
    rules
}

impl ScoreTable {
    /// Which of sex, group and site any exam tells, as places in [`Covariates::WORDS`].
    #[must_use]
    pub fn words_shown(&self) -> Vec<usize> {
        (0..Covariates::WORDS.len()).filter(|word| self.rows.iter().any(|row| row.words[*word].is_some())).collect()
    }

    /// The table as CSV: a line per exam, then means and SD with and without flagged marks, then the rules as comments.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let number = |value: Option<f64>| value.map_or_else(String::new, |v| format!("{v:.6}"));
        let shown = self.words_shown();
        let mut out = String::from("exam,age_years,slices_with_signal");
        shown.iter().for_each(|word| out.extend([",", Covariates::WORDS[*word]]));
        for target in ["level_1", "level_2", "level_3", "overall"] {
            let _ = write!(out, ",{target}_consensus,{target}_consensus_flagged,{target}_model,{target}_model_flagged,{target}_difference");
        }
        out.push('\n');
        for row in &self.rows {
            let _ = write!(out, "{},{},{}", row.exam, number(row.age_years), number(row.slices_with_signal));
            for word in &shown {
                let text = row.words[*word].as_deref().unwrap_or_default().replace('"', "\"\"");
                let _ = write!(out, ",\"{text}\"");
            }
            for target in 0..4 {
                for mark in row.marks[target] {
                    let flag = mark.map_or("", |m| if m.flagged { "1" } else { "0" });
                    let _ = write!(out, ",{},{flag}", mark.map_or_else(String::new, |m| format!("{:.2}", m.value)));
                }
                let _ = write!(out, ",{}", row.difference(target, true).map_or_else(String::new, |d| format!("{d:.2}")));
            }
            out.push('\n');
        }
        for (name, figures) in [("all marks", &self.all), ("without flagged marks", &self.without_flagged)] {
            for (what, pick) in [("mean", 0), ("SD", 1), ("n", 2)] {
                let of = |f: &Figures| match pick {
                    0 => number(f.mean),
                    1 => number(f.sd),
                    _ => f.n.to_string(),
                };
                let _ = write!(out, "\"{what}, {name}\",{},{}", of(&self.age_years), of(&self.slices_with_signal));
                shown.iter().for_each(|_| out.push(','));
                for [consensus, model, difference] in figures {
                    let _ = write!(out, ",{},,{},,{}", of(consensus), of(model), of(difference));
                }
                out.push('\n');
            }
        }
        let _ = writeln!(out, "# session {}, scored by {}; model {}; consensus {}", self.session, self.scorer, self.model, self.consensus);
        for line in self.left_out.iter().map(|l| format!("note: {l}")).chain(self.rules.iter().cloned()) {
            let _ = writeln!(out, "# {line}");
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Rows of the published table: slices, age, then consensus and model for levels 1, 2, 3 and overall.
    const PUBLISHED: [[f64; 10]; 10] = [
        [16.0, 14.0, 3.4, 3.4, 3.2, 3.4, 3.4, 5.0, 3.4, 5.0],
        [16.0, 13.9, 1.5, 5.0, 2.4, 5.0, 1.5, 6.8, 2.0, 6.0],
        [15.0, 10.2, 3.4, 3.4, 3.5, 3.4, 3.0, 5.0, 3.2, 4.2],
        [15.0, 9.6, 2.0, 1.8, 3.0, 1.8, 3.4, 4.0, 3.2, 3.5],
        [16.0, 9.5, 4.2, 1.8, 5.0, 1.8, 0.0, 1.8, 3.0, 1.8],
        [15.0, 7.6, 1.8, 3.0, 3.4, 3.8, 6.8, 3.8, 4.0, 3.8],
        [14.0, 14.3, 1.5, 1.0, 1.5, 3.4, 0.5, 3.8, 1.0, 3.5],
        [16.0, 7.8, 1.0, 0.5, 2.5, 2.0, 0.5, 0.5, 2.0, 1.0],
        [15.0, 11.0, 3.2, 1.8, 3.4, 0.5, 1.3, 3.8, 1.8, 3.0],
        [15.0, 9.6, 2.0, 1.8, 2.0, 2.0, 0.0, 0.0, 1.0, 1.5],
    ];

    fn session(values: &[[f64; 10]], levels: impl Fn(usize, usize) -> Vec<u8>) -> (ScorePlan, ScoreKey, ScoreState, Covariates) {
        let (mut items, mut sources, mut state) = (Vec::new(), BTreeMap::new(), ScoreState::default());
        let mut csv = String::from("exam,age,slices\n");
        for (n, row) in values.iter().enumerate() {
            let exam = ExamCode::new(&format!("K-{n:03}")).unwrap();
            let _ = writeln!(csv, "{exam},{},{}", row[1], row[0]);
            for (at, source) in [ScoreSource::Consensus("STAPLE".into()), ScoreSource::Model("marrow-R1/1".into())].into_iter().enumerate()
            {
                let code = ExamCode::new(&format!("M-{:02}", n * 2 + at)).unwrap();
                items.push(ScoreItem { code: code.clone(), exam: exam.clone(), levels: levels(n, at), slices: 9 });
                sources.insert(code.to_string(), source);
                for (t, target) in Target::ALL.into_iter().enumerate() {
                    let mark = Mark::of(row[2 + t * 2 + at]).unwrap();
                    state.marks.insert(("panel".into(), code.to_string(), target), mark);
                }
            }
        }
        let plan = ScorePlan {
            format: 1,
            session: ExamCode::new("S1").unwrap(),
            created: String::new(),
            scorers: vec!["panel".into()],
            outside_bone_removed: true,
            left_out: vec![],
            items,
            key_sha256: String::new(),
        };
        let key = ScoreKey { session: plan.session.clone(), seed: 1, sources };
        (plan, key, state, parse(&csv))
    }

    fn parse(csv: &str) -> Covariates {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("covariates.csv");
        std::fs::write(&path, csv).unwrap();
        std::fs::create_dir(folder.path().join("study")).unwrap();
        Covariates::load(&path, &folder.path().join("study")).unwrap()
    }

    #[test]
    fn covariates_inside_the_study_are_refused() {
        let study = tempfile::tempdir().unwrap();
        let path = study.path().join("covariates.csv");
        std::fs::write(&path, "exam,age\nK-1,12\n").unwrap();
        let refused = Covariates::load(&path, study.path()).unwrap_err().to_string();
        assert!(refused.contains("lies inside the study, where ages and other covariates must not be"), "{refused}");
    }

    fn near(figures: Figures, mean: f64, sd: f64) {
        assert!((figures.mean.unwrap() - mean).abs() < 1e-9 && (figures.sd.unwrap() - sd).abs() < 1e-9, "{figures:?} {mean} {sd}");
    }

    #[test]
    fn the_published_rows_give_the_recomputed_figures() {
        // Level 3 of the consensus of the fifth and tenth mask was marked though it is absent there.
        let (plan, key, state, covariates) =
            session(&PUBLISHED, |n, at| if at == 0 && (n == 4 || n == 9) { vec![1, 2] } else { vec![1, 2, 3] });
        let tables = score_tables(&plan, &key, &state, &covariates);
        let [table] = tables.as_slice() else { panic!("one scorer, one model") };
        near(table.age_years, 10.75, 2.500_777_656_817_63);
        near(table.slices_with_signal, 15.3, 0.674_948_557_710_553);
        let expected = [
            [(2.4, 1.061_445_555_206_043_8), (2.35, 1.337_701_179_054_741), (-0.05, 1.562_227_754_060_065_3)],
            [(2.99, 0.970_051_545_022_222), (2.71, 1.308_476_637_587_049_6), (-0.28, 1.829_875_527_035_772)],
            [(2.04, 2.139_158_713_139_35), (3.45, 2.108_843_811_718_217_8), (1.41, 2.223_835_525_492_936_5)],
            [(2.46, 1.041_579_996_394_366_6), (3.33, 1.569_890_300_484_577), (0.87, 1.581_173_966_112_24)],
        ];
        for (figures, expected) in table.all.iter().zip(expected) {
            for (figure, (mean, sd)) in figures.iter().zip(expected) {
                assert_eq!(figure.n, 10);
                near(*figure, mean, sd);
            }
        }
        assert_eq!(table.without_flagged[2].map(|f| f.n), [8, 10, 8]);
        assert_eq!(table.without_flagged[0], table.all[0]);
        assert!((table.without_flagged[2][0].mean.unwrap() - 20.4 / 8.0).abs() < 1e-9);
        // Level 1: the model's 5.0 is not acceptable, for 5 is not below 5.
        assert_eq!((table.acceptable[0], table.acceptable[3]), ([10, 9], [10, 8]));
        let csv = table.to_csv();
        assert!(csv.contains("K-004,9.500000,16.000000") && csv.contains("\"SD, without flagged marks\""), "{csv}");
        assert_eq!(csv.lines().filter(|l| l.starts_with("K-")).count(), 10);
    }

    #[test]
    fn what_was_not_marked_is_no_number() {
        let (plan, key, mut state, _) = session(&PUBLISHED[..1], |_, _| vec![1]);
        state.marks.retain(|(_, item, target), _| *target == Target::Overall && item == "M-00");
        let table = &score_tables(&plan, &key, &state, &Covariates::default())[0];
        assert_eq!((table.all[0], table.all[3][1], table.all[3][2]), ([Figures::default(); 3], Figures::default(), Figures::default()));
        assert_eq!(table.all[3][0], Figures { n: 1, mean: Some(3.4), sd: None });
        assert_eq!((table.rows[0].age_years, table.rows[0].slices_with_signal), (None, Some(9.0)));
    }

    proptest! {
        #[test]
        fn means_lie_between_the_marks(values in prop::collection::vec(0.0..10.0_f64, 1..30)) {
            let figures = Figures::of(&values);
            let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
            prop_assert!(figures.mean.unwrap() >= low - 1e-9 && figures.mean.unwrap() <= high + 1e-9);
            prop_assert_eq!(figures.sd.is_some(), values.len() > 1);
            prop_assert!(figures.sd.is_none_or(|sd| sd <= (high - low) + 1e-9));
        }
    }
}
