//! Reading a file or a folder: what is there, what was skipped and why.

use super::dicom::{self, DicomFile, Lost};
use super::error::{IoError, shown};
use super::listing::{Sniffed, files_below, sniff};
use super::raw::MAX_RAW_BYTES;
use super::source::{Acquisition, AffineSource, Plan, SourceFile, SourceKind, SourceVolume};
use super::watch::Watch;
use super::{nifti, picture};
use crate::space::Spacing;
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::HashSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Voxels of so many bytes are kept from a read; volumes beyond are read again when asked for.
const KEEP_BYTES: usize = MAX_RAW_BYTES / 3;

/// What was found.
#[derive(Debug)]
pub struct Reading {
    /// Readable volumes, in order of path.
    pub volumes: Vec<SourceVolume>,
    /// Files that hold no readable image.
    pub skipped: Vec<Skipped>,
}

/// A file that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The file.
    pub path: PathBuf,
    /// Why, in one sentence.
    pub why: String,
}

/// What one file turned out to be.
enum Found {
    Volume(Box<SourceVolume>),
    Dicom(Box<DicomFile>),
}

/// Reads a file, or all images in a folder and below it. The first 512 MiB of voxels are unpacked, checked and kept; volumes beyond
/// that are known by their headers and read when asked for, so a folder of any size can be listed.
///
/// # Errors
/// If nothing can be read, with the reason of the first file that failed.
pub fn read_path(path: &Path, watch: &Watch<'_>) -> Result<Reading, IoError> {
    read_path_within(path, watch, &mut KeepBytes::default())
}

/// Bytes of voxels that may still be kept: for several paths together as many as for one.
#[derive(Clone, Copy, Debug)]
pub struct KeepBytes(usize);

impl KeepBytes {
    /// Room for so many.
    #[must_use]
    pub const fn new(bytes: usize) -> Self {
        Self(bytes)
    }
}

impl Default for KeepBytes {
    fn default() -> Self {
        Self(KEEP_BYTES)
    }
}

/// The same as [`read_path`] for one of several paths that are read one after the other.
///
/// # Errors
/// As [`read_path`].
pub fn read_path_within(path: &Path, watch: &Watch<'_>, keep: &mut KeepBytes) -> Result<Reading, IoError> {
    let kind = std::fs::metadata(path).map_err(|e| IoError::unreadable(path, &e))?;
    let files = if kind.is_dir() { without_images_of_headers(files_below(path, watch)?) } else { vec![header_of(path)] };
    let done = AtomicUsize::new(0);
    let found: Vec<Result<Found, IoError>> = files
        .par_iter()
        .map(|file| {
            watch.check()?;
            let outcome = open(file);
            watch.report(done.fetch_add(1, Ordering::Relaxed) + 1, 2 * files.len());
            outcome
        })
        .collect();
    let mut failures: Vec<(PathBuf, IoError)> = Vec::new();
    let (mut volumes, mut dicom_files) = (Vec::new(), Vec::new());
    for (file, outcome) in files.iter().zip(found) {
        match outcome {
            Ok(Found::Volume(volume)) => volumes.push(*volume),
            Ok(Found::Dicom(file)) => dicom_files.push(*file),
            Err(IoError::Cancelled) => return Err(IoError::Cancelled),
            Err(error) => failures.push((file.clone(), error)),
        }
    }
    let (series, copies) = dicom::gather(dicom_files);
    volumes.extend(series);
    let mut volumes = unpack(volumes, &mut failures, files.len(), watch, keep)?;
    let mut skipped: Vec<Skipped> = failures.iter().map(|(path, e)| Skipped { path: path.clone(), why: e.to_string() }).collect();
    skipped.extend(copies.into_iter().map(|path| {
        let why = format!("{}: an exact copy of another file in this folder; it was left out", shown(&path));
        Skipped { path, why }
    }));
    if volumes.is_empty() {
        return Err(nothing(path, kind.is_dir(), failures));
    }
    let lost: Vec<Lost> = failures.iter().filter_map(|(_, why)| Lost::look(why)).collect();
    dicom::mark_not_whole(&mut volumes, &lost);
    volumes.sort_by(|a, b| a.path.cmp(&b.path));
    name_uniquely(&mut volumes);
    skipped.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Reading { volumes, skipped })
}

fn nothing(path: &Path, is_folder: bool, mut failures: Vec<(PathBuf, IoError)>) -> IoError {
    match failures.len() {
        1.. if !is_folder => failures.swap_remove(0).1,
        0 => IoError::Nothing { path: path.into(), detail: String::new() },
        n => IoError::Nothing { path: path.into(), detail: format!(" ({n} files were refused; the first: {})", failures[0].1) },
    }
}

