//! Which patients may train, validate and test. A test exam never reaches training: [`TrainableExams`] cannot hold one.

use super::exam::read_bounded;
use super::read::WriteLock;
use super::{ExamCode, ExamError, ExamRecord, Fractions, Layout, PatientCode, ReadError};
use crate::io::{SaveError, atomic_write};
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use thiserror::Error;

/// Newest `split.json` that this program reads.
const FORMAT: u32 = 1;

/// What a patient's exams are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// The model learns from them.
    Train,
    /// They tell when to stop, and are seen while training.
    Validate,
    /// They are seen once, at the end.
    Test,
}

/// The recorded split of a study, by patient: `split.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Split {
    format: u32,
    /// The seed it was drawn with; none yet before the drawing.
    drawn_with_seed: Option<u64>,
    parts: BTreeMap<PatientCode, Part>,
}

/// Why the split cannot be used.
#[derive(Debug, Error)]
pub enum SplitError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] ExamError),
    /// The content is no split.
    #[error("{} is damaged: {problem}; restore it from a copy", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// It cannot be written.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// Another computer changes it.
    #[error(transparent)]
    Busy(#[from] ReadError),
}

impl Default for Split {
    /// Nobody has a part yet.
    fn default() -> Self {
        Self { format: FORMAT, drawn_with_seed: None, parts: BTreeMap::new() }
    }
}

impl Split {
    /// The recorded split; an empty one where none is recorded yet.
    ///
    /// # Errors
    /// If the file cannot be read, is damaged or from a newer version.
    pub fn load(layout: &Layout) -> Result<Self, SplitError> {
        let path = layout.split();
        if !path.exists() {
            return Ok(Self::default());
        }
        let bytes = read_bounded(&path)?;
        let split: Self = serde_json::from_slice(&bytes).map_err(|e| SplitError::Damaged { path: path.clone(), problem: e.to_string() })?;
        match split.format {
            FORMAT => Ok(split),
            format => Err(ExamError::Newer { path, format }.into()),
        }
    }

