//! Codes, names and folders given by a slip of the pen, which commands once took for others.

use super::{osteon, refused};
use crate::common::{ball, ball_study, files};
use osteon::io::write_image_nifti;
use osteon::study::{ExamCode, NewPlan, ReaderCode, ScoreSource, Study, new_score_session};
use osteon::volume::Labels;
use std::fs;
use std::path::Path;

const NOW: &str = "2026-11-21T10:00:00Z";

/// Any code but 1 counted as negative: a table coded 1 and 2, or with a 9 for what was not seen, gave figures that were none.
#[test]
fn codes_other_than_0_and_1_are_refused_with_file_and_row() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let wrong = |file: &str, text: &str, expected: &str| {
        fs::write(at(file), text).unwrap();
        let said = refused(home.path(), &["stats", &at("")]);
        assert!(said.contains(file) && said.contains(expected) && said.contains("is neither 0 nor 1"), "{said}");
        fs::remove_file(at(file)).unwrap();
    };
    wrong("binary_scores.csv", "y_true,score\n1,0.2\n2,0.9\n1,0.4\n", "row 3, column y_true: 2");
    wrong("halfslices.csv", "patient,r1,r2\nP1,0,1\nP1,1,9\n", "row 3, column r2: 9");
    fs::write(at("halfslices.csv"), "patient,r1,r2\nP1,0,1\nP1,1,0\nP2,1,1\n").unwrap();
    assert!(osteon(home.path(), &["stats", &at("")]).0);
}

/// A folder of images, or one of anything, was made into a study below the program's own folder, and nothing was said of it.
#[test]
fn a_folder_that_is_no_study_is_called_none() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    fs::create_dir(at("images")).unwrap();
    write_image_nifti(Path::new(&at("images/k.nii.gz")), &ball(0.0)).unwrap();
    let (images, image) = (at("images"), at("images/k.nii.gz"));
    for folder in [&images, &image] {
        for args in [
            &["propose", folder, "--model", "marrow-R1"][..],
            &["evaluate", folder, "--model", "marrow-R1"],
            &["train", folder, "--model", "marrow-R1", "--ablate-accepted"],
            &["export", folder, &at("out")],
            &["report", folder],
            &["study", "import-mask", folder, &image, "--exam", "K-001", "--reader", "R1"],
            &["score", "make", folder, "--session", "S", "--model", "marrow-R1"],
        ] {
            let said = refused(home.path(), args);
            assert!(said.contains(&format!("{folder} is not a study, there is no study.toml in it; choose a study's folder")), "{said}");
        }
    }
    assert!(!Path::new(&at("home/scratch")).exists() && !Path::new(&at("out")).exists());
}

/// The sample was looked for in any study, and whoever had named a real one was advised to delete it.
#[test]
fn the_sample_is_made_in_no_folder_that_holds_anything() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    ball_study(Path::new(&at("study")), 1);
    fs::create_dir(at("letters")).unwrap();
    fs::write(at("letters/dear.txt"), "colleague").unwrap();
    let before = files(home.path());
    for (folder, words) in [
        (at("study"), "study is another study than the sample; name another folder for the sample"),
        (at("study/exams/new"), "which takes no other files"),
        (at("letters"), "letters holds other files; name a new or an empty folder for the sample"),
        (at("letters/dear.txt"), "dear.txt holds other files; name a new or an empty folder for the sample"),
    ] {
        let said = refused(home.path(), &["demo", &folder, "--headless"]);
        assert!(said.contains(words) && !said.contains("delete"), "{said}");
        assert!(files(home.path()) == before, "{folder}");
    }
}

/// With repeats the list said "6 of 4 reads sealed".
#[test]
fn repeats_are_counted_beside_the_reads_that_are_asked_for() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    let study = ball_study(&root, 1);
    let exam = study.exams().unwrap()[0].exam.clone();
    for (reader, reads) in [("R1", 1), ("R2", 2), ("R3", 2)] {
        for _ in 0..reads {
            let (_, file) = study.new_read_for(&ReaderCode::new(reader).unwrap(), &exam, NOW).unwrap();
            study.seal_read(file, NOW).unwrap();
        }
    }
    let (_, out, _) = osteon(home.path(), &["study", "status", root.to_str().unwrap()]);
    assert!(out.contains("    3 of 3 reads sealed, 2 more beside them\n"), "{out}");
}

