//! Opening studies, images and exams; importing; listing folders.

use super::hub::WorkerConfig;
use super::journal::JournalMessage;
use super::message::{FolderListing, LoadedExam, Outcome, Role};
use super::summary::summarise;
use super::task::Task;
use crate::edit::ReadLayers;
use crate::io::{self, Reading, Watch};
use crate::space::SlicePlane;
use crate::study::{ExamCode, ExamRecord, ImportOptions, ImportReport, Layout, Protocol, ReadFile, ReaderCode, Study};
use crate::volume::Image;
use crossbeam_channel::{Sender, bounded};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use sha2::{Digest as _, Sha256};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Opens a study folder; for images, the scratch study made for them.
pub(super) fn open(task: &Task, config: &WorkerConfig, path: &Path) -> Outcome {
    let root = if path.join("study.toml").is_file() { Ok(path.to_owned()) } else { open_images(task, config, path) };
    finish(task, root.and_then(|root| summarise(&root, &config.scratch_root, Vec::new())))
}

/// Imports images into a study.
pub(super) fn import_into(task: &Task, config: &WorkerConfig, root: &Path, path: &Path) -> Outcome {
    let imported = Study::open(root).map_err(|e| e.to_string()).and_then(|study| {
        let reading = read(task, path)?;
        let remarks = skipped(&reading);
        let report = bring_in(task, study.layout(), study.protocol(), reading, &ImportOptions::default())?;
        Ok((remarks, report))
    });
    finish(
        task,
        imported.and_then(|(mut remarks, report)| {
            remarks.extend(report.failed.iter().map(|(path, why)| format!("{}: {why}", path.display())));
            remarks.extend(report.already_there.iter().map(|path| format!("{}: the study has this image already", path.display())));
            summarise(root, &config.scratch_root, remarks)
        }),
    )
}

fn finish(task: &Task, summary: Result<super::message::StudySummary, String>) -> Outcome {
    match summary {
        _ if task.cancel.is_cancelled() => Outcome::Cancelled,
        Ok(summary) => Outcome::Study(Box::new(summary)),
        Err(why) => Outcome::Failed(why),
    }
}

/// The scratch study of images that were opened without a study: made once, found again by the images' place.
fn open_images(task: &Task, config: &WorkerConfig, path: &Path) -> Result<PathBuf, String> {
    let place = path.canonicalize().map_err(|error| format!("{}: {error}; check the path", path.display()))?;
    let stem = place.file_name().map_or_else(|| "images".into(), |n| n.to_string_lossy().into_owned());
    let stem: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(24).collect();
    let hash = Sha256::digest(place.to_string_lossy().as_bytes());
    let number: String = hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let root = config.scratch_root.join(format!("{stem}-{number}"));
    if root.join("study.toml").is_file() {
        return Ok(root);
    }
    // Read first: nothing is made for what cannot be opened.
    let reading = read(task, path)?;
    let protocol = Protocol::scratch(&stem);
    let study = Study::init(&root, &stem, &protocol).map_err(|e| e.to_string())?;
    // The images stay on this machine and in this person's hands, so a picture needs no check for names.
    let options = ImportOptions { confirmed_pictures: true, ..ImportOptions::default() };
    let report = bring_in(task, study.layout(), study.protocol(), reading, &options)?;
    if report.exams.is_empty() {
        let why = report.failed.first().map_or_else(|| "nothing in it can be read on a slice grid".to_owned(), |f| f.1.clone());
        return Err(format!("{}: {why}", path.display()));
    }
    Ok(root)
}

fn read(task: &Task, path: &Path) -> Result<Reading, String> {
    let report = |done: usize, total: usize| {
        task.progress(format!("Reading {}", path.display()), (total > 0).then(|| done as f32 / total as f32));
    };
    let cancelled = || task.cancel.is_cancelled();
    io::read_path(path, &Watch::new(&report, &cancelled)).map_err(|e| e.to_string())
}

fn bring_in(task: &Task, layout: &Layout, protocol: &Protocol, reading: Reading, options: &ImportOptions) -> Result<ImportReport, String> {
    let report = |done: usize, total: usize| task.progress("Importing", (total > 0).then(|| done as f32 / total as f32));
    let cancelled = || task.cancel.is_cancelled();
    // Codes must not be guessable from anything in the images.
    let mut seed = <ChaCha8Rng as rand::SeedableRng>::Seed::default();
    rand::rand_core::TryRng::try_fill_bytes(&mut rand::rngs::SysRng, &mut seed)
        .map_err(|e| format!("The system gives no random numbers: {e}"))?;
    let mut rng = ChaCha8Rng::from_seed(seed);
    crate::study::import(layout, protocol, reading.volumes, options, &mut rng, &Watch::new(&report, &cancelled)).map_err(|e| e.to_string())
}

