//! A named test for every bug that was found.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

#[path = "regression/atlas.rs"]
mod atlas;
#[path = "regression/command_line.rs"]
mod command_line;
mod common;
#[path = "regression/crossings.rs"]
mod crossings;
#[path = "regression/damage.rs"]
mod damage;
#[path = "ui/desk.rs"]
#[allow(dead_code, reason = "the window's tests use the rest")]
mod desk;
#[path = "regression/figures.rs"]
mod figures;
#[path = "regression/files.rs"]
mod files;
#[path = "regression/folders.rs"]
mod folders;
#[path = "regression/history.rs"]
mod history;
#[path = "ui/knee.rs"]
#[allow(dead_code, reason = "the window's tests use the rest")]
mod knee;
#[path = "regression/learning.rs"]
mod learning;
#[path = "regression/reads.rs"]
mod reads;
#[path = "regression/seats.rs"]
mod seats;
#[path = "regression/sight.rs"]
mod sight;
#[path = "regression/split.rs"]
mod split;
#[path = "regression/studies.rs"]
mod studies;
#[path = "regression/window.rs"]
mod window;
#[path = "regression/words.rs"]
mod words;

use common::{PATIENCE, ball_study, driver, enter, open, saved, shared, stroke};
use osteon::consensus::{StapleOptions, VotePatterns, binary_staple};
use osteon::session::{
    Command, EditCommand, FileCommand, ImportCommand, ModelCommand, NoticeLevel, StudyCommand, ToolCommand, ViewCommand, Window,
    WindowPreset, Workspace,
};
use osteon::space::{Affine, SlicePlane, Spacing};
use osteon::study::{Part, Split};
use osteon::volume::{Grid, Image, Labels, LayerKind};
use osteon::worker::message::{PickPurpose, Role};
use std::sync::Arc;

/// R1 in front of a study of so many exams, and where it lies.
fn seated(home: &std::path::Path, exams: usize) -> (std::path::PathBuf, osteon::headless::Driver) {
    seated_as("R1", home, exams)
}

/// The same for another reader.
fn seated_as(reader: &str, home: &std::path::Path, exams: usize) -> (std::path::PathBuf, osteon::headless::Driver) {
    let root = home.join("study");
    ball_study(&root, exams);
    let mut driver = driver(home);
    open(&mut driver, &root);
    enter(&mut driver, reader);
    (root, driver)
}

/// Leaving an exam in the instant after a stroke, while the disk refuses the row, once lost the stroke without a word.
#[test]
fn leaving_an_exam_waits_for_the_last_stroke() {
    let home = tempfile::tempdir().unwrap();
    let (root, mut driver) = seated(home.path(), 2);
    let codes = driver.session().exam_codes();
    stroke(&mut driver, 4, 1, &[[20.0, 20.0]]);
    saved(&mut driver);
    let file = root.join("reads/R1").join(codes[0].as_str()).join("1.sqlite");
    let hold = rusqlite::Connection::open(&file).unwrap();
    hold.execute_batch("BEGIN EXCLUSIVE").unwrap();
    stroke(&mut driver, 4, 2, &[[25.0, 20.0]]);
    driver.run(Command::Study(StudyCommand::OpenExam(codes[1].clone())));
    let failed = driver.wait("Failing", PATIENCE, |_| false).unwrap_err().to_string();
    assert!(failed.starts_with("Not saved: "), "{failed}");
    let exam = driver.session().exam().expect("the exam with the stroke stays open");
    assert_eq!((exam.code(), exam.unsaved_rows()), (&codes[0], 1));
    hold.execute_batch("ROLLBACK").unwrap();
    drop(hold);
    for id in driver.session().notices().iter().map(|n| n.id).collect::<Vec<_>>() {
        driver.run(Command::View(ViewCommand::DismissNotice(id)));
    }
    driver.run(Command::File(FileCommand::RetrySave));
    saved(&mut driver);
    // With a disk that works, leaving at once loses nothing either.
    stroke(&mut driver, 4, 3, &[[10.0, 20.0]]);
    driver.run(Command::Study(StudyCommand::OpenExam(codes[1].clone())));
    driver.wait("Opening", PATIENCE, |s| s.exam().is_some_and(|e| *e.code() == codes[1])).unwrap();
    driver.run(Command::Study(StudyCommand::OpenExam(codes[0].clone())));
    driver.wait("Opening", PATIENCE, |s| s.exam().is_some_and(|e| *e.code() == codes[0])).unwrap();
    let counts = driver.session().exam().unwrap().layers().labels(LayerKind::Marrow).counts();
    assert!((1..=3).all(|label| counts.of(label) > 0));
}

