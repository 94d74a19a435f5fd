//! The Compare workspace driven by commands, with the real workers and files: maps of one exam, blinding, a meeting's read.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;

use common::{PATIENCE, ball_study, driver, enter, files, open, saved, stroke};
use osteon::consensus::{Method, UNDECIDED};
use osteon::headless::Driver;
use osteon::session::{
    Command, CompareCommand, ComparePage, EditCommand, PointerCommand, ShownMap, StudyCommand, Tool, ToolCommand, ViewCommand, Workspace,
};
use osteon::study::{Assistance, ReaderCode, ReaderRule, ReadingRules, Study};
use osteon::volume::LayerKind;
use osteon::worker::message::{ComparedExam, MapOf, Role};
use std::path::Path;

/// Three readers of one exam: all found the same level 1, two of them a level 2, one alone a level 3 elsewhere.
fn three_reads(home: &Path) -> Driver {
    let root = home.join("study");
    let study = ball_study(&root, 2);
    // All three without a model: an assisted read has no vote beside two independent ones (tests/regression.rs).
    let independent = study.protocol().readers().iter().map(|rule| ReaderRule { code: rule.code.clone(), assistance: Assistance::None });
    let protocol = study.protocol().clone().with_readers(independent.collect());
    std::fs::write(study.layout().protocol(), protocol.to_toml()).unwrap();
    let mut driver = driver(home);
    open(&mut driver, &root);
    for reader in ["R1", "R2", "R3"] {
        enter(&mut driver, reader);
        stroke(&mut driver, 4, 1, &[[10.0, 10.0], [20.0, 10.0]]);
        if reader != "R3" {
            stroke(&mut driver, 5, 2, &[[12.0, 30.0]]);
        }
        if reader == "R2" {
            stroke(&mut driver, 2, 3, &[[30.0, 8.0]]);
        }
        driver.run(Command::Edit(EditCommand::AllDone));
        saved(&mut driver);
    }
    driver
}

fn coordinator(driver: &mut Driver) {
    driver.run_to_end("Entering", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Coordinator))).unwrap();
}

fn compared(driver: &Driver) -> &ComparedExam {
    driver.session().comparison().exam().expect("the exam is compared")
}

fn run(driver: &mut Driver, command: CompareCommand) {
    driver.run_to_end("Comparing", PATIENCE, Command::Compare(command)).unwrap();
}

fn warnings(driver: &Driver) -> String {
    driver.session().notices().iter().map(|n| n.text.clone()).collect::<Vec<_>>().join(" | ")
}

