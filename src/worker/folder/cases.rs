//! One exam of a folder: images of one grid and the mask, or masks, that belong to them.

use super::super::files::reading_axis;
use crate::consensus::{StapleOptions, VotePatterns, binary_staple};
use crate::io;
use crate::study::{ExamRecord, Part, Split, Study};
use crate::volume::{Image, Labels};
use std::path::{Path, PathBuf};

/// Files that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// What it is called in tables.
    pub name: String,
    /// One image per input sequence, on one grid.
    pub images: Vec<PathBuf>,
    /// One mask, or one per reader.
    pub masks: Vec<PathBuf>,
}

/// What a proposal is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaseTruth {
    /// The one mask.
    Mask,
    /// Per level the binary STAPLE of all masks over the whole volume, W ≥ 0.5.
    Staple,
}

impl Case {
    /// The images, and the voxel axis across which they were read.
    pub(super) fn load_images(&self) -> Result<(Vec<Image>, usize), String> {
        self.images.iter().try_for_each(|path| refuse_test_exam(path))?;
        let images: Vec<Image> =
            self.images.iter().map(|path| io::read_image_nifti(path).map_err(|e| e.to_string())).collect::<Result<_, _>>()?;
        let first = images.first().ok_or_else(|| format!("{} has no image", self.name))?;
        for (image, path) in images.iter().zip(&self.images) {
            on_grid(image.grid().require_same(first.grid()), path)?;
        }
        let axis = reading_axis(first);
        Ok((images, axis))
    }

    /// The masks, on the grid of `image`.
    pub(super) fn load_masks(&self, image: &Image) -> Result<Vec<Labels>, String> {
        self.masks
            .iter()
            .map(|path| {
                let labels = io::read_labels_nifti(path).map_err(|e| e.to_string())?;
                on_grid(labels.grid().require_same(image.grid()), path)?;
                Ok(labels)
            })
            .collect()
    }
}

impl CaseTruth {
    /// For each level, whether a voxel belongs to it, as a map of zeros and ones.
    pub(super) fn levels(self, masks: &[Labels], levels: &[Vec<u8>]) -> Result<Vec<Labels>, String> {
        let refs: Vec<&Labels> = masks.iter().collect();
        let patterns = VotePatterns::count(&refs).map_err(|e| e.to_string())?;
        let of = |level: &Vec<u8>| {
            let positive = match self {
                Self::Mask => (0..patterns.table().len()).map(|p| u8::from(level.contains(&patterns.table().votes(p)[0]))).collect(),
                Self::Staple => {
                    let staple = binary_staple(&patterns, level, &StapleOptions::default());
                    staple.pattern_probability().iter().map(|w| u8::from(*w >= 0.5)).collect::<Vec<_>>()
                }
            };
            patterns.paint(&positive)
        };
        Ok(levels.iter().map(of).collect())
    }
}

/// A file of a study's test exam is none to learn from or propose on before its reads are sealed, whatever it is named by.
fn refuse_test_exam(path: &Path) -> Result<(), String> {
    let Ok(path) = path.canonicalize() else { return Ok(()) };
    let Some(root) = path.ancestors().find(|folder| folder.join("study.toml").is_file()) else { return Ok(()) };
    let Ok(study) = Study::open(root) else { return Ok(()) };
    let records = study.exams().map_err(|e| e.to_string())?;
    let split = Split::load(study.layout()).map_err(|e| e.to_string())?;
    let holds = |record: &&ExamRecord| study.layout().exam(&record.exam).canonicalize().is_ok_and(|folder| path.starts_with(folder));
    let Some(record) = records.iter().find(holds) else { return Ok(()) };
    if split.part(&record.patient) == Some(Part::Test) && !study.reads_sealed(&record.exam).map_err(|e| e.to_string())? {
        return Err(format!(
            "{} belongs to {}, a test exam of the study in {}: nothing learns from it or proposes on it before its reads are sealed.",
            path.display(),
            record.exam,
            root.display()
        ));
    }
    Ok(())
}

fn on_grid<E: std::fmt::Display>(same: Result<(), E>, path: &Path) -> Result<(), String> {
    same.map_err(|why| format!("{} does not lie on its image's grid: {why}", path.display()))
}
