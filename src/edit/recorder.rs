//! The only writer of labels: one gesture at a time, recorded as a patch, with the provenance of every voxel.

use super::lines::{difference, voxels_of};
use super::{CommitKind, Patch, Run};
use crate::space::VoxelBox;
use crate::volume::{Grid, Labels, TileId};
use std::collections::BTreeMap;
use std::sync::Arc;
use thiserror::Error;

/// The labels of one layer and everything about their becoming.
///
/// A gesture keeps the map as it was by sharing its tiles: the first write into a tile copies that tile alone.
#[derive(Clone, Debug)]
pub struct Recorder {
    labels: Labels,
    revision: u64,
    provenance: Provenance,
    gesture: Option<Gesture>,
    dirty: VoxelBox,
}

#[derive(Clone, Debug)]
struct Gesture {
    kind: CommitKind,
    name: String,
    /// The map before the first write.
    before: Option<Labels>,
    /// The part of each tile that was written to. Tiles come in the order of their numbers.
    touched: BTreeMap<TileId, VoxelBox>,
    /// The tile written to last, not yet among them: neighbours mostly share it.
    latest: Option<(TileId, VoxelBox)>,
}

impl Gesture {
    fn touch(&mut self, tile: TileId, voxel: [usize; 3]) {
        match &mut self.latest {
            Some((latest, bounds)) if *latest == tile => bounds.include(voxel),
            _ => {
                self.settle();
                self.latest = Some((tile, VoxelBox { lo: voxel, hi: voxel.map(|c| c + 1) }));
            }
        }
    }

    /// Puts the latest tile among the touched ones.
    fn settle(&mut self) {
        if let Some((tile, bounds)) = self.latest.take() {
            let touched = self.touched.entry(tile).or_insert(VoxelBox::EMPTY);
            *touched = touched.union(&bounds);
        }
    }
}

/// A gesture that changed something.
#[derive(Clone, Debug, PartialEq)]
pub struct Committed {
    /// How.
    pub kind: CommitKind,
    /// Name for the history.
    pub name: String,
    /// Which voxels.
    pub patch: Arc<Patch>,
    /// The provenance that undo must restore.
    pub kinds_before: KindRuns,
}

/// Provenance of the voxels of one patch, in the patch's order, run-length coded; mostly one or two runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KindRuns(Vec<(u32, u8)>);

/// Why a gesture cannot begin.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum GestureError {
    /// Another gesture has neither been committed nor cancelled.
    #[error("\"{0}\" is still under way; finish or cancel it first")]
    Open(String),
}

/// Why a recorded change cannot be applied. Nothing was changed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ApplyError {
    /// A gesture is open.
    #[error("\"{0}\" is still under way; finish or cancel it first")]
    GestureOpen(String),
    /// A run leaves the grid.
    #[error("a recorded change lies outside the image")]
    Outside,
    /// A voxel does not bear the label that the record says.
    #[error("a recorded change does not fit the labels: voxel {voxel:?} has label {found}, the record says {expected}")]
    Mismatch {
        /// The voxel.
        voxel: [usize; 3],
        /// Label in the map.
        found: u8,
        /// Label in the record.
        expected: u8,
    },
    /// The provenance handed over belongs to another patch.
    #[error("a recorded change and its provenance do not belong together")]
    Provenance,
}

impl Recorder {
    /// Background everywhere, revision 0.
    #[must_use]
    pub fn new(grid: Arc<Grid>) -> Self {
        Self { provenance: Provenance::new(grid.clone()), labels: Labels::empty(grid), revision: 0, gesture: None, dirty: VoxelBox::EMPTY }
    }

    /// The labels as they are now, an open gesture included.
    #[must_use]
    pub const fn labels(&self) -> &Labels {
        &self.labels
    }

    /// Grows by one with every commit, undo, redo and replayed change.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// Kind of the last commit still in force that changed a voxel; `None` where none did, or outside the grid.
    #[must_use]
    pub fn provenance(&self, voxel: [usize; 3]) -> Option<&CommitKind> {
        let inside = self.labels.grid().bounds().contains(voxel);
        inside.then(|| self.provenance.kind(self.provenance.codes.get(voxel))).flatten()
    }

