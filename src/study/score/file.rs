//! The file of a session: its plan, and every mark as a row on disk before the next. Rows are chained like those of a read.

use super::key::ScoreKey;
use super::mark::{Mark, Target};
use super::plan::ScorePlan;
use crate::study::read::{Opener, WriteLock, beside, copy_of_one_moment, hex, set_up};
use crate::study::{ReaderCode, StudyError};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// `OSTS`: marks the file as ours in SQLite's header.
const APPLICATION_ID: i64 = 0x4f53_5453;

const TABLES: &str = "
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE mark(n INTEGER PRIMARY KEY, time TEXT NOT NULL, scorer TEXT NOT NULL, item TEXT NOT NULL, what TEXT NOT NULL,
    hundredths INTEGER, comment TEXT, hash TEXT NOT NULL) STRICT;
";

/// One row: a mark, a mark taken back, or a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreRow {
    /// When, RFC 3339.
    pub time: String,
    /// Who.
    pub scorer: String,
    /// Which mask.
    pub item: String,
    /// The mark, with what it is for; `None` takes one back.
    pub mark: Option<(Target, Option<Mark>)>,
    /// A comment on the mask instead.
    pub comment: Option<String>,
}

/// What the rows of a session add up to: the last mark counts. Plain data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScoreState {
    /// Marks by scorer, mask and target.
    pub marks: BTreeMap<(String, String, Target), Mark>,
    /// Comments by scorer and mask.
    pub comments: BTreeMap<(String, String), String>,
    /// Rows in all.
    pub rows: u64,
    /// When it was locked.
    pub locked: Option<String>,
    /// When it was unblinded.
    pub unblinded: Option<String>,
}

impl ScoreState {
    /// Whether a scorer has marked every mask overall: what locking asks for.
    #[must_use]
    pub fn is_complete(&self, plan: &ScorePlan) -> bool {
        plan.scorers
            .iter()
            .all(|scorer| plan.items.iter().all(|item| self.marks.contains_key(&(scorer.clone(), item.code.to_string(), Target::Overall))))
    }
}

/// An open session. Each call is on disk when it returns.
#[derive(Debug)]
pub struct ScoreFile {
    connection: Connection,
    path: PathBuf,
    plan: ScorePlan,
    /// Both declared last, so that they go after the connection.
    _lock: Option<WriteLock>,
    _copy: Option<TempDir>,
}

impl ScoreFile {
    /// Makes the file of a new session.
    pub(super) fn create(path: &Path, plan: &ScorePlan) -> Result<(), StudyError> {
        let damaged = |problem: String| StudyError::Damaged { path: path.to_owned(), problem };
        let json = serde_json::to_string(plan).map_err(|e| damaged(e.to_string()))?;
        let making = path.with_extension("part");
        let _ = std::fs::remove_file(&making);
        let fill = || -> rusqlite::Result<()> {
            let mut connection = set_up(Connection::open(&making)?)?;
            connection.pragma_update(None, "application_id", APPLICATION_ID)?;
            let transaction = connection.transaction()?;
            transaction.execute_batch(TABLES)?;
            transaction.execute("INSERT INTO meta VALUES('plan', ?1)", [&json])?;
            transaction.commit()?;
            connection.close().map_err(|(_, e)| e)
        };
        fill().map_err(|e| damaged(e.to_string()))?;
        std::fs::rename(&making, path).map_err(|cause| StudyError::NotWritable { path: path.to_owned(), cause })
    }

    /// Opens a session for marking, alone.
    ///
    /// # Errors
    /// If it is no session, or another program marks in it.
    pub fn open(path: &Path, time: &str) -> Result<Self, StudyError> {
        Self::require(path)?;
        let reader = ReaderCode::new("scores")?;
        let lock = WriteLock::take(path, &Opener { reader, time: time.to_owned() })?;
        Ok(Self { _lock: Some(lock), ..Self::over(path, path, OpenFlags::SQLITE_OPEN_READ_WRITE)? })
    }

