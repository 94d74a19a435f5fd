//! What options draw, looked at pixel by pixel.

use super::desk::reading;
use super::{Window, can_render, click, press, press_with};
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use osteon::session::{Command, OpenExam, ViewCommand};

fn exam(window: &Window) -> &OpenExam {
    window.state().session.exam().unwrap()
}

/// Pixels of the large pane.
fn pixels(window: &mut Window) -> Vec<[u8; 4]> {
    let rect = window.state().views.place().unwrap().rect().shrink(40.0);
    let picture = window.render().unwrap();
    let inside = |x: u32, y: u32| rect.contains(egui::pos2(x as f32, y as f32));
    picture.enumerate_pixels().filter(|(x, y, _)| inside(*x, *y)).map(|(_, _, p)| p.0).collect()
}

fn different(a: &[[u8; 4]], b: &[[u8; 4]]) -> usize {
    a.iter().zip(b).filter(|(a, b)| (0..3).any(|c| a[c].abs_diff(b[c]) > 8)).count()
}

#[test]
fn patterns_are_drawn_into_paint_and_nowhere_else() {
    let mut window = reading(can_render());
    assert!(!exam(&window).view().patterns);
    let with_pictures = can_render();
    let plain = if with_pictures { pixels(&mut window) } else { Vec::new() };
    assert_eq!(press(&mut window, Key::H), [Command::View(ViewCommand::TogglePatterns)]);
    assert!(exam(&window).view().patterns);
    if with_pictures {
        let patterned = pixels(&mut window);
        let changed = different(&plain, &patterned);
        assert!(changed > 500, "{changed} pixels");
        // Without paint there is nothing to draw a pattern into.
        press(&mut window, Key::Space);
        let bare = pixels(&mut window);
        press(&mut window, Key::H);
        assert_eq!(different(&bare, &pixels(&mut window)), 0);
        press(&mut window, Key::Space);
        assert_eq!(different(&plain, &pixels(&mut window)), 0, "as it was");
    } else {
        press(&mut window, Key::H);
    }
    assert_eq!(click(&mut window, "Patterns"), [Command::View(ViewCommand::TogglePatterns)]);
    assert!(exam(&window).view().patterns);
}

#[test]
fn the_crosshair_lies_on_every_pane_until_it_is_switched_off() {
    let mut window = reading(can_render());
    let place = *window.state().views.place().unwrap();
    window.hover_at(place.at([60.0, 70.0]));
    window.run_steps(2);
    press(&mut window, Key::J);
    window.hover_at(egui::pos2(2.0, 2.0));
    window.run_steps(2);
    assert!(window.state().session.panes().crosshair);
    let companion = window.query_all_by_label_contains("Companion: ").map(|n| n.rect()).next().unwrap();
    let shot = |window: &mut Window| {
        let picture = window.render().unwrap();
        let inside = |x: u32, y: u32| companion.shrink(4.0).contains(egui::pos2(x as f32, y as f32));
        picture.enumerate_pixels().filter(|(x, y, _)| inside(*x, *y)).map(|(_, _, p)| p.0).collect::<Vec<_>>()
    };
    let with = can_render().then(|| [pixels(&mut window), shot(&mut window)]);
    assert_eq!(press_with(&mut window, Modifiers::SHIFT, Key::H), [Command::View(ViewCommand::ToggleCrosshair)]);
    assert!(!window.state().session.panes().crosshair);
    if let Some([large, small]) = with {
        let [large, small] = [different(&large, &pixels(&mut window)), different(&small, &shot(&mut window))];
        assert!(large > 10 && small > 50, "{large} {small}");
    }
}

#[test]
fn the_lens_enlarges_what_is_under_the_pointer_and_nothing_far_from_it() {
    if !can_render() {
        return;
    }
    let mut window = reading(true);
    let at = window.state().views.place().unwrap().at([60.0, 70.0]);
    window.hover_at(at);
    window.run_steps(3);
    let rect = window.state().views.place().unwrap().rect();
    let without = window.render().unwrap();
    window.key_down(Key::Z);
    window.run_steps(3);
    let with = window.render().unwrap();
    window.key_up(Key::Z);
    window.run_steps(3);
    let after = window.render().unwrap();
    let changed = |a: &image::RgbaImage, b: &image::RgbaImage| -> Vec<f32> {
        let inside = a.enumerate_pixels().filter(|(x, y, _)| rect.shrink(2.0).contains(egui::pos2(*x as f32, *y as f32)));
        let differ = inside.filter(|(x, y, p)| (0..3).any(|c| p.0[c].abs_diff(b.get_pixel(*x, *y).0[c]) > 8));
        differ.map(|(x, y, _)| (egui::pos2(x as f32, y as f32) - at).length()).collect()
    };
    let lens = changed(&without, &with);
    assert!(lens.len() > 2000, "{} pixels", lens.len());
    let furthest = lens.iter().copied().fold(0.0, f32::max);
    assert!(furthest < 320.0, "a pixel {furthest} points away changed");
    assert!(changed(&without, &after).is_empty(), "it is gone with its key");
}
