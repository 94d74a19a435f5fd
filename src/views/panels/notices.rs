//! Sentences for the person, above the status line; each can be taken away.

use super::action_button;
use crate::session::{Command, Notice, NoticeLevel, Session, ViewCommand};
use crate::views::actions::Action;
use crate::views::theme;
use crate::views::widgets::{ButtonLook, button};
use egui::{Align, Area, Context, CornerRadius, Frame, Id, Label, Layout, Margin, Order, Rect, RichText, Stroke, Ui, pos2};

/// Room below the notices: the lower letter of the patient's side, the zoom and the scale bar stay in sight.
const CLEAR_OF_MARKS: f32 = 40.0;

/// How long a note stays on screen.
const SECONDS_SHOWN: f64 = 8.0;

/// Draws the notices over the lower left of `rect`, the newest at the bottom; over a picture higher than over a page.
pub fn notices_ui(ctx: &Context, rect: Rect, picture: bool, session: &Session, commands: &mut Vec<Command>) {
    if session.notices().is_empty() {
        return;
    }
    let clear = if picture { CLEAR_OF_MARKS } else { theme::PADDING };
    let width = (rect.width() - 24.0).clamp(200.0, 560.0);
    let area = Area::new(Id::unique("notices")).order(Order::Middle).pivot(egui::Align2::LEFT_BOTTOM);
    area.fixed_pos(pos2(rect.left() + 12.0, rect.bottom() - clear)).constrain_to(rect).show(ctx, |ui| {
        ui.set_width(width);
        ui.spacing_mut().item_spacing.y = theme::UNIT;
        for (at, notice) in session.notices().iter().enumerate() {
            let last_of_many = at > 1 && at + 1 == session.notices().len();
            notice_ui(ui, session, notice, last_of_many, commands);
            fade(ctx, notice, commands);
        }
    });
}

/// What is only good to know goes by itself after a while; warnings and failures stay until they are dismissed.
fn fade(ctx: &Context, notice: &Notice, commands: &mut Vec<Command>) {
    if notice.level != NoticeLevel::Info {
        return;
    }
    let now = ctx.input(|i| i.time);
    let since: f64 = ctx.data_mut(|d| *d.get_temp_mut_or_insert_with(Id::unique(("notice", notice.id)), || now));
    let left = SECONDS_SHOWN - (now - since);
    if left <= 0.0 {
        commands.push(Command::View(ViewCommand::DismissNotice(notice.id)));
    } else {
        ctx.request_repaint_after(std::time::Duration::from_secs_f64(left));
    }
}

/// One notice; the last of many can take them all away.
fn notice_ui(ui: &mut Ui, session: &Session, notice: &Notice, all: bool, commands: &mut Vec<Command>) {
    let (colour, word) = match notice.level {
        NoticeLevel::Info => (theme::CONTROL_LINE_HOT, "Note"),
        NoticeLevel::Warning => (theme::LOOK_AGAIN, "Mind"),
        NoticeLevel::Error => (theme::FAILED, "Failed"),
    };
    let frame = Frame::new()
        .fill(theme::RAISED)
        .stroke(Stroke::new(1.0, colour))
        .corner_radius(CornerRadius::same(6))
        .inner_margin(Margin::symmetric(12, 4));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        let unsaved = session.exam().is_some_and(|e| e.save_error().is_some());
        let saves = notice.level == NoticeLevel::Error && unsaved && notice.text.starts_with("Not saved");
        ui.horizontal(|ui| {
            let buttons = 80.0 + if saves { 152.0 } else { 0.0 } + if all { 96.0 } else { 0.0 };
            ui.scope(|ui| {
                ui.set_max_width((ui.available_width() - buttons).max(80.0));
                ui.add(Label::new(RichText::new(&notice.text).color(theme::TEXT)).wrap()).on_hover_text(word);
            });
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if button(ui, "Dismiss", None, ButtonLook::Bare, true).clicked() {
                    commands.push(Command::View(ViewCommand::DismissNotice(notice.id)));
                }
                let key = Action::find("dismiss_notices").and_then(Action::key_words).unwrap_or_default();
                if all && button(ui, "Dismiss all", None, ButtonLook::Bare, true).on_hover_text(key).clicked() {
                    commands.push(Command::View(ViewCommand::DismissNotices));
                }
                if saves {
                    action_button(ui, session, "save_again", None, ButtonLook::Bare, commands);
                }
            });
        });
    });
}