/// A reader of a new study could be proposed on an exam that became a test exam at the first training.
#[test]
fn the_split_is_drawn_before_the_first_proposal() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    let study = ball_study(&root, 8);
    assert!(!root.join("split.json").exists());
    let mut driver = driver(home.path());
    open(&mut driver, &root);
    enter(&mut driver, "R1");
    driver.run_to_end("Beginning", PATIENCE, Command::Model(ModelCommand::BeginShipped)).unwrap();
    let parts = |driver: &osteon::headless::Driver| driver.session().study().unwrap().exams.iter().map(|e| e.part).collect::<Vec<_>>();
    assert!(parts(&driver).iter().all(Option::is_some), "the window knows the parts at once: {:?}", parts(&driver));
    let split = Split::load(study.layout()).unwrap();
    let test = study.exams().unwrap().into_iter().find(|r| split.part(&r.patient) == Some(Part::Test)).unwrap();
    driver.run_to_end("Opening", PATIENCE, Command::Study(StudyCommand::OpenExam(test.exam))).unwrap();
    driver.run_to_end("Proposing", PATIENCE, Command::Model(ModelCommand::ProposeExam)).unwrap();
    assert!(driver.session().exam().unwrap().proposal().is_none());
    // Nor by the worker, whatever the window believes.
    std::fs::remove_file(root.join("split.json")).unwrap();
    let refused = must_refuse(&root, &home.path().join("out"));
    assert!(refused.contains("is a test exam"), "{refused}");
}

/// `osteon propose` on every exam, in a process of its own; what it says.
fn must_refuse(root: &std::path::Path, out: &std::path::Path) -> String {
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_osteon"))
        .args(["propose", root.to_str().unwrap(), "--model", "marrow-R1", "--out", out.to_str().unwrap()])
        .output()
        .unwrap();
    String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr)
}

/// Slices looked at in one sitting were "never on screen" in the next.
#[test]
fn slices_looked_at_stay_looked_at() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    ball_study(&root, 1);
    for sitting in 0..2 {
        let mut driver = driver(home.path());
        open(&mut driver, &root);
        enter(&mut driver, "R1");
        let seen: Vec<bool> = (0..8).map(|slice| driver.session().exam().unwrap().visited(slice)).collect();
        if sitting == 1 {
            assert!(seen[0] && seen[1] && !seen[7], "{seen:?}");
            continue;
        }
        for slice in [0, 1, 4] {
            driver.run(Command::View(ViewCommand::Slice(slice)));
        }
        // Time goes by, and is logged when the exam is left.
        stroke(&mut driver, 4, 1, &[[20.0, 20.0]]);
        std::thread::sleep(std::time::Duration::from_millis(1200));
        stroke(&mut driver, 4, 1, &[[22.0, 20.0]]);
        driver.run(Command::Study(StudyCommand::LeaveRole));
        driver.wait("Leaving", PATIENCE, |s| s.role().is_none()).unwrap();
    }
}

/// A comment that was being typed while the wheel turned, or the exam was left, was never written.
#[test]
fn a_comment_half_typed_is_kept_when_slice_or_exam_change() {
    let home = tempfile::tempdir().unwrap();
    let (_, mut driver) = seated(home.path(), 2);
    let codes = driver.session().exam_codes();
    let write = |driver: &mut osteon::headless::Driver, slice: usize, text: &str| {
        driver.run(Command::View(ViewCommand::Slice(slice)));
        driver.run(Command::Edit(EditCommand::WriteComment(text.to_owned())));
    };
    write(&mut driver, 3, "vess");
    write(&mut driver, 3, "vessel?");
    write(&mut driver, 4, "physis");
    driver.run(Command::View(ViewCommand::Slice(5)));
    for exam in [&codes[1], &codes[0]] {
        driver.run(Command::Study(StudyCommand::OpenExam(exam.clone())));
        driver.wait("Opening", PATIENCE, |s| s.exam().is_some_and(|e| e.code() == exam)).unwrap();
    }
    let exam = driver.session().exam().unwrap();
    let said = |slice: usize| exam.remark(slice).map(|r| r.comment.as_str());
    assert_eq!([said(3), said(4), said(5)], [Some("vessel?"), Some("physis"), None]);
}

/// A MONOCHROME1 radiograph was once shown with dark bones: its NIfTI copy in the study could not say that it is inverted.
#[test]
fn a_monochrome1_radiograph_has_bright_bones() {
    let Some(shared) = shared() else { return };
    let home = tempfile::tempdir().unwrap();
    let mut driver = driver(home.path());
    open(&mut driver, &shared.join("data/xray/ankle-monochrome1-j2k.dcm"));
    driver.wait("Opening", PATIENCE, |s| s.exam().is_some()).unwrap();
    let exam = driver.session().exam().unwrap();
    assert!(exam.image().inverted_on_display() && !exam.has_geometry());
    // As stored: i to the right, j down.
    assert_eq!(exam.plane().voxel(0, [3, 5]), [3, 5, 0]);
}

