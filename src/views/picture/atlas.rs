//! The atlas beside the picture: an exam with its agreed mask and notes, at the same window; after calibration the difference.

use super::crosshair;
use super::marks;
use super::notches::Notches;
use super::place::Place;
use crate::gpu::{Canvas, Interpolation, Layer, OverlayStyle, PaneId, SliceImage, SliceLabels, pane_on_pixels};
use crate::session::{AtlasState, Command, OpenExam, Session, ViewCommand};
use crate::space::SlicePlane;
use crate::views::widgets::{ButtonLook, button, quiet};
use crate::views::{facts, theme};
use crate::volume::{Labels, LayerKind};
use crate::worker::message::{AtlasShown, Calibrated};
use egui::{Align, Align2, Color32, CornerRadius, Frame, Layout, Margin, Rect, RichText, Role, Sense, Ui, Vec2, WidgetInfo};
use std::sync::Arc;

/// Named apart from the other panes.
const PANE: PaneId = PaneId(200);
/// Room for notes and figures below the picture.
const FOOT: f32 = 168.0;
/// Colours of the difference: none of them stands for a level.
const DIFFERENCE: [(&str, Color32); 4] =
    [("as agreed", theme::DONE), ("only you", theme::LOOK_AGAIN), ("only agreed", theme::FAILED), ("another level", theme::ACCENT)];

/// What the pane remembers from frame to frame.
#[derive(Default)]
pub struct AtlasPane {
    cut: Option<(Key, Arc<SliceImage>, Layer)>,
    notches: Notches,
}

/// Values and labels are held by address, so that another exam is never taken for this one.
#[derive(Clone, Copy, PartialEq)]
struct Key {
    values: usize,
    slice: usize,
    measured: bool,
}

impl AtlasPane {
    /// Forgets everything: another exam or another person.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    fn cut(&mut self, session: &Session, shown: &AtlasShown, plane: &SlicePlane, slice: usize) -> Option<(Arc<SliceImage>, Layer)> {
        let measured = session.atlas().measured(&shown.exam.code);
        let key = Key { values: shown.exam.image.values().as_ptr() as usize, slice, measured: measured.is_some() };
        if let Some((held, image, layer)) = &self.cut
            && *held == key
        {
            return Some((Arc::clone(image), layer.clone()));
        }
        let image = Arc::new(SliceImage::extract(&shown.exam.image, plane, slice).ok()?);
        let (labels, style): (&Labels, OverlayStyle) = match measured {
            Some(measured) => (&measured.difference, difference_style()),
            None => (&shown.exam.agreed, OverlayStyle::paint(session.scheme(LayerKind::Marrow))),
        };
        let layer = Layer { labels: Arc::new(SliceLabels::extract(labels, plane, slice).ok()?), style: Arc::new(style) };
        self.cut = Some((key, Arc::clone(&image), layer.clone()));
        Some((image, layer))
    }
}

fn difference_style() -> OverlayStyle {
    let mut style = OverlayStyle::single([0; 4]);
    for (label, (_, colour)) in DIFFERENCE.iter().enumerate() {
        style.palette[label + 1] = [colour.r(), colour.g(), colour.b(), 255];
    }
    style
}

/// Draws the pane over the room at hand.
pub fn atlas_ui(ui: &mut Ui, session: &Session, exam: &OpenExam, canvas: &mut Canvas, pane: &mut AtlasPane, commands: &mut Vec<Command>) {
    let whole = ui.available_rect_before_wrap();
    ui.advance_cursor_after_rect(whole);
    let Some(shown) = session.atlas().shown() else {
        marks::corner(ui.painter(), whole.left_top() + Vec2::new(8.0, 8.0), Align2::LEFT_TOP, "Atlas", theme::TEXT);
        return;
    };
    let (picture, foot) = whole.split_top_bottom_at_y((whole.bottom() - FOOT).max(whole.center().y));
    picture_ui(ui, picture, session, exam, shown, canvas, pane, commands);
    ui.scope_builder(egui::UiBuilder::new().max_rect(foot), |ui| foot_ui(ui, session, exam, shown, commands));
}

fn slice_of(state: &AtlasState, exam: &OpenExam, plane: &SlicePlane) -> usize {
    state.slice_beside(exam.view().slice, exam.plane().slice_count(), plane.slice_count())
}

