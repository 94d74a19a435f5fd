//! Merging what came back: checked as a whole first, then each read under its study's code. Other readers' files are not touched.

use super::code_map::{CodeMap, CodedExam, PacketKey};
use super::container::{Direction, extract, verify};
use super::error::PacketError;
use crate::io::making_folder;
use crate::study::read::{Placed, ReadView};
use crate::study::store::reading_grid;
use crate::study::{CalibrationResult, ExamCode, Layout, ReaderCode, Seal, Study, StudyError};
use std::path::{Path, PathBuf};

/// What became of a packet that came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergeReport {
    /// The reader.
    pub reader: ReaderCode,
    /// Reads taken over.
    pub merged: Vec<MergedRead>,
    /// Reads that the study had already.
    pub present: Vec<MergedRead>,
    /// Calibrations taken over.
    pub calibrations: usize,
}

/// One read of a packet, under its code in the study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MergedRead {
    /// The exam.
    pub exam: ExamCode,
    /// Number of the read in the study.
    pub number: u32,
}

/// A read that was found whole.
struct Checked {
    file: PathBuf,
    seal: Seal,
    place: MergedRead,
    present: bool,
}

/// Merges a packet that came back from a reader.
///
/// # Errors
/// If the packet or a read in it was changed, the code map does not know it, all of it was merged before, or another read lies in
/// its place. Nothing is taken over then.
pub fn merge_packet(study: &Study, packet: &Path, code_map: &Path) -> Result<MergeReport, StudyError> {
    let manifest = verify(packet, Direction::Back)?;
    let map = CodeMap::open(code_map, study.layout().root())?;
    let unknown = || PacketError::UnknownPacket { path: packet.to_owned(), map: code_map.to_owned() };
    let key = map.packet(&manifest.packet).ok_or_else(unknown)?;
    if key.reader != manifest.reader {
        return Err(tampered(packet, format!("it names reader {}, but the packet was {}'s", manifest.reader, key.reader)).into());
    }
    let folder = making_folder(study.layout().root()).map_err(|e| PacketError::file(packet, e))?;
    extract(packet, &manifest, folder.path())?;
    let mut checked = Vec::new();
    for coded in &key.exams {
        check_exam(study, packet, key, coded, &Layout::new(folder.path()), &mut checked)?;
    }
    let calibrations = calibrations_in(packet, key, &Layout::new(folder.path()))?;
    // Everything in it must have been looked at: two files for each read, and one for calibrations.
    if checked.len() * 2 + usize::from(!calibrations.is_empty()) != manifest.entries.len() {
        return Err(tampered(packet, "it holds files that are no reads of its exams".to_owned()).into());
    }
    let mut report = MergeReport { reader: key.reader.clone(), merged: Vec::new(), present: Vec::new(), calibrations: 0 };
    for read in checked {
        if read.present {
            report.present.push(read.place);
        } else {
            place(study, &key.reader, &read, &manifest.packet)?;
            report.merged.push(read.place);
        }
    }
    let known = study.calibrations(&key.reader)?;
    for result in calibrations.iter().filter(|result| !known.contains(result)) {
        study.keep_calibration(result)?;
        report.calibrations += 1;
    }
    // A reader who only calibrated again since sends the same reads with new results.
    if report.merged.is_empty() && report.calibrations == 0 {
        Err(PacketError::Duplicate { path: packet.to_owned() }.into())
    } else {
        Ok(report)
    }
}

/// How the reader did on the atlas, as their own program measured it.
fn calibrations_in(packet: &Path, key: &PacketKey, inside: &Layout) -> Result<Vec<CalibrationResult>, StudyError> {
    let results = CalibrationResult::load(&inside.calibration_results(&key.reader))?;
    if results.iter().all(|result| result.reader == key.reader) {
        Ok(results)
    } else {
        Err(tampered(packet, "it holds another reader's calibration".to_owned()).into())
    }
}

fn tampered(packet: &Path, problem: String) -> PacketError {
    PacketError::Tampered { path: packet.to_owned(), problem }
}

