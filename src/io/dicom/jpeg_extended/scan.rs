//! One scan: coefficients out of coded data (T.81 F.2 for the sequential, G.2 for the progressive process).

use super::huffman::{Bits, Table};
use super::idct::BLOCK;

/// Huffman tables by number (B.2.4.2).
#[derive(Default)]
pub(super) struct Tables {
    pub dc: [Option<Table>; 4],
    pub ac: [Option<Table>; 4],
}

/// What a scan sends of each block (B.2.3): Ss, Se, Ah, Al, Td, Ta.
pub(super) struct Band {
    pub first: usize,
    pub last: usize,
    pub high: u8,
    pub low: u8,
    pub dc: u8,
    pub ac: u8,
}

/// Reads a scan into blocks of coefficients, which are in the order of the stream. `None` where the data are damaged.
pub(super) fn read(
    bits: &mut Bits<'_>,
    tables: &Tables,
    band: &Band,
    progressive: bool,
    restart_interval: usize,
    coefficients: &mut [i16],
) -> Option<()> {
    let dc = tables.dc.get(usize::from(band.dc)).and_then(Option::as_ref);
    let ac = tables.ac.get(usize::from(band.ac)).and_then(Option::as_ref);
    let mut scan = Scan { bits, band, predicted: 0, blocks_without: 0 };
    for (n, block) in coefficients.as_chunks_mut::<BLOCK>().0.iter_mut().enumerate() {
        if restart_interval > 0 && n > 0 && n % restart_interval == 0 {
            scan.bits.restart(((n / restart_interval - 1) % 8) as u8)?;
            scan.predicted = 0;
            scan.blocks_without = 0;
        }
        match (progressive, band.first, band.high) {
            (false, ..) => scan.sequential(dc?, ac?, block)?,
            (true, 0, 0) => block[0] = scan.dc(dc?)?,
            (true, 0, _) => block[0] |= (scan.bits.read(1)? << band.low) as i16,
            (true, _, 0) => scan.ac_first(ac?, block)?,
            (true, ..) => scan.ac_refined(ac?, block)?,
        }
    }
    Some(())
}

struct Scan<'s, 'd> {
    bits: &'s mut Bits<'d>,
    band: &'s Band,
    /// The block before: its DC coefficient, without the bits that come later.
    predicted: i32,
    /// Blocks of which nothing new comes any more (EOBRUN of G.1.2.2).
    blocks_without: u32,
}

impl Scan<'_, '_> {
    /// F.2.1.3.1 and G.1.2.1.
    fn dc(&mut self, table: &Table) -> Option<i16> {
        let size = table.next(self.bits).filter(|s| *s <= 15)?;
        self.predicted = self.predicted.checked_add(self.bits.signed(size)?)?;
        i16::try_from(self.predicted.checked_mul(1 << self.band.low)?).ok()
    }

    /// F.2.2.
    fn sequential(&mut self, dc: &Table, ac: &Table, block: &mut [i16; BLOCK]) -> Option<()> {
        block[0] = self.dc(dc)?;
        let mut k = 1;
        while k < BLOCK {
            let code = ac.next(self.bits)?;
            let (run, size) = (usize::from(code >> 4), code & 15);
            match (run, size) {
                (15, 0) => k += 16,
                (_, 0) => break,
                _ => {
                    k += run;
                    *block.get_mut(k)? = i16::try_from(self.bits.signed(size)?).ok()?;
                    k += 1;
                }
            }
        }
        Some(())
    }

    /// G.1.2.2.
    fn ac_first(&mut self, table: &Table, block: &mut [i16; BLOCK]) -> Option<()> {
        if self.blocks_without > 0 {
            self.blocks_without -= 1;
            return Some(());
        }
        let mut k = self.band.first;
        while k <= self.band.last {
            let code = table.next(self.bits)?;
            let (run, size) = (code >> 4, code & 15);
            match (run, size) {
                (15, 0) => k += 16,
                (_, 0) => {
                    self.blocks_without = (1 << run) - 1 + self.bits.read(u32::from(run))?;
                    break;
                }
                _ => {
                    k += usize::from(run);
                    if k > self.band.last {
                        return None;
                    }
                    block[k] = i16::try_from(self.bits.signed(size)? << self.band.low).ok()?;
                    k += 1;
                }
            }
        }
        Some(())
    }

    /// G.1.2.3: one more bit of what is not 0 already, and values that become ±1 with this bit.
    fn ac_refined(&mut self, table: &Table, block: &mut [i16; BLOCK]) -> Option<()> {
        let one = 1_i16 << self.band.low;
        let mut k = self.band.first;
        while self.blocks_without == 0 && k <= self.band.last {
            let code = table.next(self.bits)?;
            let (run, size) = (code >> 4, code & 15);
            let fresh = match (run, size) {
                (_, 1) => Some(if self.bits.read(1)? == 1 { one } else { -one }),
                (15, 0) => None,
                (_, 0) => {
                    self.blocks_without = (1 << run) + self.bits.read(u32::from(run))?;
                    break;
                }
                _ => return None,
            };
            k = self.refine(block, k, Some(run))?;
            match fresh {
                Some(value) if k <= self.band.last => block[k] = value,
                Some(_) => return None,
                None => {}
            }
            k += 1;
        }
        if self.blocks_without > 0 {
            self.refine(block, k, None)?;
            self.blocks_without -= 1;
        }
        Some(())
    }

    /// Refines from `k` on until `zeros` zeros have been passed; returns where the next zero is, or the place after the band.
    fn refine(&mut self, block: &mut [i16; BLOCK], mut k: usize, mut zeros: Option<u8>) -> Option<usize> {
        let one = 1_i16 << self.band.low;
        while k <= self.band.last {
            let value = &mut block[k];
            if *value != 0 {
                if self.bits.read(1)? == 1 && value.unsigned_abs() & one.unsigned_abs() == 0 {
                    *value = value.checked_add(if *value > 0 { one } else { -one })?;
                }
            } else if let Some(left) = &mut zeros {
                match left.checked_sub(1) {
                    Some(less) => *left = less,
                    None => return Some(k),
                }
            }
            k += 1;
        }
        Some(k)
    }
}
