//! Makes streams for tests, sequential and progressive, out of quantised coefficients. Slow, plain, and independent of the decoder.

use super::idct::{BLOCK, Idct};

/// What a scan sends: Ss, Se, Ah, Al.
pub(super) type Script = [(usize, usize, u8, u8)];

/// One scan of everything (the sequential process).
pub(super) const SEQUENTIAL: &Script = &[];

/// DC and AC, spectral selection and successive approximation in three steps.
pub(super) const PROGRESSIVE: &Script =
    &[(0, 0, 0, 2), (1, 5, 0, 1), (6, 63, 0, 2), (0, 0, 2, 1), (6, 63, 2, 1), (1, 63, 1, 0), (0, 0, 1, 0)];

/// A picture as coefficients.
#[derive(Clone, Debug)]
pub(super) struct Coded {
    pub size: (usize, usize),
    pub precision: u8,
    /// In the order of the stream; above 255 the table is written with 16 bits.
    pub steps: [u16; BLOCK],
    /// In the order of the stream.
    pub blocks: Vec<[i32; BLOCK]>,
    pub restart_interval: usize,
    /// Whether fill bytes stand before markers.
    pub filled: bool,
}

/// Place in the block of each coefficient of the stream: along the diagonals, turning at the edges.
pub(super) fn places() -> [usize; BLOCK] {
    let mut all: Vec<(usize, usize)> = (0..BLOCK).map(|n| (n / 8, n % 8)).collect();
    all.sort_by_key(|&(v, u)| (u + v, if (u + v) % 2 == 0 { u } else { v }));
    std::array::from_fn(|n| 8 * all[n].0 + all[n].1)
}

impl Coded {
    /// The quantised coefficients of a picture; edges are repeated.
    pub(super) fn of(pixels: &[u16], size: (usize, usize), precision: u8, steps: [u16; BLOCK]) -> Self {
        let (idct, places) = (Idct::new(), places());
        let mut blocks = Vec::new();
        for top in (0..size.1).step_by(8) {
            for left in (0..size.0).step_by(8) {
                let sample = |n: usize| {
                    let (x, y) = ((left + n % 8).min(size.0 - 1), (top + n / 8).min(size.1 - 1));
                    f64::from(pixels[y * size.0 + x]) - f64::from(1 << (precision - 1))
                };
                let all = idct.forward(&std::array::from_fn(sample));
                blocks.push(std::array::from_fn(|k| (all[places[k]] / f64::from(steps[k])).round() as i32));
            }
        }
        Self { size, precision, steps, blocks, restart_interval: 0, filled: false }
    }

    /// The stream. An empty script stands for the sequential process.
    pub(super) fn stream(&self, script: &Script) -> Vec<u8> {
        let mut out = vec![0xff, 0xd8];
        let wide = self.steps.iter().any(|s| *s > 255);
        let mut table = vec![u8::from(wide) << 4 | 1];
        for step in self.steps {
            table.extend(&step.to_be_bytes()[usize::from(!wide)..]);
        }
        self.segment(&mut out, 0xdb, &table);
        let [y, x] = [self.size.1, self.size.0].map(|n| (n as u16).to_be_bytes());
        let sof = if script.is_empty() { 0xc1 } else { 0xc2 };
        self.segment(&mut out, sof, &[self.precision, y[0], y[1], x[0], x[1], 1, 7, 0x11, 1]);
        self.segment(&mut out, 0xdd, &(self.restart_interval as u16).to_be_bytes());
        let tables: Vec<u8> =
            [0x02, 0x13].iter().flat_map(|head| [*head].into_iter().chain(Codes::new(head >> 4 == 1).segment())).collect();
        self.segment(&mut out, 0xc4, &tables);
        for &(first, last, high, low) in if script.is_empty() { &[(0, 63, 0, 0)] } else { script } {
            self.segment(&mut out, 0xda, &[1, 7, 0x23, first as u8, last as u8, high << 4 | low]);
            let mut scan = Scan::default();
            for (n, block) in self.blocks.iter().enumerate() {
                if self.restart_interval > 0 && n > 0 && n % self.restart_interval == 0 {
                    out.extend(scan.end());
                    self.marker(&mut out, 0xd0 + ((n / self.restart_interval - 1) % 8) as u8);
                    scan = Scan::default();
                }
                match (script.is_empty(), first, high) {
                    (true, ..) => {
                        scan.dc(block[0]);
                        scan.ac_first(block, 1, 63, 0, false);
                    }
                    (_, 0, 0) => scan.dc(block[0] >> low),
                    (_, 0, _) => scan.bits(block[0] >> low & 1, 1),
                    (_, _, 0) => scan.ac_first(block, first, last, low, true),
                    _ => scan.ac_refined(block, first, last, low),
                }
            }
            out.extend(scan.end());
        }
        self.marker(&mut out, 0xd9);
        out
    }

    fn marker(&self, out: &mut Vec<u8>, marker: u8) {
        if self.filled {
            out.extend([0xff; 2]);
        }
        out.extend([0xff, marker]);
    }

