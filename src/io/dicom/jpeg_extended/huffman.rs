//! Huffman codes and the bits that they are made of (T.81 annexes C and F.2.2).

/// Codes up to this long are looked up in one step.
const QUICK: u32 = 9;

/// Longest code.
const LONGEST: u32 = 16;

/// A Huffman table (F.2.2.3).
pub(super) struct Table {
    /// By the next [`QUICK`] bits: length of the code (0 = longer) and its value.
    quick: Vec<(u8, u8)>,
    /// By length: the smallest 16-bit window that is beyond the codes of this length.
    beyond: [u32; 17],
    /// By length: what to add to a code to have its place in `values`.
    offset: [i32; 17],
    values: Vec<u8>,
}

impl Table {
    /// Reads the counts and values of one table; returns how many bytes they took. `None` if they are no prefix code.
    pub(super) fn parse(body: &[u8]) -> Option<(Self, usize)> {
        let counts = body.get(..16)?;
        let total: usize = counts.iter().map(|&c| usize::from(c)).sum();
        let values = body.get(16..16 + total).filter(|v| v.len() <= 256)?.to_vec();
        let mut table = Self { quick: vec![(0, 0); 1 << QUICK], beyond: [0; 17], offset: [0; 17], values };
        let (mut code, mut at) = (0_u32, 0_usize);
        for (length, &count) in (1..=LONGEST).zip(counts) {
            table.offset[length as usize] = at as i32 - code as i32;
            for _ in 0..count {
                // C.2 keeps back the code of 1-bits only; what some encoders do with it is clear all the same.
                if code >= 1 << length {
                    return None;
                }
                if length <= QUICK {
                    let first = (code << (QUICK - length)) as usize;
                    table.quick[first..first + (1 << (QUICK - length))].fill((length as u8, table.values[at]));
                }
                code += 1;
                at += 1;
            }
            table.beyond[length as usize] = code << (LONGEST - length);
            code <<= 1;
        }
        Some((table, 16 + total))
    }

    /// The next code's value.
    pub(super) fn next(&self, bits: &mut Bits<'_>) -> Option<u8> {
        let window = bits.peek();
        let (length, value) = self.quick[(window >> (LONGEST - QUICK)) as usize];
        if length > 0 {
            bits.skip(u32::from(length))?;
            return Some(value);
        }
        let length = (QUICK + 1..=LONGEST).find(|&n| window < self.beyond[n as usize])?;
        let place = (window >> (LONGEST - length)) as i32 + self.offset[length as usize];
        bits.skip(length)?;
        self.values.get(usize::try_from(place).ok()?).copied()
    }
}

/// Bits of coded data, most significant first. A zero byte after FF is left out (B.1.1.5); a marker ends them.
pub(super) struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    hold: u64,
    held: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(data: &'a [u8], at: usize) -> Self {
        Self { data, at, hold: 0, held: 0 }
    }

    /// Up to 7 bytes ahead of the bits that were taken, but never beyond a marker.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    fn fill(&mut self) {
        while self.held <= 48 {
            let Some(&byte) = self.data.get(self.at) else { return };
            if byte == 0xff && self.data.get(self.at + 1) != Some(&0) {
                return;
            }
            self.at += if byte == 0xff { 2 } else { 1 };
            self.hold = self.hold << 8 | u64::from(byte);
            self.held += 8;
        }
    }

    /// The next 16 bits, filled up with zeros where there are fewer.
    fn peek(&mut self) -> u32 {
        if self.held < LONGEST {
            self.fill();
        }
        let window = if self.held >= LONGEST { self.hold >> (self.held - LONGEST) } else { self.hold << (LONGEST - self.held) };
        (window & 0xffff) as u32
    }

    fn skip(&mut self, count: u32) -> Option<()> {
        self.held = self.held.checked_sub(count)?;
        Some(())
    }

    /// At most 16 bits as a number.
    pub(super) fn read(&mut self, count: u32) -> Option<u32> {
        let window = self.peek();
        self.skip(count)?;
        Some(window >> (LONGEST - count))
    }

    /// A number of `size` bits, of which the lower half are negative (F.2.2.1, EXTEND). At most 16 bits.
    pub(super) fn signed(&mut self, size: u8) -> Option<i32> {
        if size == 0 {
            return Some(0);
        }
        let value = self.read(u32::from(size))?.cast_signed();
        Some(if value < 1 << (size - 1) { value - (1 << size) + 1 } else { value })
    }

    /// Leaves the bits that fill the last byte, and goes over the marker RSTn (E.2.4).
    pub(super) fn restart(&mut self, number: u8) -> Option<()> {
        self.fill();
        if self.held >= 8 {
            return None; // data that nobody asked for
        }
        while *self.data.get(self.at)? == 0xff {
            self.at += 1;
        }
        if self.data[self.at] != 0xd0 + number {
            return None;
        }
        self.at += 1;
        self.held = 0;
        Some(())
    }
}
