//! Random sessions of readers, scorers and the coordinator: whatever is pressed, nobody is shown, and no worker is asked for, what
//! blinds them no longer.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test names its line")]

mod common;

use common::ball_study;
use osteon::session::{Command, EditCommand, ModelCommand, StudyCommand, Workspace};
use osteon::study::{Part, ReaderCode};
use osteon::volume::LayerKind;
use osteon::worker::message::Standing;

/// What a person could press, by number.
fn random_command(choice: u8, codes: &[osteon::study::ExamCode]) -> Command {
    use osteon::session::{AdoptWhat, PointerCommand, ViewCommand, Workspace};
    match choice % 21 {
        20 => Command::View(ViewCommand::Workspace(Workspace::Score)),
        19 => Command::Model(ModelCommand::BeginShipped),
        16 => Command::Model(ModelCommand::Accept),
        17 => Command::Model(ModelCommand::Refuse),
        18 => Command::Model(ModelCommand::ToggleDoubt),
        14 => Command::Model(ModelCommand::Ablate),
        15 => Command::Model(ModelCommand::Compare([1, 2])),
        0 => Command::Model(ModelCommand::ProposeSlice),
        1 => Command::Model(ModelCommand::ProposeExam),
        2 => Command::Model(ModelCommand::Train),
        3 => Command::Edit(EditCommand::Adopt(AdoptWhat::All)),
        4 => Command::Study(StudyCommand::OpenExam(codes[usize::from(choice) % codes.len()].clone())),
        5 => Command::Study(StudyCommand::StepExam(1)),
        6 => Command::Study(StudyCommand::Submit),
        7 => Command::Study(StudyCommand::Seal),
        8 => Command::Study(StudyCommand::ReadAgain),
        9 => Command::View(ViewCommand::Workspace(Workspace::ALL[usize::from(choice) % Workspace::ALL.len()])),
        10 => Command::Pointer(PointerCommand::Down([20.0, 20.0])),
        11 => Command::Pointer(PointerCommand::Up),
        12 => Command::Study(StudyCommand::Compare),
        _ => Command::Model(ModelCommand::MakeCurrent(1)),
    }
}

/// Everything that can be done in a scoring session, by number.
fn score_command(choice: u8, session: &osteon::study::ExamCode) -> osteon::session::ScoreCommand {
    use osteon::session::ScoreCommand as Ask;
    use osteon::study::{Mark, Target};
    use osteon::worker::message::{NewScores, ScoreExams};
    let target = Target::ALL[usize::from(choice / 16) % Target::ALL.len()];
    match choice % 16 {
        0 => {
            let (session, exams) = (osteon::study::ExamCode::new("S9").unwrap(), ScoreExams::All);
            Ask::Make(NewScores { session, model: "marrow-R3".into(), scorers: vec!["me".into()], seed: Some(1), key: None, exams })
        }
        1 => Ask::Close,
        2 => Ask::Go(usize::from(choice / 16)),
        3 => Ask::Step(if choice > 127 { 1 } else { -1 }),
        4 => Ask::Mark(target, Mark::of(f64::from(choice) / 25.6)),
        5 => Ask::Mark(target, None),
        6 => Ask::Nudge(target, 50),
        7 => Ask::WriteComment("growth zone?".into()),
        8 => Ask::EndComment,
        9 => Ask::ToggleNumbers,
        10 => Ask::Lock,
        11 => Ask::Unblind { session: session.clone(), key: None, covariates: None },
        12 => Ask::FindKey(session.clone()),
        _ => Ask::Open { session: session.clone(), scorer: SCORERS[usize::from(choice / 16) % 2].into() },
    }
}

const SCORERS: [&str; 2] = ["anna", "bo"];

/// What the key of a session knows and nobody who marks may.
const SECRETS: [&str; 2] = ["STAPLE of R1 and R2", "marrow-R9/7"];

