//! The study as a whole: made, opened, and the one way to its exams and reads.

mod scale_file;

use super::read::{Opener, ReadError, ReadFile, ReadHeader, ReadView};
use super::{
    ExamCode, ExamRecord, ImportOptions, ImportReport, Layout, Protocol, ReaderCode, ReadingRules, SequenceName, Split, StudyError,
    TrainableExams,
};
use crate::io::{SourceVolume, Watch, atomic_write};
use crate::volume::{Grid, Image};
use rand::Rng;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;

pub use scale_file::ScaleFile;

/// A study that is there, and whose protocol is sound; unless it was opened only to look, it can be written to.
///
/// **Blinding.** A reader's program opens reads with [`Study::open_read_for`] and [`Study::new_read_for`], which look into that
/// reader's own folder and nowhere else. Only [`Study::reads_for_comparison`] shows other readers' labels.
#[derive(Clone, Debug)]
pub struct Study {
    layout: Layout,
    protocol: Protocol,
}

impl Study {
    /// Makes a new study called `name` in a folder, which is made as needed.
    ///
    /// # Errors
    /// If there is a study already or the folder cannot be written to.
    pub fn init(root: &Path, name: &str, protocol: &Protocol) -> Result<Self, StudyError> {
        let (layout, protocol) = (Layout::new(root), protocol.clone().with_name(name));
        if layout.protocol().exists() {
            return Err(StudyError::AlreadyAStudy { root: root.to_owned() });
        }
        for folder in [layout.root().to_owned(), layout.exams(), layout.reads(), layout.models(), layout.results()] {
            fs::create_dir_all(&folder).map_err(|cause| StudyError::NoPlace { path: folder, cause })?;
        }
        // Last: the folder is a study only once everything else is there.
        atomic_write(&layout.protocol(), |out| out.write_all(protocol.to_toml().as_bytes()))?;
        Ok(Self { layout, protocol })
    }

    /// Makes a new study with the sample protocol, called as its folder unless it has a `name`; readers in orders of their own.
    ///
    /// # Errors
    /// As [`Study::init`].
    pub fn init_sample(root: &Path, name: Option<&str>) -> Result<Self, StudyError> {
        let folder = root.file_name().map(|n| n.to_string_lossy().into_owned());
        let name = name.map(str::to_owned).or(folder).unwrap_or_else(|| "Study".to_owned());
        let reading = ReadingRules { shuffled: true, ..ReadingRules::default() };
        Self::init(root, &name, &Protocol::sample().with_reading(reading).with_confirmed_conditions(true))
    }

    /// Opens a study.
    ///
    /// # Errors
    /// If the folder is no study, cannot be written to, or the protocol has a mistake (its line is named).
    pub fn open(root: &Path) -> Result<Self, StudyError> {
        let study = Self::look(root)?;
        tempfile::tempfile_in(root).map_err(|cause| StudyError::NotWritable { path: root.to_owned(), cause })?;
        Ok(study)
    }

    /// Opens a study to look at it, be it write-protected: an archive, a backup, somebody else's.
    ///
    /// # Errors
    /// If the folder is no study, or the protocol has a mistake (its line is named).
    pub fn look(root: &Path) -> Result<Self, StudyError> {
        let layout = Layout::new(root);
        let path = layout.protocol();
        if !path.is_file() {
            return Err(StudyError::NotAStudy { root: root.to_owned() });
        }
        let text = String::from_utf8(super::exam::read_bounded(&path)?)
            .map_err(|_| StudyError::Damaged { path: path.clone(), problem: "it is no UTF-8 text".to_owned() })?;
        let protocol = Protocol::parse(&text, &path.display().to_string())?;
        Ok(Self { layout, protocol })
    }

    /// Where everything lies.
    #[must_use]
    pub const fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The rules of the study.
    #[must_use]
    pub const fn protocol(&self) -> &Protocol {
        &self.protocol
    }

