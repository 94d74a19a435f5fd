//! A training yields to people: counted in steps, not in seconds, so that the machine's load says nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;

use common::{PATIENCE, ball_study};
use osteon::edit::{CommitKind, Patch, Row, RowAction};
use osteon::headless::clock;
use osteon::study::{ExamCode, JournalRow, Part, ReaderCode, Split, Study};
use osteon::volume::LayerKind;
use osteon::worker::message::{Event, NetWish, OpenHow, Outcome, ProposeRequest, Request, RequestId, Role, TrainControl, TrainRequest};
use osteon::worker::{WorkerConfig, Workers};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const NOW: &str = "2026-11-21T10:00:00Z";

/// Names of the threads that sent events, in order: a thread wakes the window after each.
type Log = Arc<Mutex<Vec<String>>>;

struct Bench {
    workers: Workers,
    log: Log,
    study: Study,
    exam: ExamCode,
    _home: tempfile::TempDir,
}

/// A study of one exam on which R1 marked slices done, and pools of so many threads.
fn bench(threads: usize) -> Bench {
    let home = tempfile::tempdir().unwrap();
    let study = ball_study(&home.path().join("study"), 1);
    let record = study.exams().unwrap().remove(0);
    let mut split = Split::default();
    split.assign(record.patient.clone(), Part::Train);
    split.save(study.layout()).unwrap();
    let (header, mut file) = study.open_read_for(&ReaderCode::new("R1").unwrap(), &record.exam, NOW).unwrap();
    for slice in [3, 4, 5] {
        let at = header.grid.index([10, 20, slice]) as u32;
        let patch = Arc::new(Patch::from_changes((0..20).map(|k| (at + k, 0, 1))));
        let paint = RowAction::Paint { layer: LayerKind::Marrow, kind: CommitKind::Hand, patch };
        let done = RowAction::Done { layer: LayerKind::Marrow, slice: slice as u32, done: true };
        for (n, action) in [(2 * slice as u64 - 5, paint), (2 * slice as u64 - 4, done)] {
            let row = Row { n, name: "Brush".into(), action };
            file.append(&JournalRow { row, time: NOW.into(), reader: "R1".into(), window: None }).unwrap();
        }
    }
    drop(file);
    let log = Log::default();
    let heard = log.clone();
    let wake = Arc::new(move || heard.lock().unwrap().push(std::thread::current().name().unwrap_or_default().to_owned()));
    let config = WorkerConfig { threads, scratch_root: home.path().join("scratch"), wake, clock };
    Bench { workers: Workers::start(config).unwrap(), log, study, exam: record.exam, _home: home }
}

impl Bench {
    fn train(&mut self, id: u64, steps: u32, model: &str, base: usize) {
        let request = TrainRequest {
            root: self.root().to_owned(),
            reader: ReaderCode::new("R1").unwrap(),
            layer: LayerKind::Marrow,
            model: model.into(),
            steps,
            minutes: None,
            net: NetWish { base: Some(base), ..NetWish::default() },
            seed: 1,
            open: None,
            created: NOW.into(),
            memory_mb: 1024,
        };
        self.workers.submit(RequestId(id), Request::Train(Box::new(request)));
    }

    /// A request about slices of the exam to the larger net.
    fn proposal(&self, slices: Option<Vec<usize>>) -> ProposeRequest {
        let image = self.study.load_image(&self.exam, &self.study.exam(&self.exam).unwrap().reading_sequence).unwrap();
        ProposeRequest {
            root: self.root().to_owned(),
            model: "marrow-R1".into(),
            exam: self.exam.clone(),
            sequences: vec![("water".into(), image)],
            slices,
            slice_axis: 2,
            layer: LayerKind::Marrow,
            base_revision: 0,
        }
    }

    fn root(&self) -> &Path {
        self.study.layout().root()
    }

    /// Events until `wanted` says that it was the last; how many came from request `id`.
    fn events(&mut self, id: u64, wanted: impl Fn(&Event) -> bool) -> (usize, Event) {
        let (started, mut count) = (Instant::now(), 0);
        loop {
            assert!(started.elapsed() < PATIENCE, "what is waited for does not come");
            let Some(event) = self.workers.wait(Duration::from_millis(50)) else { continue };
            let of = match &event {
                Event::Progress { id, .. } | Event::Training { id, .. } | Event::Ended { id, .. } => id.0,
                _ => 0,
            };
            count += usize::from(of == id);
            if wanted(&event) {
                return (count, event);
            }
        }
    }

    /// Events that the trainer sent so far; one per step while it takes steps.
    fn by_trainer(&self) -> usize {
        self.log.lock().unwrap().iter().filter(|name| *name == "osteon-trainer").count()
    }
}

fn step_of(event: &Event) -> u32 {
    if let Event::Training { progress, .. } = event { progress.step } else { 0 }
}

fn ended(event: &Event, request: u64) -> bool {
    matches!(event, Event::Ended { id: RequestId(id), .. } if *id == request)
}

