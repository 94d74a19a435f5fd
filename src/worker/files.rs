//! Opening studies, images and exams; importing; listing folders.

use super::hub::WorkerConfig;
use super::message::{FolderListing, Outcome};
use super::scratch::open_images;
use super::summary::summarise;
use super::task::Task;
use crate::io::{self, Reading, Watch};
use crate::space::SlicePlane;
use crate::study::{self, Study};
use crate::volume::Grid;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use std::path::{Path, PathBuf};

/// Opens a study folder; for images, the scratch study made for them.
pub(super) fn open(task: &Task, config: &WorkerConfig, path: &Path) -> Outcome {
    let opened = if path.join("study.toml").is_file() {
        Ok((path.to_owned(), Vec::new()))
    } else if study::is_packet(path) {
        study::unpack(path, &packets(config)).map(|root| (root, Vec::new())).map_err(|e| e.to_string())
    } else {
        open_images(task, config, path)
    };
    finish(task, opened.and_then(|(root, remarks)| summarise(&root, &config.scratch_root, remarks)))
}

/// Makes a study in a new or empty folder and opens it.
pub(super) fn make(task: &Task, config: &WorkerConfig, path: &Path) -> Outcome {
    let full = matches!(io::list_folder(path), Ok(listed) if !listed.folders.is_empty() || !listed.files.is_empty());
    let made = if full && !path.join("study.toml").is_file() {
        Err(format!("{} holds other things already: name a new folder for the study.", path.display()))
    } else {
        Study::init_sample(path, None).map_err(|e| e.to_string())
    };
    finish(task, made.and_then(|study| summarise(study.layout().root(), &config.scratch_root, Vec::new())))
}

/// Where packets are unpacked: beside the studies that are made for images.
fn packets(config: &WorkerConfig) -> PathBuf {
    config.scratch_root.parent().unwrap_or(&config.scratch_root).join("packets")
}

/// The ending of whatever opens or changes a study.
pub(super) fn finish(task: &Task, summary: Result<super::message::StudySummary, String>) -> Outcome {
    match summary {
        _ if task.cancel.is_cancelled() => Outcome::Cancelled,
        Ok(summary) => Outcome::Study(Box::new(summary)),
        Err(why) => Outcome::Failed(why),
    }
}

/// Reads the headers of images, with progress.
pub(super) fn read(task: &Task, path: &Path) -> Result<Reading, String> {
    let report = |done: usize, total: usize| {
        task.progress(format!("Reading {}", path.display()), (total > 0).then(|| done as f32 / total as f32));
    };
    let cancelled = || task.cancel.is_cancelled();
    io::read_path(path, &Watch::new(&report, &cancelled)).map_err(|e| e.to_string())
}

/// Runs `work` with the task's progress and cancel.
pub(super) fn watched<T>(task: &Task, text: &str, work: impl FnOnce(&Watch<'_>) -> T) -> T {
    let report = |done: usize, total: usize| task.progress(text, (total > 0).then(|| done as f32 / total as f32));
    let cancelled = || task.cancel.is_cancelled();
    work(&Watch::new(&report, &cancelled))
}

/// Randomness for codes, which must not be guessable from anything in the images.
pub(super) fn fresh_randomness() -> Result<ChaCha8Rng, String> {
    let mut seed = <ChaCha8Rng as rand::SeedableRng>::Seed::default();
    rand::rand_core::TryRng::try_fill_bytes(&mut rand::rngs::SysRng, &mut seed)
        .map_err(|e| format!("The system gives no random numbers: {e}"))?;
    Ok(ChaCha8Rng::from_seed(seed))
}

/// The first few files that could not be read.
pub(super) fn skipped(reading: &Reading) -> Vec<String> {
    reading.skipped.iter().take(5).map(|s| format!("{}: {}", s.path.display(), s.why)).collect()
}

/// The voxel axis whose slices are read, of a file that belongs to no study.
pub(super) fn reading_axis(grid: &Grid) -> usize {
    SlicePlane::acquisition(grid.world_from_voxel(), grid.shape()).slice_axis()
}

/// Lists a folder for the built-in path entry.
pub(super) fn list(path: &Path) -> FolderListing {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    match io::list_folder(&path) {
        Ok(entries) => FolderListing { path, folders: entries.folders, files: entries.files, error: None },
        Err(error) => {
            let why = format!("{} cannot be listed: {error}", path.display());
            FolderListing { path, folders: Vec::new(), files: Vec::new(), error: Some(why) }
        }
    }
}
