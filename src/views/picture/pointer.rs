//! What mouse, pen and wheel do on the picture. Every event of a frame counts, in order: fast strokes have no gaps.

use super::notches::Notches;
use super::place::Place;
use crate::session::{Command, OpenExam, PointerCommand, ViewCommand};
use egui::{CursorIcon, Event, Key, MultiTouchInfo, PointerButton, Pos2, Response, TouchPhase, Ui};

/// The button that is held down on the picture, and the wheel's remainder.
#[derive(Default)]
pub struct Pointer {
    held: Option<Held>,
    notches: Notches,
}

#[derive(Clone, Copy, PartialEq)]
enum Held {
    Paint,
    Window(Pos2),
    Pan(Pos2),
}

/// Zoom per notch.
const ZOOM_PER_NOTCH: f32 = 1.15;

impl Pointer {
    /// Turns the frame's events into commands.
    pub fn take(&mut self, ui: &Ui, response: &Response, exam: &OpenExam, place: &Place, commands: &mut Vec<Command>) {
        let over = response.contains_pointer();
        if let Some(touch) = ui.input(egui::InputState::multi_touch) {
            self.two_fingers(&touch, place, commands);
            return;
        }
        let events = ui.input(|i| i.events.clone());
        let mut moves: Vec<[f64; 2]> = Vec::new();
        let heard = |e: &Event| matches!(e, Event::PointerButton { pressed: false, .. });
        if self.held.is_some() && !ui.input(|i| i.pointer.any_down()) && !events.iter().any(heard) {
            // Let go while another page was shown.
            self.released(&mut moves, commands);
        }
        for event in &events {
            match event {
                Event::Touch { force: Some(force), phase: TouchPhase::Start | TouchPhase::Move, .. } => {
                    flush(&mut moves, commands);
                    commands.push(Command::Pointer(PointerCommand::Pressure(*force)));
                }
                Event::PointerMoved(at) => self.moved(*at, place, &mut moves, commands),
                Event::PointerButton { pos, button, pressed: true, .. } if self.held.is_none() && over && place.rect().contains(*pos) => {
                    self.pressed(*pos, *button, place, commands);
                    // A click on the picture takes the keys back from buttons and fields.
                    ui.memory_mut(|m| {
                        if let Some(id) = m.focused() {
                            m.surrender_focus(id);
                        }
                    });
                }
                Event::PointerButton { button, pressed: false, .. } if self.held.is_some_and(|h| h.button() == *button) => {
                    self.released(&mut moves, commands);
                }
                // Another window has the pointer now: the release will not be heard.
                Event::WindowFocused(false) if self.held.is_some() => self.released(&mut moves, commands),
                Event::MouseWheel { unit, delta, modifiers, .. } if over => {
                    let notches = Notches::of(*unit, *delta);
                    self.wheel(notches, modifiers.command || modifiers.ctrl, ui.input(|i| i.pointer.latest_pos()), place, commands);
                }
                Event::Key { key: Key::Enter, pressed: true, repeat: false, .. }
                    if exam.can_finish() && ui.memory(egui::Memory::focused).is_none() =>
                {
                    commands.push(Command::Pointer(PointerCommand::Finish));
                }
                Event::Zoom(factor) if over => zoom(*factor, ui.input(|i| i.pointer.latest_pos()), place, commands),
                _ => {}
            }
        }
        flush(&mut moves, commands);
        hover(over, ui, exam, place, commands);
        if over && self.held.is_none_or(|h| h == Held::Paint) && exam.is_writable() {
            ui.ctx().set_cursor_icon(CursorIcon::Crosshair);
        }
    }

