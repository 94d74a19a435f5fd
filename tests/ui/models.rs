//! The Models workspace: start, watch, pause, compare, roll back.

use crate::desk::reading;
use crate::{Window, can_render, click, press, shot};
use egui::Key;
use egui_kittest::kittest::Queryable as _;
use osteon::session::{Command, Effect, ModelCommand, ToolCommand, ViewCommand, Workspace};
use osteon::volume::LayerKind;
use osteon::worker::message::{Ablated, NetWish, Outcome, Request, RequestId, TrainedVersion, VersionSummary, VersionsJudged};

type Dice = Vec<(String, Option<f64>)>;

fn dice(one: f64, two: f64, three: Option<f64>) -> Dice {
    [("1", Some(one)), ("2", Some(two)), ("3", three), ("2+3", Some(two + 0.05))].map(|(n, d)| (n.to_owned(), d)).to_vec()
}

fn trained(version: u32, parent: Option<u32>, figures: Dice, made_current: bool) -> Outcome {
    let summary = VersionSummary {
        version,
        created: format!("2026-11-{}T10:00:00Z", version + 11),
        steps: u64::from(version) * 240,
        slices: 30 + 15 * version as usize,
        accepted: if version > 8 { 15 } else { 0 },
        parent,
        held_out: "30 slices of 2 validation exams".to_owned(),
        dice: figures,
    };
    Outcome::Trained(TrainedVersion {
        parts: std::collections::BTreeMap::new(),
        model: "marrow-R2".to_owned(),
        summary,
        before: parent.map(|_| dice(0.84, 0.61, Some(0.52))),
        held_out: "30 slices of 2 validation exams".to_owned(),
        is_worse: !made_current,
        made_current,
        overtaken_by: None,
        stopped_early: false,
        kept_step: 180,
        taken: 240,
        note: None,
        gave_up: None,
        loss: 0.4,
    })
}

/// R2's Models page with versions 8 to 10, of which 10 did worse than 9.
fn models(pictures: bool) -> Window {
    let mut window = reading(pictures);
    assert_eq!(press(&mut window, Key::F6), [Command::View(ViewCommand::Workspace(Workspace::Models))]);
    let outcomes = [
        trained(8, Some(7), dice(0.82, 0.58, Some(0.31)), true),
        trained(9, Some(8), dice(0.84, 0.61, Some(0.52)), true),
        trained(10, Some(9), dice(0.83, 0.49, None), false),
    ];
    for outcome in outcomes {
        let effects = window.state_mut().run(Command::Model(ModelCommand::Train));
        let id = effects.iter().find_map(|e| if let Effect::Work(id, Request::Train(_)) = e { Some(*id) } else { None });
        window.state_mut().end(id.expect("a training is asked for"), outcome);
    }
    window.run_steps(3);
    window.state_mut().take();
    window
}

#[test]
fn a_worse_version_is_kept_and_not_current_and_the_way_back_is_one_click() {
    let mut window = models(false);
    assert_eq!(window.state().session.current_version(), Some(9));
    window.get_by_label_contains("is kept, best at step 180 of 240 but not current");
    window.get_by_label("Dice per level of 5 versions");
    assert_eq!(click(&mut window, "Go back a version"), [Command::Model(ModelCommand::MakeCurrent(8))]);
}

/// Two changes at once could end in either order, and the file then say another version than the screen.
#[test]
fn one_change_of_the_current_version_ends_before_the_next_begins() {
    let mut window = models(false);
    let asked = |window: &mut Window, version| {
        let effects = window.state_mut().run(Command::Model(ModelCommand::MakeCurrent(version)));
        effects.iter().find_map(|e| if let Effect::Work(id, Request::MakeCurrent { .. }) = e { Some(*id) } else { None })
    };
    let first = asked(&mut window, 8).expect("the change is asked for");
    assert_eq!(asked(&mut window, 10), None);
    window.state_mut().end(first, Outcome::CurrentChanged { model: "marrow-R2".into(), version: 8 });
    assert_eq!(window.state().session.current_version(), Some(8));
    window.run_steps(2);
    window.state_mut().take();
    assert_eq!(click(&mut window, "Go back a version"), [Command::Model(ModelCommand::MakeCurrent(7))]);
}

