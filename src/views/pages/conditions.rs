//! The test pattern: grey steps, two squares that are hard to see, and what the reader says of room and monitor.

use super::start::centred;
use crate::session::{Command, Conditions, Monitor, RoomLight, Session, StudyCommand, ViewCommand};
use crate::views::theme;
use crate::views::widgets::{ButtonLook, button, quiet, words_row};
use egui::{Align2, Checkbox, Color32, CornerRadius, Rect, RichText, Role, ScrollArea, Sense, Ui, Vec2, WidgetInfo, pos2, vec2};

/// Steps of grey from black to white.
const STEPS: usize = 18;
/// The grey levels of the two squares within black and white: 5 and 95 %.
const SQUARES: [(u8, u8); 2] = [(0, 13), (255, 242)];

/// Draws the page over the room at hand.
pub fn conditions_ui(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let width = 720.0_f32.min(ui.available_width() - 48.0);
    let height = 640.0_f32.min(ui.available_height() - 24.0);
    centred(ui, vec2(width, height), |ui| {
        ScrollArea::vertical().id_salt("conditions").show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = theme::UNIT;
            ui.label(RichText::new("Light and monitor").font(theme::large()).color(theme::STRONG));
            let why = if session.conditions_due() {
                "The protocol asks for this before reading. What you say is logged with your reads."
            } else {
                "What you say is logged with your reads."
            };
            quiet(ui, why);
            ui.add_space(theme::PADDING);
            pattern(ui, width);
            ui.add_space(theme::PADDING);
            answers(ui, session, commands);
        });
    });
}

/// Steps, a ramp, and the squares; painted in plain sRGB levels, as the pictures are.
fn pattern(ui: &mut Ui, width: f32) {
    let (rect, response) = ui.allocate_exact_size(vec2(width, 250.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Grey-scale test pattern"));
    let painter = ui.painter().with_clip_rect(rect);
    painter.rect_filled(rect, CornerRadius::ZERO, Color32::from_gray(128));
    let step = width / STEPS as f32;
    for n in 0..STEPS {
        let level = (n * 255 / (STEPS - 1)) as u8;
        let at = Rect::from_min_size(pos2(rect.left() + n as f32 * step, rect.top()), vec2(step + 0.5, 80.0));
        painter.rect_filled(at, CornerRadius::ZERO, Color32::from_gray(level));
        let ink = if level < 128 { Color32::from_gray(level.saturating_add(110)) } else { Color32::from_gray(level.saturating_sub(120)) };
        painter.text(at.center_bottom() - vec2(0.0, 4.0), Align2::CENTER_BOTTOM, level, theme::mono_small(), ink);
    }
    let ramp = Rect::from_min_size(rect.min + vec2(0.0, 80.0), vec2(width, 40.0));
    for n in 0..256 {
        let x = |n: usize| ramp.left() + n as f32 / 256.0 * ramp.width();
        let column = Rect::from_min_max(pos2(x(n), ramp.top()), pos2(x(n + 1) + 0.5, ramp.bottom()));
        painter.rect_filled(column, CornerRadius::ZERO, Color32::from_gray(n as u8));
    }
    for (n, (ground, square)) in SQUARES.into_iter().enumerate() {
        let side = 96.0;
        let middle = pos2(rect.left() + width * (0.25 + 0.5 * n as f32), rect.bottom() - 64.0);
        painter.rect_filled(Rect::from_center_size(middle, Vec2::splat(side)), CornerRadius::ZERO, Color32::from_gray(ground));
        painter.rect_filled(Rect::from_center_size(middle, Vec2::splat(side / 3.0)), CornerRadius::ZERO, Color32::from_gray(square));
    }
}

fn answers(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let mut next: Conditions = *session.conditions().draft();
    let words = "I see the small square in the black one and in the white one, and every step of the row";
    let seen = ui.add(Checkbox::new(&mut next.squares_seen, words));
    if session.conditions_due() && ui.memory(|m| m.focused().is_none()) {
        // The keyboard begins here: Space ticks, Tab goes on to the button.
        seen.request_focus();
    }
    if !next.squares_seen {
        quiet(
            ui,
            "If not: darken the room, turn off what mirrors in the monitor, raise its brightness. Going on without is logged as such.",
        );
    }
    ui.add_space(theme::UNIT);
    choice(ui, "Room", &mut next.room_light, RoomLight::ALL.map(|light| (light, light.name())));
    choice(ui, "Monitor", &mut next.monitor, Monitor::ALL.map(|monitor| (monitor, monitor.name())));
    if next != *session.conditions().draft() {
        commands.push(Command::View(ViewCommand::Conditions(next)));
    }
    ui.add_space(theme::PADDING);
    let answered = next.is_answered();
    words_row(ui, theme::GAP, |ui| {
        let confirm = button(ui, "Confirm and read", None, ButtonLook::Primary, answered);
        if confirm.on_hover_text("Logs the answers with the time in every read of this session").clicked() {
            commands.push(Command::Study(StudyCommand::ConfirmConditions));
        }
        if !session.conditions_due() && button(ui, "Back", None, ButtonLook::Bare, true).on_hover_text("Goes back to the exam").clicked() {
            commands.push(Command::View(ViewCommand::ToggleConditions));
        }
        if !answered {
            quiet(ui, "Say how light the room is and what monitor this is.");
        } else if let Some((_, time)) = session.conditions().confirmed() {
            quiet(ui, &format!("confirmed at {time}"));
        }
    });
}

/// One of several answers, none of them chosen beforehand.
fn choice<T: Copy + PartialEq>(ui: &mut Ui, what: &str, chosen: &mut Option<T>, answers: [(T, &str); 3]) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = theme::CHOICE_GAP;
        ui.label(RichText::new(what).color(theme::QUIET));
        for (answer, words) in answers {
            ui.radio_value(chosen, Some(answer), words);
        }
    });
}
