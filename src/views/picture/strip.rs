//! The slice strip: a thumbnail for each slice and under it what has been done.

use super::thumbnail;
use crate::session::{Command, OpenExam, Session, ViewCommand, Window};
use crate::study::ExamCode;
use crate::views::tally::Tally;
use crate::views::{facts, theme, widgets};
use crate::worker::message::Dirty;
use egui::{
    Align2, Color32, CornerRadius, Rect, Response, Role, ScrollArea, Sense, Stroke, StrokeKind, TextureHandle, TextureOptions, Ui, Vec2,
    WidgetInfo, pos2,
};
use std::sync::Arc;

/// Thumbnails of the exam on screen.
#[derive(Default)]
pub struct Strip {
    made_for: Option<Made>,
    textures: Vec<Option<TextureHandle>>,
    stale: Vec<bool>,
    /// Exam and slice scrolled to, and the width of the strip then.
    scrolled_to: Option<(ExamCode, usize, f32)>,
}

/// What all thumbnails depend on.
struct Made {
    values: Arc<Vec<f32>>,
    window: Window,
    size: [usize; 2],
    overlay: bool,
}

/// Thumbnails made in one frame; the others follow in the next ones.
const PER_FRAME: usize = 8;

impl Strip {
    /// Marks the slices that changed.
    pub fn take_dirty(&mut self, exam: Option<&OpenExam>, dirty: &[Dirty]) {
        let Some(exam) = exam else {
            *self = Self::default();
            return;
        };
        let axis = exam.plane().slice_axis();
        for change in dirty.iter().filter(|d| !d.bounds.is_empty()) {
            for slice in change.bounds.lo[axis]..change.bounds.hi[axis].min(self.stale.len()) {
                self.stale[slice] = true;
            }
        }
    }

    fn prepare(&mut self, exam: &OpenExam, size: [usize; 2]) {
        let values = exam.reading_image().values();
        // Another sequence may have another scale; its window does not fit the thumbnails.
        let window = match &self.made_for {
            Some(made) if exam.view().sequence != 0 && Arc::ptr_eq(&made.values, values) => made.window,
            _ => exam.view().window,
        };
        let overlay = exam.view().shows(crate::volume::LayerKind::Marrow);
        let same = self
            .made_for
            .as_ref()
            .is_some_and(|m| Arc::ptr_eq(&m.values, values) && m.window == window && m.size == size && m.overlay == overlay);
        if !same {
            let count = exam.plane().slice_count();
            if self.made_for.as_ref().is_none_or(|m| !Arc::ptr_eq(&m.values, values)) {
                self.textures.clear();
                self.scrolled_to = None;
            }
            self.textures.resize_with(count, || None);
            self.stale = vec![true; count];
            self.made_for = Some(Made { values: Arc::clone(values), window, size, overlay });
        }
    }
}

/// Draws the strip over the width at hand.
pub fn strip_ui(ui: &mut Ui, session: &Session, exam: &OpenExam, strip: &mut Strip, tally: &Tally, commands: &mut Vec<Command>) {
    let plane = exam.plane();
    let mm = facts::pixel_mm(exam);
    let aspect = (plane.size()[0] as f64 * mm[0] / (plane.size()[1] as f64 * mm[1]).max(1e-9)) as f32;
    // Where a little narrower is enough to show all slices at once, they are; else the strip scrolls.
    let natural = (theme::THUMBNAIL * aspect).clamp(28.0, 108.0);
    let fitting = ui.available_width() / plane.slice_count() as f32 - theme::UNIT;
    let width = if fitting >= natural * 0.7 { natural.min(fitting) } else { natural }.floor();
    let ppp = ui.ctx().pixels_per_point();
    let height = (width / aspect.max(0.01)).min(theme::THUMBNAIL);
    strip.prepare(exam, [(width * ppp) as usize, (height * ppp) as usize].map(|n| n.max(1)));
    let mut left = PER_FRAME;
    let wanted = Some((exam.code().clone(), exam.view().slice, ui.available_width()));
    let moved = strip.scrolled_to != wanted;
    strip.scrolled_to = wanted;
    ScrollArea::horizontal().id_salt("slice strip").auto_shrink([false, false]).show(ui, |ui| {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = theme::UNIT;
            for slice in 0..plane.slice_count() {
                let (rect, response) = ui.allocate_exact_size(Vec2::new(width, theme::THUMBNAIL + 8.0), Sense::click());
                let selected = exam.view().slice == slice;
                if selected && moved {
                    ui.scroll_to_rect(rect.expand2(Vec2::new(width, 0.0)), None);
                }
                let words = state_words(session, exam, tally, slice);
                response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, format!("Slice {}: {words}", slice + 1)));
                if response.clicked() {
                    commands.push(Command::View(ViewCommand::Slice(slice)));
                }
                if ui.is_rect_visible(rect) {
                    if strip.stale[slice] && left > 0 {
                        left -= 1;
                        refresh(ui, session, exam, strip, slice);
                    }
                    paint(ui, rect, strip.textures[slice].as_ref(), slice, selected, &response);
                    state_bar(ui, session, exam, tally, slice, rect);
                }
                response.on_hover_text(format!("Slice {}: {words}", slice + 1));
            }
        });
    });
    if left == 0 {
        ui.ctx().request_repaint();
    }
}

