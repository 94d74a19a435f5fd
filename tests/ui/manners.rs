//! Looks and manners: names for everything, both densities, keys that can be changed, touch and pen, the check of light and monitor.

use super::desk::{harness, harness_at, reader, reading};
use super::{Window, can_render, click, press, press_with, shot};
use egui::{Event, Key, Modifiers, PointerButton, Pos2, TouchDeviceId, TouchId, TouchPhase, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use osteon::session::{
    Command, Conditions, Effect, KeyMap, Monitor, PointerCommand, RoomLight, StudyCommand, Tool, ToolCommand, ViewCommand, Workspace,
};
use osteon::worker::message::{Request, Role};

/// Names of everything that can be used but says nothing of itself.
fn nameless(window: &Window) -> Vec<String> {
    let usable = |role: &str| {
        ["Button", "CheckBox", "RadioButton", "Slider", "SpinButton", "TextInput", "Tab", "ComboBox", "Canvas", "Image", "Link"]
            .contains(&role)
    };
    let mut found = Vec::new();
    let mut seen = 0;
    for node in window.root().children_recursive() {
        let node = node.accesskit_node();
        let role = format!("{:?}", node.role());
        if !usable(&role) {
            continue;
        }
        seen += 1;
        let words = [node.label(), node.value()].into_iter().flatten().collect::<String>();
        if words.trim().is_empty() && node.labelled_by().next().is_none() {
            found.push(format!("{role} {:?}", node.bounding_box()));
        }
    }
    assert!(seen > 2, "the walk met only {seen} controls");
    found
}

#[test]
fn every_control_has_a_name_for_screen_readers() {
    let mut window = reading(false);
    window.state_mut().propose_and_train();
    window.run_steps(2);
    assert_eq!(nameless(&window), Vec::<String>::new(), "reading");
    for tool in Tool::ALL {
        window.state_mut().run(Command::Tool(ToolCommand::Choose(tool)));
        window.run_steps(2);
        assert_eq!(nameless(&window), Vec::<String>::new(), "{}", tool.name());
    }
    for workspace in Workspace::ALL {
        window.state_mut().run(Command::View(ViewCommand::Workspace(workspace)));
        window.run_steps(2);
        assert_eq!(nameless(&window), Vec::<String>::new(), "{}", workspace.name());
    }
    window.state_mut().run(Command::View(ViewCommand::Workspace(Workspace::Read)));
    for command in [ViewCommand::ToggleHelp, ViewCommand::TogglePalette, ViewCommand::ToggleConditions] {
        window.state_mut().run(Command::View(command.clone()));
        window.run_steps(3);
        assert_eq!(nameless(&window), Vec::<String>::new(), "{command:?}");
        window.state_mut().run(Command::View(command));
        window.run_steps(2);
    }
    window.state_mut().run(Command::Study(StudyCommand::LeaveRole));
    window.run_steps(2);
    window.state_mut().sit_down(&Role::Coordinator);
    window.run_steps(2);
    assert_eq!(nameless(&window), Vec::<String>::new(), "coordinator");
}

#[test]
fn the_window_is_readable_at_twice_the_density_and_in_half_the_room() {
    let pictures = can_render();
    for density in [1.0, 2.0] {
        // A screen of 1920 × 1200 pixels: at 200 % it has 960 × 600 points.
        let mut window = harness_at([1920.0 / density, 1200.0 / density], density, pictures);
        window.state_mut().open_study();
        window.state_mut().sit_down(&reader("R2"));
        window.run_steps(4);
        let whole = egui::Rect::from_min_size(Pos2::ZERO, vec2(1920.0, 1200.0) / density);
        let place = window.state().views.place().unwrap().rect();
        assert!(place.width() > 300.0 && place.height() > 300.0, "{place:?}");
        for name in ["Brush tool", "Slice done", "saved", "Marrow layer"] {
            let rect = window.get_by_label(name).rect();
            assert!(whole.contains_rect(rect) && rect.height() >= 10.0, "{name}: {rect:?} at {density}");
        }
        if pictures {
            shot(if density > 1.0 { "manners-200" } else { "manners-100" }, &mut window);
        }
    }
}

#[test]
fn a_slash_opens_the_palette() {
    let mut window = reading(false);
    assert_eq!(press(&mut window, Key::Slash), [Command::View(ViewCommand::TogglePalette)]);
}

#[test]
fn a_key_is_changed_in_the_help_and_conflicts_are_refused() {
    let mut window = harness([1280.0, 3600.0], false);
    window.state_mut().open_study();
    window.state_mut().sit_down(&reader("R2"));
    window.run_steps(3);
    press(&mut window, Key::F1);
    window.run_steps(3);
    click(&mut window, "Keys of Brush");
    // The eraser's key is refused, in words, and the change goes on waiting.
    assert!(press(&mut window, Key::E).is_empty());
    window.get_by_label("E is the key of \"Erase\": change that one first.");
    let ctrl = Modifiers::CTRL | Modifiers::COMMAND;
    let bound = Command::View(ViewCommand::BindKey { action: "brush".to_owned(), key: Some("Ctrl+Alt+F8".to_owned()) });
    assert_eq!(press_with(&mut window, ctrl | Modifiers::ALT, Key::F8), [bound]);
    press(&mut window, Key::F1);
    press(&mut window, Key::E);
    assert!(press(&mut window, Key::B).is_empty(), "the usual key is free now");
    let brush = Command::Tool(ToolCommand::Choose(Tool::Brush));
    assert_eq!(press_with(&mut window, ctrl | Modifiers::ALT, Key::F8), std::slice::from_ref(&brush));
    assert_eq!(KeyMap::from_text(&window.state().session.keys().to_text()), *window.state().session.keys());
    // Back to the usual one.
    press(&mut window, Key::F1);
    window.run_steps(3);
    click(&mut window, "Usual key");
    press(&mut window, Key::F1);
    assert_eq!(press(&mut window, Key::B), [brush]);
}

fn touch(id: u64, phase: TouchPhase, pos: Pos2, force: Option<f32>) -> Event {
    Event::Touch { device_id: TouchDeviceId(1), id: TouchId(id), phase, pos, force }
}

fn button(pressed: bool, pos: Pos2) -> Event {
    Event::PointerButton { pos, button: PointerButton::Primary, pressed, modifiers: Modifiers::NONE }
}

/// A pen stroke as winit reports it: touches with force, each before the pointer event made from it.
fn pen_stroke(window: &mut Window, from: Pos2, to: Pos2, force: f32) {
    let steps = [
        vec![touch(1, TouchPhase::Start, from, Some(force)), Event::PointerMoved(from), button(true, from)],
        vec![touch(1, TouchPhase::Move, to, Some(force)), Event::PointerMoved(to)],
        vec![touch(1, TouchPhase::End, to, None), button(false, to), Event::PointerGone],
    ];
    for step in steps {
        for event in step {
            window.event(event);
        }
        window.run_steps(1);
    }
    window.run_steps(2);
}

#[test]
fn a_pen_paints_and_its_pressure_counts_only_where_it_is_wanted() {
    let mut window = reading(false);
    let place = *window.state().views.place().unwrap();
    let (from, to) = (place.at([30.0, 120.0]), place.at([60.0, 120.0]));
    let painted = |window: &Window| {
        let layers = window.state().session.exam().unwrap().layers();
        layers.labels(osteon::volume::LayerKind::Marrow).counts().labelled()
    };
    let start = painted(&window);
    pen_stroke(&mut window, from, to, 0.1);
    let full = painted(&window) - start;
    assert!(full > 100, "{full}");
    press_with(&mut window, Modifiers::CTRL | Modifiers::COMMAND, Key::Z);
    assert_eq!(painted(&window), start);
    window.state_mut().run(Command::View(ViewCommand::TogglePenPressure));
    pen_stroke(&mut window, from, to, 0.1);
    let light = painted(&window) - start;
    assert!(light > 20 && light * 2 < full, "{light} of {full}");
    press_with(&mut window, Modifiers::CTRL | Modifiers::COMMAND, Key::Z);
    pen_stroke(&mut window, from, to, 1.0);
    assert_eq!(painted(&window) - start, full);
    assert!(window.state_mut().take().contains(&Command::Pointer(PointerCommand::Pressure(1.0))));
}

#[test]
fn two_fingers_move_and_zoom_and_paint_nothing() {
    let mut window = reading(false);
    let place = *window.state().views.place().unwrap();
    let (a, b) = (place.at([50.0, 80.0]), place.at([90.0, 80.0]));
    let before = window.state().session.exam().unwrap().layers().next_row();
    for event in [touch(1, TouchPhase::Start, a, None), Event::PointerMoved(a), button(true, a)] {
        window.event(event);
    }
    window.run_steps(1);
    window.event(touch(2, TouchPhase::Start, b, None));
    window.run_steps(1);
    for step in 1..4 {
        let by = vec2(12.0 * step as f32, 0.0);
        window.event(touch(1, TouchPhase::Move, a - by, None));
        window.event(Event::PointerMoved(a - by));
        window.event(touch(2, TouchPhase::Move, b + by, None));
        window.run_steps(1);
    }
    for (id, at) in [(1, a), (2, b)] {
        window.event(touch(id, TouchPhase::End, at, None));
    }
    window.event(button(false, a));
    window.run_steps(3);
    let exam = window.state().session.exam().unwrap();
    assert_eq!(exam.layers().next_row(), before, "nothing was painted");
    assert!(exam.view().zoom > 1.1, "{}", exam.view().zoom);
}

#[test]
fn the_protocol_may_ask_for_light_and_monitor_before_reading() {
    let mut window = harness([1440.0, 900.0], false);
    window.state_mut().open_study_under(|p| p.with_confirmed_conditions(true));
    window.state_mut().sit_down(&reader("R2"));
    window.run_steps(3);
    window.get_by_label("Grey-scale test pattern");
    assert!(window.query_by_label_contains("Picture: ").is_none(), "no exam before the check");
    let before = window.state().session.exam().unwrap().layers().next_row();
    window.state_mut().run(Command::Edit(osteon::session::EditCommand::ToggleDone));
    assert_eq!(window.state().session.exam().unwrap().layers().next_row(), before, "nothing is changed before the check");
    // Nothing is answered beforehand, and what is not answered is not confirmed, not even by a command that comes too early.
    assert!(click(&mut window, "Confirm and read").is_empty());
    window.state_mut().run(Command::Study(StudyCommand::ConfirmConditions));
    click(&mut window, "Dimmed");
    assert!(click(&mut window, "Confirm and read").iter().all(|c| !matches!(c, Command::Study(_))), "the monitor is not answered");
    window.state_mut().run(Command::Study(StudyCommand::ConfirmConditions));
    assert!(window.state().session.conditions_due() && window.state().session.conditions().confirmed().is_none());
    assert_eq!(window.state().session.exam().unwrap().layers().next_row(), before, "no row with answers that nobody gave");
    click(&mut window, "Office monitor");
    click(&mut window, "I see the small square in the black one and in the white one, and every step of the row");
    assert_eq!(click(&mut window, "Confirm and read"), [Command::Study(StudyCommand::ConfirmConditions)]);
    window.get_by_label_contains("Picture: ");
    let exam = window.state().session.exam().unwrap();
    assert_eq!(exam.layers().next_row(), before + 1, "the answers are a row of the read");
    // And of every read opened afterwards, until the reader changes.
    let rows = |effects: Vec<Effect>| {
        let journalled = effects.into_iter().filter_map(|e| if let Effect::Work(_, Request::Journal(row)) = e { Some(row) } else { None });
        journalled.map(|row| format!("{:?}", row.row.action)).collect::<String>()
    };
    let effects = window.state_mut().run(Command::Study(StudyCommand::ConfirmConditions));
    let text = rows(effects);
    assert!(text.contains("room light: Dimmed; monitor: Office monitor; test pattern: both squares and every step seen"), "{text}");
    window.state_mut().run(Command::Study(StudyCommand::LeaveRole));
    window.state_mut().sit_down(&reader("R2"));
    window.run_steps(2);
    assert!(window.state().session.conditions_due(), "another session, another check");
    window.state_mut().sit_down(&Role::Coordinator);
    assert!(!window.state().session.conditions_due());
    assert!(!window.state().session.conditions().draft().is_answered(), "the answers were another sitting's");
    // By keyboard alone: Space ticks and chooses, Tab leads through three rooms and three monitors to the button.
    window.state_mut().run(Command::Study(StudyCommand::LeaveRole));
    window.state_mut().sit_down(&reader("R2"));
    window.run_steps(3);
    assert!(window.state().session.conditions_due());
    press(&mut window, Key::Space);
    for tabs in [1, 3, 3] {
        (0..tabs).for_each(|_| drop(press(&mut window, Key::Tab)));
        press(&mut window, Key::Space);
    }
    window.run_steps(2);
    let confirmed = window.state().session.conditions().confirmed().map(|(conditions, _)| *conditions);
    let said = Conditions { room_light: Some(RoomLight::Dark), monitor: Some(Monitor::Diagnostic), squares_seen: true };
    assert_eq!(confirmed, Some(said));
}

#[test]
fn pictures_of_manners() {
    if !can_render() {
        return;
    }
    let mut window = reading(true);
    window.state_mut().run(Command::View(ViewCommand::ToggleConditions));
    window.run_steps(3);
    shot("manners-pattern", &mut window);
    window.state_mut().run(Command::View(ViewCommand::ToggleConditions));
    press(&mut window, Key::F1);
    window.run_steps(3);
    click(&mut window, "Keys of Label 1");
    press(&mut window, Key::E);
    shot("manners-keys", &mut window);
}

/// Keys of what is not possible were once silent.
#[test]
fn a_key_that_does_nothing_says_why_until_something_is_done() {
    let mut window = reading(false);
    assert!(press(&mut window, Key::A).is_empty());
    window.get_by_label("Adopt (A): no proposal is shown: Propose slice asks for one");
    assert_eq!(press(&mut window, Key::B).len(), 1);
    assert!(window.query_by_label_contains("no proposal is shown").is_none(), "the tool's hint is back");
    assert!(press(&mut window, Key::Num9).is_empty());
    window.get_by_label("Label 9 (9): the layer has no such label");
    // Escape where nothing is under way is a habit, no question.
    press(&mut window, Key::B);
    assert!(press(&mut window, Key::Escape).is_empty());
    assert!(window.query_by_label_contains("Give up").is_none());
    window.state_mut().run(Command::View(ViewCommand::Workspace(Workspace::Models)));
    window.run_steps(2);
    window.state_mut().take();
    assert!(press(&mut window, Key::D).is_empty());
    window.get_by_label("Slice done (D): only in the workspace Read");
    let mut start = harness([1280.0, 800.0], false);
    assert!(press(&mut start, Key::B).is_empty());
    start.get_by_label("Brush (B): open images or a study first");
}

/// Shift alone once took the shared point to the pointer: every key with Shift moved the other panes.
#[test]
fn a_key_with_shift_does_not_move_the_other_panes() {
    let mut window = reading(false);
    let place = *window.state().views.place().unwrap();
    let cursor = |window: &Window| window.state().session.exam().unwrap().view().cursor;
    window.hover_at(place.at([30.0, 40.0]));
    window.run_steps(3);
    let before = cursor(&window);
    window.event(Event::ModifiersChanged(Modifiers::SHIFT));
    window.run_steps(3);
    assert_eq!(cursor(&window), before, "Shift is only held");
    window.event(Event::PointerMoved(place.at([60.0, 50.0])));
    window.run_steps(3);
    assert_ne!(cursor(&window), before, "Shift and moving takes them along");
    window.event(Event::ModifiersChanged(Modifiers::NONE));
}

/// In half the room the reader's chip once lay under the workspaces' names.
#[test]
fn nothing_lies_over_anything_in_the_top_bar_of_a_small_window() {
    use egui::accesskit::Role as Kind;
    for width in [960.0, 1000.0, 1100.0, 1280.0] {
        for role in [reader("R2"), Role::Coordinator] {
            let mut window = harness([width, 620.0], false);
            window.state_mut().open_study();
            window.state_mut().sit_down(&role);
            window.run_steps(4);
            let who = window.get_by_label_contains(": change reader").rect();
            let first = window.get_by_role_and_label(Kind::Tab, "Read").rect();
            assert!(who.right() <= first.left(), "{width}: {who:?} {first:?}");
        }
    }
}

#[test]
fn a_slice_is_commented_on_by_keyboard_alone() {
    let mut window = reading(false);
    let slice = window.state().session.exam().unwrap().view().slice;
    press_with(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::F);
    window.run_steps(2);
    // Letters are text now, not tools.
    window.event(Event::Text("lesion?".to_owned()));
    window.run_steps(2);
    press(&mut window, Key::Enter);
    window.run_steps(3);
    let exam = window.state().session.exam().unwrap();
    assert_eq!(exam.remark(slice).map(|r| r.comment.as_str()), Some("lesion?"));
    assert_eq!((exam.comment_draft(), window.ctx.egui_wants_keyboard_input()), (None, false));
    // The slice changes while somebody types: the text stays with its slice.
    press_with(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::F);
    window.run_steps(2);
    window.event(Event::Text(" yes".to_owned()));
    window.run_steps(2);
    window.state_mut().run(Command::View(ViewCommand::Slice(slice + 1)));
    window.run_steps(3);
    let exam = window.state().session.exam().unwrap();
    assert_eq!(exam.remark(slice).map(|r| r.comment.as_str()), Some("lesion? yes"));
    assert_eq!((exam.remark(slice + 1), exam.comment_draft()), (None, None));
}
