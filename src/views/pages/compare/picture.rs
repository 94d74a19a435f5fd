//! The exam with a map over it, its legend, and a mark where a click led.

use super::names;
use crate::consensus::{MARROW_LEVELS, UNDECIDED, level_name};
use crate::gpu::{Canvas, Interpolation, Layer, OverlayStyle, PaneId, SliceLabels, pane_on_pixels};
use crate::session::{Command, Marker, OpenExam, Session, ShownMap};
use crate::views::picture::{Place, Pointer, Slices, marks};
use crate::views::{facts, theme};
use crate::volume::{Labels, LayerKind, Rgb};
use crate::worker::message::ComparedExam;
use egui::{Align2, Color32, CornerRadius, Painter, Rect, Role, Sense, Stroke, Ui, Vec2, WidgetInfo, pos2};
use std::sync::Arc;

/// What the pane remembers from frame to frame.
#[derive(Default)]
pub struct MapPane {
    slices: Slices,
    pointer: Pointer,
    cut: Option<(Key, Arc<SliceLabels>)>,
    style: Option<(StyleKey, Arc<OverlayStyle>)>,
    place: Option<Place>,
    /// The mark seen last, and when it appeared.
    marked: Option<(u64, f64)>,
}

/// What a cut belongs to. The grey values are held, so that another exam can never be taken for this one.
#[derive(Clone, PartialEq)]
struct Key {
    made: u64,
    shown: ShownMap,
    level: usize,
    slice: usize,
    values: usize,
}

/// What a style depends on: map, level, opacity in 1/255, patterns.
type StyleKey = (ShownMap, usize, u8, bool);

/// Named apart from the panes of the Read workspace.
const PANE: PaneId = PaneId(100);
/// Seconds for which a place stays marked.
const MARKED_FOR: f64 = 2.5;

impl MapPane {
    /// Forgets everything: another exam or another person.
    pub fn clear(&mut self) {
        self.slices.clear();
        self.cut = None;
    }

    /// Where the picture was last drawn.
    pub const fn place(&self) -> Option<&Place> {
        self.place.as_ref()
    }

    fn layer(&mut self, session: &Session, exam: &OpenExam, compared: &ComparedExam) -> Option<Layer> {
        let (state, view) = (session.comparison(), exam.view());
        let labels = map_of(compared, state.shown(), state.level())?;
        let values = exam.reading_image().values().as_ptr() as usize;
        let key = Key { made: state.made(), shown: state.shown().clone(), level: state.level(), slice: view.slice, values };
        if self.cut.as_ref().is_none_or(|(held, _)| *held != key) {
            let cut = SliceLabels::extract(labels, exam.plane(), view.slice).ok()?;
            self.cut = Some((key, Arc::new(cut)));
        }
        let opacity = (view.opacity.clamp(0.0, 1.0) * 255.0).round() as u8;
        let key = (state.shown().clone(), state.level(), opacity, view.patterns);
        if self.style.as_ref().is_none_or(|(held, _)| *held != key) {
            self.style = Some((key, Arc::new(style(session, state.shown(), state.level(), view.opacity, view.patterns))));
        }
        let (_, labels) = self.cut.as_ref()?;
        let (_, style) = self.style.as_ref()?;
        Some(Layer { labels: Arc::clone(labels), style: Arc::clone(style) })
    }
}

fn map_of<'a>(compared: &'a ComparedExam, shown: &ShownMap, level: usize) -> Option<&'a Labels> {
    match shown {
        ShownMap::Consensus => Some(&compared.consensus),
        ShownMap::Probability => compared.probability.get(level),
        ShownMap::Disagreement => Some(&compared.disagreement),
        ShownMap::Entropy => Some(&compared.entropy),
        ShownMap::Map(name) => compared.maps.iter().find(|map| map.name == *name).map(|map| &map.labels),
    }
}

/// Levels keep their colours; the union of levels has none of its own and takes the one colour that stands for no level.
fn level_colour(session: &Session, level: usize) -> Rgb {
    match MARROW_LEVELS.get(level) {
        Some([label]) => session.scheme(LayerKind::Marrow).class(*label).map(|class| class.colour),
        _ => None,
    }
    .unwrap_or_else(|| Rgb([theme::ACCENT.r(), theme::ACCENT.g(), theme::ACCENT.b()]))
}

fn style(session: &Session, shown: &ShownMap, level: usize, opacity: f32, patterns: bool) -> OverlayStyle {
    let scheme = session.scheme(LayerKind::Marrow);
    // Maps bear their meaning in their strength: at the usual opacity of paint they are all but solid where they are strongest.
    let map = (opacity * 2.0).min(1.0);
    match shown {
        ShownMap::Consensus if patterns => {
            let mut style = OverlayStyle::patterned(scheme).with_opacity(opacity);
            let plain = OverlayStyle::consensus(scheme, theme::LOOK_AGAIN.to_array());
            style.palette[usize::from(UNDECIDED)] = plain.palette[usize::from(UNDECIDED)];
            style
        }
        ShownMap::Consensus => OverlayStyle::consensus(scheme, theme::LOOK_AGAIN.to_array()).with_opacity(opacity),
        ShownMap::Probability => OverlayStyle::probability(level_colour(session, level)).with_opacity(map),
        ShownMap::Disagreement | ShownMap::Entropy => OverlayStyle::heat().with_opacity(map),
        ShownMap::Map(_) if patterns => OverlayStyle::patterned(scheme).with_opacity(opacity),
        ShownMap::Map(_) => OverlayStyle::paint(scheme).with_opacity(opacity),
    }
}

