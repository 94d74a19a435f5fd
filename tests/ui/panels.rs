//! Every panel around the picture, used by mouse: what a click does, and what the panel says afterwards.

use super::desk::reading;
use super::{Window, click, press, press_with};
use egui::{Key, Modifiers, Rect, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use osteon::edit::tools::BrushShape;
use osteon::session::{
    Command, EditCommand, FileCommand, ModelCommand, OpenExam, ShapeCommand, StudyCommand, Tool, ToolCommand, ViewCommand, WindowPreset,
    Workspace,
};
use osteon::study::ExamCode;
use osteon::volume::LayerKind;
use osteon::worker::message::{Outcome, PickPurpose, RequestId};

fn exam(window: &Window) -> &OpenExam {
    window.state().session.exam().unwrap()
}

/// Clicks into a field and types a number over what stands there.
fn enter(window: &mut Window, field: &str, number: &str) -> Vec<Command> {
    window.get_by_label(field).click();
    window.run_steps(3);
    window.event(egui::Event::Text(number.to_owned()));
    window.run_steps(2);
    window.key_press(Key::Enter);
    window.run_steps(3);
    window.state_mut().take()
}

/// A press and release at a place between left (0) and right (1) of something.
fn click_at(window: &mut Window, rect: Rect, share: f32) -> Vec<Command> {
    let at = rect.left_center() + vec2(rect.width() * share, 0.0);
    window.hover_at(at);
    window.run_steps(1);
    window.drag_at(at);
    window.run_steps(1);
    window.drop_at(at);
    window.run_steps(3);
    window.state_mut().take()
}

/// R2 at a screen on which every panel has room.
fn tall() -> Window {
    let mut window = reading(false);
    window.set_size(vec2(1440.0, 1300.0));
    window.run_steps(3);
    window
}

#[test]
fn every_tool_is_one_click_away() {
    let mut window = tall();
    window.state_mut().propose_and_train();
    window.run_steps(2);
    window.state_mut().take();
    for tool in Tool::ALL {
        assert_eq!(click(&mut window, &format!("{} tool", tool.name())), [Command::Tool(ToolCommand::Choose(tool))]);
        assert_eq!(window.state().session.tool().tool, tool);
        let chosen = window.get_by_label(&format!("{} tool", tool.name())).accesskit_node().toggled();
        assert_eq!(chosen, Some(egui::accesskit::Toggled::True), "{}", tool.name());
        window.get_by_label_contains(tool.hint());
    }
}

#[test]
fn the_options_of_each_tool_change_it() {
    let mut window = tall();
    click(&mut window, "Brush tool");
    let slider = window.get_by_label("Brush size in mm").rect();
    let commands = click_at(&mut window, slider, 0.75);
    let [Command::Tool(ToolCommand::SizeMm(size))] = commands[..] else { panic!("{commands:?}") };
    assert!(size > 10.0 && (window.state().session.tool().size_mm - size).abs() < 1e-6, "{size}");
    click(&mut window, "Square tip");
    click(&mut window, "3-D");
    assert_eq!((window.state().session.tool().shape, window.state().session.tool().three_d), (BrushShape::Square, true));
    click(&mut window, "Fill tool");
    let commands = click(&mut window, "Tolerance");
    assert!(matches!(commands[..], [Command::Tool(ToolCommand::Tolerance(Some(_)))]), "{commands:?}");
    enter(&mut window, "How far grey values may differ from the one that is clicked", "33");
    enter(&mut window, "The fill does not pass gaps narrower than this", "2");
    assert_eq!((window.state().session.tool().tolerance, window.state().session.tool().gap_mm), (Some(33.0), 2.0));
    click(&mut window, "Threshold tool");
    enter(&mut window, "Lowest grey value that is labelled", "150");
    enter(&mut window, "Highest grey value that is labelled", "300");
    assert_eq!(window.state().session.threshold(), [150.0, 300.0]);
    let voxels = exam(&window).preview().unwrap().voxels;
    window.get_by_label(&format!("{voxels} voxels here"));
    click(&mut window, "Levels tool");
    let bounds = window.state().session.level_bounds();
    let words = window.get_by_label_contains("Level 2 begins at so many times fatty marrow").accesskit_node().label().unwrap();
    enter(&mut window, &words, "2.5");
    let after = window.state().session.level_bounds();
    assert!((window.state().session.tool().levels[1] - 2.5).abs() < 1e-6 && after[1] > bounds[1], "{bounds:?} {after:?}");
    click(&mut window, "Metaphysis tool");
    click(&mut window, "Limits");
    assert!(window.state().session.tool().rules.inside_region);
}

#[test]
fn operations_on_shapes_are_lines_to_click() {
    use ShapeCommand as S;
    let mut window = tall();
    let steps = |window: &Window| exam(window).layers().history().entries().filter(|e| !e.undone).count();
    enter(&mut window, "Margin and smoothing in mm", "3");
    enter(&mut window, "Islands smaller than this are removed", "50");
    enter(&mut window, "How unlike its seeds tissue may be that a label grows into", "2");
    let shapes = window.state().session.tool().shapes;
    assert_eq!([shapes.by_mm, shapes.island_mm3, shapes.spread], [3.0, 50.0, 2.0]);
    let lines = [("Grow", S::Grow), ("Smooth", S::Smooth), ("Margin +", S::MarginOut), ("Margin −", S::MarginIn)];
    for (line, command) in lines {
        let before = steps(&window);
        assert_eq!(click(&mut window, line), [Command::Edit(EditCommand::Shape(command))]);
        assert_eq!(steps(&window), before + 1, "{line}");
        press_with(&mut window, Modifiers::CTRL | Modifiers::COMMAND, Key::Z);
    }
    for (line, command) in
        [("Interpolate", S::Interpolate), ("Copy after", S::CopyNext), ("Fill holes", S::FillHoles), ("Islands", S::RemoveIslands)]
    {
        assert_eq!(click(&mut window, line), [Command::Edit(EditCommand::Shape(command))]);
    }
    click(&mut window, "Whole exam");
    assert!(window.state().session.tool().whole_exam);
}

#[test]
fn another_exam_is_opened_from_the_list() {
    let mut window = tall();
    window.get_by_label("Exam K-017: reading, 4 of 15 slices done");
    window.get_by_label("Exams · 3 of 10 done");
    let code = ExamCode::new("K-002").unwrap();
    assert_eq!(click(&mut window, "Exam K-002: , 0 of 15 slices done"), [Command::Study(StudyCommand::OpenExam(code))]);
}

#[test]
fn the_strip_of_slices_leads_there() {
    let mut window = tall();
    assert_eq!(click(&mut window, "Slice 11: not looked at yet, nothing painted"), [Command::View(ViewCommand::Slice(10))]);
    assert_eq!(exam(&window).view().slice, 10);
    assert_eq!(click(&mut window, "Slice done"), [Command::Edit(EditCommand::ToggleDone)]);
    window.get_by_label("Slice 11: done");
    window.get_by_label("10 slices left");
    assert_eq!(click(&mut window, "Mark not done"), [Command::Edit(EditCommand::ToggleDone)]);
    assert_eq!(click(&mut window, "Flag"), [Command::Edit(EditCommand::ToggleFlag)]);
    window.get_by_label("Flagged");
    assert!(exam(&window).remark(10).is_some_and(|r| r.flagged));
}

#[test]
fn layers_are_chosen_hidden_and_limited() {
    let mut window = tall();
    for (name, layer) in [("Bone layer", LayerKind::Bone), ("Excluded layer", LayerKind::Exclusion), ("Marrow layer", LayerKind::Marrow)] {
        assert_eq!(click(&mut window, name), [Command::Tool(ToolCommand::Layer(layer))]);
    }
    for layer in LayerKind::ALL {
        assert_eq!(click(&mut window, &format!("Show {layer}")), [Command::View(ViewCommand::ToggleLayer(layer))]);
    }
    let view = exam(&window).view();
    assert!(!view.marrow_visible && !view.bone_visible && !view.exclusion_visible);
    let slider = window.get_by_label("Opacity of paint").rect();
    let commands = click_at(&mut window, slider, 0.25);
    let [Command::View(ViewCommand::Opacity(opacity))] = commands[..] else { panic!("{commands:?}") };
    assert!((0.1..0.4).contains(&opacity), "{opacity}");
    assert_eq!(click(&mut window, "Paint on or off"), [Command::View(ViewCommand::ToggleOverlay)]);
    assert_eq!(click(&mut window, "Only inside bone"), [Command::Tool(ToolCommand::ToggleInsideBone)]);
    assert_eq!(click(&mut window, "Only grey values"), [Command::Tool(ToolCommand::ToggleInsideBand)]);
    enter(&mut window, "Band lower bound", "120");
    enter(&mut window, "Band upper bound", "240");
    assert_eq!(window.state().session.threshold(), [120.0, 240.0]);
    let rules = window.state().session.tool().rules;
    assert!(rules.inside_bone && rules.inside_band);
}

#[test]
fn window_and_level_are_typed_and_chosen() {
    let mut window = tall();
    let shown = |window: &Window| {
        let now = exam(window).view().window;
        [now.lower(), now.upper()]
    };
    enter(&mut window, "Window width", "200");
    enter(&mut window, "Window level", "150");
    assert_eq!(shown(&window), [50.0, 250.0]);
    window.get_by_label_contains("Window: width 200, level 150");
    for preset in WindowPreset::ALL {
        assert_eq!(click(&mut window, preset.name()), [Command::View(ViewCommand::Preset(preset))]);
    }
    assert_eq!(click(&mut window, "Rule"), [Command::View(ViewCommand::FollowRule)]);
    let rule = window.state().session.display_rule().unwrap().window();
    assert_eq!(shown(&window), [rule.lower(), rule.upper()]);
    enter(&mut window, "Window width", "77");
    let chip = window.get_by_label_contains("Window: width 77").accesskit_node().label().unwrap();
    click(&mut window, &chip);
    assert_eq!(shown(&window), [rule.lower(), rule.upper()], "the chip of the top bar leads back to the rule");
    // The histogram says what it is.
    let heading = window.get_by_label("Window").rect();
    window.hover_at(heading.left_bottom() + vec2(60.0, 30.0));
    window.run_steps(8);
    window.get_by_label_contains("Grey values of the image; the line shows which become black and white");
}

#[test]
fn what_is_under_the_pointer_is_told() {
    let mut window = tall();
    let place = *window.state().views.place().unwrap();
    window.hover_at(place.at([70.0, 65.0]));
    window.run_steps(3);
    let voxel = exam(&window).hovered_voxel().unwrap();
    assert_eq!(voxel, [70, 110, 7]);
    window.get_by_label(" 70 110   7");
    // x = 72 − 0.9 · 70 = 9 mm right; y = −26 + 3.5 · 7 = 1.5 mm behind; z = −79 + 0.9 · 110 = 20 mm above.
    window.get_by_label_contains("R 9.0");
    window.get_by_label_contains("P 1.5");
    window.get_by_label_contains("S 20.0 mm");
    let value = exam(&window).image().get(voxel);
    window.get_by_label(&format!("value {}", written(value)));
    // Once in the list of labels, once in the status line.
    assert_eq!(window.query_all_by_label("Level 3").count(), 2);
    // On another sequence it is that one's value.
    press(&mut window, Key::Q);
    window.run_steps(2);
    let other = exam(&window).image().get(voxel);
    assert!((other - value).abs() > 1.0);
    window.get_by_label(&format!("value {}", written(other)));
    window.hover_at(egui::pos2(2.0, 2.0));
    window.run_steps(3);
    assert!(window.query_by_label_contains("value ").is_none(), "nothing is told of what is not under the pointer");
}

/// Whole numbers from 100 on, else one decimal, as the window writes grey values.
fn written(value: f32) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

#[test]
fn notices_can_be_taken_away_and_notes_go_by_themselves() {
    let mut window = tall();
    window.state_mut().end(RequestId(9_900), Outcome::Failed("The first thing went wrong.".to_owned()));
    press(&mut window, Key::R);
    window.state_mut().run(Command::Pointer(osteon::session::PointerCommand::Down([5.0, 5.0])));
    window.run_steps(2);
    window.get_by_label_contains("The first thing went wrong");
    window.get_by_label_contains("Relabel starts on a label");
    let first = window.state().session.notices()[0].id;
    window.state_mut().take();
    // A note goes after a while, a failure stays until it is dismissed.
    let mut frames = 0;
    while window.query_by_label_contains("Relabel starts on a label").is_some() {
        window.run_steps(10);
        frames += 10;
        assert!(frames < 2000, "the note stays for ever");
    }
    window.state_mut().take();
    window.get_by_label_contains("The first thing went wrong");
    assert_eq!(click(&mut window, "Dismiss"), [Command::View(ViewCommand::DismissNotice(first))]);
    assert!(window.query_by_label_contains("The first thing went wrong").is_none());
}

#[test]
fn the_top_bar_and_its_menu_lead_everywhere() {
    use egui::accesskit::Role;
    let mut window = tall();
    for workspace in Workspace::ALL.into_iter().rev() {
        window.get_by_role_and_label(Role::Tab, workspace.name()).click();
        window.run_steps(3);
        assert_eq!(window.state().session.workspace(), workspace);
    }
    window.state_mut().take();
    window.state_mut().run(Command::View(ViewCommand::Workspace(Workspace::Read)));
    window.run_steps(2);
    for (line, purpose) in [
        ("Open study or folder…", PickPurpose::OpenFolder),
        ("Import images…", PickPurpose::Import),
        ("Export masks…", PickPurpose::Export),
    ] {
        click(&mut window, "File");
        assert_eq!(click(&mut window, line), [Command::File(FileCommand::Pick(purpose))]);
    }
    click(&mut window, "File");
    assert!(click(&mut window, "Write report").is_empty(), "a reader writes no report of all reads");
}

#[test]
fn a_retraining_is_begun_from_the_panel() {
    let mut window = tall();
    enter(&mut window, "Training steps", "500");
    assert_eq!(window.state().session.training().steps(), 500);
    // By the clock instead, and back to the steps set before.
    window.get_by_label("Steps or minutes").click();
    window.run_steps(2);
    let by_time = click(&mut window, "minutes");
    assert_eq!(by_time, [Command::Model(ModelCommand::Minutes { minutes: 5.0, most_steps: 100_000 })]);
    enter(&mut window, "Training minutes", "2.5");
    assert_eq!(window.state().session.training().minutes(), Some(2.5));
    window.get_by_label("Steps or minutes").click();
    window.run_steps(2);
    assert_eq!(click(&mut window, "steps"), [Command::Model(ModelCommand::Steps(500))]);
    assert_eq!(window.state().session.training().minutes(), None);
    assert_eq!(click(&mut window, "Retrain"), [Command::Model(ModelCommand::Train)]);
    window.get_by_label("Preparing");
    assert_eq!(click(&mut window, "Cancel"), [Command::Model(ModelCommand::Cancel)]);
}
