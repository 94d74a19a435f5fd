//! Scoring from the first mask to Table 2: blinded, interruption-proof, locked, unblinded.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;

use common::{PATIENCE, ball_study, driver, open};
use osteon::edit::{CommitKind, Patch, Row, RowAction};
use osteon::headless::Driver;
use osteon::session::{Command, ScoreCommand, StudyCommand, ViewCommand, Workspace};
use osteon::study::{
    Covariates, ExamCode, JournalRow, Mark, NewPlan, ReaderCode, ScoreFile, ScoreKey, ScoreRow, ScoreSource, Study, Target,
    new_score_session, score_tables,
};
use osteon::volume::{Labels, LayerKind};
use osteon::worker::message::Role;
use std::path::Path;
use std::sync::Arc;

const NOW: &str = "2026-11-21T10:00:00Z";

fn code(text: &str) -> ExamCode {
    ExamCode::new(text).unwrap()
}

/// Three exams, two sealed independent reads each, and a session of consensus and "model" masks.
fn scored_study(root: &Path, seed: u64) -> Study {
    let study = ball_study(root, 3);
    let mut masks = Vec::new();
    for (n, record) in study.exams().unwrap().iter().enumerate() {
        for reader in ["R2", "R3"] {
            let (header, mut file) = study.open_read_for(&ReaderCode::new(reader).unwrap(), &record.exam, NOW).unwrap();
            let at = header.grid.index([20, 22, 4]) as u32;
            let patch = Arc::new(Patch::from_changes((0..5).map(|k| (at + k, 0, 1 + (n % 3) as u8))));
            let action = RowAction::Paint { layer: LayerKind::Marrow, kind: CommitKind::Hand, patch };
            let row = JournalRow { row: Row { n: 1, name: "Brush".into(), action }, time: NOW.into(), reader: reader.into(), window: None };
            file.append(&row).unwrap();
            study.seal_read(file, NOW).unwrap();
        }
        let image = study.load_image(&record.exam, &record.reading_sequence).unwrap();
        for (source, level) in [(ScoreSource::Consensus("STAPLE".into()), 1), (ScoreSource::Model("marrow-R1/1".into()), 2)] {
            let mut labels = Labels::empty(image.grid().clone());
            labels.set([20, 22, 4], level);
            labels.set([20, 22, 5], 3);
            masks.push((record.exam.clone(), source, labels, 2));
        }
    }
    let (session, scorers) = (code("S1"), ["panel".to_owned()]);
    let plan = NewPlan { session: &session, created: NOW, scorers: &scorers, outside_bone_removed: false, left_out: &[] };
    new_score_session(&study, plan, masks, seed, None).unwrap();
    study
}

fn row(item: &str, target: Target, value: f64) -> ScoreRow {
    ScoreRow { time: NOW.into(), scorer: "panel".into(), item: item.into(), mark: Some((target, Mark::of(value))), comment: None }
}

fn text(driver: &Driver) -> String {
    driver.session().notices().iter().map(|n| n.text.clone()).collect::<Vec<_>>().join(" | ")
}

#[test]
fn the_order_is_the_seeds_and_nothing_says_what_a_mask_is() {
    let home = tempfile::tempdir().unwrap();
    let order = |name: &str, seed| {
        let study = scored_study(&home.path().join(name), seed);
        let file = ScoreFile::look(&study.layout().score_file(&code("S1"))).unwrap();
        let key = ScoreKey::load(&study.layout().score_key(&code("S1")).unwrap(), file.plan()).unwrap();
        let exams: Vec<String> = file.plan().items.iter().map(|i| i.exam.to_string()).collect();
        let sources: Vec<ScoreSource> = key.sources.values().cloned().collect();
        (exams, sources, study)
    };
    let (a, b, c) = (order("a", 4), order("b", 4), order("c", 5));
    assert_eq!((&a.0, &a.1), (&b.0, &b.1));
    assert_ne!((&a.0, &a.1), (&c.0, &c.1));
    assert!(a.0.windows(2).all(|pair| pair[0] != pair[1]), "masks of one exam do not follow each other: {:?}", a.0);
    // The key lies beside the study; every byte of the session: no model, no consensus, no reader, no key.
    let folder = a.2.layout().score_session(&code("S1"));
    for entry in std::fs::read_dir(&folder).unwrap().chain(std::fs::read_dir(folder.join("masks")).unwrap()) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for word in ["consensus", "STAPLE", "model", "marrow-R1"] {
            assert!(!bytes.windows(word.len()).any(|w| w == word.as_bytes()), "{word} in {}", path.display());
        }
    }
}

