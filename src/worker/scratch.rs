//! Studies that the program makes for itself, for images that were opened without one: whole or not at all, and found again.

use super::files::{fresh_randomness, read, skipped, watched};
use super::hub::WorkerConfig;
use super::task::Task;
use crate::io::{Reading, folder_of, making_folder, sweep_abandoned};
use crate::study::{ExamCode, ImportOptions, ImportReport, Naming, Protocol, ReadingPlace, Study};
use sha2::{Digest as _, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// What the images were when they were brought in, beside the study's own files.
const STAMP: &str = ".opened";
/// Files that are looked at to see whether images are as they were; with more they are read again.
const MOST_FILES: usize = 50_000;

/// The scratch study of images, and what is to be told of it: made once, found again by the images' place. Images that are new there, or
/// not what they were, come in beside the others: nothing that was painted goes out of sight, and nobody is shown an old image for a new
/// one.
pub(super) fn open_images(task: &Task, config: &WorkerConfig, path: &Path) -> Result<(PathBuf, Vec<String>), String> {
    let place = path.canonicalize().map_err(|error| format!("{}: {error}; check the path", path.display()))?;
    let stem = place.file_name().map_or_else(|| "images".into(), |n| n.to_string_lossy().into_owned());
    let stem: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(24).collect();
    let number: String = Sha256::digest(place.to_string_lossy().as_bytes()).iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let root = config.scratch_root.join(format!("{stem}-{number}"));
    sweep_abandoned(&config.scratch_root);
    // Before reading: what changes meanwhile is read again the next time.
    let stamp = stamp_of(&place);
    if root.join("study.toml").is_file() {
        let is_same = stamp.is_some() && fs::read_to_string(root.join(STAMP)).ok() == stamp;
        if is_same {
            return Ok((root, Vec::new()));
        }
        // What was painted is shown whatever became of the files.
        let remarks = look_again(task, &root, path, stamp.as_deref())
            .unwrap_or_else(|why| vec![format!("Shown is what was opened before, since what is there now could not be read. {why}")]);
        return Ok((root, remarks));
    }
    // Read first: nothing is made for what cannot be opened.
    let reading = read(task, path)?;
    made_whole(&root, |folder| {
        let study = Study::init(folder, &stem, &Protocol::scratch(&stem)).map_err(|e| e.to_string())?;
        let report = bring_in(task, &study, reading)?;
        if task.cancel.is_cancelled() {
            return Err("cancelled".to_owned());
        }
        if report.exams.is_empty() {
            let why = report.failed.first().map_or_else(|| "nothing in it can be read on a slice grid".to_owned(), |f| f.1.clone());
            return Err(format!("{}: {why}", path.display()));
        }
        keep_stamp(folder, stamp.as_deref());
        Ok(())
    })?;
    Ok((root, Vec::new()))
}

/// Brings in what the images hold beyond what was brought in before, and says what came of it.
fn look_again(task: &Task, root: &Path, path: &Path, stamp: Option<&str>) -> Result<Vec<String>, String> {
    let study = Study::open(root).map_err(|e| e.to_string())?;
    let mut reading = read(task, path)?;
    let codes = study.layout().exam_codes().map_err(|e| e.to_string())?;
    reading.volumes.retain(|volume| !codes.iter().any(|code| is_named_after(volume.path(), path, code)));
    let mut remarks = skipped(&reading);
    let report = bring_in(task, &study, reading)?;
    remarks.extend(report.failed.iter().map(|(file, why)| format!("{}: {why}", file.display())));
    if remarks.is_empty() && !task.cancel.is_cancelled() {
        keep_stamp(root, stamp);
    }
    let Some(first) = report.exams.first() else { return Ok(remarks) };
    // What was asked for is what is new; where nothing is kept, the first exam is shown.
    for rule in study.protocol().readers() {
        let _ = study.keep_place(&rule.code, &ReadingPlace { exam: first.exam.clone(), slice: 0 });
    }
    let codes = report.exams.iter().map(|e| e.exam.to_string()).collect::<Vec<_>>().join(", ");
    let file = path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
    remarks
        .push(format!("{file} holds images that it did not hold when it was last opened: {codes}. What was opened before is still here."));
    Ok(remarks)
}

/// Whether a file below what was opened is called after an exam: what this program wrote of it is no new image.
fn is_named_after(file: &Path, opened: &Path, exam: &ExamCode) -> bool {
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let below = file.strip_prefix(opened).unwrap_or_else(|_| file.file_name().map_or(file, Path::new));
    !below.as_os_str().is_empty() && plain(&below.to_string_lossy()).contains(&plain(exam.as_str()))
}

fn bring_in(task: &Task, study: &Study, reading: Reading) -> Result<ImportReport, String> {
    let mut rng = fresh_randomness()?;
    // The images stay on this machine and in this person's hands, so a picture needs no check for names.
    let options = ImportOptions { naming: Naming::AsSource, ..ImportOptions::default() };
    watched(task, "Importing", |watch| study.import(reading.volumes, &options, &mut rng, watch)).map_err(|e| e.to_string())
}

/// Makes a study in a folder beside its place and moves it there once it is whole: what was ended in between leaves nothing that could
/// be taken for it.
///
/// # Errors
/// What `build` says; one sentence, if the system refuses.
pub(super) fn made_whole(root: &Path, build: impl FnOnce(&Path) -> Result<(), String>) -> Result<(), String> {
    let refused = |error: std::io::Error| format!("{}: {error}; check the folder's permissions and the room on the disk", root.display());
    // A folder that is there stays the person's own: its rights, and where a link to it leads.
    let is_there = root.is_dir();
    let making = making_folder(if is_there { root } else { folder_of(root) }).map_err(refused)?;
    let folder = making.path().join("study");
    build(&folder)?;
    if !is_there {
        return fs::rename(&folder, root).map_err(refused);
    }
    let mut names = fs::read_dir(&folder).and_then(|entries| entries.map(|e| e.map(|e| e.file_name())).collect::<Result<Vec<_>, _>>());
    if let Ok(names) = &mut names {
        // Last: it is what makes the folder a study.
        names.sort_by_key(|name| name == "study.toml");
    }
    for name in names.map_err(refused)? {
        let place = root.join(&name);
        if place.exists() {
            return Err(format!("{} is there already: choose an empty folder.", place.display()));
        }
        fs::rename(folder.join(&name), place).map_err(refused)?;
    }
    Ok(())
}

fn keep_stamp(root: &Path, stamp: Option<&str>) {
    if let Some(stamp) = stamp {
        // Without it the images are read again: slower, never wrong.
        let _ = fs::write(root.join(STAMP), stamp);
    }
}

/// Names, sizes and times of the files that opening a path reads: those below a folder; for a file, which may have companions, those
/// beside it. `None` where they are too many, or cannot be told.
fn stamp_of(place: &Path) -> Option<String> {
    let mut lines = Vec::new();
    let mut folders = vec![if place.is_dir() { place.to_owned() } else { place.parent()?.to_owned() }];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).ok()? {
            let entry = entry.ok()?;
            let (path, meta) = (entry.path(), fs::metadata(entry.path()).ok()?);
            if meta.is_dir() {
                // A link to a folder may lead round in a circle.
                if entry.file_type().ok()?.is_symlink() {
                    return None;
                }
                if place.is_dir() {
                    folders.push(path);
                }
                continue;
            }
            let time = meta.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_nanos();
            lines.push(format!("{} {} {time}\n", path.display(), meta.len()));
            if lines.len() > MOST_FILES {
                return None;
            }
        }
    }
    lines.sort_unstable();
    let sum = Sha256::digest(lines.concat().as_bytes());
    Some(sum.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_whole_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("deep/study");
        let failed = made_whole(&root, |at| {
            fs::create_dir(at).unwrap();
            fs::write(at.join("study.toml"), "half").unwrap();
            Err("cancelled".to_owned())
        });
        assert_eq!(failed, Err("cancelled".to_owned()));
        assert_eq!(fs::read_dir(folder.path().join("deep")).unwrap().count(), 0);
        made_whole(&root, |at| fs::create_dir(at).and_then(|()| fs::write(at.join("study.toml"), "whole")).map_err(|e| e.to_string()))
            .unwrap();
        assert_eq!(fs::read_to_string(root.join("study.toml")).unwrap(), "whole");
        // Nothing that is there is written over.
        let again = |at: &Path| fs::create_dir(at).and_then(|()| fs::write(at.join("study.toml"), "other")).map_err(|e| e.to_string());
        assert!(made_whole(&root, again).unwrap_err().contains("is there already"));
        assert_eq!(fs::read_to_string(root.join("study.toml")).unwrap(), "whole");
        // An empty folder that is there is filled, not replaced.
        let own = folder.path().join("own");
        fs::create_dir(&own).unwrap();
        made_whole(&own, again).unwrap();
        assert_eq!(fs::read_dir(&own).unwrap().map(|e| e.unwrap().file_name()).collect::<Vec<_>>(), ["study.toml"]);
    }

    #[test]
    fn what_was_written_of_an_exam_is_no_new_image() {
        let (code, opened) = (ExamCode::new("K-208").unwrap(), Path::new("/k-208/images"));
        for (file, own) in
            [("K-208_R1_marrow.nii.gz", true), ("masks/sub-K208/anat.nii.gz", true), ("k20/8.nii", true), ("knee.nii", false)]
        {
            assert_eq!(is_named_after(&opened.join(file), opened, &code), own, "{file}");
        }
        assert!(!is_named_after(opened, opened, &code), "the file that was opened itself");
    }

    #[test]
    fn a_stamp_changes_with_the_files_and_with_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.nii");
        fs::write(&file, "one").unwrap();
        let first = stamp_of(folder.path()).unwrap();
        assert_eq!(stamp_of(folder.path()), Some(first.clone()));
        fs::create_dir(folder.path().join("below")).unwrap();
        fs::write(folder.path().join("below/b.nii"), "two").unwrap();
        let second = stamp_of(folder.path()).unwrap();
        fs::write(&file, "three").unwrap();
        let third = stamp_of(folder.path()).unwrap();
        assert!(first != second && second != third);
    }
}
