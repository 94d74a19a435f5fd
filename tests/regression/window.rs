//! What a reader saw wrongly or did by accident in the window.

use super::seated;
use crate::desk::{Desk, harness, reader, reading};
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use osteon::session::{Command, Conditions, ModelCommand, Monitor, NoticeLevel, RoomLight, StudyCommand, ViewCommand, Workspace};
use osteon::study::ExamCode;
use osteon::worker::message::{Outcome, ReadChecked, Request, Role};

type Window = Harness<'static, Desk>;

fn press(window: &mut Window, modifiers: Modifiers, key: Key) -> Vec<Command> {
    window.key_press_modifiers(modifiers, key);
    window.run_steps(3);
    window.state_mut().take()
}

fn of_coordinator() -> Window {
    let mut window = harness([1440.0, 1000.0], false);
    window.state_mut().open_study();
    window.state_mut().sit_down(&Role::Coordinator);
    window.run_steps(3);
    window.state_mut().take();
    window
}

/// The best room and the best monitor stood chosen before anybody answered, and one key put them into the journal.
#[test]
fn reading_conditions_are_never_answered_for_the_reader() {
    let home = tempfile::tempdir().unwrap();
    let (_, mut driver) = seated(home.path(), 1);
    let rows = |driver: &osteon::headless::Driver| driver.session().exam().unwrap().layers().next_row();
    let before = rows(&driver);
    let half = Conditions { room_light: Some(RoomLight::Bright), ..Conditions::default() };
    for draft in [Conditions::default(), half, Conditions { squares_seen: true, ..Conditions::default() }] {
        driver.run(Command::View(ViewCommand::Conditions(draft)));
        driver.run(Command::Study(StudyCommand::ConfirmConditions));
        assert!(driver.session().conditions().confirmed().is_none() && rows(&driver) == before, "{draft:?}");
        assert_eq!(driver.session().notices().last().map(|n| n.level), Some(NoticeLevel::Warning));
    }
    // Seeing no square is an answer, too, and is told as one.
    let whole = Conditions { monitor: Some(Monitor::Portable), ..half };
    driver.run(Command::View(ViewCommand::Conditions(whole)));
    driver.run(Command::Study(StudyCommand::ConfirmConditions));
    assert_eq!((driver.session().conditions().confirmed().map(|(said, _)| *said), rows(&driver)), (Some(whole), before + 1));
    let text = "room light: Office light or daylight; monitor: Laptop or tablet; test pattern: not both squares and every step seen";
    assert_eq!(whole.text().as_deref(), Some(text));
}

/// After the first reader the keys went nowhere: the field was another one with every line above it.
#[test]
fn readers_are_added_one_after_the_other_with_enter() {
    let mut window = of_coordinator();
    press(&mut window, Modifiers::NONE, Key::F7);
    window.get_by_label("Code of a new reader").focus();
    window.run_steps(2);
    for code in ["R7", "R8", "R9"] {
        window.event(egui::Event::Text(code.to_owned()));
        window.run_steps(1);
        press(&mut window, Modifiers::NONE, Key::Enter);
        assert!(window.get_by_label("Code of a new reader").is_focused(), "after {code}");
    }
    let text = window.get_by_label("The protocol's file").value().unwrap_or_default();
    assert!(["R7", "R8", "R9"].iter().all(|code| text.contains(code)), "{text}");
}

/// The tab could be clicked and nothing happened; its key said "not possible now".
#[test]
fn review_says_whom_it_is_for() {
    let mut window = of_coordinator();
    assert!(press(&mut window, Modifiers::NONE, Key::F3).is_empty());
    window.get_by_label("Review (F3): for a reader whose reads are assisted; the coordinator does not read");
    let tab = |window: &Window| window.get_by_role_and_label(egui::accesskit::Role::Tab, "Review").accesskit_node().is_disabled();
    assert!(tab(&window), "it stands back");
    window.state_mut().sit_down(&reader("R1"));
    window.run_steps(3);
    press(&mut window, Modifiers::NONE, Key::F3);
    window.get_by_label("Review (F3): for readers whose reads are assisted from the start");
    // Who makes a session that a reader looks for in vain.
    window.state_mut().run(Command::View(ViewCommand::Workspace(Workspace::Score)));
    window.run_steps(3);
    window.get_by_label_contains("The coordinator makes one on this page");
    assert!(!tab(&reading(false)), "an assisted reader has it");
}

