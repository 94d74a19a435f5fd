//! Sessions driven by commands, with the real workers and files, without a window.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;

use common::{PATIENCE, ball, ball_study, driver, enter, open, saved, stroke};
use osteon::headless::Driver;
use osteon::session::PointerCommand;
use osteon::session::{
    AdoptWhat, Command, EditCommand, FileCommand, ModelCommand, NoticeLevel, StudyCommand, Tool, ToolCommand, ViewCommand,
};
use osteon::study::{ImportOptions, Part, PatientMap, Protocol, ReadingRules, Study};
use osteon::volume::LayerKind;
use osteon::worker::message::{PickPurpose, Role};
use rand::SeedableRng as _;
use std::path::Path;

fn marrow(driver: &Driver) -> Vec<u8> {
    driver.session().exam().unwrap().layers().labels(LayerKind::Marrow).to_dense()
}

fn warnings(driver: &Driver) -> String {
    driver.session().notices().iter().map(|n| n.text.clone()).collect::<Vec<_>>().join(" | ")
}

#[test]
fn an_image_opens_paint_survives_and_so_does_undo() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("knee.nii.gz");
    osteon::io::write_image_nifti(&file, &ball(0.0)).unwrap();
    let (painted, undone) = {
        let mut driver = driver(home.path());
        open(&mut driver, &file);
        let exam = driver.session().exam().expect("an image opens at once, without questions");
        assert_eq!(exam.plane().letters(), ['R', 'L', 'H', 'F']);
        stroke(&mut driver, 4, 1, &[[10.0, 10.0], [25.0, 12.0]]);
        stroke(&mut driver, 5, 2, &[[12.0, 30.0], [12.0, 20.0], [20.0, 20.0]]);
        stroke(&mut driver, 5, 0, &[[12.0, 25.0]]);
        let painted = marrow(&driver);
        assert!(painted.contains(&1) && painted.contains(&2));
        driver.run(Command::Edit(EditCommand::Undo));
        let undone = marrow(&driver);
        assert_ne!(painted, undone);
        driver.run(Command::Edit(EditCommand::Redo));
        assert_eq!(marrow(&driver), painted);
        driver.run(Command::Edit(EditCommand::ToggleDone));
        saved(&mut driver);
        (painted, undone)
    };
    // A new program: layers, done marks and undo are there.
    let mut driver = driver(home.path());
    open(&mut driver, &file);
    assert_eq!(marrow(&driver), painted);
    assert!(driver.session().exam().unwrap().layers().is_done(LayerKind::Marrow, 5));
    driver.run(Command::Edit(EditCommand::Undo));
    assert!(!driver.session().exam().unwrap().layers().is_done(LayerKind::Marrow, 5));
    driver.run(Command::Edit(EditCommand::Undo));
    assert_eq!(marrow(&driver), undone);
    for _ in 0..2 {
        driver.run(Command::Edit(EditCommand::Undo));
    }
    assert!(marrow(&driver).iter().all(|&l| l == 0));
}

#[test]
fn an_outline_fills_bone_and_can_be_dragged_and_undone() {
    let home = tempfile::tempdir().unwrap();
    ball_study(&home.path().join("study"), 1);
    let mut driver = driver(home.path());
    open(&mut driver, &home.path().join("study"));
    enter(&mut driver, "R2");
    driver.run(Command::View(ViewCommand::Slice(4)));
    driver.run(Command::Tool(ToolCommand::Choose(Tool::Outline)));
    for point in [[10.0, 10.0], [30.0, 10.0], [30.0, 34.0], [10.0, 34.0]] {
        driver.run(Command::Pointer(PointerCommand::Down(point)));
        driver.run(Command::Pointer(PointerCommand::Up));
    }
    driver.run(Command::Pointer(PointerCommand::Finish));
    let bone = |driver: &Driver| driver.session().exam().unwrap().layers().labels(LayerKind::Bone).counts().of(1);
    let filled = bone(&driver);
    assert_eq!(filled, 20 * 24, "half-open polygon over pixel centres");
    // Drag the corner at (30, 34) outwards.
    driver.run(Command::Pointer(PointerCommand::Down([30.0, 34.0])));
    driver.run(Command::Pointer(PointerCommand::Move(vec![[33.0, 36.0], [36.0, 40.0]])));
    driver.run(Command::Pointer(PointerCommand::Up));
    assert!(bone(&driver) > filled);
    driver.run(Command::Edit(EditCommand::Undo));
    assert_eq!(bone(&driver), filled);
    driver.run(Command::Edit(EditCommand::Undo));
    assert_eq!(bone(&driver), 0);
    saved(&mut driver);
}

