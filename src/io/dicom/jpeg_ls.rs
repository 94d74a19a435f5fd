//! JPEG-LS (ITU T.87, ISO 14495-1) for one component: lossless and near-lossless. Names follow the standard.

use super::codec::Problem;

/// Run lengths per run index, as powers of two (T.87 A.2.1).
const J: [u32; 32] = [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13, 14, 15];

/// Unpacks a stream of (columns, rows) samples.
pub(super) fn decode(data: &[u8], size: (usize, usize)) -> Result<Vec<u16>, Problem> {
    let (frame, scan) = headers(data, size)?;
    let mut decoder = Decoder::new(&frame, Bits { data: scan, at: 0, hold: 0, held: 0, after_ff: false });
    let (width, height) = size;
    let mut out = Vec::with_capacity(width * height);
    // One sample more on either side for the neighbours beyond the edge.
    let mut above = vec![0_i32; width + 2];
    let mut line = vec![0_i32; width + 2];
    for _ in 0..height {
        line[0] = above[1];
        above[width + 1] = above[width];
        decoder.line(&above, &mut line).ok_or_else(|| Problem::Damaged("its JPEG-LS pixels are damaged or cut short".into()))?;
        out.extend(line[1..=width].iter().map(|&v| v as u16));
        std::mem::swap(&mut above, &mut line);
    }
    Ok(out)
}

/// What frame, preset and scan headers say.
struct Parameters {
    max_value: i32,
    near: i32,
    thresholds: [i32; 3],
    reset: i32,
}

fn headers(data: &[u8], size: (usize, usize)) -> Result<(Parameters, &[u8]), Problem> {
    let damaged = || Problem::Damaged("its JPEG-LS header is damaged".into());
    let mut precision = 0_u32;
    let mut preset: Option<[i32; 5]> = None;
    let mut at = 2;
    loop {
        let marker = data.get(at..at + 4).filter(|m| m[0] == 0xff).ok_or_else(damaged)?;
        if marker[1] == 0xff {
            at += 1;
            continue;
        }
        let length = usize::from(u16::from_be_bytes([marker[2], marker[3]]));
        let body = data.get(at + 4..at + 2 + length).ok_or_else(damaged)?;
        let word = |n: usize| body.get(n..n + 2).map(|b| u16::from_be_bytes([b[0], b[1]]));
        at += 2 + length;
        match marker[1] {
            0xf7 => {
                precision = u32::from(*body.first().ok_or_else(damaged)?);
                let claimed = (usize::from(word(3).ok_or_else(damaged)?), usize::from(word(1).ok_or_else(damaged)?));
                if claimed != size || body.get(5) != Some(&1) {
                    return Err(Problem::Damaged(format!(
                        "its JPEG-LS stream holds {} × {} pixels where the header says {} × {}",
                        claimed.0, claimed.1, size.0, size.1
                    )));
                }
            }
            0xf8 if body.first() == Some(&1) => {
                let mut five = [0; 5];
                for (n, v) in five.iter_mut().enumerate() {
                    *v = i32::from(word(1 + 2 * n).ok_or_else(damaged)?);
                }
                preset = Some(five);
            }
            0xf8 => return Err(Problem::NotRead("JPEG-LS with mapping tables is not read".into())),
            0xda => {
                if body.len() < 6 || body[0] != 1 || !(2..=16).contains(&precision) {
                    return Err(damaged());
                }
                return parameters(precision, i32::from(body[3]), preset).map(|p| (p, &data[at..])).ok_or_else(damaged);
            }
            _ => {}
        }
    }
}

/// Defaults of T.87 C.2.4.1.1 where the preset has 0.
fn parameters(precision: u32, near: i32, preset: Option<[i32; 5]>) -> Option<Parameters> {
    let preset = preset.unwrap_or_default();
    let or = |given: i32, default: i32| if given == 0 { default } else { given };
    let max_value = or(preset[0], (1 << precision) - 1);
    if max_value > (1 << precision) - 1 || near > 255.min(max_value / 2) {
        return None;
    }
    let clamp = |v: i32, low: i32| if v > max_value || v < low { low } else { v };
    let basic: [i32; 3] = if max_value >= 128 {
        let factor = (max_value.min(4095) + 128) / 256;
        [factor + 2 + 3 * near, factor * 4 + 3 + 5 * near, factor * 17 + 4 + 7 * near]
    } else {
        let factor = 256 / (max_value + 1);
        [(3 / factor + 3 * near).max(2), (7 / factor + 5 * near).max(3), (21 / factor + 7 * near).max(4)]
    };
    let t1 = or(preset[1], clamp(basic[0], near + 1));
    let t2 = or(preset[2], clamp(basic[1], t1));
    let t3 = or(preset[3], clamp(basic[2], t2));
    let reset = or(preset[4], 64);
    (reset >= 3).then_some(Parameters { max_value, near, thresholds: [t1, t2, t3], reset })
}

