//! The session without a window: the same commands, the same workers, one caller.

use crate::session::{Command, Effect, NoticeLevel, Session};
use crate::worker::message::Event;
use crate::worker::{WorkerConfig, Workers};
use anyhow::{Result, bail};
use std::time::{Duration, Instant};

/// Runs commands and waits for their outcomes.
pub struct Driver {
    session: Session,
    workers: Workers,
    clock: fn() -> String,
    listener: Box<dyn FnMut(&Event) + Send>,
}

impl Driver {
    /// Starts workers; `listener` sees every event before the session does.
    ///
    /// # Errors
    /// If no threads can be started.
    pub fn new(session: Session, config: WorkerConfig, listener: Box<dyn FnMut(&Event) + Send>) -> Result<Self> {
        let clock = config.clock;
        let workers = Workers::start(config).map_err(anyhow::Error::msg)?;
        Ok(Self { session, workers, clock, listener })
    }

    /// The state.
    #[must_use]
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// Carries out a command; what it starts goes on in the background.
    pub fn run(&mut self, command: Command) {
        let effects = self.session.apply(command, &(self.clock)());
        self.carry_out(effects);
        while let Some(event) = self.workers.poll() {
            self.take(event);
        }
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Work(id, request) => self.workers.submit(id, request),
                Effect::Cancel(id) => self.workers.cancel(id),
                Effect::Quit => {}
            }
        }
    }

    fn take(&mut self, event: Event) {
        (self.listener)(&event);
        let effects = self.session.absorb(event);
        self.carry_out(effects);
    }

    /// Absorbs events until `done` holds.
    ///
    /// # Errors
    /// If the session shows an error meanwhile, or `patience` passes.
    pub fn wait(&mut self, what: &str, patience: Duration, done: impl Fn(&Session) -> bool) -> Result<()> {
        let started = Instant::now();
        loop {
            if let Some(error) = self.session.notices().iter().find(|n| n.level == NoticeLevel::Error) {
                bail!("{}", error.text);
            }
            if done(&self.session) {
                return Ok(());
            }
            if started.elapsed() > patience {
                bail!("{what} did not end within {} s", patience.as_secs());
            }
            if let Some(event) = self.workers.wait(Duration::from_millis(50)) {
                self.take(event);
            }
        }
    }

    /// Carries out a command and waits until no job runs and every row is on disk.
    ///
    /// # Errors
    /// As [`Driver::wait`].
    pub fn run_to_end(&mut self, what: &str, patience: Duration, command: Command) -> Result<()> {
        self.run(command);
        self.wait(what, patience, |s| s.jobs().next().is_none() && s.all_saved() && !s.training().is_running())
    }
}
