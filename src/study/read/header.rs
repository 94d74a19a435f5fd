//! What a read is of: written once, when the file is made.

use super::error::ReadError;
use crate::space::Affine;
use crate::study::{ExamCode, ReaderCode};
use crate::volume::Grid;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Whose read of what. Plain data.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadHeader {
    /// The exam.
    pub exam: ExamCode,
    /// The reader.
    pub reader: ReaderCode,
    /// Number of this reader's read of the exam, from 1.
    pub number: u32,
    /// Grid of the sequence that was read, and of its labels.
    pub grid: Grid,
    /// Voxel axis (0, 1, 2) along which slices are counted.
    pub slice_axis: usize,
    /// When the read was begun, RFC 3339.
    pub created: String,
    /// Whether a model's proposals were shown.
    pub assisted: bool,
    /// SHA-256 of the image file that was read, hexadecimal.
    pub image_sha256: String,
}

#[derive(Serialize, Deserialize)]
struct HeaderForm {
    exam: ExamCode,
    reader: ReaderCode,
    number: u32,
    shape: [usize; 3],
    world_from_voxel: [[f64; 4]; 3],
    slice_axis: usize,
    created: String,
    assisted: bool,
    image_sha256: String,
}

impl ReadHeader {
    /// Makes sure that this is the read of an exam by a reader on a grid; `path` is for the message.
    ///
    /// # Errors
    /// If any of the three is another; both are named.
    pub fn require(&self, path: &Path, exam: &ExamCode, reader: &ReaderCode, grid: &Grid) -> Result<(), ReadError> {
        let path = path.to_owned();
        if self.exam != *exam {
            return Err(ReadError::OtherExam { path, found: self.exam.to_string(), expected: exam.to_string() });
        }
        if self.reader != *reader {
            return Err(ReadError::OtherReader { path, found: self.reader.to_string(), expected: reader.to_string() });
        }
        match grid.require_same(&self.grid) {
            Ok(()) => Ok(()),
            Err(mismatch) => Err(ReadError::OtherGrid { path, found: mismatch.right, expected: mismatch.left }),
        }
    }

    /// The text that is stored and that the chain of hashes starts from.
    pub(super) fn to_json(&self) -> serde_json::Result<String> {
        let m = self.grid.world_from_voxel().matrix();
        serde_json::to_string(&HeaderForm {
            exam: self.exam.clone(),
            reader: self.reader.clone(),
            number: self.number,
            shape: self.grid.shape(),
            world_from_voxel: [m[0], m[1], m[2]],
            slice_axis: self.slice_axis,
            created: self.created.clone(),
            assisted: self.assisted,
            image_sha256: self.image_sha256.clone(),
        })
    }

    /// Reads [`ReadHeader::to_json`]; says in words what is wrong.
    pub(super) fn from_json(text: &str) -> Result<Self, String> {
        let form: HeaderForm = serde_json::from_str(text).map_err(|e| format!("its header cannot be understood ({e})"))?;
        let affine = Affine::new(form.world_from_voxel).map_err(|e| e.to_string())?;
        if form.slice_axis > 2 {
            return Err("its slices run along an axis that does not exist".to_owned());
        }
        Ok(Self {
            exam: form.exam,
            reader: form.reader,
            number: form.number,
            grid: Grid::new(form.shape, affine).map_err(|e| e.to_string())?,
            slice_axis: form.slice_axis,
            created: form.created,
            assisted: form.assisted,
            image_sha256: form.image_sha256,
        })
    }
}
