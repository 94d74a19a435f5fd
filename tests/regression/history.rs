//! Bugs of undo, and of what random gestures found.

use super::common::{PATIENCE, ball_study, enter, open, saved, stroke};
use osteon::headless::{Driver, clock};
use osteon::session::{Command, EditCommand, PointerCommand, Session, Tool, ToolCommand, ViewCommand};
use osteon::volume::LayerKind;
use osteon::worker::WorkerConfig;
use std::sync::Arc;

fn marrow(driver: &Driver) -> Vec<u8> {
    driver.session().exam().unwrap().layers().labels(LayerKind::Marrow).to_dense()
}

/// A click in the history stopped at the first step whose voxels had to be read from the file, one step from where it began.
#[test]
fn going_far_back_in_the_history_arrives_there_with_little_memory() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    ball_study(&root, 1);
    let start = || {
        let config = WorkerConfig { threads: 2, scratch_root: home.path().join("scratch"), wake: Arc::new(|| {}), clock };
        let mut driver = Driver::new(Session::new(7).with_undo_budget_bytes(0), config, Box::new(|_| {})).unwrap();
        open(&mut driver, &root);
        enter(&mut driver, "R2");
        driver
    };
    let mut driver = start();
    let mut looks = Vec::new();
    for n in 0..12_u8 {
        stroke(&mut driver, usize::from(n % 8), n % 3 + 1, &[[8.0 + f64::from(n), 20.0], [20.0, 30.0]]);
        looks.push((driver.session().exam().unwrap().layers().history().next_undo().unwrap().0, marrow(&driver)));
    }
    saved(&mut driver);
    drop(driver);
    let mut driver = start();
    for at in [2, 9, 0, 11, 5] {
        let (row, look) = &looks[at];
        driver.run_to_end("Going", PATIENCE, Command::Edit(EditCommand::GoToRow(*row))).unwrap();
        assert_eq!(driver.session().exam().unwrap().layers().history().next_undo().unwrap().0, *row);
        assert!(marrow(&driver) == *look, "row {row}");
    }
}

/// A fatty-marrow reference darker than air turned the three levels over: the darkest tissue became level 3.
#[test]
fn levels_never_turn_over_where_the_reference_lies_in_air() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    ball_study(&root, 1);
    let mut driver = super::driver(home.path());
    open(&mut driver, &root);
    enter(&mut driver, "R2");
    let tool = |driver: &mut Driver, command| driver.run(Command::Tool(command));
    let air = driver.session().exam().unwrap().reading_image().greys().air();
    // Where a voxel and its four neighbours are darkest: the smallest disc that can be drawn.
    let exam = driver.session().exam().unwrap();
    let [width, height] = exam.plane().size();
    let grey = |[u, v]: [usize; 2]| exam.reading_image().get(exam.plane().voxel(4, [u, v]));
    let median = |[u, v]: [usize; 2]| {
        let mut five = [[u, v], [u - 1, v], [u + 1, v], [u, v - 1], [u, v + 1]].map(grey);
        five.sort_by(f32::total_cmp);
        five[2]
    };
    let inner = (1..height - 1).flat_map(|v| (1..width - 1).map(move |u| [u, v]));
    let darkest = inner.min_by(|a, b| median(*a).total_cmp(&median(*b))).unwrap();
    assert!(median(darkest) < air, "{} {air}", median(darkest));
    driver.run(Command::View(ViewCommand::Slice(4)));
    tool(&mut driver, ToolCommand::Choose(Tool::Reference));
    let at = darkest.map(|c| c as f64);
    driver.run(Command::Pointer(PointerCommand::Down(at)));
    driver.run(Command::Pointer(PointerCommand::Move(vec![[at[0] + 1.0, at[1]]])));
    driver.run(Command::Pointer(PointerCommand::Up));
    let [air, fatty] = driver.session().level_scale();
    assert!(fatty <= air, "the reference is as dark as air: {fatty} {air}");
    let from = driver.session().level_bounds();
    assert!(from[0] < from[1] && from[1] < from[2], "{from:?}");
    tool(&mut driver, ToolCommand::Choose(Tool::Levels));
    driver.run_to_end("Levels", PATIENCE, Command::Pointer(PointerCommand::Finish)).unwrap();
    assert!(marrow(&driver).iter().all(|l| *l == 0), "a reference in air labels nothing");
}