    fn segment(&self, out: &mut Vec<u8>, marker: u8, body: &[u8]) {
        self.marker(out, marker);
        out.extend((body.len() as u16 + 2).to_be_bytes());
        out.extend(body);
    }
}

/// Fixed codes: short, longer and of 16 bits, so that every way of looking them up is taken.
struct Codes(Vec<(u32, u8)>);

impl Codes {
    fn new(ac: bool) -> Self {
        let length = |value: u8| match (ac, value) {
            (false, _) => 5,
            (true, 0..128) => 8,
            (true, 128..192) => 12,
            (true, _) => 16,
        };
        Self((0..if ac { 256 } else { 16 }).map(|v| (length(v as u8), v as u8)).collect())
    }

    /// Counts and values as they stand in a DHT segment.
    fn segment(&self) -> Vec<u8> {
        let count = |n: u32| self.0.iter().filter(|c| c.0 == n).count() as u8;
        (1..=16).map(count).chain(self.0.iter().map(|c| c.1)).collect()
    }

    fn code(&self, value: u8) -> (i32, u32) {
        let mut code = 0;
        let mut length = self.0[0].0;
        for &(n, v) in &self.0 {
            code <<= n - length;
            length = n;
            if v == value {
                break;
            }
            code += 1;
        }
        (code, length)
    }
}

#[derive(Default)]
struct Scan {
    out: Vec<bool>,
    predicted: i32,
    blocks_without: u32,
    /// Refining bits of those blocks.
    pending: Vec<bool>,
}

impl Scan {
    fn bits(&mut self, value: i32, count: u32) {
        self.out.extend((0..count).rev().map(|n| value >> n & 1 == 1));
    }

    fn code(&mut self, ac: bool, value: u8) {
        let (code, length) = Codes::new(ac).code(value);
        self.bits(code, length);
    }

    fn value(&mut self, value: i32) {
        let size = 32 - value.unsigned_abs().leading_zeros();
        self.bits(if value < 0 { value - 1 } else { value }, size);
    }

    fn dc(&mut self, value: i32) {
        let difference = value - self.predicted;
        self.predicted = value;
        self.code(false, (32 - difference.unsigned_abs().leading_zeros()) as u8);
        self.value(difference);
    }

    /// Sends the end-of-block run that has gathered.
    fn flush(&mut self) {
        if self.blocks_without > 0 {
            let size = self.blocks_without.ilog2();
            self.code(true, (size as u8) << 4);
            self.bits(self.blocks_without as i32, size);
            self.blocks_without = 0;
        }
        let pending = std::mem::take(&mut self.pending);
        self.out.extend(pending);
    }

    fn ac_first(&mut self, block: &[i32; BLOCK], first: usize, last: usize, low: u8, runs: bool) {
        let mut zeros = 0;
        for &all in &block[first..=last] {
            let value = all.signum() * (all.abs() >> low);
            if value == 0 {
                zeros += 1;
                continue;
            }
            self.flush();
            while zeros > 15 {
                self.code(true, 0xf0);
                zeros -= 16;
            }
            self.code(true, (zeros as u8) << 4 | (32 - value.unsigned_abs().leading_zeros()) as u8);
            self.value(value);
            zeros = 0;
        }
        if zeros > 0 {
            self.blocks_without += 1;
            if !runs || self.blocks_without == 0x7fff {
                self.flush();
            }
        }
    }

    fn ac_refined(&mut self, block: &[i32; BLOCK], first: usize, last: usize, low: u8) {
        let band = || block.iter().enumerate().take(last + 1).skip(first).map(|(k, value)| (k, value.abs() >> low));
        let last_fresh = band().rfind(|(_, magnitude)| *magnitude == 1).map_or(0, |(k, _)| k);
        let (mut zeros, mut refining) = (0, Vec::new());
        for (k, magnitude) in band() {
            if magnitude == 0 {
                zeros += 1;
                continue;
            }
            while zeros > 15 && k <= last_fresh {
                self.flush();
                self.code(true, 0xf0);
                self.out.append(&mut refining);
                zeros -= 16;
            }
            if magnitude > 1 {
                refining.push(magnitude & 1 == 1);
                continue;
            }
            self.flush();
            self.code(true, (zeros as u8) << 4 | 1);
            self.out.push(block[k] > 0);
            self.out.append(&mut refining);
            zeros = 0;
        }
        if zeros > 0 || !refining.is_empty() {
            self.blocks_without += 1;
            self.pending.append(&mut refining);
        }
    }

    /// Bytes, filled up with 1-bits, a zero byte after each FF.
    fn end(mut self) -> Vec<u8> {
        self.flush();
        while !self.out.len().is_multiple_of(8) {
            self.out.push(true);
        }
        let byte = |bits: &[bool]| bits.iter().fold(0_u8, |sum, b| sum << 1 | u8::from(*b));
        self.out.chunks(8).map(byte).flat_map(|b| [b, 0].into_iter().take(if b == 0xff { 2 } else { 1 })).collect()
    }
}
