//! The tables of a read's file, and how its connection is set up.

use super::chain::Hash;
use super::error::ReadError;
use super::header::ReadHeader;
use super::placed::Placed;
use super::row::StoredRow;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, params};
use std::path::Path;
use std::time::Duration;

/// `OSTN`: marks the file as ours in SQLite's header.
const APPLICATION_ID: i64 = 0x4f53_544e;
/// Newest form of the tables that this program reads.
const FORMAT: i64 = 1;

const TABLES: &str = "
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE head(id INTEGER PRIMARY KEY CHECK(id = 1), n INTEGER NOT NULL, hash BLOB NOT NULL) STRICT;
CREATE TABLE journal(
    n INTEGER PRIMARY KEY, time TEXT NOT NULL, reader TEXT NOT NULL, name TEXT NOT NULL, action TEXT NOT NULL,
    layer TEXT, kind TEXT, model TEXT, window_lower REAL, window_upper REAL, body TEXT NOT NULL, runs BLOB,
    previous BLOB NOT NULL, hash BLOB NOT NULL) STRICT;
CREATE TABLE snapshot(n INTEGER PRIMARY KEY, row_hash BLOB NOT NULL, content BLOB NOT NULL, sha256 BLOB NOT NULL) STRICT;
";

/// The last row's number and hash (0 and the chain's start where there is none).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub n: u64,
    pub hash: Hash,
}

/// A row as it lies in the file, with both hashes.
pub(super) struct LinkedRow {
    pub row: StoredRow,
    pub previous: Vec<u8>,
    pub hash: Vec<u8>,
}

/// Opens a file for reading and writing; never makes one.
pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    set_up(Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?)
}

/// Settings that every connection has.
pub(in crate::study) fn set_up(connection: Connection) -> rusqlite::Result<Connection> {
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    // A file from elsewhere must not bring code with it.
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    connection.pragma_update(None, "cell_size_check", "ON")?;
    Ok(connection)
}

/// Chooses how commits are made: on a local disk they go ahead into a log (`-wal`), so that each costs one fsync; on a network
/// folder through a rollback journal. Where the log cannot be had, SQLite keeps the other way by itself.
pub(super) fn choose_journal(connection: &Connection, on_network: bool) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "journal_mode", if on_network { "DELETE" } else { "WAL" }, |_| Ok(()))
}

/// Makes the tables of a new, empty file.
pub(super) fn create(connection: &mut Connection, header_json: &str) -> rusqlite::Result<()> {
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", FORMAT)?;
    let transaction = connection.transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.execute("INSERT INTO meta VALUES('header', ?1)", [header_json])?;
    transaction.execute("INSERT INTO head VALUES(1, 0, ?1)", params![super::chain::start(header_json)])?;
    transaction.commit()
}

/// Reads the header and makes sure that the file is a read of a form known here. Also gives the chain's start.
pub(super) fn header(connection: &Connection, path: &Path) -> Result<(ReadHeader, Hash), ReadError> {
    let reading = |e: rusqlite::Error| ReadError::reading(path, &e);
    let number = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(reading);
    if number("application_id")? != APPLICATION_ID {
        return Err(ReadError::NotARead { path: path.to_owned(), problem: "it was not made by this program" });
    }
    let format = number("user_version")?;
    if format > FORMAT {
        return Err(ReadError::Newer { path: path.to_owned(), format });
    }
    let json = meta(connection, "header").map_err(reading)?.ok_or_else(|| ReadError::damaged(path, "its header is missing"))?;
    let mut header = ReadHeader::from_json(&json).map_err(|problem| ReadError::damaged(path, problem))?;
    if let Some(placed) = meta(connection, Placed::KEY).map_err(reading)? {
        let placed: Placed = serde_json::from_str(&placed).map_err(|e| ReadError::damaged(path, e))?;
        (header.exam, header.number) = (placed.exam, placed.number);
    }
    Ok((header, super::chain::start(&json)))
}

/// A value of the table `meta`.
pub(super) fn meta(connection: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional()
}

/// The head, and that the last row agrees with it.
pub(super) fn head(connection: &Connection, path: &Path) -> Result<Head, ReadError> {
    let reading = |e: rusqlite::Error| ReadError::reading(path, &e);
    let stored = connection.query_row("SELECT n, hash FROM head", [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Hash>(1)?)));
    let (n, hash) = stored.map_err(reading)?;
    let last = connection
        .query_row("SELECT n, hash FROM journal ORDER BY n DESC LIMIT 1", [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?)))
        .optional()
        .map_err(reading)?;
    let agrees = match &last {
        Some((last_n, last_hash)) => *last_n == n && last_hash[..] == hash,
        None => n == 0,
    };
    match u64::try_from(n) {
        Ok(n) if agrees => Ok(Head { n, hash }),
        _ => {
            let last = last.map_or(0, |l| l.0);
            Err(ReadError::damaged(path, format!("it should end at row {n} and ends at row {last}, or the last row was changed")))
        }
    }
}

/// Inserts a row behind `head` and moves the head, in one transaction that is on disk when this returns.
pub(super) fn append(connection: &mut Connection, row: &StoredRow, head: &Head, hash: &Hash) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    {
        let mut insert = transaction.prepare_cached("INSERT INTO journal VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)")?;
        let window = row.window.map(|w| w.map(f64::from));
        insert.execute(params![
            row.n as i64,
            row.time,
            row.reader,
            row.name,
            row.action,
            row.layer,
            row.kind,
            row.model,
            window.map(|w| w[0]),
            window.map(|w| w[1]),
            row.body,
            row.runs,
            head.hash,
            hash
        ])?;
        let mut advance = transaction.prepare_cached("UPDATE head SET n = ?1, hash = ?2 WHERE n = ?3 AND hash = ?4")?;
        let moved = advance.execute(params![row.n as i64, hash, head.n as i64, head.hash])?;
        if moved != 1 {
            return Err(rusqlite::Error::StatementChangedRows(moved));
        }
    }
    transaction.commit()
}

/// The columns of `SELECT * FROM journal`.
pub(super) fn linked_row(row: &Row<'_>) -> rusqlite::Result<LinkedRow> {
    let n: i64 = row.get(0)?;
    let n = u64::try_from(n).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, n))?;
    let window = (row.get::<_, Option<f64>>(8)?, row.get::<_, Option<f64>>(9)?);
    let stored = StoredRow {
        n,
        time: row.get(1)?,
        reader: row.get(2)?,
        name: row.get(3)?,
        action: row.get(4)?,
        layer: row.get(5)?,
        kind: row.get(6)?,
        model: row.get(7)?,
        window: if let (Some(lower), Some(upper)) = window { Some([lower as f32, upper as f32]) } else { None },
        body: row.get(10)?,
        runs: row.get(11)?,
    };
    Ok(LinkedRow { row: stored, previous: row.get(12)?, hash: row.get(13)? })
}
