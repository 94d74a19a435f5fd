//! Sealing and scoring, driven as a person would, with pictures.

use crate::desk::{Desk, harness, knee, layers, reader, reading};
use crate::knee::mask;
use crate::{Window, can_render, click, press, shot};
use egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::Queryable as _;
use osteon::session::{
    Command, EditCommand, Effect, FormCommand, PointerCommand, ScoreCommand, StudyCommand, ToolCommand, ViewCommand, Workspace,
};
use osteon::study::{ExamCode, Mark, ScoreItem, ScorePlan, ScoreSource, ScoreState, Target};
use osteon::worker::message::{
    AtlasShown, Calibrated, Event, LoadedExam, Outcome, ReadChecked, Request, RequestId, Role, ScoreAsk, ScoreOutcome, ScoreSummary,
    SealEnded, Standing,
};

fn code(text: &str) -> ExamCode {
    ExamCode::new(text).unwrap()
}

/// Reader R2, whose read was looked over: a dab lies outside bone, one of level 3 in level 1 alone, the ends were not looked at.
fn looked_over(pictures: bool) -> Window {
    let mut window = reading(pictures);
    let desk = window.state_mut();
    (4..13).for_each(|slice| drop(desk.run(Command::View(ViewCommand::Slice(slice)))));
    for (label, slice, at) in [(1, 7, [22.0, 87.0]), (3, 8, [90.0, 109.0])] {
        desk.run(Command::View(ViewCommand::Slice(slice)));
        desk.run(Command::Tool(ToolCommand::Label(label)));
        desk.run(Command::Pointer(PointerCommand::Down(at)));
        desk.run(Command::Pointer(PointerCommand::Up));
    }
    for slice in [4, 6, 7, 9, 10, 11] {
        desk.run(Command::View(ViewCommand::Slice(slice)));
        desk.run(Command::Edit(EditCommand::ToggleDone));
    }
    desk.run(Command::View(ViewCommand::Slice(7)));
    window.run_steps(2);
    window.state_mut().take();
    window.key_press_modifiers(Modifiers::CTRL | Modifiers::COMMAND, Key::Enter);
    window.run_steps(2);
    assert_eq!(window.state_mut().take(), [Command::Study(StudyCommand::Submit)]);
    // What the program itself finds worth a look.
    let (id, Request::CheckRead(check)) = window.state().asked(|r| matches!(r, Request::CheckRead(_))) else { unreachable!() };
    let warnings = osteon::study::seal_warnings(&check.subject);
    window.state_mut().end(id, Outcome::ReadChecked(Box::new(ReadChecked { exam: check.exam, warnings })));
    window.run_steps(3);
    window
}

#[test]
fn submitting_shows_what_is_worth_a_look_and_lets_the_reader_decide() {
    let mut window = looked_over(false);
    let warnings = window.state().session.checked().unwrap().warnings.clone();
    let said: Vec<&str> = warnings.iter().map(|warning| warning.text.as_str()).collect();
    assert_eq!(said[..2], ["Slices 1–4 and 14–15 were never on screen.", "Slices 6, 9 and 13 are not marked done."]);
    assert!(said[2].ends_with(" marrow voxels lie outside bone, first on slice 8."), "{said:?}");
    assert_eq!(said[3..], ["1 part of level 3 has no level 2 around it, first on slice 9."]);
    assert_eq!(click(&mut window, said[2]), [Command::View(ViewCommand::Slice(7))]);
    window.get_by_label_contains("Picture: ");
    assert_eq!(click(&mut window, "Go on reading"), [Command::Study(StudyCommand::CancelSubmit)]);
    assert!(window.query_by_label("Go on reading").is_none());
    let mut window = looked_over(false);
    assert_eq!(click(&mut window, "Seal this read"), [Command::Study(StudyCommand::Seal)]);
    assert!(window.query_by_label("Slice done").is_none(), "nothing is painted into a read that is being sealed");
    // Sealed: the window asks for it again, to be looked at.
    let ended = SealEnded { reader: osteon::study::ReaderCode::new("R2").unwrap(), exam: code("K-017"), result: Ok(false) };
    let effects = window.state_mut().session.absorb(Event::Ended { id: RequestId(9_002), outcome: Outcome::Sealed(ended) });
    let id = open_request(&effects);
    window.state_mut().end(
        id,
        Outcome::Exam(Box::new(exam("K-017", &reader("R2"), Standing::Sealed { number: 1, time: "2026-11-21T10:00:00Z".into() }))),
    );
    window.run_steps(3);
    window.get_by_label_contains("Read 1, sealed 2026-11-21 10:00");
    assert!(press(&mut window, Key::D).is_empty(), "nothing changes a sealed read");
    assert_eq!(click(&mut window, "Read again"), [Command::Study(StudyCommand::ReadAgain)]);
}