#[test]
fn two_versions_are_compared_on_the_same_slices() {
    let mut window = models(false);
    let compare = window.get_all_by_label("Compare with current").next().expect("every version but the current can be compared with it");
    compare.click();
    window.run_steps(2);
    assert_eq!(window.state_mut().take(), [Command::Model(ModelCommand::Compare([9, 10]))]);
    let versions = vec![(9, dice(0.84, 0.61, Some(0.52))), (10, dice(0.86, 0.49, None))];
    let judged =
        VersionsJudged { model: "marrow-R2".into(), held_out: "30 slices of 2 validation exams".into(), versions, exams: Vec::new() };
    window.state_mut().end(RequestId(9_301), Outcome::Judged(judged));
    window.run_steps(3);
    window.get_by_label_contains("Versions on the same slices");
    window.get_by_label("+0.02");
    assert!(window.get_all_by_label("−0.12").count() == 2, "level 2, and 2+3");
}

#[test]
fn a_training_is_watched_paused_and_stopped_on_the_page() {
    let mut window = models(false);
    window.state_mut().propose_and_train();
    window.run_steps(3);
    window.get_by_label("Training, 3 min left");
    window.get_by_label_contains("640 of 2048 MB");
    window.get_by_label_contains("best at step 60, mean Dice 0.66");
    assert_eq!(click(&mut window, "Pause"), [Command::Model(ModelCommand::Pause)]);
    window.get_by_label("Paused");
    assert_eq!(click(&mut window, "Resume"), [Command::Model(ModelCommand::Resume)]);
    assert_eq!(click(&mut window, "Cancel"), [Command::Model(ModelCommand::Cancel)]);
}

#[test]
fn bones_can_have_independent_nets_before_the_first_version() {
    let mut window = models(false);
    assert_eq!(window.query_all_by_label_contains("An independent net").count(), 0, "marrow has one net, and versions already");
    window.state_mut().run(Command::Tool(ToolCommand::Layer(LayerKind::Bone)));
    window.run_steps(3);
    window.state_mut().take();
    window.get_by_label("An independent net for each bone").click();
    window.run_steps(3);
    let apart = |independent| Command::Model(ModelCommand::Net(NetWish { independent, ..NetWish::default() }));
    assert_eq!(window.state_mut().take(), [apart(Some(true))]);
    window.get_by_label("An independent net for each bone").click();
    window.run_steps(3);
    assert_eq!(window.state_mut().take(), [apart(None)]);
}

#[test]
fn pictures_of_the_models_page() {
    if !can_render() {
        return;
    }
    let mut window = models(true);
    window.state_mut().run(Command::View(ViewCommand::DismissNotices));
    window.run_steps(3);
    shot("models", &mut window);
    window.state_mut().run(Command::Tool(ToolCommand::Layer(LayerKind::Bone)));
    window.state_mut().run(Command::Model(ModelCommand::Minutes { minutes: 5.0, most_steps: 100_000 }));
    window.run_steps(3);
    shot("models_bone", &mut window);
    window.state_mut().run(Command::Tool(ToolCommand::Layer(LayerKind::Marrow)));
    let versions = vec![(9, dice(0.84, 0.61, Some(0.52))), (10, dice(0.86, 0.49, None))];
    let held_out = "30 slices of 2 validation exams".to_owned();
    let judged = VersionsJudged { model: "marrow-R2".into(), held_out: held_out.clone(), versions, exams: Vec::new() };
    window.state_mut().end(RequestId(9_301), Outcome::Judged(judged));
    let ablated = Ablated {
        model: "marrow-R2".into(),
        held_out,
        slices: [30, 120],
        note: None,
        with: dice(0.83, 0.60, Some(0.50)),
        without: dice(0.82, 0.57, Some(0.51)),
    };
    window.state_mut().end(RequestId(9_302), Outcome::Ablated(ablated));
    window.state_mut().propose_and_train();
    window.run_steps(3);
    shot("models_training", &mut window);
}

#[test]
fn what_scorers_found_wrong_stands_with_the_model() {
    let window = models(false);
    window.get_by_label("What scorers found wrong with its masks");
    window.get_by_label("Level 3 6.40");
    window.get_by_label("takes a vessel for level 3");
}
