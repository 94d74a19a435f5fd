//! Bad input: one line on stderr that names the file and says what to do, exit status 1, nothing lost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;

use common::{ball, ball_study, shared};
use std::path::Path;
use std::process::{Command, Output};

fn osteon(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_osteon")).args(args).env("RUST_BACKTRACE", "0").output().unwrap()
}

/// The command fails politely and its one line says `words`.
fn refused(args: &[&str], words: &[&str]) -> String {
    let output = osteon(args);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    assert_eq!(output.status.code(), Some(1), "{args:?}: {text}");
    assert_eq!(lines.len(), 1, "{args:?}: {text}");
    assert!(!text.contains("panicked"), "{text}");
    for word in words {
        assert!(text.contains(word), "{args:?}: \"{word}\" is not in: {text}");
    }
    text
}

fn both_refuse(path: &Path, name: &str) {
    let out = tempfile::tempdir().unwrap();
    refused(&["inspect", path.to_str().unwrap(), "--json"], &[name]);
    refused(&["convert", path.to_str().unwrap(), out.path().to_str().unwrap()], &[name]);
    assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 0, "something was written");
}

#[test]
fn a_text_file_named_nii() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes.nii");
    std::fs::write(&file, "Dear colleague, please find attached").unwrap();
    both_refuse(&file, "notes.nii");
}

#[test]
fn a_truncated_nii_gz() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("knee.nii.gz");
    osteon::io::write_image_nifti(&file, &ball(0.0)).unwrap();
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() / 2]).unwrap();
    both_refuse(&file, "knee.nii.gz");
}

#[test]
fn an_empty_folder() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty-folder");
    std::fs::create_dir(&empty).unwrap();
    both_refuse(&empty, "empty-folder");
}

#[test]
fn a_dicom_file_without_pixels() {
    let Some(shared) = shared() else { return };
    let file = shared.join("data/dicom/ct-sixteen-encodings/no-pixel-data.dcm");
    both_refuse(&file, "no-pixel-data.dcm");
}

#[test]
fn a_path_that_is_not_there() {
    refused(&["open", "/no/such/thing"], &["/no/such/thing"]);
    refused(&["study", "status", "/no/such/thing"], &["/no/such/thing"]);
}

#[test]
fn importing_a_broken_file_leaves_the_study_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    ball_study(&root, 1);
    let file = home.path().join("broken.nii.gz");
    std::fs::write(&file, [0x1f, 0x8b, 8, 0, 0, 0]).unwrap();
    let before = osteon(&["study", "status", root.to_str().unwrap()]).stdout;
    refused(&["study", "import", root.to_str().unwrap(), file.to_str().unwrap()], &["broken.nii.gz"]);
    assert_eq!(osteon(&["study", "status", root.to_str().unwrap()]).stdout, before);
    assert!(osteon(&["study", "check", root.to_str().unwrap()]).status.success());
}

#[test]
fn a_study_folder_that_cannot_be_written() {
    // A file stands where the folder should be: refused for root too, whom permissions do not stop.
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("occupied");
    std::fs::write(&file, "x").unwrap();
    let inside = file.join("study");
    refused(&["study", "init", inside.to_str().unwrap()], &["occupied"]);
    assert_eq!(std::fs::read(&file).unwrap(), b"x");
}

#[test]
fn a_full_disk() {
    // A file-size limit stands for the full disk: the shell sets it for the program alone.
    let home = tempfile::tempdir().unwrap();
    let source = home.path().join("knee.nii.gz");
    osteon::io::write_image_nifti(&source, &ball(0.0)).unwrap();
    let out = home.path().join("out");
    std::fs::create_dir(&out).unwrap();
    let script =
        format!("ulimit -f 1; trap '' XFSZ; exec '{}' convert '{}' '{}'", env!("CARGO_BIN_EXE_osteon"), source.display(), out.display());
    let output = Command::new("bash").args(["-c", &script]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert_eq!(text.lines().filter(|l| !l.trim().is_empty()).count(), 1, "{text}");
    assert!(text.contains(".nii.gz"), "{text}");
    let left: Vec<_> = std::fs::read_dir(&out).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(left.is_empty(), "a half-written file stayed: {left:?}");
    assert!(osteon(&["inspect", source.to_str().unwrap(), "--json"]).status.success());
}

#[test]
fn wrong_usage_is_exit_status_2() {
    assert_eq!(osteon(&["no-such-command"]).status.code(), Some(2));
    assert_eq!(osteon(&["inspect"]).status.code(), Some(2));
}
