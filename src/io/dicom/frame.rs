//! One DICOM file's header: the pixel format and, for each frame, where it lies and what it belongs to.

use super::super::error::IoError;
use super::super::raw::{Dtype, MAX_RAW_BYTES, Scale};
use super::super::source::{Acquisition, Identity};
use super::data_set::{Value, View};
use super::load::{Loaded, load, read_bytes, turn};
use super::mosaic::{self, Mosaic};
use super::{codec, describe, tags};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Frames of one file that are still taken.
const MAX_FRAMES: f64 = 100_000.0;

/// How pixels are stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) struct PixelFormat {
    pub rows: u16,
    pub columns: u16,
    pub bits_allocated: u16,
    pub bits_stored: u16,
    /// Bits below the lowest stored one.
    pub shift: u16,
    pub signed: bool,
    pub dtype: Dtype,
}

/// One frame; lengths in mm, LPS.
#[derive(Clone, Debug)]
pub(in super::super) struct Frame {
    pub position_lps: Option<[f64; 3]>,
    pub orientation_lps: Option<[f64; 6]>,
    /// Between rows, between columns.
    pub spacing_mm: Option<[f64; 2]>,
    pub thickness_mm: Option<f64>,
    pub scale: Scale,
    pub echo_time_ms: Option<f64>,
    pub echo_number: Option<u32>,
    pub image_type: String,
    pub temporal: Option<f64>,
    pub acquisition_number: Option<f64>,
    pub instance: f64,
}

/// All that is kept of a file between listing and decoding.
#[derive(Debug)]
pub(in super::super) struct DicomFile {
    pub path: PathBuf,
    pub sha256: String,
    pub format: PixelFormat,
    /// Where the pixels begin in the file, if they stand there unpacked and in little-endian order.
    pub plain_pixels: Option<u64>,
    /// The picture that `frames` are cut out of, where they are.
    pub mosaic: Option<Mosaic>,
    pub frames: Vec<Frame>,
    pub series: String,
    pub series_name: String,
    pub acquisition: Acquisition,
    pub identity: Identity,
    pub burned_in_suspected: bool,
    pub monochrome1: bool,
}

/// Reads a file far enough to know what it holds.
///
/// # Errors
/// If it is no image, is damaged, or is of a kind that is not read.
pub(in super::super) fn read_header(path: &Path) -> Result<DicomFile, IoError> {
    let _turn = turn(path);
    let bytes = read_bytes(path)?;
    let sha256 = hex(&Sha256::digest(&bytes));
    let loaded = load(path, bytes)?;
    let view = loaded.view();
    if loaded.pixels().is_none() {
        let why =
            if loaded.broken { "this DICOM file is cut short before its pixels" } else { "this DICOM file holds no image (no pixel data)" };
        return Err(if loaded.broken { IoError::damaged(path, why) } else { IoError::not_an_image(path, why) });
    }
    codec::check(&loaded.transfer_syntax).map_err(|what| IoError::unsupported(path, what))?;
    let photometric = view.text(tags::PHOTOMETRIC).unwrap_or_else(|| "MONOCHROME2".into());
    if view.u16(tags::SAMPLES_PER_PIXEL).unwrap_or(1) != 1 || !photometric.starts_with("MONOCHROME") {
        return Err(IoError::unsupported(path, format!("a colour image ({photometric}) is not read")));
    }
    let format = pixel_format(path, &loaded)?;
    let claimed = view.number(tags::NUMBER_OF_FRAMES).unwrap_or(1.0).max(1.0);
    if claimed > MAX_FRAMES {
        return Err(IoError::too_large(path, format!("{claimed} frames in one file are more than the program takes")));
    }
    let frames = frames(&view, claimed as usize);
    check_length(path, &loaded, &format, frames.len())?;
    let (format, frames, mosaic) = mosaic::unpack(path, &view, format, frames)?;
    let shared: Vec<View<'_>> = timing(&view);
    let identity = describe::identity(&view);
    Ok(DicomFile {
        path: path.into(),
        sha256,
        plain_pixels: plain_pixels(&loaded).filter(|_| mosaic.is_none()),
        mosaic,
        format,
        series: identity.series_uid.clone().unwrap_or_else(|| path.display().to_string()),
        series_name: describe::series_name(&view, &identity),
        acquisition: describe::acquisition(&view, &shared),
        identity,
        burned_in_suspected: view.text(tags::BURNED_IN).as_deref() != Some("NO"),
        monochrome1: photometric == "MONOCHROME1",
        frames,
    })
}

