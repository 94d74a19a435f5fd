//! The whole editable state of one read: the layers, done marks, outlines and the history over all of them.

use super::history::{Change, Step};
use super::state::State;
use super::{ApplyError, CommitKind, GestureError, History, Outline, Patch, Row, RowAction, VoxelSet};
use crate::space::VoxelBox;
use crate::volume::{Grid, Labels, LayerKind};
use std::ops::Range;
use std::sync::Arc;

/// One read as one plain value: no file, no clock, no thread. Everything that changes it gives a [`Row`] for the journal,
/// and the same rows in the same order make the same value again (see [`ReadLayers::replay`]).
///
/// While a gesture is open only `write`, `commit`, `cancel` and looking are possible.
#[derive(Clone, Debug)]
pub struct ReadLayers {
    pub(super) state: State,
    pub(super) history: History,
    pub(super) open: Option<LayerKind>,
    pub(super) next_row: u64,
    pub(super) next_outline: u32,
    pub(super) logged_seconds: u64,
}

/// What undo or redo did.
#[derive(Clone, Debug, PartialEq)]
pub enum Undo {
    /// Done; the row belongs into the journal.
    Row(Row),
    /// The patch of this row has left memory: read it from the journal, hand it to [`ReadLayers::provide_patch`], call again.
    NeedsPatch(u64),
    /// There is nothing to take back (or do again), or a gesture is open.
    Nothing,
}

impl ReadLayers {
    /// Empty layers; slices are stacked along voxel axis `slice_axis` (0, 1 or 2).
    #[must_use]
    pub fn new(grid: Arc<Grid>, slice_axis: usize) -> Self {
        Self {
            state: State::new(grid, slice_axis),
            history: History::default(),
            open: None,
            next_row: 1,
            next_outline: 1,
            logged_seconds: 0,
        }
    }

    /// Bytes of patches to keep in memory (default [`History::DEFAULT_BUDGET_BYTES`]); undo stays without limit.
    #[must_use]
    pub fn with_budget_bytes(mut self, bytes: usize) -> Self {
        self.history.set_budget(bytes);
        self
    }

    /// Where the voxels of all layers lie.
    #[must_use]
    pub const fn grid(&self) -> &Arc<Grid> {
        &self.state.grid
    }

    /// The voxel axis that slices are counted along.
    #[must_use]
    pub const fn slice_axis(&self) -> usize {
        self.state.slice_axis
    }

    /// The labels as they are now, an open gesture included.
    #[must_use]
    pub const fn labels(&self, layer: LayerKind) -> &Labels {
        self.state.layer(layer).labels()
    }

    /// Grows by one whenever a commit, undo, redo or replayed row changes a label of the layer.
    #[must_use]
    pub const fn revision(&self, layer: LayerKind) -> u64 {
        self.state.layer(layer).revision()
    }

    /// Kind of the last commit in force that changed a voxel; `None` where none did.
    #[must_use]
    pub fn provenance(&self, layer: LayerKind, voxel: [usize; 3]) -> Option<CommitKind> {
        self.state.layer(layer).provenance(voxel).cloned()
    }

    /// The same for all voxels of a layer: a number per voxel (0 = never changed) and the kinds that 1, 2, … stand for.
    #[must_use]
    pub fn provenance_map(&self, layer: LayerKind) -> (&Labels, &[CommitKind]) {
        self.state.layer(layer).provenance_map()
    }

    /// Begins a gesture in one layer.
    ///
    /// # Errors
    /// If a gesture is open in any layer.
    pub fn begin(&mut self, layer: LayerKind, kind: CommitKind, name: String) -> Result<(), GestureError> {
        if let Some(open) = self.open.and_then(|l| self.state.layer(l).gesture()) {
            return Err(GestureError::Open(open.to_owned()));
        }
        self.state.layer_mut(layer).begin(kind, name)?;
        self.open = Some(layer);
        Ok(())
    }

