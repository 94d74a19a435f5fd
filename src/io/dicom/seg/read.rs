//! Reading a segmentation of any maker: BINARY, FRACTIONAL (cut at one half) and LABELMAP.

use super::super::super::error::IoError;
use super::super::data_set::{Value, View};
use super::super::load::{Loaded, load, read_bytes};
use super::super::stack::{dot, unit};
use super::super::tags;
use crate::space::Affine;
use crate::volume::{Grid, Labels};
use std::path::Path;
use std::sync::Arc;

/// Frames of one object that are still taken.
const MAX_FRAMES: usize = 100_000;
/// Slices between the first and the last frame that are still taken.
const MOST_SLICES: usize = 10_000;
/// Positions along the normal that differ by less, in slices, are one slice.
const SAME_SLICE: f64 = 0.05;

/// A segmentation as a label map on its own grid, which holds the slices between its first and last frame.
#[derive(Clone, Debug)]
pub struct SegMap {
    /// Segment numbers.
    pub labels: Labels,
    /// What the numbers mean.
    pub segments: Vec<SegmentInfo>,
}

/// One segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentInfo {
    /// Its number in the map.
    pub value: u8,
    /// What its maker called it.
    pub label: String,
}

/// Reads a DICOM segmentation.
///
/// # Errors
/// If the file is no segmentation, is damaged or compressed, does not say where its frames lie, its frames lie unevenly, or two
/// segments share a voxel.
pub fn read_seg(path: &Path) -> Result<SegMap, IoError> {
    let loaded = load(path, read_bytes(path)?)?;
    let view = loaded.view();
    if view.text(tags::MODALITY).as_deref() != Some("SEG") {
        return Err(IoError::unsupported(path, "this DICOM file is no segmentation (its modality is not SEG)"));
    }
    let pixels = Pixels::new(path, &loaded)?;
    let frames = placed_frames(path, &view, pixels.count, pixels.kind != Kind::LabelMap)?;
    let (grid, slices) = grid(path, &view, &frames, &pixels)?;
    let mut labels = Labels::empty(Arc::new(grid));
    for (number, (frame, &k)) in frames.iter().zip(&slices).enumerate() {
        for j in 0..pixels.rows {
            for i in 0..pixels.columns {
                let Some(value) = pixels.label(number, j * pixels.columns + i, frame.segment) else { continue };
                let before = labels.get([i, j, k]);
                if before != 0 && before != value {
                    return Err(IoError::unsupported(
                        path,
                        format!("segments {before} and {value} share voxels; a label map cannot hold both"),
                    ));
                }
                labels.set([i, j, k], value);
            }
        }
    }
    Ok(SegMap { labels, segments: segments(&view) })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Binary,
    /// Value from which on a pixel counts.
    Fractional(u16),
    LabelMap,
}

struct Pixels<'a> {
    bytes: &'a [u8],
    kind: Kind,
    wide: bool,
    big_endian: bool,
    rows: usize,
    columns: usize,
    count: usize,
}

impl<'a> Pixels<'a> {
    fn new(path: &Path, loaded: &'a Loaded) -> Result<Self, IoError> {
        let view = loaded.view();
        let (Some(rows @ 1..), Some(columns @ 1..)) = (view.u16(tags::ROWS), view.u16(tags::COLUMNS)) else {
            return Err(IoError::damaged(path, "the header does not say how many rows and columns there are"));
        };
        let bits = view.u16(tags::BITS_ALLOCATED).unwrap_or(1);
        let kind = match (view.text(tags::SEGMENTATION_TYPE).as_deref(), bits) {
            (Some("BINARY") | None, 1) => Kind::Binary,
            (Some("FRACTIONAL"), 8) => Kind::Fractional(view.u16(tags::MAX_FRACTIONAL).unwrap_or(255).div_ceil(2).max(1)),
            (Some("LABELMAP"), 8 | 16) => Kind::LabelMap,
            (kind, bits) => {
                let kind = kind.unwrap_or("unnamed").to_owned();
                return Err(IoError::unsupported(path, format!("a segmentation of type {kind} with {bits} bits is not read")));
            }
        };
        let count = view.number(tags::NUMBER_OF_FRAMES).unwrap_or(1.0).max(1.0);
        if count > MAX_FRAMES as f64 {
            return Err(IoError::too_large(path, format!("{count} frames are more than the program takes")));
        }
        let (rows, columns, count) = (usize::from(rows), usize::from(columns), count as usize);
        let Some(Value::Bytes(range)) = loaded.pixels().map(|e| &e.value) else {
            return Err(IoError::unsupported(path, "a compressed segmentation is not read; save it uncompressed"));
        };
        let bytes = loaded.bytes.get(range.clone()).unwrap_or_default();
        let wanted = (rows * columns * count * usize::from(bits)).div_ceil(8);
        if bytes.len() < wanted {
            return Err(IoError::damaged(path, "the segmentation is truncated: pixels are missing"));
        }
        Ok(Self { bytes, kind, wide: bits == 16, big_endian: loaded.encoding.big_endian, rows, columns, count })
    }

    /// The segment number of a pixel; `None` for background and for numbers beyond 255.
    fn label(&self, frame: usize, pixel: usize, segment: u8) -> Option<u8> {
        let at = frame * self.rows * self.columns + pixel;
        match self.kind {
            Kind::Binary => (self.bytes[at / 8] >> (at % 8) & 1 == 1).then_some(segment),
            Kind::Fractional(from) => (u16::from(self.bytes[at]) >= from).then_some(segment),
            Kind::LabelMap if self.wide => {
                let two = [self.bytes[2 * at], self.bytes[2 * at + 1]];
                let value = if self.big_endian { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) };
                u8::try_from(value).ok().filter(|v| *v > 0)
            }
            Kind::LabelMap => Some(self.bytes[at]).filter(|v| *v > 0),
        }
    }
}

