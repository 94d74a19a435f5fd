//! A study's model takes every sequence that all exams have, and says so where one is missing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;

use common::{PATIENCE, ball, driver, enter, open, saved, stroke};
use osteon::headless::Driver;
use osteon::io::Watch;
use osteon::session::{Command, EditCommand, ModelCommand, StudyCommand, ToolCommand};
use osteon::space::Affine;
use osteon::study::{Assistance, ExamCode, ImportOptions, ModelCode, Part, PatientMap, Protocol, ReaderCode, ReaderRule, Split, Study};
use osteon::volume::{Grid, Image};
use rand::SeedableRng as _;
use std::path::Path;
use std::sync::Arc;

/// A fat image, no two alike: one picture is one exam's. It is of the ball's surroundings, on a coarser grid that reaches further.
fn fat(brighter: f32) -> Image {
    let affine = Affine::from_columns([[-1.8, 0.0, 0.0], [0.0, 0.0, 1.8], [0.0, 3.5, 0.0]], [30.0, -10.0, -30.0]).unwrap();
    let grid = Arc::new(Grid::new([30, 32, 8], affine).unwrap());
    let values: Vec<f32> = (0..grid.voxel_count()).map(|n| 200.0 + brighter + ((n * 7919) % 31) as f32).collect();
    Image::new(grid, values).unwrap()
}

/// Exams `names`, each a ball as water, with a fat image for those named in `with_fat`; all for training.
fn import(study: &Study, home: &Path, names: &[&str], with_fat: &[&str], seed: u64) {
    let folder = home.join(format!("in{seed}"));
    std::fs::create_dir(&folder).unwrap();
    for (at, name) in names.iter().enumerate() {
        osteon::io::write_image_nifti(&folder.join(format!("{name}_water.nii.gz")), &ball(at as f64 + seed as f64)).unwrap();
        if with_fat.contains(name) {
            osteon::io::write_image_nifti(&folder.join(format!("{name}_fat.nii.gz")), &fat(at as f32 + seed as f32)).unwrap();
        }
    }
    let list: String = names.iter().map(|name| format!("{name},patient-{name}\n")).collect();
    let patients = PatientMap::parse(&format!("exam,patient\n{list}"), Path::new("list")).unwrap();
    let options = ImportOptions { patients, ..ImportOptions::default() };
    let reading = osteon::io::read_path(&folder, &Watch::quiet()).unwrap();
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let report = study.import(reading.volumes, &options, &mut rng, &Watch::quiet()).unwrap();
    assert_eq!(report.exams.len(), names.len(), "{report:?}");
    let mut split = Split::load(study.layout()).unwrap();
    for record in study.exams().unwrap() {
        split.assign(record.patient.clone(), Part::Train);
    }
    split.save(study.layout()).unwrap();
}

fn protocol() -> Protocol {
    let rule = ReaderRule { code: ReaderCode::new("R1").unwrap(), assistance: Assistance::FromStart };
    Protocol::sample().with_readers(vec![rule])
}

/// A study of these exams, with R1 in front of the first.
fn begun(home: &Path, names: &[&str], with_fat: &[&str]) -> (Study, Driver) {
    let study = Study::init(&home.join("study"), "Balls", &protocol()).unwrap();
    import(&study, home, names, with_fat, 1);
    (study, seated(home))
}

fn seated(home: &Path) -> Driver {
    let mut driver = driver(home);
    open(&mut driver, &home.join("study"));
    enter(&mut driver, "R1");
    driver.run(Command::Tool(ToolCommand::SizeMm(12.0)));
    driver
}

fn train(driver: &mut Driver) {
    for slice in 2..5 {
        stroke(driver, slice, 1, &[[16.0, 22.0], [24.0, 22.0], [20.0, 18.0]]);
        driver.run(Command::Edit(EditCommand::ToggleDone));
    }
    saved(driver);
    learn(driver);
}

/// Trains on what is done.
fn learn(driver: &mut Driver) {
    driver.run(Command::Model(ModelCommand::Steps(6)));
    driver.run_to_end("Training", PATIENCE, Command::Model(ModelCommand::Train)).unwrap();
}

fn told(driver: &Driver) -> String {
    driver.session().notices().iter().map(|n| n.text.clone()).collect::<Vec<_>>().join(" | ")
}

fn sequences(study: &Study, version: u32) -> Vec<String> {
    let folder = study.layout().model_version(&ModelCode::new("marrow-R1").unwrap(), version);
    let (model, _) = osteon::learn::checkpoint::load(&folder).unwrap();
    assert_eq!(model.recipe().is_referred(), model.spec().spec().sequences.len() == 2, "the fat image is the reference");
    model.spec().spec().sequences.clone()
}