/// Unpacks every volume once, in parallel; those that fail become failures. Keeps voxels as long as there is room, in order of the list.
fn unpack(
    volumes: Vec<SourceVolume>,
    failures: &mut Vec<(PathBuf, IoError)>,
    files: usize,
    watch: &Watch<'_>,
    room: &mut KeepBytes,
) -> Result<Vec<SourceVolume>, IoError> {
    let total = volumes.len();
    let planned: Vec<(SourceVolume, bool)> = volumes
        .into_iter()
        .map(|volume| {
            let left = room.0.checked_sub(volume.raw_bytes());
            // Once one does not fit, none of those behind it is kept: which are does not depend on their sizes.
            room.0 = left.unwrap_or(0);
            (volume, left.is_some())
        })
        .collect();
    let done = AtomicUsize::new(0);
    let outcome: Vec<(SourceVolume, Result<(), IoError>)> = planned
        .into_par_iter()
        .map(|(mut volume, keep)| {
            let result = watch.check().and_then(|()| if keep { volume.keep() } else { Ok(()) });
            // The second half of the progress that listing began.
            watch.report(files + (done.fetch_add(1, Ordering::Relaxed) + 1) * files / total, 2 * files);
            (volume, result)
        })
        .collect();
    let mut good = Vec::new();
    for (volume, result) in outcome {
        match result {
            Ok(()) => good.push(volume),
            Err(IoError::Cancelled) => return Err(IoError::Cancelled),
            Err(error) => failures.push((volume.path, error)),
        }
    }
    Ok(good)
}

fn open(path: &Path) -> Result<Found, IoError> {
    Ok(match sniff(path)? {
        Sniffed::Dicom => Found::Dicom(Box::new(dicom::read_header(path)?)),
        Sniffed::Nifti => Found::Volume(Box::new(nifti_volume(path)?)),
        Sniffed::Picture => Found::Volume(Box::new(picture_volume(path)?)),
        Sniffed::Unknown => return Err(IoError::not_an_image(path, "this is not an image of a kind that the program knows")),
    })
}

fn nifti_volume(path: &Path) -> Result<SourceVolume, IoError> {
    let mut plan = nifti::plan(path)?;
    let sources = plan.files(path).into_iter().map(hashed).collect::<Result<_, _>>()?;
    Ok(SourceVolume {
        name: stem(path),
        path: path.into(),
        kind: SourceKind::Nifti,
        shape: plan.shape.clone(),
        dtype: plan.dtype,
        world_from_voxel: plan.world_from_voxel.clone(),
        affine_source: plan.affine_source,
        findings: std::mem::take(&mut plan.findings),
        acquisition: Acquisition::default(),
        identity: None,
        sources,
        burned_in_suspected: false,
        damaged_beside: None,
        plan: Plan::Nifti(plan),
        kept: OnceLock::new(),
    })
}

fn picture_volume(path: &Path) -> Result<SourceVolume, IoError> {
    let mut plan = picture::plan(path)?;
    Ok(SourceVolume {
        name: stem(path),
        path: path.into(),
        kind: SourceKind::Picture,
        shape: plan.shape.clone(),
        dtype: plan.dtype,
        world_from_voxel: picture::picture_affine(Spacing::UNIT),
        affine_source: AffineSource::None,
        findings: std::mem::take(&mut plan.findings),
        acquisition: Acquisition::default(),
        identity: None,
        sources: vec![hashed(path.into())?],
        burned_in_suspected: true,
        damaged_beside: None,
        plan: Plan::Picture(plan),
        kept: OnceLock::new(),
    })
}

fn hashed(path: PathBuf) -> Result<SourceFile, IoError> {
    let failed = |e: std::io::Error| IoError::unreadable(&path, &e);
    let mut hasher = Sha256::new();
    let mut file = File::open(&path).map_err(failed)?;
    let mut block = vec![0; 1 << 18];
    loop {
        match std::io::Read::read(&mut file, &mut block).map_err(failed)? {
            0 => break,
            n => hasher.update(&block[..n]),
        }
    }
    let sha256 = dicom::hex(&hasher.finalize());
    Ok(SourceFile { path, sha256 })
}

fn stem(path: &Path) -> String {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let lower = name.to_ascii_lowercase();
    let known = [".nii.gz", ".hdr.gz", ".nii", ".hdr", ".png", ".jpeg", ".jpg"];
    let cut = known.iter().find(|s| lower.ends_with(**s)).map_or(0, |s| s.len());
    name.get(..name.len() - cut).unwrap_or(&name).to_string()
}

/// An `.img` stands for its header.
fn header_of(path: &Path) -> PathBuf {
    nifti::image_beside(path).unwrap_or_else(|| path.to_path_buf())
}

/// Leaves out each `.img` whose header is in the list.
fn without_images_of_headers(files: Vec<PathBuf>) -> Vec<PathBuf> {
    files.into_iter().filter(|f| nifti::image_beside(f).is_none()).collect()
}

/// Letters, digits, `-` and `_` only, at most 60 of them; a number is added where a name occurs twice.
fn name_uniquely(volumes: &mut [SourceVolume]) {
    let mut used = HashSet::new();
    for volume in volumes {
        let mut clean = String::new();
        for c in volume.name.chars().take(60) {
            match c {
                c if c.is_ascii_alphanumeric() || c == '-' => clean.push(c),
                _ if !clean.ends_with('_') => clean.push('_'),
                _ => {}
            }
        }
        let clean = clean.trim_matches('_');
        let base = if clean.is_empty() { "image" } else { clean };
        // File systems that do not tell case apart must not merge two names.
        let mut name = base.to_string();
        let mut n = 2;
        while !used.insert(name.to_ascii_lowercase()) {
            name = format!("{base}_{n}");
            n += 1;
        }
        volume.name = name;
    }
}
