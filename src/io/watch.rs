//! How a long read tells its progress and learns that it is no longer wanted.

use super::IoError;

/// Callbacks of the caller, shared by all threads of one read.
pub struct Watch<'a> {
    report: &'a (dyn Fn(usize, usize) + Sync),
    cancelled: &'a (dyn Fn() -> bool + Sync),
}

impl Watch<'static> {
    /// Nobody listens and nobody cancels.
    #[must_use]
    pub fn quiet() -> Self {
        Self { report: &|_, _| (), cancelled: &|| false }
    }
}

impl<'a> Watch<'a> {
    /// `report` gets (done, total) in any order; `cancelled` is asked between files.
    #[must_use]
    pub fn new(report: &'a (dyn Fn(usize, usize) + Sync), cancelled: &'a (dyn Fn() -> bool + Sync)) -> Self {
        Self { report, cancelled }
    }

    /// Tells how much is done.
    pub fn report(&self, done: usize, total: usize) {
        (self.report)(done, total);
    }

    /// Whether the read is no longer wanted.
    #[must_use]
    pub fn cancelled(&self) -> bool {
        (self.cancelled)()
    }

    pub(super) fn check(&self) -> Result<(), IoError> {
        if (self.cancelled)() { Err(IoError::Cancelled) } else { Ok(()) }
    }
}
