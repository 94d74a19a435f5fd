//! `exam.json`: what is known of an exam, without a word about who the patient is.

use super::{ExamCode, Layout, PatientCode, SequenceName};
use crate::io::{Finding, FindingCode, IoError, SaveError, atomic_write, read_image_nifti};
use crate::space::{Affine, SlicePlane};
use crate::volume::{Grid, Image};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Newest `exam.json` that this program reads.
const FORMAT: u32 = 1;
/// No honest record is larger (bytes).
const LARGEST: u64 = 64 << 20;

/// The record of one exam. Public fields: it is plain data, checked as a whole when read and written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExamRecord {
    /// Version of this form.
    pub format: u32,
    /// The exam.
    pub exam: ExamCode,
    /// Whose it is; a random code.
    pub patient: PatientCode,
    /// Which side it shows.
    pub side: Side,
    /// The sequence that is read.
    pub reading_sequence: SequenceName,
    /// Every sequence.
    pub sequences: Vec<SequenceRecord>,
}

/// Which side of the body an exam shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The right one.
    Right,
    /// The left one.
    Left,
    /// Both, in one image.
    Both,
    /// Not told.
    #[default]
    Unknown,
}

/// One volume of an exam.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SequenceRecord {
    /// Its name; the file is `<name>.nii.gz`.
    pub name: SequenceName,
    /// SHA-256 of that file, hexadecimal.
    pub image_sha256: String,
    /// Voxels along i, j, k.
    pub shape: [usize; 3],
    /// Voxel edges in mm.
    pub spacing_mm: [f64; 3],
    /// Upper three rows of `world_from_voxel`, RAS+ mm.
    pub world_from_voxel: [[f64; 4]; 3],
    /// What was odd about the source.
    pub findings: Vec<FindingRecord>,
    /// How it was acquired.
    pub acquisition: AcquisitionRecord,
    /// SHA-256 of each source file, hexadecimal.
    pub sources: Vec<String>,
}

/// Something odd about a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingRecord {
    /// Short word: `irregular-spacing`.
    pub code: String,
    /// One sentence.
    pub text: String,
}

/// How a volume was acquired; nothing that tells who the patient is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AcquisitionRecord {
    /// `MR`, `CT`, …
    pub modality: Option<String>,
    /// Echo number from 1.
    pub echo_number: Option<u32>,
    /// Repetition time in ms.
    pub tr_ms: Option<f64>,
    /// Echo time in ms.
    pub te_ms: Option<f64>,
    /// Inversion time in ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ti_ms: Option<f64>,
    /// Field strength in tesla.
    pub field_t: Option<f64>,
    /// Maker of the scanner.
    pub vendor: Option<String>,
}

