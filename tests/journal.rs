//! The journal of a read keeps its word: what was acknowledged is there, whatever happens to the program, and what was
//! tampered with shows.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

use osteon::edit::{CommitKind, Patch, Row, RowAction};
use osteon::space::{Affine, Spacing};
use osteon::study::{ExamCode, JournalRow, Opener, ReadError, ReadFile, ReadHeader, ReaderCode};
use osteon::volume::{Grid, LayerKind};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rusqlite::Connection;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

const NOW: &str = "2026-11-21T10:00:00Z";
const SHAPE: [usize; 3] = [64, 64, 20];

fn header() -> ReadHeader {
    ReadHeader {
        exam: ExamCode::new("K-001").unwrap(),
        reader: ReaderCode::new("R1").unwrap(),
        number: 1,
        grid: Grid::new(SHAPE, Affine::from_spacing(Spacing::new([0.5, 0.5, 3.5]).unwrap())).unwrap(),
        slice_axis: 2,
        created: NOW.to_owned(),
        assisted: false,
        image_sha256: "00".repeat(32),
    }
}

fn opener() -> Opener {
    Opener { reader: ReaderCode::new("R1").unwrap(), time: NOW.to_owned() }
}

/// Row `n`, the same in every process: mostly strokes, some of them large, with slices done, undo, redo and outlines between.
fn row(n: u64) -> JournalRow {
    let mut rng = ChaCha8Rng::seed_from_u64(n);
    let mut voxels: Vec<u32> =
        (0..rng.random_range(1..600)).map(|_| rng.random_range(0..(SHAPE[0] * SHAPE[1] * SHAPE[2]) as u32)).collect();
    voxels.sort_unstable();
    voxels.dedup();
    let patch = Arc::new(Patch::from_changes(voxels.into_iter().map(|at| (at, 0, 1 + (n % 3) as u8))));
    let action = match n % 10 {
        7 => RowAction::Done { layer: LayerKind::Marrow, slice: (n % 20) as u32, done: true },
        8 => RowAction::Undo { row: n - 1 },
        9 => RowAction::Redo { row: n - 2 },
        4 => RowAction::Outline {
            id: n as u32,
            label: 2,
            slice: 3,
            points: vec![[0.1, 2.7], [1e-8, 5.0], [9.3, 4.0]],
            before: vec![],
            patch,
        },
        5 => RowAction::Paint { layer: LayerKind::Bone, kind: CommitKind::Adopted("marrow 3".to_owned()), patch },
        _ => RowAction::Paint { layer: LayerKind::Marrow, kind: CommitKind::Hand, patch },
    };
    let window = n.is_multiple_of(2).then_some([0.1, 812.7]);
    JournalRow {
        row: Row { n, name: format!("Brush level {}, slice {n}", n % 3), action },
        time: NOW.to_owned(),
        reader: "R1".to_owned(),
        window,
    }
}

fn written(folder: &Path, rows: u64) -> PathBuf {
    let path = folder.join("1.sqlite");
    let mut file = ReadFile::create(&path, &header()).unwrap();
    (1..=rows).for_each(|n| file.append(&row(n)).unwrap());
    path
}

#[test]
fn two_hundred_rows_are_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let path = written(folder.path(), 200);
    println!("200 rows in {:?}: {:?} a row", start.elapsed(), start.elapsed() / 200);
    let (found, mut file) = ReadFile::open(&path, &opener()).unwrap();
    assert_eq!(found, header());
    let rows = file.rows().unwrap();
    assert_eq!(rows.len(), 200);
    for (n, found) in (1..).zip(&rows) {
        assert_eq!(*found, row(n));
    }
    assert_eq!(file.row(45).unwrap(), row(45));
    let RowAction::Paint { patch, .. } = row(45).row.action else { panic!() };
    assert_eq!(file.patch(45).unwrap(), patch);
    file.verify_chain().unwrap();
    file.append(&row(201)).unwrap();
    assert_eq!(file.count(), 201);
}

/// Does something to the file behind the program's back and says what the chain makes of it.
fn tampered(sql: &str) -> ReadError {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), 40);
    assert!(Connection::open(&path).unwrap().execute(sql, []).unwrap() > 0, "{sql}");
    let looked = ReadFile::open_read_only(&path).and_then(|(_, view)| view.verify_chain());
    let error = looked.expect_err(sql);
    assert!(!error.to_string().contains('\n') && error.to_string().contains("1.sqlite"), "{error}");
    error
}

#[test]
fn the_chain_shows_what_was_changed() {
    let flip = "UPDATE journal SET runs = CAST(substr(runs, 1, 9) || CASE WHEN substr(runs, 10, 1) = x'00' THEN x'01' ELSE x'00' END || substr(runs, 11) AS BLOB) WHERE n = 16";
    for (sql, expected) in [
        (flip, 16),
        ("DELETE FROM journal WHERE n = 17", 17),
        ("DELETE FROM journal WHERE n = 1", 1),
        ("UPDATE journal SET time = '2026-01-01T00:00:00Z' WHERE n = 5", 5),
        ("UPDATE journal SET window_upper = 700 WHERE n = 6", 6),
        ("UPDATE journal SET body = replace(body, '7', '6') WHERE n = 8", 8),
        ("UPDATE journal SET kind = 'hand', model = NULL WHERE n = 15", 15),
        ("UPDATE journal SET hash = zeroblob(32) WHERE n = 20", 20),
    ] {
        match tampered(sql) {
            ReadError::Chain { row, .. } => assert_eq!(row, expected, "{sql}"),
            other => panic!("{sql}: {other}"),
        }
    }
    // The last rows and the header are watched too, already on opening or by the chain.
    tampered("DELETE FROM journal WHERE n = 40");
    tampered("DELETE FROM journal WHERE n > 30");
    tampered("UPDATE meta SET value = replace(value, 'false', 'true') WHERE key = 'header'");
}

