//! Who trains, validates and tests: ways round it by the files of a study, and how it is fixed.

use crate::common::{ball_study_under, driver, enter, open, saved, stroke};
use osteon::headless::Driver;
use osteon::io::write_labels_nifti;
use osteon::session::{Command, EditCommand, ModelCommand, StudyCommand};
use osteon::study::{ExamCode, Part, Protocol, ReaderCode, ReaderRule, Split, Study};
use osteon::volume::Labels;
use osteon::worker::message::Role;
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(120);

/// A study of which R1 alone reads.
fn study_of_one_reader(root: &Path, exams: usize) -> Study {
    let only_r1 = |protocol: Protocol| {
        let first: Vec<ReaderRule> = protocol.readers().iter().filter(|r| r.code.as_str() == "R1").cloned().collect();
        protocol.with_readers(first)
    };
    ball_study_under(root, exams, only_r1)
}

/// Whether the program went well with these words, and what it said.
fn osteon(home: &Path, words: &[&str]) -> (bool, String) {
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_osteon")).args(words).env("OSTEON_HOME", home.join("home")).output().unwrap();
    (run.status.success(), String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr))
}

/// Trains on the files of all exams of a study under names of their own, with empty masks beside them.
fn train_on_files(home: &Path, study: &Study, out: &str) -> (bool, String) {
    let folder = home.join(out);
    std::fs::create_dir_all(&folder).unwrap();
    for exam in study.exams().unwrap() {
        let image = study.load_image(&exam.exam, &exam.reading_sequence).unwrap();
        let mut labels = Labels::empty(image.grid().clone());
        let [x, y, z] = image.grid().shape().map(|size| size / 2);
        (0..3).for_each(|step| labels.set([x + step, y, z], 1));
        let name = |what: &str| folder.join(format!("{}_{what}.nii.gz", exam.exam));
        write_labels_nifti(&name("mask"), &labels, "").unwrap();
        let file = study.layout().exam(&exam.exam).join(format!("{}.nii.gz", exam.reading_sequence));
        std::os::unix::fs::symlink(file.canonicalize().unwrap(), name("image")).unwrap();
    }
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let words = ["--steps", "2", "--base", "4", "--members", "1"];
    let [images, masks, model] = ["*_image.nii.gz", "*_mask.nii.gz", "model"].map(path);
    osteon(home, &[&["train", "--images", &images, "--labels", &masks, "--out", &model], &words[..]].concat())
}

fn seal(driver: &mut Driver, exam: &ExamCode) {
    driver.run(Command::Study(StudyCommand::OpenExam(exam.clone())));
    driver.wait("Opening", PATIENCE, |s| s.exam().is_some_and(|e| e.code() == exam)).unwrap();
    stroke(driver, 4, 1, &[[16.0, 22.0], [24.0, 22.0]]);
    driver.run(Command::Edit(EditCommand::ToggleDone));
    saved(driver);
    driver.run_to_end("Looking it over", PATIENCE, Command::Study(StudyCommand::Submit)).unwrap();
    driver.run_to_end("Sealing", PATIENCE, Command::Study(StudyCommand::Seal)).unwrap();
}

/// Once its reads were sealed, a test exam could be learnt from by way of its files; and before the split was drawn, each of them could.
#[test]
fn a_test_exam_is_not_learnt_from_by_way_of_its_files() {
    let home = tempfile::tempdir().unwrap();
    let study = study_of_one_reader(&home.path().join("study"), 8);
    let (well, said) = train_on_files(home.path(), &study, "undrawn");
    let split = Split::load(study.layout()).unwrap();
    assert!(split.is_drawn() && !well && said.contains("is a test exam: no model learns from it"), "{said}");

    let test = study.exams().unwrap().into_iter().find(|r| split.part(&r.patient) == Some(Part::Test)).unwrap().exam;
    let mut driver = driver(home.path());
    open(&mut driver, study.layout().root());
    enter(&mut driver, "R1");
    seal(&mut driver, &test);
    drop(driver);
    assert!(study.reads_sealed(&test).unwrap());
    let (well, said) = train_on_files(home.path(), &study, "sealed");
    assert!(!well && said.contains("is a test exam: no model learns from it"), "{said}");
}

