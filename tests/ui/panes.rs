//! Standardised display, panes and measuring, in the window.

use super::desk::{harness, knee, reader, reading};
use super::{Window, can_render, press, press_with, shot};
use egui::{Key, Modifiers, Pos2, vec2};
use egui_kittest::kittest::Queryable as _;
use osteon::session::{Command, EditCommand, FattyMarrow, Layout, Reading, Tool, ToolCommand, ViewCommand, WindowPreset};
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

fn rects(window: &Window) -> Vec<egui::Rect> {
    window.query_all_by_label_contains("Companion: ").map(|node| node.rect()).collect()
}

#[test]
fn layouts_change_by_their_keys_and_the_picture_keeps_its_tools() {
    let mut window = reading(false);
    let width = |window: &Window| window.state().views.place().unwrap().rect().width();
    let usual = width(&window);
    assert_eq!(rects(&window).len(), 3);
    assert_eq!(press_with(&mut window, Modifiers::SHIFT, Key::F1), [Command::View(ViewCommand::Layout(Layout::One))]);
    assert!(rects(&window).is_empty(), "{:?}", rects(&window));
    assert!(width(&window) > usual + 150.0, "{} {usual}", width(&window));
    press_with(&mut window, Modifiers::SHIFT, Key::F3);
    assert_eq!(rects(&window).len(), 3);
    let large = window.state().views.place().unwrap().rect();
    for rect in rects(&window) {
        assert!((rect.width() - large.width()).abs() < 3.0 && (rect.height() - large.height()).abs() < 3.0, "{rect:?} {large:?}");
        assert!(!rect.intersects(large.shrink(1.0)), "{rect:?} {large:?}");
    }
    press_with(&mut window, Modifiers::SHIFT, Key::F4);
    assert_eq!(rects(&window).len(), 1);
    window.get_by_label("Companion: T2 Dixon fat");
    // Painting works in every layout.
    let (from, to) = (at(&window, [40.0, 60.0]), at(&window, [60.0, 60.0]));
    drag(&mut window, from, to);
    let history = window.state().session.exam().unwrap().layers().history().next_undo().unwrap().1.to_owned();
    assert!(history.starts_with("Brush"), "{history}");
    window.state_mut().take();
    assert_eq!(press_with(&mut window, Modifiers::SHIFT, Key::F2), [Command::View(ViewCommand::Layout(Layout::Companions))]);
    assert!((width(&window) - usual).abs() < 1.0);
}

/// Narrow companions once had no side letters at all.
#[test]
fn companions_as_narrow_as_they_get_have_room_for_their_letters() {
    let mut window = reading(can_render());
    let edge = window.get_by_label("Companion: Sagittal").rect().left_center();
    drag(&mut window, edge, edge + vec2(200.0, 0.0));
    let narrow = rects(&window);
    assert!(narrow.len() == 3 && narrow.iter().all(|rect| (119.0..140.0).contains(&rect.width()) && rect.height() > 120.0), "{narrow:?}");
    if can_render() {
        shot("panes-narrow", &mut window);
    }
}