#[allow(clippy::too_many_arguments, reason = "what every pane needs")]
fn picture_ui(
    ui: &mut Ui,
    rect: Rect,
    session: &Session,
    exam: &OpenExam,
    shown: &AtlasShown,
    canvas: &mut Canvas,
    pane: &mut AtlasPane,
    commands: &mut Vec<Command>,
) {
    let (rect, _) = pane_on_pixels(rect, ui.ctx().pixels_per_point());
    let plane = shown.exam.plane;
    let slice = slice_of(session.atlas(), exam, &plane);
    let response = ui.interact(rect, ui.scope_id().with("atlas"), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, format!("Atlas: {} slice {}", shown.exam.code, slice + 1)));
    let painter = ui.painter().with_clip_rect(rect);
    painter.rect_filled(rect, CornerRadius::ZERO, theme::PICTURE);
    let view = exam.view();
    let pixel_mm = plane.pixel_mm(shown.exam.image.grid().world_from_voxel());
    let beside = |uv: [f32; 2]| AtlasState::uv_beside(uv, exam.plane().size(), plane.size());
    let place = Place::new(rect, ui.ctx().pixels_per_point(), plane.size(), pixel_mm, view.zoom, beside(view.centre_uv));
    if let Some((image, layer)) = pane.cut(session, shown, &plane, slice) {
        let interpolation = if view.smooth { Interpolation::Smooth } else { Interpolation::Nearest };
        let window = session.atlas_window().unwrap_or(view.window);
        let mut drawn = place.slice_view().windowed(window.lower(), window.upper()).interpolated(interpolation);
        drawn.inverted = shown.exam.image.inverted_on_display();
        let layers = if view.overlay { vec![layer] } else { Vec::new() };
        canvas.paint(&painter, rect, PANE, drawn, &image, &layers);
    }
    if session.panes().crosshair {
        let (_, cursor) = exam.plane().pixel(view.cursor);
        crosshair::paint(&painter, rect, place.at(beside(cursor.map(|x| x as f32)).map(f64::from)));
    }
    let title = format!("Atlas {} · {} of {}", shown.exam.code, slice + 1, plane.slice_count());
    let title = marks::corner(&painter, rect.left_top() + Vec2::new(8.0, 8.0), Align2::LEFT_TOP, &title, theme::TEXT);
    marks::side_letters(&painter, rect, plane.letters(), &[title]);
    if response.contains_pointer() {
        wheel(ui, pane, commands);
    }
}

/// The wheel goes through the atlas' own slices.
fn wheel(ui: &Ui, pane: &mut AtlasPane, commands: &mut Vec<Command>) {
    for event in &ui.input(|i| i.events.clone()) {
        let egui::Event::MouseWheel { unit, delta, .. } = event else { continue };
        let steps = pane.notches.steps(Notches::of(*unit, *delta));
        if steps != 0 {
            commands.push(Command::View(ViewCommand::ScrollAtlas(-steps)));
        }
    }
}

fn foot_ui(ui: &mut Ui, session: &Session, exam: &OpenExam, shown: &AtlasShown, commands: &mut Vec<Command>) {
    Frame::new().fill(theme::GROUND).inner_margin(Margin::same(8)).show(ui, |ui| {
        ui.set_min_size(ui.available_size());
        ui.horizontal(|ui| {
            ui.label(RichText::new(format!("Exam {} of {}", shown.at + 1, shown.codes.len())).color(theme::QUIET));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                if button(ui, "Next", None, ButtonLook::Bare, shown.at + 1 < shown.codes.len()).clicked() {
                    commands.push(Command::View(ViewCommand::StepAtlas(1)));
                }
                if button(ui, "Previous", None, ButtonLook::Bare, shown.at > 0).clicked() {
                    commands.push(Command::View(ViewCommand::StepAtlas(-1)));
                }
            });
        });
        if let Some(measured) = session.atlas().measured(&shown.exam.code) {
            figures(ui, measured);
        }
        let slice = slice_of(session.atlas(), exam, &shown.exam.plane) + 1;
        if let Some(text) = shown.exam.notes.slices.get(&slice) {
            ui.add(egui::Label::new(RichText::new(format!("Slice {slice}: {text}")).color(theme::TEXT)).wrap());
        }
        if !shown.exam.notes.general.is_empty() {
            quiet(ui, &shown.exam.notes.general);
        }
    });
}

/// Dice per level, the pass mark, and what the colours mean.
fn figures(ui: &mut Ui, measured: &Calibrated) {
    let result = &measured.result;
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new("Dice").color(theme::HEADING));
        for level in &result.levels {
            let below = result.pass_mark.zip(level.dice).is_some_and(|(mark, dice)| level.agreed && dice < mark);
            let text = format!("{}\u{a0}{}", facts::short_label(&level.level), facts::dice(level.dice));
            let colour = if below { theme::FAILED } else { theme::STRONG };
            ui.label(RichText::new(text).font(theme::mono()).color(colour));
        }
        match result.passed() {
            Some(true) => drop(ui.label(RichText::new("passed").color(theme::DONE))),
            Some(false) => drop(ui.label(RichText::new("below the pass mark").color(theme::FAILED))),
            None => {}
        }
        if let Some(mark) = result.pass_mark {
            quiet(ui, &format!("pass mark {mark:.2} on every level that the atlas holds"));
        }
    });
    ui.horizontal_wrapped(|ui| {
        for (name, colour) in DIFFERENCE {
            let (rect, _) = ui.allocate_exact_size(Vec2::splat(10.0), Sense::hover());
            ui.painter().rect_filled(rect, CornerRadius::same(2), colour);
            quiet(ui, name);
        }
    });
}
