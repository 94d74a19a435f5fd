//! What counted as seen, read or decided and was not; what was half drawn and lost.

use super::common::{PATIENCE, ball_study_under, driver, enter, open, saved, stroke};
use super::desk::reading;
use super::{seated, seated_as};
use osteon::headless::Driver;
use osteon::session::{
    AdoptWhat, Command, Conditions, EditCommand, ModelCommand, Monitor, PointerCommand, RoomLight, StudyCommand, Tool, ToolCommand,
    ViewCommand, Workspace,
};
use osteon::volume::LayerKind;

/// What the half-drawn things are made of.
const CORNERS: [[f64; 2]; 3] = [[10.0, 10.0], [20.0, 10.0], [20.0, 20.0]];

fn seen(driver: &Driver) -> Vec<usize> {
    let exam = driver.session().exam().unwrap();
    (0..exam.plane().slice_count()).filter(|slice| exam.visited(*slice)).collect()
}

fn click(driver: &mut Driver, at: [f64; 2]) {
    driver.run(Command::Pointer(PointerCommand::Down(at)));
    driver.run(Command::Pointer(PointerCommand::Up));
}

/// Behind the page that asks for room light and monitor the slices went by as ever, and the journal said that they were looked at.
#[test]
fn slices_behind_the_questions_on_the_reading_room_are_not_seen() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    ball_study_under(&root, 1, |protocol| protocol.with_confirmed_conditions(true));
    let mut driver = driver(home.path());
    open(&mut driver, &root);
    enter(&mut driver, "R2");
    assert!(driver.session().conditions_shown());
    let before = driver.session().exam().unwrap().view().slice;
    for _ in 0..4 {
        driver.run(Command::View(ViewCommand::StepSlice(1)));
    }
    assert_eq!((driver.session().exam().unwrap().view().slice, seen(&driver)), (before, Vec::new()));
    driver.run(Command::Pointer(PointerCommand::Down([20.0, 20.0])));
    driver.run(Command::Pointer(PointerCommand::Up));
    assert!(driver.session().notices().iter().any(|n| n.text.starts_with("Confirm room light")), "{:?}", driver.session().notices());
    let room = Conditions { room_light: Some(RoomLight::Dark), monitor: Some(Monitor::Portable), ..Conditions::default() };
    driver.run(Command::View(ViewCommand::Conditions(room)));
    driver.run(Command::Study(StudyCommand::ConfirmConditions));
    assert_eq!(seen(&driver), [before], "now the picture is there");
    assert!(driver.session().notices().is_empty(), "what was asked for is done: {:?}", driver.session().notices());
    driver.run(Command::View(ViewCommand::StepSlice(1)));
    assert_eq!(seen(&driver), [before, before + 1]);
    // Asked for again they hide the picture only where they are shown.
    driver.run(Command::View(ViewCommand::ToggleConditions));
    driver.run(Command::View(ViewCommand::StepSlice(1)));
    assert_eq!(seen(&driver), [before, before + 1]);
    driver.run(Command::View(ViewCommand::ToggleConditions));
    driver.run(Command::View(ViewCommand::StepSlice(1)));
    assert_eq!(seen(&driver), [before, before + 1, before + 2]);
}

/// A wheel notch, or a look at another tool, threw a half-drawn outline away; Ctrl+Z did, too, and took back an older stroke besides.
#[test]
fn a_half_drawn_outline_waits_on_its_slice_and_undo_takes_its_last_point() {
    let home = tempfile::tempdir().unwrap();
    let (_, mut driver) = seated(home.path(), 1);
    stroke(&mut driver, 3, 2, &[[16.0, 22.0], [20.0, 22.0]]);
    let rows = driver.session().exam().unwrap().layers().next_row();
    let points = |driver: &Driver| driver.session().exam().unwrap().draft().len();
    driver.run(Command::Tool(ToolCommand::Choose(Tool::Outline)));
    CORNERS.iter().for_each(|at| click(&mut driver, *at));
    driver.run(Command::View(ViewCommand::StepSlice(1)));
    assert_eq!(points(&driver), 0, "it is of the other slice");
    driver.run(Command::View(ViewCommand::StepSlice(-1)));
    assert_eq!(points(&driver), 3);
    driver.run(Command::Tool(ToolCommand::Choose(Tool::Eraser)));
    assert_eq!(points(&driver), 0);
    driver.run(Command::Tool(ToolCommand::Choose(Tool::Outline)));
    assert_eq!(points(&driver), 3);
    // Two things half drawn on one slice, each with its tool.
    driver.run(Command::Tool(ToolCommand::Choose(Tool::Lasso)));
    click(&mut driver, [30.0, 30.0]);
    assert_eq!(points(&driver), 1);
    driver.run(Command::Tool(ToolCommand::Choose(Tool::Outline)));
    assert_eq!(points(&driver), 3);
    driver.run(Command::Tool(ToolCommand::Choose(Tool::Lasso)));
    assert_eq!(points(&driver), 1);
    driver.run(Command::Tool(ToolCommand::Choose(Tool::Outline)));
    for left in [2, 1, 0] {
        driver.run(Command::Edit(EditCommand::Undo));
        assert_eq!((points(&driver), driver.session().exam().unwrap().layers().next_row()), (left, rows));
    }
    driver.run(Command::Edit(EditCommand::Undo));
    assert!(driver.session().exam().unwrap().layers().labels(LayerKind::Marrow).is_blank(), "then the stroke goes");
    // So does the way along an edge, click by click.
    driver.run(Command::Tool(ToolCommand::Choose(Tool::Livewire)));
    CORNERS.iter().for_each(|at| click(&mut driver, *at));
    let way = |driver: &Driver| driver.session().exam().unwrap().wire().map(|wire| *wire.fixed().last().unwrap());
    for at in CORNERS.iter().rev() {
        assert_eq!(way(&driver).map(|end| end.map(f64::from)), Some(*at));
        driver.run(Command::Edit(EditCommand::Undo));
    }
    assert_eq!(way(&driver), None);
}