    /// The text of `study.toml` as it stands, comments and all.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn protocol_text(&self) -> Result<String, StudyError> {
        let path = self.layout.protocol();
        String::from_utf8(super::exam::read_bounded(&path)?)
            .map_err(|_| StudyError::Damaged { path, problem: "it is no UTF-8 text".to_owned() })
    }

    /// Every exam's record, sorted by code.
    ///
    /// # Errors
    /// If the folder cannot be listed or a record is damaged.
    pub fn exams(&self) -> Result<Vec<ExamRecord>, StudyError> {
        let codes = self.layout.exam_codes().map_err(|e| StudyError::list(self.layout.exams(), e))?;
        codes.iter().map(|code| self.exam(code)).collect()
    }

    /// One exam's record.
    ///
    /// # Errors
    /// If there is no such exam or its record is damaged.
    pub fn exam(&self, exam: &ExamCode) -> Result<ExamRecord, StudyError> {
        if self.layout.exam(exam).is_dir() {
            Ok(ExamRecord::load(&self.layout, exam)?)
        } else {
            Err(StudyError::NoSuchExam { root: self.layout.root().to_owned(), exam: exam.clone() })
        }
    }

    /// The image of an exam's sequence.
    ///
    /// # Errors
    /// If there is no such exam or sequence, or the file is damaged.
    pub fn load_image(&self, exam: &ExamCode, sequence: &SequenceName) -> Result<Image, StudyError> {
        Ok(self.exam(exam)?.load_image(&self.layout, sequence)?)
    }

    /// Imports volumes (see [`super::import`]).
    ///
    /// # Errors
    /// As [`super::import`].
    pub fn import(
        &self,
        volumes: Vec<SourceVolume>,
        options: &ImportOptions,
        rng: &mut impl Rng,
        watch: &Watch<'_>,
    ) -> Result<ImportReport, StudyError> {
        super::import(&self.layout, &self.protocol, volumes, options, rng, watch)
    }

    /// The exams a model may be trained on. Draws and records the split at the first call; patients who came since join training.
    ///
    /// # Errors
    /// If an exam or the split is damaged, or the split cannot be written.
    pub fn trainable(&self) -> Result<TrainableExams, StudyError> {
        let exams = self.exams()?;
        Ok(self.split_of(&exams)?.trainable(&exams))
    }

    /// The part of every patient. Draws and records the split at the first call; patients who came since join training.
    ///
    /// # Errors
    /// As [`Study::trainable`].
    pub fn drawn_split(&self) -> Result<Split, StudyError> {
        self.split_of(&self.exams()?)
    }

    fn split_of(&self, exams: &[ExamRecord]) -> Result<Split, StudyError> {
        let split = Split::load(&self.layout)?;
        let is_told = split.is_drawn() && exams.iter().all(|e| split.part(&e.patient).is_some());
        if is_told || exams.is_empty() {
            return Ok(split);
        }
        let mut patients = BTreeMap::new();
        for exam in exams {
            patients.entry(exam.patient.clone()).or_insert_with(|| exam.scanner());
        }
        Ok(Split::change(&self.layout, |split| split.draw(&patients, self.protocol.fractions(), self.protocol.split_seed()))?)
    }

    /// Opens the newest read that a reader has of an exam, for writing; makes their first where there is none. Looks into that
    /// reader's folder only. `time` is now, RFC 3339.
    ///
    /// # Errors
    /// If reader or exam are unknown, the read is locked, sealed or damaged, or was drawn on another image.
    pub fn open_read_for(&self, reader: &ReaderCode, exam: &ExamCode, time: &str) -> Result<(ReadHeader, ReadFile), StudyError> {
        match self.read_numbers(reader, exam)?.last() {
            None => self.new_read_for(reader, exam, time),
            Some(&number) => {
                let wanted = self.header_for(reader, exam, number, time)?;
                let path = self.layout.read(reader, exam, number);
                let (header, file) = ReadFile::open(&path, &Opener { reader: reader.clone(), time: time.to_owned() })?;
                header.require(&path, exam, reader, &wanted.grid)?;
                if header.image_sha256 != wanted.image_sha256 {
                    return Err(StudyError::Damaged { path, problem: "it was drawn on another image of the same exam".to_owned() });
                }
                Ok((header, file))
            }
        }
    }

    /// Opens the newest read that a reader has of an exam, to look at it: a sealed one, or one that another program writes to.
    /// Looks into that reader's folder only.
    ///
    /// # Errors
    /// If there is none, or it is damaged or was drawn on another image.
    pub fn view_read_for(&self, reader: &ReaderCode, exam: &ExamCode) -> Result<(ReadHeader, ReadView), StudyError> {
        let number = self.read_numbers(reader, exam)?.last().copied().unwrap_or(1);
        let path = self.layout.read(reader, exam, number);
        let (header, view) = ReadFile::open_read_only(&path)?;
        header.require(&path, exam, reader, &reading_grid(&self.exam(exam)?)?)?;
        Ok((header, view))
    }

    /// Begins another read of an exam by a reader (their first, or a second one for their agreement with themselves).
    ///
    /// # Errors
    /// If reader or exam are unknown, or the file cannot be made.
    pub fn new_read_for(&self, reader: &ReaderCode, exam: &ExamCode, time: &str) -> Result<(ReadHeader, ReadFile), StudyError> {
        let number = self.read_numbers(reader, exam)?.last().copied().unwrap_or(0).saturating_add(1);
        let header = self.header_for(reader, exam, number, time)?;
        let file = ReadFile::create(&self.layout.read(reader, exam, number), &header)?;
        Ok((header, file))
    }

    /// One read of an exam, to look at, of which it is sure that it is what was written: for whatever makes figures or files of it.
    ///
    /// # Errors
    /// If it is damaged, not what was sealed, or was drawn on another exam or grid.
    pub fn intact_read(&self, reader: &ReaderCode, exam: &ExamCode, number: u32) -> Result<(ReadHeader, ReadView), StudyError> {
        self.intact_read_on(reader, exam, number, &reading_grid(&self.exam(exam)?)?)
    }

    fn intact_read_on(&self, reader: &ReaderCode, exam: &ExamCode, number: u32, grid: &Grid) -> Result<(ReadHeader, ReadView), StudyError> {
        let path = self.layout().read(reader, exam, number);
        let (header, view) = ReadFile::open_read_only(&path).map_err(|error| match error {
            // It lies where reads lie: to choose another file is no help.
            ReadError::NotARead { path, problem } => StudyError::Damaged { path, problem: problem.to_owned() },
            other => other.into(),
        })?;
        header.require(&path, exam, reader, grid)?;
        Self::require_intact(&view)?;
        Ok((header, view))
    }

    /// Every read of an exam, to look at: for agreement, consensus and the coordinator. **Not for a reader's own window**: it
    /// shows what the others drew.
    ///
    /// # Errors
    /// If a read is damaged, not what was sealed, gone while its seal is there, or was drawn on another exam or grid.
    pub fn reads_for_comparison(&self, exam: &ExamCode) -> Result<Vec<(ReadHeader, ReadView)>, StudyError> {
        let grid = reading_grid(&self.exam(exam)?)?;
        self.require_no_lost_read(exam)?;
        let mut reads = Vec::new();
        for reader in self.layout.readers_of(exam).map_err(|e| StudyError::list(self.layout.reads(), e))? {
            for number in self.read_numbers(&reader, exam)? {
                reads.push(self.intact_read_on(&reader, exam, number, &grid)?);
            }
        }
        Ok(reads)
    }

    pub(super) fn read_numbers(&self, reader: &ReaderCode, exam: &ExamCode) -> Result<Vec<u32>, StudyError> {
        self.layout.read_numbers(reader, exam).map_err(|e| StudyError::list(self.layout.exam_reads(reader, exam), e))
    }

    /// The header that a read begun now would have.
    fn header_for(&self, reader: &ReaderCode, exam: &ExamCode, number: u32, time: &str) -> Result<ReadHeader, StudyError> {
        let unknown = || StudyError::NoSuchReader { file: self.layout.protocol(), reader: reader.clone() };
        let rule = self.protocol.reader(reader).ok_or_else(unknown)?;
        let assisted = self.begins_assisted(rule.assistance, reader, exam)?;
        let record = self.exam(exam)?;
        let grid = reading_grid(&record)?;
        let plane = record.reading_plane()?;
        Ok(ReadHeader {
            exam: exam.clone(),
            reader: reader.clone(),
            number,
            slice_axis: plane.slice_axis(),
            grid,
            created: time.to_owned(),
            assisted,
            image_sha256: record.sequence(&record.reading_sequence)?.image_sha256.clone(),
        })
    }
}

/// Grid of the sequence that is read.
pub(super) fn reading_grid(record: &ExamRecord) -> Result<Grid, StudyError> {
    let sequence = record.sequence(&record.reading_sequence)?;
    sequence.grid().map_err(|problem| StudyError::Damaged { path: format!("{}/exam.json", record.exam).into(), problem })
}

/// SHA-256 of a file, hexadecimal, without reading it into memory.
pub(super) fn file_sha256(path: &Path) -> io::Result<String> {
    super::read::file_sum(File::open(path)?)
}

#[cfg(test)]
pub(super) mod tests;
