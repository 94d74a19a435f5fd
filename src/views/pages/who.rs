//! A study is open: who sits here? Nobody sees another reader's work before saying so.

use super::start::centred;
use crate::session::{Command, Session, StudyCommand};
use crate::study::Assistance;
use crate::views::widgets::quiet;
use crate::views::{facts, theme};
use crate::worker::message::{Role, StudySummary};
use egui::{Color32, CornerRadius, Response, RichText, ScrollArea, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo, pos2};

/// Draws the choice in the middle of the room at hand.
pub fn who_ui(ui: &mut Ui, session: &Session, study: &StudySummary, commands: &mut Vec<Command>) {
    let readers = study.protocol.readers();
    let height = (readers.len() as f32 + 1.0).mul_add(52.0, 150.0).min(ui.available_height() - 24.0);
    centred(ui, Vec2::new(480.0_f32.min(ui.available_width() - 24.0), height), |ui| {
        ui.label(RichText::new("Who reads?").font(theme::large()).color(theme::STRONG));
        let count = session.exams().len();
        quiet(ui, &format!("{} · {count} {}", study.protocol.name(), if count == 1 { "exam" } else { "exams" }));
        ui.add_space(theme::PADDING);
        ScrollArea::vertical().id_salt("who").show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = theme::UNIT;
            // Somebody without a mouse in hand goes on with the arrows and Enter.
            let nothing_focused = ui.memory(|m| m.focused().is_none());
            for (n, rule) in readers.iter().enumerate() {
                let policy = facts::policy_words(rule.assistance);
                let sentence = match rule.assistance {
                    Assistance::FromStart => "Reads with the model's proposals; sees no other reader's work.",
                    Assistance::None => "Reads without any model; sees no other reader's work.",
                    Assistance::AfterSeal => "Reads without any model until the read is sealed; sees no other reader's work.",
                };
                let response = card(ui, &format!("Reader {}", rule.code), &format!("{policy}. {sentence}"));
                if n == 0 && nothing_focused {
                    response.request_focus();
                }
                if response.clicked() {
                    commands.push(Command::Study(StudyCommand::ChooseRole(Role::Reader(rule.code.clone()))));
                }
            }
            let apart = readers.len() > 1;
            if card(ui, "Coordinator", "Compares and exports all reads; looks at exams but paints nothing.").clicked() {
                commands.push(Command::Study(StudyCommand::ChooseRole(Role::Coordinator)));
            }
            if apart {
                ui.add_space(theme::UNIT);
                quiet(ui, "In one shared folder this program keeps readers apart, but their files lie side by side: only packets keep the files apart.");
            }
        });
    });
}

/// A wide button with a sentence below its name.
fn card(ui: &mut Ui, name: &str, sentence: &str) -> Response {
    let width = ui.available_width();
    let title = ui.painter().layout_no_wrap(name.to_owned(), theme::title(), theme::STRONG);
    let first = sentence.chars().next().map_or_else(String::new, |c| c.to_uppercase().collect());
    let text = first + sentence.get(1..).unwrap_or_default();
    let body = ui.painter().layout(text, theme::small(), theme::QUIET, width - 24.0);
    let (rect, response) = ui.allocate_exact_size(Vec2::new(width, 20.0 + title.size().y + body.size().y), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, name));
    let hot = response.hovered() || response.has_focus();
    let (fill, line) = if hot { (theme::RAISED, theme::ACCENT_LINE) } else { (Color32::TRANSPARENT, theme::CONTROL_LINE) };
    ui.painter().rect(rect, CornerRadius::same(6), fill, Stroke::new(1.0, line), StrokeKind::Inside);
    let below = title.size().y;
    ui.painter().galley(pos2(rect.left() + 12.0, rect.top() + 9.0), title, theme::STRONG);
    ui.painter().galley(pos2(rect.left() + 12.0, rect.top() + 11.0 + below), body, theme::QUIET);
    response
}