    /// The same for all voxels: a number per voxel (0 = never changed) and the kinds that 1, 2, … stand for.
    #[must_use]
    pub fn provenance_map(&self) -> (&Labels, &[CommitKind]) {
        (&self.provenance.codes, &self.provenance.kinds)
    }

    /// Name of the open gesture.
    #[must_use]
    pub fn gesture(&self) -> Option<&str> {
        self.gesture.as_ref().map(|g| g.name.as_str())
    }

    /// Begins a gesture.
    ///
    /// # Errors
    /// If one is open.
    pub fn begin(&mut self, kind: CommitKind, name: String) -> Result<(), GestureError> {
        if let Some(open) = &self.gesture {
            return Err(GestureError::Open(open.name.clone()));
        }
        self.gesture = Some(Gesture { kind, name, before: None, touched: BTreeMap::new(), latest: None });
        Ok(())
    }

    /// Writes a voxel within the open gesture. Without a gesture, or outside the grid, nothing happens.
    pub fn write(&mut self, voxel: [usize; 3], label: u8) {
        let Some(gesture) = &mut self.gesture else { return };
        if !self.labels.grid().bounds().contains(voxel) || self.labels.get(voxel) == label {
            return;
        }
        gesture.before.get_or_insert_with(|| self.labels.clone());
        gesture.touch(self.labels.tile_of(voxel), voxel);
        self.labels.set(voxel, label);
        self.dirty.include(voxel);
    }

    /// Ends the gesture; `None` where it changed nothing (then no revision is counted) or none was open.
    pub fn commit(&mut self) -> Option<Committed> {
        let mut gesture = self.gesture.take()?;
        gesture.settle();
        let before = gesture.before?;
        let patch = difference(&before, &self.labels, &gesture.touched);
        if patch.is_empty() {
            self.labels = before;
            return None;
        }
        let code = self.provenance.code(&gesture.kind);
        let kinds_before = self.provenance.mark(&patch, code);
        self.revision += 1;
        Some(Committed { kind: gesture.kind, name: gesture.name, patch: Arc::new(patch), kinds_before })
    }

    /// Ends the gesture and puts back the labels from before it.
    pub fn cancel(&mut self) {
        let Some(mut gesture) = self.gesture.take() else { return };
        gesture.settle();
        if let Some(before) = gesture.before {
            self.labels = before;
        }
        for bounds in gesture.touched.values() {
            self.dirty = self.dirty.union(bounds);
        }
    }

    /// Does a recorded change again (replay, redo); gives the provenance that taking it back must restore.
    ///
    /// # Errors
    /// If a gesture is open or a voxel does not bear its `before` label; then nothing was changed.
    pub fn apply(&mut self, patch: &Patch, kind: &CommitKind) -> Result<KindRuns, ApplyError> {
        self.check(patch, |run| run.before)?;
        let code = self.provenance.code(kind);
        let kinds_before = self.provenance.mark(patch, code);
        self.overwrite(patch, |run| run.after);
        Ok(kinds_before)
    }

    /// Takes a change back (undo) and restores the provenance from before it.
    ///
    /// # Errors
    /// If a gesture is open, a voxel does not bear its `after` label, or `kinds_before` belongs to another patch;
    /// then nothing was changed.
    pub fn take_back(&mut self, patch: &Patch, kinds_before: &KindRuns) -> Result<(), ApplyError> {
        self.check_take_back(patch, kinds_before)?;
        self.provenance.restore(patch, kinds_before);
        self.overwrite(patch, |run| run.before);
        Ok(())
    }

    /// Whether [`Recorder::take_back`] would succeed.
    ///
    /// # Errors
    /// As [`Recorder::take_back`].
    pub fn check_take_back(&self, patch: &Patch, kinds_before: &KindRuns) -> Result<(), ApplyError> {
        if kinds_before.len() != patch.voxel_count() as u64 {
            return Err(ApplyError::Provenance);
        }
        self.check(patch, |run| run.after)
    }

    /// Whether [`Recorder::apply`] would succeed.
    ///
    /// # Errors
    /// As [`Recorder::apply`].
    pub fn check_apply(&self, patch: &Patch) -> Result<(), ApplyError> {
        self.check(patch, |run| run.before)
    }

    /// The box of all voxels written since the last call, for the display.
    pub const fn take_dirty(&mut self) -> VoxelBox {
        std::mem::replace(&mut self.dirty, VoxelBox::EMPTY)
    }

