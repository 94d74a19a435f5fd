//! Compressed frames: which transfer syntaxes are read, and by what.
//!
//! RLE and JPEG-LS are unpacked here; JPEG and JPEG 2000 by the decoders of `dicom-transfer-syntax-registry`. Those trust the
//! stream's own size, so the stream's header is compared with the DICOM header first, and a panic in them is caught.

use super::super::guard::guarded;
use super::frame::PixelFormat;
use super::{jpeg_ls, rle};
use dicom_encoding::TransferSyntaxIndex;
use dicom_encoding::adapters::{PixelDataObject, RawPixelData};
use dicom_encoding::transfer_syntax::Codec;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;
use std::borrow::Cow;

/// Largest compressed frame, unpacked.
pub(super) const MAX_FRAME_BYTES: usize = 1 << 27;

const UID: &str = "1.2.840.10008.1.2";

/// Why a frame was not unpacked, in words.
#[derive(Debug)]
pub(super) enum Problem {
    /// Sound, as far as one can tell, but of a kind that is not read.
    NotRead(String),
    /// Against its own rules.
    Damaged(String),
}

/// How frames are packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    None,
    Rle,
    Jpeg,
    JpegLs,
    Jpeg2000,
}

/// Refuses, by name, what cannot be read.
pub(super) fn check(transfer_syntax: &str) -> Result<(), String> {
    packing(transfer_syntax).map(|_| ())
}

/// Whether pixels are in fragments.
pub(super) fn is_packed(transfer_syntax: &str) -> bool {
    packing(transfer_syntax).is_ok_and(|p| p != Packing::None)
}

fn packing(transfer_syntax: &str) -> Result<Packing, String> {
    let short = transfer_syntax.strip_prefix(UID).unwrap_or("?");
    Ok(match short {
        "" | ".1" | ".2" | ".1.99" => Packing::None,
        ".5" => Packing::Rle,
        ".4.50" | ".4.51" | ".4.53" | ".4.55" | ".4.57" | ".4.70" => Packing::Jpeg,
        ".4.80" | ".4.81" => Packing::JpegLs,
        ".4.90" | ".4.91" => Packing::Jpeg2000,
        ".4.92" | ".4.93" => return Err("JPEG 2000 with several components (part 2) is not read".into()),
        ".4.201" | ".4.202" | ".4.203" => return Err("High-Throughput JPEG 2000 (HTJ2K) pixels are not read".into()),
        ".4.110" | ".4.111" | ".4.112" => return Err("JPEG XL pixels are not read".into()),
        s if s.starts_with(".4.10") => return Err("video (MPEG) is not read".into()),
        _ => {
            let known = TransferSyntaxRegistry.get(transfer_syntax).map(|t| t.name().to_string());
            return Err(format!(
                "pixels in the transfer syntax {} are not read",
                known.unwrap_or_else(|| super::super::error::one_line(transfer_syntax))
            ));
        }
    })
}

/// Unpacks one frame into little-endian numbers of the format's width.
pub(super) fn decode(transfer_syntax: &str, data: &[u8], format: &PixelFormat) -> Result<Vec<u8>, Problem> {
    let pixels = usize::from(format.rows) * usize::from(format.columns);
    let width = format.dtype.bytes();
    let size = (usize::from(format.columns), usize::from(format.rows));
    match packing(transfer_syntax).map_err(Problem::NotRead)? {
        Packing::None => Err(Problem::Damaged("its pixels are in fragments although they are not compressed".into())),
        Packing::Rle => rle::decode(data, pixels, width).ok_or_else(|| Problem::Damaged("its RLE pixels are damaged".into())),
        Packing::JpegLs => {
            let values = jpeg_ls::decode(data, size)?;
            Ok(values.iter().flat_map(|v| u32::from(*v).to_le_bytes().into_iter().take(width)).collect())
        }
        Packing::Jpeg => {
            let bits = jpeg_precision(data, size)?;
            delegate(transfer_syntax, data, format, bits).map(|bytes| widen(bytes, if bits > 8 { 2 } else { 1 }, width))
        }
        Packing::Jpeg2000 => {
            let bits = jpeg2000_precision(data, size)?;
            if bits > 16 {
                return Err(Problem::NotRead(format!("JPEG 2000 pixels of {bits} bits are not read")));
            }
            delegate(transfer_syntax, data, format, 8 * width.min(2) as u16).map(|bytes| widen(bytes, width.min(2), width))
        }
    }
}

/// Numbers of `from` bytes as numbers of `to` bytes.
fn widen(bytes: Vec<u8>, from: usize, to: usize) -> Vec<u8> {
    if from == to {
        return bytes;
    }
    bytes.chunks_exact(from).flat_map(|c| (0..to).map(|n| c.get(n).copied().unwrap_or(0))).collect()
}

