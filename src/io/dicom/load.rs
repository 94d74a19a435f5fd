//! A DICOM file in memory: transfer syntax, data set and where the pixels are.

use super::super::error::IoError;
use super::super::raw::MAX_RAW_BYTES;
use super::data_set::{Element, Set, Value, View};
use super::parse::{EXPLICIT_LITTLE, Encoding, IMPLICIT_LITTLE, guess_encoding, parse};
use super::tags;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Explicit little-endian, deflated as a whole.
const DEFLATED: &str = "1.2.840.10008.1.2.1.99";
/// Unpacked size of a deflated data set that is still taken.
const MAX_INFLATED: u64 = 1 << 29;

/// A file with its data set. Values point into `bytes`.
pub(super) struct Loaded {
    pub bytes: Vec<u8>,
    pub set: Set,
    pub encoding: Encoding,
    pub transfer_syntax: String,
    /// The file ended within an element.
    pub broken: bool,
}

impl Loaded {
    pub fn view(&self) -> View<'_> {
        View { bytes: &self.bytes, set: &self.set, big_endian: self.encoding.big_endian }
    }

    /// Whether `bytes` are the file's own.
    pub fn is_as_stored(&self) -> bool {
        self.transfer_syntax != DEFLATED
    }

    /// Pixel data of any kind.
    pub fn pixels(&self) -> Option<&Element> {
        [tags::PIXELS, tags::FLOAT_PIXELS, tags::DOUBLE_PIXELS].iter().find_map(|&tag| self.set.element(tag)).filter(|e| match &e.value {
            Value::Bytes(range) => !range.is_empty(),
            Value::Fragments(fragments) => fragments.len() > 1,
            Value::Items(_) => false,
        })
    }
}

/// Files above this size are listed one at a time, so that a folder of them does not fill the memory.
const LARGE_BYTES: u64 = 1 << 26;
static ONE_LARGE_FILE: Mutex<()> = Mutex::new(());

/// Held while the header of a large file is read. Nothing that waits for other threads may run meanwhile.
pub(super) fn turn(path: &Path) -> Option<MutexGuard<'static, ()>> {
    let large = std::fs::metadata(path).is_ok_and(|m| m.len() > LARGE_BYTES);
    large.then(|| ONE_LARGE_FILE.lock().unwrap_or_else(PoisonError::into_inner))
}

/// All bytes of a file of sensible size.
pub(super) fn read_bytes(path: &Path) -> Result<Vec<u8>, IoError> {
    let failed = |e: std::io::Error| IoError::unreadable(path, &e);
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    if length > MAX_RAW_BYTES as u64 {
        return Err(IoError::too_large(path, format!("{} MiB in one DICOM file are more than the program takes", length >> 20)));
    }
    let mut bytes = Vec::with_capacity(length as usize);
    file.take(MAX_RAW_BYTES as u64).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// Parses the bytes of a file, with or without the preamble.
pub(super) fn load(path: &Path, bytes: Vec<u8>) -> Result<Loaded, IoError> {
    let start = if bytes.get(128..132) == Some(b"DICM") { 132 } else { 0 };
    // The meta group is explicit little-endian; files without it begin at group 8 in one of two encodings.
    let (meta, data_start, cut) = parse(&bytes, start..bytes.len(), guess_encoding(&bytes[start.min(bytes.len())..]), 3);
    let view = View { bytes: &bytes, set: &meta, big_endian: false };
    let named = view.text(tags::TRANSFER_SYNTAX);
    let encoding = match named.as_deref() {
        Some("1.2.840.10008.1.2") => IMPLICIT_LITTLE,
        Some("1.2.840.10008.1.2.2") => Encoding { big_endian: true, explicit: true },
        Some("1.2.840.10008.1.2.1.99" | "1.2.840.10008.1.2.1.98") => EXPLICIT_LITTLE,
        Some(_) if data_start >= bytes.len() => EXPLICIT_LITTLE,
        // Some writers name explicit and write implicit: the data set itself knows better.
        _ => guess_encoding(&bytes[data_start..]),
    };
    let transfer_syntax = named.unwrap_or_else(|| (if encoding.explicit { "1.2.840.10008.1.2.1" } else { "1.2.840.10008.1.2" }).into());
    if transfer_syntax == DEFLATED {
        let inflated = inflate(path, &bytes[data_start..])?;
        let (set, _, broken) = parse(&inflated, 0..inflated.len(), encoding, u32::MAX);
        return Ok(Loaded { bytes: inflated, set, encoding, transfer_syntax, broken: broken || cut });
    }
    let (mut set, _, broken) = parse(&bytes, data_start..bytes.len(), encoding, u32::MAX);
    set.append(meta);
    Ok(Loaded { bytes, set, encoding, transfer_syntax, broken: broken || cut })
}

fn inflate(path: &Path, packed: &[u8]) -> Result<Vec<u8>, IoError> {
    let mut out = Vec::new();
    let outcome = flate2::read::DeflateDecoder::new(packed).take(MAX_INFLATED + 1).read_to_end(&mut out);
    if out.len() as u64 > MAX_INFLATED {
        return Err(IoError::too_large(path, "the deflated data set unpacks to more than 512 MiB"));
    }
    outcome.map_err(|_| IoError::damaged(path, "the deflated data set cannot be unpacked"))?;
    Ok(out)
}
