//! `--patients FILE`: whose exam a NIfTI file is, in a table of two columns.

use super::exam::read_given;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Which patient each exam of a list belongs to. The words are the person's own; in the study they become random codes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PatientMap {
    entries: Vec<Entry>,
    /// Where it was read from, for messages.
    path: PathBuf,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    exam: String,
    patient: String,
    /// From 1.
    line: usize,
}

/// Why a table is not a patient list.
#[derive(Debug, Error)]
pub enum PatientMapError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] super::ExamError),
    /// A line is wrong.
    #[error("{}, line {line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
}

impl PatientMap {
    /// Reads a CSV file whose first line is `exam,patient`; fields may stand in double quotes.
    ///
    /// # Errors
    /// If it cannot be read, a line has not two fields or an exam comes twice.
    pub fn load(path: &Path) -> Result<Self, PatientMapError> {
        Self::load_columns(path, ["exam", "patient"])
    }

    /// Reads such a table with other words in its first line.
    ///
    /// # Errors
    /// As [`PatientMap::load`].
    pub fn load_columns(path: &Path, columns: [&str; 2]) -> Result<Self, PatientMapError> {
        Self::parse_columns(&String::from_utf8_lossy(&read_given(path)?), path, columns)
    }

    /// Every line: first and second field.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|entry| (entry.exam.as_str(), entry.patient.as_str()))
    }

    /// Reads the text of such a file; `path` is for messages.
    ///
    /// # Errors
    /// As [`PatientMap::load`].
    pub fn parse(text: &str, path: &Path) -> Result<Self, PatientMapError> {
        Self::parse_columns(text, path, ["exam", "patient"])
    }

    fn parse_columns(text: &str, path: &Path, [first, second]: [&str; 2]) -> Result<Self, PatientMapError> {
        let fail =
            |line: usize, problem: &str| Err(PatientMapError::Line { path: path.to_owned(), line: line + 1, problem: problem.to_owned() });
        let mut map = Self { entries: Vec::new(), path: path.to_owned() };
        let mut lines = text.trim_start_matches('\u{feff}').lines().enumerate();
        match lines.next().and_then(|(_, line)| two_fields(line)) {
            Some(columns) if columns.0 == first && columns.1 == second => {}
            _ => return fail(0, &format!("the first line must be {first},{second}")),
        }
        for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
            let Some((exam, patient)) = two_fields(line).filter(|(e, p)| !e.is_empty() && !p.is_empty()) else {
                return fail(number, &format!("a line must have two fields, {first} and {second}"));
            };
            if map.entries.iter().any(|entry| entry.exam == exam) {
                return fail(number, &format!("the {first} {exam:?} comes twice"));
            }
            map.entries.push(Entry { exam, patient, line: number + 1 });
        }
        // The longest name first, so that `knee1_left` is not taken for a sequence of `knee1`.
        map.entries.sort_by_key(|entry| std::cmp::Reverse(entry.exam.len()));
        Ok(map)
    }

    /// Exam, patient and what is left of a file's stem as its sequence, if it is listed: `knee1` and `knee1_fat` are both of
    /// the exam `knee1`.
    #[must_use]
    pub fn find<'m>(&'m self, stem: &'m str) -> Option<(&'m str, &'m str, &'m str)> {
        self.entries.iter().find_map(|Entry { exam, patient, .. }| {
            let rest = stem.strip_prefix(exam.as_str())?;
            let fits = rest.is_empty() || rest.starts_with(['_', '-', '.']);
            fits.then(|| (exam.as_str(), patient.as_str(), rest.trim_start_matches(['_', '-', '.'])))
        })
    }

    /// A line whose exam is none of those found is a slip of the pen: the exam that was meant would become another patient's.
    ///
    /// # Errors
    /// If there is such a line; the first of them is named.
    pub fn require_all(&self, found: &HashSet<&str>) -> Result<(), PatientMapError> {
        let unknown = self.entries.iter().filter(|entry| !found.contains(entry.exam.as_str()));
        let Some(Entry { exam, line, .. }) = unknown.min_by_key(|entry| entry.line) else { return Ok(()) };
        let problem = format!(
            "no NIfTI file or picture to be imported is of the exam {exam:?}: write the file's name without its ending and its sequence, or take the line out"
        );
        Err(PatientMapError::Line { path: self.path.clone(), line: *line, problem })
    }
}

fn two_fields(line: &str) -> Option<(String, String)> {
    let (first, rest) = field(line)?;
    let (second, end) = field(rest.strip_prefix(',')?)?;
    end.trim().is_empty().then_some((first, second))
}

/// One field and what follows it.
fn field(text: &str) -> Option<(String, &str)> {
    let text = text.trim_start();
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find(',').unwrap_or(text.len());
        return Some((text[..end].trim().to_owned(), &text[end..]));
    };
    let mut content = String::new();
    loop {
        let (part, after) = rest.split_once('"')?;
        content.push_str(part);
        match after.strip_prefix('"') {
            Some(more) => {
                content.push('"');
                rest = more;
            }
            None => return Some((content, after.trim_start())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<PatientMap, PatientMapError> {
        PatientMap::parse(text, Path::new("patients.csv"))
    }

    #[test]
    fn finds_exams_and_their_sequences() {
        let map = parse("\u{feff}exam,patient\r\nknee1, A\r\n\"knee1_left\",\"B \"\"x\"\", y\"\r\n\r\n").unwrap();
        assert_eq!(map.find("knee1"), Some(("knee1", "A", "")));
        assert_eq!(map.find("knee1_fat"), Some(("knee1", "A", "fat")));
        assert_eq!(map.find("knee1_left-water"), Some(("knee1_left", "B \"x\", y", "water")));
        assert_eq!(map.find("knee10"), None);
    }

    #[test]
    fn an_exam_that_is_not_there_has_its_line() {
        let map = parse("exam,patient\n\nknee1,A\nknee2,A\nknee30,B\n").unwrap();
        assert!(map.require_all(&HashSet::from(["knee1", "knee2", "knee30", "other"])).is_ok());
        let error = map.require_all(&HashSet::from(["knee1", "knee3"])).unwrap_err().to_string();
        assert!(error.starts_with("patients.csv, line 4: ") && error.contains("\"knee2\""), "{error}");
        assert!(PatientMap::default().require_all(&HashSet::new()).is_ok());
    }

    #[test]
    fn mistakes_have_their_line() {
        for (text, line) in [("", 1), ("a,b\n", 1), ("exam,patient\nx\n", 2), ("exam,patient\nx,1\n\nx,2\n", 4), ("exam,patient\n\"x,1", 2)]
        {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("patients.csv, line {line}: ")), "{error}");
        }
    }
}
