//! Calibration: a reader paints exams of the atlas and sees how far they are from what was agreed on.

use crate::study::exam::read_bounded;
use crate::study::packet::recode::copy_recoded;
use crate::study::read::WriteLock;
use crate::study::store::file_sha256;
use crate::study::{
    Assistance, ExamCode, ExamError, ExamRecord, Fractions, Layout, ReaderCode, ReaderRule, ReadingRules, Study, StudyError,
};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// Dice of one level; `None` where neither the reader nor the atlas holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LevelDice {
    /// `1`, `2`, `3` or `2+3`.
    pub level: String,
    /// Dice.
    pub dice: Option<f64>,
    /// Whether the agreed mask holds it: such levels count for the pass mark.
    pub agreed: bool,
}

/// What came of one read of an atlas exam.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationResult {
    /// When, RFC 3339.
    pub time: String,
    /// The reader.
    pub reader: ReaderCode,
    /// The exam of the atlas.
    pub exam: ExamCode,
    /// Number of the reader's read of it.
    pub read: u32,
    /// Hash of the last row of that read's journal.
    pub journal_sha256: String,
    /// SHA-256 of the agreed mask's file.
    pub agreed_sha256: String,
    /// Dice per level.
    pub levels: Vec<LevelDice>,
    /// The protocol's pass mark then, if it has one.
    pub pass_mark: Option<f64>,
}

impl CalibrationResult {
    /// Every result in a file, in the order of calibrating; none where there is no file. A line that was torn by a crash is passed over.
    ///
    /// # Errors
    /// If the file is there and cannot be read.
    pub fn load(path: &Path) -> Result<Vec<Self>, StudyError> {
        if !path.is_file() {
            return Ok(Vec::new());
        }
        let text = read_bounded(path)?;
        Ok(text.split(|b| *b == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect())
    }

    /// Whether every level that the agreed mask holds reaches the pass mark; `None` where the protocol has none, or the mask is empty.
    #[must_use]
    pub fn passed(&self) -> Option<bool> {
        let mark = self.pass_mark?;
        let counted: Vec<f64> = self.levels.iter().filter(|l| l.agreed).filter_map(|l| l.dice).collect();
        (!counted.is_empty()).then(|| counted.iter().all(|dice| *dice >= mark))
    }
}

/// The study in which a reader paints atlas exams: `calibration/<reader>/`, made as needed. It holds the images of the atlas but
/// those that the reader has still to read in the study, and no agreed mask.
///
/// # Errors
/// If the reader is unknown, the atlas is empty, or a file cannot be copied.
pub fn calibration_study(study: &Study, reader: &ReaderCode) -> Result<Study, StudyError> {
    let unknown = || StudyError::NoSuchReader { file: study.layout().protocol(), reader: reader.clone() };
    study.protocol().reader(reader).ok_or_else(unknown)?;
    let atlas = study.atlas();
    let mut codes = atlas.codes()?;
    let hidden = study.hidden_atlas_exams(reader)?;
    codes.retain(|code| hidden.iter().all(|h| h.atlas != *code));
    if codes.is_empty() && !hidden.is_empty() {
        let problem =
            format!("every exam of it is one that {reader} has still to read in the study; calibrate on it once those are sealed");
        return Err(StudyError::Atlas { path: study.layout().atlas(), problem });
    }
    if codes.is_empty() {
        let problem = "it holds no exam with an agreed mask; the coordinator adds some with `osteon study atlas`".to_owned();
        return Err(StudyError::Atlas { path: study.layout().atlas(), problem });
    }
    let layout = Layout::new(study.layout().calibration(reader));
    let made = if layout.protocol().is_file() {
        Study::open(layout.root())?
    } else {
        let rules = study.protocol().clone().with_readers(vec![ReaderRule { code: reader.clone(), assistance: Assistance::None }]);
        // What is asked of a reader of the study is not asked here.
        let rules = rules.with_reading(ReadingRules::default()).with_pass_mark(None).with_sacroiliac(false);
        let rules = Fractions::new(1.0, 0.0, 0.0).map_or(rules.clone(), |all| rules.with_fractions(all));
        Study::init(layout.root(), &format!("Calibration of {reader}"), &rules)?
    };
    // A folder without a record was left by a program that was killed.
    let missing = |code: &&ExamCode| !layout.exam_record(code).is_file();
    if codes.iter().any(|code| missing(&code)) {
        let _alone = WriteLock::wait(&layout.exams())?;
        for code in codes.iter().filter(missing) {
            let record = ExamRecord::load(atlas.layout(), code)?;
            copy_recoded(atlas.layout(), &record, code, &record.patient, &layout)?;
        }
    }
    Ok(made)
}

/// Whether the last line of a file has no end.
fn ends_within_a_line(file: &mut fs::File) -> std::io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

impl Study {
    /// The folder of the study whose reader calibrates in this one; `None` where this is no calibration.
    #[must_use]
    pub fn calibrates(&self) -> Option<PathBuf> {
        let folder = self.layout().root().parent().filter(|folder| folder.file_name().is_some_and(|name| name == "calibration"))?;
        folder.parent().filter(|parent| Layout::new(*parent).protocol().is_file()).map(Path::to_owned)
    }