#[test]
fn a_cancelled_training_takes_at_most_the_step_it_is_in() {
    let mut bench = bench(2);
    bench.train(1, 100_000, "marrow-R1", 2);
    let (before, _) = bench.events(1, |event| step_of(event) >= 3);
    bench.workers.submit(RequestId(2), Request::TrainControl(TrainControl::Cancel));
    let at = bench.by_trainer();
    let (after, ending) = bench.events(1, |event| ended(event, 1));
    let Event::Ended { outcome: Outcome::Trained(version), .. } = ending else { panic!("{ending:?}") };
    assert!(version.stopped_early && version.taken >= 3, "{version:?}");
    // The thread that sent the ending notes it just after.
    let started = Instant::now();
    while bench.by_trainer() < before + after && started.elapsed() < PATIENCE {
        std::thread::yield_now();
    }
    let since = bench.by_trainer() - at;
    assert!(since >= 1 && since - 1 <= 1, "{} steps were taken after the cancel", since - 1);
}

/// A training that had the machine for itself took steps on and on while a proposal read its weights from the disk.
#[test]
fn a_proposal_on_the_slice_shown_is_served_within_one_step() {
    let mut bench = bench(2);
    // A large net proposes and a small one trains: many of its steps fit into one proposal.
    bench.train(1, 1, "marrow-R1", 32);
    let (_, first) = bench.events(1, |event| ended(event, 1));
    assert!(matches!(&first, Event::Ended { outcome: Outcome::Trained(_), .. }), "{first:?}");
    bench.train(2, 100_000, "marrow-small", 2);
    for round in 0..5_u64 {
        bench.events(2, |event| step_of(event) > 0);
        let request = bench.proposal(Some(vec![4]));
        bench.workers.submit(RequestId(10 + round), Request::Propose(Box::new(request)));
        let asked = bench.log.lock().unwrap().len();
        let (_, answer) = bench.events(2, |event| ended(event, 10 + round));
        assert!(matches!(&answer, Event::Ended { outcome: Outcome::Proposed(_), .. }), "{answer:?}");
        let log = bench.log.lock().unwrap().clone();
        // What the trainer did after the answer is its own business.
        let answered = log.iter().rposition(|name| name == "osteon-propose").unwrap_or(log.len());
        let steps = log.get(asked..answered).unwrap_or_default().iter().filter(|name| *name == "osteon-trainer").count();
        assert!(steps <= 1, "{steps} steps were taken between request and answer");
    }
    // It was running all the while, and goes on.
    bench.events(2, |event| step_of(event) > 0);
    bench.workers.submit(RequestId(3), Request::TrainControl(TrainControl::Cancel));
    let (_, ending) = bench.events(2, |event| ended(event, 2));
    assert!(matches!(&ending, Event::Ended { outcome: Outcome::Trained(version), .. } if version.stopped_early), "{ending:?}");
}

/// In a pool of one thread whatever ran as a whole, a doubt map of an exam for one, kept a training from seeing pause and cancel, and
/// the slice on screen and the opening of an exam from being served, until it had ended.
#[test]
fn nobody_waits_for_a_long_job_in_a_pool_of_one_thread() {
    let mut bench = bench(1);
    bench.train(1, 1, "marrow-R1", 16);
    let (_, first) = bench.events(1, |event| ended(event, 1));
    assert!(matches!(&first, Event::Ended { outcome: Outcome::Trained(_), .. }), "{first:?}");
    bench.train(2, 100_000, "marrow-small", 2);
    bench.events(2, |event| step_of(event) > 0);
    // One slice over and over: it ends when this test says so, and not before.
    let doubt = bench.proposal(Some(vec![4; 20_000]));
    bench.workers.submit(RequestId(3), Request::Doubt(Box::new(doubt)));
    bench.events(3, |event| matches!(event, Event::Progress { id: RequestId(3), .. }));
    let before_its_end = |bench: &mut Bench, wanted: &dyn Fn(&Event) -> bool| {
        let (_, event) = bench.events(3, |event| wanted(event) || ended(event, 3));
        assert!(!ended(&event, 3), "the long job ended first: {event:?}");
    };
    let paused = |event: &Event| matches!(event, Event::Training { progress, .. } if progress.paused);
    bench.workers.submit(RequestId(4), Request::TrainControl(TrainControl::Pause));
    before_its_end(&mut bench, &paused);
    bench.workers.submit(RequestId(5), Request::TrainControl(TrainControl::Resume));
    before_its_end(&mut bench, &|event| step_of(event) > 0 && !paused(event));
    let shown = bench.proposal(Some(vec![4]));
    bench.workers.submit(RequestId(6), Request::Propose(Box::new(shown)));
    before_its_end(&mut bench, &|event| matches!(event, Event::Ended { id: RequestId(6), outcome: Outcome::Proposed(_) }));
    let (root, exam) = (bench.root().to_owned(), bench.exam.clone());
    let look = Request::OpenExam { root, exam, role: Role::Coordinator, how: OpenHow::Look };
    bench.workers.submit(RequestId(7), look);
    before_its_end(&mut bench, &|event| matches!(event, Event::Ended { id: RequestId(7), outcome: Outcome::Exam(_) }));
    bench.workers.submit(RequestId(8), Request::TrainControl(TrainControl::Cancel));
    before_its_end(&mut bench, &|event| ended(event, 2));
    bench.workers.cancel(RequestId(3));
    let (_, last) = bench.events(3, |event| ended(event, 3));
    assert!(matches!(last, Event::Ended { outcome: Outcome::Cancelled, .. }), "{last:?}");
}
