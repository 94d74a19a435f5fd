//! One gzip member packed by several threads: blocks are deflated apart and end on a byte (a sync flush), so that laid end to
//! end they are one stream that every reader of gzip takes. The same bytes come out whatever the number of threads.

use rayon::prelude::*;
use std::io::{self, Write};
use zlib_rs::{Deflate, DeflateFlush, Status};

/// Fixed, for it decides on the bytes.
const BLOCK: usize = 1 << 20;
/// Plain bytes held at most.
const HELD: usize = 32 * BLOCK;
/// Of zlib-rs: smaller files than zlib's level 1 (benches/open.rs).
const LEVEL: i32 = 2;

/// Packs what is written into it; `finish` must be called.
pub(super) struct GzBlocks<'w> {
    out: &'w mut dyn Write,
    held: Vec<u8>,
    crc: crc32fast::Hasher,
    length: u64,
}

impl<'w> GzBlocks<'w> {
    /// Begins a member without name and time: equal content, equal bytes (RFC 1952).
    pub fn new(out: &'w mut dyn Write) -> io::Result<Self> {
        out.write_all(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])?;
        Ok(Self { out, held: Vec::new(), crc: crc32fast::Hasher::new(), length: 0 })
    }

    /// Packs the rest and ends the member.
    pub fn finish(mut self) -> io::Result<()> {
        self.pack(true)?;
        self.out.write_all(&self.crc.finalize().to_le_bytes())?;
        // Modulo 2^32, as the format wants it.
        self.out.write_all(&(self.length as u32).to_le_bytes())
    }

    fn pack(&mut self, last: bool) -> io::Result<()> {
        let blocks: Vec<&[u8]> = self.held.chunks(BLOCK).collect();
        let count = blocks.len();
        let packed: Vec<(io::Result<Vec<u8>>, crc32fast::Hasher)> = blocks
            .into_par_iter()
            .enumerate()
            .map(|(n, block)| {
                let mut crc = crc32fast::Hasher::new();
                crc.update(block);
                (deflated(block, last && n + 1 == count), crc)
            })
            .collect();
        for (block, crc) in packed {
            self.out.write_all(&block?)?;
            self.crc.combine(&crc);
        }
        if last && count == 0 {
            self.out.write_all(&deflated(&[], true)?)?;
        }
        self.length += self.held.len() as u64;
        self.held.clear();
        Ok(())
    }
}

impl Write for GzBlocks<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // The last block is packed by `finish`, which must know that it is the last: something is always held back.
        if self.held.len() == HELD && !bytes.is_empty() {
            self.pack(false)?;
        }
        let taken = bytes.len().min(HELD - self.held.len());
        self.held.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn deflated(block: &[u8], last: bool) -> io::Result<Vec<u8>> {
    let mut deflate = Deflate::new(LEVEL, false, 15);
    let flush = if last { DeflateFlush::Finish } else { DeflateFlush::SyncFlush };
    let mut out = vec![0; zlib_rs::compress_bound(block.len()) + 16];
    loop {
        let (read, written) = (deflate.total_in() as usize, deflate.total_out() as usize);
        let status = deflate.compress(&block[read..], &mut out[written..], flush).map_err(|e| io::Error::other(e.as_str()))?;
        let written = deflate.total_out() as usize;
        let whole = deflate.total_in() as usize == block.len() && written < out.len();
        if status == Status::StreamEnd || (whole && !last) {
            out.truncate(written);
            return Ok(out);
        }
        // The bound holds for one call, but a flush may ask for some more.
        out.resize(out.len() + 1024, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    fn round_trip(plain: &[u8], step: usize) -> Vec<u8> {
        let mut file = Vec::new();
        let mut out: &mut dyn Write = &mut file;
        let mut gz = GzBlocks::new(&mut out).unwrap();
        plain.chunks(step).for_each(|part| gz.write_all(part).unwrap());
        gz.finish().unwrap();
        let mut back = Vec::new();
        // Not the reader for several members: it must be one.
        flate2::read::GzDecoder::new(&file[..]).read_to_end(&mut back).unwrap();
        assert!(back == plain, "{} bytes came back as {}", plain.len(), back.len());
        file
    }

    #[test]
    fn blocks_are_one_member() {
        let noise = |n: usize| -> Vec<u8> { (0..n as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> (i % 23)) as u8).collect() };
        for length in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, HELD, HELD + 1] {
            let plain = noise(length);
            assert_eq!(round_trip(&plain, 1 << 14), round_trip(&plain, length.max(1)), "{length}");
        }
        // Nothing to gain: the bound must hold.
        round_trip(&noise(2 * BLOCK).iter().rev().map(|b| b ^ 0x5a).collect::<Vec<u8>>(), 977);
        assert!(round_trip(&vec![7; 4 * BLOCK], BLOCK).len() < 30_000);
    }

    #[test]
    fn the_number_of_threads_changes_no_byte() {
        let plain: Vec<u8> = (0..5 * BLOCK).map(|i| (i % 251 * (i / 977)) as u8).collect();
        let with = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| round_trip(&plain, 65_536));
        assert_eq!(with(1), with(5));
    }
}
