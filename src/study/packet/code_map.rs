//! The coordinator's code map: which exam is which in every reader's packet. It lies outside study and packets.

use super::error::PacketError;
use crate::io::private_write;
use crate::study::exam::read_given;
use crate::study::link::refuse_inside;
use crate::study::read::WriteLock;
use crate::study::{ExamCode, PatientCode, ReaderCode, StudyError};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// What a code map is called when it is refused.
const CODES: &str = "a code map, which tells whose exam is which in every packet,";
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
        refuse_inside(CODES, path, study_root)?;
        Self::read(path)
    }

    fn read(path: &Path) -> Result<Self, StudyError> {
        if !path.exists() {
            return Ok(Self { format: FORMAT, packets: Vec::new(), path: path.to_owned() });
        }
        let damaged = |problem: String| StudyError::Damaged { path: path.to_owned(), problem };
        let map: Self = serde_json::from_slice(&read_given(path)?).map_err(|e| damaged(e.to_string()))?;
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

    /// Adds a packet to the map as it is on disk now: images were copied since it was read, and another program may have made
    /// packets meanwhile. `again` as for [`CodeMap::refuse_second`].
    pub(super) fn add(&mut self, key: PacketKey, again: bool) -> Result<(), StudyError> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).map_err(|e| PacketError::file(folder, e))?;
        }
        let _alone = WriteLock::wait(&self.path)?;
        let mut map = Self::read(&self.path)?;
        map.refuse_second(&key.reader, again)?;
        let taken = |e: &CodedExam| map.has_code(&e.code) || map.has_patient(&e.patient);
        if map.packet(&key.packet).is_some() || key.exams.iter().any(taken) {
            return Err(PacketError::Crossed { map: self.path.clone() }.into());
        }
        map.packets.push(key);
        map.write()?;
        *self = map;
        Ok(())
    }

    /// Takes a packet out again that did not come to be.
    pub(super) fn take_out(&mut self, number: &str) -> Result<(), StudyError> {
        let _alone = WriteLock::wait(&self.path)?;
        let mut map = Self::read(&self.path)?;
        map.packets.retain(|p| p.packet != number);
        map.write()?;
        *self = map;
        Ok(())
    }

    fn write(&self) -> Result<(), StudyError> {
        let damaged = |e: serde_json::Error| StudyError::Damaged { path: self.path.clone(), problem: e.to_string() };
        let mut text = serde_json::to_vec_pretty(self).map_err(damaged)?;
        text.push(b'\n');
        Ok(private_write(&self.path, |out| out.write_all(&text))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(reader: &str, packet: &str, code: &str) -> PacketKey {
        let (exam, patient) = (ExamCode::new("K-001").unwrap(), PatientCode::new(&format!("P-{code}")).unwrap());
        let exams = vec![CodedExam { code: ExamCode::new(code).unwrap(), exam, number: 1, patient }];
        PacketKey { packet: packet.to_owned(), reader: ReaderCode::new(reader).unwrap(), seed: 1, exams }
    }

    #[test]
    fn two_programs_that_opened_one_map_both_find_their_packet_in_it() {
        let home = tempfile::tempdir().unwrap();
        let (path, study) = (home.path().join("map.json"), home.path().join("study"));
        std::fs::create_dir(&study).unwrap();
        let open = || CodeMap::open(&path, &study).unwrap();
        let (mut one, mut other) = (open(), open());
        one.add(key("R1", "a", "001-BCDF"), false).unwrap();
        other.add(key("R2", "b", "001-GHJK"), false).unwrap();
        assert_eq!(open().packets().iter().map(|p| p.packet.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(one.packets().len(), 1, "as it was when it was read");
        // What the other program did meanwhile counts: its reader has a packet, its codes are taken.
        let second = one.add(key("R2", "c", "001-LMNP"), false).unwrap_err().to_string();
        assert!(second.contains("has a packet already (b)"), "{second}");
        let crossed = one.add(key("R3", "d", "001-GHJK"), false).unwrap_err().to_string();
        assert!(crossed.contains("map.json") && crossed.contains("make the packet again"), "{crossed}");
        one.take_out("a").unwrap();
        assert_eq!(open().packets().iter().map(|p| p.packet.as_str()).collect::<Vec<_>>(), ["b"]);
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 2, "no lock stays");
    }
}
