//! NIfTI-1 and -2: header, affines, reading and writing.

mod gz_blocks;
mod header;
mod plan;
mod quaternion;
mod read;
mod write;

pub(super) use header::looks_like_header;
pub(super) use plan::{NiftiPlan, image_beside, plan};
pub use read::{NiftiOutline, outline_nifti, read_image_nifti, read_labels_nifti};
pub use write::{write_image_nifti, write_labels_nifti, write_probability_nifti, write_raw_nifti};
