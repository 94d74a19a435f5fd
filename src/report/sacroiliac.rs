//! The sacro-iliac form over all readers: patients by opinion and by rule, majority, and Matthews correlations (Aouad et al., ICIP 2022).

use super::number::fixed;
use super::table::{Cell, Table};
use crate::agreement::ConfusionMatrix;
use crate::study::{ExamCode, FORM_SLICES, FormRead, JOINTS, POSITIVE_HALF_SLICES, QUADRANTS, ReaderCode, form_majority};
use std::collections::{BTreeMap, BTreeSet};

/// What is compared: a name, and every yes or no of a form with the place that it is about.
type Unit = (&'static str, fn(&FormRead) -> Vec<(Place, bool)>);
/// Exam, slice, joint, quadrant; 0 where it does not apply.
type Place = (ExamCode, usize, usize, usize);

const UNITS: [Unit; 4] = [
    ("Patient, by opinion", |read| read.form.opinion().map(|o| (patient(read), o)).into_iter().collect()),
    ("Patient, by the rule", |read| vec![(patient(read), read.form.positive_by_rule())]),
    ("Half-slice", half_slices),
    ("Quadrant", quadrants),
];

fn patient(read: &FormRead) -> Place {
    (read.exam.clone(), 0, 0, 0)
}

fn half_slices(read: &FormRead) -> Vec<(Place, bool)> {
    let Some(first) = read.form.first() else { return Vec::new() };
    let all = (0..FORM_SLICES).flat_map(|place| (0..JOINTS.len()).map(move |joint| (place, joint)));
    all.map(|(place, joint)| ((read.exam.clone(), first + place, joint, 0), read.form.half_slice(place, joint))).collect()
}

fn quadrants(read: &FormRead) -> Vec<(Place, bool)> {
    let Some(first) = read.form.first() else { return Vec::new() };
    let all = (0..FORM_SLICES).flat_map(|place| (0..JOINTS.len()).flat_map(move |j| (0..QUADRANTS.len()).map(move |q| (place, j, q))));
    all.map(|(place, j, q)| ((read.exam.clone(), first + place, j, q), read.form.mark(place, j, q))).collect()
}

/// Matthews correlation of two lists of yes and no over the places that both have; and how many those are.
fn correlation(a: &BTreeMap<Place, bool>, b: &BTreeMap<Place, bool>) -> (Option<f64>, usize) {
    let pairs: Vec<(usize, usize)> = a.iter().filter_map(|(place, yes)| Some((usize::from(*yes), usize::from(*b.get(place)?)))).collect();
    (ConfusionMatrix::from_pairs(2, pairs.iter().copied()).mcc(), pairs.len())
}

fn readers(forms: &[FormRead]) -> BTreeSet<&ReaderCode> {
    forms.iter().map(|read| &read.reader).collect()
}

fn votes(forms: &[FormRead], unit: &Unit, whose: impl Fn(&ReaderCode) -> bool) -> BTreeMap<Place, Vec<bool>> {
    let mut votes: BTreeMap<Place, Vec<bool>> = BTreeMap::new();
    for (place, yes) in forms.iter().filter(|read| whose(&read.reader)).flat_map(|read| (unit.1)(read)) {
        votes.entry(place).or_default().push(yes);
    }
    votes
}

/// What most readers say, where at least two have said something and it is no tie.
fn consensus(forms: &[FormRead], unit: &Unit) -> BTreeMap<Place, bool> {
    let votes = votes(forms, unit, |_| true);
    votes.into_iter().filter(|(_, v)| v.len() > 1).filter_map(|(place, v)| Some((place, form_majority(v)?))).collect()
}

/// Exam by exam: each reader's opinion and rule, and the majorities.
pub(super) fn patients_table(forms: &[FormRead]) -> Table {
    let all = readers(forms);
    let mut table =
        Table::new("Sacro-iliac form: inflammation of the patient by each reader's opinion and by the rule, and the majority.").dense();
    let mut head = vec![Cell::text("Exam")];
    head.extend(all.iter().map(|reader| Cell::text(reader.to_string())));
    head.extend(["Majority of opinions", "Majority by the rule"].map(Cell::text));
    table.head(head);
    let agreed = [0, 1].map(|at| consensus(forms, &UNITS[at]));
    let exams: BTreeSet<&ExamCode> = forms.iter().map(|read| &read.exam).collect();
    for exam in exams {
        let mut cells = vec![Cell::text(exam.to_string())];
        for reader in &all {
            let read = forms.iter().find(|read| read.exam == *exam && read.reader == **reader);
            cells.push(Cell::text(read.map_or_else(
                || "–".to_owned(),
                |read| {
                    let opinion = read.form.opinion().map_or("–", sign);
                    format!("{opinion} / {} ({})", sign(read.form.positive_by_rule()), read.form.positive_half_slices())
                },
            )));
        }
        for majority in &agreed {
            cells.push(Cell::text(majority.get(&(exam.clone(), 0, 0, 0)).map_or("undecided", |yes| sign(*yes))));
        }
        table.row(cells);
    }
    table.note(format!(
        "Opinion / rule (positive half-slices): a half-slice is one joint on one slice, positive with any inflamed quadrant; by the rule a \
         patient is positive with at least {POSITIVE_HALF_SLICES} of the 12. Six consecutive slices, chosen by each reader."
    ));
    table.note("Majority of the independent reads; at least two must have graded, and a tie is undecided, never yes or no.");
    table
}

const fn sign(yes: bool) -> &'static str {
    if yes { "+" } else { "−" }
}

