//! Packets, links, the atlas and scoring: what two programs at once or a kill once broke.

use super::common::{PATIENCE, ball, ball_study, ball_study_under, driver, enter, files, open, saved, stroke};
use osteon::headless::Driver;
use osteon::io::{Watch, read_path, write_image_nifti};
use osteon::session::{Command, ScoreCommand, StudyCommand, ViewCommand, Workspace};
use osteon::study::{
    AtlasNotes, CodeMap, ExamCode, ImportOptions, ImportReport, Mark, NewPlan, PacketOptions, PatientMap, ReaderCode, ReadingRules,
    ScoreFile, ScoreRow, ScoreSource, Split, Study, Target, calibration_study, make_packet, new_score_session, unpack,
};
use osteon::volume::Labels;
use osteon::worker::message::{AtlasMask, Role};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use std::fs;
use std::path::Path;
use std::process::Command as Process;

const NOW: &str = "2026-11-21T10:00:00Z";

fn reader(code: &str) -> ReaderCode {
    ReaderCode::new(code).unwrap()
}

fn packet_for(home: &Path, code: &str) -> PacketOptions {
    let (out, code_map) = (home.join(format!("{code}.osteonpacket")), home.join("code-map.json"));
    PacketOptions { reader: reader(code), out, code_map, seed: None, again: false, model: None }
}

/// The map was read before images were copied and written back whole: of two packets made in the same minutes, one could never be
/// merged.
#[test]
fn packets_made_at_the_same_time_are_both_in_the_code_map() {
    let home = tempfile::tempdir().unwrap();
    let study = ball_study(&home.path().join("study"), 2);
    let (one, other) = (packet_for(home.path(), "R2"), packet_for(home.path(), "R3"));
    let meanwhile = |at: usize, _| {
        if at == 0 {
            make_packet(&study, &other, &mut ChaCha8Rng::seed_from_u64(2), &Watch::quiet()).unwrap();
        }
    };
    make_packet(&study, &one, &mut ChaCha8Rng::seed_from_u64(1), &Watch::new(&meanwhile, &|| false)).unwrap();
    let map = CodeMap::open(&one.code_map, study.layout().root()).unwrap();
    assert_eq!(map.packets().iter().map(|p| p.reader.as_str()).collect::<Vec<_>>(), ["R3", "R2"]);
    for options in [&one, &other] {
        let number = osteon::study::packet_id(&options.out).unwrap();
        assert_eq!(map.packet(&number).unwrap().reader, options.reader);
    }
}

/// Imports one ball for each word, which names its patient; `meanwhile` runs once after the first.
fn import_balls(study: &Study, home: &Path, words: &[&str], seed: u64, meanwhile: &(dyn Fn() + Sync)) -> ImportReport {
    let folder = tempfile::tempdir_in(home).unwrap();
    let mut list = "exam,patient\n".to_owned();
    for (n, word) in words.iter().enumerate() {
        write_image_nifti(&folder.path().join(format!("{n}{word}{seed}.nii.gz")), &ball(seed as f64 + n as f64)).unwrap();
        list += &format!("{n}{word}{seed},{word}\n");
    }
    let patients = PatientMap::parse(&list, Path::new("list")).unwrap();
    let options = ImportOptions { patients, link: Some(home.join("link.jsonl")), ..ImportOptions::default() };
    let report = |done: usize, total: usize| {
        if done == 1 && total > 1 {
            meanwhile();
        }
    };
    let volumes = read_path(folder.path(), &Watch::quiet()).unwrap().volumes;
    study.import(volumes, &options, &mut ChaCha8Rng::seed_from_u64(seed), &Watch::new(&report, &|| false)).unwrap()
}

