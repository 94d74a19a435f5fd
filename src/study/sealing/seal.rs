//! Seals: what a submitted read was, written down beside it, so that any later change shows.

use crate::io::atomic_write;
use crate::study::exam::read_bounded;
use crate::study::read::{ReadFile, ReadHeader, ReadView};
use crate::study::store::file_sha256;
use crate::study::{Assistance, ExamCode, Layout, ReaderCode, Study, StudyError};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Newest seal that this program reads.
const FORMAT: u32 = 1;

/// The seal of a read: `<n>.seal.json` beside `<n>.sqlite`. Plain data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// Version of this form.
    pub format: u32,
    /// The exam, under the code it had where it was read.
    pub exam: ExamCode,
    /// The reader.
    pub reader: ReaderCode,
    /// Number of the read where it was read.
    pub number: u32,
    /// When it was sealed, RFC 3339.
    pub time: String,
    /// Rows of its journal.
    pub rows: u64,
    /// Hash of the last row, which every row before it went into.
    pub journal_sha256: String,
    /// SHA-256 over the labels of every layer.
    pub layers_sha256: String,
    /// SHA-256 of the file when it was sealed.
    pub file_sha256: String,
    /// SHA-256 of the file as it lies here, where it came back in a packet and took another exam's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub here_sha256: Option<String>,
    /// Number of the packet that it came in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packet: Option<String>,
}

impl Seal {
    /// Reads a seal.
    ///
    /// # Errors
    /// If it cannot be read or understood.
    pub fn load(path: &Path) -> Result<Self, StudyError> {
        Self::parse(&read_bounded(path)?, path)
    }

    pub(in crate::study) fn parse(bytes: &[u8], path: &Path) -> Result<Self, StudyError> {
        let damaged = |problem: String| StudyError::Damaged { path: path.to_owned(), problem };
        let seal: Self = serde_json::from_slice(bytes).map_err(|e| damaged(e.to_string()))?;
        if seal.format > FORMAT { Err(damaged(format!("its format {} is newer than this program", seal.format))) } else { Ok(seal) }
    }

    pub(in crate::study) fn save(&self, path: &Path) -> Result<(), StudyError> {
        let mut text =
            serde_json::to_vec_pretty(self).map_err(|e| StudyError::Damaged { path: path.to_owned(), problem: e.to_string() })?;
        text.push(b'\n');
        Ok(atomic_write(path, |out| out.write_all(&text))?)
    }

    /// The seal that a sealed read should have; `None` where it is not sealed.
    pub(in crate::study) fn of(view: &ReadView) -> Result<Option<Self>, StudyError> {
        let Some(time) = view.sealed()? else { return Ok(None) };
        let path = view.path();
        let file_sha256 = file_sha256(path).map_err(|cause| crate::study::ExamError::Unreadable { path: path.to_owned(), cause })?;
        let header = view.header();
        Ok(Some(Self {
            format: FORMAT,
            exam: header.exam.clone(),
            reader: header.reader.clone(),
            number: header.number,
            time,
            rows: view.count(),
            journal_sha256: view.journal_sha256(),
            layers_sha256: view.state()?.layers_sha256(),
            file_sha256,
            here_sha256: None,
            packet: None,
        }))
    }

    /// What differs between this seal and the file it belongs to, in words; `None` if nothing does.
    pub(in crate::study) fn differs_from(&self, now: &Self) -> Option<&'static str> {
        let expected = self.here_sha256.as_ref().unwrap_or(&self.file_sha256);
        if self.journal_sha256 != now.journal_sha256 || self.rows != now.rows {
            Some("its journal is not the one that was sealed")
        } else if self.layers_sha256 != now.layers_sha256 {
            Some("its labels are not those that were sealed")
        } else if self.time != now.time || self.reader != now.reader {
            Some("it names another reader or another time than its seal")
        } else if *expected != now.file_sha256 {
            Some("its file was changed after it was sealed")
        } else {
            None
        }
    }
}

impl Study {
    /// Submits a read: checks its chain, seals the file and writes the seal beside it. From then on it is only looked at.
    ///
    /// # Errors
    /// If its chain is broken, or the disk does not take it.
    pub fn seal_read(&self, file: ReadFile, time: &str) -> Result<Seal, StudyError> {
        let header = file.header().clone();
        let path = file.path().to_owned();
        file.seal(time)?;
        self.seal_beside(&path, &header)
    }

    /// The seal of a read; written now where the program ended between sealing the file and writing it. `None` = not sealed.
    ///
    /// # Errors
    /// If read or seal cannot be read.
    pub fn seal_of(&self, reader: &ReaderCode, exam: &ExamCode, number: u32) -> Result<Option<Seal>, StudyError> {
        let path = self.layout().read(reader, exam, number);
        let beside = Layout::seal_of(&path);
        if beside.exists() {
            return Seal::load(&beside).map(Some);
        }
        let (header, view) = ReadFile::open_read_only(&path)?;
        if view.sealed()?.is_none() {
            return Ok(None);
        }
        drop(view);
        self.seal_beside(&path, &header).map(Some)
    }