#[test]
fn the_open_exam_is_compared_when_the_workspace_is_looked_at() {
    let home = tempfile::tempdir().unwrap();
    let mut driver = three_reads(home.path());
    coordinator(&mut driver);
    assert!(driver.session().comparison().exam().is_none(), "nothing is worked out before it is looked at");
    driver.run_to_end("Comparing", PATIENCE, Command::View(ViewCommand::Workspace(Workspace::Compare))).unwrap();
    let exam = compared(&driver);
    assert_eq!(exam.maps.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["R1", "R2", "R3"]);
    assert_eq!(exam.maps[0].of, MapOf::Reader { assisted: false });
    assert_eq!(exam.levels.iter().map(|l| l.name.as_str()).collect::<Vec<_>>(), ["1", "2", "3", "2+3"]);
    // All agree on level 1; nothing differs, so no slice explains it.
    assert_eq!((exam.levels[0].against[2].dice, exam.levels[0].against[2].at), (Some(1.0), None));
    // Level 2: the third reader has nothing where two have the same.
    let pair = exam.levels[1].pairs[2];
    assert_eq!((pair.dice, pair.at.map(|v| v[2])), (Some(0.0), Some(5)));
    assert_eq!(exam.levels[1].pairs[1].dice, Some(1.0));
    // Level 3: neither of readers 1 and 3 has any.
    assert_eq!(exam.levels[2].pairs[2].dice, None);
    assert!(exam.disagreement.get(pair.at.unwrap()) > 0 && exam.entropy.get(pair.at.unwrap()) > 0);
    assert_eq!(exam.disputed.len(), 8);
    assert!(exam.disputed[5] > 0 && exam.disputed[2] > 0 && exam.disputed[4] == 0);
    let found = driver.session().comparison().findings();
    let lesion = found.iter().find(|f| f.level.as_deref() == Some("2")).unwrap();
    assert_eq!(lesion.found_by.iter().map(|(_, found)| *found).collect::<Vec<_>>(), [true, true, false]);
    assert!(found.iter().any(|f| f.level.as_deref() == Some("3") && f.centre[2] == 2));
    // Going there shows the slice, closely, with a mark.
    let at = found.iter().position(|f| f.level.as_deref() == Some("3")).unwrap();
    run(&mut driver, CompareCommand::Finding(at));
    let view = driver.session().exam().unwrap().view();
    assert!(view.slice == 2 && view.zoom >= 2.0);
    assert_eq!(driver.session().comparison().marker().map(|m| m.voxel[2]), Some(2));
    run(&mut driver, CompareCommand::StepFinding(1));
    assert_eq!(driver.session().comparison().page(), ComparePage::Findings);
    // The other exam has no reads: a sentence instead of maps, and the maps of the first are gone.
    let codes = driver.session().exam_codes();
    let open = driver.session().exam().unwrap().code().clone();
    let other = codes.into_iter().find(|c| *c != open).unwrap();
    driver.run_to_end("Opening", PATIENCE, Command::Study(StudyCommand::OpenExam(other.clone()))).unwrap();
    assert!(driver.session().comparison().exam().is_none());
    let why = driver.session().comparison().refusal().unwrap();
    assert!(why.starts_with(other.as_str()) && why.contains("0 finished reads; two are needed"), "{why}");
}

/// The squares of two readers leave out the end of a stroke that all three drew; a third reader without a square has no say.
#[test]
fn figures_keep_to_the_metaphysis_squares_where_the_protocol_says_so() {
    let home = tempfile::tempdir().unwrap();
    let mut driver = three_reads(home.path());
    let code = driver.session().exam().unwrap().code().clone();
    let go_to = |driver: &mut Driver| {
        if *driver.session().exam().unwrap().code() != code {
            driver.run_to_end("Opening", PATIENCE, Command::Study(StudyCommand::OpenExam(code.clone()))).unwrap();
        }
    };
    for reader in ["R1", "R2"] {
        enter(&mut driver, reader);
        go_to(&mut driver);
        driver.run(Command::View(ViewCommand::Slice(4)));
        driver.run(Command::Tool(ToolCommand::Choose(Tool::Square)));
        // The physis below the stroke of level 1, from 5 to 15: the end of the stroke at 20 lies outside.
        for pointer in [PointerCommand::Down([5.0, 14.0]), PointerCommand::Move(vec![[15.0, 14.0]]), PointerCommand::Up] {
            driver.run(Command::Pointer(pointer));
        }
        saved(&mut driver);
        assert_eq!(driver.session().exam().unwrap().layers().squares().count(), 1);
    }
    let voxels = |driver: &mut Driver| -> Vec<u64> {
        coordinator(driver);
        go_to(driver);
        driver.run_to_end("Comparing", PATIENCE, Command::View(ViewCommand::Workspace(Workspace::Compare))).unwrap();
        compared(driver).levels.iter().map(|level| level.voxels).collect()
    };
    let whole = voxels(&mut driver);
    let root = driver.session().study().unwrap().root.clone();
    let study = Study::open(&root).unwrap();
    let reading = ReadingRules { within_squares: true, ..study.protocol().reading() };
    let text = study.protocol().clone().with_reading(reading).to_toml();
    driver.run_to_end("Writing", PATIENCE, Command::Study(StudyCommand::SaveProtocol(text))).unwrap();
    // No figure by the old rule stays on screen.
    assert!(driver.session().comparison().exam().is_none_or(|exam| exam.levels[0].voxels < whole[0]), "{whole:?}");
    let limited = voxels(&mut driver);
    assert!(
        limited[0] > 0 && limited[0] < whole[0],
        "{limited:?} of {whole:?}: {:?} {:?}",
        compared(&driver).rules,
        compared(&driver).warnings
    );
    assert_eq!(limited[2], 0, "level 3 lies outside the square: {whole:?}");
    assert!(compared(&driver).rules.iter().any(|rule| rule.contains("metaphysis squares")));
    let bounds = compared(&driver).consensus.labelled_box();
    assert!(bounds.lo[0] >= 5 && bounds.hi[0] <= 16, "{bounds:?}");
    // The report says the same, and how long was read.
    driver.run_to_end("Reporting", PATIENCE, Command::Study(StudyCommand::Report(Box::default()))).unwrap();
    let page = std::fs::read_to_string(root.join("results/report/report.html")).unwrap();
    assert!(page.contains("Marrow counts within the metaphysis squares alone"), "{page}");
    let exams = std::fs::read_to_string(root.join("results/report/exams.csv")).unwrap();
    let cells: Vec<&str> = exams.lines().nth(1).unwrap().split(',').collect();
    let voxel_ml = 0.9 * 0.9 * 3.5 / 1000.0;
    assert!((cells[6].parse::<f64>().unwrap() - limited[0] as f64 * voxel_ml).abs() < 1e-9, "{exams}");
    let reads = std::fs::read_to_string(root.join("results/report/reads.csv")).unwrap();
    assert_eq!(reads.lines().count(), 4, "{reads}");
    // Painting keeps to the squares from the start.
    enter(&mut driver, "R1");
    assert!(driver.session().tool().rules.inside_region);
    driver.run(Command::Tool(ToolCommand::ToggleInsideRegion));
    assert!(driver.session().tool().rules.inside_region, "the protocol says so");
}

