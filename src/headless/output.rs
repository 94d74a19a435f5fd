//! Where a command writes: never among a study's own files, and never over what it reads. Every file that a command is told to
//! write goes through here.

use crate::io;
use crate::study::Layout;
use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// For commands that read a study alone: what lies in it is refused anyway.
pub(super) const NOTHING: [&Path; 0] = [];

/// `1 exam`, `2 exams`; `2 versions of a model`.
pub(super) fn counted(count: usize, one: &str) -> String {
    let (noun, rest) = one.find(" of ").map_or((one, ""), |at| one.split_at(at));
    format!("{count} {noun}{}{rest}", if count == 1 { "" } else { "s" })
}

/// Whether figures go to the screen.
pub(super) fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Whether a file can be written there, to be asked before what takes long; leaves nothing behind. `read` is what the command
/// reads, and what else it writes.
///
/// # Errors
/// One sentence, if it lies in a study outside its results, is one of those files, or the folder takes none.
pub(super) fn require_target<P: AsRef<Path>>(path: &Path, read: impl IntoIterator<Item = P>) -> Result<()> {
    if is_stdout(path) {
        return Ok(());
    }
    Layout::refuse_target(path)?;
    refuse_over(path, read)?;
    if path.exists() && !path.is_file() && !path.is_dir() {
        bail!("{} is no ordinary file; choose another name, or - for the screen", path.display());
    }
    Ok(io::require_writable(path)?)
}

/// Refuses a file that the command reads, by whatever way the path leads to it.
///
/// # Errors
/// One sentence that names it.
pub(super) fn refuse_over<P: AsRef<Path>>(path: &Path, read: impl IntoIterator<Item = P>) -> Result<()> {
    // A place that makes no sense is told of when it is read or written.
    let Ok(place) = Layout::real_place(path) else { return Ok(()) };
    if read.into_iter().any(|file| Layout::real_place(file.as_ref()).is_ok_and(|file| file == place)) {
        bail!("{} is a file that this command reads or writes besides; choose another name", path.display());
    }
    Ok(())
}

/// The files of a model's folder.
pub(super) fn model_files(folder: &Path) -> Vec<PathBuf> {
    // A folder that cannot be listed holds no model: that is told where it is read.
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let of_model = |name: &str| name == crate::learn::checkpoint::CARD_FILE || name.ends_with(".safetensors");
    entries.filter(|entry| of_model(&entry.file_name().to_string_lossy())).map(|entry| entry.path()).collect()
}

/// Writes JSON to a file (temporary file, fsync, rename) or, for `-`, to standard output.
///
/// # Errors
/// If it cannot be written.
pub(super) fn write_json(path: &Path, value: &Value) -> Result<()> {
    write_text(path, &(serde_json::to_string_pretty(value)? + "\n"))
}

/// Writes a text likewise.
///
/// # Errors
/// If it cannot be written, or a study would take it for its own.
pub(super) fn write_text(path: &Path, text: &str) -> Result<()> {
    if is_stdout(path) {
        return std::io::stdout().write_all(text.as_bytes()).context("standard output could not be written");
    }
    Layout::refuse_target(path)?;
    Ok(io::atomic_write(path, |out| out.write_all(text.as_bytes()))?)
}