fn skipped(reading: &Reading) -> Vec<String> {
    reading.skipped.iter().take(5).map(|s| format!("{}: {}", s.path.display(), s.why)).collect()
}

/// Loads an exam and, for a reader, opens or begins the read.
pub(super) fn open_exam(
    task: &Task,
    config: &WorkerConfig,
    journal: &Sender<JournalMessage>,
    root: &Path,
    exam: &ExamCode,
    role: &Role,
) -> Outcome {
    match load(task, config, journal, root, exam, role) {
        _ if task.cancel.is_cancelled() => Outcome::Cancelled,
        Ok(loaded) => Outcome::Exam(Box::new(loaded)),
        Err(why) => Outcome::Failed(why),
    }
}

fn load(
    task: &Task,
    config: &WorkerConfig,
    journal: &Sender<JournalMessage>,
    root: &Path,
    exam: &ExamCode,
    role: &Role,
) -> Result<LoadedExam, String> {
    let study = Study::open(root).map_err(|e| e.to_string())?;
    let record = ExamRecord::load(study.layout(), exam).map_err(|e| e.to_string())?;
    let sequences = images(task, &record, study.layout())?;
    let (_, image) = sequences.first().ok_or_else(|| format!("{exam} has no images; import it again"))?;
    let has_geometry = !record.sequences.iter().flat_map(|s| &s.findings).any(|f| f.code == "no-geometry");
    let mut slice_axis = reading_axis(image);
    let layers = match role.reader() {
        None => ReadLayers::new(image.grid().clone(), slice_axis),
        Some(reader) => {
            // The read that was open before must be closed first: it may be the same one.
            let (done, wait) = bounded(1);
            if journal.send(JournalMessage::Barrier(done)).is_ok() {
                let _ = wait.recv();
            }
            let (file, layers) = open_or_begin(&study, reader, exam, &(config.clock)())?;
            if !task.cancel.is_cancelled() {
                let _ = journal.send(JournalMessage::Attach(task.id, Box::new(file)));
            }
            slice_axis = layers.slice_axis();
            layers
        }
    };
    // Whose images they are does not matter where there is no study around them.
    let scratch = root.starts_with(&config.scratch_root);
    let told = |code: &str| !(scratch && code == "no-patient");
    let findings = record
        .sequences
        .iter()
        .flat_map(|s| s.findings.iter().filter(|f| told(&f.code)).map(|f| format!("{}: {}", s.name, f.text)))
        .collect();
    Ok(LoadedExam { code: exam.clone(), role: role.clone(), sequences, layers, slice_axis, has_geometry, findings })
}

/// The voxel axis whose slices are read.
pub(super) fn reading_axis(image: &Image) -> usize {
    SlicePlane::acquisition(image.grid().world_from_voxel(), image.grid().shape()).slice_axis()
}

fn images(task: &Task, record: &ExamRecord, layout: &Layout) -> Result<Vec<(String, Image)>, String> {
    let first = record.sequences.iter().filter(|s| s.name == record.reading_sequence);
    let others = record.sequences.iter().filter(|s| s.name != record.reading_sequence);
    let mut images = Vec::new();
    for (at, sequence) in first.chain(others).enumerate() {
        task.progress(format!("Opening {}", record.exam), Some(at as f32 / record.sequences.len() as f32));
        if task.cancel.is_cancelled() {
            return Err("cancelled".to_owned());
        }
        let image = record.load_image(layout, &sequence.name).map_err(|e| e.to_string())?;
        // A NIfTI file cannot say that high values are dark; the finding from the import does.
        let inverted = sequence.findings.iter().any(|f| f.code == "monochrome1");
        let image = image.with_inverted_display(inverted);
        images.push((sequence.name.to_string(), image));
    }
    Ok(images)
}

/// Opens the reader's latest read of the exam, or begins the first, and replays its journal.
fn open_or_begin(study: &Study, reader: &ReaderCode, exam: &ExamCode, time: &str) -> Result<(ReadFile, ReadLayers), String> {
    let (header, file) = study.open_read_for(reader, exam, time).map_err(|e| e.to_string())?;
    let mut layers = ReadLayers::new(Arc::new(header.grid.clone()), header.slice_axis);
    let mut broken = None;
    file.for_each_row(1, |row| {
        if broken.is_none() {
            broken = layers.replay(row.row).err();
        }
        Ok(())
    })
    .map_err(|e| e.to_string())?;
    match broken {
        Some(problem) => Err(format!("{}: {problem}; restore this read from a copy", file.path().display())),
        None => Ok((file, layers)),
    }
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