fn exam(name: &str, role: &Role, standing: Standing) -> LoadedExam {
    let sequences = vec![("T2 Dixon water".to_owned(), knee(false)), ("T2 Dixon fat".to_owned(), knee(true))];
    LoadedExam::new(code(name), role.clone(), sequences, layers().0, standing)
}

fn open_request(effects: &[Effect]) -> RequestId {
    let id = effects.iter().find_map(|e| match e {
        Effect::Work(id, Request::OpenExam { .. }) => Some(*id),
        Effect::Work(id, Request::Score(ask)) if matches!(ask.what, ScoreAsk::Item { .. }) => Some(*id),
        _ => None,
    });
    id.expect("an exam or a mask is asked for")
}

/// The answer to what was asked of scoring last.
fn absorb(desk: &mut Desk, outcome: ScoreOutcome) -> Vec<Effect> {
    let (id, _) = desk.asked(|r| matches!(r, Request::Score(_)));
    desk.session.absorb(Event::Ended { id, outcome: Outcome::Score(Box::new(outcome)) })
}

/// The coordinator with the list of sessions.
fn sessions(pictures: bool) -> Window {
    let mut window = harness([1440.0, 900.0], pictures);
    window.state_mut().open_study();
    window.state_mut().sit_down(&Role::Coordinator);
    window.run_steps(2);
    assert_eq!(press(&mut window, Key::F5), [Command::View(ViewCommand::Workspace(Workspace::Score))]);
    let summary = |name: &str, locked, unblinded| ScoreSummary {
        session: code(name),
        scorers: vec!["panel".to_owned()],
        items: 20,
        marked: vec![if locked { 20 } else { 6 }],
        locked,
        unblinded,
    };
    absorb(window.state_mut(), ScoreOutcome::Listed(vec![summary("S-1", true, true), summary("S-2", false, false)], Vec::new()));
    window.run_steps(3);
    window.state_mut().take();
    window
}

/// The panel at its seventh mask, which holds no level 3.
fn scoring(pictures: bool) -> Window {
    let mut window = sessions(pictures);
    let open = ScoreCommand::Open { session: code("S-2"), scorer: "panel".into() };
    assert_eq!(click(&mut window, "Mark as panel"), [Command::Score(open)]);
    let items = (1..=20)
        .map(|n| ScoreItem {
            code: code(&format!("M-{n:02}")),
            exam: code("K-017"),
            levels: if n % 2 == 0 { vec![1, 2, 3] } else { vec![1, 2] },
            slices: 12,
        })
        .collect();
    let mut plan = ScorePlan::named(code("S-2"));
    (plan.scorers, plan.items) = (vec!["panel".into()], items);
    let mut state = ScoreState::default();
    for n in 1..=6 {
        state.marks.insert(("panel".into(), format!("M-{n:02}"), Target::Overall), Mark::of(f64::from(n)).unwrap());
    }
    let effects = absorb(window.state_mut(), ScoreOutcome::Opened(Box::new((plan, state))));
    let id = open_request(&effects);
    let mask = LoadedExam::new(code("M-07"), Role::Coordinator, vec![("image".to_owned(), knee(false))], mask(), Standing::Looking);
    window.state_mut().end(id, Outcome::Exam(Box::new(mask)));
    window.run_steps(4);
    window
}

