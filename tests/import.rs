//! Importing identified images: looked at first, corrected by a person, and not a byte of who it is in the study.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;
#[path = "common/identified.rs"]
mod identified;

use common::{PATIENCE, driver, enter, open, saved, stroke};
use identified::{PLANTED, dicom_series, find_planted, nifti_with_words};
use osteon::session::{Command, EditCommand, FileCommand, ImportCommand, StudyCommand};
use osteon::study::{Assistance, Look, PixelBox, Protocol, ReaderCode, ReaderRule, SequenceName, Study};
use osteon::worker::message::{PickPurpose, Role};
use std::path::{Path, PathBuf};
use std::process::Command as Program;

fn study(home: &Path) -> PathBuf {
    let root = home.join("study");
    let rule = ReaderRule { code: ReaderCode::new("R1").unwrap(), assistance: Assistance::FromStart };
    Study::init(&root, "Knees", &Protocol::sample().with_readers(vec![rule])).unwrap();
    root
}

fn use_path(driver: &mut osteon::headless::Driver, purpose: PickPurpose, path: &Path) {
    driver.run_to_end("Looking", PATIENCE, Command::File(FileCommand::Use(purpose, path.to_owned()))).unwrap();
}

#[test]
fn no_byte_of_a_study_tells_who_it_is() {
    let home = tempfile::tempdir().unwrap();
    let (source, out) = (home.path().join("quasimodo esmeralda"), home.path().join("masks"));
    std::fs::create_dir(&source).unwrap();
    dicom_series(&source.join("pid-77q31"), "Notredame cor W");
    nifti_with_words(&source.join("clopin_knee.nii"));
    // The search finds what is there: the source itself is full of it.
    let in_source = find_planted(&source);
    assert!(PLANTED.iter().all(|word| in_source.iter().any(|(found, _)| found == word)), "planted, but not found: {in_source:?}");
    let root = study(home.path());
    let mut driver = driver(home.path());
    open(&mut driver, &root);
    enter(&mut driver, "R1");
    use_path(&mut driver, PickPurpose::Import, &source);
    use_path(&mut driver, PickPurpose::ImportLink, &home.path().join("link.jsonl"));
    let import = driver.session().import().expect("the page waits for a person").clone();
    assert_eq!((import.table().exams.len(), import.waiting()), (2, 1), "DICOM that does not deny burnt-in names waits");
    assert!(!import.may_go());
    driver.run(Command::Import(ImportCommand::AllClean));
    driver.run_to_end("Importing", PATIENCE, Command::Import(ImportCommand::Go)).unwrap();
    assert_eq!(driver.session().exams().len(), 2);
    let codes: Vec<_> = driver.session().exams().iter().map(|e| e.code.clone()).collect();
    for code in codes {
        driver.run_to_end("Opening", PATIENCE, Command::Study(StudyCommand::OpenExam(code))).unwrap();
        stroke(&mut driver, 1, 2, &[[4.0, 4.0], [9.0, 9.0]]);
        driver.run(Command::Edit(EditCommand::ToggleDone));
        driver.run(Command::Edit(EditCommand::Undo));
        saved(&mut driver);
    }
    driver.run_to_end("Entering", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Coordinator))).unwrap();
    use_path(&mut driver, PickPurpose::Export, &out);
    drop(driver);
    assert_eq!(find_planted(&root), [], "identity in the study");
    assert_eq!(find_planted(&out), [], "identity in what was exported");
    // The coordinator's list, and it alone, knows.
    let list = std::fs::read_to_string(home.path().join("link.jsonl")).unwrap();
    assert!(list.contains("Quasimodo^Esmeralda") && list.contains("PID-77Q31") && list.contains("clopin_knee"), "{list}");
    let record = std::fs::read_dir(root.join("exams")).unwrap().map(|e| e.unwrap().path().join("exam.json"));
    let records: String = record.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    for kept in
        ["\"tr_ms\": 4200.0", "\"te_ms\": 63.0", "\"ti_ms\": 160.0", "\"field_t\": 1.5", "\"vendor\": \"Siemens\"", "\"name\": \"water\""]
    {
        assert!(records.contains(kept), "{kept} is not in {records}");
    }
}