#[test]
fn marks_survive_stand_once_locked_and_show_tampering() {
    let home = tempfile::tempdir().unwrap();
    let study = scored_study(&home.path().join("study"), 4);
    let path = study.layout().score_file(&code("S1"));
    let key = study.layout().score_key(&code("S1")).unwrap();
    let mut file = ScoreFile::open(&path, NOW).unwrap();
    let second = ScoreFile::open(&path, NOW).unwrap_err().to_string();
    assert!(second.contains("open for writing by"), "{second}");
    file.put(&row("M-01", Target::Level(1), 3.4)).unwrap();
    file.put(&row("M-01", Target::Level(1), 3.41)).unwrap();
    assert!(file.put(&row("M-99", Target::Overall, 1.0)).unwrap_err().to_string().contains("no mask M-99"));
    assert!(file.lock(NOW).unwrap_err().to_string().contains("not every mask is marked"));
    assert!(file.unblind(&key, NOW).unwrap_err().to_string().contains("not locked"));
    // The program is killed: what was put is there.
    std::mem::forget(file);
    std::fs::remove_file(path.with_extension("sqlite.lock")).unwrap();
    let mut file = ScoreFile::open(&path, NOW).unwrap();
    assert_eq!(file.state().unwrap().marks.values().copied().collect::<Vec<_>>(), [Mark::of(3.41).unwrap()]);
    for n in 1..=6 {
        file.put(&row(&format!("M-0{n}"), Target::Overall, f64::from(n))).unwrap();
    }
    file.lock(NOW).unwrap();
    assert!(file.put(&row("M-01", Target::Overall, 9.0)).unwrap_err().to_string().contains("was locked at"));
    // Another key is refused, the right one opens it.
    let honest = std::fs::read(&key).unwrap();
    std::fs::write(&key, String::from_utf8(honest.clone()).unwrap().replace("marrow-R1/1", "marrow-R1/2")).unwrap();
    assert!(file.unblind(&key, NOW).unwrap_err().to_string().contains("not the key"));
    std::fs::write(&key, honest).unwrap();
    let opened = file.unblind(&key, NOW).unwrap();
    let table = &score_tables(file.plan(), &opened, &file.state().unwrap(), &Covariates::default())[0];
    assert_eq!((table.rows.len(), table.all[3][2].n), (3, 3));
    drop(file);
    let change = |sql: &str| rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    change("UPDATE mark SET hundredths = 0 WHERE n = 3");
    let error = ScoreFile::look(&path).unwrap().state().unwrap_err().to_string();
    assert!(error.contains("row 3") && error.contains("session.sqlite"), "{error}");
    change("DELETE FROM mark WHERE n >= 3");
    let error = ScoreFile::look(&path).unwrap().state().unwrap_err().to_string();
    assert!(error.contains("locked with"), "{error}");
}