/// A comment that was being typed when "Next mask" was clicked went to the next mask, or nowhere.
#[test]
fn a_comment_stays_with_the_mask_it_was_written_on() {
    for by_mouse in [true, false] {
        let mut window = scoring(false);
        window.get_by(|node| node.role() == egui::accesskit::Role::MultilineTextInput).click();
        window.run_steps(2);
        window.event(egui::Event::Text("a vessel".to_owned()));
        window.run_steps(2);
        assert_eq!(window.state().session.scoring().open().unwrap().comment(), "a vessel");
        if by_mouse {
            click(&mut window, "Next mask");
        } else {
            window.key_press_modifiers(Modifiers::CTRL | Modifiers::COMMAND, Key::ArrowRight);
            window.run_steps(3);
            window.state_mut().run(Command::Score(ScoreCommand::Go(7)));
        }
        window.run_steps(3);
        let said = |window: &Window| window.state().session.scoring().open().map(|o| (o.at(), o.comment().to_owned())).unwrap();
        assert_eq!(said(&window), (7, String::new()), "by mouse: {by_mouse}");
        window.state_mut().run(Command::Score(ScoreCommand::Go(6)));
        assert_eq!(said(&window), (6, "a vessel".to_owned()), "by mouse: {by_mouse}");
    }
}

#[test]
fn marks_are_set_by_mouse_and_keys_and_no_number_is_shown_unasked() {
    let mut window = scoring(false);
    window.get_by_label("Mask 7 of 20");
    window.get_by_label("not in this mask: a mark here is flagged");
    window.get_by_label_contains("Picture: ");
    assert!(window.query_by_label_contains("K-017").is_none() && window.query_by_label_contains("marrow-R2").is_none());
    let line = window.get_by_label("Mark for Overall").rect();
    assert!(line.width() - 16.0 >= 480.0, "{}", line.width());
    // A click at three quarters of the line.
    let at = line.left_top() + vec2(8.0 + (line.width() - 16.0) * 0.75, 12.0);
    window.hover_at(at);
    window.run_steps(1);
    for pressed in [true, false] {
        window.event(egui::Event::PointerButton { pos: at, button: egui::PointerButton::Primary, pressed, modifiers: Modifiers::NONE });
        window.run_steps(2);
    }
    let commands = window.state_mut().take();
    let [Command::Score(ScoreCommand::Mark(Target::Overall, Some(mark)))] = commands.as_slice() else { panic!("{commands:?}") };
    assert!((mark.value() - 7.5).abs() < 0.03, "{mark}");
    // The line has the focus now: arrows move the mark, finely with Shift.
    assert_eq!(press(&mut window, Key::ArrowLeft), [Command::Score(ScoreCommand::Nudge(Target::Overall, -10))]);
    window.key_press_modifiers(Modifiers::SHIFT, Key::ArrowRight);
    window.run_steps(2);
    assert_eq!(window.state_mut().take(), [Command::Score(ScoreCommand::Nudge(Target::Overall, 1))]);
    let kept = window.state().session.scoring().open().unwrap().mark(Target::Overall).unwrap();
    assert!((kept.value() - mark.value() + 0.09).abs() < 1e-9, "{kept}");
    assert!(window.query_by_label(&kept.to_string()).is_none(), "a visual analogue scale has no numbers");
    click(&mut window, "Show numbers");
    window.get_by_label(&kept.to_string());
    // Keys of the workspace: slices and masks.
    window.key_press_modifiers(Modifiers::CTRL | Modifiers::COMMAND, Key::ArrowRight);
    window.run_steps(2);
    let commands = window.state_mut().take();
    assert_eq!(commands, [Command::Score(ScoreCommand::Step(1))]);
    assert!(press(&mut window, Key::P).is_empty() && press(&mut window, Key::D).is_empty(), "nobody paints while scoring");
}