#[test]
fn a_person_corrects_the_import_and_blacks_a_name_out() {
    let home = tempfile::tempdir().unwrap();
    let source = home.path().join("in");
    dicom_series(&source.join("a"), "knee one");
    let root = study(home.path());
    let mut driver = driver(home.path());
    open(&mut driver, &root);
    enter(&mut driver, "R1");
    use_path(&mut driver, PickPurpose::Import, &source);
    driver.wait("Previewing", PATIENCE, |s| s.import().is_some_and(|i| i.preview().is_some())).unwrap();
    let import = driver.session().import().unwrap();
    let preview = import.preview().unwrap();
    assert_eq!((preview.slices, preview.size, preview.grey.len()), (6, [16, 12], 192));
    assert_eq!(import.table().sequence([0, 0]).unwrap().name.as_str(), "stir", "told by inversion recovery");
    let name = SequenceName::new("pd").unwrap();
    driver.run(Command::Import(ImportCommand::Rename([0, 0], name.clone())));
    driver.run(Command::Import(ImportCommand::Go));
    assert!(driver.session().import().is_some(), "nothing is imported before somebody looked");
    driver.run(Command::Import(ImportCommand::Mask([0, 0], PixelBox::between([15, 3], [8, 0]))));
    driver.run_to_end("Importing", PATIENCE, Command::Import(ImportCommand::Go)).unwrap();
    let study = Study::open(&root).unwrap();
    let record = &study.exams().unwrap()[0];
    let image = study.load_image(&record.exam, &name).unwrap();
    let original = osteon::io::read_path(&source, &osteon::io::Watch::quiet()).unwrap().volumes[0].image(0).unwrap();
    for (n, (stored, was)) in image.values().iter().zip(original.values().iter()).enumerate() {
        let (i, j) = (n % 16, n / 16 % 12);
        let black = (8..=15).contains(&i) && j <= 3;
        assert_eq!(*stored, if black { original.range().0 } else { *was }, "{i} {j}");
    }
    // The same again: nothing new, said so, and no empty page.
    use_path(&mut driver, PickPurpose::Import, &source);
    assert!(driver.session().import().is_none());
    assert!(driver.session().notices().iter().any(|n| n.text.contains("has all of its images already")));
}

#[test]
fn one_of_several_readers_never_sees_who_the_patients_are() {
    let home = tempfile::tempdir().unwrap();
    let source = home.path().join("in");
    dicom_series(&source.join("a"), "water");
    common::ball_study(&home.path().join("study"), 1);
    let mut driver = driver(home.path());
    open(&mut driver, &home.path().join("study"));
    enter(&mut driver, "R2");
    driver.run(Command::File(FileCommand::Use(PickPurpose::Import, source)));
    assert!(driver.session().import().is_none());
    assert!(driver.session().notices().iter().any(|n| n.text.contains("Import as coordinator")));
}

#[test]
fn leaving_out_and_cancelling_bring_nothing_in() {
    let home = tempfile::tempdir().unwrap();
    let source = home.path().join("in");
    dicom_series(&source.join("a"), "water");
    let root = study(home.path());
    let mut driver = driver(home.path());
    open(&mut driver, &root);
    enter(&mut driver, "R1");
    use_path(&mut driver, PickPurpose::Import, &source);
    driver.run(Command::Import(ImportCommand::Choose([0, 0], false)));
    assert!(!driver.session().import().unwrap().may_go(), "nothing is chosen");
    driver.run(Command::Import(ImportCommand::Choose([0, 0], true)));
    driver.run(Command::Import(ImportCommand::Look([0, 0], Look::Clean)));
    assert!(driver.session().import().unwrap().may_go());
    driver.run(Command::Import(ImportCommand::Cancel));
    assert!(driver.session().import().is_none() && driver.session().exams().is_empty());
}

fn osteon(args: &[&str]) -> (bool, String, String) {
    let output = Program::new(env!("CARGO_BIN_EXE_osteon")).args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn the_command_line_shows_names_masks_and_roles() {
    let home = tempfile::tempdir().unwrap();
    let source = home.path().join("in");
    dicom_series(&source.join("a"), "first");
    let root = study(home.path());
    let (dir, images) = (root.to_str().unwrap(), source.to_str().unwrap());
    let (ok, out, err) = osteon(&["study", "import", dir, images, "--dry-run"]);
    assert!(ok && out.is_empty() && err.contains("stir") && err.contains("inversion recovery") && err.contains("WAITS"), "{err}");
    let (ok, _, err) = osteon(&["study", "import", dir, images]);
    assert!(
        !ok && err.contains("--confirm-pictures")
            && err.contains("--mask X0,Y0,X1,Y1")
            && Study::open(&root).unwrap().exams().unwrap().is_empty(),
        "{err}"
    );
    let roles = home.path().join("roles.csv");
    std::fs::write(&roles, "source,sequence\nfirst,t1\n").unwrap();
    let with_roles = ["study", "import", dir, images, "--mask", "0,0,3,3", "--roles", roles.to_str().unwrap()];
    let (ok, out, err) = osteon(&with_roles);
    assert!(ok && out.contains(": t1"), "{out}{err}");
    let record = &Study::open(&root).unwrap().exams().unwrap()[0];
    assert!(record.sequences[0].findings.iter().any(|f| f.code == "masked"));
    std::fs::write(&roles, "source,sequence\nnobody,t1\n").unwrap();
    let (ok, _, err) = osteon(&with_roles);
    assert!(!ok && err.contains("no image is called \"nobody\""), "{err}");
}
