//! Reading a segmentation of any maker: BINARY, FRACTIONAL (cut at one half) and LABELMAP.

use super::super::super::error::IoError;
use super::super::data_set::{Value, View};
use super::super::load::{Loaded, load, read_bytes};
use super::super::tags;
use super::codes::SegmentMeaning;
use super::slices::{SlicePlaces, lay_out, placed_frames};
use crate::volume::Labels;
use std::path::Path;
use std::sync::Arc;

/// Frames of one object that are still taken.
const MAX_FRAMES: usize = 100_000;

/// A segmentation as a label map on its own grid.
#[derive(Clone, Debug)]
pub struct SegMap {
    /// Segment numbers.
    pub labels: Labels,
    /// Where the slices of that map lie.
    pub places: SlicePlaces,
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
    /// What its codes say, where this program knows them.
    pub meaning: Option<SegmentMeaning>,
}

/// Reads a DICOM segmentation.
///
/// # Errors
/// If the file is no segmentation, is damaged or compressed, does not say where its frames lie, these do not lie on one line,
/// two segments share a voxel, or a pixel holds a number above 255.
pub fn read_seg(path: &Path) -> Result<SegMap, IoError> {
    let loaded = load(path, read_bytes(path)?)?;
    let view = loaded.view();
    if view.text(tags::MODALITY).as_deref() != Some("SEG") {
        return Err(IoError::unsupported(path, "this DICOM file is no segmentation (its modality is not SEG)"));
    }
    let pixels = Pixels::new(path, &loaded)?;
    let frames = placed_frames(path, &view, pixels.count, pixels.kind != Kind::LabelMap)?;
    let laid_out = lay_out(path, &view, &frames, [pixels.columns, pixels.rows])?;
    let mut labels = Labels::empty(Arc::new(laid_out.grid));
    for (number, (frame, &k)) in frames.iter().zip(&laid_out.slices).enumerate() {
        for j in 0..pixels.rows {
            for i in 0..pixels.columns {
                let Some(value) = pixels.label(number, j * pixels.columns + i, frame.segment) else { continue };
                let value = u8::try_from(value).map_err(|_| {
                    IoError::unsupported(path, format!("it holds segment number {value}, but a label map here ends at 255; renumber it"))
                })?;
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
    Ok(SegMap { labels, places: laid_out.places, segments: segments(&view) })
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

    /// The segment number of a pixel; `None` for background.
    fn label(&self, frame: usize, pixel: usize, segment: u8) -> Option<u16> {
        let at = frame * self.rows * self.columns + pixel;
        match self.kind {
            Kind::Binary => (self.bytes[at / 8] >> (at % 8) & 1 == 1).then_some(u16::from(segment)),
            Kind::Fractional(from) => (u16::from(self.bytes[at]) >= from).then_some(u16::from(segment)),
            Kind::LabelMap if self.wide => {
                let two = [self.bytes[2 * at], self.bytes[2 * at + 1]];
                let value = if self.big_endian { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) };
                Some(value).filter(|v| *v > 0)
            }
            Kind::LabelMap => Some(u16::from(self.bytes[at])).filter(|v| *v > 0),
        }
    }
}

fn segments(view: &View<'_>) -> Vec<SegmentInfo> {
    let character_set = view.text(tags::CHARACTER_SET);
    let info = |item: View<'_>| {
        let value = u8::try_from(item.u16(tags::SEGMENT_NUMBER)?).ok()?;
        let label = item.words(tags::SEGMENT_LABEL, character_set.as_deref()).unwrap_or_default();
        Some(SegmentInfo { value, label, meaning: meaning(&item) })
    };
    view.items(tags::SEGMENT_SEQUENCE).filter_map(info).collect()
}

fn meaning(segment: &View<'_>) -> Option<SegmentMeaning> {
    let of_type = segment.items(tags::PROPERTY_TYPE_SEQUENCE).next()?;
    let side = of_type.items(tags::PROPERTY_TYPE_MODIFIER_SEQUENCE).next().and_then(|side| side.text(tags::CODE_VALUE));
    SegmentMeaning::told(&of_type.text(tags::CODING_SCHEME)?, &of_type.text(tags::CODE_VALUE)?, side.as_deref())
}
