//! The reference atlas: what once reached readers who had still to read the exam.

use super::common::{PATIENCE, ball_study, driver, enter, open};
use osteon::headless::Driver;
use osteon::io::{Watch, read_path};
use osteon::session::{Command, StudyCommand, ViewCommand};
use osteon::study::{
    Assistance, AtlasNotes, CalibrationResult, ExamCode, ImportOptions, LevelDice, MergeReport, PacketOptions, ReaderCode, ReaderRule,
    Study, make_packet, merge_packet, send_back, unpack,
};
use osteon::volume::Labels;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use std::fs;
use std::path::Path;

const NOW: &str = "2026-11-21T10:00:00Z";

fn reader(code: &str) -> ReaderCode {
    ReaderCode::new(code).unwrap()
}

fn seal(study: &Study, code: &str, exam: &ExamCode) {
    let (_, file) = study.new_read_for(&reader(code), exam, NOW).unwrap();
    study.seal_read(file, NOW).unwrap();
}

fn mask_of(study: &Study, exam: &ExamCode) -> Labels {
    let record = study.exam(exam).unwrap();
    let mut mask = Labels::empty(study.load_image(exam, &record.reading_sequence).unwrap().grid().clone());
    mask.set([20, 22, 4], 2);
    mask
}

/// An exam that R1, R2 and R3 have sealed is in the atlas; then R6 joins. The study, the exam, and its code in the atlas.
fn joined_later(home: &Path) -> (Study, ExamCode, ExamCode) {
    let study = ball_study(&home.join("study"), 2);
    let exam = study.exams().unwrap().remove(0).exam;
    ["R1", "R2", "R3"].into_iter().for_each(|code| seal(&study, code, &exam));
    let code = study.take_into_atlas(&exam, &mask_of(&study, &exam), &AtlasNotes::default(), &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
    let late = ReaderRule { code: reader("R6"), assistance: Assistance::None };
    let readers = study.protocol().readers().iter().cloned().chain([late]).collect();
    fs::write(study.layout().protocol(), study.protocol().clone().with_readers(readers).to_toml()).unwrap();
    (Study::open(study.layout().root()).unwrap(), exam, code)
}

/// The packet of a reader who joined later held the agreed mask of an exam that the same packet asked them to read.
#[test]
fn a_packet_holds_no_agreed_mask_of_what_its_reader_has_still_to_read() {
    let home = tempfile::tempdir().unwrap();
    let (study, exam, code) = joined_later(home.path());
    let packet = |who: &str| {
        let (out, code_map) = (home.path().join(format!("{who}.osteonpacket")), home.path().join("code-map.json"));
        let options = PacketOptions { reader: reader(who), out, code_map, seed: None, again: false, model: None };
        let made = make_packet(&study, &options, &mut ChaCha8Rng::seed_from_u64(2), &Watch::quiet()).unwrap();
        (made, Study::open(&unpack(&options.out, &home.path().join("packets")).unwrap()).unwrap())
    };
    let (made, copy) = packet("R6");
    assert_eq!(copy.atlas().codes().unwrap(), []);
    assert!(!copy.layout().atlas().exists());
    let said = made.hidden.iter().map(|hidden| hidden.sentence()).collect::<Vec<_>>().join("\n");
    assert!(said.contains(code.as_str()) && said.contains(exam.as_str()) && said.contains("hidden from R6"), "{said}");
    let (made, copy) = packet("R2");
    assert_eq!((made.hidden, copy.atlas().codes().unwrap()), (Vec::new(), vec![code]));
}

fn told(driver: &mut Driver, command: Command) -> Result<(), String> {
    let result = driver.run_to_end("Atlas", PATIENCE, command).map_err(|e| e.to_string());
    let notices: Vec<u64> = driver.session().notices().iter().map(|n| n.id).collect();
    notices.into_iter().for_each(|id| driver.run(Command::View(ViewCommand::DismissNotice(id))));
    result
}

/// In a shared folder F9 showed the same mask, and calibration led to it.
#[test]
fn the_atlas_hides_what_its_reader_has_still_to_read() {
    let home = tempfile::tempdir().unwrap();
    let (study, exam, code) = joined_later(home.path());
    let mut driver = driver(home.path());
    open(&mut driver, study.layout().root());
    enter(&mut driver, "R6");
    let why = told(&mut driver, Command::View(ViewCommand::ToggleAtlas)).unwrap_err();
    assert!(why.contains("still to read") && driver.session().atlas().shown().is_none(), "{why}");
    let why = told(&mut driver, Command::Study(StudyCommand::Calibrate)).unwrap_err();
    assert!(why.contains("R6 has still to read"), "{why}");
    enter(&mut driver, "R2");
    told(&mut driver, Command::View(ViewCommand::ToggleAtlas)).unwrap();
    assert_eq!(driver.session().atlas().shown().map(|shown| &shown.exam.code), Some(&code));
    // Sealed, it is shown; while it is read again it is not.
    let (_, begun) = study.open_read_for(&reader("R6"), &exam, NOW).unwrap();
    study.seal_read(begun, NOW).unwrap();
    assert_eq!(study.hidden_from_readers().unwrap(), []);
    let (_, again) = study.new_read_for(&reader("R6"), &exam, NOW).unwrap();
    assert_eq!(study.hidden_atlas_exams(&reader("R6")).unwrap().len(), 1);
    study.seal_read(again, NOW).unwrap();
    enter(&mut driver, "R6");
    told(&mut driver, Command::View(ViewCommand::ToggleAtlas)).unwrap();
    assert_eq!(driver.session().atlas().shown().map(|shown| &shown.exam.code), Some(&code));
}

/// The images of an exam could come into the atlas as a file while the exam itself would have been refused.
#[test]
fn images_of_an_unread_exam_do_not_come_into_the_atlas_as_a_file() {
    let home = tempfile::tempdir().unwrap();
    let study = ball_study(&home.path().join("study"), 2);
    let record = study.exams().unwrap().remove(0);
    let mask = mask_of(&study, &record.exam);
    let file = study.layout().sequence(&record.exam, &record.reading_sequence);
    let add = || {
        let volumes = read_path(&file, &Watch::quiet()).unwrap().volumes;
        let (notes, options) = (AtlasNotes::default(), ImportOptions::default());
        study.add_to_atlas(volumes, &mask, &notes, &options, &mut ChaCha8Rng::seed_from_u64(3), &Watch::quiet())
    };
    let why = add().unwrap_err().to_string();
    assert!(why.contains(&format!("{} waits for sealed reads by R1, R2, R3", record.exam)), "{why}");
    assert!(study.atlas().layout().exam_codes().unwrap().is_empty(), "nothing stays behind");
    ["R1", "R2", "R3"].into_iter().for_each(|code| seal(&study, code, &record.exam));
    add().unwrap();
}

fn result_of(who: &str, exam: &ExamCode, read: u32) -> CalibrationResult {
    let levels = vec![LevelDice { level: "2".into(), dice: Some(0.9), agreed: true }];
    let (time, sum) = (NOW.to_owned(), format!("{read:064}"));
    let (reader, exam) = (reader(who), exam.clone());
    CalibrationResult { time, reader, exam, read, journal_sha256: sum.clone(), agreed_sha256: sum, levels, pass_mark: Some(0.6) }
}

/// The first result after a crash was written behind the torn line, and lost with it.
#[test]
fn a_calibration_after_a_torn_line_is_kept() {
    let home = tempfile::tempdir().unwrap();
    let study = ball_study(&home.path().join("study"), 1);
    let exam = study.exams().unwrap().remove(0).exam;
    let results = [1, 2, 3].map(|read| result_of("R2", &exam, read));
    study.keep_calibration(&results[0]).unwrap();
    let file = study.layout().calibration_results(&reader("R2"));
    let whole = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{whole}{}", &whole[..whole.len() / 2])).unwrap();
    results[1..].iter().for_each(|result| study.keep_calibration(result).unwrap());
    assert_eq!(study.calibrations(&reader("R2")).unwrap(), results);
    assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 4, "no line is left empty");
}