/// The link list was written back as it was when the import began: exams that another import had added by then had no name any more,
/// and a patient in both got two codes.
#[test]
fn imports_at_the_same_time_keep_each_others_links() {
    let home = tempfile::tempdir().unwrap();
    let (one, other) = (ball_study(&home.path().join("one"), 0), ball_study(&home.path().join("other"), 0));
    let inner = std::sync::Mutex::new(None);
    let meanwhile = || *inner.lock().unwrap() = Some(import_balls(&other, home.path(), &["ben", "cleo"], 20, &|| ()));
    let outer = import_balls(&one, home.path(), &["ann", "ben"], 10, &meanwhile);
    let inner = inner.into_inner().unwrap().unwrap();
    let links = fs::read_to_string(home.path().join("link.jsonl")).unwrap();
    let all = outer.exams.iter().chain(&inner.exams);
    assert_eq!(links.lines().count(), 4, "{links}");
    assert!(all.map(|e| format!("\"{}\"", e.exam)).all(|code| links.contains(&code)), "{links}");
    assert_eq!(outer.exams[1].patient, inner.exams[0].patient, "one person, one code");
    assert!(!home.path().join("link.jsonl.lock").exists());
}

/// An import wrote the split back as it was when it began: one that was drawn meanwhile was forgotten, and drawn again with other
/// patients in it.
#[test]
fn an_import_keeps_the_split_that_was_drawn_meanwhile() {
    let home = tempfile::tempdir().unwrap();
    let (before, study) = (ball_study(&home.path().join("before"), 0), ball_study(&home.path().join("study"), 0));
    import_balls(&before, home.path(), &["ann"], 10, &|| ());
    before.trainable().unwrap();
    import_balls(&before, home.path(), &["ann"], 20, &|| ());
    let draw = || drop(study.trainable().unwrap());
    let report = import_balls(&study, home.path(), &["ben", "ann"], 30, &draw);
    let split = Split::load(study.layout()).unwrap();
    assert!(split.is_drawn(), "what was drawn stays drawn");
    assert!(report.exams.iter().all(|e| split.part(&e.patient).is_some()));
}

/// One sealed read was enough where the protocol asks for two: a reader who still owed the second one could look at the mask.
#[test]
fn the_atlas_waits_for_every_read_that_the_protocol_asks_for() {
    let home = tempfile::tempdir().unwrap();
    let rules = ReadingRules { reads: 2, ..ReadingRules::default() };
    let study = ball_study_under(&home.path().join("study"), 1, |protocol| protocol.with_reading(rules));
    let record = study.exams().unwrap().remove(0);
    let mut mask = Labels::empty(study.load_image(&record.exam, &record.reading_sequence).unwrap().grid().clone());
    mask.set([20, 22, 4], 2);
    let begin = |code: &str| study.new_read_for(&reader(code), &record.exam, NOW).unwrap().1;
    let seal = |code: &str| drop(study.seal_read(begin(code), NOW).unwrap());
    let add = || study.take_into_atlas(&record.exam, &mask, &AtlasNotes::default(), &mut ChaCha8Rng::seed_from_u64(1));
    let refused = |readers: &str| {
        let error = add().unwrap_err().to_string();
        assert!(error.contains(&format!("waits for sealed reads by {readers}, who")), "{error}");
    };
    ["R1", "R2", "R3", "R1", "R2"].into_iter().for_each(seal);
    refused("R3");
    seal("R3");
    // All that was asked for; one more is begun.
    let third = begin("R2");
    refused("R2");
    study.seal_read(third, NOW).unwrap();
    // The meeting begins with the agreed mask: it may be under way.
    let meeting = study.new_meeting_read(&record.exam, NOW).unwrap();
    add().unwrap();
    drop(meeting);
}