/// Pages that hide the exam counted as reading time.
#[test]
fn time_on_other_pages_is_no_reading_time() {
    let mut window = reading(false);
    let desk = window.state_mut();
    let mut at = |second: u32, command| {
        desk.session.apply(command, &format!("2026-11-22T10:00:{second:02}Z"));
        desk.session.exam().unwrap().time().total_seconds()
    };
    let step = || Command::View(ViewCommand::StepSlice(1));
    let before = at(0, step());
    assert_eq!(at(10, step()), before + 10);
    at(12, Command::View(ViewCommand::Workspace(Workspace::Models)));
    at(30, Command::View(ViewCommand::ToggleSmooth));
    assert_eq!(at(40, Command::View(ViewCommand::Workspace(Workspace::Read))), before + 12);
    at(41, step());
    assert_eq!(at(45, step()), before + 16);
}

/// After all was adopted the window still said that the model proposed on every slice.
#[test]
fn what_was_adopted_is_no_proposal_until_that_is_taken_back() {
    let home = tempfile::tempdir().unwrap();
    let (_, mut driver) = seated(home.path(), 2);
    driver.run(Command::Tool(ToolCommand::SizeMm(12.0)));
    for slice in 2..6 {
        stroke(&mut driver, slice, 1, &[[16.0, 22.0], [24.0, 22.0], [20.0, 18.0], [20.0, 26.0]]);
        driver.run(Command::Edit(EditCommand::ToggleDone));
    }
    saved(&mut driver);
    driver.run(Command::Model(ModelCommand::Steps(60)));
    driver.run_to_end("Training", PATIENCE, Command::Model(ModelCommand::Train)).unwrap();
    driver.run_to_end("Opening", PATIENCE, Command::Study(StudyCommand::StepExam(1))).unwrap();
    driver.run_to_end("Proposing", PATIENCE, Command::Model(ModelCommand::ProposeExam)).unwrap();
    let waiting = |driver: &Driver| driver.session().exam().unwrap().proposal().unwrap().waiting().collect::<Vec<_>>();
    driver.wait("Proposing", PATIENCE, |s| s.exam().is_some_and(|e| e.proposal().is_some_and(|p| p.waiting().count() == 8))).unwrap();
    driver.run(Command::Edit(EditCommand::Adopt(AdoptWhat::All)));
    assert_eq!(waiting(&driver), Vec::<usize>::new());
    driver.run(Command::Edit(EditCommand::Undo));
    assert!(!waiting(&driver).is_empty(), "taken back it is a proposal again");
    driver.run(Command::Edit(EditCommand::Redo));
    assert_eq!(waiting(&driver), Vec::<usize>::new());
    // What is corrected by hand afterwards is the reader's, and stays so when another slice is proposed on.
    stroke(&mut driver, 4, 3, &[[16.0, 22.0], [24.0, 22.0]]);
    driver.run(Command::View(ViewCommand::Slice(2)));
    driver.run_to_end("Proposing", PATIENCE, Command::Model(ModelCommand::ProposeSlice)).unwrap();
    assert_eq!(waiting(&driver), [2], "only what is proposed anew");
    driver.run(Command::Edit(EditCommand::Undo));
    assert!(!waiting(&driver).contains(&4), "{:?}", waiting(&driver));
}

/// Changing the reader stopped a training under way without a word.
#[test]
fn leaving_while_a_training_runs_is_asked_once() {
    let home = tempfile::tempdir().unwrap();
    let (_, mut driver) = seated_as("R1", home.path(), 1);
    stroke(&mut driver, 3, 1, &[[16.0, 22.0], [24.0, 22.0]]);
    driver.run(Command::Edit(EditCommand::ToggleDone));
    saved(&mut driver);
    driver.run(Command::Model(ModelCommand::Steps(5000)));
    driver.run(Command::Model(ModelCommand::Train));
    driver.run(Command::Study(StudyCommand::LeaveRole));
    assert!(driver.session().role().is_some() && driver.session().training().is_running());
    assert!(driver.session().notices().last().is_some_and(|n| n.text.contains("A training is running")));
    driver.run(Command::Study(StudyCommand::LeaveRole));
    assert!(driver.session().role().is_none());
}