fn check_exam(
    study: &Study,
    packet: &Path,
    key: &PacketKey,
    coded: &CodedExam,
    inside: &Layout,
    checked: &mut Vec<Checked>,
) -> Result<(), StudyError> {
    let numbers = inside.read_numbers(&key.reader, &coded.code).map_err(|e| StudyError::list(inside.reads(), e))?;
    let mut taken = study.read_numbers(&key.reader, &coded.exam)?;
    let planned = |exam: &ExamCode| key.exams.iter().filter(|c| c.exam == *exam).map(|c| c.number).max().unwrap_or(0);
    for (at, number) in numbers.into_iter().enumerate() {
        let file = inside.read(&key.reader, &coded.code, number);
        let seal = check_read(study, packet, key, coded, &file)?;
        let mut place = MergedRead { exam: coded.exam.clone(), number: coded.number };
        let same = find_same(study, key, coded, &seal)?;
        match same {
            Some(number) => place.number = number,
            // Reads that the reader made beside the first get the next numbers, behind those that the packet has a place for.
            None if at > 0 => {
                let others = checked.iter().filter(|c| c.place.exam == coded.exam).map(|c| c.place.number);
                place.number = others.chain(taken.iter().copied()).chain([planned(&coded.exam)]).max().unwrap_or(0) + 1;
            }
            None if taken.contains(&coded.number) => {
                let (reader, exam) = (key.reader.clone(), coded.exam.clone());
                return Err(PacketError::Occupied { path: packet.to_owned(), reader, exam, number: coded.number }.into());
            }
            None => {}
        }
        taken.push(place.number);
        checked.push(Checked { file, seal, place, present: same.is_some() });
    }
    Ok(())
}

/// Walks the whole journal of a read and holds it against its seal, its exam and its image.
fn check_read(study: &Study, packet: &Path, key: &PacketKey, coded: &CodedExam, file: &Path) -> Result<Seal, StudyError> {
    let name = format!("the read of {}", coded.code);
    let bad = |problem: String| StudyError::from(tampered(packet, problem));
    let view = ReadView::open(file).map_err(|e| bad(format!("{name} is not whole ({e})")))?;
    let seal = Seal::load(&Layout::seal_of(file)).map_err(|_| bad(format!("{name} has no seal")))?;
    let header = view.header();
    let record = study.exam(&coded.exam)?;
    let image = &record.sequence(&record.reading_sequence)?.image_sha256;
    if header.reader != key.reader || header.exam != coded.code || seal.exam != coded.code {
        return Err(bad(format!("{name} is another reader's or another exam's")));
    }
    if header.image_sha256 != *image || reading_grid(&record)?.require_same(&header.grid).is_err() {
        return Err(bad(format!("{name} was drawn on another image")));
    }
    view.verify_chain().map_err(|_| bad(format!("the journal of {name} was changed")))?;
    let now = Seal::of(&view).map_err(|e| bad(format!("{name} is not whole ({e})")))?;
    let now = now.ok_or_else(|| bad(format!("{name} is not sealed")))?;
    match seal.differs_from(&now) {
        Some(what) => Err(bad(format!("{name}: {what}"))),
        None => Ok(seal),
    }
}

/// Number of the read in the study that is this very one.
fn find_same(study: &Study, key: &PacketKey, coded: &CodedExam, seal: &Seal) -> Result<Option<u32>, StudyError> {
    for number in study.read_numbers(&key.reader, &coded.exam)? {
        let path = study.layout().read(&key.reader, &coded.exam, number);
        let view = ReadView::open(&path)?;
        if view.journal_sha256() == seal.journal_sha256 && view.sealed()?.as_ref() == Some(&seal.time) {
            if !Layout::seal_of(&path).exists() {
                drop(view);
                keep_seal(&path, seal, &key.packet)?;
            }
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// Brings a read to its place: the file as it was sealed, with a note under which code it lies here.
fn place(study: &Study, reader: &ReaderCode, read: &Checked, packet: &str) -> Result<(), StudyError> {
    let MergedRead { exam, number } = &read.place;
    let target = study.layout().read(reader, exam, *number);
    Placed { exam: exam.clone(), number: *number }.put(&read.file, &target)?;
    keep_seal(&target, &read.seal, packet)
}

fn keep_seal(target: &Path, seal: &Seal, packet: &str) -> Result<(), StudyError> {
    let here = crate::study::store::file_sha256(target).map_err(|e| PacketError::file(target, e))?;
    Seal { here_sha256: Some(here), packet: Some(packet.to_owned()), ..seal.clone() }.save(&Layout::seal_of(target))
}
