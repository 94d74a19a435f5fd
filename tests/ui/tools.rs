//! Every tool, taken by its key and used with the mouse.

use super::desk::{Desk, reading};
use super::{can_render, click, press, press_with, shot};
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use osteon::edit::tools::{BrushShape, LabelSet};
use osteon::session::{Command, OpenExam, Tool, ToolCommand, ViewCommand};
use osteon::volume::LayerKind;

type Window = Harness<'static, Desk>;

fn exam(window: &Window) -> &OpenExam {
    window.state().session.exam().unwrap()
}

fn labels(window: &Window, layer: LayerKind) -> Vec<u8> {
    exam(window).layers().labels(layer).to_dense()
}

fn count(window: &Window, layer: LayerKind, label: u8) -> usize {
    exam(window).layers().labels(layer).counts().of(label)
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
}

fn last_step(window: &Window) -> String {
    exam(window).layers().history().next_undo().unwrap().1.to_owned()
}

#[test]
fn relabel_changes_the_label_it_starts_on_and_no_other() {
    let mut window = reading(false);
    assert_eq!(press(&mut window, Key::R), [Command::Tool(ToolCommand::Choose(Tool::Relabel))]);
    press(&mut window, Key::Num3);
    window.get_by_label_contains("start on a label and drag");
    let before = labels(&window, LayerKind::Marrow);
    // From level 2 (around u 72, v 65) over level 1 and background.
    window.state_mut().run(Command::Tool(ToolCommand::SizeMm(12.0)));
    drag(&mut window, &[[77.0, 66.0], [76.0, 60.0], [100.0, 60.0]]);
    let after = labels(&window, LayerKind::Marrow);
    let changed: Vec<(u8, u8)> = before.iter().zip(&after).filter(|(b, a)| b != a).map(|(b, a)| (*b, *a)).collect();
    assert!(!changed.is_empty() && changed.iter().all(|c| *c == (2, 3)), "{changed:?}");
    assert_eq!(last_step(&window), "Relabel level 2 as level 3, slice 8");
    // On background it says what to do, and paints nothing.
    drag(&mut window, &[[20.0, 20.0], [60.0, 20.0]]);
    window.get_by_label_contains("Relabel starts on a label");
    assert_eq!(labels(&window, LayerKind::Marrow), after);
}

#[test]
fn nothing_is_painted_over_what_is_excluded() {
    let mut window = reading(false);
    assert_eq!(press_with(&mut window, Modifiers::SHIFT, Key::X), [Command::Tool(ToolCommand::Layer(LayerKind::Exclusion))]);
    press(&mut window, Key::B);
    drag(&mut window, &[[40.0, 40.0], [60.0, 40.0]]);
    let physis = count(&window, LayerKind::Exclusion, 1);
    assert!(physis > 50, "{physis}");
    assert_eq!(last_step(&window), "Brush physis, slice 8");
    click(&mut window, "Marrow layer");
    press(&mut window, Key::Num3);
    drag(&mut window, &[[50.0, 30.0], [50.0, 50.0]]);
    let (marrow, exclusion) = (labels(&window, LayerKind::Marrow), labels(&window, LayerKind::Exclusion));
    assert!(marrow.iter().zip(&exclusion).all(|(m, e)| *m == 0 || *e == 0), "level 3 over the physis");
    assert!(last_step(&window).starts_with("Brush level 3"));
}

