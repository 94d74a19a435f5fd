//! Keys, answers and exams that crossed one another.

use crate::desk::{Desk, SHAPE, grid, harness, knee, reader, reading};
use egui_kittest::kittest::Queryable as _;
use osteon::edit::{CommitKind, ReadLayers, Row, RowAction};
use osteon::session::{
    Command, EditCommand, Effect, FileCommand, ModelCommand, PointerCommand, StudyCommand, ToolCommand, ViewCommand, Workspace,
};
use osteon::space::SlicePlane;
use osteon::study::{ExamCode, Part, ReaderCode, TriageVerdict};
use osteon::volume::{Labels, LayerKind};
use osteon::worker::message::{
    Event, LoadedExam, Outcome, PickPurpose, ProposalResult, Request, RequestId, SealEnded, Standing, TrainedVersion, VersionSummary,
};

fn proposal(version: &str, layer: LayerKind) -> ProposalResult {
    let mut labels = Labels::empty(grid());
    labels.set([60, 110, 7], 1);
    let exam = ExamCode::new("K-017").unwrap();
    ProposalResult { exam, layer, model_version: version.to_owned(), base_revision: 0, labels, slices: (0..SHAPE[2]).collect() }
}

/// Where a voxel of the slice shown lies in the picture.
fn place([i, j]: [usize; 2]) -> [f64; 2] {
    let plane = SlicePlane::new(grid().world_from_voxel(), SHAPE, 2);
    plane.pixel([i, j, 7]).1.map(|at| at as f64)
}

fn asked(effects: &[Effect], pick: impl Fn(&Request) -> bool) -> RequestId {
    let id = effects.iter().find_map(|e| if let Effect::Work(id, request) = e { pick(request).then_some(*id) } else { None });
    id.expect("it is asked for")
}

/// The exam in front of a reader, read so far as `layers` say.
fn before(desk: &mut Desk, id: RequestId, who: &str, layers: ReadLayers) {
    let sequences = vec![("T2 Dixon water".to_owned(), knee(false))];
    let standing = Standing::Writing { number: 1, assisted: true };
    let loaded = LoadedExam::new(ExamCode::new("K-017").unwrap(), reader(who), sequences, layers, standing);
    desk.end(id, Outcome::Exam(Box::new(loaded)));
}

/// Rows numbered together were once parted by the row of the time, so that the journal took none of them, without a word.
#[test]
fn taking_an_acceptance_back_after_minutes_of_looking_is_saved_in_order() {
    let mut window = reading(false);
    let desk = window.state_mut();
    let mut layers = ReadLayers::new(grid(), 2);
    layers.begin(LayerKind::Marrow, CommitKind::Accepted("marrow-R2/7".into()), "Accept".into()).unwrap();
    layers.write([60, 110, 7], 1);
    let mut rows: Vec<Row> = layers.commit().into_iter().collect();
    rows.extend((0..SHAPE[2]).filter_map(|slice| layers.set_done(LayerKind::Marrow, slice, true)));
    let verdict = TriageVerdict::new(LayerKind::Marrow, true, "marrow-R2/7");
    let row = layers.note("Accept marrow-R2/7".into(), TriageVerdict::TOPIC, verdict.to_text()).unwrap();
    let effects = desk.run(Command::Study(StudyCommand::StepExam(1)));
    let id = asked(&effects, |r| matches!(r, Request::OpenExam { .. }));
    let sequences = vec![("T2 Dixon water".to_owned(), knee(false))];
    let standing = Standing::Writing { number: 1, assisted: true };
    let exam = effects.iter().find_map(|e| if let Effect::Work(_, Request::OpenExam { exam, .. }) = e { Some(exam.clone()) } else { None });
    let mut loaded = LoadedExam::new(exam.unwrap(), reader("R2"), sequences, layers, standing);
    loaded.triage.take_in(&row);
    desk.end(id, Outcome::Exam(Box::new(loaded)));
    desk.rows.clear();
    for minute in 0..8 {
        desk.now = format!("2026-11-21T10:{minute:02}:50Z");
        desk.run(Command::View(ViewCommand::Slice(minute)));
    }
    desk.run(Command::Model(ModelCommand::Refuse));
    let numbers: Vec<u64> = desk.rows.iter().map(|row| row.n).collect();
    assert!(numbers.len() > SHAPE[2], "the marks and the paint are taken back: {numbers:?}");
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
    assert!(desk.rows.iter().any(|row| row.logged_seconds() > 0), "the time is written down, too");
}

