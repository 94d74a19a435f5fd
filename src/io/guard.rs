//! Keeps a panic inside a third-party decoder from ending the program or cluttering its messages.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::atomic::{AtomicUsize, Ordering};

thread_local! {
    static GUARDED_HERE: Cell<bool> = const { Cell::new(false) };
}
static GUARDED_ANYWHERE: AtomicUsize = AtomicUsize::new(0);

/// Crates whose own threads may panic while a decoder runs.
const DECODERS: [&str; 5] = ["jpeg-decoder", "openjp2", "jpeg2k", "zune-", "png-"];

/// Runs a decoder; `None` if it panicked.
pub(super) fn guarded<T>(work: impl FnOnce() -> T) -> Option<T> {
    let before = GUARDED_HERE.replace(true);
    GUARDED_ANYWHERE.fetch_add(1, Ordering::Relaxed);
    // What the closure borrows is dropped or overwritten by every caller when it fails.
    let outcome = catch_unwind(AssertUnwindSafe(work)).ok();
    GUARDED_ANYWHERE.fetch_sub(1, Ordering::Relaxed);
    GUARDED_HERE.set(before);
    outcome
}

/// Silences the message (not the handling) of panics that [`read_path`](super::read_path) catches inside decoders.
/// A library must not change the process-wide hook by itself: `main` calls this once.
pub fn hush_decoder_panics() {
    let previous = take_hook();
    set_hook(Box::new(move |info| {
        let in_decoder = info.location().is_some_and(|at| DECODERS.iter().any(|name| at.file().contains(name)))
            && GUARDED_ANYWHERE.load(Ordering::Relaxed) > 0;
        if !in_decoder && !GUARDED_HERE.get() {
            previous(info);
        }
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_none() {
        hush_decoder_panics();
        assert_eq!(guarded(|| 3), Some(3));
        let empty: Vec<u8> = Vec::new();
        assert_eq!(guarded(|| empty[std::hint::black_box(1)]), None);
    }
}
