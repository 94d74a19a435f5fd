//! The way back: a reader's sealed reads in one file.

use super::container::{Direction, pack};
use super::error::PacketError;
use super::make::write;
use crate::io::{folder_of, making_folder};
use crate::study::read::ReadView;
use crate::study::{CalibrationResult, ExamCode, Layout, Study, StudyError};
use std::fs;
use std::path::{Path, PathBuf};

/// What was sent back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentBack {
    /// The file.
    pub out: PathBuf,
    /// Sealed reads in it.
    pub reads: usize,
    /// Exams of the packet without a sealed read.
    pub left: usize,
    /// Exams in the copy that the packet did not bring, and whose reads stay.
    pub strangers: usize,
}

/// Writes the sealed reads of a packet's copy into one file. Reads that are not sealed stay where they are.
///
/// # Errors
/// If the study is no packet's copy, nothing is sealed, or a file cannot be read or written.
pub fn send_back(study: &Study, out: &Path) -> Result<SentBack, StudyError> {
    let layout = study.layout();
    let Some(copy) = study.packet()? else {
        return Err(PacketError::NotAPacket {
            path: layout.root().to_owned(),
            expected: "a reader's copy of a study",
            problem: "there is no packet.json in it; open the folder that the packet was unpacked into".to_owned(),
        }
        .into());
    };
    let folder = making_folder(folder_of(out)).map_err(|e| PacketError::file(out, e))?;
    let inside = Layout::new(folder.path());
    let (mut reads, mut left) = (0, 0);
    let exams = layout.exam_codes().map_err(|e| StudyError::list(layout.exams(), e))?;
    let (own, strangers): (Vec<_>, Vec<_>) = exams.into_iter().partition(is_of_packet);
    for exam in own {
        let before = reads;
        for number in study.read_numbers(&copy.reader, &exam)? {
            let path = layout.read(&copy.reader, &exam, number);
            if ReadView::open(&path)?.sealed()?.is_none() {
                continue;
            }
            let seal = study.seal_of(&copy.reader, &exam, number)?;
            let target = inside.read(&copy.reader, &exam, number);
            let parent = inside.exam_reads(&copy.reader, &exam);
            fs::create_dir_all(&parent).map_err(|e| PacketError::file(&parent, e))?;
            fs::copy(&path, &target).map_err(|e| PacketError::file(&path, e))?;
            if let Some(seal) = seal {
                let text =
                    serde_json::to_vec_pretty(&seal).map_err(|e| StudyError::Damaged { path: path.clone(), problem: e.to_string() })?;
                write(&Layout::seal_of(&target), &text)?;
            }
            reads += 1;
        }
        left += usize::from(reads == before);
    }
    if reads == 0 {
        let nothing = "no sealed read; submit a read, then send it back";
        return Err(PacketError::Empty { path: layout.root().to_owned(), nothing }.into());
    }
    let results = layout.calibration_results(&copy.reader);
    if !CalibrationResult::load(&results)?.is_empty() {
        let target = inside.calibration_results(&copy.reader);
        let parent = target.parent().unwrap_or(inside.root());
        fs::create_dir_all(parent).map_err(|e| PacketError::file(parent, e))?;
        fs::copy(&results, &target).map_err(|e| PacketError::file(&results, e))?;
    }
    pack(folder.path(), Direction::Back, &copy.packet, &copy.reader, out)?.put()?;
    Ok(SentBack { out: out.to_owned(), reads, left, strangers: strangers.len() })
}

/// Whether an exam's code is one that packets give, a number and a word: `001-K7QX`. Every import gives others, and the coordinator's
/// code map knows none of them: one such read would keep all others from being taken over.
fn is_of_packet(exam: &ExamCode) -> bool {
    exam.as_str().split_once('-').is_some_and(|(number, _)| number.len() > 2 && number.bytes().all(|sign| sign.is_ascii_digit()))
}
