//! The table of an import: one line a sequence, its name and role to be corrected.

use crate::session::{Command, ImportCommand, ImportState, Session};
use crate::study::{Look, PlannedExam, PlannedSequence, SequenceName, SequenceRole};
use crate::views::theme;
use crate::views::widgets::named;
use egui::{Align, Checkbox, ComboBox, Label, Layout, RadioButton, RichText, ScrollArea, Ui, Vec2};
use std::path::Path;

/// Height of a line.
const LINE: f32 = 28.0;

/// One line of the list.
#[derive(Clone, Copy)]
enum Line {
    Exam(usize),
    Sequence([usize; 2]),
}

/// Draws the table; only the lines in sight, for there may be thousands.
pub(super) fn rows_ui(ui: &mut Ui, session: &Session, import: &ImportState, commands: &mut Vec<Command>) {
    let mut lines = Vec::new();
    for (e, exam) in import.table().exams.iter().enumerate() {
        lines.push(Line::Exam(e));
        lines.extend((0..exam.sequences.len()).map(|s| Line::Sequence([e, s])));
    }
    let names = names(session);
    ScrollArea::vertical().id_salt("import rows").auto_shrink([false, false]).show_rows(ui, LINE, lines.len(), |ui, range| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for line in lines.get(range).unwrap_or_default() {
            match *line {
                Line::Exam(e) => exam_ui(ui, e, &import.table().exams[e]),
                Line::Sequence(at) => {
                    if let Some(sequence) = import.table().sequence(at) {
                        let reading = import.table().exams[at[0]].reading == at[1];
                        sequence_ui(ui, at, sequence, reading, import.shown() == at, &names, commands);
                    }
                }
            }
        }
    });
}

/// Names that a sequence may have: the protocol's own first, then the roles.
fn names(session: &Session) -> Vec<SequenceName> {
    let mut names = session.study().map(|s| s.protocol.sequences().to_vec()).unwrap_or_default();
    for word in SequenceRole::ALL.into_iter().map(SequenceRole::word).chain(["echo1", "echo2", "image"]) {
        if let Ok(name) = SequenceName::new(word)
            && !names.contains(&name)
        {
            names.push(name);
        }
    }
    names
}

