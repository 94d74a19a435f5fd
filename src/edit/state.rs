//! What undo and redo act on: the layers, the slices marked done and the outlines.

use super::history::{Change, Step};
use super::tools::Square;
use super::{ApplyError, CommitKind, Patch, Recorder, ReferencePlace};
use crate::volume::{Grid, LayerKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A closed bone outline, kept as a curve beside the mask it filled.
#[derive(Clone, Debug, PartialEq)]
pub struct Outline {
    /// Its number, unique within the read.
    pub id: u32,
    /// Label of the bone layer.
    pub label: u8,
    /// Slice number from 0.
    pub slice: usize,
    /// Corners as in-plane pixel positions (u, v) of the acquisition plane; pixel centres are whole numbers.
    pub points: Vec<[f32; 2]>,
}

#[derive(Clone, Debug)]
pub(super) struct State {
    pub grid: Arc<Grid>,
    pub slice_axis: usize,
    layers: [Recorder; 3],
    done: [BTreeSet<usize>; 3],
    pub outlines: BTreeMap<u32, Outline>,
    pub reference: Option<ReferencePlace>,
    /// By bone.
    pub squares: BTreeMap<u8, Square>,
}

impl State {
    pub fn new(grid: Arc<Grid>, slice_axis: usize) -> Self {
        Self {
            layers: std::array::from_fn(|_| Recorder::new(grid.clone())),
            grid,
            slice_axis: slice_axis.min(2),
            done: std::array::from_fn(|_| BTreeSet::new()),
            outlines: BTreeMap::new(),
            reference: None,
            squares: BTreeMap::new(),
        }
    }

    pub const fn layer(&self, layer: LayerKind) -> &Recorder {
        &self.layers[layer.number()]
    }

    pub const fn layer_mut(&mut self, layer: LayerKind) -> &mut Recorder {
        &mut self.layers[layer.number()]
    }

    pub const fn done(&self, layer: LayerKind) -> &BTreeSet<usize> {
        &self.done[layer.number()]
    }

    const fn done_mut(&mut self, layer: LayerKind) -> &mut BTreeSet<usize> {
        &mut self.done[layer.number()]
    }

    pub fn slice_count(&self) -> usize {
        self.grid.shape()[self.slice_axis]
    }

    pub fn set_outline(&mut self, id: u32, outline: Option<Outline>) {
        match outline {
            Some(outline) => self.outlines.insert(id, outline),
            None => self.outlines.remove(&id),
        };
    }

    pub fn set_square(&mut self, bone: u8, square: Option<Square>) {
        match square {
            Some(square) => self.squares.insert(bone, square),
            None => self.squares.remove(&bone),
        };
    }

    pub fn set_done(&mut self, layer: LayerKind, slice: usize, done: bool) {
        let slices = self.done_mut(layer);
        if done {
            slices.insert(slice)
        } else {
            slices.remove(&slice)
        };
    }

    /// Whether `patch` can be what `step` changed, as labels and provenance stand now.
    pub fn check(&self, step: &Step, patch: &Patch, back: bool) -> Result<(), ApplyError> {
        let kinds_before = match &step.change {
            Change::Done { .. } | Change::Reference { .. } | Change::Square { .. } => return Ok(()),
            Change::Paint { kinds_before, .. } | Change::Outline { kinds_before, .. } => kinds_before,
        };
        let recorder = self.layer(step.layer);
        if back {
            return recorder.check_take_back(patch, kinds_before);
        }
        if patch.voxel_count() as u64 != kinds_before.len() {
            return Err(ApplyError::Provenance);
        }
        recorder.check_apply(patch)
    }

    /// Takes a step back; on an error nothing has changed.
    pub fn take_back(&mut self, step: &Step, patch: &Patch) -> Result<(), ApplyError> {
        match &step.change {
            Change::Done { slice, done } => self.set_done(step.layer, *slice, !done),
            Change::Reference { former, .. } => self.reference = *former,
            Change::Square { bone, former, .. } => self.set_square(*bone, *former),
            Change::Paint { kinds_before, .. } => self.layer_mut(step.layer).take_back(patch, kinds_before)?,
            Change::Outline { id, former, kinds_before, .. } => {
                self.layer_mut(step.layer).take_back(patch, kinds_before)?;
                self.set_outline(*id, former.clone());
            }
        }
        Ok(())
    }

    /// Does a step again; on an error nothing has changed.
    pub fn do_again(&mut self, step: &Step, patch: &Patch) -> Result<(), ApplyError> {
        match &step.change {
            Change::Done { slice, done } => self.set_done(step.layer, *slice, *done),
            Change::Reference { now, .. } => self.reference = *now,
            Change::Square { bone, now, .. } => self.set_square(*bone, *now),
            Change::Paint { kind, .. } => self.layer_mut(step.layer).apply(patch, kind).map(drop)?,
            Change::Outline { id, now, .. } => {
                self.layer_mut(step.layer).apply(patch, &CommitKind::Filled)?;
                self.set_outline(*id, now.clone());
            }
        }
        Ok(())
    }
}
