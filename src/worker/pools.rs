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
        let pool = |name: &'static str, behind: i32| {
            let builder = ThreadPoolBuilder::new().num_threads(threads.max(1)).thread_name(move |n| format!("osteon-{name}-{n}"));
            builder
                .start_handler(move |_| step_behind(behind))
                .build()
                .map_err(|error| format!("The system started no worker threads ({error}): close other programs and try again."))
        };
        Ok(Self { nets: Arc::new(pool("pool", 5)?), reading: pool("reading", 0)?, jobs: pool("jobs", 10)? })
    }
}

/// Lets the window, and what a person waits for, go first where there is work for more threads than cores: a training beside a report
/// has twice as many as one of them. `behind` is a niceness, 0 to 19. Linux alone has one for each thread; elsewhere each pool leaves a
/// core to the window, and no more.
fn step_behind(behind: i32) {
    #[cfg(target_os = "linux")]
    {
        // On Linux "this process" is the calling thread. One that cannot be slowed works as fast as it can.
        let now = rustix::process::getpriority_process(None).unwrap_or(0);
        if behind > now {
            let _ = rustix::process::setpriority_process(None, behind);
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = behind;
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn long_work_gives_way_and_what_a_person_waits_for_does_not() {
        let pools = Pools::start(2).unwrap();
        let niceness = |pool: &ThreadPool| pool.install(|| rustix::process::getpriority_process(None).unwrap());
        let here = rustix::process::getpriority_process(None).unwrap();
        assert_eq!([niceness(&pools.reading), niceness(&pools.nets), niceness(&pools.jobs)], [here, 5.max(here), 10.max(here)]);
    }
}
