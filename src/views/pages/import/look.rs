//! The picture beside the table: is a name burnt in? A drag blacks a rectangle out.

use crate::session::{Command, ImportCommand, ImportState};
use crate::study::{Look, PixelBox, PlannedSequence};
use crate::views::theme;
use crate::views::widgets::{ButtonLook, button, named, quiet};
use crate::worker::message::ImportPreview;
use egui::{
    Color32, ColorImage, CornerRadius, Pos2, Rect, Role, Sense, Slider, Stroke, StrokeKind, TextureHandle, TextureOptions, Ui, Vec2,
    WidgetInfo, pos2,
};

/// What the picture remembers.
#[derive(Default)]
pub(super) struct LookPane {
    texture: Option<(ImportPreview, TextureHandle)>,
    /// Where the drag began, in pixels of the sequence.
    from: Option<[usize; 2]>,
}

/// Draws the picture of the sequence on show, with what can be said of it.
pub(super) fn look_ui(ui: &mut Ui, import: &ImportState, pane: &mut LookPane, commands: &mut Vec<Command>) {
    let Some(sequence) = import.table().sequence(import.shown()) else { return };
    words_ui(ui, import.shown(), sequence, commands);
    let Some(preview) = import.preview() else {
        quiet(ui, "Making the picture");
        return;
    };
    if preview.slices > 1 {
        slices_ui(ui, preview, commands);
    }
    picture_ui(ui, import.shown(), sequence, preview, pane, commands);
}

fn words_ui(ui: &mut Ui, at: [usize; 2], sequence: &PlannedSequence, commands: &mut Vec<Command>) {
    let mut say = |look| commands.push(Command::Import(ImportCommand::Look(at, look)));
    match &sequence.look {
        Look::NotNeeded => quiet(ui, "The source says that nothing is burnt into these pixels."),
        Look::NotSaid => {
            quiet(ui, "A NIfTI file cannot say whether a name is burnt into its pixels. If you see one, drag over it to black it out.");
        }
        Look::Waiting => quiet(ui, "Do the pixels show a name, date or number? Drag over it to black it out, or say that there is none."),
        Look::Clean => quiet(ui, "You said that these pixels show no name."),
        Look::Masked(boxes) => quiet(
            ui,
            &format!(
                "{} blacked out, in every slice.",
                if boxes.len() == 1 { "One rectangle is".to_owned() } else { format!("{} rectangles are", boxes.len()) }
            ),
        ),
    }
    ui.add_space(theme::UNIT);
    ui.horizontal(|ui| {
        let clean = matches!(sequence.look, Look::Waiting);
        if button(ui, "It shows no name", None, if clean { ButtonLook::Primary } else { ButtonLook::Plain }, clean).clicked() {
            say(Look::Clean);
        }
        let undo = matches!(sequence.look, Look::Clean | Look::Masked(_));
        if button(ui, "Take that back", None, ButtonLook::Plain, undo).clicked() {
            say(Look::Waiting);
        }
    });
    ui.add_space(theme::UNIT);
}

fn slices_ui(ui: &mut Ui, preview: &ImportPreview, commands: &mut Vec<Command>) {
    let mut go = |slice| commands.push(Command::Import(ImportCommand::Slice(slice)));
    ui.horizontal(|ui| {
        let all = preview.slice.is_none();
        if button(ui, "All slices", None, if all { ButtonLook::Primary } else { ButtonLook::Plain }, true)
            .on_hover_text("The brightest of all slices at each pixel: letters stand out wherever they are")
            .clicked()
        {
            go(None);
        }
        let mut slice = preview.slice.unwrap_or(0) + 1;
        let slider = named(ui.add(Slider::new(&mut slice, 1..=preview.slices)), "Slice");
        if slider.on_hover_text("One slice alone").changed() {
            go(Some(slice - 1));
        }
    });
    ui.add_space(theme::UNIT);
}

fn picture_ui(
    ui: &mut Ui,
    at: [usize; 2],
    sequence: &PlannedSequence,
    preview: &ImportPreview,
    pane: &mut LookPane,
    commands: &mut Vec<Command>,
) {
    if pane.texture.as_ref().is_none_or(|(held, _)| held != preview) {
        let picture = ColorImage::from_gray(preview.shown, &preview.grey);
        pane.texture = Some((preview.clone(), ui.ctx().load_texture("import preview", picture, TextureOptions::LINEAR)));
    }
    let Some((_, texture)) = &pane.texture else { return };
    let [x, y] = sequence.spacing_mm[..2].try_into().unwrap_or([1.0, 1.0]);
    let extent = Vec2::new((preview.size[0] as f64 * x) as f32, (preview.size[1] as f64 * y) as f32);
    let room = ui.available_size();
    let scale = (room.x / extent.x).min(room.y / extent.y);
    let (rect, response) = ui.allocate_exact_size((extent * scale).max(Vec2::splat(1.0)), Sense::drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, "Picture to be searched for names"));
    let painter = ui.painter().with_clip_rect(rect);
    painter.rect_filled(rect, CornerRadius::ZERO, theme::PICTURE);
    painter.image(texture.id(), rect, Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)), Color32::WHITE);
    if let Look::Masked(boxes) = &sequence.look {
        for masked in boxes {
            let on_screen = on_screen(rect, preview.size, *masked);
            painter.rect_filled(on_screen, CornerRadius::ZERO, Color32::BLACK);
            painter.rect_stroke(on_screen, CornerRadius::ZERO, Stroke::new(1.0, theme::ACCENT), StrokeKind::Inside);
        }
    }
    let pixel = |p: Pos2| {
        let share = (p - rect.min) / rect.size();
        [share.x, share.y]
            .map(|s| s.clamp(0.0, 1.0))
            .iter()
            .zip(preview.size)
            .map(|(s, n)| ((s * n as f32) as usize).min(n - 1))
            .collect::<Vec<_>>()
    };
    let at_pointer = response.interact_pointer_pos().and_then(|p| <[usize; 2]>::try_from(pixel(p)).ok());
    if response.drag_started() {
        pane.from = ui.input(|i| i.pointer.press_origin()).and_then(|p| <[usize; 2]>::try_from(pixel(p)).ok());
    }
    if let (Some(from), Some(to)) = (pane.from, at_pointer) {
        let drawn = PixelBox::between(from, to);
        painter.rect_stroke(on_screen(rect, preview.size, drawn), CornerRadius::ZERO, Stroke::new(1.0, theme::ACCENT), StrokeKind::Inside);
        if response.drag_stopped() {
            commands.push(Command::Import(ImportCommand::Mask(at, drawn)));
        }
    }
    if response.drag_stopped() {
        pane.from = None;
    }
}

/// Where pixels of the sequence lie on the screen.
fn on_screen(rect: Rect, size: [usize; 2], pixels: PixelBox) -> Rect {
    let at = |i: usize, j: usize| {
        pos2(rect.left() + rect.width() * i as f32 / size[0] as f32, rect.top() + rect.height() * j as f32 / size[1] as f32)
    };
    Rect::from_min_max(at(pixels.i0, pixels.j0), at(pixels.i1 + 1, pixels.j1 + 1))
}