#[test]
fn a_session_is_scored_left_gone_on_with_locked_and_unblinded() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    let study = scored_study(&root, 4);
    let enter = |driver: &mut Driver| {
        open(driver, &root);
        driver.run_to_end("Entering", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Coordinator))).unwrap();
        driver.run(Command::View(ViewCommand::Workspace(Workspace::Score)));
        driver.wait("Listing", PATIENCE, |s| !s.scoring().sessions().is_empty()).unwrap();
        let open = ScoreCommand::Open { session: code("S1"), scorer: "panel".into() };
        driver.run_to_end("Opening", PATIENCE, Command::Score(open)).unwrap();
    };
    let score = |driver: &mut Driver, command| driver.run_to_end("Scoring", PATIENCE, Command::Score(command)).unwrap();
    {
        let mut driver = driver(home.path());
        enter(&mut driver);
        let exam = driver.session().exam().unwrap();
        assert_eq!((exam.code().as_str(), exam.is_writable()), ("M-01", false), "the mask stands under the session's code");
        assert!(exam.layers().labels(LayerKind::Marrow).counts().of(3) == 1);
        score(&mut driver, ScoreCommand::Mark(Target::Overall, Mark::of(2.5)));
        score(&mut driver, ScoreCommand::Nudge(Target::Overall, 10));
        // Still being written when the next mask is shown.
        score(&mut driver, ScoreCommand::WriteComment("femur missed".into()));
        score(&mut driver, ScoreCommand::Step(1));
        assert_eq!(driver.session().exam().unwrap().code().as_str(), "M-02");
        assert_eq!(driver.session().scoring().open().unwrap().comment(), "", "the comment is the first mask's");
        score(&mut driver, ScoreCommand::Mark(Target::Overall, Mark::of(7.0)));
        driver.wait("Saving", PATIENCE, |s| s.scoring().open().is_some_and(|o| o.on_the_way() == 0)).unwrap();
    }
    // Another day: on with the third mask.
    let mut driver = driver(home.path());
    enter(&mut driver);
    assert_eq!(driver.session().exam().unwrap().code().as_str(), "M-03");
    let open = driver.session().scoring().open().unwrap();
    assert_eq!((open.marked(), open.is_complete()), (2, false));
    for n in 3..=6 {
        score(&mut driver, ScoreCommand::Go(n - 1));
        score(&mut driver, ScoreCommand::Mark(Target::Overall, Mark::of(n as f64)));
        score(&mut driver, ScoreCommand::Mark(Target::Level(2), Mark::of(1.0)));
    }
    // Levels that masks hold and nobody marked are named once; then it is locked all the same.
    score(&mut driver, ScoreCommand::Lock);
    assert!(text(&driver).contains("masks hold a level without a mark (M-01, level 1)"), "{}", text(&driver));
    assert!(driver.session().scoring().open().unwrap().locked().is_none());
    score(&mut driver, ScoreCommand::Lock);
    assert!(driver.session().scoring().open().unwrap().locked().is_some(), "{}", text(&driver));
    score(&mut driver, ScoreCommand::Mark(Target::Overall, Mark::of(9.0)));
    assert!(text(&driver).contains("its marks stand"), "{}", text(&driver));
    score(&mut driver, ScoreCommand::Unblind { session: code("S1"), key: None, covariates: None });
    let tables = driver.session().scoring().tables();
    let [table] = tables else { panic!("{}", text(&driver)) };
    assert_eq!((table.rows.len(), table.all[3][0].n, table.all[3][1].n), (3, 3, 3));
    let mean: f64 = table.all[3][0].mean.unwrap() + table.all[3][1].mean.unwrap();
    assert!((mean - (2.6 + 7.0 + 3.0 + 4.0 + 5.0 + 6.0) / 3.0).abs() < 1e-9, "{mean}");
    // Level 2 is only in the model's masks: marks on the consensus are flagged.
    let flagged = table.rows.iter().filter_map(|r| r.marks[1][0]).all(|m| m.flagged);
    assert!(flagged && table.rows.iter().filter_map(|r| r.marks[1][1]).all(|m| !m.flagged));
    assert_eq!(table.without_flagged[1][0].n, 0);
    assert!(table.rows.iter().any(|r| r.comments.iter().any(|c| c.contains("femur missed"))));
    assert!(study.layout().results().join("scores/S1-1.csv").is_file());
    // Back to reading: no mask stays on screen.
    driver.run_to_end("Leaving", PATIENCE, Command::View(ViewCommand::Workspace(Workspace::Read))).unwrap();
    assert!(driver.session().exam().is_none_or(|e| e.code().as_str().starts_with("K-")));
    assert!(driver.session().scoring().open().is_none());
}

