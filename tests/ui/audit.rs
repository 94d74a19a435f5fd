//! The audit trail as it is looked at.

use crate::desk::{harness, reader};
use crate::{Window, can_render, click, press, shot};
use egui::Key;
use egui_kittest::kittest::Queryable as _;
use osteon::session::{Command, StudyCommand, ViewCommand, Workspace};
use osteon::study::{AuditEntry, AuditFilter, AuditJournal};
use osteon::worker::message::{AuditShown, Outcome, Request, Role};

/// The coordinator with the trail of two journals, one of them changed.
fn trail(pictures: bool) -> Window {
    let mut window = harness([1440.0, 900.0], pictures);
    window.state_mut().open_study();
    window.state_mut().sit_down(&Role::Coordinator);
    window.run_steps(2);
    assert_eq!(press(&mut window, Key::F8), [Command::View(ViewCommand::Workspace(Workspace::Audit))]);
    let broken = "reads/R2/K-017/1.sqlite was changed or damaged at row 12: its hash is another; restore it from a copy";
    // One journal after the other, each with rows of its own; of the damaged one the rows before the damage.
    let readers = [("R1", 25, None), ("R2", 11, Some(broken))];
    let journal = |(reader, entries, problem): (&str, usize, Option<&str>)| AuditJournal {
        exam: "K-017".into(),
        reader: reader.into(),
        read: 1,
        entries,
        sealed: problem.is_none().then(|| "2026-11-21T10:00:00Z".to_owned()),
        problem: problem.map(str::to_owned),
    };
    let entry = |reader: &str, n: u64| AuditEntry {
        exam: "K-017".into(),
        reader: reader.into(),
        read: 1,
        row: n,
        time: format!("2026-11-21T09:{:02}:10Z", n + if reader == "R1" { 0 } else { 30 }),
        action: "paint".into(),
        name: format!("Brush level {}, slice {}", n % 3 + 1, n % 15 + 1),
        words: (n == 5).then(|| "Slices 7–10 looked at".to_owned()),
        layer: Some("marrow".into()),
        kind: Some(if reader == "R2" && n.is_multiple_of(7) { "adopted" } else { "hand" }.into()),
        model: (reader == "R2" && n.is_multiple_of(7)).then(|| "marrow-R2/7".to_owned()),
        window: Some([10.0, 400.0]),
        sha256: "ab".repeat(32),
    };
    let shown = AuditShown {
        chosen: AuditFilter::default(),
        journals: readers.map(journal).to_vec(),
        entries: readers.iter().flat_map(|(reader, rows, _)| (1..=*rows as u64).map(|n| entry(reader, n))).collect(),
        matched: 36,
    };
    let (id, _) = window.state().asked(|r| matches!(r, Request::Audit(_)));
    window.state_mut().end(id, Outcome::Audited(Box::new(shown)));
    window.run_steps(3);
    window.state_mut().take();
    window
}

#[test]
fn the_audit_trail_names_a_changed_journal_and_filters() {
    let mut window = trail(false);
    window.get_by_label_contains("was changed or damaged at row 12");
    assert_eq!(window.query_all_by_label_contains("Slices 7–10 looked at").count(), 2, "a note of each reader, in words");
    window.get_by_label("1 of 2 journals are what was written");
    let commands = click(&mut window, "K-017 R2 read 1");
    let [Command::Study(StudyCommand::Audit(filter))] = commands.as_slice() else { panic!("{commands:?}") };
    assert_eq!((filter.reader.as_deref(), filter.exam.as_deref()), (Some("R2"), Some("K-017")));
    let pick = Command::File(osteon::session::FileCommand::Pick(osteon::worker::message::PickPurpose::AuditTrail));
    assert_eq!(click(&mut window, "Write as CSV…"), [pick]);
    // What one person may see does not stay for the next.
    window.state_mut().sit_down(&reader("R1"));
    assert!(window.state().session.audit().is_none());
}

#[test]
fn picture_of_the_audit_trail() {
    if can_render() {
        shot("audit", &mut trail(true));
    }
}