/// A layer or label chosen in the midst of a stroke once gave one layer the labels of another, past all rules.
#[test]
fn a_stroke_keeps_the_layer_and_the_label_that_it_began_with() {
    let mut window = reading(false);
    let desk = window.state_mut();
    desk.run(Command::Tool(ToolCommand::Label(3)));
    desk.run(Command::Pointer(PointerCommand::Down(place([64, 108]))));
    desk.run(Command::Tool(ToolCommand::Layer(LayerKind::Bone)));
    desk.run(Command::Tool(ToolCommand::Label(1)));
    desk.run(Command::Pointer(PointerCommand::Move(vec![place([84, 108])])));
    desk.run(Command::Pointer(PointerCommand::Up));
    let slice = desk.session.exam().unwrap().view().slice;
    let marrow = desk.session.exam().unwrap().layers().labels(LayerKind::Marrow);
    assert_eq!((marrow.get([64, 108, slice]), marrow.get([84, 108, slice])), (3, 3));
    assert_eq!((desk.session.tool().layer, desk.session.tool().label()), (LayerKind::Marrow, 3));
}

/// The press on the picture takes the focus from the comment, whose end once ended the stroke, too.
#[test]
fn the_end_of_a_comment_leaves_the_stroke_alone() {
    let mut window = reading(false);
    let desk = window.state_mut();
    desk.run(Command::Tool(ToolCommand::Label(3)));
    desk.run(Command::Edit(EditCommand::BeginComment));
    desk.run(Command::Edit(EditCommand::WriteComment("a vessel".into())));
    desk.run(Command::Pointer(PointerCommand::Down(place([64, 108]))));
    desk.run(Command::Edit(EditCommand::EndComment));
    desk.run(Command::Pointer(PointerCommand::Move(vec![place([84, 108])])));
    desk.run(Command::Pointer(PointerCommand::Up));
    let exam = desk.session.exam().unwrap();
    let slice = exam.view().slice;
    assert_eq!(exam.layers().labels(LayerKind::Marrow).get([84, 108, slice]), 3, "the stroke goes on");
    assert_eq!(exam.remark(slice).map(|remark| remark.comment.as_str()), Some("a vessel"));
}

/// A stroke in flight was once left open by F4 and went on by itself when the page was left again.
#[test]
fn another_page_ends_the_stroke_under_way() {
    let mut window = reading(false);
    let desk = window.state_mut();
    desk.run(Command::Pointer(PointerCommand::Down(place([64, 108]))));
    assert!(desk.session.exam().unwrap().layers().gesture_open());
    desk.run(Command::View(ViewCommand::Workspace(Workspace::Models)));
    assert!(!desk.session.exam().unwrap().layers().gesture_open());
    assert!(matches!(desk.rows.last().unwrap().action, RowAction::Paint { .. }), "it is kept");
}

/// What one reader had asked for was once shown to the next, who could adopt it.
#[test]
fn an_answer_for_one_reader_is_nothing_to_the_next() {
    let mut window = harness([1440.0, 900.0], false);
    let desk = window.state_mut();
    desk.open_study();
    desk.sit_down(&reader("R2"));
    let effects = desk.run(Command::Model(ModelCommand::ProposeExam));
    let late = asked(&effects, |r| matches!(r, Request::Propose(_)));
    desk.sit_down(&reader("R2"));
    desk.end(late, Outcome::Proposed(Box::new(proposal("marrow-R2/7", LayerKind::Marrow))));
    assert!(desk.session.exam().unwrap().proposal().is_none(), "it was asked for in another sitting");
    let effects = desk.run(Command::Model(ModelCommand::ProposeExam));
    let wanted = asked(&effects, |r| matches!(r, Request::Propose(_)));
    desk.end(wanted, Outcome::Proposed(Box::new(proposal("marrow-R2/7", LayerKind::Marrow))));
    assert!(desk.session.exam().unwrap().proposal().is_some());
}

/// A bone model that became current once made the marrow proposal on screen a stale one.
#[test]
fn a_proposal_is_stale_only_for_a_newer_version_of_its_own_model() {
    let mut window = reading(false);
    let desk = window.state_mut();
    desk.end(RequestId(9_000), Outcome::Proposed(Box::new(proposal("marrow-R2/7", LayerKind::Marrow))));
    let is_stale = |desk: &Desk| desk.session.exam().unwrap().proposal().unwrap().stale;
    desk.end(RequestId(9_001), Outcome::CurrentChanged { model: "bone-R2".into(), version: 2 });
    assert!(!is_stale(desk));
    desk.end(RequestId(9_002), Outcome::CurrentChanged { model: "marrow-R2".into(), version: 6 });
    assert!(is_stale(desk));
}

