//! The chain of hashes: every row is hashed together with the hash of the row before it.

use super::row::StoredRow;
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::io::{self, Read};

/// A SHA-256 sum.
pub(super) type Hash = [u8; 32];

/// Where the chain starts: the hash of the header's text.
pub(super) fn start(header_json: &str) -> Hash {
    let mut sum = Sha256::new();
    sum.update(b"osteon read 1\n");
    sum.update(header_json.as_bytes());
    sum.finalize().into()
}

/// The hash of a row that follows `previous`.
pub(super) fn follow(previous: &Hash, row: &StoredRow) -> Hash {
    let mut sum = Sha256::new();
    sum.update(previous);
    sum.update(row.canonical_bytes());
    sum.finalize().into()
}

/// The sum of all that a file holds, in hexadecimal, without holding it in memory.
pub(in crate::study) fn file_sum(mut file: impl Read) -> io::Result<String> {
    let mut sum = Sha256::new();
    let mut part = vec![0; 1 << 16];
    loop {
        match file.read(&mut part)? {
            0 => return Ok(hex(&sum.finalize())),
            length => sum.update(&part[..length]),
        }
    }
}

/// A sum as 64 hexadecimal digits.
pub(in crate::study) fn hex(hash: &[u8]) -> String {
    hash.iter().fold(String::with_capacity(hash.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
