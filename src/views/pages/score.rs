//! The Score workspace while no session is open: the sessions, a form for a new one, and Table 2.

use crate::session::{Command, FileCommand, ScoreCommand, Session};
use crate::study::{ExamCode, Figures, ScoreTable, TableMark, Target};
use crate::views::widgets::{ButtonLook, button, heading, named, quiet, words_row};
use crate::views::{facts, theme};
use crate::worker::message::{NewScores, PickPurpose, ScoreExams, ScoreSummary};
use egui::{Align, Color32, Frame, Grid, Layout, Margin, RichText, ScrollArea, TextEdit, Ui, Vec2};
use std::path::Path;

/// What is typed for a new session.
#[derive(Clone, Debug)]
pub struct NewScoresEntry {
    name: String,
    /// The person typed the name.
    typed: bool,
    scorers: String,
    exams: ScoreExams,
    model: usize,
}

impl Default for NewScoresEntry {
    fn default() -> Self {
        Self { name: "S-1".to_owned(), typed: false, scorers: "panel".to_owned(), exams: ScoreExams::Test, model: 0 }
    }
}

/// Draws the workspace.
pub fn score_ui(ui: &mut Ui, session: &Session, entry: &mut NewScoresEntry, commands: &mut Vec<Command>) {
    Frame::new().inner_margin(Margin::same(24)).show(ui, |ui| {
        ui.label(RichText::new("Scoring").font(theme::large()).color(theme::STRONG));
        quiet(ui, "Masks of model and consensus, shuffled and without names, each marked on four plain lines.");
        ui.add_space(theme::PADDING);
        ScrollArea::both().id_salt("score").auto_shrink([false, false]).show(ui, |ui| {
            let sessions = session.scoring().sessions();
            for summary in sessions {
                summary_ui(ui, session, summary, commands);
                ui.add_space(theme::UNIT);
            }
            if sessions.is_empty() {
                quiet(
                    ui,
                    if facts::is_coordinator(session) {
                        "No session yet."
                    } else {
                        "No session yet. The coordinator makes one on this page; then whoever marks begins here."
                    },
                );
            }
            ui.add_space(theme::PADDING);
            for table in session.scoring().tables() {
                table_ui(ui, session, table, commands);
                ui.add_space(theme::PADDING * 2.0);
            }
            if facts::is_coordinator(session) && session.scoring().tables().is_empty() {
                new_ui(ui, session, entry, commands);
            }
        });
    });
}

fn summary_ui(ui: &mut Ui, session: &Session, summary: &ScoreSummary, commands: &mut Vec<Command>) {
    words_row(ui, theme::GAP, |ui| {
        ui.label(RichText::new(summary.session.to_string()).font(theme::mono()).color(theme::STRONG));
        ui.label(RichText::new(format!("{} masks", summary.items)).color(theme::TEXT));
        if summary.locked {
            let word = if summary.unblinded { "unblinded" } else { "locked" };
            ui.label(RichText::new(word).color(theme::DONE));
            if facts::is_coordinator(session) {
                let text = if summary.unblinded { "Show the table" } else { "Unblind" };
                if button(ui, text, None, ButtonLook::Plain, true).on_hover_text("Opens the key and makes Table 2").clicked() {
                    let unblind = ScoreCommand::Unblind { session: summary.session.clone(), key: None, covariates: None };
                    commands.push(Command::Score(unblind));
                }
                let hover = "The key is not in the coordinator's folder beside the study: choose it, then Table 2 is made";
                if button(ui, "Key elsewhere…", None, ButtonLook::Bare, true).on_hover_text(hover).clicked() {
                    commands.push(Command::Score(ScoreCommand::FindKey(summary.session.clone())));
                }
            }
            return;
        }
        for (scorer, marked) in summary.scorers.iter().zip(&summary.marked) {
            let text = format!("Mark as {scorer}");
            if button(ui, &text, None, ButtonLook::Primary, true).on_hover_text("Goes on where it was left").clicked() {
                let open = ScoreCommand::Open { session: summary.session.clone(), scorer: scorer.clone() };
                commands.push(Command::Score(open));
            }
            quiet(ui, &format!("{marked} of {} marked", summary.items));
        }
    });
}

