//! One reader's read of one exam: a journal in one SQLite file that is only ever appended to.

mod chain;
mod error;
mod file;
mod header;
mod lock;
mod place;
mod placed;
mod row;
mod schema;
mod state;
mod triage;
mod view;

pub(super) use chain::{file_sum, hex};
pub use error::ReadError;
pub use file::ReadFile;
pub use header::ReadHeader;
pub(super) use lock::WriteLock;
pub use lock::{LockOwner, Opener};
pub(super) use placed::Placed;
pub use row::JournalRow;
pub(super) use schema::set_up;
pub use state::ReadState;
pub use triage::{Triage, TriageVerdict};
pub use view::ReadView;
pub(super) use view::{beside, copy_of_one_moment};