/// Ctrl and Right on the last mask, where there is no next one, once moved the mark that had the focus.
#[test]
fn arrows_with_ctrl_or_alt_never_move_a_mark() {
    let mut window = scoring(false);
    window.state_mut().run(Command::Score(ScoreCommand::Mark(Target::Level(1), Mark::of(4.0))));
    window.state_mut().run(Command::Score(ScoreCommand::Go(19)));
    let id = open_request(&window.state().unanswered());
    let mask = LoadedExam::new(code("M-20"), Role::Coordinator, vec![("image".to_owned(), knee(false))], mask(), Standing::Looking);
    window.state_mut().end(id, Outcome::Exam(Box::new(mask)));
    window.state_mut().run(Command::Score(ScoreCommand::Mark(Target::Overall, Mark::of(4.0))));
    window.run_steps(3);
    window.get_by_label("Mask 20 of 20");
    window.get_by_label("Mark for Overall").focus();
    window.run_steps(2);
    window.state_mut().take();
    for modifiers in [Modifiers::CTRL | Modifiers::COMMAND, Modifiers::ALT, Modifiers::CTRL | Modifiers::COMMAND | Modifiers::SHIFT] {
        for key in [Key::ArrowRight, Key::Delete] {
            window.key_press_modifiers(modifiers, key);
            window.run_steps(2);
            let commands = window.state_mut().take();
            assert!(!commands.iter().any(|c| matches!(c, Command::Score(_))), "{modifiers:?} {key:?}: {commands:?}");
        }
    }
    let mark = |window: &Window| window.state().session.scoring().open().unwrap().mark(Target::Overall).map(Mark::value);
    assert_eq!(mark(&window), Some(4.0));
    window.get_by_label("Mark for Overall").focus();
    window.run_steps(2);
    assert_eq!(press(&mut window, Key::ArrowRight), [Command::Score(ScoreCommand::Nudge(Target::Overall, 10))]);
}

/// Reader R2 with an exam of the atlas beside the picture; `measured` after calibrating on it.
fn with_atlas(pictures: bool, measured: bool) -> Window {
    let mut window = reading(pictures);
    let image = knee(false);
    let mut agreed = osteon::volume::Labels::empty(image.grid().clone());
    let mut difference = agreed.clone();
    for (j, i) in (90..120).flat_map(|j| (40..80).map(move |i| (j, i))) {
        agreed.set([i, j, 7], if i < 60 { 1 } else { 2 });
        difference.set([i, j, 7], 1 + ((i - 40) / 10) as u8);
    }
    let slices = std::collections::BTreeMap::from([(8, "level 2 behind the physis; not level 3".to_owned())]);
    let notes = osteon::study::AtlasNotes { general: "Boy, diffuse oedema of both condyles.".to_owned(), slices };
    let exam = osteon::study::AtlasExam {
        code: code("A-01"),
        plane: osteon::space::SlicePlane::new(image.grid().world_from_voxel(), image.grid().shape(), 2),
        image,
        agreed,
        notes,
    };
    let codes = vec![code("A-01"), code("A-02")];
    window.state_mut().run(Command::View(ViewCommand::ToggleAtlas));
    let (id, _) = window.state().asked(|r| matches!(r, Request::Atlas(_)));
    let shown = AtlasShown { codes, at: 0, exam };
    window.state_mut().end(id, Outcome::Atlas(Box::new(shown.clone())));
    if measured {
        let level = |level: &str, dice, agreed| osteon::study::LevelDice { level: level.to_owned(), dice, agreed };
        let result = osteon::study::CalibrationResult {
            time: "2026-11-21T10:00:00Z".into(),
            reader: osteon::study::ReaderCode::new("R2").unwrap(),
            exam: code("A-01"),
            read: 1,
            journal_sha256: String::new(),
            agreed_sha256: String::new(),
            levels: vec![
                level("1", Some(0.81), true),
                level("2", Some(0.44), true),
                level("3", None, false),
                level("2+3", Some(0.44), true),
            ],
            pass_mark: Some(0.6),
        };
        window.state_mut().end(RequestId(9_401), Outcome::Calibrated(Box::new(Calibrated { result, difference })));
        // The agreed mask is shown from now on, and asked for.
        let (id, _) = window.state().asked(|r| matches!(r, Request::Atlas(_)));
        window.state_mut().end(id, Outcome::Atlas(Box::new(shown)));
    }
    window.run_steps(4);
    window.state_mut().take();
    window
}

/// An independent reader of a study that asks for the sacro-iliac form.
fn with_form(pictures: bool) -> Window {
    let mut window = harness([1440.0, 900.0], pictures);
    window.state_mut().open_study_under(|protocol| protocol.with_sacroiliac(true));
    window.state_mut().sit_down(&reader("R1"));
    window.run_steps(3);
    window.state_mut().take();
    window
}

