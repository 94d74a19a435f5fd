//! How many pixels an activation has.

/// Samples, rows and columns of an activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Samples.
    pub batch: usize,
    /// Rows of a sample.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
}

impl Extent {
    /// Pixels of all samples.
    #[must_use]
    pub const fn pixels(&self) -> usize {
        self.batch * self.height * self.width
    }

    /// Pixels of one sample.
    #[must_use]
    pub const fn plane(&self) -> usize {
        self.height * self.width
    }
}
