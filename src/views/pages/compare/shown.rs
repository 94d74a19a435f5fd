//! The switch above the picture: which map lies over it, and of which level.

use super::names;
use crate::consensus::{MARROW_LEVELS, level_name};
use crate::session::{Command, CompareCommand, Session, ShownMap};
use crate::views::actions::Action;
use crate::views::theme;
use crate::views::widgets::quiet;
use egui::{Color32, CornerRadius, Pos2, Response, Role, Sense, Stroke, StrokeKind, Ui, Vec2, WidgetInfo};

/// Draws the switch; it wraps where there are many readers.
pub fn shown_ui(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let state = session.comparison();
    let level = level_name(MARROW_LEVELS[state.level().min(MARROW_LEVELS.len() - 1)]);
    let key = |id: &str| Action::find(id).and_then(Action::key_words).unwrap_or_default();
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = Vec2::splat(theme::UNIT);
        quiet_label(ui, "Level");
        for (at, labels) in MARROW_LEVELS.iter().enumerate() {
            let name = level_name(labels);
            let response = switch(ui, &name, &format!("Level {name}"), state.level() == at);
            if response.on_hover_text(format!("Figures and probability of level {name}; {} shows the next", key("compare_level"))).clicked()
            {
                commands.push(Command::Compare(CompareCommand::Level(at)));
            }
        }
        ui.add_space(theme::PADDING);
        quiet_label(ui, "Shown");
        for shown in state.shown_choices() {
            let name = names::shown(&shown, &level);
            let response = switch(ui, &name, &format!("Show {name}"), *state.shown() == shown);
            let words = format!("{}; {} shows the next", hover(&shown, session), key("compare_map"));
            if response.on_hover_text(words).clicked() {
                commands.push(Command::Compare(CompareCommand::Show(shown)));
            }
        }
    });
}

fn hover(shown: &ShownMap, session: &Session) -> String {
    match shown {
        ShownMap::Consensus => "The consensus; undecided voxels in orange".to_owned(),
        ShownMap::Probability => "Probability of the level, or its share of votes".to_owned(),
        ShownMap::Disagreement => "Share of pairs of readers with different labels".to_owned(),
        ShownMap::Entropy => "Entropy of the votes, as a share of the largest possible".to_owned(),
        ShownMap::Map(name) => {
            let map = session.comparison().exam().and_then(|exam| exam.maps.iter().find(|map| map.name == *name));
            format!("Labels of {name}: {}", map.map_or("", names::remark))
        }
    }
}

fn quiet_label(ui: &mut Ui, text: &str) {
    let width = ui.painter().layout_no_wrap(text.to_owned(), theme::small(), theme::QUIET).size().x;
    ui.allocate_ui(Vec2::new(width, theme::ROW), |ui| quiet(ui, text));
}

/// One of several choices side by side. `name` is what assistive technology reads out.
pub fn switch(ui: &mut Ui, text: &str, name: &str, selected: bool) -> Response {
    let galley = ui.painter().layout_no_wrap(text.to_owned(), theme::body(), theme::TEXT);
    let (rect, response) = ui.allocate_exact_size(Vec2::new((galley.size().x + 16.0).ceil(), theme::ROW), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, name));
    if ui.is_rect_visible(rect) {
        let hot = response.hovered() || response.has_focus();
        let (fill, colour) = match (selected, hot) {
            (true, _) => (theme::ACCENT_FILL, theme::STRONG),
            (false, true) => (theme::RAISED, theme::TEXT),
            (false, false) => (Color32::TRANSPARENT, theme::QUIET),
        };
        let line = if response.has_focus() { theme::ACCENT } else { Color32::TRANSPARENT };
        ui.painter().rect(rect, CornerRadius::same(theme::RADIUS), fill, Stroke::new(1.0, line), StrokeKind::Inside);
        let at = Pos2::new(rect.left() + 8.0, rect.center().y - galley.size().y / 2.0).round();
        ui.painter().galley_with_override_text_color(at, galley, colour);
    }
    response
}