    /// Makes sure that a sealed read is still what was sealed; says in words what is not.
    ///
    /// # Errors
    /// If read or seal cannot be read.
    pub fn check_seal(&self, reader: &ReaderCode, exam: &ExamCode, number: u32) -> Result<Option<String>, StudyError> {
        let path = self.layout().read(reader, exam, number);
        let beside = Layout::seal_of(&path);
        let view = ReadView::open(&path)?;
        Ok(match (Seal::of(&view)?, beside.exists()) {
            (Some(now), true) => {
                Seal::load(&beside)?.differs_from(&now).map(|what| format!("{}: {what}; restore it from a copy", path.display()))
            }
            (None, true) => Some(format!("{}: it was sealed and no longer is; restore it from a copy", path.display())),
            (Some(_), false) => Some(format!("{}: it is sealed, but its seal is missing; restore it from a copy", path.display())),
            (None, false) => None,
        })
    }

    /// Refuses a read that is not what was written: its figures would change without a word. A sealed one is held against its seal,
    /// any other against its own chain.
    ///
    /// # Errors
    /// If it is not, or cannot be read.
    pub(in crate::study) fn require_intact(view: &ReadView) -> Result<(), StudyError> {
        let path = view.path();
        let beside = Layout::seal_of(path);
        if !beside.exists() {
            // The program ended between sealing and writing the seal, or it is not sealed yet: the rows speak for themselves.
            return Ok(view.verify_chain()?);
        }
        let seal = Seal::load(&beside)?;
        let now = file_sha256(path).map_err(|cause| crate::study::ExamError::Unreadable { path: path.to_owned(), cause })?;
        let unchanged = now == *seal.here_sha256.as_ref().unwrap_or(&seal.file_sha256);
        // The sum of the file tells at once that nothing changed; what did, the seal says in words.
        if unchanged && view.sealed()?.is_some() {
            return Ok(());
        }
        let problem = match Seal::of(view)? {
            Some(now) => seal.differs_from(&now).unwrap_or("its file was changed after it was sealed"),
            None => "it was sealed and no longer is",
        };
        Err(StudyError::Damaged { path: path.to_owned(), problem: problem.to_owned() })
    }

    /// Refuses an exam of which a sealed read is gone while its seal is still there.
    ///
    /// # Errors
    /// If one is, or a folder cannot be listed.
    pub fn require_no_lost_read(&self, exam: &ExamCode) -> Result<(), StudyError> {
        match self.lost_reads(exam)?.into_iter().next() {
            Some(path) => Err(StudyError::LostRead { path }),
            None => Ok(()),
        }
    }

    /// Sealed reads of an exam that are gone while their seals are still there.
    pub(in crate::study) fn lost_reads(&self, exam: &ExamCode) -> Result<Vec<PathBuf>, StudyError> {
        let layout = self.layout();
        let mut lost = Vec::new();
        for reader in layout.readers().map_err(|e| StudyError::list(layout.reads(), e))? {
            let numbers = layout.seal_numbers(&reader, exam).map_err(|e| StudyError::list(layout.exam_reads(&reader, exam), e))?;
            lost.extend(numbers.into_iter().map(|number| layout.read(&reader, exam, number)).filter(|path| !path.is_file()));
        }
        Ok(lost)
    }

    /// Whether every reader of the protocol has sealed as many reads of an exam as the protocol asks for. Until then no model
    /// may propose on it if it is a test exam.
    ///
    /// # Errors
    /// If a folder cannot be listed or a read cannot be opened.
    pub fn reads_sealed(&self, exam: &ExamCode) -> Result<bool, StudyError> {
        // A consensus meeting comes after the readers, not before the model.
        for rule in self.protocol().readers().iter().filter(|rule| rule.code.as_str() != crate::study::MEETING_READER) {
            if !self.sealed_by(&rule.code, exam)? {
                return Ok(false);
            }
        }
        Ok(!self.protocol().readers().is_empty())
    }

    /// Whether a reader has sealed as many reads of an exam as the protocol asks for.
    ///
    /// # Errors
    /// If a folder cannot be listed or a read cannot be opened.
    pub fn sealed_by(&self, reader: &ReaderCode, exam: &ExamCode) -> Result<bool, StudyError> {
        let wanted = self.protocol().reading().reads as usize;
        let numbers = self.read_numbers(reader, exam)?;
        if numbers.len() < wanted {
            return Ok(false);
        }
        for number in numbers.into_iter().take(wanted) {
            if ReadView::open(&self.layout().read(reader, exam, number))?.sealed()?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a read begun now by a reader is an assisted one: from the start, or after their first one is sealed.
    pub(in crate::study) fn begins_assisted(
        &self,
        assistance: Assistance,
        reader: &ReaderCode,
        exam: &ExamCode,
    ) -> Result<bool, StudyError> {
        Ok(match assistance {
            Assistance::None => false,
            Assistance::FromStart => true,
            Assistance::AfterSeal => match self.read_numbers(reader, exam)?.first() {
                Some(&first) => ReadView::open(&self.layout().read(reader, exam, first))?.sealed()?.is_some(),
                None => false,
            },
        })
    }

    fn seal_beside(&self, path: &Path, header: &ReadHeader) -> Result<Seal, StudyError> {
        let view = ReadView::open(path)?;
        let damaged = |problem: &str| StudyError::Damaged { path: PathBuf::from(path), problem: problem.to_owned() };
        let seal = Seal::of(&view)?.ok_or_else(|| damaged("it was to be sealed and is not"))?;
        if seal.reader != header.reader {
            return Err(damaged("it changed its reader while it was sealed"));
        }
        seal.save(&Layout::seal_of(path))?;
        Ok(seal)
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
