//! The panes beside the picture: another sequence and the two other planes, linked in space: one point, one zoom.

use super::crosshair;
use super::marks;
use super::notches::Notches;
use super::place::Place;
use super::slices::Slices;
use crate::gpu::{Canvas, Interpolation, PaneId, pane_on_pixels};
use crate::session::{Command, OpenExam, Session, ViewCommand, ViewState, Window, WindowPreset};
use crate::space::{PlaneKind, SlicePlane};
use crate::study::ExamCode;
use crate::views::{facts, theme};
use crate::volume::Image;
use crate::worker::message::Dirty;
use egui::{Align2, CornerRadius, Event, Pos2, Rect, Response, Role, Sense, Ui, Vec2, WidgetInfo, vec2};

/// What the companion panes remember from frame to frame.
#[derive(Default)]
pub struct Companions {
    same: Slices,
    planes: [Slices; 2],
    notches: Notches,
}

impl Companions {
    /// Takes in what changed.
    pub fn take_dirty(&mut self, exam: Option<&OpenExam>, dirty: &[Dirty]) {
        match exam {
            Some(exam) => self.planes.iter_mut().chain([&mut self.same]).for_each(|s| s.take_dirty(exam, dirty)),
            None => *self = Self::default(),
        }
    }

    /// Forgets everything: another exam or another person.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

/// What a companion pane shows.
#[derive(Clone, Copy, PartialEq)]
enum Shows {
    /// The slice of the large pane on another sequence.
    Sequence(usize),
    /// Another visit of the patient, on or near the slice of the large pane.
    Visit(usize),
    /// The slice of the large pane without paint.
    Bare,
    /// Another plane; which of the two.
    Plane(usize),
}

/// One companion pane.
struct Companion<'a> {
    shows: Shows,
    name: String,
    plane: SlicePlane,
    slice: usize,
    image: &'a Image,
    window: Window,
    zoom: f32,
    centre_uv: [f32; 2],
    cursor: [usize; 2],
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
    let planes = if exam.has_geometry() { other_planes(exam) } else { Vec::new() };
    let mut shown: Vec<Shows> = beside(exam).into_iter().collect();
    shown.extend((0..planes.len()).map(Shows::Plane));
    let rect = ui.available_rect_before_wrap();
    // The panel is as wide as what it holds.
    ui.advance_cursor_after_rect(rect);
    let height = (rect.height() / shown.len().max(1) as f32).max(40.0);
    for (n, shows) in shown.into_iter().enumerate() {
        let at = Rect::from_min_size(rect.min + vec2(0.0, n as f32 * height), vec2(rect.width(), height - 1.0));
        companion_ui(ui, at, session, exam, canvas, state, shows, commands);
    }
}

/// Draws the pane beside the large one: another sequence, or the same picture without paint.
pub fn beside_ui(
    ui: &mut Ui,
    rect: Rect,
    session: &Session,
    exam: &OpenExam,
    canvas: &mut Canvas,
    state: &mut Companions,
    commands: &mut Vec<Command>,
) {
    let shows = beside(exam).unwrap_or(Shows::Bare);
    companion_ui(ui, rect, session, exam, canvas, state, shows, commands);
}

/// Draws the two other planes into two rectangles; a plane that the exam does not have leaves its rectangle dark.
pub fn planes_ui(
    ui: &mut Ui,
    rects: [Rect; 2],
    session: &Session,
    exam: &OpenExam,
    canvas: &mut Canvas,
    state: &mut Companions,
    commands: &mut Vec<Command>,
) {
    let count = if exam.has_geometry() { other_planes(exam).len() } else { 0 };
    for (n, rect) in rects.into_iter().enumerate() {
        if n < count {
            companion_ui(ui, rect, session, exam, canvas, state, Shows::Plane(n), commands);
        } else {
            ui.painter().rect_filled(rect, CornerRadius::ZERO, theme::PICTURE);
        }
    }
}

/// What stands beside the large pane: another visit where one was asked for, else another sequence.
fn beside(exam: &OpenExam) -> Option<Shows> {
    exam.view().visit.map(Shows::Visit).or_else(|| other_sequence(exam).map(Shows::Sequence))
}

