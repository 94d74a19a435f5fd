//! A read that is written, tampered with, sealed and refused.

use super::*;
use crate::edit::{CommitKind, Patch, Row, RowAction};
use crate::space::{Affine, Spacing};
use crate::study::{ExamCode, ReaderCode};
use crate::volume::{Grid, LayerKind};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::TempDir;

const NOW: &str = "2026-11-21T10:00:00Z";

fn header() -> ReadHeader {
    ReadHeader {
        exam: ExamCode::new("K-001").unwrap(),
        reader: ReaderCode::new("R1").unwrap(),
        number: 1,
        grid: Grid::new([16, 16, 4], Affine::from_spacing(Spacing::UNIT)).unwrap(),
        slice_axis: 2,
        created: NOW.to_owned(),
        assisted: false,
        image_sha256: "ab".repeat(32),
    }
}

fn opener() -> Opener {
    Opener { reader: ReaderCode::new("R1").unwrap(), time: NOW.to_owned() }
}

fn entry(n: u64, action: RowAction) -> JournalRow {
    let row = Row { n, name: format!("row {n}"), action };
    JournalRow { row, time: NOW.to_owned(), reader: "R1".to_owned(), window: Some([0.0, 100.5]) }
}

/// Row `n` paints level 1 on the voxel of its number.
fn paint(n: u64) -> JournalRow {
    let patch = Arc::new(Patch::from_changes([(n as u32, 0, 1)]));
    entry(n, RowAction::Paint { layer: LayerKind::Marrow, kind: CommitKind::Hand, patch })
}

fn new_read(rows: u64) -> (TempDir, PathBuf, ReadFile) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("R1/K-001/1.sqlite");
    let mut file = ReadFile::create(&path, &header()).unwrap();
    (1..=rows).for_each(|n| file.append(&paint(n)).unwrap());
    (folder, path, file)
}

fn one_line(error: &ReadError, parts: &[&str]) {
    let text = error.to_string();
    assert!(!text.contains('\n') && parts.iter().all(|p| text.contains(p)), "{text}");
}

#[test]
fn rows_must_follow_one_another() {
    let (_folder, path, mut file) = new_read(2);
    one_line(&file.append(&paint(2)).unwrap_err(), &["1.sqlite", "next row is number 3"]);
    one_line(&file.append(&paint(4)).unwrap_err(), &["next row is number 3"]);
    file.append(&paint(3)).unwrap();
    one_line(&ReadFile::create(&path, &header()).unwrap_err(), &["1.sqlite", "already there"]);
    assert_eq!(
        std::fs::read_dir(path.parent().unwrap())
            .unwrap()
            .filter(|e| e.as_ref().unwrap().path().to_string_lossy().contains(".part"))
            .count(),
        0
    );
}

#[test]
fn a_full_disk_costs_only_the_row_in_flight() {
    let (_folder, path, mut file) = new_read(3);
    let pages: i64 = file.view.connection.pragma_query_value(None, "page_count", |r| r.get(0)).unwrap();
    let _: i64 = file.view.connection.pragma_update_and_check(None, "max_page_count", pages, |r| r.get(0)).unwrap();
    let mut n = 4;
    let error = loop {
        assert!(n < 1000, "the limit has no effect");
        match file.append(&paint(n)) {
            Ok(()) => n += 1,
            Err(error) => break error,
        }
    };
    one_line(&error, &["1.sqlite", "the disk is full", "everything before is still there"]);
    assert_eq!(file.count(), n - 1);
    let _: i64 = file.view.connection.pragma_update_and_check(None, "max_page_count", 1_000_000, |r| r.get(0)).unwrap();
    file.append(&paint(n)).unwrap();
    drop(file);
    let (_, file) = ReadFile::open(&path, &opener()).unwrap();
    assert_eq!(file.rows().unwrap(), (1..=n).map(paint).collect::<Vec<_>>());
    file.verify_chain().unwrap();
}

#[test]
fn a_row_that_got_there_in_spite_of_an_error_is_not_written_twice() {
    let (_folder, _path, mut file) = new_read(3);
    // As if the commit of row 3 had been reported as failed.
    let view = &mut file.view;
    view.head = {
        let (n, hash) = view.connection.query_row("SELECT n, hash FROM journal WHERE n = 2", [], |r| Ok((r.get(0)?, r.get(1)?))).unwrap();
        Head { n: i64::unsigned_abs(n), hash }
    };
    file.unsure = true;
    file.append(&paint(3)).unwrap();
    file.append(&paint(4)).unwrap();
    assert_eq!(file.count(), 4);
    file.verify_chain().unwrap();
}

