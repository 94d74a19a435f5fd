//! The Review workspace: a list of unread exams, the proposal over the picture, two decisions.

use crate::desk::{SHAPE, grid, reading};
use crate::{Window, can_render, press, press_with, shot};
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use osteon::edit::ReadLayers;
use osteon::session::{Command, Effect, ModelCommand, PointerCommand, ViewCommand, Workspace};
use osteon::study::ExamCode;
use osteon::volume::{Labels, LayerKind};
use osteon::worker::message::{DoubtMap, ExamGain, LoadedExam, Outcome, ProposalResult, Ranking, Request, RequestId, Standing};

fn disc(value: impl Fn(f64) -> u8) -> Labels {
    let mut labels = Labels::empty(grid());
    for k in 4..10 {
        for (j, i) in (0..SHAPE[1]).flat_map(|j| (0..SHAPE[0]).map(move |i| (j, i))) {
            let away = ((i as f64 - 62.0) / 16.0).hypot((j as f64 - 112.0) / 11.0);
            let label = value(away);
            if label > 0 {
                labels.set([i, j, k], label);
            }
        }
    }
    labels
}

fn sent(effects: &[Effect], pick: impl Fn(&Request) -> bool) -> Option<RequestId> {
    effects.iter().find_map(|e| match e {
        Effect::Work(id, request) if pick(request) => Some(*id),
        _ => None,
    })
}

/// R2 in Review, the next unread exam open with a proposal on all of it.
fn reviewing(pictures: bool) -> Window {
    let mut window = reading(pictures);
    let desk = window.state_mut();
    let effects = desk.run(Command::View(ViewCommand::Workspace(Workspace::Review)));
    let exam = effects.iter().find_map(|e| match e {
        Effect::Work(id, Request::OpenExam { exam, .. }) => Some((*id, exam.clone())),
        _ => None,
    });
    let (id, code) = exam.expect("the first unread exam is opened");
    let gain = |exam: &str, doubt, slice| ExamGain { exam: ExamCode::new(exam).unwrap(), doubt, slice };
    let gains = vec![gain("K-021", 0.41, 8), gain(code.as_str(), 0.12, 6)];
    let ranking = Ranking { model_version: "marrow-R2/7".into(), gains };
    desk.end(sent(&effects, |r| matches!(r, Request::Rank(_))).expect("a ranking is asked for"), Outcome::Ranked(ranking));
    let sequences = vec![("T2 Dixon water".to_owned(), crate::desk::knee(false))];
    let standing = Standing::Writing { number: 1, assisted: true };
    let loaded = LoadedExam::new(code.clone(), crate::desk::reader("R2"), sequences, ReadLayers::new(grid(), 2), standing);
    desk.end(id, Outcome::Exam(Box::new(loaded)));
    let proposal = ProposalResult {
        exam: code,
        layer: LayerKind::Marrow,
        model_version: "marrow-R2/7".to_owned(),
        base_revision: 0,
        labels: disc(|away| if away < 0.4 { 2 } else { u8::from(away < 1.0) }),
        slices: (0..SHAPE[2]).collect(),
    };
    let (id, _) = desk.asked(|r| matches!(r, Request::Propose(_)));
    desk.end(id, Outcome::Proposed(Box::new(proposal)));
    desk.run(Command::View(ViewCommand::Window { lower: 10.0, upper: 400.0 }));
    window.run_steps(3);
    window.state_mut().take();
    window
}

#[test]
fn exams_are_accepted_and_refused_by_key() {
    let mut window = reviewing(false);
    window.get_by_label("Unread · 5 waiting");
    window.get_by_label("Read next by hand: K-021");
    let code = window.state().session.exam().unwrap().code().clone();
    assert_eq!(press(&mut window, Key::Enter), [Command::Model(ModelCommand::Accept)]);
    window.get_by_label("1 accepted, in the training set");
    assert!(window.state().session.exam().is_none_or(|e| *e.code() != code), "the next exam comes");
    let mut window = reviewing(false);
    assert_eq!(press(&mut window, Key::Backspace), [Command::Model(ModelCommand::Refuse)]);
    window.get_by_label("Unread · 4 waiting");
    window.get_by_label("0 accepted, in the training set");
}

/// One Enter took fifteen slices over, and nothing said that one of them had been on screen.
#[test]
fn accepting_says_how_much_of_the_exam_was_looked_at() {
    let mut window = reviewing(false);
    window.get_by_label("1 of 15 slices looked at");
    window.get_by_label_contains("12 % unsure, most on slice 7");
    press(&mut window, Key::PageDown);
    window.get_by_label("2 of 15 slices looked at");
    (0..15).for_each(|slice| drop(window.state_mut().run(Command::View(ViewCommand::Slice(slice)))));
    window.run_steps(2);
    window.get_by_label("15 of 15 slices looked at");
    window.state_mut().take();
    // A warning, no wall.
    let mut window = reviewing(false);
    assert_eq!(press(&mut window, Key::Enter), [Command::Model(ModelCommand::Accept)]);
}

#[test]
fn doubt_is_asked_for_and_shown() {
    let mut window = reviewing(false);
    assert_eq!(press_with(&mut window, Modifiers::CTRL | Modifiers::COMMAND, Key::U), [Command::Model(ModelCommand::ToggleDoubt)]);
    assert!(press(&mut window, Key::B).is_empty(), "nobody paints in Review");
    for command in [PointerCommand::Down([60.0, 60.0]), PointerCommand::Move(vec![[90.0, 60.0]]), PointerCommand::Up] {
        window.state_mut().run(Command::Pointer(command));
    }
    let layers = window.state().session.exam().unwrap().layers();
    assert!(layers.labels(LayerKind::Marrow).labelled_box().is_empty(), "a drag painted in Review");
}

#[test]
fn pictures_of_review() {
    if !can_render() {
        return;
    }
    let mut window = reviewing(true);
    shot("review", &mut window);
    let exam = window.state().session.exam().unwrap().code().clone();
    let map = disc(|away| if (0.8..1.3).contains(&away) { 230 - ((away - 1.0).abs() * 400.0) as u8 } else { 0 });
    let doubt = DoubtMap { exam, layer: LayerKind::Marrow, model_version: "marrow-R2/7".into(), map };
    press_with(&mut window, Modifiers::CTRL | Modifiers::COMMAND, Key::U);
    let (id, _) = window.state().asked(|r| matches!(r, Request::Doubt(_)));
    window.state_mut().end(id, Outcome::Doubted(Box::new(doubt)));
    window.run_steps(3);
    shot("review_doubt", &mut window);
}
