//! Writing NIfTI-1, gzipped: the same content gives the same bytes, and no name, date or UID goes in.

use super::super::error::IoError;
use super::super::raw::{Dtype, RawVolume, Scale};
use super::super::save::atomic_write;
use super::gz_blocks::GzBlocks;
use super::quaternion;
use crate::space::Affine;
use crate::volume::{Grid, Image, Labels};
use std::io::{self, Write};
use std::path::Path;

/// Writes grey values as `float32`.
///
/// # Errors
/// If an axis is longer than NIfTI-1 allows (32,767), or the file system fails.
pub fn write_image_nifti(path: &Path, image: &Image) -> Result<(), IoError> {
    let layout = Layout::new(path, &image.grid().shape(), Dtype::F32, image.grid().world_from_voxel(), "")?;
    layout.write(path, |w| write_chunks(w, image.values(), |v: &f32| v.to_le_bytes()))
}

/// Writes a label map as `uint8`. `description` says what the labels are (79 ASCII characters are kept).
///
/// # Errors
/// As [`write_image_nifti`].
pub fn write_labels_nifti(path: &Path, labels: &Labels, description: &str) -> Result<(), IoError> {
    let grid = labels.grid();
    let layout = Layout::new(path, &grid.shape(), Dtype::U8, grid.world_from_voxel(), description)?;
    let dense = labels.to_dense();
    layout.write(path, |w| w.write_all(&dense))
}

/// Writes one probability per voxel, i fastest, as `float32`.
///
/// # Errors
/// As [`write_image_nifti`], and if the number of values is not the grid's.
pub fn write_probability_nifti(path: &Path, grid: &Grid, probabilities: &[f32]) -> Result<(), IoError> {
    if probabilities.len() != grid.voxel_count() {
        return Err(IoError::cannot_write(
            path,
            format!("{} probabilities do not fill {} voxels", probabilities.len(), grid.voxel_count()),
        ));
    }
    let layout = Layout::new(path, &grid.shape(), Dtype::F32, grid.world_from_voxel(), "probability")?;
    layout.write(path, |w| write_chunks(w, probabilities, |v: &f32| v.to_le_bytes()))
}

/// Writes a volume as it is stored: same number type, same scaling. Where slices are scaled differently, or the scaling does not
/// fit into the header's `float32`, the scaled values are written as `float32` instead, as
/// `float64` where a stored number has more than two bytes.
///
/// # Errors
/// As [`write_image_nifti`].
pub fn write_raw_nifti(path: &Path, raw: &RawVolume) -> Result<(), IoError> {
    let fits = |v: f64| f64::from(v as f32) == v;
    match raw.uniform_scale().filter(|s| fits(s.slope) && fits(s.intercept)) {
        Some(scale) => {
            let layout = Layout::new(path, raw.shape(), raw.dtype(), raw.world_from_voxel(), "")?.scaled(scale);
            layout.write(path, |w| w.write_all(raw.bytes()))
        }
        None => {
            let dtype = if raw.dtype().bytes() > 2 { Dtype::F64 } else { Dtype::F32 };
            let layout = Layout::new(path, raw.shape(), dtype, raw.world_from_voxel(), "")?;
            layout.write(path, |w| {
                let mut line = Vec::new();
                for slice in 0..raw.slice_count() {
                    line.clear();
                    raw.slice_values(slice, |v| match dtype {
                        Dtype::F64 => line.extend(v.to_le_bytes()),
                        _ => line.extend((v as f32).to_le_bytes()),
                    });
                    w.write_all(&line)?;
                }
                Ok(())
            })
        }
    }
}

/// Header of the file to be written.
struct Layout {
    header: [u8; 352],
}

impl Layout {
    fn new(path: &Path, shape: &[usize], dtype: Dtype, affine: &Affine, description: &str) -> Result<Self, IoError> {
        let mut layout = Self { header: [0; 352] };
        layout.put(0, &348_i32.to_le_bytes());
        layout.put(38, b"r"); // "regular": readers of ANALYZE want it
        let too_long = || IoError::cannot_write(path, format!("an axis of {shape:?} is longer than NIfTI-1 allows (32767)"));
        if shape.len() > 7 {
            return Err(too_long());
        }
        layout.put(40, &(shape.len() as i16).to_le_bytes());
        for axis in 0..7 {
            let n = i16::try_from(shape.get(axis).copied().unwrap_or(1)).map_err(|_| too_long())?;
            layout.put(42 + 2 * axis, &n.to_le_bytes());
        }
        layout.put(70, &code(dtype).to_le_bytes());
        layout.put(72, &((dtype.bytes() * 8) as i16).to_le_bytes());
        let extent = std::array::from_fn(|a| shape.get(a).copied().unwrap_or(1));
        let (qfac, bcd, offset_mm) = quaternion::from_affine(affine, extent);
        let mm = affine.spacing().mm();
        let pixdim = [qfac, mm[0] as f32, mm[1] as f32, mm[2] as f32, 1.0, 1.0, 1.0, 1.0];
        layout.put_f32(76, &pixdim);
        layout.put_f32(108, &[352.0, 1.0, 0.0]); // vox_offset, slope, intercept
        layout.put(123, &[2]); // lengths in mm
        let text: Vec<u8> = description.bytes().filter(|b| (32..127).contains(b)).take(79).collect();
        layout.put(148, &text);
        // Code 1: scanner coordinates.
        layout.put(252, &1_i16.to_le_bytes());
        layout.put(254, &1_i16.to_le_bytes());
        layout.put_f32(256, &bcd);
        let m = affine.matrix();
        layout.put_f32(268, &offset_mm);
        for (r, row) in m.iter().take(3).enumerate() {
            layout.put_f32(280 + 16 * r, &row.map(|v| v as f32));
        }
        layout.put(344, b"n+1\0");
        Ok(layout)
    }

    fn scaled(mut self, scale: Scale) -> Self {
        self.put_f32(112, &[scale.slope as f32, scale.intercept as f32]);
        self
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        self.header[at..at + bytes.len()].copy_from_slice(bytes);
    }

    fn put_f32(&mut self, at: usize, values: &[f32]) {
        for (n, v) in values.iter().enumerate() {
            self.put(at + 4 * n, &v.to_le_bytes());
        }
    }

    fn write(&self, path: &Path, voxels: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), IoError> {
        Ok(atomic_write(path, |file| {
            let mut packed = GzBlocks::new(file)?;
            packed.write_all(&self.header)?;
            voxels(&mut packed)?;
            packed.finish()
        })?)
    }
}

const fn code(dtype: Dtype) -> i16 {
    match dtype {
        Dtype::U8 => 2,
        Dtype::I16 => 4,
        Dtype::I32 => 8,
        Dtype::F32 => 16,
        Dtype::F64 => 64,
        Dtype::I8 => 256,
        Dtype::U16 => 512,
        Dtype::U32 => 768,
        Dtype::I64 => 1024,
        Dtype::U64 => 1280,
    }
}

/// Writes numbers through a small buffer instead of a second copy of all of them.
fn write_chunks<T, const N: usize>(w: &mut dyn Write, values: &[T], bytes_of: impl Fn(&T) -> [u8; N]) -> io::Result<()> {
    let mut line = Vec::with_capacity(N << 14);
    for chunk in values.chunks(1 << 14) {
        line.clear();
        line.extend(chunk.iter().flat_map(&bytes_of));
        w.write_all(&line)?;
    }
    Ok(())
}
