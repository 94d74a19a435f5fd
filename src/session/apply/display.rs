//! The protocol's window rule, the reference it is scaled to, and how far a reader may leave it.

use crate::edit::ReferencePlace;
use crate::session::display::AIR_BLACK_K;
use crate::session::{DisplayRule, Effect, FattyMarrow, Session, ViewCommand, Window, WindowPreset};
use crate::study::{WindowLimit, WindowRule};
use crate::volume::{Image, LayerKind};

/// Radius of a reference that was clicked, not drawn.
const CLICKED_RADIUS_MM: f64 = 3.0;

impl Session {
    /// How far the window may leave the rule now; other sequences than the one that is read are free.
    #[must_use]
    pub fn window_limit(&self) -> WindowLimit {
        let reading = self.exam.as_ref().is_none_or(|e| e.view.sequence == 0);
        if reading { self.protocol_limit() } else { WindowLimit::Free }
    }

    /// What the protocol says of the reading sequence's window, whatever is shown.
    pub(super) fn protocol_limit(&self) -> WindowLimit {
        self.study.as_ref().map_or(WindowLimit::Free, |study| study.protocol.window_limit())
    }

    /// Whether the protocol locks window and level.
    #[must_use]
    pub fn window_locked(&self) -> bool {
        self.window_limit() == WindowLimit::Locked
    }

    /// What the protocol's rule gives for the sequence that is read; `None` where windows are free.
    #[must_use]
    pub fn display_rule(&self) -> Option<DisplayRule> {
        let ruled = self.study.as_ref().is_some_and(|s| s.protocol.window() != WindowRule::Free);
        self.exam.as_ref().filter(|_| ruled)?.rule
    }

    /// How far the window in force is from the rule, as a share of the rule's width; `None` without a rule, or where another
    /// sequence is shown.
    #[must_use]
    pub fn window_drift(&self) -> Option<f32> {
        let exam = self.exam.as_ref().filter(|e| e.view.sequence == 0)?;
        Some(exam.view.window.drift(self.display_rule()?.window()))
    }

    /// Works the rule out again: after opening, and where the reference or (on request) the bones have changed.
    pub(in crate::session) fn refresh_rule(&mut self) {
        let Some(exam) = &self.exam else { return };
        let image = exam.reading_image();
        let rule = self.rule_for(image, || {
            let bone = exam.layers.labels(LayerKind::Bone);
            FattyMarrow::of(image, &exam.plane, exam.layers.reference(), bone)
        });
        if let Some(exam) = &mut self.exam {
            exam.rule = Some(rule);
        }
    }

    /// What the protocol's rule, or its usual form where windows are free, gives for an image.
    pub(super) fn rule_for(&self, image: &Image, fatty: impl FnOnce() -> FattyMarrow) -> DisplayRule {
        match self.study.as_ref().map_or(WindowRule::Free, |s| s.protocol.window()) {
            WindowRule::Fixed { lower, upper } => DisplayRule::fixed(lower, upper),
            WindowRule::AirBlack { k } => DisplayRule::air_black(image, k, fatty()),
            WindowRule::Free => DisplayRule::air_black(image, AIR_BLACK_K, fatty()),
        }
    }

    /// Puts the rule's window in force for the sequence that is read.
    pub(in crate::session) fn follow_rule(&mut self) {
        self.refresh_rule();
        let Some(exam) = &mut self.exam else { return };
        let Some(rule) = exam.rule else { return };
        if exam.view.sequence == 0 {
            exam.view.window = rule.window();
        } else {
            exam.windows[0] = Some(rule.window());
        }
    }

    /// The same where the protocol has a rule; a free window stays as it is.
    pub(in crate::session) fn follow_protocol(&mut self) {
        if self.keeps_to_squares() {
            self.tool.rules.inside_region = true;
        }
        self.refresh_rule();
        if self.display_rule().is_some() {
            self.follow_rule();
        }
    }

    /// Whether the protocol counts marrow within the metaphysis squares alone.
    pub(super) fn keeps_to_squares(&self) -> bool {
        self.study.as_ref().is_some_and(|s| s.protocol.reading().within_squares)
    }

    /// Window, level and presets, as far as the protocol allows.
    pub(super) fn change_window(&mut self, command: &ViewCommand) {
        if self.window_locked() {
            self.info("The protocol locks the window, so that all readers see the same grey levels.");
            return;
        }
        if matches!(command, ViewCommand::Preset(WindowPreset::AirBlack)) && self.exam.as_ref().is_some_and(|e| e.view.sequence == 0) {
            self.follow_rule_or_air_black();
            return;
        }
        let limit = self.window_limit();
        let Some(exam) = &mut self.exam else { return };
        let now = exam.view.window;
        let range = exam.image().range();
        let wanted = match *command {
            ViewCommand::Window { lower, upper } => Window::new(lower, upper),
            ViewCommand::DragWindow { dx, dy } => {
                // The whole range of grey values takes 600 points of mouse travel.
                let per_point = (range.1 - range.0).max(1e-6) / 600.0;
                Window::from_width_level(dx.mul_add(per_point, now.width()).max(per_point), dy.mul_add(per_point, now.level()))
            }
            ViewCommand::Preset(preset) => preset.window(exam.image()),
            _ => return,
        };
        exam.view.window = match (limit, exam.rule) {
            (WindowLimit::Band(band), Some(rule)) => wanted.within(rule.window(), band),
            _ => wanted,
        };
    }

    /// Air black by name: the rule, or its usual form where the protocol fixes two grey values.
    fn follow_rule_or_air_black(&mut self) {
        let fixed = self.study.as_ref().is_some_and(|s| matches!(s.protocol.window(), WindowRule::Fixed { .. }));
        if !fixed {
            self.follow_rule();
            return;
        }
        let limit = self.window_limit();
        let Some(exam) = &mut self.exam else { return };
        let wanted = WindowPreset::AirBlack.window(exam.reading_image());
        exam.view.window = match (limit, exam.rule) {
            (WindowLimit::Band(band), Some(rule)) => wanted.within(rule.window(), band),
            _ => wanted,
        };
    }

    /// Places the reference: a disc around `centre` through `edge` (in-plane pixels of the slice shown); a click gives 3 mm.
    pub(super) fn place_reference(&mut self, centre: [f64; 2], edge: [f64; 2]) -> Vec<Effect> {
        let Some(exam) = &mut self.exam else { return Vec::new() };
        if exam.voxel_at(centre).is_none() {
            self.info("The reference belongs into fatty marrow: click inside the picture.");
            return Vec::new();
        }
        let world = |uv| exam.world_mm(exam.view.slice, uv);
        let (middle, rim) = (world(centre), world(edge));
        let drawn = (0..3).map(|a| (middle[a] - rim[a]).powi(2)).sum::<f64>().sqrt();
        let dragged = (centre[0] - edge[0]).hypot(centre[1] - edge[1]) >= 1.0;
        let place = ReferencePlace::new(middle, if dragged { drawn } else { CLICKED_RADIUS_MM });
        let Some(row) = place.and_then(|place| exam.layers.set_reference(Some(place))) else { return Vec::new() };
        let effects = self.journal(row);
        self.follow_protocol();
        effects
    }

    /// Takes the reference away.
    pub(super) fn clear_reference(&mut self) -> Vec<Effect> {
        let Some(row) = self.exam.as_mut().and_then(|e| e.layers.set_reference(None)) else { return Vec::new() };
        let effects = self.journal(row);
        self.follow_protocol();
        effects
    }
}
