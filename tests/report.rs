//! The report of a study: from reads on disk to a page, and from maps alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;

use common::{PATIENCE, ball_study, driver, enter, open, saved, stroke};
use osteon::headless::{Driver, agreement};
use osteon::report::{
    ExamReads, Excluded, ModelFacts, ReadMap, ReportFacts, ReportFile, ReportRules, SourceFact, UnitFigures, Who, dice_lines, measure,
    write_report,
};
use osteon::session::{AdoptWhat, Command, EditCommand, ModelCommand, StudyCommand, ToolCommand};
use osteon::space::{Affine, Spacing};
use osteon::study::{ExamCode, Part, PatientCode, Protocol, Side};
use osteon::volume::{Grid, Labels, LayerKind};
use osteon::worker::message::{ReportChoice, Role};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

const SHAPE: [usize; 3] = [24, 20, 6];

/// A map with boxes of levels 1, 2 and, where `third`, 3; everybody sees them a little elsewhere.
fn map(shift: [usize; 2], third: bool) -> Labels {
    let grid = Grid::new(SHAPE, Affine::from_spacing(Spacing::new([0.8, 0.8, 3.0]).unwrap())).unwrap();
    let mut labels = Labels::empty(Arc::new(grid));
    let mut fill = |label: u8, lo: [usize; 3], hi: [usize; 3]| {
        for k in lo[2]..hi[2] {
            for j in lo[1]..hi[1] {
                for i in lo[0]..hi[0] {
                    labels.set([i + shift[0], j + shift[1], k], label);
                }
            }
        }
    };
    fill(1, [2, 2, 1], [14, 14, 5]);
    fill(2, [4, 4, 2], [9, 9, 4]);
    if third {
        fill(3, [5, 5, 2], [7, 7, 3]);
        fill(3, [17, 12, 4], [19, 14, 5]);
    }
    labels
}

fn left_half() -> Labels {
    let mut half = Labels::empty(map([0, 0], false).grid().clone());
    for at in 0..SHAPE[0] / 2 * SHAPE[1] * SHAPE[2] {
        half.set([at % (SHAPE[0] / 2), at / (SHAPE[0] / 2) % SHAPE[1], at / (SHAPE[0] / 2 * SHAPE[1])], 1);
    }
    half
}

fn exam(number: usize, side: Side) -> ExamReads {
    let third = number != 2;
    let read = |who: Who, shift: [usize; 2], third: bool| ReadMap { who, labels: map(shift, third), from_model: None };
    ExamReads {
        exam: ExamCode::new(&format!("K-{number}")).unwrap(),
        // Two exams of one patient.
        patient: PatientCode::new(&format!("P-{}", number.max(1))).unwrap(),
        part: Some(Part::Test),
        side,
        slices: SHAPE[2],
        maps: vec![
            read(Who::Model("marrow-R1/3".into()), [2, number % 3], third),
            read(Who::Reader("R3".into()), [0, number % 2], third),
            read(Who::Reader("R2".into()), [number % 2, 0], third),
            read(Who::Reader("R4".into()), [1, 1], number == 3),
            // Its left half was adopted from a model and left so.
            ReadMap { from_model: Some(left_half()), ..read(Who::Assisted("R1".into()), [0, 0], third) },
        ],
        again: vec![read(Who::Reader("R2".into()), [1, 0], third)],
    }
}

fn rules() -> ReportRules {
    ReportRules { resamples: 200, ..ReportRules::new(7) }
}

fn units(rules: &ReportRules, exams: usize) -> Vec<UnitFigures> {
    (0..exams).flat_map(|n| measure(&exam(n, Side::Both), rules, &|| false).unwrap()).collect()
}

