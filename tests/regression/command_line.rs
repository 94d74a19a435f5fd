//! Slips of the pen on the command line that were taken for something else without a word.

use super::common::{ball, ball_study, files};
use osteon::io::{write_image_nifti, write_labels_nifti};
use osteon::volume::Labels;
use std::path::Path;
use std::process::Command;

/// Whether it went well, and what it said on stdout and stderr.
fn osteon(home: &Path, args: &[&str]) -> (bool, String, String) {
    let run = Command::new(env!("CARGO_BIN_EXE_osteon")).args(args).env("OSTEON_HOME", home.join("home")).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (run.status.success(), text(&run.stdout), text(&run.stderr))
}

/// The last line of what it was refused with.
fn refused(home: &Path, args: &[&str]) -> String {
    let (well, _, said) = osteon(home, args);
    assert!(!well, "{args:?} went well");
    said.lines().last().unwrap_or_default().to_owned()
}

/// A name in the list of patients that no exam has was passed over: the exam that was meant became another patient's, and one patient
/// could be in the training and in the test part.
#[test]
fn a_list_of_patients_that_names_no_exam_is_refused_before_anything_is_imported() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let (study, water, fat, list) = (at("study"), at("train_02_water.nii.gz"), at("train_02_fat.nii.gz"), at("pt.csv"));
    ball_study(Path::new(&study), 1);
    write_image_nifti(Path::new(&water), &ball(7.0)).unwrap();
    write_image_nifti(Path::new(&fat), &ball(8.0)).unwrap();
    let before = files(Path::new(&study));
    let import = ["study", "import", &study, &water, &fat, "--patients", &list];
    for wish in [&[][..], &["--dry-run"]] {
        std::fs::write(&list, "exam,patient\ntrain_02,Ada\ntrian_02,Ada\n").unwrap();
        let said = refused(home.path(), &[&import[..], wish].concat());
        assert!(said.contains("pt.csv, line 3: ") && said.contains("\"trian_02\""), "{said}");
    }
    std::fs::write(&list, "exam,patient\ntrain_02,Ada\n").unwrap();
    // Nor is a sequence read that no exam has.
    let said = refused(home.path(), &[&import[..], &["--reading", "wotar"]].concat());
    assert!(said.contains("--reading wotar: ") && said.ends_with("they have fat, water"), "{said}");
    assert!(files(Path::new(&study)) == before, "something was imported");
    assert!(osteon(home.path(), &[&import[..], &["--reading", "fat"]].concat()).0);
    // What is there already is in the list by right.
    let (_, _, said) = osteon(home.path(), &import);
    assert!(said.contains("the study has") && !said.contains("pt.csv"), "{said}");
}