/// What the files of an exam are called in common, so that the person can tell which exam it is: `K1` of `K1_water.nii.gz` and
/// `K1_fat.nii.gz`. Else the name of the folder that holds them all, as for the numbered files of a series.
fn common_name(exam: &PlannedExam) -> String {
    let stem = |path: &Path| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
    };
    let stems: Vec<String> = exam.sequences.iter().map(|s| stem(&s.path)).collect();
    let Some((first, others)) = stems.split_first() else { return String::new() };
    let shared = |other: &String| first.chars().zip(other.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum::<usize>();
    let prefix = &first[..others.iter().map(shared).min().unwrap_or(first.len())];
    let cut_in_two = prefix.ends_with(|sign: char| sign.is_ascii_digit())
        && stems.iter().any(|stem| stem[prefix.len()..].starts_with(|sign: char| sign.is_ascii_digit()));
    let name = prefix.trim_end_matches(['_', '-', '.', ' ']);
    let all_alike = !others.is_empty() && prefix == first && others.iter().all(|other| other == first);
    if !name.is_empty() && !cut_in_two && !all_alike {
        return name.to_owned();
    }
    let mut folder = exam.sequences.first().and_then(|s| s.path.parent());
    while let Some(inner) = folder.filter(|folder| !exam.sequences.iter().all(|s| s.path.starts_with(folder))) {
        folder = inner.parent();
    }
    folder.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn exam_ui(ui: &mut Ui, number: usize, exam: &PlannedExam) {
    let whose = match (exam.patient, exam.known_patient) {
        (Some(n), true) => format!("patient {n}, known to the link list"),
        (Some(n), false) => format!("patient {n}"),
        (None, _) => "a patient of its own: the source does not say whose it is".to_owned(),
    };
    ui.allocate_ui_with_layout(Vec2::new(ui.available_width(), LINE), Layout::left_to_right(Align::Max), |ui| {
        ui.label(RichText::new(format!("Exam {}", number + 1)).font(theme::title()).color(theme::STRONG));
        let name = common_name(exam);
        if !name.is_empty() {
            let name = RichText::new(name).font(theme::mono()).color(theme::TEXT);
            // Whose it is keeps its room beside a long name.
            let room = Vec2::new(ui.available_width() * 0.5, LINE);
            let cut = |ui: &mut Ui| ui.add(Label::new(name).truncate());
            ui.allocate_ui_with_layout(room, Layout::left_to_right(Align::Max), cut)
                .inner
                .on_hover_text("What its files are called; the study keeps none of it");
        }
        ui.label(RichText::new(whose).font(theme::small()).color(theme::QUIET));
    });
}

fn sequence_ui(
    ui: &mut Ui,
    at: [usize; 2],
    sequence: &PlannedSequence,
    reading: bool,
    shown: bool,
    names: &[SequenceName],
    commands: &mut Vec<Command>,
) {
    let mut push = |command| commands.push(Command::Import(command));
    let place = format!("{} of exam {}", sequence.name, at[0] + 1);
    ui.allocate_ui_with_layout(Vec2::new(ui.available_width(), LINE), Layout::left_to_right(Align::Center), |ui| {
        let mut chosen = sequence.chosen;
        let tick = named(ui.add(Checkbox::without_text(&mut chosen)), &format!("Import {place}"));
        if tick.on_hover_text("Import it, or leave it out").changed() {
            push(ImportCommand::Choose(at, chosen));
        }
        let radio = named(ui.add_enabled(sequence.chosen, RadioButton::new(reading, "")), &format!("Read {place}"));
        if radio.on_hover_text("The sequence that is read; the others stand beside it").clicked() {
            push(ImportCommand::Read(at));
        }
        let combo = ComboBox::from_id_salt(("name", at)).width(112.0).selected_text(sequence.name.as_str());
        let combo = combo.show_ui(ui, |ui| {
            for name in names {
                if ui.selectable_label(*name == sequence.name, name.as_str()).clicked() {
                    push(ImportCommand::Rename(at, name.clone()));
                }
            }
        });
        let told = if sequence.told_by.is_empty() { "nothing in the source tells what it is" } else { &sequence.told_by };
        named(combo.response, &format!("Name of {place}")).on_hover_text(format!("Its name in the study, told by: {told}"));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let (words, colour) = look_words(&sequence.look);
            ui.add_sized([76.0, LINE], Label::new(RichText::new(words).font(theme::small()).color(colour)));
            let [i, j, k] = sequence.shape;
            let size = RichText::new(format!("{i}×{j}×{k}")).font(theme::mono_small()).color(theme::QUIET);
            ui.add_sized([92.0, LINE], Label::new(size)).on_hover_text(facts(sequence));
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let colour = if shown { theme::ACCENT } else { theme::TEXT };
                let name = RichText::new(&sequence.source_name).color(colour);
                let response = ui.add(Label::new(name).truncate().selectable(false).sense(egui::Sense::click()));
                if response.on_hover_text(format!("{}\nClick to look at it", sequence.path.display())).clicked() {
                    push(ImportCommand::Show(at));
                }
            });
        });
    });
}

fn look_words(look: &Look) -> (&'static str, egui::Color32) {
    match look {
        Look::NotNeeded | Look::NotSaid => ("", theme::QUIET),
        Look::Waiting => ("look at it", theme::LOOK_AGAIN),
        Look::Clean => ("no name", theme::DONE),
        Look::Masked(_) => ("blacked out", theme::DONE),
    }
}

fn facts(sequence: &PlannedSequence) -> String {
    let [x, y, z] = sequence.spacing_mm;
    let mut lines = vec![format!("{x:.2} × {y:.2} × {z:.2} mm")];
    lines.extend(sequence.tr_ms.map(|tr| format!("TR {tr:.0} ms")));
    lines.extend(sequence.te_ms.map(|te| format!("TE {te:.1} ms")));
    lines.extend(sequence.findings.iter().cloned());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exam_is_called_as_its_files_are() {
        let exam = |paths: &[&str]| {
            let sequence = |path: &&str| PlannedSequence {
                path: path.into(),
                source_name: String::new(),
                name: SequenceName::new("water").unwrap(),
                told_by: String::new(),
                chosen: true,
                look: Look::NotSaid,
                shape: [1; 3],
                spacing_mm: [1.0; 3],
                tr_ms: None,
                te_ms: None,
                findings: Vec::new(),
            };
            PlannedExam { patient: None, known_patient: false, reading: 0, sequences: paths.iter().map(sequence).collect() }
        };
        for (paths, name) in [
            (&["/in/K1_water.nii.gz", "/in/K1_fat.nii.gz"][..], "K1"),
            (&["/in/knee-07.nii"], "knee-07"),
            (&["/in/Ünal_w.nii", "/in/Ünal_f.nii"], "Ünal"),
            (&["/in/visit/IM0001.dcm", "/in/visit/IM0025.dcm"], "visit"),
            (&["/in/visit/t2/IM0001", "/in/visit/pd/IM0001"], "visit"),
            (&["/in/knees/a.nii", "/in/knees/b.nii"], "knees"),
            (&[], ""),
        ] {
            assert_eq!(common_name(&exam(paths)), name, "{paths:?}");
        }
    }
}
