//! The panes beside the picture: another sequence and the two other planes, linked in space, for looking only.

use super::marks;
use super::place::Place;
use super::slices::Slices;
use crate::gpu::{Canvas, Interpolation, PaneId, pane_on_pixels};
use crate::session::{Command, OpenExam, Session, ViewCommand, ViewState, Window, WindowPreset};
use crate::space::{PlaneKind, SlicePlane};
use crate::views::{facts, theme};
use crate::volume::Image;
use crate::worker::message::Dirty;
use egui::{Align2, CornerRadius, Rect, Role, Sense, Stroke, Ui, Vec2, WidgetInfo, pos2};
use std::sync::Arc;

/// What the companion panes remember from frame to frame.
#[derive(Default)]
pub struct Companions {
    sequence: Slices,
    planes: [Slices; 2],
    /// The automatic window of another sequence, which takes a while to find.
    window: Option<(Arc<[f32]>, Window)>,
}

impl Companions {
    /// Takes in what changed.
    pub fn take_dirty(&mut self, exam: Option<&OpenExam>, dirty: &[Dirty]) {
        match exam {
            Some(exam) => self.planes.iter_mut().chain([&mut self.sequence]).for_each(|s| s.take_dirty(exam, dirty)),
            None => *self = Self::default(),
        }
    }

    /// Forgets everything: another exam or another person.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    fn window_of(&mut self, image: &Image) -> Window {
        match &self.window {
            Some((values, window)) if Arc::ptr_eq(values, image.values()) => *window,
            _ => {
                let window = WindowPreset::Auto.window(image);
                self.window = Some((Arc::clone(image.values()), window));
                window
            }
        }
    }
}

/// One companion pane.
struct Companion<'a> {
    id: u64,
    name: String,
    plane: SlicePlane,
    slice: usize,
    image: &'a Image,
    window: Window,
    /// Where the other planes cut it, as in-plane position.
    cross: Option<[f64; 2]>,
}

/// Draws the companions that the exam has, one above the other.
pub fn companions_ui(
    ui: &mut Ui,
    session: &Session,
    exam: &OpenExam,
    canvas: &mut Canvas,
    state: &mut Companions,
    commands: &mut Vec<Command>,
) {
    let shown = exam.view().sequence;
    let other = (exam.sequences().len() > 1).then(|| (shown + 1) % exam.sequences().len());
    let planes = if exam.has_geometry() { other_planes(exam) } else { Vec::new() };
    let count = planes.len() + usize::from(other.is_some());
    if count == 0 {
        return;
    }
    let gap = 1.0;
    let height = ((ui.available_height() - gap * (count - 1) as f32) / count as f32).max(40.0);
    let size = Vec2::new(ui.available_width(), height);
    ui.spacing_mut().item_spacing.y = gap;
    if let Some(other) = other {
        let (name, image) = &exam.sequences()[other];
        let window = state.window_of(image);
        let companion = Companion { id: 1, name: name.clone(), plane: *exam.plane(), slice: exam.view().slice, image, window, cross: None };
        if pane(ui, size, session, exam, canvas, &mut state.sequence, &companion) {
            commands.push(Command::View(ViewCommand::Sequence(other)));
        }
    }
    let voxel = looked_at(exam);
    for (n, plane) in planes.into_iter().enumerate() {
        let (slice, cross) = plane.pixel(voxel);
        let companion = Companion {
            id: 2 + n as u64,
            name: plane.kind().name().to_owned(),
            plane,
            slice,
            image: exam.image(),
            window: exam.view().window,
            cross: Some(cross.map(|x| x as f64)),
        };
        pane(ui, size, session, exam, canvas, &mut state.planes[n], &companion);
    }
}

fn other_planes(exam: &OpenExam) -> Vec<SlicePlane> {
    let grid = exam.reading_image().grid();
    let others = (0..3).filter(|axis| *axis != exam.plane().slice_axis() && grid.shape()[*axis] > 1);
    let mut planes: Vec<_> = others.map(|axis| SlicePlane::new(grid.world_from_voxel(), grid.shape(), axis)).collect();
    planes.sort_by_key(|p| match p.kind() {
        PlaneKind::Sagittal => 0,
        PlaneKind::Coronal => 1,
        PlaneKind::Axial => 2,
    });
    planes
}

/// The voxel in the middle of the large pane.
fn looked_at(exam: &OpenExam) -> [usize; 3] {
    let size = exam.plane().size();
    let uv = std::array::from_fn(|a| (exam.view().centre_uv[a].round().max(0.0) as usize).min(size[a] - 1));
    exam.plane().voxel(exam.view().slice, uv)
}

/// Draws one; whether it was clicked.
fn pane(
    ui: &mut Ui,
    size: Vec2,
    session: &Session,
    exam: &OpenExam,
    canvas: &mut Canvas,
    slices: &mut Slices,
    companion: &Companion<'_>,
) -> bool {
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let (rect, _) = pane_on_pixels(rect, ui.ctx().pixels_per_point());
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, format!("Companion: {}", companion.name)));
    let painter = ui.painter().with_clip_rect(rect);
    painter.rect_filled(rect, CornerRadius::ZERO, theme::PICTURE);
    let plane = &companion.plane;
    let middle = ViewState::middle(plane.size());
    let place = Place::new(rect, ui.ctx().pixels_per_point(), plane.size(), facts::plane_pixel_mm(exam, plane), 1.0, middle);
    if let Some(image) = slices.image(exam, companion.image, plane, companion.slice) {
        let layers = slices.layers(session, exam, plane, companion.slice);
        let window = companion.window;
        let mut view = place.slice_view().windowed(window.lower(), window.upper()).interpolated(Interpolation::Smooth);
        view.inverted = companion.image.inverted_on_display();
        canvas.paint(&painter, rect, PaneId(companion.id), view, &image, &layers);
    }
    if let Some(cross) = companion.cross {
        crosshair(&painter, rect, place.at(cross));
    }
    marks::corner(&painter, rect.left_top() + Vec2::new(8.0, 8.0), Align2::LEFT_TOP, &companion.name, theme::TEXT);
    response.clicked()
}

fn crosshair(painter: &egui::Painter, rect: Rect, at: egui::Pos2) {
    let stroke = Stroke::new(1.0, theme::ACCENT.gamma_multiply(0.3));
    painter.line_segment([pos2(at.x, rect.top()), pos2(at.x, rect.bottom())], stroke);
    painter.line_segment([pos2(rect.left(), at.y), pos2(rect.right(), at.y)], stroke);
}