#[test]
fn rules_keep_paint_where_it_belongs() {
    let mut window = reading(false);
    press(&mut window, Key::Num3);
    assert_eq!(press(&mut window, Key::N), [Command::Tool(ToolCommand::ToggleInsideBone)]);
    let before = labels(&window, LayerKind::Marrow);
    drag(&mut window, &[[10.0, 88.0], [150.0, 88.0]]);
    let bone = labels(&window, LayerKind::Bone);
    let after = labels(&window, LayerKind::Marrow);
    let new: Vec<usize> = (0..after.len()).filter(|&n| before[n] != after[n]).collect();
    assert!(!new.is_empty() && new.iter().all(|&n| bone[n] != 0));
    press(&mut window, Key::N);
    // Only over background.
    assert_eq!(press(&mut window, Key::U), [Command::Tool(ToolCommand::Over(Some(LabelSet::of(&[0]))))]);
    let before = labels(&window, LayerKind::Marrow);
    drag(&mut window, &[[60.0, 66.0], [100.0, 66.0]]);
    let after = labels(&window, LayerKind::Marrow);
    assert!(before.iter().zip(&after).all(|(b, a)| *b == 0 || a == b), "what was painted was painted over");
    // The label's own square does the same by mouse.
    click(&mut window, "Paint over level 2");
    assert_eq!(window.state().session.tool().rules.over, Some(LabelSet::of(&[0, 2])));
    press(&mut window, Key::U);
    // A band of grey values.
    window.state_mut().run(Command::Tool(ToolCommand::ThresholdUpper(400.0)));
    window.state_mut().run(Command::Tool(ToolCommand::ThresholdLower(150.0)));
    assert_eq!(press_with(&mut window, Modifiers::SHIFT, Key::N), [Command::Tool(ToolCommand::ToggleInsideBand)]);
    let before = labels(&window, LayerKind::Marrow);
    drag(&mut window, &[[60.0, 100.0], [100.0, 100.0]]);
    let after = labels(&window, LayerKind::Marrow);
    let values = exam(&window).reading_image().values().clone();
    assert!((0..after.len()).all(|n| before[n] == after[n] || (150.0..=400.0).contains(&values[n])));
}

#[test]
fn a_square_brush_through_slices() {
    let mut window = reading(false);
    press_with(&mut window, Modifiers::SHIFT, Key::B);
    press_with(&mut window, Modifiers::SHIFT, Key::D);
    assert_eq!((window.state().session.tool().shape, window.state().session.tool().three_d), (BrushShape::Square, true));
    window.state_mut().run(Command::Tool(ToolCommand::SizeMm(14.0)));
    press(&mut window, Key::Num3);
    let before = count(&window, LayerKind::Marrow, 3);
    drag(&mut window, &[[30.0, 30.0]]);
    // 14 mm are 15 pixels of 0.9 mm to and fro, and two slices of 3.5 mm on either side.
    assert_eq!(count(&window, LayerKind::Marrow, 3) - before, 15 * 15 * 5);
}

#[test]
fn a_polygon_is_clicked_and_closed() {
    let mut window = reading(false);
    press(&mut window, Key::L);
    press(&mut window, Key::Num3);
    for uv in [[20.0, 20.0], [40.0, 20.0], [40.0, 40.0], [20.0, 40.0]] {
        drag(&mut window, &[uv]);
    }
    assert_eq!(exam(&window).draft().len(), 4);
    let before = count(&window, LayerKind::Marrow, 3);
    press(&mut window, Key::Enter);
    let square = count(&window, LayerKind::Marrow, 3) - before;
    // The screen's points are a little coarser than the corners asked for.
    assert!((360..=440).contains(&square), "{square}");
    assert!(exam(&window).draft().is_empty() && last_step(&window) == "Lasso level 3, slice 8");
    // A loop drawn in one go.
    drag(&mut window, &[[60.0, 20.0], [70.0, 20.0], [70.0, 30.0], [60.0, 30.0]]);
    let both = count(&window, LayerKind::Marrow, 3) - before;
    assert!((square + 80..=square + 121).contains(&both), "{both}");
}

#[test]
fn pictures_of_the_tools() {
    if !can_render() {
        return;
    }
    let mut window = reading(true);
    window.state_mut().run(Command::Tool(ToolCommand::Layer(LayerKind::Exclusion)));
    press(&mut window, Key::B);
    window.state_mut().run(Command::Tool(ToolCommand::SizeMm(3.0)));
    drag(&mut window, &[[42.0, 76.0], [60.0, 80.0], [80.0, 78.0], [100.0, 81.0], [118.0, 76.0]]);
    shot("tools-exclusion", &mut window);
    window.state_mut().run(Command::Tool(ToolCommand::Layer(LayerKind::Marrow)));
    window.state_mut().run(Command::Tool(ToolCommand::Over(Some(LabelSet::of(&[2])))));
    press(&mut window, Key::R);
    window.state_mut().run(Command::View(ViewCommand::Slice(7)));
    window.run_steps(3);
    shot("tools-relabel", &mut window);
}
