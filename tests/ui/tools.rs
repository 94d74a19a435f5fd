//! Every tool, taken by its key and used with the mouse.

use super::desk::{Desk, reading};
use super::{can_render, click, press, press_with, shot};
use egui::{Key, Modifiers};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use osteon::edit::RowAction;
use osteon::edit::tools::{BrushShape, LabelSet};
use osteon::session::{Command, EditCommand, Effect, OpenExam, PointerCommand, ShapeCommand, Tool, ToolCommand, ViewCommand};
use osteon::volume::LayerKind;
use osteon::worker::message::Request;

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
    window.state_mut().take();
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

/// Moves the pointer without a button.
fn hover(window: &mut Window, uv: [f64; 2]) {
    let place = *window.state().views.place().unwrap();
    window.hover_at(place.at(uv));
    window.run_steps(3);
}

#[test]
fn a_threshold_is_seen_before_it_is_done() {
    let mut window = reading(false);
    assert_eq!(press(&mut window, Key::T), [Command::Tool(ToolCommand::Choose(Tool::Threshold))]);
    press(&mut window, Key::Num3);
    // Dragged over bright cortex (420 and more).
    window.state_mut().run(Command::Tool(ToolCommand::SizeMm(0.5)));
    drag(&mut window, &[[60.0, 10.0], [60.0, 11.0]]);
    let band = window.state().session.threshold();
    let preview = exam(&window).preview().expect("a preview").clone();
    assert!(preview.voxels > 0 && preview.labels.iter().filter(|l| **l == 3).count() == preview.voxels);
    window.get_by_label(&format!("{} voxels here", preview.voxels));
    let before = count(&window, LayerKind::Marrow, 3);
    assert_eq!(press(&mut window, Key::Enter), [Command::Pointer(PointerCommand::Finish)]);
    assert_eq!(count(&window, LayerKind::Marrow, 3) - before, preview.voxels, "what was shown, and nothing else");
    let values = exam(&window).reading_image().values().clone();
    let after = labels(&window, LayerKind::Marrow);
    let slice = after.len() / 15;
    let new = (7 * slice..8 * slice).filter(|&n| after[n] == 3 && (band[0]..=band[1]).contains(&values[n])).count();
    assert!(new >= preview.voxels);
    assert!(last_step(&window).starts_with("Threshold level 3, slice 8"));
    // On the whole exam it is one step as well.
    press_with(&mut window, Modifiers::SHIFT, Key::E);
    press(&mut window, Key::Enter);
    assert!(last_step(&window).ends_with("whole exam"), "{}", last_step(&window));
    press_with(&mut window, Modifiers::CTRL | Modifiers::COMMAND, Key::Z);
    assert_eq!(labels(&window, LayerKind::Marrow), after);
}

#[test]
fn three_levels_are_measured_against_fatty_marrow() {
    let mut window = reading(false);
    press(&mut window, Key::N);
    assert_eq!(press_with(&mut window, Modifiers::SHIFT, Key::T), [Command::Tool(ToolCommand::Choose(Tool::Levels))]);
    let [air, fatty] = window.state().session.level_scale();
    assert!(fatty > air);
    window.state_mut().run(Command::Tool(ToolCommand::LevelFrom(1, 2.0)));
    window.state_mut().run(Command::Tool(ToolCommand::LevelFrom(3, 3.0)));
    let from = window.state().session.level_bounds();
    assert!((from[0] - (air + 2.0 * (fatty - air))).abs() < 1e-3 && from[0] <= from[1] && from[1] <= from[2]);
    window.run_steps(2);
    let (before, values) = (labels(&window, LayerKind::Marrow), exam(&window).reading_image().values().clone());
    press(&mut window, Key::Enter);
    let (after, bone) = (labels(&window, LayerKind::Marrow), labels(&window, LayerKind::Bone));
    let changed: Vec<usize> = (0..after.len()).filter(|&n| after[n] != before[n]).collect();
    assert!(!changed.is_empty());
    for n in changed {
        let level = from.iter().filter(|f| values[n] >= **f).count();
        assert!(bone[n] != 0 && usize::from(after[n]) == level, "{} became {}", values[n], after[n]);
    }
    assert_eq!(last_step(&window), "Three levels, slice 8");
}

