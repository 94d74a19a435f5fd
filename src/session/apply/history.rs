//! Undo, redo and going to a step of the history. The voxels of old steps are read from the journal first; what was asked for
//! goes on when they come.

use crate::edit::{Patch, Undo};
use crate::session::{Awaited, Effect, Session};
use crate::space::VoxelBox;
use crate::volume::LayerKind;
use crate::worker::message::Request;
use std::sync::Arc;

impl Session {
    /// Takes back the last point of what is half drawn, else the last step.
    pub(super) fn undo(&mut self) -> Vec<Effect> {
        let Some(exam) = &mut self.exam else { return Vec::new() };
        if let Some(last) = exam.draft.points().len().checked_sub(1) {
            exam.draft.delete(last);
            return Vec::new();
        }
        if exam.wire.is_some() {
            self.take_anchor_back();
            return Vec::new();
        }
        self.step_history(true)
    }

    /// One step back or on again.
    pub(super) fn step_history(&mut self, undo: bool) -> Vec<Effect> {
        let effects = self.undo_or_redo(undo);
        if let Some(exam) = &mut self.exam {
            exam.resettle_proposal();
        }
        effects
    }

    fn undo_or_redo(&mut self, undo: bool) -> Vec<Effect> {
        if self.count_while_waiting(undo) {
            return Vec::new();
        }
        let mut effects = self.commit_gesture();
        let Some(exam) = &mut self.exam else { return effects };
        let reference = exam.layers.reference();
        match if undo { exam.layers.undo() } else { exam.layers.redo() } {
            Undo::Row(row) => {
                let changed = LayerKind::ALL.map(|layer| (layer, exam.layers.take_dirty(layer)));
                changed.iter().for_each(|(layer, bounds)| exam.mark_dirty(*layer, *bounds));
                effects.extend(self.journal(row));
                self.show_change(changed.map(|(_, bounds)| bounds));
                self.follow_outline_selection();
                if self.exam.as_ref().is_some_and(|e| e.layers.reference() != reference) {
                    self.follow_protocol();
                }
            }
            Undo::NeedsPatch(row) => {
                let effect = self.request("Reading an older step", Request::FetchPatch { row });
                if let (Effect::Work(request, _), Some(exam)) = (&effect, &mut self.exam) {
                    exam.awaited = Some(Awaited { request: *request, row, undo, times: 1, goal: None });
                }
                effects.push(effect);
            }
            Undo::Nothing => {}
        }
        effects
    }

    /// While the voxels of the next step are on their way, undo and redo are only counted; they cancel each other.
    fn count_while_waiting(&mut self, undo: bool) -> bool {
        let Some(exam) = &mut self.exam else { return false };
        let Some(mut awaited) = exam.awaited.take() else { return false };
        if awaited.goal.is_some() || exam.layers.gesture_open() || !awaited.is_in_turn(&exam.layers) {
            return false;
        }
        awaited.times = if awaited.undo == undo { awaited.times + 1 } else { awaited.times - 1 };
        exam.awaited = (awaited.times > 0).then_some(awaited);
        true
    }

    /// What was taken back or done again is brought on the screen if it lies on other slices.
    fn show_change(&mut self, changed: [VoxelBox; 3]) {
        let Some(exam) = &self.exam else { return };
        let axis = exam.plane.slice_axis();
        let Some(all) = changed.into_iter().filter(|bounds| !bounds.is_empty()).reduce(|a, b| a.union(&b)) else { return };
        if !(all.lo[axis]..all.hi[axis]).contains(&exam.view.slice) {
            self.go_to_slice(all.lo[axis]);
        }
    }

    fn follow_outline_selection(&mut self) {
        if let Some(exam) = &mut self.exam
            && let Some(id) = exam.selected_outline
            && !exam.layers.outlines().any(|o| o.id == id)
        {
            exam.selected_outline = None;
        }
    }

    /// Takes steps back or does them again until this one is the last in force.
    pub(super) fn go_to_row(&mut self, row: u64) -> Vec<Effect> {
        let mut effects = self.commit_gesture();
        let Some(exam) = &mut self.exam else { return effects };
        exam.awaited = None;
        let Some(undone) = exam.layers.history().entries().find(|h| h.row == row).map(|h| h.undone) else { return effects };
        for _ in 0..100_000 {
            let Some(exam) = &self.exam else { break };
            let at = exam.layers.history().next_undo().map_or(0, |(row, _)| row);
            if (undone && at >= row) || (!undone && at <= row) {
                break;
            }
            let before = exam.layers.next_row();
            effects.extend(self.undo_or_redo(!undone));
            let Some(exam) = &mut self.exam else { break };
            if let Some(awaited) = &mut exam.awaited {
                awaited.goal = Some(row);
            }
            if exam.layers.next_row() == before {
                break;
            }
        }
        if let Some(exam) = &mut self.exam {
            exam.resettle_proposal();
        }
        effects
    }

    /// Goes on with what waited for the voxels of a step, unless the reader has done something else meanwhile.
    pub(in crate::session) fn absorb_patch(&mut self, awaited: Option<Awaited>, row: u64, patch: Patch) -> Vec<Effect> {
        let (Some(awaited), Some(exam)) = (awaited, &mut self.exam) else { return Vec::new() };
        if exam.layers.gesture_open() || !awaited.is_in_turn(&exam.layers) {
            let what = if awaited.undo { "taken back" } else { "done again" };
            self.info(format!("The older step was not {what}: something was changed while it was read."));
            return Vec::new();
        }
        if let Err(error) = exam.layers.provide_patch(row, Arc::new(patch)) {
            self.error(error.to_string());
            return Vec::new();
        }
        // The step itself, whatever is half drawn by now.
        let one = |session: &mut Self| match awaited.goal {
            Some(goal) => session.go_to_row(goal),
            None => session.step_history(awaited.undo),
        };
        (0..awaited.times).flat_map(|_| one(self)).collect()
    }
}
