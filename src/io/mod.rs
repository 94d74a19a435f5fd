//! Files: NIfTI, DICOM and pictures in, NIfTI out, and the one way in which the program writes.
//!
//! Start at [`read_path`]; single label maps and images go through [`read_labels_nifti`] and [`read_image_nifti`].

mod dicom;
mod error;
mod finding;
mod folder;
mod guard;
mod listing;
mod making;
mod nifti;
mod picture;
mod raw;
mod reading;
mod save;
mod source;
mod watch;

pub use dicom::seg::{Algorithm, Code, SegMap, SegNote, Segment, SegmentInfo, SegmentMeaning, SlicePlaces, read_seg, write_seg};
pub use error::IoError;
pub use finding::{Finding, FindingCode};
pub use folder::{FolderEntries, list_folder, make_folder};
pub use guard::hush_decoder_panics;
pub use making::{making_folder, sweep_abandoned};
pub use nifti::{
    NiftiOutline, outline_nifti, read_image_nifti, read_labels_nifti, write_image_nifti, write_labels_nifti, write_probability_nifti,
    write_raw_nifti,
};
pub use raw::{Dtype, MAX_RAW_BYTES, RawStats, RawVolume, Scale};
pub use reading::{KeepBytes, Reading, Skipped, read_path, read_path_within};
pub use save::{Draft, SaveError, atomic_write, folder_of, move_into_place, private_write, require_writable};
pub use source::{Acquisition, AffineSource, Identity, SourceFile, SourceKind, SourceVolume};
pub use watch::Watch;