fn plain_pixels(loaded: &Loaded) -> Option<u64> {
    let element = loaded.pixels()?;
    match &element.value {
        Value::Bytes(range) if loaded.is_as_stored() && !loaded.encoding.big_endian && !codec::is_packed(&loaded.transfer_syntax) => {
            Some(range.start as u64)
        }
        _ => None,
    }
}

pub(in super::super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn pixel_format(path: &Path, loaded: &Loaded) -> Result<PixelFormat, IoError> {
    let view = loaded.view();
    let size = (view.u16(tags::ROWS), view.u16(tags::COLUMNS));
    let (Some(rows @ 1..), Some(columns @ 1..)) = size else {
        return Err(IoError::damaged(path, "the DICOM header does not say how many rows and columns there are"));
    };
    if let Some(float) = [(tags::FLOAT_PIXELS, Dtype::F32), (tags::DOUBLE_PIXELS, Dtype::F64)].iter().find(|(t, _)| view.raw(*t).is_some())
    {
        let bits = float.1.bytes() as u16 * 8;
        return Ok(PixelFormat { rows, columns, bits_allocated: bits, bits_stored: bits, shift: 0, signed: true, dtype: float.1 });
    }
    let signed = view.u16(tags::PIXEL_REPRESENTATION) == Some(1);
    let bits_allocated = view.u16(tags::BITS_ALLOCATED).unwrap_or(16);
    let dtype = match (bits_allocated, signed) {
        (8, false) => Dtype::U8,
        (8, true) => Dtype::I8,
        (16, false) => Dtype::U16,
        (16, true) => Dtype::I16,
        (32, false) => Dtype::U32,
        (32, true) => Dtype::I32,
        (1, _) => return Err(IoError::unsupported(path, "one-bit pixels (a DICOM segmentation) are not read as an image")),
        (bits, _) => return Err(IoError::unsupported(path, format!("pixels of {bits} bits are not read"))),
    };
    let bits_stored = view.u16(tags::BITS_STORED).filter(|b| (1..=bits_allocated).contains(b)).unwrap_or(bits_allocated);
    let high_bit = view.u16(tags::HIGH_BIT).filter(|h| (bits_stored - 1..bits_allocated).contains(h)).unwrap_or(bits_stored - 1);
    Ok(PixelFormat { rows, columns, bits_allocated, bits_stored, shift: high_bit + 1 - bits_stored, signed, dtype })
}

/// The claimed size against what is there, before any memory is asked for.
fn check_length(path: &Path, loaded: &Loaded, format: &PixelFormat, frames: usize) -> Result<(), IoError> {
    let frame_bytes = usize::from(format.rows) * usize::from(format.columns) * format.dtype.bytes();
    let wanted = frame_bytes.saturating_mul(frames);
    if wanted > MAX_RAW_BYTES {
        return Err(IoError::too_large(
            path,
            format!("{frames} frames of {} × {} pixels are more than the program takes", format.columns, format.rows),
        ));
    }
    match loaded.pixels().map(|e| &e.value) {
        Some(Value::Bytes(range)) if range.len() < wanted => {
            let percent = range.len() as f64 / wanted as f64 * 100.0;
            Err(IoError::damaged(path, format!("the DICOM file is truncated: {percent:.0} % of its pixels are there")))
        }
        Some(Value::Fragments(fragments)) if loaded.broken || fragments.len() - 1 < frames => {
            Err(IoError::damaged(path, "the DICOM file is truncated within its compressed pixels"))
        }
        Some(Value::Fragments(_)) if frame_bytes > codec::MAX_FRAME_BYTES => Err(IoError::too_large(
            path,
            format!("a compressed frame of {} × {} pixels is more than the program takes", format.columns, format.rows),
        )),
        _ => Ok(()),
    }
}

fn timing<'a>(view: &View<'a>) -> Vec<View<'a>> {
    let shared: Vec<View<'a>> = view.items(tags::SHARED_GROUPS).collect();
    shared.iter().flat_map(|s| s.items(tags::MR_TIMING_SEQUENCE)).collect()
}