/// Trained on the files of a study by way of copies, a model could become that study's first version, and be judged by what it had learnt.
#[test]
fn a_model_that_has_learnt_what_judges_in_a_study_does_not_begin_there() {
    let home = tempfile::tempdir().unwrap();
    let study = study_of_one_reader(&home.path().join("study"), 8);
    let split = study.drawn_split().unwrap();
    let exams = study.exams().unwrap();
    let of_part = |part| exams.iter().find(|r| split.part(&r.patient) == Some(part)).unwrap();
    let begin = |learnt: &osteon::study::ExamRecord, name: &str| {
        let folder = home.path().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let image = study.load_image(&learnt.exam, &learnt.reading_sequence).unwrap();
        let mut labels = Labels::empty(image.grid().clone());
        labels.set(image.grid().shape().map(|size| size / 2), 1);
        write_labels_nifti(&folder.join("a_mask.nii.gz"), &labels, "").unwrap();
        osteon::io::write_image_nifti(&folder.join("a_image.nii.gz"), &image).unwrap();
        let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
        let [images, masks, model] = ["*_image.nii.gz", "*_mask.nii.gz", "model"].map(path);
        let words = ["train", "--images", &images, "--labels", &masks, "--out", &model, "--steps", "2", "--base", "4", "--members", "1"];
        let (well, said) = osteon(home.path(), &words);
        assert!(well, "{said}");
        let from = osteon::worker::Beginning::folder(Path::new(&model)).unwrap();
        let code = osteon::study::ModelCode::new("marrow-R1").unwrap();
        from.place(&study, &code, osteon::volume::LayerKind::Marrow, "R1", "2026-01-01")
            .map(|version| osteon::learn::checkpoint::load_card(&study.layout().model_version(&code, version)).unwrap().learnt_slices)
    };
    let why = begin(of_part(Part::Test), "of test").unwrap_err();
    assert!(why.contains("a test exam of this study; begin with a model that has not"), "{why}");
    let why = begin(of_part(Part::Validate), "of validation").unwrap_err();
    assert!(why.contains("an exam that judges versions"), "{why}");
    let trained = of_part(Part::Train);
    let learnt = begin(trained, "of training").unwrap();
    assert_eq!(learnt.get(trained.exam.as_str()).map(std::collections::BTreeSet::len), Some(8), "all its slices");
}

/// "Split not drawn" stood over a training that had drawn it.
#[test]
fn a_training_that_begins_shows_the_parts_at_once() {
    let home = tempfile::tempdir().unwrap();
    let study = study_of_one_reader(&home.path().join("study"), 6);
    let mut driver = driver(home.path());
    open(&mut driver, study.layout().root());
    enter(&mut driver, "R1");
    // Nothing is marked done yet: it ends with saying so.
    let _ = driver.run_to_end("Training", PATIENCE, Command::Model(ModelCommand::Train));
    assert!(Split::load(study.layout()).unwrap().is_drawn());
    assert!(driver.session().study().unwrap().exams.iter().all(|exam| exam.part.is_some()));
}

/// The split could not be fixed when the protocol was: only a first training, proposal or packet drew it.
#[test]
fn the_split_is_fixed_when_the_coordinator_says_so() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    let study = study_of_one_reader(&root, 10);
    let exams = study.exams().unwrap();
    let dir = root.to_str().unwrap();
    let by_hand = exams[3].exam.as_str();
    let (well, said) = osteon(home.path(), &["study", "split", dir, "--test", "K-000"]);
    assert!(!well && said.contains("K-000 is neither an exam nor a patient") && !Split::load(study.layout()).unwrap().is_drawn(), "{said}");
    let (well, said) = osteon(home.path(), &["study", "split", dir, "--test", by_hand]);
    let split = Split::load(study.layout()).unwrap();
    assert!(well && split.is_drawn() && split.part(&exams[3].patient) == Some(Part::Test), "{said}");
    let count = |part| split.parts().values().filter(|p| **p == part).count();
    assert_eq!([Part::Train, Part::Validate, Part::Test].map(count), [7, 1, 2]);
    let (well, said) = osteon(home.path(), &["study", "split", dir, "--train", exams[3].patient.as_str()]);
    assert!(!well && said.contains("part is test, which stays") && Split::load(study.layout()).unwrap() == split, "{said}");
}

/// The same from the window; no reader may.
#[test]
fn the_coordinator_draws_the_split_in_the_window_and_no_reader_does() {
    let home = tempfile::tempdir().unwrap();
    let study = study_of_one_reader(&home.path().join("study"), 6);
    let mut driver = driver(home.path());
    open(&mut driver, study.layout().root());
    let sit = |driver: &mut Driver, role| driver.run_to_end("Entering", PATIENCE, Command::Study(StudyCommand::ChooseRole(role))).unwrap();
    sit(&mut driver, Role::Reader(ReaderCode::new("R1").unwrap()));
    let _ = driver.run_to_end("Drawing", PATIENCE, Command::Study(StudyCommand::DrawSplit));
    assert!(!Split::load(study.layout()).unwrap().is_drawn());
    driver.run_to_end("Leaving", PATIENCE, Command::Study(StudyCommand::LeaveRole)).unwrap();
    sit(&mut driver, Role::Coordinator);
    driver.run_to_end("Drawing", PATIENCE, Command::Study(StudyCommand::DrawSplit)).unwrap();
    assert!(Split::load(study.layout()).unwrap().is_drawn());
    assert!(driver.session().study().unwrap().exams.iter().all(|exam| exam.part.is_some()));
}
