//! Triage: proposals on unread exams, accepted or refused whole, over real files and workers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;

use common::{PATIENCE, ball_study, driver, enter, open, saved, stroke};
use osteon::edit::CommitKind;
use osteon::headless::Driver;
use osteon::session::{Command, EditCommand, ModelCommand, ReviewStanding, StudyCommand, ToolCommand, ViewCommand, Workspace};
use osteon::study::{ExamCode, Part, ReaderCode, Study};
use osteon::volume::LayerKind;

fn notices(driver: &Driver) -> String {
    driver.session().notices().iter().map(|n| n.text.clone()).collect::<Vec<_>>().join(" | ")
}

fn open_exam(driver: &mut Driver, code: &ExamCode) {
    driver.run_to_end("Opening", PATIENCE, Command::Study(StudyCommand::OpenExam(code.clone()))).unwrap();
}

fn read_by_hand(driver: &mut Driver, code: &ExamCode) {
    open_exam(driver, code);
    driver.run(Command::Tool(ToolCommand::SizeMm(12.0)));
    for slice in 2..6 {
        stroke(driver, slice, 1, &[[16.0, 22.0], [24.0, 22.0], [20.0, 18.0], [20.0, 26.0]]);
        driver.run(Command::Edit(EditCommand::ToggleDone));
    }
    saved(driver);
}

fn proposed(driver: &mut Driver, code: &ExamCode) {
    driver.wait("Proposing", PATIENCE, |s| s.exam().is_some_and(|e| e.code() == code && e.proposal().is_some())).unwrap();
}

/// Five exams, by hand: three to train on, one to validate, one to test; R1 has read the first and the validation exam and
/// trained once.
fn trained(home: &std::path::Path) -> (Driver, Study, Vec<ExamCode>) {
    let study = ball_study(&home.join("study"), 5);
    let mut split = osteon::study::Split::load(study.layout()).unwrap();
    let parts = [Part::Train, Part::Train, Part::Train, Part::Validate, Part::Test];
    for (record, part) in study.exams().unwrap().iter().zip(parts) {
        split.assign(record.patient.clone(), part);
    }
    split.save(study.layout()).unwrap();
    let mut driver = driver(home);
    open(&mut driver, &home.join("study"));
    enter(&mut driver, "R1");
    let codes = driver.session().exam_codes();
    read_by_hand(&mut driver, &codes[0]);
    read_by_hand(&mut driver, &codes[3]);
    driver.run(Command::Model(ModelCommand::Steps(10)));
    driver.run_to_end("Training", PATIENCE, Command::Model(ModelCommand::Train)).unwrap();
    (driver, study, codes)
}

#[test]
fn accepted_exams_join_the_training_set_and_can_be_left_out_again() {
    let home = tempfile::tempdir().unwrap();
    let (mut driver, study, codes) = trained(home.path());
    let r1 = ReaderCode::new("R1").unwrap();
    driver.run(Command::Model(ModelCommand::Ablate));
    let failed = driver.wait("Ablating", PATIENCE, |s| !s.training().is_running()).err().map(|e| e.to_string());
    assert!(failed.is_some_and(|f| f.contains("accepted in Review")), "{}", notices(&driver));
    for id in driver.session().notices().iter().map(|n| n.id).collect::<Vec<_>>() {
        driver.run(Command::View(ViewCommand::DismissNotice(id)));
    }
    driver.run(Command::View(ViewCommand::Workspace(Workspace::Review)));
    let listed: Vec<ExamCode> = driver.session().review_exams().iter().map(|(e, _)| e.code.clone()).collect();
    assert_eq!(listed, codes[1..3], "only unread training exams are shown");
    driver.wait("Ranking", PATIENCE, |s| s.review().gains().len() == 2).unwrap();
    // The exam that the model is surest of comes first by itself, with a proposal.
    driver.wait("Opening", PATIENCE, |s| s.exam().is_some_and(|e| codes[1..3].contains(e.code()) && e.proposal().is_some())).unwrap();
    let first = driver.session().exam().unwrap().code().clone();
    let other = codes[1..3].iter().find(|c| **c != first).unwrap().clone();
    let wanted = driver.session().exam().unwrap().proposal().unwrap().result.labels.to_dense();
    assert!(driver.session().may_accept());
    driver.run(Command::Model(ModelCommand::Accept));
    proposed(&mut driver, &other);
    driver.run(Command::Model(ModelCommand::Refuse));
    saved(&mut driver);
    let standing =
        |driver: &Driver, code: &ExamCode| driver.session().review_exams().iter().find(|(e, _)| e.code == *code).map(|(_, s)| *s);
    assert_eq!(standing(&driver, &first), Some(ReviewStanding::Accepted));
    assert_eq!(standing(&driver, &other), Some(ReviewStanding::Refused));
    // On disk: the labels as proposed, done, and of kind Accepted.
    open_exam(&mut driver, &first);
    let exam = driver.session().exam().unwrap();
    assert_eq!(exam.layers().labels(LayerKind::Marrow).to_dense(), wanted);
    assert_eq!(exam.layers().done_slices(LayerKind::Marrow).len(), 8);
    let mut kinds = std::collections::HashSet::new();
    exam.layers().labels(LayerKind::Marrow).for_each_labelled(|v, _| {
        kinds.insert(exam.layers().provenance(LayerKind::Marrow, v));
    });
    assert!(kinds.iter().all(|k| *k == Some(CommitKind::Accepted("marrow-R1/1".into()))), "{kinds:?}");
    let view = osteon::study::ReadView::open(&study.layout().read(&r1, &first, 1)).unwrap();
    assert!(view.triage().unwrap().is_accepted(LayerKind::Marrow));
    // With and without: neither is saved.
    driver.run_to_end("Ablating", PATIENCE, Command::Model(ModelCommand::Ablate)).unwrap();
    let ablated = driver.session().training().ablated().expect("an exam was accepted").clone();
    assert_eq!(ablated.slices, [8, 4]);
    assert!(ablated.held_out.contains("validation"), "{}", ablated.held_out);
    assert_eq!(driver.session().study().unwrap().models["marrow-R1"].len(), 1);
    // A retraining counts them on its card.
    driver.run_to_end("Training", PATIENCE, Command::Model(ModelCommand::Train)).unwrap();
    let last = driver.session().study().unwrap().models["marrow-R1"].last().unwrap().clone();
    assert_eq!((last.accepted, last.slices, last.parent), (8, 12, Some(1)));
    driver.run_to_end("Judging", PATIENCE, Command::Model(ModelCommand::Compare([1, 2]))).unwrap();
    assert_eq!(driver.session().training().judged().unwrap().versions.len(), 2);
    // Corrected by hand it is the reader's own; taken back it is empty.
    driver.run(Command::View(ViewCommand::Workspace(Workspace::Read)));
    stroke(&mut driver, 4, 3, &[[5.0, 5.0]]);
    assert!(!driver.session().exam().unwrap().triage().is_accepted(LayerKind::Marrow));
    assert!(driver.session().exams().iter().all(|e| e.accepted.is_empty()));
    saved(&mut driver);
}

