//! Metaphysis squares and the time on the exam: what a read keeps besides labels.

use super::history::Change;
use super::tools::Square;
use super::{ReadLayers, Row, RowAction};
use crate::volume::LayerKind;
use std::sync::Arc;

/// Topic of the notes that hold seconds spent on the exam.
const TIME: &str = "time";

impl ReadLayers {
    /// The metaphysis squares in force, at most one per bone, in the order of bones.
    pub fn squares(&self) -> impl Iterator<Item = &Square> {
        self.state.squares.values()
    }

    /// Sets, changes or (with `None`) takes away the square of a bone: one step of the history. `None` where nothing changes, a
    /// gesture is open, the square is another bone's or its slice lies outside.
    pub fn set_square(&mut self, bone: u8, square: Option<Square>) -> Option<Row> {
        let before = self.state.squares.get(&bone).copied();
        let fits = square.is_none_or(|s| s.bone() == bone && s.slice() < self.state.slice_count());
        if self.gesture_open() || square == before || !fits {
            return None;
        }
        self.state.set_square(bone, square);
        let name = match (before, square) {
            (_, None) => "Take the metaphysis square away",
            (None, _) => "Set the metaphysis square",
            (Some(_), _) => "Move the metaphysis square",
        };
        let action = RowAction::Square { bone, square: square.map(Box::new), before: before.map(Box::new) };
        Some(self.push(name.to_owned(), LayerKind::Bone, Change::Square { bone, now: square, former: before }, Arc::default(), action))
    }

    /// Seconds that were spent on the exam, as far as they are in the journal.
    #[must_use]
    pub const fn logged_seconds(&self) -> u64 {
        self.logged_seconds
    }

    /// Writes down that the reader spent so many seconds more on the exam; `None` for none, or while a gesture is open.
    pub fn log_seconds(&mut self, seconds: u64) -> Option<Row> {
        if seconds == 0 {
            return None;
        }
        let row = self.note("Time on this exam".to_owned(), TIME, seconds.to_string())?;
        self.logged_seconds = self.logged_seconds.saturating_add(seconds);
        Some(row)
    }

    /// Takes a note in that may hold seconds.
    pub(super) fn count_time(&mut self, topic: &str, text: &str) {
        if topic == TIME {
            self.logged_seconds = self.logged_seconds.saturating_add(text.parse().unwrap_or(0));
        }
    }
}

impl Row {
    /// Seconds on the exam that this row writes down; 0 of any other row.
    #[must_use]
    pub fn logged_seconds(&self) -> u64 {
        match &self.action {
            RowAction::Note { topic, text } if topic == TIME => text.parse().unwrap_or(0),
            _ => 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::{ReplayError, Undo};
    use crate::space::{Affine, Spacing};
    use crate::volume::Grid;

    fn read() -> ReadLayers {
        ReadLayers::new(Arc::new(Grid::new([6, 6, 4], Affine::from_spacing(Spacing::UNIT)).unwrap()), 2)
    }

    #[test]
    fn squares_are_steps_and_seconds_are_not() {
        let first = Square::new(2, 1, [[0.5, 1.0, 1.0], [4.0, 1.0, 1.0]], true).unwrap();
        let mut made = read();
        let mut rows = vec![made.set_square(2, Some(first)).unwrap(), made.log_seconds(40).unwrap()];
        assert!(made.set_square(2, Some(first)).is_none() && made.set_square(1, Some(first)).is_none() && made.log_seconds(0).is_none());
        rows.push(made.set_square(2, Some(first.flipped())).unwrap());
        rows.push(made.set_square(2, None).unwrap());
        for _ in 0..2 {
            let Undo::Row(row) = made.undo() else { panic!("a step to take back") };
            rows.push(row);
        }
        assert_eq!(made.squares().copied().collect::<Vec<_>>(), [first]);
        let Undo::Row(row) = made.redo() else { panic!("a step to do again") };
        rows.push(row);
        rows.push(made.log_seconds(2).unwrap());
        let mut again = read();
        rows.into_iter().for_each(|row| again.replay(row).unwrap());
        assert_eq!(again.squares().copied().collect::<Vec<_>>(), [first.flipped()]);
        assert_eq!((again.logged_seconds(), again.next_row(), again.history().entries().count()), (42, made.next_row(), 3));
        let stale = RowAction::Square { bone: 2, square: None, before: Some(Box::new(first)) };
        let row = Row { n: again.next_row(), name: String::new(), action: stale };
        assert!(matches!(again.replay(row), Err(ReplayError::Contradiction(_))));
    }
}
