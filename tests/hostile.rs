//! Files made to harm: they are refused in one line, in bounded memory and time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

#[path = "common/identified.rs"]
#[allow(dead_code, reason = "the search for names is not needed here")]
mod identified;

use identified::{dicom_series, nifti_with_words};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Address space that the program may take, in KiB: the libraries of the window alone map a good part of it.
const MEMORY_KIB: usize = 1_500_000;
/// Anything longer counts as hanging.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs `osteon inspect` with bounded memory; `None` where it did not end.
fn inspect(path: &Path) -> Option<Output> {
    bounded(&["inspect", path.to_str().unwrap(), "--json"])
}

/// Runs a command with bounded memory; `None` where it did not end.
fn bounded(arguments: &[&str]) -> Option<Output> {
    let script = format!("ulimit -v {MEMORY_KIB}; exec \"$0\" \"$@\"");
    let mut child = Command::new("bash")
        .args(["-c", &script, env!("CARGO_BIN_EXE_osteon")])
        .args(arguments)
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        if child.try_wait().unwrap().is_some() {
            return Some(child.wait_with_output().unwrap());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    None
}

fn refused(path: &Path, words: &[&str]) {
    one_line(inspect(path), path, words);
}

/// The command failed with one line that names the file and says the words.
fn one_line(output: Option<Output>, path: &Path, words: &[&str]) {
    let output = output.expect("it hangs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    let name = path.file_name().unwrap().to_str().unwrap();
    assert!(text.trim().lines().count() == 1 && text.contains(name) && !text.contains("panicked"), "{text}");
    for word in words {
        assert!(text.contains(word), "\"{word}\" is not in: {text}");
    }
}

/// A NIfTI file with its first bytes changed.
fn altered(folder: &Path, name: &str, changes: &[(usize, &[u8])]) -> std::path::PathBuf {
    let file = folder.join(name);
    nifti_with_words(&file);
    let mut bytes = std::fs::read(&file).unwrap();
    for (at, change) in changes {
        bytes[*at..*at + change.len()].copy_from_slice(change);
    }
    std::fs::write(&file, bytes).unwrap();
    file
}

fn gzip(file: &Path, head: &[u8], zeros: usize) {
    let mut writer = flate2::write::GzEncoder::new(std::fs::File::create(file).unwrap(), flate2::Compression::fast());
    writer.write_all(head).unwrap();
    let block = vec![0_u8; 1 << 20];
    for _ in 0..zeros >> 20 {
        writer.write_all(&block).unwrap();
    }
    writer.finish().unwrap();
}

#[test]
fn a_header_that_claims_more_than_the_file_holds() {
    let folder = tempfile::tempdir().unwrap();
    let large = i16::MAX.to_le_bytes();
    refused(&altered(folder.path(), "claims.nii", &[(42, &large), (44, &large), (46, &large)]), &[]);
    refused(&altered(folder.path(), "seven.nii", &[(40, &7_i16.to_le_bytes()), (48, &large), (50, &large), (52, &large)]), &[]);
    for (name, value) in [("zero.nii", 0_i16), ("negative.nii", -5)] {
        refused(&altered(folder.path(), name, &[(42, &value.to_le_bytes())]), &[]);
    }
    // Behind gzip the file's own size says nothing.
    let header = std::fs::read(altered(folder.path(), "plain.nii", &[(42, &large), (44, &large), (46, &large)])).unwrap();
    let packed = folder.path().join("claims.nii.gz");
    gzip(&packed, &header, 0);
    refused(&packed, &[]);
}

#[test]
fn a_gzip_bomb_is_not_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    let header = std::fs::read(altered(folder.path(), "plain.nii", &[])).unwrap();
    // Three GiB of zeros behind a small image: what the header does not claim is not read.
    let bomb = folder.path().join("bomb.nii.gz");
    gzip(&bomb, &header, 3 << 30);
    let output = inspect(&bomb).expect("it hangs");
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
    // And three GiB of zeros where a header should be.
    let bomb = folder.path().join("nothing.nii.gz");
    gzip(&bomb, &[], 3 << 30);
    refused(&bomb, &[]);
}

#[test]
fn extensions_and_offsets_beyond_the_end() {
    let folder = tempfile::tempdir().unwrap();
    for (name, at, value) in [("vast.nii", 352, i32::MAX), ("negative.nii", 352, -16), ("none.nii", 352, 0)] {
        // Read without the extension, or refused: never a crash.
        let file = altered(folder.path(), name, &[(at, &value.to_le_bytes())]);
        let output = inspect(&file).expect("it hangs");
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
    }
    for offset in [-1.0_f32, f32::NAN, f32::INFINITY, 1e30] {
        let file = altered(folder.path(), "offset.nii", &[(108, &offset.to_le_bytes())]);
        let output = inspect(&file).expect("it hangs");
        assert!(matches!(output.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[cfg(unix)]
#[test]
fn pipes_devices_and_loops_of_links_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("series");
    dicom_series(&inside, "knee");
    assert!(Command::new("mkfifo").arg(inside.join("pipe.dcm")).status().unwrap().success());
    std::os::unix::fs::symlink(&inside, inside.join("again")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", inside.join("zero.dcm")).unwrap();
    let output = inspect(&inside).expect("it hangs");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    refused(&inside.join("pipe.dcm"), &[]);
}

#[test]
fn sequences_within_sequences_do_not_exhaust_the_stack() {
    let folder = tempfile::tempdir().unwrap();
    dicom_series(folder.path(), "knee");
    let whole = std::fs::read(folder.path().join("quasimodo-0.dcm")).unwrap();
    // Before the pixels: forty thousand sequences of undefined length, each within the last.
    let pixels = whole.windows(4).position(|w| w == [0xe0, 0x7f, 0x10, 0x00]).unwrap();
    let mut deep = whole[..pixels].to_vec();
    for _ in 0..40_000 {
        deep.extend([0x09, 0x00, 0x10, 0x10, b'S', b'Q', 0, 0, 0xff, 0xff, 0xff, 0xff]);
        deep.extend([0xfe, 0xff, 0x00, 0xe0, 0xff, 0xff, 0xff, 0xff]);
    }
    deep.extend(&whole[pixels..]);
    let file = folder.path().join("deep.dcm");
    std::fs::write(&file, deep).unwrap();
    refused(&file, &[]);
    // Lengths that lead beyond the end, at many places.
    for at in (132..whole.len().min(1500)).step_by(97) {
        let mut bytes = whole.clone();
        bytes[at..at + 2].fill(0xff);
        std::fs::write(&file, bytes).unwrap();
        let output = inspect(&file).expect("it hangs");
        assert!(matches!(output.status.code(), Some(0 | 1)), "{at}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// A `.pt` as `torch.save` writes it, of nothing but its pickle.
fn pt(file: &Path, pickle: &[u8]) {
    let (name, size, sum) = (b"net/data.pkl", (pickle.len() as u32).to_le_bytes(), crc32fast::hash(pickle).to_le_bytes());
    let common = [&[0; 8][..], &sum, &size, &size, &(name.len() as u16).to_le_bytes(), &[0; 2]].concat();
    let mut bytes = [b"PK\x03\x04\x14\x00", &common[..], name, pickle].concat();
    let list = bytes.len() as u32;
    bytes.extend([b"PK\x01\x02\x14\x00\x14\x00", &common[..], &[0; 14], name].concat());
    let length = bytes.len() as u32 - list;
    bytes.extend([b"PK\x05\x06\0\0\0\0\x01\0\x01\0", &length.to_le_bytes()[..], &list.to_le_bytes(), &[0; 2]].concat());
    std::fs::write(file, bytes).unwrap();
}

/// A pickle of a dictionary that names one tensor of one number so many times, by a text of so many letters.
fn named_again(letters: usize, times: usize) -> Vec<u8> {
    let text = |letters: &[u8]| [b"X", &(letters.len() as u32).to_le_bytes()[..], letters].concat();
    let storage = [b"((", &text(b"storage")[..], b"ctorch\nFloatStorage\n", &text(b"0"), &text(b"cpu"), b"K\x01tQ"].concat();
    let tensor = [b"ctorch._utils\n_rebuild_tensor_v2\n", &storage[..], b"K\x00K\x01\x85K\x01\x85tR"].concat();
    // The text is kept under 1 and the tensor under 2.
    let mut pickle = [b"\x80\x02", &text(&vec![b'a'; letters])[..], b"q\x010", &tensor, b"q\x020}("].concat();
    pickle.extend(b"h\x01h\x02".repeat(times));
    pickle.extend(b"u.");
    pickle
}

/// Every mention of a name once cost a copy of it: a file of 8 MB asked for 32 GB, and one of 60 MB of brackets for 5 GB.
#[test]
fn weights_that_ask_for_far_more_than_the_file_holds() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("net");
    let import = |file: &Path| bounded(&["model", "import", file.to_str().unwrap(), "--as", "marrow-R1", "--out", out.to_str().unwrap()]);
    let list = |of: &[u8], count: usize| [b"\x80\x02", &of.repeat(count)[..], b"."].concat();
    let pickles: [(&str, Vec<u8>, &str); 6] = [
        ("one-name.pt", named_again(8 << 20, 4000), "a name of 8388608 bytes"),
        ("many-names.pt", named_again(100, 200_000), "a dictionary of 200000 entries"),
        ("tuples.pt", list(b")", 60_000_000), "more than 1048576 values"),
        ("marks.pt", list(b"(", 60_000_000), "more than 1048576 values"),
        ("kept.pt", list(b")\x94", 30_000_000), "more than 1048576 values"),
        ("fetched.pt", [b"\x80\x02)q\x00", &b"h\x00".repeat(30_000_000)[..], b"."].concat(), "more than 1048576 values"),
    ];
    for (name, pickle, words) in pickles {
        let file = folder.path().join(name);
        pt(&file, &pickle);
        one_line(import(&file), &file, &[words]);
        std::fs::remove_file(file).unwrap();
    }
    // The same few times over is a file like any other, of no layout that is known.
    let file = folder.path().join("plain.pt");
    pt(&file, &named_again(100, 2));
    one_line(import(&file), &file, &["no layout that is known"]);
}
