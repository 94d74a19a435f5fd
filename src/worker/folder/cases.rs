//! One exam of a folder: images of one grid and the mask, or masks, that belong to them.

use super::super::files::reading_axis;
use super::super::propose::{refuse_learning, refuse_test_exam as refuse_proposing};
use super::levels::require_levels;
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

/// What images are read for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To learn from, or to choose versions by.
    Learn,
    /// To propose on.
    Propose,
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
    pub(super) fn load_images(&self, purpose: Purpose) -> Result<(Vec<Image>, usize), String> {
        self.images.iter().try_for_each(|path| refuse_test_exam(path, purpose))?;
        let images: Vec<Image> =
            self.images.iter().map(|path| io::read_image_nifti(path).map_err(|e| e.to_string())).collect::<Result<_, _>>()?;
        let first = images.first().ok_or_else(|| format!("{} has no image", self.name))?;
        for (image, path) in images.iter().zip(&self.images) {
            on_grid(image.grid().require_same(first.grid()), path)?;
        }
        let axis = reading_axis(first.grid());
        Ok((images, axis))
    }

    /// The masks of a layer, on the grid of `image`.
    pub(super) fn load_masks(&self, image: &Image, layer: &str) -> Result<Vec<Labels>, String> {
        self.masks
            .iter()
            .map(|path| {
                let labels = io::read_labels_nifti(path).map_err(|e| e.to_string())?;
                on_grid(labels.grid().require_same(image.grid()), path)?;
                require_levels(path, &labels, layer)?;
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
            let counts = mask.counts();
            if counts.of(Example::IGNORE) > 0 && (1..Example::IGNORE).all(|label| counts.of(label) == 0) {
                return Err(format!("{}: its mask holds label 255 alone, which stands for what is not told; renumber it.", case.name));
            }
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

/// A file of a study's test exam is never learnt from, and not proposed on before its reads are sealed, whatever it is named by.
fn refuse_test_exam(path: &Path, purpose: Purpose) -> Result<(), String> {
    let Ok(path) = path.canonicalize() else { return Ok(()) };
    let Some(root) = path.ancestors().find(|folder| folder.join("study.toml").is_file()) else { return Ok(()) };
    let Ok(study) = Study::open(root) else { return Ok(()) };
    let within = path.strip_prefix(study.layout().exams()).ok().and_then(|within| within.iter().next()?.to_str());
    match within.and_then(|name| ExamCode::new(name).ok()) {
        Some(exam) if study.exam(&exam).is_ok() => {
            let refuse = if purpose == Purpose::Learn { refuse_learning } else { refuse_proposing };
            refuse(&study, &exam).map_err(|why| format!("{}, in the study {}: {why}", path.display(), root.display()))
        }
        _ => Ok(()),
    }
}

fn on_grid<E: std::fmt::Display>(same: Result<(), E>, path: &Path) -> Result<(), String> {
    same.map_err(|why| format!("{} does not lie on its image's grid: {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Affine, Spacing};
    use crate::volume::Grid;
    use crate::worker::folder::evaluate::dice_per_level;
    use std::sync::Arc;

    /// A tie was refused where a held-out mask judges, though it may stand where a mask is learnt from.
    #[test]
    fn a_tie_in_the_mask_that_judges_counts_for_nothing() {
        let grid = Arc::new(Grid::new([4, 1, 1], Affine::from_spacing(Spacing::UNIT)).unwrap());
        let map = |labels: [u8; 4]| {
            let mut map = Labels::empty(grid.clone());
            (0..4).for_each(|i| map.set([i, 0, 0], labels[i]));
            map
        };
        let case = Case { name: "e".to_owned(), images: Vec::new(), masks: Vec::new() };
        let truths = CaseTruth::Mask.levels(&case, &[map([1, 1, 255, 0])], &[vec![1]]).unwrap();
        let dice = |labels| dice_per_level(&map(labels), &truths, &[vec![1]]);
        assert_eq!((dice([1, 1, 1, 0]), dice([1, 1, 0, 0])), (vec![Some(1.0)], vec![Some(1.0)]));
        assert_eq!(dice([1, 1, 1, 1]), [Some(0.8)]);
        // A mask of 0 and 255 is one of another program, not one of ties.
        let all = CaseTruth::Mask.levels(&case, &[map([255, 255, 0, 0])], &[vec![1]]).unwrap_err();
        assert!(all.starts_with("e: ") && all.contains("renumber"), "{all}");
        let refused = CaseTruth::Staple.levels(&case, &[map([255, 0, 0, 0]), map([1, 0, 0, 0])], &[vec![1]]).unwrap_err();
        assert!(refused.starts_with("e: ") && refused.contains("255"), "{refused}");
    }
}
