//! The reference figures of `shared/reference/agreement`, and the published examples beside them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

use osteon::agreement::BlandAltman;
use osteon::consensus::{JointOptions, JointStart, Prior, Region, Staple, StapleOptions, VotePatterns, binary_staple, joint_staple};
use osteon::headless::{agreement, stats};
use osteon::io::read_labels_nifti;
use osteon::space::{Affine, Spacing};
use osteon::volume::{Grid, Labels};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The reference folder; `None` (said aloud) where it is absent and not required.
fn reference() -> Option<PathBuf> {
    let shared = std::env::var_os("OSTEON_SHARED").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let folder = shared.join("reference/agreement");
    if folder.join("expected").is_dir() {
        return Some(folder);
    }
    assert!(std::env::var("OSTEON_REQUIRE_ALL").as_deref() != Ok("1"), "{} is absent and OSTEON_REQUIRE_ALL=1", folder.display());
    println!("SKIPPED: {} is absent", folder.display());
    None
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The cases, each with the files of its readers.
fn cases(folder: &Path) -> Vec<(String, Vec<PathBuf>)> {
    let mut cases: Vec<(String, Vec<PathBuf>)> = Vec::new();
    for case in json(&folder.join("cases/index.json")).as_array().unwrap() {
        let name = case["case"].as_str().unwrap().to_owned();
        let readers = case["readers"].as_u64().unwrap();
        let files = (1..=readers).map(|k| folder.join(format!("cases/{name}/reader_{k}.nii.gz"))).collect();
        cases.push((name, files));
    }
    assert!(cases.len() >= 8);
    cases
}

fn patterns(files: &[PathBuf]) -> VotePatterns {
    let maps: Vec<Labels> = files.iter().map(|f| read_labels_nifti(f).unwrap()).collect();
    VotePatterns::count(&maps.iter().collect::<Vec<_>>()).unwrap()
}

fn numbers(value: &Value) -> Vec<Option<f64>> {
    value.as_array().unwrap().iter().map(Value::as_f64).collect()
}

/// Walks what is expected; every key must be there and every number within its tolerance.
fn compare(expected: &Value, got: &Value, path: &str, tolerance: &dyn Fn(&str) -> f64, compared: &mut usize) {
    match expected {
        Value::Object(map) => {
            for (key, value) in map {
                let skipped = ["log_loss_note", "decision_rule", "thresholds"].contains(&key.as_str());
                if !skipped {
                    assert!(got.get(key).is_some(), "{path}/{key} is absent");
                    compare(value, &got[key], &format!("{path}/{key}"), tolerance, compared);
                }
            }
        }
        Value::Array(list) => {
            assert_eq!(got.as_array().map(Vec::len), Some(list.len()), "{path}");
            for (at, value) in list.iter().enumerate() {
                compare(value, &got[at], &format!("{path}[{at}]"), tolerance, compared);
            }
        }
        Value::Number(number) => {
            *compared += 1;
            let (e, g) = (number.as_f64().unwrap(), got.as_f64().unwrap_or_else(|| panic!("{path}: {got} instead of {number}")));
            assert!((e - g).abs() <= tolerance(path) * e.abs().max(1.0), "{path}: {g} instead of {e}");
        }
        other => {
            *compared += 1;
            assert_eq!(other, got, "{path}");
        }
    }
}

/// Tolerances of the reference's README: distances 1e-6 mm, figures by surface area 2e-3, all else 1e-9.
fn tolerance(path: &str) -> f64 {
    let key = path.rsplit('/').next().unwrap_or(path);
    let distance = key.starts_with("hausdorff") || key.starts_with("hd95") || key.starts_with("as") || key == "itk_hausdorff";
    if key.starts_with("sd_") {
        2e-3
    } else if distance || key.ends_with("_p") {
        1e-6
    } else {
        1e-9
    }
}

#[test]
fn majority_pairs_and_agreement_of_every_case() {
    let Some(folder) = reference() else { return };
    let out = tempfile::tempdir().unwrap();
    for (name, files) in cases(&folder) {
        let file = out.path().join(format!("{name}.json"));
        agreement::run(&agreement::AgreementArgs { reads: files, json: file.clone(), only: Vec::new(), joint_start: "votes".to_owned() })
            .unwrap();
        let (expected, got) = (json(&folder.join(format!("expected/{name}.json"))), json(&file));
        assert_eq!(got["case"], name.as_str());
        let mut compared = 0;
        for group in ["majority", "pairs", "agreement"] {
            compare(&expected[group], &got[group], &format!("{name}/{group}"), &tolerance, &mut compared);
        }
        println!("{name}: {compared} figures");
        assert!(compared > 100);
    }
}

#[test]
fn tables() {
    let Some(folder) = reference() else { return };
    let out = tempfile::tempdir().unwrap();
    let file = out.path().join("tables.json");
    stats::run(&stats::StatsArgs { folder: folder.join("tables"), json: file.clone() }).unwrap();
    let mut compared = 0;
    compare(&json(&folder.join("expected/tables.json")), &json(&file), "tables", &tolerance, &mut compared);
    assert!(compared > 200);
}

fn check_staple(staple: &Staple, expected: &Value, suffix: &str, tolerance: f64, path: &str) {
    for (got, key) in [(staple.sensitivity(), "sensitivity"), (staple.specificity(), "specificity")] {
        for (got, expected) in got.iter().zip(numbers(&expected[format!("{key}{suffix}")])) {
            assert_eq!(got.is_some(), expected.is_some(), "{path} {key}");
            assert!(got.zip(expected).is_none_or(|(g, e)| (g - e).abs() <= tolerance), "{path} {key}: {got:?} {expected:?}");
        }
    }
}

#[test]
fn binary_staple_of_every_case() {
    let Some(folder) = reference() else { return };
    for (name, files) in cases(&folder) {
        let expected = json(&folder.join(format!("expected/{name}.json")));
        let patterns = patterns(&files);
        for (level, labels) in [("1", &[1_u8][..]), ("2", &[2]), ("3", &[3]), ("2+3", &[2, 3])] {
            let (e, path) = (&expected["staple_binary"][level], format!("{name} {level}"));
            let staple = binary_staple(&patterns, labels, &StapleOptions::default());
            assert!((staple.prior() - e["prior"].as_f64().unwrap()).abs() <= 1e-12, "{path}");
            check_staple(&staple, e, "", 1e-9, &path);
            assert_eq!(staple.consensus_voxels(), e["consensus_voxels"].as_u64().unwrap(), "{path}");
            assert_eq!(staple.iterations().map(|n| n as u64), e["iterations"].as_u64(), "{path}");
            for p in 0..staple.votes().len() {
                let key: String = staple.votes().votes(p).iter().map(|v| char::from(b'0' + v)).collect();
                let Some(pattern) = e["patterns"].get(&key) else { continue };
                assert_eq!(staple.votes().voxels()[p], pattern["n"].as_u64().unwrap(), "{path} {key}");
                assert!((staple.probability()[p] - pattern["w"].as_f64().unwrap()).abs() <= 1e-9, "{path} {key}");
            }
            if e["status"] == "ok" {
                let tight = StapleOptions { tolerance: 1e-15, ..StapleOptions::default() };
                check_staple(&binary_staple(&patterns, labels, &tight), e, "_tight", 1e-9, &path);
            }
        }
    }
}

#[test]
fn joint_staple_of_every_case_from_both_starts() {
    let Some(folder) = reference() else { return };
    for (name, files) in cases(&folder) {
        let expected = json(&folder.join(format!("expected/{name}.json")));
        let patterns = patterns(&files);
        for (variant, start) in [("skip_ties", JointStart::Votes), ("diag_0.99", JointStart::Diagonal(0.99))] {
            let (e, path) = (&expected["staple_multilabel"]["seed_variants"][variant], format!("{name} {variant}"));
            let joint = joint_staple(patterns.table(), &JointOptions { start, ..JointOptions::default() });
            let tight = joint_staple(patterns.table(), &JointOptions { start, tolerance: 1e-14, max_iterations: 20_000 });
            for reader in 0..joint.readers() {
                for said in 0..joint.label_count() {
                    for truth in 0..joint.label_count() {
                        for (fit, key) in [(&joint, "confusion"), (&tight, "confusion_tight")] {
                            let want = e[key][reader][said][truth].as_f64().unwrap();
                            assert!((fit.confusion(reader, said, truth) - want).abs() <= 1e-7, "{path} {key} {reader} {said} {truth}");
                        }
                    }
                }
            }
            assert_eq!(joint.iterations() as u64, e["iterations"].as_u64().unwrap(), "{path}");
            let map = patterns.paint(&joint.pattern_labels()).counts();
            assert_eq!(map.of(255) as u64, e["undecided"].as_u64().unwrap(), "{path}");
            for (label, count) in e["label_counts"].as_object().unwrap() {
                assert_eq!(map.of(label.parse().unwrap()) as u64, count.as_u64().unwrap(), "{path} label {label}");
            }
            assert_eq!(tight.impossible_voxels(), e["voxels_of_zero_likelihood"].as_u64().unwrap(), "{path}");
            let (got, want) = (tight.log_likelihood(), e["log_likelihood_tight"].as_f64());
            assert_eq!(got.is_some(), want.is_some(), "{path}");
            assert!(got.zip(want).is_none_or(|(g, w)| (g - w).abs() <= 1e-6), "{path}: {got:?} {want:?}");
        }
        let map = read_labels_nifti(&folder.join(format!("expected/{name}/staple_multilabel.nii.gz"))).unwrap();
        let joint = joint_staple(patterns.table(), &JointOptions { start: JointStart::Votes, ..JointOptions::default() });
        assert!(patterns.paint(&joint.pattern_labels()).same_labels(&map), "{name}: label map");
    }
}

#[test]
fn published_staple_of_five_readers_and_a_thousand_voxels() {
    let Some(folder) = reference() else { return };
    let text = std::fs::read_to_string(folder.join("published/stapler1000.csv")).unwrap();
    let rows: Vec<Vec<u8>> = text.lines().skip(1).map(|line| line.split(',').map(|v| v.parse().unwrap()).collect()).collect();
    let grid = Arc::new(Grid::new([rows.len(), 1, 1], Affine::from_spacing(Spacing::UNIT)).unwrap());
    let column = |reader: usize| Labels::from_dense(grid.clone(), &rows.iter().map(|row| row[reader]).collect::<Vec<_>>()).unwrap();
    let maps: Vec<Labels> = (0..5).map(column).collect();
    let patterns = VotePatterns::count(&maps.iter().collect::<Vec<_>>()).unwrap();
    let published = &json(&folder.join("published/published.json"))["stapler1000"]["published"];
    for (key, prior, region) in [
        ("voxelwise_mean_prior_all_voxels", Prior::VoxelVote, Region::Whole),
        ("prior_half_all_voxels", Prior::Fixed(0.5), Region::Whole),
        ("voxelwise_mean_prior_disagreement_only_older_version", Prior::VoxelVote, Region::Disagreement),
        ("prior_half_disagreement_only_older_version", Prior::Fixed(0.5), Region::Disagreement),
    ] {
        let staple = binary_staple(&patterns, &[1], &StapleOptions { prior, region, tolerance: 1e-12, max_iterations: 20_000 });
        check_staple(&staple, &published[key], "", 1e-6, key);
        if let Some(accuracy) = published[key]["accuracy"].as_f64() {
            let map = patterns.spread(&staple.pattern_probability());
            let right = map.iter().zip(&rows).filter(|(w, row)| (**w >= 0.5) == (row[5] == 1)).count();
            assert!((right as f64 / rows.len() as f64 - accuracy).abs() < 1e-9, "{key}: {right}");
        }
    }
}

/// Table 2 of von Brandis et al., Pediatric Radiology 2022: differences of the scores of model and reader.
#[test]
fn published_table_of_the_papers_scores() {
    let Some(folder) = reference() else { return };
    let paper = &json(&folder.join("published/published.json"))["von_brandis_2022_table2"];
    for level in ["l1", "l2", "l3", "ov"] {
        let column = |who: &str| numbers(&paper["data"][format!("{level}_{who}")]).into_iter().map(Option::unwrap).collect::<Vec<f64>>();
        let pairs: Vec<(f64, f64)> = column("ai").into_iter().zip(column("gt")).collect();
        let ba = BlandAltman::of(&pairs).unwrap();
        let want = &paper["recomputed"][format!("{level}_ai_minus_gt")]["bland_altman"];
        for (got, key) in [(ba.bias, "bias"), (ba.sd, "sd"), (ba.low, "loa_low"), (ba.high, "loa_high"), (ba.limit_se, "loa_se")] {
            assert!((got - want[key].as_f64().unwrap()).abs() < 1e-9, "{level} {key}");
        }
    }
}

/// The same table as printed contains slips; its rows tell which numbers are meant.
#[test]
fn slips_in_the_papers_table_are_found_by_rebuilding_it() {
    let Some(folder) = reference() else { return };
    let paper = &json(&folder.join("published/published.json"))["von_brandis_2022_table2"];
    let column = |name: &str| numbers(&paper["data"][name]).into_iter().map(Option::unwrap).collect::<Vec<f64>>();
    let printed = |name: &str| numbers(&paper["printed_mean_sd"][name]).into_iter().map(Option::unwrap).collect::<Vec<f64>>();
    let mut wrong_rows = Vec::new();
    let mut wrong_means = Vec::new();
    for level in ["l1", "l2", "l3", "ov"] {
        let [ai, gt, difference] = ["ai", "gt", "d"].map(|who| column(&format!("{level}_{who}")));
        let rebuilt: Vec<f64> = ai.iter().zip(&gt).map(|(a, g)| a - g).collect();
        wrong_rows.extend((0..10).filter(|&row| (rebuilt[row] - difference[row]).abs() > 0.05).map(|row| (level, row + 1)));
        for (name, values) in [(format!("{level}_ai"), &ai), (format!("{level}_gt"), &gt), (format!("{level}_d"), &rebuilt)] {
            let of_column = osteon::agreement::mean(values).unwrap();
            let mean_printed = printed(&name)[0];
            if (of_column - mean_printed).abs() > 0.011 {
                wrong_means.push((name, mean_printed, (of_column * 100.0).round() / 100.0));
            }
        }
    }
    println!(
        "Table 2 as printed: differences that are not model minus reader {wrong_rows:?}; means (printed, of the rows) {wrong_means:?}"
    );
    // The differences of level 3 repeat the model's score in masks 6 to 9.
    assert_eq!(wrong_rows, [("l3", 6), ("l3", 7), ("l3", 8), ("l3", 9)]);
    assert_eq!(wrong_means, [("l1_d".to_owned(), -0.5, -0.05)]);
}