fn facts() -> ReportFacts {
    let code = |text: &str| ExamCode::new(text).unwrap();
    ReportFacts {
        protocol: Protocol::sample().with_name("Knees <of> children & others"),
        made: None,
        exams_in_study: 7,
        excluded: vec![Excluded { exam: code("K-9"), who: None, why: "no finished independent read".into() }],
        left_out: vec![Excluded {
            exam: code("K-0"),
            who: Some(Who::Reader("R5".into())),
            why: "3 of 6 slices done and not sealed".into(),
        }],
        models: vec![ModelFacts {
            name: "marrow-R1/3".into(),
            labels_from: "R1".into(),
            weights_sha256: "ab".repeat(32),
            seed: 5,
            steps: 100,
            made_on: "avx2, 2 threads".into(),
        }],
        sources: vec![SourceFact {
            seconds: Some(401),
            exam: code("K-0"),
            who: Who::Reader("R2".into()),
            state: "read 1, sealed 2026-01-02T03:04:05Z".into(),
            labels_sha256: "cd".repeat(32),
        }],
        scores: Vec::new(),
        forms: Vec::new(),
    }
}

fn file<'f>(files: &'f [ReportFile], name: &str) -> &'f str {
    &files.iter().find(|f| f.name == name).unwrap_or_else(|| panic!("{name} is missing")).text
}

/// Every opened element of an HTML or SVG text is closed again, in order.
fn well_formed(name: &str, text: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let end = rest.find('>').unwrap_or_else(|| panic!("{name}: a tag without end"));
        let tag = &rest[..end];
        let word = tag.trim_start_matches('/').split([' ', '\n', '/']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(word), "{name}");
        } else if !tag.ends_with('/') && !tag.starts_with('!') && word != "meta" {
            open.push(word);
        }
        rest = &rest[end..];
    }
    assert!(open.is_empty(), "{name}: {open:?} stay open");
}

#[test]
fn the_page_holds_every_table_and_figure_and_needs_no_other_file() {
    let files = write_report(&units(&rules(), 4), &facts(), &rules());
    let page = file(&files, "report.html");
    well_formed("report.html", page);
    for outside in ["http://", "https://", "src=", "@import", "url(", "<script", "<link"] {
        let found = page.replace("http://www.w3.org/2000/svg", "").contains(outside);
        assert!(!found, "the page names something outside: {outside}");
    }
    assert!(page.contains("Knees &lt;of&gt; children &amp; others") && !page.contains("<of>"));
    for part in [
        "Flow of exams",
        "against the consensus of the independent readers, per level",
        "Leave-one-reader-out",
        "Dice of every two readers and models",
        "Aouad et al.",
        "corrected for chance",
        "Bland–Altman",
        "limits of agreement",
        "Intraclass correlation",
        "Sensitivity analysis: assisted reads against the consensus, apart by voxel",
        "This selects by outcome",
        "Confusion of levels",
        "amount of level-3 signal",
        "as STAPLE estimates them",
        "Readers against themselves",
        "Lesions of the consensus",
        "HD95",
        "3 of 6 slices done and not sealed",
        "no finished independent read",
        "seed 7",
        concat!("osteon ", env!("CARGO_PKG_VERSION")),
        "rule = &quot;air_black&quot;",
        "model marrow-R1/3",
        "R1 (assisted)",
    ] {
        assert!(page.contains(part), "{part} is missing");
    }
    for sum in ["ab".repeat(32), "cd".repeat(32)] {
        assert!(page.contains(&sum));
    }
    let number = |word: &str| page.matches(&format!("<b>{word} ")).count();
    assert!(number("Table") >= 12 && number("Figure") >= 5, "{} tables, {} figures", number("Table"), number("Figure"));
    let drawings: Vec<&ReportFile> = files.iter().filter(|f| f.name.ends_with(".svg")).collect();
    assert_eq!(drawings.len(), number("Figure"));
    for drawing in drawings {
        well_formed(&drawing.name, &drawing.text);
        assert!(!drawing.text.contains("NaN") && !drawing.text.contains("inf"), "{}", drawing.name);
    }
    assert!(!page.contains("NaN"));
    let names: BTreeSet<&str> = files.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names.len(), files.len(), "two files have one name");
}

