//! `osteon train`, `evaluate` and `propose` with their figures as JSON, by the program itself: in a study and on files.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;

use common::{PATIENCE, ball, ball_study, driver, enter, open, saved, stroke};
use osteon::io::{read_image_nifti, read_labels_nifti, write_image_nifti, write_labels_nifti};
use osteon::session::{Command as Ask, EditCommand, StudyCommand, ToolCommand};
use osteon::study::{Part, Split};
use osteon::volume::Labels;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn osteon(home: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_osteon")).args(args).env("OSTEON_HOME", home.join("home")).output().unwrap()
}

fn works(home: &Path, args: &[&str]) -> String {
    let output = osteon(home, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn refused(home: &Path, args: &[&str]) -> String {
    let output = osteon(home, args);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
    said.lines().last().unwrap_or_default().to_owned()
}

fn json(file: &str) -> Value {
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

/// A study of three training exams, a validation exam and a test exam; R1 read the first two and the validation exam.
fn read_study(home: &Path) -> String {
    let root = home.join("study");
    let study = ball_study(&root, 5);
    let mut split = Split::default();
    let parts = [Part::Train, Part::Train, Part::Validate, Part::Train, Part::Test];
    let records = study.exams().unwrap();
    for (record, part) in records.iter().zip(parts) {
        split.assign(record.patient.clone(), part);
    }
    split.save(study.layout()).unwrap();
    let mut driver = driver(home);
    open(&mut driver, &root);
    enter(&mut driver, "R1");
    driver.run(Ask::Tool(ToolCommand::SizeMm(12.0)));
    // The test exam, too: what is read there is never learnt from.
    for record in records[..3].iter().chain(&records[4..]) {
        driver.run_to_end("Opening", PATIENCE, Ask::Study(StudyCommand::OpenExam(record.exam.clone()))).unwrap();
        for slice in 3..6 {
            stroke(&mut driver, slice, 1, &[[16.0, 22.0], [24.0, 22.0], [20.0, 18.0]]);
            driver.run(Ask::Edit(EditCommand::ToggleDone));
        }
        saved(&mut driver);
    }
    root.to_str().unwrap().to_owned()
}

#[test]
fn a_study_is_trained_judged_and_proposed_on_with_figures() {
    let home = tempfile::tempdir().unwrap();
    let (home, root) = (home.path(), read_study(home.path()));
    let at = |name: &str| home.join(name).to_str().unwrap().to_owned();
    let validation = osteon::study::Study::open(Path::new(&root)).unwrap().exams().unwrap()[2].exam.to_string();

    works(home, &["train", &root, "--model", "marrow-R1", "--steps", "20", "--base", "4", "--seed", "5", "--json", &at("train.json")]);
    let trained = json(&at("train.json"));
    assert_eq!((trained["model"].as_str(), trained["version"].as_u64()), (Some("marrow-R1"), Some(1)), "{trained}");
    assert_eq!((trained["steps"].as_u64(), trained["seed"].as_u64()), (Some(20), Some(5)), "{trained}");
    assert!(trained["threads"].as_u64().unwrap() >= 1 && trained["minutes"].as_f64().unwrap() > 0.0, "{trained}");
    assert!(trained["early_stop"].is_null() && trained["note"].is_null() && trained["made_current"] == true, "{trained}");
    let (model, card) = osteon::learn::checkpoint::load(&Path::new(&root).join("models/marrow-R1/1")).unwrap();
    assert_eq!((model.spec().spec().base, &card.weights_sha256), (4, &trained["weights_sha256"].as_str().unwrap().to_owned()));
    let learnt: Vec<&str> = card.data_hashes.iter().filter_map(|hash| hash.split(':').next()).collect();
    let exams = osteon::study::Study::open(Path::new(&root)).unwrap().exams().unwrap();
    assert_eq!(learnt, exams[..2].iter().map(|record| record.exam.as_str()).collect::<Vec<_>>(), "neither validation nor test exams");

    // Judged by the same rule: the figures are those of `evaluate`.
    works(home, &["evaluate", &root, "--model", "marrow-R1", "--json", &at("evaluate.json")]);
    let judged = json(&at("evaluate.json"));
    for key in ["levels", "cases", "truth", "rule", "weights_sha256"] {
        assert_eq!(judged[key], trained[key], "{key}");
    }
    let cases = judged["cases"].as_object().unwrap();
    assert_eq!(cases.keys().collect::<Vec<_>>(), [&validation]);
    let dice = cases[&validation]["1"].as_f64().unwrap();
    assert!((0.0..=1.0).contains(&dice) && judged["levels"]["1"]["n"] == 1, "{judged}");
    assert_eq!(judged["levels"]["1"]["median"].as_f64(), Some(dice));
    assert!(judged["levels"].as_object().unwrap().contains_key("2+3"));
    let said: Value = serde_json::from_str(&works(home, &["evaluate", &root, "--model", "marrow-R1", "--json", "-"])).unwrap();
    assert_eq!(said, judged, "nothing but the figures is on the screen");

    // Nor is a test exam to be had by the name of its file.
    let test = osteon::study::Study::open(Path::new(&root)).unwrap();
    let file = test.layout().sequence(&exams[4].exam, &exams[4].reading_sequence);
    let model = format!("{root}/models/marrow-R1/1");
    let said = refused(home, &["propose", "--images", file.to_str().unwrap(), "--model", &model, "--out", &at("peek")]);
    assert!(
        said.contains("is a test exam: no model proposes on it before its reads are sealed") && said.contains(exams[4].exam.as_str()),
        "{said}"
    );

    let out = at("masks");
    let said = works(home, &["propose", &root, "--model", "marrow-R1", "--out", &out, "--probabilities", "--json", "-"]);
    let proposed: Value = serde_json::from_str(&said).unwrap();
    assert_eq!((proposed["model"].as_str(), &proposed["weights_sha256"]), (Some("marrow-R1/1"), &judged["weights_sha256"]));
    assert_eq!((proposed["cases"].as_object().unwrap().len(), proposed["left_out"].as_object().unwrap().len()), (4, 1), "{proposed}");
    for (exam, case) in proposed["cases"].as_object().unwrap() {
        assert!(case["file"].as_str().unwrap().ends_with(&format!("{exam}_marrow-R1-v1.nii.gz")));
        let counts = read_labels_nifti(Path::new(case["file"].as_str().unwrap())).unwrap().counts();
        assert!((1..=3_u8).all(|label| case["voxels"][label.to_string()].as_u64() == Some(counts.of(label) as u64)), "{case}");
        assert_eq!(case["probabilities"].as_array().unwrap().len(), 3);
    }
}

#[test]
fn minutes_end_a_training_in_a_study_and_a_net_of_another_shape_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let (home, root) = (home.path(), read_study(home.path()));
    let at = |name: &str| home.join(name).to_str().unwrap().to_owned();
    let train =
        |more: &[&str]| [&["train", &root, "--model", "marrow-R1"], more].concat().iter().map(ToString::to_string).collect::<Vec<_>>();
    let words = |all: &[String]| all.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    let run = |more: &[&str]| works(home, &train(more).iter().map(String::as_str).collect::<Vec<_>>());
    let fails = |more: &[&str]| refused(home, &train(more).iter().map(String::as_str).collect::<Vec<_>>());
    // A few millionths of a second are over after the first step, whatever the machine.
    run(&["--minutes", "0.0000001", "--base", "4", "--neighbours", "1", "--json", &at("short.json")]);
    let short = json(&at("short.json"));
    assert_eq!((short["steps"].as_u64(), short["early_stop"].is_null()), (Some(1), true), "{short}");
    assert_eq!(short["minutes_allowed"].as_f64(), Some(0.000_000_1));
    // With both, the steps are the most.
    run(&["--minutes", "600", "--steps", "10", "--json", &at("long.json")]);
    let long = json(&at("long.json"));
    assert_eq!((long["steps"].as_u64(), long["version"].as_u64()), (Some(10), Some(2)), "{long}");
    let (model, _) = osteon::learn::checkpoint::load(&Path::new(&root).join("models/marrow-R1/2")).unwrap();
    assert_eq!((model.spec().spec().base, model.spec().spec().neighbours), (4, 1), "the second version goes on with the first one's net");

    let said = fails(&["--base", "8"]);
    assert!(said.contains("goes on from version") && said.contains("net of 4 channels"), "{said}");
    assert!(fails(&["--independent"]).contains("4 channels with 1 neighbouring slices, one net per label"));
    run(&["--base", "4", "--neighbours", "1", "--steps", "3", "--json", &at("three.json")]);
    assert_eq!(json(&at("three.json"))["steps"].as_u64(), Some(3), "as many steps as asked for, however few");
    assert!(fails(&["--minutes", "0"]).contains("--minutes must be above zero"));
    let other = osteon(home, &["train", &root, "--model", "marrow-R1", "--members", "3"]);
    assert_eq!(other.status.code(), Some(2), "what has no effect in a study is refused: {}", words(&train(&["--members", "3"])));
}

/// Balls as `c0_water`, `c0_fat` in `images` with masks `c0_reader1` beside that folder.
fn folder(place: &Path, cases: usize) {
    std::fs::create_dir(place.join("images")).unwrap();
    for case in 0..cases {
        let image = ball(case as f64);
        for sequence in ["water", "fat"] {
            write_image_nifti(&place.join(format!("images/c{case}_{sequence}.nii.gz")), &image).unwrap();
        }
        let mut labels = Labels::empty(image.grid().clone());
        for n in 0..image.grid().voxel_count() {
            let voxel = image.grid().voxel(n);
            let [i, j, k] = voxel.map(|x| x as f64);
            if (i - 20.0).hypot(j - 22.0).hypot((k - 4.0) * 3.0) < 11.0 {
                labels.set(voxel, 1);
            }
        }
        write_labels_nifti(&place.join(format!("c{case}_reader1.nii.gz")), &labels, "").unwrap();
    }
}

#[test]
fn every_label_has_a_net_of_its_own_where_that_is_asked_for() {
    let home = tempfile::tempdir().unwrap();
    let (home, root) = (home.path(), read_study(home.path()));
    let at = |name: &str| home.join(name).to_str().unwrap().to_owned();
    let version = |number: u32| osteon::learn::checkpoint::load(&Path::new(&root).join(format!("models/marrow-R1/{number}"))).unwrap().0;
    works(home, &["train", &root, "--model", "marrow-R1", "--steps", "4", "--base", "4", "--independent"]);
    // The second version goes on with as many nets, asked for or not.
    works(home, &["train", &root, "--model", "marrow-R1", "--steps", "4"]);
    for number in [1, 2] {
        let model = version(number);
        assert!(model.spec().spec().independent && model.spec().nets() == 3);
        assert!(Path::new(&root).join(format!("models/marrow-R1/{number}/weights-3.safetensors")).is_file());
    }
    works(home, &["propose", &root, "--model", "marrow-R1", "--out", &at("masks")]);

    folder(home, 2);
    let (images, labels) = (at("images/*_water.nii.gz"), at("*_reader1.nii.gz"));
    let train = ["train", "--images", &images, "--labels", &labels, "--steps", "4", "--base", "4", "--hold-out", "0", "--independent"];
    works(home, &[&train[..], &["--layer", "bone", "--members", "2", "--out", &at("apart")]].concat());
    let (model, _) = osteon::learn::checkpoint::load(Path::new(&at("apart"))).unwrap();
    assert_eq!((model.member_count(), model.spec().nets()), (2, 1), "one label is one net");
    let one_file = works(home, &["model", "export", &at("apart"), &at("one.safetensors")]);
    assert!(one_file.contains("of 2 nets"), "{one_file}");
}

#[test]
fn a_folder_training_keeps_its_memory_ceiling_or_says_what_it_needs() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let at = |name: &str| home.join(name).to_str().unwrap().to_owned();
    folder(home, 3);
    let (images, labels, out) = (at("images/*_water.nii.gz"), at("*_reader1.nii.gz"), at("m"));
    let train = ["train", "--images", &images, "--labels", &labels, "--steps", "2", "--members", "1", "--out", &out];
    let fails = |base: &str, mb: &str| refused(home, &[&train[..], &["--base", base, "--memory-mb", mb]].concat());
    assert!(fails("8", "63").contains("--memory-mb must be at least 64 on folders"));
    let said = fails("64", "64");
    assert!(said.contains("more than the 64 MB allowed: raise the memory ceiling") && said.contains("--cases"), "{said}");
    works(home, &[&train[..], &["--base", "8", "--memory-mb", "64"]].concat());
}

#[test]
fn files_are_proposed_on_without_a_study_as_evaluate_does() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let at = |name: &str| home.join(name).to_str().unwrap().to_owned();
    folder(home, 4);
    let (images, labels) = (format!("{},{}", at("images/*_water.nii.gz"), at("images/*_fat.nii.gz")), at("*_reader1.nii.gz"));
    let net = ["--base", "4", "--members", "1", "--hold-out", "0.25", "--seed", "3"];
    let train = ["train", "--images", &images, "--labels", &labels, "--out", &at("model"), "--steps", "60", "--json", "-"];
    let trained: Value = serde_json::from_str(&works(home, &[&train[..], &net[..]].concat())).unwrap();
    assert_eq!((trained["steps"].as_u64(), trained["seed"].as_u64(), trained["version"].is_null()), (Some(60), Some(3), true), "{trained}");
    assert_eq!((trained["cases"].as_object().unwrap().len(), trained["levels"]["1"]["n"].as_u64()), (1, Some(1)), "{trained}");
    assert!(trained["early_stop"].is_null() && trained["threads"].as_u64().unwrap() > 0 && trained["minutes"].as_f64().unwrap() > 0.0);

    // A pattern per sequence, the folder, and the files of one exam: the same masks.
    let propose = |images: &str, out: &str| {
        works(home, &["propose", "--images", images, "--model", &at("model"), "--out", &at(out), "--json", &at("proposed.json")]);
        json(&at("proposed.json"))
    };
    let proposed = propose(&images, "masks");
    assert_eq!(proposed["weights_sha256"], trained["weights_sha256"]);
    assert_eq!(proposed["cases"].as_object().unwrap().len(), 4);
    assert!(proposed["cases"]["c2"]["voxels"]["1"].as_u64().unwrap() > 0, "{proposed}");
    let mask = |out: &str, name: &str| read_labels_nifti(&home.join(out).join(format!("{name}_model.nii.gz"))).unwrap();
    let image = read_image_nifti(&home.join("images/c1_water.nii.gz")).unwrap();
    assert!(mask("masks", "c1").grid().same_as(image.grid()));
    assert_eq!(propose(&at("images"), "again")["cases"].as_object().unwrap().len(), 4);
    propose(&format!("{},{}", at("images/c1_water.nii.gz"), at("images/c1_fat.nii.gz")), "single");
    assert!(mask("again", "c1").same_labels(&mask("masks", "c1")) && mask("single", "c1_water").same_labels(&mask("masks", "c1")));
    // Judged against its own masks a model is perfect: proposing and evaluating are one path.
    let own = at("masks/*_model.nii.gz");
    works(home, &["evaluate", &at("model"), "--images", &images, "--truth", &own, "--json", &at("own.json")]);
    assert_eq!(json(&at("own.json"))["levels"]["1"]["min"].as_f64(), Some(1.0));

    let fails = |images: &str, out: &str| refused(home, &["propose", "--images", images, "--model", &at("model"), "--out", out]);
    assert!(fails(&at("images/c1_water.nii.gz"), &at("m")).contains("takes 2 (water, fat)"));
    assert!(fails(&at("nowhere"), &at("m")).contains("nowhere"));
    std::fs::write(home.join("images/c9_water.nii.gz"), "no image").unwrap();
    std::fs::write(home.join("images/c9_fat.nii.gz"), "no image").unwrap();
    assert!(fails(&at("images"), &at("m")).contains("c9_water.nii.gz"));
    let no_model = refused(home, &["propose", "--images", &at("images"), "--model", &at("images"), "--out", &at("m")]);
    assert!(no_model.contains("holds no card.json"), "{no_model}");
    assert_eq!(osteon(home, &["propose", "--images", &at("images"), "--model", &at("model")]).status.code(), Some(2), "--out is needed");
    assert_eq!(osteon(home, &["propose", "--model", &at("model")]).status.code(), Some(2));
}

/// A loss that was no number was once passed over without a word: the rest of the training changed nothing and ended well.
#[test]
fn a_folder_training_that_stays_unstable_says_so_and_fails() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let at = |name: &str| home.join(name).to_str().unwrap().to_owned();
    folder(home, 3);
    std::fs::write(at("plan.json"), r#"{"base":4,"members":1,"options":{"rate":{"kind":"constant","rate":1e38}}}"#).unwrap();
    let (images, labels) = (at("images/*_water.nii.gz"), at("*_reader1.nii.gz"));
    let train = ["train", "--images", &images, "--labels", &labels, "--out", &at("model"), "--steps", "200", "--spec", &at("plan.json")];
    let output = osteon(home, &[&train[..], &["--json", &at("train.json")]].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("gone on from the last good weights"), "each setback is told: {said}");
    let last = said.lines().last().unwrap();
    assert!(last.contains("became unstable 4 times") && last.contains("/model: "), "{last}");
    let figures = json(&at("train.json"));
    assert_eq!((figures["early_stop"].as_str(), figures["steps"].as_u64() < Some(200)), (Some("unstable"), true), "{figures}");
    // What is kept are sound weights.
    works(home, &["propose", "--images", &images, "--model", &at("model"), "--out", &at("masks")]);
}
