//! What a read's rows add up to: labels and slices done.

use super::chain::{Hash, hex};
use super::error::ReadError;
use super::row::{deflated, inflated};
use super::view::ReadView;
use crate::edit::tools::Square;
use crate::edit::{Patch, RowAction};
use crate::volume::{Labels, LayerKind};
use rusqlite::OptionalExtension as _;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Rows between two snapshots.
pub(super) const SNAPSHOT_EVERY: u64 = 200;

/// Stands before the exclusion layer in a snapshot; no layer has this number.
const EXCLUSION_FOLLOWS: u8 = 255;

/// Labels and slices done after the last row of a read: for status, comparison and consensus. Editing replays the rows itself.
#[derive(Clone, Debug)]
pub struct ReadState {
    /// The marrow layer.
    pub marrow: Labels,
    /// The bone layer.
    pub bone: Labels,
    /// Physis and vessels: where no marrow is painted.
    pub exclusion: Labels,
    /// Slices marked done, per layer, from 0 along the read's slice axis.
    pub done: BTreeSet<(LayerKind, u32)>,
}

impl ReadState {
    /// The labels of a layer.
    #[must_use]
    pub const fn labels(&self, layer: LayerKind) -> &Labels {
        match layer {
            LayerKind::Marrow => &self.marrow,
            LayerKind::Bone => &self.bone,
            LayerKind::Exclusion => &self.exclusion,
        }
    }

    /// SHA-256 over the labels of every layer, hexadecimal: shape, then one byte per voxel, i fastest, layer by layer.
    #[must_use]
    pub fn layers_sha256(&self) -> String {
        let mut sum = Sha256::new();
        sum.update(b"osteon layers 1\n");
        for layer in LayerKind::ALL {
            let labels = self.labels(layer);
            sum.update(layer.word().as_bytes());
            labels.grid().shape().iter().for_each(|n| sum.update((*n as u64).to_le_bytes()));
            sum.update(labels.to_dense());
        }
        hex(&sum.finalize())
    }

    /// Number of slices done in a layer.
    #[must_use]
    pub fn done_count(&self, layer: LayerKind) -> usize {
        self.done.iter().filter(|(l, _)| *l == layer).count()
    }
}

/// The same while rows are being replayed: one byte per voxel and layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Dense {
    layers: [Vec<u8>; 3],
    done: BTreeSet<(LayerKind, u32)>,
}

impl ReadView {
    /// Labels and slices done after the last row: from the last snapshot on, or all rows where there is none.
    ///
    /// # Errors
    /// If rows cannot be read or do not fit one another.
    pub fn state(&self) -> Result<ReadState, ReadError> {
        let dense = self.replayed()?;
        let grid = Arc::new(self.header.grid.clone());
        let labels = |layer: LayerKind| {
            Labels::from_dense(Arc::clone(&grid), &dense.layers[layer as usize]).map_err(|e| ReadError::damaged(&self.path, e))
        };
        let (marrow, bone, exclusion) = (labels(LayerKind::Marrow)?, labels(LayerKind::Bone)?, labels(LayerKind::Exclusion)?);
        Ok(ReadState { marrow, bone, exclusion, done: dense.done })
    }

    /// The metaphysis squares in force after the last row.
    ///
    /// # Errors
    /// If rows cannot be read.
    pub fn squares(&self) -> Result<Vec<Square>, ReadError> {
        let mut squares = BTreeMap::new();
        let mut set = |action: &RowAction, back: bool| {
            if let RowAction::Square { bone, square, before } = action {
                match if back { before } else { square } {
                    Some(now) => squares.insert(*bone, **now),
                    None => squares.remove(bone),
                };
            }
        };
        self.for_each_row(1, |entry| {
            match entry.row.action {
                RowAction::Undo { row } => set(&self.row(row)?.row.action, true),
                RowAction::Redo { row } => set(&self.row(row)?.row.action, false),
                action => set(&action, false),
            }
            Ok(())
        })?;
        Ok(squares.into_values().collect())
    }

    fn replayed(&self) -> Result<Dense, ReadError> {
        let (n, mut dense) = match self.snapshot()? {
            Some(found) => found,
            None => (0, Dense::empty(self.header.grid.voxel_count())),
        };
        self.for_each_row(n + 1, |entry| {
            let n = entry.row.n;
            let fits = match entry.row.action {
                RowAction::Undo { row } => dense.apply(&self.row(row)?.row.action, true),
                RowAction::Redo { row } => dense.apply(&self.row(row)?.row.action, false),
                action => dense.apply(&action, false),
            };
            if fits { Ok(()) } else { Err(ReadError::damaged(&self.path, format!("row {n} does not fit the rows before it"))) }
        })?;
        Ok(dense)
    }

