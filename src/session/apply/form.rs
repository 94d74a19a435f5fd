//! The sacro-iliac form: every change is a row of the journal.

use crate::session::{Effect, FormCommand, Session};
use crate::study::{SacroiliacForm, SealWarning};

impl Session {
    /// Whether the form is on screen: the protocol asks for it and an exam is read.
    #[must_use]
    pub fn form_shown(&self) -> bool {
        !self.form_hidden && self.exam.is_some() && self.study.as_ref().is_some_and(|s| s.protocol.sacroiliac())
    }

    pub(super) fn change_form(&mut self, command: FormCommand) -> Vec<Effect> {
        if !self.study.as_ref().is_some_and(|s| s.protocol.sacroiliac()) {
            return Vec::new();
        }
        let mut effects = self.commit_gesture();
        let Some(exam) = &mut self.exam else { return effects };
        let (slice, count) = (exam.view.slice, exam.plane.slice_count());
        let before = &exam.form;
        let next = match command {
            FormCommand::Start => before.starting_at(slice, count),
            FormCommand::Toggle { place, joint, quadrant } => Some(before.toggled(place, joint, quadrant)),
            FormCommand::ToggleHere { joint, quadrant } => before.place(slice).map(|place| before.toggled(place, joint, quadrant)),
            FormCommand::Opinion(opinion) => Some(before.with_opinion(opinion)),
        };
        let Some(next) = next else {
            self.info(match command {
                FormCommand::Start => "The form needs six slices; this exam has fewer.",
                _ => "This slice is none of the six: go to one of them, or choose other slices.",
            });
            return effects;
        };
        if next == exam.form {
            return effects;
        }
        let row = exam.layers.note("Sacro-iliac form".to_owned(), SacroiliacForm::TOPIC, next.to_text());
        if let Some(row) = row {
            exam.form.take_in(&row);
            effects.extend(self.journal(row));
        }
        effects
    }

    /// What is worth another look in the form before the read is sealed.
    pub(super) fn form_warning(&self) -> Option<SealWarning> {
        let asked = self.study.as_ref().is_some_and(|s| s.protocol.sacroiliac());
        let form = self.exam.as_ref().filter(|_| asked)?.form();
        (!form.is_complete()).then(|| SealWarning {
            text: "The sacro-iliac form lacks its slices or your opinion of the patient.".to_owned(),
            slice: form.first(),
        })
    }
}
