//! The sheet with which the coordinator takes the open exam into the atlas: whose mask, and what to say of it.

use crate::session::{Command, Session, StudyCommand};
use crate::study::{ExamCode, MEETING_READER, ReaderCode};
use crate::views::theme;
use crate::views::widgets::{ButtonLook, button, heading, named, quiet};
use crate::worker::message::AtlasMask;
use egui::{Context, Frame, Id, Label, Margin, Modal, RichText, TextEdit, Ui};
use std::path::PathBuf;

/// What is chosen and typed. It stays when the sheet is closed by a click beside it, until the exam is added or the person cancels.
#[derive(Default)]
pub struct AtlasEntry {
    /// The study and its exam.
    of: Option<(PathBuf, ExamCode)>,
    mask: AtlasMask,
    notes: String,
    /// How many exams the atlas held when this was sent: once it holds more, the exam is in.
    sent: Option<usize>,
}

/// Draws the sheet while the session asks for it.
pub fn atlas_add_ui(ctx: &Context, session: &Session, entry: &mut AtlasEntry, commands: &mut Vec<Command>) {
    let (Some(exam), Some(study)) = (session.atlas().adding(), session.study()) else { return };
    let of = Some((study.root.clone(), exam.clone()));
    if entry.of != of || entry.sent.is_some_and(|before| study.atlas.exams > before) {
        *entry = AtlasEntry { of, ..AtlasEntry::default() };
    }
    let frame = Frame::popup(&ctx.global_style()).inner_margin(Margin::same(16));
    let response = Modal::new(Id::unique("atlas exam")).frame(frame).show(ctx, |ui| {
        ui.set_width((ctx.content_rect().width() - 80.0).clamp(280.0, 520.0));
        sheet(ui, session, exam, entry, commands);
    });
    if response.should_close() {
        if !response.backdrop_response.clicked() {
            // Escape cancels; a click beside the sheet may be a slip.
            *entry = AtlasEntry::default();
        }
        commands.push(Command::Study(StudyCommand::CancelAtlasExam));
    }
}

fn sheet(ui: &mut Ui, session: &Session, exam: &ExamCode, entry: &mut AtlasEntry, commands: &mut Vec<Command>) {
    ui.spacing_mut().item_spacing.y = theme::UNIT;
    heading(ui, &format!("{exam} into the atlas"));
    wrapped(
        ui,
        "The atlas shows readers what was agreed on, beside the exam they read. It goes into packets made from now on, but not to readers who have still to read it.",
    );
    let why = still_to_read(session, exam);
    if let Some(why) = &why {
        ui.add(Label::new(RichText::new(why).color(theme::LOOK_AGAIN)).wrap());
    }
    ui.add_space(theme::UNIT);
    ui.label(RichText::new("Agreed mask").font(theme::small()).color(theme::HEADING));
    ui.radio_value(&mut entry.mask, AtlasMask::Consensus, "Consensus of the sealed independent reads (STAPLE per level)");
    for reader in sealed(session, exam) {
        let words =
            if reader.as_str() == MEETING_READER { "Read of the consensus meeting".to_owned() } else { format!("Read of {reader}") };
        ui.radio_value(&mut entry.mask, AtlasMask::Read(reader), words);
    }
    ui.add_space(theme::UNIT);
    ui.label(RichText::new("Notes").font(theme::small()).color(theme::HEADING));
    let notes = TextEdit::multiline(&mut entry.notes).desired_rows(4).desired_width(f32::INFINITY);
    let notes = notes.hint_text("What a reader should see here.\n7: a line that begins so is about slice 7");
    let _ = named(ui.add(notes), "Notes for readers");
    ui.add_space(theme::PADDING);
    ui.horizontal(|ui| {
        if button(ui, "Add to the atlas", None, ButtonLook::Primary, why.is_none()).clicked() {
            // Kept until it is in: adding may fail.
            entry.sent = session.study().map(|study| study.atlas.exams);
            commands.push(Command::Study(StudyCommand::AddToAtlas { mask: entry.mask.clone(), notes: entry.notes.clone() }));
        }
        if button(ui, "Cancel", Some("Esc"), ButtonLook::Plain, true).clicked() {
            *entry = AtlasEntry::default();
            commands.push(Command::Study(StudyCommand::CancelAtlasExam));
        }
    });
}

fn wrapped(ui: &mut Ui, text: &str) {
    ui.scope(|ui| {
        ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Wrap);
        quiet(ui, text);
    });
}

fn sealed(session: &Session, exam: &ExamCode) -> Vec<ReaderCode> {
    let of = session.study().and_then(|s| s.exams.iter().find(|e| e.code == *exam));
    of.map(|e| e.sealed.iter().cloned().collect()).unwrap_or_default()
}

/// Why the agreed mask would be seen too early, if it would.
fn still_to_read(session: &Session, exam: &ExamCode) -> Option<String> {
    let (study, done) = (session.study()?, sealed(session, exam));
    let waits = |code: &&ReaderCode| code.as_str() != MEETING_READER && !done.contains(code);
    let unread: Vec<&str> = study.protocol.readers().iter().map(|rule| &rule.code).filter(waits).map(ReaderCode::as_str).collect();
    if !unread.is_empty() {
        let who = unread.join(", ");
        return Some(format!(
            "{exam} has still to be read and sealed by {who}, who would see the agreed mask. Add it once these reads are in."
        ));
    }
    let enough = study.exams.iter().any(|e| e.code == *exam && e.reads_sealed);
    (!enough).then(|| format!("Not every read of {exam} that the protocol asks for is sealed: who reads again would see the agreed mask."))
}
