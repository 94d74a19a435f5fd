//! The file itself: a list of entries, the entries, and a SHA-256 over all of it.
//!
//! ```text
//! "osteon packet 1\n" · length of the list (u64, little-endian) · list (JSON) · entries one after the other · SHA-256 of all before
//! ```
//! Every entry has its own SHA-256 in the list. Entries are deflated where that helps.

use super::error::PacketError;
use crate::io::{atomic_write, folder_of, move_into_place};
use crate::study::ReaderCode;
use crate::study::read::{file_sum, hex};
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::path::{Component, Path, PathBuf};
use tempfile::TempPath;

const MAGIC: &[u8; 16] = b"osteon packet 1\n";
/// Longest list of entries (bytes).
const LONGEST_LIST: u64 = 64 << 20;

/// Which way a packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Direction {
    /// From the coordinator to the reader.
    Out,
    /// Back.
    Back,
}

/// The list at the head of a packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    pub direction: Direction,
    /// Number of the packet, random.
    pub packet: String,
    pub reader: ReaderCode,
    pub entries: Vec<Entry>,
}

/// One file of a packet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// Where it lies below the study's folder, with `/`.
    pub path: String,
    /// Length once unpacked.
    pub bytes: u64,
    /// Length in the packet.
    pub packed: u64,
    pub deflated: bool,
    pub sha256: String,
}

/// A packet that is whole on disk and has not got its name yet; without it, nothing of it stays.
#[derive(Debug)]
pub(super) struct Packed {
    part: TempPath,
    out: PathBuf,
}