#[test]
fn a_torn_file_is_reported_in_one_line_and_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), 60);
    let whole = std::fs::read(&path).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let (mut refused, rounds) = (0, 60);
    for round in 0..rounds {
        let mut torn = whole.clone();
        if round % 2 == 0 {
            torn.truncate(rng.random_range(0..whole.len()));
        } else {
            let at = rng.random_range(0..whole.len() - 64);
            torn[at..at + 64].fill(rng.random());
        }
        std::fs::write(&path, torn).unwrap();
        let looked = ReadFile::open_read_only(&path).and_then(|(_, view)| {
            view.verify_chain()?;
            view.rows()
        });
        match looked {
            // Damage in unused space harms nothing: then every row must be right.
            Ok(rows) => assert!(rows.iter().zip(1..).all(|(found, n)| *found == row(n)) && rows.len() == 60),
            Err(error) => {
                refused += 1;
                assert!(error.to_string().contains("1.sqlite") && !error.to_string().contains('\n'), "{error}");
            }
        }
        let _ = ReadFile::open(&path, &opener()).map(|(_, file)| file.state().map(drop));
    }
    println!("{refused} of {rounds} torn files refused, the others were whole where it counts");
    assert!(refused >= rounds / 2, "{refused}");
}

#[test]
fn a_row_is_on_disk_well_within_fifty_milliseconds() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), 20);
    let (_, mut file) = ReadFile::open(&path, &opener()).unwrap();
    let mut times: Vec<Duration> = (21..=120)
        .map(|n| {
            let row = row(n);
            let start = Instant::now();
            file.append(&row).unwrap();
            start.elapsed()
        })
        .collect();
    times.sort_unstable();
    // No assertion: the machine may be busy; the figure belongs in the log.
    println!("append with fsync: median {:?}, p95 {:?}, worst {:?}", times[50], times[95], times[99]);
}

const CHILD: &str = "OSTEON_JOURNAL_CHILD";

/// Not a test by itself: the process that the next test kills. Appends rows and prints the number of each one acknowledged.
#[test]
fn child_that_appends_until_it_is_killed() {
    let Some(path) = std::env::var_os(CHILD).map(PathBuf::from) else { return };
    let mut file = if path.exists() { ReadFile::open(&path, &opener()).unwrap().1 } else { ReadFile::create(&path, &header()).unwrap() };
    loop {
        let n = file.count() + 1;
        file.append(&row(n)).unwrap();
        // One write per line, so that no number is printed in halves.
        println!("acknowledged {n}");
    }
}

#[test]
fn killing_the_program_loses_no_acknowledged_row() {
    let kills: u32 = std::env::var("OSTEON_KILLS").ok().and_then(|k| k.parse().ok()).unwrap_or(20);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("1.sqlite");
    let mut rng = ChaCha8Rng::seed_from_u64(u64::from(std::process::id()));
    let (mut before, mut most) = (0, 0);
    for round in 0..kills {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_that_appends_until_it_is_killed", "--nocapture", "--test-threads=1"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let number = |line: &str| line.rsplit_once("acknowledged ").and_then(|(_, n)| n.parse::<u64>().ok());
        let mut acknowledged = before;
        // Every fourth round kills early, perhaps while the file is being made or opened; else after the first rows.
        if round % 4 != 3 {
            acknowledged = lines.by_ref().find_map(|line| number(&line)).expect("the child writes");
        }
        std::thread::sleep(Duration::from_micros(rng.random_range(0..60_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        acknowledged = lines.filter_map(|line| number(&line)).last().unwrap_or(acknowledged).max(acknowledged);
        if !path.exists() {
            assert_eq!(acknowledged, 0);
            continue;
        }
        let (_, view) = ReadFile::open_read_only(&path).unwrap();
        let seen = view.count();
        let (_, file) = ReadFile::open(&path, &opener()).unwrap();
        file.verify_chain().unwrap();
        let rows = file.rows().unwrap();
        assert_eq!((rows.len() as u64, seen), (file.count(), file.count()));
        // At most the row in flight is there beyond the acknowledged ones.
        assert!((acknowledged..=acknowledged + 1).contains(&file.count()), "{acknowledged} acknowledged, {} there", file.count());
        assert!(rows.iter().zip(1..).all(|(found, n)| *found == row(n)));
        (most, before) = (most.max(file.count() - before), file.count());
    }
    println!("{kills} kills, {before} rows, up to {most} in one life: none lost");
    assert!(before > u64::from(kills) / 2, "the children wrote too little: {before}");
}
