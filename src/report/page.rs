//! The report as a whole: which table and figure stands where.

use super::boxes::box_plot;
use super::chance::{chance_table, icc_table};
use super::confusion::confusion_table;
use super::csv::{dice_csv, exams_csv, figures_csv, pairs_csv};
use super::dice_table::{dice_lines, dice_table};
use super::distance_table::{distance_table, lesion_table};
use super::exams::{exam_table, exclusion_table, warnings};
use super::figures::{UnitFigures, everybody};
use super::flow::flow_plot;
use super::html::Page;
use super::limits::{limits_plots, limits_table};
use super::matrix::{dice_matrices, mcc_matrix};
use super::method::{again, model_table, rules as rules_of, software, source_table};
use super::origin::{origin_csv, origin_table};
use super::paired::paired_table;
use super::readers::{again_table, staple_table};
use super::sacroiliac::{correlation_table, forms_csv, patients_table};
use super::scatter::{amount_caption, amount_plot};
use super::scores::score_table;
use super::time::{reads_csv, time_table};
use super::{ReportFacts, ReportRules, Who};

/// A file of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportFile {
    /// Its name, with folders between `/`.
    pub name: String,
    /// What it holds.
    pub text: String,
}

/// Makes every file of the report: `report.html`, which needs no other file, the CSV files and the figures as SVG.
/// Units are put in the order of their exams. The same arguments give the same bytes.
#[must_use]
pub fn write_report(units: &[UnitFigures], facts: &ReportFacts, rules: &ReportRules) -> Vec<ReportFile> {
    let mut units = units.to_vec();
    units.sort_by_key(UnitFigures::name);
    let mut page = Page::default();
    summary(&mut page, &units, facts, rules);
    if !units.is_empty() {
        against_consensus(&mut page, &units, rules);
        among_readers(&mut page, &units, rules);
        volumes(&mut page, &units, rules);
        levels(&mut page, &units, rules);
    }
    if !facts.scores.is_empty() {
        page.heading("Masks scored by eye");
        facts.scores.iter().for_each(|scores| page.table(&score_table(scores)));
    }
    if !facts.forms.is_empty() {
        page.heading("Sacro-iliac form");
        page.table(&patients_table(&facts.forms));
        page.table(&correlation_table(&facts.forms));
    }
    exams(&mut page, &units, facts, rules);
    closing(&mut page, facts, rules);
    let mut subtitle = vec![format!("Agreement of readers, consensus and models. {}.", software())];
    subtitle.extend(facts.made.iter().map(|made| format!("Made {made}.")));
    let (html, figures) = page.finish(facts.protocol.name(), &subtitle);
    let file = |name: &str, text: String| ReportFile { name: name.to_owned(), text };
    let mut files = vec![
        file("report.html", html),
        file("table_1.csv", dice_csv(&dice_lines(&units, rules))),
        file("figures_per_exam.csv", figures_csv(&units)),
        file("pairs_per_exam.csv", pairs_csv(&units)),
        file("exams.csv", exams_csv(&units)),
        file("reads.csv", reads_csv(&facts.sources)),
    ];
    if !facts.forms.is_empty() {
        files.push(file("sacroiliac.csv", forms_csv(&facts.forms)));
    }
    files.extend(origin_csv(&units).map(|text| file("assisted_by_voxel.csv", text)));
    files.extend(figures.into_iter().map(|(name, svg)| file(&format!("figures/{name}"), svg)));
    files
}

fn summary(page: &mut Page, units: &[UnitFigures], facts: &ReportFacts, rules: &ReportRules) {
    page.heading("Exams and reads");
    if units.is_empty() {
        page.paragraph(
            "No exam has figures yet: two independent readers must have finished the same exam (sealed, or every slice marked done).",
        );
    }
    let caption = format!(
        "Flow of exams. Unit of all figures: {}. The exams with figures and everything that was left out are listed at the end.",
        rules.unit()
    );
    page.figure("flow", &caption, flow_plot(units, facts));
    let concerns = warnings(units);
    if !concerns.is_empty() {
        page.paragraph("Before trusting the figures, look at these:");
        page.list(&concerns);
    }
}

