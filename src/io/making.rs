//! Folders in which something is made before it gets its name, and what is left of them.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

/// How the names of such folders begin; they are never listed.
const PREFIX: &str = ".osteon-new-";
/// How those of exams in the making do, within a study.
const EXAM_PREFIX: &str = ".new-";
/// Left by a program that was killed: where nothing changed for so long nobody works any more.
const ABANDONED: Duration = Duration::from_hours(24);

/// A folder within another one, on the same disk as what is made there will be; gone when it is dropped.
///
/// # Errors
/// What the system says.
pub fn making_folder(within: &Path) -> io::Result<TempDir> {
    fs::create_dir_all(within)?;
    tempfile::Builder::new().prefix(PREFIX).tempdir_in(within)
}

/// Removes what programs that were killed left more than a day ago. Only for folders in which nobody but this program works: a study's
/// exams, the studies made for images.
pub fn sweep_abandoned(within: &Path) {
    for entry in fs::read_dir(within).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let is_ours = [PREFIX, EXAM_PREFIX].iter().any(|prefix| name.to_string_lossy().starts_with(prefix));
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let age = || last_change(&path).and_then(|changed| SystemTime::now().duration_since(changed).ok());
        if is_ours && is_folder && age().is_some_and(|age| age > ABANDONED) {
            // What cannot be removed is in nobody's way.
            let _ = fs::remove_dir_all(path);
        }
    }
}

/// When something below a folder was last written; `None` where that cannot be told.
fn last_change(folder: &Path) -> Option<SystemTime> {
    let mut newest = fs::metadata(folder).and_then(|meta| meta.modified()).ok()?;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).ok()? {
            let entry = entry.ok()?;
            newest = newest.max(entry.metadata().and_then(|meta| meta.modified()).ok()?);
            if entry.file_type().ok()?.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    Some(newest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn only_what_was_abandoned_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".new-old", ".osteon-new-old", ".new-fresh", ".new-below", "kept"] {
            fs::create_dir_all(folder.path().join(name).join("study")).unwrap();
            fs::write(folder.path().join(name).join("study/file"), "x").unwrap();
        }
        let long_ago = SystemTime::now() - 2 * ABANDONED;
        let age = |path: &str| File::open(folder.path().join(path)).unwrap().set_modified(long_ago).unwrap();
        for name in [".new-old", ".osteon-new-old", "kept"] {
            ["study/file", "study", ""].iter().for_each(|below| age(&format!("{name}/{below}")));
        }
        // Somebody writes there, though not at the top.
        ["study", ""].iter().for_each(|below| age(&format!(".new-below/{below}")));
        sweep_abandoned(folder.path());
        let left = [".new-old", ".osteon-new-old", ".new-fresh", ".new-below", "kept"].map(|name| folder.path().join(name).is_dir());
        assert_eq!(left, [false, false, true, true, true]);
        // What is made beside somebody's own folders touches none of them.
        age(".new-fresh/study/file");
        let making = making_folder(folder.path()).unwrap();
        assert!(making.path().starts_with(folder.path()) && folder.path().join(".new-fresh").is_dir());
    }
}