    /// Keeps a result: a line in `calibration/<reader>.jsonl`, on disk when this returns. Lines are only ever added.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn keep_calibration(&self, result: &CalibrationResult) -> Result<(), StudyError> {
        let path = self.layout().calibration_results(&result.reader);
        let failed = |cause| StudyError::NotWritable { path: path.clone(), cause };
        let mut line = serde_json::to_vec(result).map_err(|e| StudyError::Damaged { path: path.clone(), problem: e.to_string() })?;
        line.push(b'\n');
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        let mut file = fs::OpenOptions::new().create(true).read(true).append(true).open(&path).map_err(failed)?;
        // After a line that a crash tore this one would be its end, and be passed over with it.
        if ends_within_a_line(&mut file).map_err(failed)? {
            line.insert(0, b'\n');
        }
        file.write_all(&line).and_then(|()| file.sync_all()).map_err(failed)
    }

    /// Every result of a reader, in the order of calibrating.
    ///
    /// # Errors
    /// As [`CalibrationResult::load`].
    pub fn calibrations(&self, reader: &ReaderCode) -> Result<Vec<CalibrationResult>, StudyError> {
        CalibrationResult::load(&self.layout().calibration_results(reader))
    }

    /// Whether a reader's latest result of every atlas exam passes; `None` where the protocol has no pass mark or the atlas no exam for
    /// them.
    ///
    /// # Errors
    /// If atlas or results cannot be read.
    pub fn is_calibrated(&self, reader: &ReaderCode) -> Result<Option<bool>, StudyError> {
        let mut codes = self.atlas().codes()?;
        if self.protocol().pass_mark().is_none() || codes.is_empty() {
            return Ok(None);
        }
        // Nobody calibrates on what is hidden from them.
        let hidden = self.hidden_atlas_exams(reader)?;
        codes.retain(|code| hidden.iter().all(|h| h.atlas != *code));
        if codes.is_empty() {
            return Ok(None);
        }
        let results = self.calibrations(reader)?;
        let latest = |code: &ExamCode| results.iter().rev().find(|r| r.exam == *code).and_then(CalibrationResult::passed);
        Ok(Some(codes.iter().all(|code| latest(code) == Some(true))))
    }

    /// SHA-256 of an exam's agreed mask as it lies in the atlas.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn agreed_sha256(&self, code: &ExamCode) -> Result<String, StudyError> {
        let path = self.atlas().layout().atlas_mask(code);
        file_sha256(&path).map_err(|cause| ExamError::Unreadable { path, cause }.into())
    }
}
