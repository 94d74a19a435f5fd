//! The histogram of the image shown, with the window's line across it.

use crate::session::Window;
use crate::views::theme;
use crate::volume::{Histogram, Image};
use egui::{CornerRadius, Pos2, Sense, Stroke, Ui, Vec2, pos2};
use std::sync::Arc;

/// The histogram of the image shown last.
#[derive(Default)]
pub struct HistogramCache {
    held: Option<(Arc<Vec<f32>>, Histogram)>,
}

/// Bins across the panel.
const BINS: usize = 128;
/// Values looked at; more would only take longer.
const MOST_VALUES: usize = 1 << 20;

impl HistogramCache {
    fn of(&mut self, image: &Image) -> &Histogram {
        let current = self.held.as_ref().is_some_and(|(values, _)| Arc::ptr_eq(values, image.values()));
        if !current {
            self.held = None;
        }
        let (_, histogram) = self.held.get_or_insert_with(|| {
            let step = image.values().len().div_ceil(MOST_VALUES).max(1);
            let some: Vec<f32> = image.values().iter().copied().step_by(step).collect();
            (Arc::clone(image.values()), Histogram::of(&some, image.range(), BINS))
        });
        histogram
    }
}

/// Draws it 56 points high over the width at hand. The white line rises from what is shown black to what is shown white.
pub fn histogram_ui(ui: &mut Ui, image: &Image, window: Window, cache: &mut HistogramCache) {
    let (rect, response) = ui.allocate_exact_size(Vec2::new(ui.available_width(), 56.0), Sense::hover());
    let histogram = cache.of(image);
    let painter = ui.painter().with_clip_rect(rect.expand(4.0));
    let highest = typical_highest(&histogram.bins);
    let bar = rect.width() / BINS as f32;
    for (n, count) in histogram.bins.iter().enumerate() {
        // The root makes small peaks visible beside the air's.
        let height = (f64::from(*count) / highest).min(1.0).sqrt() as f32 * (rect.height() - 4.0);
        let left = rect.left() + n as f32 * bar;
        let column = egui::Rect::from_min_max(pos2(left, rect.bottom() - height), pos2(left + bar + 0.5, rect.bottom()));
        painter.rect_filled(column, CornerRadius::ZERO, theme::HISTOGRAM);
    }
    painter.line_segment([rect.left_bottom(), rect.right_bottom()], Stroke::new(1.0, theme::CONTROL_LINE));
    let span = (histogram.range.1 - histogram.range.0).max(f32::MIN_POSITIVE);
    let x = |value: f32| rect.left() + ((value - histogram.range.0) / span).clamp(-0.02, 1.02) * rect.width();
    let (black, white) = (pos2(x(window.lower()), rect.bottom() - 1.0), pos2(x(window.upper()), rect.top() + 3.0));
    let stroke = Stroke::new(1.5, theme::ACCENT);
    painter.line_segment([black, white], stroke);
    painter.line_segment([white, Pos2::new(rect.right(), white.y)], Stroke::new(1.0, theme::ACCENT_LINE));
    for end in [black, white] {
        painter.circle_filled(end, 3.0, theme::ACCENT);
    }
    let inverted = if image.inverted_on_display() { "; high values are dark" } else { "" };
    response.on_hover_text(format!("Grey values of the image; the line shows which become black and white{inverted}"));
}

/// The second highest bin: the air's peak alone would press everything else flat.
fn typical_highest(bins: &[u32]) -> f64 {
    let (mut first, mut second) = (0, 0);
    for &n in bins {
        if n > first {
            (first, second) = (n, first);
        } else if n > second {
            second = n;
        }
    }
    f64::from(second.max(1))
}
