//! First start: four lines, each with its key. Files can be dropped anywhere.

use crate::session::{Command, Session};
use crate::views::actions::Action;
use crate::views::panels::action_button;
use crate::views::widgets::{ButtonLook, paint_key_cap, quiet};
use crate::views::{facts, theme};
use egui::{CornerRadius, Pos2, Rect, Response, RichText, Role, Sense, Ui, Vec2, WidgetInfo, pos2};

/// The ways in: action and what it says here.
const LINES: [(&str, &str); 4] = [
    ("open_folder", "Open a study or folder"),
    ("open_file", "Open one image file"),
    ("new_study", "Make a study"),
    ("sample", "Try the sample"),
];

/// Draws the lines in the middle of the room at hand.
pub fn start_ui(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let width = 360.0_f32.min(ui.available_width() - 24.0);
    centred(ui, Vec2::new(width, LINES.len() as f32 * 48.0 + 60.0), |ui| {
        ui.spacing_mut().item_spacing.y = theme::UNIT;
        for (id, text) in LINES {
            let Some(action) = Action::find(id) else { continue };
            if line(ui, text, action).on_hover_text(action.tooltip).clicked() {
                commands.extend((action.command)(session));
            }
        }
        ui.add_space(theme::PADDING);
        let hovering = ui.ctx().input(|i| !i.raw.hovered_files.is_empty());
        let (words, colour) =
            if hovering { ("Let go to open", theme::ACCENT) } else { ("or drop a folder or file anywhere", theme::QUIET) };
        ui.vertical_centered(|ui| ui.label(RichText::new(words).color(colour)));
    });
}

/// A study without an exam on screen: what to do about it.
pub fn empty_exam_ui(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let loading = session.jobs().any(|j| j.text.starts_with("Opening"));
    centred(ui, Vec2::new(420.0_f32.min(ui.available_width() - 24.0), 120.0), |ui| {
        ui.vertical_centered(|ui| {
            if loading {
                ui.add(egui::Spinner::new().color(theme::ACCENT));
                ui.label(RichText::new("Opening the exam").color(theme::QUIET));
            } else if session.exams().is_empty() {
                ui.label(RichText::new("This study has no exams yet").font(theme::title()).color(theme::STRONG));
                ui.add_space(theme::UNIT);
                if facts::is_coordinator(session) {
                    quiet(ui, "Who reads, how often and with what help is set on the Protocol page (F7).");
                    ui.add_space(theme::UNIT);
                }
                action_button(ui, session, "import", None, ButtonLook::Primary, commands);
            } else {
                ui.label(RichText::new("Choose an exam from the list").color(theme::QUIET));
            }
        });
    });
}

/// Room of `size` in the middle of what is left.
pub fn centred<R>(ui: &mut Ui, size: Vec2, add: impl FnOnce(&mut Ui) -> R) -> R {
    let rect = Rect::from_center_size(ui.max_rect().center(), size);
    ui.scope_builder(egui::UiBuilder::new().max_rect(rect), add).inner
}

fn line(ui: &mut Ui, text: &str, action: &Action) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 44.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, text));
    let hot = response.hovered() || response.has_focus();
    if hot {
        ui.painter().rect_filled(rect, CornerRadius::same(6), theme::RAISED);
    }
    let colour = if hot { theme::STRONG } else { theme::TEXT };
    let galley = ui.painter().layout_no_wrap(text.to_owned(), theme::large(), colour);
    ui.painter().galley(pos2(rect.left() + 16.0, rect.center().y - galley.size().y / 2.0).round(), galley, colour);
    if let Some(key) = action.key_words() {
        let y = rect.center().y;
        paint_key_cap(ui, Pos2::new(rect.right() - 16.0, y), &key, theme::QUIET);
    }
    response
}