/// Sent back a second time for its calibrations alone, a packet was said to have changed nothing, though they were taken over.
#[test]
fn calibrations_that_come_later_are_merged_and_counted() {
    let home = tempfile::tempdir().unwrap();
    let study = ball_study(&home.path().join("study"), 1);
    let (out, code_map) = (home.path().join("R2.osteonpacket"), home.path().join("code-map.json"));
    let options = PacketOptions { reader: reader("R2"), out, code_map, seed: None, again: false, model: None };
    make_packet(&study, &options, &mut ChaCha8Rng::seed_from_u64(2), &Watch::quiet()).unwrap();
    let copy = Study::open(&unpack(&options.out, &home.path().join("packets")).unwrap()).unwrap();
    let exam = copy.exams().unwrap().remove(0).exam;
    seal(&copy, "R2", &exam);
    let back = |name: &str| {
        let back = home.path().join(name);
        send_back(&copy, &back).unwrap();
        back
    };
    let told = |report: MergeReport| [report.merged.len(), report.present.len(), report.calibrations];
    assert_eq!(told(merge_packet(&study, &back("first"), &options.code_map).unwrap()), [1, 0, 0]);
    copy.keep_calibration(&result_of("R2", &exam, 1)).unwrap();
    let second = back("second");
    assert_eq!(told(merge_packet(&study, &second, &options.code_map).unwrap()), [0, 1, 1]);
    assert_eq!(study.calibrations(&reader("R2")).unwrap().len(), 1);
    let again = merge_packet(&study, &second, &options.code_map).unwrap_err().to_string();
    assert!(again.contains("was merged before"), "{again}");
}
