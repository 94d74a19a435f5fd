//! What keeps readers independent: seals, the assistance policy, and the order of exams, over real sessions and files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;

use common::{PATIENCE, ball_study, driver, enter, open, saved, stroke};
use osteon::headless::Driver;
use osteon::session::{Command, EditCommand, FileCommand, ModelCommand, NoticeLevel, StudyCommand, ToolCommand, ViewCommand, Workspace};
use osteon::study::{Part, ReaderCode};
use osteon::volume::LayerKind;
use osteon::worker::message::{PickPurpose, Role, Standing};

fn marrow(driver: &Driver) -> Vec<u8> {
    driver.session().exam().unwrap().layers().labels(LayerKind::Marrow).to_dense()
}

fn notices(driver: &Driver) -> String {
    driver.session().notices().iter().map(|n| n.text.clone()).collect::<Vec<_>>().join(" | ")
}

fn submit(driver: &mut Driver) {
    driver.run_to_end("Looking over", PATIENCE, Command::Study(StudyCommand::Submit)).unwrap();
    assert!(driver.session().checked().is_some(), "{}", notices(driver));
    driver.run(Command::Study(StudyCommand::Seal));
    driver
        .wait("Sealing", PATIENCE, |s| {
            s.jobs().next().is_none() && s.exam().is_some_and(|e| matches!(e.standing(), Standing::Sealed { .. }))
        })
        .unwrap();
}

#[test]
fn a_sealed_read_opens_to_be_looked_at_and_is_read_again_beside() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    let study = ball_study(&root, 2);
    let mut driver = driver(home.path());
    open(&mut driver, &root);
    enter(&mut driver, "R2");
    let codes = driver.session().exam_codes();
    stroke(&mut driver, 4, 3, &[[20.0, 20.0]]);
    driver.run_to_end("Looking over", PATIENCE, Command::Study(StudyCommand::Submit)).unwrap();
    let texts: Vec<String> = driver.session().checked().unwrap().warnings.iter().map(|w| w.text.clone()).collect();
    assert!(texts[0].contains("never on screen") && texts.iter().any(|t| t.contains("no level 2 around")), "{texts:?}");
    // Painting on takes the findings away: they were about another state.
    stroke(&mut driver, 4, 2, &[[24.0, 20.0]]);
    assert!(driver.session().checked().is_none());
    driver.run(Command::Edit(EditCommand::AllDone));
    saved(&mut driver);
    submit(&mut driver);
    let painted = marrow(&driver);
    assert!(painted.contains(&2) && painted.contains(&3));
    let file = study.layout().read(&ReaderCode::new("R2").unwrap(), &codes[0], 1);
    let bytes = std::fs::read(&file).unwrap();
    assert!(!file.with_extension("sqlite.lock").exists());
    // Nothing changes a sealed read.
    stroke(&mut driver, 4, 1, &[[10.0, 10.0]]);
    driver.run(Command::Edit(EditCommand::Undo));
    assert_eq!(marrow(&driver), painted);
    assert!(notices(&driver).contains("sealed and can only be looked at"), "{}", notices(&driver));
    assert!(driver.session().exams()[0].sealed.iter().any(|r| r.as_str() == "R2"));
    // Entering again goes on with the next exam; the sealed one can still be opened.
    enter(&mut driver, "R2");
    assert_eq!(*driver.session().exam().unwrap().code(), codes[1]);
    driver.run_to_end("Opening", PATIENCE, Command::Study(StudyCommand::OpenExam(codes[0].clone()))).unwrap();
    assert_eq!(marrow(&driver), painted);
    driver.run_to_end("Reading again", PATIENCE, Command::Study(StudyCommand::ReadAgain)).unwrap();
    let exam = driver.session().exam().unwrap();
    assert_eq!(exam.standing(), &Standing::Writing { number: 2, assisted: false });
    assert!(marrow(&driver).iter().all(|&l| l == 0), "a new read does not show the old one");
    stroke(&mut driver, 2, 1, &[[10.0, 10.0]]);
    saved(&mut driver);
    drop(driver);
    assert_eq!(std::fs::read(&file).unwrap(), bytes, "the sealed read is as it was, byte for byte");
    assert_eq!(study.check().unwrap().problems, Vec::<String>::new());
    let status = study.status().unwrap();
    let of_first = status.iter().find(|e| e.exam == codes[0]).unwrap();
    assert_eq!(of_first.reads.iter().map(|r| (r.number, r.sealed.is_some())).collect::<Vec<_>>(), [(1, true), (2, false)]);
}

