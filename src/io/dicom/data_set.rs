//! A parsed data set and typed access to its elements.

use dicom_encoding::text::{SpecificCharacterSet, TextCodec};
use std::ops::Range;

/// One element.
#[derive(Clone, Debug)]
pub(super) struct Element {
    pub tag: u32,
    pub vr: [u8; 2],
    pub value: Value,
}

/// What an element holds; ranges are of the file's bytes.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Bytes(Range<usize>),
    Items(Vec<Set>),
    /// Offset table first.
    Fragments(Vec<Range<usize>>),
}

/// Elements in the order of the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Set(Vec<Element>);

impl Set {
    pub fn push(&mut self, element: Element) {
        self.0.push(element);
    }

    pub fn element(&self, tag: u32) -> Option<&Element> {
        self.0.iter().find(|e| e.tag == tag)
    }

    pub fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }
}

/// A data set together with the bytes it points into.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub bytes: &'a [u8],
    pub set: &'a Set,
    pub big_endian: bool,
}

impl<'a> View<'a> {
    pub fn raw(&self, tag: u32) -> Option<&'a [u8]> {
        match &self.set.element(tag)?.value {
            Value::Bytes(range) => self.bytes.get(range.clone()).filter(|b| !b.is_empty()),
            _ => None,
        }
    }

    /// Items of a sequence; none where it is missing.
    pub fn items(&self, tag: u32) -> impl Iterator<Item = View<'a>> + use<'a> {
        let items: &'a [Set] = match self.set.element(tag).map(|e| &e.value) {
            Some(Value::Items(items)) => items,
            _ => &[],
        };
        let (bytes, big_endian) = (self.bytes, self.big_endian);
        items.iter().map(move |set| View { bytes, set, big_endian })
    }

    /// Text of the default repertoire without padding; `None` where empty.
    pub fn text(&self, tag: u32) -> Option<String> {
        let text = String::from_utf8_lossy(self.raw(tag)?);
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        (!text.is_empty()).then(|| text.to_string())
    }

    /// Text in the character set that the file names.
    pub fn words(&self, tag: u32, character_set: Option<&str>) -> Option<String> {
        let codec = character_set.and_then(SpecificCharacterSet::from_code);
        let decoded = codec.and_then(|c| c.decode(self.raw(tag)?).ok());
        let text = decoded.or_else(|| self.text(tag))?;
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        (!text.is_empty()).then(|| text.to_string())
    }

    /// Whole number of two bytes.
    pub fn u16(&self, tag: u32) -> Option<u16> {
        let two: [u8; 2] = self.raw(tag)?.get(..2)?.try_into().ok()?;
        Some(if self.big_endian { u16::from_be_bytes(two) } else { u16::from_le_bytes(two) })
    }

    /// Numbers of an element, whatever its type: text (DS, IS) or binary (FD, FL, US, SS, UL, SL).
    pub fn numbers(&self, tag: u32) -> Option<Vec<f64>> {
        let raw = self.raw(tag)?;
        let vr = self.set.element(tag)?.vr;
        // Implicit files name no type; of the elements asked for, only these are binary.
        let binary = match &vr {
            b"FD" | b"FL" | b"US" | b"SS" | b"UL" | b"SL" => Some(vr),
            b"UN" => match tag {
                super::tags::EFFECTIVE_ECHO_TIME => Some(*b"FD"),
                super::tags::TEMPORAL_POSITION_INDEX => Some(*b"UL"),
                super::tags::FRAME_ACQUISITION_NUMBER => Some(*b"US"),
                _ => None,
            },
            _ => None,
        };
        let numbers: Vec<f64> = match binary.as_ref() {
            Some(vr) => binary_numbers(raw, *vr, self.big_endian),
            None => {
                let text = String::from_utf8_lossy(raw);
                let parts = text.split('\\').map(|p| p.trim_matches(|c: char| c.is_whitespace() || c == '\0'));
                parts.map(|p| p.parse().ok()).collect::<Option<Vec<f64>>>()?
            }
        };
        (!numbers.is_empty() && numbers.iter().all(|v| v.is_finite())).then_some(numbers)
    }

    pub fn number(&self, tag: u32) -> Option<f64> {
        self.numbers(tag)?.first().copied()
    }

    pub fn array<const N: usize>(&self, tag: u32) -> Option<[f64; N]> {
        self.numbers(tag)?.get(..N)?.try_into().ok()
    }
}

fn binary_numbers(raw: &[u8], vr: [u8; 2], big_endian: bool) -> Vec<f64> {
    let width = match &vr {
        b"FD" => 8,
        b"US" | b"SS" => 2,
        _ => 4,
    };
    let number = |chunk: &[u8]| {
        let mut eight = [0_u8; 8];
        eight[..width].copy_from_slice(chunk);
        if big_endian {
            eight[..width].reverse();
        }
        let low = [eight[0], eight[1], eight[2], eight[3]];
        match &vr {
            b"FD" => f64::from_le_bytes(eight),
            b"FL" => f64::from(f32::from_le_bytes(low)),
            b"SL" => f64::from(i32::from_le_bytes(low)),
            b"UL" => f64::from(u32::from_le_bytes(low)),
            b"SS" => f64::from(i16::from_le_bytes([low[0], low[1]])),
            _ => f64::from(u16::from_le_bytes([low[0], low[1]])),
        }
    };
    raw.chunks_exact(width).map(number).collect()
}
