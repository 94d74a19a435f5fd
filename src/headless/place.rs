//! Where and when: the person's folders, the clock, the cores.

use crate::learn::Compute;
use crate::study::{Layout, StudyError};
use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

/// Where models start from unless a seed is given.
pub const DEFAULT_SEED: u64 = 20_220_714;

/// The present time in RFC 3339, whole seconds, UTC.
#[must_use]
pub fn clock() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The folder for what the program itself keeps: `OSTEON_HOME`, else the system's place for a program's data.
#[must_use]
pub fn data_home() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    set("OSTEON_HOME")
        .or_else(|| set("XDG_DATA_HOME").map(|p| p.join("osteon")))
        .or_else(|| set("LOCALAPPDATA").map(|p| p.join("osteon")))
        .or_else(|| set("HOME").map(|p| p.join(".local/share/osteon")))
        .unwrap_or_else(|| std::env::temp_dir().join("osteon"))
}

/// Threads of the numeric pool beside a window: one core is left to it.
#[must_use]
pub fn window_threads() -> usize {
    all_threads().saturating_sub(1).max(1)
}

/// Threads of the numeric pool without a window.
pub(super) fn all_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Says so where a graphics processor is used, and where the program was built for one that is not there.
pub(super) fn tell_device() {
    let (compute, notice) = Compute::best();
    let used = || compute.is_graphics().then(|| format!("nets are computed on the graphics processor ({})", compute.word()));
    if let Some(notice) = notice.or_else(used) {
        eprintln!("{notice}");
    }
}

/// # Errors
/// One sentence, if nothing is there.
pub fn require_path(path: &Path) -> Result<()> {
    if !path.exists() {
        bail!("{}: there is no such file or folder; check the spelling", path.display());
    }
    Ok(())
}

/// The window makes a study of whatever images are opened; a command that was given another folder by a slip does not.
///
/// # Errors
/// One sentence, if the folder is no study.
pub(super) fn require_study(path: &Path) -> Result<()> {
    require_path(path)?;
    if Layout::new(path).protocol().is_file() { Ok(()) } else { Err(StudyError::NotAStudy { root: path.to_owned() }.into()) }
}

/// Nothing that lies on the disk is written over by a command: nobody was asked whether it may go.
///
/// # Errors
/// One sentence, if a file or folder of that name is there.
pub(super) fn require_free(path: &Path, advice: &str) -> Result<()> {
    // A link that leads nowhere is in the way as well.
    if path.symlink_metadata().is_ok() {
        bail!("{} already exists; {advice}", path.display());
    }
    Ok(())
}