#[test]
fn the_sacroiliac_form_is_filled_in_by_keys() {
    let mut window = with_form(false);
    let alt = |window: &mut Window, key| {
        window.key_press_modifiers(Modifiers::ALT, key);
        window.run_steps(2);
        window.state_mut().take()
    };
    window.get_by_label("Sacro-iliac form");
    assert_eq!(alt(&mut window, Key::S), [Command::Edit(EditCommand::Form(FormCommand::Start))]);
    for key in [Key::Num1, Key::Num6] {
        alt(&mut window, key);
    }
    alt(&mut window, Key::P);
    let form = window.state().session.exam().unwrap().form().clone();
    let first = form.first().unwrap();
    assert!(form.mark(0, 0, 0) && form.mark(0, 1, 1) && form.opinion() == Some(true) && form.positive_by_rule());
    window.get_by_label("By the rule positive: 2 positive half-slices, 2 are needed");
    // By mouse too: the third slice of the six.
    let name = format!("left lower sacral, slice {}", first + 3);
    assert_eq!(click(&mut window, &name), [Command::Edit(EditCommand::Form(FormCommand::Toggle { place: 2, joint: 1, quadrant: 3 }))]);
    assert!(window.state().session.exam().unwrap().form().mark(2, 1, 3));
    press(&mut window, Key::F10);
    assert!(window.query_by_label("Sacro-iliac form").is_none());
    assert!(alt(&mut window, Key::N).is_empty(), "what is not on screen is not filled in");
}

/// The coordinator about to add K-017, which the readers named have sealed; with `enough`, as often as the protocol asks.
fn adding_to_atlas(pictures: bool, sealed: &[&str], enough: bool) -> Window {
    let mut window = harness([1440.0, 900.0], pictures);
    window.state_mut().open_study();
    let mut summary = window.state().session.study().unwrap().clone();
    let exam = summary.exams.iter_mut().find(|e| e.code.as_str() == "K-017").unwrap();
    exam.sealed = sealed.iter().map(|code| osteon::study::ReaderCode::new(code).unwrap()).collect();
    exam.reads_sealed = enough;
    window.state_mut().end(RequestId(9_500), Outcome::Study(Box::new(summary)));
    window.state_mut().sit_down(&Role::Coordinator);
    window.run_steps(2);
    window.state_mut().take();
    click(&mut window, "File");
    assert_eq!(click(&mut window, "Add to the atlas…"), [Command::Study(StudyCommand::BeginAtlasExam)]);
    window
}

#[test]
fn an_exam_is_taken_into_the_atlas_with_mask_and_notes() {
    let mut window = adding_to_atlas(false, &["R1", "R2"], false);
    window.get_by_label_contains("K-017 has still to be read and sealed by R3");
    assert!(click(&mut window, "Add to the atlas").is_empty(), "R3 would see the agreed mask");
    assert_eq!(click(&mut window, "Cancel"), [Command::Study(StudyCommand::CancelAtlasExam)]);
    assert!(window.query_by_label("Add to the atlas").is_none());
    let mut window = adding_to_atlas(false, &["R1", "R2", "R3"], false);
    window.get_by_label_contains("Not every read of K-017 that the protocol asks for is sealed");
    assert!(click(&mut window, "Add to the atlas").is_empty(), "who reads a second time would see the agreed mask");
    let mut window = adding_to_atlas(false, &["R1", "R2", "R3", "consensus"], true);
    click(&mut window, "Read of the consensus meeting");
    window.get_by_label("Notes for readers").click();
    window.run_steps(1);
    window.get_by_label("Notes for readers").type_text("Pd");
    window.run_steps(2);
    assert!(window.state_mut().take().is_empty(), "typing reaches no key of the picture behind");
    let mask = osteon::worker::message::AtlasMask::Read(osteon::study::ReaderCode::new("consensus").unwrap());
    assert_eq!(click(&mut window, "Add to the atlas"), [Command::Study(StudyCommand::AddToAtlas { mask, notes: "Pd".into() })]);
    assert!(window.query_by_label("Add to the atlas").is_none());
}

