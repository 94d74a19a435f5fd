//! Rules of a scoring session: marrow outside bone, and several scorers who mark each alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;

use common::{PATIENCE, ball_study, driver, enter, open};
use osteon::edit::{CommitKind, Patch, Row, RowAction};
use osteon::headless::Driver;
use osteon::io::read_labels_nifti;
use osteon::session::{Command, ModelCommand, ScoreCommand, StudyCommand, ViewCommand, Workspace};
use osteon::study::{
    ExamCode, JournalRow, Mark, Part, Protocol, ReaderCode, ScoreFile, ScoreKey, ScoreSource, ScoringRules, Split, Study, Target,
};
use osteon::volume::{Labels, LayerKind};
use osteon::worker::message::{NewScores, Role, ScoreExams};
use std::path::Path;
use std::sync::Arc;

const NOW: &str = "2026-11-21T10:00:00Z";

fn code(text: &str) -> ExamCode {
    ExamCode::new(text).unwrap()
}

/// Where readers draw: voxels of level 2 in a row, the first three of them in bone.
const MARROW: [usize; 3] = [20, 22, 4];
const LENGTH: u32 = 5;
const IN_BONE: u32 = 3;

/// Two exams sealed by R2 and R3, who drew bone on the first one only; R1's model has begun.
fn study(home: &Path, remove_outside_bone: bool) -> Study {
    let root = home.join("study");
    let study = ball_study(&root, 2);
    let protocol: Protocol = study.protocol().clone().with_scoring(ScoringRules { remove_outside_bone });
    std::fs::write(study.layout().protocol(), protocol.to_toml()).unwrap();
    let study = Study::open(&root).unwrap();
    let mut split = Split::default();
    for (n, record) in study.exams().unwrap().iter().enumerate() {
        split.assign(record.patient.clone(), Part::Train);
        for reader in ["R2", "R3"] {
            let (header, mut file) = study.open_read_for(&ReaderCode::new(reader).unwrap(), &record.exam, NOW).unwrap();
            let at = header.grid.index(MARROW) as u32;
            let paint = |layer, label: u8, length: u32| {
                let patch = Arc::new(Patch::from_changes((0..length).map(|k| (at + k, 0, label))));
                RowAction::Paint { layer, kind: CommitKind::Hand, patch }
            };
            let mut actions = vec![paint(LayerKind::Marrow, 2, LENGTH)];
            actions.extend((n == 0).then(|| paint(LayerKind::Bone, 1, IN_BONE)));
            for (n, action) in (1..).zip(actions) {
                let row = Row { n, name: "Brush".into(), action };
                file.append(&JournalRow { row, time: NOW.into(), reader: reader.into(), window: None }).unwrap();
            }
            study.seal_read(file, NOW).unwrap();
        }
    }
    split.save(study.layout()).unwrap();
    let mut driver = driver(home);
    open(&mut driver, &root);
    enter(&mut driver, "R1");
    driver.run_to_end("Beginning", PATIENCE, Command::Model(ModelCommand::BeginShipped)).unwrap();
    study
}

fn coordinator(home: &Path) -> Driver {
    let mut driver = driver(home);
    open(&mut driver, &home.join("study"));
    driver.run_to_end("Entering", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Coordinator))).unwrap();
    driver.run_to_end("Listing", PATIENCE, Command::View(ViewCommand::Workspace(Workspace::Score))).unwrap();
    driver
}

fn make(driver: &mut Driver, scorers: &[&str]) {
    let new = NewScores {
        session: code("S1"),
        model: "marrow-R1".into(),
        scorers: scorers.iter().map(ToString::to_string).collect(),
        seed: Some(4),
        key: None,
        exams: ScoreExams::All,
    };
    driver.run_to_end("Making", PATIENCE, Command::Score(ScoreCommand::Make(new))).unwrap();
}

fn told(driver: &Driver) -> String {
    driver.session().notices().iter().map(|n| n.text.clone()).collect::<Vec<_>>().join(" | ")
}