#[test]
fn the_same_reads_give_the_same_bytes_in_any_order() {
    let (rules, facts) = (rules(), facts());
    let first = write_report(&units(&rules, 3), &facts, &rules);
    let mut again = units(&rules, 3);
    again.reverse();
    assert_eq!(first, write_report(&again, &facts, &rules));
    let other = ReportRules { seed: 8, ..rules };
    assert_ne!(first, write_report(&units(&other, 3), &facts, &other), "the seed is in it");
    // A time is in it only where one is handed in.
    let made = ReportFacts { made: Some("2026-11-21".into()), ..facts };
    assert!(file(&write_report(&again, &made, &rules), "report.html").contains("Made 2026-11-21."));
    assert!(!file(&first, "report.html").contains("Made "));
}

#[test]
fn table_1_says_what_osteon_agreement_says_of_the_same_masks() {
    let folder = tempfile::tempdir().unwrap();
    let (mut units, rules) = (Vec::new(), rules());
    let mut dice: Vec<Vec<f64>> = Vec::new();
    for number in 0..3 {
        let exam = exam(number, Side::Unknown);
        let readers: Vec<&ReadMap> = exam.maps.iter().filter(|m| matches!(m.who, Who::Reader(_))).collect();
        let files: Vec<_> = readers.iter().map(|m| folder.path().join(format!("{}.nii.gz", m.who))).collect();
        for (map, file) in readers.iter().zip(&files) {
            osteon::io::write_labels_nifti(file, &map.labels, "test").unwrap();
        }
        let json = folder.path().join("case.json");
        agreement::run(&agreement::AgreementArgs { reads: files, json: json.clone(), only: Vec::new(), joint_start: "votes".into() })
            .unwrap();
        let said: serde_json::Value = serde_json::from_slice(&std::fs::read(&json).unwrap()).unwrap();
        units.extend(measure(&exam, &rules, &|| false).unwrap());
        for (at, level) in ["1", "2", "3", "2+3"].into_iter().enumerate() {
            let pair = &said["pairs"]["R2|staple_binary"][level];
            let ours = &units.last().unwrap().of(&Who::Reader("R2".into())).unwrap().levels[at];
            let same = |name: &str, value: Option<f64>| match (pair[name].as_f64(), value) {
                (Some(a), Some(b)) => assert!((a - b).abs() < 1e-12, "{level} {name}: {a} {b}"),
                (a, b) => assert!(a.is_none() && b.is_none(), "{level} {name}: {a:?} {b:?}"),
            };
            same("dice", ours.overlap.dice());
            same("mcc", ours.overlap.mcc());
            same("volume_a_ml", Some(ours.overlap.volume_a_ml()));
            same("volume_b_ml", Some(ours.overlap.volume_b_ml()));
            same("hd95_pooled", ours.distances.hd95_pooled);
            same("hd95_max_directed", ours.distances.hd95_max_directed);
            same("assd_pooled", ours.distances.assd_pooled);
            same("surface_dice_1mm_count", ours.distances.surface_dice_1mm);
            let staple = &said["staple_binary"][level];
            assert!(staple["sensitivity"][0].as_f64().zip(ours.staple).is_none_or(|(p, (q, _))| (p - q).abs() < 1e-12));
            dice.resize(4, Vec::new());
            dice[at].extend(pair["dice"].as_f64());
        }
        let fleiss = said["agreement"]["fleiss"].as_f64().unwrap();
        assert!((units.last().unwrap().among.fleiss.unwrap() - fleiss).abs() < 1e-12);
    }
    for (line, mut values) in dice_lines(&units, &rules).into_iter().filter(|l| l.who == Who::Reader("R2".into())).zip(dice) {
        values.sort_by(f64::total_cmp);
        let summary = line.plain.summary.unwrap();
        assert_eq!((line.plain.n, line.plain.n + line.plain.undefined), (values.len(), 3), "level {}", line.level);
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        assert!((summary.mean - mean).abs() < 1e-12 && summary.min == values[0] && summary.max == values[values.len() - 1]);
        assert!(line.plain.interval.is_none(), "two patients are too few to resample");
    }
}

