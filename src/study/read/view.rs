//! Looking at a read without changing it.

use super::chain;
use super::error::ReadError;
use super::header::ReadHeader;
use super::lock::lock_path;
use super::row::{JournalRow, StoredRow};
use super::schema::{self, Head, LinkedRow};
use crate::edit::{Patch, RowAction};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// A read open for reading: its header, rows and state. It cannot be written through.
#[derive(Debug)]
pub struct ReadView {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    pub(super) header: ReadHeader,
    pub(super) start: chain::Hash,
    pub(super) head: Head,
    /// Holds the copy that is looked at, if it is one; declared last, so that it goes after the connection.
    _copy: Option<TempDir>,
}

impl ReadView {
    /// Opens a read without touching its file: one that nobody writes to any more in place, any other as a copy of this moment.
    ///
    /// # Errors
    /// If it cannot be opened, is no read, from a newer version or damaged.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let unreadable = |e: std::io::Error| ReadError::open(path, e);
        let mut head = [0; 20];
        let length = File::open(path).and_then(|f| read_up_to(f, &mut head)).map_err(unreadable)?;
        if length < head.len() || !head.starts_with(b"SQLite format 3\0") {
            return Err(ReadError::NotARead { path: path.to_owned(), problem: "it is no SQLite file" });
        }
        // Bytes 18 and 19 are 1 where no write-ahead log is in use: a sealed read (sqlite.org/fileformat2.html, 1.3.4).
        let at_rest = head[18..20] == [1, 1] && !beside(path, "-journal").exists() && !lock_path(path).exists();
        if at_rest && cfg!(unix) {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = Connection::open_with_flags(immutable_uri(path), flags).map_err(|e| ReadError::reading(path, &e))?;
            return Self::over(connection, path, None);
        }
        let folder = tempfile::tempdir().map_err(|e| ReadError::open(path, format!("no temporary copy can be made ({e})")))?;
        let copy = folder.path().join("read.sqlite");
        copy_of_one_moment(path, &copy).map_err(unreadable)?;
        let connection = schema::connect(&copy).map_err(|e| ReadError::reading(path, &e))?;
        Self::over(connection, path, Some(folder))
    }

    /// Takes a connection; `path` is the file that messages name.
    pub(super) fn over(connection: Connection, path: &Path, copy: Option<TempDir>) -> Result<Self, ReadError> {
        let (header, start) = schema::header(&connection, path)?;
        let head = schema::head(&connection, path)?;
        if head.n == 0 && head.hash != start {
            return Err(ReadError::damaged(path, "its header was changed"));
        }
        Ok(Self { connection, path: path.to_owned(), header, start, head, _copy: copy })
    }

    /// Whose read of what.
    #[must_use]
    pub const fn header(&self) -> &ReadHeader {
        &self.header
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Number of rows.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.head.n
    }

    /// When it was sealed, if it was.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn sealed(&self) -> Result<Option<String>, ReadError> {
        schema::meta(&self.connection, "sealed").map_err(|e| ReadError::reading(&self.path, &e))
    }

    /// The hash of the last row, hexadecimal: every row before it went into it.
    #[must_use]
    pub fn journal_sha256(&self) -> String {
        chain::hex(&self.head.hash)
    }

    /// Every row, in order.
    ///
    /// # Errors
    /// If a row cannot be read.
    pub fn rows(&self) -> Result<Vec<JournalRow>, ReadError> {
        let mut rows = Vec::new();
        self.for_each_row(1, |row| {
            rows.push(row);
            Ok(())
        })?;
        Ok(rows)
    }

    /// Hands over the rows from number `first` on, one at a time, so that only one needs memory; stops at an error of `visit`.
    ///
    /// # Errors
    /// If a row cannot be read, or the one that `visit` returns.
    pub fn for_each_row(&self, first: u64, mut visit: impl FnMut(JournalRow) -> Result<(), ReadError>) -> Result<(), ReadError> {
        self.for_each_linked(EVERY, first, |linked| visit(self.decoded(&linked)?))
    }

    /// The same for rows that are no strokes or outlines: quick where a read holds thousands of those, which stay packed.
    ///
    /// # Errors
    /// As [`ReadView::for_each_row`].
    pub(super) fn for_each_note(&self, mut visit: impl FnMut(JournalRow) -> Result<(), ReadError>) -> Result<(), ReadError> {
        self.for_each_linked(NOTES, 1, |linked| visit(self.decoded(&linked)?))
    }

    /// Hands over the columns of every row, with its hash in hexadecimal, without making sense of them.
    pub(in crate::study) fn for_each_stored(&self, mut visit: impl FnMut(StoredRow, String)) -> Result<(), ReadError> {
        self.for_each_linked(EVERY, 1, |linked| {
            visit(linked.row, chain::hex(&linked.hash));
            Ok(())
        })
    }

    /// One row.
    ///
    /// # Errors
    /// If there is no such row or it cannot be read.
    pub fn row(&self, n: u64) -> Result<JournalRow, ReadError> {
        let missing = || ReadError::damaged(&self.path, format!("row {n} is missing"));
        let mut statement = self.prepare("SELECT * FROM journal WHERE n = ?1")?;
        let key = i64::try_from(n).map_err(|_| missing())?;
        let linked = statement.query_row([key], schema::linked_row).optional().map_err(|e| ReadError::reading(&self.path, &e))?;
        self.decoded(&linked.ok_or_else(missing)?)
    }

    /// The voxels that a row changed; empty for rows that change none.
    ///
    /// # Errors
    /// As [`ReadView::row`].
    pub fn patch(&self, n: u64) -> Result<Arc<Patch>, ReadError> {
        Ok(match self.row(n)?.row.action {
            RowAction::Paint { patch, .. } | RowAction::Outline { patch, .. } => patch,
            _ => Arc::default(),
        })
    }

    /// Walks the chain of hashes from the header to the last row.
    ///
    /// # Errors
    /// At the first row that is missing, changed or cannot be read; it is named.
    pub fn verify_chain(&self) -> Result<(), ReadError> {
        let broken = |row, problem| Err(ReadError::Chain { path: self.path.clone(), row, problem });
        let (mut n, mut hash) = (0, self.start);
        self.for_each_linked(EVERY, 1, |linked| {
            n += 1;
            if linked.row.n != n {
                return broken(n, "it is missing");
            }
            if linked.previous != hash {
                return broken(n, "it does not follow the row before it");
            }
            hash = chain::follow(&hash, &linked.row);
            if linked.hash != hash {
                return broken(n, "its content is not what was written");
            }
            self.decoded(&linked).map(drop)
        })?;
        if (n, hash) == (self.head.n, self.head.hash) { Ok(()) } else { broken(n + 1, "the last rows are missing") }
    }

    /// `wish` is [`EVERY`] or [`NOTES`].
    fn for_each_linked(&self, wish: &str, first: u64, mut visit: impl FnMut(LinkedRow) -> Result<(), ReadError>) -> Result<(), ReadError> {
        let reading = |e: rusqlite::Error| ReadError::reading(&self.path, &e);
        let mut statement = self.prepare(wish)?;
        let mut rows = statement.query([i64::try_from(first).unwrap_or(i64::MAX)]).map_err(reading)?;
        while let Some(row) = rows.next().map_err(reading)? {
            visit(schema::linked_row(row).map_err(reading)?)?;
        }
        Ok(())
    }

    fn prepare(&self, sql: &str) -> Result<rusqlite::CachedStatement<'_>, ReadError> {
        self.connection.prepare_cached(sql).map_err(|e| ReadError::reading(&self.path, &e))
    }

    fn decoded(&self, linked: &LinkedRow) -> Result<JournalRow, ReadError> {
        let damaged = |problem| ReadError::damaged(&self.path, format!("row {}: {problem}", linked.row.n));
        linked.row.decode(self.header.grid.voxel_count()).map_err(damaged)
    }
}

