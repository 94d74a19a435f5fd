//! The place of the fatty-marrow reference: what the air-black rule scales grey values to.

use super::history::Change;
use super::{ReadLayers, Row, RowAction};
use crate::volume::LayerKind;
use std::sync::Arc;

/// A small disc that the reader puts into fatty marrow: the voxels of one slice whose centres lie within the radius.
/// Kept in mm, so that it means the same on every sequence of the exam.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReferencePlace {
    centre_mm: [f64; 3],
    radius_mm: f64,
}

impl ReferencePlace {
    /// Smallest and largest radius in mm.
    pub const RADIUS_RANGE_MM: [f64; 2] = [0.1, 100.0];

    /// A centre in world space (RAS+ mm, within 100 m) and a radius, both rounded to 1/1024 mm, so that a text holds them
    /// exactly; `None` where a number is not finite or out of range.
    #[must_use]
    pub fn new(centre_mm: [f64; 3], radius_mm: f64) -> Option<Self> {
        let [smallest, largest] = Self::RADIUS_RANGE_MM;
        let sane = centre_mm.iter().all(|c| c.abs() <= 1e5) && (smallest..=largest).contains(&radius_mm);
        let rounded = |mm: f64| (mm * 1024.0).round() / 1024.0;
        sane.then(|| Self { centre_mm: centre_mm.map(rounded), radius_mm: rounded(radius_mm) })
    }

    /// World position of its middle.
    #[must_use]
    pub const fn centre_mm(&self) -> [f64; 3] {
        self.centre_mm
    }

    /// Its radius.
    #[must_use]
    pub const fn radius_mm(&self) -> f64 {
        self.radius_mm
    }
}

impl ReadLayers {
    /// The fatty-marrow reference in force.
    #[must_use]
    pub const fn reference(&self) -> Option<ReferencePlace> {
        self.state.reference
    }

    /// Places, moves or (with `None`) takes away the fatty-marrow reference: one step of the history. `None` where nothing
    /// changes or a gesture is open.
    pub fn set_reference(&mut self, place: Option<ReferencePlace>) -> Option<Row> {
        let before = self.state.reference;
        if self.gesture_open() || place == before {
            return None;
        }
        self.state.reference = place;
        let name = match (before, place) {
            (_, None) => "Take the fatty-marrow reference away",
            (None, _) => "Place the fatty-marrow reference",
            (Some(_), _) => "Move the fatty-marrow reference",
        };
        let action = RowAction::Reference { place, before };
        Some(self.push(name.to_owned(), LayerKind::Marrow, Change::Reference { now: place, former: before }, Arc::default(), action))
    }

    /// A remark for the journal that changes no label and cannot be taken back, such as the reading conditions that were
    /// confirmed; `None` while a gesture is open, for rows must stay in order.
    pub fn note(&mut self, name: String, topic: &str, text: String) -> Option<Row> {
        (!self.gesture_open()).then(|| self.number(name, RowAction::Note { topic: topic.to_owned(), text }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::{CommitKind, Undo};
    use crate::space::{Affine, Spacing};
    use crate::volume::Grid;

    fn read() -> ReadLayers {
        ReadLayers::new(Arc::new(Grid::new([6, 6, 4], Affine::from_spacing(Spacing::UNIT)).unwrap()), 2)
    }

    #[test]
    fn placing_is_one_step_and_the_rows_make_it_again() {
        let (first, second) = (ReferencePlace::new([1.1, 2.0, 3.0], 2.5), ReferencePlace::new([4.0, 2.0, 3.0], 2.5));
        let mut made = read();
        let mut rows =
            vec![made.set_reference(first).unwrap(), made.note("Conditions".to_owned(), "conditions", "dim".to_owned()).unwrap()];
        assert_eq!(made.set_reference(first), None, "the same place is no step");
        rows.push(made.set_reference(second).unwrap());
        rows.push(made.set_reference(None).unwrap());
        for _ in 0..2 {
            let Undo::Row(row) = made.undo() else { panic!("a step to take back") };
            rows.push(row);
        }
        assert_eq!(made.reference(), first);
        assert_eq!(made.history().entries().count(), 3, "a remark is no step");
        let Undo::Row(row) = made.redo() else { panic!("a step to do again") };
        rows.push(row);
        let mut again = read();
        for row in rows {
            again.replay(row).unwrap();
        }
        assert_eq!((again.reference(), again.next_row()), (second, made.next_row()));
        let stale = Row { n: again.next_row(), name: String::new(), action: RowAction::Reference { place: None, before: first } };
        assert!(again.replay(stale).is_err());
        again.begin(LayerKind::Bone, CommitKind::Hand, "stroke".to_owned()).unwrap();
        assert!(again.set_reference(None).is_none() && again.note(String::new(), "x", String::new()).is_none());
    }

    #[test]
    fn a_place_that_is_nowhere_is_none() {
        for (x, radius) in [(f64::NAN, 1.0), (1e6, 1.0), (0.0, 0.0), (0.0, f64::INFINITY)] {
            assert_eq!(ReferencePlace::new([x, 0.0, 0.0], radius), None);
        }
    }
}
