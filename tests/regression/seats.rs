//! One person after another before the same window: what was asked for by one and answered to the next.

use crate::desk::{Desk, reader, reading};
use egui_kittest::kittest::Queryable as _;
use osteon::session::{Command, Effect, FileCommand, ScoreCommand, StudyCommand, ViewCommand, Workspace};
use osteon::study::{
    AuditFilter, ExamCode, ImportTable, Look, Mark, PlannedExam, PlannedSequence, ScoreItem, ScorePlan, ScoreRow, ScoreState, SequenceName,
    Target,
};
use osteon::worker::message::{
    AuditShown, Event, ImportLook, ImportSource, Outcome, PickPurpose, Request, RequestId, Role, ScoreOutcome, ScoreSummary,
};

fn leave(desk: &mut Desk) {
    desk.run(Command::Study(StudyCommand::LeaveRole));
    assert!(desk.session.role().is_none(), "{:?}", desk.session.notices());
}

/// The reader goes, and the coordinator sits down.
fn coordinate(desk: &mut Desk) {
    leave(desk);
    desk.run(Command::Study(StudyCommand::ChooseRole(Role::Coordinator)));
}

fn trail() -> Outcome {
    let shown = AuditShown { chosen: AuditFilter::default(), journals: Vec::new(), entries: Vec::new(), matched: 0 };
    Outcome::Audited(Box::new(shown))
}

/// The coordinator's audit trail, which takes minutes, was once shown to the reader who had sat down meanwhile.
#[test]
fn an_audit_trail_that_comes_late_is_not_for_the_next_person() {
    let mut window = reading(false);
    let desk = window.state_mut();
    coordinate(desk);
    desk.run(Command::View(ViewCommand::Workspace(Workspace::Audit)));
    let (id, _) = desk.asked(|r| matches!(r, Request::Audit(_)));
    leave(desk);
    desk.sit_down(&reader("R1"));
    desk.end(id, trail());
    assert!(desk.session.audit().is_none());
    desk.run(Command::View(ViewCommand::Workspace(Workspace::Audit)));
    let (id, _) = desk.asked(|r| matches!(r, Request::Audit(_)));
    desk.end(id, trail());
    assert!(desk.session.audit().is_some(), "R1's own is");
}

fn look() -> ImportLook {
    let sequence = PlannedSequence {
        path: "/data/knees/IM0001".into(),
        source_name: "Mueller_Anna".to_owned(),
        name: SequenceName::new("water").unwrap(),
        told_by: "description".to_owned(),
        chosen: true,
        look: Look::NotNeeded,
        shape: [384, 384, 24],
        spacing_mm: [0.45, 0.45, 3.5],
        tr_ms: None,
        te_ms: None,
        findings: Vec::new(),
    };
    let exam = PlannedExam { patient: None, known_patient: false, reading: 0, sequences: vec![sequence] };
    let source = ImportSource { root: "/nowhere/knee".into(), path: "/data/knees".into(), patients: None, link: None };
    ImportLook { source, table: ImportTable { exams: vec![exam], already_there: Vec::new() }, skipped: Vec::new() }
}

fn ask_for_import(desk: &mut Desk) -> RequestId {
    desk.run(Command::File(FileCommand::Use(PickPurpose::Import, "/data/knees".into())));
    desk.asked(|r| matches!(r, Request::LookAtImport(_))).0
}

/// The import page, with patients' names, once stayed for, and popped up over, whoever sat down next.
#[test]
fn the_import_page_is_for_nobody_but_who_asked_for_it() {
    let mut window = reading(false);
    let desk = window.state_mut();
    coordinate(desk);
    let id = ask_for_import(desk);
    leave(desk);
    desk.end(id, Outcome::ImportLook(Box::new(look())));
    assert!(desk.session.import().is_none(), "nobody sits here");
    desk.asked(|r| matches!(r, Request::ForgetImport));

    desk.run(Command::Study(StudyCommand::ChooseRole(Role::Coordinator)));
    let late = ask_for_import(desk);
    desk.end(late, Outcome::ImportLook(Box::new(look())));
    assert!(desk.session.import().is_some());
    leave(desk);
    assert!(desk.session.import().is_none());

    let before = ask_for_import(desk);
    desk.sit_down(&reader("R1"));
    desk.end(before, Outcome::ImportLook(Box::new(look())));
    assert!(desk.session.import().is_none(), "R1 reads blind");

    leave(desk);
    let asked_by_nobody = ask_for_import(desk);
    desk.run(Command::Study(StudyCommand::ChooseRole(Role::Coordinator)));
    desk.end(asked_by_nobody, Outcome::ImportLook(Box::new(look())));
    assert!(desk.session.import().is_some(), "whoever chose a folder before the seat goes on");
}

/// What the coordinator was told, such as where the key of a session lies, once stayed on screen for the next reader.
#[test]
fn notices_go_with_the_person() {
    let mut window = reading(false);
    let desk = window.state_mut();
    coordinate(desk);
    desk.session.absorb(Event::Ended { id: RequestId(9_100), outcome: Outcome::Failed("R2's read of K-008 is not finished.".into()) });
    assert!(!desk.session.notices().is_empty());
    leave(desk);
    assert!(desk.session.notices().is_empty());
}

