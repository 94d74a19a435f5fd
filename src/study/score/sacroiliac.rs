//! The sacro-iliac reading form: inflammation yes or no in four quadrants of each joint on six consecutive slices that the reader
//! chooses, and the reader's opinion of the patient.

use crate::edit::{Row, RowAction};
use crate::study::{ExamCode, ReaderCode, Study, StudyError};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;

/// Slices of a form.
pub const FORM_SLICES: usize = 6;
/// Positive half-slices from which the rule calls a patient positive.
pub const POSITIVE_HALF_SLICES: usize = 2;
/// The joints, the patient's right one first, as it stands on the left of the screen.
pub const JOINTS: [&str; 2] = ["right", "left"];
/// The quadrants of a joint.
pub const QUADRANTS: [&str; 4] = ["upper iliac", "upper sacral", "lower iliac", "lower sacral"];

/// One reader's form of one exam.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SacroiliacForm {
    first: Option<usize>,
    marks: [[[bool; 4]; 2]; FORM_SLICES],
    opinion: Option<bool>,
}

impl SacroiliacForm {
    /// What the journal calls such rows.
    pub const TOPIC: &str = "sacroiliac";

    /// First of the six slices, from 0; `None` before the reader has chosen.
    #[must_use]
    pub const fn first(&self) -> Option<usize> {
        self.first
    }

    /// Whether the reader thinks that the patient has inflammation.
    #[must_use]
    pub const fn opinion(&self) -> Option<bool> {
        self.opinion
    }

    /// The place of a slice among the six.
    #[must_use]
    pub fn place(&self, slice: usize) -> Option<usize> {
        slice.checked_sub(self.first?).filter(|place| *place < FORM_SLICES)
    }

    /// Whether a quadrant is inflamed on the slice at a place.
    #[must_use]
    pub fn mark(&self, place: usize, joint: usize, quadrant: usize) -> bool {
        self.marks.get(place).and_then(|m| m.get(joint)).and_then(|m| m.get(quadrant)).is_some_and(|m| *m)
    }

    /// Whether any quadrant of a joint is inflamed on the slice at a place.
    #[must_use]
    pub fn half_slice(&self, place: usize, joint: usize) -> bool {
        (0..QUADRANTS.len()).any(|quadrant| self.mark(place, joint, quadrant))
    }

    /// Half-slices (a joint on a slice) with any inflamed quadrant, 0 to 12.
    #[must_use]
    pub fn positive_half_slices(&self) -> usize {
        (0..FORM_SLICES)
            .flat_map(|place| (0..JOINTS.len()).map(move |joint| (place, joint)))
            .filter(|(p, j)| self.half_slice(*p, *j))
            .count()
    }

    /// Whether the rule calls the patient positive: at least two positive half-slices.
    #[must_use]
    pub fn positive_by_rule(&self) -> bool {
        self.positive_half_slices() >= POSITIVE_HALF_SLICES
    }

    /// Whether slices are chosen and the opinion is given.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.first.is_some() && self.opinion.is_some()
    }

    /// The form with the six slices from `first` on, as far up as `count` slices allow; marks stay with their slices. `None`
    /// where the exam has fewer than six slices.
    #[must_use]
    pub fn starting_at(&self, first: usize, count: usize) -> Option<Self> {
        let first = first.min(count.checked_sub(FORM_SLICES)?);
        let mut next = Self { first: Some(first), opinion: self.opinion, ..Self::default() };
        for (place, marks) in next.marks.iter_mut().enumerate() {
            if let Some(before) = self.place(first + place) {
                *marks = self.marks[before];
            }
        }
        Some(next)
    }

    /// The form with a quadrant turned from no to yes or back.
    #[must_use]
    pub fn toggled(&self, place: usize, joint: usize, quadrant: usize) -> Self {
        let mut next = self.clone();
        if let Some(mark) = next.marks.get_mut(place).and_then(|m| m.get_mut(joint)).and_then(|m| m.get_mut(quadrant)) {
            *mark = !*mark;
        }
        next
    }

    /// The form with another opinion.
    #[must_use]
    pub fn with_opinion(&self, opinion: Option<bool>) -> Self {
        Self { opinion, ..self.clone() }
    }

    /// The text of the journal's row.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Takes a row into what is known so far: the last form counts.
    pub fn take_in(&mut self, row: &Row) {
        if let RowAction::Note { topic, text } = &row.action
            && topic == Self::TOPIC
            && let Ok(form) = serde_json::from_str::<Self>(text)
        {
            *self = form;
        }
    }
}

/// A form with whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormRead {
    /// The exam.
    pub exam: ExamCode,
    /// The reader.
    pub reader: ReaderCode,
    /// Number of the read.
    pub read: u32,
    /// Whether a model helped.
    pub assisted: bool,
    /// The form.
    pub form: SacroiliacForm,
}

impl FormRead {
    /// Names of the columns of [`FormRead::to_csv`].
    pub const CSV_HEAD: &str = "exam,reader,read,assisted,slice,joint,upper_iliac,upper_sacral,lower_iliac,lower_sacral,half_slice,\
                                positive_half_slices,patient_by_rule,patient_by_opinion";