/// A session as it lies on the disk, made of masks on the exams of a study.
fn scoring_session(home: &std::path::Path) -> (osteon::study::ScorePlan, osteon::study::ScoreState) {
    use osteon::study::{ExamCode, NewPlan, ScoreFile, ScoreSource, new_score_session};
    let study = ball_study(&home.join("study"), 2);
    let mut masks = Vec::new();
    for record in study.exams().unwrap() {
        let image = study.load_image(&record.exam, &record.reading_sequence).unwrap();
        for source in [ScoreSource::Consensus(SECRETS[0].into()), ScoreSource::Model(SECRETS[1].into())] {
            masks.push((record.exam.clone(), source, osteon::volume::Labels::empty(image.grid().clone()), 2));
        }
    }
    let (session, scorers) = (ExamCode::new("S1").unwrap(), SCORERS.map(str::to_owned));
    let created = "2026-11-21T10:00:00Z";
    let plan = NewPlan { session: &session, created, scorers: &scorers, outside_bone_removed: false, left_out: &[] };
    new_score_session(&study, plan, masks, 4, None).unwrap();
    let file = ScoreFile::look(&study.layout().score_file(&session)).unwrap();
    (file.plan().clone(), file.state().unwrap())
}

/// A study of two training exams and a test exam, with a model of every reader.
fn three_exams(
    protocol: &osteon::study::Protocol,
    readers: &[ReaderCode],
    codes: &[osteon::study::ExamCode],
) -> osteon::worker::message::StudySummary {
    use std::collections::{BTreeMap, BTreeSet};
    osteon::worker::message::StudySummary {
        root: "/nowhere".into(),
        protocol: protocol.clone(),
        protocol_text: protocol.to_toml(),
        exams: codes
            .iter()
            .enumerate()
            .map(|(n, code)| osteon::worker::message::ExamSummary {
                code: code.clone(),
                part: Some(if n == 2 { Part::Test } else { Part::Train }),
                sequences: vec!["water".into()],
                slices: 8,
                done: BTreeMap::new(),
                painted: BTreeSet::new(),
                accepted: BTreeSet::new(),
                refused: BTreeMap::new(),
                seconds: BTreeMap::new(),
                sealed: BTreeSet::new(),
                reads_sealed: false,
            })
            .collect(),
        models: BTreeMap::new(),
        current: readers.iter().map(|r| (format!("marrow-{r}"), 1)).collect(),
        atlas: osteon::worker::message::AtlasSummary::default(),
        scratch: false,
        packet: None,
        places: BTreeMap::new(),
        errors: Vec::new(),
        remarks: Vec::new(),
    }
}

/// One random session: who sits there, what the worker would answer, and what was seen.
struct Sitting<'a> {
    role: osteon::worker::message::Role,
    reader: Option<ReaderCode>,
    assisted: bool,
    /// Whether the worker shows this person masks: a reader who has not sealed sees none.
    may_score: bool,
    image: &'a osteon::volume::Image,
    test_exam: &'a osteon::study::ExamCode,
    plan: &'a osteon::study::ScorePlan,
    state: osteon::study::ScoreState,
    /// Who was chosen to mark last.
    scorer: Option<String>,
    asked: usize,
    masks: usize,
}