#[test]
fn method_region_and_readers_can_be_chosen() {
    let home = tempfile::tempdir().unwrap();
    let mut driver = three_reads(home.path());
    coordinator(&mut driver);
    driver.run_to_end("Comparing", PATIENCE, Command::Study(StudyCommand::Compare)).unwrap();
    let table = driver.session().compare().unwrap();
    assert_eq!((table.exams.len(), table.left_out.len()), (1, 1));
    let against: Vec<&str> = table.exams[0].lines.iter().map(|l| l.against.as_str()).collect();
    assert!(["STAPLE", "STAPLE of the others", "majority"].iter().all(|a| against.contains(a)), "{against:?}");
    for method in [Method::Majority, Method::Joint, Method::Simple] {
        run(&mut driver, CompareCommand::Method(method));
        assert_eq!(compared(&driver).choice.method, method);
        assert_eq!(compared(&driver).levels[0].sensitivity, [Some(1.0); 3], "{method:?}");
    }
    // Two readers without the third: what only one of them painted is a tie.
    run(&mut driver, CompareCommand::Method(Method::Majority));
    run(&mut driver, CompareCommand::ToggleReader("R1".to_owned()));
    let exam = compared(&driver);
    assert_eq!(exam.maps.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["R2", "R3"]);
    assert_eq!(exam.ties.count, 2);
    assert_eq!(exam.consensus.get(exam.ties.largest[0].centre), UNDECIDED);
    assert!(exam.levels[0].others.iter().all(Option::is_none));
    // The study's figures were made with another choice, and say so.
    assert_ne!(driver.session().compare().unwrap().choice, *driver.session().comparison().choice());
    let code = driver.session().exam().unwrap().code().clone();
    run(&mut driver, CompareCommand::ToggleExam(code.clone()));
    driver.run_to_end("Comparing", PATIENCE, Command::Study(StudyCommand::Compare)).unwrap();
    let table = driver.session().compare().unwrap();
    assert!(table.exams.is_empty() && table.left_out.contains(&(code.to_string(), "not chosen".to_owned())), "{table:?}");
    // Maps can be shown in turn.
    run(&mut driver, CompareCommand::StepShown(-1));
    assert_eq!(*driver.session().comparison().shown(), ShownMap::Map("R3".to_owned()));
    run(&mut driver, CompareCommand::StepShown(1));
    assert_eq!(*driver.session().comparison().shown(), ShownMap::Consensus);
}

