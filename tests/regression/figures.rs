//! Figures of the report that once said what the reads do not.

use osteon::report::{ExamReads, ReadMap, ReportFacts, ReportFile, ReportRules, Who, measure, write_report};
use osteon::space::{Affine, Spacing};
use osteon::study::{ExamCode, PatientCode, Protocol, Side};
use osteon::volume::{Grid, Labels};
use std::sync::Arc;

/// An exam of which both readers painted level 1 and each so many voxels of level 3.
fn exam(number: usize, level_3: [usize; 2]) -> ExamReads {
    let grid = Arc::new(Grid::new([40, 4, 2], Affine::from_spacing(Spacing::UNIT)).unwrap());
    let read = |at: usize| {
        let mut labels = Labels::empty(Arc::clone(&grid));
        (0..10 + number + at).for_each(|i| labels.set([i, 0, 0], 1));
        (0..level_3[at]).for_each(|i| labels.set([i, 2, 1], 3));
        ReadMap { who: Who::Reader(format!("R{}", at + 1)), labels, from_model: None }
    };
    ExamReads {
        exam: ExamCode::new(&format!("K-{number}")).unwrap(),
        patient: PatientCode::new(&format!("P-{number}")).unwrap(),
        part: None,
        side: Side::Unknown,
        slices: 2,
        maps: vec![read(0), read(1)],
        again: Vec::new(),
    }
}

fn report(exams: &[ExamReads]) -> Vec<ReportFile> {
    let rules = ReportRules { resamples: 50, ..ReportRules::new(7) };
    let facts = ReportFacts {
        protocol: Protocol::sample(),
        made: None,
        exams_in_study: exams.len(),
        excluded: Vec::new(),
        left_out: Vec::new(),
        models: Vec::new(),
        sources: Vec::new(),
        scores: Vec::new(),
        forms: Vec::new(),
    };
    let units: Vec<_> = exams.iter().flat_map(|exam| measure(exam, &rules, &|| false).unwrap()).collect();
    write_report(&units, &facts, &rules)
}

fn file<'f>(files: &'f [ReportFile], name: &str) -> &'f str {
    &files.iter().find(|f| f.name == name).unwrap().text
}

/// The cells of a level's row in the table of intraclass correlations.
fn icc(files: &[ReportFile], level: &str) -> Vec<String> {
    let table = file(files, "report.html").split("Intraclass correlation").nth(1).unwrap();
    let cells = |row: &str| row.split("</td>").map(|cell| cell.rsplit('>').next().unwrap().trim().to_owned()).collect::<Vec<_>>();
    table.split("<tr").map(cells).find(|cells| cells[0] == level).unwrap()
}

/// Volumes of 0 by everybody counted as perfect agreement: the more exams had no level 3, the better readers agreed on it.
#[test]
fn exams_without_a_level_are_no_agreement_on_its_volume() {
    let painted = [exam(0, [2, 3]), exam(1, [9, 8]), exam(2, [5, 5])];
    let with_empty: Vec<ExamReads> = painted.iter().cloned().chain((3..9).map(|number| exam(number, [0, 0]))).collect();
    let (some, all) = (icc(&report(&painted), "3"), icc(&report(&with_empty), "3"));
    assert_eq!((some[1].as_str(), all[1].as_str()), ("3", "3 (6)"), "those left out are counted");
    assert_eq!(some[2..], all[2..]);
    assert_eq!(icc(&report(&with_empty), "1")[1], "9");
}

/// `figures_per_exam.csv` gave a consensus of 0 ml where `exams.csv` left the cell empty.
#[test]
fn a_level_that_nobody_used_has_no_volume_in_any_table() {
    let files = report(&[exam(0, [0, 0])]);
    let column = |name: &str, head: &str| -> Vec<String> {
        let mut lines = file(&files, name).lines();
        let at = lines.next().unwrap().split(',').position(|cell| cell == head).unwrap();
        lines.map(|line| line.split(',').nth(at).unwrap().to_owned()).collect()
    };
    let (levels, volumes) = (column("figures_per_exam.csv", "level"), column("figures_per_exam.csv", "consensus_ml"));
    let of = |level: &str| levels.iter().zip(&volumes).filter(|(l, _)| *l == level).map(|(_, ml)| ml.clone()).collect::<Vec<_>>();
    assert_eq!(of("3"), ["", ""]);
    assert_eq!(column("exams.csv", "consensus_3_ml"), [""]);
    assert_eq!(of("1"), vec![column("exams.csv", "consensus_1_ml")[0].clone(); 2]);
}