#[test]
fn slices_between_are_filled_and_copied() {
    let mut window = reading(false);
    window.state_mut().run(Command::View(ViewCommand::Slice(10)));
    press(&mut window, Key::B);
    press(&mut window, Key::Num3);
    window.run_steps(2);
    drag(&mut window, &[[60.0, 66.0], [80.0, 66.0]]);
    let on = |window: &Window, slice: usize| {
        let all = labels(window, LayerKind::Marrow);
        let size = all.len() / 15;
        all[slice * size..(slice + 1) * size].iter().filter(|l| **l == 3).count()
    };
    // Level 3 lies on slices 7 to 9; the gap to 11 is slice 10.
    assert_eq!((on(&window, 9), on(&window, 10) > 0), (0, true));
    window.state_mut().run(Command::View(ViewCommand::Slice(9)));
    window.run_steps(2);
    assert_eq!(press(&mut window, Key::I), [Command::Edit(EditCommand::Shape(ShapeCommand::Interpolate))]);
    assert!(on(&window, 9) > 0, "{}", last_step(&window));
    assert_eq!(last_step(&window), "Interpolate level 3, slice 10");
    window.state_mut().run(Command::View(ViewCommand::Slice(11)));
    window.run_steps(2);
    press(&mut window, Key::Semicolon);
    assert_eq!((on(&window, 11), last_step(&window)), (on(&window, 10), "Copy from slice 11, slice 12".to_owned()));
    press_with(&mut window, Modifiers::CTRL | Modifiers::COMMAND, Key::Z);
    assert_eq!(on(&window, 11), 0);
}

#[test]
fn shapes_are_changed_each_in_one_step() {
    let mut window = reading(false);
    press(&mut window, Key::Num1);
    window.state_mut().run(Command::Tool(ToolCommand::ByMm(3.0)));
    let steps = |window: &Window| exam(window).layers().history().entries().filter(|e| !e.undone).count();
    for (key, name) in [
        (Key::S, "Smooth level 1"),
        (Key::W, "Margin of level 1 by 3 mm"),
        (Key::L, "Margin of level 1 by −3 mm"),
        (Key::G, "Grow from seeds"),
    ] {
        let (before, then) = (steps(&window), labels(&window, LayerKind::Marrow));
        press_with(&mut window, Modifiers::SHIFT, key);
        assert_eq!((steps(&window), last_step(&window)), (before + 1, format!("{name}, slice 8")));
        press_with(&mut window, Modifiers::CTRL | Modifiers::COMMAND, Key::Z);
        assert_eq!(labels(&window, LayerKind::Marrow), then, "{name}");
    }
    // A hole and an island, by hand; both go.
    window.state_mut().run(Command::Tool(ToolCommand::SizeMm(2.0)));
    press(&mut window, Key::E);
    drag(&mut window, &[[85.0, 68.0]]);
    press(&mut window, Key::B);
    press(&mut window, Key::Num1);
    drag(&mut window, &[[20.0, 20.0]]);
    let with_both = count(&window, LayerKind::Marrow, 1);
    press_with(&mut window, Modifiers::SHIFT, Key::F);
    assert!(count(&window, LayerKind::Marrow, 1) > with_both && last_step(&window).starts_with("Fill holes"));
    let filled = count(&window, LayerKind::Marrow, 1);
    press_with(&mut window, Modifiers::SHIFT, Key::R);
    assert!(count(&window, LayerKind::Marrow, 1) < filled && last_step(&window).contains("below 20 mm³"), "{}", last_step(&window));
}