#[test]
fn a_click_in_another_plane_leads_every_pane_there() {
    let mut window = reading(false);
    press_with(&mut window, Modifiers::SHIFT, Key::F3);
    let sagittal = window.get_by_label("Companion: Sagittal").rect();
    let middle = sagittal.center();
    drag(&mut window, middle, middle);
    let cursor = |window: &Window| window.state().session.exam().unwrap().view().cursor;
    let [i, j, k] = cursor(&window);
    assert!(i == 80 && (86..90).contains(&j) && (6..9).contains(&k), "{:?}", cursor(&window));
    // Half a slice further forward or backward on the screen: the large pane goes along.
    let there = middle + vec2(0.0, 40.0);
    drag(&mut window, middle, there);
    let view = window.state().session.exam().unwrap().view().clone();
    assert!(view.cursor[1] < j && view.cursor[2] == view.slice, "{:?}", view.cursor);
    // The wheel goes through the pane's own slices: patient's right and left here.
    let wheel = egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Line,
        delta: vec2(0.0, -1.0),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Unknown,
        modifiers: Modifiers::NONE,
    };
    window.hover_at(middle);
    window.run_steps(1);
    window.event(wheel);
    window.run_steps(2);
    assert_eq!(cursor(&window)[0], i + 1);
    // J brings the point under the pointer into every pane; Page Down moves it on.
    let at = at(&window, [30.0, 50.0]);
    window.hover_at(at);
    window.run_steps(2);
    press(&mut window, Key::J);
    let here = cursor(&window);
    let exam = window.state().session.exam().unwrap();
    assert_eq!(Some(here), exam.hovered_voxel());
    press(&mut window, Key::PageDown);
    assert_eq!(cursor(&window)[2], here[2] + 1);
    // A double click on the companion sequence brings it into the large pane.
    run(&mut window, Command::View(ViewCommand::ToggleCrosshair));
    assert!(!window.state().session.panes().crosshair);
}

#[test]
fn cine_runs_round_and_stops_where_someone_works() {
    let mut window = reading(false);
    assert_eq!(press(&mut window, Key::K)[0], Command::View(ViewCommand::ToggleCine));
    let slice = |window: &Window| window.state().session.exam().unwrap().view().slice;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..10 {
        window.run_steps(1);
        seen.insert(slice(&window));
    }
    assert!(seen.len() > 3, "{seen:?}");
    // What only ran by has not been looked at: the outer slices still ask for a look.
    assert!(!window.state().session.exam().unwrap().visited(14));
    assert!(press_with(&mut window, CTRL, Key::Period).contains(&Command::View(ViewCommand::StepCineRate(1))));
    press(&mut window, Key::D);
    assert!(!window.state().session.panes().cine, "marking a slice done stops it");
    let stopped = slice(&window);
    window.run_steps(60);
    assert_eq!(slice(&window), stopped);
}

#[test]
fn the_lens_is_there_while_its_key_is_held() {
    let mut window = reading(false);
    let at = at(&window, [70.0, 70.0]);
    window.hover_at(at);
    window.run_steps(1);
    window.key_down(Key::Z);
    window.run_steps(2);
    assert!(window.state().session.panes().magnifier);
    window.key_up(Key::Z);
    window.run_steps(2);
    assert!(!window.state().session.panes().magnifier);
}

#[test]
fn pictures_of_layouts() {
    if !can_render() {
        return;
    }
    let mut window = reading(true);
    press_with(&mut window, Modifiers::SHIFT, Key::F3);
    let sagittal = window.get_by_label("Companion: Sagittal").rect().center();
    drag(&mut window, sagittal, sagittal + vec2(3.0, -30.0));
    shot("panes-quad", &mut window);
    press_with(&mut window, Modifiers::SHIFT, Key::F4);
    run(&mut window, Command::View(ViewCommand::Zoom { factor: 2.0, anchor_uv: [70.0, 70.0] }));
    shot("panes-side", &mut window);
    press_with(&mut window, Modifiers::SHIFT, Key::F1);
    let there = at(&window, [72.0, 66.0]);
    window.hover_at(there);
    window.run_steps(1);
    window.key_down(Key::Z);
    window.run_steps(2);
    shot("panes-lens", &mut window);
}

