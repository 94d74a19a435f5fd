//! What a read's rows add up to: labels and slices done.

use super::chain::{Hash, hex};
use super::error::ReadError;
use super::view::ReadView;
use crate::edit::tools::Square;
use crate::edit::{Patch, RowAction};
use crate::volume::{Grid, Labels, LayerKind};
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use rusqlite::OptionalExtension as _;
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
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
            labels.for_each_row(|row| sum.update(row));
        }
        hex(&sum.finalize())
    }

    /// Number of slices done in a layer.
    #[must_use]
    pub fn done_count(&self, layer: LayerKind) -> usize {
        self.done.iter().filter(|(l, _)| *l == layer).count()
    }
}

impl ReadView {
    /// Labels and slices done after the last row: from the last snapshot on, or all rows where there is none.
    ///
    /// # Errors
    /// If rows cannot be read or do not fit one another.
    pub fn state(&self) -> Result<ReadState, ReadError> {
        let (n, mut state) = match self.snapshot()? {
            Some(found) => found,
            None => (0, ReadState::empty(&Arc::new(self.header.grid.clone()))),
        };
        self.for_each_row(n + 1, |entry| {
            let n = entry.row.n;
            let fits = match entry.row.action {
                RowAction::Undo { row } => state.apply(&self.row(row)?.row.action, true),
                RowAction::Redo { row } => state.apply(&self.row(row)?.row.action, false),
                action => state.apply(&action, false),
            };
            if fits { Ok(()) } else { Err(ReadError::damaged(&self.path, format!("row {n} does not fit the rows before it"))) }
        })?;
        Ok(state)
    }

    /// Seconds that the reader spent on the exam, pauses left out, as far as the journal tells.
    ///
    /// # Errors
    /// If rows cannot be read.
    pub fn active_seconds(&self) -> Result<u64, ReadError> {
        let mut seconds = 0_u64;
        self.for_each_note(|entry| {
            seconds = seconds.saturating_add(entry.row.logged_seconds());
            Ok(())
        })?;
        Ok(seconds)
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
        // Undo and redo name their rows: strokes among those are unpacked, as few as there are.
        self.for_each_note(|entry| {
            match entry.row.action {
                RowAction::Undo { row } => set(&self.row(row)?.row.action, true),
                RowAction::Redo { row } => set(&self.row(row)?.row.action, false),
                action => set(&action, false),
            }
            Ok(())
        })?;
        Ok(squares.into_values().collect())
    }

    /// The newest snapshot that is whole and belongs to this chain; one that is not is passed over, for it is only a shortcut.
    fn snapshot(&self) -> Result<Option<(u64, ReadState)>, ReadError> {
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
            let state = if sum == whole { ReadState::unpack(&content, &Arc::new(self.header.grid.clone())) } else { None };
            if let (Ok(n), Some(state)) = (u64::try_from(n), state) {
                return Ok(Some((n, state)));
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

impl ReadState {
    fn empty(grid: &Arc<Grid>) -> Self {
        let nothing = Labels::empty(Arc::clone(grid));
        Self { marrow: nothing.clone(), bone: nothing.clone(), exclusion: nothing, done: BTreeSet::new() }
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
        let labels = match layer {
            LayerKind::Marrow => &mut self.marrow,
            LayerKind::Bone => &mut self.bone,
            LayerKind::Exclusion => &mut self.exclusion,
        };
        let grid = Arc::clone(labels.grid());
        patch.runs().iter().all(|run| {
            let (before, after) = if back { (run.after, run.before) } else { (run.before, run.after) };
            let voxels = run.at as usize..run.at as usize + run.length as usize;
            voxels.end <= grid.voxel_count()
                && voxels.map(|index| grid.voxel(index)).all(|voxel| {
                    let fits = labels.get(voxel) == before;
                    labels.set(voxel, after);
                    fits
                })
        })
    }

    /// The bytes of a snapshot, deflated: marrow and bone one after the other, then per slice done its layer (one byte) and
    /// number (four, little end first), then, where anything is excluded, [`EXCLUSION_FOLLOWS`] and the exclusion layer (older
    /// files have none). Layers are packed row by row: a snapshot is made while somebody paints and must not take a volume's memory.
    pub(super) fn pack(&self) -> std::io::Result<Vec<u8>> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        self.marrow.write_to(&mut encoder)?;
        self.bone.write_to(&mut encoder)?;
        for (layer, slice) in &self.done {
            encoder.write_all(&[*layer as u8])?;
            encoder.write_all(&slice.to_le_bytes())?;
        }
        if !self.exclusion.is_blank() {
            encoder.write_all(&[EXCLUSION_FOLLOWS])?;
            self.exclusion.write_to(&mut encoder)?;
        }
        encoder.finish()
    }

    /// What [`ReadState::pack`] made; `None` where the bytes are anything else.
    fn unpack(content: &[u8], grid: &Arc<Grid>) -> Option<Self> {
        // No study has more slices done than voxels: no honest snapshot is longer, however well it was deflated.
        let limit = grid.voxel_count().checked_mul(12)?.checked_add(1 << 16)?;
        let mut plain = DeflateDecoder::new(content).take(limit as u64);
        let marrow = Labels::read_from(Arc::clone(grid), &mut plain).ok()?;
        let bone = Labels::read_from(Arc::clone(grid), &mut plain).ok()?;
        let (mut exclusion, mut done) = (Labels::empty(Arc::clone(grid)), BTreeSet::new());
        let mut layer = [0];
        while plain.read(&mut layer).ok()? == 1 {
            if layer[0] == EXCLUSION_FOLLOWS {
                exclusion = Labels::read_from(Arc::clone(grid), &mut plain).ok()?;
                return (plain.read(&mut layer).ok()? == 0).then_some(Self { marrow, bone, exclusion, done });
            }
            let mut slice = [0; 4];
            plain.read_exact(&mut slice).ok()?;
            done.insert((*LayerKind::ALL.get(usize::from(layer[0]))?, u32::from_le_bytes(slice)));
        }
        Some(Self { marrow, bone, exclusion, done })
    }
}
