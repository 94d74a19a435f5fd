//! The history in the window: clicks in its list, and undo of steps that must be read from the journal first.

use super::desk::{Desk, reader, reading};
use super::{Window, click, press_with};
use egui::{Key, Modifiers, vec2};
use egui_kittest::kittest::Queryable as _;
use osteon::session::{Command, EditCommand, OpenExam, PointerState, ToolCommand, ViewCommand};
use osteon::volume::LayerKind;

const CTRL: Modifiers = Modifiers { ctrl: true, command: true, ..Modifiers::NONE };

fn exam(window: &Window) -> &OpenExam {
    window.state().session.exam().unwrap()
}

type Look = ([Vec<u8>; 3], usize, Vec<usize>);

/// What can be seen of the read.
fn look(window: &Window) -> Look {
    let layers = exam(window).layers();
    (LayerKind::ALL.map(|layer| layers.labels(layer).to_dense()), layers.outlines().count(), layers.done_slices(LayerKind::Marrow))
}

/// Presses, moves and releases the left button at in-plane pixels of the large pane.
fn drag(window: &mut Window, path: &[[f64; 2]]) {
    let place = *window.state().views.place().unwrap();
    window.hover_at(place.at(path[0]));
    window.run_steps(1);
    window.drag_at(place.at(path[0]));
    path[1..].iter().for_each(|uv| window.hover_at(place.at(*uv)));
    window.run_steps(1);
    window.drop_at(place.at(path[path.len() - 1]));
    window.run_steps(2);
    window.state_mut().take();
}

/// Strokes on slices 9 to 14 of the screen, crossing each other's places, a done mark after each; the looks after each stroke.
fn painted(window: &mut Window) -> Vec<Look> {
    let mut looks = Vec::new();
    for n in 0..6_u8 {
        let slice = 8 + usize::from(n);
        window.state_mut().run(Command::View(ViewCommand::Slice(slice)));
        window.state_mut().run(Command::Tool(ToolCommand::Label(2)));
        window.run_steps(2);
        let u = 60.0 + 4.0 * f64::from(n);
        drag(window, &[[u, 60.0], [u + 20.0, 66.0]]);
        looks.push(look(window));
        window.state_mut().run(Command::Edit(EditCommand::ToggleDone));
    }
    looks
}

/// Going to a step far away once stopped at the first one whose voxels had left memory.
#[test]
fn a_click_in_the_history_restores_that_step_after_reopening_with_little_memory() {
    let mut window = reading(false);
    let begun = look(&window);
    let looks = painted(&mut window);
    let last = look(&window);
    window.state_mut().reopen(0);
    window.set_size(vec2(1440.0, 1400.0));
    window.run_steps(3);
    window.state_mut().take();
    assert!(look(&window) == last, "the read as it was left");
    // Back, further back, forth again, and to the last step: each exactly as it was after that stroke.
    for at in [3, 0, 4, 2, 5] {
        let name = format!("Brush level 2, slice {}", at + 9);
        let commands = click(&mut window, &name);
        assert!(matches!(commands[..], [Command::Edit(EditCommand::GoToRow(_))]), "{commands:?}");
        assert_eq!(exam(&window).layers().history().next_undo().unwrap().1, name);
        assert!(look(&window) == looks[at], "the labels after {name}");
    }
    click(&mut window, "Brush level 3, slice 8");
    assert!(look(&window).0 == begun.0, "before the first of these strokes");
    assert!(window.state().fetched > 12, "{} steps came from the journal", window.state().fetched);
    // What is painted now ends what was taken back; the rows that were journalled make the same read.
    drag(&mut window, &[[30.0, 30.0], [40.0, 30.0]]);
    let now = look(&window);
    window.state_mut().reopen(usize::MAX);
    window.run_steps(2);
    assert!(look(&window) == now);
}

/// The read opened again with nothing in memory but the next step, and the disk busy.
fn with_a_busy_disk() -> (Window, Vec<Look>) {
    let mut window = reading(false);
    window.state_mut().run(Command::View(ViewCommand::Slice(7)));
    window.state_mut().run(Command::Tool(ToolCommand::Label(3)));
    window.run_steps(2);
    let mut looks = vec![look(&window)];
    for n in 0..5 {
        drag(&mut window, &[[20.0, 20.0 + 8.0 * f64::from(n)], [50.0, 20.0 + 8.0 * f64::from(n)]]);
        looks.push(look(&window));
    }
    window.state_mut().reopen(0);
    window.state_mut().fetches = false;
    window.run_steps(2);
    // One step is always in memory.
    press_with(&mut window, CTRL, Key::Z);
    assert!(look(&window) == looks[4] && window.state().waiting.is_empty());
    press_with(&mut window, CTRL, Key::Z);
    assert!(look(&window) == looks[4] && window.state().waiting.len() == 1);
    window.get_by_label_contains("Reading an older step");
    (window, looks)
}

