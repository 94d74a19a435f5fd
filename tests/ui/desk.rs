//! A window without a window: `Views` over a `Session` with hand-made exam data, no files and no workers.

pub use super::knee::{SHAPE, grid, knee, layers};

use egui_kittest::Harness;
use osteon::edit::{ReadLayers, Row, RowAction};
use osteon::gpu::Canvas;
use osteon::session::{Command, Effect, ModelCommand, Session, StudyCommand, ViewCommand};
use osteon::study::{Assistance, ExamCode, Part, Protocol, ReaderCode, ReaderRule};
use osteon::views::Views;
use osteon::volume::{Image, Labels, LayerKind};
use osteon::worker::message::{
    Event, ExamSummary, LoadedExam, Operated, Outcome, ProposalResult, Request, RequestId, Role, ScoreOutcome, Standing, StudySummary,
    TrainProgress, VersionSummary,
};
use std::collections::BTreeMap;

const NOW: &str = "2026-11-21T10:00:00Z";

/// The state behind a test's window.
pub struct Desk {
    pub session: Session,
    pub views: Views,
    canvas: Canvas,
    /// Commands pushed since the last `take`.
    log: Vec<Command>,
    /// Journal rows are acknowledged at once.
    pub saves: bool,
    /// The journal.
    pub rows: Vec<Row>,
    /// Older steps are read from the journal at once.
    pub fetches: bool,
    /// Those that wait to be read.
    pub waiting: Vec<(RequestId, u64)>,
    /// How many were read.
    pub fetched: usize,
    /// Other visits of the patient of the next exam.
    pub visits: Vec<(ExamCode, Image)>,
    /// What was asked of workers and not answered yet, the oldest first.
    asked: Vec<(RequestId, Request)>,
    /// The time that commands bear.
    pub now: String,
}

impl eframe::App for Desk {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        let dirty = self.session.take_dirty();
        let mut commands = Vec::new();
        self.views.ui(ui, &self.session, &mut self.canvas, &dirty, &mut commands);
        for command in commands {
            self.log.push(command.clone());
            self.run(command);
            ui.ctx().request_repaint();
        }
    }
}

impl Desk {
    fn new(ctx: &egui::Context) -> Self {
        Self {
            session: Session::new(1),
            views: Views::new(ctx),
            canvas: Canvas::new(None),
            log: Vec::new(),
            saves: true,
            rows: Vec::new(),
            fetches: true,
            waiting: Vec::new(),
            fetched: 0,
            visits: Vec::new(),
            asked: Vec::new(),
            now: NOW.to_owned(),
        }
    }

    /// Carries a command out; what goes to the journal is acknowledged.
    pub fn run(&mut self, command: Command) -> Vec<Effect> {
        let now = self.now.clone();
        let effects = self.session.apply(command, &now);
        self.carry_out(effects)
    }

    fn carry_out(&mut self, mut effects: Vec<Effect>) -> Vec<Effect> {
        let mut at = 0;
        while at < effects.len() {
            match &effects[at] {
                Effect::Work(_, Request::Journal(row)) => {
                    let n = row.row.n;
                    self.rows.push(row.row.clone());
                    if self.saves {
                        effects.extend(self.session.absorb(Event::Saved { row: n }));
                    }
                }
                Effect::Work(id, Request::FetchPatch { row }) => {
                    self.waiting.push((*id, *row));
                    if self.fetches {
                        self.fetch();
                    }
                }
                Effect::Work(id, Request::ScoreRow(_)) => {
                    let kept = Outcome::Score(Box::new(ScoreOutcome::Kept));
                    effects.extend(self.session.absorb(Event::Ended { id: *id, outcome: kept }));
                }
                // What a worker would do.
                Effect::Work(id, Request::Operate(request)) => {
                    let (id, request) = (*id, request.clone());
                    let done = Operated {
                        writes: request.operation.writes(&request.scene, request.scope, &|_| true),
                        exam: request.exam,
                        layer: request.scene.kind,
                        kind: request.operation.kind(),
                        name: request.name,
                        base_revision: request.base_revision,
                    };
                    effects.extend(self.session.absorb(Event::Ended { id, outcome: Outcome::Operated(Box::new(done)) }));
                }
                Effect::Work(id, request) => self.asked.push((*id, request.clone())),
                _ => {}
            }
            at += 1;
        }
        effects
    }

    /// Reads the oldest of the steps that are waited for from the journal.
    pub fn fetch(&mut self) {
        let (id, n) = self.waiting.remove(0);
        let action = &self.rows.iter().find(|r| r.n == n).unwrap().action;
        let (RowAction::Paint { patch, .. } | RowAction::Outline { patch, .. }) = action else { panic!("row {n} has no voxels") };
        self.fetched += 1;
        let outcome = Outcome::PatchRead { row: n, patch: (**patch).clone() };
        let effects = self.session.absorb(Event::Ended { id, outcome });
        self.carry_out(effects);
    }