impl Packed {
    /// Gives the packet its name.
    pub fn put(self) -> Result<(), PacketError> {
        let failed = |e: io::Error| PacketError::file(&self.out, e);
        if self.out.is_dir() {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        move_into_place(&self.part, &self.out).map_err(failed)
    }
}

/// Writes a packet of the files in a folder (every one below it), beside the place where it goes; the folder of that place is made.
pub(super) fn pack(folder: &Path, direction: Direction, packet: &str, reader: &ReaderCode, out: &Path) -> Result<Packed, PacketError> {
    let failed = |e: io::Error| PacketError::file(out, e);
    let mut files = Vec::new();
    walk(folder, &mut files).map_err(|e| PacketError::file(folder, e))?;
    files.sort();
    let beside = folder_of(out);
    fs::create_dir_all(beside).map_err(failed)?;
    let mut spool = tempfile::tempfile_in(beside).map_err(failed)?;
    let mut entries = Vec::new();
    for file in files {
        let path = file.strip_prefix(folder).unwrap_or(&file);
        let path: Vec<String> = path.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
        let path = path.join("/");
        if !is_inside(&path) {
            // Whoever opens the packet would refuse all of it.
            return Err(PacketError::Name { path: file });
        }
        entries.push(add(&mut spool, &file, path).map_err(|e| PacketError::file(&file, e))?);
    }
    let manifest = Manifest { direction, packet: packet.to_owned(), reader: reader.clone(), entries };
    let list = serde_json::to_vec(&manifest).map_err(|e| failed(e.into()))?;
    io::Seek::rewind(&mut spool).map_err(failed)?;
    let part = tempfile::Builder::new().prefix(".osteon-").suffix(".part").tempfile_in(beside).map_err(failed)?.into_temp_path();
    let written = atomic_write(&part, |file| {
        let mut sum = Summing { inner: file, sum: Sha256::new() };
        sum.write_all(MAGIC)?;
        sum.write_all(&(list.len() as u64).to_le_bytes())?;
        sum.write_all(&list)?;
        io::copy(&mut spool, &mut sum)?;
        let digest = sum.sum.finalize();
        sum.inner.write_all(&digest)
    });
    match written {
        Ok(()) => Ok(Packed { part, out: out.to_owned() }),
        // Its own words name the file that is in the making.
        Err(error) => Err(failed(error.kind().into())),
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn add(spool: &mut File, file: &Path, path: String) -> io::Result<Entry> {
    let sha256 = file_sum(File::open(file)?)?;
    let bytes = fs::metadata(file)?.len();
    let start = io::Seek::stream_position(spool)?;
    // A .gz is as small as it gets.
    let deflated = file.extension().is_none_or(|e| e != "gz");
    if deflated {
        let mut encoder = DeflateEncoder::new(&mut *spool, Compression::default());
        io::copy(&mut File::open(file)?, &mut encoder)?;
        encoder.finish()?;
    } else {
        io::copy(&mut File::open(file)?, spool)?;
    }
    let packed = io::Seek::stream_position(spool)? - start;
    Ok(Entry { path, bytes, packed, deflated, sha256 })
}

/// Checks a whole packet and reads its list; not one byte is taken over before.
pub(super) fn verify(path: &Path, expected: Direction) -> Result<Manifest, PacketError> {
    let words = match expected {
        Direction::Out => "a packet for a reader",
        Direction::Back => "a packet that came back from a reader",
    };
    let not = |problem: &str| PacketError::NotAPacket { path: path.to_owned(), expected: words, problem: problem.to_owned() };
    let tampered = |problem: &str| PacketError::Tampered { path: path.to_owned(), problem: problem.to_owned() };
    let failed = |e: io::Error| PacketError::file(path, e);
    let length = fs::metadata(path).map_err(failed)?.len();
    let mut file = BufReader::new(File::open(path).map_err(failed)?);
    let mut magic = [0; 16];
    if length < 56 || file.read_exact(&mut magic).is_err() || &magic != MAGIC {
        return Err(not("it does not begin as one; choose the file that `osteon packet` wrote"));
    }
    let mut whole = File::open(path).map_err(failed)?;
    let sum = file_sum((&mut whole).take(length - 32)).map_err(failed)?;
    let mut kept = [0; 32];
    whole.read_exact(&mut kept).map_err(failed)?;
    if hex(&kept) != sum {
        return Err(tampered("its checksum is another"));
    }
    let mut size = [0; 8];
    file.read_exact(&mut size).map_err(failed)?;
    let size = u64::from_le_bytes(size);
    if size > LONGEST_LIST || size > length - 56 {
        return Err(tampered("its list of entries is too long"));
    }
    let mut list = Vec::new();
    file.take(size).read_to_end(&mut list).map_err(failed)?;
    let manifest: Manifest = serde_json::from_slice(&list).map_err(|e| tampered(&format!("its list cannot be understood ({e})")))?;
    if manifest.direction != expected {
        return Err(not("it goes the other way; readers open packets, the coordinator merges what comes back"));
    }
    if !is_id(&manifest.packet) {
        return Err(tampered("its number is none"));
    }
    let mut seen = BTreeSet::new();
    let total = manifest.entries.iter().try_fold(56 + size, |sum, e| sum.checked_add(e.packed));
    if total != Some(length) || !manifest.entries.iter().all(|e| is_inside(&e.path) && seen.insert(&e.path)) {
        return Err(tampered("its list does not fit its content"));
    }
    Ok(manifest)
}

/// Unpacks every entry of a verified packet below a folder.
pub(super) fn extract(path: &Path, manifest: &Manifest, folder: &Path) -> Result<(), PacketError> {
    let failed = |e: io::Error| PacketError::file(path, e);
    let tampered =
        |entry: &Entry| PacketError::Tampered { path: path.to_owned(), problem: format!("{} is not what was packed", entry.path) };
    let mut file = BufReader::new(File::open(path).map_err(failed)?);
    let mut head = [0; 24];
    file.read_exact(&mut head).map_err(failed)?;
    let list = u64::from_le_bytes(head[16..].try_into().unwrap_or_default());
    io::copy(&mut (&mut file).take(list), &mut io::sink()).map_err(failed)?;
    for entry in &manifest.entries {
        let target = folder.join(&entry.path);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent).map_err(|e| PacketError::file(parent, e))?;
        }
        let mut out = File::create_new(&target).map_err(|e| PacketError::file(&target, e))?;
        let mut packed = (&mut file).take(entry.packed);
        let copied = unpack(&mut packed, entry, &mut out)
            .map_err(|e| if is_content(&e) { tampered(entry) } else { PacketError::file(&target, e) })?;
        io::copy(&mut packed, &mut io::sink()).map_err(failed)?;
        out.sync_all().map_err(|e| PacketError::file(&target, e))?;
        let sum = File::open(&target).and_then(file_sum).map_err(|e| PacketError::file(&target, e))?;
        if copied != entry.bytes || sum != entry.sha256 {
            return Err(tampered(entry));
        }
    }
    Ok(())
}

/// Writes an entry as it was before it was packed; the number of bytes, one more than it should have where it has too many.
fn unpack(packed: &mut dyn Read, entry: &Entry, out: &mut dyn Write) -> io::Result<u64> {
    if entry.deflated { io::copy(&mut DeflateDecoder::new(packed).take(entry.bytes + 1), out) } else { io::copy(packed, out) }
}

/// Whether the packed bytes are at fault, by what flate2 says of those that are no stream of its kind, and not the disk.
fn is_content(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::UnexpectedEof)
}

