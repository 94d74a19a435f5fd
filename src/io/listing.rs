//! Which files lie in a folder, and what kind of file each one is.

use super::error::IoError;
use super::watch::Watch;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// What the first bytes of a file say it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sniffed {
    Nifti,
    Dicom,
    Picture,
    Unknown,
}

/// All plain files below a folder, sorted by path; links to folders and hidden files are left out.
pub(super) fn files_below(folder: &Path, watch: &Watch<'_>) -> Result<Vec<PathBuf>, IoError> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        watch.check()?;
        let entries = match fs::read_dir(&next) {
            Ok(entries) => entries,
            // A sub-folder without permission must not hide the others.
            Err(_) if next != folder => continue,
            Err(e) => return Err(IoError::unreadable(&next, &e)),
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => open.push(path),
                Ok(_) if !hidden && fs::metadata(&path).is_ok_and(|m| m.is_file()) => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Looks at the first bytes only.
pub(super) fn sniff(path: &Path) -> Result<Sniffed, IoError> {
    let failed = |e: std::io::Error| IoError::unreadable(path, &e);
    // A pipe or a device would block for ever.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(IoError::not_an_image(path, "this is not a plain file"));
    }
    let mut head = Vec::with_capacity(1024);
    File::open(path).map_err(failed)?.take(1024).read_to_end(&mut head).map_err(failed)?;
    if head.starts_with(&[0x1f, 0x8b]) {
        let mut inner = vec![0; 544];
        let mut decoder = flate2::read::MultiGzDecoder::new(head.as_slice());
        let mut filled = 0;
        // Only what unpacks from the first block of the file; its end is missing by construction.
        while let Ok(n @ 1..) = decoder.read(&mut inner[filled..]) {
            filled += n;
        }
        inner.truncate(filled);
        let named = has_suffix(path, &[".nii.gz", ".hdr.gz"]);
        return Ok(if super::nifti::looks_like_header(&inner) || named { Sniffed::Nifti } else { Sniffed::Unknown });
    }
    Ok(if head.len() >= 132 && &head[128..132] == b"DICM" {
        Sniffed::Dicom
    } else if super::nifti::looks_like_header(&head) {
        Sniffed::Nifti
    } else if head.starts_with(b"\x89PNG\r\n\x1a\n") || head.starts_with(&[0xff, 0xd8, 0xff]) {
        Sniffed::Picture
    } else if super::dicom::looks_like_bare_data_set(&head) {
        Sniffed::Dicom
    } else if has_suffix(path, &[".nii", ".nii.gz", ".hdr", ".hdr.gz"]) {
        Sniffed::Nifti
    } else {
        Sniffed::Unknown
    })
}

/// Whether the file name ends so, whatever its case.
pub(super) fn has_suffix(path: &Path, suffixes: &[&str]) -> bool {
    let name = path.file_name().map(|n| n.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    suffixes.iter().any(|s| name.ends_with(s))
}
