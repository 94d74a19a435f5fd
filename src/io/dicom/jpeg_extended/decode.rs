//! The stream: its marker segments (T.81 annex B) and what they lead to.

use super::super::codec::Problem;
use super::huffman::{Bits, Table};
use super::idct::{BLOCK, Idct};
use super::scan::{self, Band, Tables};

/// Order in which a block's coefficients are sent: place in the block, by rows (T.81 A.3.6, figure A.6).
const ZIGZAG: [u8; BLOCK] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28, 35, 42, 49, 56,
    57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// Unpacks a stream of (columns, rows) pixels. Values are as in the stream: 0 to 2^precision − 1.
///
/// # Errors
/// If the stream is cut short, is against its own rules, holds another number of pixels, or is of a process that is not read.
pub(in super::super) fn decode(data: &[u8], size: (usize, usize)) -> Result<Vec<u16>, Problem> {
    let mut decoder = Decoder::new(size);
    let mut at = 0;
    let mut marker = next_marker(data, &mut at).filter(|m| *m == SOI).ok_or_else(damaged)?;
    loop {
        marker = match marker {
            EOI => break,
            SOI | 0x01 | 0xd0..=0xd7 => next_marker(data, &mut at),
            _ => {
                let body = segment(data, &mut at).ok_or_else(cut_short)?;
                if marker == SOS {
                    at = decoder.scan(body, data, at)?;
                    if decoder.is_complete() {
                        break;
                    }
                    // A scan may be followed by bits that fill it up.
                    at += data[at..].windows(2).position(|w| w[0] == 0xff && !matches!(w[1], 0 | 0xff)).ok_or_else(cut_short)?;
                } else {
                    decoder.segment(marker, body)?;
                }
                next_marker(data, &mut at)
            }
        }
        .ok_or_else(cut_short)?;
    }
    decoder.pixels()
}

const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;

fn damaged() -> Problem {
    Problem::Damaged("its JPEG pixels are damaged".into())
}

fn cut_short() -> Problem {
    Problem::Damaged("its JPEG pixels are damaged or cut short".into())
}

/// Code of the marker at `at`, which fill bytes may precede (B.1.1.2), and the place after it.
fn next_marker(data: &[u8], at: &mut usize) -> Option<u8> {
    if *data.get(*at)? != 0xff {
        return None;
    }
    while *data.get(*at)? == 0xff {
        *at += 1;
    }
    *at += 1;
    Some(data[*at - 1])
}

/// A segment's parameters, without their length (B.1.1.4).
fn segment<'a>(data: &'a [u8], at: &mut usize) -> Option<&'a [u8]> {
    let length = usize::from(word(data, *at)?);
    let body = data.get(*at + 2..*at + length)?;
    *at += length;
    Some(body)
}

fn word(data: &[u8], at: usize) -> Option<u16> {
    data.get(at..at + 2).map(|b| u16::from_be_bytes([b[0], b[1]]))
}

/// What the frame header says (B.2.2).
struct Frame {
    precision: u8,
    progressive: bool,
    component: u8,
    quantisation: usize,
}

/// What has been read so far.
struct Decoder {
    /// (columns, rows).
    size: (usize, usize),
    frame: Option<Frame>,
    /// By rows, not in the order of the stream.
    quantisation: [Option<[u16; BLOCK]>; 4],
    /// The table in force when the first scan began.
    in_force: Option<[u16; BLOCK]>,
    tables: Tables,
    restart_interval: usize,
    /// Blocks one after the other, coefficients in the order of the stream.
    coefficients: Vec<i16>,
    /// For each coefficient the lowest bit that has been sent.
    sent: [Option<u8>; BLOCK],
}

impl Decoder {
    fn new(size: (usize, usize)) -> Self {
        Self {
            size,
            frame: None,
            quantisation: [None; 4],
            in_force: None,
            tables: Tables::default(),
            restart_interval: 0,
            coefficients: Vec::new(),
            sent: [None; BLOCK],
        }
    }

    fn segment(&mut self, marker: u8, body: &[u8]) -> Result<(), Problem> {
        match marker {
            0xc0..=0xc2 if self.frame.is_none() => self.frame = Some(self.frame_header(marker, body)?),
            0xc4 => self.huffman_tables(body).ok_or_else(damaged)?,
            0xdb => self.quantisation_tables(body).ok_or_else(damaged)?,
            0xdd => self.restart_interval = usize::from(word(body, 0).ok_or_else(damaged)?),
            0xc9..=0xcf => return Err(Problem::NotRead("JPEG with arithmetic codes is not read".into())),
            0xc5..=0xc7 | 0xde | 0xdf => return Err(Problem::NotRead("hierarchical JPEG is not read".into())),
            0xc0..=0xc8 => return Err(damaged()),
            // Comments, applications' data, and the number of lines, which the frame header told already.
            _ => {}
        }
        Ok(())
    }

    fn frame_header(&self, marker: u8, body: &[u8]) -> Result<Frame, Problem> {
        let &[precision, _, _, _, _, components, component, _, quantisation] = body else {
            return Err(damaged());
        };
        let claimed = (usize::from(word(body, 3).unwrap_or(0)), usize::from(word(body, 1).unwrap_or(0)));
        if claimed != self.size || components != 1 {
            return Err(Problem::Damaged("its JPEG stream holds pictures of another size than the header says".into()));
        }
        if !(8..=12).contains(&precision) {
            return Err(Problem::NotRead(format!("lossy JPEG with {precision} bits per pixel is not read")));
        }
        if quantisation > 3 {
            return Err(damaged());
        }
        Ok(Frame { precision, progressive: marker == 0xc2, component, quantisation: usize::from(quantisation) })
    }

