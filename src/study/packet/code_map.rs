//! The coordinator's code map: which exam is which in every reader's packet. It lies outside study and packets.

use super::error::PacketError;
use crate::io::atomic_write;
use crate::study::exam::read_bounded;
use crate::study::link::{NAMES, refuse_inside};
use crate::study::{ExamCode, PatientCode, ReaderCode, StudyError};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Newest code map that this program reads.
const FORMAT: u32 = 1;

/// All packets made of a study. Plain data, written to the coordinator's file and nowhere else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeMap {
    format: u32,
    packets: Vec<PacketKey>,
    #[serde(skip)]
    path: PathBuf,
}

/// One packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PacketKey {
    /// Its number, random.
    pub packet: String,
    /// Whose it is.
    pub reader: ReaderCode,
    /// What order and codes were drawn with.
    pub seed: u64,
    /// Its exams in the order of reading.
    pub exams: Vec<CodedExam>,
}

/// One exam under the code it has in a packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodedExam {
    /// Code in the packet.
    pub code: ExamCode,
    /// Code in the study.
    pub exam: ExamCode,
    /// Number that the read gets in the study.
    pub number: u32,
    /// Code that the patient has in the packet.
    pub patient: PatientCode,
}

impl CodeMap {
    /// Reads the map, which need not be there yet; a place inside the study is refused.
    ///
    /// # Errors
    /// If it cannot be read, is damaged or lies in the study.
    pub fn open(path: &Path, study_root: &Path) -> Result<Self, StudyError> {
        refuse_inside(NAMES, path, study_root)?;
        if !path.exists() {
            return Ok(Self { format: FORMAT, packets: Vec::new(), path: path.to_owned() });
        }
        let damaged = |problem: String| StudyError::Damaged { path: path.to_owned(), problem };
        let map: Self = serde_json::from_slice(&read_bounded(path)?).map_err(|e| damaged(e.to_string()))?;
        if map.format > FORMAT {
            return Err(damaged(format!("its format {} is newer than this program", map.format)));
        }
        Ok(Self { path: path.to_owned(), ..map })
    }

    /// All packets, the oldest first.
    #[must_use]
    pub fn packets(&self) -> &[PacketKey] {
        &self.packets
    }

    /// A packet by its number.
    #[must_use]
    pub fn packet(&self, number: &str) -> Option<&PacketKey> {
        self.packets.iter().find(|p| p.packet == number)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a code is in use in some packet.
    pub(super) fn has_code(&self, code: &ExamCode) -> bool {
        self.packets.iter().flat_map(|p| &p.exams).any(|e| e.code == *code)
    }

    pub(super) fn has_patient(&self, patient: &PatientCode) -> bool {
        self.packets.iter().flat_map(|p| &p.exams).any(|e| e.patient == *patient)
    }

    /// Refuses a second packet for a reader, unless it is made on purpose.
    pub(super) fn refuse_second(&self, reader: &ReaderCode, again: bool) -> Result<(), PacketError> {
        match self.packets.iter().find(|p| p.reader == *reader && !again) {
            Some(made) => Err(PacketError::MadeBefore { reader: reader.clone(), packet: made.packet.clone() }),
            None => Ok(()),
        }
    }

    /// Adds a packet and writes the map.
    pub(super) fn add(&mut self, key: PacketKey) -> Result<(), StudyError> {
        let mut map = self.clone();
        map.packets.push(key);
        let damaged = |e: serde_json::Error| StudyError::Damaged { path: self.path.clone(), problem: e.to_string() };
        let mut text = serde_json::to_vec_pretty(&map).map_err(damaged)?;
        text.push(b'\n');
        atomic_write(&self.path, |out| out.write_all(&text))?;
        *self = map;
        Ok(())
    }
}
