//! One exam of a folder: images of one grid and the mask, or masks, that belong to them.

use super::super::files::reading_axis;
use super::super::propose::refuse_unsealed_test;
use crate::consensus::{StapleOptions, VotePatterns, binary_staple, level_mask};
use crate::io;
use crate::learn::Example;
use crate::study::{ExamCode, Study};
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
    /// For each level, whether a voxel belongs to it, as a map of zeros and ones; [`Example::IGNORE`] where that is not told.
    pub(super) fn levels(self, case: &Case, masks: &[Labels], levels: &[Vec<u8>]) -> Result<Vec<Labels>, String> {
        let one_mask = masks.first().filter(|_| self == Self::Mask);
        if let Some(mask) = one_mask {
            return Ok(levels.iter().map(|level| told_of(mask, level)).collect());
        }
        let refs: Vec<&Labels> = masks.iter().collect();
        let patterns = VotePatterns::count(&refs).map_err(|e| format!("{}: {e}", case.name))?;
        let of = |level: &Vec<u8>| {
            let staple = binary_staple(&patterns, level, &StapleOptions::default());
            patterns.paint(&staple.pattern_probability().iter().map(|w| u8::from(*w >= 0.5)).collect::<Vec<_>>())
        };
        Ok(levels.iter().map(of).collect())
    }
}

/// A level of one mask; a tie of a consensus is nobody's label, and neither right nor wrong.
fn told_of(mask: &Labels, level: &[u8]) -> Labels {
    let mut told = level_mask(mask, level);
    mask.for_each_labelled(|voxel, label| {
        if label == Example::IGNORE {
            told.set(voxel, Example::IGNORE);
        }
    });
    told
}

/// A file of a study's test exam is none to learn from or propose on before its reads are sealed, whatever it is named by.
fn refuse_test_exam(path: &Path) -> Result<(), String> {
    let Ok(path) = path.canonicalize() else { return Ok(()) };
    let Some(root) = path.ancestors().find(|folder| folder.join("study.toml").is_file()) else { return Ok(()) };
    let Ok(study) = Study::open(root) else { return Ok(()) };
    let within = path.strip_prefix(study.layout().exams()).ok().and_then(|within| within.iter().next()?.to_str());
    match within.and_then(|name| ExamCode::new(name).ok()) {
        Some(exam) if study.exam(&exam).is_ok() => {
            refuse_unsealed_test(&study, &exam).map_err(|why| format!("{}, in the study {}: {why}", path.display(), root.display()))
        }
        _ => Ok(()),
    }
}

fn on_grid<E: std::fmt::Display>(same: Result<(), E>, path: &Path) -> Result<(), String> {
    same.map_err(|why| format!("{} does not lie on its image's grid: {why}", path.display()))
}
