//! Writing a read: one row at a time, each on disk before the next.

use super::chain;
use super::error::ReadError;
use super::header::ReadHeader;
use super::lock::{Opener, WriteLock};
use super::place::is_on_network;
use super::row::{JournalRow, StoredRow};
use super::schema::{self, Head};
use super::state::SNAPSHOT_EVERY;
use super::view::ReadView;
use rusqlite::{Connection, params};
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::io;
use std::ops::Deref;
use std::path::Path;

/// A read open for writing, alone: its lock is held until this is dropped. Everything of [`ReadView`] is there too.
#[derive(Debug)]
pub struct ReadFile {
    view: ReadView,
    /// After a failed write: what the disk holds is looked up before the next.
    unsure: bool,
    _lock: WriteLock,
}

impl Deref for ReadFile {
    type Target = ReadView;
    fn deref(&self) -> &ReadView {
        &self.view
    }
}

impl ReadFile {
    /// Makes the file of a new read, whole or not at all, and opens it. Folders above it are made as needed.
    ///
    /// # Errors
    /// If there is one already, or the folder cannot be written to.
    pub fn create(path: &Path, header: &ReadHeader) -> Result<Self, ReadError> {
        let failed = |e: io::Error| ReadError::write(path, e);
        if path.exists() {
            return Err(ReadError::Exists { path: path.to_owned() });
        }
        let folder = crate::io::folder_of(path);
        fs::create_dir_all(folder).map_err(failed)?;
        let json = header.to_json().map_err(|e| ReadError::write(path, e))?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".new-").suffix(".part");
        // A study may be shared: the other readers' programs must be able to read the file.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
        let making = builder.tempfile_in(folder).map_err(failed)?;
        fill(making.path(), &json).map_err(|e| ReadError::writing(path, &e))?;
        making.as_file().sync_all().map_err(failed)?;
        making.persist_noclobber(path).map_err(|e| match e.error.kind() {
            io::ErrorKind::AlreadyExists => ReadError::Exists { path: path.to_owned() },
            _ => failed(e.error),
        })?;
        // The name must outlast a power cut too; Windows cannot sync folders and needs not.
        let _ = File::open(folder).and_then(|f| f.sync_all());
        let (_, file) = Self::open(path, &Opener { reader: header.reader.clone(), time: header.created.clone() })?;
        Ok(file)
    }

    /// Opens a read for writing.
    ///
    /// # Errors
    /// If somebody else writes to it (who, where and since when is told), it is sealed, no read, from a newer version or damaged.
    pub fn open(path: &Path, opener: &Opener) -> Result<(ReadHeader, Self), ReadError> {
        // Looked at before the lock, so that no lock file is left beside something that is no read.
        let size = fs::metadata(path).map_err(|e| ReadError::open(path, e))?.len();
        if size == 0 {
            return Err(ReadError::NotARead { path: path.to_owned(), problem: "it is empty" });
        }
        let lock = WriteLock::take(path, opener)?;
        let connection = schema::connect(path).map_err(|e| ReadError::reading(path, &e))?;
        let view = ReadView::over(connection, path, None)?;
        if let Some(time) = view.sealed()? {
            return Err(ReadError::Sealed { path: path.to_owned(), time });
        }
        schema::choose_journal(&view.connection, is_on_network(path)).map_err(|e| ReadError::writing(path, &e))?;
        Ok((view.header.clone(), Self { view, unsure: false, _lock: lock }))
    }

    /// Opens a read to look at it.
    ///
    /// # Errors
    /// As [`ReadView::open`].
    pub fn open_read_only(path: &Path) -> Result<(ReadHeader, ReadView), ReadError> {
        let view = ReadView::open(path)?;
        Ok((view.header.clone(), view))
    }

    /// Adds a row; it is on disk when this returns. Rows are numbered from 1 without gaps.
    ///
    /// # Errors
    /// If the row does not follow the last one or makes no sense, or the disk does not take it. Nothing is changed then, and
    /// the same row may be tried again.
    pub fn append(&mut self, entry: &JournalRow) -> Result<(), ReadError> {
        let path = self.view.path.clone();
        let bad = |problem| ReadError::BadRow { path: path.clone(), row: entry.row.n, problem };
        let row = StoredRow::encode(entry, self.view.header.grid.voxel_count()).map_err(bad)?;
        if self.unsure && self.already_there(&row)? {
            return Ok(());
        }
        let head = self.view.head;
        if row.n != head.n + 1 {
            return Err(bad(format!("for the next row is number {}", head.n + 1)));
        }
        let hash = chain::follow(&head.hash, &row);
        match schema::append(&mut self.view.connection, &row, &head, &hash) {
            Ok(()) => {
                self.view.head = Head { n: row.n, hash };
                Ok(())
            }
            Err(error) => {
                self.unsure = true;
                Err(ReadError::writing(&path, &error))
            }
        }
    }

    /// Stores the state of every 200th row, so that opening need not replay all; to be called when there is time. Returns
    /// whether one was due.
    ///
    /// # Errors
    /// If the rows cannot be replayed or the disk does not take it; the journal is not touched.
    pub fn snapshot_if_due(&mut self) -> Result<bool, ReadError> {
        let reading = |e: rusqlite::Error| ReadError::reading(&self.view.path, &e);
        let last: Option<i64> = self.connection.query_row("SELECT max(n) FROM snapshot", [], |row| row.get(0)).map_err(reading)?;
        if self.count() < last.map_or(0, i64::unsigned_abs) + SNAPSHOT_EVERY {
            return Ok(false);
        }
        let content = self.state()?.pack().map_err(|e| ReadError::write(&self.view.path, e))?;
        let (n, row_hash) = (self.count() as i64, self.view.head.hash);
        let sum: chain::Hash = Sha256::digest(&content).into();
        let store = |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            transaction.execute("INSERT OR REPLACE INTO snapshot VALUES(?1, ?2, ?3, ?4)", params![n, row_hash, content, sum])?;
            // The one before is kept, in case this one cannot be read.
            transaction.execute("DELETE FROM snapshot WHERE n NOT IN (SELECT n FROM snapshot ORDER BY n DESC LIMIT 2)", [])?;
            transaction.commit()
        };
        store(&mut self.view.connection).map_err(|e| ReadError::writing(&self.view.path, &e))?;
        Ok(true)
    }

    /// Submits the read: checks its chain, marks it sealed at `time` (RFC 3339), leaves one file and returns its SHA-256 in
    /// hexadecimal. From then on it can only be looked at.
    ///
    /// # Errors
    /// If the chain is broken or the disk does not take it; it is then not sealed.
    pub fn seal(self, time: &str) -> Result<String, ReadError> {
        let Self { view, _lock: lock, .. } = self;
        let path = view.path.clone();
        view.verify_chain()?;
        let failed = |e: rusqlite::Error| ReadError::writing(&path, &e);
        let to_one_file = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
        let mode = view.connection.pragma_update_and_check(None, "journal_mode", "DELETE", to_one_file).map_err(failed)?;
        if mode != "delete" {
            return Err(ReadError::write(&path, "another program is looking at it, close that first"));
        }
        view.connection.execute("INSERT INTO meta VALUES('sealed', ?1)", [time]).map_err(failed)?;
        drop(view);
        let file = File::open(&path).map_err(|e| ReadError::open(&path, e))?;
        file.sync_all().map_err(|e| ReadError::write(&path, e))?;
        let sum = chain::file_sum(file).map_err(|e| ReadError::open(&path, e))?;
        drop(lock);
        Ok(sum)
    }

    /// Looks up what the disk holds after a failed write, and whether the row had got there in spite of the failure.
    fn already_there(&mut self, row: &StoredRow) -> Result<bool, ReadError> {
        let before = self.view.head;
        self.view.head = schema::head(&self.view.connection, &self.view.path)?;
        self.unsure = false;
        Ok(row.n == before.n + 1 && self.view.head == Head { n: row.n, hash: chain::follow(&before.hash, row) })
    }
}

/// Writes the tables into an empty file and closes it.
fn fill(path: &Path, header_json: &str) -> rusqlite::Result<()> {
    let mut connection = schema::connect(path)?;
    schema::create(&mut connection, header_json)?;
    connection.close().map_err(|(_, error)| error)
}

#[cfg(test)]
mod tests;