/// A read that was begun without proposals once got some when the protocol was changed, and counted as independent all the same.
#[test]
fn an_independent_read_stays_without_proposals_whatever_the_protocol_says_since() {
    let mut window = harness([1440.0, 900.0], false);
    let desk = window.state_mut();
    desk.open_study();
    let effects = desk.run(Command::Study(StudyCommand::ChooseRole(reader("R2"))));
    desk.end(asked(&effects, |r| matches!(r, Request::OpenExam { .. })), Outcome::Cancelled);
    let effects = desk.run(Command::Study(StudyCommand::OpenExam(ExamCode::new("K-017").unwrap())));
    let id = asked(&effects, |r| matches!(r, Request::OpenExam { .. }));
    let sequences = vec![("T2 Dixon water".to_owned(), knee(false))];
    let standing = Standing::Writing { number: 1, assisted: false };
    let loaded = LoadedExam::new(ExamCode::new("K-017").unwrap(), reader("R2"), sequences, ReadLayers::new(grid(), 2), standing);
    desk.end(id, Outcome::Exam(Box::new(loaded)));
    assert!(!desk.session.assistance_allowed());
    assert!(desk.run(Command::Model(ModelCommand::ProposeExam)).is_empty());
    assert!(desk.session.notices().last().unwrap().text.contains("begun without proposals"));
}

/// A double click on an exam in the list once opened its read twice, and the second found it locked by the first.
#[test]
fn an_exam_on_its_way_is_not_asked_for_again() {
    let mut window = reading(false);
    let desk = window.state_mut();
    let code = ExamCode::new("K-002").unwrap();
    let open = || Command::Study(StudyCommand::OpenExam(code.clone()));
    let opens = |effects: &[Effect]| effects.iter().filter(|e| matches!(e, Effect::Work(_, Request::OpenExam { .. }))).count();
    assert_eq!(opens(&desk.run(open())), 1);
    assert_eq!(opens(&desk.run(open())), 0);
    let effects = desk.run(Command::Study(StudyCommand::OpenExam(ExamCode::new("K-017").unwrap())));
    let id = asked(&effects, |r| matches!(r, Request::OpenExam { .. }));
    // One that fails to open does not bar the way.
    desk.end(id, Outcome::Failed("K-017 cannot be read".into()));
    let effects = desk.run(Command::Study(StudyCommand::OpenExam(ExamCode::new("K-017").unwrap())));
    before(desk, asked(&effects, |r| matches!(r, Request::OpenExam { .. })), "R2", ReadLayers::new(grid(), 2));
    assert_eq!(desk.session.exam().unwrap().code().as_str(), "K-017");
}

/// A training of one study once put its version into another that was opened meanwhile.
#[test]
fn what_ends_in_one_study_changes_nothing_in_another() {
    let mut window = reading(false);
    let desk = window.state_mut();
    let training = asked(&desk.run(Command::Model(ModelCommand::Train)), |r| matches!(r, Request::Train(_)));
    let mut other = desk.session.study().unwrap().clone();
    other.root = "/nowhere/hip".into();
    desk.end(RequestId(9_000), Outcome::Study(Box::new(other)));
    let summary = VersionSummary {
        version: 8,
        created: String::new(),
        steps: 60,
        slices: 4,
        accepted: 0,
        parent: None,
        held_out: String::new(),
        dice: Vec::new(),
    };
    let version = TrainedVersion {
        model: "marrow-R2".into(),
        summary,
        before: None,
        held_out: String::new(),
        is_worse: false,
        made_current: true,
        overtaken_by: None,
        stopped_early: false,
        kept_step: 60,
        taken: 60,
        note: None,
        gave_up: None,
        loss: 0.1,
        parts: std::iter::once((ExamCode::new("K-005").unwrap(), Part::Train)).collect(),
    };
    desk.end(training, Outcome::Trained(version));
    let study = desk.session.study().unwrap();
    assert_eq!((study.current["marrow-R2"], study.models["marrow-R2"].len()), (7, 2));
    assert_eq!(study.exams.iter().find(|e| e.code.as_str() == "K-005").unwrap().part, Some(Part::Test));
}

/// With another sequence on screen the standard scale once came past a locked window.
#[test]
fn a_locked_window_holds_for_standardised_grey_values_from_any_sequence() {
    let mut window = harness([1440.0, 900.0], false);
    let desk = window.state_mut();
    desk.open_study_under(|protocol| {
        let rule = protocol.window();
        protocol.with_window(rule, osteon::study::WindowLimit::Locked)
    });
    desk.sit_down(&reader("R2"));
    desk.run(Command::View(ViewCommand::Sequence(1)));
    assert!(desk.run(Command::View(ViewCommand::ToggleStandardised)).is_empty());
    assert!(desk.session.notices().last().unwrap().text.contains("locks the window"));
}

