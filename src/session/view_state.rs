//! What is seen and how: slice, window, zoom, layers.

use crate::volume::{Image, LayerKind, percentile};

/// The workspaces of the top bar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Workspace {
    /// Reading and painting.
    #[default]
    Read,
    /// Readers, model and consensus side by side.
    Compare,
    /// Versions of the model.
    Models,
}

impl Workspace {
    /// All, in the order of the switch.
    pub const ALL: [Self; 3] = [Self::Read, Self::Compare, Self::Models];

    /// Name on the switch.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "Read",
            Self::Compare => "Compare",
            Self::Models => "Models",
        }
    }
}

/// Ready-made windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WindowPreset {
    /// From the 1st to the 99.5th percentile.
    Auto,
    /// Every grey value.
    Full,
    /// Air black with a clear edge, the rest scaled to fatty marrow (DESIGN section 4, without a placed reference).
    AirBlack,
    /// The upper half: fluid and strong signal.
    Bright,
}

impl WindowPreset {
    /// All, in the order of the menu.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Full, Self::AirBlack, Self::Bright];

    /// Name in the menu.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "Auto",
            Self::Full => "Full",
            Self::AirBlack => "Air black",
            Self::Bright => "Bright",
        }
    }

    /// Grey values shown black and white for an image.
    #[must_use]
    pub fn window(self, image: &Image) -> Window {
        let values = image.values();
        let at = |percent| percentile(values, percent).unwrap_or(0.0);
        match self {
            Self::Auto => Window::new(at(1.0), at(99.5)),
            Self::Full => Window::new(image.range().0, image.range().1),
            Self::Bright => Window::new(at(50.0), image.range().1),
            Self::AirBlack => air_black(image, AIR_BLACK_K),
        }
    }
}

/// The factor of the air-black rule unless the protocol says otherwise.
const AIR_BLACK_K: f32 = 4.6;

/// The air-black rule with factor `k`: a = mode of the darkest peak, s = its spread below the mode,
/// f = the 20th percentile of what is brighter than air (no reference region is placed here).
pub(super) fn air_black(image: &Image, k: f32) -> Window {
    let median = percentile(image.values(), 50.0).unwrap_or(0.0);
    let dark: Vec<f32> = image.values().iter().copied().filter(|v| v.is_finite() && *v <= median).collect();
    let histogram = crate::volume::Histogram::of(&dark, (image.range().0, median), 128);
    let peak = first_peak(&histogram.bins);
    let width = (median - image.range().0) / 128.0;
    let air = if image.range().0 == 0.0 && peak == 0 { 0.0 } else { image.range().0 + (peak as f32 + 0.5) * width };
    let below: Vec<f32> = dark.iter().copied().filter(|v| *v <= air).map(|v| air - v).collect();
    let spread = percentile(&below, 68.0).unwrap_or(0.0);
    let lower = air + 2.0 * spread;
    let body: Vec<f32> = image.values().iter().copied().filter(|v| *v > lower + spread).collect();
    let fatty_marrow = percentile(&body, 20.0).unwrap_or(image.range().1);
    // Where nothing is as bright as the rule's upper end, the brightest value is shown white.
    Window::new(lower, (air + k * (fatty_marrow - air)).min(image.range().1).max(fatty_marrow))
}

/// The first hill of a histogram that is no ripple: at least a quarter as high as the highest, and nothing higher near it.
/// The darkest hill is air; the highest may be muscle or fat where the body fills the picture.
fn first_peak(bins: &[u32]) -> usize {
    const REACH: usize = 6;
    let smooth: Vec<u64> =
        (0..bins.len()).map(|at| bins[at.saturating_sub(2)..(at + 3).min(bins.len())].iter().map(|&n| u64::from(n)).sum()).collect();
    let highest = smooth.iter().copied().max().unwrap_or(0);
    let is_hill = |at: usize| {
        let near = &smooth[at.saturating_sub(REACH)..(at + REACH + 1).min(smooth.len())];
        smooth[at] * 4 >= highest && near.iter().all(|&n| n <= smooth[at])
    };
    (0..smooth.len()).find(|&at| is_hill(at)).unwrap_or(0)
}

/// Grey values shown black and white; `upper` is always above `lower`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    lower: f32,
    upper: f32,
}

