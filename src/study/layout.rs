//! Where everything of a study lies. No other file of the program joins these names.

mod target;

use super::{ExamCode, ModelCode, ReaderCode, SequenceName};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The paths of one study. Making one touches no disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    root: PathBuf,
}

impl Layout {
    /// The layout under a folder.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The study's folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `study.toml`: the protocol.
    #[must_use]
    pub fn protocol(&self) -> PathBuf {
        self.root.join("study.toml")
    }

    /// `split.json`: which patient is in which part.
    #[must_use]
    pub fn split(&self) -> PathBuf {
        self.root.join("split.json")
    }

    /// `exams/`.
    #[must_use]
    pub fn exams(&self) -> PathBuf {
        self.root.join("exams")
    }

    /// `exams/<exam>/`.
    #[must_use]
    pub fn exam(&self, exam: &ExamCode) -> PathBuf {
        self.exams().join(exam.as_str())
    }

    /// `exams/<exam>/exam.json`.
    #[must_use]
    pub fn exam_record(&self, exam: &ExamCode) -> PathBuf {
        Self::exam_record_in(&self.exam(exam))
    }

    /// `exams/<exam>/<sequence>.nii.gz`.
    #[must_use]
    pub fn sequence(&self, exam: &ExamCode, sequence: &SequenceName) -> PathBuf {
        Self::sequence_in(&self.exam(exam), sequence)
    }

    /// `exams/.new-<exam>/`: an exam that is being imported; renamed once whole, and never listed before.
    #[must_use]
    pub fn exam_in_the_making(&self, exam: &ExamCode) -> PathBuf {
        self.exams().join(format!(".new-{exam}"))
    }

    /// The record within an exam's folder.
    #[must_use]
    pub(super) fn exam_record_in(folder: &Path) -> PathBuf {
        folder.join("exam.json")
    }

    /// A sequence's image within an exam's folder.
    #[must_use]
    pub(super) fn sequence_in(folder: &Path, sequence: &SequenceName) -> PathBuf {
        folder.join(format!("{sequence}.nii.gz"))
    }

    /// `reads/`.
    #[must_use]
    pub fn reads(&self) -> PathBuf {
        self.root.join("reads")
    }

    /// `reads/<reader>/`.
    #[must_use]
    pub fn reader(&self, reader: &ReaderCode) -> PathBuf {
        self.reads().join(reader.as_str())
    }

    /// `reads/<reader>/place.json`: where the reader left off.
    #[must_use]
    pub fn reading_place(&self, reader: &ReaderCode) -> PathBuf {
        self.reader(reader).join("place.json")
    }

    /// `reads/<reader>/<exam>/`.
    #[must_use]
    pub fn exam_reads(&self, reader: &ReaderCode, exam: &ExamCode) -> PathBuf {
        self.reader(reader).join(exam.as_str())
    }

    /// `reads/<reader>/<exam>/<n>.sqlite`.
    #[must_use]
    pub fn read(&self, reader: &ReaderCode, exam: &ExamCode, number: u32) -> PathBuf {
        self.exam_reads(reader, exam).join(format!("{number}.sqlite"))
    }

    /// `<n>.seal.json` beside a read.
    #[must_use]
    pub fn seal_of(read: &Path) -> PathBuf {
        read.with_extension("seal.json")
    }

    /// `scores/<session>/`.
    #[must_use]
    pub fn score_session(&self, session: &ExamCode) -> PathBuf {
        self.root.join("scores").join(session.as_str())
    }

    /// `scores/<session>/session.sqlite`.
    #[must_use]
    pub fn score_file(&self, session: &ExamCode) -> PathBuf {
        self.score_session(session).join("session.sqlite")
    }

    /// `<study>-coordinator/` beside the study: what only the coordinator may open. `None` where nothing lies beside it.
    #[must_use]
    pub fn coordinator(&self) -> Option<PathBuf> {
        let root = self.root.canonicalize().or_else(|_| std::path::absolute(&self.root)).ok()?;
        let mut name = root.file_name()?.to_os_string();
        name.push("-coordinator");
        Some(root.with_file_name(name))
    }

    /// `<study>-coordinator/score-<session>.key.json`, where the coordinator keeps it nowhere else.
    #[must_use]
    pub fn score_key(&self, session: &ExamCode) -> Option<PathBuf> {
        Some(self.coordinator()?.join(format!("score-{session}.key.json")))
    }

    /// `scores/<session>/key.json`: where earlier versions of the program left the key.
    #[must_use]
    pub fn score_key_in_study(&self, session: &ExamCode) -> PathBuf {
        self.score_session(session).join("key.json")
    }

