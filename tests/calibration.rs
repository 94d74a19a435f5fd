//! The reference atlas and calibration: exams with agreed masks, shown beside the picture, painted and measured.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;

use common::{PATIENCE, ball, ball_study, driver, enter, open, saved, stroke};
use osteon::headless::Driver;
use osteon::io::write_labels_nifti;
use osteon::session::{Command, FileCommand, MaskOptions, NoticeLevel, Session, StudyCommand, Tool, ToolCommand, ViewCommand};
use osteon::study::{PacketOptions, ReaderCode, ReadingRules, Study, make_packet, merge_packet, send_back};
use osteon::volume::{Image, Labels, LayerKind};
use osteon::worker::message::{AtlasMask, Role};
use std::path::Path;
use std::process::Command as Process;

/// Levels 1 and 2 in boxes.
fn agreed(image: &Image) -> Labels {
    let mut labels = Labels::empty(image.grid().clone());
    for (k, j, i) in (3..6).flat_map(|k| (15..25).flat_map(move |j| (14..26).map(move |i| (k, j, i)))) {
        labels.set([i, j, k], if i < 20 { 1 } else { 2 });
    }
    labels
}

fn atlas(home: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = Process::new(env!("CARGO_BIN_EXE_osteon"))
        .args(["study", "atlas"])
        .arg(home.join("study"))
        .args(arguments)
        .env("OSTEON_HOME", home.join("home"))
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

/// A study with a pass mark of 0.6 and one exam in its atlas, added by the command line.
fn with_atlas(home: &Path) -> Study {
    let study = ball_study(&home.join("study"), 1);
    let rules = study.protocol().clone().with_pass_mark(Some(0.6));
    std::fs::write(study.layout().protocol(), rules.to_toml()).unwrap();
    let (file, mask, notes) = (home.join("reference.nii.gz"), home.join("agreed.nii.gz"), home.join("notes.txt"));
    let image = ball(50.0);
    osteon::io::write_image_nifti(&file, &image).unwrap();
    std::fs::write(&notes, "Diffuse oedema.\n5: level 2 on the left half only\n").unwrap();
    // A mask on another grid is refused, and nothing of the exam stays.
    write_labels_nifti(&mask, &agreed(&ball(51.0)), "test").unwrap();
    let paths = [&file, &mask, &notes].map(|p| p.to_str().unwrap().to_owned());
    let add = ["--add", &paths[0], "--mask", &paths[1], "--notes", &paths[2]];
    let error = atlas(home, &add).unwrap_err();
    assert!(error.contains("does not lie on the grid") && error.lines().filter(|l| l.starts_with("osteon: ")).count() == 1, "{error}");
    assert!(study.atlas().layout().exam_codes().unwrap().is_empty());
    write_labels_nifti(&mask, &agreed(&image), "test").unwrap();
    assert!(atlas(home, &add).unwrap().contains("is in the atlas"));
    Study::open(&home.join("study")).unwrap()
}

fn notices(driver: &Driver) -> String {
    driver.session().notices().iter().map(|n| n.text.clone()).collect::<Vec<_>>().join(" | ")
}

fn seal_and_measure(driver: &mut Driver) {
    let code = driver.session().exam().unwrap().code().clone();
    driver.run_to_end("Looking over", PATIENCE, Command::Study(StudyCommand::Submit)).unwrap();
    driver.run(Command::Study(StudyCommand::Seal));
    let is_measured = |s: &Session| s.jobs().next().is_none() && s.atlas().measured(&code).is_some();
    driver.wait("Measuring", PATIENCE, is_measured).unwrap();
}

#[test]
fn a_reader_calibrates_sees_the_difference_and_goes_back_to_reading() {
    let home = tempfile::tempdir().unwrap();
    let study = with_atlas(home.path());
    let code = study.atlas().codes().unwrap()[0].clone();
    let reader = ReaderCode::new("R2").unwrap();
    assert_eq!(study.is_calibrated(&reader).unwrap(), Some(false));
    let mut driver = driver(home.path());
    open(&mut driver, &home.path().join("study"));
    enter(&mut driver, "R2");
    assert!(notices(&driver).contains("asks you to calibrate first"), "{}", notices(&driver));
    // One key: the atlas beside the slice, with its notes.
    driver.run_to_end("Atlas", PATIENCE, Command::View(ViewCommand::ToggleAtlas)).unwrap();
    let shown = driver.session().atlas().shown().unwrap();
    assert_eq!((&shown.exam.code, shown.exam.notes.slices.get(&5).map(String::as_str)), (&code, Some("level 2 on the left half only")));
    assert!(shown.exam.agreed.same_labels(&agreed(&ball(50.0))));
    // Calibrating: the same person, the atlas' exam under its own code, its mask hidden.
    driver.run_to_end("Calibrating", PATIENCE, Command::Study(StudyCommand::Calibrate)).unwrap();
    driver.wait("Opening", PATIENCE, |s| s.exam().is_some()).unwrap();
    assert!(driver.session().calibrates() && driver.session().role() == Some(&Role::Reader(reader.clone())));
    assert_eq!(driver.session().exam_codes(), std::slice::from_ref(&code));
    assert!(!driver.session().atlas().is_open() && driver.session().atlas().shown().is_none());
    let hidden = driver.run_to_end("Atlas", PATIENCE, Command::View(ViewCommand::ToggleAtlas)).unwrap_err().to_string();
    assert!(hidden.contains("hidden while you calibrate"), "{hidden}");
    let errors: Vec<u64> = driver.session().notices().iter().filter(|n| n.level == NoticeLevel::Error).map(|n| n.id).collect();
    errors.into_iter().for_each(|id| driver.run(Command::View(ViewCommand::DismissNotice(id))));
    // First a poor read, then what was agreed on.
    stroke(&mut driver, 4, 1, &[[20.0, 20.0]]);
    saved(&mut driver);
    seal_and_measure(&mut driver);
    let first = driver.session().atlas().measured(&code).unwrap();
    assert_eq!(first.result.passed(), Some(false), "{:?}", first.result);
    assert!(first.difference.counts().of(3) > 0, "places that only the atlas holds");
    assert!(driver.session().atlas().is_open() && driver.session().atlas().shown().unwrap().exam.code == code, "the mask is shown now");
    driver.run_to_end("Again", PATIENCE, Command::Study(StudyCommand::ReadAgain)).unwrap();
    driver.run(Command::Tool(ToolCommand::Layer(LayerKind::Marrow)));
    let import = Command::File(FileCommand::ImportMask(home.path().join("agreed.nii.gz"), MaskOptions::default()));
    driver.run_to_end("Importing", PATIENCE, import).unwrap();
    saved(&mut driver);
    driver.run_to_end("Looking over", PATIENCE, Command::Study(StudyCommand::Submit)).unwrap();
    driver.run(Command::Study(StudyCommand::Seal));
    let passed = |s: &Session| s.jobs().next().is_none() && s.atlas().measured(&code).is_some_and(|m| m.result.passed() == Some(true));
    driver.wait("Measuring", PATIENCE, passed).unwrap();
    let second = driver.session().atlas().measured(&code).unwrap();
    assert_eq!(second.result.levels.iter().map(|l| l.dice).collect::<Vec<_>>(), [Some(1.0), Some(1.0), None, Some(1.0)]);
    assert_eq!((second.result.read, second.difference.counts().of(1)), (2, 360));
    // Back in the study, as the same reader, calibrated.
    driver.run_to_end("Back", PATIENCE, Command::Study(StudyCommand::EndCalibration)).unwrap();
    driver.wait("Opening", PATIENCE, |s| s.exam().is_some_and(|e| *e.code() != code)).unwrap();
    assert!(!driver.session().calibrates() && driver.session().role() == Some(&Role::Reader(reader.clone())));
    assert_eq!(driver.session().study().unwrap().atlas.calibrated.get(&reader), Some(&true));
    let results = study.calibrations(&reader).unwrap();
    assert_eq!(results.iter().map(osteon::study::CalibrationResult::passed).collect::<Vec<_>>(), [Some(false), Some(true)]);
    let said = atlas(home.path(), &[]).unwrap();
    assert!(
        said.contains("R2 is calibrated") && said.contains("R1 is not calibrated yet") && said.contains("below the pass mark"),
        "{said}"
    );
    assert_eq!(study.check().unwrap().problems, Vec::<String>::new());
}

#[test]
fn a_packet_takes_the_atlas_along_and_brings_results_back() {
    let home = tempfile::tempdir().unwrap();
    let study = with_atlas(home.path());
    let code = study.atlas().codes().unwrap()[0].clone();
    let reader = ReaderCode::new("R2").unwrap();
    let options = PacketOptions {
        reader: reader.clone(),
        out: home.path().join("R2.osteonpacket"),
        code_map: home.path().join("code-map.json"),
        seed: Some(3),
        again: false,
        model: None,
    };
    let mut rng = <rand_chacha::ChaCha8Rng as rand::SeedableRng>::seed_from_u64(4);
    make_packet(&study, &options, &mut rng, &osteon::io::Watch::quiet()).unwrap();
    let there = home.path().join("there");
    let mut driver = driver(&there);
    open(&mut driver, &options.out);
    driver.wait("Opening", PATIENCE, |s| s.exam().is_some()).unwrap();
    driver.run_to_end("Calibrating", PATIENCE, Command::Study(StudyCommand::Calibrate)).unwrap();
    driver.wait("Opening", PATIENCE, |s| s.exam().is_some_and(|e| *e.code() == code)).unwrap();
    seal_and_measure(&mut driver);
    driver.run_to_end("Back", PATIENCE, Command::Study(StudyCommand::EndCalibration)).unwrap();
    driver.wait("Opening", PATIENCE, |s| s.exam().is_some_and(|e| *e.code() != code)).unwrap();
    driver.run_to_end("Looking over", PATIENCE, Command::Study(StudyCommand::Submit)).unwrap();
    driver.run_to_end("Sealing", PATIENCE, Command::Study(StudyCommand::Seal)).unwrap();
    let copy = Study::open(&driver.session().study().unwrap().root).unwrap();
    drop(driver);
    let back = there.join("back");
    send_back(&copy, &back).unwrap();
    assert!(study.calibrations(&reader).unwrap().is_empty());
    assert_eq!(merge_packet(&study, &back, &options.code_map).unwrap().merged.len(), 1);
    let results = study.calibrations(&reader).unwrap();
    assert_eq!((results.len(), results[0].passed(), &results[0].exam), (1, Some(false), &code));
    assert!(merge_packet(&study, &back, &options.code_map).unwrap_err().to_string().contains("was merged before"));
    assert_eq!(study.calibrations(&reader).unwrap(), results);
}

#[test]
fn the_coordinator_takes_an_exam_into_the_atlas_once_everybody_has_sealed_it() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    let study = ball_study(&root, 2);
    let mut driver = driver(home.path());
    open(&mut driver, &root);
    let readers: Vec<String> = study.protocol().readers().iter().map(|r| r.code.to_string()).collect();
    let add = |mask| Command::Study(StudyCommand::AddToAtlas { mask, notes: "Clear case.\n5: level 2 only here".into() });
    let coordinate = |driver: &mut Driver| {
        driver.run_to_end("Entering", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Coordinator))).unwrap();
        driver.run_to_end("Opening", PATIENCE, Command::Study(StudyCommand::OpenExam(driver.session().exam_codes()[0].clone()))).unwrap();
        driver.run(Command::Study(StudyCommand::BeginAtlasExam));
    };
    for (at, reader) in readers.iter().enumerate() {
        // A reader cannot begin it at all.
        enter(&mut driver, reader);
        driver.run(Command::Study(StudyCommand::BeginAtlasExam));
        assert!(driver.session().atlas().adding().is_none() && notices(&driver).contains("Only the coordinator adds exams"));
        stroke(&mut driver, 4, 2, &[[20.0, 20.0]]);
        saved(&mut driver);
        if at + 1 == readers.len() {
            // The last one still reads: it would tell them what to draw.
            coordinate(&mut driver);
            let error = driver.run_to_end("Adding", PATIENCE, add(AtlasMask::Consensus)).unwrap_err().to_string();
            assert!(error.contains(&format!("waits for sealed reads by {reader}")), "{error}");
            let errors: Vec<u64> = driver.session().notices().iter().filter(|n| n.level == NoticeLevel::Error).map(|n| n.id).collect();
            errors.into_iter().for_each(|id| driver.run(Command::View(ViewCommand::DismissNotice(id))));
            enter(&mut driver, reader);
        }
        driver.run_to_end("Looking over", PATIENCE, Command::Study(StudyCommand::Submit)).unwrap();
        driver.run_to_end("Sealing", PATIENCE, Command::Study(StudyCommand::Seal)).unwrap();
    }
    coordinate(&mut driver);
    let exam = driver.session().atlas().adding().unwrap().clone();
    driver.run_to_end("Adding", PATIENCE, add(AtlasMask::Read(ReaderCode::new(&readers[0]).unwrap()))).unwrap();
    assert!(notices(&driver).contains("The atlas holds the exam as K-"), "{}", notices(&driver));
    assert_eq!(driver.session().study().unwrap().atlas.exams, 1);
    driver.run_to_end("Atlas", PATIENCE, Command::View(ViewCommand::ToggleAtlas)).unwrap();
    let shown = driver.session().atlas().shown().unwrap();
    assert_eq!((shown.exam.notes.general.as_str(), shown.exam.notes.slices[&5].as_str()), ("Clear case.", "level 2 only here"));
    assert!(shown.exam.agreed.counts().of(2) > 0 && shown.exam.code != exam);
    // Nothing in it tells which exam, patient or reader it was.
    let patient = study.exams().unwrap().iter().find(|r| r.exam == exam).unwrap().patient.to_string();
    for (path, bytes) in common::files(&study.layout().atlas()) {
        for word in readers.iter().map(String::as_str).chain([exam.as_str(), &patient]) {
            let quoted = format!("\"{word}\"");
            assert!(!bytes.windows(quoted.len()).any(|w| w == quoted.as_bytes()), "{word} in {}", path.display());
        }
    }
    // The same exam twice is refused; the other one can come by consensus.
    driver.run(Command::Study(StudyCommand::BeginAtlasExam));
    let twice = driver.run_to_end("Adding", PATIENCE, add(AtlasMask::Consensus)).unwrap_err().to_string();
    assert!(twice.contains("holds") && twice.contains("already"), "{twice}");
    assert_eq!(study.atlas().codes().unwrap().len(), 1);
    assert_eq!(Study::open(&root).unwrap().check().unwrap().problems, Vec::<String>::new());
}

