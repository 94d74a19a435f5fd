//! How far a study is, and whether everything in it is whole.

use super::read::ReadFile;
use super::store::{file_sha256, reading_grid};
use super::{ExamCode, ExamRecord, Part, PatientCode, ReaderCode, SequenceName, Split, Study, StudyError};
use crate::volume::{Grid, LayerKind};

/// How far one exam is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExamStatus {
    /// The exam.
    pub exam: ExamCode,
    /// Whose it is; none where the record is damaged.
    pub patient: Option<PatientCode>,
    /// Its part in the split, once drawn.
    pub part: Option<Part>,
    /// Its sequences.
    pub sequences: Vec<SequenceName>,
    /// Slices of the sequence that is read.
    pub slices: usize,
    /// Its reads, by reader and number.
    pub reads: Vec<ReadStatus>,
    /// What keeps it from being used, in one line.
    pub problem: Option<String>,
}

/// How far one read is: counts, never labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadStatus {
    /// The reader.
    pub reader: ReaderCode,
    /// Number of the read.
    pub number: u32,
    /// Rows of its journal.
    pub rows: u64,
    /// Slices done in the marrow layer.
    pub marrow_done: usize,
    /// Slices done in the bone layer.
    pub bone_done: usize,
    /// Whether anything is painted in the marrow layer, on slices done or not.
    pub marrow_painted: bool,
    /// Whether its marrow layer is a model's proposal accepted whole.
    pub accepted: bool,
    /// Model and version whose proposal was refused whole, if that was the last decision.
    pub refused: Option<String>,
    /// Whether proposals were shown.
    pub assisted: bool,
    /// Seconds that the reader spent on it, pauses left out.
    pub seconds: u64,
    /// When it was sealed.
    pub sealed: Option<String>,
    /// What keeps it from being used, in one line.
    pub problem: Option<String>,
}

/// What was looked at, and what was wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// Exams looked at.
    pub exams: usize,
    /// Images looked at.
    pub images: usize,
    /// Reads whose chain was walked.
    pub reads: usize,
    /// Scoring sessions looked at.
    pub sessions: usize,
    /// One line per problem; empty when all is well.
    pub problems: Vec<String>,
}

impl Study {
    /// How far every exam is. What is damaged shows as a problem of its exam or read, and hides nothing else.
    ///
    /// # Errors
    /// If the folders cannot be listed or the split is damaged.
    pub fn status(&self) -> Result<Vec<ExamStatus>, StudyError> {
        let codes = self.layout().exam_codes().map_err(|e| StudyError::list(self.layout().exams(), e))?;
        let split = Split::load(self.layout())?;
        codes.into_iter().map(|exam| self.exam_status(exam, &split)).collect()
    }

    /// Looks at everything: records, images (their hash and grid), reads (chain, exam, grid, replay, seal), scoring sessions with
    /// their masks, split and chosen models. What a model's version holds is `learn`'s to look at.
    ///
    /// # Errors
    /// If the folders cannot be listed; all else goes into the report.
    pub fn check(&self) -> Result<CheckReport, StudyError> {
        let mut report = CheckReport::default();
        let codes = self.layout().exam_codes().map_err(|e| StudyError::list(self.layout().exams(), e))?;
        for exam in codes {
            report.exams += 1;
            match self.exam(&exam) {
                Ok(record) => self.check_exam(&record, &mut report)?,
                Err(error) => report.problems.push(error.to_string()),
            }
        }
        self.check_strays(&mut report)?;
        self.check_scores(&mut report)?;
        report.problems.extend(Split::load(self.layout()).err().map(|e| e.to_string()));
        for model in self.models()? {
            report.problems.extend(self.current_version(&model).err().map(|e| e.to_string()));
        }
        Ok(report)
    }

    fn exam_status(&self, exam: ExamCode, split: &Split) -> Result<ExamStatus, StudyError> {
        let mut status = ExamStatus { exam, patient: None, part: None, sequences: vec![], slices: 0, reads: vec![], problem: None };
        let mut exam_grid = None;
        match self.exam(&status.exam) {
            Ok(record) => {
                status.part = split.part(&record.patient);
                status.sequences = record.sequences.iter().map(|s| s.name.clone()).collect();
                status.slices = record.reading_plane().map_or(0, |plane| plane.slice_count());
                exam_grid = reading_grid(&record).ok();
                status.patient = Some(record.patient);
            }
            Err(error) => status.problem = Some(error.to_string()),
        }
        for reader in self.readers_of(&status.exam)? {
            for number in self.read_numbers(&reader, &status.exam)? {
                status.reads.push(self.read_status(&reader, &status.exam, number, exam_grid.as_ref()));
            }
        }
        Ok(status)
    }