#[test]
fn readers_are_blind_to_each_other() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    ball_study(&root, 1);
    let mut driver = driver(home.path());
    open(&mut driver, &root);
    enter(&mut driver, "R1");
    stroke(&mut driver, 4, 3, &[[20.0, 20.0]]);
    saved(&mut driver);
    enter(&mut driver, "R2");
    assert!(marrow(&driver).iter().all(|&l| l == 0), "reader 2 sees what reader 1 painted");
    assert!(driver.session().exam().unwrap().layers().history().entries().next().is_none());
    driver.run(Command::Study(StudyCommand::Compare));
    assert!(warnings(&driver).contains("only the coordinator"), "{}", warnings(&driver));
    assert!(driver.session().compare().is_none());
    // A reader's export holds that reader's masks only.
    stroke(&mut driver, 4, 1, &[[10.0, 10.0]]);
    saved(&mut driver);
    let out = home.path().join("out");
    let export = Command::File(FileCommand::Use(PickPurpose::Export, out.clone()));
    driver.run_to_end("Exporting", PATIENCE, export).unwrap();
    let names: Vec<String> = std::fs::read_dir(&out).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect();
    assert!(!names.is_empty() && names.iter().all(|n| n.contains("_R2_")), "{names:?}");
    // Back to reader 1: everything is where it was.
    enter(&mut driver, "R1");
    assert!(marrow(&driver).contains(&3) && !marrow(&driver).contains(&1));
}

#[test]
fn an_independent_reader_gets_no_model() {
    let home = tempfile::tempdir().unwrap();
    ball_study(&home.path().join("study"), 1);
    let mut driver = driver(home.path());
    open(&mut driver, &home.path().join("study"));
    enter(&mut driver, "R2");
    driver.run(Command::Model(ModelCommand::Train));
    driver.run(Command::Model(ModelCommand::ProposeSlice));
    assert!(!driver.session().training().is_running());
    assert_eq!(driver.session().jobs().count(), 0);
    assert!(warnings(&driver).contains("reads independently"), "{}", warnings(&driver));
}

#[test]
fn the_coordinator_paints_nothing() {
    let home = tempfile::tempdir().unwrap();
    ball_study(&home.path().join("study"), 1);
    let mut driver = driver(home.path());
    open(&mut driver, &home.path().join("study"));
    driver.run_to_end("Entering", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Coordinator))).unwrap();
    stroke(&mut driver, 4, 1, &[[20.0, 20.0]]);
    assert!(marrow(&driver).iter().all(|&l| l == 0));
    assert!(!home.path().join("study/reads").join("R1").exists());
}

