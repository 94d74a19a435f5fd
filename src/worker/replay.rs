//! The layers of a read as its journal tells them, with the origin of every voxel.

use crate::edit::{ReadLayers, ReplayError, Row, RowAction};
use crate::study::{JournalRow, ReadError, ReadHeader, ReadView};
use std::sync::Arc;

/// Every row replayed from the first; `visit` sees each row before it is.
///
/// # Errors
/// One sentence that names the file, if rows cannot be read or do not fit one another.
pub(super) fn replayed(header: &ReadHeader, view: &ReadView, visit: impl FnMut(&JournalRow)) -> Result<ReadLayers, String> {
    replay_onto(ReadLayers::new(Arc::new(header.grid.clone()), header.slice_axis), view, visit)
}

fn replay_onto(mut layers: ReadLayers, view: &ReadView, mut visit: impl FnMut(&JournalRow)) -> Result<ReadLayers, String> {
    let mut broken = None;
    view.for_each_row(1, |entry| {
        visit(&entry);
        if broken.is_none() {
            broken = replay(&mut layers, view, entry.row)?.err();
        }
        Ok(())
    })
    .map_err(|e| e.to_string())?;
    match broken {
        Some(problem) => Err(format!("{}: {problem}; restore this read from a copy", view.path().display())),
        None => Ok(layers),
    }
}

/// One row. What an old step changed has left memory by the time it is taken back: it comes from the journal again, as it did when the
/// reader took it back.
fn replay(layers: &mut ReadLayers, view: &ReadView, row: Row) -> Result<Result<(), ReplayError>, ReadError> {
    let again = matches!(row.action, RowAction::Undo { .. } | RowAction::Redo { .. }).then(|| row.clone());
    match (layers.replay(row), again) {
        (Err(ReplayError::NeedsPatch { needed, .. }), Some(row)) => {
            let patch = view.patch(needed)?;
            let provided = layers.provide_patch(needed, patch).map_err(|source| ReplayError::Patch { row: row.n, source });
            Ok(provided.and_then(|()| layers.replay(row)))
        }
        (done, _) => Ok(done),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::{CommitKind, Patch};
    use crate::volume::LayerKind;
    use crate::worker::journal::tests::new_read;

    /// A read could not be opened any more once steps had been taken back whose voxels had left memory meanwhile, though the file was
    /// whole.
    #[test]
    fn steps_that_left_memory_are_taken_back_from_the_journal() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = new_read(folder.path());
        let header = file.header().clone();
        let paint = |n: u64| RowAction::Paint {
            layer: LayerKind::Marrow,
            kind: CommitKind::Hand,
            patch: Arc::new(Patch::from_changes([(n as u32, 0, 1)])),
        };
        let strokes = (1..=6).map(paint);
        let undone = (1..=6).rev().map(|row| RowAction::Undo { row });
        let again = (1..=3).map(|row| RowAction::Redo { row });
        for (n, action) in (1..).zip(strokes.chain(undone).chain(again)) {
            let row = Row { n, name: String::new(), action };
            file.append(&JournalRow { row, time: "2026-11-22T10:00:00Z".to_owned(), reader: "R1".to_owned(), window: None }).unwrap();
        }
        drop(file);
        let view = ReadView::open(&folder.path().join("1.sqlite")).unwrap();
        // So much memory as one step takes, none at all, and as usual.
        for budget in [0, 64, 1 << 20] {
            let layers = ReadLayers::new(Arc::new(header.grid.clone()), 2).with_budget_bytes(budget);
            let layers = replay_onto(layers, &view, |_| {}).unwrap();
            let mut labelled = Vec::new();
            layers.labels(LayerKind::Marrow).for_each_labelled(|voxel, _| labelled.push(voxel));
            assert_eq!(labelled, [[1, 0, 0], [2, 0, 0], [3, 0, 0]], "{budget}");
        }
    }
}