/// Statistics of a context.
#[derive(Clone, Copy)]
struct Context {
    a: i32,
    b: i32,
    c: i32,
    n: i32,
}

struct Decoder<'a> {
    bits: Bits<'a>,
    p: Parameters,
    range: i32,
    quantised_bits: u32,
    limit: u32,
    /// 0..=364 regular, 365 and 366 for the ends of runs, where `b` counts negative errors.
    contexts: Vec<Context>,
    run_index: usize,
}

impl<'a> Decoder<'a> {
    fn new(p: &Parameters, bits: Bits<'a>) -> Self {
        let range = (p.max_value + 2 * p.near) / (2 * p.near + 1) + 1;
        let bits_for = |n: i32| u32::BITS - (n - 1).cast_unsigned().leading_zeros();
        let bpp = bits_for(p.max_value + 1).max(2);
        let first = Context { a: ((range + 32) / 64).max(2), b: 0, c: 0, n: 1 };
        let p = Parameters { ..*p };
        Self { bits, p, range, quantised_bits: bits_for(range), limit: 2 * (bpp + bpp.max(8)), contexts: vec![first; 367], run_index: 0 }
    }

    /// Decodes one line; both have one sample of margin on either side.
    fn line(&mut self, above: &[i32], line: &mut [i32]) -> Option<()> {
        let width = line.len() - 2;
        let mut x = 1;
        while x <= width {
            let (ra, rb, rc, rd) = (line[x - 1], above[x], above[x - 1], above[x + 1]);
            let (d1, d2, d3) = (rd - rb, rb - rc, rc - ra);
            let near = self.p.near;
            if d1.abs() <= near && d2.abs() <= near && d3.abs() <= near {
                x = self.run(above, line, x, width)?;
            } else {
                let q = 81 * self.quantise(d1) + 9 * self.quantise(d2) + self.quantise(d3);
                line[x] = self.regular(q, [ra, rb, rc])?;
                x += 1;
            }
        }
        Some(())
    }

    fn quantise(&self, d: i32) -> i32 {
        let [t1, t2, t3] = self.p.thresholds;
        let magnitude = d.abs();
        let level = if magnitude <= self.p.near {
            0
        } else if magnitude < t1 {
            1
        } else if magnitude < t2 {
            2
        } else if magnitude < t3 {
            3
        } else {
            4
        };
        level * d.signum()
    }

    fn regular(&mut self, q: i32, [ra, rb, rc]: [i32; 3]) -> Option<i32> {
        let sign = if q < 0 { -1 } else { 1 };
        let at = q.unsigned_abs() as usize;
        let mut context = self.contexts[at];
        let edge = if rc >= ra.max(rb) {
            ra.min(rb)
        } else if rc <= ra.min(rb) {
            ra.max(rb)
        } else {
            ra + rb - rc
        };
        let predicted = (edge + sign * context.c).clamp(0, self.p.max_value);
        let k = golomb_parameter(context.n, context.a)?;
        let mapped = self.golomb(k, self.limit)?;
        let turned = self.p.near == 0 && k == 0 && 2 * context.b <= -context.n;
        let error = match (turned, mapped & 1 == 1) {
            (false, false) => mapped / 2,
            (false, true) => -((mapped + 1) / 2),
            (true, true) => (mapped - 1) / 2,
            (true, false) => -(mapped / 2) - 1,
        };
        // T.87 A.6: update.
        context.b = context.b.checked_add(error.checked_mul(2 * self.p.near + 1)?)?;
        context.a = context.a.checked_add(error.abs())?;
        if context.n == self.p.reset {
            context.a >>= 1;
            context.b >>= 1;
            context.n >>= 1;
        }
        context.n += 1;
        if context.b <= -context.n {
            context.b = (context.b + context.n).max(1 - context.n);
            context.c = (context.c - 1).max(-128);
        } else if context.b > 0 {
            context.b = (context.b - context.n).min(0);
            context.c = (context.c + 1).min(127);
        }
        self.contexts[at] = context;
        self.sample(predicted, sign * error)
    }

    /// Decodes a run and the sample that ends it; returns the next position.
    fn run(&mut self, above: &[i32], line: &mut [i32], start: usize, width: usize) -> Option<usize> {
        let ra = line[start - 1];
        let mut x = start;
        while self.bits.read(1)? == 1 {
            let full = 1_usize << J[self.run_index];
            let length = full.min(width + 1 - x);
            line[x..x + length].fill(ra);
            x += length;
            if length == full {
                self.run_index = (self.run_index + 1).min(31);
            }
            if x > width {
                return Some(x);
            }
        }
        let length = self.bits.read(J[self.run_index])? as usize;
        if x + length > width {
            return None;
        }
        line[x..x + length].fill(ra);
        x += length;
        line[x] = self.end_of_run(ra, above[x])?;
        self.run_index = self.run_index.saturating_sub(1);
        Some(x + 1)
    }

