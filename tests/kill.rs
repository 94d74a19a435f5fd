//! `kill -9` at random moments while a real process paints: no acknowledged stroke is lost, no file becomes unreadable.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;

use common::{ball_study, driver, enter, open, stroke};
use osteon::edit::ReadLayers;
use osteon::session::{Command, EditCommand};
use osteon::study::{ExamCode, ReadFile};
use osteon::volume::LayerKind;
use rand::{RngExt as _, SeedableRng as _};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command as Process, Stdio};
use std::sync::Arc;
use std::time::Duration;

const CHILD: &str = "OSTEON_KILL_CHILD";

/// The child: paints without end through the session and says on stdout which rows are on disk.
fn paint_for_ever(home: &Path) {
    let mut driver = driver(home);
    open(&mut driver, &home.join("study"));
    enter(&mut driver, "R1");
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(u64::from(std::process::id()));
    let mut out = std::io::stdout();
    loop {
        let at = |rng: &mut rand_chacha::ChaCha8Rng| [rng.random_range(0.0..40.0), rng.random_range(0.0..44.0)];
        match rng.random_range(0..10) {
            0 => driver.run(Command::Edit(EditCommand::Undo)),
            1 => driver.run(Command::Edit(EditCommand::Redo)),
            2 => driver.run(Command::Edit(EditCommand::ToggleDone)),
            _ => {
                let points = [at(&mut rng), at(&mut rng), at(&mut rng)];
                stroke(&mut driver, rng.random_range(0..8), rng.random_range(0..4), &points);
            }
        }
        let exam = driver.session().exam().expect("the exam stays open");
        let acknowledged = exam.layers().next_row() - 1 - exam.unsaved_rows() as u64;
        writeln!(out, "saved {acknowledged}").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn killing_the_painter_loses_no_acknowledged_stroke() {
    if let Some(home) = std::env::var_os(CHILD) {
        return paint_for_ever(Path::new(&home));
    }
    let kills: usize = std::env::var("OSTEON_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(20);
    let home = tempfile::tempdir().unwrap();
    let study = ball_study(&home.path().join("study"), 1);
    let exam = study.exams().unwrap()[0].exam.clone();
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(99);
    let mut most = 0;
    for round in 0..kills {
        let acknowledged = paint_and_kill(home.path(), Duration::from_millis(rng.random_range(1..250)));
        let rows = check(&study, &exam);
        assert!(rows >= acknowledged, "round {round}: {acknowledged} rows were acknowledged, {rows} are there");
        assert!(rows >= most, "round {round}: rows of an earlier process are gone");
        most = rows;
    }
    println!("{kills} kills, {most} rows");
    assert!(most > 0, "the child never painted");
}

/// Starts the painter, lets it paint for a while after its first acknowledged row, kills it; the last row acknowledged.
fn paint_and_kill(home: &Path, patience: Duration) -> u64 {
    let mut child = Process::new(std::env::current_exe().unwrap())
        .args(["--exact", "killing_the_painter_loses_no_acknowledged_stroke", "--nocapture"])
        .env(CHILD, home)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let listen = std::thread::spawn(move || {
        let numbers = out.lines().map_while(Result::ok).filter_map(|line| line.split("saved ").nth(1)?.trim().parse::<u64>().ok());
        numbers.last().unwrap_or(0)
    });
    // The child needs its time to open the study; what matters is the moment of the kill relative to its writes.
    std::thread::sleep(Duration::from_millis(250) + patience);
    child.kill().unwrap();
    child.wait().unwrap();
    listen.join().unwrap()
}

/// Opens the read as the program would; every row must replay and the chain must hold.
fn check(study: &osteon::study::Study, exam: &ExamCode) -> u64 {
    let path = study.layout().reads().join("R1").join(exam.as_str()).join("1.sqlite");
    if !path.exists() {
        return 0;
    }
    let (header, view) = ReadFile::open_read_only(&path).unwrap();
    view.verify_chain().unwrap();
    let mut layers = ReadLayers::new(Arc::new(header.grid.clone()), header.slice_axis);
    view.for_each_row(1, |row| {
        layers.replay(row.row).unwrap();
        Ok(())
    })
    .unwrap();
    assert!(view.state().unwrap().marrow.same_labels(layers.labels(LayerKind::Marrow)), "snapshot and replay differ");
    view.count()
}
