//! The Protocol page: the form beside the file, and the split.

use crate::desk::{harness, reader};
use crate::{click, press};
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use osteon::session::{Command, StudyCommand, ViewCommand, Workspace};
use osteon::study::Part;
use osteon::worker::message::{Outcome, RequestId, Role};

#[test]
fn the_protocol_is_a_form_beside_the_file() {
    let mut window = harness([1440.0, 1500.0], false);
    window.state_mut().open_study();
    window.state_mut().sit_down(&Role::Coordinator);
    window.run_steps(2);
    assert_eq!(press(&mut window, Key::F7), [Command::View(ViewCommand::Workspace(Workspace::Protocol))]);
    window.run_steps(2);
    assert!(click(&mut window, "Write the file").is_empty(), "nothing has changed");
    click(&mut window, "Each reader gets the exams in an order of their own");
    let commands = click(&mut window, "Write the file");
    let [Command::Study(StudyCommand::SaveProtocol(text))] = commands.as_slice() else { panic!("{commands:?}") };
    let protocol = osteon::study::Protocol::parse(text, "study.toml").unwrap();
    assert!(protocol.reading().shuffled && protocol.readers().len() == 3);
    // Window, light, tools, pass mark and form have their places in the form too.
    click(&mut window, "locked");
    click(&mut window, "Readers check a grey-scale pattern and confirm light and monitor before they read");
    click(&mut window, "fill");
    click(&mut window, "Readers calibrate on the atlas before they read");
    click(&mut window, "Readers fill in the form of the sacro-iliac joints");
    let commands = click(&mut window, "Write the file");
    let [Command::Study(StudyCommand::SaveProtocol(text))] = commands.as_slice() else { panic!("{commands:?}") };
    let protocol = osteon::study::Protocol::parse(text, "study.toml").unwrap();
    assert_eq!(protocol.window_limit(), osteon::study::WindowLimit::Locked);
    assert!(protocol.confirm_conditions() && protocol.sacroiliac() && protocol.pass_mark() == Some(0.7));
    assert!(!protocol.allows_tool("fill") && protocol.allows_tool("lasso"));
    // A mistake in the file is named with its line, and cannot be written.
    window.get_by_label("The protocol's file").focus();
    window.run_steps(1);
    window.key_press_modifiers(Modifiers::CTRL | Modifiers::COMMAND, Key::Home);
    window.event(egui::Event::Text("nonsense".to_owned()));
    window.run_steps(3);
    window.get_by_label_contains("study.toml, line ");
    assert!(!click(&mut window, "Write the file").iter().any(|c| matches!(c, Command::Study(_))));
    // A reader may look and changes nothing.
    window.state_mut().sit_down(&reader("R1"));
    window.run_steps(2);
    press(&mut window, Key::F7);
    window.get_by_label("Only the coordinator changes the rules.");
}

#[test]
fn the_coordinator_draws_the_split_on_the_protocol_page() {
    let mut window = harness([1440.0, 1800.0], false);
    window.state_mut().open_study_of(|protocol| protocol, |_| None);
    window.state_mut().sit_down(&Role::Coordinator);
    window.run_steps(2);
    press(&mut window, Key::F7);
    window.run_steps(2);
    // What is not written yet would be drawn by the former shares.
    click(&mut window, "Each reader gets the exams in an order of their own");
    assert!(click(&mut window, "Draw the split now").is_empty());
    click(&mut window, "Take back");
    assert_eq!(click(&mut window, "Draw the split now"), [Command::Study(StudyCommand::DrawSplit)]);
    let codes = window.state().session.exams().iter().map(|exam| exam.code.clone());
    let parts = codes.enumerate().map(|(n, code)| (code, if n < 2 { Part::Test } else { Part::Train })).collect();
    window.state_mut().end(RequestId(9_400), Outcome::SplitDrawn(parts));
    window.run_steps(2);
    window.get_by_label("Drawn: 8 exams train, 0 validate, 2 test");
    assert!(window.query_by_label("Draw the split now").is_none());
}
