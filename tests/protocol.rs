//! The protocol and packets as the window handles them, over real files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;

use common::{PATIENCE, ball_study, driver, enter, open};
use osteon::headless::Driver;
use osteon::session::{Command, FileCommand, StudyCommand};
use osteon::study::{Assistance, ReadingRules, Study};
use osteon::worker::message::{PickPurpose, Role, Standing};
use std::path::Path;

fn coordinator(driver: &mut Driver, root: &Path) {
    open(driver, root);
    driver.run_to_end("Entering", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Coordinator))).unwrap();
}

fn run(driver: &mut Driver, command: Command) -> Result<(), String> {
    driver.run_to_end("Running", PATIENCE, command).map_err(|e| e.to_string())
}

#[test]
fn rules_are_written_checked_and_in_force_at_once() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    let study = ball_study(&root, 2);
    let mut driver = driver(home.path());
    open(&mut driver, &root);
    enter(&mut driver, "R2");
    let save = |text: String| Command::Study(StudyCommand::SaveProtocol(text));
    let rules =
        ReadingRules { reads: 2, repeats: 1, shuffled: true, others_models: true, other_visits: true, atlas: false, within_squares: true };
    let wanted = study.protocol().clone().with_reading(rules);
    // A reader writes nothing.
    run(&mut driver, save(wanted.to_toml())).unwrap();
    assert_eq!(Study::open(&root).unwrap().protocol(), study.protocol());
    let mut stale = common::driver(home.path());
    coordinator(&mut stale, &root);
    coordinator(&mut driver, &root);
    let text = format!("# agreed on in May\n{}", wanted.to_toml());
    run(&mut driver, save(text.clone())).unwrap();
    // Another window that shows the rules as they were before does not write over them.
    let why = run(&mut stale, save(study.protocol().to_toml())).unwrap_err();
    assert!(why.contains("was changed by somebody else meanwhile"), "{why}");
    drop(stale);
    assert_eq!(Study::open(&root).unwrap().protocol(), &wanted);
    let shown = driver.session().study().unwrap();
    assert_eq!((shown.protocol.reading(), shown.protocol_text.as_str()), (rules, text.as_str()), "comments stay");
    // What would break the study is refused with its line or its reason, and nothing is written.
    let file = std::fs::read(study.layout().protocol()).unwrap();
    for (bad, word) in [
        (text.replace("reads = 2", "reads = 200"), "line "),
        (wanted.with_readers(vec![]).to_toml(), "Reader R2 has reads"),
        (text.replace("\"tibia_left\"", "\"fibula_left\""), "bones cannot change"),
    ] {
        let mut driver = common::driver(home.path());
        coordinator(&mut driver, &root);
        let why = run(&mut driver, save(bad)).unwrap_err();
        assert!(why.contains(word), "{why}");
        assert_eq!(std::fs::read(study.layout().protocol()).unwrap(), file);
    }
}

#[test]
fn packets_go_out_and_come_back_by_the_window_alone() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    let study = ball_study(&root, 1);
    let desk = home.path().join("desk");
    std::fs::create_dir_all(&desk).unwrap();
    let using = |purpose, path: &Path| Command::File(FileCommand::Use(purpose, path.to_owned()));
    let mut driver = driver(home.path());
    coordinator(&mut driver, &root);
    run(&mut driver, using(PickPurpose::Packets, &desk)).unwrap();
    let packets: Vec<bool> = ["R1", "R2", "R3"].map(|r| desk.join(format!("{r}.osteonpacket")).is_file()).to_vec();
    assert_eq!(packets, [true; 3]);
    assert!(run(&mut driver, using(PickPurpose::Packets, &desk)).unwrap_err().contains("has a packet already"));
    drop(driver);
    // R2, elsewhere.
    let there = home.path().join("there");
    let mut far = common::driver(&there);
    open(&mut far, &desk.join("R2.osteonpacket"));
    let summary = far.session().study().unwrap();
    assert_eq!(summary.packet.as_ref().map(ToString::to_string).as_deref(), Some("R2"));
    assert_eq!(summary.protocol.readers()[0].assistance, Assistance::None);
    far.wait("Opening", PATIENCE, |s| s.exam().is_some()).unwrap();
    run(&mut far, Command::Study(StudyCommand::Submit)).unwrap();
    far.run(Command::Study(StudyCommand::Seal));
    far.wait("Sealing", PATIENCE, |s| s.exam().is_some_and(|e| matches!(e.standing(), Standing::Sealed { .. }))).unwrap();
    run(&mut far, using(PickPurpose::PacketReturn, &desk)).unwrap();
    drop(far);
    let mut driver = common::driver(home.path());
    coordinator(&mut driver, &root);
    run(&mut driver, using(PickPurpose::PacketMerge, &desk.join("R2.osteonreturn"))).unwrap();
    let exams = driver.session().exams();
    assert!(exams[0].sealed.iter().any(|r| r.as_str() == "R2"), "the list knows at once");
    assert_eq!(study.check().unwrap().problems, Vec::<String>::new());
}

#[test]
fn the_whole_file_on_the_page_about_the_protocol_can_be_read() {
    let page = include_str!("../docs/protocol.md");
    let example = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let protocol = osteon::study::Protocol::parse(example, "docs/protocol.md").unwrap();
    assert_eq!((protocol.readers().len(), protocol.reading().repeats, protocol.pass_mark()), (2, 3, Some(0.7)));
    // What the program writes holds no key that the page does not name.
    let keys = protocol.to_toml().lines().filter_map(|line| line.split_once(" = ")).map(|(key, _)| key.to_owned()).collect::<Vec<_>>();
    for key in keys.iter().filter(|key| !key.starts_with('#')) {
        assert!(page.contains(&format!("`{key}`")), "docs/protocol.md says nothing of {key}");
    }
}