#[test]
fn a_consensus_begins_a_meetings_read_and_touches_no_other() {
    let home = tempfile::tempdir().unwrap();
    let mut driver = three_reads(home.path());
    coordinator(&mut driver);
    run(&mut driver, CompareCommand::Method(Method::Majority));
    driver.run_to_end("Comparing", PATIENCE, Command::Study(StudyCommand::Compare)).unwrap();
    let reads = home.path().join("study/reads");
    let before = files(&reads);
    let consensus = compared(&driver).consensus.clone();
    let exam = compared(&driver).exam.clone();
    run(&mut driver, CompareCommand::Adopt);
    assert!(warnings(&driver).contains("Read 1 of") && warnings(&driver).contains("R1, R2, R3"), "{}", warnings(&driver));
    let after = files(&reads);
    assert!(before.iter().all(|(path, bytes)| after.get(path) == Some(bytes)), "another reader's file was changed");
    assert!(reads.join("consensus").join(exam.as_str()).join("1.sqlite").is_file());
    // A second one stands beside the first, and neither votes.
    run(&mut driver, CompareCommand::Adopt);
    assert!(reads.join("consensus").join(exam.as_str()).join("2.sqlite").is_file());
    let maps: Vec<(String, MapOf)> = compared(&driver).maps.iter().map(|m| (m.name.clone(), m.of)).collect();
    assert_eq!((maps.len(), &maps[3]), (4, &("consensus".to_owned(), MapOf::Meeting)));
    assert_eq!(compared(&driver).voters(), 3);
    assert!(compared(&driver).consensus.same_labels(&consensus));
    // The meeting goes on from it: the protocol knows the code, the step can be undone.
    let study = Study::open(&home.path().join("study")).unwrap();
    assert!(study.protocol().reader(&ReaderCode::new("consensus").unwrap()).is_some());
    enter(&mut driver, "consensus");
    driver.run_to_end("Opening", PATIENCE, Command::Study(StudyCommand::OpenExam(exam))).unwrap();
    let layers = driver.session().exam().unwrap().layers();
    assert_eq!(layers.labels(LayerKind::Marrow).counts().of(1), consensus.counts().of(1));
    assert_eq!(layers.labels(LayerKind::Marrow).counts().of(UNDECIDED), 0);
    assert!(layers.history().next_undo().unwrap().1.starts_with("Consensus by majority of R1, R2, R3"));
    driver.run(Command::Edit(EditCommand::Undo));
    assert_eq!(driver.session().exam().unwrap().layers().labels(LayerKind::Marrow).counts().of(1), 0);
    saved(&mut driver);
}

#[test]
fn a_reader_sees_nothing_of_a_comparison() {
    let home = tempfile::tempdir().unwrap();
    let mut driver = three_reads(home.path());
    coordinator(&mut driver);
    driver.run_to_end("Comparing", PATIENCE, Command::Study(StudyCommand::Compare)).unwrap();
    assert!(driver.session().compare().is_some() && driver.session().comparison().exam().is_some());
    enter(&mut driver, "R2");
    let nothing = |driver: &Driver| driver.session().compare().is_none() && driver.session().comparison().exam().is_none();
    assert!(nothing(&driver), "figures of the coordinator stay on a reader's screen");
    driver.run_to_end("Looking", PATIENCE, Command::View(ViewCommand::Workspace(Workspace::Compare))).unwrap();
    for command in [CompareCommand::Adopt, CompareCommand::Method(Method::Joint), CompareCommand::Finding(0)] {
        run(&mut driver, command);
    }
    assert!(nothing(&driver) && !home.path().join("study/reads/consensus").exists());
    assert!(warnings(&driver).contains("only the coordinator"), "{}", warnings(&driver));
    // What was asked for as coordinator and arrives after the change of role is not shown either.
    coordinator(&mut driver);
    driver.run(Command::Study(StudyCommand::Compare));
    enter(&mut driver, "R3");
    assert!(nothing(&driver));
}
