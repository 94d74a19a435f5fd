//! The sacro-iliac form: filled in by commands, kept in the journal, sealed, reported and exported.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;

use common::{PATIENCE, ball_study, driver, enter, open, saved};
use osteon::headless::Driver;
use osteon::session::{Command, EditCommand, FormCommand, StudyCommand, ViewCommand};
use osteon::worker::message::{Role, Standing};

fn form(driver: &mut Driver, command: FormCommand) {
    driver.run(Command::Edit(EditCommand::Form(command)));
}

fn notices(driver: &Driver) -> String {
    driver.session().notices().iter().map(|n| n.text.clone()).collect::<Vec<_>>().join(" | ")
}

/// Slices 2 to 7; so many positive half-slices.
fn fill(driver: &mut Driver, half_slices: usize, opinion: bool) {
    driver.run(Command::View(ViewCommand::Slice(1)));
    form(driver, FormCommand::Start);
    for n in 0..half_slices {
        driver.run(Command::View(ViewCommand::Slice(1 + n / 2)));
        form(driver, FormCommand::ToggleHere { joint: n % 2, quadrant: n % 4 });
    }
    form(driver, FormCommand::Opinion(Some(opinion)));
    saved(driver);
}

#[test]
fn forms_are_rows_of_the_read_and_become_tables() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    let study = ball_study(&root, 2);
    let rules = study.protocol().clone();
    let mut driver = driver(home.path());
    open(&mut driver, &root);
    enter(&mut driver, "R2");
    form(&mut driver, FormCommand::Start);
    assert!(driver.session().exam().unwrap().form().first().is_none(), "the protocol does not ask for it");
    std::fs::write(study.layout().protocol(), rules.with_sacroiliac(true).to_toml()).unwrap();
    for (reader, half_slices, opinion) in [("R2", 3, true), ("R3", 1, false)] {
        open(&mut driver, &root);
        enter(&mut driver, reader);
        assert!(driver.session().form_shown());
        form(&mut driver, FormCommand::ToggleHere { joint: 0, quadrant: 0 });
        assert!(notices(&driver).contains("none of the six"), "{}", notices(&driver));
        driver.run_to_end("Looking over", PATIENCE, Command::Study(StudyCommand::Submit)).unwrap();
        let warnings = &driver.session().checked().unwrap().warnings;
        assert!(warnings.iter().any(|w| w.text.contains("sacro-iliac form lacks")), "{warnings:?}");
        fill(&mut driver, half_slices, opinion);
        // Left and come back to: it is what it was.
        let before = driver.session().exam().unwrap().form().clone();
        let (code, other) = (driver.session().exam_codes()[0].clone(), driver.session().exam_codes()[1].clone());
        for exam in [other, code] {
            driver.run_to_end("Opening", PATIENCE, Command::Study(StudyCommand::OpenExam(exam.clone()))).unwrap();
            driver.wait("Opening", PATIENCE, |s| s.exam().is_some_and(|e| *e.code() == exam)).unwrap();
        }
        assert_eq!(driver.session().exam().unwrap().form(), &before);
        assert_eq!((before.positive_half_slices(), before.positive_by_rule(), before.first()), (half_slices, half_slices > 1, Some(1)));
        driver.run_to_end("Looking over", PATIENCE, Command::Study(StudyCommand::Submit)).unwrap();
        assert!(!driver.session().checked().unwrap().warnings.iter().any(|w| w.text.contains("sacro-iliac")));
        driver.run(Command::Study(StudyCommand::Seal));
        let is_sealed = |s: &osteon::session::Session| s.exam().is_some_and(|e| matches!(e.standing(), Standing::Sealed { .. }));
        driver.wait("Sealing", PATIENCE, |s| s.jobs().next().is_none() && is_sealed(s)).unwrap();
        form(&mut driver, FormCommand::Opinion(None));
        assert_eq!(driver.session().exam().unwrap().form(), &before, "a sealed form stands");
    }
    let forms = study.forms().unwrap();
    assert_eq!(forms.iter().map(|f| (f.reader.as_str(), f.form.positive_half_slices())).collect::<Vec<_>>(), [("R2", 3), ("R3", 1)]);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_osteon")).args(["study", "forms"]).arg(&root).output().unwrap();
    let csv = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success() && csv.lines().count() == 1 + 24 && csv.contains(",R2,1,0,2,right,"), "{csv}");
    driver.run_to_end("Entering", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Coordinator))).unwrap();
    driver.run_to_end("Reporting", PATIENCE, Command::Study(StudyCommand::Report(Box::default()))).unwrap();
    let page = std::fs::read_to_string(study.layout().results().join("report/report.html")).unwrap();
    // One says yes, the other no: a tie is undecided, by opinion and by the rule.
    assert!(page.contains("+ / + (3)") && page.contains("− / − (1)") && page.contains("undecided"), "the patients of the form are missing");
    assert!(page.contains("Matthews correlation of readers and majority"));
    assert_eq!(std::fs::read_to_string(study.layout().results().join("report/sacroiliac.csv")).unwrap(), csv);
    assert_eq!(study.check().unwrap().problems, Vec::<String>::new());
}
