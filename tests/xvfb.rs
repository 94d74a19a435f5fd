//! A real window under Xvfb, driven with real mouse and keys: open, window, paint, undo, mark done, train, adopt, export,
//! quit, reopen.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;
#[path = "common/screen.rs"]
mod screen;

use common::ball;
use osteon::study::{ReadFile, ReadView, Study};
use osteon::volume::LayerKind;
use screen::{Screen, until};
use std::path::Path;
use std::time::Duration;

/// The only read.
fn view(home: &Path) -> Option<ReadView> {
    let root = std::fs::read_dir(home.join("home/scratch")).ok()?.next()?.ok()?.path();
    let study = Study::open(&root).ok()?;
    let exam = study.exams().ok()?.first()?.exam.clone();
    Some(ReadFile::open_read_only(&root.join("reads/R1").join(exam.as_str()).join("1.sqlite")).ok()?.1)
}

/// Rows of the only read, and the counts of labels in it.
fn read(home: &Path) -> Option<(u64, Vec<usize>, usize)> {
    let view = view(home)?;
    let state = view.state().ok()?;
    let counts = state.labels(LayerKind::Marrow).counts();
    Some((view.count(), (0..4).map(|l| counts.of(l)).collect(), state.done_count(LayerKind::Marrow)))
}

/// The slices of marrow that are marked done.
fn done(home: &Path) -> Vec<u32> {
    let state = view(home).and_then(|view| view.state().ok()).unwrap();
    state.done.into_iter().filter(|(layer, _)| *layer == LayerKind::Marrow).map(|(_, slice)| slice).collect()
}

#[test]
fn the_window_from_open_to_reopen() {
    if !screen::is_there() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("knee.nii.gz");
    osteon::io::write_image_nifti(&file, &ball(0.0)).unwrap();
    let screen = Screen::start(home.path(), "xvfb");
    let program = screen.osteon(&file);
    screen.focus();
    until("the exam", || read(home.path()).is_some());
    std::thread::sleep(Duration::from_millis(800));
    screen.picture("1-opened");

    // Window by right drag, a stroke of level 2, undo, redo.
    screen.drag(3, &[[560, 400], [600, 420], [640, 380]]);
    screen.key("2");
    screen.drag(1, &[[520, 380], [560, 390], [600, 420], [640, 400]]);
    until("the stroke", || read(home.path()).is_some_and(|r| r.1[2] > 0));
    let painted = read(home.path()).unwrap();
    screen.picture("2-painted");
    screen.key("ctrl+z");
    until("the undo", || read(home.path()).is_some_and(|r| r.1[2] == 0));
    screen.key("ctrl+shift+z");
    until("the redo", || read(home.path()).is_some_and(|r| r.1 == painted.1));

    // The next slice by wheel, another stroke, both done.
    screen.key("d");
    screen.xdotool("mousemove 560 400 click 5");
    std::thread::sleep(Duration::from_millis(300));
    screen.key("1");
    screen.drag(1, &[[520, 380], [560, 430], [620, 420]]);
    screen.key("d");
    until("two slices done", || read(home.path()).is_some_and(|r| r.2 == 2 && r.1[1] > 0));
    // X's wheel is a button, pressed and released: once two slices went by.
    assert_eq!(done(home.path()).windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>(), [1], "one notch is one slice");

    // Train, propose on another slice, adopt.
    screen.key("ctrl+r");
    let model = std::fs::read_dir(home.path().join("home/scratch")).unwrap().next().unwrap().unwrap().path().join("models/marrow-R1");
    std::thread::sleep(Duration::from_secs(2));
    screen.picture("3-training");
    until("the model", || model.join("current.json").is_file());
    std::thread::sleep(Duration::from_millis(500));
    screen.key("p");
    std::thread::sleep(Duration::from_secs(2));
    screen.picture("4-proposed");
    screen.key("shift+Return");
    std::thread::sleep(Duration::from_millis(500));
    screen.picture("5-adopted");

    // Export by the built-in path entry, since there is no dialog here.
    let out = home.path().join("masks");
    screen.key("ctrl+e");
    std::thread::sleep(Duration::from_millis(1500));
    screen.key("ctrl+a");
    screen.xdotool(&format!("type --delay 12 {}", out.display()));
    screen.picture("6-export");
    screen.key("Return");
    until("the masks", || std::fs::read_dir(&out).is_ok_and(|d| d.count() >= 2));
    screen.quit(program);
    // Only now: quitting writes the time on this exam as one more row.
    let before = read(home.path()).unwrap();

    // Reopened: the same labels, and undo still works.
    let program = screen.osteon(&file);
    screen.focus();
    std::thread::sleep(Duration::from_secs(2));
    screen.picture("7-reopened");
    assert_eq!(read(home.path()).unwrap(), before);
    screen.key("ctrl+z");
    until("an undo after reopening", || read(home.path()).is_some_and(|r| r.0 > before.0 && (r.1, r.2) != (before.1.clone(), before.2)));
    screen.quit(program);
}
