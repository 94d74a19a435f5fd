//! The import page: names corrected, pictures looked at, names blacked out.

use super::{Window, can_render, click, shot};
use crate::desk::harness;
use egui::{PointerButton, vec2};
use egui_kittest::kittest::Queryable as _;
use osteon::session::{Command, FileCommand, ImportCommand, StudyCommand};
use osteon::study::{ExamCode, ImportTable, Look, PlannedExam, PlannedSequence, SequenceName};
use osteon::worker::message::{ImportLook, ImportPreview, ImportSource, Outcome, PickPurpose, Request, RequestId, Role};

fn sequence(name: &str, source: &str, told_by: &str, look: Look) -> PlannedSequence {
    PlannedSequence {
        path: format!("/data/knees/{source}/IM0001").into(),
        source_name: source.to_owned(),
        name: SequenceName::new(name).unwrap(),
        told_by: told_by.to_owned(),
        chosen: true,
        look,
        shape: [384, 384, 24],
        spacing_mm: [0.45, 0.45, 3.5],
        tr_ms: Some(4200.0),
        te_ms: Some(63.0),
        findings: vec!["slice 7 is missing".to_owned()],
    }
}

/// A page with three exams of two patients; the last is an X-ray that waits.
fn page(render: bool) -> Window {
    let mut window = harness([1440.0, 900.0], render);
    window.state_mut().open_study();
    let exam = |patient, known_patient, sequences| PlannedExam { patient, known_patient, reading: 0, sequences };
    let dixon = || {
        vec![
            sequence("water", "t2_tse_dixon_cor_W", "description", Look::NotNeeded),
            sequence("fat", "t2_tse_dixon_cor_F", "description", Look::NotNeeded),
            sequence("stir", "COR_STIR_longTE", "inversion recovery", Look::NotSaid),
        ]
    };
    let picture = vec![sequence("image", "ankle_ap_and_a_name_that_is_rather_long_for_its_column", "", Look::Waiting)];
    let table = ImportTable {
        exams: vec![exam(Some(1), true, dixon()), exam(Some(1), true, dixon()), exam(None, false, picture)],
        already_there: vec![],
    };
    let source = ImportSource { root: "/nowhere/knee".into(), path: "/data/knees".into(), patients: None, link: None };
    let look = ImportLook { source, table, skipped: vec![] };
    window.state_mut().run(Command::File(FileCommand::Use(PickPurpose::Import, "/data/knees".into())));
    let (id, _) = window.state().asked(|r| matches!(r, Request::LookAtImport(_)));
    window.state_mut().end(id, Outcome::ImportLook(Box::new(look)));
    // What waits is shown first.
    let (id, _) = window.state().asked(|r| matches!(r, Request::ImportPreview { at: [2, 0], slice: None }));
    let shown = [384, 384];
    let grey = (0..384 * 384).map(|n| if (20..34).contains(&(n / 384)) && n % 384 > 250 && n % 9 < 5 { 255 } else { (n % 384 / 3) as u8 });
    let preview = ImportPreview { at: [2, 0], slice: None, slices: 24, size: shown, shown, grey: grey.collect() };
    window.state_mut().end(id, Outcome::ImportPreview(Box::new(preview)));
    window.run_steps(3);
    window
}

#[test]
fn a_name_is_dragged_over_and_then_the_import_may_go() {
    let mut window = page(false);
    assert_eq!(click(&mut window, "Import 7 sequences"), [], "a picture waits");
    let rect = window.get_by_label("Picture to be searched for names").rect();
    let at = |x: f32, y: f32| rect.min + vec2(rect.width() * x, rect.height() * y);
    for (event, position) in [(Some(true), at(0.65, 0.04)), (None, at(0.8, 0.07)), (Some(false), at(0.999, 0.1))] {
        window.event(egui::Event::PointerMoved(position));
        if let Some(pressed) = event {
            let button = PointerButton::Primary;
            window.event(egui::Event::PointerButton { pos: position, button, pressed, modifiers: egui::Modifiers::NONE });
        }
        window.run_steps(1);
    }
    window.run_steps(2);
    let commands = window.state_mut().take();
    let [Command::Import(ImportCommand::Mask([2, 0], masked))] = commands[..] else { panic!("{commands:?}") };
    assert!((248..=251).contains(&masked.i0) && (13..=17).contains(&masked.j0) && masked.i1 == 383, "{masked:?}");
    assert_eq!(click(&mut window, "Import 7 sequences"), [Command::Import(ImportCommand::Go)]);
    assert!(window.state().session.import().is_none(), "the page closes");
}

