//! What is worth another look before a read is sealed. No wall: the reader decides, and may go on reading beside it.

use crate::session::{Command, Session, StudyCommand, ViewCommand};
use crate::views::panels::action_button;
use crate::views::theme;
use crate::views::widgets::{ButtonLook, Row, button, quiet, row};
use egui::{Align2, Context, Id, Label, Rect, RichText, ScrollArea, Window, WindowDrag};

/// Draws the sheet while the session has looked the open read over.
pub fn submit_ui(ctx: &Context, session: &Session, commands: &mut Vec<Command>) {
    let content = ctx.content_rect();
    let shown_in = Id::unique("submit shown in");
    let Some(checked) = session.checked() else {
        ctx.data_mut(|data| data.remove::<Rect>(shown_in));
        return;
    };
    let moved = ctx.data_mut(|data| data.get_temp(shown_in) != Some(content));
    ctx.data_mut(|data| data.insert_temp(shown_in, content));
    let mut open = true;
    let window = Window::new("Submit this read").open(&mut open).collapsible(false).resizable(false);
    // Beside the picture, which a click on a line takes to its slice.
    let corner = content.right_bottom() - egui::vec2(8.0, theme::STATUS_BAR + 96.0);
    let mut window = window.pivot(Align2::RIGHT_BOTTOM);
    if moved {
        // Where it lay before is remembered, over restarts too: in a small window that was over the middle of the picture.
        // A window that is moved by its title keeps to that whatever position it is given, hence the other way for this frame.
        window = window.current_pos(corner).drag_area(WindowDrag::Anywhere);
    }
    window.show(ctx, |ui| {
        ui.set_width(400.0_f32.min(content.width() - 48.0));
        ui.spacing_mut().item_spacing.y = theme::UNIT;
        ui.add(Label::new(
            RichText::new(format!("A sealed read of {} can only be looked at. Reading the exam again makes a new read.", checked.exam))
                .color(theme::TEXT),
        ));
        ui.add_space(theme::UNIT);
        if checked.warnings.is_empty() {
            quiet(ui, "Every slice was seen and is done; nothing is worth another look.");
        } else {
            ui.label(RichText::new("Worth another look").font(theme::small()).color(theme::HEADING));
            ScrollArea::vertical().id_salt("warnings").max_height(content.height() * 0.5).show(ui, |ui| {
                for warning in &checked.warnings {
                    let line = Row { text: &warning.text, swatch: Some(theme::LOOK_AGAIN), ..Row::default() };
                    let response = row(ui, &line);
                    if let Some(slice) = warning.slice
                        && response.on_hover_text(format!("Goes to slice {}", slice + 1)).clicked()
                    {
                        commands.push(Command::View(ViewCommand::Slice(slice)));
                    }
                }
            });
        }
        ui.add_space(theme::PADDING);
        ui.horizontal(|ui| {
            action_button(ui, session, "seal", None, ButtonLook::Primary, commands);
            if button(ui, "Go on reading", None, ButtonLook::Plain, true).clicked() {
                commands.push(Command::Study(StudyCommand::CancelSubmit));
            }
        });
    });
    if !open || ctx.input_mut(|i| i.consume_key(egui::Modifiers::NONE, egui::Key::Escape)) {
        commands.push(Command::Study(StudyCommand::CancelSubmit));
    }
}
