//! What a case takes in memory, told from the headers of its files before one of them is loaded.

use super::super::files::reading_axis;
use super::cases::Case;
use crate::io::outline_nifti;
use crate::learn::{CheckedSpec, PreparedSlices};
use std::path::Path;

/// What else than raising the memory ceiling helps where cases do not fit.
const OTHERWISE: &str = "raise the memory ceiling with --memory-mb, or name fewer cases with --cases";

/// What becomes of a case.
#[derive(Clone, Copy, Debug)]
pub(super) enum Use {
    /// It is learnt from; its slices may stand beside thicker ones.
    Learn {
        /// Whether they do.
        has_thick: bool,
    },
    /// It judges, on so many levels.
    Judge {
        /// How many.
        levels: usize,
    },
}

/// Bytes of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Room {
    /// At the most, while it is loaded and prepared.
    pub peak: u64,
    /// What stays.
    pub kept: u64,
}

impl Room {
    /// From the headers of a case's files.
    ///
    /// # Errors
    /// One sentence that names the file.
    pub fn of(case: &Case, spec: &CheckedSpec, to: Use) -> Result<Self, String> {
        let outlines = case.images.iter().map(|path| outline_nifti(path).map_err(|e| e.to_string())).collect::<Result<Vec<_>, _>>()?;
        let Some(first) = outlines.first() else { return Err(format!("{} has no image", case.name)) };
        let (grid, axis) = (&first.grid, reading_axis(&first.grid));
        let voxels = grid.voxel_count() as u64;
        // One image as the program holds it.
        let image = voxels * size_of::<f32>() as u64;
        let images = image * outlines.len() as u64;
        // The one that is read stands beside its bytes as they are stored, and those beside the file as it is packed.
        let reading = outlines.iter().map(|o| o.stored as u64 + o.on_disk.saturating_sub(image)).max().unwrap_or(0);
        let masks = case.masks.iter().map(|path| mask(path)).collect::<Result<Vec<_>, _>>()?;
        let labels = voxels * masks.len() as u64;
        let prepared = PreparedSlices::bytes_of(spec, grid, axis) as u64;
        // Beside the images their slices as on screen, a sorted copy of one for its percentiles, and the slices prepared: those of the case
        // before, where not yet these, since the allocator keeps what lies between slices to learn from.
        let preparing = 2 * images + image + voxels + prepared;
        let kept = match to {
            Use::Learn { has_thick } => {
                let slices = grid.shape()[axis] * if has_thick { 2 } else { 1 };
                (PreparedSlices::example_bytes_of(spec, grid, axis) * slices) as u64
            }
            Use::Judge { levels } => prepared + voxels * levels as u64,
        };
        // While it is cut into slices to learn from, they stand beside those that it is cut from; or the labels as they are hashed do.
        let cutting = match to {
            Use::Learn { .. } => prepared + kept.max(voxels),
            Use::Judge { .. } => kept,
        };
        let masking = images + masks.into_iter().max().unwrap_or(0);
        Ok(Self { peak: (images + reading).max(masking).max(labels + preparing.max(cutting)), kept })
    }
}

/// Bytes that a mask takes while it is read: as packed, as stored, one by one and as labels.
fn mask(path: &Path) -> Result<u64, String> {
    let outline = outline_nifti(path).map_err(|e| e.to_string())?;
    Ok(outline.on_disk + outline.stored as u64 + 2 * outline.grid.voxel_count() as u64)
}

/// Refuses a mask that alone is too large for the memory allowed.
///
/// # Errors
/// One sentence that names the file.
pub(super) fn require_mask(path: &Path, memory_mb: u32) -> Result<(), String> {
    let needed = mask(path)?;
    if needed <= ceiling(memory_mb) {
        return Ok(());
    }
    Err(format!("Reading {} takes about {} MB of memory, more than the {memory_mb} MB allowed: {OTHERWISE}.", path.display(), mb(needed)))
}

/// Refuses cases that do not fit into the memory allowed when they are read one after the other; the name of each with its bytes.
///
/// # Errors
/// One sentence with what they take.
pub(super) fn require(rooms: &[(&str, Room)], memory_mb: u32) -> Result<(), String> {
    let (mut held, mut most, mut at_most) = (0_u64, 0_u64, "");
    for (name, room) in rooms {
        if held.saturating_add(room.peak) > most {
            (most, at_most) = (held.saturating_add(room.peak), *name);
        }
        held = held.saturating_add(room.kept);
    }
    if most <= ceiling(memory_mb) {
        return Ok(());
    }
    Err(format!(
        "Reading {} case(s) takes about {} MB of memory (the most at {at_most}; {} MB stay for their slices), more than the {memory_mb} MB \
         allowed: {OTHERWISE}.",
        rooms.len(),
        mb(most),
        mb(held)
    ))
}

fn ceiling(memory_mb: u32) -> u64 {
    u64::from(memory_mb) << 20
}

const fn mb(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{write_image_nifti, write_labels_nifti};
    use crate::learn::ModelSpec;
    use crate::space::{Affine, Spacing};
    use crate::volume::{Grid, Image, Labels};
    use std::sync::Arc;

    #[test]
    fn a_case_is_measured_by_its_headers() {
        let home = tempfile::tempdir().unwrap();
        let grid = Arc::new(Grid::new([64, 48, 10], Affine::from_spacing(Spacing::UNIT)).unwrap());
        let at = |name: &str| home.path().join(name);
        for name in ["water.nii", "fat.nii"] {
            write_image_nifti(&at(name), &Image::new(grid.clone(), vec![1.0; 30720]).unwrap()).unwrap();
        }
        write_labels_nifti(&at("mask.nii"), &Labels::empty(grid), "").unwrap();
        let case = Case { name: "k".to_owned(), images: vec![at("water.nii"), at("fat.nii")], masks: vec![at("mask.nii")] };
        let sequences = vec!["water".to_owned(), "fat".to_owned()];
        let spec = ModelSpec { sequences, neighbours: 1, ..ModelSpec::new("", "marrow", 3, "R1") }.check().unwrap();
        let learn = |has_thick| Room::of(&case, &spec, Use::Learn { has_thick }).unwrap();
        // Two sequences of three slices each, and the labels.
        assert_eq!((learn(false).kept, learn(true).kept), (30720 * 25, 30720 * 50));
        let judge = Room::of(&case, &spec, Use::Judge { levels: 4 }).unwrap();
        assert_eq!(judge.kept, 30720 * 12);
        // Images, their slices on screen, one of them sorted and the slices prepared, and the mask.
        assert_eq!(judge.peak, 30720 * 30);
        let rooms = [("a", learn(true)), ("b", judge)];
        assert!(require(&rooms, 64).is_ok());
        let large = Room { peak: 50 << 20, kept: 30 << 20 };
        let why = require(&[("a", large), ("b", large)], 64).unwrap_err();
        assert!(
            why.starts_with("Reading 2 case(s) takes about 80 MB of memory (the most at b; 60 MB stay") && why.contains("--memory-mb"),
            "{why}"
        );
        assert!(require_mask(&at("mask.nii"), 64).is_ok());
    }
}
