//! Takes requests, starts their threads, hands back events.

use super::courtesy::Courtesy;
use super::import::PendingImport;
use super::journal::{JournalMessage, JournalWriter};
use super::message::{Event, Outcome, Request, RequestId, ScoreAsk, TrainControl};
use super::pools::Pools;
use super::task::{CancelToken, Reporter, Task};
use super::training_handle::TrainingHandle;
use super::{
    ablation, atlas, audit, compare, dialog, doubt, exam, export, files, mask, operate, packet, propose, report, sample, score, seal,
    standard, start_from, summary, trainer, versions,
};
use crossbeam_channel::{Receiver, bounded};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What the workers need to know of the machine.
#[derive(Clone)]
pub struct WorkerConfig {
    /// Threads of each pool.
    pub threads: usize,
    /// Where studies are made for images that are opened without one.
    pub scratch_root: PathBuf,
    /// Called after every event, to wake the window.
    pub wake: Arc<dyn Fn() + Send + Sync>,
    /// The present time in RFC 3339.
    pub clock: fn() -> String,
}

/// All threads of the program but the window's. Dropping it cancels what runs and waits for the journal.
pub struct Workers {
    config: Arc<WorkerConfig>,
    pools: Arc<Pools>,
    reporter: Reporter,
    inbox: Receiver<Event>,
    journal: JournalWriter,
    running: BTreeMap<RequestId, CancelToken>,
    training: Option<TrainingHandle>,
    courtesy: Courtesy,
    import: Arc<PendingImport>,
    door: Arc<exam::Door>,
}

impl Workers {
    /// Events that wait for the window at most; endings wait beyond that, progress is dropped.
    const INBOX: usize = 4096;

    /// Starts the pools and the journal's writer.
    ///
    /// # Errors
    /// One sentence, if the system starts no threads.
    pub fn start(config: WorkerConfig) -> Result<Self, String> {
        let pools = Arc::new(Pools::start(config.threads)?);
        let (sender, inbox) = bounded(Self::INBOX);
        let reporter = Reporter::new(sender, config.wake.clone());
        let journal = JournalWriter::start(reporter.clone())?;
        Ok(Self {
            config: Arc::new(config),
            pools,
            reporter,
            inbox,
            journal,
            running: BTreeMap::new(),
            training: None,
            courtesy: Courtesy::default(),
            import: Arc::default(),
            door: Arc::default(),
        })
    }

    /// Takes a request; its events follow.
    pub fn submit(&mut self, id: RequestId, request: Request) {
        let task = Task { id, cancel: CancelToken::default(), reporter: self.reporter.clone() };
        match request {
            Request::Journal(row) => self.journal.send(JournalMessage::Append(row)),
            Request::FetchPatch { row } => self.journal.send(JournalMessage::Fetch(id, row)),
            Request::KeepPlace { root, reader, place } => self.journal.send(JournalMessage::Place(id, root, reader, place)),
            Request::ScoreRow(request) => self.journal.send(JournalMessage::Score(id, request)),
            Request::Seal(request) => self.journal.send(JournalMessage::Seal(id, Box::new(request))),
            Request::CloseRead => self.journal.send(JournalMessage::Close(id)),
            Request::TrainControl(control) => {
                self.control_training(control);
                self.reporter.deliver(Event::Ended { id, outcome: Outcome::Done });
            }
            Request::Train(request) => {
                let (handle, pool) = self.begin_training(&task);
                task.spawn("trainer", move |task| trainer::train(task, &pool, &handle, &request));
            }
            Request::Ablate(request) => {
                let (handle, pool) = self.begin_training(&task);
                task.spawn("trainer", move |task| ablation::ablate(task, &pool, &handle, &request));
            }
            other => self.start_job(task, other),
        }
    }

    fn begin_training(&mut self, task: &Task) -> (TrainingHandle, Arc<rayon::ThreadPool>) {
        let handle = TrainingHandle::new(task.cancel.clone(), self.courtesy.clone());
        self.training = Some(handle.clone());
        self.running.insert(task.id, task.cancel.clone());
        (handle, self.pools.nets.clone())
    }

