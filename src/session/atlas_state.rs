//! The atlas beside the picture, and the calibration that was measured last.

use super::display::Window;
use crate::study::ExamCode;
use crate::worker::message::{AtlasShown, Calibrated, Role};

/// What is known of the atlas.
#[derive(Debug, Default)]
pub struct AtlasState {
    pub(super) open: bool,
    pub(super) shown: Option<AtlasShown>,
    /// The window that the study's rule gives for it.
    pub(super) rule: Option<Window>,
    /// Slices further than the place that matches the picture's slice.
    pub(super) offset: i64,
    pub(super) measured: Option<Calibrated>,
    /// The exam that is being taken into the atlas.
    pub(super) adding: Option<ExamCode>,
    /// Who goes back to the study once the calibration is left.
    pub(super) back_as: Option<Role>,
}

impl AtlasState {
    /// Whether the pane is on screen.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open
    }

    /// The exam that the coordinator is about to add.
    #[must_use]
    pub const fn adding(&self) -> Option<&ExamCode> {
        self.adding.as_ref()
    }

    /// The exam in it.
    #[must_use]
    pub const fn shown(&self) -> Option<&AtlasShown> {
        self.shown.as_ref()
    }

    /// What came of the calibration on an exam, if it was the last one measured.
    #[must_use]
    pub fn measured(&self, exam: &ExamCode) -> Option<&Calibrated> {
        self.measured.as_ref().filter(|m| m.result.exam == *exam)
    }

    /// The place in a slice of `to` pixels that is as far across as `uv` is across one of `from` pixels: another patient has no
    /// millimetres in common with this one.
    #[must_use]
    pub fn uv_beside(uv: [f32; 2], from: [usize; 2], to: [usize; 2]) -> [f32; 2] {
        std::array::from_fn(|a| (uv[a] + 0.5) * to[a].max(1) as f32 / from[a].max(1) as f32 - 0.5)
    }

    /// The slice of the atlas beside slice `at` of `count`: as far along its own stack, moved by what was scrolled.
    #[must_use]
    pub fn slice_beside(&self, at: usize, count: usize, of: usize) -> usize {
        let last = of.saturating_sub(1);
        let along = if count > 1 { (at as f64 / (count - 1) as f64 * last as f64).round() as i64 } else { last as i64 / 2 };
        (along + self.offset).clamp(0, last as i64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_atlas_follows_the_slice() {
        let mut state = AtlasState::default();
        assert_eq!((state.slice_beside(0, 15, 30), state.slice_beside(14, 15, 30), state.slice_beside(7, 15, 30)), (0, 29, 15));
        state.offset = 3;
        assert_eq!((state.slice_beside(7, 15, 30), state.slice_beside(14, 15, 30)), (18, 29));
        // As far across: the edges stay edges, the middle the middle.
        assert_eq!(AtlasState::uv_beside([-0.5, 49.5], [100, 100], [200, 50]), [-0.5, 24.5]);
        assert_eq!(AtlasState::uv_beside([49.5, 99.5], [100, 100], [200, 50]), [99.5, 49.5]);
        state.offset = -99;
        assert_eq!((state.slice_beside(7, 15, 30), state.slice_beside(0, 1, 1), state.slice_beside(0, 0, 0)), (0, 0, 0));
    }
}
