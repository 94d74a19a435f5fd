//! Standardised display, panes and measuring, in the window.

use super::desk::{harness, reader, reading};
use super::{Window, can_render, press, press_with, shot};
use egui::{Key, Modifiers, Pos2, vec2};
use egui_kittest::kittest::Queryable as _;
use osteon::session::{Command, EditCommand, FattyMarrow, Reading, Tool, ToolCommand, ViewCommand, WindowPreset};
use osteon::study::{Protocol, WindowLimit, WindowRule};

const CTRL: Modifiers = Modifiers { ctrl: true, command: true, ..Modifiers::NONE };

/// A button press, movement and release on the picture, in points.
fn drag(window: &mut Window, from: Pos2, to: Pos2) {
    window.hover_at(from);
    window.run_steps(1);
    window.drag_at(from);
    window.run_steps(1);
    window.hover_at(to);
    window.run_steps(1);
    window.drop_at(to);
    window.run_steps(2);
}

fn at(window: &Window, uv: [f64; 2]) -> Pos2 {
    window.state().views.place().unwrap().at(uv)
}

fn run(window: &mut Window, command: Command) {
    window.state_mut().run(command);
    window.run_steps(2);
}

/// Reader R2 under another protocol.
fn reading_under(change: impl Fn(Protocol) -> Protocol, pictures: bool) -> Window {
    let mut window = harness([1440.0, 900.0], pictures);
    window.state_mut().open_study_under(change);
    window.state_mut().sit_down(&reader("R2"));
    window.run_steps(3);
    window.state_mut().take();
    window
}

fn drift(window: &Window) -> f32 {
    window.state().session.window_drift().unwrap()
}

fn limited(limit: WindowLimit) -> impl Fn(Protocol) -> Protocol {
    move |p| p.with_window(WindowRule::AirBlack { k: 4.6 }, limit)
}

#[test]
fn the_reference_is_placed_by_a_click_scales_the_window_and_can_be_undone() {
    let mut window = reading(false);
    assert!(drift(&window) > 0.01, "the desk sets a window of its own");
    assert!(matches!(window.state().session.exam().unwrap().fatty_marrow(), Some(FattyMarrow::Bone(_))));
    window.get_by_label_contains("20th percentile of bone");
    assert_eq!(press(&mut window, Key::Y), [Command::Tool(ToolCommand::Choose(Tool::Reference))]);
    let middle = at(&window, [50.0, 70.0]);
    drag(&mut window, middle, middle);
    let exam = window.state().session.exam().unwrap();
    let Some(FattyMarrow::Reference(value)) = exam.fatty_marrow() else { panic!("{:?}", exam.fatty_marrow()) };
    assert!((20.0..250.0).contains(&value), "{value}");
    let (air, spread) = (exam.reading_image().greys().air(), exam.reading_image().greys().air_spread());
    let (lower, upper) = (exam.view().window.lower(), exam.view().window.upper());
    assert!((lower - (air + 2.0 * spread)).abs() < 1e-3 && (upper - (air + 4.6 * (value - air))).abs() < 1e-2, "{lower} {upper}");
    assert_eq!(drift(&window), 0.0);
    assert_eq!(exam.layers().reference().unwrap().radius_mm(), 3.0);
    window.get_by_label_contains("placed reference");
    window.get_by_label("Place the fatty-marrow reference");
    press_with(&mut window, CTRL, Key::Z);
    assert!(window.state().session.exam().unwrap().layers().reference().is_none());
    // Drawn from its middle, the disc has the size drawn: 10 pixels of 0.9 mm.
    let (from, to) = (at(&window, [50.0, 70.0]), at(&window, [60.0, 70.0]));
    drag(&mut window, from, to);
    let radius = window.state().session.exam().unwrap().layers().reference().unwrap().radius_mm();
    assert!((radius - 9.0).abs() < 0.5, "{radius}");
    run(&mut window, Command::Edit(EditCommand::ClearReference));
    assert!(matches!(window.state().session.exam().unwrap().fatty_marrow(), Some(FattyMarrow::Bone(_))));
}

