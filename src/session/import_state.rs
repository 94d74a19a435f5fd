//! The import that a person looks at before it happens.

use crate::study::ImportTable;
use crate::worker::message::{ImportPreview, ImportSource};

/// What is on the import page.
#[derive(Clone, Debug)]
pub struct ImportState {
    pub(super) source: ImportSource,
    pub(super) table: ImportTable,
    pub(super) shown: [usize; 2],
    pub(super) slice: Option<usize>,
    pub(super) preview: Option<ImportPreview>,
}

impl ImportState {
    /// Where from and where to.
    #[must_use]
    pub const fn source(&self) -> &ImportSource {
        &self.source
    }

    /// What would be imported, as corrected so far.
    #[must_use]
    pub const fn table(&self) -> &ImportTable {
        &self.table
    }

    /// The sequence on show.
    #[must_use]
    pub const fn shown(&self) -> [usize; 2] {
        self.shown
    }

    /// Its picture, once it is made.
    #[must_use]
    pub fn preview(&self) -> Option<&ImportPreview> {
        self.preview.as_ref().filter(|p| p.at == self.shown)
    }

    /// Sequences that are chosen.
    #[must_use]
    pub fn chosen(&self) -> usize {
        self.table.sequences().filter(|(_, s)| s.chosen).count()
    }

    /// Chosen sequences that somebody must still look at.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.table.waiting().count()
    }

    /// Whether the import may happen.
    #[must_use]
    pub fn may_go(&self) -> bool {
        self.chosen() > 0 && self.waiting() == 0
    }
}
