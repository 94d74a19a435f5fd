//! Bugs of the learning engine.

use crate::common::{ball_study, driver, enter, open, saved, stroke};
use osteon::headless::Driver;
use osteon::learn::{Arithmetic, Compute, Example, ModelSpec, Plan, Recipe, TrainOptions, Trainer, by_hand, checkpoint};
use osteon::session::{Command, EditCommand, ModelCommand, StudyCommand, ToolCommand, ViewCommand};
use osteon::study::{ExamCode, Part, Split};
use osteon::volume::LayerKind;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(120);

/// R1 before a study of balls, of which the exams have these parts.
fn seated(home: &Path, parts: &[Part]) -> (Driver, PathBuf, Vec<ExamCode>) {
    let root = home.join("study");
    let study = ball_study(&root, parts.len());
    let records = study.exams().unwrap();
    let mut split = Split::load(study.layout()).unwrap();
    for (record, part) in records.iter().zip(parts) {
        split.assign(record.patient.clone(), *part);
    }
    split.save(study.layout()).unwrap();
    let mut driver = driver(home);
    open(&mut driver, &root);
    enter(&mut driver, "R1");
    driver.run(Command::Model(ModelCommand::Steps(10)));
    (driver, root, records.into_iter().map(|record| record.exam).collect())
}

/// Draws level 1 on slices of an exam and marks them done.
fn read(driver: &mut Driver, exam: &ExamCode, slices: std::ops::Range<usize>) {
    driver.run(Command::Study(StudyCommand::OpenExam(exam.clone())));
    driver.wait("Opening", PATIENCE, |s| s.exam().is_some_and(|e| e.code() == exam)).unwrap();
    driver.run(Command::Tool(ToolCommand::SizeMm(12.0)));
    for slice in slices {
        stroke(driver, slice, 1, &[[16.0, 22.0], [24.0, 22.0]]);
        driver.run(Command::Edit(EditCommand::ToggleDone));
    }
    saved(driver);
}

fn told(driver: &Driver) -> String {
    driver.session().notices().iter().map(|notice| notice.text.as_str()).collect::<Vec<_>>().join("\n")
}

/// As long as no training exam was read, slices of validation exams were once learnt from, and judged that model later.
#[test]
fn a_validation_exam_is_never_learnt_from() {
    let home = tempfile::tempdir().unwrap();
    let (mut driver, root, codes) = seated(home.path(), &[Part::Validate, Part::Train]);
    read(&mut driver, &codes[0], 2..6);
    driver.run_to_end("Training", PATIENCE, Command::Model(ModelCommand::Train)).unwrap_err();
    assert!(told(&driver).contains("mark at least one slice of a training exam as done. What is done so far is of"), "{}", told(&driver));
    for id in driver.session().notices().iter().map(|notice| notice.id).collect::<Vec<_>>() {
        driver.run(Command::View(ViewCommand::DismissNotice(id)));
    }
    read(&mut driver, &codes[1], 3..5);
    driver.run_to_end("Training", PATIENCE, Command::Model(ModelCommand::Train)).unwrap();
    let card = checkpoint::load(&root.join("models/marrow-R1/1")).unwrap().1;
    assert!(card.data_hashes.iter().all(|hash| hash.starts_with(&format!("{}:2:", codes[1]))), "{:?}", card.data_hashes);
    assert_eq!(card.held_out, "4 slices of 1 validation exam");
    // The threads of the pool that trained, not of the machine.
    assert_eq!(card.threads, 2);
}