/// All rows from one on.
const EVERY: &str = "SELECT * FROM journal WHERE n >= ?1 ORDER BY n";
/// Those without changed voxels.
const NOTES: &str = "SELECT * FROM journal WHERE n >= ?1 AND runs IS NULL ORDER BY n";

/// A file that SQLite keeps beside another.
pub(in crate::study) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path.as_os_str());
    name.push(suffix);
    PathBuf::from(name)
}

/// Copies the file and its write-ahead log or rollback journal; again, if its writer moved the log into the file meanwhile.
pub(in crate::study) fn copy_of_one_moment(path: &Path, copy: &Path) -> std::io::Result<()> {
    let state = || fs::metadata(path).map(|m| (m.len(), m.modified().ok()));
    for _ in 0..10 {
        let before = state()?;
        fs::copy(path, copy)?;
        for suffix in ["-wal", "-journal"] {
            match fs::copy(beside(path, suffix), beside(copy, suffix)) {
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    let _ = fs::remove_file(beside(copy, suffix));
                }
                Err(error) => return Err(error),
            }
        }
        if state()? == before {
            return Ok(());
        }
    }
    Err(std::io::Error::other("it is being written to without pause, try again"))
}

fn read_up_to(mut file: File, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

/// `file:…?immutable=1`, with every sign but the harmless ones escaped.
fn immutable_uri(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for &byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri + "?immutable=1"
}