    /// Opens a session to look at it. Where a mark is being written, or a program was killed while it wrote one, a copy is looked
    /// at: there the half-written row can be taken back, which a connection that only reads cannot do.
    ///
    /// # Errors
    /// If it is no session, or cannot be copied.
    pub fn look(path: &Path) -> Result<Self, StudyError> {
        Self::require(path)?;
        if !beside(path, "-journal").exists() {
            return Self::over(path, path, OpenFlags::SQLITE_OPEN_READ_ONLY);
        }
        let failed = |e: std::io::Error| StudyError::Scores {
            path: path.to_owned(),
            problem: format!("it cannot be copied to be looked at ({e}); check that it may be read and that there is room on the disk"),
        };
        let folder = tempfile::tempdir().map_err(failed)?;
        let copy = folder.path().join("session.sqlite");
        copy_of_one_moment(path, &copy).map_err(failed)?;
        let looked = Self::over(&copy, path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        Ok(Self { _copy: Some(folder), ..looked })
    }

    fn require(path: &Path) -> Result<(), StudyError> {
        let problem = || "there is no such session; `osteon score list` shows those there are".to_owned();
        if path.is_file() { Ok(()) } else { Err(StudyError::Scores { path: path.to_owned(), problem: problem() }) }
    }

    /// Opens a file; `path` is the one that messages name.
    fn over(file: &Path, path: &Path, flags: OpenFlags) -> Result<Self, StudyError> {
        let damaged = |problem: String| StudyError::Damaged { path: path.to_owned(), problem };
        let connection = Connection::open_with_flags(file, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX);
        let connection = connection.and_then(set_up).map_err(|e| damaged(e.to_string()))?;
        let id: i64 = connection.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(|e| damaged(e.to_string()))?;
        let plan: Option<String> = if id == APPLICATION_ID { meta(&connection, "plan").map_err(|e| damaged(e.to_string()))? } else { None };
        let plan = plan.ok_or_else(|| damaged("it is no scoring session".to_owned()))?;
        let plan: ScorePlan = serde_json::from_str(&plan).map_err(|e| damaged(e.to_string()))?;
        if plan.format > 1 {
            return Err(damaged("it was written by a newer version of the program".to_owned()));
        }
        Ok(Self { connection, path: path.to_owned(), plan, _lock: None, _copy: None })
    }

    /// What the session shows.
    #[must_use]
    pub const fn plan(&self) -> &ScorePlan {
        &self.plan
    }

    /// Adds a row; on disk when this returns.
    ///
    /// # Errors
    /// If the session is locked, the mask or scorer unknown, or the disk does not take it.
    pub fn put(&mut self, row: &ScoreRow) -> Result<(), StudyError> {
        if let Some(time) = self.meta("locked")? {
            return Err(self.damaged(&format!("the session was locked at {time}, its marks stand")));
        }
        if !self.plan.scorers.contains(&row.scorer) || !self.plan.items.iter().any(|i| i.code.as_str() == row.item) {
            return Err(self.damaged(&format!("it has no mask {} for {}", row.item, row.scorer)));
        }
        let (_, before) = self.head()?;
        let what = row.mark.map_or("comment", |(target, _)| target.word());
        let hundredths = row.mark.and_then(|(_, mark)| mark).map(Mark::hundredths);
        let comment = row.comment.as_deref().map(|c| c.chars().take(2000).collect::<String>());
        let hash = chained(&before, &row.time, &row.scorer, &row.item, what, hundredths, comment.as_deref());
        let values = params![row.time, row.scorer, row.item, what, hundredths, comment, hash];
        let sql = "INSERT INTO mark(time, scorer, item, what, hundredths, comment, hash) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        self.connection.execute(sql, values).map(drop).map_err(|e| self.damaged(&e.to_string()))
    }

    /// What the rows add up to; walks their chain.
    ///
    /// # Errors
    /// If a row was changed, or cannot be read.
    pub fn state(&self) -> Result<ScoreState, StudyError> {
        let failed = |e: rusqlite::Error| self.damaged(&e.to_string());
        let mut state = ScoreState { locked: self.meta("locked")?, unblinded: self.meta("unblinded")?, ..ScoreState::default() };
        let mut hash = self.start();
        let mut statement = self
            .connection
            .prepare("SELECT n, time, scorer, item, what, hundredths, comment, hash FROM mark ORDER BY n")
            .map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            let n: i64 = row.get(0).map_err(failed)?;
            let text = |at: usize| row.get::<_, String>(at).map_err(failed);
            let (time, scorer, item, what, kept) = (text(1)?, text(2)?, text(3)?, text(4)?, text(7)?);
            let hundredths: Option<u16> = row.get(5).map_err(failed)?;
            let comment: Option<String> = row.get(6).map_err(failed)?;
            hash = chained(&hash, &time, &scorer, &item, &what, hundredths, comment.as_deref());
            state.rows += 1;
            if hash != kept || u64::try_from(n) != Ok(state.rows) {
                return Err(self.damaged(&format!("row {} of its marks was changed", state.rows)));
            }
            match Target::from_word(&what) {
                None => drop(state.comments.insert((scorer, item), comment.unwrap_or_default())),
                Some(target) => match hundredths.map(Mark::try_from).transpose().map_err(|e| self.damaged(&e))? {
                    Some(mark) => drop(state.marks.insert((scorer, item, target), mark)),
                    None => drop(state.marks.remove(&(scorer, item, target))),
                },
            }
        }
        if state.locked.is_some() && self.meta("locked_hash")?.as_ref() != Some(&hash) {
            return Err(self.damaged("its last marks are not those that it was locked with"));
        }
        Ok(state)
    }