/// Any reader could open a session and see there what a model and the others had drawn on an exam that they had not sealed.
#[test]
fn who_has_not_sealed_sees_no_mask() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    let _study = scored_study(&root, 4);
    for (reader, sees) in [("R1", false), ("R2", true)] {
        let mut driver = driver(home.path());
        open(&mut driver, &root);
        common::enter(&mut driver, reader);
        driver.run(Command::View(ViewCommand::Workspace(Workspace::Score)));
        driver.wait("Listing", PATIENCE, |s| !s.scoring().sessions().is_empty()).unwrap();
        let opened =
            driver.run_to_end("Opening", PATIENCE, Command::Score(ScoreCommand::Open { session: code("S1"), scorer: "panel".into() }));
        assert_eq!((opened.is_ok(), driver.session().exam().is_some()), (sees, sees), "{reader}: {}", text(&driver));
        assert_eq!(text(&driver).contains("has not sealed a read of this exam yet"), !sees, "{}", text(&driver));
    }
}

#[test]
fn the_key_lies_outside_the_study_and_one_that_an_older_version_left_inside_still_opens() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    let study = scored_study(&root, 4);
    let key = study.layout().score_key(&code("S1")).unwrap();
    assert!(key.is_file() && !key.starts_with(root.canonicalize().unwrap()), "{}", key.display());
    // A place inside the study is refused, by its real place too, and nothing is left behind; a taken place is not written over.
    let (session, scorers) = (code("S2"), ["panel".to_owned()]);
    let plan = NewPlan { session: &session, created: NOW, scorers: &scorers, outside_bone_removed: false, left_out: &[] };
    let record = study.exams().unwrap().remove(0);
    let image = study.load_image(&record.exam, &record.reading_sequence).unwrap();
    let masks = || vec![(record.exam.clone(), ScoreSource::Model("marrow-R1/1".into()), Labels::empty(image.grid().clone()), 2)];
    for inside in [root.join("key.json"), root.join("scores/../key.json"), root.clone()] {
        let error = new_score_session(&study, plan, masks(), 1, Some(&inside)).unwrap_err().to_string();
        assert!(error.contains("inside the study") && !error.contains("link list"), "{error}");
    }
    let error = new_score_session(&study, plan, masks(), 1, Some(&key)).unwrap_err().to_string();
    assert!(error.contains("key of another session"), "{error}");
    assert!(!study.layout().score_file(&session).exists());
    // Locked; the key is moved away, then where earlier versions left it.
    let path = study.layout().score_file(&code("S1"));
    let mut file = ScoreFile::open(&path, NOW).unwrap();
    for n in 1..=6 {
        file.put(&row(&format!("M-0{n}"), Target::Overall, f64::from(n))).unwrap();
    }
    file.lock(NOW).unwrap();
    drop(file);
    let elsewhere = home.path().join("elsewhere.json");
    std::fs::rename(&key, &elsewhere).unwrap();
    let mut driver = driver(home.path());
    open(&mut driver, &root);
    driver.run_to_end("Entering", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Coordinator))).unwrap();
    driver.run_to_end("Listing", PATIENCE, Command::View(ViewCommand::Workspace(Workspace::Score))).unwrap();
    let unblind = |key| Command::Score(ScoreCommand::Unblind { session: code("S1"), key, covariates: None });
    driver.run_to_end("Unblinding", PATIENCE, unblind(Some(elsewhere.clone()))).unwrap();
    assert_eq!(driver.session().scoring().tables().len(), 1);
    assert!(!text(&driver).contains("lies inside the study"));
    let within = study.layout().score_key_in_study(&code("S1"));
    std::fs::rename(&elsewhere, &within).unwrap();
    driver.run_to_end("Unblinding", PATIENCE, unblind(None)).unwrap();
    assert!(text(&driver).contains("lies inside the study"), "{}", text(&driver));
    std::fs::remove_file(within).unwrap();
    driver.run_to_end("Unblinding", PATIENCE, unblind(None)).unwrap_err();
    assert!(text(&driver).contains("is not at") && text(&driver).contains("Key elsewhere"), "{}", text(&driver));
}