/// Reader by reader and against the majority: Matthews correlation above the diagonal, places compared below.
pub(super) fn correlation_table(forms: &[FormRead]) -> Table {
    let all: Vec<&ReaderCode> = readers(forms).into_iter().collect();
    let mut table = Table::new(
        "Sacro-iliac form: Matthews correlation of readers and majority above the diagonal, number of places that both graded below it.",
    );
    let mut head = vec![Cell::text("")];
    head.extend(all.iter().map(|reader| Cell::number(reader.to_string())));
    head.push(Cell::number("Majority"));
    table.head(head);
    for unit in &UNITS {
        table.group(unit.0);
        let of = |whose: &ReaderCode| -> BTreeMap<Place, bool> {
            votes(forms, unit, |reader| reader == whose).into_iter().filter_map(|(place, v)| Some((place, *v.first()?))).collect()
        };
        let mut maps: Vec<(String, BTreeMap<Place, bool>)> = all.iter().map(|reader| (reader.to_string(), of(reader))).collect();
        maps.push(("Majority".to_owned(), consensus(forms, unit)));
        for (row, (name, a)) in maps.iter().enumerate() {
            let mut cells = vec![Cell::text(name.clone())];
            for (column, (_, b)) in maps.iter().enumerate() {
                let (mcc, n) = correlation(a, b);
                cells.push(match column.cmp(&row) {
                    std::cmp::Ordering::Equal => Cell::number(""),
                    std::cmp::Ordering::Greater => Cell::shaded(mcc.map_or_else(|| "–".to_owned(), |m| fixed(m, 2)), mcc),
                    std::cmp::Ordering::Less => Cell::number(n.to_string()),
                });
            }
            table.row(cells);
        }
    }
    table.note(
        "Half-slices and quadrants are compared on slices that both readers chose. –: undefined, one of the two says the same everywhere.",
    );
    table.note("A reader's figure against the majority contains the reader's own vote; undecided places are left out of it.");
    table
}

/// Every form, slice by slice.
pub(super) fn forms_csv(forms: &[FormRead]) -> String {
    std::iter::once(format!("{}\n", FormRead::CSV_HEAD)).chain(forms.iter().map(FormRead::to_csv)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::SacroiliacForm;

    fn read(exam: &str, reader: &str, first: usize, marks: &[(usize, usize, usize)], opinion: bool) -> FormRead {
        let mut form = SacroiliacForm::default().starting_at(first, 30).unwrap().with_opinion(Some(opinion));
        for (place, joint, quadrant) in marks {
            form = form.toggled(*place, *joint, *quadrant);
        }
        FormRead { exam: ExamCode::new(exam).unwrap(), reader: ReaderCode::new(reader).unwrap(), read: 1, assisted: false, form }
    }

    #[test]
    fn majorities_and_correlations_are_those_counted_by_hand() {
        let forms = [
            read("K-1", "R1", 5, &[(0, 0, 0), (1, 0, 0)], true),
            read("K-1", "R2", 5, &[(0, 0, 0), (1, 0, 0)], true),
            read("K-1", "R3", 6, &[(0, 0, 0)], false),
            read("K-2", "R1", 5, &[], false),
            read("K-2", "R2", 5, &[(3, 1, 2)], true),
        ];
        let opinion = consensus(&forms, &UNITS[0]);
        let at = |exam: &str| (ExamCode::new(exam).unwrap(), 0, 0, 0);
        assert_eq!((opinion.get(&at("K-1")), opinion.get(&at("K-2"))), (Some(&true), None), "one against one is a tie");
        let rule = consensus(&forms, &UNITS[1]);
        assert_eq!((rule.get(&at("K-1")), rule.get(&at("K-2"))), (Some(&true), Some(&false)), "one half-slice is not two");
        // R1 and R2 over 24 half-slices: both + on 2, R2 alone on 1, both − on 21.
        let of = |who: &str| -> BTreeMap<Place, bool> { forms.iter().filter(|r| r.reader.as_str() == who).flat_map(half_slices).collect() };
        let (mcc, n) = correlation(&of("R1"), &of("R2"));
        let expected = (2.0 * 21.0) / ((2.0_f64) * 3.0 * 21.0 * 22.0).sqrt();
        assert_eq!(n, 24);
        assert!((mcc.unwrap() - expected).abs() < 1e-12, "{mcc:?} {expected}");
        // R3 chose a slice later: five slices in common, ten half-slices.
        assert_eq!(correlation(&of("R1"), &of("R3")).1, 10);
        let (patients, matrix) = (patients_table(&forms).to_html(1), correlation_table(&forms).to_html(2));
        assert!(patients.contains("undecided") && patients.contains("+ / + (2)") && patients.contains("− / − (0)"), "{patients}");
        assert!(matrix.contains("Half-slice") && matrix.contains(">24<"), "{matrix}");
        assert_eq!(forms_csv(&forms).lines().count(), 1 + 5 * 12);
    }
}