    /// B.2.4.1.
    fn quantisation_tables(&mut self, mut body: &[u8]) -> Option<()> {
        while let Some((&head, rest)) = body.split_first() {
            let width = match head >> 4 {
                0 => 1,
                1 => 2,
                _ => return None,
            };
            let values = rest.get(..width * BLOCK)?;
            let mut table = [0; BLOCK];
            for (value, &place) in values.chunks_exact(width).zip(&ZIGZAG) {
                let step = value.iter().fold(0, |sum, &b| sum << 8 | u16::from(b));
                if step == 0 {
                    return None;
                }
                table[usize::from(place)] = step;
            }
            *self.quantisation.get_mut(usize::from(head & 15))? = Some(table);
            body = &rest[width * BLOCK..];
        }
        Some(())
    }

    /// B.2.4.2.
    fn huffman_tables(&mut self, mut body: &[u8]) -> Option<()> {
        while let Some((&head, rest)) = body.split_first() {
            let (table, used) = Table::parse(rest)?;
            let place = match head >> 4 {
                0 => &mut self.tables.dc,
                1 => &mut self.tables.ac,
                _ => return None,
            };
            *place.get_mut(usize::from(head & 15))? = Some(table);
            body = &rest[used..];
        }
        Some(())
    }

    /// Reads a scan whose coded data begin at `start`; returns where they end (B.2.3).
    fn scan(&mut self, body: &[u8], data: &[u8], start: usize) -> Result<usize, Problem> {
        let frame = self.frame.as_ref().ok_or_else(damaged)?;
        let &[1, component, selectors, first, last, bits] = body else {
            return Err(damaged());
        };
        let mut band = Band {
            first: usize::from(first),
            last: usize::from(last),
            high: bits >> 4,
            low: bits & 15,
            dc: selectors >> 4,
            ac: selectors & 15,
        };
        if !frame.progressive {
            band = Band { first: 0, last: BLOCK - 1, high: 0, low: 0, ..band };
        }
        if component != frame.component || !self.may_follow(&band, frame.progressive) {
            return Err(damaged());
        }
        if self.in_force.is_none() {
            self.in_force = Some(self.quantisation[frame.quantisation].ok_or_else(damaged)?);
        }
        let progressive = frame.progressive;
        let blocks = self.size.0.div_ceil(8) * self.size.1.div_ceil(8);
        if self.coefficients.is_empty() {
            // A block takes at least one bit: a short stream cannot ask for much memory.
            if data.len().saturating_mul(8) < blocks {
                return Err(cut_short());
            }
            self.coefficients = vec![0; blocks * BLOCK];
        }
        for sent in &mut self.sent[band.first..=band.last] {
            *sent = Some(band.low);
        }
        let mut bits = Bits::new(data, start);
        scan::read(&mut bits, &self.tables, &band, progressive, self.restart_interval, &mut self.coefficients).ok_or_else(cut_short)?;
        Ok(bits.at())
    }

    /// Each coefficient is sent once, and then refined bit by bit (G.1.1.1). This bounds the number of scans, too.
    fn may_follow(&self, band: &Band, progressive: bool) -> bool {
        let within = band.first <= band.last && band.last < BLOCK && band.low <= 13;
        let alone = !progressive || band.first > 0 || band.last == 0;
        let expected = if band.high == 0 { None } else { Some(band.high) };
        within
            && alone
            && (band.high == 0 || band.low + 1 == band.high)
            && self.sent[band.first..=band.last].iter().all(|sent| *sent == expected)
    }

    /// A sequential picture of one component has one scan.
    fn is_complete(&self) -> bool {
        self.frame.as_ref().is_some_and(|f| !f.progressive)
    }

    /// All blocks transformed, shifted to positive values and cut to the picture (A.3.1).
    /// A progression that ends before the last bits is a picture all the same, as other readers take it; but it must have mean values.
    fn pixels(self) -> Result<Vec<u16>, Problem> {
        let (Some(frame), Some(steps), Some(_)) = (&self.frame, &self.in_force, self.sent[0]) else {
            return Err(cut_short());
        };
        let idct = Idct::new();
        let (width, height) = self.size;
        let shift = f64::from(1_u16 << (frame.precision - 1));
        let highest = f64::from((1_u16 << frame.precision) - 1);
        let mut out = vec![0; width * height];
        let per_row = width.div_ceil(8);
        for (rows, blocks) in out.chunks_mut(8 * width).zip(self.coefficients.chunks(per_row * BLOCK)) {
            for (across, block) in blocks.as_chunks::<BLOCK>().0.iter().enumerate() {
                let mut scaled = [0.0; BLOCK];
                for (&value, &place) in block.iter().zip(&ZIGZAG) {
                    scaled[usize::from(place)] = f64::from(value) * f64::from(steps[usize::from(place)]);
                }
                let samples = idct.inverse(&scaled);
                for (row, line) in rows.chunks_mut(width).zip(samples.as_chunks::<8>().0) {
                    for (pixel, value) in row[across * 8..].iter_mut().zip(line) {
                        *pixel = (value + shift).round().clamp(0.0, highest) as u16;
                    }
                }
            }
        }
        Ok(out)
    }
}
