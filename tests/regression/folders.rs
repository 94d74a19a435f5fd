//! Faults of training and evaluating on folders of NIfTI files.

use super::common::ball;
use osteon::io::{write_image_nifti, write_labels_nifti};
use osteon::learn::checkpoint;
use osteon::volume::{Image, Labels};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder of cases `c0`, `c1`, … with images `_water` and `_fat` and masks of readers 1 to 3: level 1 a ball, level 2 its core.
struct Folder {
    home: tempfile::TempDir,
}

/// A net that learns in no time.
const TINY: &str = r#"{"base": 2, "depth": 2, "crop": [32, 32], "batch": 2, "members": 2}"#;

impl Folder {
    fn new(cases: usize) -> Self {
        let folder = Self { home: tempfile::tempdir().unwrap() };
        for case in 0..cases {
            let image = ball(0.0);
            // No two cases are alike, nor are water and fat.
            for (add, sequence) in [(0.0, "water"), (0.25, "fat")] {
                let values: Vec<f32> = image.values().iter().map(|v| v + case as f32 + add).collect();
                let image = Image::new(image.grid().clone(), values).unwrap();
                write_image_nifti(&folder.path(&format!("c{case}_{sequence}.nii.gz")), &image).unwrap();
            }
            (1..=3).for_each(|reader| folder.mask(case, reader, |from| if from < 3.0 + reader as f64 { 2 } else { 1 }));
        }
        std::fs::write(folder.path("tiny.json"), TINY).unwrap();
        folder
    }

    /// Writes a reader's mask: what `label` says of the distance from the middle, within the ball.
    fn mask(&self, case: usize, reader: usize, label: impl Fn(f64) -> u8) {
        let mut labels = Labels::empty(ball(0.0).grid().clone());
        let grid = labels.grid().clone();
        for n in 0..grid.voxel_count() {
            let voxel = grid.voxel(n);
            let [i, j, k] = voxel.map(|x| x as f64);
            // Every case has a size of its own.
            let from = (i - 20.0).hypot(j - 22.0).hypot((k - 4.0) * 3.0);
            if from < 11.0 - case as f64 * 0.5 {
                labels.set(voxel, label(from));
            }
        }
        write_labels_nifti(&self.path(&format!("c{case}_reader{reader}.nii.gz")), &labels, "").unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn at(&self, name: &str) -> String {
        self.path(name).to_str().unwrap().to_owned()
    }

    /// Whether a command went well, and what it said on stdout and stderr.
    fn osteon(&self, args: &[&str]) -> (bool, String, String) {
        let run = Command::new(env!("CARGO_BIN_EXE_osteon")).args(args).env("OSTEON_HOME", self.path("home")).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (run.status.success(), text(&run.stdout), text(&run.stderr))
    }

    /// Trains on reader 1 into a folder of this name.
    fn train(&self, out: &str, more: &[&str]) -> (bool, String, String) {
        let (images, labels, out) = (self.at("*_water.nii.gz"), self.at("*_reader1.nii.gz"), self.at(out));
        self.osteon(&[&["train", "--images", &images, "--labels", &labels, "--out", &out][..], more].concat())
    }

    /// As [`Folder::train`] with the tiny net; the words on stdout and stderr.
    fn trained(&self, out: &str, more: &[&str]) -> (String, String) {
        let (well, said, told) = self.train(out, &[&["--spec", &self.at("tiny.json"), "--steps", "4"], more].concat());
        assert!(well, "{told}");
        (said, told)
    }

    fn refused(&self, out: &str, more: &[&str]) -> String {
        let (well, _, told) = self.train(out, more);
        assert!(!well && !self.path(out).exists(), "{more:?}");
        told.lines().last().unwrap_or_default().to_owned()
    }

    /// Evaluates; the figures, and the words on stdout and stderr.
    fn evaluated(&self, model: &str, truth: &str) -> (Value, String, String) {
        let (images, json) = (self.at("*_water.nii.gz"), self.at("figures.json"));
        let (well, said, told) = self.osteon(&["evaluate", &self.at(model), "--images", &images, "--truth", truth, "--json", &json]);
        assert!(well, "{told}");
        (self.json("figures.json"), said, told)
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&std::fs::read(self.path(name)).unwrap()).unwrap()
    }