    /// Writes a voxel of the open gesture's layer. Without a gesture, or outside the grid, nothing happens.
    pub fn write(&mut self, voxel: [usize; 3], label: u8) {
        if let Some(layer) = self.open {
            self.state.layer_mut(layer).write(voxel, label);
        }
    }

    /// The box of all voxels of a layer that changed since the last call, for the display.
    pub fn take_dirty(&mut self, layer: LayerKind) -> VoxelBox {
        self.state.layer_mut(layer).take_dirty()
    }

    /// Ends the gesture; `None` where it changed nothing or none was open.
    pub fn commit(&mut self) -> Option<Row> {
        let layer = self.open.take()?;
        let done = self.state.layer_mut(layer).commit()?;
        let change = Change::Paint { kind: done.kind.clone(), kinds_before: done.kinds_before };
        let action = RowAction::Paint { layer, kind: done.kind, patch: done.patch.clone() };
        Some(self.push(done.name, layer, change, done.patch, action))
    }

    /// Ends the gesture and puts the labels back as they were before it.
    pub fn cancel(&mut self) {
        if let Some(layer) = self.open.take() {
            self.state.layer_mut(layer).cancel();
        }
    }

    /// Whether a gesture is open.
    #[must_use]
    pub const fn gesture_open(&self) -> bool {
        self.open.is_some()
    }

    /// Marks a slice (from 0) done or not done; `None` where it already is so, lies outside, or a gesture is open.
    pub fn set_done(&mut self, layer: LayerKind, slice: usize, done: bool) -> Option<Row> {
        if self.gesture_open() || slice >= self.state.slice_count() || self.is_done(layer, slice) == done {
            return None;
        }
        self.state.set_done(layer, slice, done);
        let name = format!("Slice {} of {layer} {}", slice + 1, if done { "done" } else { "no longer done" });
        let action = RowAction::Done { layer, slice: slice as u32, done };
        Some(self.push(name, layer, Change::Done { slice, done }, Arc::default(), action))
    }

    /// Whether a slice (from 0) is marked done.
    #[must_use]
    pub fn is_done(&self, layer: LayerKind, slice: usize) -> bool {
        self.state.done(layer).contains(&slice)
    }

    /// The slices marked done, in order.
    #[must_use]
    pub fn done_slices(&self, layer: LayerKind) -> Vec<usize> {
        self.state.done(layer).iter().copied().collect()
    }

    /// All outlines in order of their numbers. To change them see [`ReadLayers::set_outline`].
    pub fn outlines(&self) -> impl Iterator<Item = &Outline> {
        self.state.outlines.values()
    }

    /// Takes the last step back, in whichever layer it was.
    pub fn undo(&mut self) -> Undo {
        let Some(step) = self.history.last_live().filter(|_| self.open.is_none()) else { return Undo::Nothing };
        let row = step.row;
        let name = format!("Undo {}", step.name);
        let Some(patch) = step.patch.clone() else { return Undo::NeedsPatch(row) };
        // Labels change only through recorded steps, so a patch that once fitted fits again.
        if self.state.take_back(step, &patch).is_err() {
            return Undo::NeedsPatch(row);
        }
        self.history.step_back();
        Undo::Row(self.number(name, RowAction::Undo { row }))
    }

    /// Does again what was taken back last.
    pub fn redo(&mut self) -> Undo {
        let Some(step) = self.history.first_undone().filter(|_| self.open.is_none()) else { return Undo::Nothing };
        let (row, layer) = (step.row, step.layer);
        let name = format!("Redo {}", step.name);
        let Some(patch) = step.patch.clone() else { return Undo::NeedsPatch(row) };
        if self.state.do_again(step, &patch).is_err() {
            return Undo::NeedsPatch(row);
        }
        let revision = self.revision(layer);
        self.history.step_again(revision);
        Undo::Row(self.number(name, RowAction::Redo { row }))
    }

