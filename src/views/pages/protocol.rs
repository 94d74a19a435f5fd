//! The Protocol workspace: the study's rules as a form, beside the file they are written to.

use crate::session::{Command, FileCommand, Session, StudyCommand, ViewCommand};
use crate::study::{Assistance, Protocol, ReaderCode, ReaderRule, ReadingRules, ScoringRules};
use crate::views::widgets::{ButtonLook, button, button_row, heading, named, quiet, words_row};
use crate::views::{facts, theme};
use crate::worker::message::{PickPurpose, StudySummary};
use egui::{Align, Checkbox, DragValue, Frame, Id, Label, Layout, Margin, RichText, ScrollArea, TextEdit, Ui, Vec2};

/// The text while it is edited.
#[derive(Clone, Debug, Default)]
pub struct ProtocolEntry {
    /// What it was made from: when the file changes, so does the text.
    from: String,
    text: String,
    new_reader: String,
}

/// Draws the workspace.
pub fn protocol_ui(ui: &mut Ui, session: &Session, study: &StudySummary, entry: &mut ProtocolEntry, commands: &mut Vec<Command>) {
    if entry.from != study.protocol_text {
        entry.from.clone_from(&study.protocol_text);
        entry.text.clone_from(&study.protocol_text);
    }
    let changed = entry.text != entry.from;
    if changed != session.protocol_changed() {
        commands.push(Command::View(ViewCommand::ProtocolChanged(changed)));
    }
    let writes = facts::is_coordinator(session) && study.packet.is_none();
    let parsed = Protocol::parse(&entry.text, "study.toml");
    Frame::new().inner_margin(Margin::same(24)).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.label(RichText::new("Protocol").font(theme::large()).color(theme::STRONG));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if button(ui, "Write the file", None, ButtonLook::Primary, writes && changed && parsed.is_ok()).clicked() {
                    commands.push(Command::Study(StudyCommand::SaveProtocol(entry.text.clone())));
                }
                if button(ui, "Take back", None, ButtonLook::Plain, changed).clicked() {
                    entry.text.clone_from(&entry.from);
                }
            });
        });
        quiet(
            ui,
            if writes {
                "The form and the file are the same rules; nothing is written before you say so."
            } else {
                "Only the coordinator changes the rules."
            },
        );
        ui.add_space(theme::PADDING);
        ui.columns(2, |columns| {
            let [form, file] = columns else { return };
            ScrollArea::vertical().id_salt("protocol form").auto_shrink([false, false]).show(form, |ui| match &parsed {
                Ok(protocol) => {
                    ui.add_enabled_ui(writes, |ui| {
                        let form = form_ui(ui, protocol, &mut entry.new_reader);
                        ui.add_space(theme::PADDING);
                        let split = super::protocol_split::split_ui(ui, protocol, study, !changed, commands);
                        if let Some(changed) = form.or(split) {
                            entry.text = changed.to_toml();
                        }
                    });
                    packets_ui(ui, session, study, commands);
                }
                Err(_) => quiet(ui, "The form comes back when the file has no mistake."),
            });
            file_ui(file, entry, writes, parsed.as_ref().err().map(ToString::to_string));
        });
    });
}

fn file_ui(ui: &mut Ui, entry: &mut ProtocolEntry, writes: bool, mistake: Option<String>) {
    ui.horizontal(|ui| {
        ui.label(RichText::new("study.toml").font(theme::mono()).color(theme::HEADING));
        match &mistake {
            Some(mistake) => drop(ui.add(Label::new(RichText::new(mistake).color(theme::FAILED)).wrap())),
            None => drop(ui.label(RichText::new("no mistake").color(theme::DONE))),
        }
    });
    ScrollArea::both().id_salt("protocol file").auto_shrink([false, false]).show(ui, |ui| {
        let rows = entry.text.lines().count() + 2;
        let field = TextEdit::multiline(&mut entry.text).font(theme::mono()).code_editor().desired_rows(rows).desired_width(f32::INFINITY);
        let _ = named(ui.add_enabled(writes, field), "The protocol's file");
    });
}

/// The code that is written in the field, or why it is none.
fn new_code(text: &str, readers: &[ReaderRule]) -> Result<ReaderCode, String> {
    let code = ReaderCode::new(text.trim()).map_err(|e| e.to_string())?;
    if readers.iter().any(|r| r.code == code) { Err(format!("{code} is in the list already.")) } else { Ok(code) }
}