    fn card(&self, model: &str) -> osteon::learn::Card {
        checkpoint::load_card(&self.path(model)).unwrap()
    }
}

/// A tenth of four cases was none: "Dice on 0 held-out cases", and "best so far" of weights that nothing was compared with.
#[test]
fn few_cases_hold_one_out_and_where_none_is_it_is_said() {
    let folder = Folder::new(2);
    let (said, _) = folder.trained("one", &["--json", &folder.at("one.json")]);
    assert!(said.contains("Dice on 1 held-out cases"), "{said}");
    assert_eq!(folder.json("one.json")["cases"].as_object().unwrap().len(), 1);
    assert!(folder.card("one").held_out.starts_with("1 cases held out: c"));
    let (said, told) = folder.trained("none", &["--hold-out", "0", "--json", &folder.at("none.json")]);
    assert!(said.contains("Nothing was held out: the last weights are kept") && !said.contains("Dice"), "{said}");
    assert!(!told.contains("best so far") && !told.contains("held-out Dice"), "{told}");
    assert_eq!(folder.json("none.json")["truth"], "nothing is held out: the last weights are kept");
}

/// `--from` a model of several nets dropped all but the first, and began every net with that one.
#[test]
fn a_training_goes_on_with_every_net_of_its_parent() {
    let folder = Folder::new(2);
    folder.trained("parent", &[]);
    // Steps that move nothing show which weights a net began with.
    std::fs::write(
        folder.path("still.json"),
        r#"{"options": {"keep": 0, "weight_decay": 0, "rate": {"kind": "constant", "rate": 1e-30}}}"#,
    )
    .unwrap();
    let from = folder.at("parent");
    let still = ["--from", &from, "--steps", "4", "--spec", &folder.at("still.json")];
    let on = |out: &str, more: &[&str]| folder.train(out, &[&still[..], more].concat());
    let weights = |model: &str, file: &str| -> Vec<f32> {
        let bytes = std::fs::read(folder.path(model).join(file)).unwrap();
        let nets = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        let mut named = nets.tensors();
        named.sort_by(|a, b| a.0.cmp(&b.0));
        named.iter().flat_map(|(_, t)| t.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect::<Vec<_>>()).collect()
    };
    let same = |model: &str, file: &str| {
        let (a, b) = (weights(model, file), weights("parent", file));
        a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-6)
    };
    let (first, second) = ("weights.safetensors", "weights-2.safetensors");
    let (well, _, told) = on("both", &[]);
    assert!(well, "{told}");
    assert!(same("both", first) && same("both", second));
    assert_ne!(weights("parent", first), weights("parent", second));
    assert!(!told.contains("left out"), "{told}");
    let (well, _, told) = on("first", &["--members", "1"]);
    assert!(well && told.contains("parent has 2 nets: the first 1 of them go on, the others are left out"), "{told}");
    assert!(same("first", first) && !folder.path("first").join(second).exists());
    let more = folder.refused("more", &[&still[..], &["--members", "3"]].concat());
    assert!(more.contains("parent has 2 net(s), so that 3 cannot go on from it"), "{more}");
}