/// Slices learnt while a validation exam judged once judged the next version, and the one that had learnt them, when the marks on the
/// validation exam were taken back.
#[test]
fn what_a_version_learnt_never_judges_it() {
    let home = tempfile::tempdir().unwrap();
    let (mut driver, root, codes) = seated(home.path(), &[Part::Validate, Part::Train]);
    read(&mut driver, &codes[0], 3..5);
    read(&mut driver, &codes[1], 1..5);
    driver.run_to_end("Training", PATIENCE, Command::Model(ModelCommand::Train)).unwrap();
    let card = |version: u32| checkpoint::load_card(&root.join(format!("models/marrow-R1/{version}"))).unwrap();
    assert_eq!(card(1).learnt_slices, [(codes[1].to_string(), (1..5).collect())].into());
    driver.run(Command::Study(StudyCommand::OpenExam(codes[0].clone())));
    driver.wait("Opening", PATIENCE, |s| s.exam().is_some_and(|e| *e.code() == codes[0])).unwrap();
    for slice in 3..5 {
        driver.run(Command::View(ViewCommand::Slice(slice)));
        driver.run(Command::Edit(EditCommand::ToggleDone));
    }
    saved(&mut driver);
    driver.run_to_end("Training", PATIENCE, Command::Model(ModelCommand::Train)).unwrap();
    assert_eq!(card(2).held_out, "nothing held out: too few slices are done", "{:?}", card(2));
    // A slice marked later is one to judge by.
    read(&mut driver, &codes[1], 7..8);
    driver.run_to_end("Training", PATIENCE, Command::Model(ModelCommand::Train)).unwrap();
    assert!(card(3).held_out.starts_with("1 slice of the training exams"), "{:?}", card(3));
}

/// Reading an exam once more, with nothing done yet, once took its sealed read out of training.
#[test]
fn a_read_just_begun_again_takes_nothing_from_training() {
    let home = tempfile::tempdir().unwrap();
    let (mut driver, root, codes) = seated(home.path(), &[Part::Train, Part::Train]);
    read(&mut driver, &codes[0], 3..5);
    driver.run(Command::Study(StudyCommand::Seal));
    driver.wait("Sealing", PATIENCE, |s| s.study().is_some_and(|study| study.exams.iter().any(|exam| !exam.sealed.is_empty()))).unwrap();
    driver.run(Command::Study(StudyCommand::OpenExam(codes[0].clone())));
    driver.wait("Opening", PATIENCE, |s| s.exam().is_some_and(|e| *e.code() == codes[0])).unwrap();
    driver.run_to_end("Opening", PATIENCE, Command::Study(StudyCommand::ReadAgain)).unwrap();
    assert!(root.join(format!("reads/R1/{}/2.sqlite", codes[0])).exists());
    driver.run_to_end("Training", PATIENCE, Command::Model(ModelCommand::Train)).unwrap();
    let card = checkpoint::load_card(&root.join("models/marrow-R1/1")).unwrap();
    assert!(card.data_hashes.iter().any(|hash| hash.starts_with(&format!("{}:2:", codes[0]))), "{:?}", card.data_hashes);
}

/// Whoever went back to a version while another was trained found the new one current all the same, never compared with theirs.
#[test]
fn a_version_made_current_while_another_is_trained_stays_so() {
    let home = tempfile::tempdir().unwrap();
    let (mut driver, root, codes) = seated(home.path(), &[Part::Train, Part::Train]);
    read(&mut driver, &codes[0], 3..6);
    for _ in 0..2 {
        driver.run_to_end("Training", PATIENCE, Command::Model(ModelCommand::Train)).unwrap();
    }
    driver.run(Command::Model(ModelCommand::Steps(20)));
    driver.run(Command::Model(ModelCommand::Train));
    // It has begun from version 2 for certain.
    driver.wait("Training", PATIENCE, |s| s.training().latest().is_some_and(|p| p.step > 0)).unwrap();
    driver.run(Command::Model(ModelCommand::MakeCurrent(1)));
    driver.wait("Training", PATIENCE, |s| !s.training().is_running()).unwrap();
    assert_eq!(driver.session().current_version(), Some(1), "{}", told(&driver));
    assert!(root.join("models/marrow-R1/3").exists());
    assert!(told(&driver).contains("version 1 was made current meanwhile"), "{}", told(&driver));
}

/// A training of which no pixel counted once saved its random weights as the current version.
#[test]
fn where_no_pixel_counts_nothing_is_saved() {
    let home = tempfile::tempdir().unwrap();
    let (mut driver, root, codes) = seated(home.path(), &[Part::Train]);
    read(&mut driver, &codes[0], 3..5);
    driver.run(Command::Tool(ToolCommand::Layer(LayerKind::Exclusion)));
    driver.run(Command::Tool(ToolCommand::SizeMm(200.0)));
    for slice in 3..5 {
        let rows: Vec<[f64; 2]> = (0..44).flat_map(|v| [[0.0, f64::from(v)], [39.0, f64::from(v)]]).collect();
        stroke(&mut driver, slice, 1, &rows);
    }
    saved(&mut driver);
    driver.run(Command::Tool(ToolCommand::Layer(LayerKind::Marrow)));
    driver.run_to_end("Training", PATIENCE, Command::Model(ModelCommand::Train)).unwrap_err();
    assert!(told(&driver).contains("Not one pixel of the slices marked done counts"), "{}", told(&driver));
    assert!(!root.join("models/marrow-R1/1").exists());
}