#[test]
fn a_fill_keeps_to_grey_values() {
    let mut window = reading(false);
    press(&mut window, Key::F);
    press(&mut window, Key::Num3);
    window.state_mut().run(Command::Tool(ToolCommand::Tolerance(Some(60.0))));
    window.state_mut().run(Command::Tool(ToolCommand::GapMm(2.0)));
    window.run_steps(2);
    let before = labels(&window, LayerKind::Marrow);
    // Inside the femur's shaft; bright cortex bounds it.
    drag(&mut window, &[[80.0, 20.0]]);
    let (after, values) = (labels(&window, LayerKind::Marrow), exam(&window).reading_image().values().clone());
    let new: Vec<usize> = (0..after.len()).filter(|&n| after[n] != before[n]).collect();
    assert!(new.len() > 300 && new.iter().all(|&n| values[n] < 150.0), "{}", new.len());
    assert_eq!(last_step(&window), "Fill level 3, slice 8");
}

#[test]
fn the_livewire_follows_the_cortex_and_becomes_an_outline() {
    let mut window = reading(false);
    window.state_mut().run(Command::Tool(ToolCommand::Layer(LayerKind::Bone)));
    assert_eq!(press(&mut window, Key::W), [Command::Tool(ToolCommand::Choose(Tool::Livewire))]);
    let outlines = exam(&window).layers().outlines().count();
    // Around the tibia's plateau.
    for uv in [[41.0, 109.0], [80.0, 93.0], [119.0, 109.0], [80.0, 126.0]] {
        hover(&mut window, uv);
        drag(&mut window, &[uv]);
    }
    let wire = exam(&window).wire().expect("a wire under way");
    assert!(wire.fixed().len() > 60, "{}", wire.fixed().len());
    hover(&mut window, [60.0, 120.0]);
    assert!(exam(&window).wire().is_some_and(|w| !w.is_searching() && w.live().len() > 5));
    press(&mut window, Key::Enter);
    let exam = exam(&window);
    assert_eq!((exam.wire().is_none(), exam.layers().outlines().count()), (true, outlines + 1));
    let outline = exam.layers().outlines().last().unwrap();
    assert!(outline.points.len() > 8, "{:?}", outline.points.len());
    // On the marrow layer it fills.
    window.state_mut().run(Command::Tool(ToolCommand::Layer(LayerKind::Marrow)));
    press(&mut window, Key::Num3);
    for uv in [[20.0, 20.0], [35.0, 20.0], [35.0, 35.0]] {
        drag(&mut window, &[uv]);
    }
    let before = count(&window, LayerKind::Marrow, 3);
    press(&mut window, Key::C);
    assert!(count(&window, LayerKind::Marrow, 3) > before + 30 && last_step(&window) == "Livewire level 3, slice 8");
}

#[test]
fn an_outline_is_smoothed_moved_and_loses_a_corner() {
    let mut window = reading(false);
    press(&mut window, Key::O);
    for uv in [[20.0, 20.0], [40.0, 20.0], [40.0, 40.0], [20.0, 40.0]] {
        drag(&mut window, &[uv]);
    }
    press(&mut window, Key::Enter);
    let points = |window: &Window| exam(window).layers().outlines().last().unwrap().points.clone();
    let drawn = points(&window);
    // Moved as a whole by its inside.
    drag(&mut window, &[[30.0, 30.0], [34.0, 33.0], [36.0, 34.0]]);
    let moved = points(&window);
    assert!(drawn.iter().zip(&moved).all(|(a, b)| (b[0] - a[0] - 6.0).abs() < 1.0 && (b[1] - a[1] - 4.0).abs() < 1.0), "{moved:?}");
    press_with(&mut window, Modifiers::SHIFT, Key::O);
    assert_eq!(points(&window).len(), 8);
    press_with(&mut window, Modifiers::CTRL | Modifiers::COMMAND, Key::Z);
    hover(&mut window, moved[2].map(f64::from));
    press_with(&mut window, Modifiers::SHIFT, Key::Delete);
    assert_eq!(points(&window).len(), 3);
}

