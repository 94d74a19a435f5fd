//! Measures and the fatty-marrow reference over the picture.

use super::marks;
use super::place::Place;
use crate::session::{Measure, OpenExam, PointerState, Reading, Session, Tool};
use crate::views::{facts, theme};
use egui::{Align2, Color32, Painter, Pos2, Shape, Stroke, Vec2};

/// Paints what has been measured on the slice shown, and the reference where it lies.
pub fn paint(painter: &Painter, session: &Session, exam: &OpenExam, place: &Place) {
    reference(painter, session, exam, place);
    let slice = exam.view().slice;
    for measure in exam.measures().iter().filter(|m| m.slice() == slice) {
        paint_measure(painter, exam, place, measure);
    }
    match exam.pointer() {
        PointerState::Ruler(measure) => paint_measure(painter, exam, place, measure),
        PointerState::Disc(centre, edge) => {
            let (middle, rim) = (place.at(*centre), place.at(*edge));
            disc(painter, middle, (rim - middle).length().max(2.0));
        }
        _ => {}
    }
}

/// A line with a dark one below it, to be seen on any grey.
fn line(painter: &Painter, points: &[Pos2]) {
    painter.add(Shape::line(points.to_vec(), Stroke::new(3.0, Color32::from_black_alpha(0x90))));
    painter.add(Shape::line(points.to_vec(), Stroke::new(1.0, theme::BONE)));
}

fn disc(painter: &Painter, middle: Pos2, radius: f32) {
    painter.circle_stroke(middle, radius, Stroke::new(3.0, Color32::from_black_alpha(0x90)));
    painter.circle_stroke(middle, radius, Stroke::new(1.0, theme::ACCENT));
}

fn paint_measure(painter: &Painter, exam: &OpenExam, place: &Place, measure: &Measure) {
    let points: Vec<Pos2> = measure.points().iter().map(|&uv| place.at(uv)).collect();
    line(painter, &points);
    for at in &points {
        painter.circle_filled(*at, 3.5, Color32::from_black_alpha(0x90));
        painter.circle_filled(*at, 2.5, theme::BONE);
    }
    // The words stand beside the last point, off the line.
    let Some(&last) = points.last() else { return };
    let away = points.first().map_or(Vec2::X, |first| last - *first);
    let right = away.x >= 0.0;
    let at = last + Vec2::new(if right { 10.0 } else { -10.0 }, 0.0);
    let align = if right { Align2::LEFT_CENTER } else { Align2::RIGHT_CENTER };
    marks::corner(painter, at, align, &words(exam, measure), theme::STRONG);
}

/// `12.4 mm`, `31.5°`, `value 104`.
fn words(exam: &OpenExam, measure: &Measure) -> String {
    let unit = if exam.has_geometry() { "mm" } else { "px" };
    let world = |uv| if exam.has_geometry() { exam.world_mm(measure.slice(), uv) } else { [uv[0], uv[1], 0.0] };
    match measure.reading(world) {
        Reading::Distance(length) => format!("{length:.1} {unit}"),
        Reading::Angle(degrees, _) => format!("{degrees:.1}°"),
        Reading::Point => {
            let uv = measure.points()[0].map(f64::round);
            let size = exam.plane().size();
            let inside = (0..2).all(|a| uv[a] >= 0.0 && uv[a] < size[a] as f64);
            let voxel = inside.then(|| exam.plane().voxel(measure.slice(), uv.map(|x| x as usize)));
            let value = voxel.and_then(|voxel| facts::value_at(exam, voxel));
            value.map_or_else(|| "outside".to_owned(), |value| format!("value {}", facts::number(value)))
        }
    }
}

/// The disc on its slice; on the others nothing, for grey values are taken from one slice alone.
fn reference(painter: &Painter, session: &Session, exam: &OpenExam, place: &Place) {
    let Some(reference) = exam.layers().reference() else { return };
    let affine = exam.reading_image().grid().world_from_voxel();
    let voxel = affine.voxel(reference.centre_mm());
    let (slice, uv) = exam.plane().pixel_at(voxel);
    if (slice - exam.view().slice as f64).abs() > 0.5 {
        return;
    }
    let middle = place.at(uv);
    let radius = (reference.radius_mm() as f32 * place.points_per_mm()).max(2.0);
    disc(painter, middle, radius);
    if session.tool().tool == Tool::Reference {
        let value = exam.fatty_marrow().map_or_else(String::new, |f| format!(" {}", facts::number(f.value())));
        let at = middle + Vec2::new(radius + 8.0, 0.0);
        marks::corner(painter, at, Align2::LEFT_CENTER, &format!("fatty marrow{value}"), theme::TEXT);
    }
}