#[test]
fn the_standard_scale_is_an_option_for_display() {
    use osteon::volume::{Landmarks, Standard};
    use osteon::worker::message::{Outcome, Request, StandardScale};
    let mut window = reading_under(|p| p.with_window(WindowRule::Free, WindowLimit::Free), false);
    window.key_press_modifiers(CTRL, Key::Num5);
    window.run_steps(2);
    let effects = window.state_mut().run(Command::View(ViewCommand::ToggleStandardised));
    let asked = effects.iter().any(|e| matches!(e, osteon::session::Effect::Work(_, Request::LearnStandard { .. })));
    assert!(asked, "{effects:?}");
    let exam = window.state().session.exam().unwrap();
    let marks = Landmarks::of(exam.reading_image().greys()).unwrap();
    let standard = Standard::learn(&[marks]).unwrap();
    window.state_mut().end(osteon::worker::message::RequestId(700), Outcome::Standard(StandardScale { standard, exams: 1 }));
    window.run_steps(2);
    let exam = window.state().session.exam().unwrap();
    let drawn = exam.drawn_window(exam.reading_image(), exam.view().window);
    assert!(drawn[0].abs() < 0.5 && (drawn[1] - 1000.0).abs() < 0.5, "{drawn:?}");
    // The journal still gets grey values of the image.
    assert!(exam.view().window.upper() < 500.0);
    run(&mut window, Command::View(ViewCommand::ToggleStandardised));
    let exam = window.state().session.exam().unwrap();
    assert!(exam.standard_of(exam.reading_image()).is_none());
    let mut locked = reading_under(limited(WindowLimit::Locked), false);
    run(&mut locked, Command::View(ViewCommand::ToggleStandardised));
    assert_eq!(drift(&locked), 0.0);
}

#[test]
fn another_visit_stands_beside_and_can_be_moved_by_slices() {
    let mut window = harness([1440.0, 900.0], can_render());
    window.state_mut().open_study();
    let dark = knee(true);
    window.state_mut().visits = vec![(osteon::study::ExamCode::new("K-002").unwrap(), dark)];
    window.state_mut().sit_down(&reader("R2"));
    window.run_steps(3);
    window.state_mut().take();
    window.get_by_label("Companion: T2 Dixon fat");
    assert_eq!(press_with(&mut window, Modifiers::SHIFT, Key::V), [Command::View(ViewCommand::NextVisit)]);
    let pane = window.get_by_label("Companion: K-002 · other visit").rect();
    // A click there is a point of this exam, the wheel moves the visit against it.
    drag(&mut window, pane.center(), pane.center());
    let view = window.state().session.exam().unwrap().view().clone();
    assert_eq!(view.cursor[2], view.slice);
    window.state_mut().take();
    let wheel = egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Line,
        delta: vec2(0.0, -2.0),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Unknown,
        modifiers: Modifiers::NONE,
    };
    window.hover_at(pane.center());
    window.run_steps(1);
    window.event(wheel);
    window.run_steps(2);
    let commands = window.state_mut().take();
    assert!(commands.contains(&Command::View(ViewCommand::ShiftVisit(2))), "{commands:?}");
    window.get_by_label("Companion: K-002 · other visit · 2 further");
    assert_eq!(window.state().session.exam().unwrap().view().slice, view.slice, "the exam stays where it is");
    if can_render() {
        press_with(&mut window, Modifiers::SHIFT, Key::F4);
        shot("panes-visit", &mut window);
    }
    press_with(&mut window, Modifiers::SHIFT, Key::V);
    window.get_by_label("Companion: T2 Dixon fat");
    // Without another visit there is nothing to show.
    let mut alone = reading(false);
    assert!(press_with(&mut alone, Modifiers::SHIFT, Key::V).is_empty());
}

#[test]
fn the_strip_tells_slices_seen_from_those_never_on_screen() {
    let mut window = reading(false);
    window.get_by_label("Slice 11: not looked at yet, nothing painted");
    run(&mut window, Command::View(ViewCommand::Slice(10)));
    run(&mut window, Command::View(ViewCommand::Slice(7)));
    window.get_by_label("Slice 11: looked at, nothing painted, not done");
    window.get_by_label("Slice 12: not looked at yet, nothing painted");
    window.get_by_label("Slice 2: done");
    window.get_by_label("Slice 8: painted, not done");
}