/// With bf16, layers of few rows whose channels are no multiple of 64 (the 96 of a net of 24) had the gradients of their last
/// channels mixed up: of nine taps four held another one's and four stayed 0.
#[test]
fn the_last_channels_of_wide_layers_learn_with_bf16_too() {
    let gradient = |arithmetic: Arithmetic| {
        let spec = ModelSpec { base: 96, depth: 1, seed: 3, ..ModelSpec::new("water", "marrow", 1, "R1") }.check().unwrap();
        let mut trainer = Trainer::new(&spec, Recipe::default(), TrainOptions::default()).unwrap().on(&Compute::cpu(arithmetic));
        let planes: Vec<f32> = (0..256).map(|n| ((n * 7919) % 101) as f32 / 101.0 + (n % 16 / 8) as f32).collect();
        let example = Example::new(planes, (0..256).map(|n| u8::from(n % 16 > 7)).collect(), [16, 16]).unwrap();
        trainer.step(&[&example], &AtomicBool::new(false)).unwrap().gradient
    };
    let (single, half) = (gradient(Arithmetic::F32), gradient(Arithmetic::Bf16));
    assert!((half - single).abs() < 0.03 * single, "{half} for {single}");
}

/// The page on learning named the steps of a recipe without their fields, so that none could be written down from it.
#[test]
fn every_step_and_plan_on_the_page_about_learning_can_be_read() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/learning.md")).unwrap();
    let code = || page.split('`').skip(1).step_by(2).map(str::trim);
    let steps: BTreeSet<&str> = code().filter(|text| text.starts_with(r#"{"step":"#)).collect();
    assert_eq!(steps.len(), 6, "{steps:?}");
    for step in steps {
        let recipe = by_hand::<Recipe>(&format!(r#"{{"steps": [{step}]}}"#)).unwrap();
        assert!(recipe.steps.len() == 1 && recipe.check().is_ok(), "{step}");
    }
    let plans: Vec<&str> = code().filter(|text| text.starts_with(r#"{"recipe":"#)).collect();
    assert_eq!(plans.len(), 2, "{plans:?}");
    for plan in plans {
        by_hand::<Plan>(plan).unwrap().check().unwrap();
    }
    let whole = page.split("```json").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert_eq!(by_hand::<Plan>(whole).unwrap(), Plan::default(), "the page shows every default");
}

/// `propose`, `train` and `evaluate` once began reads in the reader's name, counted the machine's time as theirs and moved the
/// place where they had left off.
#[test]
fn commands_that_only_look_leave_the_reads_as_they_are() {
    let home = tempfile::tempdir().unwrap();
    let (mut driver, root, codes) = seated(home.path(), &[Part::Train, Part::Train]);
    read(&mut driver, &codes[0], 2..6);
    driver.run_to_end("Training", PATIENCE, Command::Model(ModelCommand::Train)).unwrap();
    drop(driver);
    let kept = || {
        let mut files = crate::common::files(&root);
        files.retain(|path, _| !path.starts_with("models") && !path.starts_with("results"));
        files
    };
    let before = kept();
    let osteon = |words: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_osteon"));
        let out = command.arg(words[0]).arg(&root).args(&words[1..]).env("OSTEON_HOME", home.path()).output().unwrap();
        assert!(out.status.success(), "{words:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).unwrap()
    };
    let proposed = osteon(&["propose", "--model", "marrow-R1"]);
    assert_eq!(proposed.lines().count(), 2, "on an exam without a read, too: {proposed}");
    osteon(&["evaluate", "--model", "marrow-R1"]);
    osteon(&["train", "--model", "marrow-R1", "--steps", "2"]);
    assert_eq!(kept().keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
    assert!(kept() == before, "not a byte of a read or a place changes");
}