/// A radiograph without position was once converted as a coronal slice, so that other programs turned it. The letter R burnt into
/// this one is mirrored in its stored pixels (two other decoders agree): it is shown as stored.
#[test]
fn the_letter_in_a_radiograph_lies_as_it_is_stored() {
    let Some(shared) = shared() else { return };
    let reading = osteon::io::read_path(&shared.join("data/xray/ankle-monochrome1-j2k.dcm"), &osteon::io::Watch::quiet()).unwrap();
    let image = reading.volumes[0].image(0).unwrap();
    let affine = image.grid().world_from_voxel();
    // As an axial slice: columns to the patient's left, rows to the back.
    for plane in [SlicePlane::as_stored(image.grid().shape()), SlicePlane::new(affine, image.grid().shape(), 2)] {
        let dark = |column: usize, row: usize| image.get(plane.voxel(0, [column, row])) < 450.0;
        let column = |column: usize| (1395..1465).filter(|&row| dark(column, row)).count();
        // The stem of the letter, a straight line over its whole height, is on the right of the bow.
        let stem: Vec<usize> = (1146..1220).filter(|&c| column(c) > 65).collect();
        assert!(stem.len() >= 6 && stem.iter().all(|c| (1200..1216).contains(c)), "{stem:?}");
        // The foot is at the bottom: dense bone there, bare film beside the shaft above.
        assert!(image.get(plane.voxel(0, [800, 1700])) + 500.0 < image.get(plane.voxel(0, [520, 200])));
    }
    assert!(reading.volumes[0].findings().iter().any(|f| f.text.contains("counts as 1 mm")));
}

/// A picture of one grey value once gave a window of no width, and the shader divided by zero.
#[test]
fn an_even_picture_has_a_window_with_a_width() {
    let affine = Affine::from_columns([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]], [0.0; 3]).unwrap();
    let grid = Arc::new(Grid::new([4, 4, 2], affine).unwrap());
    for value in [0.0_f32, 7.0, -3.0] {
        let image = Image::new(grid.clone(), vec![value; 32]).unwrap();
        for preset in WindowPreset::ALL {
            let window: Window = preset.window(&image);
            assert!(window.upper() > window.lower() && window.width().is_finite(), "{} of {value}", preset.name());
        }
    }
}

/// Two orders of the same three readers once came to sensitivities that differed by 0.15: the sums' last bits tipped EM off a
/// saddle point to different sides.
#[test]
fn staple_gives_every_reader_the_same_figures_in_any_order() {
    let reads = [
        "001233201002030200000333110100022030023320020001013200202123",
        "113001000223032200003100123222300011000202111202220123000202",
        "322221001002033122020030000201231223320003131002002023000230",
    ];
    let grid = Arc::new(Grid::new([5, 4, 3], Affine::from_spacing(Spacing::UNIT)).unwrap());
    let dense = |digits: &str| digits.bytes().map(|digit| digit - b'0').collect::<Vec<u8>>();
    let maps = reads.map(|digits| Labels::from_dense(Arc::clone(&grid), &dense(digits)).unwrap());
    let options = StapleOptions { max_iterations: 200, ..StapleOptions::default() };
    let figures = |order: [usize; 3]| {
        let readers = order.map(|reader| &maps[reader]);
        let staple = binary_staple(&VotePatterns::count(&readers).unwrap(), &[2, 3], &options);
        let mut figures = [None; 3];
        order.iter().zip(staple.sensitivity()).for_each(|(&reader, p)| figures[reader] = *p);
        figures
    };
    for order in [[2, 1, 0], [1, 0, 2], [0, 2, 1], [1, 2, 0]] {
        assert_eq!(figures([0, 1, 2]), figures(order));
    }
}

/// "Only inside bone" without a bone once left the brush dead without a word.
#[test]
fn a_stroke_that_the_rules_keep_from_painting_says_so() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    ball_study(&root, 1);
    let mut driver = driver(home.path());
    open(&mut driver, &root);
    enter(&mut driver, "R1");
    let said = |driver: &osteon::headless::Driver| driver.session().notices().iter().any(|n| n.text.contains("only inside bone"));
    driver.run(Command::Tool(ToolCommand::ToggleInsideBone));
    stroke(&mut driver, 4, 1, &[[20.0, 20.0], [25.0, 20.0]]);
    assert_eq!(driver.session().exam().unwrap().layers().labels(LayerKind::Marrow).counts().of(1), 0);
    assert!(said(&driver), "{:?}", driver.session().notices());
    for id in driver.session().notices().iter().map(|n| n.id).collect::<Vec<_>>() {
        driver.run(Command::View(ViewCommand::DismissNotice(id)));
    }
    // What paints needs no word, nor does a second stroke over what is painted already.
    driver.run(Command::Tool(ToolCommand::ToggleInsideBone));
    for _ in 0..2 {
        stroke(&mut driver, 4, 1, &[[20.0, 20.0], [25.0, 20.0]]);
    }
    assert!(driver.session().exam().unwrap().layers().labels(LayerKind::Marrow).counts().of(1) > 0);
    assert!(!said(&driver));
}