#[test]
fn a_second_program_looks_and_does_not_write() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    ball_study(&root, 1);
    let (mut first, mut second) = (driver(home.path()), driver(home.path()));
    open(&mut first, &root);
    enter(&mut first, "R2");
    stroke(&mut first, 4, 2, &[[20.0, 20.0]]);
    saved(&mut first);
    open(&mut second, &root);
    enter(&mut second, "R2");
    let standing = second.session().exam().unwrap().standing().clone();
    assert!(matches!(&standing, Standing::Busy { owner, .. } if owner.contains("R2 on ")), "{standing:?}");
    assert_eq!(marrow(&second), marrow(&first));
    stroke(&mut second, 4, 1, &[[5.0, 5.0]]);
    assert!(notices(&second).contains("open for writing by R2"), "{}", notices(&second));
    stroke(&mut first, 4, 1, &[[30.0, 20.0]]);
    saved(&mut first);
    let painted = marrow(&first);
    drop((first, second));
    let mut third = driver(home.path());
    open(&mut third, &root);
    enter(&mut third, "R2");
    assert_eq!(marrow(&third), painted);
}

#[test]
fn on_test_exams_a_model_waits_until_every_read_is_sealed() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    let study = ball_study(&root, 2);
    let mut split = osteon::study::Split::default();
    for (record, part) in study.exams().unwrap().iter().zip([Part::Train, Part::Test]) {
        split.assign(record.patient.clone(), part);
    }
    split.save(study.layout()).unwrap();
    let mut driver = driver(home.path());
    open(&mut driver, &root);
    enter(&mut driver, "R1");
    let codes = driver.session().exam_codes();
    driver.run(Command::Tool(ToolCommand::SizeMm(12.0)));
    for slice in 1..7 {
        stroke(&mut driver, slice, 1, &[[16.0, 22.0], [24.0, 22.0]]);
        driver.run(Command::Edit(EditCommand::ToggleDone));
    }
    saved(&mut driver);
    driver.run(Command::Model(ModelCommand::Steps(10)));
    driver.run_to_end("Training", PATIENCE, Command::Model(ModelCommand::Train)).unwrap();
    let test = codes[1].clone();
    for (reader, word) in [("R1", "is a test exam"), ("R2", "reads independently"), ("R3", "reads independently")] {
        enter(&mut driver, reader);
        driver.run_to_end("Opening", PATIENCE, Command::Study(StudyCommand::OpenExam(test.clone()))).unwrap();
        driver.run(Command::Model(ModelCommand::ProposeExam));
        assert!(notices(&driver).contains(word), "{}", notices(&driver));
        assert!(driver.session().exam().unwrap().proposal().is_none());
        submit(&mut driver);
    }
    // All three are sealed: R1 may read it again with the model.
    enter(&mut driver, "R1");
    driver.run_to_end("Opening", PATIENCE, Command::Study(StudyCommand::OpenExam(test))).unwrap();
    driver.run_to_end("Again", PATIENCE, Command::Study(StudyCommand::ReadAgain)).unwrap();
    driver.run_to_end("Proposing", PATIENCE, Command::Model(ModelCommand::ProposeExam)).unwrap();
    assert!(driver.session().exam().unwrap().proposal().is_some(), "{}", notices(&driver));
    assert!(driver.session().notices().iter().all(|n| n.level != NoticeLevel::Error));
}