#[test]
fn train_propose_adopt_correct_retrain() {
    let home = tempfile::tempdir().unwrap();
    let study = ball_study(&home.path().join("study"), 3);
    // By hand: two exams to train on, none to validate, one to test.
    let mut split = osteon::study::Split::load(study.layout()).unwrap();
    let records = study.exams().unwrap();
    for (record, part) in records.iter().zip([Part::Train, Part::Train, Part::Test]) {
        split.assign(record.patient.clone(), part);
    }
    split.save(study.layout()).unwrap();
    let mut driver = driver(home.path());
    open(&mut driver, &home.path().join("study"));
    enter(&mut driver, "R1");
    driver.run(Command::Tool(ToolCommand::SizeMm(12.0)));
    for slice in 1..7 {
        stroke(&mut driver, slice, 1, &[[16.0, 22.0], [24.0, 22.0], [20.0, 18.0], [20.0, 26.0]]);
        driver.run(Command::Edit(EditCommand::ToggleDone));
    }
    saved(&mut driver);
    driver.run(Command::Model(ModelCommand::ProposeSlice));
    assert!(warnings(&driver).contains("not been trained"), "{}", warnings(&driver));
    driver.run(Command::Model(ModelCommand::Steps(30)));
    driver.run_to_end("Training", PATIENCE, Command::Model(ModelCommand::Train)).unwrap();
    assert_eq!(driver.session().current_version(), Some(1), "{}", warnings(&driver));
    // Another training exam: propose, keep what the hand painted since, adopt, correct.
    let codes = driver.session().exam_codes();
    driver.run_to_end("Opening", PATIENCE, Command::Study(StudyCommand::OpenExam(codes[1].clone()))).unwrap();
    driver.run_to_end("Proposing", PATIENCE, Command::Model(ModelCommand::ProposeExam)).unwrap();
    assert!(driver.session().exam().unwrap().proposal().is_some(), "{}", warnings(&driver));
    stroke(&mut driver, 4, 3, &[[20.0, 22.0]]);
    let before = marrow(&driver);
    driver.run(Command::Edit(EditCommand::Adopt(AdoptWhat::All)));
    let after = marrow(&driver);
    let kept = before.iter().zip(&after).filter(|(b, _)| **b == 3).all(|(_, a)| *a == 3);
    assert!(kept, "adopting overwrote what was painted since the proposal");
    let history: Vec<String> = driver.session().exam().unwrap().layers().history().entries().map(|h| h.name.to_owned()).collect();
    assert!(after == before || history.last().unwrap().contains("marrow-R1/1"), "{history:?}");
    driver.run(Command::Edit(EditCommand::ToggleDone));
    saved(&mut driver);
    driver.run_to_end("Retraining", PATIENCE, Command::Model(ModelCommand::Train)).unwrap();
    let versions = &driver.session().study().unwrap().models["marrow-R1"];
    assert_eq!(versions.len(), 2);
    // The proposal made by version 1 is stale if version 2 became current.
    let stale = driver.session().exam().unwrap().proposal().unwrap().stale;
    assert_eq!(stale, driver.session().current_version() == Some(2));
    // A test exam gets no proposal.
    driver.run_to_end("Opening", PATIENCE, Command::Study(StudyCommand::OpenExam(codes[2].clone()))).unwrap();
    driver.run(Command::Model(ModelCommand::ProposeExam));
    assert!(warnings(&driver).contains("is a test exam"), "{}", warnings(&driver));
    // A cancelled training ends within seconds and painting goes on.
    driver.run(Command::Model(ModelCommand::Steps(100_000)));
    driver.run(Command::Model(ModelCommand::Train));
    driver.wait("Starting", PATIENCE, |s| s.training().latest().is_some_and(|p| p.step >= 2)).unwrap();
    stroke(&mut driver, 2, 1, &[[10.0, 10.0]]);
    driver.run(Command::Model(ModelCommand::Pause));
    driver.run(Command::Model(ModelCommand::Cancel));
    driver.wait("Cancelling", std::time::Duration::from_secs(60), |s| !s.training().is_running()).unwrap();
    let study = driver.session().study().unwrap();
    assert_eq!(study.models["marrow-R1"].len(), 3, "what was learnt until then is kept");
    assert_ne!(study.current["marrow-R1"], 3, "a version that was not judged replaces none that was");
    saved(&mut driver);
    // So does one in whose midst the window is closed.
    driver.run(Command::Model(ModelCommand::Train));
    driver.wait("Starting", PATIENCE, |s| s.training().latest().is_some_and(|p| p.step >= 2)).unwrap();
    driver.run(Command::File(FileCommand::Quit));
    assert!(!driver.session().may_close(), "it waits for the weights");
    driver.wait("Closing", std::time::Duration::from_secs(60), osteon::session::Session::may_close).unwrap();
    assert_eq!(driver.session().study().unwrap().models["marrow-R1"].len(), 4);
}