impl Sitting<'_> {
    /// What is asked of the worker is allowed; its answer.
    fn answer(&mut self, request: osteon::worker::message::Request) -> Option<osteon::worker::message::Outcome> {
        use osteon::worker::message::{Outcome, Request};
        let (assisted, own) = (self.assisted, self.reader.clone());
        match request {
            Request::Propose(request) => {
                assert!(assisted, "a model is asked in an independent read");
                assert_ne!(request.exam, *self.test_exam, "a model is asked on an unsealed test exam");
                assert!(!request.exam.as_str().starts_with("M-"), "a model is asked on a mask that is scored");
                assert_eq!(request.model, "marrow-R3", "another reader's model is asked");
                self.asked += 1;
            }
            Request::Train(request) | Request::Ablate(request) => assert!(assisted && Some(&request.reader) == own.as_ref()),
            Request::BeginShipped { reader, .. } => assert!(assisted && Some(reader) == own),
            Request::Doubt(request) => {
                assert!(assisted && request.exam != *self.test_exam, "doubt is asked where no proposal may be");
                assert!(!request.exam.as_str().starts_with("M-"), "doubt is asked on a mask that is scored");
            }
            Request::Rank(request) => {
                assert!(assisted && !request.exams.contains(self.test_exam), "a test exam is ranked");
                assert_eq!(request.model, "marrow-R3");
            }
            Request::Judge(request) => assert!(assisted && Some(&request.train.reader) == own.as_ref()),
            Request::Compare(_) | Request::Report { .. } => assert!(own.is_none(), "a reader sees what the others did"),
            Request::OpenExam { exam, role, .. } => {
                assert_eq!(role, self.role);
                let standing = if own.is_some() { Standing::Writing { number: 1, assisted } } else { Standing::Looking };
                return Some(self.loaded(exam, standing));
            }
            Request::Score(request) => return Some(self.scores(request.what)),
            Request::ScoreRow(request) => {
                assert!(self.plan.scorers.contains(&request.row.scorer), "{:?}", request.row);
                assert!(!SECRETS.iter().any(|secret| format!("{:?}", request.row).contains(secret)));
                return Some(Outcome::Score(Box::new(osteon::worker::message::ScoreOutcome::Kept)));
            }
            _ => {}
        }
        None
    }

    fn loaded(&self, exam: osteon::study::ExamCode, standing: Standing) -> osteon::worker::message::Outcome {
        let layers = osteon::edit::ReadLayers::new(self.image.grid().clone(), 2);
        let sequences = vec![("water".into(), self.image.clone())];
        let loaded = osteon::worker::message::LoadedExam::new(exam, self.role.clone(), sequences, layers, standing);
        osteon::worker::message::Outcome::Exam(Box::new(loaded))
    }

    /// The worker's answers about scoring sessions.
    fn scores(&mut self, what: osteon::worker::message::ScoreAsk) -> osteon::worker::message::Outcome {
        use osteon::worker::message::{Outcome, ScoreAsk, ScoreOutcome, ScoreSummary};
        let opened = |state: &osteon::study::ScoreState| Box::new((self.plan.clone(), state.clone()));
        let outcome = match what {
            ScoreAsk::List => ScoreOutcome::Listed(
                vec![ScoreSummary {
                    session: self.plan.session.clone(),
                    scorers: self.plan.scorers.clone(),
                    items: self.plan.items.len(),
                    marked: vec![0; self.plan.scorers.len()],
                    locked: self.state.locked.is_some(),
                    unblinded: false,
                }],
                Vec::new(),
            ),
            ScoreAsk::Make(_) | ScoreAsk::Unblind { .. } => {
                assert!(self.reader.is_none(), "a reader makes or unblinds a session");
                return Outcome::Failed("The session is not locked.".into());
            }
            ScoreAsk::Open(_) => ScoreOutcome::Opened(opened(&self.state)),
            ScoreAsk::Item { item, role, .. } => {
                assert_eq!(role, self.role, "a mask is asked for in another role");
                if !self.may_score {
                    return Outcome::Failed("Reader has not sealed every exam of this session.".into());
                }
                self.masks += 1;
                return self.loaded(item, Standing::Looking);
            }
            ScoreAsk::Lock(_) => {
                self.state.locked = Some("2026-11-21T10:00:02Z".into());
                ScoreOutcome::Opened(opened(&self.state))
            }
        };
        Outcome::Score(Box::new(outcome))
    }

    /// What stands on the screen is allowed there.
    fn look(&self, session: &osteon::session::Session) {
        let shown = session.exam();
        assert!(self.assisted || shown.is_none_or(|e| e.proposal().is_none()), "a proposal is on an independent reader's screen");
        assert!(self.reader.is_none() || session.compare().is_none());
        let mask = shown.filter(|e| e.code().as_str().starts_with("M-"));
        if let Some(mask) = mask {
            assert_eq!(session.workspace(), Workspace::Score, "a mask is shown where exams are read");
            assert!(self.may_score, "a mask is shown to a reader who has not sealed");
            assert!(
                mask.proposal().is_none() && !mask.is_writable(),
                "a mask is only looked at, and without a model: {:?} {:?}",
                mask.standing(),
                mask.proposal().is_some()
            );
            let item = session.scoring().open().map(osteon::session::OpenScores::item);
            // Between the choice of a scorer and the session's arrival no item is known and nothing can be marked.
            let same = item.is_some_and(|item| item.is_none_or(|item| item.code == *mask.code()));
            assert!(same, "{} is shown and {item:?} is marked", mask.code());
        }
        let scores = session.workspace() == Workspace::Score;
        assert!(mask.is_some() || !scores || shown.is_none(), "an exam stands where masks are marked");
        assert!(scores || session.scoring().open().is_none(), "marks are set where no mask is shown");
        assert!(session.role().is_some() || shown.is_none(), "an exam is shown to nobody");
        assert!(session.scoring().tables().is_empty(), "a table before unblinding");
        // Nothing that the window holds of a session says whose a mask is.
        let held = format!("{:?} {:?}", session.scoring(), session.notices());
        assert!(SECRETS.iter().all(|secret| !held.contains(secret)), "{held}");
        let open = session.scoring().open();
        assert!(open.is_none_or(|open| Some(open.scorer()) == self.scorer.as_deref()), "somebody else's marks are shown");
    }
}