#[test]
fn a_reader_goes_on_where_they_left_off_and_remarks_stay() {
    use osteon::session::{FileCommand, ViewCommand};
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    ball_study(&root, 3);
    let left = {
        let mut driver = driver(home.path());
        open(&mut driver, &root);
        enter(&mut driver, "R2");
        let codes = driver.session().exam_codes();
        driver.run_to_end("Opening", PATIENCE, Command::Study(StudyCommand::OpenExam(codes[1].clone()))).unwrap();
        driver.run(Command::View(ViewCommand::Slice(6)));
        driver.run(Command::Edit(EditCommand::ToggleFlag));
        driver.run(Command::Edit(EditCommand::WriteComment("  growth zone? ".into())));
        driver.run(Command::Edit(EditCommand::EndComment));
        saved(&mut driver);
        driver.run(Command::File(FileCommand::Quit));
        codes[1].clone()
    };
    let mut driver = driver(home.path());
    open(&mut driver, &root);
    enter(&mut driver, "R2");
    let exam = driver.session().exam().unwrap();
    assert_eq!((exam.code(), exam.view().slice), (&left, 6));
    let remark = exam.remark(6).unwrap();
    assert_eq!((remark.flagged, remark.comment.as_str()), (true, "growth zone?"));
    driver.run(Command::Edit(EditCommand::ToggleFlag));
    driver.run(Command::Edit(EditCommand::WriteComment(String::new())));
    driver.run(Command::Edit(EditCommand::EndComment));
    assert!(driver.session().exam().unwrap().remark(6).is_none());
    // Another reader begins at the first exam and sees none of it.
    enter(&mut driver, "R3");
    let exam = driver.session().exam().unwrap();
    assert!(*exam.code() != left && exam.remark(6).is_none());
}

#[test]
fn every_reader_has_an_order_of_their_own_where_the_protocol_says_so() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    let study = ball_study(&root, 8);
    let rules = osteon::study::ReadingRules { shuffled: true, ..osteon::study::ReadingRules::default() };
    std::fs::write(study.layout().protocol(), study.protocol().clone().with_reading(rules).to_toml()).unwrap();
    let mut driver = driver(home.path());
    open(&mut driver, &root);
    let mut orders = Vec::new();
    for reader in ["R1", "R2", "R1"] {
        enter(&mut driver, reader);
        orders.push(driver.session().exam_codes());
    }
    assert_eq!(orders[0], orders[2]);
    assert_ne!(orders[0], orders[1]);
}

fn coordinate(driver: &mut Driver) {
    driver.run_to_end("Entering", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Coordinator))).unwrap();
}

/// Lines of the trail that is shown: a head and an entry each.
fn seen_lines(driver: &Driver) -> usize {
    1 + driver.session().audit().unwrap().matched
}

