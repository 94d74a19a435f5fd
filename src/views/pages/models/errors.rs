//! What scorers found wrong with this model's masks.

use crate::session::Session;
use crate::study::ModelError;
use crate::views::theme;
use crate::views::widgets::{heading, quiet};
use egui::{Grid, RichText, Ui, Vec2};

/// Masks that are listed; the rest is in the file.
const MOST: usize = 30;

/// Draws the list; nothing where no scorer found anything.
pub fn errors_ui(ui: &mut Ui, session: &Session) {
    let (Some(study), Some(model)) = (session.study(), session.model_name()) else { return };
    let of_model = |error: &&ModelError| error.model.rsplit_once('/').is_some_and(|(name, _)| name == model);
    let errors: Vec<&ModelError> = study.errors.iter().filter(of_model).collect();
    if errors.is_empty() {
        return;
    }
    ui.add_space(theme::PADDING);
    heading(ui, "What scorers found wrong with its masks");
    quiet(
        ui,
        "Masks with a mark of 5 or above, or with a comment, from sessions that were unblinded. All of it: results/scores/model-errors.csv.",
    );
    ui.add_space(theme::UNIT);
    Grid::new("model-errors").spacing(Vec2::new(24.0, 4.0)).show(ui, |ui| {
        for title in ["Version", "Exam", "Not acceptable", "Comment", "Who"] {
            ui.label(RichText::new(title).font(theme::small()).color(theme::QUIET));
        }
        ui.end_row();
        for error in errors.iter().take(MOST) {
            let version = error.model.rsplit_once('/').map_or("", |(_, version)| version);
            let marks: Vec<String> = error.not_acceptable.iter().map(|(target, value)| format!("{} {value:.2}", target.name())).collect();
            ui.label(version);
            ui.label(error.exam.as_str());
            ui.label(if marks.is_empty() { "–".to_owned() } else { marks.join(", ") });
            ui.label(error.comment.as_deref().unwrap_or("–"));
            ui.label(RichText::new(format!("{}, {}", error.scorer, error.session)).color(theme::QUIET));
            ui.end_row();
        }
    });
    if errors.len() > MOST {
        quiet(ui, &format!("and {} more", errors.len() - MOST));
    }
}