    /// Walks the chain of marks, and the whole file, whose pages no mark may have touched for long.
    pub(super) fn require_intact(&self) -> Result<(), StudyError> {
        let damaged = |problem: &str| StudyError::Damaged { path: self.path.clone(), problem: problem.to_owned() };
        self.state()?;
        let found: Result<String, _> = self.connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0));
        match found {
            Ok(word) if word == "ok" => Ok(()),
            Ok(_) => Err(damaged("its tables are not what was written")),
            Err(error) => Err(damaged(&error.to_string())),
        }
    }

    /// Every row with its hash, in order, after their chain was walked.
    ///
    /// # Errors
    /// As [`ScoreFile::state`].
    pub fn rows(&self) -> Result<Vec<(ScoreRow, String)>, StudyError> {
        self.state()?;
        let failed = |e: rusqlite::Error| self.damaged(&e.to_string());
        let sql = "SELECT time, scorer, item, what, hundredths, comment, hash FROM mark ORDER BY n";
        let mut statement = self.connection.prepare(sql).map_err(failed)?;
        let rows = statement.query_map([], |row| {
            let target = Target::from_word(&row.get::<_, String>(3)?);
            let mark = row.get::<_, Option<u16>>(4)?.and_then(|h| Mark::try_from(h).ok());
            let (time, scorer, item, comment) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(5)?);
            Ok((ScoreRow { time, scorer, item, mark: target.map(|t| (t, mark)), comment }, row.get(6)?))
        });
        rows.and_then(Iterator::collect).map_err(failed)
    }

    /// Locks the session: no mark changes any more.
    ///
    /// # Errors
    /// If a mask has no mark overall, it is locked already, or the disk does not take it.
    pub fn lock(&mut self, time: &str) -> Result<(), StudyError> {
        let state = self.state()?;
        if !state.is_complete(&self.plan) {
            return Err(self.damaged("not every mask is marked overall, mark the others before locking"));
        }
        if let Some(time) = state.locked {
            return Err(self.damaged(&format!("the session was locked at {time} already")));
        }
        let (_, hash) = self.head()?;
        self.keep(&[("locked", time), ("locked_hash", &hash)])
    }

    /// Opens the key of a locked session and notes when.
    ///
    /// # Errors
    /// If the session is not locked, or the key is another.
    pub fn unblind(&mut self, key: &Path, time: &str) -> Result<ScoreKey, StudyError> {
        let state = self.state()?;
        if state.locked.is_none() {
            return Err(self.damaged("it is not locked, lock it before it is unblinded"));
        }
        let key = ScoreKey::load(key, &self.plan)?;
        if state.unblinded.is_none() {
            self.keep(&[("unblinded", time)])?;
        }
        Ok(key)
    }

    fn keep(&mut self, values: &[(&str, &str)]) -> Result<(), StudyError> {
        let store = |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            for (key, value) in values {
                transaction.execute("INSERT INTO meta VALUES(?1, ?2)", [key, value])?;
            }
            transaction.commit()
        };
        store(&mut self.connection).map_err(|e| self.damaged(&e.to_string()))
    }

    fn meta(&self, key: &str) -> Result<Option<String>, StudyError> {
        meta(&self.connection, key).map_err(|e| self.damaged(&e.to_string()))
    }

    /// Number and hash of the last row.
    fn head(&self) -> Result<(i64, String), StudyError> {
        let last = self.connection.query_row("SELECT n, hash FROM mark ORDER BY n DESC LIMIT 1", [], |r| Ok((r.get(0)?, r.get(1)?)));
        let last = last.optional().map_err(|e| self.damaged(&e.to_string()))?;
        Ok(last.unwrap_or_else(|| (0, self.start())))
    }

    fn start(&self) -> String {
        hex(&Sha256::digest(format!("osteon scores 1\n{}", self.plan.key_sha256)))
    }

    fn damaged(&self, problem: &str) -> StudyError {
        StudyError::Scores { path: self.path.clone(), problem: problem.to_owned() }
    }
}

fn meta(connection: &Connection, key: &str) -> rusqlite::Result<Option<String>> {
    connection.query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0)).optional()
}

fn chained(before: &str, time: &str, scorer: &str, item: &str, what: &str, hundredths: Option<u16>, comment: Option<&str>) -> String {
    let mut sum = Sha256::new();
    let mark = hundredths.map(|h| h.to_string());
    for field in [Some(before), Some(time), Some(scorer), Some(item), Some(what), mark.as_deref(), comment] {
        sum.update([u8::from(field.is_some())]);
        let field = field.unwrap_or_default();
        sum.update((field.len() as u64).to_le_bytes());
        sum.update(field);
    }
    hex(&sum.finalize())
}
