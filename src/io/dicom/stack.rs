//! Slices of one volume in order, and the affine that their positions give.

use super::super::error::IoError;
use super::super::finding::{Finding, FindingCode};
use super::super::picture::picture_affine;
use super::super::raw::{MAX_RAW_BYTES, RawVolume, Scale};
use super::frame::{DicomFile, Frame};
use super::pixels::{Wanted, read_frames};
use crate::space::{Affine, Spacing};
use crate::volume::require_room;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// One frame of one file.
#[derive(Clone, Debug)]
pub(super) struct Slice {
    pub file: Arc<DicomFile>,
    pub number: usize,
}

impl Slice {
    pub fn frame(&self) -> &Frame {
        &self.file.frames[self.number]
    }

    /// Unit vectors along a row, along a column and their normal, LPS; `None` where the header gives none or nonsense.
    pub fn directions(&self) -> Option<[[f64; 3]; 3]> {
        let o = self.frame().orientation_lps?;
        let (row, column) = (unit([o[0], o[1], o[2]])?, unit([o[3], o[4], o[5]])?);
        if dot(row, column).abs() > 0.02 {
            return None;
        }
        Some([row, column, unit(cross(row, column))?])
    }

    /// Whether position, orientation and spacing are known.
    pub fn has_place(&self) -> bool {
        self.frame().position_lps.is_some() && self.frame().spacing_mm.is_some() && self.directions().is_some()
    }

    /// Position along the normal in mm.
    pub fn along(&self, normal: [f64; 3]) -> f64 {
        dot(self.frame().position_lps.unwrap_or_default(), normal)
    }
}

/// Slices in order along k with their place.
#[derive(Clone, Debug)]
pub(in super::super) struct Stack {
    pub(super) slices: Vec<Slice>,
    pub world_from_voxel: Affine,
    pub shape: [usize; 3],
}

impl Stack {
    /// From slices of one orientation in order along the normal at even distances. k runs from the first to the last position,
    /// so a stack with an oblique step keeps its shear.
    pub(super) fn placed(slices: Vec<Slice>, findings: &mut Vec<Finding>) -> Option<Self> {
        let first = slices.first()?;
        let [row, column, normal] = first.directions()?;
        let [between_rows, between_columns] = first.frame().spacing_mm?;
        let (start, end) = (first.frame().position_lps?, slices.last()?.frame().position_lps?);
        let step = if slices.len() > 1 {
            std::array::from_fn(|a| (end[a] - start[a]) / (slices.len() - 1) as f64)
        } else {
            findings.push(Finding::new(FindingCode::SingleSlice, "a single slice: its thickness is what the header says"));
            scaled(normal, first.frame().thickness_mm.unwrap_or(1.0))
        };
        note_tilt(step, normal, &first.file, findings);
        let ras = |v: [f64; 3]| [-v[0], -v[1], v[2]];
        let axes = [ras(scaled(row, between_columns)), ras(scaled(column, between_rows)), ras(step)];
        let world_from_voxel = Affine::from_columns(axes, ras(start)).ok()?;
        Some(Self { shape: shape(&slices)?, world_from_voxel, slices })
    }

    /// From frames without a position: column = i, row = j.
    pub(super) fn unplaced(slices: Vec<Slice>) -> Option<Self> {
        let frame = slices.first()?.frame();
        let [between_rows, between_columns] = frame.spacing_mm.unwrap_or([1.0, 1.0]);
        let spacing = Spacing::new([between_columns, between_rows, frame.thickness_mm.unwrap_or(1.0)]).unwrap_or(Spacing::UNIT);
        Some(Self { shape: shape(&slices)?, world_from_voxel: picture_affine(spacing), slices })
    }

    /// Whether the header says how large a pixel is.
    pub(super) fn has_pixel_size(&self) -> bool {
        self.slices.first().is_some_and(|slice| slice.frame().spacing_mm.is_some())
    }

    /// Reads all slices, several files at a time.
    ///
    /// # Errors
    /// If one of them cannot be unpacked, or all of them are more than the program takes or there is memory for.
    pub fn read(&self) -> Result<RawVolume, IoError> {
        let first = &self.slices[0].file;
        let dtype = first.format.dtype;
        let slice_bytes = self.shape[0] * self.shape[1] * dtype.bytes();
        // Each file was weighed by itself: many small compressed ones can be a volume that no machine holds.
        let [columns, rows, slices] = self.shape;
        let length = slice_bytes.checked_mul(slices).filter(|length| *length <= MAX_RAW_BYTES).ok_or_else(|| {
            IoError::too_large(&first.path, format!("{slices} slices of {columns} × {rows} pixels are more than the program takes"))
        })?;
        require_room(length).map_err(IoError::no_memory(&first.path))?;
        let mut bytes = vec![0; length];
        let mut by_file: BTreeMap<usize, (&DicomFile, Vec<Wanted<'_>>)> = BTreeMap::new();
        for (slice, out) in self.slices.iter().zip(bytes.chunks_exact_mut(slice_bytes)) {
            let entry = by_file.entry(Arc::as_ptr(&slice.file) as usize).or_insert_with(|| (slice.file.as_ref(), Vec::new()));
            entry.1.push((slice.number, out));
        }
        by_file.into_values().collect::<Vec<_>>().par_iter_mut().try_for_each(|(file, wanted)| read_frames(file, wanted))?;
        let scales: Vec<Scale> = self.slices.iter().map(|s| s.frame().scale).collect();
        RawVolume::new(self.shape.to_vec(), dtype, bytes, scales, self.world_from_voxel.clone())
            .map(|raw| raw.with_inverted_display(first.monochrome1))
            .ok_or_else(|| IoError::damaged(&first.path, "its slices do not fill a volume"))
    }
}

fn shape(slices: &[Slice]) -> Option<[usize; 3]> {
    let format = &slices.first()?.file.format;
    Some([usize::from(format.columns), usize::from(format.rows), slices.len()])
}

/// The step from slice to slice should run along the normal.
fn note_tilt(step: [f64; 3], normal: [f64; 3], file: &DicomFile, findings: &mut Vec<Finding>) {
    let along = dot(step, normal);
    let aside = std::array::from_fn(|a| step[a] - along * normal[a]);
    let aside = dot(aside, aside).sqrt();
    if aside > 2e-3 * along.abs() {
        let degrees = aside.atan2(along.abs()).to_degrees();
        let code = if file.acquisition.modality.as_deref() == Some("CT") { FindingCode::GantryTilt } else { FindingCode::Sheared };
        findings
            .push(Finding::new(code, format!("the slices are stacked {degrees:.1}° away from the normal; the volume keeps this shear")));
    }
}

pub(super) fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(super) fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn scaled(v: [f64; 3], by: f64) -> [f64; 3] {
    v.map(|x| x * by)
}

pub(super) fn unit(v: [f64; 3]) -> Option<[f64; 3]> {
    let length = dot(v, v).sqrt();
    (length > 0.5 && length < 2.0).then(|| scaled(v, 1.0 / length))
}