    /// Replays a read only where its grid is the exam's: a size that a damaged file makes up is never allocated.
    fn read_status(&self, reader: &ReaderCode, exam: &ExamCode, number: u32, exam_grid: Option<&Grid>) -> ReadStatus {
        let mut status = ReadStatus {
            reader: reader.clone(),
            number,
            rows: 0,
            marrow_done: 0,
            bone_done: 0,
            marrow_painted: false,
            accepted: false,
            refused: None,
            assisted: false,
            seconds: 0,
            sealed: None,
            problem: None,
        };
        let looked = ReadFile::open_read_only(&self.layout().read(reader, exam, number)).and_then(|(header, view)| {
            (status.rows, status.assisted) = (view.count(), header.assisted);
            status.sealed = view.sealed()?;
            status.seconds = view.active_seconds()?;
            let triage = view.triage()?;
            status.accepted = triage.is_accepted(LayerKind::Marrow);
            status.refused = triage.verdict(LayerKind::Marrow).filter(|v| !v.accepted).map(|v| v.model_version.clone());
            let Some(grid) = exam_grid else { return Ok(()) };
            header.require(view.path(), exam, reader, grid)?;
            let state = view.state()?;
            (status.marrow_done, status.bone_done) = (state.done_count(LayerKind::Marrow), state.done_count(LayerKind::Bone));
            status.marrow_painted = !state.labels(LayerKind::Marrow).is_blank();
            Ok(())
        });
        status.problem = looked.err().map(|e| e.to_string());
        status
    }

    fn check_exam(&self, record: &ExamRecord, report: &mut CheckReport) -> Result<(), StudyError> {
        for sequence in &record.sequences {
            report.images += 1;
            let path = self.layout().sequence(&record.exam, &sequence.name);
            match file_sha256(&path) {
                Ok(sum) if sum == sequence.image_sha256 => {
                    report.problems.extend(record.load_image(self.layout(), &sequence.name).err().map(|e| e.to_string()));
                }
                Ok(_) => report.problems.push(StudyError::OtherImage { path }.to_string()),
                Err(cause) => report.problems.push(super::ExamError::Unreadable { path, cause }.to_string()),
            }
        }
        let lost = self.lost_reads(&record.exam)?.into_iter().map(|path| StudyError::LostRead { path }.to_string());
        report.problems.extend(lost);
        let grid = match reading_grid(record) {
            Ok(grid) => grid,
            Err(error) => {
                report.problems.push(error.to_string());
                return Ok(());
            }
        };
        for reader in self.readers_of(&record.exam)? {
            for number in self.read_numbers(&reader, &record.exam)? {
                report.reads += 1;
                let path = self.layout().read(&reader, &record.exam, number);
                let looked = ReadFile::open_read_only(&path).and_then(|(header, view)| {
                    header.require(&path, &record.exam, &reader, &grid)?;
                    view.verify_chain()?;
                    view.state().map(drop)
                });
                match looked {
                    // A seal that cannot be read is a problem like any other: what comes after it is looked at, too.
                    Ok(()) => {
                        report.problems.extend(self.check_seal(&reader, &record.exam, number).unwrap_or_else(|e| Some(e.to_string())));
                    }
                    Err(error) => report.problems.push(error.to_string()),
                }
            }
        }
        Ok(())
    }

    /// Reads of exams that the study does not have.
    fn check_strays(&self, report: &mut CheckReport) -> Result<(), StudyError> {
        for reader in self.layout().readers().map_err(|e| StudyError::list(self.layout().reads(), e))? {
            let exams = self.layout().exams_read_by(&reader).map_err(|e| StudyError::list(self.layout().reader(&reader), e))?;
            for exam in exams.into_iter().filter(|exam| !self.layout().exam(exam).is_dir()) {
                let folder = self.layout().exam_reads(&reader, &exam);
                report.problems.push(format!("{} holds reads of an exam that the study does not have", folder.display()));
            }
        }
        Ok(())
    }

    fn readers_of(&self, exam: &ExamCode) -> Result<Vec<ReaderCode>, StudyError> {
        self.layout().readers_of(exam).map_err(|e| StudyError::list(self.layout().reads(), e))
    }
}
