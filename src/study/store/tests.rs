//! A study made, opened, read and damaged.

use super::*;
use crate::edit::{Row, RowAction};
use crate::space::{Affine, Spacing};
use crate::study::read::JournalRow;
use crate::study::{AcquisitionRecord, Assistance, PatientCode, ReaderRule, SequenceRecord, Side};
use crate::volume::LayerKind;
use std::sync::Arc;
use tempfile::TempDir;

const NOW: &str = "2026-11-21T10:00:00Z";

fn reader(code: &str) -> ReaderCode {
    ReaderCode::new(code).unwrap()
}

fn study() -> (TempDir, Study) {
    let folder = tempfile::tempdir().unwrap();
    let rule = |code, assistance| ReaderRule { code: reader(code), assistance };
    let protocol = Protocol::sample().with_readers(vec![rule("R1", Assistance::None), rule("R2", Assistance::FromStart)]);
    let study = Study::init(&folder.path().join("s"), "Knees", &protocol).unwrap();
    (folder, study)
}

/// A small exam, for tests of other files.
pub fn one_exam(study: &Study) -> ExamCode {
    add_exam(study, "K-001", "P-AAAA")
}

pub fn add_exam(study: &Study, exam: &str, patient: &str) -> ExamCode {
    let (exam, name) = (ExamCode::new(exam).unwrap(), SequenceName::new("water").unwrap());
    let affine = Affine::from_spacing(Spacing::new([1.0, 1.0, 4.0]).unwrap());
    let matrix = affine.matrix();
    let grid = Arc::new(Grid::new([8, 8, 5], affine).unwrap());
    let image = Image::new(grid, vec![1.5; 320]).unwrap();
    fs::create_dir_all(study.layout().exam(&exam)).unwrap();
    let path = study.layout().sequence(&exam, &name);
    crate::io::write_image_nifti(&path, &image).unwrap();
    let sequence = SequenceRecord {
        name: name.clone(),
        image_sha256: file_sha256(&path).unwrap(),
        shape: [8, 8, 5],
        spacing_mm: [1.0, 1.0, 4.0],
        world_from_voxel: [matrix[0], matrix[1], matrix[2]],
        findings: vec![],
        acquisition: AcquisitionRecord::default(),
        sources: vec![],
    };
    ExamRecord::new(exam.clone(), PatientCode::new(patient).unwrap(), Side::Unknown, name, vec![sequence]).save(study.layout()).unwrap();
    exam
}

fn done(n: u64, slice: u32) -> JournalRow {
    let action = RowAction::Done { layer: LayerKind::Marrow, slice, done: true };
    JournalRow { row: Row { n, name: "Done".to_owned(), action }, time: NOW.to_owned(), reader: "R1".to_owned(), window: None }
}

#[test]
fn made_and_opened_again() {
    let (folder, study) = study();
    let root = study.layout().root().to_owned();
    let again = Study::open(&root).unwrap();
    assert_eq!((again.protocol(), again.protocol().name()), (study.protocol(), "Knees"));
    assert!(matches!(Study::init(&root, "x", study.protocol()), Err(StudyError::AlreadyAStudy { .. })));
    let error = Study::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("is not a study") && !error.contains('\n'), "{error}");
    fs::write(study.layout().protocol(), "name = 1\n").unwrap();
    assert!(Study::open(&root).unwrap_err().to_string().contains("study.toml, line 1: "));
    if cfg!(target_os = "linux") {
        assert!(Study::init(Path::new("/proc/study"), "x", study.protocol()).unwrap_err().to_string().contains("cannot be written"));
    }
}