/// In the Compare workspace an assisted read once voted like the independent ones, so that a meeting's read could begin with what a
/// model had put on a reader's screen; report and scoring never let it.
#[test]
fn an_assisted_read_has_no_vote_where_two_independent_ones_are() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    ball_study(&root, 1);
    let mut driver = driver(home.path());
    open(&mut driver, &root);
    // R1 reads with a model's help, R2 and R3 without.
    for (reader, at) in [("R1", 30.0), ("R2", 20.0), ("R3", 20.0)] {
        enter(&mut driver, reader);
        stroke(&mut driver, 4, 2, &[[at, 20.0]]);
        driver.run(Command::Edit(EditCommand::AllDone));
        saved(&mut driver);
    }
    driver.run_to_end("Entering", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Coordinator))).unwrap();
    driver.run_to_end("Comparing", PATIENCE, Command::View(ViewCommand::Workspace(Workspace::Compare))).unwrap();
    driver.wait("Comparing", PATIENCE, |s| s.comparison().exam().is_some()).unwrap();
    let compared = driver.session().comparison().exam().unwrap();
    assert_eq!((compared.voters(), compared.maps.len()), (2, 3), "the assisted read is shown");
    let map = |name: &str| &compared.maps.iter().find(|map| map.name == name).unwrap().labels;
    assert!(compared.consensus.same_labels(map("R2")) && !compared.consensus.same_labels(map("R1")));
}

/// A study could once be made on the command line only, and an import ended without a word.
#[test]
fn a_study_is_made_and_filled_from_the_window() {
    let home = tempfile::tempdir().unwrap();
    let (root, images) = (home.path().join("Knees 2026"), home.path().join("images"));
    std::fs::create_dir_all(&images).unwrap();
    osteon::io::write_image_nifti(&images.join("a.nii.gz"), &common::ball(0.0)).unwrap();
    let mut driver = driver(home.path());
    let made = |path: &std::path::Path| Command::File(FileCommand::Use(PickPurpose::NewStudy, path.to_owned()));
    driver.run_to_end("Making", PATIENCE, made(&root)).unwrap();
    assert_eq!(driver.session().study().unwrap().protocol.name(), "Knees 2026");
    driver.run_to_end("Entering", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Coordinator))).unwrap();
    driver.run_to_end("Looking", PATIENCE, Command::File(FileCommand::Use(PickPurpose::Import, images.clone()))).unwrap();
    driver.run_to_end("Importing", PATIENCE, Command::Import(ImportCommand::Go)).unwrap();
    let said =
        |driver: &osteon::headless::Driver| driver.session().notices().iter().map(|n| n.text.clone()).collect::<Vec<_>>().join(" | ");
    assert!(said(&driver).contains("1 exam came in."), "{}", said(&driver));
    // Importing was once begun while a picture of what would come in was being made, and both waited for each other for good: the
    // pictures are asked for again and again here while the import begins.
    osteon::io::write_image_nifti(&images.join("b.nii.gz"), &common::ball(3.0)).unwrap();
    for round in 0..3 {
        osteon::io::write_image_nifti(&images.join(format!("c{round}.nii.gz")), &common::ball(10.0 + f64::from(round))).unwrap();
        driver.run_to_end("Looking", PATIENCE, Command::File(FileCommand::Use(PickPurpose::Import, images.clone()))).unwrap();
        (0..4).for_each(|slice| driver.run(Command::Import(ImportCommand::Slice(Some(slice)))));
        driver.run_to_end("Importing", PATIENCE, Command::Import(ImportCommand::Go)).unwrap();
    }
    assert_eq!(driver.session().exams().len(), 5);
    // A folder that holds other things, and one that is a study, are left as they are.
    for (taken, why) in [(&images, "holds other things"), (&root, "already")] {
        let error = driver.run_to_end("Making", PATIENCE, made(taken)).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        let errors: Vec<u64> = driver.session().notices().iter().filter(|n| n.level == NoticeLevel::Error).map(|n| n.id).collect();
        errors.into_iter().for_each(|id| driver.run(Command::View(ViewCommand::DismissNotice(id))));
    }
    assert!(!images.join("study.toml").exists());
}
