//! Who writes to a read, or to a list that several programs add to: a lock file beside it, which names its owner.
//!
//! Two guards in one. The file's mere presence keeps other computers out, even where a network folder knows no locks; the
//! operating system's lock on it tells on this computer whether its owner still lives, for that lock dies with its process.

use super::error::ReadError;
use crate::study::ReaderCode;
use crate::study::clock::age_words;
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Duration;

/// So often the lock is tried for before somebody else is said to hold it.
const MOST_ROUNDS: usize = 200;
/// How long one waits before looking again whether another computer is done, and how often.
const MOMENT: Duration = Duration::from_millis(50);
const MOST_MOMENTS: usize = 80;

/// Who opens a read for writing, and when (RFC 3339).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opener {
    /// The reader.
    pub reader: ReaderCode,
    /// Now.
    pub time: String,
}

/// What a lock file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockOwner {
    /// Name of the computer.
    pub host: String,
    /// Number of the process there.
    pub pid: u32,
    /// The reader.
    pub reader: String,
    /// Since when, RFC 3339.
    pub time: String,
    /// Tells apart two openings by one process.
    serial: u64,
}

impl LockOwner {
    /// Who, where and for how long, in words.
    #[must_use]
    pub fn describe(&self, now: &str) -> String {
        let who = format!("{} on {} (process {})", self.reader, self.host, self.pid);
        // Taken for a moment by somebody who had no clock.
        if self.time.is_empty() { who } else { format!("{who} for {}", age_words(&self.time, now)) }
    }
}

/// Holds the lock until dropped.
#[derive(Debug)]
pub(in crate::study) struct WriteLock {
    path: PathBuf,
    file: File,
}

impl WriteLock {
    /// Takes the lock of a read; one whose owner died on this computer is taken over.
    pub fn take(read: &Path, opener: &Opener) -> Result<Self, ReadError> {
        Self::hold(read, &this_process(opener.reader.as_str(), &opener.time), File::try_lock)
    }

    /// Takes the lock of a file that several programs add to, for as long as it takes to read it again and to write it; waits
    /// for a program that is doing the same, on another computer a few seconds.
    pub fn wait(file: &Path) -> Result<Self, ReadError> {
        let owner = this_process("another program", "");
        let hold = || Self::hold(file, &owner, |file| file.lock().map_err(TryLockError::Error));
        for _ in 0..MOST_MOMENTS {
            match hold() {
                // The system cannot wake us when another computer is done.
                Err(ReadError::Locked { elsewhere: true, .. }) => a_moment(),
                found => return found,
            }
        }
        hold()
    }

    fn hold(target: &Path, owner: &LockOwner, lock: impl Fn(&File) -> Result<(), TryLockError>) -> Result<Self, ReadError> {
        let path = lock_path(target);
        let failed = |error: io::Error| ReadError::open(&path, error);
        // Each round is lost only to somebody who released the lock meanwhile.
        for _ in 0..MOST_ROUNDS {
            let (mut file, fresh) = open_lock_file(&path).map_err(failed)?;
            let present = if fresh { None } else { owner_in(&mut file) };
            let refused = |elsewhere| {
                let words = present.as_ref().map_or_else(|| "another program".to_owned(), |o| o.describe(&owner.time));
                Err(ReadError::Locked { path: target.to_owned(), owner: words, elsewhere })
            };
            if present.as_ref().is_some_and(|o| o.host != owner.host) {
                return refused(true);
            }
            match lock(&file) {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return refused(false),
                // A file system without locks: then only the file itself counts, and a process seen to be gone.
                Err(TryLockError::Error(e)) if e.kind() == io::ErrorKind::Unsupported => {
                    if present.as_ref().is_some_and(|o| !process_is_gone(o.pid)) {
                        return refused(true);
                    }
                }
                Err(TryLockError::Error(e)) => return Err(failed(e)),
            }
            write_owner(&mut file, owner).map_err(failed)?;
            // The former owner may have removed the file between our opening and locking it.
            let now_there = File::open(&path).ok().and_then(|mut f| owner_in(&mut f));
            if now_there.as_ref() == Some(owner) {
                return Ok(Self { path, file });
            }
        }
        Err(ReadError::Locked { path: target.to_owned(), owner: "another program".to_owned(), elsewhere: false })
    }
}

