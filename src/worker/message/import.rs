//! An import that waits for a person's word.

use crate::study::ImportTable;
use std::path::PathBuf;

/// What is to be imported into which study.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportSource {
    /// The study.
    pub root: PathBuf,
    /// File or folder with images.
    pub path: PathBuf,
    /// Table of whose NIfTI files are whose.
    pub patients: Option<PathBuf>,
    /// The coordinator's link list, outside the study.
    pub link: Option<PathBuf>,
}

/// What an import would bring; the images themselves wait with the workers.
#[derive(Clone, Debug)]
pub struct ImportLook {
    /// Where from and where to.
    pub source: ImportSource,
    /// What would be imported.
    pub table: ImportTable,
    /// Files that could not be read, with the reason.
    pub skipped: Vec<String>,
}

/// A picture of one sequence of the table, to be searched for names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportPreview {
    /// Which exam and sequence of the table.
    pub at: [usize; 2],
    /// Which slice; `None` is the brightest of all slices at each pixel.
    pub slice: Option<usize>,
    /// How many slices there are.
    pub slices: usize,
    /// Columns and rows of the sequence.
    pub size: [usize; 2],
    /// Columns and rows of the preview, smaller where the sequence is large.
    pub shown: [usize; 2],
    /// Brightness of each pixel of the preview, row by row from the top as stored.
    pub grey: Vec<u8>,
}
