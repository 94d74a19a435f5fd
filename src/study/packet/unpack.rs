//! The reader's side: a packet becomes a study of their own, once, and is found again.

use super::container::{Direction, extract, is_id, verify};
use super::error::PacketError;
use crate::io::making_folder;
use crate::study::exam::read_bounded;
use crate::study::{Layout, ReaderCode, Study, StudyError};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// `packet.json`: marks a study as a reader's packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PacketCopy {
    format: u32,
    /// Number of the packet.
    pub packet: String,
    /// Whose it is.
    pub reader: ReaderCode,
}

impl PacketCopy {
    pub(super) const fn new(packet: String, reader: ReaderCode) -> Self {
        Self { format: 1, packet, reader }
    }

    fn load(layout: &Layout) -> Result<Option<Self>, StudyError> {
        let path = layout.packet();
        if !path.exists() {
            return Ok(None);
        }
        let damaged = |problem: String| StudyError::Damaged { path: path.clone(), problem };
        let copy: Self = serde_json::from_slice(&read_bounded(&path)?).map_err(|e| damaged(e.to_string()))?;
        if copy.format == 1 && is_id(&copy.packet) {
            Ok(Some(copy))
        } else {
            Err(damaged("it is not understood by this version of the program".to_owned()))
        }
    }

    /// Refuses in a reader's copy what only the coordinator's study takes: an exam or a mask that the packet did not bring is
    /// nothing that can come home. `what` says what is done there: `images are imported`.
    ///
    /// # Errors
    /// If it is such a copy, or `packet.json` is damaged.
    pub fn refuse_in(layout: &Layout, what: &'static str) -> Result<(), StudyError> {
        match Self::load(layout)? {
            Some(copy) => Err(PacketError::InCopy { path: layout.root().to_owned(), reader: copy.reader, what }.into()),
            None => Ok(()),
        }
    }

    pub(super) fn save(&self, layout: &Layout) -> Result<(), StudyError> {
        let path = layout.packet();
        let text = serde_json::to_vec_pretty(self).map_err(|e| StudyError::Damaged { path: path.clone(), problem: e.to_string() })?;
        super::make::write(&path, &text)
    }
}

impl Study {
    /// The packet that this study came in, if it is a reader's copy.
    ///
    /// # Errors
    /// If `packet.json` is damaged.
    pub fn packet(&self) -> Result<Option<PacketCopy>, StudyError> {
        PacketCopy::load(self.layout())
    }
}

/// Whether a file begins as a packet.
#[must_use]
pub fn is_packet(path: &Path) -> bool {
    let mut head = [0; 14];
    path.is_file() && File::open(path).and_then(|mut f| f.read_exact(&mut head)).is_ok() && &head == b"osteon packet "
}

/// Number of the packet in a file, checked as a whole.
///
/// # Errors
/// If it is no packet for a reader or was changed.
pub fn packet_id(path: &Path) -> Result<String, StudyError> {
    Ok(verify(path, Direction::Out)?.packet)
}

/// Unpacks a packet into `folder/<number>`, whole or not at all; one that is there already is left as it is, with all reads in it.
///
/// # Errors
/// If the file is no packet, was changed, or the folder cannot be written to.
pub fn unpack(path: &Path, folder: &Path) -> Result<PathBuf, StudyError> {
    let manifest = verify(path, Direction::Out)?;
    let root = folder.join(&manifest.packet);
    if root.join("study.toml").is_file() {
        return Ok(root);
    }
    let failed = |e: std::io::Error| PacketError::file(folder, e);
    let making = making_folder(folder).map_err(failed)?;
    extract(path, &manifest, making.path())?;
    let layout = Layout::new(making.path());
    for place in [layout.exams(), layout.reads(), layout.models(), layout.results()] {
        fs::create_dir_all(&place).map_err(|e| PacketError::file(&place, e))?;
    }
    // Opened once, so that what is not a study never gets its place.
    let study = Study::open(making.path())?;
    let tampered = |problem: &str| PacketError::Tampered { path: path.to_owned(), problem: problem.to_owned() };
    match study.packet()? {
        Some(copy) if copy.packet == manifest.packet && copy.reader == manifest.reader => {}
        _ => return Err(tampered("it says two things about whose it is").into()),
    }
    fs::rename(making.path(), &root).map_err(failed)?;
    // The folder has moved: there is nothing left to remove.
    let _ = making.keep();
    Ok(root)
}