/// After sealing the exam was shown at its middle slice, wherever the reader had been.
#[test]
fn sealing_leaves_the_slice_in_sight() {
    let mut window = reading(false);
    let desk = window.state_mut();
    desk.run(Command::View(ViewCommand::Slice(11)));
    let code = ExamCode::new("K-017").unwrap();
    let ended = SealEnded { reader: ReaderCode::new("R2").unwrap(), exam: code.clone(), result: Ok(false) };
    let effects = desk.session.absorb(Event::Ended { id: RequestId(9_000), outcome: Outcome::Sealed(ended) });
    let id = asked(&effects, |r| matches!(r, Request::OpenExam { .. }));
    let sequences = vec![("T2 Dixon water".to_owned(), knee(false))];
    let standing = Standing::Sealed { number: 1, time: "2026-11-22T10:00:00Z".into() };
    let loaded = LoadedExam::new(code, reader("R2"), sequences, ReadLayers::new(grid(), 2), standing);
    desk.end(id, Outcome::Exam(Box::new(loaded)));
    assert_eq!(desk.session.exam().unwrap().view().slice, 11);
}

/// The rest of an exam that came after another version had become current was once shown as that version's, and Review took it.
#[test]
fn a_late_proposal_of_an_older_version_is_marked_as_such() {
    let mut window = reading(false);
    let desk = window.state_mut();
    let current = desk.session.study().unwrap().current["marrow-R2"];
    for (version, stale) in [(current - 1, true), (current, false)] {
        let id = asked(&desk.run(Command::Model(ModelCommand::ProposeExam)), |r| matches!(r, Request::Propose(_)));
        desk.end(id, Outcome::Proposed(Box::new(proposal(&format!("marrow-R2/{version}"), LayerKind::Marrow))));
        assert_eq!(desk.session.exam().unwrap().proposal().unwrap().stale, stale);
    }
}

/// The rule "only grey values" once took other values with every change of the window, or of the sequence that was shown.
#[test]
fn the_band_stays_what_it_was_when_the_rule_began() {
    let mut window = reading(false);
    let desk = window.state_mut();
    desk.run(Command::Tool(ToolCommand::ToggleInsideBand));
    let band = desk.session.threshold();
    desk.run(Command::View(ViewCommand::Window { lower: 100.0, upper: 900.0 }));
    desk.run(Command::View(ViewCommand::Sequence(1)));
    assert_eq!(desk.session.threshold(), band);
    desk.run(Command::Tool(ToolCommand::ToggleInsideBand));
    desk.run(Command::Tool(ToolCommand::ToggleInsideBand));
    assert_eq!(desk.session.threshold(), band, "turned off and on it is still the reader's");
}

/// Undo on another slice once changed what nobody saw.
#[test]
fn what_is_taken_back_comes_on_the_screen() {
    let mut window = reading(false);
    let desk = window.state_mut();
    desk.run(Command::View(ViewCommand::Slice(7)));
    desk.run(Command::Pointer(PointerCommand::Down(place([64, 108]))));
    desk.run(Command::Pointer(PointerCommand::Up));
    let shown = |desk: &Desk| desk.session.exam().unwrap().view().slice;
    for command in [EditCommand::Undo, EditCommand::Redo] {
        desk.run(Command::View(ViewCommand::Slice(11)));
        desk.run(Command::Edit(command));
        assert_eq!(shown(desk), 7);
    }
}

/// Coming back to an exam once began at its middle slice again.
#[test]
fn an_exam_is_shown_at_the_slice_where_it_was_left() {
    let mut window = reading(false);
    let desk = window.state_mut();
    desk.run(Command::View(ViewCommand::Slice(11)));
    for code in ["K-002", "K-017"] {
        let effects = desk.run(Command::Study(StudyCommand::OpenExam(ExamCode::new(code).unwrap())));
        let id = asked(&effects, |r| matches!(r, Request::OpenExam { .. }));
        let sequences = vec![("T2 Dixon water".to_owned(), knee(false))];
        let standing = Standing::Writing { number: 1, assisted: true };
        let loaded = LoadedExam::new(ExamCode::new(code).unwrap(), reader("R2"), sequences, ReadLayers::new(grid(), 2), standing);
        desk.end(id, Outcome::Exam(Box::new(loaded)));
    }
    assert_eq!(desk.session.exam().unwrap().view().slice, 11);
}