fn against_consensus(page: &mut Page, units: &[UnitFigures], rules: &ReportRules) {
    let all = everybody(units);
    let key = Who::key(&all);
    let boxes = format!(
        "Box: quartiles (type 7), heavy line: median, whiskers: range, a mark per {}; fewer than five are shown without a box.",
        rules.unit()
    );
    page.heading("Dice against the consensus");
    page.table(&dice_table(units, rules));
    page.figure(
        "dice",
        &format!("Dice against the consensus of all independent readers, per level. {boxes}{key}"),
        box_plot(units, "Dice against the consensus per level", |level| level.overlap.dice()),
    );
    if units.iter().any(|unit| unit.against.iter().any(|one| one.levels.iter().any(|level| level.dice_left_out.is_some()))) {
        page.figure(
            "dice_left_out",
            &format!("The same leave-one-reader-out: nobody is compared with a consensus that contains their own read. {boxes}{key}"),
            box_plot(units, "Dice leave-one-reader-out per level", |level| level.dice_left_out),
        );
    }
    for table in [paired_table(units, rules), origin_table(units, rules)].into_iter().flatten() {
        page.table(&table);
    }
}

fn among_readers(page: &mut Page, units: &[UnitFigures], rules: &ReportRules) {
    page.heading("Readers among each other");
    page.table(&dice_matrices(units, rules));
    page.table(&mcc_matrix(units, rules));
    page.table(&chance_table(units, rules));
    for table in [staple_table(units, rules), again_table(units, rules)].into_iter().flatten() {
        page.table(&table);
    }
}

fn volumes(page: &mut Page, units: &[UnitFigures], rules: &ReportRules) {
    page.heading("Volumes");
    let key = Who::key(&everybody(units));
    let plots = limits_plots(units);
    let many = plots.len() > 1;
    for (n, plot) in plots.into_iter().enumerate() {
        let part = if many { format!(" (part {})", n + 1) } else { String::new() };
        let caption = format!(
            "Bland–Altman plots of volumes per level{part}: map minus consensus against their mean, a row per map. Solid line: bias; \
             dashed: 95 % limits of agreement; grey: zero.{key}"
        );
        let word = if many { format!("volumes_{}", n + 1) } else { "volumes".to_owned() };
        page.figure(&word, &caption, plot);
    }
    page.table(&limits_table(units, rules));
    if let Some(table) = icc_table(units, rules) {
        page.table(&table);
    }
}

fn levels(page: &mut Page, units: &[UnitFigures], rules: &ReportRules) {
    page.heading("Levels, lesions, distances");
    page.table(&confusion_table(units, rules));
    page.figure("amount", &amount_caption(units, rules), amount_plot(units));
    page.table(&lesion_table(units, rules));
    page.table(&distance_table(units, rules));
}

fn exams(page: &mut Page, units: &[UnitFigures], facts: &ReportFacts, rules: &ReportRules) {
    page.heading("Exam by exam");
    if !units.is_empty() {
        page.table(&exam_table(units, rules));
    }
    for table in [time_table(facts), exclusion_table(facts)].into_iter().flatten() {
        page.table(&table);
    }
}

fn closing(page: &mut Page, facts: &ReportFacts, rules: &ReportRules) {
    page.heading("Rules");
    page.list(&rules_of(rules));
    page.heading("To make this report again");
    page.list(&again(facts, rules));
    if let Some(table) = model_table(facts) {
        page.table(&table);
    }
    if !facts.sources.is_empty() {
        page.table(&source_table(facts));
    }
    page.paragraph("The protocol of the study (study.toml):");
    page.verbatim(&facts.protocol.to_toml());
}