/// The rules that a form is good for; the changed protocol, if something was changed.
fn form_ui(ui: &mut Ui, protocol: &Protocol, new_reader: &mut String) -> Option<Protocol> {
    let mut readers = protocol.readers().to_vec();
    let mut reading = protocol.reading();
    let mut scoring = protocol.scoring();
    heading(ui, "Readers and what they may see of a model");
    let mut removed = None;
    for (at, rule) in readers.iter_mut().enumerate() {
        button_row(ui, |ui| {
            ui.spacing_mut().item_spacing.x = theme::CHOICE_GAP;
            ui.allocate_ui(Vec2::new(92.0, theme::ROW), |ui| {
                ui.set_min_width(92.0);
                ui.label(RichText::new(rule.code.to_string()).font(theme::mono()).color(theme::STRONG));
            });
            for (policy, words) in Assistance::ALL.into_iter().zip(["never", "after sealing", "from the start"]) {
                ui.radio_value(&mut rule.assistance, policy, words);
            }
            if button(ui, "Remove", None, ButtonLook::Bare, true).clicked() {
                removed = Some(at);
            }
        });
    }
    if let Some(at) = removed {
        readers.remove(at);
    }
    let free = (1..).map(|n| format!("R{n}")).find(|code| !readers.iter().any(|r| r.code.as_str() == code.as_str())).unwrap_or_default();
    words_row(ui, theme::GAP, |ui| {
        // An id of its own: one that is counted changes with every reader above, and the keys would go nowhere.
        let field = TextEdit::singleline(new_reader).id(Id::unique("code of a new reader")).desired_width(92.0).hint_text(free);
        let field = named(ui.add(field), "Code of a new reader");
        let code = new_code(new_reader, &readers);
        let clicked = button(ui, "Add reader", None, ButtonLook::Plain, code.is_ok()).clicked();
        let entered = field.lost_focus() && ui.input(|i| i.key_pressed(egui::Key::Enter));
        match code {
            Ok(code) if clicked || entered => {
                readers.push(ReaderRule { code, assistance: Assistance::None });
                new_reader.clear();
                // The next one may follow at once.
                field.request_focus();
            }
            Err(why) if !new_reader.trim().is_empty() => quiet(ui, &why),
            _ => {}
        }
    });
    quiet(ui, "Only reads without a model are independent reads; reads begun after sealing are tagged as assisted.");
    ui.add_space(theme::PADDING);
    reading_ui(ui, &mut reading);
    ui.add_space(theme::PADDING);
    heading(ui, "Scoring");
    ui.add(Checkbox::new(&mut scoring.remove_outside_bone, "Take marrow outside bone out of masks before they are scored"));
    ui.add_space(theme::PADDING);
    let screen = super::protocol_rules::screen_rules_ui(ui, protocol);
    changed(screen.as_ref().unwrap_or(protocol), protocol, readers, reading, scoring)
}

fn reading_ui(ui: &mut Ui, reading: &mut ReadingRules) {
    heading(ui, "Reading");
    let number = |ui: &mut Ui, words: &str, value: &mut u32, range: std::ops::RangeInclusive<u32>| {
        ui.horizontal(|ui| {
            let response = ui.add(DragValue::new(value).range(range).speed(0.05));
            let _ = named(response, words);
            ui.label(RichText::new(words).color(theme::TEXT));
        });
    };
    number(ui, "reads of every exam by each reader", &mut reading.reads, 1..=20);
    number(ui, "exams that come twice in a packet, for agreement with oneself", &mut reading.repeats, 0..=10_000);
    ui.add(Checkbox::new(&mut reading.shuffled, "Each reader gets the exams in an order of their own"));
    ui.add(Checkbox::new(&mut reading.others_models, "A model that learnt from other readers may assist"));
    ui.add(Checkbox::new(&mut reading.other_visits, "A reader sees the patient's other visits beside the exam"));
    ui.add(Checkbox::new(&mut reading.atlas, "A reader may look at the reference atlas beside the exam"));
    ui.add(Checkbox::new(&mut reading.within_squares, "Marrow counts only within the metaphysis squares: paint and figures keep to them"));
}

fn changed(
    next: &Protocol,
    protocol: &Protocol,
    readers: Vec<ReaderRule>,
    reading: ReadingRules,
    scoring: ScoringRules,
) -> Option<Protocol> {
    let next = next.clone().with_readers(readers).with_reading(reading).with_scoring(scoring);
    (next != *protocol).then_some(next)
}

fn packets_ui(ui: &mut Ui, session: &Session, study: &StudySummary, commands: &mut Vec<Command>) {
    if study.scratch {
        return;
    }
    ui.add_space(theme::PADDING);
    heading(ui, "Packets");
    let pick = |purpose| Command::File(FileCommand::Pick(purpose));
    if study.packet.is_some() {
        quiet(ui, "This is a reader's copy. Sealed reads go back to the coordinator in one file.");
        if button(ui, "Send reads back…", None, ButtonLook::Plain, true).clicked() {
            commands.push(pick(PickPurpose::PacketReturn));
        }
        return;
    }
    if !facts::is_coordinator(session) {
        return;
    }
    quiet(ui, "One file for each reader: their exams under codes of their own, to be read anywhere. The code map stays with you.");
    ui.horizontal(|ui| {
        if button(ui, "Make packets…", None, ButtonLook::Plain, true).on_hover_text("Choose a folder outside the study").clicked() {
            commands.push(pick(PickPurpose::Packets));
        }
        if button(ui, "Merge what came back…", None, ButtonLook::Plain, true)
            .on_hover_text("Choose the file, with code-map.json beside it")
            .clicked()
        {
            commands.push(pick(PickPurpose::PacketMerge));
        }
    });
}
