//! The thread pools: one for nets, one for what a person waits for, one for long work, so that none of them waits for another.
//!
//! A pool works off what is handed to it in order, and a pool of one thread one thing at a time: a report of minutes in the pool of
//! the nets would keep a training from its next step, and so from its pause and cancel. Threads without work sleep. All pools have
//! the same number of threads: what a model proposes must not depend on where it was asked.

use rayon::{ThreadPool, ThreadPoolBuilder};
use std::sync::Arc;

/// All pools of the program.
pub(super) struct Pools {
    /// Nets that learn and propose, handed over step by step and pass by pass.
    pub nets: Arc<ThreadPool>,
    /// Reading and preparing images that somebody waits for.
    pub reading: ThreadPool,
    /// Reports, exports, imports, comparisons: whole.
    pub jobs: ThreadPool,
}

impl Pools {
    /// # Errors
    /// One sentence, if the system starts no threads.
    pub fn start(threads: usize) -> Result<Self, String> {
        let pool = |name: &'static str| {
            let builder = ThreadPoolBuilder::new().num_threads(threads.max(1)).thread_name(move |n| format!("osteon-{name}-{n}"));
            builder.build().map_err(|error| format!("The system started no worker threads ({error}): close other programs and try again."))
        };
        Ok(Self { nets: Arc::new(pool("pool")?), reading: pool("reading")?, jobs: pool("jobs")? })
    }
}
