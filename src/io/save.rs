//! Every write of the program: a temporary file in the same folder, fsync, rename.

use super::error::{one_line, shown};
use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a file was not written; whatever was there before is unchanged.
#[derive(Debug, Error)]
#[error("{}: not saved, {cause}; {advice}", shown(.path))]
pub struct SaveError {
    path: PathBuf,
    cause: String,
    advice: &'static str,
    #[source]
    source: io::Error,
}

impl SaveError {
    pub(super) fn new(path: &Path, source: io::Error) -> Self {
        let (cause, advice) = match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => ("the disk is full".into(), "free some space and save again"),
            ErrorKind::PermissionDenied => ("writing is not permitted".into(), "choose another folder or ask for write access"),
            ErrorKind::ReadOnlyFilesystem => ("the disk is read-only".into(), "choose a folder on another disk"),
            ErrorKind::NotFound => ("the folder does not exist".into(), "make the folder first"),
            ErrorKind::NotADirectory | ErrorKind::IsADirectory => {
                ("a folder or a file of that name is in the way".into(), "choose another name")
            }
            _ => (one_line(&source.to_string()), "try again or choose another folder"),
        };
        Self { path: path.into(), cause, advice, source }
    }

    /// The file that was to be written.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The system's error kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.source.kind()
    }
}

/// Writes a file so that readers see either all of the old content or all of the new.
///
/// # Errors
/// If `write` or the file system fails; the old file then stays as it was and no temporary file is left.
pub fn atomic_write(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), SaveError> {
    save_in(path, write).map_err(|source| SaveError::new(path, source))
}

/// Whether [`atomic_write`] could write a file there, to be asked before what takes long. Leaves nothing behind.
///
/// # Errors
/// As [`atomic_write`].
pub fn require_writable(path: &Path) -> Result<(), SaveError> {
    temporary_for(path).map(drop).map_err(|source| SaveError::new(path, source))
}

/// Gives a file or folder that is whole its name, and makes that last.
///
/// # Errors
/// If the system refuses the new name.
pub fn move_into_place(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::rename(from, to)?;
    // What cannot be synced here is the name alone; the content is safe by then.
    to.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or(Ok(()), sync_folder).or(Ok(()))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// An empty file beside the one that is to be written.
fn temporary_for(path: &Path) -> io::Result<tempfile::NamedTempFile> {
    if path.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".osteon-").suffix(".part");
    // tempfile's own 0600 would keep colleagues from a shared study; the process's umask still applies.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder_of(path))
}

fn save_in(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    // Dropped on every early return, which removes it.
    let mut temporary = temporary_for(path)?;
    let mut buffered = BufWriter::with_capacity(1 << 16, temporary.as_file_mut());
    write(&mut buffered)?;
    buffered.flush()?;
    drop(buffered);
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|e| e.error)?;
    sync_folder(folder_of(path))
}

/// Makes the rename itself durable; only Unix can open a folder for that.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        match File::open(folder).and_then(|f| f.sync_all()) {
            // Some network file systems cannot sync a folder; the file itself is safe by then.
            Err(e) if matches!(e.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported | ErrorKind::PermissionDenied) => Ok(()),
            other => other,
        }
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        atomic_write(&path, |w| w.write_all(b"old")).unwrap();
        let error = atomic_write(&path, |w| {
            w.write_all(b"new but")?;
            Err(ErrorKind::StorageFull.into())
        })
        .unwrap_err();
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        let text = error.to_string();
        assert!(text.contains("a.txt") && text.contains("full") && !text.contains('\n'), "{text}");
    }

    #[test]
    fn replaces_and_names_what_is_in_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        atomic_write(&path, |w| w.write_all(b"one")).unwrap();
        atomic_write(&path, |w| w.write_all(b"two")).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert!(atomic_write(folder.path(), |_| Ok(())).unwrap_err().to_string().contains("in the way"));
        assert!(atomic_write(&folder.path().join("no/b"), |_| Ok(())).unwrap_err().to_string().contains("folder"));
    }
}
