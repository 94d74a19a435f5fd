//! Large buffers: asked of the system before they are used, so that a machine without memory is told of, not ended by.

use thiserror::Error;

/// The system has no memory for a buffer.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the system has no memory left for another {mb} MB; close other programs and try again")]
pub struct NoMemory {
    /// Its size.
    pub mb: usize,
}

impl NoMemory {
    const fn of(bytes: usize) -> Self {
        Self { mb: bytes.div_ceil(1 << 20) }
    }
}

/// An empty list with room for `length` elements.
///
/// # Errors
/// If there is no memory for them.
pub fn with_room<T>(length: usize) -> Result<Vec<T>, NoMemory> {
    let mut list = Vec::new();
    match list.try_reserve_exact(length) {
        Ok(()) => Ok(list),
        Err(_) => Err(NoMemory::of(length.saturating_mul(size_of::<T>()))),
    }
}

/// Whether so much could be had now, for buffers that are made elsewhere or must stay untouched until they are written.
///
/// # Errors
/// If there is no memory for them.
pub fn require_room(bytes: usize) -> Result<(), NoMemory> {
    // Else the compiler leaves out a buffer that nobody looks at.
    std::hint::black_box(with_room::<u8>(bytes)?.as_ptr());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_machine_has_is_refused_in_words() {
        assert!(with_room::<f32>(100).unwrap().capacity() >= 100);
        assert_eq!(require_room(1 << 20), Ok(()));
        let why = require_room(isize::MAX as usize).unwrap_err().to_string();
        assert!(why.contains("no memory left for another") && why.contains("close other programs"), "{why}");
        assert!(with_room::<f64>(usize::MAX).is_err());
    }
}
