//! The byte level of DICOM (PS3.5, PS3.10): elements, sequences, encapsulated fragments.
//!
//! Values are ranges of the file's bytes: nothing is copied, no length is believed before it is compared with what is there,
//! and any input ends in a data set or a message. A file that breaks off keeps the elements before the break.

use super::data_set::{Element, Set, Value};
use super::tags;
use std::ops::Range;

const ITEM: u32 = 0xfffe_e000;
const ITEM_END: u32 = 0xfffe_e00d;
const SEQUENCE_END: u32 = 0xfffe_e0dd;
const UNDEFINED: u32 = 0xffff_ffff;
/// Nested deeper than any real file.
const MAX_DEPTH: usize = 24;

/// How numbers and types are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Encoding {
    pub big_endian: bool,
    pub explicit: bool,
}

pub(super) const IMPLICIT_LITTLE: Encoding = Encoding { big_endian: false, explicit: false };
pub(super) const EXPLICIT_LITTLE: Encoding = Encoding { big_endian: false, explicit: true };

/// Whether a file without the 128-byte preamble begins like a data set (group 2 or 8, a plausible first element).
pub(in super::super) fn looks_like_bare_data_set(head: &[u8]) -> bool {
    matches!(head, [2 | 8, 0, element, 0, rest @ ..] if (*element <= 0x18) && rest.len() >= 8 && (vr_at(rest) || u32_le(rest) < 512))
}

fn vr_at(bytes: &[u8]) -> bool {
    bytes.len() >= 2 && bytes[..2].iter().all(u8::is_ascii_uppercase)
}

fn u32_le(bytes: &[u8]) -> u32 {
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

/// Whether the element at the start of `bytes` names its type.
pub(super) fn guess_encoding(bytes: &[u8]) -> Encoding {
    if bytes.get(4..).is_some_and(vr_at) { EXPLICIT_LITTLE } else { IMPLICIT_LITTLE }
}

/// Reads elements of `bytes[range]`, at most up to (not including) `stop_group`; returns them with the position reached and
/// whether the data broke off.
pub(super) fn parse(bytes: &[u8], range: Range<usize>, encoding: Encoding, stop_group: u32) -> (Set, usize, bool) {
    let mut parser = Parser { bytes, at: range.start, encoding, broken: false };
    let set = parser.set(range.end.min(bytes.len()), 0, stop_group);
    (set, parser.at, parser.broken)
}

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
    encoding: Encoding,
    broken: bool,
}

/// An element's tag, type and length.
struct Head {
    tag: u32,
    vr: [u8; 2],
    length: u32,
}

impl Parser<'_> {
    fn u16(&mut self, end: usize) -> Option<u16> {
        let two: [u8; 2] = self.bytes.get(self.at..end.min(self.at.checked_add(2)?))?.try_into().ok()?;
        self.at += 2;
        Some(if self.encoding.big_endian { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) })
    }

    fn u32(&mut self, end: usize) -> Option<u32> {
        let four: [u8; 4] = self.bytes.get(self.at..end.min(self.at.checked_add(4)?))?.try_into().ok()?;
        self.at += 4;
        Some(if self.encoding.big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) })
    }

    fn tag(&mut self, end: usize) -> Option<u32> {
        Some(u32::from(self.u16(end)?) << 16 | u32::from(self.u16(end)?))
    }

    fn head(&mut self, end: usize) -> Option<Head> {
        let tag = self.tag(end)?;
        // Delimiters have no type in any encoding.
        if tag >> 16 == 0xfffe || !self.encoding.explicit {
            let vr = if tags::is_sequence(tag) { *b"SQ" } else { *b"UN" };
            return Some(Head { tag, vr, length: self.u32(end)? });
        }
        let vr: [u8; 2] = self.bytes.get(self.at..end.min(self.at + 2))?.try_into().ok()?;
        self.at += 2;
        let long = matches!(&vr, b"OB" | b"OD" | b"OF" | b"OL" | b"OV" | b"OW" | b"SQ" | b"SV" | b"UC" | b"UN" | b"UR" | b"UT" | b"UV");
        let length = if long {
            self.u16(end)?;
            self.u32(end)?
        } else {
            u32::from(self.u16(end)?)
        };
        Some(Head { tag, vr, length })
    }

    fn set(&mut self, end: usize, depth: usize, stop_group: u32) -> Set {
        let mut set = Set::default();
        while self.at < end && !self.broken {
            let start = self.at;
            let Some(head) = self.head(end) else {
                self.broken = true;
                break;
            };
            if head.tag >> 16 >= stop_group {
                self.at = start;
                break;
            }
            match head.tag {
                ITEM_END | SEQUENCE_END => break,
                // Padding after the last element.
                0 => {
                    self.at = end;
                    break;
                }
                _ => {}
            }
            let value = self.value(&head, end, depth);
            set.push(Element { tag: head.tag, vr: head.vr, value });
        }
        set
    }

    fn value(&mut self, head: &Head, end: usize, depth: usize) -> Value {
        let pixels = matches!(head.tag, tags::PIXELS | tags::FLOAT_PIXELS | tags::DOUBLE_PIXELS);
        if head.length == UNDEFINED {
            return if pixels { Value::Fragments(self.fragments(end)) } else { self.sequence(end, true, &head.vr, depth) };
        }
        let wanted = self.at.saturating_add(head.length as usize);
        let stop = wanted.min(end);
        if wanted > end {
            self.broken = true;
        }
        if &head.vr == b"SQ" {
            let broken = self.broken;
            let value = self.sequence(stop, false, &head.vr, depth);
            // The length of the sequence counts, whatever its items say.
            self.broken |= broken;
            self.at = stop;
            return value;
        }
        let range = self.at..stop;
        self.at = stop;
        Value::Bytes(range)
    }

    fn sequence(&mut self, end: usize, delimited: bool, vr: &[u8; 2], depth: usize) -> Value {
        let outer = self.encoding;
        // PS3.5 6.2.2: an unknown type of undefined length holds a sequence in implicit little-endian.
        if vr == b"UN" && outer.explicit {
            self.encoding = IMPLICIT_LITTLE;
        }
        let mut items = Vec::new();
        while self.at < end && !self.broken {
            let (Some(tag), Some(length)) = (self.tag(end), self.u32(end)) else {
                self.broken = true;
                break;
            };
            if tag == SEQUENCE_END && delimited {
                break;
            }
            if tag != ITEM || depth >= MAX_DEPTH {
                self.broken = true;
                break;
            }
            let stop = if length == UNDEFINED { end } else { self.at.saturating_add(length as usize).min(end) };
            items.push(self.set(stop, depth + 1, u32::MAX));
            if length != UNDEFINED {
                self.at = stop;
            }
        }
        self.encoding = outer;
        Value::Items(items)
    }

    /// Encapsulated pixels (PS3.5 A.4): the first item is the offset table.
    fn fragments(&mut self, end: usize) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        while self.at < end {
            let (Some(tag), Some(length)) = (self.tag(end), self.u32(end)) else {
                self.broken = true;
                break;
            };
            if tag == SEQUENCE_END {
                break;
            }
            let wanted = self.at.saturating_add(length as usize);
            if tag != ITEM || length == UNDEFINED {
                self.broken = true;
                break;
            }
            if wanted > end {
                self.broken = true;
            }
            found.push(self.at..wanted.min(end));
            self.at = wanted.min(end);
        }
        found
    }
}