#[test]
fn the_audit_trail_tells_everything_and_names_a_tampered_journal() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    let study = ball_study(&root, 1);
    let mut driver = driver(home.path());
    open(&mut driver, &root);
    enter(&mut driver, "R2");
    stroke(&mut driver, 4, 2, &[[20.0, 20.0]]);
    driver.run(Command::Edit(EditCommand::Undo));
    driver.run(Command::Edit(EditCommand::WriteComment("growth zone?".into())));
    driver.run(Command::Edit(EditCommand::AllDone));
    saved(&mut driver);
    submit(&mut driver);
    // In the window a reader sees their own journals, the next reader nothing of them, the coordinator all.
    let page = Command::View(ViewCommand::Workspace(Workspace::Audit));
    let shown = |driver: &Driver| driver.session().audit().map(|a| (a.journals.len(), a.entries.len())).unwrap();
    driver.run_to_end("Walking", PATIENCE, page.clone()).unwrap();
    assert!(shown(&driver).0 == 1 && shown(&driver).1 > 4);
    assert!(driver.session().audit().unwrap().entries.iter().all(|e| e.reader == "R2"));
    enter(&mut driver, "R3");
    assert!(driver.session().audit().is_none());
    driver.run_to_end("Walking", PATIENCE, page.clone()).unwrap();
    assert!(driver.session().audit().unwrap().entries.iter().all(|e| e.reader == "R3"));
    coordinate(&mut driver);
    driver.run_to_end("Walking", PATIENCE, page.clone()).unwrap();
    assert_eq!(shown(&driver).0, 2);
    let own = osteon::study::AuditFilter { reader: Some("R2".into()), ..osteon::study::AuditFilter::default() };
    driver.run_to_end("Walking", PATIENCE, Command::Study(StudyCommand::Audit(own))).unwrap();
    let seen = driver.session().audit().unwrap();
    assert!(seen.journals.len() == 2 && seen.entries.iter().all(|e| e.reader == "R2") && seen.matched == seen.entries.len());
    let trail = home.path().join("trail.csv");
    let export = |driver: &mut Driver| {
        driver.run_to_end("Writing", PATIENCE, Command::File(FileCommand::Use(PickPurpose::AuditTrail, trail.clone())))
    };
    export(&mut driver).unwrap();
    let csv = std::fs::read_to_string(&trail).unwrap();
    assert!(csv.starts_with(osteon::study::AuditEntry::CSV_HEAD) && csv.lines().count() == seen_lines(&driver) && !csv.contains(",R3,"));
    drop(driver);
    let walk = || {
        let mut entries = Vec::new();
        let report = study
            .audit(&osteon::study::AuditFilter { reader: Some("R2".into()), ..osteon::study::AuditFilter::default() }, |entry| {
                entries.push(entry);
                Ok(())
            })
            .unwrap();
        assert_eq!(report.entries(), entries.len());
        let problems: Vec<String> = report.problems().map(str::to_owned).collect();
        (entries, problems)
    };
    let (entries, problems) = walk();
    assert_eq!(problems, Vec::<String>::new());
    assert!(entries.iter().any(|e| e.action == "note" && e.name.contains("growth zone?")), "what was said is in the trail");
    let actions: Vec<&str> = entries.iter().map(|e| e.action.as_str()).collect();
    assert_eq!((actions[0], actions[1], actions[2], *actions.last().unwrap()), ("begun", "paint", "undo", "sealed"));
    assert!(entries[1].kind.as_deref() == Some("hand") && entries[1].window.is_some() && entries[1].sha256.len() == 64);
    assert_eq!(
        entries[1].to_csv().split(',').count(),
        osteon::study::AuditEntry::CSV_HEAD.split(',').count() + entries[1].name.matches(',').count()
    );
    let exam = study.exams().unwrap()[0].exam.clone();
    let path = study.layout().read(&ReaderCode::new("R2").unwrap(), &exam, 1);
    rusqlite::Connection::open(&path).unwrap().execute_batch("UPDATE journal SET time = '2020' WHERE n = 2").unwrap();
    let (_, problems) = walk();
    let mut driver = common::driver(home.path());
    open(&mut driver, &root);
    coordinate(&mut driver);
    driver.run_to_end("Walking", PATIENCE, page).unwrap();
    let broken = driver.session().audit().unwrap().journals.iter().find(|j| j.problem.is_some()).unwrap();
    assert!(broken.reader == "R2" && broken.problem.as_ref().unwrap().contains("row 2"));
    export(&mut driver).unwrap();
    assert!(std::fs::read_to_string(&trail).unwrap().lines().last().unwrap().contains("1.sqlite was changed or damaged at row 2"));
    assert!(problems.len() == 1 && problems[0].contains("1.sqlite") && problems[0].contains("row 2"), "{problems:?}");
}