#[test]
fn a_failed_save_is_shown_kept_and_made_good() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    ball_study(&root, 1);
    let mut driver = driver(home.path());
    open(&mut driver, &root);
    enter(&mut driver, "R1");
    stroke(&mut driver, 4, 1, &[[20.0, 20.0]]);
    saved(&mut driver);
    // Another program holds the file: as with a full disk, the row cannot be written.
    let exam = driver.session().exam().unwrap().code().clone();
    let file = root.join("reads/R1").join(exam.as_str()).join("1.sqlite");
    let hold = rusqlite::Connection::open(&file).unwrap();
    hold.execute_batch("BEGIN EXCLUSIVE").unwrap();
    stroke(&mut driver, 4, 2, &[[25.0, 20.0]]);
    stroke(&mut driver, 4, 2, &[[28.0, 25.0]]);
    let failed = driver.wait("Failing", PATIENCE, |_| false).unwrap_err().to_string();
    assert!(failed.starts_with("Not saved: ") && failed.contains("1.sqlite"), "{failed}");
    let painted = marrow(&driver);
    assert_eq!(driver.session().exam().unwrap().unsaved_rows(), 2);
    // Leaving is refused, once with a reason.
    driver.run(Command::Study(StudyCommand::LeaveRole));
    assert!(driver.session().exam().is_some());
    hold.execute_batch("ROLLBACK").unwrap();
    drop(hold);
    for id in driver.session().notices().iter().filter(|n| n.level == NoticeLevel::Error).map(|n| n.id).collect::<Vec<_>>() {
        driver.run(Command::View(ViewCommand::DismissNotice(id)));
    }
    driver.run(Command::File(FileCommand::RetrySave));
    saved(&mut driver);
    enter(&mut driver, "R1");
    assert_eq!(marrow(&driver), painted);
}

#[test]
fn switching_exams_quickly_shows_the_last_one_and_loses_nothing() {
    let home = tempfile::tempdir().unwrap();
    ball_study(&home.path().join("study"), 3);
    let mut driver = driver(home.path());
    open(&mut driver, &home.path().join("study"));
    enter(&mut driver, "R1");
    let codes = driver.session().exam_codes();
    for round in 0..6 {
        if driver.session().exam().is_some() {
            stroke(&mut driver, 3, 1, &[[f64::from(round) * 3.0 + 5.0, 20.0]]);
        }
        for code in &codes {
            driver.run(Command::Study(StudyCommand::OpenExam(code.clone())));
        }
        // The first of them may wait for the stroke to be on disk; whatever the order of loading, the last one asked for stays.
        driver.wait("Opening", PATIENCE, |s| s.exam().is_some_and(|e| *e.code() == codes[2]) && s.jobs().next().is_none()).unwrap();
    }
    saved(&mut driver);
    let painted = marrow(&driver);
    assert!(painted.contains(&1));
    enter(&mut driver, "R1");
    driver.run_to_end("Opening", PATIENCE, Command::Study(StudyCommand::OpenExam(codes[2].clone()))).unwrap();
    assert_eq!(marrow(&driver), painted);
}

/// Exams `knee1` and `knee2` of one patient and `knee3` of another, read by R1.
fn visits_of_a_patient(root: &Path, other_visits: bool) {
    let rules = ReadingRules { other_visits, ..Default::default() };
    let study = Study::init(root, "Visits", &Protocol::sample().with_reading(rules)).unwrap();
    let files = tempfile::tempdir().unwrap();
    for number in 1..=3 {
        osteon::io::write_image_nifti(&files.path().join(format!("knee{number}.nii.gz")), &ball(f64::from(number))).unwrap();
    }
    let patients = PatientMap::parse("exam,patient\nknee1,a\nknee2,a\nknee3,b\n", Path::new("list")).unwrap();
    let reading = osteon::io::read_path(files.path(), &osteon::io::Watch::quiet()).unwrap();
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
    let options = ImportOptions { patients, ..ImportOptions::default() };
    let report = study.import(reading.volumes, &options, &mut rng, &osteon::io::Watch::quiet()).unwrap();
    assert_eq!(report.exams.len(), 3);
}

#[test]
fn other_visits_stand_beside_an_exam_only_where_the_protocol_allows_it() {
    for allowed in [false, true] {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("study");
        visits_of_a_patient(&root, allowed);
        let study = Study::open(&root).unwrap();
        let records = study.exams().unwrap();
        let mut driver = driver(home.path());
        open(&mut driver, &root);
        enter(&mut driver, "R1");
        for record in &records {
            let command = Command::Study(StudyCommand::OpenExam(record.exam.clone()));
            driver.run_to_end("Opening", PATIENCE, command).unwrap();
            let exam = driver.session().exam().unwrap();
            let expected: Vec<_> = records
                .iter()
                .filter(|r| allowed && r.patient == record.patient && r.exam != record.exam)
                .map(|r| r.exam.clone())
                .collect();
            assert_eq!(exam.code(), &record.exam);
            assert_eq!(exam.visits().iter().map(|(code, _)| code.clone()).collect::<Vec<_>>(), expected);
            assert!(exam.visits().iter().all(|(_, image)| image.grid().same_as(exam.reading_image().grid())));
        }
    }
}