/// The key was in the map before the packet was written: after a full stick or in a folder that cannot be the reader "had a packet already".
#[test]
fn a_packet_that_failed_leaves_its_reader_free() {
    let home = tempfile::tempdir().unwrap();
    let study = ball_study(&home.path().join("study"), 1);
    let good = packet_for(home.path(), "R2");
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    fs::create_dir(home.path().join("taken")).unwrap();
    fs::write(home.path().join("file"), "in the way").unwrap();
    for bad in ["file/R2.osteonpacket", "taken"] {
        let options = PacketOptions { out: home.path().join(bad), ..good.clone() };
        let error = make_packet(&study, &options, &mut rng, &Watch::quiet()).unwrap_err().to_string();
        assert!(error.contains(bad) && !error.contains('\n'), "{error}");
        assert!(CodeMap::open(&good.code_map, study.layout().root()).unwrap().packets().is_empty());
    }
    make_packet(&study, &good, &mut rng, &Watch::quiet()).unwrap();
    let names: Vec<String> = fs::read_dir(home.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.iter().all(|name| !name.starts_with('.')), "{names:?}");
}

/// A study with one exam and an atlas with another, and what that was called.
fn with_atlas(home: &Path) -> (Study, ExamCode) {
    let study = ball_study(&home.join("study"), 1);
    let code = add_ball(&study, home).unwrap();
    (study, code)
}

fn add_ball(study: &Study, home: &Path) -> Result<ExamCode, osteon::study::StudyError> {
    let (file, image) = (home.join("reference.nii.gz"), ball(50.0));
    write_image_nifti(&file, &image).unwrap();
    let mut mask = Labels::empty(image.grid().clone());
    mask.set([20, 22, 4], 2);
    let volumes = read_path(&file, &Watch::quiet()).unwrap().volumes;
    let mut rng = ChaCha8Rng::seed_from_u64(fs::read_dir(study.layout().root()).unwrap().count() as u64);
    study.add_to_atlas(volumes, &mask, &AtlasNotes::parse("Clear."), &ImportOptions::default(), &mut rng, &Watch::quiet())
}

/// A program that was killed while it added to the atlas left a folder that kept the same images, and every other exam, out for good.
#[test]
fn what_a_kill_left_in_the_atlas_stands_in_nobodys_way() {
    let home = tempfile::tempdir().unwrap();
    let (study, first) = with_atlas(home.path());
    let inside = study.atlas().layout().clone();
    // Killed between record and mask; killed while images were copied, by this version and by the last.
    fs::remove_file(inside.atlas_mask(&first)).unwrap();
    for torn in ["K-777", ".new-K-778"] {
        fs::create_dir(inside.exams().join(torn)).unwrap();
        fs::write(inside.exams().join(torn).join("water.nii.gz"), "half an image").unwrap();
    }
    assert!(study.atlas().codes().unwrap().is_empty());
    let again = add_ball(&study, home.path()).unwrap();
    assert_ne!(again, first);
    assert!(add_ball(&study, home.path()).unwrap_err().to_string().contains("not one new exam"), "now it is there");
    let record = study.exams().unwrap().remove(0);
    for code in ["R1", "R2", "R3"] {
        study.seal_read(study.new_read_for(&reader(code), &record.exam, NOW).unwrap().1, NOW).unwrap();
    }
    let mut mask = Labels::empty(study.load_image(&record.exam, &record.reading_sequence).unwrap().grid().clone());
    mask.set([20, 22, 4], 2);
    let taken = study.take_into_atlas(&record.exam, &mask, &AtlasNotes::default(), &mut ChaCha8Rng::seed_from_u64(8)).unwrap();
    let mut whole = vec![again, taken];
    whole.sort();
    assert_eq!(study.atlas().codes().unwrap(), whole);
    whole.iter().for_each(|code| drop(study.atlas().exam(code).unwrap()));
    // What is torn does not travel.
    let options = packet_for(home.path(), "R2");
    make_packet(&study, &options, &mut ChaCha8Rng::seed_from_u64(1), &Watch::quiet()).unwrap();
    let copy = Study::open(&unpack(&options.out, &home.path().join("there")).unwrap()).unwrap();
    assert_eq!(copy.atlas().layout().exam_codes().unwrap(), whole);
    assert!(files(&copy.layout().atlas()).keys().all(|path| !path.to_string_lossy().contains("77")));
}