fn exam_without(driver: &Driver, study: &Study, sequence: &str) -> ExamCode {
    let lacks = |code: &ExamCode| study.exam(code).unwrap().sequences.iter().all(|s| s.name.as_str() != sequence);
    driver.session().exam_codes().into_iter().find(lacks).unwrap()
}

#[test]
fn a_model_learns_from_water_and_fat_and_an_exam_without_fat_says_so() {
    let home = tempfile::tempdir().unwrap();
    let (study, mut driver) = begun(home.path(), &["a", "b"], &["a", "b"]);
    train(&mut driver);
    assert_eq!(sequences(&study, 1), ["water", "fat"], "{}", told(&driver));
    driver.run_to_end("Proposing", PATIENCE, Command::Model(ModelCommand::ProposeExam)).unwrap();
    assert!(driver.session().exam().unwrap().proposal().is_some(), "{}", told(&driver));

    // An exam that comes later and has no fat image.
    drop(driver);
    import(&study, home.path(), &["c"], &[], 20);
    let mut driver = seated(home.path());
    let code = exam_without(&driver, &study, "fat");
    driver.run_to_end("Opening", PATIENCE, Command::Study(StudyCommand::OpenExam(code.clone()))).unwrap();
    let _ = driver.run_to_end("Proposing", PATIENCE, Command::Model(ModelCommand::ProposeExam));
    assert!(told(&driver).contains(&format!("takes water and fat, but {code} has no sequence fat")), "{}", told(&driver));

    // Training again is the way out: a model of what every exam has.
    drop(driver);
    let mut driver = seated(home.path());
    learn(&mut driver);
    assert_eq!(sequences(&study, 2), ["water"], "{}", told(&driver));
    assert!(told(&driver).contains("trained anew, from water alone: version 1 takes fat"), "{}", told(&driver));
    driver.run_to_end("Proposing", PATIENCE, Command::Model(ModelCommand::ProposeExam)).unwrap();
    assert!(driver.session().exam().unwrap().proposal().is_some(), "{}", told(&driver));
}

/// One step of a fresh net once replaced a model that had learnt, in silence, because it does not go on from that.
#[test]
fn a_model_begun_anew_does_not_replace_a_better_one() {
    let home = tempfile::tempdir().unwrap();
    let (study, mut driver) = begun(home.path(), &["a", "b"], &["a", "b"]);
    driver.run(Command::Model(ModelCommand::Steps(40)));
    for slice in 2..5 {
        stroke(&mut driver, slice, 1, &[[16.0, 22.0], [24.0, 22.0], [20.0, 18.0]]);
        driver.run(Command::Edit(EditCommand::ToggleDone));
    }
    saved(&mut driver);
    driver.run_to_end("Training", PATIENCE, Command::Model(ModelCommand::Train)).unwrap();
    drop(driver);
    import(&study, home.path(), &["c"], &[], 20);
    let mut driver = seated(home.path());
    driver.run(Command::Model(ModelCommand::Steps(1)));
    driver.run_to_end("Training", PATIENCE, Command::Model(ModelCommand::Train)).unwrap();
    assert_eq!(sequences(&study, 2), ["water"], "{}", told(&driver));
    assert_eq!(driver.session().current_version(), Some(1), "{}", told(&driver));
    assert!(told(&driver).contains("not current: it does worse on the held-out slices"), "{}", told(&driver));
}

#[test]
fn a_model_begins_with_the_shipped_one_and_proposes() {
    let home = tempfile::tempdir().unwrap();
    let (study, mut driver) = begun(home.path(), &["a"], &["a"]);
    driver.run_to_end("Beginning", PATIENCE, Command::Model(ModelCommand::BeginShipped)).unwrap();
    assert!(told(&driver).contains("marrow-R1 begins with shipped/marrow"), "{}", told(&driver));
    let session = driver.session();
    assert_eq!((session.current_version(), session.study().unwrap().models["marrow-R1"].len()), (Some(1), 1));
    assert_eq!(sequences(&study, 1), ["water"]);
    driver.run_to_end("Proposing", PATIENCE, Command::Model(ModelCommand::ProposeExam)).unwrap();
    assert!(driver.session().exam().unwrap().proposal().is_some(), "{}", told(&driver));
    // Only the first version begins so.
    let _ = driver.run_to_end("Beginning", PATIENCE, Command::Model(ModelCommand::BeginShipped));
    assert!(told(&driver).contains("has versions already"), "{}", told(&driver));
}

#[test]
fn a_sequence_that_one_exam_lacks_is_not_learnt_from() {
    let home = tempfile::tempdir().unwrap();
    let (study, mut driver) = begun(home.path(), &["a", "b"], &["a"]);
    train(&mut driver);
    assert_eq!(sequences(&study, 1), ["water"], "{}", told(&driver));
}
