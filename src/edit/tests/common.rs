//! A small read, how it looks, and its journal done again.

use crate::edit::tools::Square;
use crate::edit::{CommitKind, Outline, Patch, ReadLayers, ReplayError, Row, RowAction};
use crate::space::{Affine, SlicePlane, Spacing};
use crate::volume::{Grid, LayerKind};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub const SHAPE: [usize; 3] = [37, 21, 18];

pub fn read(budget_bytes: usize) -> ReadLayers {
    let grid = Grid::new(SHAPE, Affine::from_spacing(Spacing::UNIT)).unwrap();
    ReadLayers::new(Arc::new(grid), 2).with_budget_bytes(budget_bytes)
}

pub fn plane() -> SlicePlane {
    SlicePlane::as_stored(SHAPE)
}

/// Everything that a reader can see of a read.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    pub labels: [Vec<u8>; 3],
    pub kinds: [Vec<Option<CommitKind>>; 3],
    pub done: [BTreeSet<usize>; 3],
    pub outlines: BTreeMap<u32, Outline>,
    pub squares: Vec<Square>,
}

pub fn look(read: &ReadLayers) -> Look {
    let grid = read.grid();
    let kinds = |layer| (0..grid.voxel_count()).map(|n| read.provenance(layer, grid.voxel(n))).collect();
    Look {
        labels: LayerKind::ALL.map(|layer| read.labels(layer).to_dense()),
        kinds: LayerKind::ALL.map(kinds),
        done: LayerKind::ALL.map(|layer| read.done_slices(layer).into_iter().collect()),
        outlines: read.outlines().map(|o| (o.id, o.clone())).collect(),
        squares: read.squares().copied().collect(),
    }
}

pub fn entries(read: &ReadLayers) -> Vec<(u64, String, bool)> {
    read.history().entries().map(|e| (e.row, e.name.to_owned(), e.undone)).collect()
}

pub fn patch_of(rows: &[Row], number: u64) -> Arc<Patch> {
    match &rows.iter().find(|r| r.n == number).unwrap().action {
        RowAction::Paint { patch, .. } | RowAction::Outline { patch, .. } => Arc::clone(patch),
        other => panic!("row {number} has no patch: {other:?}"),
    }
}

pub fn replay(rows: &[Row], budget_bytes: usize) -> ReadLayers {
    let mut read = read(budget_bytes);
    for row in rows {
        let mut outcome = read.replay(row.clone());
        if let Err(ReplayError::NeedsPatch { needed, .. }) = outcome {
            read.provide_patch(needed, patch_of(rows, needed)).unwrap();
            outcome = read.replay(row.clone());
        }
        outcome.unwrap();
    }
    read
}