#[test]
fn only_independent_reads_vote() {
    let all = exam(1, Side::Unknown);
    let some = ExamReads { maps: all.maps.iter().filter(|m| matches!(m.who, Who::Reader(_))).cloned().collect(), ..all.clone() };
    let (with, without) = (measure(&all, &rules(), &|| false).unwrap(), measure(&some, &rules(), &|| false).unwrap());
    assert_eq!(with[0].consensus_ml, without[0].consensus_ml);
    assert_eq!(with[0].among, without[0].among);
    for who in &without[0].everybody {
        assert_eq!(with[0].of(who), without[0].of(who));
    }
    let model = with[0].of(&Who::Model("marrow-R1/3".into())).unwrap();
    assert!(model.levels[0].dice_left_out.is_some() && model.levels[0].staple.is_none());
    // A level that nobody used is counted apart, never 0 or 1.
    let blank = measure(&exam(2, Side::Unknown), &rules(), &|| false).unwrap();
    assert!(!blank[0].estimable[2] && blank[0].against.iter().all(|one| one.levels[2].overlap.dice().is_none()));
    let line = dice_lines(&blank, &rules()).into_iter().find(|l| l.level == "3").unwrap();
    assert_eq!((line.plain.n, line.plain.undefined, line.plain.summary), (0, 1, None));
    assert!(measure(&all, &rules(), &|| true).is_err(), "it can be stopped");
}

#[test]
fn sides_are_units_of_their_own() {
    let rules = ReportRules { by_side: true, ..rules() };
    let units = units(&rules, 2);
    let names: Vec<String> = units.iter().map(UnitFigures::name).collect();
    assert_eq!(names, ["K-0 right", "K-0 left", "K-1 right", "K-1 left"]);
    let whole = measure(&exam(0, Side::Both), &ReportRules { by_side: false, ..rules }, &|| false).unwrap();
    let volume = |unit: &UnitFigures| unit.of(&Who::Reader("R2".into())).unwrap().levels[0].overlap.volume_a_ml();
    assert!((volume(&units[0]) + volume(&units[1]) - volume(&whole[0])).abs() < 1e-9);
    let page = write_report(&units, &facts(), &rules);
    assert!(file(&page, "report.html").contains("Figures are per side") && file(&page, "figures_per_exam.csv").contains(",right,"));
}

#[test]
fn intervals_resample_patients() {
    let rules = rules();
    let line = |exams: usize| dice_lines(&units(&rules, exams), &rules).into_iter().find(|l| l.level == "1").unwrap().plain;
    // Six exams are of five patients.
    assert!(line(5).interval.is_none());
    let described = line(6);
    let (interval, summary) = (described.interval.unwrap(), described.summary.unwrap());
    assert!(summary.min <= interval.low && interval.low < interval.high && interval.high <= summary.max);
    assert_eq!(interval.estimate, summary.mean);
    assert_eq!(interval.resamples, rules.resamples);
}

/// Paints a little and marks every slice done.
fn read(driver: &mut Driver, study: &osteon::study::Study, reader: &str, points: &[[f64; 2]], exams: usize) {
    enter(driver, reader);
    for record in &study.exams().unwrap()[..exams] {
        let code = record.exam.clone();
        driver.run(Command::Study(StudyCommand::OpenExam(code.clone())));
        driver.wait("Opening", PATIENCE, |s| s.exam().is_some_and(|e| *e.code() == code)).unwrap();
        driver.run(Command::Tool(ToolCommand::Layer(LayerKind::Marrow)));
        driver.run(Command::Tool(ToolCommand::SizeMm(6.0)));
        stroke(driver, 3, 1, points);
        stroke(driver, 4, 2, &points[..1]);
        driver.run(Command::Edit(EditCommand::AllDone));
        saved(driver);
    }
}