    /// `scores/<session>/masks/`.
    #[must_use]
    pub fn score_masks(&self, session: &ExamCode) -> PathBuf {
        self.score_session(session).join("masks")
    }

    /// `scores/<session>/masks/<mask>.nii.gz`.
    #[must_use]
    pub fn score_mask(&self, session: &ExamCode, mask: &ExamCode) -> PathBuf {
        self.score_masks(session).join(format!("{mask}.nii.gz"))
    }

    /// `results/scores/`: the tables of unblinded sessions.
    #[must_use]
    pub fn score_tables(&self) -> PathBuf {
        self.results().join("scores")
    }

    /// `results/scores/<session>.json`.
    #[must_use]
    pub fn score_tables_of(&self, session: &ExamCode) -> PathBuf {
        self.score_tables().join(format!("{session}.json"))
    }

    /// Scoring sessions, sorted.
    ///
    /// # Errors
    /// If the folder cannot be listed.
    pub fn score_sessions(&self) -> io::Result<Vec<ExamCode>> {
        let mut sessions: Vec<ExamCode> = listed(&self.root.join("scores"), code_of_folder)?;
        sessions.retain(|session| self.score_file(session).is_file());
        Ok(sessions)
    }

    /// `packet.json`: only in a reader's copy.
    #[must_use]
    pub fn packet(&self) -> PathBuf {
        self.root.join("packet.json")
    }

    /// `atlas/`: exams with agreed masks and notes.
    #[must_use]
    pub fn atlas(&self) -> PathBuf {
        self.root.join("atlas")
    }

    /// `agreed/<exam>.nii.gz` of an atlas: what its readers agreed on.
    #[must_use]
    pub fn atlas_mask(&self, exam: &ExamCode) -> PathBuf {
        self.root.join("agreed").join(format!("{exam}.nii.gz"))
    }

    /// `notes/<exam>.json` of an atlas.
    #[must_use]
    pub fn atlas_notes(&self, exam: &ExamCode) -> PathBuf {
        self.root.join("notes").join(format!("{exam}.json"))
    }

    /// `calibration/<reader>/`: the study in which a reader paints atlas exams.
    #[must_use]
    pub fn calibration(&self, reader: &ReaderCode) -> PathBuf {
        self.root.join("calibration").join(reader.as_str())
    }

    /// `calibration/<reader>.jsonl`: what came of it.
    #[must_use]
    pub fn calibration_results(&self, reader: &ReaderCode) -> PathBuf {
        self.root.join("calibration").join(format!("{reader}.jsonl"))
    }

    /// `models/`.
    #[must_use]
    pub fn models(&self) -> PathBuf {
        self.root.join("models")
    }

    /// `models/<model>/`.
    #[must_use]
    pub fn model(&self, model: &ModelCode) -> PathBuf {
        self.models().join(model.as_str())
    }

    /// `models/<model>/<version>/`.
    #[must_use]
    pub fn model_version(&self, model: &ModelCode, version: u32) -> PathBuf {
        self.model(model).join(version.to_string())
    }

    /// Names of the files of a version: `card.json`, and `weights.safetensors` or one of these for each net. Whatever else lies
    /// there is none of the model's.
    ///
    /// # Errors
    /// If the folder cannot be listed.
    pub fn model_files(&self, model: &ModelCode, version: u32) -> io::Result<Vec<String>> {
        let is_net = |name: &str| {
            let Some(net) = name.strip_prefix("weights").and_then(|n| n.strip_suffix(".safetensors")) else { return false };
            net.is_empty() || net.strip_prefix('-').and_then(whole_number).is_some()
        };
        listed(&self.model_version(model, version), |entry| {
            let name = entry.file_name().into_string().ok()?;
            ((name == "card.json" || is_net(&name)) && entry.path().is_file()).then_some(name)
        })
    }

    /// `models/<model>/current.json`: which version proposes.
    #[must_use]
    pub fn model_current(&self, model: &ModelCode) -> PathBuf {
        self.model(model).join("current.json")
    }

    /// `results/`.
    #[must_use]
    pub fn results(&self) -> PathBuf {
        self.root.join("results")
    }

    /// Exams that lie in the study, sorted. Folders whose name is no code are passed over.
    ///
    /// # Errors
    /// If the folder cannot be listed; a folder that is not there lists as empty, here and below.
    pub fn exam_codes(&self) -> io::Result<Vec<ExamCode>> {
        listed(&self.exams(), code_of_folder)
    }

