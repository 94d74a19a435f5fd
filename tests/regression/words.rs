//! What the program says where something is misspelt, taken or missing; and whom its files are for.

use super::common::{ball, ball_study};
use osteon::io::write_labels_nifti;
use osteon::study::{ExamCode, NewPlan, ReaderCode, ScoreSource, Study, new_score_session};
use osteon::volume::Labels;
use std::process::{Command as Process, Stdio};

const NOW: &str = "2026-11-21T10:00:00Z";

/// Exit code, standard output and standard error.
fn osteon(args: &[&str]) -> (Option<i32>, String, String) {
    let output = Process::new(env!("CARGO_BIN_EXE_osteon")).args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn refused(args: &[&str], words: &str) {
    let (code, _, said) = osteon(args);
    assert!(code == Some(1) && said.contains(words) && said.trim_end().lines().count() == 1, "{args:?}: {said}");
}

fn with_session(study: &Study) {
    let record = study.exams().unwrap().remove(0);
    let masks = vec![(record.exam, ScoreSource::Model("marrow-R1/1".into()), Labels::empty(ball(0.0).grid().clone()), 2)];
    let (session, scorers) = (ExamCode::new("S1").unwrap(), ["panel".to_owned()]);
    let plan = NewPlan { session: &session, created: NOW, scorers: &scorers, outside_bone_removed: false, left_out: &[] };
    new_score_session(study, plan, masks, 1, None).unwrap();
}

/// A name in use was called damage, a bad one no exam code.
#[test]
fn the_name_of_a_session_is_called_a_name() {
    let home = tempfile::tempdir().unwrap();
    let study = ball_study(&home.path().join("study"), 1);
    with_session(&study);
    let root = study.layout().root().to_str().unwrap();
    let make = |name: &str, words: &str| refused(&["score", "make", root, "--session", name, "--model", "marrow-R1"], words);
    make("S1", "There is a scoring session S1 already: choose another name.");
    make("a/b", "“a/b” is not a session name");
    refused(&["score", "lock", root, "--session", "a b"], "“a b” is not a session name");
}

/// "0 entries" of a misspelt reader looked like one who had done nothing; and no row was shown without a file to write to.
#[test]
fn an_audit_shows_its_rows_and_refuses_whom_it_does_not_know() {
    let home = tempfile::tempdir().unwrap();
    let study = ball_study(&home.path().join("study"), 1);
    with_session(&study);
    let exam = study.exams().unwrap().remove(0).exam;
    drop(study.new_read_for(&ReaderCode::new("R2").unwrap(), &exam, NOW).unwrap());
    let root = study.layout().root().to_str().unwrap();
    refused(&["study", "audit", root, "--reader", "R9"], "no reader or scorer R9; choose one of R1, R2, R3, panel");
    refused(&["study", "audit", root, "--exam", "k-344"], &format!("no exam or scoring session k-344; choose one of {exam}, S1"));
    for known in [["--reader", "R3"], ["--reader", "panel"], ["--exam", "S1"]] {
        let (code, shown, said) = osteon(&["study", "audit", root, known[0], known[1]]);
        assert!(code == Some(0) && shown.is_empty(), "{known:?}: {shown}{said}");
    }
    let (code, shown, said) = osteon(&["study", "audit", root]);
    assert!(code == Some(0) && said.contains("entries: 1"), "{said}");
    assert!(
        shown.lines().count() == 1 && shown.starts_with(&format!("{NOW}  {exam}  R2  read 1  begun  independent read begun")),
        "{shown}"
    );
    // Whoever looks at the first rows only (`| head`) is no error.
    let mut cut = Process::new(env!("CARGO_BIN_EXE_osteon")).args(["study", "audit", root]).stdout(Stdio::piped()).spawn().unwrap();
    drop(cut.stdout.take());
    assert!(cut.wait().unwrap().success());
    let csv = home.path().join("audit.csv");
    let (_, shown, _) = osteon(&["study", "audit", root, "--csv", csv.to_str().unwrap()]);
    assert!(shown.is_empty() && std::fs::read_to_string(&csv).unwrap().lines().count() == 2, "{shown}");
}

/// A misspelt path was called a matter of permissions, to be mended by importing again.
#[test]
fn a_list_that_is_not_there_is_called_missing() {
    let home = tempfile::tempdir().unwrap();
    let study = ball_study(&home.path().join("study"), 1);
    with_session(&study);
    let image = home.path().join("ball.nii.gz");
    osteon::io::write_image_nifti(&image, &ball(9.0)).unwrap();
    let (root, image) = (study.layout().root().to_str().unwrap(), image.to_str().unwrap());
    let gone = home.path().join("gone.csv");
    let gone = gone.to_str().unwrap();
    let words = format!("{gone} cannot be read: no such file; check the path");
    refused(&["study", "import", root, image, "--patients", gone], &words);
    refused(&["score", "table", root, "--session", "S1", "--covariates", gone], &words);
    let (code, _, said) = osteon(&["study", "import", root, image, "--roles", gone]);
    assert!(code == Some(1) && said.contains(&words), "{said}");
}

/// Figures were readable by nobody but who made them.
#[cfg(unix)]
#[test]
fn figures_have_the_permissions_of_any_new_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let masks = ["R1.nii.gz", "R2.nii.gz"].map(at);
    for mask in &masks {
        let mut labels = Labels::empty(ball(0.0).grid().clone());
        labels.set([20, 22, 4], 2);
        write_labels_nifti(mask.as_ref(), &labels, "").unwrap();
    }
    let (json, out, any) = (at("figures.json"), at("consensus"), at("any"));
    let (code, _, said) = osteon(&["agreement", &masks[0], &masks[1], "--json", &json]);
    assert_eq!(code, Some(0), "{said}");
    let (code, _, said) = osteon(&["consensus", &masks[0], &masks[1], "--method", "majority", "--out", &out]);
    assert_eq!(code, Some(0), "{said}");
    std::fs::write(&any, "").unwrap();
    let mode = |path: &str| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!([mode(&json), mode(&format!("{out}/consensus.json"))], [mode(&any); 2]);
}
