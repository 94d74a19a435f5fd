//! The window in force stands with every stroke in the journal: the very grey values that were black and white on the screen.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;

use common::{ball_study_under, driver, enter, open, saved, stroke};
use osteon::edit::RowAction;
use osteon::headless::Driver;
use osteon::session::{Command, EditCommand, PointerCommand, Tool, ToolCommand, ViewCommand, WindowPreset};
use osteon::study::{AuditFilter, ReadView, ReaderCode, Study, WindowLimit, WindowRule};

/// Black and white on the screen now.
fn shown(driver: &Driver) -> [f32; 2] {
    let window = driver.session().exam().unwrap().view().window;
    [window.lower(), window.upper()]
}

/// Name and window of every row that is a step, or takes one back, as the file has them.
fn journal(study: &Study, driver: &Driver, reader: &str) -> Vec<(String, [f32; 2])> {
    let code = driver.session().exam().unwrap().code().clone();
    let path = study.layout().read(&ReaderCode::new(reader).unwrap(), &code, 1);
    let rows = ReadView::open(&path).unwrap().rows().unwrap();
    let steps = rows.into_iter().filter(|r| !matches!(r.row.action, RowAction::Note { .. }));
    steps.map(|r| (r.row.name, r.window.expect("every row of the window's bears one"))).collect()
}

/// What the air-black rule gives, worked out from the image and a reference value: a + 2 s and a + k (f − a).
fn rule(driver: &Driver) -> [f32; 2] {
    let exam = driver.session().exam().unwrap();
    let greys = exam.reading_image().greys();
    let fatty = exam.fatty_marrow().unwrap().value();
    [greys.air() + 2.0 * greys.air_spread(), greys.air() + 4.6 * (fatty - greys.air())]
}

fn close(a: [f32; 2], b: [f32; 2]) -> bool {
    (0..2).all(|n| (a[n] - b[n]).abs() <= 1e-3 * (1.0 + b[n].abs()))
}