/// The sequence shown beside the one in the large pane.
fn other_sequence(exam: &OpenExam) -> Option<usize> {
    (exam.sequences().len() > 1).then(|| (exam.view().sequence + 1) % exam.sequences().len())
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

fn companion(exam: &OpenExam, shows: Shows) -> Option<Companion<'_>> {
    let view = exam.view();
    let (plane, image, window, name) = match shows {
        Shows::Sequence(n) => {
            let (name, image) = exam.sequences().get(n)?;
            (*exam.plane(), image, exam.window_of(n).unwrap_or_else(|| WindowPreset::Auto.window(image)), name.clone())
        }
        Shows::Visit(n) => {
            let (code, image) = exam.visits().get(n)?;
            (*exam.plane(), image, WindowPreset::AirBlack.window(image), visit_words(code, view.visit_shift))
        }
        Shows::Bare => (*exam.plane(), exam.image(), view.window, "Without paint".to_owned()),
        Shows::Plane(n) => {
            let plane = other_planes(exam).into_iter().nth(n)?;
            (plane, exam.image(), view.window, plane.kind().name().to_owned())
        }
    };
    let (slice, cursor) = plane.pixel(view.cursor);
    let (zoom, centre_uv) = match shows {
        // The same slice: the same part of it.
        Shows::Sequence(_) | Shows::Visit(_) | Shows::Bare => (view.zoom, view.centre_uv),
        Shows::Plane(_) if view.zoom > 1.0 => (view.zoom, cursor.map(|x| x as f32)),
        Shows::Plane(_) => (1.0, ViewState::middle(plane.size())),
    };
    let slice = match shows {
        Shows::Plane(_) => slice,
        Shows::Visit(_) => view.slice.saturating_add_signed(view.visit_shift as isize).min(plane.slice_count() - 1),
        Shows::Sequence(_) | Shows::Bare => view.slice,
    };
    Some(Companion { shows, name, plane, slice, image, window, zoom, centre_uv, cursor })
}

#[allow(clippy::too_many_arguments, reason = "what every pane needs")]
fn companion_ui(
    ui: &mut Ui,
    rect: Rect,
    session: &Session,
    exam: &OpenExam,
    canvas: &mut Canvas,
    state: &mut Companions,
    shows: Shows,
    commands: &mut Vec<Command>,
) {
    let Some(companion) = companion(exam, shows) else { return };
    let number = match shows {
        Shows::Sequence(_) | Shows::Visit(_) | Shows::Bare => 1_u64,
        Shows::Plane(n) => 2 + n as u64,
    };
    let (rect, _) = pane_on_pixels(rect, ui.ctx().pixels_per_point());
    let response = ui.interact(rect, ui.scope_id().with(("companion", number)), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, format!("Companion: {}", companion.name)));
    let painter = ui.painter().with_clip_rect(rect);
    painter.rect_filled(rect, CornerRadius::ZERO, theme::PICTURE);
    let plane = &companion.plane;
    let pixel_mm = facts::plane_pixel_mm(exam, plane);
    let place = Place::new(rect, ui.ctx().pixels_per_point(), plane.size(), pixel_mm, companion.zoom, companion.centre_uv);
    let slices = match shows {
        Shows::Plane(n) => &mut state.planes[n],
        _ => &mut state.same,
    };
    if let Some(image) = slices.image(exam, companion.image, plane, companion.slice) {
        // What is painted belongs to this exam, not to another visit.
        let layers =
            if matches!(shows, Shows::Bare | Shows::Visit(_)) { Vec::new() } else { slices.layers(session, exam, plane, companion.slice) };
        let interpolation = if exam.view().smooth { Interpolation::Smooth } else { Interpolation::Nearest };
        let [lower, upper] = exam.drawn_window(companion.image, companion.window);
        let mut view = place.slice_view().windowed(lower, upper).interpolated(interpolation);
        view.inverted = companion.image.inverted_on_display();
        canvas.paint(&painter, rect, PaneId(number), view, &image, &layers);
    }
    if session.panes().crosshair {
        crosshair::paint(&painter, rect, place.at(companion.cursor.map(|x| x as f64)));
    }
    let title = match shows {
        Shows::Plane(_) => format!("{} {} of {}", companion.name, companion.slice + 1, plane.slice_count()),
        _ => companion.name.clone(),
    };
    let title = marks::corner(&painter, rect.left_top() + Vec2::new(8.0, 8.0), Align2::LEFT_TOP, &title, theme::TEXT);
    if exam.has_geometry() && rect.width().min(rect.height()) >= marks::SMALLEST_LETTERED {
        marks::side_letters(&painter, rect, plane.letters(), &[title]);
    }
    take(ui, &response, exam, &companion, &place, &mut state.notches, commands);
}

