//! What is compared and how: exams, readers, versions, method.

use super::names;
use crate::consensus::{JointStart, Method, Region};
use crate::session::{Command, CompareCommand, Session, StudyCommand};
use crate::study::MEETING_READER;
use crate::views::panels::action_button;
use crate::views::theme;
use crate::views::widgets::{ButtonLook, Row, heading, named, quiet, row};
use crate::volume::LayerKind;
use crate::worker::message::ModelVersion;
use egui::{Checkbox, Panel, ScrollArea, Ui, Vec2};

/// Versions of a model that are listed, the newest first; those compared are listed always.
const MOST_VERSIONS: usize = 4;

/// Draws the column.
pub fn choices_ui(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let foot = Panel::bottom("compare foot").resizable(false).show_separator_line(false).frame(egui::Frame::new());
    foot.show(ui, |ui| {
        ui.add_space(theme::UNIT * 2.0);
        let state = session.comparison();
        let stale = state.table().is_some_and(|table| table.choice != *state.choice());
        if stale {
            quiet(ui, "The study's figures were made with another choice.");
        }
        let text = if state.table().is_some() { "Compare again" } else { "Compare" };
        action_button(ui, session, "compare_reads", Some(text), ButtonLook::Primary, commands);
        ui.add_space(theme::UNIT);
        action_button(ui, session, "report", None, ButtonLook::Plain, commands);
    });
    // A short list of exams leaves its room to the choices below; a long one scrolls.
    let wanted = theme::ROW * session.exams().len() as f32 + 28.0;
    let height = wanted.min(ui.available_height() * 0.42);
    ui.allocate_ui(Vec2::new(ui.available_width(), height), |ui| exams(ui, session, commands));
    ui.add_space(theme::PADDING);
    ScrollArea::vertical().id_salt("compare choices").auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        readers(ui, session, commands);
        versions(ui, session, commands);
        consensus(ui, session, commands);
    });
}

fn exams(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let (all, without) = (session.exams(), &session.comparison().choice().without_exams);
    heading(ui, &format!("Exams · {} of {} count", all.iter().filter(|e| !without.contains(&e.code)).count(), all.len()));
    ScrollArea::vertical().id_salt("compared exams").auto_shrink([false, false]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for exam in all {
            let open = session.exam().is_some_and(|e| *e.code() == exam.code);
            let name = exam.code.to_string();
            let (toggled, clicked) = checked_row(ui, &name, &format!("{name} counts"), !without.contains(&exam.code), open);
            if toggled {
                commands.push(Command::Compare(CompareCommand::ToggleExam(exam.code.clone())));
            }
            if clicked && !open {
                commands.push(Command::Study(StudyCommand::OpenExam(exam.code.clone())));
            }
        }
    });
}

fn readers(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let Some(study) = session.study() else { return };
    let without = &session.comparison().choice().without_readers;
    heading(ui, "Readers");
    for rule in study.protocol.readers() {
        let code = rule.code.to_string();
        let words = if code == MEETING_READER { "shown" } else { "votes" };
        let (toggled, clicked) = checked_row(ui, &code, &format!("{code} {words}"), !without.contains(&code), false);
        if toggled || clicked {
            commands.push(Command::Compare(CompareCommand::ToggleReader(code)));
        }
    }
    ui.add_space(theme::PADDING);
}

fn versions(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let Some(study) = session.study() else { return };
    let compared = session.compared_versions();
    let marrow = study.models.iter().filter(|(model, versions)| model.starts_with(LayerKind::Marrow.word()) && !versions.is_empty());
    let mut listed: Vec<ModelVersion> = Vec::new();
    for (model, versions) in marrow {
        let mut numbers: Vec<u32> = versions.iter().map(|v| v.version).collect();
        numbers.sort_unstable_by(|a, b| b.cmp(a));
        let version = |version: u32| ModelVersion { model: model.clone(), version };
        let all = numbers.iter().enumerate().map(|(at, number)| (at, version(*number)));
        listed.extend(all.filter(|(at, version)| *at < MOST_VERSIONS || compared.contains(version)).map(|(_, version)| version));
    }
    if listed.is_empty() {
        return;
    }
    heading(ui, "Model versions");
    for version in listed {
        let name = format!("{}/{}", version.model, version.version);
        let (toggled, clicked) = checked_row(ui, &name, &format!("{name} is compared"), compared.contains(&version), false);
        if toggled || clicked {
            commands.push(Command::Compare(CompareCommand::ToggleModel(version)));
        }
    }
    ui.add_space(theme::PADDING);
}

fn consensus(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let choice = session.comparison().choice();
    heading(ui, "Consensus by");
    for method in Method::ALL {
        let line = Row { text: names::method(method), selected: choice.method == method, ..Row::default() };
        if row(ui, &line).on_hover_text(method.rule()).clicked() {
            commands.push(Command::Compare(CompareCommand::Method(method)));
        }
    }
    match choice.method {
        Method::Staple => {
            ui.add_space(theme::PADDING);
            heading(ui, "Region");
            for region in Region::ALL {
                let line = Row { text: names::region(region), selected: choice.options.region == region, ..Row::default() };
                if row(ui, &line).on_hover_text("Which voxels STAPLE looks at; the prior changes with it").clicked() {
                    commands.push(Command::Compare(CompareCommand::Region(region)));
                }
            }
        }
        Method::Joint => {
            ui.add_space(theme::PADDING);
            heading(ui, "Start");
            for start in [JointStart::default(), JointStart::Votes] {
                let text = names::start(start);
                let line = Row { text: &text, selected: choice.options.start == start, ..Row::default() };
                if row(ui, &line).on_hover_text("Both starts are run; where they differ, both are named").clicked() {
                    commands.push(Command::Compare(CompareCommand::Start(start)));
                }
            }
        }
        Method::Majority | Method::Simple => {}
    }
}

/// A check and a row beside it: whether the check changed, and whether the row was clicked.
fn checked_row(ui: &mut Ui, text: &str, name: &str, mut checked: bool, selected: bool) -> (bool, bool) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing = Vec2::splat(theme::UNIT);
        let toggled = named(ui.add(Checkbox::without_text(&mut checked)), name).changed();
        let clicked = row(ui, &Row { text, mono: true, selected, faint: !checked, ..Row::default() }).clicked();
        (toggled, clicked)
    })
    .inner
}