/// "There is no training to pause" was said of one that was paused.
#[test]
fn a_paused_training_says_how_it_goes_on() {
    let ctrl = Modifiers::CTRL | Modifiers::COMMAND;
    let mut window = reading(false);
    window.state_mut().propose_and_train();
    window.run_steps(2);
    press(&mut window, ctrl | Modifiers::SHIFT, Key::P);
    window.get_by_label_contains("it is not paused");
    assert_eq!(press(&mut window, ctrl, Key::P), [Command::Model(ModelCommand::Pause)]);
    assert!(press(&mut window, ctrl, Key::P).is_empty());
    window.get_by_label("Pause training (Ctrl P): it is paused: Ctrl Shift P goes on");
    assert_eq!(press(&mut window, ctrl | Modifiers::SHIFT, Key::P), [Command::Model(ModelCommand::Resume)]);
}

/// An action that is not possible now stood below all that are, and Enter ran one that only mentions the word.
#[test]
fn the_palette_says_why_what_was_typed_is_not_possible() {
    let mut window = reading(false);
    press(&mut window, Modifiers::CTRL | Modifiers::COMMAND, Key::K);
    window.event(egui::Event::Text("redo".to_owned()));
    window.run_steps(3);
    assert!(press(&mut window, Modifiers::NONE, Key::Enter).is_empty());
    assert!(window.state().session.palette_open());
    window.get_by_label_contains("no step was taken back");
}

/// A click beside the sheet threw away what was typed.
#[test]
fn notes_for_the_atlas_stay_until_they_are_added_or_cancelled() {
    let mut window = of_coordinator();
    let begin = |window: &mut Window| {
        window.state_mut().run(Command::Study(StudyCommand::BeginAtlasExam));
        window.run_steps(3);
        window.get_by_label("Notes for readers").value().unwrap_or_default()
    };
    let leave = |window: &mut Window| {
        let beside = egui::pos2(20.0, 500.0);
        window.hover_at(beside);
        window.drag_at(beside);
        window.run_steps(1);
        window.drop_at(beside);
        window.run_steps(3);
        assert!(window.query_by_label("Notes for readers").is_none(), "the sheet is closed");
    };
    assert_eq!(begin(&mut window), "");
    window.get_by_label("Notes for readers").click();
    window.run_steps(1);
    window.get_by_label("Notes for readers").type_text("Not level 3");
    window.run_steps(2);
    leave(&mut window);
    assert_eq!(begin(&mut window), "Not level 3");
    press(&mut window, Modifiers::NONE, Key::Escape);
    assert_eq!(begin(&mut window), "");
}

/// The sheet had been pushed to the left by a small window and lay over the picture ever after.
#[test]
fn the_sheet_to_submit_opens_at_its_place_after_the_window_was_small() {
    let mut window = reading(false);
    let submit = |window: &mut Window, size: [f32; 2]| {
        window.set_size(size.into());
        window.run_steps(3);
        window.state_mut().run(Command::Study(StudyCommand::Submit));
        let (id, _) = window.state().asked(|r| matches!(r, Request::CheckRead(_)));
        let checked = ReadChecked { exam: ExamCode::new("K-017").unwrap(), warnings: Vec::new() };
        window.state_mut().end(id, Outcome::ReadChecked(Box::new(checked)));
        window.run_steps(4);
        let right = window.get_by_label("Submit this read").rect().right();
        window.state_mut().run(Command::Study(StudyCommand::CancelSubmit));
        window.run_steps(2);
        size[0] - right
    };
    let usual = submit(&mut window, [1440.0, 900.0]);
    submit(&mut window, [640.0, 480.0]);
    let after = submit(&mut window, [1440.0, 900.0]);
    assert!((after - usual).abs() < 2.0, "{after} from the right edge, {usual} before");
}