/// Draws the slice with the map over all the room at hand.
pub fn map_pane_ui(ui: &mut Ui, session: &Session, exam: &OpenExam, canvas: &mut Canvas, pane: &mut MapPane, commands: &mut Vec<Command>) {
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::click_and_drag());
    let (rect, _) = pane_on_pixels(rect, ui.ctx().pixels_per_point());
    response.widget_info(|| WidgetInfo::labeled(Role::Canvas, true, format!("Comparison: {}", facts::slice_words(exam))));
    let view = exam.view();
    let place = Place::of_view(rect, ui.ctx().pixels_per_point(), exam.plane().size(), facts::pixel_mm(exam), view);
    pane.place = Some(place);
    let painter = ui.painter().with_clip_rect(rect);
    painter.rect_filled(rect, CornerRadius::ZERO, theme::PICTURE);
    let compared = session.comparison().exam();
    if let Some(slice) = pane.slices.image(exam, exam.image(), exam.plane(), view.slice) {
        let layer = compared.filter(|_| view.overlay).and_then(|compared| pane.layer(session, exam, compared));
        let interpolation = if view.smooth { Interpolation::Smooth } else { Interpolation::Nearest };
        let mut slice_view = place.slice_view().windowed(view.window.lower(), view.window.upper()).interpolated(interpolation);
        slice_view.inverted = exam.image().inverted_on_display();
        canvas.paint(&painter, rect, PANE, slice_view, &slice, &layer.into_iter().collect::<Vec<_>>());
    }
    marks::paint(&painter, session, exam, &place);
    match compared {
        Some(_) => legend(&painter, rect, session),
        None => caption(&painter, rect, if session.comparison().is_waiting() { "Counting votes" } else { "Nothing compared" }, 0.0),
    }
    mark(ui, &painter, session, exam, &place, &mut pane.marked);
    pane.pointer.take(ui, &response, exam, &place, commands);
}

fn caption(painter: &Painter, rect: Rect, text: &str, indent: f32) {
    marks::corner(painter, rect.left_top() + Vec2::new(8.0 + indent, 30.0), Align2::LEFT_TOP, text, theme::TEXT);
}

/// Which map this is, and what its colours mean.
fn legend(painter: &Painter, rect: Rect, session: &Session) {
    let state = session.comparison();
    let level = level_name(MARROW_LEVELS[state.level().min(MARROW_LEVELS.len() - 1)]);
    let title = names::shown(state.shown(), &level);
    caption(painter, rect, &title, 0.0);
    let ramp = match state.shown() {
        ShownMap::Probability => OverlayStyle::probability(level_colour(session, state.level())),
        ShownMap::Disagreement | ShownMap::Entropy => OverlayStyle::heat(),
        ShownMap::Consensus | ShownMap::Map(_) => return,
    };
    let at = rect.left_top() + Vec2::new(8.0, 54.0);
    let bar = Rect::from_min_size(at + Vec2::new(14.0, 3.0), Vec2::new(96.0, 8.0));
    painter.rect_filled(Rect::from_min_size(at - Vec2::new(4.0, 2.0), Vec2::new(134.0, 18.0)), CornerRadius::same(3), theme::PICTURE_SHADE);
    painter.text(pos2(at.x, bar.center().y), Align2::LEFT_CENTER, "0", theme::mono_small(), theme::TEXT);
    painter.text(pos2(bar.right() + 6.0, bar.center().y), Align2::LEFT_CENTER, "1", theme::mono_small(), theme::TEXT);
    for step in 0..96_u8 {
        let [r, g, b, a] = ramp.palette[usize::from(step) * 255 / 95];
        let x = bar.left() + f32::from(step);
        let column = Rect::from_min_max(pos2(x, bar.top()), pos2(x + 1.0, bar.bottom()));
        painter.rect_filled(column, CornerRadius::ZERO, Color32::from_rgba_unmultiplied(r, g, b, a));
    }
}

/// A ring around the voxel that was gone to; it fades.
fn mark(ui: &Ui, painter: &Painter, session: &Session, exam: &OpenExam, place: &Place, marked: &mut Option<(u64, f64)>) {
    let Some(Marker { voxel, number }) = session.comparison().marker() else {
        *marked = None;
        return;
    };
    let now = ui.input(|i| i.time);
    let since = match *marked {
        Some((held, since)) if held == number => since,
        _ => {
            *marked = Some((number, now));
            now
        }
    };
    let left = 1.0 - (now - since) / MARKED_FOR;
    let (slice, uv) = exam.plane().pixel(voxel);
    if left <= 0.0 || slice != exam.view().slice {
        return;
    }
    let strength = (left * 2.0).min(1.0) as f32;
    let centre = place.at(uv.map(|x| x as f64));
    painter.circle_stroke(centre, 17.0, Stroke::new(3.0, Color32::from_black_alpha(0x90).gamma_multiply(strength)));
    painter.circle_stroke(centre, 16.0, Stroke::new(1.5, theme::LOOK_AGAIN.gamma_multiply(strength)));
    ui.ctx().request_repaint_after(std::time::Duration::from_millis(60));
}