impl Window {
    /// Takes two grey values in either order; equal or non-finite ones are spread apart.
    #[must_use]
    pub fn new(a: f32, b: f32) -> Self {
        if !a.is_finite() || !b.is_finite() {
            return Self { lower: 0.0, upper: 1.0 };
        }
        let (lower, upper) = (a.min(b), a.max(b));
        let smallest = lower.abs().max(upper.abs()).max(1e-6) * 1e-5;
        Self { lower, upper: if upper - lower < smallest { lower + smallest } else { upper } }
    }

    /// Shown black.
    #[must_use]
    pub const fn lower(self) -> f32 {
        self.lower
    }

    /// Shown white.
    #[must_use]
    pub const fn upper(self) -> f32 {
        self.upper
    }

    /// Window width.
    #[must_use]
    pub fn width(self) -> f32 {
        self.upper - self.lower
    }

    /// Level: the grey value shown half bright.
    #[must_use]
    pub fn level(self) -> f32 {
        f32::midpoint(self.lower, self.upper)
    }

    /// From width and level.
    #[must_use]
    pub fn from_width_level(width: f32, level: f32) -> Self {
        let half = width.abs().max(1e-6) / 2.0;
        Self::new(level - half, level + half)
    }
}

/// How an exam is looked at.
#[derive(Clone, Debug, PartialEq)]
pub struct ViewState {
    /// Slice from 0.
    pub slice: usize,
    /// Window of the sequence shown.
    pub window: Window,
    /// 1 = the slice fits the pane.
    pub zoom: f32,
    /// In-plane pixel in the middle of the pane.
    pub centre_uv: [f32; 2],
    /// Smooth interpolation.
    pub smooth: bool,
    /// Whether paint is shown.
    pub overlay: bool,
    /// Opacity of fills.
    pub opacity: f32,
    /// A pattern per level.
    pub patterns: bool,
    /// Layers shown.
    pub marrow_visible: bool,
    /// Layers shown.
    pub bone_visible: bool,
    /// Layers shown.
    pub exclusion_visible: bool,
    /// Sequence shown.
    pub sequence: usize,
    /// Pointer in in-plane pixels.
    pub hover_uv: Option<[f32; 2]>,
}

impl ViewState {
    /// Smallest and largest zoom.
    pub const ZOOM_RANGE: [f32; 2] = [0.25, 40.0];

    /// The middle slice of an image at its automatic window.
    #[must_use]
    pub fn for_image(image: &Image, slices: usize, size: [usize; 2]) -> Self {
        Self {
            slice: slices / 2,
            window: WindowPreset::Auto.window(image),
            zoom: 1.0,
            centre_uv: Self::middle(size),
            smooth: true,
            overlay: true,
            opacity: 0.45,
            patterns: false,
            marrow_visible: true,
            bone_visible: true,
            exclusion_visible: true,
            sequence: 0,
            hover_uv: None,
        }
    }

    /// The in-plane middle of a slice of `size` pixels.
    #[must_use]
    pub fn middle(size: [usize; 2]) -> [f32; 2] {
        size.map(|n| (n as f32 - 1.0) / 2.0)
    }

    /// Whether a layer is shown.
    #[must_use]
    pub const fn shows(&self, layer: LayerKind) -> bool {
        match layer {
            LayerKind::Marrow => self.overlay && self.marrow_visible,
            LayerKind::Bone => self.overlay && self.bone_visible,
            LayerKind::Exclusion => self.overlay && self.exclusion_visible,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn air_is_the_first_hill_not_the_highest() {
        let bins: Vec<u32> =
            (0_i32..100).map(|n| (400 - 20 * (n - 8).pow(2)).max(0) as u32 + (900 - 3 * (n - 60).pow(2)).max(0) as u32).collect();
        assert_eq!(first_peak(&bins), 8);
        assert_eq!(first_peak(&[0; 40]), 0);
        assert_eq!(first_peak(&[]), 0);
    }

    #[test]
    fn a_window_is_never_empty_or_upside_down() {
        for (a, b) in [(1.0, 1.0), (5.0, -5.0), (f32::NAN, 1.0), (0.0, 0.0), (1e9, 1e9)] {
            let window = Window::new(a, b);
            assert!(window.upper() > window.lower(), "{a} {b}");
        }
        assert_eq!(Window::from_width_level(100.0, 50.0), Window::new(0.0, 100.0));
    }
}
