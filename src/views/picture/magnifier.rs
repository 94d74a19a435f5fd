//! The lens at the pointer, while its key is held.

use super::place::Place;
use crate::gpu::{Canvas, Interpolation, Layer, PaneId, SliceImage, pane_on_pixels};
use crate::session::{Command, OpenExam, Session, ViewCommand};
use crate::views::actions::Action;
use crate::views::{facts, theme};
use egui::{CornerRadius, Painter, Pos2, Rect, Stroke, StrokeKind, Ui, Vec2};
use std::sync::Arc;

/// How many times larger than in the pane.
const FACTOR: f32 = 3.0;
/// Side of the lens in points.
const SIDE: f32 = 220.0;

/// Paints the lens over the pane where it is wanted and the pointer is on the picture.
pub fn paint(
    painter: &Painter,
    pane: Rect,
    session: &Session,
    exam: &OpenExam,
    place: &Place,
    canvas: &mut Canvas,
    picture: (&Arc<SliceImage>, &[Layer]),
) {
    let (true, Some(uv)) = (session.panes().magnifier, exam.view().hover_uv) else { return };
    let side = SIDE.min(pane.width()).min(pane.height());
    let pointer = place.at(uv.map(f64::from));
    let half = side / 2.0;
    let held = |at: f32, lo: f32, hi: f32| at.clamp(lo + half, (hi - half).max(lo + half));
    // Centred on the pointer, but whole within the pane.
    let middle = Pos2::new(held(pointer.x, pane.left(), pane.right()), held(pointer.y, pane.top(), pane.bottom()));
    let ppp = painter.ctx().pixels_per_point();
    let (rect, _) = pane_on_pixels(Rect::from_center_size(middle, Vec2::splat(side)), ppp);
    // What lies under the pointer stays under it.
    let view = exam.view();
    let points_per_mm = place.points_per_mm() * FACTOR;
    let size = exam.plane().size();
    let mm = facts::pixel_mm(exam);
    let fit = (0..2).map(|a| f64::from(rect.width()) / (size[a] as f64 * mm[a])).fold(f64::INFINITY, f64::min) as f32;
    let off = pointer - rect.center();
    let centre_uv = [uv[0] - off.x / (points_per_mm * mm[0] as f32), uv[1] - off.y / (points_per_mm * mm[1] as f32)];
    let lens = Place::new(rect, ppp, size, mm, points_per_mm / fit.max(1e-6), centre_uv);
    let interpolation = if view.smooth { Interpolation::Smooth } else { Interpolation::Nearest };
    let [lower, upper] = exam.drawn_window(exam.image(), view.window);
    let mut slice_view = lens.slice_view().windowed(lower, upper).interpolated(interpolation);
    slice_view.inverted = exam.image().inverted_on_display();
    let painter = painter.with_clip_rect(rect);
    painter.rect_filled(rect, CornerRadius::ZERO, theme::PICTURE);
    canvas.paint(&painter, rect, PaneId(8), slice_view, picture.0, picture.1);
    painter.rect_stroke(rect, CornerRadius::ZERO, Stroke::new(1.0, theme::ACCENT), StrokeKind::Inside);
}

/// The lens goes when its key is let go.
pub fn let_go(ui: &Ui, session: &Session, commands: &mut Vec<Command>) {
    if !session.panes().magnifier {
        return;
    }
    let Some(key) = Action::find("magnifier").and_then(|a| a.keys().next()) else { return };
    let released = |event: &egui::Event| matches!(event, egui::Event::Key { key: k, pressed: false, .. } if *k == key.logical_key);
    if ui.input(|i| i.events.iter().any(|event| released(event) || matches!(event, egui::Event::WindowFocused(false)))) {
        commands.push(Command::View(ViewCommand::Magnifier(false)));
    }
}