/// A click or drag puts the shared point there; the wheel goes through the pane's own slices; Ctrl and wheel zooms all panes;
/// a double click brings the sequence into the large pane.
fn take(
    ui: &Ui,
    response: &Response,
    exam: &OpenExam,
    companion: &Companion<'_>,
    place: &Place,
    notches: &mut Notches,
    commands: &mut Vec<Command>,
) {
    if let (true, Shows::Sequence(n)) = (response.double_clicked(), companion.shows) {
        commands.push(Command::View(ViewCommand::Sequence(n)));
        return;
    }
    if (response.clicked() || response.dragged_by(egui::PointerButton::Primary))
        && let Some(at) = response.interact_pointer_pos()
        && let Some(voxel) = voxel_under(exam, companion, place, at)
        && voxel != exam.view().cursor
    {
        commands.push(Command::View(ViewCommand::Cursor(voxel)));
    }
    if !response.contains_pointer() {
        return;
    }
    let events = ui.input(|i| i.events.clone());
    for event in &events {
        let Event::MouseWheel { unit, delta, modifiers, .. } = event else { continue };
        let turned = Notches::of(*unit, *delta);
        if modifiers.command || modifiers.ctrl {
            let factor = 1.15_f32.powf(turned.clamp(-10.0, 10.0));
            let (_, cursor) = exam.plane().pixel(exam.view().cursor);
            commands.push(Command::View(ViewCommand::Zoom { factor, anchor_uv: cursor.map(|x| x as f32) }));
            continue;
        }
        let steps = notches.steps(turned);
        if steps != 0 && matches!(companion.shows, Shows::Visit(_)) {
            commands.push(Command::View(ViewCommand::ShiftVisit(-steps)));
        } else if steps != 0 {
            commands.push(stepped(exam, companion, -i64::from(steps)));
        }
    }
    if response.hovered() {
        ui.ctx().set_cursor_icon(egui::CursorIcon::Crosshair);
    }
}

/// `K-562 · other visit · 2 further`.
fn visit_words(code: &ExamCode, shift: i32) -> String {
    match shift {
        0 => format!("{code} · other visit"),
        1.. => format!("{code} · other visit · {shift} further"),
        _ => format!("{code} · other visit · {} back", shift.unsigned_abs()),
    }
}

fn voxel_under(exam: &OpenExam, companion: &Companion<'_>, place: &Place, at: Pos2) -> Option<[usize; 3]> {
    let (uv, size) = (place.uv(at).map(f64::round), companion.plane.size());
    let inside = (0..2).all(|a| uv[a] >= 0.0 && uv[a] < size[a] as f64);
    // A point of another visit is the point of this exam that it is linked to.
    let slice = if matches!(companion.shows, Shows::Visit(_)) { exam.view().slice } else { companion.slice };
    inside.then(|| companion.plane.voxel(slice, uv.map(|x| x as usize)))
}

/// The shared point moved along the pane's own slices.
fn stepped(exam: &OpenExam, companion: &Companion<'_>, by: i64) -> Command {
    let mut voxel = exam.view().cursor;
    let axis = companion.plane.slice_axis();
    voxel[axis] = voxel[axis].saturating_add_signed(by as isize).min(companion.plane.slice_count() - 1);
    Command::View(ViewCommand::Cursor(voxel))
}