    /// Hands over the patch that [`Undo::NeedsPatch`] asked for, as the journal has it. Rows that nobody asked for are ignored.
    ///
    /// # Errors
    /// If it does not fit the labels as they are now; nothing has changed.
    pub fn provide_patch(&mut self, row: u64, patch: Arc<Patch>) -> Result<(), ApplyError> {
        let back = self.history.last_live().filter(|s| s.row == row).map(|s| (s, true));
        let again = self.history.first_undone().filter(|s| s.row == row).map(|s| (s, false));
        if let Some((step, back)) = back.or(again) {
            self.state.check(step, &patch, back)?;
            self.history.hold(row, patch);
        }
        Ok(())
    }

    /// Everything that can be undone and redone.
    #[must_use]
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// The number that the next row will bear; rows count from 1.
    #[must_use]
    pub const fn next_row(&self) -> u64 {
        self.next_row
    }

    /// The voxels of a layer that rows after `revision`, not undone, changed by the reader's own hand: every kind but
    /// Adopted and Accepted. What a proposal made from that revision must leave alone. A redo counts as after.
    ///
    /// Where such a row's patch has left memory, the voxels in its box whose labels the reader chose last count instead.
    #[must_use]
    pub fn changed_by_hand_since(&self, layer: LayerKind, revision: u64) -> VoxelSet {
        let steps = self.history.live_steps().iter().filter(|s| s.layer == layer && s.revision > revision && s.by_hand());
        let ranges = steps.flat_map(|step| match &step.patch {
            Some(patch) => patch.runs().iter().map(|r| r.at..r.at + r.length).collect(),
            None => self.hand_ranges(layer, step.bounds),
        });
        VoxelSet::from_ranges(ranges.collect())
    }

    fn hand_ranges(&self, layer: LayerKind, bounds: VoxelBox) -> Vec<Range<u32>> {
        let recorder = self.state.layer(layer);
        let mut ranges: Vec<Range<u32>> = Vec::new();
        for k in bounds.lo[2]..bounds.hi[2] {
            for j in bounds.lo[1]..bounds.hi[1] {
                let by_hand = |v| recorder.provenance(v).is_some_and(|kind| kind.model().is_none());
                for voxel in (bounds.lo[0]..bounds.hi[0]).map(|i| [i, j, k]).filter(|&v| by_hand(v)) {
                    let at = self.state.grid.index(voxel) as u32;
                    match ranges.last_mut() {
                        Some(last) if last.end == at => last.end += 1,
                        _ => ranges.push(at..at + 1),
                    }
                }
            }
        }
        ranges
    }

    /// The labels of one slice, one byte per voxel, the lower of the two in-plane voxel axes fastest: what a training hash
    /// is made from. Empty outside the stack.
    #[must_use]
    pub fn content_hash_input(&self, layer: LayerKind, slice: usize) -> Vec<u8> {
        let bounds = self.state.grid.bounds().on_slice(self.state.slice_axis, slice);
        if bounds.is_empty() {
            return Vec::new();
        }
        let labels = self.labels(layer);
        let mut bytes = Vec::with_capacity(bounds.len());
        for k in bounds.lo[2]..bounds.hi[2] {
            for j in bounds.lo[1]..bounds.hi[1] {
                bytes.extend((bounds.lo[0]..bounds.hi[0]).map(|i| labels.get([i, j, k])));
            }
        }
        bytes
    }

    /// Numbers a change, puts it into the history and gives its row.
    pub(super) fn push(&mut self, name: String, layer: LayerKind, change: Change, patch: Arc<Patch>, action: RowAction) -> Row {
        let row = self.number(name, action);
        let revision = self.revision(layer);
        self.history.push(Step::new(row.n, row.name.clone(), layer, revision, change, patch, &self.state.grid));
        row
    }

    pub(super) const fn number(&mut self, name: String, action: RowAction) -> Row {
        let n = self.next_row;
        self.next_row += 1;
        Row { n, name, action }
    }
}
