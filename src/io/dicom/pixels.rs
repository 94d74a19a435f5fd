//! Frames out of a file: native or unpacked, in little-endian order, rubbish bits removed.

use super::super::error::IoError;
use super::super::raw::swap_bytes;
use super::codec::{self, Problem};
use super::data_set::Value;
use super::frame::{DicomFile, PixelFormat};
use super::load::{Loaded, load, read_bytes};
use rayon::prelude::*;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::ops::Range;

/// A frame number and where its pixels go.
pub(super) type Wanted<'a> = (usize, &'a mut [u8]);

/// Reads the wanted frames of one file.
pub(super) fn read_frames(file: &DicomFile, wanted: &mut [Wanted<'_>]) -> Result<(), IoError> {
    if let Some(offset) = file.plain_pixels {
        return read_plain(file, offset, wanted);
    }
    if let Some(mosaic) = &file.mosaic {
        let format = mosaic.whole;
        let mut whole = vec![0; usize::from(format.rows) * usize::from(format.columns) * format.dtype.bytes()];
        unpack(file, &format, 1, &mut [(0, &mut whole)])?;
        wanted.iter_mut().for_each(|(tile, out)| mosaic.cut(&whole, *tile, out));
        return Ok(());
    }
    unpack(file, &file.format, file.frames.len(), wanted)
}

/// Frames of a file that holds `frames` of them.
fn unpack(file: &DicomFile, format: &PixelFormat, frames: usize, wanted: &mut [Wanted<'_>]) -> Result<(), IoError> {
    let path = &file.path;
    let loaded = load(path, read_bytes(path)?)?;
    let changed = || IoError::damaged(path, "the file changed while it was read");
    let element = loaded.pixels().ok_or_else(changed)?;
    wanted.par_iter_mut().try_for_each(|(number, out)| {
        match &element.value {
            Value::Bytes(range) => native(&loaded, range, element.vr, format, *number, out).ok_or_else(changed)?,
            Value::Fragments(fragments) => {
                let packed = frame_fragments(&loaded, fragments, *number, frames).ok_or_else(changed)?;
                let unpacked = codec::decode(&loaded.transfer_syntax, &packed, format).map_err(|problem| match problem {
                    Problem::NotRead(what) => IoError::unsupported(path, what),
                    Problem::Damaged(why) => IoError::damaged(path, why),
                })?;
                if unpacked.len() != out.len() {
                    return Err(IoError::damaged(path, "its compressed pixels have another size than its header says"));
                }
                out.copy_from_slice(&unpacked);
            }
            Value::Items(_) => return Err(changed()),
        }
        keep_stored_bits(out, format);
        Ok(())
    })
}

/// Straight from the file to where the pixels go.
fn read_plain(file: &DicomFile, offset: u64, wanted: &mut [Wanted<'_>]) -> Result<(), IoError> {
    let failed = |e: std::io::Error| IoError::unreadable(&file.path, &e);
    let mut stream = File::open(&file.path).map_err(failed)?;
    for (number, out) in wanted {
        stream.seek(SeekFrom::Start(offset + (*number * out.len()) as u64)).map_err(failed)?;
        stream.read_exact(out).map_err(|_| IoError::damaged(&file.path, "the file changed while it was read"))?;
        keep_stored_bits(out, &file.format);
    }
    Ok(())
}

fn native(loaded: &Loaded, range: &Range<usize>, vr: [u8; 2], format: &PixelFormat, number: usize, out: &mut [u8]) -> Option<()> {
    if codec::is_packed(&loaded.transfer_syntax) {
        return None;
    }
    let start = number.checked_mul(out.len())?;
    let pixels = loaded.bytes.get(range.clone())?;
    let big = loaded.encoding.big_endian;
    if big && format.bits_allocated == 8 && &vr == b"OW" {
        // Pairs of pixels share a word, which is swapped.
        for (n, byte) in out.iter_mut().enumerate() {
            let at = (start + n) ^ 1;
            *byte = *pixels.get(at).or_else(|| pixels.get(start + n))?;
        }
        return Some(());
    }
    out.copy_from_slice(pixels.get(start..start + out.len())?);
    if big {
        swap_bytes(out, format.dtype.bytes());
    }
    Some(())
}

/// The bytes of one frame. Fragments are one per frame, or all of one frame, or told apart by the offset table.
fn frame_fragments(loaded: &Loaded, fragments: &[Range<usize>], number: usize, frames: usize) -> Option<Vec<u8>> {
    let (table, data) = fragments.split_first()?;
    let bytes = |part: &[Range<usize>]| -> Option<Vec<u8>> {
        let parts: Option<Vec<&[u8]>> = part.iter().map(|r| loaded.bytes.get(r.clone())).collect();
        Some(parts?.concat())
    };
    if data.len() == frames {
        return bytes(data.get(number..=number)?);
    }
    if frames == 1 {
        return bytes(data);
    }
    let offsets: Vec<usize> = loaded.bytes.get(table.clone())?.as_chunks::<4>().0.iter().map(|c| u32::from_le_bytes(*c) as usize).collect();
    let first = data.first()?.start.checked_sub(8)?;
    if offsets.len() == frames {
        let start = offsets[number];
        let end = offsets.get(number + 1).copied().unwrap_or(usize::MAX);
        let within: Vec<Range<usize>> = data.iter().filter(|r| (start..end).contains(&(r.start - 8 - first))).cloned().collect();
        return bytes(&within);
    }
    // No table: a new frame begins where a JPEG, JPEG-LS or JPEG 2000 stream does.
    let starts: Vec<usize> = (0..data.len())
        .filter(|&n| {
            loaded.bytes.get(data[n].clone()).is_some_and(|b| b.starts_with(&[0xff, 0xd8]) || b.starts_with(&[0xff, 0x4f, 0xff, 0x51]))
        })
        .collect();
    if starts.len() != frames {
        return None;
    }
    bytes(data.get(starts[number]..starts.get(number + 1).copied().unwrap_or(data.len()))?)
}

/// Ignores bits outside the stored ones and extends the sign (PS3.5 8.1.1).
fn keep_stored_bits(out: &mut [u8], format: &PixelFormat) {
    if format.dtype.is_float() || (format.bits_stored == format.bits_allocated && format.shift == 0) {
        return;
    }
    let unused = 32 - u32::from(format.bits_stored);
    let clean = |v: u32| {
        let top = (v >> format.shift) << unused;
        if format.signed { (top.cast_signed() >> unused).cast_unsigned() } else { top >> unused }
    };
    match format.dtype.bytes() {
        1 => out.iter_mut().for_each(|b| *b = clean(u32::from(*b)) as u8),
        2 => out.as_chunks_mut::<2>().0.iter_mut().for_each(|c| *c = (clean(u32::from(u16::from_le_bytes(*c))) as u16).to_le_bytes()),
        _ => out.as_chunks_mut::<4>().0.iter_mut().for_each(|c| *c = clean(u32::from_le_bytes(*c)).to_le_bytes()),
    }
}
