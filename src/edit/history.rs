//! What can be undone and redone, without limit: old patches leave memory and come back from the journal.

use super::tools::Square;
use super::{CommitKind, KindRuns, Outline, Patch, ReferencePlace};
use crate::space::VoxelBox;
use crate::volume::{Grid, LayerKind};
use std::sync::Arc;

/// The steps of a read in order, those taken back last. A new step drops the ones taken back.
///
/// Names, outlines and provenance (a few bytes a step) always stay in memory; patches only up to a byte budget.
#[derive(Clone, Debug)]
pub struct History {
    steps: Vec<Step>,
    /// The first `live` steps are in force; the others have been taken back.
    live: usize,
    held_bytes: usize,
    budget_bytes: usize,
    /// Steps before the first and from the second on hold nothing: they need not be looked at again.
    holding: [usize; 2],
}

/// One line of the history panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HistoryEntry<'a> {
    /// Number of the row in the journal.
    pub row: u64,
    /// What was done.
    pub name: &'a str,
    /// Taken back; redo brings it again.
    pub undone: bool,
}

/// One row that can be undone.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub row: u64,
    pub name: String,
    pub layer: LayerKind,
    /// The layer's revision when the step was last done.
    pub revision: u64,
    pub change: Change,
    /// Box around the voxels of the patch.
    pub bounds: VoxelBox,
    /// `None` once dropped from memory.
    pub patch: Option<Arc<Patch>>,
}

#[derive(Clone, Debug)]
pub(super) enum Change {
    Paint { kind: CommitKind, kinds_before: KindRuns },
    Done { slice: usize, done: bool },
    Reference { now: Option<ReferencePlace>, former: Option<ReferencePlace> },
    Square { bone: u8, now: Option<Square>, former: Option<Square> },
    Outline { id: u32, now: Option<Outline>, former: Option<Outline>, kinds_before: KindRuns },
}

impl Step {
    pub fn new(row: u64, name: String, layer: LayerKind, revision: u64, change: Change, patch: Arc<Patch>, grid: &Grid) -> Self {
        Self { row, name, layer, revision, change, bounds: patch.bounds(grid), patch: Some(patch) }
    }

    /// Whether the reader, not a model, chose the labels.
    pub fn by_hand(&self) -> bool {
        match &self.change {
            Change::Paint { kind, .. } => kind.model().is_none(),
            Change::Done { .. } | Change::Reference { .. } | Change::Square { .. } | Change::Outline { .. } => true,
        }
    }
}

impl Default for History {
    fn default() -> Self {
        Self { steps: Vec::new(), live: 0, held_bytes: 0, budget_bytes: Self::DEFAULT_BUDGET_BYTES, holding: [0, 0] }
    }
}

impl History {
    /// Some five million runs: days of painting.
    pub const DEFAULT_BUDGET_BYTES: usize = 64 << 20;

    /// All steps in order, those taken back at the end.
    pub fn entries(&self) -> impl ExactSizeIterator<Item = HistoryEntry<'_>> {
        self.steps.iter().enumerate().map(|(n, s)| HistoryEntry { row: s.row, name: &s.name, undone: n >= self.live })
    }

    /// Row and name of what undo would take back.
    #[must_use]
    pub fn next_undo(&self) -> Option<(u64, &str)> {
        self.last_live().map(|s| (s.row, s.name.as_str()))
    }

    /// Row and name of what redo would do again.
    #[must_use]
    pub fn next_redo(&self) -> Option<(u64, &str)> {
        self.first_undone().map(|s| (s.row, s.name.as_str()))
    }

    /// Bytes of patches in memory.
    #[must_use]
    pub const fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    pub(super) fn set_budget(&mut self, bytes: usize) {
        self.budget_bytes = bytes;
        self.trim();
    }

    pub(super) fn live_steps(&self) -> &[Step] {
        &self.steps[..self.live]
    }

    pub(super) fn last_live(&self) -> Option<&Step> {
        self.steps[..self.live].last()
    }

    pub(super) fn first_undone(&self) -> Option<&Step> {
        self.steps.get(self.live)
    }

    /// Adds a step and drops those taken back.
    pub(super) fn push(&mut self, step: Step) {
        for dropped in self.steps.drain(self.live..) {
            self.held_bytes -= bytes_of(&dropped);
        }
        self.held_bytes += bytes_of(&step);
        self.steps.push(step);
        self.live += 1;
        self.holding = [self.holding[0].min(self.steps.len() - 1), self.steps.len()];
        self.trim();
    }

    /// The last live step has been taken back.
    pub(super) fn step_back(&mut self) {
        self.live = self.live.saturating_sub(1);
        self.trim();
    }

    /// The first undone step has been done again; the layer now has this revision.
    pub(super) fn step_again(&mut self, revision: u64) {
        if let Some(step) = self.steps.get_mut(self.live) {
            step.revision = revision;
            self.live += 1;
        }
        self.trim();
    }

    /// Gives the next step to undo or redo its patch back.
    pub(super) fn hold(&mut self, row: u64, patch: Arc<Patch>) {
        if let Some((at, step)) = self.steps.iter_mut().enumerate().find(|(_, s)| s.row == row) {
            self.holding = [self.holding[0].min(at), self.holding[1].max(at + 1)];
            self.held_bytes -= bytes_of(step);
            step.patch = Some(patch);
            self.held_bytes += bytes_of(step);
        }
    }

    /// Drops the patches furthest from where undo and redo stand; the two next to it stay.
    fn trim(&mut self) {
        let [mut first, mut last] = self.holding;
        while self.held_bytes > self.budget_bytes && first < last {
            let (below, above) = (self.live.saturating_sub(first + 1), (last - 1).saturating_sub(self.live));
            if below == 0 && above == 0 {
                break;
            }
            let furthest = if below >= above { first } else { last - 1 };
            if below >= above {
                first += 1;
            } else {
                last -= 1;
            }
            let step = &mut self.steps[furthest];
            if !matches!(step.change, Change::Done { .. } | Change::Reference { .. } | Change::Square { .. }) {
                self.held_bytes -= bytes_of(step);
                step.patch = None;
            }
        }
        self.holding = [first, last];
    }
}

/// Done marks, squares and the reference hold no voxels; they cost nothing and are never dropped.
fn bytes_of(step: &Step) -> usize {
    match (&step.change, &step.patch) {
        (Change::Done { .. } | Change::Reference { .. } | Change::Square { .. }, _) | (_, None) => 0,
        (_, Some(patch)) => patch.memory_bytes(),
    }
}
