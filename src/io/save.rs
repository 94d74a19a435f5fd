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
    save_in(path, COLLEAGUES, write).map_err(|source| SaveError::new(path, source))
}

/// A file that is written bit by bit, by the rules of [`atomic_write`]: it gets its name at the end, and goes if that never comes.
pub struct Draft {
    path: PathBuf,
    file: BufWriter<tempfile::NamedTempFile>,
}

impl Draft {
    /// Begins a file.
    ///
    /// # Errors
    /// If the folder takes none.
    pub fn begin(path: &Path) -> Result<Self, SaveError> {
        let file = begun(path, COLLEAGUES).map_err(|source| SaveError::new(path, source))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Gives it its name.
    ///
    /// # Errors
    /// If the file system fails; what was there before then stays as it was.
    pub fn finish(self) -> Result<(), SaveError> {
        named(self.file, &self.path).map_err(|source| SaveError::new(&self.path, source))
    }

    /// What went wrong while it was written, with the file's name and what to do.
    #[must_use]
    pub fn told(&self, source: io::Error) -> SaveError {
        SaveError::new(&self.path, source)
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// As [`atomic_write`] for what names patients or would unblind a study: a new file is its owner's alone (Unix mode 0600). One that
/// is there keeps its mode, so that whoever shares it with a second coordinator has to say so once only.
///
/// # Errors
/// As [`atomic_write`].
pub fn private_write(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), SaveError> {
    save_in(path, mode_of(path).unwrap_or(OWNER), write).map_err(|source| SaveError::new(path, source))
}

/// Whether [`atomic_write`] could write a file there, to be asked before what takes long. Leaves nothing behind.
///
/// # Errors
/// As [`atomic_write`].
pub fn require_writable(path: &Path) -> Result<(), SaveError> {
    temporary_for(path, OWNER).map(drop).map_err(|source| SaveError::new(path, source))
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

/// The folder in which a path lies; of a bare name the one at hand.
#[must_use]
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// Unix mode of what a shared study holds; the process's umask still applies. tempfile's own 0600 would keep colleagues out.
const COLLEAGUES: u32 = 0o666;
/// Unix mode of what nobody else is to read.
const OWNER: u32 = 0o600;

/// Unix mode of a file that is there.
#[cfg(unix)]
fn mode_of(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().ok().map(|found| found.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn mode_of(_: &Path) -> Option<u32> {
    None
}

/// An empty file beside the one that is to be written.
#[cfg_attr(not(unix), expect(unused_variables, reason = "only Unix has modes"))]
fn temporary_for(path: &Path, mode: u32) -> io::Result<tempfile::NamedTempFile> {
    if path.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".osteon-").suffix(".part");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(mode));
    builder.tempfile_in(folder_of(path))
}

fn save_in(path: &Path, mode: u32, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    // Dropped on every early return, which removes it.
    let mut file = begun(path, mode)?;
    write(&mut file)?;
    named(file, path)
}

fn begun(path: &Path, mode: u32) -> io::Result<BufWriter<tempfile::NamedTempFile>> {
    Ok(BufWriter::with_capacity(1 << 16, temporary_for(path, mode)?))
}

/// Gives what was written its name, once it is on the disk.
fn named(file: BufWriter<tempfile::NamedTempFile>, path: &Path) -> io::Result<()> {
    let temporary = file.into_inner().map_err(io::IntoInnerError::into_error)?;
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

    #[cfg(unix)]
    #[test]
    fn a_private_file_is_its_owners_until_the_owner_says_otherwise() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("links.jsonl");
        let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        private_write(&path, |w| w.write_all(b"K-001")).unwrap();
        assert_eq!(mode(), 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        private_write(&path, |w| w.write_all(b"K-001 K-002")).unwrap();
        assert_eq!((mode(), std::fs::read(&path).unwrap().as_slice()), (0o640, b"K-001 K-002".as_slice()));
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