#[test]
fn replay_undoes_and_redoes_and_snapshots_change_nothing() {
    let (_folder, path, mut file) = new_read(5);
    file.append(&entry(6, RowAction::Done { layer: LayerKind::Bone, slice: 2, done: true })).unwrap();
    file.append(&entry(7, RowAction::Undo { row: 5 })).unwrap();
    file.append(&entry(8, RowAction::Undo { row: 6 })).unwrap();
    file.append(&entry(9, RowAction::Redo { row: 6 })).unwrap();
    let state = file.state().unwrap();
    assert_eq!((state.marrow.counts().of(1), state.done_count(LayerKind::Bone), state.done_count(LayerKind::Marrow)), (4, 1, 0));
    assert!(!file.snapshot_if_due().unwrap());
    (10..=SNAPSHOT_EVERY + 3).for_each(|n| file.append(&paint(n)).unwrap());
    let before = file.state().unwrap();
    assert!(file.snapshot_if_due().unwrap() && !file.snapshot_if_due().unwrap());
    file.append(&paint(SNAPSHOT_EVERY + 4)).unwrap();
    assert_eq!(file.snapshot_row().unwrap(), Some(SNAPSHOT_EVERY + 3));
    let after = file.state().unwrap();
    assert_eq!(after.marrow.counts().of(1), before.marrow.counts().of(1) + 1);
    assert_eq!(after.done, before.done);
    // A snapshot that was tampered with is passed over: it is only a shortcut.
    file.view.connection.execute("UPDATE snapshot SET content = x'00'", []).unwrap();
    assert!(file.state().unwrap().marrow.same_labels(&after.marrow));
    drop(file);
    ReadFile::open_read_only(&path).unwrap().1.verify_chain().unwrap();
}

#[test]
fn squares_in_force_are_read_back() {
    let (_folder, _path, mut file) = new_read(0);
    let square = |x: f64| crate::edit::tools::Square::new(1, 2, [[0.0, 0.0, 0.0], [x, 0.0, 0.0]], true).map(Box::new);
    let row = |square, before| RowAction::Square { bone: 1, square, before };
    file.append(&entry(1, row(square(5.0), None))).unwrap();
    file.append(&entry(2, row(square(7.5), square(5.0)))).unwrap();
    file.append(&entry(3, RowAction::Undo { row: 2 })).unwrap();
    assert_eq!(file.squares().unwrap(), [*square(5.0).unwrap()]);
    file.append(&entry(4, RowAction::Redo { row: 2 })).unwrap();
    assert_eq!(file.squares().unwrap(), [*square(7.5).unwrap()]);
    file.append(&entry(5, row(None, square(7.5)))).unwrap();
    assert!(file.squares().unwrap().is_empty());
}

#[test]
fn a_snapshot_holds_what_is_excluded() {
    let (_folder, _path, mut file) = new_read(0);
    let patch = std::sync::Arc::new(crate::edit::Patch::from_changes([(3, 0, 1), (4, 0, 2)]));
    let kind = crate::edit::CommitKind::Hand;
    file.append(&entry(1, RowAction::Paint { layer: LayerKind::Exclusion, kind, patch })).unwrap();
    file.append(&entry(2, RowAction::Done { layer: LayerKind::Exclusion, slice: 1, done: true })).unwrap();
    (3..=SNAPSHOT_EVERY + 3).for_each(|n| file.append(&paint(n)).unwrap());
    let before = file.state().unwrap();
    assert!(file.snapshot_if_due().unwrap());
    let after = file.state().unwrap();
    assert!(after.exclusion.same_labels(&before.exclusion) && after.marrow.same_labels(&before.marrow));
    assert_eq!((after.exclusion.counts().of(1), after.exclusion.counts().of(2), after.done_count(LayerKind::Exclusion)), (1, 1, 1));
}

#[test]
fn rows_that_do_not_fit_one_another_are_reported() {
    let (_folder, _path, mut file) = new_read(1);
    let patch = Arc::new(Patch::from_changes([(1, 0, 2)]));
    file.append(&entry(2, RowAction::Paint { layer: LayerKind::Marrow, kind: CommitKind::Hand, patch })).unwrap();
    one_line(&file.state().unwrap_err(), &["1.sqlite", "row 2 does not fit"]);
}