/// A number of a packet: 16 hexadecimal digits.
pub(super) fn is_id(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Whether a path stays below its folder on every system.
fn is_inside(path: &str) -> bool {
    let harmless = |part: &str| {
        !part.is_empty() && !part.starts_with('.') && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    path.len() <= 200 && path.split('/').all(harmless) && Path::new(path).components().all(|c| matches!(c, Component::Normal(_)))
}

struct Summing<'w> {
    inner: &'w mut dyn Write,
    sum: Sha256,
}

impl Write for Summing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.sum.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_full_disk_is_not_called_tampering() {
        let entry = |deflated| Entry { path: "a".into(), bytes: 9, packed: 4, deflated, sha256: String::new() };
        let mut deflated = DeflateEncoder::new(Vec::new(), Compression::fast());
        deflated.write_all(&[7; 99]).unwrap();
        let good = deflated.finish().unwrap();
        let full = || File::options().write(true).open("/dev/full");
        if let Ok(mut disk) = full() {
            let error = unpack(&mut good.as_slice(), &entry(true), &mut disk).unwrap_err();
            assert!(!is_content(&error), "{error:?}");
            let told = PacketError::file(Path::new("a"), error).to_string();
            assert!(told.contains("free some space"), "{told}");
        }
        assert!(is_content(&unpack(&mut [0xff; 9].as_slice(), &entry(true), &mut Vec::new()).unwrap_err()));
        assert!(is_content(&unpack(&mut &good[..good.len() / 2], &entry(true), &mut Vec::new()).unwrap_err()));
    }

    fn packed(contents: &[Vec<u8>]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let inside = folder.path().join("in");
        fs::create_dir_all(inside.join("sub")).unwrap();
        for (n, bytes) in contents.iter().enumerate() {
            fs::write(inside.join(if n % 2 == 0 { format!("sub/{n}.gz") } else { format!("{n}.json") }), bytes).unwrap();
        }
        let out = folder.path().join("x.osteonpacket");
        pack(&inside, Direction::Out, "0123456789abcdef", &ReaderCode::new("R1").unwrap(), &out).unwrap().put().unwrap();
        (folder, out)
    }

    #[test]
    fn paths_that_lead_out_are_refused() {
        for bad in ["", "/etc/x", "../x", "a/../b", "a//b", "a\\b", "C:x", ".hidden", "a/", "é"] {
            assert!(!is_inside(bad), "{bad}");
        }
        assert!(is_inside("exams/001-ABCD/water.nii.gz"));
    }

    /// A packet with such a file was made, and no reader could open it.
    #[test]
    fn a_name_that_whoever_opens_would_refuse_is_refused_when_packing() {
        let folder = tempfile::tempdir().unwrap();
        let (inside, out) = (folder.path().join("in"), folder.path().join("x.osteonpacket"));
        fs::create_dir_all(&inside).unwrap();
        let reader = ReaderCode::new("R1").unwrap();
        for name in [".DS_Store", ".osteon-AbC.part", "a note.txt", "\u{e9}.json"] {
            fs::write(inside.join(name), "x").unwrap();
            let error = pack(&inside, Direction::Out, "0123456789abcdef", &reader, &out).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("take the file away") && !error.contains('\n'), "{error}");
            fs::remove_file(inside.join(name)).unwrap();
        }
        fs::write(inside.join("study.toml"), "x").unwrap();
        drop(pack(&inside, Direction::Out, "0123456789abcdef", &reader, &out).unwrap());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "what was not put into place leaves nothing");
    }

    proptest! {
        #[test]
        fn comes_out_as_it_went_in(contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..5)) {
            let (folder, out) = packed(&contents);
            let manifest = verify(&out, Direction::Out).unwrap();
            let to = folder.path().join("out");
            extract(&out, &manifest, &to).unwrap();
            for (n, bytes) in contents.iter().enumerate() {
                let path = if n % 2 == 0 { format!("sub/{n}.gz") } else { format!("{n}.json") };
                prop_assert_eq!(&fs::read(to.join(path)).unwrap(), bytes);
            }
            prop_assert!(verify(&out, Direction::Back).is_err());
        }

        #[test]
        fn any_changed_byte_is_found(contents in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..80), 1..3), at: prop::sample::Index, bit in 0_u8..8) {
            let (_folder, out) = packed(&contents);
            let mut bytes = fs::read(&out).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            fs::write(&out, &bytes).unwrap();
            prop_assert!(verify(&out, Direction::Out).is_err());
        }

        #[test]
        fn a_list_forged_with_its_checksum_takes_nothing_out_of_the_folder(list in "\\{\"direction\":\"out\",\"packet\":\"0123456789abcdef\",\"reader\":\"R1\",\"entries\":\\[\\{\"path\":\"[a/.]{1,6}\",\"bytes\":[0-9]{1,19},\"packed\":[0-3],\"deflated\":(true|false),\"sha256\":\"\"\\}\\]\\}", content in prop::collection::vec(any::<u8>(), 0..4)) {
            let folder = tempfile::tempdir().unwrap();
            let out = folder.path().join("x");
            let mut bytes = MAGIC.to_vec();
            bytes.extend((list.len() as u64).to_le_bytes());
            bytes.extend(list.as_bytes());
            bytes.extend(content);
            let sum = Sha256::digest(&bytes);
            bytes.extend(sum);
            fs::write(&out, bytes).unwrap();
            if let Ok(manifest) = verify(&out, Direction::Out) {
                let inside = folder.path().join("deep/er");
                fs::create_dir_all(&inside).unwrap();
                prop_assert!(extract(&out, &manifest, &inside).is_err(), "its hash is empty");
                prop_assert_eq!(fs::read_dir(folder.path().join("deep")).unwrap().count(), 1);
            }
        }
    }
}
