//! A model's proposal in the window: adopted by brush, by slice, by part, over the reader's own paint, or thrown away.

use super::desk::{SHAPE, reading};
use super::{Window, click, press, press_with};
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use osteon::edit::CommitKind;
use osteon::session::{AdoptWhat, Command, EditCommand, ModelCommand, OpenExam, Tool, ToolCommand, ViewCommand};
use osteon::volume::LayerKind;
use osteon::worker::message::{Outcome, RequestId};

const CTRL: Modifiers = Modifiers { ctrl: true, command: true, ..Modifiers::NONE };

fn exam(window: &Window) -> &OpenExam {
    window.state().session.exam().unwrap()
}

fn marrow(window: &Window) -> Vec<u8> {
    exam(window).layers().labels(LayerKind::Marrow).to_dense()
}

fn steps(window: &Window) -> usize {
    exam(window).layers().history().entries().filter(|e| !e.undone).count()
}

fn last_step(window: &Window) -> String {
    exam(window).layers().history().next_undo().unwrap().1.to_owned()
}

fn slice_of(n: usize) -> usize {
    n / (SHAPE[0] * SHAPE[1])
}

/// R2 in front of slice 8 with a proposal of level 1 on it and on slices 10 to 12, made before anything was painted.
fn proposed() -> Window {
    let mut window = reading(false);
    window.state_mut().propose_and_train();
    window.run_steps(3);
    window.state_mut().take();
    window
}

/// The proposal, voxel by voxel.
fn proposal(window: &Window) -> Vec<u8> {
    exam(window).proposal().unwrap().result.labels.to_dense()
}

fn hover(window: &mut Window, uv: [f64; 2]) {
    let place = *window.state().views.place().unwrap();
    window.hover_at(place.at(uv));
    window.run_steps(3);
}

fn drag(window: &mut Window, path: &[[f64; 2]]) {
    let place = *window.state().views.place().unwrap();
    hover(window, path[0]);
    window.drag_at(place.at(path[0]));
    path[1..].iter().for_each(|uv| window.hover_at(place.at(*uv)));
    window.run_steps(1);
    window.drop_at(place.at(path[path.len() - 1]));
    window.run_steps(2);
    window.state_mut().take();
}

#[test]
fn the_adopting_brush_takes_the_proposal_where_it_passes_and_nothing_else() {
    let mut window = proposed();
    assert_eq!(press(&mut window, Key::A), [Command::Tool(ToolCommand::Choose(Tool::AdoptBrush))]);
    window.get_by_label_contains("drag over a proposal to adopt it");
    let (before, suggested, made) = (marrow(&window), proposal(&window), steps(&window));
    // Through the proposal's middle, over own paint (levels 1 to 3) and out to where nothing is proposed.
    drag(&mut window, &[[40.0, 63.0], [60.0, 63.0], [100.0, 63.0]]);
    let after = marrow(&window);
    let changed: Vec<usize> = (0..after.len()).filter(|&n| before[n] != after[n]).collect();
    assert!(changed.len() > 60, "{}", changed.len());
    for n in &changed {
        let [i, j, k] = exam(&window).layers().grid().voxel(*n);
        assert!(k == 7 && after[*n] == suggested[*n] && (i as f64) < 110.0 && (j as f64 - 112.0).abs() < 4.5, "{:?}", [i, j, k]);
        assert_eq!(exam(&window).layers().provenance(LayerKind::Marrow, [i, j, k]), Some(CommitKind::Adopted("marrow-R2/7".to_owned())));
    }
    assert!(changed.iter().any(|&n| before[n] == 2) && changed.iter().any(|&n| before[n] == 0), "own paint and background");
    // 6 mm across: the whole line from the middle on, and what the model says is background, too.
    assert!((50..78).all(|i| after[exam(&window).layers().grid().index([i, 112, 7])] == 1));
    assert!(changed.iter().any(|&n| after[n] == 0), "background is adopted as well where the slice was asked about");
    assert_eq!((steps(&window), last_step(&window)), (made + 1, "Adopt marrow-R2/7 by brush, slice 8".to_owned()));
    press_with(&mut window, CTRL, Key::Z);
    assert!(marrow(&window) == before);
    // On a slice that the model was not asked about its background means nothing.
    window.state_mut().run(Command::View(ViewCommand::Slice(6)));
    window.run_steps(2);
    drag(&mut window, &[[60.0, 63.0], [90.0, 63.0]]);
    assert!(marrow(&window) == before && steps(&window) == made);
}

