//! The demo without a window: it runs to its end, its files are there, and the model is better after retraining.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

use std::process::Command;

#[test]
fn the_demo_learns_and_writes_its_results() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("demo");
    let output = Command::new(env!("CARGO_BIN_EXE_osteon"))
        .args(["demo", "--headless"])
        .arg(&dir)
        .env("OSTEON_HOME", home.path().join("home"))
        .output()
        .unwrap();
    let (text, errors) = (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned());
    println!("{text}");
    assert!(output.status.success(), "{errors}");
    let summary: serde_json::Value = serde_json::from_slice(&std::fs::read(dir.join("results/summary.json")).unwrap()).unwrap();
    let rounds = summary["rounds"].as_array().unwrap();
    assert!(rounds.len() >= 3, "one training and two retrainings");
    let mean = |round: &serde_json::Value| round["mean_1_and_2+3"].as_f64().expect("levels 1 and 2+3 are held out");
    let (first, last) = (mean(&rounds[0]), mean(&rounds[rounds.len() - 1]));
    assert!(last > first, "mean over levels 1 and 2+3: {first:.3} before the first retraining, {last:.3} after the last");
    let compared = summary["agreement"].as_array().unwrap();
    assert!(!compared.is_empty() && compared.iter().all(|e| e["readers"].as_array().unwrap().len() >= 4));
    for name in ["rounds.csv", "agreement.csv", "summary.txt"] {
        assert!(dir.join("results").join(name).metadata().unwrap().len() > 50, "{name}");
    }
    // The report: six exams of four independent readers, the model on the two validation exams and the sealed test exam.
    let page = std::fs::read_to_string(dir.join("results/report/report.html")).unwrap();
    assert!(page.contains("6 exams of 6 patients") && page.contains("24 independent reads by 4 readers"), "the flow of exams is another");
    assert!(page.contains("3 model proposals by 1 version"));
    // Four packets went out and came back; every read in them is sealed.
    let desk = home.path().join("demo-packets");
    for reader in ["R2", "R3", "R4", "R5"] {
        assert!(desk.join(format!("{reader}.osteonpacket")).is_file() && desk.join(format!("{reader}.osteonreturn")).is_file());
    }
    let study = osteon::study::Study::open(&dir).unwrap();
    assert!(study.status().unwrap().iter().all(|e| e.reads.iter().filter(|r| r.sealed.is_some()).count() >= 4));
    assert_eq!(study.check().unwrap().problems, Vec::<String>::new());
    // Scoring: three held-out exams, marks that say what they are, Table 2 on screen and in the report.
    let csv = std::fs::read_to_string(dir.join("results/scores/DEMO-1.csv")).unwrap();
    assert!(csv.contains("scored by simulated") && csv.lines().filter(|l| l.starts_with("K-")).count() == 3, "{csv}");
    assert!(text.contains("Table 2, session DEMO") && text.contains("The marks are simulated"), "{text}");
    assert!(page.contains("Masks scored by eye") && page.contains("scored by simulated"));
    let names = |folder: &str| -> Vec<String> {
        std::fs::read_dir(dir.join(folder)).unwrap().map(|e| e.unwrap().file_name().to_string_lossy().into_owned()).collect()
    };
    assert!(names("results").iter().filter(|n| n.ends_with(".png")).count() >= 3, "{:?}", names("results"));
    assert!(names("results/masks").iter().filter(|n| n.ends_with("_marrow.nii.gz")).count() >= 8, "{:?}", names("results/masks"));
}
