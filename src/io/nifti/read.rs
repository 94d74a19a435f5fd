//! Reading one NIfTI file as an image or as labels, without the rest of a [`Reading`](super::super::Reading).

use super::super::error::IoError;
use super::super::raw::RawVolume;
use super::plan::{NiftiPlan, plan};
use crate::volume::{Grid, Image, Labels, require_room, with_room};
use std::path::Path;
use std::sync::Arc;

/// Reads a three-dimensional NIfTI image (`.nii`, `.nii.gz`, `.hdr`).
///
/// # Errors
/// If it cannot be read, is damaged, or holds several volumes.
pub fn read_image_nifti(path: &Path) -> Result<Image, IoError> {
    let raw = three_dimensional(path)?;
    let voxels: usize = raw.shape().iter().product();
    require_room(voxels.saturating_mul(size_of::<f32>())).map_err(IoError::no_memory(path))?;
    raw.image(0).ok_or_else(|| IoError::too_large(path, "the image has more voxels than the program handles"))
}

/// Reads a label map: whole numbers from 0 to 255 in any number type.
///
/// # Errors
/// As [`read_image_nifti`], and if a value is not such a number.
pub fn read_labels_nifti(path: &Path) -> Result<Labels, IoError> {
    let raw = three_dimensional(path)?;
    let shape = raw.shape();
    let grid =
        Grid::new([shape[0], shape[1], shape[2]], raw.world_from_voxel().clone()).map_err(|e| IoError::too_large(path, e.to_string()))?;
    if let Some(bytes) = raw.plain_bytes() {
        return Labels::from_dense(Arc::new(grid), bytes).map_err(|e| IoError::damaged(path, e.to_string()));
    }
    let mut labels = with_room(grid.voxel_count()).map_err(IoError::no_memory(path))?;
    let mut wrong = None;
    for slice in 0..raw.slice_count() {
        raw.slice_values(slice, |v| {
            if !(0.0..=255.0).contains(&v) || v.fract() != 0.0 {
                wrong.get_or_insert((v, labels.len()));
            }
            labels.push(v as u8);
        });
    }
    if let Some((value, at)) = wrong {
        let [i, j, k] = grid.voxel(at);
        return Err(IoError::NotLabels {
            path: path.into(),
            why: format!("voxel ({i}, {j}, {k}) has the value {value}, which is no label"),
        });
    }
    Labels::from_dense(Arc::new(grid), &labels).map_err(|e| IoError::damaged(path, e.to_string()))
}

/// What a file holds by its header.
#[derive(Clone, Debug)]
pub struct NiftiOutline {
    /// Where its voxels lie.
    pub grid: Grid,
    /// Bytes of the voxels as they are stored, unpacked.
    pub stored: usize,
    /// Bytes of the file that holds them.
    pub on_disk: u64,
}

/// Reads the header of a three-dimensional NIfTI file and no voxel: what it would take to load it can be told before it is loaded.
///
/// # Errors
/// As [`read_image_nifti`], as far as the header tells.
pub fn outline_nifti(path: &Path) -> Result<NiftiOutline, IoError> {
    let plan = three_dimensional_plan(path)?;
    let shape = [plan.shape[0], plan.shape[1], plan.shape[2]];
    let grid = Grid::new(shape, plan.world_from_voxel.clone()).map_err(|e| IoError::too_large(path, e.to_string()))?;
    Ok(NiftiOutline { stored: grid.voxel_count().saturating_mul(plan.dtype.bytes()), on_disk: plan.on_disk(), grid })
}

fn three_dimensional(path: &Path) -> Result<RawVolume, IoError> {
    three_dimensional_plan(path)?.read()
}

fn three_dimensional_plan(path: &Path) -> Result<NiftiPlan, IoError> {
    let plan = plan(path)?;
    if plan.shape.len() > 3 {
        let volumes: usize = plan.shape[3..].iter().product();
        return Err(IoError::unsupported(path, format!("it holds {volumes} volumes where one is wanted")));
    }
    Ok(plan)
}
