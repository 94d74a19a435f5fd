//! Doing the rows of a journal again, in order.

use super::history::{Change, Step};
use super::{ApplyError, CommitKind, KindRuns, Outline, Patch, ReadLayers, Row, RowAction};
use crate::volume::LayerKind;
use std::sync::Arc;
use thiserror::Error;

/// Why a row does not follow from the rows before it. The read stays as the rows before left it.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ReplayError {
    /// A gesture is open.
    #[error("row {0} cannot be replayed while a gesture is under way; finish or cancel it first")]
    GestureOpen(u64),
    /// Rows are missing or doubled.
    #[error("the journal goes on with row {found} where row {expected} is due; restore the file from a backup")]
    Number {
        /// The number due.
        expected: u64,
        /// The number that came.
        found: u64,
    },
    /// The patch of an earlier row has left memory: hand it to [`ReadLayers::provide_patch`], then replay this row again.
    #[error("row {row} takes back or repeats row {needed}, whose voxels must be read from the journal again")]
    NeedsPatch {
        /// The row being replayed.
        row: u64,
        /// The row whose patch is needed.
        needed: u64,
    },
    /// An undo or redo of a row that is not next in turn.
    #[error("row {row} of the journal takes back or repeats row {target}, which is not in turn; restore the file from a backup")]
    OutOfTurn {
        /// The row being replayed.
        row: u64,
        /// The row it names.
        target: u64,
    },
    /// The row's voxels do not fit.
    #[error("row {row} of the journal does not fit: {source}")]
    Patch {
        /// The row.
        row: u64,
        /// What does not fit.
        source: ApplyError,
    },
    /// The row's slice, outline or done mark contradicts the rows before.
    #[error("row {0} of the journal contradicts the rows before it; restore the file from a backup")]
    Contradiction(u64),
}

impl ReadLayers {
    /// Does one row of the journal again; the history then holds it as when it was made.
    ///
    /// # Errors
    /// If the row is nonsense or does not follow the rows before; nothing has changed then.
    pub fn replay(&mut self, row: Row) -> Result<(), ReplayError> {
        if self.gesture_open() {
            return Err(ReplayError::GestureOpen(row.n));
        }
        if row.n != self.next_row {
            return Err(ReplayError::Number { expected: self.next_row, found: row.n });
        }
        let Row { n, name, action } = row;
        let (layer, change, patch) = match action {
            RowAction::Undo { row: target } => return self.replay_undo(n, target),
            RowAction::Redo { row: target } => return self.replay_redo(n, target),
            RowAction::Paint { layer, kind, patch } => {
                let kinds_before = self.replay_patch(n, layer, &patch, &kind)?;
                (layer, Change::Paint { kind, kinds_before }, patch)
            }
            RowAction::Done { layer, slice, done } => {
                let slice = slice as usize;
                if slice >= self.state.slice_count() || self.is_done(layer, slice) == done {
                    return Err(ReplayError::Contradiction(n));
                }
                self.state.set_done(layer, slice, done);
                (layer, Change::Done { slice, done }, Arc::default())
            }
            RowAction::Reference { place, before } => {
                if before != self.state.reference || place == before {
                    return Err(ReplayError::Contradiction(n));
                }
                self.state.reference = place;
                (LayerKind::Marrow, Change::Reference { now: place, former: before }, Arc::default())
            }
            RowAction::Square { bone, square, before } => {
                let (square, before) = (square.map(|s| *s), before.map(|s| *s));
                let fits = square.or(before).is_some_and(|s| s.bone() == bone && s.slice() < self.state.slice_count());
                if !fits || before != self.state.squares.get(&bone).copied() || square == before {
                    return Err(ReplayError::Contradiction(n));
                }
                self.state.set_square(bone, square);
                (LayerKind::Bone, Change::Square { bone, now: square, former: before }, Arc::default())
            }
            RowAction::Note { topic, text } => {
                self.count_time(&topic, &text);
                self.next_row += 1;
                return Ok(());
            }
            RowAction::Outline { id, label, slice, points, before, patch } => {
                let change = self.replay_outline(n, Outline { id, label, slice: slice as usize, points }, &before, &patch)?;
                (LayerKind::Bone, change, patch)
            }
        };
        let revision = self.revision(layer);
        self.history.push(Step::new(n, name, layer, revision, change, patch, &self.state.grid));
        self.next_row += 1;
        Ok(())
    }

    fn replay_patch(&mut self, n: u64, layer: LayerKind, patch: &Patch, kind: &CommitKind) -> Result<KindRuns, ReplayError> {
        self.state.layer_mut(layer).apply(patch, kind).map_err(|source| ReplayError::Patch { row: n, source })
    }

    fn replay_outline(&mut self, n: u64, now: Outline, before: &[[f32; 2]], patch: &Patch) -> Result<Change, ReplayError> {
        let former = self.state.outlines.get(&now.id).cloned();
        let fits = former.as_ref().map_or(&[][..], |o| &o.points) == before
            && now.slice < self.state.slice_count()
            && now.points.iter().flatten().all(|c| c.is_finite())
            && if now.points.is_empty() { former.is_some() } else { now.points.len() >= 3 && now.label != 0 };
        if !fits {
            return Err(ReplayError::Contradiction(n));
        }
        let kinds_before = self.replay_patch(n, LayerKind::Bone, patch, &CommitKind::Filled)?;
        let id = now.id;
        self.next_outline = self.next_outline.max(id.saturating_add(1));
        let now = (!now.points.is_empty()).then_some(now);
        self.state.set_outline(id, now.clone());
        Ok(Change::Outline { id, now, former, kinds_before })
    }

    fn replay_undo(&mut self, n: u64, target: u64) -> Result<(), ReplayError> {
        let out_of_turn = ReplayError::OutOfTurn { row: n, target };
        let step = self.history.last_live().filter(|s| s.row == target).ok_or(out_of_turn)?;
        let patch = step.patch.clone().ok_or(ReplayError::NeedsPatch { row: n, needed: target })?;
        self.state.take_back(step, &patch).map_err(|source| ReplayError::Patch { row: n, source })?;
        self.history.step_back();
        self.next_row += 1;
        Ok(())
    }

    fn replay_redo(&mut self, n: u64, target: u64) -> Result<(), ReplayError> {
        let out_of_turn = ReplayError::OutOfTurn { row: n, target };
        let step = self.history.first_undone().filter(|s| s.row == target).ok_or(out_of_turn)?;
        let patch = step.patch.clone().ok_or(ReplayError::NeedsPatch { row: n, needed: target })?;
        let layer = step.layer;
        self.state.do_again(step, &patch).map_err(|source| ReplayError::Patch { row: n, source })?;
        let revision = self.revision(layer);
        self.history.step_again(revision);
        self.next_row += 1;
        Ok(())
    }
}
