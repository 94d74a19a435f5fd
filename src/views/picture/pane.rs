//! The large pane: the slice that is read, its marks and its pointer.

use super::marks;
use super::measures;
use super::place::Place;
use super::pointer::Pointer;
use super::slices::Slices;
use crate::gpu::{Canvas, Interpolation, PaneId, pane_on_pixels};
use crate::session::{Command, OpenExam, Session};
use crate::views::{facts, theme};
use crate::worker::message::Dirty;
use egui::{CornerRadius, Rect, Role, Sense, Ui, WidgetInfo};

/// What the large pane remembers from frame to frame.
#[derive(Default)]
pub struct Pane {
    slices: Slices,
    pointer: Pointer,
    /// Where the picture was last drawn.
    place: Option<Place>,
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
    paint_slice(&painter, rect, session, exam, canvas, pane, &place);
    marks::paint(&painter, session, exam, &place);
    measures::paint(&painter, session, exam, &place);
    pane.pointer.take(ui, &response, exam, &place, commands);
}

fn paint_slice(
    painter: &egui::Painter,
    rect: Rect,
    session: &Session,
    exam: &OpenExam,
    canvas: &mut Canvas,
    pane: &mut Pane,
    place: &Place,
) {
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
        return;
    };
    let layers = pane.slices.layers(session, exam, &plane, view.slice);
    let interpolation = if view.smooth { Interpolation::Smooth } else { Interpolation::Nearest };
    let mut slice_view = place.slice_view().windowed(view.window.lower(), view.window.upper()).interpolated(interpolation);
    slice_view.inverted = image.inverted_on_display();
    slice_view.pattern_scale = painter.ctx().pixels_per_point().round().max(1.0) as u32;
    canvas.paint(painter, rect, PaneId(0), slice_view, &slice, &layers);
}