fn refresh(ui: &Ui, session: &Session, exam: &OpenExam, strip: &mut Strip, slice: usize) {
    let Some(made) = &strip.made_for else { return };
    let picture = thumbnail::render(session, exam, slice, made.size, made.window);
    match &mut strip.textures[slice] {
        Some(texture) => texture.set(picture, TextureOptions::LINEAR),
        empty => *empty = Some(ui.ctx().load_texture(format!("thumbnail {slice}"), picture, TextureOptions::LINEAR)),
    }
    strip.stale[slice] = false;
}

fn paint(ui: &Ui, rect: Rect, texture: Option<&TextureHandle>, slice: usize, selected: bool, response: &Response) {
    let picture = Rect::from_min_size(rect.min, Vec2::new(rect.width(), theme::THUMBNAIL));
    ui.painter().rect_filled(picture, CornerRadius::ZERO, theme::PICTURE);
    if let Some(texture) = texture {
        let dimmed = if selected || response.hovered() { Color32::WHITE } else { theme::DIMMED };
        let size = texture.size_vec2() * (picture.width() / texture.size_vec2().x.max(1.0));
        ui.painter().image(
            texture.id(),
            Rect::from_center_size(picture.center(), size),
            Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)),
            dimmed,
        );
    }
    let at = picture.right_top() + Vec2::new(-3.0, 2.0);
    for (by, colour) in [(1.0, Color32::BLACK), (0.0, if selected { theme::STRONG } else { theme::QUIET })] {
        ui.painter().text(at + Vec2::splat(by), Align2::RIGHT_TOP, slice + 1, theme::mono_small(), colour);
    }
    if selected || response.has_focus() {
        ui.painter().rect_stroke(picture, CornerRadius::same(2), Stroke::new(1.5, theme::ACCENT), StrokeKind::Outside);
    } else if response.hovered() {
        ui.painter().rect_stroke(picture, CornerRadius::same(2), Stroke::new(1.0, theme::CONTROL_LINE_HOT), StrokeKind::Outside);
    }
}

/// What has been done on a slice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Done,
    Proposed,
    Painted,
    LookAgain,
    /// On screen since the exam was opened, and left empty.
    Seen,
    Empty,
}

/// What a model proposes on a slice does not stand for a look at it.
fn must_look_again(exam: &OpenExam, slice: usize) -> bool {
    exam.is_writable() && facts::is_peripheral(exam, slice) && !exam.visited(slice)
}

fn state(session: &Session, exam: &OpenExam, tally: &Tally, slice: usize) -> State {
    let layer = session.tool().layer;
    if exam.layers().is_done(layer, slice) {
        State::Done
    } else if must_look_again(exam, slice) && !tally.painted(layer, slice) {
        State::LookAgain
    } else if exam.proposal().is_some_and(|p| p.result.layer == layer && p.waits_on(slice)) {
        State::Proposed
    } else if tally.painted(layer, slice) {
        State::Painted
    } else if exam.visited(slice) {
        State::Seen
    } else {
        State::Empty
    }
}

fn state_words(session: &Session, exam: &OpenExam, tally: &Tally, slice: usize) -> &'static str {
    match state(session, exam, tally, slice) {
        State::Done => "done",
        State::Proposed => "proposed, not adopted",
        State::Painted => "painted, not done",
        State::LookAgain => "not looked at yet: an outer slice, where signal is easily missed",
        State::Seen => "looked at, nothing painted, not done",
        State::Empty => "not looked at yet, nothing painted",
    }
}

fn state_bar(ui: &Ui, session: &Session, exam: &OpenExam, tally: &Tally, slice: usize, rect: Rect) {
    let bar = Rect::from_min_max(pos2(rect.left(), rect.bottom() - 5.0), pos2(rect.right(), rect.bottom() - 1.0));
    let painter = ui.painter();
    let radius = CornerRadius::same(1);
    painter.rect_filled(bar, radius, theme::RAISED);
    let half = Rect::from_min_max(bar.min, pos2(bar.center().x, bar.bottom()));
    match state(session, exam, tally, slice) {
        State::Done => {
            painter.rect_filled(bar, radius, theme::DONE);
        }
        State::Proposed => widgets::hatched_bar(painter, bar),
        State::Painted => {
            painter.rect_filled(half, radius, theme::DONE);
        }
        State::LookAgain => {
            painter.rect_filled(bar, radius, theme::LOOK_AGAIN);
        }
        State::Seen => {
            let line = bar.with_min_y(bar.bottom() - 1.0);
            painter.rect_filled(line, CornerRadius::ZERO, theme::QUIET);
        }
        State::Empty => {}
    }
}