    fn start_job(&mut self, task: Task, request: Request) {
        self.running.insert(task.id, task.cancel.clone());
        let (pools, config, journal) = (self.pools.clone(), self.config.clone(), self.journal.sender());
        match request {
            Request::PickPath { purpose } => task.spawn("dialog", move |task| dialog::pick(task, purpose)),
            Request::ListFolder { path } => task.spawn("files", move |_| Outcome::Listed(files::list(&path))),
            Request::Open { path } => task.spawn("files", move |task| pools.reading.install(|| files::open(task, &config, &path))),
            Request::NewStudy { path } => task.spawn("files", move |task| files::make(task, &config, &path)),
            Request::LookAtImport(source) => {
                let import = self.import.clone();
                task.spawn("import", move |task| import.look(task, &pools, source));
            }
            Request::ImportPreview { at, slice } => {
                let import = self.import.clone();
                task.spawn("preview", move |_| import.preview(&pools, at, slice));
            }
            Request::Import { root, table } => {
                let import = self.import.clone();
                task.spawn("import", move |task| import.carry_out(task, &pools, &config, &root, *table));
            }
            Request::ForgetImport => {
                let import = self.import.clone();
                task.spawn("import", move |_| {
                    import.forget();
                    Outcome::Done
                });
            }
            Request::OpenExam { root, exam, role, how } => {
                let house = exam::House { pools, config, journal, door: self.door.clone() };
                task.spawn("files", move |task| exam::open_exam(task, &house, &exam::Wanted { root, exam, role, how }));
            }
            Request::Score(request) => task.spawn("score", move |task| {
                // A session is made in minutes; all else a scorer waits for.
                let pool = if matches!(request.what, ScoreAsk::Make(_)) { &pools.jobs } else { &pools.reading };
                pool.install(|| score::score(task, &journal, &request))
            }),
            Request::Packet(request) => task.spawn("packet", move |task| packet::packet(task, &config, &request)),
            Request::SaveProtocol { root, text, base } => {
                task.spawn("protocol", move |task| packet::save_protocol(task, &config, &root, &text, &base));
            }
            Request::DrawSplit { root } => task.spawn("protocol", move |_| summary::draw_split(&root)),
            Request::CheckRead(request) => task.spawn("check", move |_| seal::check(&request)),
            Request::LearnStandard { root } => task.spawn("standard", move |task| pools.jobs.install(|| standard::learn(task, &root))),
            Request::MakeSample { root } => task.spawn("sample", move |task| sample::make(task, &config, &pools.jobs, &root)),
            Request::Compare(request) => task.spawn("compare", move |task| pools.jobs.install(|| compare::compare(task, &request))),
            Request::AdoptConsensus(request) => {
                task.spawn("compare", move |task| {
                    pools.reading.install(|| compare::adopt(task, &config.scratch_root, &request, &(config.clock)()))
                });
            }
            Request::Atlas(request) => task.spawn("atlas", move |task| pools.reading.install(|| atlas::atlas(task, &config, &request))),
            Request::Audit(request) => task.spawn("audit", move |task| audit::audit(task, &request)),
            Request::Report { root, choice } => {
                task.spawn("report", move |task| pools.jobs.install(|| report::write(task, &root, &choice)));
            }
            Request::Operate(request) => task.spawn("operate", move |task| operate::operate(task, *request)),
            Request::ReadMask(request) => task.spawn("mask", move |task| pools.reading.install(|| mask::read(task, &request))),
            Request::Export { root, role, how, out } => {
                task.spawn("export", move |task| pools.jobs.install(|| export::export(task, &root, &role, &how, &out, &(config.clock)())));
            }
            Request::Propose(_)
            | Request::Doubt(_)
            | Request::Rank(_)
            | Request::Judge(_)
            | Request::BeginShipped { .. }
            | Request::MakeCurrent { .. } => self.start_model_job(task, request),
            // The others were taken by `submit`.
            Request::Journal(_)
            | Request::FetchPatch { .. }
            | Request::CloseRead
            | Request::Seal(_)
            | Request::ScoreRow(_)
            | Request::KeepPlace { .. }
            | Request::Train(_)
            | Request::Ablate(_)
            | Request::TrainControl(_) => {}
        }
    }

    /// What is asked of models that are there.
    fn start_model_job(&self, task: Task, request: Request) {
        let (pools, config) = (self.pools.clone(), self.config.clone());
        match request {
            Request::Propose(request) => {
                // For what is on screen a training waits; the rest of an exam is proposed beside it.
                let guest = request.slices.as_ref().map(|_| self.courtesy.receive());
                task.spawn_while(guest, "propose", move |task| propose::propose(task, &pools, &request));
            }
            Request::Doubt(request) => task.spawn("doubt", move |task| doubt::map(task, &pools, &request)),
            Request::Rank(request) => task.spawn("rank", move |task| doubt::rank(task, &pools, &request)),
            Request::Judge(request) => task.spawn("judge", move |task| versions::judge(task, &pools.nets, &request)),
            Request::BeginShipped { root, model, layer, reader } => {
                task.spawn("models", move |_| start_from::begin_shipped(&root, &model, layer, &reader, &(config.clock)()));
            }
            Request::MakeCurrent { root, model, version } => {
                task.spawn("models", move |_| propose::make_current(&root, &model, version));
            }
            _ => {}
        }
    }

    fn control_training(&self, control: TrainControl) {
        if let Some(training) = &self.training {
            training.control(control);
        }
    }

    /// Asks a request to stop.
    pub fn cancel(&mut self, id: RequestId) {
        if let Some(token) = self.running.get(&id) {
            token.cancel();
        }
        if let Some(training) = &self.training {
            training.wake();
        }
    }

    /// The next event, if one waits.
    pub fn poll(&mut self) -> Option<Event> {
        let event = self.inbox.try_recv().ok()?;
        self.forget_ended(&event);
        Some(event)
    }

    /// Waits for the next event, `None` after `patience`.
    pub fn wait(&mut self, patience: Duration) -> Option<Event> {
        let event = self.inbox.recv_timeout(patience).ok()?;
        self.forget_ended(&event);
        Some(event)
    }

    fn forget_ended(&mut self, event: &Event) {
        if let Event::Ended { id, .. } = event {
            self.running.remove(id);
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        for token in self.running.values() {
            token.cancel();
        }
        if let Some(training) = &self.training {
            training.wake();
        }
        self.journal.finish();
    }
}