    /// Readers who have a folder, sorted.
    ///
    /// # Errors
    /// If the folder cannot be listed.
    pub fn readers(&self) -> io::Result<Vec<ReaderCode>> {
        listed(&self.reads(), code_of_folder)
    }

    /// Readers with at least one read of an exam, sorted.
    ///
    /// # Errors
    /// If a folder cannot be listed.
    pub fn readers_of(&self, exam: &ExamCode) -> io::Result<Vec<ReaderCode>> {
        let mut readers = self.readers()?;
        let mut failed = None;
        readers.retain(|reader| match self.read_numbers(reader, exam) {
            Ok(numbers) => !numbers.is_empty(),
            Err(error) => {
                failed = Some(error);
                false
            }
        });
        failed.map_or(Ok(readers), Err)
    }

    /// Exams that a reader has a folder for, sorted.
    ///
    /// # Errors
    /// If the folder cannot be listed.
    pub fn exams_read_by(&self, reader: &ReaderCode) -> io::Result<Vec<ExamCode>> {
        listed(&self.reader(reader), code_of_folder)
    }

    /// Numbers of a reader's reads of an exam, ascending.
    ///
    /// # Errors
    /// If the folder cannot be listed.
    pub fn read_numbers(&self, reader: &ReaderCode, exam: &ExamCode) -> io::Result<Vec<u32>> {
        listed(&self.exam_reads(reader, exam), |entry| {
            let number = whole_number(entry.file_name().to_str()?.strip_suffix(".sqlite")?)?;
            entry.path().is_file().then_some(number)
        })
    }

    /// Numbers of a reader's seals of an exam, ascending.
    ///
    /// # Errors
    /// If the folder cannot be listed.
    pub fn seal_numbers(&self, reader: &ReaderCode, exam: &ExamCode) -> io::Result<Vec<u32>> {
        listed(&self.exam_reads(reader, exam), |entry| whole_number(entry.file_name().to_str()?.strip_suffix(".seal.json")?))
    }

    /// Models that have a folder, sorted.
    ///
    /// # Errors
    /// If the folder cannot be listed.
    pub fn model_codes(&self) -> io::Result<Vec<ModelCode>> {
        listed(&self.models(), code_of_folder)
    }

    /// Versions of a model, ascending.
    ///
    /// # Errors
    /// If the folder cannot be listed.
    pub fn model_versions(&self, model: &ModelCode) -> io::Result<Vec<u32>> {
        listed(&self.model(model), |entry| {
            let number = whole_number(entry.file_name().to_str()?)?;
            entry.path().is_dir().then_some(number)
        })
    }
}

/// A number from 1 written in the one way that the layout writes it (no sign, no leading zero).
fn whole_number(text: &str) -> Option<u32> {
    text.parse().ok().filter(|n: &u32| *n > 0 && n.to_string() == text)
}

fn code_of_folder<C: FromStr>(entry: &fs::DirEntry) -> Option<C> {
    let code = entry.file_name().to_str()?.parse().ok()?;
    entry.path().is_dir().then_some(code)
}

fn listed<T: Ord>(folder: &Path, wanted: impl Fn(&fs::DirEntry) -> Option<T>) -> io::Result<Vec<T>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        found.extend(wanted(&entry?));
    }
    found.sort_unstable();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_what_the_layout_names_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        assert!(layout.exam_codes().unwrap().is_empty());
        let (exam, reader) = (ExamCode::new("K-001").unwrap(), ReaderCode::new("R1").unwrap());
        fs::create_dir_all(layout.exam(&exam)).unwrap();
        fs::create_dir_all(layout.exam_in_the_making(&ExamCode::new("K-002").unwrap())).unwrap();
        fs::create_dir_all(layout.exam_reads(&reader, &exam)).unwrap();
        assert!(layout.readers_of(&exam).unwrap().is_empty());
        for n in [10, 2] {
            fs::write(layout.read(&reader, &exam, n), b"").unwrap();
        }
        for stray in ["02.sqlite", "2.sqlite-wal", "0.sqlite", "x.sqlite", "2.sqlite.lock"] {
            fs::write(layout.exam_reads(&reader, &exam).join(stray), b"").unwrap();
        }
        assert_eq!(layout.exam_codes().unwrap(), std::slice::from_ref(&exam));
        assert_eq!(layout.readers_of(&exam).unwrap(), std::slice::from_ref(&reader));
        assert_eq!(layout.read_numbers(&reader, &exam).unwrap(), [2, 10]);
    }
}