struct SegFrame {
    position_lps: [f64; 3],
    segment: u8,
}

fn placed_frames(path: &Path, view: &View<'_>, count: usize, named: bool) -> Result<Vec<SegFrame>, IoError> {
    let shared = view.items(tags::SHARED_GROUPS).next();
    let own: Vec<View<'_>> = view.items(tags::PER_FRAME_GROUPS).collect();
    if own.len() < count {
        return Err(IoError::damaged(path, "the segmentation does not say what each of its frames shows"));
    }
    own.iter()
        .take(count)
        .map(|frame| {
            let within = |sequence: u32| frame.items(sequence).next().or_else(|| shared.and_then(|s| s.items(sequence).next()));
            let position = within(tags::PLANE_POSITION_SEQUENCE).and_then(|v| v.array(tags::POSITION));
            let segment = within(tags::SEGMENT_IDENTIFICATION_SEQUENCE).and_then(|v| v.u16(tags::REFERENCED_SEGMENT));
            let segment = segment.and_then(|s| u8::try_from(s).ok()).filter(|s| *s > 0).or((!named).then_some(1));
            match (position, segment) {
                (Some(position_lps), Some(segment)) => Ok(SegFrame { position_lps, segment }),
                (None, _) => Err(IoError::unsupported(path, "the segmentation does not say where its frames lie")),
                (_, None) => Err(IoError::unsupported(path, "a frame names no segment between 1 and 255")),
            }
        })
        .collect()
}

/// The grid from the first to the last frame, and the slice of each frame.
fn grid(path: &Path, view: &View<'_>, frames: &[SegFrame], pixels: &Pixels<'_>) -> Result<(Grid, Vec<usize>), IoError> {
    let shared = view.items(tags::SHARED_GROUPS).next();
    let first = view.items(tags::PER_FRAME_GROUPS).next();
    let within = |sequence: u32| [first, shared].into_iter().flatten().find_map(|groups| groups.items(sequence).next());
    let nowhere = || IoError::unsupported(path, "the segmentation does not say how its frames lie");
    let o: [f64; 6] = within(tags::PLANE_ORIENTATION_SEQUENCE).and_then(|v| v.array(tags::ORIENTATION)).ok_or_else(nowhere)?;
    let measures = within(tags::PIXEL_MEASURES_SEQUENCE).ok_or_else(nowhere)?;
    let [between_rows, between_columns]: [f64; 2] = measures.array(tags::PIXEL_SPACING).ok_or_else(nowhere)?;
    let (Some(row), Some(column)) = (unit([o[0], o[1], o[2]]), unit([o[3], o[4], o[5]])) else { return Err(nowhere()) };
    let normal =
        [row[1] * column[2] - row[2] * column[1], row[2] * column[0] - row[0] * column[2], row[0] * column[1] - row[1] * column[0]];
    let mut along: Vec<f64> = frames.iter().map(|f| dot(f.position_lps, normal)).collect();
    let start = (0..frames.len()).min_by(|&a, &b| along[a].total_cmp(&along[b])).ok_or_else(nowhere)?;
    let origin = frames[start].position_lps;
    let least = along[start];
    along.iter_mut().for_each(|at| *at -= least);
    let mut gaps: Vec<f64> = along.clone();
    gaps.sort_unstable_by(f64::total_cmp);
    let smallest = gaps.windows(2).map(|w| w[1] - w[0]).filter(|g| *g > 1e-3).fold(f64::INFINITY, f64::min);
    let told = measures.number(tags::SPACING_BETWEEN_SLICES).or_else(|| measures.number(tags::SLICE_THICKNESS)).filter(|s| *s > 0.0);
    // Where slices are left out, the smallest gap may be a multiple of the spacing: the header knows better, if it fits.
    let fits = |step: f64| along.iter().all(|at| ((at / step) - (at / step).round()).abs() < SAME_SLICE);
    let step = told.filter(|s| fits(*s)).or_else(|| Some(smallest).filter(|s| s.is_finite() && fits(*s)));
    let step = step.ok_or_else(|| IoError::unsupported(path, "the frames of the segmentation lie at uneven distances"))?;
    let slices: Vec<usize> = along.iter().map(|at| (at / step).round() as usize).collect();
    let count = slices.iter().max().map_or(1, |most| most + 1);
    if count > MOST_SLICES {
        return Err(IoError::too_large(
            path,
            format!("{count} slices between the first and the last frame are more than the program takes"),
        ));
    }
    let ras = |v: [f64; 3], by: f64| [-v[0] * by, -v[1] * by, v[2] * by];
    let affine = Affine::from_columns([ras(row, between_columns), ras(column, between_rows), ras(normal, step)], ras(origin, 1.0));
    let affine = affine.map_err(|e| IoError::damaged(path, e.to_string()))?;
    let grid = Grid::new([pixels.columns, pixels.rows, count], affine).map_err(|e| IoError::too_large(path, e.to_string()))?;
    Ok((grid, slices))
}

fn segments(view: &View<'_>) -> Vec<SegmentInfo> {
    let character_set = view.text(tags::CHARACTER_SET);
    let info = |item: View<'_>| {
        let value = u8::try_from(item.u16(tags::SEGMENT_NUMBER)?).ok()?;
        Some(SegmentInfo { value, label: item.words(tags::SEGMENT_LABEL, character_set.as_deref()).unwrap_or_default() })
    };
    view.items(tags::SEGMENT_SEQUENCE).filter_map(info).collect()
}