    /// Two fingers move and zoom; what the first of them had begun to paint is given up.
    fn two_fingers(&mut self, touch: &MultiTouchInfo, place: &Place, commands: &mut Vec<Command>) {
        if self.held.take() == Some(Held::Paint) {
            commands.push(Command::Pointer(PointerCommand::Cancel));
        }
        if !place.rect().contains(touch.center_pos) {
            return;
        }
        if (touch.zoom_delta - 1.0).abs() > 1e-4 {
            zoom(touch.zoom_delta, Some(touch.center_pos), place, commands);
        }
        if touch.translation_delta.length() > 0.0 {
            commands.push(Command::View(ViewCommand::Pan { by_uv: place.uv_delta(-touch.translation_delta) }));
        }
    }

    fn pressed(&mut self, at: Pos2, button: PointerButton, place: &Place, commands: &mut Vec<Command>) {
        match button {
            PointerButton::Primary => {
                self.held = Some(Held::Paint);
                commands.push(Command::Pointer(PointerCommand::Down(place.uv(at))));
            }
            PointerButton::Secondary => self.held = Some(Held::Window(at)),
            PointerButton::Middle => self.held = Some(Held::Pan(at)),
            _ => {}
        }
    }

    fn moved(&mut self, at: Pos2, place: &Place, moves: &mut Vec<[f64; 2]>, commands: &mut Vec<Command>) {
        match self.held {
            Some(Held::Paint) => moves.push(place.uv(at)),
            Some(Held::Window(from)) => {
                let by = at - from;
                commands.push(Command::View(ViewCommand::DragWindow { dx: by.x, dy: by.y }));
                self.held = Some(Held::Window(at));
            }
            Some(Held::Pan(from)) => {
                let by = place.uv_delta(from - at);
                commands.push(Command::View(ViewCommand::Pan { by_uv: by }));
                self.held = Some(Held::Pan(at));
            }
            None => {}
        }
    }

    fn released(&mut self, moves: &mut Vec<[f64; 2]>, commands: &mut Vec<Command>) {
        flush(moves, commands);
        if self.held.take() == Some(Held::Paint) {
            commands.push(Command::Pointer(PointerCommand::Up));
        }
    }

    fn wheel(&mut self, notches: f32, zooms: bool, at: Option<Pos2>, place: &Place, commands: &mut Vec<Command>) {
        if zooms {
            zoom(ZOOM_PER_NOTCH.powf(notches.clamp(-10.0, 10.0)), at, place, commands);
            return;
        }
        if self.held.is_some() {
            return;
        }
        let steps = self.notches.steps(notches);
        if steps != 0 {
            commands.push(Command::View(ViewCommand::StepSlice(-steps)));
        }
    }
}

impl Held {
    const fn button(self) -> PointerButton {
        match self {
            Self::Paint => PointerButton::Primary,
            Self::Window(_) => PointerButton::Secondary,
            Self::Pan(_) => PointerButton::Middle,
        }
    }
}

fn flush(moves: &mut Vec<[f64; 2]>, commands: &mut Vec<Command>) {
    if !moves.is_empty() {
        commands.push(Command::Pointer(PointerCommand::Move(std::mem::take(moves))));
    }
}

fn zoom(factor: f32, at: Option<Pos2>, place: &Place, commands: &mut Vec<Command>) {
    let Some(at) = at else { return };
    let anchor_uv = place.uv(at).map(|x| x as f32);
    commands.push(Command::View(ViewCommand::Zoom { factor, anchor_uv }));
}

fn hover(over: bool, ui: &Ui, exam: &OpenExam, place: &Place, commands: &mut Vec<Command>) {
    let at = ui.input(|i| i.pointer.latest_pos()).filter(|at| over && place.rect().contains(*at));
    let uv = at.map(|at| place.uv(at).map(|x| x as f32));
    // A livewire that is still being looked for goes on a little with every frame.
    let searching = uv.is_some() && exam.wire().is_some_and(crate::session::Wire::is_searching);
    if searching {
        ui.ctx().request_repaint();
    }
    if uv != exam.view().hover_uv || searching {
        commands.push(Command::View(ViewCommand::Hover(uv)));
    }
}