    fn end_of_run(&mut self, ra: i32, rb: i32) -> Option<i32> {
        let alike = i32::from((ra - rb).abs() <= self.p.near);
        let at = 365 + alike as usize;
        let mut context = self.contexts[at];
        let k = golomb_parameter(context.n, if alike == 1 { context.a + (context.n >> 1) } else { context.a })?;
        let mapped = self.golomb(k, self.limit - J[self.run_index] - 1)?;
        let value = mapped + alike;
        let odd = value & 1;
        let magnitude = (value + odd) / 2;
        let negative = (k != 0 || 2 * context.b >= context.n) == (odd == 1);
        let error = if negative { -magnitude } else { magnitude };
        if error < 0 {
            context.b += 1;
        }
        context.a = context.a.checked_add((mapped + 1 - alike) >> 1)?;
        if context.n == self.p.reset {
            context.a >>= 1;
            context.b >>= 1;
            context.n >>= 1;
        }
        context.n += 1;
        self.contexts[at] = context;
        if alike == 1 { self.sample(ra, error) } else { self.sample(rb, if ra > rb { -error } else { error }) }
    }

    /// Prediction plus error, brought back into the range of values.
    fn sample(&self, predicted: i32, error: i32) -> Option<i32> {
        let (near, step) = (self.p.near, 2 * self.p.near + 1);
        let mut value = predicted.checked_add(error.checked_mul(step)?)?;
        if value < -near {
            value = value.checked_add(self.range * step)?;
        } else if value > self.p.max_value + near {
            value -= self.range * step;
        }
        Some(value.clamp(0, self.p.max_value))
    }

    /// Limited-length Golomb code (T.87 A.5.3).
    fn golomb(&mut self, k: u32, limit: u32) -> Option<i32> {
        let longest = limit.checked_sub(self.quantised_bits + 1)?;
        let mut zeros = 0;
        while self.bits.read(1)? == 0 {
            zeros += 1;
            if zeros > longest {
                return None;
            }
        }
        let value = if zeros < longest { zeros.checked_shl(k)? | self.bits.read(k)? } else { self.bits.read(self.quantised_bits)? + 1 };
        i32::try_from(value).ok().filter(|v| *v < 1 << 24)
    }
}

/// Smallest k with n × 2^k ≥ a.
fn golomb_parameter(n: i32, a: i32) -> Option<u32> {
    (0..24).find(|k| i64::from(n) << k >= i64::from(a))
}

/// Bits, most significant first; after a byte FF the next byte has seven.
struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    hold: u64,
    held: u32,
    after_ff: bool,
}

impl Bits<'_> {
    fn read(&mut self, count: u32) -> Option<u32> {
        while self.held < count {
            let byte = *self.data.get(self.at)?;
            if self.after_ff && byte >= 0x80 {
                return None; // a marker: the scan is over
            }
            let bits = if self.after_ff { 7 } else { 8 };
            self.hold = self.hold << bits | u64::from(byte);
            self.held += bits;
            self.after_ff = byte == 0xff;
            self.at += 1;
        }
        self.held -= count;
        let value = (self.hold >> self.held) & ((1 << count) - 1);
        Some(value as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standards_own_example() {
        // T.87 annex H.3: a 4 × 4 image of 8 bits.
        let stream = [
            0xff, 0xd8, 0xff, 0xf7, 0x00, 0x0b, 0x08, 0x00, 0x04, 0x00, 0x04, 0x01, 0x01, 0x11, 0x00, 0xff, 0xda, 0x00, 0x08, 0x01, 0x01,
            0x00, 0x00, 0x00, 0x00, 0xc0, 0x00, 0x00, 0x6c, 0x80, 0x20, 0x8e, 0x01, 0xc0, 0x00, 0x00, 0x57, 0x40, 0x00, 0x00, 0x6e, 0xe6,
            0x00, 0x00, 0x01, 0xbc, 0x18, 0x00, 0x00, 0x05, 0xd8, 0x00, 0x00, 0x91, 0x60, 0xff, 0xd9,
        ];
        let expected = [0, 0, 90, 74, 68, 50, 43, 205, 64, 145, 145, 145, 100, 145, 145, 145];
        assert_eq!(decode(&stream, (4, 4)).unwrap(), expected);
        for cut in 0..stream.len() - 6 {
            assert!(decode(&stream[..cut], (4, 4)).is_err());
        }
    }
}
