//! Damaged files: once left out of figures, exports and checks without a word.

use super::common::{PATIENCE, ball_study, driver, files, open};
use osteon::edit::{CommitKind, Patch, Row, RowAction};
use osteon::headless::Driver;
use osteon::session::{Command, FileCommand, StudyCommand};
use osteon::study::{ExamCode, JournalRow, ReaderCode, Study};
use osteon::volume::LayerKind;
use osteon::worker::message::{ExportHow, ReportChoice, Role};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const NOW: &str = "2026-11-21T10:00:00Z";

/// One exam that R2 and R3 have read and sealed.
fn sealed_study(home: &Path) -> (Study, ExamCode) {
    let study = ball_study(&home.join("study"), 1);
    let exam = study.exams().unwrap().remove(0).exam;
    for (code, at) in [("R2", 300), ("R3", 301)] {
        let reader = ReaderCode::new(code).unwrap();
        let (_, mut file) = study.new_read_for(&reader, &exam, NOW).unwrap();
        let patch = Arc::new(Patch::from_changes((at..at + 20).map(|voxel| (voxel, 0, 2))));
        let action = RowAction::Paint { layer: LayerKind::Marrow, kind: CommitKind::Hand, patch };
        let row = Row { n: 1, name: "Brush".into(), action };
        file.append(&JournalRow { row, time: NOW.into(), reader: code.into(), window: None }).unwrap();
        study.seal_read(file, NOW).unwrap();
    }
    (study, exam)
}

fn read_of(study: &Study, exam: &ExamCode, reader: &str) -> PathBuf {
    study.layout().read(&ReaderCode::new(reader).unwrap(), exam, 1)
}

fn coordinator(home: &Path, study: &Study) -> Driver {
    let mut driver = driver(home);
    open(&mut driver, study.layout().root());
    driver.run_to_end("Entering", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Coordinator))).unwrap();
    driver
}

fn report(driver: &mut Driver, out: &Path) -> Result<(), String> {
    let choice = ReportChoice { out: Some(out.to_owned()), ..ReportChoice::default() };
    driver.run_to_end("Reporting", PATIENCE, Command::Study(StudyCommand::Report(Box::new(choice)))).map_err(|e| e.to_string())
}

fn export(driver: &mut Driver, out: &Path) -> Result<(), String> {
    let command = Command::File(FileCommand::Export(ExportHow::Nifti, out.to_owned()));
    driver.run_to_end("Exporting", PATIENCE, command).map_err(|e| e.to_string())
}

/// R2's read was left out of the report and its means without a word where its file was torn, and counted where a row had been edited;
/// an export stopped halfway.
#[test]
fn a_damaged_sealed_read_stops_report_comparison_and_export() {
    let home = tempfile::tempdir().unwrap();
    let (study, exam) = sealed_study(home.path());
    let out = |name: &str| home.path().join(name);
    report(&mut coordinator(home.path(), &study), &out("report")).unwrap();
    export(&mut coordinator(home.path(), &study), &out("export")).unwrap();
    assert!(!files(&out("report")).is_empty() && files(&out("export")).len() == 4);
    // The later one of the two, so that a file of the first could be there already.
    let path = read_of(&study, &exam, "R3");
    let whole = fs::read(&path).unwrap();
    let edited = |sql: &str| {
        fs::write(&path, &whole).unwrap();
        rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    };
    let harm: [(&str, &dyn Fn()); 5] = [
        ("torn", &|| fs::write(&path, &whole[..4096]).unwrap()),
        ("emptied", &|| fs::write(&path, "").unwrap()),
        ("edited", &|| edited("UPDATE journal SET name = 'Lasso'")),
        ("opened", &|| edited("DELETE FROM meta WHERE key = 'sealed'")),
        ("gone", &|| fs::remove_file(&path).unwrap()),
    ];
    for (name, harm) in harm {
        harm();
        let refusals = [
            report(&mut coordinator(home.path(), &study), &out(&format!("{name} report"))).unwrap_err(),
            export(&mut coordinator(home.path(), &study), &out(&format!("{name} export"))).unwrap_err(),
            study.reads_for_comparison(&exam).unwrap_err().to_string(),
        ];
        for said in refusals {
            assert!(said.contains("1.sqlite") && said.contains("from a copy") && !said.contains('\n'), "{name}: {said}");
        }
        assert!(!out(&format!("{name} report")).exists() && !out(&format!("{name} export")).exists(), "{name}");
        assert!(study.check().unwrap().problems.iter().any(|p| p.contains("1.sqlite")), "{name}");
    }
    fs::write(&path, &whole).unwrap();
    assert_eq!(study.reads_for_comparison(&exam).unwrap().len(), 2);
    assert_eq!(study.check().unwrap().problems, Vec::<String>::new());
}
