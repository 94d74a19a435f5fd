//! The File menu.

use super::action_menu_item;
use crate::session::{Command, Session};
use crate::views::theme;
use egui::{Button, RichText, Ui};

/// Draws the menu's button and, when open, its lines.
pub fn file_menu_ui(ui: &mut Ui, session: &Session, commands: &mut Vec<Command>) {
    let title = RichText::new("File").font(theme::body()).color(theme::TEXT);
    egui::containers::menu::MenuButton::from_button(Button::new(title).frame_when_inactive(false)).ui(ui, |ui| {
        ui.set_width(272.0);
        ui.spacing_mut().item_spacing.y = 0.0;
        for id in ["open_folder", "open_file", "new_study", "sample"] {
            action_menu_item(ui, session, id, commands);
        }
        ui.separator();
        for id in ["import", "import-mask", "export", "export-nnunet", "export-bids", "report", "save_again", "cancel_jobs"] {
            action_menu_item(ui, session, id, commands);
        }
        ui.separator();
        // A reader's copy has one way, the coordinator's study the others.
        let copy = session.study().is_some_and(|s| s.packet.is_some());
        let between: &[&str] = if copy { &["packet_return"] } else { &["packets", "packet_merge", "atlas_add"] };
        for id in between {
            action_menu_item(ui, session, id, commands);
        }
        ui.separator();
        for id in ["calibrate", "calibrate_end", "leave_role", "help", "quit"] {
            action_menu_item(ui, session, id, commands);
        }
    });
}
