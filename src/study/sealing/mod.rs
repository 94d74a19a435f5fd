//! Submitting reads: what is looked at before, the seal, and the audit trail of everything that happened.

mod audit;
mod check;
mod note_words;
mod seal;

pub(super) use audit::csv_cell;
pub use audit::{AuditEntry, AuditFilter, AuditJournal, AuditReport};
pub use check::{SealSubject, SealWarning, seal_warnings};
pub use seal::Seal;