    /// Records the split.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&self, layout: &Layout) -> Result<(), SplitError> {
        let path = layout.split();
        let damaged = |e: serde_json::Error| SplitError::Damaged { path: path.clone(), problem: e.to_string() };
        let mut text = serde_json::to_vec_pretty(self).map_err(damaged)?;
        text.push(b'\n');
        Ok(atomic_write(&path, |out| out.write_all(&text))?)
    }

    /// Changes the recorded split, which nobody else does meanwhile: what another program recorded since this one last looked
    /// stays. Returns it as it is then.
    ///
    /// # Errors
    /// As [`Split::load`] and [`Split::save`], or if another computer changes it.
    pub fn change(layout: &Layout, change: impl FnOnce(&mut Self)) -> Result<Self, SplitError> {
        let _alone = WriteLock::wait(&layout.split())?;
        let recorded = Self::load(layout)?;
        let mut split = recorded.clone();
        change(&mut split);
        if split != recorded {
            split.save(layout)?;
        }
        Ok(split)
    }

    /// Whether it has been drawn.
    #[must_use]
    pub const fn is_drawn(&self) -> bool {
        self.drawn_with_seed.is_some()
    }

    /// Every patient that has a part.
    #[must_use]
    pub const fn parts(&self) -> &BTreeMap<PatientCode, Part> {
        &self.parts
    }

    /// A patient's part.
    #[must_use]
    pub fn part(&self, patient: &PatientCode) -> Option<Part> {
        self.parts.get(patient).copied()
    }

    /// Gives a patient a part by hand, where they have none yet; a part once given never changes. Returns the part they have.
    pub fn assign(&mut self, patient: PatientCode, part: Part) -> Part {
        *self.parts.entry(patient).or_insert(part)
    }

    /// Draws the parts of all patients that have none yet, so that the shares come as near to `fractions` as whole patients
    /// allow, in all and among the patients of each scanner (`patients` says whose is which). The same patients, seed and earlier
    /// parts give the same split. Once drawn, patients who come later join training.
    pub fn draw(&mut self, patients: &BTreeMap<PatientCode, String>, fractions: Fractions, seed: u64) {
        let mut waiting: Vec<&PatientCode> = patients.keys().filter(|p| !self.parts.contains_key(*p)).collect();
        if self.is_drawn() {
            self.parts.extend(waiting.into_iter().map(|p| (p.clone(), Part::Train)));
            return;
        }
        waiting.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let total = waiting.len() + self.parts.len();
        let [_, validate, test] = fractions.shares();
        let wanted = |share: f64, part: Part| {
            let present = self.parts.values().filter(|p| **p == part).count();
            ((share * total as f64).round() as usize).saturating_sub(present)
        };
        let (tests, validates) = (wanted(test, Part::Test), wanted(validate, Part::Validate));
        // However few patients there are, one stays to train on.
        let free = if self.parts.values().any(|p| *p == Part::Train) { waiting.len() } else { waiting.len().saturating_sub(1) };
        let tests = tests.min(free);
        let validates = validates.min(free - tests);
        let mut strata: BTreeMap<&str, Vec<&PatientCode>> = BTreeMap::new();
        waiting.into_iter().for_each(|patient| strata.entry(patients[patient].as_str()).or_default().push(patient));
        for (part, wanted) in [(Part::Test, tests), (Part::Validate, validates)] {
            let sizes: Vec<usize> = strata.values().map(Vec::len).collect();
            for (stratum, count) in strata.values_mut().zip(apportioned(&sizes, wanted)) {
                self.parts.extend(stratum.drain(..count).map(|patient| (patient.clone(), part)));
            }
        }
        self.parts.extend(strata.into_values().flatten().map(|patient| (patient.clone(), Part::Train)));
        self.drawn_with_seed = Some(seed);
    }

    /// The exams that a model may be trained and stopped on.
    #[must_use]
    pub fn trainable<'e>(&self, exams: impl IntoIterator<Item = &'e ExamRecord>) -> TrainableExams {
        let mut trainable = TrainableExams { train: Vec::new(), validate: Vec::new() };
        for exam in exams {
            match self.part(&exam.patient) {
                Some(Part::Train) => trainable.train.push(exam.exam.clone()),
                Some(Part::Validate) => trainable.validate.push(exam.exam.clone()),
                // Whoever has no part might still be drawn into the test part.
                Some(Part::Test) | None => {}
            }
        }
        trainable
    }
}

/// How many of `wanted` fall to each of groups of these sizes: the whole of its share, and one more where most is left of it
/// (largest remainder, Hamilton). At most as many as there are are wanted.
fn apportioned(sizes: &[usize], wanted: usize) -> Vec<usize> {
    let all = sizes.iter().sum::<usize>().max(1);
    let mut counts: Vec<usize> = sizes.iter().map(|size| size * wanted / all).collect();
    let mut by_rest: Vec<usize> = (0..sizes.len()).collect();
    by_rest.sort_by_key(|&at| std::cmp::Reverse(sizes[at] * wanted % all));
    let left = wanted.min(all) - counts.iter().sum::<usize>();
    by_rest.into_iter().take(left).for_each(|at| counts[at] += 1);
    counts
}

/// Exams of the training and validation parts. Only [`Split::trainable`] makes one, so it never holds a test exam.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrainableExams {
    train: Vec<ExamCode>,
    validate: Vec<ExamCode>,
}

impl TrainableExams {
    /// Exams to learn from.
    #[must_use]
    pub fn train(&self) -> &[ExamCode] {
        &self.train
    }

