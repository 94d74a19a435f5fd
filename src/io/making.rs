//! Folders in which something is made before it gets its name, and what is left of them.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};
use tempfile::TempDir;

/// How their names begin; such a folder is never listed.
const PREFIX: &str = ".new-";
/// Left by a program that was killed: where nothing changed for so long nobody works any more.
const ABANDONED: Duration = Duration::from_hours(24);

/// A folder within another one, on the same disk as what is made there will be; gone when it is dropped.
///
/// # Errors
/// What the system says.
pub fn making_folder(within: &Path) -> io::Result<TempDir> {
    fs::create_dir_all(within)?;
    sweep_abandoned(within);
    tempfile::Builder::new().prefix(PREFIX).tempdir_in(within)
}

/// Where a file of this path lies.
#[must_use]
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// Removes what programs that were killed left in a folder more than a day ago.
pub fn sweep_abandoned(within: &Path) {
    let is_old = |path: &Path| {
        let changed = fs::metadata(path).and_then(|meta| meta.modified()).ok();
        changed.and_then(|changed| SystemTime::now().duration_since(changed).ok()).is_some_and(|age| age > ABANDONED)
    };
    for entry in fs::read_dir(within).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && entry.file_type().is_ok_and(|kind| kind.is_dir()) && is_old(&path) {
            // What cannot be removed is in nobody's way.
            let _ = fs::remove_dir_all(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn only_what_was_abandoned_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".new-old", ".new-fresh", "kept"] {
            fs::create_dir(folder.path().join(name)).unwrap();
            fs::write(folder.path().join(name).join("file"), "x").unwrap();
        }
        let long_ago = SystemTime::now() - 2 * ABANDONED;
        for name in [".new-old", "kept"] {
            File::open(folder.path().join(name)).unwrap().set_modified(long_ago).unwrap();
        }
        let making = making_folder(folder.path()).unwrap();
        assert!(making.path().starts_with(folder.path()));
        let left = [".new-old", ".new-fresh", "kept"].map(|name| folder.path().join(name).join("file").is_file());
        assert_eq!(left, [false, true, true]);
    }
}