/// Why an exam cannot be used.
#[derive(Debug, Error)]
pub enum ExamError {
    /// The file cannot be opened or read.
    #[error("{} cannot be read: {cause}; check the folder's permissions or import the exam again", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// A file that a person named cannot be read.
    #[error("{} cannot be read: {}", path.display(), given_advice(.cause))]
    Given {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The file says something that cannot be.
    #[error("{} is damaged: {problem}; restore it from a copy or import the exam again", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Written by a later version.
    #[error("{} was written by a newer version of the program (format {format}); update the program", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: u32,
    },
    /// The exam has no such sequence.
    #[error("exam {exam} has no sequence {sequence}; it has {present}")]
    NoSuchSequence {
        /// The exam.
        exam: ExamCode,
        /// The sequence asked for.
        sequence: SequenceName,
        /// Those there are.
        present: String,
    },
    /// The image cannot be read.
    #[error(transparent)]
    Image(#[from] IoError),
    /// The record cannot be written.
    #[error(transparent)]
    Save(#[from] SaveError),
}

impl ExamRecord {
    /// A record in the present form.
    #[must_use]
    pub const fn new(
        exam: ExamCode,
        patient: PatientCode,
        side: Side,
        reading_sequence: SequenceName,
        sequences: Vec<SequenceRecord>,
    ) -> Self {
        Self { format: FORMAT, exam, patient, side, reading_sequence, sequences }
    }

    /// Reads and checks an exam's record.
    ///
    /// # Errors
    /// If it cannot be read, is damaged or from a newer version.
    pub fn load(layout: &Layout, exam: &ExamCode) -> Result<Self, ExamError> {
        let path = layout.exam_record(exam);
        let record = Self::parse(&read_bounded(&path)?, &path)?;
        if record.exam != *exam {
            return Err(ExamError::Damaged { path, problem: format!("it is the record of exam {}, not {exam}", record.exam) });
        }
        Ok(record)
    }

    /// Writes the record to the study.
    ///
    /// # Errors
    /// If it cannot be written, or would not be read back.
    pub fn save(&self, layout: &Layout) -> Result<(), ExamError> {
        self.save_in(&layout.exam(&self.exam))
    }

    /// Writes the record into an exam's folder.
    pub(super) fn save_in(&self, folder: &Path) -> Result<(), ExamError> {
        let path = Layout::exam_record_in(folder);
        self.check().map_err(|problem| ExamError::Damaged { path: path.clone(), problem })?;
        let mut text = serde_json::to_vec_pretty(self).map_err(|e| ExamError::Damaged { path: path.clone(), problem: e.to_string() })?;
        text.push(b'\n');
        Ok(atomic_write(&path, |out| out.write_all(&text))?)
    }

    /// The sequence of a name.
    ///
    /// # Errors
    /// If there is none.
    pub fn sequence(&self, name: &SequenceName) -> Result<&SequenceRecord, ExamError> {
        self.sequences.iter().find(|s| s.name == *name).ok_or_else(|| ExamError::NoSuchSequence {
            exam: self.exam.clone(),
            sequence: name.clone(),
            present: self.sequences.iter().map(|s| s.name.as_str()).collect::<Vec<_>>().join(", "),
        })
    }

    /// The sequence that is read. Where the exam lies and how its slices run is its to say, whatever else the exam has.
    ///
    /// # Errors
    /// If there is none.
    pub fn reading(&self) -> Result<&SequenceRecord, ExamError> {
        self.sequence(&self.reading_sequence)
    }

    /// The plane that the exam is read in.
    ///
    /// # Errors
    /// If the record describes none.
    pub fn reading_plane(&self) -> Result<SlicePlane, ExamError> {
        let damaged = |problem| ExamError::Damaged { path: format!("{}/exam.json", self.exam).into(), problem };
        self.reading()?.reading_plane().map_err(damaged)
    }

    /// Reads the image of a sequence (`layout.sequence`), and makes sure that it lies where the record says.
    ///
    /// # Errors
    /// If there is no such sequence, the file cannot be read, or its grid is another.
    pub fn load_image(&self, layout: &Layout, name: &SequenceName) -> Result<Image, ExamError> {
        let sequence = self.sequence(name)?;
        let path = layout.sequence(&self.exam, name);
        let image = read_image_nifti(&path)?;
        let expected = sequence.grid().map_err(|problem| ExamError::Damaged { path: layout.exam_record(&self.exam), problem })?;
        match expected.require_same(image.grid()) {
            Ok(()) => Ok(image),
            Err(mismatch) => Err(ExamError::Damaged { path, problem: mismatch.to_string() }),
        }
    }

    fn parse(bytes: &[u8], path: &Path) -> Result<Self, ExamError> {
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let damaged = |problem: String| ExamError::Damaged { path: path.to_owned(), problem };
        let Version { format } = serde_json::from_slice(bytes).map_err(|e| damaged(e.to_string()))?;
        if format > FORMAT {
            return Err(ExamError::Newer { path: path.to_owned(), format });
        }
        let record: Self = serde_json::from_slice(bytes).map_err(|e| damaged(e.to_string()))?;
        record.check().map_err(damaged)?;
        Ok(record)
    }

    fn check(&self) -> Result<(), String> {
        let mut names = HashSet::new();
        for sequence in &self.sequences {
            sequence.grid().map_err(|problem| format!("sequence {}: {problem}", sequence.name))?;
            if !names.insert(&sequence.name) {
                return Err(format!("sequence {} is named twice", sequence.name));
            }
        }
        if names.contains(&self.reading_sequence) {
            Ok(())
        } else {
            Err(format!("the sequence to read, {}, is not among its sequences", self.reading_sequence))
        }
    }
}

impl ExamRecord {
    /// What the sequence that is read was made with, as far as it is known: maker and field strength. Empty where nothing is.
    #[must_use]
    pub fn scanner(&self) -> String {
        let read = self.sequences.iter().find(|sequence| sequence.name == self.reading_sequence);
        let Some(acquisition) = read.map(|sequence| &sequence.acquisition) else { return String::new() };
        let field = acquisition.field_t.map(|tesla| format!("{tesla:.1} T"));
        acquisition.vendor.iter().map(|vendor| vendor.trim().to_lowercase()).chain(field).collect::<Vec<_>>().join(" ")
    }
}

impl FindingRecord {
    /// As it goes on record.
    #[must_use]
    pub fn of(finding: &Finding) -> Self {
        Self { code: finding.code.as_str().to_owned(), text: finding.text.clone() }
    }
}

impl SequenceRecord {
    /// The grid that shape and affine describe.
    ///
    /// # Errors
    /// If they describe none; in words.
    pub fn grid(&self) -> Result<Grid, String> {
        let affine = Affine::new(self.world_from_voxel).map_err(|e| e.to_string())?;
        Grid::new(self.shape, affine).map_err(|e| e.to_string())
    }

    /// Whether it has a place in space; else its affine is made up.
    #[must_use]
    pub fn is_placed(&self) -> bool {
        self.findings.iter().all(|finding| finding.code != FindingCode::NoGeometry.as_str())
    }

    /// Whether it has the grid of `reading`, or both have a place in space by which it can be brought there.
    #[must_use]
    pub fn can_be_laid_on(&self, reading: &Self) -> bool {
        let same_grid = self.shape == reading.shape && self.world_from_voxel == reading.world_from_voxel;
        (same_grid && self.is_placed() == reading.is_placed()) || (self.is_placed() && reading.is_placed())
    }

    /// The slices across a voxel axis, as they are shown: as stored where there is no place in space.
    ///
    /// # Errors
    /// As [`SequenceRecord::grid`].
    pub fn plane_across(&self, slice_axis: usize) -> Result<SlicePlane, String> {
        let grid = self.grid()?;
        let placed = || SlicePlane::new(grid.world_from_voxel(), grid.shape(), slice_axis);
        Ok(if self.is_placed() { placed() } else { SlicePlane::stored_across(self.shape, slice_axis) })
    }

    /// The plane that it is read in: the acquisition plane; without a place in space the pictures as stored.
    ///
    /// # Errors
    /// As [`SequenceRecord::grid`].
    pub fn reading_plane(&self) -> Result<SlicePlane, String> {
        let grid = self.grid()?;
        let acquired = || SlicePlane::acquisition(grid.world_from_voxel(), grid.shape());
        Ok(if self.is_placed() { acquired() } else { SlicePlane::as_stored(self.shape) })
    }
}

/// Reads a small file that a person named on the command line or chose in the window.
pub(super) fn read_given(path: &Path) -> Result<Vec<u8>, ExamError> {
    read_bounded(path).map_err(|error| match error {
        ExamError::Unreadable { path, cause } => ExamError::Given { path, cause },
        other => other,
    })
}

fn given_advice(cause: &std::io::Error) -> String {
    match cause.kind() {
        std::io::ErrorKind::NotFound => "no such file; check the path".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a folder; name the file itself".to_owned(),
        _ => format!("{cause}; check the path and its permissions"),
    }
}

/// Reads a small file whole; a large one is no record of ours.
pub(super) fn read_bounded(path: &Path) -> Result<Vec<u8>, ExamError> {
    let unreadable = |cause| ExamError::Unreadable { path: path.to_owned(), cause };
    let mut bytes = Vec::new();
    fs::File::open(path).map_err(unreadable)?.take(LARGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err(ExamError::Damaged { path: path.to_owned(), problem: "it is larger than any record".to_owned() });
    }
    Ok(bytes)
}