#[test]
fn a_study_is_reported_from_its_finished_reads_alone() {
    let home = tempfile::tempdir().unwrap();
    let root = home.path().join("study");
    let study = ball_study(&root, 3);
    let mut driver = driver(home.path());
    open(&mut driver, &root);
    // R2 and R3 read independently, R1 is helped; the third exam has one read only.
    enter(&mut driver, "R1");
    driver.run_to_end("Beginning", PATIENCE, Command::Model(ModelCommand::BeginShipped)).unwrap();
    driver.run_to_end("Proposing", PATIENCE, Command::Model(ModelCommand::ProposeExam)).unwrap();
    driver.run(Command::Edit(EditCommand::Adopt(AdoptWhat::All)));
    let adopted = driver.session().exam().unwrap().code().to_string();
    read(&mut driver, &study, "R1", &[[18.0, 20.0], [24.0, 22.0]], 2);
    read(&mut driver, &study, "R2", &[[18.0, 20.0], [25.0, 22.0]], 3);
    read(&mut driver, &study, "R3", &[[19.0, 21.0], [25.0, 22.0]], 2);
    let report = |driver: &mut Driver, choice: ReportChoice| {
        let _ = driver.run_to_end("Reporting", PATIENCE, Command::Study(StudyCommand::Report(Box::new(choice))));
        driver.session().notices().iter().map(|n| n.text.clone()).collect::<Vec<_>>().join("\n")
    };
    let refused = report(&mut driver, ReportChoice::default());
    assert!(refused.contains("only the coordinator"), "{refused}");
    driver.run_to_end("Entering", PATIENCE, Command::Study(StudyCommand::ChooseRole(Role::Coordinator))).unwrap();
    let said = report(&mut driver, ReportChoice::default());
    assert!(said.contains("The report of 2 exams is written") && said.contains("one finished independent read; two are needed"), "{said}");
    let read_file = |folder: &Path, name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let out = root.join("results/report");
    let figures = read_file(&out, "figures_per_exam.csv");
    assert!(figures.contains("R1 (assisted),assisted,1,") && figures.contains("R2,independent,1,"), "{figures}");
    assert_eq!(figures.lines().count(), 1 + 2 * 3 * 4, "two exams, three maps, four levels");
    let cells = figures.lines().next().unwrap().split(',').count();
    assert!(figures.lines().all(|line| line.split(',').count() == cells));
    let by_voxel = read_file(&out, "assisted_by_voxel.csv");
    assert!(by_voxel.lines().skip(1).all(|line| line.starts_with(&format!("{adopted},,R1 (assisted),"))), "{by_voxel}");
    assert_eq!(by_voxel.lines().count(), 1 + 4, "one read took a proposal over, four levels: {by_voxel}");
    let page = read_file(&out, "report.html");
    assert!(page.contains("Sensitivity analysis: assisted reads") && page.contains("This selects by outcome"));
    assert!(!page.contains(home.path().to_str().unwrap()), "a report names no place of this machine");
    // Made again elsewhere: the same bytes.
    let other = home.path().join("again");
    report(&mut driver, ReportChoice { out: Some(other.clone()), ..ReportChoice::default() });
    for name in ["report.html", "table_1.csv", "figures_per_exam.csv", "pairs_per_exam.csv", "exams.csv", "figures/dice.svg"] {
        assert_eq!(read_file(&out, name), read_file(&other, name), "{name}");
    }
    // Of the assisted reads there is one reader only: nothing to report, and it is said why.
    let said = report(&mut driver, ReportChoice { of_assisted: true, ..ReportChoice::default() });
    assert!(said.contains("There is nothing to report yet") && said.contains("assisted"), "{said}");
}
