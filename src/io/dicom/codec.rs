//! Compressed frames: which transfer syntaxes are read, and by what.
//!
//! | after 1.2.840.10008.1.2 | pixels | unpacked by |
//! |---|---|---|
//! | nothing, .1, .2, .1.99 | native | |
//! | .5 | RLE | `rle` |
//! | .4.50, .4.51, .4.53, .4.55 | JPEG, lossy | of 8 bits: the registry; of 9 to 12: `jpeg_extended` |
//! | .4.57, .4.70 | JPEG, lossless | the registry |
//! | .4.80, .4.81 | JPEG-LS | `jpeg_ls` |
//! | .4.90, .4.91, .4.201 to .4.203 | JPEG 2000, and High-Throughput | the registry |
//!
//! The registry (`dicom-transfer-syntax-registry`) has decoders that trust the stream's own size, so the stream's header is compared
//! with the DICOM header first, and a panic in them is caught. All else is refused by its name.

use super::super::guard::guarded;
use super::frame::PixelFormat;
use super::{jpeg_extended, jpeg_ls, rle};
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
        ".4.90" | ".4.91" | ".4.201" | ".4.202" | ".4.203" => Packing::Jpeg2000,
        ".4.92" | ".4.93" => return Err("JPEG 2000 with several components (part 2) is not read".into()),
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
            let (bits, process) = jpeg_header(data, size)?;
            if usize::from(bits) > 8 * width {
                return Err(Problem::Damaged(format!("its JPEG stream has {bits} bits per pixel where the header says {}", 8 * width)));
            }
            if bits > 8 && process != JPEG_LOSSLESS {
                let values = jpeg_extended::decode(data, size)?;
                return Ok(values.iter().flat_map(|v| u32::from(*v).to_le_bytes().into_iter().take(width)).collect());
            }
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

/// Marker of a lossless frame, Huffman codes (ITU T.81, table B.1).
const JPEG_LOSSLESS: u8 = 0xc3;