    /// The newest snapshot that is whole and belongs to this chain; one that is not is passed over, for it is only a shortcut.
    fn snapshot(&self) -> Result<Option<(u64, Dense)>, ReadError> {
        let reading = |e: rusqlite::Error| ReadError::reading(&self.path, &e);
        let mut statement = self
            .connection
            .prepare(
                "SELECT s.n, s.content, s.sha256 FROM snapshot s JOIN journal j ON j.n = s.n AND j.hash = s.row_hash ORDER BY s.n DESC",
            )
            .map_err(reading)?;
        let mut rows = statement.query([]).map_err(reading)?;
        while let Some(row) = rows.next().map_err(reading)? {
            let (n, content, sum): (i64, Vec<u8>, Vec<u8>) =
                (row.get(0).map_err(reading)?, row.get(1).map_err(reading)?, row.get(2).map_err(reading)?);
            let whole: Hash = Sha256::digest(&content).into();
            let dense = if sum == whole { Dense::unpack(&content, self.header.grid.voxel_count()) } else { None };
            if let (Ok(n), Some(dense)) = (u64::try_from(n), dense) {
                return Ok(Some((n, dense)));
            }
        }
        Ok(None)
    }

    /// Whether a whole snapshot is there, and of which row.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn snapshot_row(&self) -> Result<Option<u64>, ReadError> {
        let row = self.connection.query_row("SELECT n FROM snapshot ORDER BY n DESC LIMIT 1", [], |row| row.get::<_, i64>(0));
        let row = row.optional().map_err(|e| ReadError::reading(&self.path, &e))?;
        Ok(row.and_then(|n| u64::try_from(n).ok()))
    }
}

impl Dense {
    fn empty(voxel_count: usize) -> Self {
        Self { layers: std::array::from_fn(|_| vec![0; voxel_count]), done: BTreeSet::new() }
    }

    /// Does what a row did, or takes it back; `false` where voxels are not what the row found.
    fn apply(&mut self, action: &RowAction, back: bool) -> bool {
        match action {
            RowAction::Paint { layer, patch, .. } => self.write(*layer, patch, back),
            RowAction::Outline { patch, .. } => self.write(LayerKind::Bone, patch, back),
            RowAction::Done { layer, slice, done } => {
                if *done != back {
                    self.done.insert((*layer, *slice));
                } else {
                    self.done.remove(&(*layer, *slice));
                }
                true
            }
            RowAction::Reference { .. } | RowAction::Square { .. } | RowAction::Note { .. } => true,
            RowAction::Undo { .. } | RowAction::Redo { .. } => false,
        }
    }

    fn write(&mut self, layer: LayerKind, patch: &Patch, back: bool) -> bool {
        let voxels = &mut self.layers[layer as usize];
        patch.runs().iter().all(|run| {
            let (before, after) = if back { (run.after, run.before) } else { (run.before, run.after) };
            let at = run.at as usize;
            let Some(part) = voxels.get_mut(at..at + run.length as usize) else { return false };
            let fits = part.iter().all(|&v| v == before);
            part.fill(after);
            fits
        })
    }

    /// Marrow and bone one after the other, then per slice done its layer (one byte) and number (four, little end first), then,
    /// where anything is excluded, [`EXCLUSION_FOLLOWS`] and the exclusion layer: older files have none.
    fn unpack(content: &[u8], voxel_count: usize) -> Option<Self> {
        // No study has more slices done than voxels.
        let plain = inflated(content, voxel_count.checked_mul(12)?.checked_add(1 << 16)?)?;
        let (marrow, rest) = plain.split_at_checked(voxel_count)?;
        let (bone, rest) = rest.split_at_checked(voxel_count)?;
        let mut done = BTreeSet::new();
        let mut exclusion = vec![0; voxel_count];
        let mut rest = rest;
        while let Some((&layer, after)) = rest.split_first() {
            if layer == EXCLUSION_FOLLOWS {
                exclusion = after.to_vec();
                if exclusion.len() != voxel_count {
                    return None;
                }
                break;
            }
            let (slice, after) = after.split_at_checked(4)?;
            done.insert((*LayerKind::ALL.get(usize::from(layer))?, u32::from_le_bytes(slice.try_into().ok()?)));
            rest = after;
        }
        Some(Self { layers: [marrow.to_vec(), bone.to_vec(), exclusion], done })
    }
}

impl ReadState {
    /// The bytes of a snapshot, deflated.
    pub(super) fn pack(&self) -> std::io::Result<Vec<u8>> {
        let mut plain = self.marrow.to_dense();
        plain.extend(self.bone.to_dense());
        for (layer, slice) in &self.done {
            plain.push(*layer as u8);
            plain.extend(slice.to_le_bytes());
        }
        if !self.exclusion.labelled_box().is_empty() {
            plain.push(EXCLUSION_FOLLOWS);
            plain.extend(self.exclusion.to_dense());
        }
        deflated(&plain)
    }
}