#[test]
fn a_slice_is_adopted_around_own_paint_and_over_it_by_another_key() {
    let mut window = proposed();
    let (before, suggested) = (marrow(&window), proposal(&window));
    assert_eq!(press(&mut window, Key::Enter), [Command::Edit(EditCommand::Adopt(AdoptWhat::Slice))]);
    let adopted = marrow(&window);
    assert_eq!(last_step(&window), "Adopt marrow-R2/7, slice 8");
    let changed: Vec<usize> = (0..adopted.len()).filter(|&n| before[n] != adopted[n]).collect();
    assert!(changed.len() > 50 && changed.iter().all(|&n| slice_of(n) == 7 && before[n] == 0 && adopted[n] == 1), "{}", changed.len());
    assert!((0..adopted.len()).any(|n| slice_of(n) == 7 && adopted[n] == 2 && suggested[n] == 1), "own level 2 stays");
    // Again: it says why nothing more comes.
    press(&mut window, Key::Enter);
    assert!(marrow(&window) == adopted);
    window.get_by_label_contains("was painted over by hand since");
    // By the other key it goes over own paint, as one step of its own that can be taken back.
    let made = steps(&window);
    let over = Command::Edit(EditCommand::Adopt(AdoptWhat::SliceOverHand));
    assert_eq!(press_with(&mut window, CTRL | Modifiers::SHIFT, Key::Enter), [over]);
    let all = marrow(&window);
    for n in 0..all.len() {
        assert_eq!(all[n], if slice_of(n) == 7 { suggested[n] } else { before[n] });
    }
    assert_eq!(steps(&window), made + 1);
    press_with(&mut window, CTRL, Key::Z);
    assert!(marrow(&window) == adopted);
    press_with(&mut window, CTRL, Key::Z);
    assert!(marrow(&window) == before);
}

#[test]
fn one_part_is_adopted_under_the_pointer() {
    let mut window = proposed();
    let (before, suggested) = (marrow(&window), proposal(&window));
    window.state_mut().run(Command::View(ViewCommand::Slice(10)));
    window.run_steps(2);
    // Where nothing is proposed nothing happens, and that is said.
    hover(&mut window, [120.0, 30.0]);
    press(&mut window, Key::G);
    assert!(marrow(&window) == before);
    window.get_by_label_contains("Nothing to adopt there");
    hover(&mut window, [62.0, 63.0]);
    assert_eq!(press(&mut window, Key::G), [Command::Edit(EditCommand::Adopt(AdoptWhat::Part))]);
    let after = marrow(&window);
    // The part goes through slices 10 to 12; slice 8 is another one.
    for n in 0..after.len() {
        assert_eq!(after[n], if (9..12).contains(&slice_of(n)) && suggested[n] != 0 { suggested[n] } else { before[n] });
    }
    assert!(after != before && last_step(&window) == "Adopt marrow-R2/7, a part, slice 11");
    press_with(&mut window, CTRL, Key::Z);
    hover(&mut window, [62.0, 63.0]);
    press_with(&mut window, Modifiers::SHIFT, Key::Enter);
    let all = marrow(&window);
    assert!((0..all.len()).all(|n| slice_of(n) <= 8 || all[n] == suggested[n]) && last_step(&window).ends_with("all slices"));
}

#[test]
fn the_panel_of_the_model_asks_adopts_and_dismisses() {
    let mut window = reading(false);
    window.state_mut().run(Command::Model(ModelCommand::Steps(240)));
    assert_eq!(click(&mut window, "Propose slice"), [Command::Model(ModelCommand::ProposeSlice)]);
    assert_eq!(click(&mut window, "Exam"), [Command::Model(ModelCommand::ProposeExam)]);
    window.get_by_label_contains("trained on 21 slices, 480 steps");
    let mut window = proposed();
    window.set_size(egui::vec2(1440.0, 1300.0));
    window.run_steps(3);
    window.get_by_label_contains("Proposed by marrow-R2/7 on 4 slices, hatched");
    window.get_by_label("Slice 11: proposed, not adopted");
    window.get_by_label_contains("Training, 3 min left");
    assert_eq!(click(&mut window, "Pause"), [Command::Model(ModelCommand::Pause)]);
    // A version that was made current meanwhile makes it stale.
    window.state_mut().end(RequestId(9_300), Outcome::CurrentChanged { model: "marrow-R2".into(), version: 6 });
    window.run_steps(2);
    window.get_by_label_contains("Stale: a newer version exists");
    let before = marrow(&window);
    assert_eq!(click(&mut window, "All"), [Command::Edit(EditCommand::Adopt(AdoptWhat::All))]);
    assert!(marrow(&window) != before);
    for id in window.state().session.notices().iter().map(|n| n.id).collect::<Vec<_>>() {
        window.state_mut().run(Command::View(ViewCommand::DismissNotice(id)));
    }
    window.run_steps(2);
    window.get_by_label_contains("Nothing is left of what marrow-R2/7 proposed");
    assert!(window.query_by_label("Part").is_none(), "there is nothing to adopt");
    assert_eq!(click(&mut window, "Dismiss"), [Command::Edit(EditCommand::DismissProposal)]);
    assert!(exam(&window).proposal().is_none() && window.query_by_label_contains("hatched").is_none());
    assert!(press(&mut window, Key::Enter).is_empty(), "nothing to adopt any more");
    let mut window = proposed();
    assert_eq!(press(&mut window, Key::Backspace), [Command::Edit(EditCommand::DismissProposal)]);
}
