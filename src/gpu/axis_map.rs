//! Where the columns or rows of a pane lie in the slice.

use super::SliceView;
use std::ops::Range;

/// One column or row of device pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct AxisPoint {
    pixel: u32,
    gap: u32,
    clamped: [u32; 2],
    part: f32,
}

impl AxisPoint {
    /// The slice pixel below, if the point lies inside the slice.
    #[inline]
    pub(super) const fn pixel(&self) -> Option<usize> {
        if self.pixel == u32::MAX { None } else { Some(self.pixel as usize) }
    }

    /// The slice pixels whose centres lie before and behind, held inside the slice, and how far it is from the first to
    /// the second (0 to 1).
    #[inline]
    pub(super) const fn neighbours(&self) -> ([usize; 2], f32) {
        ([self.clamped[0] as usize, self.clamped[1] as usize], self.part)
    }

    /// The gap between pixel centres that the point lies in, and how far across it is (0 to 1). Gap g has pixels g - 1 and
    /// g at its sides: 0 lies before the first centre, `count` behind the last, `count + 1` stands for all beyond.
    #[inline]
    pub(super) const fn gap(&self) -> (usize, f32) {
        (self.gap as usize, self.part)
    }
}

/// The points of a range of device pixels along one axis, and one more at each end.
#[derive(Clone, Debug)]
pub(super) struct AxisMap {
    padded: Vec<AxisPoint>,
    count: usize,
}

impl AxisMap {
    /// For the device pixels `screen` of axis 0 (across) or 1 (down) over a slice of `count` pixels.
    pub(super) fn new(view: &SliceView, axis: usize, screen: Range<usize>, count: usize) -> Self {
        let (offset, pixels_per_screen) = (view.offset()[axis], view.pixels_per_screen()[axis]);
        let last = count.saturating_sub(1) as u32;
        let point = |at: i64| {
            let corner = (at as f32 + 0.5 - offset) * pixels_per_screen;
            let floor = corner.floor();
            let centre = corner - 0.5;
            let base = centre.floor();
            let low = base as i32;
            let outside = count as u32 + 1;
            let gap = u32::try_from(low.saturating_add(1)).unwrap_or(outside).min(outside);
            let held = |p: i32| u32::try_from(p).unwrap_or(0).min(last);
            let pixel = if floor >= 0.0 && floor < count as f32 { floor as u32 } else { u32::MAX };
            AxisPoint { pixel, gap, clamped: [held(low), held(low.saturating_add(1))], part: centre - base }
        };
        Self { padded: (screen.start as i64 - 1..=screen.end as i64).map(point).collect(), count }
    }

    /// One point per device pixel.
    pub(super) fn inner(&self) -> &[AxisPoint] {
        &self.padded[1..self.padded.len() - 1]
    }

    /// The same with one more device pixel at each end.
    pub(super) fn padded(&self) -> &[AxisPoint] {
        &self.padded
    }

    /// Slice pixels along this axis.
    pub(super) const fn count(&self) -> usize {
        self.count
    }
}
