//! Where versions came from and how well they do: a point per version and level, joined to the version it was trained from.

use crate::session::Session;
use crate::views::theme;
use crate::worker::message::VersionSummary;
use egui::{Align2, Color32, CornerRadius, Painter, Pos2, Rect, Role, Sense, Stroke, Ui, Vec2, WidgetInfo, pos2};

/// Height of the chart.
const HEIGHT: f32 = 176.0;
/// Widest distance of two versions.
const WIDEST_STEP: f32 = 96.0;

/// Draws the chart.
pub fn lineage_ui(ui: &mut Ui, session: &Session, versions: &[VersionSummary]) {
    let width = ui.available_width().min(900.0);
    let (rect, response) = ui.allocate_exact_size(Vec2::new(width, HEIGHT), Sense::hover());
    let words = format!("Dice per level of {} versions", versions.len());
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, words.clone()));
    let plot = Rect::from_min_max(pos2(rect.left() + 34.0, rect.top() + 8.0), pos2(rect.right() - 96.0, rect.bottom() - 22.0));
    let painter = ui.painter();
    axis(painter, plot);
    let mut sorted: Vec<&VersionSummary> = versions.iter().collect();
    sorted.sort_by_key(|v| v.version);
    let step = (plot.width() / sorted.len().max(1) as f32).min(WIDEST_STEP);
    let x = |at: usize| plot.left() + step * (at as f32 + 0.5);
    let y = |dice: f64| plot.bottom() - dice.clamp(0.0, 1.0) as f32 * plot.height();
    let names = dice_names(&sorted);
    for (at, version) in sorted.iter().enumerate() {
        let current = session.current_version() == Some(version.version);
        if current {
            // A line below, not a column: that would look like a figure.
            let mark = Rect::from_min_max(pos2(x(at) - step * 0.4, plot.bottom() + 19.0), pos2(x(at) + step * 0.4, plot.bottom() + 21.0));
            painter.rect_filled(mark, CornerRadius::same(1), theme::ACCENT);
        }
        let colour = if current { theme::ACCENT } else { theme::QUIET };
        painter.text(pos2(x(at), plot.bottom() + 11.0), Align2::CENTER_CENTER, version.version, theme::mono(), colour);
    }
    for name in &names {
        let colour = colour_of(session, name);
        let point = |version: &VersionSummary| -> Option<Pos2> {
            let at = sorted.iter().position(|v| v.version == version.version)?;
            Some(pos2(x(at), y(version.dice.iter().find(|(n, _)| n == name)?.1?)))
        };
        for version in &sorted {
            let Some(to) = point(version) else { continue };
            let parent = version.parent.and_then(|p| sorted.iter().find(|v| v.version == p)).and_then(|p| point(p));
            if let Some(from) = parent {
                painter.line_segment([from, to], Stroke::new(1.5, colour.gamma_multiply(0.7)));
            }
            painter.circle_filled(to, 3.5, colour);
        }
    }
    legend(painter, session, pos2(plot.right() + 14.0, plot.top() + 6.0), &names);
    if let Some(version) = response.hover_pos().and_then(|p| sorted.get(((p.x - plot.left()) / step).floor().max(0.0) as usize)) {
        response.on_hover_text(hover_words(version));
    }
}

fn axis(painter: &Painter, plot: Rect) {
    for tenth in [0.0, 0.25, 0.5, 0.75, 1.0_f32] {
        let y = plot.bottom() - tenth * plot.height();
        painter.line_segment([pos2(plot.left(), y), pos2(plot.right(), y)], Stroke::new(1.0, theme::PANEL_LINE));
        painter.text(pos2(plot.left() - 6.0, y), Align2::RIGHT_CENTER, format!("{tenth:.2}"), theme::mono_small(), theme::QUIET);
    }
}

fn legend(painter: &Painter, session: &Session, at: Pos2, names: &[String]) {
    for (n, name) in names.iter().take(8).enumerate() {
        let at = at + Vec2::new(0.0, n as f32 * 17.0);
        painter.circle_filled(at, 3.5, colour_of(session, name));
        painter.text(at + Vec2::new(9.0, 0.0), Align2::LEFT_CENTER, label_words(session, name), theme::small(), theme::TEXT);
    }
}

fn hover_words(version: &VersionSummary) -> String {
    let from = version.parent.map_or_else(|| "trained afresh".to_owned(), |parent| format!("trained from version {parent}"));
    let on = if version.held_out.is_empty() { "held-out slices" } else { &version.held_out };
    format!("Version {}, {from}\nDice on {on}", version.version)
}

/// Every label that a version has a figure for, single labels before unions.
pub(super) fn dice_names(versions: &[&VersionSummary]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (name, _) in versions.iter().flat_map(|v| &v.dice) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names.sort_by_key(|name| (name.contains('+'), name.len(), name.clone()));
    names
}

/// The label of a figure's name, where it is a single one.
fn label_of(name: &str) -> Option<u8> {
    name.trim_start_matches("level").trim_start_matches(['_', ' ']).parse().ok()
}

/// `Level 2`, `Femur right`; a union as it is.
pub(super) fn label_words(session: &Session, name: &str) -> String {
    let class = label_of(name).and_then(|label| session.scheme(session.tool().layer).class(label));
    let words = class.map_or_else(|| format!("Levels {name}"), |class| class.name.replace('_', " "));
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// A label's own colour; unions have the one that stands for none.
fn colour_of(session: &Session, name: &str) -> Color32 {
    let class = label_of(name).and_then(|label| session.scheme(session.tool().layer).class(label));
    class.map_or(theme::STRONG, |class| theme::label(class.colour))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_figures_lead_to_labels() {
        assert_eq!((label_of("3"), label_of("level_2"), label_of("level 1"), label_of("2+3")), (Some(3), Some(2), Some(1), None));
        let version = |dice: &[&str]| VersionSummary {
            version: 1,
            created: String::new(),
            steps: 0,
            slices: 0,
            accepted: 0,
            parent: None,
            held_out: String::new(),
            dice: dice.iter().map(|n| ((*n).to_owned(), None)).collect(),
        };
        let (a, b) = (version(&["2+3", "1"]), version(&["1", "10", "2"]));
        assert_eq!(dice_names(&[&a, &b]), ["1", "2", "10", "2+3"]);
    }
}
