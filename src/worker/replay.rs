//! The layers of a read as its journal tells them, with the origin of every voxel.

use crate::edit::ReadLayers;
use crate::study::{JournalRow, ReadHeader, ReadView};
use std::sync::Arc;

/// Every row replayed from the first; `visit` sees each row before it is.
///
/// # Errors
/// One sentence that names the file, if rows cannot be read or do not fit one another.
pub(super) fn replayed(header: &ReadHeader, view: &ReadView, mut visit: impl FnMut(&JournalRow)) -> Result<ReadLayers, String> {
    let mut layers = ReadLayers::new(Arc::new(header.grid.clone()), header.slice_axis);
    let mut broken = None;
    view.for_each_row(1, |entry| {
        visit(&entry);
        if broken.is_none() {
            broken = layers.replay(entry.row).err();
        }
        Ok(())
    })
    .map_err(|e| e.to_string())?;
    match broken {
        Some(problem) => Err(format!("{}: {problem}; restore this read from a copy", view.path().display())),
        None => Ok(layers),
    }
}