    /// Closes the program and opens the read again from its journal; `budget_bytes` of what undo needs stay in memory.
    pub fn reopen(&mut self, budget_bytes: usize) {
        let mut layers = ReadLayers::new(grid(), 2);
        let rows = self.rows.clone();
        rows.iter().for_each(|row| layers.replay(row.clone()).unwrap());
        self.session = Session::new(1).with_undo_budget_bytes(budget_bytes);
        self.open_study();
        self.sit_down_before(&reader("R2"), (layers, rows));
    }

    /// Commands pushed since the last call, without hovering.
    pub fn take(&mut self) -> Vec<Command> {
        let mut log = std::mem::take(&mut self.log);
        log.retain(|c| !matches!(c, Command::View(ViewCommand::Hover(_))));
        log
    }

    pub fn end(&mut self, id: RequestId, outcome: Outcome) {
        self.asked.retain(|(asked, _)| *asked != id);
        let effects = self.session.absorb(Event::Ended { id, outcome });
        self.carry_out(effects);
    }

    /// What waits for an answer, the oldest first.
    pub fn unanswered(&self) -> Vec<Effect> {
        self.asked.iter().map(|(id, request)| Effect::Work(*id, request.clone())).collect()
    }

    /// The newest request of a kind that waits for its answer: only what ends under its own number leaves no work running.
    pub fn asked(&self, kind: impl Fn(&Request) -> bool) -> (RequestId, Request) {
        let found = self.asked.iter().rev().find(|(_, request)| kind(request)).cloned();
        found.unwrap_or_else(|| panic!("nothing of that kind is asked for: {:?}", self.asked))
    }

    /// A study with readers R1 (independent) and R2 (assisted), ten exams, and a model of R2.
    pub fn open_study(&mut self) {
        self.open_study_under(|protocol| protocol);
    }

    /// The same under a changed protocol.
    pub fn open_study_under(&mut self, change: impl Fn(Protocol) -> Protocol) {
        self.open_study_of(change, |n| Some(if n == 9 { Part::Test } else { Part::Train }));
    }

    /// The same with other parts of its ten exams.
    pub fn open_study_of(&mut self, change: impl Fn(Protocol) -> Protocol, part: impl Fn(usize) -> Option<Part>) {
        let rule = |code: &str, assistance| ReaderRule { code: ReaderCode::new(code).unwrap(), assistance };
        let protocol = Protocol::sample().with_name("Knee marrow 2026").with_readers(vec![
            rule("R1", Assistance::None),
            rule("R2", Assistance::FromStart),
            rule("R3", Assistance::AfterSeal),
        ]);
        let r2 = ReaderCode::new("R2").unwrap();
        let exams = ["K-031", "K-008", "K-044", "K-017", "K-002", "K-039", "K-021", "K-013", "K-026", "K-005"];
        let exams = exams.iter().enumerate().map(|(n, code)| ExamSummary {
            code: ExamCode::new(code).unwrap(),
            part: part(n),
            sequences: vec!["water".to_owned(), "fat".to_owned()],
            slices: SHAPE[2],
            painted: std::collections::BTreeSet::new(),
            accepted: std::collections::BTreeSet::new(),
            refused: BTreeMap::new(),
            seconds: std::collections::BTreeMap::new(),
            sealed: std::collections::BTreeSet::new(),
            reads_sealed: false,
            done: BTreeMap::from([(r2.clone(), [15, 15, 15, 4, 0, 0, 0, 0, 0, 0][n])]),
        });
        let dice = vec![("1".to_owned(), Some(0.81)), ("2".to_owned(), Some(0.56)), ("3".to_owned(), None), ("2+3".to_owned(), Some(0.58))];
        let version = |version, steps| VersionSummary {
            version,
            created: format!("2026-11-{}T10:00:00Z", version + 11),
            steps,
            slices: 21,
            accepted: 0,
            parent: version.checked_sub(1),
            held_out: "4 slices of 1 validation exam".to_owned(),
            dice: dice.clone(),
        };
        let protocol = change(protocol);
        let protocol_text = protocol.to_toml();
        let summary = StudySummary {
            root: "/nowhere/knee".into(),
            protocol,
            exams: exams.collect(),
            models: BTreeMap::from([("marrow-R2".to_owned(), vec![version(6, 240), version(7, 480)])]),
            current: BTreeMap::from([("marrow-R2".to_owned(), 7)]),
            protocol_text,
            packet: None,
            places: BTreeMap::new(),
            atlas: osteon::worker::message::AtlasSummary::default(),
            scratch: false,
            errors: vec![osteon::study::ModelError {
                model: "marrow-R2/7".to_owned(),
                exam: ExamCode::new("K-008").unwrap(),
                session: ExamCode::new("MEETING-1").unwrap(),
                scorer: "A and B".to_owned(),
                not_acceptable: vec![(osteon::study::Target::Level(3), 6.4)],
                comment: Some("takes a vessel for level 3".to_owned()),
            }],
            remarks: Vec::new(),
        };
        self.end(RequestId(0), Outcome::Study(Box::new(summary)));
    }

