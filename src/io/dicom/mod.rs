//! DICOM: data sets, series, geometry and pixels.

mod codec;
mod data_set;
mod describe;
mod frame;
mod gather;
mod jpeg_extended;
mod jpeg_ls;
mod load;
mod lost;
mod mosaic;
mod parse;
mod pixels;
mod rle;
mod runs;
pub(super) mod seg;
mod stack;
mod tags;

pub(super) use frame::{DicomFile, hex, read_header};
pub(super) use gather::gather;
pub(super) use lost::{Lost, mark_not_whole};
pub(super) use parse::looks_like_bare_data_set;
pub(super) use stack::Stack;
