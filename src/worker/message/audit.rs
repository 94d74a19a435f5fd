//! The audit trail, as plain data.

use crate::study::{AuditEntry, AuditFilter, AuditJournal, ReaderCode};
use std::path::PathBuf;

/// What is asked of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRequest {
    /// The study.
    pub root: PathBuf,
    /// A reader sees their own journals only; `None` for the coordinator.
    pub own: Option<ReaderCode>,
    /// Whose entries are shown or written.
    pub chosen: AuditFilter,
    /// Write the chosen entries into this CSV file.
    pub export: Option<PathBuf>,
}

/// Who did what when.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuditShown {
    /// Whose entries these are.
    pub chosen: AuditFilter,
    /// Every journal that may be seen, and whether it is what was written.
    pub journals: Vec<AuditJournal>,
    /// The chosen entries journal by journal; of very many the last ones.
    pub entries: Vec<AuditEntry>,
    /// Entries chosen in all.
    pub matched: usize,
}

impl AuditShown {
    /// Most entries that are kept to be shown; a file holds all.
    pub const MOST: usize = 20_000;
}