    /// Sits down as a reader (or the coordinator) with the fourth exam.
    pub fn sit_down(&mut self, role: &Role) {
        let read = if role.reader().is_some() { layers() } else { (ReadLayers::new(grid(), 2), Vec::new()) };
        self.sit_down_before(role, read);
    }

    fn sit_down_before(&mut self, role: &Role, (layers, rows): (ReadLayers, Vec<Row>)) {
        for effect in self.run(Command::Study(StudyCommand::ChooseRole(role.clone()))) {
            if let Effect::Work(id, Request::OpenExam { .. }) = effect {
                self.end(id, Outcome::Cancelled);
            }
        }
        let code = ExamCode::new("K-017").unwrap();
        let effects = self.run(Command::Study(StudyCommand::OpenExam(code.clone())));
        let id = effects.iter().find_map(|e| if let Effect::Work(id, Request::OpenExam { .. }) = e { Some(*id) } else { None });
        self.rows = rows;
        let standing = match role.reader() {
            Some(code) => Standing::Writing { number: 1, assisted: code.as_str() == "R2" },
            None => Standing::Looking,
        };
        let sequences = vec![("T2 Dixon water".to_owned(), knee(false)), ("T2 Dixon fat".to_owned(), knee(true))];
        let visits = std::mem::take(&mut self.visits);
        let loaded = LoadedExam { visits, ..LoadedExam::new(code, role.clone(), sequences, layers, standing) };
        self.end(id.expect("the exam is asked for"), Outcome::Exam(Box::new(loaded)));
        self.run(Command::View(ViewCommand::Window { lower: 10.0, upper: 400.0 }));
    }

    /// A proposal on slices 8 and 10 to 12, and a training under way.
    pub fn propose_and_train(&mut self) {
        let mut labels = Labels::empty(grid());
        for k in [7, 9, 10, 11] {
            for (j, i) in (0..SHAPE[1]).flat_map(|j| (0..SHAPE[0]).map(move |i| (j, i))) {
                let (x, y) = (i as f64 - 62.0, j as f64 - 112.0);
                if (x / 16.0).hypot(y / 11.0) < 1.0 {
                    labels.set([i, j, k], 1);
                }
            }
        }
        let proposal = ProposalResult {
            exam: ExamCode::new("K-017").unwrap(),
            layer: LayerKind::Marrow,
            model_version: "marrow-R2/7".to_owned(),
            base_revision: 0,
            labels,
            slices: vec![7, 9, 10, 11],
        };
        self.end(RequestId(9000), Outcome::Proposed(Box::new(proposal)));
        let effects = self.run(Command::Model(ModelCommand::Train));
        let Some(Effect::Work(id, _)) = effects.first() else { panic!("training is asked for") };
        for step in 1..=150_u32 {
            let progress = TrainProgress {
                step,
                steps: 240,
                loss: 0.2 + 1.1 * (-f64::from(step) / 60.0).exp() as f32 + (step % 7) as f32 * 0.01,
                dice: [("1", 0.81), ("2", 0.56), ("3", 0.61), ("2+3", 0.66)].map(|(name, dice)| (name.to_owned(), Some(dice))).to_vec(),
                held_out: "4 held-out slices".to_owned(),
                seconds_left: Some(180.0),
                paused: false,
                memory_mb: [640, 2048],
                best: (step > 60).then_some((60, 0.66)),
                note: None,
            };
            self.session.absorb(Event::Training { id: *id, progress });
        }
    }
}

pub fn reader(code: &str) -> Role {
    Role::Reader(ReaderCode::new(code).unwrap())
}

/// A window of `size` points; wgpu is needed only where pictures are taken.
pub fn harness(size: [f32; 2], pictures: bool) -> Harness<'static, Desk> {
    harness_at(size, 1.0, pictures)
}

/// The same on a screen of `density` device pixels per point.
pub fn harness_at(size: [f32; 2], density: f32, pictures: bool) -> Harness<'static, Desk> {
    let builder = Harness::builder().with_size(size).with_pixels_per_point(density).with_max_steps(16);
    let builder = if pictures { builder.wgpu() } else { builder };
    builder.build_eframe(|cc| Desk::new(&cc.egui_ctx))
}

/// Reader R2 with an exam half read.
pub fn reading(pictures: bool) -> Harness<'static, Desk> {
    let mut harness = harness([1440.0, 900.0], pictures);
    harness.state_mut().open_study();
    harness.state_mut().sit_down(&reader("R2"));
    harness.run_steps(3);
    harness.state_mut().take();
    harness
}
