//! The coordinator's link list: which code is whom. It lies outside the study and never travels with it.

use super::exam::read_given;
use super::read::WriteLock;
use super::{ExamCode, ExamError, Layout, Part, PatientCode, SequenceName, StudyError};
use crate::io::{folder_of, private_write};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// Who a source is of. Plain data, written to the link list and nowhere else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Person {
    /// Patient ID, or the word for the patient in the `--patients` list.
    pub patient_id: Option<String>,
    pub patient_name: Option<String>,
    pub birth_date: Option<String>,
    pub sex: Option<String>,
    pub study_date: Option<String>,
    pub accession: Option<String>,
    pub study_uid: Option<String>,
    /// The exam's name in the `--patients` list, or the file's own.
    pub source_name: Option<String>,
}

impl Person {
    /// What two sources of one patient have in common: the ID, else name and date of birth; `None` where neither is told.
    pub fn key(&self) -> Option<String> {
        let told = |field: &Option<String>| field.as_deref().map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned);
        told(&self.patient_id).or_else(|| Some(format!("{}\n{}", told(&self.patient_name)?, told(&self.birth_date)?)))
    }
}

/// One exam in the list: a line of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LinkEntry {
    pub exam: ExamCode,
    pub patient: PatientCode,
    /// The patient's part in the split, where it was known by then.
    pub part: Option<Part>,
    pub person: Person,
    pub sequences: Vec<LinkedSequence>,
}

/// A volume of that exam.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct LinkedSequence {
    pub name: SequenceName,
    pub series_uid: Option<String>,
    /// Name and SHA-256 of each source file.
    pub sources: Vec<(String, String)>,
}

/// Which files every sequence of every exam was made of, as the coordinator's list knows it.
#[derive(Debug)]
pub struct LinkedSources(LinkList);

impl LinkedSources {
    /// Reads a link list, which must be there.
    ///
    /// # Errors
    /// If it cannot be read, is damaged or lies in the study.
    pub fn read(path: &Path, layout: &Layout) -> Result<Self, StudyError> {
        read_given(path)?;
        Ok(Self(LinkList::open(Some(path), layout)?))
    }

    /// SHA-256 of the source files of a sequence; `None` where the list does not know the exam.
    #[must_use]
    pub fn sources(&self, exam: &ExamCode, sequence: &SequenceName) -> Option<Vec<String>> {
        let entry = self.0.entries.iter().rev().find(|e| e.exam == *exam)?;
        let linked = entry.sequences.iter().find(|s| s.name == *sequence)?;
        Some(linked.sources.iter().map(|(_, sha256)| sha256.clone()).collect())
    }
}

/// The list in memory, or nothing where none was asked for.
#[derive(Debug, Default)]
pub(super) struct LinkList {
    path: Option<PathBuf>,
    text: Vec<u8>,
    entries: Vec<LinkEntry>,
}

impl LinkList {
    /// Reads the list, which need not be there yet. Refuses a place inside the study.
    pub fn open(path: Option<&Path>, layout: &Layout) -> Result<Self, StudyError> {
        let Some(path) = path else { return Ok(Self::default()) };
        refuse_inside("a link list of codes and names", path, layout.root())?;
        let folder = folder_of(path);
        if !folder.is_dir() {
            // Not made: where this is a slip, the list that knows the patients lies elsewhere.
            let problem = format!("there is no folder {}; check the path, or make the folder first", folder.display());
            return Err(StudyError::List { path: path.to_owned(), problem });
        }
        Self::read(path)
    }

    fn read(path: &Path) -> Result<Self, StudyError> {
        if !path.exists() {
            return Ok(Self { path: Some(path.to_owned()), ..Self::default() });
        }
        let mut text = read_given(path)?;
        let mut entries = Vec::new();
        for (number, line) in text.split(|b| *b == b'\n').enumerate().filter(|(_, line)| !line.trim_ascii().is_empty()) {
            let entry = serde_json::from_slice(line)
                .map_err(|e| ExamError::Damaged { path: path.to_owned(), problem: format!("line {}: {e}", number + 1) })?;
            entries.push(entry);
        }
        if text.last().is_some_and(|b| *b != b'\n') {
            text.push(b'\n');
        }
        Ok(Self { path: Some(path.to_owned()), text, entries })
    }

    /// The code and part of a patient that the list knows.
    pub fn patient(&self, key: &str) -> Option<(&PatientCode, Option<Part>)> {
        let mut of_patient = self.entries.iter().rev().filter(|e| e.person.key().as_deref() == Some(key)).peekable();
        let code = &of_patient.peek()?.patient;
        Some((code, of_patient.filter(|e| e.patient == *code).find_map(|e| e.part)))
    }

    /// Whether a code is in use, here or in another study.
    pub fn has_exam(&self, exam: &ExamCode) -> bool {
        self.entries.iter().any(|e| e.exam == *exam)
    }

    /// Whether a patient code is in use.
    pub fn has_patient(&self, patient: &PatientCode) -> bool {
        self.entries.iter().any(|e| e.patient == *patient)
    }

    /// Keeps every other program from adding to the list, and reads what they have added since it was opened.
    pub fn alone(&mut self) -> Result<Alone, StudyError> {
        let Some(path) = &self.path else { return Ok(Alone { _lock: None }) };
        let lock = WriteLock::wait(path)?;
        *self = Self::read(path)?;
        Ok(Alone { _lock: Some(lock) })
    }

    /// Adds an exam and writes the list, old lines as they were.
    pub fn append(&mut self, _alone: &Alone, entry: LinkEntry) -> Result<(), StudyError> {
        if let Some(path) = &self.path {
            let line = serde_json::to_vec(&entry).map_err(|e| ExamError::Damaged { path: path.clone(), problem: e.to_string() })?;
            let mut text = self.text.clone();
            text.extend(line);
            text.push(b'\n');
            private_write(path, |out| out.write_all(&text))?;
            self.text = text;
            self.entries.push(entry);
        }
        Ok(())
    }
}

/// As long as this lives, nobody else adds to the list.
#[derive(Debug)]
pub(super) struct Alone {
    _lock: Option<WriteLock>,
}

/// Compares real places, so that neither `..` nor a symbolic link leads into the study. The path's folder need not be there yet.
pub(super) fn refuse_inside(what: &'static str, path: &Path, root: &Path) -> Result<(), StudyError> {
    let place = Layout::real_place(path).map_err(|cause| StudyError::NoPlace { path: path.to_owned(), cause })?;
    let real_root = fs::canonicalize(root).map_err(|cause| StudyError::NotWritable { path: root.to_owned(), cause })?;
    if place.starts_with(real_root) {
        return Err(StudyError::Inside { what, path: path.to_owned(), root: root.to_owned() });
    }
    Ok(())
}
