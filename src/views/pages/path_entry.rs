//! The built-in way to name a folder or file, for systems without a dialog.

use crate::session::{Command, FileCommand, Session};
use crate::views::theme;
use crate::views::widgets::{ButtonLook, Row, button, heading, named, quiet, row};
use crate::worker::message::{FolderListing, PickPurpose};
use egui::{Align, Context, Frame, Id, Key, Label, Layout, Margin, Modal, RichText, ScrollArea, TextEdit, Ui};
use std::path::{Path, PathBuf};

/// What the entry remembers: the text typed, and the folder it was last set from.
#[derive(Default)]
pub struct PathEntry {
    text: String,
    from: Option<PathBuf>,
    open: bool,
}

/// Draws the entry over the window while the session asks for a path.
pub fn path_entry_ui(ctx: &Context, session: &Session, entry: &mut PathEntry, commands: &mut Vec<Command>) {
    let Some(purpose) = session.path_entry() else {
        entry.open = false;
        return;
    };
    let just_opened = !std::mem::replace(&mut entry.open, true);
    if just_opened {
        entry.from = None;
    }
    if let Some((path, _)) = session.path_to_mend().filter(|_| just_opened) {
        entry.text = path.display().to_string();
        entry.from = session.listing().map(|listing| listing.path.clone());
    } else if let Some(listing) = session.listing()
        && entry.from.as_ref() != Some(&listing.path)
    {
        // A folder was gone into: the text follows it.
        entry.text = listing.path.display().to_string();
        entry.from = Some(listing.path.clone());
    }
    let before = commands.len();
    let frame = Frame::popup(&ctx.global_style()).inner_margin(Margin::same(16));
    let response = Modal::new(Id::unique("path entry")).frame(frame).show(ctx, |ui| {
        ui.set_width((ctx.content_rect().width() - 80.0).clamp(280.0, 560.0));
        let refused = session.path_to_mend().map(|(_, why)| why);
        entry_ui(ui, session.listing(), purpose, (entry, refused), just_opened, commands);
    });
    if commands.iter().skip(before).any(|command| matches!(command, Command::File(FileCommand::Use(..)))) {
        // It may be refused before the next frame: then this counts as opened anew, so that the keys go to it again.
        entry.open = false;
    }
    if response.should_close() {
        commands.push(Command::File(FileCommand::ClosePathEntry));
    }
}

fn entry_ui(
    ui: &mut Ui,
    listing: Option<&FolderListing>,
    purpose: PickPurpose,
    (entry, refused): (&mut PathEntry, Option<&str>),
    focus: bool,
    commands: &mut Vec<Command>,
) {
    heading(ui, words(purpose));
    ui.horizontal(|ui| {
        let parent = listing.and_then(|l| l.path.parent()).map(Path::to_path_buf);
        if button(ui, "Up", None, ButtonLook::Plain, parent.is_some()).on_hover_text("To the folder above").clicked() {
            commands.extend(parent.map(|p| Command::File(FileCommand::List(p))));
        }
        let edit = ui.add(
            TextEdit::singleline(&mut entry.text).font(theme::mono()).desired_width(f32::INFINITY).hint_text("Path of a folder or file"),
        );
        let edit = named(edit, "Path");
        if focus {
            edit.request_focus();
        }
        if edit.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter)) {
            use_path(purpose, Path::new(entry.text.trim()), commands);
        }
    });
    if let Some(why) = refused {
        ui.add(Label::new(RichText::new(why).color(theme::FAILED)).wrap());
    }
    ui.add_space(theme::UNIT);
    match listing {
        Some(listing) => listing_ui(ui, listing, purpose, entry, commands),
        None => quiet(ui, "Listing the folder"),
    }
    ui.add_space(theme::PADDING);
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let text = entry.text.trim().to_owned();
        if button(ui, verb(purpose), Some("Enter"), ButtonLook::Primary, !text.is_empty()).clicked() {
            use_path(purpose, Path::new(&text), commands);
        }
        if button(ui, "Cancel", Some("Esc"), ButtonLook::Plain, true).clicked() {
            commands.push(Command::File(FileCommand::ClosePathEntry));
        }
    });
}

