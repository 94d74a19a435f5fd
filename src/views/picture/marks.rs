//! Marks over the picture: words in the corners, side letters, scale bar, brush, outlines, loops.

use super::drafts;
use super::place::Place;
use crate::session::{BrushShape, OpenExam, PointerState, Session, Tool};
use crate::views::{facts, theme};
use crate::volume::LayerKind;
use egui::{Align2, Color32, CornerRadius, FontId, Painter, Pos2, Rect, Shape, Stroke, StrokeKind, Vec2, pos2};

/// Room of a side's letter in points.
const LETTER: Vec2 = Vec2::new(16.0, 18.0);

/// Narrowest and lowest pane whose four letters do not meet each other or a line of words at the top.
pub const SMALLEST_LETTERED: f32 = 80.0;

/// Paints everything that lies over the large pane.
pub fn paint(painter: &Painter, session: &Session, exam: &OpenExam, place: &Place) {
    let rect = place.rect();
    drafts::paint(painter, session, exam, place);
    outlines(painter, session, exam, place);
    gesture(painter, session, exam, place);
    if exam.has_geometry() {
        scale_bar(painter, rect, place.points_per_mm());
    }
    let zoom = format!("{:.0} %", exam.view().zoom * 100.0);
    corner(painter, rect.left_bottom() + Vec2::new(8.0, -8.0), Align2::LEFT_BOTTOM, &zoom, theme::QUIET);
    let title = corner(painter, rect.left_top() + Vec2::new(8.0, 8.0), Align2::LEFT_TOP, &facts::slice_words(exam), theme::TEXT);
    let state = state_words(session, exam)
        .map(|words| corner(painter, rect.right_top() + Vec2::new(-8.0, 8.0), Align2::RIGHT_TOP, &words, theme::TEXT));
    if exam.has_geometry() {
        side_letters(painter, rect, exam.plane().letters(), &[Some(title), state].map(|r| r.unwrap_or(Rect::NOTHING)));
    }
    brush(painter, session, exam, place);
}

/// What a reader must not overlook about the slice: done, hidden paint, a proposal waiting.
fn state_words(session: &Session, exam: &OpenExam) -> Option<String> {
    let view = exam.view();
    let mut words = Vec::new();
    if !view.overlay {
        words.push("paint hidden");
    }
    if exam.proposal().is_some_and(|p| p.waits_on(view.slice)) {
        words.push("proposed");
    }
    if exam.is_writable() && exam.layers().is_done(session.tool().layer, view.slice) {
        words.push("done");
    }
    if !exam.is_writable() {
        words.push("looking only");
    }
    (!words.is_empty()).then(|| words.join(" · "))
}

/// Words on a dark ground at a corner of the pane; where they are.
pub fn corner(painter: &Painter, at: Pos2, align: Align2, text: &str, colour: Color32) -> Rect {
    let galley = painter.layout_no_wrap(text.to_owned(), theme::small(), colour);
    let rect = align.anchor_size(at, galley.size());
    painter.rect_filled(rect.expand2(Vec2::new(4.0, 2.0)), CornerRadius::same(3), theme::PICTURE_SHADE);
    painter.galley(rect.min.round(), galley, colour);
    rect.expand2(Vec2::new(4.0, 2.0))
}

/// Letters of the patient's sides at the middle of each edge: left, right, top, bottom. The upper one keeps clear of `words`:
/// nothing may lie over a side.
pub fn side_letters(painter: &Painter, rect: Rect, letters: [char; 4], words: &[Rect]) {
    let font = FontId::new(14.0, egui::FontFamily::Proportional);
    for (at, letter) in letter_places(rect, words).into_iter().zip(letters) {
        // The crosshair's lines end where the edges' middles are.
        painter.rect_filled(Rect::from_center_size(at, LETTER), CornerRadius::same(3), theme::PICTURE_SHADE);
        painter.text(at + Vec2::splat(1.0), Align2::CENTER_CENTER, letter, font.clone(), Color32::BLACK);
        painter.text(at, Align2::CENTER_CENTER, letter, font.clone(), theme::BONE);
    }
}

/// The middles of the letters: left, right, top, bottom.
fn letter_places(rect: Rect, words: &[Rect]) -> [Pos2; 4] {
    let middle = rect.center();
    let top = pos2(middle.x, rect.top() + 14.0);
    let taken = Rect::from_center_size(top, LETTER);
    let below = words.iter().filter(|w| w.intersects(taken)).map(|w| w.bottom() + LETTER.y / 2.0).fold(top.y, f32::max);
    [pos2(rect.left() + 14.0, middle.y), pos2(rect.right() - 14.0, middle.y), pos2(middle.x, below), pos2(middle.x, rect.bottom() - 14.0)]
}

fn scale_bar(painter: &Painter, rect: Rect, points_per_mm: f32) {
    const LENGTHS_MM: [f32; 9] = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0];
    let Some(length_mm) = LENGTHS_MM.into_iter().find(|mm| mm * points_per_mm >= 48.0) else { return };
    let right = rect.right_bottom() + Vec2::new(-12.0, -12.0);
    let left = right - Vec2::new(length_mm * points_per_mm, 0.0);
    if left.x < rect.left() {
        return;
    }
    for (colour, by) in [(Color32::BLACK, 1.0), (theme::TEXT, 0.0)] {
        let by = Vec2::splat(by);
        let stroke = Stroke::new(1.0, colour);
        painter.line_segment([left + by, right + by], stroke);
        for end in [left, right] {
            painter.line_segment([end + by - Vec2::new(0.0, 5.0), end + by], stroke);
        }
        let at = pos2(left.x.midpoint(right.x), right.y - 4.0) + by;
        painter.text(at, Align2::CENTER_BOTTOM, format!("{length_mm} mm"), theme::mono_small(), colour);
    }
}

