//! Places worth a look: tied clusters, and lesions that not all readers found.

use crate::session::{Command, CompareCommand, Finding, Session};
use crate::views::panels::action_button;
use crate::views::theme;
use crate::views::widgets::{ButtonLook, Row, button_row, heading, quiet, row};
use crate::worker::message::ComparedExam;
use egui::Ui;

/// Rows of one group that are listed; the others are counted.
const MOST_ROWS: usize = 60;

/// Draws the list, group by group.
pub fn findings_ui(ui: &mut Ui, session: &Session, exam: &ComparedExam, commands: &mut Vec<Command>) {
    button_row(ui, |ui| {
        action_button(ui, session, "compare_next", Some("Next"), ButtonLook::Plain, commands);
        action_button(ui, session, "compare_previous", Some("Previous"), ButtonLook::Plain, commands);
    });
    ui.add_space(theme::UNIT);
    let undecided = exam.consensus.counts().of(crate::consensus::UNDECIDED);
    heading(ui, &format!("Tied, undecided · {} clusters, {undecided} voxels", exam.ties.count));
    group(ui, session, exam, None, exam.ties.count, commands);
    for level in &exam.levels {
        ui.add_space(theme::PADDING);
        let listed = level.lesions.largest.iter().filter(|lesion| !lesion.found_by_all()).count();
        let by_all = level.lesions.largest.len() - listed;
        heading(ui, &format!("Level {} · found by some readers only", level.name));
        if level.lesions.count == 0 {
            quiet(ui, "Nobody used this level.");
            continue;
        }
        quiet(ui, &format!("{by_all} of {} found by all", level.lesions.largest.len()));
        group(ui, session, exam, Some(&level.name), listed, commands);
        if level.lesions.count > level.lesions.largest.len() {
            quiet(ui, &format!("The {} largest of {} are listed.", level.lesions.largest.len(), level.lesions.count));
        }
    }
}

fn group(ui: &mut Ui, session: &Session, exam: &ComparedExam, level: Option<&str>, count: usize, commands: &mut Vec<Command>) {
    if count == 0 {
        quiet(ui, "None.");
        return;
    }
    let state = session.comparison();
    let of_group = state.findings().iter().enumerate().filter(|(_, finding)| finding.level.as_deref() == level);
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for (at, finding) in of_group.take(MOST_ROWS) {
            let value = volume(finding.voxels as f64 * exam.voxel_mm3);
            let text = words(session, finding);
            let line = Row { text: &text, value: Some(&value), selected: state.finding() == Some(at), ..Row::default() };
            if row(ui, &line).on_hover_text(format!("{} voxels; shows the slice and marks the place", finding.voxels)).clicked() {
                commands.push(Command::Compare(CompareCommand::Finding(at)));
            }
        }
    });
    if count > MOST_ROWS {
        quiet(ui, &format!("And {} smaller ones; K goes through all of them.", count - MOST_ROWS));
    }
}

/// `Slice 8 · R1, R2 · not R3`.
fn words(session: &Session, finding: &Finding) -> String {
    let slice = session.exam().map_or(0, |exam| exam.plane().pixel(finding.centre).0 + 1);
    let names = |wanted: bool| {
        let some = finding.found_by.iter().filter(|(_, found)| *found == wanted).map(|(name, _)| name.as_str());
        some.collect::<Vec<_>>().join(", ")
    };
    if finding.found_by.is_empty() { format!("Slice {slice}") } else { format!("Slice {slice} · {} · not {}", names(true), names(false)) }
}

/// A volume in mm³ with as many decimals as its size deserves.
fn volume(mm3: f64) -> String {
    if mm3 >= 100.0 { format!("{mm3:.0} mm³") } else { format!("{mm3:.1} mm³") }
}
