//! Which labels masks may hold and which levels are scored: marrow always has the same three, whatever a folder's masks hold of them.

use super::cases::Case;
use super::room;
use crate::consensus::MARROW_LEVELS;
use crate::io;
use crate::learn::{Example, ModelSpec};
use crate::volume::Labels;
use std::path::Path;

/// The layer that is read in levels.
const MARROW: &str = "marrow";
/// Levels of marrow.
pub(super) const MARROW_LABELS: usize = 3;

/// For marrow the three levels, and levels 2 and 3 together; of another layer every label by itself.
#[must_use]
pub fn scored_levels(labels: usize, layer: &str) -> Vec<Vec<u8>> {
    if layer == MARROW {
        return MARROW_LEVELS.iter().map(|level| level.to_vec()).collect();
    }
    (1..=labels.min(254) as u8).map(|label| vec![label]).collect()
}

/// How many labels a model of a layer learns from masks whose highest is this one.
pub(super) fn learnt_labels(layer: &str, highest: usize) -> usize {
    // A level that no mask of the folder holds is a level all the same: a model without it could never be compared with others.
    if layer == MARROW { MARROW_LABELS } else { highest }
}

/// Refuses a mask with a label that its layer does not have; 255 is nobody's label.
///
/// # Errors
/// One sentence that names the file and the label.
pub(super) fn require_levels(path: &Path, mask: &Labels, layer: &str) -> Result<(), String> {
    let counts = mask.counts();
    let wrong = (MARROW_LABELS as u8 + 1..Example::IGNORE).find(|label| counts.of(*label) > 0);
    match wrong.filter(|_| layer == MARROW) {
        Some(label) => Err(format!(
            "{} holds label {label}, but marrow has levels 1 to {MARROW_LABELS} (255: not counted); renumber its labels, or train a model of \
             layer bone.",
            path.display()
        )),
        None => Ok(()),
    }
}

/// The highest label of any mask: what there is to learn. One mask at a time is in memory.
///
/// # Errors
/// One sentence that names the file that cannot be read, holds a label that no model of the layer learns, or is too large for the
/// memory allowed.
pub(super) fn highest_label(cases: &[Case], layer: &str, memory_mb: u32) -> Result<usize, String> {
    let mut highest = 0;
    for path in cases.iter().flat_map(|case| &case.masks) {
        room::require_mask(path, memory_mb)?;
        let labels = io::read_labels_nifti(path).map_err(|e| e.to_string())?;
        require_levels(path, &labels, layer)?;
        // A tie in a consensus is nobody's label and counts for nothing.
        labels.for_each_labelled(|_, label| highest = highest.max(if label == Example::IGNORE { 0 } else { label }));
        if usize::from(highest) > ModelSpec::MOST_LABELS {
            let (file, most) = (path.display(), ModelSpec::MOST_LABELS);
            return Err(format!("{file} holds label {highest}, but a net learns labels 1 to {most} (255: not counted); renumber them."));
        }
    }
    if highest == 0 { Err("No mask holds a label; there is nothing to learn.".to_owned()) } else { Ok(usize::from(highest)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{Affine, Spacing};
    use crate::volume::Grid;
    use std::sync::Arc;

    /// Masks without level 3 made a model of two labels, which was judged on levels 1 and 2 alone.
    #[test]
    fn marrow_has_its_three_levels_whatever_the_masks_hold() {
        let all = vec![vec![1], vec![2], vec![3], vec![2, 3]];
        assert!([1, 2, 3, 7].iter().all(|labels| scored_levels(*labels, "marrow") == all));
        assert_eq!(scored_levels(2, "bone"), [[1], [2]]);
        assert_eq!((learnt_labels("marrow", 1), learnt_labels("bone", 2)), (3, 2));
    }

    #[test]
    fn a_label_that_is_no_level_is_named_with_its_file() {
        let grid = Arc::new(Grid::new([4, 1, 1], Affine::from_spacing(Spacing::UNIT)).unwrap());
        let mut mask = Labels::empty(grid);
        mask.set([0, 0, 0], 3);
        mask.set([1, 0, 0], 255);
        let path = Path::new("a/k.nii");
        assert!(require_levels(path, &mask, "marrow").is_ok());
        mask.set([2, 0, 0], 5);
        let why = require_levels(path, &mask, "marrow").unwrap_err();
        assert!(why.starts_with("a/k.nii holds label 5, but marrow has levels 1 to 3"), "{why}");
        assert!(require_levels(path, &mask, "bone").is_ok());
    }
}