#[test]
fn a_stroke_bears_the_window_that_was_on_screen_within_the_band_and_after_reopening() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    let study = ball_study_under(&root, 1, |p| p.with_window(WindowRule::AirBlack { k: 4.6 }, WindowLimit::Band(0.2)));
    let mut driver = driver(home.path());
    open(&mut driver, &root);
    enter(&mut driver, "R2");
    // Fatty marrow in the ball, so that the rule has a width.
    driver.run(Command::View(ViewCommand::Slice(4)));
    driver.run(Command::Tool(ToolCommand::Choose(Tool::Reference)));
    driver.run(Command::Pointer(PointerCommand::Down([20.0, 21.0])));
    driver.run(Command::Pointer(PointerCommand::Up));
    let by_rule = shown(&driver);
    assert!(close(by_rule, rule(&driver)) && by_rule[1] - by_rule[0] > 500.0, "{by_rule:?} {:?}", rule(&driver));
    let width = by_rule[1] - by_rule[0];
    let mut expected = Vec::new();
    let mut paint = |driver: &mut Driver, label, at: f64| {
        stroke(driver, 4, label, &[[at, 20.0], [at + 3.0, 22.0]]);
        expected.push(shown(driver));
    };
    paint(&mut driver, 1, 10.0);
    // Moved within the band: the number is what was set.
    let set = [by_rule[0] + 0.05 * width, by_rule[1] - 0.1 * width];
    driver.run(Command::View(ViewCommand::Window { lower: set[0], upper: set[1] }));
    assert!(close(shown(&driver), set), "{:?}", shown(&driver));
    paint(&mut driver, 2, 15.0);
    // Dragged with the mouse.
    driver.run(Command::View(ViewCommand::DragWindow { dx: 20.0, dy: -10.0 }));
    assert!(!close(shown(&driver), set));
    paint(&mut driver, 3, 20.0);
    // Beyond the band: what was shown counts, not what was asked for.
    driver.run(Command::View(ViewCommand::Window { lower: -9e4, upper: 9e4 }));
    assert!(close(shown(&driver), [by_rule[0] - 0.2 * width, by_rule[1] + 0.2 * width]), "{:?}", shown(&driver));
    paint(&mut driver, 1, 25.0);
    // Undo is a row of its own and bears what is shown when it happens.
    driver.run(Command::View(ViewCommand::FollowRule));
    driver.run(Command::Edit(EditCommand::Undo));
    expected.push(shown(&driver));
    assert!(close(shown(&driver), by_rule));
    saved(&mut driver);
    let rows = journal(&study, &driver, "R2");
    let names: Vec<&str> = rows.iter().map(|(name, _)| name.as_str()).collect();
    assert!(names[0].starts_with("Place the fatty") && names[5].starts_with("Undo Brush level 1"), "{names:?}");
    let windows: Vec<[f32; 2]> = rows[1..].iter().map(|(_, window)| *window).collect();
    assert_eq!(windows, expected, "the same bits as on the screen");
    let different: std::collections::HashSet<String> = windows.iter().map(|w| format!("{w:?}")).collect();
    assert_eq!(different.len(), 4, "four windows, and the rule's twice: {windows:?}");
    // Another program: the reference is there, so the rule is too, and the old rows are what they were.
    let code = driver.session().exam().unwrap().code().clone();
    drop(driver);
    let mut driver = common::driver(home.path());
    open(&mut driver, &root);
    enter(&mut driver, "R2");
    assert!(close(shown(&driver), by_rule), "{:?}", shown(&driver));
    driver.run(Command::View(ViewCommand::Window { lower: set[0], upper: set[1] }));
    stroke(&mut driver, 5, 2, &[[12.0, 20.0]]);
    expected.push(shown(&driver));
    saved(&mut driver);
    let windows: Vec<[f32; 2]> = journal(&study, &driver, "R2")[1..].iter().map(|(_, window)| *window).collect();
    assert_eq!(windows, expected);
    assert!(close(windows[5], set));
    // The trail that the coordinator sees tells the same values.
    drop(driver);
    let mut told = Vec::new();
    study
        .audit(&AuditFilter { exam: Some(code.to_string()), ..AuditFilter::default() }, |entry| {
            told.extend(entry.window.filter(|_| ["paint", "undo"].contains(&entry.action.as_str())));
            Ok(())
        })
        .unwrap();
    assert_eq!(told, expected);
}

#[test]
fn a_locked_window_is_the_rule_in_every_row_and_a_free_one_what_was_chosen() {
    for locked in [true, false] {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("study");
        let (window, limit) =
            if locked { (WindowRule::AirBlack { k: 4.6 }, WindowLimit::Locked) } else { (WindowRule::Free, WindowLimit::Free) };
        let study = ball_study_under(&root, 1, |p| p.with_window(window, limit));
        let mut windows = Vec::new();
        for reader in ["R2", "R3"] {
            let mut driver = driver(home.path());
            open(&mut driver, &root);
            enter(&mut driver, reader);
            let begun = shown(&driver);
            driver.run(Command::View(ViewCommand::Window { lower: 11.0, upper: 222.0 }));
            stroke(&mut driver, 4, 1, &[[20.0, 20.0]]);
            driver.run(Command::View(ViewCommand::Preset(WindowPreset::Full)));
            stroke(&mut driver, 4, 2, &[[25.0, 20.0]]);
            let full = shown(&driver);
            saved(&mut driver);
            let rows: Vec<[f32; 2]> = journal(&study, &driver, reader).into_iter().map(|(_, window)| window).collect();
            assert_eq!(rows, if locked { vec![begun, begun] } else { vec![[11.0, 222.0], full] }, "{reader}");
            assert_eq!(locked, full == begun);
            windows.push(rows);
        }
        assert_eq!(windows[0], windows[1], "two readers see the same grey values");
    }
}
