//! What tools show before anything is painted: a threshold's preview, the livewire, metaphysis squares.

use super::place::Place;
use crate::session::{OpenExam, PointerState, Preview, Session, Tool};
use crate::views::theme;
use egui::{Color32, ColorImage, Id, Painter, Pos2, Rect, Shape, Stroke, TextureHandle, TextureOptions, pos2};
use std::sync::Arc;

/// Paints all of it.
pub fn paint(painter: &Painter, session: &Session, exam: &OpenExam, place: &Place) {
    if let Some(preview) = exam.preview() {
        self::preview(painter, session, preview, place);
    }
    squares(painter, session, exam, place);
    wire(painter, exam, place);
}

/// A preview's picture, kept while it shows the same.
#[derive(Clone)]
struct Held {
    labels: Arc<Vec<u8>>,
    texture: TextureHandle,
}

/// Every other pixel in the label's colour: nothing is painted yet.
fn preview(painter: &Painter, session: &Session, preview: &Preview, place: &Place) {
    let [width, height] = preview.size;
    if preview.voxels == 0 || width * height == 0 {
        return;
    }
    let id = Id::unique("threshold preview");
    let held = painter.ctx().data(|d| d.get_temp::<Held>(id)).filter(|held| Arc::ptr_eq(&held.labels, &preview.labels));
    let held = held.unwrap_or_else(|| {
        let scheme = session.scheme(session.tool().layer);
        let pixel = |n: usize| {
            let label = preview.labels[n];
            let colour = scheme.class(label).filter(|_| label != 0).map(|c| theme::label(c.colour));
            let strength = if (n % width + n / width).is_multiple_of(2) { 0.75 } else { 0.3 };
            colour.map_or(Color32::TRANSPARENT, |c| c.gamma_multiply(strength))
        };
        let image = ColorImage::new([width, height], (0..width * height).map(pixel).collect());
        let texture = painter.ctx().load_texture("threshold preview", image, TextureOptions::NEAREST);
        let held = Held { labels: Arc::clone(&preview.labels), texture };
        painter.ctx().data_mut(|d| d.insert_temp(id, held.clone()));
        held
    });
    let rect = Rect::from_two_pos(place.at([-0.5, -0.5]), place.at([width as f64 - 0.5, height as f64 - 0.5]));
    painter.image(held.texture.id(), rect, Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0)), Color32::WHITE);
}

fn on_screen(place: &Place, points: &[[f32; 2]]) -> Vec<Pos2> {
    points.iter().map(|p| place.at(p.map(f64::from))).collect()
}

/// The way along the edge: bright up to the last anchor, thin on to the pointer.
fn wire(painter: &Painter, exam: &OpenExam, place: &Place) {
    let Some(wire) = exam.wire() else { return };
    let fixed = on_screen(place, wire.fixed());
    let mut live = on_screen(place, wire.live());
    if let (true, Some(hover)) = (wire.is_searching() || live.is_empty(), exam.view().hover_uv) {
        // Until the way is found: straight on.
        live = fixed.last().copied().into_iter().chain([place.at(hover.map(f64::from))]).collect();
    }
    for (colour, width) in [(Color32::from_black_alpha(0x90), 3.0), (theme::ACCENT, 1.5)] {
        painter.add(Shape::line(fixed.clone(), Stroke::new(width, colour)));
    }
    painter.add(Shape::line(live, Stroke::new(1.0, theme::ACCENT)));
    if let Some(first) = fixed.first() {
        painter.circle_stroke(*first, 5.0, Stroke::new(1.0, theme::ACCENT));
    }
}

/// The squares that are set, where they are worked on or limit painting; and the one being drawn.
fn squares(painter: &Painter, session: &Session, exam: &OpenExam, place: &Place) {
    let in_hand = session.tool().tool == Tool::Square;
    if let PointerState::Square { from, to, .. } = exam.pointer() {
        painter.line_segment([place.at(*from), place.at(*to)], Stroke::new(1.5, theme::ACCENT));
    }
    if !in_hand && !session.tool().rules.inside_region {
        return;
    }
    let affine = exam.layers().grid().world_from_voxel();
    let pixel_mm = exam.plane().pixel_mm(affine);
    for square in exam.layers().squares() {
        let Some(placed) = square.placed(exam.plane(), affine) else { continue };
        let corners = placed.corners_mm().map(|mm| place.at([mm[0] / pixel_mm[0], mm[1] / pixel_mm[1]]));
        let selected = in_hand && exam.selected_square() == Some(square.bone());
        let colour = if selected { theme::ACCENT } else { theme::BONE };
        painter.add(Shape::closed_line(corners.to_vec(), Stroke::new(1.0, colour)));
        // The physis' side is the stronger one; its ends can be dragged.
        painter.line_segment([corners[0], corners[1]], Stroke::new(2.0, colour));
        if in_hand {
            for end in &corners[..2] {
                painter.circle(*end, 4.0, theme::PICTURE, Stroke::new(1.0, colour));
            }
        }
        let name = session.scheme(crate::volume::LayerKind::Bone).class(square.bone()).map_or("", |c| c.name.as_str());
        let words = format!("{name} {:.1} mm", placed.side_mm());
        super::marks::corner(painter, corners[3], egui::Align2::LEFT_BOTTOM, &words, colour);
    }
}