#[test]
fn a_sealed_read_is_one_file_that_nobody_writes_to() {
    let (_folder, path, file) = new_read(4);
    assert!(file.sealed().unwrap().is_none());
    let sum = file.seal("2026-11-22T10:00:00Z").unwrap();
    let names: Vec<_> = std::fs::read_dir(path.parent().unwrap()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names, ["1.sqlite"]);
    one_line(&ReadFile::open(&path, &opener()).unwrap_err(), &["1.sqlite", "sealed at 2026-11-22"]);
    let (_, view) = ReadFile::open_read_only(&path).unwrap();
    assert_eq!((view.sealed().unwrap().as_deref(), view.count()), (Some("2026-11-22T10:00:00Z"), 4));
    view.verify_chain().unwrap();
    drop(view);
    assert_eq!(chain::file_sum(File::open(&path).unwrap()).unwrap(), sum);
}

#[test]
fn a_reader_beside_the_writer_sees_every_row_so_far() {
    let (_folder, path, mut file) = new_read(3);
    let (found, view) = ReadFile::open_read_only(&path).unwrap();
    assert_eq!((found, view.count()), (header(), 3));
    file.append(&paint(4)).unwrap();
    assert_eq!(view.rows().unwrap().len(), 3);
    assert_eq!(ReadFile::open_read_only(&path).unwrap().1.count(), 4);
    one_line(&ReadFile::open(&path, &opener()).unwrap_err(), &["open for writing by R1 on "]);
}

#[test]
fn what_is_no_read_of_ours_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("1.sqlite");
    let both = |parts: &[&str]| {
        one_line(&ReadFile::open(&path, &opener()).unwrap_err(), parts);
        one_line(&ReadFile::open_read_only(&path).unwrap_err(), parts);
    };
    both(&["1.sqlite", "cannot be opened"]);
    for content in [&b""[..], b"SQLite", &[7; 5000]] {
        std::fs::write(&path, content).unwrap();
        both(&["1.sqlite", "is not a read"]);
    }
    std::fs::remove_file(&path).unwrap();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE x(y)").unwrap();
    both(&["is not a read", "not made by this program"]);
    std::fs::remove_file(&path).unwrap();
    drop(ReadFile::create(&path, &header()).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 2).unwrap();
    both(&["newer version", "format 2"]);
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().ends_with(".lock")).count(),
        0
    );
}

#[test]
fn another_exam_or_grid_is_named() {
    let (here, path) = (header(), Path::new("reads/R1/K-001/1.sqlite"));
    let other = Grid::new([16, 16, 5], Affine::from_spacing(Spacing::UNIT)).unwrap();
    one_line(&here.require(path, &here.exam, &here.reader, &other).unwrap_err(), &["16 × 16 × 4", "16 × 16 × 5", "1.sqlite"]);
    let exam = ExamCode::new("K-002").unwrap();
    one_line(&here.require(path, &exam, &here.reader, &here.grid).unwrap_err(), &["K-001", "K-002"]);
    let reader = ReaderCode::new("R2").unwrap();
    one_line(&here.require(path, &here.exam, &reader, &here.grid).unwrap_err(), &["R1", "R2"]);
    here.require(path, &here.exam, &here.reader, &here.grid).unwrap();
}

#[test]
fn folders_that_take_no_file_are_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("R1"), "a file in the way").unwrap();
    one_line(&ReadFile::create(&folder.path().join("R1/1.sqlite"), &header()).unwrap_err(), &["1.sqlite", "was not written"]);
    if cfg!(target_os = "linux") {
        one_line(&ReadFile::create(Path::new("/proc/1.sqlite"), &header()).unwrap_err(), &["/proc/1.sqlite", "was not written"]);
    }
}

#[test]
fn on_a_network_folder_there_is_no_log_and_nothing_else_is_different() {
    let (_folder, path, mut file) = new_read(3);
    schema::choose_journal(&file.view.connection, true).unwrap();
    file.append(&paint(4)).unwrap();
    assert!(!path.with_extension("sqlite-wal").exists());
    assert_eq!(ReadFile::open_read_only(&path).unwrap().1.count(), 4);
    drop(file);
    // Opened on a local disk again, it goes back to the log with its next row.
    let (_, mut file) = ReadFile::open(&path, &opener()).unwrap();
    file.append(&paint(5)).unwrap();
    assert!(path.with_extension("sqlite-wal").exists());
    file.verify_chain().unwrap();
}
