//! Training and evaluating on folders of NIfTI files, by the program itself.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;

use common::ball;
use osteon::io::{write_image_nifti, write_labels_nifti};
use osteon::volume::Labels;
use std::path::Path;
use std::process::{Command, Output};

fn osteon(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_osteon")).args(args).output().unwrap()
}

fn works(args: &[&str]) -> String {
    let output = osteon(args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn refused(args: &[&str]) -> String {
    let output = osteon(args);
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned()
}

/// Balls as `c0_water`, `c0_fat` with masks of three readers: level 1 the bright ball, level 2 its core.
fn folder(place: &Path, cases: usize) {
    for case in 0..cases {
        let image = ball(case as f64);
        let grid = image.grid().clone();
        for sequence in ["water", "fat"] {
            write_image_nifti(&place.join(format!("c{case}_{sequence}.nii.gz")), &image).unwrap();
        }
        for reader in 1..=3 {
            let mut labels = Labels::empty(grid.clone());
            for n in 0..grid.voxel_count() {
                let voxel = grid.voxel(n);
                let [i, j, k] = voxel.map(|x| x as f64);
                let from = (i - 20.0).hypot(j - 22.0).hypot((k - 4.0) * 3.0);
                if from < 11.0 {
                    labels.set(voxel, if from < 3.0 + f64::from(reader) { 2 } else { 1 });
                }
            }
            write_labels_nifti(&place.join(format!("c{case}_reader{reader}.nii.gz")), &labels, "").unwrap();
        }
    }
}

#[test]
fn learns_from_a_folder_and_is_judged_on_it() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    folder(home.path(), 5);
    let images = format!("{},{}", at("*_water.nii.gz"), at("*_fat.nii.gz"));
    let train = |out: &str, steps: &str| {
        let (labels, out) = (at("*_reader2.nii.gz"), at(out));
        let net = ["--steps", steps, "--base", "4", "--members", "1", "--hold-out", "0.2"];
        works(&[&["train", "--images", &images, "--labels", &labels, "--out", &out], &net[..]].concat())
    };
    let said = train("model", "120");
    assert!(said.contains("held-out cases"), "{said}");
    let figures = at("figures.json");
    let truth = format!("staple:{}", at("*_reader*.nii.gz"));
    let said = works(&["evaluate", &at("model"), "--images", &images, "--truth", &truth, "--json", &figures]);
    assert!(said.contains("worst: c"), "{said}");
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(figures).unwrap()).unwrap();
    assert!(json["levels"]["1"]["median"].as_f64().unwrap() > 0.8, "{json}");
    assert_eq!((json["levels"]["1"]["n"].as_u64(), json["cases"].as_object().unwrap().len()), (Some(5), 5));
    // The same seed and threads give the same bits.
    train("again", "3");
    train("once-more", "3");
    let hash = |name: &str| osteon::learn::checkpoint::load_card(&home.path().join(name)).unwrap().weights_sha256;
    assert_eq!(hash("again"), hash("once-more"));
}

#[test]
fn a_plan_shapes_the_training_and_stands_on_the_card() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    folder(home.path(), 3);
    let plan = r#"{"base":4,"depth":3,"members":2,"flips":true,"replay":0.5,"crop":[32,32],
        "recipe":{"steps":[{"step":"median4"},{"step":"standardise"}]},
        "augmentation":{"flip":true,"elastic":1.0,"bias":0.1,"blur":0.5,"thickness":0.5},
        "objective":{"ordinal":true,"dropout":0.1,"deep_supervision":true,"loss":{"kind":"tversky","false_positives":0.4,"false_negatives":0.6}},
        "options":{"optimiser":"rmsprop","rate":{"kind":"cosine","peak":0.002}}}"#;
    std::fs::write(at("plan.json"), plan).unwrap();
    let images = format!("{},{}", at("*_water.nii.gz"), at("*_fat.nii.gz"));
    let (labels, out, spec) = (at("*_reader2.nii.gz"), at("model"), at("plan.json"));
    works(&["train", "--images", &images, "--labels", &labels, "--out", &out, "--steps", "12", "--hold-out", "0.3", "--spec", &spec]);
    let (model, card) = osteon::learn::checkpoint::load(&home.path().join("model")).unwrap();
    assert_eq!((model.member_count(), model.spec().spec().base, model.spec().spec().flips), (2, 4, true));
    assert!(!card.recipe.learns(), "the standard scale is learnt and kept");
    assert_eq!(card.plan.unwrap().members, 2);
    works(&["evaluate", &out, "--images", &images, "--truth", &labels, "--flips", "off"]);
    std::fs::write(at("plan.json"), r#"{"bsae":4}"#).unwrap();
    let said = refused(&["train", "--images", &images, "--labels", &labels, "--out", &at("m"), "--spec", &spec]);
    assert!(said.contains("plan.json") && said.contains("bsae"), "{said}");
    std::fs::write(at("plan.json"), r#"{"objective":{"dropout":2}}"#).unwrap();
    let said = refused(&["train", "--images", &images, "--labels", &labels, "--out", &at("m"), "--spec", &spec]);
    assert!(said.contains("`dropout` must be between 0 and 0.9"), "{said}");
    std::fs::write(at("plan.json"), r#"{"options":{"clip":-1}}"#).unwrap();
    let said = refused(&["train", "--images", &images, "--labels", &labels, "--out", &at("m"), "--spec", &spec]);
    assert!(said.contains("plan.json: `clip` is -1, but must be above zero"), "{said}");
}

#[test]
fn what_does_not_fit_is_refused_in_one_line() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    folder(home.path(), 1);
    let (water, labels) = (at("*_water.nii.gz"), at("*_reader1.nii.gz"));
    let train = |images: &str, labels: &str, out: &str| refused(&["train", "--images", images, "--labels", labels, "--out", out]);
    assert!(train(&at("*_t1.nii.gz"), &labels, &at("m")).contains("matches no file"));
    assert!(train(&at("c0_water.nii.gz"), &labels, &at("m")).contains("must hold 1 *"));
    assert!(train(&water, &labels, home.path().to_str().unwrap()).contains("already exists"));
    let off = home.path().join("c0_reader1.nii.gz");
    write_labels_nifti(&off, &Labels::empty(ball(9.0).grid().clone()), "").unwrap();
    let said = train(&water, &labels, &at("m"));
    assert!(said.contains("No mask holds a label"), "{said}");
    let mut labelled = Labels::empty(ball(9.0).grid().clone());
    labelled.set([1, 1, 1], 1);
    write_labels_nifti(&off, &labelled, "").unwrap();
    let said = train(&water, &labels, &at("m"));
    assert!(said.contains("c0_reader1.nii.gz does not lie on its image's grid"), "{said}");
    assert!(refused(&["evaluate", home.path().to_str().unwrap(), "--images", &water, "--truth", &labels]).contains("holds no card.json"));
}