/// The masks of a session by exam: of the consensus and of the model.
fn masks(study: &Study, exam: &ExamCode) -> [Labels; 2] {
    let file = ScoreFile::look(&study.layout().score_file(&code("S1"))).unwrap();
    let key = ScoreKey::load(&study.layout().score_key(&code("S1")).unwrap(), file.plan()).unwrap();
    let of = |consensus: bool| {
        let is = |item: &&osteon::study::ScoreItem| {
            item.exam == *exam && matches!(key.sources[item.code.as_str()], ScoreSource::Consensus(_)) == consensus
        };
        let item = file.plan().items.iter().find(is).unwrap();
        read_labels_nifti(&study.layout().score_mask(&code("S1"), &item.code)).unwrap()
    };
    [of(true), of(false)]
}

fn labelled(labels: &Labels) -> Vec<[usize; 3]> {
    let mut found = Vec::new();
    labels.for_each_labelled(|voxel, _| found.push(voxel));
    found.sort_unstable();
    found
}

#[test]
fn marrow_outside_bone_is_taken_out_where_the_protocol_says_so_and_kept_where_not() {
    let mut proposed = Vec::new();
    for removed in [true, false] {
        let home = tempfile::tempdir().unwrap();
        let study = study(home.path(), removed);
        let mut driver = coordinator(home.path());
        make(&mut driver, &["panel"]);
        let file = ScoreFile::look(&study.layout().score_file(&code("S1"))).unwrap();
        assert_eq!(file.plan().outside_bone_removed, removed);
        let exams: Vec<ExamCode> = study.exams().unwrap().into_iter().map(|record| record.exam).collect();
        let row = |length: u32| (0..length as usize).map(|k| [MARROW[0] + k, MARROW[1], MARROW[2]]).collect::<Vec<_>>();
        let [consensus, model] = masks(&study, &exams[0]);
        assert_eq!(labelled(&consensus), row(if removed { IN_BONE } else { LENGTH }), "{removed}");
        assert_eq!(consensus.counts().of(2), if removed { IN_BONE as usize } else { LENGTH as usize });
        proposed.push(labelled(&model));
        // Nobody drew bone on the second exam: its masks are as they were, and the plan says so where it matters.
        let [consensus, _] = masks(&study, &exams[1]);
        assert_eq!(labelled(&consensus), row(LENGTH));
        let said = file.plan().left_out.iter().any(|line| line.starts_with(exams[1].as_str()) && line.contains("no reader drew bone"));
        assert_eq!(said, removed, "{:?}", file.plan().left_out);
    }
    // The model's mask is the same but for what lies outside bone, and here that is nearly all of it.
    let bone = |voxel: &&[usize; 3]| voxel[1..] == MARROW[1..] && (MARROW[0]..MARROW[0] + IN_BONE as usize).contains(&voxel[0]);
    assert!(proposed[1].len() > IN_BONE as usize, "the model must propose outside bone, or this says nothing: {}", proposed[1].len());
    assert_eq!(proposed[0], proposed[1].iter().filter(bone).copied().collect::<Vec<_>>());
}