    /// A line per slice and joint: 1 = inflamed, 0 = not; slices count from 1.
    #[must_use]
    pub fn to_csv(&self) -> String {
        let (form, mut out) = (&self.form, String::new());
        let Some(first) = form.first() else { return out };
        let bit = u8::from;
        let opinion = form.opinion().map_or_else(String::new, |o| bit(o).to_string());
        for (place, (joint, name)) in (0..FORM_SLICES).flat_map(|place| JOINTS.iter().enumerate().map(move |j| (place, j))) {
            let quadrants: Vec<String> = (0..QUADRANTS.len()).map(|q| bit(form.mark(place, joint, q)).to_string()).collect();
            let _ = writeln!(
                out,
                "{},{},{},{},{},{name},{},{},{},{},{opinion}",
                self.exam,
                self.reader,
                self.read,
                bit(self.assisted),
                first + place + 1,
                quadrants.join(","),
                bit(form.half_slice(place, joint)),
                form.positive_half_slices(),
                bit(form.positive_by_rule()),
            );
        }
        out
    }
}

impl Study {
    /// The form of every read that has begun one, exam by exam. For the coordinator: it shows what all readers think.
    ///
    /// # Errors
    /// If a folder cannot be listed or a read is damaged.
    pub fn forms(&self) -> Result<Vec<FormRead>, StudyError> {
        let mut forms = Vec::new();
        for exam in self.layout().exam_codes().map_err(|e| StudyError::list(self.layout().exams(), e))? {
            for (header, view) in self.reads_for_comparison(&exam)? {
                let mut form = SacroiliacForm::default();
                view.for_each_row(1, |row| {
                    form.take_in(&row.row);
                    Ok(())
                })?;
                if form != SacroiliacForm::default() {
                    forms.push(FormRead {
                        exam: exam.clone(),
                        reader: header.reader,
                        read: header.number,
                        assisted: header.assisted,
                        form,
                    });
                }
            }
        }
        Ok(forms)
    }
}

/// What most say; a tie, and nobody, is undecided.
#[must_use]
pub fn form_majority(votes: impl IntoIterator<Item = bool>) -> Option<bool> {
    let (mut yes, mut no) = (0_usize, 0_usize);
    votes.into_iter().for_each(|vote| if vote { yes += 1 } else { no += 1 });
    (yes != no).then_some(yes > no)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_rule_counts_half_slices() {
        let form = SacroiliacForm::default().starting_at(4, 20).unwrap();
        assert!(!form.is_complete() && !form.positive_by_rule());
        // Two quadrants of one joint on one slice are one half-slice.
        let one = form.toggled(0, 1, 0).toggled(0, 1, 3);
        assert_eq!((one.positive_half_slices(), one.positive_by_rule()), (1, false));
        // The other joint on the same slice is the second.
        let two = one.toggled(0, 0, 2).with_opinion(Some(false));
        assert_eq!((two.positive_half_slices(), two.positive_by_rule(), two.is_complete()), (2, true, true));
        let read =
            FormRead { exam: ExamCode::new("K-1").unwrap(), reader: ReaderCode::new("R1").unwrap(), read: 1, assisted: false, form: two };
        let csv = read.to_csv();
        assert_eq!(csv.lines().count(), 12);
        assert_eq!(csv.lines().next(), Some("K-1,R1,1,0,5,right,0,0,1,0,1,2,1,0"));
        assert!(csv.lines().all(|l| l.split(',').count() == FormRead::CSV_HEAD.split(',').count()));
    }

    #[test]
    fn a_tie_is_undecided() {
        assert_eq!(form_majority([true, false, true]), Some(true));
        assert_eq!((form_majority([true, false]), form_majority([])), (None, None));
    }

    proptest! {
        #[test]
        fn marks_stay_with_their_slices(from in 0_usize..20, to in 0_usize..20, marks in prop::collection::vec((0_usize..6, 0_usize..2, 0_usize..4), 0..10)) {
            let count = 22;
            let mut form = SacroiliacForm::default().starting_at(from, count).unwrap();
            for (place, joint, quadrant) in marks {
                form = form.toggled(place, joint, quadrant);
            }
            let moved = form.starting_at(to, count).unwrap();
            for slice in 0..count {
                if let (Some(a), Some(b)) = (form.place(slice), moved.place(slice)) {
                    for (joint, quadrant) in (0..2).flat_map(|j| (0..4).map(move |q| (j, q))) {
                        prop_assert_eq!(form.mark(a, joint, quadrant), moved.mark(b, joint, quadrant));
                    }
                }
            }
            let action = RowAction::Note { topic: SacroiliacForm::TOPIC.to_owned(), text: moved.to_text() };
            let mut read = SacroiliacForm::default();
            read.take_in(&Row { n: 1, name: String::new(), action });
            prop_assert_eq!(read, moved);
            prop_assert!(SacroiliacForm::default().starting_at(0, 5).is_none());
        }
    }
}
