//! Seals: what changes shows, what is missing is named.

use super::*;
use crate::edit::{CommitKind, Patch, Row, RowAction};
use crate::study::{JournalRow, Protocol, ReaderRule, ReadingRules};
use crate::volume::LayerKind;
use std::sync::Arc;

const NOW: &str = "2026-11-21T10:00:00Z";

fn code(text: &str) -> ReaderCode {
    ReaderCode::new(text).unwrap()
}

fn study(root: &Path, rules: &[(&str, Assistance)], reads: u32) -> (Study, ExamCode) {
    let readers = rules.iter().map(|(c, assistance)| ReaderRule { code: code(c), assistance: *assistance }).collect();
    let protocol = Protocol::sample().with_readers(readers).with_reading(ReadingRules { reads, ..ReadingRules::default() });
    let study = Study::init(root, "S", &protocol).unwrap();
    let exam = crate::study::store::tests::one_exam(&study);
    (study, exam)
}

fn paint(file: &mut ReadFile, at: u32) {
    let patch = Arc::new(Patch::from_changes([(at, 0, 2)]));
    let n = file.count() + 1;
    let action = RowAction::Paint { layer: LayerKind::Marrow, kind: CommitKind::Hand, patch };
    let row = JournalRow { row: Row { n, name: "Brush".into(), action }, time: NOW.into(), reader: "R1".into(), window: None };
    file.append(&row).unwrap();
}

#[test]
fn a_sealed_read_is_looked_at_and_a_new_one_lies_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let (study, exam) = study(&folder.path().join("s"), &[("R1", Assistance::AfterSeal)], 1);
    let r1 = code("R1");
    let (header, mut file) = study.open_read_for(&r1, &exam, NOW).unwrap();
    assert!(!header.assisted && !study.reads_sealed(&exam).unwrap());
    paint(&mut file, 3);
    let seal = study.seal_read(file, NOW).unwrap();
    assert_eq!((seal.rows, seal.number), (1, 1));
    assert_eq!(study.seal_of(&r1, &exam, 1).unwrap(), Some(seal));
    assert!(study.reads_sealed(&exam).unwrap());
    assert!(study.open_read_for(&r1, &exam, NOW).unwrap_err().to_string().contains("was sealed at"));
    let (_, view) = study.view_read_for(&r1, &exam).unwrap();
    assert_eq!(view.sealed().unwrap().as_deref(), Some(NOW));
    let before = std::fs::read(study.layout().read(&r1, &exam, 1)).unwrap();
    let (second, file) = study.new_read_for(&r1, &exam, NOW).unwrap();
    assert!(second.number == 2 && second.assisted, "after the first pass is sealed the policy allows help");
    drop(file);
    assert!(study.reads_sealed(&exam).unwrap(), "a re-read takes nothing from the reads the protocol asked for");
    assert_eq!(std::fs::read(study.layout().read(&r1, &exam, 1)).unwrap(), before);
    assert_eq!(study.check().unwrap().problems, Vec::<String>::new());
}

#[test]
fn reads_count_as_sealed_only_when_everybody_has_sealed_all() {
    let folder = tempfile::tempdir().unwrap();
    let (study, exam) = study(&folder.path().join("s"), &[("R1", Assistance::None), ("R2", Assistance::FromStart)], 2);
    for (reader, expected) in [("R1", false), ("R1", false), ("R2", false), ("R2", true)] {
        let (_, file) = study.new_read_for(&code(reader), &exam, NOW).unwrap();
        assert!(!study.reads_sealed(&exam).unwrap());
        study.seal_read(file, NOW).unwrap();
        assert_eq!(study.reads_sealed(&exam).unwrap(), expected, "{reader}");
    }
}

#[test]
fn whatever_is_changed_after_sealing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (study, exam) = study(&folder.path().join("s"), &[("R1", Assistance::None)], 1);
    let r1 = code("R1");
    let (_, mut file) = study.open_read_for(&r1, &exam, NOW).unwrap();
    paint(&mut file, 3);
    study.seal_read(file, NOW).unwrap();
    let path = study.layout().read(&r1, &exam, 1);
    let (whole, seal) = (std::fs::read(&path).unwrap(), std::fs::read(Layout::seal_of(&path)).unwrap());
    let trail = || study.audit(&crate::study::AuditFilter::default(), |_| Ok(())).unwrap().problems().collect::<Vec<_>>().join(" | ");
    assert_eq!(trail(), "");
    let found = || study.check().unwrap().problems.join(" | ");
    // The seal taken off, as if the read had never been submitted.
    let tamper = |sql: &str| {
        std::fs::write(&path, &whole).unwrap();
        rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    };
    tamper("DELETE FROM meta WHERE key = 'sealed'");
    assert!(found().contains("was sealed and no longer is"), "{}", found());
    tamper("UPDATE journal SET name = 'Lasso'");
    assert!(found().contains("row 1"), "{}", found());
    tamper("UPDATE meta SET value = '2026-01-01T00:00:00Z' WHERE key = 'sealed'");
    assert!(found().contains("another time than its seal"), "{}", found());
    tamper("CREATE TABLE more(x)");
    assert!(found().contains("changed after it was sealed"), "{}", found());
    assert!(trail().contains("1.sqlite") && trail().contains("changed after it was sealed"), "{}", trail());
    std::fs::write(&path, &whole).unwrap();
    std::fs::remove_file(Layout::seal_of(&path)).unwrap();
    assert!(found().contains("seal is missing"), "{}", found());
    // The program ended between the two files: made good from the file itself.
    study.seal_of(&r1, &exam, 1).unwrap();
    assert_eq!(std::fs::read(Layout::seal_of(&path)).unwrap(), seal);
    assert_eq!(found(), "");
}