fn answer(window: &mut Window) {
    window.state_mut().fetch();
    window.run_steps(2);
    window.state_mut().take();
}

#[test]
fn undo_is_counted_while_an_older_step_is_read_and_redo_takes_it_away() {
    let (mut window, looks) = with_a_busy_disk();
    press_with(&mut window, CTRL, Key::Z);
    press_with(&mut window, CTRL, Key::Z);
    press_with(&mut window, CTRL, Key::Y);
    assert_eq!(window.state().waiting.len(), 1, "one step is read at a time");
    answer(&mut window);
    assert!(look(&window) == looks[3], "the first of two");
    answer(&mut window);
    assert!(look(&window) == looks[2] && window.state().waiting.is_empty(), "undo three times, redo once");
    // Undo and redo at once: nothing.
    let (mut window, looks) = with_a_busy_disk();
    press_with(&mut window, CTRL, Key::Y);
    answer(&mut window);
    assert!(look(&window) == looks[4]);
}

/// What was painted while an older step was being read was once taken back in its place.
#[test]
fn an_undo_that_waits_takes_back_nothing_that_was_painted_meanwhile() {
    let (mut window, _) = with_a_busy_disk();
    drag(&mut window, &[[90.0, 130.0], [120.0, 130.0]]);
    let with_stroke = look(&window);
    answer(&mut window);
    assert!(look(&window) == with_stroke, "the new stroke stays");
    window.get_by_label_contains("The older step was not taken back");
    press_with(&mut window, CTRL, Key::Z);
    assert_eq!(exam(&window).layers().history().next_redo().unwrap().1, "Brush level 1, slice 8", "undo takes the new stroke now");
    // A stroke that is still under the hand is not ended by it either.
    let (mut window, looks) = with_a_busy_disk();
    let place = *window.state().views.place().unwrap();
    window.hover_at(place.at([90.0, 130.0]));
    window.run_steps(1);
    window.drag_at(place.at([90.0, 130.0]));
    window.run_steps(1);
    answer(&mut window);
    assert!(matches!(exam(&window).pointer(), PointerState::Stroke { .. }));
    window.hover_at(place.at([100.0, 130.0]));
    window.run_steps(1);
    window.drop_at(place.at([100.0, 130.0]));
    window.run_steps(2);
    let (now, before) = (look(&window), &looks[4]);
    let changed: Vec<u8> = now.0[0].iter().zip(&before.0[0]).filter(|(n, b)| n != b).map(|(n, _)| *n).collect();
    assert!(changed.len() > 30 && changed.iter().all(|l| *l == 1), "the stroke, and nothing undone: {}", changed.len());
}

/// The voxels of a step of one read were once handed to the next, which then took its own last step back.
#[test]
fn an_answer_for_a_read_that_was_left_changes_nothing() {
    let (mut window, _) = with_a_busy_disk();
    let desk: &mut Desk = window.state_mut();
    let rows = desk.rows.clone();
    desk.run(Command::Study(osteon::session::StudyCommand::LeaveRole));
    desk.sit_down(&reader("R2"));
    let before = look(&window);
    window.state_mut().rows = rows;
    answer(&mut window);
    assert!(look(&window) == before);
    // A failure to read ends the waiting; undo can be asked for again.
    let (mut window, looks) = with_a_busy_disk();
    let (id, _) = window.state_mut().waiting.remove(0);
    window.state_mut().end(id, osteon::worker::message::Outcome::Failed("the disk is away".to_owned()));
    window.state_mut().fetches = true;
    press_with(&mut window, CTRL, Key::Z);
    assert!(look(&window) == looks[3]);
}

#[test]
fn undo_and_redo_are_buttons_too() {
    let mut window = reading(false);
    window.set_size(vec2(1440.0, 1000.0));
    window.run_steps(2);
    assert_eq!(click(&mut window, "Undo"), [Command::Edit(EditCommand::Undo)]);
    assert_eq!(exam(&window).layers().history().next_redo().unwrap().1, "Slice 4 of marrow done");
    assert_eq!(click(&mut window, "Redo"), [Command::Edit(EditCommand::Redo)]);
    assert!(exam(&window).layers().history().next_redo().is_none());
}