#[test]
fn readers_open_only_their_own_reads() {
    let (_folder, study) = study();
    let exam = add_exam(&study, "K-001", "P-AAAA");
    let (header, mut file) = study.open_read_for(&reader("R1"), &exam, NOW).unwrap();
    assert_eq!((header.number, header.assisted, header.slice_axis), (1, false, 2));
    file.append(&done(1, 3)).unwrap();
    drop(file);
    let (header, _two) = study.open_read_for(&reader("R2"), &exam, NOW).unwrap();
    assert!(header.assisted);
    let (_, again) = study.open_read_for(&reader("R1"), &exam, NOW).unwrap();
    assert_eq!(again.count(), 1);
    drop(again);
    assert_eq!(study.new_read_for(&reader("R1"), &exam, NOW).unwrap().0.number, 2);
    let error = study.open_read_for(&reader("R9"), &exam, NOW).unwrap_err().to_string();
    assert!(error.contains("study.toml") && error.contains("R9"), "{error}");
    let nowhere = ExamCode::new("K-404").unwrap();
    assert!(study.open_read_for(&reader("R1"), &nowhere, NOW).unwrap_err().to_string().contains("no exam K-404"));
    let all = study.reads_for_comparison(&exam).unwrap();
    assert_eq!(all.iter().map(|(h, _)| (h.reader.as_str(), h.number)).collect::<Vec<_>>(), [("R1", 1), ("R1", 2), ("R2", 1)]);
    let status = study.status().unwrap();
    let read = &status[0].reads[0];
    assert_eq!((status[0].slices, read.rows, read.marrow_done, read.bone_done, &read.problem), (5, 1, 1, 0, &None));
}

#[test]
fn a_read_that_was_copied_to_another_exam_or_reader_is_refused() {
    let (_folder, study) = study();
    let (one, two) = (add_exam(&study, "K-001", "P-AAAA"), add_exam(&study, "K-002", "P-BBBB"));
    drop(study.open_read_for(&reader("R1"), &one, NOW).unwrap());
    let source = study.layout().read(&reader("R1"), &one, 1);
    for (to, exam, word) in [("R1", &two, "K-001"), ("R2", &one, "by R1")] {
        fs::create_dir_all(study.layout().exam_reads(&reader(to), exam)).unwrap();
        fs::copy(&source, study.layout().read(&reader(to), exam, 1)).unwrap();
        let error = study.open_read_for(&reader(to), exam, NOW).unwrap_err().to_string();
        assert!(error.contains(word) && !error.contains('\n'), "{error}");
        assert!(study.reads_for_comparison(exam).is_err());
    }
    assert_eq!(study.check().unwrap().problems.len(), 2);
}

#[test]
fn check_names_what_is_damaged() {
    let (_folder, study) = study();
    let (one, two) = (add_exam(&study, "K-001", "P-AAAA"), add_exam(&study, "K-002", "P-BBBB"));
    drop(study.open_read_for(&reader("R1"), &one, NOW).unwrap());
    let report = study.check().unwrap();
    assert_eq!((report.exams, report.images, report.reads, report.problems.len()), (2, 2, 1, 0), "{report:?}");
    let image = study.layout().sequence(&two, &SequenceName::new("water").unwrap());
    let mut bytes = fs::read(&image).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&image, bytes).unwrap();
    fs::write(study.layout().exam_record(&one), "{").unwrap();
    let stray = study.layout().exam_reads(&reader("R1"), &ExamCode::new("K-404").unwrap());
    fs::create_dir_all(&stray).unwrap();
    fs::write(study.layout().split(), "{}").unwrap();
    let problems = study.check().unwrap().problems;
    for word in ["K-001/exam.json is damaged", "water.nii.gz is not the image", "K-404", "split.json is damaged"] {
        assert!(problems.iter().any(|p| p.contains(word) && !p.contains('\n')), "{word}: {problems:?}");
    }
    fs::remove_file(study.layout().split()).unwrap();
    let status = study.status().unwrap();
    assert!(status[0].problem.as_ref().unwrap().contains("exam.json") && status[1].problem.is_none());
}

#[test]
fn the_split_is_drawn_once_and_recorded() {
    let (_folder, study) = study();
    assert!(study.trainable().unwrap().train().is_empty() && !study.layout().split().exists());
    for n in 0..10 {
        add_exam(&study, &format!("K-00{n}"), &format!("P-000{n}"));
    }
    let trainable = study.trainable().unwrap();
    assert_eq!((trainable.train().len(), trainable.validate().len()), (7, 1));
    let later = add_exam(&study, "K-100", "P-0100");
    let more = study.trainable().unwrap();
    assert_eq!(more.train().len(), 8);
    assert!(more.train().contains(&later));
    assert!(fs::read_to_string(study.layout().split()).unwrap().contains("\"test\""));
}
