//! How far the window in force is from the protocol's rule, and what the rule rests on.

use crate::session::{Command, Session, ViewCommand};
use crate::study::WindowLimit;
use crate::views::actions::Action;
use crate::views::widgets::quiet;
use crate::views::{facts, theme};
use egui::{CornerRadius, RichText, Sense, Ui, Vec2, pos2};

/// Drift that counts as none: what rounding to whole grey values makes.
const NONE: f32 = 0.005;
/// Drift at the right end of the gauge.
const FULL: f32 = 0.5;

/// Draws the gauge where a rule is in force for what is shown.
pub fn rule_gauge_ui(ui: &mut Ui, session: &Session) {
    let (Some(rule), Some(drift)) = (session.display_rule(), session.window_drift()) else { return };
    let limit = session.window_limit();
    let name = if rule.fatty_marrow().is_some() { "Air-black rule" } else { "Fixed rule" };
    let percent = (drift * 100.0).round();
    let words = match (limit, drift <= NONE) {
        (WindowLimit::Locked, true) => format!("{name} · locked"),
        (_, true) => format!("{name} · in force"),
        (WindowLimit::Band(band), false) => format!("{name} · {percent:.0} % off, {:.0} % allowed", band * 100.0),
        (_, false) => format!("{name} · {percent:.0} % off"),
    };
    ui.label(RichText::new(&words).font(theme::small()).color(if drift <= NONE { theme::QUIET } else { theme::LOOK_AGAIN }));
    bar(ui, drift, limit, &words);
    if let Some(fatty) = rule.fatty_marrow() {
        quiet(ui, &format!("Fatty marrow {} · {}", facts::number(fatty.value()), fatty.words()));
    }
}

/// A line from 0 to 50 % of the rule's width; the allowed band is marked on it.
fn bar(ui: &mut Ui, drift: f32, limit: WindowLimit, words: &str) {
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 8.0), Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Meter, true, format!("Window drift: {words}")));
    let rail = egui::Rect::from_center_size(rect.center(), Vec2::new(rect.width(), 3.0));
    let x = |share: f32| rail.left() + (share / FULL).clamp(0.0, 1.0) * rail.width();
    let painter = ui.painter();
    painter.rect_filled(rail, CornerRadius::same(1), theme::CONTROL_LINE);
    if let WindowLimit::Band(band) = limit {
        let allowed = egui::Rect::from_min_max(rail.min, pos2(x(band), rail.bottom()));
        painter.rect_filled(allowed, CornerRadius::same(1), theme::CONTROL_LINE_HOT);
    }
    let at = pos2(x(drift).clamp(rail.left() + 2.0, rail.right() - 2.0), rail.center().y);
    painter.circle_filled(at, 3.5, if drift <= NONE { theme::DONE } else { theme::LOOK_AGAIN });
    response.on_hover_text("How far black and white are from the rule, as a share of the rule's width");
}

/// The command behind the chip of the top bar: back to the rule, or automatic where there is none.
#[must_use]
pub fn reset_command(session: &Session) -> Command {
    let rule = Action::find("window_rule").and_then(|action| (action.command)(session));
    rule.unwrap_or(Command::View(ViewCommand::Preset(crate::session::WindowPreset::Auto)))
}