    /// Exams that tell when to stop.
    #[must_use]
    pub fn validate(&self) -> &[ExamCode] {
        &self.validate
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::{SequenceName, Side};
    use proptest::prelude::*;

    fn patients(numbers: std::ops::Range<usize>) -> BTreeMap<PatientCode, String> {
        numbers.map(|n| (PatientCode::new(&format!("P-{n:04}")).unwrap(), String::new())).collect()
    }

    #[test]
    fn every_scanner_has_its_share_of_each_part() {
        let scanner = |n: usize| ["GE 1.5 T", "Siemens 3 T", "Siemens 3 T", "Siemens 3 T"][n % 4].to_owned();
        let patients: BTreeMap<_, _> = patients(0..40).into_keys().enumerate().map(|(n, patient)| (patient, scanner(n))).collect();
        for seed in 0..20 {
            let mut split = Split::default();
            split.draw(&patients, Fractions::new(0.7, 0.1, 0.2).unwrap(), seed);
            let count = |part, scanner: &str| split.parts().iter().filter(|(p, is)| **is == part && patients[*p] == scanner).count();
            let counts = [Part::Train, Part::Validate, Part::Test].map(|part| [count(part, "GE 1.5 T"), count(part, "Siemens 3 T")]);
            assert_eq!(counts, [[7, 21], [1, 3], [2, 6]], "seed {seed}");
        }
    }

    #[test]
    fn what_is_apportioned_is_all_that_is_wanted_and_no_more_than_there_is() {
        assert_eq!(apportioned(&[3, 3, 4], 5), [2, 1, 2]);
        assert_eq!(apportioned(&[1, 1, 1], 2), [1, 1, 0]);
        assert_eq!((apportioned(&[], 0), apportioned(&[0, 2], 2)), (vec![], vec![0, 2]));
    }

    #[test]
    fn shares_are_kept_and_the_seed_decides() {
        let draw = |seed| {
            let mut split = Split::default();
            split.draw(&patients(0..50), Fractions::new(0.6, 0.2, 0.2).unwrap(), seed);
            split
        };
        let count = |split: &Split, part| split.parts().values().filter(|p| **p == part).count();
        assert_eq!([Part::Train, Part::Validate, Part::Test].map(|p| count(&draw(1), p)), [30, 10, 10]);
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1).parts(), draw(2).parts());
    }

    #[test]
    fn later_patients_join_training_and_parts_never_change() {
        let mut split = Split::default();
        split.draw(&patients(0..10), Fractions::new(0.5, 0.0, 0.5).unwrap(), 3);
        let before = split.parts().clone();
        split.draw(&patients(0..20), Fractions::new(0.5, 0.0, 0.5).unwrap(), 4);
        assert!(before.iter().all(|(p, part)| split.part(p) == Some(*part)));
        assert!(patients(10..20).keys().all(|p| split.part(p) == Some(Part::Train)));
        let test = before.iter().find(|(_, part)| **part == Part::Test).unwrap().0.clone();
        assert_eq!(split.assign(test, Part::Train), Part::Test);
    }

    proptest! {
        #[test]
        fn a_test_exam_is_never_trainable(count in 1_usize..60, seed: u64, test in 0.0..0.99_f64, exams in prop::collection::vec(0_usize..80, 0..100)) {
            let mut split = Split::default();
            split.draw(&patients(0..count), Fractions::new(1.0 - test, 0.0, test).unwrap(), seed);
            prop_assert!(split.parts().values().any(|p| *p == Part::Train));
            let name = SequenceName::new("water").unwrap();
            let records: Vec<ExamRecord> = exams.iter().enumerate().map(|(n, patient)| ExamRecord::new(
                ExamCode::new(&format!("K-{n}")).unwrap(), PatientCode::new(&format!("P-{patient:04}")).unwrap(), Side::Unknown, name.clone(), vec![],
            )).collect();
            let trainable = split.trainable(&records);
            for record in &records {
                let part = split.part(&record.patient);
                prop_assert_eq!(trainable.train().contains(&record.exam), part == Some(Part::Train));
                prop_assert_eq!(trainable.validate().contains(&record.exam), part == Some(Part::Validate));
            }
        }
    }
}