#[test]
fn whatever_is_pressed_an_independent_reader_sees_no_model_and_a_scorer_not_whose_a_mask_is() {
    use osteon::session::{Effect, Session};
    use osteon::worker::message::{Event, Outcome, ProposalResult, Request, RequestId, Role};
    let (home, image) = (tempfile::tempdir().unwrap(), common::ball(0.0));
    let (plan, state) = scoring_session(home.path());
    let readers = ["R1", "R2", "R3"].map(|code| ReaderCode::new(code).unwrap());
    let rules = [osteon::study::Assistance::None, osteon::study::Assistance::AfterSeal, osteon::study::Assistance::FromStart];
    let protocol = osteon::study::Protocol::sample().with_readers(
        readers.iter().zip(rules).map(|(code, assistance)| osteon::study::ReaderRule { code: code.clone(), assistance }).collect(),
    );
    let codes: Vec<_> = ["K-1", "K-2", "K-3"].map(|c| osteon::study::ExamCode::new(c).unwrap()).to_vec();
    let summary = || three_exams(&protocol, &readers, &codes);
    let mut seed = 0x2026_u64;
    let mut next = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 40) as u8
    };
    let (mut asked, mut masks) = (0, [0; 4]);
    for round in 0..240 {
        let reader = readers.get(round % 4).cloned();
        let mut sitting = Sitting {
            role: reader.clone().map_or(Role::Coordinator, Role::Reader),
            reader,
            assisted: round % 4 == 2,
            may_score: round % 4 != 0,
            image: &image,
            test_exam: &codes[2],
            plan: &plan,
            state: state.clone(),
            scorer: None,
            asked: 0,
            masks: 0,
        };
        let mut session = Session::new(1);
        session.absorb(Event::Ended { id: RequestId(0), outcome: Outcome::Study(Box::new(summary())) });
        let mut effects = session.apply(Command::Study(StudyCommand::ChooseRole(sitting.role.clone())), "2026-11-21T10:00:00Z");
        for _ in 0..60 {
            for effect in std::mem::take(&mut effects) {
                let Effect::Work(id, request) = effect else { continue };
                if let Request::Journal(row) = &request {
                    effects.extend(session.absorb(Event::Saved { row: row.row.n }));
                } else if let Some(outcome) = sitting.answer(request) {
                    effects.extend(session.absorb(Event::Ended { id, outcome }));
                }
            }
            // A proposal that comes from nowhere is not shown either.
            if next() % 8 == 0
                && let Some(exam) = session.exam()
            {
                let result = ProposalResult {
                    exam: exam.code().clone(),
                    layer: LayerKind::Marrow,
                    model_version: "marrow-R3/1".into(),
                    base_revision: 0,
                    labels: osteon::volume::Labels::empty(image.grid().clone()),
                    slices: vec![0],
                };
                session.absorb(Event::Ended { id: RequestId(77_777), outcome: Outcome::Proposed(Box::new(result)) });
            }
            sitting.look(&session);
            let command = if session.role().is_none() {
                Command::Study(StudyCommand::ChooseRole(sitting.role.clone()))
            } else if next() % 64 == 0 {
                Command::Study(StudyCommand::LeaveRole)
            } else if session.workspace() == Workspace::Score && next() % 4 > 0 {
                Command::Score(score_command(next(), &plan.session))
            } else {
                random_command(next(), &codes)
            };
            if let Command::Score(osteon::session::ScoreCommand::Open { scorer, .. }) = &command {
                sitting.scorer = Some(scorer.clone());
            }
            effects.extend(session.apply(command, "2026-11-21T10:00:01Z"));
        }
        asked += sitting.asked;
        masks[round % 4] += sitting.masks;
    }
    assert!(asked > 0, "the assisted reader asks now and then, or this test cannot fail");
    assert!(masks[0] == 0 && masks[1..].iter().all(|n| *n > 10), "masks are looked at, or this test cannot fail: {masks:?}");
}