impl Drop for WriteLock {
    fn drop(&mut self) {
        // Removed while still locked, so that nobody else's file can be hit. What fails here is a stale lock, which is taken over.
        let _ = fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}

/// Waits for [`MOMENT`]; nobody ever wakes it.
fn a_moment() {
    let nobody = (Mutex::new(()), Condvar::new());
    let guard = nobody.0.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = nobody.1.wait_timeout_while(guard, MOMENT, |()| true);
}

/// `<n>.sqlite.lock`.
pub(super) fn lock_path(read: &Path) -> PathBuf {
    let mut name = OsString::from(read.as_os_str());
    name.push(".lock");
    PathBuf::from(name)
}

fn open_lock_file(path: &Path) -> io::Result<(File, bool)> {
    let mut options = File::options();
    options.read(true).write(true);
    match options.clone().create_new(true).open(path) {
        Ok(file) => Ok((file, true)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match options.open(path) {
            Ok(file) => Ok((file, false)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok((options.create_new(true).open(path)?, true)),
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    }
}

fn owner_in(file: &mut File) -> Option<LockOwner> {
    let mut text = Vec::new();
    file.take(1 << 16).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

fn write_owner(file: &mut File, owner: &LockOwner) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(&serde_json::to_vec(owner)?)?;
    file.sync_data()
}

fn this_process(reader: &str, time: &str) -> LockOwner {
    static SERIAL: AtomicU64 = AtomicU64::new(0);
    LockOwner {
        host: host_name(),
        pid: std::process::id(),
        reader: reader.to_owned(),
        time: time.to_owned(),
        serial: SERIAL.fetch_add(1, Ordering::Relaxed),
    }
}

fn host_name() -> String {
    let from_system = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = from_system.or_else(|| std::env::var("COMPUTERNAME").ok()).or_else(|| std::env::var("HOSTNAME").ok());
    name.map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).unwrap_or_else(|| "this computer".to_owned())
}

/// Whether a process of this computer has certainly ended; only Linux can tell here.
fn process_is_gone(pid: u32) -> bool {
    Path::new("/proc/self").exists() && !Path::new(&format!("/proc/{pid}")).exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opener(time: &str) -> Opener {
        Opener { reader: ReaderCode::new("R1").unwrap(), time: time.to_owned() }
    }

    #[test]
    fn a_second_writer_is_told_who_and_how_long() {
        let folder = tempfile::tempdir().unwrap();
        let read = folder.path().join("1.sqlite");
        let lock = WriteLock::take(&read, &opener("2026-11-21T10:00:00Z")).unwrap();
        let error = WriteLock::take(&read, &opener("2026-11-21T10:05:00Z")).unwrap_err().to_string();
        assert!(error.contains("R1 on ") && error.contains("5 minutes") && error.contains("1.sqlite"), "{error}");
        drop(lock);
        assert!(!lock_path(&read).exists());
        WriteLock::take(&read, &opener("2026-11-21T10:05:00Z")).unwrap();
    }

    #[test]
    fn a_dead_owner_here_is_followed_but_one_elsewhere_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let read = folder.path().join("1.sqlite");
        let mut owner = LockOwner { pid: 1, ..this_process("R1", "2026-11-20T10:00:00Z") };
        for left in [serde_json::to_vec(&owner).unwrap(), Vec::new(), b"{\"host\":\"".to_vec()] {
            fs::write(lock_path(&read), left).unwrap();
            WriteLock::take(&read, &opener("2026-11-21T10:00:00Z")).unwrap();
        }
        owner.host = "another".to_owned();
        fs::write(lock_path(&read), serde_json::to_vec(&owner).unwrap()).unwrap();
        let error = WriteLock::take(&read, &opener("2026-11-21T10:00:00Z")).unwrap_err().to_string();
        assert!(error.contains("on another") && error.contains("24 hours") && error.contains("delete the .lock"), "{error}");
        assert!(lock_path(&read).exists());
    }

    #[test]
    fn who_waits_gets_the_lock_once_the_other_is_done_and_one_elsewhere_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("link.jsonl");
        let count = folder.path().join("count");
        fs::write(&count, "0").unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..10 {
                        let _alone = WriteLock::wait(&list).unwrap();
                        let so_far: u32 = fs::read_to_string(&count).unwrap().parse().unwrap();
                        fs::write(&count, (so_far + 1).to_string()).unwrap();
                    }
                });
            }
        });
        assert_eq!(fs::read_to_string(&count).unwrap(), "40");
        assert!(!lock_path(&list).exists());
        let owner = LockOwner { host: "another".to_owned(), ..this_process("another program", "") };
        fs::write(lock_path(&list), serde_json::to_vec(&owner).unwrap()).unwrap();
        // It is waited for, for a while.
        let done = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| WriteLock::wait(&list).map(drop));
            std::thread::sleep(3 * MOMENT);
            assert!(!waiting.is_finished());
            fs::remove_file(lock_path(&list)).unwrap();
            waiting.join().unwrap()
        });
        assert!(done.is_ok(), "{done:?}");
        fs::write(lock_path(&list), serde_json::to_vec(&owner).unwrap()).unwrap();
        let error = WriteLock::wait(&list).unwrap_err().to_string();
        assert!(error.contains("another program on another (process ") && error.contains("delete the .lock"), "{error}");
    }
}