fn new_ui(ui: &mut Ui, session: &Session, entry: &mut NewScoresEntry, commands: &mut Vec<Command>) {
    heading(ui, "New session");
    let models: Vec<&String> =
        session.study().map(|s| s.current.keys().filter(|name| name.starts_with("marrow")).collect()).unwrap_or_default();
    if models.is_empty() {
        quiet(ui, "A session scores a model against the consensus: train a marrow model first.");
        return;
    }
    entry.model = entry.model.min(models.len() - 1);
    let is_taken = |name: &str| session.scoring().sessions().iter().any(|s| s.session.as_str() == name);
    if !entry.typed && is_taken(&entry.name) {
        entry.name = (1..).map(|n| format!("S-{n}")).find(|name| !is_taken(name)).unwrap_or_default();
    }
    Grid::new("new scores").num_columns(2).spacing([16.0, 6.0]).show(ui, |ui| {
        ui.label(RichText::new("Name").color(theme::QUIET));
        let response = ui.add(TextEdit::singleline(&mut entry.name).desired_width(220.0));
        entry.typed |= named(response, "Name of the session").changed();
        ui.end_row();
        ui.label(RichText::new("Who marks").color(theme::QUIET));
        let response = ui.add(TextEdit::singleline(&mut entry.scorers).desired_width(220.0));
        named(response, "Who marks").on_hover_text("One name for a group that agrees on each mark, or several with commas for each alone");
        ui.end_row();
        ui.label(RichText::new("Model").color(theme::QUIET));
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = theme::CHOICE_GAP;
            for (at, name) in models.iter().enumerate() {
                ui.radio_value(&mut entry.model, at, name.as_str());
            }
        });
        ui.end_row();
        ui.label(RichText::new("Exams").color(theme::QUIET));
        ui.vertical(|ui| {
            for exams in ScoreExams::ALL {
                ui.radio_value(&mut entry.exams, exams, exams.name());
            }
        });
        ui.end_row();
        ui.label(RichText::new("Key").color(theme::QUIET));
        key_ui(ui, session, commands);
        ui.end_row();
    });
    ui.add_space(theme::UNIT);
    let name = ExamCode::new(entry.name.trim());
    let scorers: Vec<String> = entry.scorers.split(',').map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()).collect();
    let taken = is_taken(entry.name.trim());
    let possible = name.is_ok() && !scorers.is_empty() && !taken;
    if button(ui, "Make the session", None, ButtonLook::Primary, possible).clicked()
        && let Ok(name) = name
    {
        let new = NewScores {
            model: models[entry.model].clone(),
            scorers,
            seed: None,
            session: name,
            key: session.scoring().new_key().map(Path::to_path_buf),
            exams: entry.exams,
        };
        commands.push(Command::Score(ScoreCommand::Make(new)));
    }
    if taken {
        quiet(ui, "There is a session of that name already.");
    }
    quiet(ui, "Exams with two sealed independent reads; the consensus is STAPLE per level.");
}

/// Where the key of the new session goes.
fn key_ui(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    words_row(ui, theme::GAP, |ui| {
        let folder = session.study().and_then(|s| s.root.file_name()).unwrap_or_default().to_string_lossy();
        let place =
            session.scoring().new_key().map_or_else(|| format!("in {folder}-coordinator, beside the study"), |p| p.display().to_string());
        let hover = "Says which mask is the model's. It lies outside the study, so that nobody who marks comes upon it.";
        ui.label(RichText::new(place).color(theme::TEXT)).on_hover_text(hover);
        if button(ui, "Elsewhere…", None, ButtonLook::Bare, true).on_hover_text("Chooses another place outside the study").clicked() {
            commands.push(Command::File(FileCommand::Pick(PickPurpose::NewScoreKey)));
        }
    });
}

