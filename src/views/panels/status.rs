//! The bottom line: what is under the cursor, what the mouse does now, what runs beside the window.

use crate::session::{Command, FileCommand, OpenExam, Session, Workspace};
use crate::space::axis_label;
use crate::views::widgets::{ButtonLook, button};
use crate::views::{facts, theme};
use crate::volume::LayerKind;
use egui::{Align, Label, Layout, RichText, Ui};

/// Draws the line; `refused` = why the last key did nothing, in the place of the tool's hint.
pub fn status_ui(ui: &mut Ui, session: &Session, refused: Option<&str>, commands: &mut Vec<Command>) {
    ui.horizontal_centered(|ui| {
        ui.spacing_mut().item_spacing.x = 16.0;
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 12.0;
            if let Some(exam) = session.exam().filter(|e| e.is_writable()) {
                let time = RichText::new(format!("{} on this exam", exam.time().words())).font(theme::mono()).color(theme::QUIET);
                ui.label(time).on_hover_text("Time on this exam in all sittings; it pauses when nothing is done for a minute");
            }
            jobs(ui, session, commands);
            if let Some(words) = refused {
                ui.add(Label::new(RichText::new(words).font(theme::small()).color(theme::LOOK_AGAIN)).truncate());
            } else if facts::reading(session).is_some() {
                hint(ui, session);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 16.0;
                if let Some(exam) = facts::reading(session) {
                    under_cursor(ui, session, exam);
                }
            });
        });
    });
}

fn mono(ui: &mut Ui, text: &str, hover: &str) {
    let text = RichText::new(text).font(theme::mono()).color(theme::TEXT);
    ui.add(Label::new(text).truncate()).on_hover_text(hover);
}

fn under_cursor(ui: &mut Ui, session: &Session, exam: &OpenExam) {
    let Some(voxel) = exam.hovered_voxel() else { return };
    mono(ui, &voxel.map(|n| format!("{n:>3}")).join(" "), "Voxel under the cursor, counted from 0");
    let grid = exam.reading_image().grid();
    let world_mm = grid.world_from_voxel().world(voxel.map(|n| n as f64));
    if exam.has_geometry() {
        mono(ui, &format!("{} mm", axis_label(world_mm)), "Its position in the patient");
    }
    if let Some(value) = facts::value_at(exam, voxel) {
        mono(ui, &format!("value {}", facts::number(value)), "Grey value of the image shown");
    }
    for layer in [LayerKind::Bone, LayerKind::Marrow] {
        let label = exam.layers().labels(layer).get(voxel);
        if let Some(class) = session.scheme(layer).class(label) {
            mono(ui, class.name.split(" · ").next().unwrap_or_default(), "Label under the cursor");
        }
    }
}

fn hint(ui: &mut Ui, session: &Session) {
    let tool = session.tool().tool.hint();
    let writable = session.exam().is_some_and(OpenExam::is_writable) && session.workspace() == Workspace::Read;
    let long = if writable {
        format!("{tool} · right drag: window · wheel: slice · Ctrl wheel: zoom")
    } else {
        "right drag: window · wheel: slice · Ctrl wheel: zoom · middle drag: move".to_owned()
    };
    // Where room is short the tool's own hint stays.
    let width = |text: &str| ui.painter().layout_no_wrap(text.to_owned(), theme::small(), theme::QUIET).size().x;
    let text = if width(&long) + 420.0 > ui.available_width() && writable { tool } else { long.as_str() };
    ui.add(Label::new(RichText::new(text).font(theme::small()).color(theme::QUIET)).truncate());
}

/// Work beside the window, from the right edge inwards.
fn jobs(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let jobs: Vec<_> = session.jobs().collect();
    let Some(first) = jobs.first() else { return };
    if button(ui, "Cancel", None, ButtonLook::Bare, true).on_hover_text("Stops the work that runs").clicked() {
        commands.push(Command::File(FileCommand::CancelJobs));
    }
    let percent = first.fraction.map_or_else(String::new, |f| format!(" {:.0} %", f.clamp(0.0, 1.0) * 100.0));
    let more = if jobs.len() > 1 { format!(" and {} more", jobs.len() - 1) } else { String::new() };
    ui.label(RichText::new(format!("{}{percent}{more}", first.text)).color(theme::ACCENT));
    ui.add(egui::Spinner::new().size(12.0).color(theme::ACCENT));
}