/// On a keyboard where a character needs Shift, the next press after Shift was let go first was once taken for a repetition.
#[test]
fn a_key_is_a_repetition_only_while_it_is_held() {
    let mut window = reading(false);
    let key = |logical, pressed, shift| egui::Event::Key {
        key: logical,
        physical_key: Some(egui::Key::Comma),
        pressed,
        repeat: false,
        modifiers: if shift { egui::Modifiers::SHIFT } else { egui::Modifiers::NONE },
    };
    let copies = |window: &mut egui_kittest::Harness<'_, Desk>| {
        window.event(key(egui::Key::Semicolon, true, true));
        window.run_steps(1);
        // Shift comes up first: what comes up then is another character.
        window.event(key(egui::Key::Comma, false, false));
        window.run_steps(1);
        window.state_mut().take().len()
    };
    window.state_mut().take();
    let first = copies(&mut window);
    assert!(first > 0, "the key does something");
    assert_eq!(copies(&mut window), first);
}

/// A path with a slip of the finger once closed the entry and was gone; the keys that mended it went to the read behind.
#[test]
fn a_path_that_came_to_nothing_is_there_to_be_mended() {
    let mut window = reading(false);
    let desk = window.state_mut();
    desk.run(Command::File(FileCommand::ShowPathEntry(PickPurpose::OpenFolder)));
    let effects = desk.run(Command::File(FileCommand::Use(PickPurpose::OpenFolder, "/data/kene".into())));
    let id = asked(&effects, |r| matches!(r, Request::Open { .. }));
    assert!(desk.session.path_entry().is_none());
    desk.end(id, Outcome::Failed("/data/kene: no such folder; check the path.".into()));
    assert_eq!(desk.session.path_entry(), Some(PickPurpose::OpenFolder));
    window.run_steps(3);
    let value = window.get_by_label("Path").value();
    assert_eq!(value.as_deref(), Some("/data/kene"));
}

/// Writes a path into the entry, as a person does, and gives the request that it went into.
fn write_path(window: &mut egui_kittest::Harness<'_, Desk>, path: &str) -> RequestId {
    window.get_by_label("Path").type_text(path);
    window.run_steps(1);
    window.key_press(egui::Key::Enter);
    window.run_steps(1);
    window.state().asked(|r| matches!(r, Request::Open { .. })).0
}

/// The field had lost the keys after a refusal, and why it was refused stood behind the box, dimmed.
#[test]
fn a_refused_path_says_why_in_its_box_and_can_be_mended_at_once() {
    let mut window = reading(false);
    window.state_mut().run(Command::File(FileCommand::ShowPathEntry(PickPurpose::OpenFolder)));
    window.run_steps(3);
    for frames in [0, 3] {
        let id = write_path(&mut window, "/data/kene");
        window.run_steps(frames);
        window.state_mut().end(id, Outcome::Failed("/data/kene: no such folder; check the path.".into()));
        window.run_steps(3);
        assert!(window.get_by_label("Path").is_focused(), "answered after {frames} frames");
        assert!(window.query_all_by_label_contains("no such folder").count() > 1, "the notice, and the same in the box");
    }
}

/// Uses a path that was written in the entry.
fn try_path(desk: &mut Desk, path: &str) -> RequestId {
    desk.run(Command::File(FileCommand::ShowPathEntry(PickPurpose::OpenFolder)));
    desk.run(Command::File(FileCommand::Use(PickPurpose::OpenFolder, path.into())));
    desk.asked(|r| matches!(r, Request::Open { .. })).0
}

/// The box for a new study once offered the path of the study that had just been opened.
#[test]
fn a_path_is_offered_again_for_what_it_was_written_for_only() {
    let mut window = reading(false);
    let id = try_path(window.state_mut(), "/data/knee");
    window.state_mut().end(id, Outcome::Done);
    window.state_mut().run(Command::File(FileCommand::ShowPathEntry(PickPurpose::NewStudy)));
    assert_eq!(window.state().session.path_to_mend(), None);
    window.state_mut().run(Command::File(FileCommand::ClosePathEntry));
    // One that is refused while another box is open stays away from that box.
    let id = try_path(window.state_mut(), "/data/kene");
    window.state_mut().run(Command::File(FileCommand::ShowPathEntry(PickPurpose::NewStudy)));
    window.state_mut().end(id, Outcome::Failed("/data/kene: no such folder; check the path.".into()));
    assert_eq!(window.state().session.path_entry(), Some(PickPurpose::NewStudy));
    assert_eq!(window.state().session.path_to_mend(), None);
}