/// A program that was killed while it copied an exam to calibrate on left a folder without a record, which was never copied again.
#[test]
fn calibrating_goes_on_after_a_kill_while_it_was_prepared() {
    let home = tempfile::tempdir().unwrap();
    let (study, code) = with_atlas(home.path());
    let made = calibration_study(&study, &reader("R2")).unwrap();
    fs::remove_file(made.layout().exam_record(&code)).unwrap();
    let images: Vec<_> = fs::read_dir(made.layout().exam(&code)).unwrap().map(|e| e.unwrap().path()).collect();
    images.iter().for_each(|path| fs::write(path, "half an image").unwrap());
    let made = calibration_study(&study, &reader("R2")).unwrap();
    let record = made.exam(&code).unwrap();
    made.load_image(&code, &record.reading_sequence).unwrap();
    assert_eq!(made.check().unwrap().problems, Vec::<String>::new());
    // What an atlas knows of sources and scanners is nothing to paint by.
    let sources = |record: &osteon::study::ExamRecord| record.sequences.iter().map(|s| s.sources.len()).sum::<usize>();
    let in_atlas = study.atlas().records().unwrap().remove(0);
    assert_eq!((sources(&in_atlas), sources(&record)), (1, 0));
}

/// A session of one mask.
fn session(study: &Study, name: &str) {
    let record = study.exams().unwrap().remove(0);
    let image = study.load_image(&record.exam, &record.reading_sequence).unwrap();
    let masks = vec![(record.exam, ScoreSource::Model("marrow-R1/1".into()), Labels::empty(image.grid().clone()), 2)];
    let (session, scorers) = (ExamCode::new(name).unwrap(), ["panel".to_owned()]);
    let plan = NewPlan { session: &session, created: NOW, scorers: &scorers, outside_bone_removed: false, left_out: &[] };
    new_score_session(study, plan, masks, 1, None).unwrap();
}

fn score_list(study: &Study) -> (bool, String, String) {
    let output = Process::new(env!("CARGO_BIN_EXE_osteon")).args(["score", "list"]).arg(study.layout().root()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

fn coordinate_scores(driver: &mut Driver, study: &Study) {
    open(driver, study.layout().root());
    driver.run_to_end("Entering", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Coordinator))).unwrap();
    driver.run(Command::View(ViewCommand::Workspace(Workspace::Score)));
    driver.wait("Listing", PATIENCE, |s| !s.scoring().sessions().is_empty()).unwrap();
}

fn notices(driver: &Driver) -> String {
    driver.session().notices().iter().map(|n| n.text.clone()).collect::<Vec<_>>().join(" | ")
}