fn brush(painter: &Painter, session: &Session, exam: &OpenExam, place: &Place) {
    let tool = session.tool();
    let (Some(uv), true) = (exam.view().hover_uv, tool.tool.has_size() && exam.is_writable()) else { return };
    let radius = (tool.size_mm / 2.0 * place.points_per_mm()).max(1.5);
    let centre = place.at(uv.map(f64::from));
    let ring = |radius: f32, colour: Color32| match tool.shape {
        BrushShape::Circle => painter.circle_stroke(centre, radius, Stroke::new(1.0, colour)),
        BrushShape::Square => {
            let square = Rect::from_center_size(centre, Vec2::splat(2.0 * radius));
            painter.rect_stroke(square, CornerRadius::ZERO, Stroke::new(1.0, colour), StrokeKind::Middle)
        }
    };
    ring(radius + 1.0, Color32::from_black_alpha(0x90));
    let colour = match tool.tool {
        Tool::Brush => session.scheme(tool.layer).class(tool.label()).map_or(theme::BONE, |c| theme::label(c.colour)),
        Tool::AdoptBrush => theme::ACCENT,
        _ => theme::BONE,
    };
    ring(radius, colour);
}

fn points_on_screen(place: &Place, points: impl Iterator<Item = [f64; 2]>) -> Vec<Pos2> {
    points.map(|uv| place.at(uv)).collect()
}

/// The curves of closed outlines, where outlines are worked on; the selected one with its corners.
fn outlines(painter: &Painter, session: &Session, exam: &OpenExam, place: &Place) {
    let drawing = session.tool().tool == Tool::Outline;
    if !drawing || !exam.view().shows(LayerKind::Bone) {
        return;
    }
    let slice = exam.view().slice;
    for outline in exam.layers().outlines().filter(|o| o.slice == slice && !o.points.is_empty()) {
        let selected = exam.selected_outline() == Some(outline.id);
        let dragged = exam.dragged_outline().filter(|_| selected);
        let points = points_on_screen(place, dragged.unwrap_or(&outline.points).iter().map(|p| p.map(f64::from)));
        let colour = if selected { theme::ACCENT } else { theme::BONE };
        painter.add(Shape::closed_line(points.clone(), Stroke::new(1.0, colour)));
        if selected {
            corners(painter, &points, theme::ACCENT);
        }
    }
}

fn corners(painter: &Painter, points: &[Pos2], colour: Color32) {
    for at in points {
        let square = Rect::from_center_size(*at, Vec2::splat(6.0));
        painter.rect(square, CornerRadius::ZERO, theme::PICTURE, Stroke::new(1.0, colour), StrokeKind::Middle);
    }
}

/// The outline or loop under way.
fn gesture(painter: &Painter, session: &Session, exam: &OpenExam, place: &Place) {
    if !exam.draft().is_empty() {
        let points = points_on_screen(place, exam.draft().iter().map(|p| p.map(f64::from)));
        let mut line = points.clone();
        if let Some(hover) = exam.view().hover_uv.filter(|_| *exam.pointer() == PointerState::Idle) {
            line.push(place.at(hover.map(f64::from)));
        }
        painter.add(Shape::line(line, Stroke::new(1.0, theme::ACCENT)));
        corners(painter, &points, theme::ACCENT);
        if points.len() >= 3 {
            // A click here closes it.
            painter.circle_stroke(points[0], 6.0, Stroke::new(1.0, theme::ACCENT));
        }
    }
    if let PointerState::Loop(points) = exam.pointer() {
        let line = points_on_screen(place, points.iter().map(|p| p.map(f64::from)));
        let tool = session.tool();
        let colour = session.scheme(tool.layer).class(tool.label()).map_or(theme::ACCENT, |c| theme::label(c.colour));
        let mut closed = line.clone();
        closed.extend(line.first().copied());
        painter.add(Shape::line(closed, Stroke::new(2.0, Color32::from_black_alpha(0x80))));
        painter.extend(Shape::dashed_line(&line, Stroke::new(1.0, colour), 5.0, 3.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Panes narrower than 160 points once had no letters at all: nothing said which side is which.
    #[test]
    fn letters_of_the_smallest_pane_meet_neither_each_other_nor_the_title() {
        for size in [Vec2::splat(SMALLEST_LETTERED), Vec2::new(SMALLEST_LETTERED, 240.0), Vec2::new(240.0, SMALLEST_LETTERED)] {
            let rect = Rect::from_min_size(pos2(300.0, 40.0), size);
            // As wide as the pane: a line of words at the top with its shade.
            let title = Rect::from_min_size(rect.min + Vec2::new(4.0, 6.0), Vec2::new(size.x - 8.0, 18.0));
            let places = letter_places(rect, &[title]).map(|at| Rect::from_center_size(at, LETTER));
            for (n, place) in places.iter().enumerate() {
                assert!(rect.contains_rect(*place), "{size}: {place} of {rect}");
                assert!(!place.shrink(0.5).intersects(title), "{size}: letter {n} at {place}, title {title}");
                assert!(places[..n].iter().all(|other| !other.intersects(*place)), "{size}: letter {n} at {place}");
            }
        }
    }
}