#[test]
fn an_acceptance_can_be_taken_back_and_the_model_says_where_it_is_unsure() {
    let home = tempfile::tempdir().unwrap();
    let (mut driver, _, codes) = trained(home.path());
    driver.run(Command::View(ViewCommand::Workspace(Workspace::Review)));
    driver.wait("Opening", PATIENCE, |s| s.exam().is_some_and(|e| e.proposal().is_some())).unwrap();
    let exam = driver.session().exam().unwrap().code().clone();
    driver.run_to_end("Doubt", PATIENCE, Command::Model(ModelCommand::ToggleDoubt)).unwrap();
    assert_eq!(driver.session().exam().unwrap().doubt().map(|d| d.exam.clone()), Some(exam.clone()));
    driver.run(Command::Model(ModelCommand::ToggleDoubt));
    assert!(driver.session().exam().unwrap().doubt().is_none());
    driver.run(Command::Model(ModelCommand::Accept));
    driver.wait("Going on", PATIENCE, |s| s.exam().is_some_and(|e| *e.code() != exam && e.proposal().is_some())).unwrap();
    driver.run(Command::View(ViewCommand::Workspace(Workspace::Read)));
    open_exam(&mut driver, &exam);
    driver.run(Command::Model(ModelCommand::Refuse));
    saved(&mut driver);
    // Taken back is not refused: it waits as before.
    let standing = |driver: &Driver| driver.session().review_exams().iter().find(|(e, _)| e.code == exam).map(|(_, s)| *s);
    assert_eq!(standing(&driver), Some(ReviewStanding::Waiting));
    open_exam(&mut driver, &codes[0]);
    open_exam(&mut driver, &exam);
    assert_eq!(standing(&driver), Some(ReviewStanding::Waiting));
    let layers = driver.session().exam().unwrap().layers();
    assert!(layers.labels(LayerKind::Marrow).labelled_box().is_empty() && layers.done_slices(LayerKind::Marrow).is_empty());
    // An independent reader has no Review.
    enter(&mut driver, "R2");
    driver.run(Command::View(ViewCommand::Workspace(Workspace::Review)));
    assert_eq!(driver.session().workspace(), Workspace::Read);
    assert!(driver.session().review_exams().is_empty() && driver.session().review().gains().is_empty());
    driver.run(Command::Model(ModelCommand::ToggleDoubt));
    assert_eq!(driver.session().jobs().count(), 0);
    assert!(notices(&driver).contains("independent"), "{}", notices(&driver));
}

/// Two exams painted on without a slice done: Review once opened the one, found it was no exam for it, opened the other, and so on
/// without end.
#[test]
fn exams_begun_by_hand_are_left_alone_until_they_are_empty_again() {
    let home = tempfile::tempdir().unwrap();
    let (mut driver, _, codes) = trained(home.path());
    for code in &codes[1..3] {
        open_exam(&mut driver, code);
        driver.run(Command::Tool(ToolCommand::SizeMm(12.0)));
        stroke(&mut driver, 3, 1, &[[16.0, 22.0], [24.0, 22.0]]);
        saved(&mut driver);
    }
    let waiting = |driver: &Driver| driver.session().review_exams().into_iter().map(|(e, _)| e.code.clone()).collect::<Vec<_>>();
    assert!(waiting(&driver).is_empty(), "{:?}", waiting(&driver));
    driver.run(Command::View(ViewCommand::Workspace(Workspace::Review)));
    driver.wait("Resting", PATIENCE, |s| s.jobs().count() == 0).unwrap();
    assert_eq!(driver.session().exam().map(|e| e.code()), Some(&codes[2]), "no exam is opened for Review");
    // As the study tells when it is opened anew.
    open(&mut driver, &home.path().join("study"));
    enter(&mut driver, "R1");
    assert!(waiting(&driver).is_empty(), "{:?}", waiting(&driver));
    open_exam(&mut driver, &codes[1]);
    driver.run(Command::Edit(EditCommand::Undo));
    assert_eq!(waiting(&driver), [codes[1].clone()]);
    open_exam(&mut driver, &codes[0]);
    assert_eq!(waiting(&driver), [codes[1].clone()], "taken back it is unread, also when it is closed");
}