#[test]
fn the_metaphysis_square_limits_painting() {
    let mut window = reading(false);
    assert_eq!(press_with(&mut window, Modifiers::SHIFT, Key::Q), [Command::Tool(ToolCommand::Choose(Tool::Square))]);
    // Along the femur's physis; the shaft lies above.
    drag(&mut window, &[[45.0, 60.0], [80.0, 60.0], [115.0, 60.0]]);
    let square = *exam(&window).layers().squares().next().expect("a square");
    assert_eq!((square.bone(), last_step(&window)), (1, "Set the metaphysis square".to_owned()));
    let side = |window: &Window| {
        let exam = exam(window);
        let square = *exam.layers().squares().next().unwrap();
        square.placed(exam.plane(), exam.layers().grid().world_from_voxel()).unwrap()
    };
    assert!((side(&window).side_mm() - 63.0).abs() < 1.5, "{}", side(&window).side_mm());
    assert!(side(&window).contains([72.0, 30.0]), "towards the shaft");
    // An end is dragged; the square turns, and back.
    drag(&mut window, &[[115.0, 60.0], [110.0, 60.0], [105.0, 60.0]]);
    assert!((side(&window).side_mm() - 54.0).abs() < 1.5);
    press_with(&mut window, Modifiers::SHIFT, Key::Y);
    assert!(!side(&window).contains([72.0, 30.0]));
    press_with(&mut window, Modifiers::SHIFT, Key::Y);
    // Painting keeps to epiphysis and square: nothing in the shaft above 54 mm, nothing outside bone.
    press_with(&mut window, Modifiers::SHIFT, Key::U);
    press(&mut window, Key::B);
    press(&mut window, Key::Num3);
    let before = labels(&window, LayerKind::Marrow);
    drag(&mut window, &[[44.0, 62.0], [20.0, 40.0]]);
    drag(&mut window, &[[80.0, 55.0], [80.0, 80.0]]);
    let (after, bone) = (labels(&window, LayerKind::Marrow), labels(&window, LayerKind::Bone));
    let new: Vec<usize> = (0..after.len()).filter(|&n| after[n] != before[n]).collect();
    assert!(new.len() > 100 && new.iter().all(|&n| bone[n] != 0));
    let placed = side(&window);
    let exam = exam(&window);
    for n in new.into_iter().filter(|&n| bone[n] == 1) {
        let (_, uv) = exam.plane().pixel(exam.layers().grid().voxel(n));
        let mm = uv.map(|c| c as f64 * 0.9);
        assert!(placed.contains(mm) || placed.is_epiphysis(mm), "{uv:?}");
    }
    press_with(&mut window, Modifiers::SHIFT, Key::Q);
    assert_eq!(press(&mut window, Key::Delete), [Command::Edit(EditCommand::DeleteOutline)]);
    assert_eq!(self::exam(&window).layers().squares().count(), 0);
}

#[test]
fn time_on_the_exam_is_shown_and_logged() {
    let mut window = reading(false);
    window.get_by_label("00:00 on this exam");
    for now in ["2026-11-21T10:00:00Z", "2026-11-21T10:00:40Z", "2026-11-21T10:01:10Z", "2026-11-21T11:00:00Z"] {
        window.state_mut().now = now.to_owned();
        press(&mut window, Key::PageDown);
    }
    window.get_by_label("01:10 on this exam");
    let effects = window.state_mut().run(Command::Study(osteon::session::StudyCommand::LeaveRole));
    let note = effects.iter().find_map(|e| match e {
        Effect::Work(_, Request::Journal(row)) => Some(row.row.clone()),
        _ => None,
    });
    assert_eq!(note.unwrap().action, RowAction::Note { topic: "time".to_owned(), text: "70".to_owned() });
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
    press(&mut window, Key::N);
    press_with(&mut window, Modifiers::SHIFT, Key::T);
    window.run_steps(3);
    shot("tools-levels", &mut window);
    press_with(&mut window, Modifiers::SHIFT, Key::Q);
    drag(&mut window, &[[45.0, 60.0], [80.0, 60.0], [115.0, 60.0]]);
    window.state_mut().run(Command::Tool(ToolCommand::Layer(LayerKind::Bone)));
    press(&mut window, Key::W);
    for uv in [[41.0, 109.0], [80.0, 93.0], [119.0, 109.0]] {
        hover(&mut window, uv);
        drag(&mut window, &[uv]);
    }
    hover(&mut window, [90.0, 125.0]);
    press_with(&mut window, Modifiers::SHIFT, Key::U);
    shot("tools-livewire", &mut window);
}