/// `A,A` marked as two, and the empty name of `A,,B` could never mark: the session could not be locked.
#[test]
fn scorers_are_named_once_each() {
    let home = tempfile::tempdir().unwrap();
    let study = ball_study(&home.path().join("study"), 1);
    let record = study.exams().unwrap().remove(0);
    let image = study.load_image(&record.exam, &record.reading_sequence).unwrap();
    let make = |study: &Study, scorers: &[&str]| {
        let mut labels = Labels::empty(image.grid().clone());
        labels.set([20, 22, 4], 1);
        let masks = vec![(record.exam.clone(), ScoreSource::Model("marrow-R1/1".into()), labels, 2)];
        let (session, scorers) = (ExamCode::new("S1").unwrap(), scorers.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
        let plan = NewPlan { session: &session, created: NOW, scorers: &scorers, outside_bone_removed: false, left_out: &[] };
        new_score_session(study, plan, masks, 4, None)
    };
    let before = files(home.path());
    for (scorers, words) in [
        (&["A", "A"][..], "scorer A is named twice; name each once"),
        (&["A", "B", " a"], "scorer a is named twice; name each once"),
        (&["A", "", "B"], "a scorer has no name; write names between single commas"),
    ] {
        let said = make(&study, scorers).unwrap_err().to_string();
        assert!(said.contains(words) && files(home.path()) == before, "{said}");
    }
    make(&study, &["A", "B"]).unwrap();
}

/// A link list was taken and not used; a slip in the list of ages was "damage" to be restored from a copy.
#[test]
fn options_without_use_and_cells_without_a_number_are_named() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    ball_study(Path::new(&at("study")), 1);
    for (option, layout) in [("--link", "nifti"), ("--link", "bids"), ("--source", "nnunet")] {
        let said = refused(home.path(), &["export", &at("study"), &at("out"), "--as", layout, option, &at("study")]);
        assert!(said.contains(&format!("{option} is for --as dicom-seg only")) && !Path::new(&at("out")).exists(), "{said}");
    }
    fs::write(at("ages.csv"), "exam,sex,age\nK-001,f,13\nK-002,m,abc\n").unwrap();
    let said = refused(home.path(), &["score", "table", &at("study"), "--session", "S1", "--covariates", &at("ages.csv")]);
    assert!(said.ends_with("ages.csv: line 3, column age: \"abc\" is no number; correct the list"), "{said}");
}

/// A study on a write-protected disk, an archive or somebody else's, could not even be looked at: "cannot be written to".
#[cfg(unix)]
#[test]
fn a_write_protected_study_can_be_looked_at() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let study = ball_study(Path::new(&at("study")), 1);
    let exam = study.exams().unwrap()[0].exam.clone();
    for reader in ["R2", "R3"] {
        let (_, file) = study.open_read_for(&ReaderCode::new(reader).unwrap(), &exam, NOW).unwrap();
        study.seal_read(file, NOW).unwrap();
    }
    let paths = || walkdir(Path::new(&at("study")));
    let set = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    paths().iter().for_each(|path| set(path, if path.is_dir() { 0o555 } else { 0o444 }));
    fs::create_dir(at("out")).unwrap();
    set(home.path(), 0o755);
    set(Path::new(&at("out")), 0o777);
    // Nothing is protected from root: the program is run as nobody then, from where nobody can reach it.
    let is_root = fs::write(at("study/probe"), "").is_ok();
    let program = if is_root { at("osteon") } else { env!("CARGO_BIN_EXE_osteon").to_owned() };
    if is_root {
        fs::remove_file(at("study/probe")).unwrap();
        fs::copy(env!("CARGO_BIN_EXE_osteon"), &program).unwrap();
        set(Path::new(&program), 0o755);
    }
    let run = |args: &[&str]| {
        let mut command = std::process::Command::new(&program);
        command.args(args).env("OSTEON_HOME", at("out/home"));
        if is_root {
            command.uid(65_534).gid(65_534);
        }
        let output = command.output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr))
    };
    let root = at("study");
    for args in [
        &["study", "status", &root][..],
        &["study", "check", &root],
        &["study", "audit", &root],
        &["study", "forms", &root],
        &["study", "atlas", &root],
        &["score", "list", &root],
        &["export", &root, &at("out/masks")],
        &["report", &root, "--out", &at("out/report")],
    ] {
        let (fine, said) = run(args);
        assert!(fine, "{args:?}: {said}");
    }
    // What writes says so.
    let (fine, said) = run(&["score", "lock", &root, "--session", "S"]);
    assert!(!fine && said.contains("study cannot be written to"), "{said}");
    paths().iter().for_each(|path| set(path, 0o755));
}

/// Every file and folder, the folders first.
#[cfg(unix)]
fn walkdir(root: &Path) -> Vec<std::path::PathBuf> {
    let mut found = vec![root.to_owned()];
    let mut at = 0;
    while at < found.len() {
        if found[at].is_dir() {
            found.extend(fs::read_dir(&found[at]).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>());
        }
        at += 1;
    }
    found
}