fn listing_ui(ui: &mut Ui, listing: &FolderListing, purpose: PickPurpose, entry: &mut PathEntry, commands: &mut Vec<Command>) {
    if let Some(error) = &listing.error {
        ui.add(Label::new(RichText::new(error).color(theme::FAILED)).wrap());
    }
    let (folders, files) = (&listing.folders, &listing.files);
    ScrollArea::vertical().id_salt("folder").max_height(320.0).auto_shrink([false, true]).show_rows(
        ui,
        theme::ROW,
        folders.len() + files.len(),
        |ui, range| {
            ui.spacing_mut().item_spacing.y = 0.0;
            let exports = matches!(
                purpose,
                PickPurpose::Packets
                    | PickPurpose::NewScoreKey
                    | PickPurpose::NewStudy
                    | PickPurpose::AuditTrail
                    | PickPurpose::PacketReturn
                    | PickPurpose::Export
                    | PickPurpose::ExportNnUnet
                    | PickPurpose::ExportBids
            );
            for at in range {
                if let Some(folder) = folders.get(at) {
                    let text = format!("{folder}/");
                    if row(ui, &Row { text: &text, mono: true, ..Row::default() }).on_hover_text("Goes into this folder").clicked() {
                        commands.push(Command::File(FileCommand::List(listing.path.join(folder))));
                    }
                } else if let Some(file) = files.get(at - folders.len()) {
                    let path = listing.path.join(file);
                    let chosen = Path::new(&entry.text) == path;
                    let shown = Row { text: file, mono: true, selected: chosen, faint: exports, ..Row::default() };
                    let response = row(ui, &shown).on_hover_text("Click to choose, double click to open");
                    if response.double_clicked() && !exports {
                        use_path(purpose, &path, commands);
                    } else if response.clicked() {
                        entry.text = path.display().to_string();
                    }
                }
            }
        },
    );
    if folders.is_empty() && files.is_empty() && listing.error.is_none() {
        quiet(ui, "This folder holds nothing that can be opened.");
    }
}

fn use_path(purpose: PickPurpose, path: &Path, commands: &mut Vec<Command>) {
    if !path.as_os_str().is_empty() {
        commands.push(Command::File(FileCommand::Use(purpose, path.to_path_buf())));
    }
}

const fn words(purpose: PickPurpose) -> &'static str {
    match purpose {
        PickPurpose::OpenFolder => "Open a study, or a folder with images",
        PickPurpose::NewStudy => "New or empty folder for a study",
        PickPurpose::OpenFile => "Open an image file",
        PickPurpose::Import => "Import images from a file or folder",
        PickPurpose::ImportLink => "Link list of the coordinator, outside the study (made where it is not there)",
        PickPurpose::ImportPatients => "Table of exams and patients (CSV)",
        PickPurpose::Packets => "Folder for packets and code map, outside the study",
        PickPurpose::PacketReturn => "Folder for the reads that go back to the coordinator",
        PickPurpose::PacketMerge => "File that came back, with code-map.json beside it",
        PickPurpose::Covariates => "Age and slices with signal of the exams (CSV)",
        PickPurpose::NewScoreKey => "File or folder for the key of the session, outside the study",
        PickPurpose::ScoreKey => "Key of the session (score-….key.json)",
        PickPurpose::AuditTrail => "File or folder for the audit trail (CSV)",
        PickPurpose::ImportMask => "Import a mask (NIfTI or DICOM segmentation) into the active layer",
        PickPurpose::Export => "Export masks into a folder",
        PickPurpose::ExportNnUnet => "Export for nnU-Net into a folder",
        PickPurpose::ExportBids => "Export as BIDS into a folder",
    }
}

const fn verb(purpose: PickPurpose) -> &'static str {
    match purpose {
        PickPurpose::OpenFolder | PickPurpose::OpenFile => "Open",
        PickPurpose::NewStudy => "Make the study",
        PickPurpose::Import => "Import",
        PickPurpose::ImportLink
        | PickPurpose::ImportPatients
        | PickPurpose::Covariates
        | PickPurpose::ScoreKey
        | PickPurpose::PacketMerge => "Use",
        PickPurpose::Packets | PickPurpose::NewScoreKey | PickPurpose::PacketReturn | PickPurpose::AuditTrail => "Write here",
        PickPurpose::ImportMask => "Import",
        PickPurpose::Export | PickPurpose::ExportNnUnet | PickPurpose::ExportBids => "Export here",
    }
}