#[test]
fn tools_that_the_protocol_does_not_allow_cannot_be_taken() {
    let home = tempfile::tempdir().unwrap();
    let study = ball_study(&home.path().join("study"), 1);
    let rules = study.protocol().clone().with_tools(Some(&["eraser", "lasso"]));
    std::fs::write(study.layout().protocol(), rules.to_toml()).unwrap();
    let mut driver = driver(home.path());
    open(&mut driver, study.layout().root());
    enter(&mut driver, "R2");
    assert_eq!(driver.session().tool().tool, Tool::Eraser, "the first tool that is allowed is in hand");
    for tool in Tool::ALL {
        driver.run(Command::Tool(ToolCommand::Choose(tool)));
        assert_eq!(driver.session().tool().tool == tool, ["eraser", "lasso"].contains(&tool.word()), "{}", tool.name());
    }
    driver.run(Command::Edit(osteon::session::EditCommand::Shape(osteon::session::ShapeCommand::FillHoles)));
    assert!(notices(&driver).contains("does not allow operations on whole shapes"), "{}", notices(&driver));
    for word in osteon::study::TOOL_WORDS {
        assert!(word == "shapes" || Tool::ALL.iter().any(|tool| tool.word() == word), "{word} is no tool");
    }
}

#[test]
fn the_protocol_may_keep_the_atlas_away_from_reading() {
    let home = tempfile::tempdir().unwrap();
    let study = with_atlas(home.path());
    let reading = ReadingRules { atlas: false, ..study.protocol().reading() };
    let rules = study.protocol().clone().with_pass_mark(None).with_reading(reading);
    std::fs::write(study.layout().protocol(), rules.to_toml()).unwrap();
    let study = Study::open(&home.path().join("study")).unwrap();
    let mut driver = driver(home.path());
    open(&mut driver, &home.path().join("study"));
    enter(&mut driver, "R2");
    driver.run(Command::View(ViewCommand::ToggleAtlas));
    assert!(!driver.session().atlas().is_open() && notices(&driver).contains("keeps the atlas away"), "{}", notices(&driver));
    driver.run_to_end("Entering", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Coordinator))).unwrap();
    driver.run_to_end("Opening", PATIENCE, Command::View(ViewCommand::ToggleAtlas)).unwrap();
    assert!(driver.session().atlas().is_open() && driver.session().atlas().shown().is_some(), "the coordinator looks");
    // Nor does it travel, unless readers calibrate on it.
    let make = |study: &Study, name: &str| {
        let options = PacketOptions {
            reader: ReaderCode::new("R2").unwrap(),
            out: home.path().join(name),
            code_map: home.path().join("code-map.json"),
            seed: Some(3),
            again: true,
            model: None,
        };
        let mut rng = <rand_chacha::ChaCha8Rng as rand::SeedableRng>::seed_from_u64(name.len() as u64);
        make_packet(study, &options, &mut rng, &osteon::io::Watch::quiet()).unwrap();
        let mut there = common::driver(&home.path().join(format!("there-{name}")));
        open(&mut there, &options.out);
        there.session().study().unwrap().atlas.exams
    };
    assert_eq!(make(&study, "away"), 0);
    std::fs::write(study.layout().protocol(), study.protocol().clone().with_pass_mark(Some(0.5)).to_toml()).unwrap();
    assert_eq!(make(&Study::open(&home.path().join("study")).unwrap(), "calibrates"), 1);
}
