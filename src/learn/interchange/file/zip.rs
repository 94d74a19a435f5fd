//! The little of the zip format that `torch.save` writes: entries that are not compressed, with or without zip64.
//! (APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3.)

use super::FileError;
use std::collections::BTreeMap;

/// The entries of a zip file in memory.
pub struct Archive<'a> {
    bytes: &'a [u8],
    entries: BTreeMap<String, Entry>,
}

struct Entry {
    method: u16,
    crc: u32,
    size: u64,
    /// Where the entry's own header begins.
    header: u64,
}

/// Length of the record at the end, without its comment.
const END: usize = 22;

impl<'a> Archive<'a> {
    /// Whether bytes begin like a zip file.
    pub fn is_one(bytes: &[u8]) -> bool {
        bytes.starts_with(b"PK\x03\x04")
    }

    /// Reads the list of entries.
    pub fn open(bytes: &'a [u8]) -> Result<Self, FileError> {
        let end = find_end(bytes).ok_or_else(|| FileError::damaged("its end is missing"))?;
        let [count, size, offset] = directory(bytes, end).ok_or_else(|| FileError::damaged("its list of entries cannot be found"))?;
        let list = slice(bytes, offset, size).ok_or_else(|| FileError::damaged("its list of entries lies outside"))?;
        let mut entries = BTreeMap::new();
        let mut at = 0;
        for _ in 0..count {
            let (name, entry, length) =
                entry(list.get(at..).unwrap_or_default()).ok_or_else(|| FileError::damaged("its list of entries"))?;
            if entries.insert(name, entry).is_some() {
                return Err(FileError::damaged("two entries have one name"));
            }
            at += length;
        }
        Ok(Self { bytes, entries })
    }

    /// Names of the entries.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// Whether there is such an entry.
    pub fn has(&self, name: &str) -> bool {
        self.entries.contains_key(name)
    }

    /// Contents of an entry, checked against its sum.
    pub fn get(&self, name: &str) -> Result<&'a [u8], FileError> {
        let entry = self.entries.get(name).ok_or_else(|| FileError::damaged(format!("{name} is missing")))?;
        if entry.method != 0 {
            return Err(FileError::damaged(format!("{name} is compressed, which PyTorch never does")));
        }
        let data = self.contents(entry).ok_or_else(|| FileError::damaged(format!("{name} lies outside")))?;
        if crc32fast::hash(data) == entry.crc { Ok(data) } else { Err(FileError::damaged(format!("{name} does not match its checksum"))) }
    }

    fn contents(&self, entry: &Entry) -> Option<&'a [u8]> {
        let header = slice(self.bytes, entry.header, 30)?;
        if !header.starts_with(b"PK\x03\x04") {
            return None;
        }
        let names = u64::from(u16_at(header, 26)?) + u64::from(u16_at(header, 28)?);
        slice(self.bytes, entry.header.checked_add(30 + names)?, entry.size)
    }
}

/// The record at the end: its comment must reach the end of the file.
fn find_end(bytes: &[u8]) -> Option<usize> {
    let last = bytes.len().checked_sub(END)?;
    (last.saturating_sub(usize::from(u16::MAX))..=last).rev().find(|&at| {
        bytes[at..].starts_with(b"PK\x05\x06")
            && u16_at(bytes, at + 20).is_some_and(|comment| at + END + usize::from(comment) == bytes.len())
    })
}

/// Number of entries, and length and place of their list.
fn directory(bytes: &[u8], end: usize) -> Option<[u64; 3]> {
    let (count, size, offset) = (u16_at(bytes, end + 10)?, u32_at(bytes, end + 12)?, u32_at(bytes, end + 16)?);
    if count != u16::MAX && size != u32::MAX && offset != u32::MAX {
        return Some([count.into(), size.into(), offset.into()]);
    }
    let locator = bytes.get(end.checked_sub(20)?..end)?;
    let record = slice(bytes, u64_at(locator, 8)?, 56)?;
    if !locator.starts_with(b"PK\x06\x07") || !record.starts_with(b"PK\x06\x06") {
        return None;
    }
    Some([u64_at(record, 32)?, u64_at(record, 40)?, u64_at(record, 48)?])
}

/// One entry of the list, and how long it is there.
fn entry(list: &[u8]) -> Option<(String, Entry, usize)> {
    if !list.starts_with(b"PK\x01\x02") {
        return None;
    }
    let (method, crc) = (u16_at(list, 10)?, u32_at(list, 16)?);
    let [name, extra, comment] = [28, 30, 32].map(|at| u16_at(list, at).map(usize::from));
    let (name, extra, comment) = (name?, extra?, comment?);
    let mut wide = zip64(list.get(46 + name..46 + name + extra)?);
    let mut or_wide = |value: u32| if value == u32::MAX { wide.next() } else { Some(u64::from(value)) };
    let size = or_wide(u32_at(list, 24)?)?;
    let packed = or_wide(u32_at(list, 20)?)?;
    let header = or_wide(u32_at(list, 42)?)?;
    if method == 0 && size != packed {
        return None;
    }
    let text = std::str::from_utf8(list.get(46..46 + name)?).ok()?.to_owned();
    Some((text, Entry { method, crc, size, header }, 46 + name + extra + comment))
}

/// The 64-bit numbers of an extra field, in order.
fn zip64(extra: &[u8]) -> impl Iterator<Item = u64> {
    let mut rest = extra;
    let mut found: &[u8] = &[];
    while let (Some(id), Some(length)) = (u16_at(rest, 0), u16_at(rest, 2)) {
        let Some(body) = rest.get(4..4 + usize::from(length)) else { break };
        if id == 1 {
            found = body;
        }
        rest = &rest[4 + usize::from(length)..];
    }
    found.as_chunks::<8>().0.iter().map(|b| u64::from_le_bytes(*b))
}

fn slice(bytes: &[u8], offset: u64, length: u64) -> Option<&[u8]> {
    let from = usize::try_from(offset).ok()?;
    bytes.get(from..from.checked_add(usize::try_from(length).ok()?)?)
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|b| u16::from_le_bytes(*b))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|b| u32::from_le_bytes(*b))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|b| u64::from_le_bytes(*b))
}