fn delegate(transfer_syntax: &str, data: &[u8], format: &PixelFormat, bits: u16) -> Result<Vec<u8>, Problem> {
    let syntax = TransferSyntaxRegistry.get(transfer_syntax).ok_or_else(|| Problem::NotRead("its transfer syntax is unknown".into()))?;
    let Codec::EncapsulatedPixelData(Some(reader), _) = syntax.codec() else {
        return Err(Problem::NotRead(format!("pixels in the transfer syntax {} are not read", syntax.name())));
    };
    let one = OneFrame { data, format, bits: if bits > 8 { 16 } else { 8 }, transfer_syntax };
    let mut out = Vec::new();
    match guarded(|| reader.decode_frame(&one, 0, &mut out)) {
        Some(Ok(())) => Ok(out),
        Some(Err(e)) => Err(Problem::NotRead(format!("its compressed pixels ({}) cannot be unpacked: {}", syntax.name(), deepest(&e)))),
        None => Err(Problem::Damaged(format!("its compressed pixels ({}) are damaged", syntax.name()))),
    }
}

/// The innermost cause, on one line.
fn deepest(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    super::super::error::one_line(&cause.to_string())
}

/// Precision of a JPEG stream of the wanted size and one component (ITU T.81, B.2.2).
fn jpeg_precision(data: &[u8], size: (usize, usize)) -> Result<u16, Problem> {
    let damaged = || Problem::Damaged("its JPEG pixels are damaged".into());
    let mut at = 2;
    loop {
        let marker = data.get(at..at + 4).ok_or_else(damaged)?;
        if marker[0] != 0xff {
            return Err(damaged());
        }
        if marker[1] == 0xff {
            at += 1;
            continue;
        }
        let is_frame = matches!(marker[1], 0xc0..=0xcf) && !matches!(marker[1], 0xc4 | 0xc8 | 0xcc);
        if is_frame {
            let f = data.get(at + 4..at + 10).ok_or_else(damaged)?;
            let word = |n: usize| usize::from(u16::from_be_bytes([f[n], f[n + 1]]));
            if (word(3), word(1)) != size || f[5] != 1 {
                return Err(Problem::Damaged(format!(
                    "its JPEG stream holds {} × {} pixels where the header says {} × {}",
                    word(3),
                    word(1),
                    size.0,
                    size.1
                )));
            }
            if f[0] > 8 && marker[1] != 0xc3 {
                return Err(Problem::NotRead(format!("JPEG with {} bits per pixel (extended process) is not read", f[0])));
            }
            return Ok(u16::from(f[0]));
        }
        at += 2 + usize::from(u16::from_be_bytes([marker[2], marker[3]]));
    }
}

/// Precision of a JPEG 2000 stream of the wanted size and one component (ITU T.800, A.5.1).
fn jpeg2000_precision(data: &[u8], size: (usize, usize)) -> Result<u16, Problem> {
    let damaged = || Problem::Damaged("its JPEG 2000 pixels are damaged".into());
    // A bare code stream, or one inside a JP2 file.
    let at = data.windows(4).take(4096).position(|w| w == [0xff, 0x4f, 0xff, 0x51]).ok_or_else(damaged)?;
    let siz = data.get(at + 6..at + 43).ok_or_else(damaged)?;
    let word = |n: usize| u32::from_be_bytes([siz[n], siz[n + 1], siz[n + 2], siz[n + 3]]) as usize;
    let (width, height) = (word(2).saturating_sub(word(10)), word(6).saturating_sub(word(14)));
    let components = u16::from_be_bytes([siz[34], siz[35]]);
    if (width, height) != size || components != 1 {
        return Err(Problem::Damaged(format!(
            "its JPEG 2000 stream holds {width} × {height} pixels where the header says {} × {}",
            size.0, size.1
        )));
    }
    let tiles = width.div_ceil(word(18).max(1)).saturating_mul(height.div_ceil(word(22).max(1)));
    if tiles > 65_535 || data.get(at + 43..at + 45) != Some(&[1, 1]) {
        return Err(damaged());
    }
    Ok(u16::from(siz[36] & 0x7f) + 1)
}

/// One frame in the shape that the registry's decoders want.
struct OneFrame<'a> {
    data: &'a [u8],
    format: &'a PixelFormat,
    bits: u16,
    transfer_syntax: &'a str,
}

impl PixelDataObject for OneFrame<'_> {
    fn transfer_syntax_uid(&self) -> &str {
        self.transfer_syntax
    }
    fn rows(&self) -> Option<u16> {
        Some(self.format.rows)
    }
    fn cols(&self) -> Option<u16> {
        Some(self.format.columns)
    }
    fn samples_per_pixel(&self) -> Option<u16> {
        Some(1)
    }
    fn bits_allocated(&self) -> Option<u16> {
        Some(self.bits)
    }
    fn bits_stored(&self) -> Option<u16> {
        Some(self.format.bits_stored)
    }
    fn photometric_interpretation(&self) -> Option<&str> {
        Some("MONOCHROME2")
    }
    fn number_of_frames(&self) -> Option<u32> {
        Some(1)
    }
    fn number_of_fragments(&self) -> Option<u32> {
        Some(1)
    }
    fn fragment(&self, fragment: usize) -> Option<Cow<'_, [u8]>> {
        (fragment == 0).then_some(Cow::Borrowed(self.data))
    }
    fn offset_table(&self) -> Option<Cow<'_, [u32]>> {
        None
    }
    fn raw_pixel_data(&self) -> Option<RawPixelData> {
        Some(RawPixelData { fragments: vec![self.data.to_vec()].into(), offset_table: Vec::new().into() })
    }
}