/// Precision and frame marker of a JPEG stream of the wanted size and one component (ITU T.81, B.2.2).
fn jpeg_header(data: &[u8], size: (usize, usize)) -> Result<(u16, u8), Problem> {
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
            if word(1) == 0 {
                return Err(Problem::NotRead("a JPEG stream whose number of rows stands behind its pixels (DNL) is not read".into()));
            }
            if (word(3), word(1)) != size || f[5] != 1 {
                return Err(Problem::Damaged(format!(
                    "its JPEG stream holds {} × {} pixels where the header says {} × {}",
                    word(3),
                    word(1),
                    size.0,
                    size.1
                )));
            }
            return Ok((u16::from(f[0]), marker[1]));
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

#[cfg(test)]
mod tests {
    use super::super::super::raw::Dtype;
    use super::*;

    /// 13 × 11 pixels of 12 bits, lossless; made with OpenJPH.
    const HTJ2K_12: &str = "ff4fff51002940000000000d0000000b00000000000000000000000d0000000b000000000000000000010f0101ff50000800020000000aff5200\
        0c00020001000204044001ff5c000a2088909090888888ff64001700014f70656e4a50482056657220302e32362e332eff90000a0000000000ef\
        0001ff93c0002de025f994fae8fb247a52bd34de117f6927c51fc147db53e93f73420031b700c000168400016940001680355c7112d8599ab301\
        02dc00007e9800020bb808e89c472f158ee125ee7040d59700bc6a75bb811d21fd00082dd040bf9800c0002eae00017550000ba20d816db3ddcc\
        876134088c99aa180814553306638681f1cd76b32d86d06060fe3cc54e1d1a443011339b00a664d1e04a390d5312974a2be69ccff86a59fad14d\
        34258d2409040bb51fce93375d8c104f24110050014c2674b379669accb2e91c137dc95c3699cd2693f90045fb3869f508960000745d00ffd9";
    /// 13 × 11 pixels of 8 bits, by the irreversible wavelet; made with OpenJPH.
    const HTJ2K_8: &str = "ff4fff51002940000000000d0000000b00000000000000000000000d0000000b00000000000000000001070101ff500008000200000023ff5200\
        0c00020001000204044000ff5c00112267e6583558355878501a501a5fbfff64001700014f70656e4a50482056657220302e32362e332eff9000\
        0a0000000000640001ff93c005ae21de62a4ada324520c75c38e6083ec0047dc2181773800c00ab8015e17c5e24008971847d278001871606088\
        4551fc0024f73a31b700c015300578555555dca7a7c2760056d5ff7f7a15ff7d6faebdd56a3b00ffd9";

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len() / 2).map(|n| u8::from_str_radix(&hex[2 * n..2 * n + 2], 16).unwrap()).collect()
    }

    fn format(dtype: Dtype) -> PixelFormat {
        let bits = 8 * dtype.bytes() as u16;
        PixelFormat { rows: 11, columns: 13, bits_allocated: bits, bits_stored: bits, shift: 0, signed: false, dtype }
    }

    fn syntax(short: &str) -> String {
        format!("{UID}{short}")
    }

    #[test]
    fn high_throughput_jpeg_2000_is_read_by_all_its_names() {
        let (deep, shallow) = (bytes(HTJ2K_12), bytes(HTJ2K_8));
        let places = || (0..11).flat_map(|y| (0..13).map(move |x| (x, y)));
        for short in [".4.201", ".4.202", ".4.203"] {
            let got = decode(&syntax(short), &deep, &format(Dtype::U16)).unwrap();
            for (value, (x, y)) in got.as_chunks::<2>().0.iter().zip(places()) {
                assert_eq!(u16::from_le_bytes(*value), (x * x * 7 + y * 113 + (x * y) % 5 * 31 + 900) % 4096);
            }
            assert_eq!(got.len(), 2 * 143);
        }
        let got = decode(&syntax(".4.203"), &shallow, &format(Dtype::U8)).unwrap();
        assert!(got.iter().zip(places()).all(|(value, (x, y))| value.abs_diff((x * x + y * 9 + 20) as u8) <= 1) && got.len() == 143);
    }

    #[test]
    fn spoilt_high_throughput_streams_do_no_harm() {
        for (hex, dtype) in [(HTJ2K_12, Dtype::U16), (HTJ2K_8, Dtype::U8)] {
            let whole = bytes(hex);
            for at in 0..whole.len() {
                let mut changed = whole.clone();
                changed[at] ^= 1 << (at % 8);
                for stream in [&changed[..], &whole[..at]] {
                    if let Ok(pixels) = decode(&syntax(".4.201"), stream, &format(dtype)) {
                        assert_eq!(pixels.len(), 143 * dtype.bytes());
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_not_read_is_refused_by_its_name() {
        for (short, name) in [(".4.110", "JPEG XL"), (".4.102", "MPEG"), (".4.52", "4.52"), (".4.92", "part 2"), (".9.9", ".9.9")] {
            let why = check(&syntax(short)).unwrap_err();
            assert!(why.contains(name), "{short}: {why}");
        }
    }

    #[test]
    fn twelve_bits_do_not_go_into_a_byte_and_the_rows_stand_in_front() {
        let mut stream = vec![0xff, 0xd8, 0xff, 0xc1, 0, 11, 12, 0, 11, 0, 13, 1, 1, 0x11, 0, 0xff, 0xd9];
        let refused = |stream: &[u8], dtype| match decode(&syntax(".4.51"), stream, &format(dtype)) {
            Err(Problem::NotRead(why) | Problem::Damaged(why)) => why,
            Ok(_) => panic!("read"),
        };
        assert!(refused(&stream, Dtype::U8).contains("12 bits"));
        assert!(refused(&stream, Dtype::U16).contains("cut short"));
        stream[8] = 0;
        assert!(refused(&stream, Dtype::U16).contains("DNL"));
    }
}