fn table_ui(ui: &mut Ui, session: &Session, table: &ScoreTable, commands: &mut Vec<Command>) {
    words_row(ui, theme::GAP, |ui| {
        let title = format!("Table 2 · session {}, scored by {}", table.session, table.scorer);
        ui.label(RichText::new(title).font(theme::title()).color(theme::STRONG));
        if button(ui, "Join covariates…", None, ButtonLook::Plain, true)
            .on_hover_text("Reads age, slices with signal, sex, group and site from the coordinator's covariates.csv")
            .clicked()
        {
            commands.push(Command::File(FileCommand::Pick(PickPurpose::Covariates)));
        }
    });
    quiet(ui, &format!("{} against {}", table.model, table.consensus));
    ui.add_space(theme::UNIT);
    Grid::new(("table 2", &table.scorer, &table.model)).spacing([12.0, 4.0]).min_row_height(theme::ROW).show(ui, |ui| {
        head(ui);
        for row in &table.rows {
            let exam = ui.label(RichText::new(row.exam.to_string()).font(theme::mono()).color(theme::STRONG));
            let known: Vec<&str> = row.words.iter().flatten().map(String::as_str).collect();
            if !known.is_empty() {
                exam.on_hover_text(known.join(" · "));
            }
            cell(ui, row.age_years.map(|v| format!("{v:.1}")), theme::TEXT);
            cell(ui, row.slices_with_signal.map(|v| format!("{v:.0}")), theme::TEXT);
            for target in 0..Target::ALL.len() {
                for mark in row.marks[target] {
                    let colour = if mark.is_some_and(|m| m.flagged) { theme::LOOK_AGAIN } else { theme::TEXT };
                    cell(ui, mark.map(words), colour);
                }
                cell(ui, row.difference(target, true).map(signed), theme::QUIET);
            }
            ui.end_row();
        }
        for (name, figures) in [("Mean (SD)", &table.all), ("without *", &table.without_flagged)] {
            ui.label(RichText::new(name).color(theme::STRONG));
            cell(ui, Some(mean(&table.age_years, false)), theme::STRONG);
            cell(ui, Some(mean(&table.slices_with_signal, false)), theme::STRONG);
            for [consensus, model, difference] in figures {
                cell(ui, Some(mean(consensus, false)), theme::STRONG);
                cell(ui, Some(mean(model, false)), theme::STRONG);
                cell(ui, Some(mean(difference, true)), theme::STRONG);
            }
            ui.end_row();
        }
        ui.label(RichText::new("Below 5").color(theme::STRONG));
        ui.label("");
        ui.label("");
        for (target, counts) in table.acceptable.iter().enumerate() {
            for (source, count) in counts.iter().enumerate() {
                cell(ui, Some(format!("{count}/{}", table.all[target][source].n)), theme::TEXT);
            }
            ui.label("");
        }
        ui.end_row();
    });
    for row in table.rows.iter().filter(|r| !r.comments.is_empty()) {
        quiet(ui, &format!("{}: {}", row.exam, row.comments.join("; ")));
    }
    ui.add_space(theme::UNIT);
    for line in table.left_out.iter().map(|l| format!("{l}.")).chain(table.rules.iter().cloned()) {
        quiet(ui, &line);
    }
    if let Some(folder) = session.scoring().written() {
        quiet(ui, &format!("Written as CSV to {}.", folder.display()));
    }
}

fn head(ui: &mut Ui) {
    let small = |ui: &mut Ui, text: &str| {
        cell_with(ui, text, theme::QUIET, theme::small());
    };
    // Over its codes, which begin at the left.
    ui.label(RichText::new("Exam").font(theme::small()).color(theme::QUIET));
    for text in ["Age", "Slices\nwith signal"] {
        small(ui, text);
    }
    for target in Target::ALL {
        for text in ["consensus", "model", "difference"] {
            small(ui, &format!("{}\n{text}", target.name()));
        }
    }
    ui.end_row();
}

fn words(mark: TableMark) -> String {
    format!("{:.2}{}", mark.value, if mark.flagged { "*" } else { "" })
}

fn signed(value: f64) -> String {
    // A true minus sign, as wide as the plus.
    format!("{value:+.2}").replace('-', "−")
}

fn mean(figures: &Figures, sign: bool) -> String {
    let Some(mean) = figures.mean else { return "–".to_owned() };
    let mean = if sign { signed(mean) } else { format!("{mean:.2}") };
    match figures.sd {
        Some(sd) => format!("{mean} ({sd:.2})"),
        None => mean,
    }
}

fn cell(ui: &mut Ui, text: Option<String>, colour: Color32) {
    cell_with(ui, &text.unwrap_or_else(|| "–".to_owned()), colour, theme::mono());
}

fn cell_with(ui: &mut Ui, text: &str, colour: Color32, font: egui::FontId) {
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        ui.set_min_size(Vec2::new(52.0, theme::ROW));
        ui.label(RichText::new(text).font(font).color(colour));
    });
}