#[test]
fn the_atlas_stands_beside_the_slice_at_the_same_window() {
    let mut window = with_atlas(false, false);
    window.get_by_label("Atlas: A-01 slice 8");
    window.get_by_label("Slice 8: level 2 behind the physis; not level 3");
    press(&mut window, Key::PageDown);
    window.get_by_label("Atlas: A-01 slice 9");
    assert!(window.query_by_label_contains("behind the physis").is_none());
    assert_eq!(click(&mut window, "Next"), [Command::View(ViewCommand::StepAtlas(1))]);
    // An atlas exam of another scanner, whose grey values are ten times as large, was ten times too bright.
    let bounds = |window: &Window| window.state().session.atlas_window().map(|w| [w.lower(), w.upper()]).unwrap();
    let before = bounds(&window);
    let mut brighter = window.state().session.atlas().shown().unwrap().clone();
    let image = &brighter.exam.image;
    brighter.exam.image =
        osteon::volume::Image::new(image.grid().clone(), image.values().iter().map(|v| 10.0 * v).collect::<Vec<_>>()).unwrap();
    window.state_mut().end(RequestId(9_402), Outcome::Atlas(Box::new(brighter)));
    let after = bounds(&window);
    assert!((0..2).all(|n| (after[n] - 10.0 * before[n]).abs() <= 0.02 * (after[1] - after[0])), "{before:?} {after:?}");
    let window = with_atlas(false, true);
    window.get_by_label("below the pass mark");
    window.get_by_label("only agreed");
}

#[test]
fn pictures_of_sealing_and_scoring() {
    if !can_render() {
        return;
    }
    let mut window = looked_over(true);
    shot("submit", &mut window);
    let mut window = sessions(true);
    shot("score_sessions", &mut window);
    let mut window = scoring(true);
    for (target, value) in [(Target::Level(1), 2.1), (Target::Level(2), 3.9), (Target::Overall, 3.3)] {
        window.state_mut().run(Command::Score(ScoreCommand::Mark(target, Mark::of(value))));
    }
    window.run_steps(3);
    shot("score", &mut window);
    let mut window = sessions(true);
    click(&mut window, "Show the table");
    absorb(window.state_mut(), ScoreOutcome::Tables(vec![table()], "/nowhere/knee/results/scores".into(), None));
    window.run_steps(4);
    shot("score_table", &mut window);
    press(&mut window, Key::F7);
    let id = open_request(&window.state().unanswered());
    window.state_mut().end(id, Outcome::Exam(Box::new(exam("K-017", &Role::Coordinator, Standing::Looking))));
    window.run_steps(3);
    shot("protocol", &mut window);
    let mut window = with_form(true);
    for key in [Key::S, Key::Num1, Key::Num3, Key::Num6] {
        window.key_press_modifiers(Modifiers::ALT, key);
        window.run_steps(2);
    }
    shot("sacroiliac", &mut window);
    let mut window = adding_to_atlas(true, &["R1", "R2"], false);
    shot("atlas-add", &mut window);
    let mut window = with_atlas(true, false);
    shot("atlas", &mut window);
    let mut window = with_atlas(true, true);
    shot("calibration", &mut window);
}

/// Table 2 of five exams; one consensus holds no level 3.
fn table() -> osteon::study::ScoreTable {
    let mut plan = ScorePlan::named(code("S-1"));
    plan.scorers = vec!["panel".to_owned()];
    plan.left_out = vec!["K-044: 1 sealed independent read, two are needed".to_owned()];
    let (mut sources, mut state) = (std::collections::BTreeMap::new(), ScoreState::default());
    for n in 0..10_u32 {
        let (item, exam) = (format!("M-{n:02}"), format!("K-0{}", 10 + n / 2));
        let source = if n % 2 == 0 {
            ScoreSource::Consensus("STAPLE per level of R1, R3, R4".into())
        } else {
            ScoreSource::Model("marrow-R2/7".into())
        };
        sources.insert(item.clone(), source);
        plan.items.push(ScoreItem {
            code: code(&item),
            exam: code(&exam),
            levels: if n == 4 { vec![1, 2] } else { vec![1, 2, 3] },
            slices: 15,
        });
        for (t, target) in Target::ALL.into_iter().enumerate() {
            let value = f64::from((n * 37 + t as u32 * 23) % 61) / 10.0;
            state.marks.insert(("panel".into(), item.clone(), target), Mark::of(value).unwrap());
        }
    }
    state.comments.insert(("panel".into(), "M-03".into()), "tibia: level 3 missed behind the physis".into());
    let key = osteon::study::ScoreKey { session: code("S-1"), seed: 1, sources };
    osteon::study::score_tables(&plan, &key, &state, &osteon::study::Covariates::default()).remove(0)
}