/// A per-frame macro of the enhanced objects: the frame's own, else the shared one, else the data set itself.
struct Groups<'a> {
    own: Option<View<'a>>,
    shared: Option<View<'a>>,
    root: View<'a>,
}

impl<'a> Groups<'a> {
    fn within(&self, sequence: u32) -> View<'a> {
        let first = |v: Option<View<'a>>| v.and_then(|v| v.items(sequence).next());
        first(self.own).or_else(|| first(self.shared)).unwrap_or(self.root)
    }
}

fn frames(view: &View<'_>, count: usize) -> Vec<Frame> {
    let shared = view.items(tags::SHARED_GROUPS).next();
    let own: Vec<View<'_>> = view.items(tags::PER_FRAME_GROUPS).collect();
    let enhanced = shared.is_some() || !own.is_empty();
    (0..count)
        .map(|n| {
            let groups = Groups { own: own.get(n).copied(), shared, root: *view };
            let mut frame = frame(&groups, enhanced);
            if count > 1 && own.is_empty() {
                // One position cannot hold for several frames.
                frame.position_lps = None;
            }
            if count > 1 {
                frame.instance += n as f64 / count as f64;
            }
            frame
        })
        .collect()
}

fn frame(groups: &Groups<'_>, enhanced: bool) -> Frame {
    let root = &groups.root;
    let measures = groups.within(tags::PIXEL_MEASURES_SEQUENCE);
    let values = groups.within(tags::PIXEL_VALUE_SEQUENCE);
    let content = groups.within(tags::FRAME_CONTENT_SEQUENCE);
    let echo = groups.within(tags::MR_ECHO_SEQUENCE);
    let slope = values.number(tags::RESCALE_SLOPE).filter(|s| *s != 0.0).unwrap_or(1.0);
    // PS3.3 C.7.6.3: at the patient, else at the detector (C.8.11.3), else on the scanned film (C.8.6.2).
    let spacing = measures
        .array::<2>(tags::PIXEL_SPACING)
        .or_else(|| root.array::<2>(tags::IMAGER_PIXEL_SPACING))
        .or_else(|| root.array::<2>(tags::NOMINAL_SCANNED_PIXEL_SPACING));
    let frame_type = groups.within(tags::MR_FRAME_TYPE_SEQUENCE).text(tags::FRAME_TYPE);
    let positive = |v: &f64| *v > 0.0;
    Frame {
        position_lps: groups.within(tags::PLANE_POSITION_SEQUENCE).array(tags::POSITION),
        orientation_lps: groups.within(tags::PLANE_ORIENTATION_SEQUENCE).array(tags::ORIENTATION),
        spacing_mm: spacing.filter(|s| s.iter().all(positive)),
        thickness_mm: root
            .number(tags::SPACING_BETWEEN_SLICES)
            .or_else(|| measures.number(tags::SPACING_BETWEEN_SLICES))
            .map(f64::abs)
            .filter(positive)
            .or_else(|| measures.number(tags::SLICE_THICKNESS).filter(positive)),
        scale: Scale { slope, intercept: values.number(tags::RESCALE_INTERCEPT).unwrap_or(0.0) },
        echo_time_ms: if enhanced { echo.number(tags::EFFECTIVE_ECHO_TIME) } else { root.number(tags::ECHO_TIME) },
        echo_number: root.number(tags::ECHO_NUMBERS).map(|n| n as u32),
        image_type: frame_type.or_else(|| root.text(tags::IMAGE_TYPE)).unwrap_or_default(),
        temporal: content.number(tags::TEMPORAL_POSITION_INDEX).or_else(|| root.number(tags::TEMPORAL_POSITION)),
        acquisition_number: content.number(tags::FRAME_ACQUISITION_NUMBER).or_else(|| root.number(tags::ACQUISITION_NUMBER)),
        instance: root.number(tags::INSTANCE_NUMBER).unwrap_or(0.0),
    }
}