/// A kill while a mark was written leaves a journal that a connection which only reads cannot roll back: every session of the study
/// was out of reach, and a sound file called damaged.
#[test]
fn a_session_is_looked_at_after_a_kill_while_a_mark_was_written() {
    let home = tempfile::tempdir().unwrap();
    let study = ball_study(&home.path().join("study"), 1);
    session(&study, "S1");
    let path = study.layout().score_file(&ExamCode::new("S1").unwrap());
    let journal = path.with_extension("sqlite-journal");
    let row = ScoreRow {
        time: NOW.into(),
        scorer: "panel".into(),
        item: "M-1".into(),
        mark: Some((Target::Overall, Mark::of(3.0))),
        comment: None,
    };
    let mut file = ScoreFile::open(&path, NOW).unwrap();
    let item = file.plan().items[0].code.to_string();
    file.put(&ScoreRow { item, ..row }).unwrap();
    drop(file);
    // The moment of the kill: pages are in the file already, what they replace is in the journal.
    let writer = rusqlite::Connection::open(&path).unwrap();
    writer.execute_batch("PRAGMA cache_size = 1; BEGIN; UPDATE mark SET comment = hex(zeroblob(400000));").unwrap();
    let torn = [&path, &journal].map(|file| fs::read(file).unwrap());
    writer.execute_batch("ROLLBACK").unwrap();
    drop(writer);
    for (file, bytes) in [&path, &journal].into_iter().zip(&torn) {
        fs::write(file, bytes).unwrap();
    }
    let state = ScoreFile::look(&path).unwrap().state().unwrap();
    assert_eq!((state.rows, state.marks.len()), (1, 1));
    assert_eq!([&path, &journal].map(|file| fs::read(file).unwrap()), torn, "looking changes nothing");
    let (fine, listed, said) = score_list(&study);
    assert!(fine && listed.contains("S1: 1 masks, 1 of 1 marked"), "{listed}{said}");
    let mut driver = driver(home.path());
    coordinate_scores(&mut driver, &study);
    let open = ScoreCommand::Open { session: ExamCode::new("S1").unwrap(), scorer: "panel".into() };
    driver.run_to_end("Opening", PATIENCE, Command::Score(open)).unwrap();
    driver.wait("Opening", PATIENCE, |s| s.exam().is_some()).unwrap();
    assert_eq!(driver.session().scoring().open().unwrap().marked(), 1, "{}", notices(&driver));
}

/// One session that could not be read kept all others from being listed.
#[test]
fn one_bad_session_is_named_and_hides_no_other() {
    let home = tempfile::tempdir().unwrap();
    let study = ball_study(&home.path().join("study"), 1);
    session(&study, "S1");
    session(&study, "S2");
    fs::write(study.layout().score_file(&ExamCode::new("S1").unwrap()), "no database").unwrap();
    let (fine, listed, said) = score_list(&study);
    assert!(!fine && listed.contains("S2: 1 masks"), "{listed}{said}");
    assert!(said.contains("S1") && said.trim_end().lines().count() == 1, "{said}");
    let mut driver = driver(home.path());
    coordinate_scores(&mut driver, &study);
    assert_eq!(driver.session().scoring().sessions().iter().map(|s| s.session.as_str()).collect::<Vec<_>>(), ["S2"]);
    assert!(notices(&driver).contains("A scoring session is not listed") && notices(&driver).contains("S1"), "{}", notices(&driver));
}

/// "1 sealed independent reads".
#[test]
fn one_read_is_called_one() {
    let home = tempfile::tempdir().unwrap();
    let one = |protocol: osteon::study::Protocol| {
        let readers = protocol.readers().iter().filter(|rule| rule.code.as_str() == "R2").cloned().collect();
        protocol.with_readers(readers)
    };
    let study = ball_study_under(&home.path().join("study"), 1, one);
    let mut driver = driver(home.path());
    open(&mut driver, study.layout().root());
    enter(&mut driver, "R2");
    stroke(&mut driver, 4, 2, &[[20.0, 20.0]]);
    saved(&mut driver);
    driver.run_to_end("Looking over", PATIENCE, Command::Study(StudyCommand::Submit)).unwrap();
    driver.run_to_end("Sealing", PATIENCE, Command::Study(StudyCommand::Seal)).unwrap();
    driver.run_to_end("Entering", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Coordinator))).unwrap();
    let exam = driver.session().exam_codes()[0].clone();
    driver.run_to_end("Opening", PATIENCE, Command::Study(StudyCommand::OpenExam(exam))).unwrap();
    driver.run(Command::Study(StudyCommand::BeginAtlasExam));
    let add = Command::Study(StudyCommand::AddToAtlas { mask: AtlasMask::Consensus, notes: String::new() });
    let error = driver.run_to_end("Adding", PATIENCE, add).unwrap_err().to_string();
    assert!(error.contains("has no consensus: 1 sealed independent read, two are needed"), "{error}");
}