#[test]
fn names_ticks_and_lists_are_one_click_away() {
    let mut window = page(false);
    assert_eq!(click(&mut window, "Import stir of exam 1"), [Command::Import(ImportCommand::Choose([0, 2], false))]);
    window.get_by_label("Import 6 sequences");
    assert_eq!(click(&mut window, "Read fat of exam 2"), [Command::Import(ImportCommand::Read([1, 1]))]);
    assert_eq!(click(&mut window, "Link list…"), [Command::File(FileCommand::Pick(PickPurpose::ImportLink))]);
    assert_eq!(click(&mut window, "It shows no name"), [Command::Import(ImportCommand::Look([2, 0], Look::Clean))]);
    window.key_press(egui::Key::D);
    window.run_steps(2);
    assert_eq!(window.state_mut().take(), [], "no key reaches the read behind the page");
    window.key_press(egui::Key::Escape);
    window.run_steps(2);
    assert_eq!(window.state_mut().take(), [Command::Import(ImportCommand::Cancel)]);
}

#[test]
fn a_study_without_an_exam_on_screen_says_what_to_do() {
    let mut window = harness([1280.0, 800.0], false);
    window.state_mut().open_study();
    let mut summary = window.state().session.study().unwrap().clone();
    let exams = std::mem::take(&mut summary.exams);
    window.state_mut().end(RequestId(1), Outcome::Study(Box::new(summary.clone())));
    window.state_mut().run(Command::Study(StudyCommand::ChooseRole(Role::Coordinator)));
    window.run_steps(3);
    window.state_mut().take();
    window.get_by_label("This study has no exams yet");
    window.get_by_label_contains("set on the Protocol page (F7)");
    window.get_by_label_contains("No exams yet: choose File, Import images");
    assert_eq!(click(&mut window, "Import images…"), [Command::File(FileCommand::Pick(PickPurpose::Import))]);
    for id in [0, 1, 2, 3] {
        window.state_mut().end(RequestId(id), Outcome::Cancelled);
    }
    summary.exams = exams;
    window.state_mut().end(RequestId(2), Outcome::Study(Box::new(summary)));
    window.run_steps(3);
    window.get_by_label("Choose an exam from the list");
    assert_eq!(click(&mut window, "Exam K-008"), [Command::Study(StudyCommand::OpenExam(ExamCode::new("K-008").unwrap()))]);
}

#[test]
fn pictures_of_the_import_page() {
    if can_render() {
        shot("import", &mut page(true));
    }
}

/// "The source says that nothing is burnt in" was said of NIfTI files, too, which have no place to say it; and nothing on the page told
/// which exam is which.
#[test]
fn what_a_source_cannot_say_is_not_said_and_exams_have_the_names_of_their_files() {
    let mut window = page(false);
    window.get_by_label("ankle_ap_and_a_name_that_is_rather_long_for_its_column");
    assert_eq!(window.query_all_by_label("knees").count(), 2, "the folder that the series of an exam have in common");
    let mut show = |name: &str| {
        window.query_all_by_label(name).next().unwrap().click();
        window.run_steps(3);
        let vouches = window.query_by_label_contains("The source says that nothing is burnt").is_some();
        (vouches, window.query_by_label_contains("A NIfTI file cannot say").is_some())
    };
    assert_eq!(show("t2_tse_dixon_cor_W"), (true, false));
    assert_eq!(show("COR_STIR_longTE"), (false, true));
}
