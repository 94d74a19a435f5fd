//! Small pictures of slices for the strip: grey values averaged, labels as tints.

use crate::session::{OpenExam, Session, Window};
use crate::volume::{LabelScheme, LayerKind};
use egui::{Color32, ColorImage};

/// Renders slice `slice` of the reading sequence into `size` pixels with the window and marrow paint in force.
pub fn render(session: &Session, exam: &OpenExam, slice: usize, size: [usize; 2], window: Window) -> ColorImage {
    let (plane, image) = (exam.plane(), exam.reading_image());
    let labels = exam.view().shows(LayerKind::Marrow).then(|| exam.layers().labels(LayerKind::Marrow));
    let colours = colours(session.scheme(LayerKind::Marrow));
    let mut pixels = Vec::with_capacity(size[0] * size[1]);
    for y in 0..size[1] {
        for x in 0..size[0] {
            let (mut sum, mut count, mut label) = (0.0_f32, 0.0_f32, 0_u8);
            for uv in samples([x, y], size, plane.size()) {
                let voxel = plane.voxel(slice, uv);
                let value = image.get(voxel);
                if value.is_finite() {
                    sum += value;
                    count += 1.0;
                }
                // The highest level in reach: a small focal lesion must not vanish.
                label = label.max(labels.map_or(0, |l| l.get(voxel)));
            }
            let grey = grey(if count > 0.0 { sum / count } else { image.range().0 }, window, image.inverted_on_display());
            pixels.push(tinted(grey, colours[usize::from(label)]));
        }
    }
    ColorImage::new(size, pixels)
}

/// Up to 3 × 3 slice pixels spread over the area of a thumbnail's pixel.
fn samples(at: [usize; 2], size: [usize; 2], slice: [usize; 2]) -> impl Iterator<Item = [usize; 2]> {
    let range = |axis: usize| {
        let lo = at[axis] * slice[axis] / size[axis].max(1);
        let hi = ((at[axis] + 1) * slice[axis] / size[axis].max(1)).clamp(lo + 1, slice[axis].max(lo + 1));
        (lo.min(slice[axis] - 1), hi, ((hi - lo) / 3).max(1))
    };
    let ((u0, u1, du), (v0, v1, dv)) = (range(0), range(1));
    (v0..v1.min(slice[1])).step_by(dv).take(3).flat_map(move |v| (u0..u1.min(slice[0])).step_by(du).take(3).map(move |u| [u, v]))
}

fn grey(value: f32, window: Window, inverted: bool) -> u8 {
    let level = ((value - window.lower()) / window.width() * 255.0).clamp(0.0, 255.0) as u8;
    if inverted { 255 - level } else { level }
}

fn tinted(grey: u8, colour: Option<[u8; 3]>) -> Color32 {
    colour.map_or(Color32::from_gray(grey), |colour| {
        let [r, g, b] = colour.map(|c| ((u16::from(c) * 6 + u16::from(grey) * 4) / 10) as u8);
        Color32::from_rgb(r, g, b)
    })
}

fn colours(scheme: &LabelScheme) -> [Option<[u8; 3]>; 256] {
    let mut colours = [None; 256];
    for class in scheme.classes() {
        colours[usize::from(class.value)] = Some(class.colour.0);
    }
    colours
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pixel_has_samples_inside_the_slice() {
        for slice in [[1, 1], [3, 200], [512, 512], [47, 64]] {
            for at in [[0, 0], [39, 59], [20, 30]] {
                let all: Vec<_> = samples(at, [40, 60], slice).collect();
                assert!(!all.is_empty() && all.len() <= 9, "{slice:?} {at:?}");
                assert!(all.iter().all(|uv| uv[0] < slice[0] && uv[1] < slice[1]), "{slice:?} {at:?}");
            }
        }
    }
}
