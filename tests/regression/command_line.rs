//! Slips of the pen on the command line that were taken for something else without a word.

mod imports;
mod packets;
mod plans;
mod slips;
mod writing;

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

/// A model that could not be written was trained to the end and lost; 0 steps, too little memory and too large a share held out
/// were taken for others.
#[test]
fn what_a_training_could_not_keep_is_refused_before_its_first_step() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let study = at("study");
    ball_study(Path::new(&study), 1);
    for number in 0..2 {
        let image = ball(f64::from(number));
        write_image_nifti(&home.path().join(format!("b{number}_water.nii.gz")), &image).unwrap();
        write_labels_nifti(&home.path().join(format!("b{number}_mask.nii.gz")), &Labels::empty(image.grid().clone()), "test").unwrap();
    }
    // Root may write wherever there is a folder: a file where one should be stands in everybody's way.
    std::fs::write(at("file"), "").unwrap();
    let (images, masks, out, inside) = (at("*_water.nii.gz"), at("*_mask.nii.gz"), at("new/model"), at("file/model"));
    let says = |args: &[&str], words: &[&str]| {
        let said = refused(home.path(), args);
        assert!(words.iter().all(|word| said.contains(word)), "{args:?}: {said}");
    };
    let folder = |out: &str, more: &[&str], words: &[&str]| {
        says(&[&["train", "--images", &images, "--labels", &masks, "--out", out][..], more].concat(), words);
    };
    folder(&inside, &[], &[&inside, "could not be written"]);
    folder(&out, &["--json", &at("nowhere/x.json")], &[&at("nowhere/x.json"), "the folder does not exist; make the folder first"]);
    folder(&out, &["--json", &at("")], &["a folder or a file of that name is in the way; choose another name"]);
    folder(&out, &["--steps", "0"], &["--steps must be at least 1"]);
    folder(&out, &["--memory-mb", "63"], &["--memory-mb must be at least 64 on folders"]);
    for share in ["-0.1", "0.51", "1.5", "NaN"] {
        folder(&out, &[&format!("--hold-out={share}")], &["--hold-out", "from 0 to 0.5"]);
    }
    let in_study = |more: &[&str], words: &[&str]| says(&[&["train", &study, "--model", "marrow-R1"][..], more].concat(), words);
    in_study(&["--steps", "0"], &["--steps must be at least 1"]);
    in_study(&["--memory-mb", "127"], &["--memory-mb must be at least 128 in a study"]);
    in_study(&["--json", &at("nowhere/x.json")], &["nowhere/x.json", "the folder does not exist; make the folder first"]);
    std::fs::remove_dir_all(at("study/models")).ok();
    std::fs::write(at("study/models"), "").unwrap();
    in_study(&[], &["models", "cannot be listed"]);
    // Asking leaves nothing behind.
    assert!(!Path::new(&at("new")).exists());
    let left: Vec<_> =
        std::fs::read_dir(home.path()).unwrap().map(|e| e.unwrap().file_name()).filter(|n| n.to_string_lossy().starts_with('.')).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// `--notes` was called a text and was a file; a mask of bones came into the atlas as levels 4 to 7; an empty atlas printed nothing.
#[test]
fn the_atlas_says_what_it_takes_and_that_it_is_empty() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let (study, image, mask) = (at("study"), at("reference.nii.gz"), at("bones.nii.gz"));
    ball_study(Path::new(&study), 1);
    let reference = ball(50.0);
    write_image_nifti(Path::new(&image), &reference).unwrap();
    let mut labels = Labels::empty(reference.grid().clone());
    labels.set([20, 22, 4], 3);
    labels.set([21, 22, 4], 5);
    write_labels_nifti(Path::new(&mask), &labels, "test").unwrap();
    let add = ["study", "atlas", &study, "--add", &image, "--mask", &mask];
    let said = refused(home.path(), &add);
    assert!(said.contains(&mask) && said.contains("holds the label 5, but levels are 1 to 3"), "{said}");
    let said = refused(home.path(), &[&add[..], &["--notes", "oedema"]].concat());
    assert!(said.ends_with("oedema cannot be read: no such file; --notes takes a text file"), "{said}");
    let empty = osteon(home.path(), &["study", "atlas", &study]);
    assert_eq!((empty.0, empty.1.as_str()), (true, "The atlas is empty.\n"), "{}", empty.2);
}

/// Whoever reads only the first lines of what is printed (`| head -1`) got a panic and exit status 101.
#[cfg(unix)]
#[test]
fn a_closed_standard_output_ends_the_program_quietly() {
    use std::io::Read as _;
    let home = tempfile::tempdir().unwrap();
    let study = home.path().join("study");
    ball_study(&study, 60);
    let mut child = Command::new(env!("CARGO_BIN_EXE_osteon"))
        .args(["study", "status", study.to_str().unwrap()])
        .env("OSTEON_HOME", home.path())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // Nobody reads on; what it has still to say does not fit into a pipe that is closed.
    drop(child.stdout.take());
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(child.wait().unwrap().success() && said.is_empty(), "{said}");
}
