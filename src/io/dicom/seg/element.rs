//! Elements on their way into a file: explicit little-endian (PS3.5 7.1.2), in order of their tags.

use super::super::data_set::View;
use super::codes::Code;

/// Elements of a data set or an item.
#[derive(Clone, Debug, Default)]
pub(super) struct Elements(Vec<(u32, [u8; 2], Vec<u8>)>);

impl Elements {
    /// Text; padded to an even length as its type asks.
    pub fn text(&mut self, tag: u32, vr: &[u8; 2], text: &str) -> &mut Self {
        let mut bytes = text.as_bytes().to_vec();
        if bytes.len() % 2 == 1 {
            bytes.push(if vr == b"UI" { 0 } else { b' ' });
        }
        self.0.push((tag, *vr, bytes));
        self
    }

    /// Whole numbers of two bytes.
    pub fn us(&mut self, tag: u32, values: &[u16]) -> &mut Self {
        self.0.push((tag, *b"US", values.iter().flat_map(|v| v.to_le_bytes()).collect()));
        self
    }

    /// Whole numbers of four bytes.
    pub fn ul(&mut self, tag: u32, values: &[u32]) -> &mut Self {
        self.0.push((tag, *b"UL", values.iter().flat_map(|v| v.to_le_bytes()).collect()));
        self
    }

    /// A tag as value.
    pub fn at(&mut self, tag: u32, value: u32) -> &mut Self {
        let halves = [(value >> 16) as u16, value as u16];
        self.0.push((tag, *b"AT", halves.iter().flat_map(|v| v.to_le_bytes()).collect()));
        self
    }

    /// Decimal numbers, each of at most 16 signs.
    pub fn ds(&mut self, tag: u32, values: &[f64]) -> &mut Self {
        let text: Vec<String> = values.iter().map(|v| decimal(*v)).collect();
        self.text(tag, b"DS", &text.join("\\"))
    }

    /// Bytes.
    pub fn bytes(&mut self, tag: u32, vr: &[u8; 2], mut bytes: Vec<u8>) -> &mut Self {
        if bytes.len() % 2 == 1 {
            bytes.push(0);
        }
        self.0.push((tag, *vr, bytes));
        self
    }

    /// A sequence.
    pub fn sequence(&mut self, tag: u32, items: Vec<Self>) -> &mut Self {
        let mut bytes = Vec::new();
        for item in items {
            let inside = item.encode();
            bytes.extend([0xfe, 0xff, 0x00, 0xe0]);
            bytes.extend((inside.len() as u32).to_le_bytes());
            bytes.extend(inside);
        }
        self.0.push((tag, *b"SQ", bytes));
        self
    }

    /// A code sequence of one item; `extra` goes into the item.
    pub fn code(&mut self, tag: u32, code: &Code, extra: Self) -> &mut Self {
        let mut item = extra;
        item.text(0x0008_0100, b"SH", code.value).text(0x0008_0102, b"SH", code.scheme).text(0x0008_0104, b"LO", code.meaning);
        self.sequence(tag, vec![item])
    }

    /// An element of the source as it is there; empty where the source has none.
    pub fn copy(&mut self, source: &View<'_>, tag: u32, vr: &[u8; 2]) -> &mut Self {
        self.bytes(tag, vr, source.raw(tag).unwrap_or_default().to_vec())
    }

    /// As [`Elements::copy`], but nothing where the source has none.
    pub fn copy_if_there(&mut self, source: &View<'_>, tag: u32, vr: &[u8; 2]) -> &mut Self {
        if source.raw(tag).is_some() {
            self.copy(source, tag, vr);
        }
        self
    }

    /// The bytes, in order of the tags.
    pub fn encode(mut self) -> Vec<u8> {
        self.0.sort_by_key(|(tag, _, _)| *tag);
        let mut out = Vec::with_capacity(self.0.iter().map(|(_, _, v)| v.len() + 12).sum());
        for (tag, vr, value) in self.0 {
            out.extend(((tag >> 16) as u16).to_le_bytes());
            out.extend((tag as u16).to_le_bytes());
            out.extend(vr);
            if matches!(&vr, b"OB" | b"OW" | b"SQ" | b"UN" | b"UT") {
                out.extend([0, 0]);
                out.extend((value.len() as u32).to_le_bytes());
            } else {
                // Short types never get near their limit here: texts are ours or were short in the source.
                out.extend((value.len().min(0xfffe) as u16).to_le_bytes());
            }
            let kept = if matches!(&vr, b"OB" | b"OW" | b"SQ" | b"UN" | b"UT") { value.len() } else { value.len().min(0xfffe) };
            out.extend(&value[..kept]);
        }
        out
    }
}

/// A number as at most 16 signs, with as many digits as fit.
fn decimal(value: f64) -> String {
    let plain = format!("{value}");
    if plain.len() <= 16 {
        return plain;
    }
    (0..=14).rev().map(|digits| format!("{value:.digits$}")).find(|text| text.len() <= 16).unwrap_or_else(|| format!("{value:.8e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_sorted_padded_and_nested() {
        let mut inner = Elements::default();
        inner.us(0x0062_000b, &[7]);
        let mut outer = Elements::default();
        outer.text(0x0010_0010, b"PN", "A^B").sequence(0x0008_1115, vec![inner]);
        let bytes = outer.encode();
        assert_eq!(&bytes[..12], [8, 0, 0x15, 0x11, b'S', b'Q', 0, 0, 18, 0, 0, 0]);
        assert_eq!(&bytes[12..20], [0xfe, 0xff, 0, 0xe0, 10, 0, 0, 0]);
        assert_eq!(&bytes[30..], [0x10, 0, 0x10, 0, b'P', b'N', 4, 0, b'A', b'^', b'B', b' ']);
    }

    #[test]
    fn decimals_have_sixteen_signs_at_most() {
        for value in [0.0, -1.0 / 3.0, 123_456.789_012_345_67, -0.000_012_345_678_901, 1e-17, -98.765_432_1] {
            let text = decimal(value);
            assert!(text.len() <= 16, "{text}");
            assert!((text.parse::<f64>().unwrap() - value).abs() <= 1e-9 * value.abs().max(1e-3), "{value} {text}");
        }
    }
}
