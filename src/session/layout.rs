//! How the panes are laid out and linked: kept from exam to exam, and by the window from start to start.

/// Which panes are on screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Layout {
    /// The acquisition plane alone.
    One,
    /// The acquisition plane large, companions in a column beside it.
    #[default]
    Companions,
    /// Four of one size: the acquisition plane, its companion, the two other planes.
    Quad,
    /// The acquisition plane and its companion, of one size.
    SideBySide,
}

impl Layout {
    /// All, in the order of their keys.
    pub const ALL: [Self; 4] = [Self::One, Self::Companions, Self::Quad, Self::SideBySide];

    /// Name on screen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::One => "One pane",
            Self::Companions => "One large, others beside",
            Self::Quad => "Four panes",
            Self::SideBySide => "Side by side",
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Companions => "companions",
            Self::Quad => "quad",
            Self::SideBySide => "side-by-side",
        }
    }
}

/// What all panes share beside the exam.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PaneState {
    /// Which panes are on screen.
    pub layout: Layout,
    /// Whether lines show where the panes cut each other.
    pub crosshair: bool,
    /// Whether a lens follows the pointer.
    pub magnifier: bool,
    /// Whether slices run by themselves.
    pub cine: bool,
    /// Slices per second then.
    pub cine_rate: f32,
    /// Whether a pen's pressure makes the brush larger and smaller.
    pub pen_pressure: bool,
    /// How hard it presses, 0 to 1; 1 where no pen says so.
    pub pressure: f32,
}

impl Default for PaneState {
    fn default() -> Self {
        Self {
            layout: Layout::default(),
            crosshair: true,
            magnifier: false,
            cine: false,
            cine_rate: 8.0,
            pen_pressure: false,
            pressure: 1.0,
        }
    }
}

impl PaneState {
    /// Slowest and fastest cine in slices per second.
    pub const CINE_RANGE: [f32; 2] = [1.0, 30.0];

    /// One step faster or slower: by a quarter, at least one slice per second.
    pub(super) fn stepped_rate(self, steps: i32) -> f32 {
        let mut rate = self.cine_rate;
        for _ in 0..steps.unsigned_abs().min(40) {
            let by = (rate / 4.0).round().max(1.0);
            rate += by * steps.signum() as f32;
        }
        rate.clamp(Self::CINE_RANGE[0], Self::CINE_RANGE[1])
    }

    /// What the window keeps from start to start: `layout=quad crosshair=on cine=8`.
    #[must_use]
    pub fn to_text(&self) -> String {
        let crosshair = if self.crosshair { "on" } else { "off" };
        let pen = if self.pen_pressure { "on" } else { "off" };
        format!("layout={} crosshair={crosshair} cine={} pen={pen}", self.layout.word(), self.cine_rate)
    }

    /// Reads that back; what is missing or unknown stays as usual.
    #[must_use]
    pub fn from_text(text: &str) -> Self {
        let mut state = Self::default();
        for (key, value) in text.split_whitespace().filter_map(|part| part.split_once('=')) {
            match key {
                "layout" => state.layout = Layout::ALL.into_iter().find(|l| l.word() == value).unwrap_or_default(),
                "crosshair" => state.crosshair = value != "off",
                "pen" => state.pen_pressure = value == "on",
                "cine" => {
                    let rate = value.parse().ok().filter(|rate: &f32| rate.is_finite()).unwrap_or(state.cine_rate);
                    state.cine_rate = rate.clamp(Self::CINE_RANGE[0], Self::CINE_RANGE[1]);
                }
                _ => {}
            }
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_back() {
        for layout in Layout::ALL {
            let state = PaneState { layout, crosshair: false, cine_rate: 12.5, pen_pressure: true, ..PaneState::default() };
            assert_eq!(PaneState::from_text(&state.to_text()), state);
        }
        assert_eq!(PaneState::from_text("layout=spiral cine=NaN x y=z"), PaneState::default());
        assert_eq!(PaneState::from_text("cine=1e9").cine_rate, 30.0);
    }

    #[test]
    fn cine_stays_within_its_range() {
        let state = PaneState::default();
        assert_eq!((state.stepped_rate(1), state.stepped_rate(-1)), (10.0, 6.0));
        assert_eq!((state.stepped_rate(99), state.stepped_rate(-99)), (30.0, 1.0));
    }
}
