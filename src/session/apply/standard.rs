//! The standard scale of grey values, as an option for display.

use crate::session::{Effect, Session, Window};
use crate::study::WindowLimit;
use crate::volume::{Landmarks, StandardMap};
use crate::worker::message::{Request, StandardScale};

impl Session {
    /// Shows grey values on the study's standard scale, or as they are. The scale is learnt first where it is not known.
    pub(super) fn toggle_standardised(&mut self) -> Vec<Effect> {
        let Some(exam) = &mut self.exam else { return Vec::new() };
        if exam.standard.take().is_some() {
            return Vec::new();
        }
        // Whatever sequence is shown: the map is that of the reading sequence.
        if self.protocol_limit() == WindowLimit::Locked {
            self.info("The protocol locks the window, so that all readers see the same grey levels.");
            return Vec::new();
        }
        match (self.standard, &self.study) {
            (Some(scale), _) => {
                self.show_standardised(scale);
                Vec::new()
            }
            (None, Some(study)) => {
                let root = study.root.clone();
                vec![self.request("Learning the standard scale", Request::LearnStandard { root })]
            }
            (None, None) => Vec::new(),
        }
    }

    pub(in crate::session) fn absorb_standard(&mut self, scale: StandardScale) {
        let plural = if scale.exams == 1 { "" } else { "s" };
        self.info(format!("Grey values are shown on the standard scale of {} training exam{plural}.", scale.exams));
        self.standard = Some(scale);
        self.show_standardised(scale);
    }

    /// The map of the open exam, and the window that shows the whole scale, as far as the protocol allows.
    fn show_standardised(&mut self, scale: StandardScale) {
        let limit = self.protocol_limit();
        if limit == WindowLimit::Locked {
            return;
        }
        let Some(exam) = &mut self.exam else { return };
        let Some(landmarks) = Landmarks::of(exam.reading_image().greys()) else {
            self.info("This exam has no spread of grey values to be standardised.");
            return;
        };
        let map = StandardMap::new(&landmarks, &scale.standard);
        let [lower, upper] = map.ends();
        let wanted = Window::new(lower, upper);
        exam.standard = Some(map);
        if exam.view.sequence == 0 {
            exam.view.window = match (limit, exam.rule) {
                (WindowLimit::Band(band), Some(rule)) => wanted.within(rule.window(), band),
                _ => wanted,
            };
        }
    }
}