#[test]
fn several_scorers_mark_each_alone_and_each_has_a_table() {
    let home = tempfile::tempdir().unwrap();
    let study = study(home.path(), false);
    make(&mut coordinator(home.path()), &["anna", "bo"]);
    let run = |driver: &mut Driver, command| driver.run_to_end("Scoring", PATIENCE, Command::Score(command)).unwrap();
    let marks = [("anna", 2.0), ("bo", 6.0)];
    for (n, (scorer, first)) in marks.into_iter().enumerate() {
        let mut driver = coordinator(home.path());
        driver.wait("Listing", PATIENCE, |s| !s.scoring().sessions().is_empty()).unwrap();
        let summary = &driver.session().scoring().sessions()[0];
        assert_eq!(summary.marked, if n == 0 { [0, 0] } else { [4, 0] }, "what is told of the others is how far they are");
        run(&mut driver, ScoreCommand::Open { session: code("S1"), scorer: scorer.into() });
        for at in 0..4 {
            run(&mut driver, ScoreCommand::Go(at));
            let open = driver.session().scoring().open().unwrap();
            assert_eq!((open.scorer(), open.marked(), open.is_complete()), (scorer, at, false));
            assert!(Target::ALL.iter().all(|target| open.mark(*target).is_none()), "{scorer} sees somebody else's mark");
            assert_eq!(open.comment(), "", "{scorer} sees somebody else's comment");
            run(&mut driver, ScoreCommand::WriteComment(format!("{scorer} on mask {at}")));
            run(&mut driver, ScoreCommand::EndComment);
            let mark = Mark::of(first + at as f64 / 2.0);
            [Target::Overall, Target::Level(2)].into_iter().for_each(|target| run(&mut driver, ScoreCommand::Mark(target, mark)));
        }
        driver.wait("Saving", PATIENCE, |s| s.scoring().open().is_some_and(|o| o.on_the_way() == 0)).unwrap();
        if n == 0 {
            // Anna is through, Bo has not begun: nothing is locked, however often it is asked.
            run(&mut driver, ScoreCommand::Lock);
            let _ = driver.run_to_end("Locking", PATIENCE, Command::Score(ScoreCommand::Lock));
            assert!(told(&driver).contains("not every mask is marked"), "{}", told(&driver));
            assert!(driver.session().scoring().open().unwrap().locked().is_none());
        }
    }
    let mut driver = coordinator(home.path());
    driver.wait("Listing", PATIENCE, |s| !s.scoring().sessions().is_empty()).unwrap();
    run(&mut driver, ScoreCommand::Open { session: code("S1"), scorer: "bo".into() });
    run(&mut driver, ScoreCommand::Lock);
    run(&mut driver, ScoreCommand::Lock);
    assert!(driver.session().scoring().open().unwrap().locked().is_some(), "{}", told(&driver));
    run(&mut driver, ScoreCommand::Unblind { session: code("S1"), key: None, covariates: None });
    let tables = driver.session().scoring().tables();
    assert_eq!(tables.iter().map(|t| t.scorer.as_str()).collect::<Vec<_>>(), ["anna", "bo"]);
    for (table, (scorer, first)) in tables.iter().zip(marks) {
        assert_eq!((table.rows.len(), table.all[3][0].n, table.all[3][1].n), (2, 2, 2), "{scorer}");
        let mean = (table.all[3][0].mean.unwrap() + table.all[3][1].mean.unwrap()) / 2.0;
        assert!((mean - (first + 0.75)).abs() < 1e-9, "{scorer}: {mean}");
        let comments: Vec<&String> = table.rows.iter().flat_map(|row| &row.comments).collect();
        assert!(comments.len() == 4 && comments.iter().all(|c| c.contains(scorer)), "{comments:?}");
    }
    assert!((1..=2).all(|n| study.layout().results().join(format!("scores/S1-{n}.csv")).is_file()));
}

/// Three ways in which a mark could go to a mask that was not on the screen, or be set under another scorer's name: an exam or the
/// comparison opened beside the session, and a session that was closed while it opened came back as the first scorer's.
#[test]
fn what_is_marked_is_what_is_shown_and_a_closed_session_stays_closed() {
    let home = tempfile::tempdir().unwrap();
    let study = study(home.path(), false);
    make(&mut coordinator(home.path()), &["anna", "bo"]);
    let exam = study.exams().unwrap().remove(0).exam;
    let ways = [Command::Study(StudyCommand::OpenExam(exam)), Command::Study(StudyCommand::Compare)];
    for way in ways {
        let mut driver = coordinator(home.path());
        driver.wait("Listing", PATIENCE, |s| !s.scoring().sessions().is_empty()).unwrap();
        let open = Command::Score(ScoreCommand::Open { session: code("S1"), scorer: "bo".into() });
        driver.run_to_end("Opening", PATIENCE, open.clone()).unwrap();
        assert_eq!(driver.session().exam().unwrap().code().as_str(), "M-01");
        driver.run_to_end("Going", PATIENCE, way).unwrap();
        let session = driver.session();
        assert!(session.workspace() != Workspace::Score && session.scoring().open().is_none());
        assert!(session.exam().is_none_or(|exam| exam.code().as_str().starts_with("K-")));
        driver.run(Command::Score(ScoreCommand::Mark(Target::Overall, Mark::of(3.0))));
        driver.run_to_end("Listing", PATIENCE, Command::View(ViewCommand::Workspace(Workspace::Score))).unwrap();
        driver.wait("Listing", PATIENCE, |s| !s.scoring().sessions().is_empty()).unwrap();
        assert_eq!(driver.session().scoring().sessions()[0].marked, [0, 0]);
        driver.run(open);
        driver.run_to_end("Closing", PATIENCE, Command::Score(ScoreCommand::Close)).unwrap();
        assert!(driver.session().scoring().open().is_none() && driver.session().exam().is_none(), "{}", told(&driver));
    }
}
