//! The read that random gestures are made in: a session over real files and workers, and the plain model that follows every step.

use super::common::{PATIENCE, ball_study};
use super::expect::{Ground, Intent, SHAPE};
use super::plain::Plain;
use osteon::headless::clock;
use osteon::session::{Command, EditCommand, Effect, FileCommand, NoticeLevel, OpenExam, Session, StudyCommand};
use osteon::study::ReaderCode;
use osteon::volume::LayerKind;
use osteon::worker::message::{Event, PickPurpose, Role};
use osteon::worker::{WorkerConfig, Workers};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The read of R1 in a study of one exam, and whoever works at it.
pub struct Run {
    home: tempfile::TempDir,
    pub(super) session: Session,
    workers: Option<Workers>,
    pub(super) budget_bytes: usize,
    pub(super) plain: Option<Plain>,
    pub(super) ground: Ground,
    pub(super) intent: Option<Intent>,
    /// The row up to which the model has followed.
    followed: u64,
    pub(super) act_ended: bool,
    /// A proposal that is being worked out: made from this revision, at that time.
    pub(super) asked: Option<(LayerKind, u64, u64)>,
    pub(super) proposals: u32,
    pub(super) rng: ChaCha8Rng,
    /// How often each kind of act was done, and each kind of step came of it.
    pub acts: BTreeMap<String, usize>,
}

impl Run {
    pub fn new(seed: u64, budget_bytes: usize) -> Self {
        let home = tempfile::tempdir().unwrap();
        ball_study(&home.path().join("study"), 1);
        let mut run = Self {
            home,
            session: Session::new(7),
            workers: None,
            budget_bytes,
            plain: None,
            ground: Ground { values: Vec::new(), uv: Vec::new() },
            intent: None,
            followed: 0,
            act_ended: false,
            asked: None,
            proposals: 0,
            rng: ChaCha8Rng::seed_from_u64(seed),
            acts: BTreeMap::new(),
        };
        run.start();
        let exam = run.exam();
        assert_eq!(exam.layers().grid().shape(), SHAPE);
        let grid = exam.layers().grid();
        run.ground = Ground {
            values: exam.reading_image().values().to_vec(),
            uv: (0..grid.voxel_count()).map(|n| exam.plane().pixel(grid.voxel(n)).1.map(|c| c as f64)).collect(),
        };
        run.plain = Some(Plain::new(run.exam().layers()));
        run
    }

    /// Starts the program on the study.
    fn start(&mut self) {
        let home = self.home.path();
        let config = WorkerConfig { threads: 2, scratch_root: home.join("scratch"), wake: Arc::new(|| {}), clock };
        self.session = Session::new(7).with_sample_root(home.join("sample")).with_undo_budget_bytes(self.budget_bytes);
        self.workers = Some(Workers::start(config).unwrap());
        let study = home.join("study");
        self.run(Command::File(FileCommand::Use(PickPurpose::OpenFolder, study)));
        self.settle();
        self.sit_down();
    }

    fn sit_down(&mut self) {
        self.run(Command::Study(StudyCommand::ChooseRole(Role::Reader(ReaderCode::new("R1").unwrap()))));
        self.settle();
    }

    pub(super) fn exam(&self) -> &OpenExam {
        self.session.exam().unwrap()
    }

    pub fn plain(&self) -> &Plain {
        self.plain.as_ref().unwrap()
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match (effect, &mut self.workers) {
                (Effect::Work(id, request), Some(workers)) => workers.submit(id, request),
                (Effect::Cancel(id), Some(workers)) => workers.cancel(id),
                _ => {}
            }
        }
    }

    pub(super) fn run(&mut self, command: Command) {
        let effects = self.session.apply(command, &clock());
        self.carry_out(effects);
        self.follow();
    }

    pub(super) fn absorb(&mut self, event: Event) {
        let effects = self.session.absorb(event);
        self.carry_out(effects);
        self.follow();
    }

    /// Waits until no work is under way and every row is on disk.
    pub(super) fn settle(&mut self) {
        let started = Instant::now();
        while self.session.jobs().next().is_some() || !self.session.all_saved() {
            assert!(started.elapsed() < PATIENCE, "work did not end");
            let event = self.workers.as_mut().and_then(|w| w.wait(Duration::from_millis(20)));
            event.into_iter().for_each(|event| self.absorb(event));
            let error = self.session.notices().iter().find(|n| n.level == NoticeLevel::Error);
            assert!(error.is_none(), "{error:?}");
        }
    }

    /// Lets the model follow, and checks a new step against what the reader did.
    pub(super) fn follow(&mut self) {
        let (Some(plain), Some(exam)) = (&mut self.plain, self.session.exam()) else { return };
        let layers = exam.layers();
        // Without a row nothing can have changed; that it has not is compared at the end of every act.
        if layers.gesture_open() || (layers.next_row() == self.followed && !self.act_ended) {
            return;
        }
        (self.followed, self.act_ended) = (layers.next_row(), false);
        if plain.follow(layers) == 0 {
            return;
        }
        let step = plain.live.last().unwrap().clone();
        let kind: String =
            step.name.split([' ', ',']).filter(|w| !w.chars().any(|c| c.is_ascii_digit())).take(2).collect::<Vec<_>>().join(" ");
        *self.acts.entry(format!("step: {kind}")).or_default() += 1;
        let intent = self.intent.as_ref().expect("a step comes of what the reader does");
        intent.check(&self.ground, plain, &step);
    }

    /// Another program, or the same after leaving the read: everything is as it was, and can be taken back.
    pub fn reopen(&mut self, another_program: bool) {
        self.settle();
        *self.acts.entry("reopened".to_owned()).or_default() += 1;
        (self.asked, self.intent) = (None, None);
        self.plain.as_mut().unwrap().proposal = None;
        if another_program {
            self.workers = None;
            self.start();
        } else {
            self.run(Command::Study(StudyCommand::LeaveRole));
            self.settle();
            assert!(self.session.exam().is_none());
            self.sit_down();
        }
        self.act_ended = true;
        self.follow();
    }

    /// Takes every step back, one by one; the model compares each.
    pub fn all_back(&mut self) {
        for left in (0..self.plain().live.len()).rev() {
            self.run(Command::Edit(EditCommand::Undo));
            self.settle();
            assert_eq!(self.plain().live.len(), left);
        }
        assert!(self.plain().now.labels.iter().flatten().all(|l| *l == 0));
    }

    /// How often acts were done whose names begin so.
    pub fn count(&self, start: &str) -> usize {
        self.acts.iter().filter(|(name, _)| name.starts_with(start)).map(|(_, n)| n).sum()
    }
}