    fn check(&self, patch: &Patch, expected: impl Fn(&Run) -> u8) -> Result<(), ApplyError> {
        if let Some(open) = &self.gesture {
            return Err(ApplyError::GestureOpen(open.name.clone()));
        }
        let grid = self.labels.grid();
        // Runs are in order, so the last one reaches furthest.
        if patch.runs().last().is_some_and(|r| r.at as usize + r.length as usize > grid.voxel_count()) {
            return Err(ApplyError::Outside);
        }
        for run in patch.runs() {
            let expected = expected(run);
            for voxel in voxels_of(grid, run) {
                let found = self.labels.get(voxel);
                if found != expected {
                    return Err(ApplyError::Mismatch { voxel, found, expected });
                }
            }
        }
        Ok(())
    }

    fn overwrite(&mut self, patch: &Patch, label: impl Fn(&Run) -> u8) {
        if patch.is_empty() {
            return;
        }
        let grid = self.labels.grid().clone();
        for run in patch.runs() {
            let label = label(run);
            for voxel in voxels_of(&grid, run) {
                self.labels.set(voxel, label);
            }
        }
        self.dirty = self.dirty.union(&patch.bounds(&grid));
        self.revision += 1;
    }
}

impl KindRuns {
    fn push(&mut self, code: u8) {
        match self.0.last_mut() {
            Some((count, last)) if *last == code && *count < u32::MAX => *count += 1,
            _ => self.0.push((1, code)),
        }
    }

    pub(super) fn len(&self) -> u64 {
        self.0.iter().map(|r| u64::from(r.0)).sum()
    }
}

/// One code per voxel, in tiles: 0 = never changed, n = `kinds[n - 1]`.
#[derive(Clone, Debug)]
struct Provenance {
    codes: Labels,
    kinds: Vec<CommitKind>,
}

/// Stands for model versions beyond the number that codes of one byte can tell apart.
pub(super) const FURTHER_MODEL: &str = "one of more than 240 model versions, see the journal";

impl Provenance {
    fn new(grid: Arc<Grid>) -> Self {
        use CommitKind::{Accepted, Adopted, Consensus, Copied, Filled, Hand, Imported, Interpolated, Threshold};
        let kinds = vec![
            Hand,
            Threshold,
            Filled,
            Interpolated,
            Copied,
            Consensus,
            Imported,
            Adopted(FURTHER_MODEL.to_owned()),
            Accepted(FURTHER_MODEL.to_owned()),
        ];
        Self { codes: Labels::empty(grid), kinds }
    }

    fn kind(&self, code: u8) -> Option<&CommitKind> {
        self.kinds.get(usize::from(code).checked_sub(1)?)
    }

    fn code(&mut self, kind: &CommitKind) -> u8 {
        let known = |kinds: &[CommitKind], wanted: &CommitKind| kinds.iter().position(|k| k == wanted);
        let position = known(&self.kinds, kind).unwrap_or_else(|| {
            if self.kinds.len() < usize::from(u8::MAX) {
                self.kinds.push(kind.clone());
                return self.kinds.len() - 1;
            }
            let accepted = matches!(kind, CommitKind::Accepted(_));
            let shared = FURTHER_MODEL.to_owned();
            let shared = if accepted { CommitKind::Accepted(shared) } else { CommitKind::Adopted(shared) };
            known(&self.kinds, &shared).unwrap_or(0)
        });
        (position + 1) as u8
    }

    fn mark(&mut self, patch: &Patch, code: u8) -> KindRuns {
        let grid = self.codes.grid().clone();
        let mut before = KindRuns::default();
        for run in patch.runs() {
            for voxel in voxels_of(&grid, run) {
                before.push(self.codes.get(voxel));
                self.codes.set(voxel, code);
            }
        }
        before
    }

    fn restore(&mut self, patch: &Patch, before: &KindRuns) {
        let grid = self.codes.grid().clone();
        let codes = before.0.iter().flat_map(|&(count, code)| std::iter::repeat_n(code, count as usize));
        for (voxel, code) in patch.runs().iter().flat_map(|run| voxels_of(&grid, run)).zip(codes) {
            self.codes.set(voxel, code);
        }
    }
}
