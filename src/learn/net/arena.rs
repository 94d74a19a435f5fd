//! Buffers that are used again: asking the system for large ones at each step would cost more than filling them.

use std::collections::HashMap;

/// Free buffers by length.
#[derive(Debug, Default)]
pub struct Arena<T>(HashMap<usize, Vec<Vec<T>>>);

impl<T: Clone + Default> Arena<T> {
    /// A buffer of `length` values that hold anything; the caller writes all of them.
    pub fn take(&mut self, length: usize) -> Vec<T> {
        self.0.get_mut(&length).and_then(Vec::pop).unwrap_or_else(|| vec![T::default(); length])
    }

    /// Hands a buffer back.
    pub fn give(&mut self, buffer: Vec<T>) {
        if !buffer.is_empty() {
            self.0.entry(buffer.len()).or_default().push(buffer);
        }
    }

    /// Frees everything: sizes are about to change.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}
