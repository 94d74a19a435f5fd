//! The large pane: the slice that is read, its marks and its pointer.

use super::crosshair;
use super::magnifier;
use super::marks;
use super::measures;
use super::place::Place;
use super::pointer::Pointer;
use super::slices::Slices;
use crate::gpu::{Canvas, Interpolation, Layer, PaneId, SliceImage, pane_on_pixels};
use crate::session::{Command, Layout, OpenExam, Session, ViewCommand};
use crate::views::{facts, theme};
use crate::worker::message::Dirty;
use egui::{CornerRadius, Rect, Role, Sense, Ui, WidgetInfo};
use std::sync::Arc;

/// What the large pane remembers from frame to frame.
#[derive(Default)]
pub struct Pane {
    slices: Slices,
    pointer: Pointer,
    /// Where the picture was last drawn.
    place: Option<Place>,
    /// When the next slice of a cine is due, in egui's seconds.
    next_cine: f64,
}

impl Pane {
    /// Takes in what changed, also in frames that show another workspace.
    pub fn take_dirty(&mut self, exam: Option<&OpenExam>, dirty: &[Dirty]) {
        match exam {
            Some(exam) => self.slices.take_dirty(exam, dirty),
            None => *self = Self::default(),
        }
    }

    /// Forgets everything: another exam or another person.
    pub fn clear(&mut self) {
        self.slices.clear();
    }

    /// Where the picture was last drawn, for tests and tools.
    #[must_use]
    pub const fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }
}

/// Draws the slice over all the room at hand.
pub fn pane_ui(ui: &mut Ui, session: &Session, exam: &OpenExam, canvas: &mut Canvas, pane: &mut Pane, commands: &mut Vec<Command>) {
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::click_and_drag());
    let (rect, _) = pane_on_pixels(rect, ui.ctx().pixels_per_point());
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, format!("Picture: {}", facts::slice_words(exam))));
    let view = exam.view();
    let place = Place::of_view(rect, ui.ctx().pixels_per_point(), exam.plane().size(), facts::pixel_mm(exam), view);
    pane.place = Some(place);
    let painter = ui.painter().with_clip_rect(rect);
    painter.rect_filled(rect, CornerRadius::ZERO, theme::PICTURE);
    let picture = paint_slice(&painter, rect, session, exam, canvas, pane, &place);
    if session.panes().crosshair && session.panes().layout != Layout::One {
        let (_, cursor) = exam.plane().pixel(view.cursor);
        crosshair::paint_small(&painter, rect, place.at(cursor.map(|x| x as f64)));
    }
    marks::paint(&painter, session, exam, &place);
    measures::paint(&painter, session, exam, &place);
    if let Some((image, layers)) = &picture {
        magnifier::paint(&painter, rect, session, exam, &place, canvas, (image, layers));
    }
    pane.pointer.take(ui, &response, exam, &place, commands);
    shared_point(ui, session, exam, commands);
    magnifier::let_go(ui, session, commands);
    cine(ui, session, pane, commands);
}

/// With Shift held the other panes follow the pointer, as long as no button is down.
fn shared_point(ui: &Ui, session: &Session, exam: &OpenExam, commands: &mut Vec<Command>) {
    // Movement, not Shift alone: half of the keys are pressed with it.
    let moves = ui.input(|i| i.modifiers.shift_only() && !i.pointer.any_down() && i.pointer.delta() != egui::Vec2::ZERO);
    let follows = moves && session.panes().layout != Layout::One;
    if let (true, Some(voxel)) = (follows, exam.hovered_voxel())
        && voxel != exam.view().cursor
    {
        commands.push(Command::View(ViewCommand::Cursor(voxel)));
    }
}

/// Pushes the next slice when it is due.
fn cine(ui: &Ui, session: &Session, pane: &mut Pane, commands: &mut Vec<Command>) {
    if !session.panes().cine {
        pane.next_cine = 0.0;
        return;
    }
    let now = ui.input(|i| i.time);
    let every = f64::from(1.0 / session.panes().cine_rate.max(0.1));
    if pane.next_cine == 0.0 {
        pane.next_cine = now + every;
    } else if now >= pane.next_cine {
        commands.push(Command::View(ViewCommand::CineStep));
        // A slow frame is not made up for: slices are not skipped.
        pane.next_cine = now + every;
    }
    ui.ctx().request_repaint_after(std::time::Duration::from_secs_f64((pane.next_cine - now).max(0.001)));
}

fn paint_slice(
    painter: &egui::Painter,
    rect: Rect,
    session: &Session,
    exam: &OpenExam,
    canvas: &mut Canvas,
    pane: &mut Pane,
    place: &Place,
) -> Option<(Arc<SliceImage>, Vec<Layer>)> {
    let (view, plane) = (exam.view(), *exam.plane());
    let image = exam.image();
    let Some(slice) = pane.slices.image(exam, image, &plane, view.slice) else {
        painter.text(
            rect.center(),
            egui::Align2::CENTER_CENTER,
            "This slice cannot be shown: open the exam again",
            theme::body(),
            theme::QUIET,
        );
        return None;
    };
    let layers = pane.slices.layers(session, exam, &plane, view.slice);
    let interpolation = if view.smooth { Interpolation::Smooth } else { Interpolation::Nearest };
    let [lower, upper] = exam.drawn_window(image, view.window);
    let mut slice_view = place.slice_view().windowed(lower, upper).interpolated(interpolation);
    slice_view.inverted = image.inverted_on_display();
    slice_view.pattern_scale = painter.ctx().pixels_per_point().round().max(1.0) as u32;
    canvas.paint(painter, rect, PaneId(0), slice_view, &slice, &layers);
    Some((slice, layers))
}