#[test]
fn a_locked_window_stays_and_a_band_holds_it_near_the_rule() {
    let mut locked = reading_under(limited(WindowLimit::Locked), false);
    assert_eq!(drift(&locked), 0.0, "the desk's own window was refused");
    run(&mut locked, Command::View(ViewCommand::DragWindow { dx: 50.0, dy: 50.0 }));
    assert_eq!(drift(&locked), 0.0);
    locked.get_by_label("Air-black rule · locked");
    // Another sequence has another scale: free, and the way back is to the rule.
    press(&mut locked, Key::Q);
    run(&mut locked, Command::View(ViewCommand::Preset(WindowPreset::Full)));
    let full = locked.state().session.exam().unwrap().view().window;
    press(&mut locked, Key::Q);
    assert_eq!(drift(&locked), 0.0);
    press(&mut locked, Key::Q);
    assert_eq!(locked.state().session.exam().unwrap().view().window, full, "each sequence keeps its window");

    let mut band = reading_under(limited(WindowLimit::Band(0.1)), false);
    for command in [ViewCommand::Window { lower: -900.0, upper: 9000.0 }, ViewCommand::Preset(WindowPreset::Bright)] {
        run(&mut band, Command::View(command));
        assert!(drift(&band) <= 0.1001 && drift(&band) > 0.05, "{}", drift(&band));
    }
    band.get_by_label("Air-black rule · 10 % off, 10 % allowed");
    assert_eq!(press_with(&mut band, CTRL, Key::Num0), [Command::View(ViewCommand::FollowRule)]);
    assert_eq!(drift(&band), 0.0);

    let mut free = reading_under(|p| p.with_window(WindowRule::Free, WindowLimit::Free), false);
    assert!(free.query_by_label_contains("rule").is_none() && free.state().session.window_drift().is_none());
    assert!(press_with(&mut free, CTRL, Key::Num0).is_empty());
}

#[test]
fn every_row_of_the_journal_bears_the_window_in_force() {
    let mut window = reading_under(limited(WindowLimit::Locked), false);
    let shown = window.state().session.exam().unwrap().view().window;
    let effects = window.state_mut().run(Command::Edit(EditCommand::ToggleDone));
    let text = format!("{effects:?}");
    assert!(text.contains(&format!("window: Some([{:?}, {:?}])", shown.lower(), shown.upper())), "{text}");
}

#[test]
fn distances_and_angles_are_measured_in_mm() {
    let mut window = reading(false);
    assert_eq!(press(&mut window, Key::M), [Command::Tool(ToolCommand::Choose(Tool::Measure))]);
    let [a, b, c] = [[40.0, 60.0], [80.0, 60.0], [80.0, 90.0]].map(|uv| at(&window, uv));
    drag(&mut window, a, b);
    let reading = |window: &Window| {
        let exam = window.state().session.exam().unwrap();
        exam.measures().iter().map(|m| m.reading(|uv| exam.world_mm(m.slice(), uv))).collect::<Vec<_>>()
    };
    let [Reading::Distance(mm)] = reading(&window)[..] else { panic!("{:?}", reading(&window)) };
    assert!((mm - 36.0).abs() < 0.2, "{mm}");
    // On from its end: an angle takes the distance's place.
    drag(&mut window, b, c);
    let [Reading::Angle(degrees, _)] = reading(&window)[..] else { panic!("{:?}", reading(&window)) };
    assert!((degrees - 90.0).abs() < 1.0, "{degrees}");
    drag(&mut window, a + vec2(0.0, 80.0), a + vec2(0.0, 80.0));
    assert_eq!(reading(&window).len(), 2);
    assert_eq!(reading(&window)[1], Reading::Point);
    let labels_changed = window.state().session.exam().unwrap().layers().history().entries().any(|e| e.name.contains("asure"));
    assert!(!labels_changed, "measuring is no step of the read");
    press(&mut window, Key::PageDown);
    assert!(press_with(&mut window, Modifiers::SHIFT, Key::M).is_empty(), "nothing was measured on this slice");
    press(&mut window, Key::PageUp);
    assert_eq!(press_with(&mut window, Modifiers::SHIFT, Key::M), [Command::View(ViewCommand::ClearMeasures)]);
    assert!(reading(&window).is_empty());
    // Escape gives a measure up.
    window.hover_at(a);
    window.run_steps(1);
    window.drag_at(a);
    window.run_steps(1);
    press(&mut window, Key::Escape);
    window.drop_at(b);
    window.run_steps(2);
    assert!(reading(&window).is_empty());
}

#[test]
fn pictures_of_display_and_measures() {
    if !can_render() {
        return;
    }
    let mut window = reading_under(limited(WindowLimit::Band(0.2)), true);
    press(&mut window, Key::M);
    let [a, b, c, d] = [[50.0, 40.0], [110.0, 52.0], [120.0, 90.0], [30.0, 120.0]].map(|uv| at(&window, uv));
    drag(&mut window, a, b);
    drag(&mut window, b, c);
    drag(&mut window, d, d + vec2(120.0, 10.0));
    drag(&mut window, d + vec2(0.0, 60.0), d + vec2(0.0, 60.0));
    press(&mut window, Key::Y);
    let fat = at(&window, [52.0, 72.0]);
    drag(&mut window, fat, fat + vec2(14.0, 0.0));
    run(&mut window, Command::View(ViewCommand::DragWindow { dx: 20.0, dy: 10.0 }));
    shot("panes-measures", &mut window);
}
