//! Damaged files: once left out of figures, exports and checks without a word.

use super::common::{PATIENCE, ball_study, driver, files, open};
use osteon::edit::{CommitKind, Patch, Row, RowAction};
use osteon::headless::Driver;
use osteon::session::{Command, FileCommand, StudyCommand};
use osteon::study::{ExamCode, JournalRow, ModelCode, NewPlan, ReaderCode, ScoreSource, Study, new_score_session};
use osteon::volume::{Labels, LayerKind};
use osteon::worker::message::{ExportHow, ReportChoice, Role};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command as Process;
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

fn osteon(args: &[&str]) -> (Option<i32>, String) {
    let output = Process::new(env!("CARGO_BIN_EXE_osteon")).args(args).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

/// `study check` passed over weights, scoring sessions and their masks, whatever had become of them.
#[test]
fn checking_a_study_finds_damage_in_models_and_scoring_sessions() {
    let home = tempfile::tempdir().unwrap();
    let (study, exam) = sealed_study(home.path());
    let layout = study.layout();
    let version = layout.model_version(&ModelCode::new("marrow-R2").unwrap(), 1);
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/marrow");
    fs::create_dir_all(&version).unwrap();
    for name in ["card.json", "weights.safetensors"] {
        fs::copy(shipped.join(name), version.join(name)).unwrap();
    }
    let image = study.load_image(&exam, &study.exam(&exam).unwrap().reading_sequence).unwrap();
    let mut mask = Labels::empty(image.grid().clone());
    mask.set([20, 22, 4], 2);
    let (session, scorers) = (ExamCode::new("S1").unwrap(), ["panel".to_owned()]);
    let plan = NewPlan { session: &session, created: NOW, scorers: &scorers, outside_bone_removed: false, left_out: &[] };
    new_score_session(&study, plan, vec![(exam, ScoreSource::Model("marrow-R2/1".into()), mask, 2)], 1, None).unwrap();
    let root = layout.root().to_str().unwrap();
    let (code, said) = osteon(&["study", "check", root]);
    assert!(code == Some(0) && said.contains("1 scoring session, 1 version of a model"), "{said}");
    let file = layout.score_file(&session);
    let mask = layout.score_mask(&session, &ExamCode::new("M-01").unwrap());
    let weights = version.join("weights.safetensors");
    let torn = |path: &Path, length: usize| fs::write(path, &fs::read(path).unwrap()[..length]).unwrap();
    let overwritten = |path: &Path| {
        let mut bytes = fs::read(path).unwrap();
        let end = bytes.len();
        bytes[end / 2..].fill(0xAB);
        fs::write(path, bytes).unwrap();
    };
    let harm: [(&Path, &dyn Fn()); 5] = [
        (&weights, &|| torn(&weights, 1000)),
        (&weights, &|| overwritten(&weights)),
        (&version.join("card.json"), &|| fs::remove_file(version.join("card.json")).unwrap()),
        (&file, &|| overwritten(&file)),
        (&mask, &|| torn(&mask, 100)),
    ];
    for (path, harm) in harm {
        let whole = fs::read(path).unwrap();
        harm();
        let (code, said) = osteon(&["study", "check", root]);
        let named = said.lines().any(|line| line.contains(path.file_name().unwrap().to_str().unwrap()));
        assert!(code == Some(1) && named && said.contains("1 problems, listed above"), "{}: {said}", path.display());
        fs::write(path, whole).unwrap();
    }
    assert_eq!(osteon(&["study", "check", root]).0, Some(0));
}

/// The first seal that could not be read ended the check: whatever else was wrong stayed unsaid.
#[test]
fn a_damaged_seal_hides_no_other_problem() {
    let home = tempfile::tempdir().unwrap();
    let (study, exam) = sealed_study(home.path());
    let seal_of = |reader: &str| read_of(&study, &exam, reader).with_file_name("1.seal.json");
    fs::write(seal_of("R2"), "{").unwrap();
    fs::write(seal_of("R3"), "").unwrap();
    fs::create_dir_all(study.layout().exam_reads(&ReaderCode::new("R3").unwrap(), &ExamCode::new("K-99").unwrap())).unwrap();
    let (code, said) = osteon(&["study", "check", study.layout().root().to_str().unwrap()]);
    assert_eq!((code, said.matches("1.seal.json").count()), (Some(1), 2), "{said}");
    assert!(said.contains("K-99") && said.contains("3 problems, listed above"), "{said}");
}