/// Cine that was left alone once filled the reading time with hours.
#[test]
fn slices_that_go_by_themselves_are_no_reading_time() {
    let mut window = reading(false);
    let desk = window.state_mut();
    desk.now = "2026-11-21T10:00:00Z".into();
    desk.run(Command::View(ViewCommand::ToggleCine));
    let before = desk.session.exam().unwrap().time().total_seconds();
    for minute in 0..59 {
        for second in [10, 40] {
            desk.now = format!("2026-11-21T10:{minute:02}:{second}Z");
            desk.run(Command::View(ViewCommand::CineStep));
        }
    }
    assert_eq!(desk.session.exam().unwrap().time().total_seconds(), before);
}

/// The scorer's seat with a session of one mask.
fn scoring(desk: &mut Desk) {
    desk.run(Command::View(ViewCommand::Workspace(Workspace::Score)));
    let code = |text: &str| ExamCode::new(text).unwrap();
    let mut plan = ScorePlan::named(code("S1"));
    plan.scorers = vec!["anna".into()];
    plan.items = vec![ScoreItem { code: code("M-01"), exam: code("K-017"), levels: vec![1], slices: 3 }];
    let (id, _) = desk.asked(|r| matches!(r, Request::Score(_)));
    let (scorers, marked) = (plan.scorers.clone(), vec![0]);
    let listed = ScoreSummary { session: code("S1"), scorers, items: 1, marked, locked: false, unblinded: false };
    desk.end(id, Outcome::Score(Box::new(ScoreOutcome::Listed(vec![listed], Vec::new()))));
    desk.run(Command::Score(ScoreCommand::Open { session: code("S1"), scorer: "anna".into() }));
    let (id, _) = desk.asked(|r| matches!(r, Request::Score(_)));
    desk.end(id, Outcome::Score(Box::new(ScoreOutcome::Opened(Box::new((plan, ScoreState::default()))))));
}

/// Leaving in the midst of a comment on a scored mask once waited for a save that never came, and then threw out whoever sat there next
/// at their first stroke.
#[test]
fn a_comment_on_a_scored_mask_is_sent_and_its_writer_leaves_at_once() {
    let mut window = reading(false);
    let desk = window.state_mut();
    scoring(desk);
    desk.run(Command::Score(ScoreCommand::WriteComment("growth zone?".into())));
    let effects = desk.run(Command::Study(StudyCommand::LeaveRole));
    assert!(effects.iter().any(|e| matches!(e, Effect::Work(_, Request::ScoreRow(_)))), "{effects:?}");
    assert!(desk.session.role().is_none());
}

/// That a mark was not saved once stayed untold where the session had been left by then.
#[test]
fn a_mark_that_was_not_saved_is_told_after_the_session_was_left() {
    let mut window = reading(false);
    let desk = window.state_mut();
    scoring(desk);
    let row = ScoreRow {
        time: "2026-11-21T10:00:00Z".into(),
        scorer: "anna".into(),
        item: "M-01".into(),
        mark: Some((Target::Level(1), Mark::of(7.0))),
        comment: None,
    };
    leave(desk);
    let lost = ScoreOutcome::NotKept(row, "the disk is full".into());
    desk.session.absorb(Event::Ended { id: RequestId(1), outcome: Outcome::Score(Box::new(lost)) });
    let told = desk.session.notices().last().map(|notice| notice.text.clone()).unwrap_or_default();
    assert!(told.contains("The mark on M-01 was not saved"), "{told}");
}

/// A click on a line once gave a mark to a mask that was not on the screen, because its exam was not sealed or it was still opening.
#[test]
fn a_mark_is_given_to_what_is_seen() {
    let mut window = reading(false);
    let desk = window.state_mut();
    scoring(desk);
    let set = Command::Score(ScoreCommand::Mark(Target::Overall, Mark::of(7.0)));
    assert!(desk.run(set).is_empty());
    assert!(desk.session.scoring().open().unwrap().mark(Target::Overall).is_none());
    assert!(desk.session.notices().last().unwrap().text.contains("M-01 is not on the screen"), "{:?}", desk.session.notices());
}

/// A protocol that was changed and not written was once gone with the window, without a word.
#[test]
fn quitting_says_that_the_protocol_is_not_written() {
    let mut window = reading(false);
    let desk = window.state_mut();
    coordinate(desk);
    desk.run(Command::View(ViewCommand::Workspace(Workspace::Protocol)));
    window.run_steps(3);
    window.get_by_label("Code of a new reader").focus();
    window.run_steps(1);
    window.get_by_label("Code of a new reader").type_text("R9");
    window.run_steps(1);
    // Enter adds the reader.
    window.key_press(egui::Key::Enter);
    window.run_steps(4);
    let desk = window.state_mut();
    assert!(desk.session.protocol_changed());
    assert!(desk.run(Command::File(FileCommand::Quit)).is_empty());
    assert!(desk.session.notices().last().unwrap().text.contains("Protocol page (F7) are in no file yet"));
    assert!(desk.run(Command::File(FileCommand::Quit)).iter().any(|e| matches!(e, Effect::Quit)));
}
