//! Plans and recipes with slips or senseless numbers in them, and models that go out as one file and come back, all by the program.

use super::{osteon, refused};
use crate::common::ball;
use osteon::io::{write_image_nifti, write_labels_nifti};
use osteon::learn::checkpoint;
use osteon::volume::Labels;
use std::fs;
use std::path::Path;

/// One exam as `c_water` with the mask `c_reader1` of a small ball.
fn exam(home: &Path) {
    let image = ball(0.0);
    let mut labels = Labels::empty(image.grid().clone());
    for n in 0..image.grid().voxel_count() {
        let voxel = image.grid().voxel(n);
        if voxel[0].abs_diff(20) + voxel[1].abs_diff(22) < 8 {
            labels.set(voxel, 1);
        }
    }
    write_image_nifti(&home.join("c_water.nii.gz"), &image).unwrap();
    write_labels_nifti(&home.join("c_reader1.nii.gz"), &labels, "").unwrap();
}

/// `osteon train` on that exam, with these words besides.
fn train<'a>(given: &'a [String; 3], more: &[&'a str]) -> Vec<&'a str> {
    let [images, labels, out] = given;
    [&["train", "--images", images, "--labels", labels, "--out", out, "--steps", "6", "--hold-out", "0"][..], more].concat()
}

fn places(home: &Path) -> [String; 3] {
    ["*_water.nii.gz", "*_reader1.nii.gz", "model"].map(|name| home.join(name).to_str().unwrap().to_owned())
}

/// A slip within `rate`, `loss` or a step of the recipe, a list for the plan, and numbers that left nothing of the image were taken
/// without a word.
#[test]
fn a_plan_with_a_slip_or_a_senseless_number_is_refused_by_file_and_field() {
    let home = tempfile::tempdir().unwrap();
    exam(home.path());
    let (given, spec) = (places(home.path()), home.path().join("plan.json"));
    let arguments = train(&given, &["--spec", spec.to_str().unwrap()]);
    let recipe = |step: &str| format!(r#"{{"recipe":{{"steps":[{step}]}}}}"#);
    for (plan, word) in [
        (r#"{"options":{"rate":{"kind":"cosine","peak":0.002,"step":50}}}"#.to_owned(), "`step`"),
        (recipe(r#"{"step":"clahe","tiles":8,"clip":3,"clop":1}"#), "`clop`"),
        (recipe(r#"{"step":"median4","size":9}"#), "`size`"),
        (recipe(r#"{"step":"standardise","place":[[1]]}"#), "`place`"),
        (r#"{"objective":{"loss":{"kind":"dice","gamma":2}}}"#.to_owned(), "`gamma`"),
        (r#"{"loss":{"kind":"dice","gamma":2}}"#.to_owned(), "`loss`"),
        ("[]".to_owned(), "must be one object"),
        (r#"{"base":4,"base":8}"#.to_owned(), "duplicate field `base`"),
        (format!("{{}}{}", " ".repeat(1 << 20)), "more than 1048576 bytes"),
        (recipe(r#"{"step":"percentile_scale","low":99,"high":1}"#), "`low` is 99"),
        (recipe(r#"{"step":"percentile_scale","low":-5,"high":1000}"#), "`low` is -5"),
        (recipe(r#"{"step":"clahe","tiles":0,"clip":-3}"#), "`tiles` is 0"),
        (recipe(r#"{"step":"remove_bias","sigma_fraction":-1}"#), "`sigma_fraction` is -1"),
        (r#"{"augmentation":{"noise":-1}}"#.to_owned(), "`noise`"),
        (r#"{"augmentation":{"noise":1e30}}"#.to_owned(), "`noise`"),
        (r#"{"augmentation":{"scale":1e300}}"#.to_owned(), "`scale`"),
        (r#"{"augmentation":{"thickness":9}}"#.to_owned(), "`thickness` of the augmentation is 9"),
        (r#"{"crop":[16,5000]}"#.to_owned(), "`crop` is 5000"),
    ] {
        fs::write(&spec, &plan).unwrap();
        let said = refused(home.path(), &arguments);
        let short: String = plan.chars().take(80).collect();
        assert!(said.contains("plan.json") && said.contains(word), "{short}: {said}");
    }
    assert!(!Path::new(&given[2]).exists());
}

/// `flips` were dropped for bones while the card said that they were on, and slices of bones were mirrored while learning.
#[test]
fn mirror_images_of_bones_are_refused_and_the_card_says_what_was_done() {
    let home = tempfile::tempdir().unwrap();
    exam(home.path());
    let (given, spec) = (places(home.path()), home.path().join("plan.json"));
    let arguments = train(&given, &["--layer", "bone", "--spec", spec.to_str().unwrap()]);
    for (plan, word) in [
        (r#"{"flips":true}"#, "plan.json: `flips` cannot be used for bones"),
        (r#"{"augmentation":{"flip":true}}"#, "plan.json: `flip` of the augmentation cannot be used for bones"),
        (r#"{"smoothing_mm":2}"#, "plan.json: `smoothing_mm` is 2, but bones are not smoothed"),
    ] {
        fs::write(&spec, plan).unwrap();
        let said = refused(home.path(), &arguments);
        assert!(said.contains(word), "{said}");
    }
    fs::write(&spec, r#"{"base":2,"depth":2,"members":1}"#).unwrap();
    let (well, _, said) = osteon(home.path(), &arguments);
    assert!(well, "{said}");
    let card = checkpoint::load_card(Path::new(&given[2])).unwrap();
    let plan = card.plan.unwrap();
    assert_eq!((card.spec.flips, plan.flips, card.spec.smoothing_mm, plan.smoothing_mm), (false, false, 0.0, 0.0));
}

/// The default of trainings on folders, three nets, could not be exported; what was said of a file that came back was passed over.
#[test]
fn a_model_of_three_nets_goes_out_as_one_file_and_comes_back() {
    let home = tempfile::tempdir().unwrap();
    exam(home.path());
    let (given, spec) = (places(home.path()), home.path().join("plan.json"));
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    fs::write(&spec, r#"{"base":2,"depth":2}"#).unwrap();
    // Two steps for each net: one would leave its weights as they were.
    let works = |arguments: &[&str]| {
        let (well, said, why) = osteon(home.path(), arguments);
        assert!(well, "{arguments:?}: {why}");
        said
    };
    works(&train(&given, &["--spec", spec.to_str().unwrap()]));
    assert!(works(&["model", "show", &given[2]]).contains("3 nets, each: 2 levels"));
    let (file, back) = (at("model.safetensors"), at("back"));
    let said = works(&["model", "export", &given[2], &file]);
    assert!(said.contains("of 3 nets, their names begin with net-1. to net-3."), "{said}");
    let import = ["model", "import", &file, "--out", &back];
    for (more, words) in [
        (&["--as", "bone-R7"][..], "model.safetensors: --as says bone-R7, but its card says marrow-reader1; leave --as out"),
        (&["--as", "marrow-reader1", "--sequences", "water,fat"], "--sequences says water,fat, but its card says water"),
        (&["--spacing", "0.9,0.9"], "--spacing says 0.9,0.9, but its card says each image's own"),
        (&["--leak", "0.1"], "--leak says 0.1, but its card says 0"),
    ] {
        let said = refused(home.path(), &[&import[..], more].concat());
        assert!(said.contains(words), "{said}");
    }
    fs::write(at("recipe.json"), r#"{"steps":[{"step":"median4"}]}"#).unwrap();
    let said = refused(home.path(), &[&import[..], &["--recipe", &at("recipe.json")]].concat());
    assert!(said.contains("--recipe says"), "{said}");
    for recipe in ["[]", r#"{"steps":[{"step":"median4","size":9}]}"#, r#"{"steps":[{"step":"percentile_scale","low":9,"high":1}]}"#] {
        fs::write(at("recipe.json"), recipe).unwrap();
        let said = refused(home.path(), &[&import[..], &["--recipe", &at("recipe.json")]].concat());
        assert!(said.contains("recipe.json"), "{recipe}: {said}");
    }
    let said = works(&import);
    assert!(said.contains("a file that this program wrote, 3 nets"), "{said}");
    for name in ["weights.safetensors", "weights-2.safetensors", "weights-3.safetensors", "card.json"] {
        assert!(fs::read(Path::new(&given[2]).join(name)).unwrap() == fs::read(Path::new(&back).join(name)).unwrap(), "{name}");
    }
}