/// A plan's net was passed over without a word where weights of another net go on.
#[test]
fn a_plan_for_another_net_does_not_go_on() {
    let folder = Folder::new(2);
    folder.trained("parent", &[]);
    std::fs::write(folder.path("other.json"), r#"{"base": 4, "batch": 1}"#).unwrap();
    let why = folder.refused("m", &["--from", &folder.at("parent"), "--steps", "4", "--spec", &folder.at("other.json")]);
    assert!(why.contains("other.json: `base` is 4, but parent, from which training goes on, has 2"), "{why}");
    // Its own plan, and how to train, may be given.
    std::fs::write(folder.path("same.json"), TINY.replace('}', r#", "objective": {"overlap": 0.25}}"#)).unwrap();
    let (well, _, told) = folder.train("m", &["--from", &folder.at("parent"), "--steps", "4", "--spec", &folder.at("same.json")]);
    assert!(well, "{told}");
    assert_eq!((folder.card("m").spec.objective.overlap, folder.card("parent").spec.objective.overlap), (0.25, 1.0));
}

/// Where a study lacks a read the STAPLE of fewer masks, or one mask alone, passed for that of all.
#[test]
fn cases_with_fewer_masks_than_others_are_named() {
    let folder = Folder::new(3);
    folder.trained("model", &[]);
    let truth = format!("staple:{}", folder.at("*_reader*.nii.gz"));
    let (figures, _, told) = folder.evaluated("model", &truth);
    assert!(!told.contains("fewer masks"), "{told}");
    assert_eq!(figures["cases"]["c1"]["masks"], 3);
    std::fs::remove_file(folder.path("c1_reader3.nii.gz")).unwrap();
    ["c2_reader1.nii.gz", "c2_reader2.nii.gz"].iter().for_each(|name| std::fs::remove_file(folder.path(name)).unwrap());
    let (figures, said, told) = folder.evaluated("model", &truth);
    let notice = told.lines().find(|line| line.contains("fewer masks")).unwrap_or_default();
    assert_eq!(notice, "Cases with fewer masks than 3: c1 (2), c2 (1); one mask is taken as it is, which is no STAPLE");
    assert!(said.contains("(one mask)") && said.contains("(2 masks)"), "{said}");
    assert_eq!([0, 1, 2].map(|case| figures["cases"][format!("c{case}")]["masks"].as_u64()), [Some(3), Some(2), Some(1)]);
}

/// Figures on exams that a model had learnt stood in the table like any others.
#[test]
fn cases_that_the_model_has_learnt_are_marked() {
    let folder = Folder::new(4);
    folder.trained("first", &["--cases", "c0", "--hold-out", "0"]);
    let learnt = |figures: &Value| -> Vec<String> {
        let cases = figures["cases"].as_object().unwrap();
        cases.iter().filter(|(_, case)| case["learnt"] == true).map(|(name, _)| name.clone()).collect()
    };
    let (figures, said, told) = folder.evaluated("first", &folder.at("*_reader1.nii.gz"));
    assert_eq!(learnt(&figures), ["c0"]);
    assert!(told.contains("1 of 4 cases were learnt by this model"), "{told}");
    assert!(said.lines().find(|line| line.starts_with("  c0: ")).unwrap().ends_with("(learnt)"), "{said}");
    assert!(!said.lines().find(|line| line.starts_with("  c1: ")).unwrap().contains("learnt"), "{said}");
    // Another reader's mask of the same image, and the image under another name.
    assert_eq!(learnt(&folder.evaluated("first", &folder.at("*_reader2.nii.gz")).0), ["c0"]);
    for end in ["water.nii.gz", "reader2.nii.gz"] {
        std::fs::rename(folder.path(&format!("c0_{end}")), folder.path(&format!("z_{end}"))).unwrap();
    }
    assert_eq!(learnt(&folder.evaluated("first", &folder.at("*_reader2.nii.gz")).0), ["z"]);
    // What goes on from it knows its cases still.
    let (well, _, told) = folder.train("second", &["--from", &folder.at("first"), "--steps", "4", "--cases", "c1", "--hold-out", "0"]);
    assert!(well, "{told}");
    assert_eq!(learnt(&folder.evaluated("second", &folder.at("*_reader2.nii.gz")).0), ["c1", "z"]);
    // Cards of earlier programs tell masks alone.
    let card = folder.path("first/card.json");
    let mut old: Value = serde_json::from_slice(&std::fs::read(&card).unwrap()).unwrap();
    old.as_object_mut().unwrap().remove("learnt_images").unwrap();
    std::fs::write(&card, serde_json::to_vec(&old).unwrap()).unwrap();
    std::fs::rename(folder.path("z_water.nii.gz"), folder.path("c0_water.nii.gz")).unwrap();
    assert_eq!(learnt(&folder.evaluated("first", &folder.at("*_reader1.nii.gz")).0), ["c0"]);
}

/// A mask of bones made a "marrow" model of as many levels, and judged one.
#[test]
fn marrow_masks_hold_levels_only() {
    let folder = Folder::new(3);
    folder.trained("model", &[]);
    folder.mask(1, 1, |from| if from < 2.0 { 7 } else { 255 });
    let why = folder.refused("m", &["--spec", &folder.at("tiny.json"), "--steps", "4"]);
    assert!(why.contains("c1_reader1.nii.gz holds label 7, but marrow has levels 1 to 3"), "{why}");
    for truth in [folder.at("*_reader1.nii.gz"), format!("staple:{}", folder.at("*_reader*.nii.gz"))] {
        let judge = ["evaluate", &folder.at("model"), "--images", &folder.at("*_water.nii.gz"), "--truth", &truth];
        let (well, _, told) = folder.osteon(&judge);
        assert!(!well && told.contains("c1_reader1.nii.gz holds label 7, but marrow"), "{told}");
    }
    let (well, _, told) = folder.train("bones", &["--layer", "bone", "--spec", &folder.at("tiny.json"), "--steps", "4"]);
    assert!(well, "{told}");
    assert_eq!(folder.card("bones").spec.labels, 7);
}

/// Masks of a folder without level 3 made a model of two levels, judged without the rows 3 and 2+3.
#[test]
fn marrow_has_its_three_levels_where_no_mask_holds_the_third() {
    let folder = Folder::new(2);
    let (said, _) = folder.trained("model", &[]);
    let rows = |said: &str| said.lines().filter(|line| line.contains(" / ") || line.contains('–')).count();
    assert_eq!((folder.card("model").spec.labels, rows(&said)), (3, 5), "with the heading: {said}");
    assert!(folder.card("model").dice.contains_key("2+3"));
    let (figures, ..) = folder.evaluated("model", &folder.at("*_reader1.nii.gz"));
    assert_eq!(figures["levels"].as_object().unwrap().keys().collect::<Vec<_>>(), ["1", "2", "2+3", "3"]);
    // A model of two levels, as they were made before, is judged on all.
    let (_, card) = checkpoint::load(Path::new(&folder.at("model"))).unwrap();
    let spec = osteon::learn::ModelSpec { labels: 2, class_weights: None, ..card.spec.clone() }.check().unwrap();
    let old = osteon::learn::Trainer::new(&spec, card.recipe, Default::default()).unwrap().snapshot();
    checkpoint::save(&old, &osteon::learn::Card::of(&old, 1, ""), &folder.path("old")).unwrap();
    let (figures, ..) = folder.evaluated("old", &folder.at("*_reader1.nii.gz"));
    assert_eq!(figures["levels"].as_object().unwrap().len(), 4);
    let (well, _, told) = folder.train("on", &["--from", &folder.at("old"), "--steps", "4"]);
    assert!(well, "{told}");
}

/// The same images could stand for two sequences: the net took water for fat.
#[test]
fn an_image_stands_for_one_sequence() {
    let folder = Folder::new(2);
    let (water, labels, out) = (folder.at("*_water.nii.gz"), folder.at("*_reader1.nii.gz"), folder.at("m"));
    let twice = format!("{water},{}/./*_water.nii.gz", folder.home.path().display());
    let (well, _, told) = folder.osteon(&["train", "--images", &twice, "--labels", &labels, "--out", &out, "--steps", "4"]);
    assert!(!well && told.contains("c0_water.nii.gz stands for two sequences of c0; name each image once"), "{told}");
    assert!(!folder.path("m").exists());
    let both = format!("{water},{}", folder.at("*_fat.nii.gz"));
    let tiny = folder.at("tiny.json");
    let (well, _, told) = folder.osteon(&["train", "--images", &both, "--labels", &labels, "--out", &out, "--steps", "4", "--spec", &tiny]);
    assert!(well, "{told}");
    let file = folder.at("c1_water.nii.gz");
    let proposed = folder.osteon(&["propose", "--images", &format!("{file},{file}"), "--model", &out, "--out", &folder.at("masks")]);
    assert!(
        !proposed.0 && (proposed.2.contains("stands for two sequences") || proposed.2.contains("its name says water")),
        "{}",
        proposed.2
    );
}

/// `--steps 1` saved weights that no step had moved as a trained model.
#[test]
fn a_training_too_short_to_learn_is_refused() {
    let folder = Folder::new(2);
    let why = folder.refused("m", &["--spec", &folder.at("tiny.json"), "--steps", "3"]);
    assert!(why.contains("3 step(s) for 2 net(s) would leave weights as they were; take at least 4 steps"), "{why}");
    let why = folder.refused("m", &["--members", "1", "--steps", "1"]);
    assert!(why.contains("take at least 2 steps"), "{why}");
}
