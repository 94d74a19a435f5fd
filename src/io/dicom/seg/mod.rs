//! DICOM segmentation objects (PS3.3 A.51): one BINARY object per layer, written over its source images and read back.

mod codes;
mod element;
mod read;
mod slices;
mod write;

pub use codes::{Code, SegmentMeaning};
pub use read::{SegMap, SegmentInfo, read_seg};
pub use slices::SlicePlaces;
pub use write::{Algorithm, SegNote, Segment, write_seg};
