//! The panes: layout, the point that they share, cine, magnifier.

use crate::session::{Command, KeyMap, PaneState, PointerCommand, Session, ViewCommand};

impl Session {
    /// What all panes share beside the exam.
    #[must_use]
    pub const fn panes(&self) -> &PaneState {
        &self.panes
    }

    /// Starts with panes as the window kept them.
    #[must_use]
    pub fn with_panes(mut self, panes: PaneState) -> Self {
        self.panes = panes;
        self
    }

    /// The keys that the person has changed.
    #[must_use]
    pub const fn keys(&self) -> &KeyMap {
        &self.keys
    }

    /// Starts with keys as the window kept them.
    #[must_use]
    pub fn with_keys(mut self, keys: KeyMap) -> Self {
        self.keys = keys;
        self
    }

    /// Brush diameter in mm as the pen presses now: from three tenths of the size chosen, where that is wanted.
    pub(super) fn pressed_size_mm(&self) -> f32 {
        let share = if self.panes.pen_pressure { 0.7_f32.mul_add(self.panes.pressure, 0.3) } else { 1.0 };
        self.tool.size_mm * share
    }

    /// How hard a pen presses, until it is lifted.
    pub(super) fn take_pressure(&mut self, command: &Command) {
        match command {
            Command::Pointer(PointerCommand::Pressure(pressure)) => {
                self.panes.pressure = if pressure.is_finite() { pressure.clamp(0.0, 1.0) } else { 1.0 };
            }
            Command::Pointer(PointerCommand::Up | PointerCommand::Cancel) => self.panes.pressure = 1.0,
            _ => {}
        }
    }

    pub(super) fn apply_panes(&mut self, command: &ViewCommand) {
        match *command {
            ViewCommand::Layout(layout) => self.panes.layout = layout,
            ViewCommand::ToggleCrosshair => self.panes.crosshair = !self.panes.crosshair,
            ViewCommand::Magnifier(on) => self.panes.magnifier = on,
            ViewCommand::ToggleCine => {
                let several = self.exam.as_ref().is_some_and(|e| e.plane.slice_count() > 1);
                self.panes.cine = several && !self.panes.cine;
            }
            ViewCommand::StepCineRate(by) => self.panes.cine_rate = self.panes.stepped_rate(by),
            ViewCommand::TogglePenPressure => self.panes.pen_pressure = !self.panes.pen_pressure,
            ViewCommand::CineStep => self.cine_step(),
            ViewCommand::NextVisit => self.next_visit(),
            ViewCommand::ShiftVisit(by) => self.shift_visit(by),
            ViewCommand::Cursor(voxel) => self.share_voxel(voxel),
            _ => {}
        }
    }

    fn next_visit(&mut self) {
        let Some(exam) = &mut self.exam else { return };
        let next = exam.view.visit.map_or(0, |at| at + 1);
        exam.view.visit = (next < exam.visits.len()).then_some(next);
        exam.view.visit_shift = 0;
    }

    /// A visit was placed in the scanner by hand: it may lie some slices before or behind the exam.
    fn shift_visit(&mut self, by: i32) {
        if let Some(exam) = self.exam.as_mut().filter(|e| e.view.visit.is_some()) {
            let most = exam.plane.slice_count() as i32;
            exam.view.visit_shift = exam.view.visit_shift.saturating_add(by).clamp(-most, most);
        }
    }

    /// The next slice, after the last one the first.
    fn cine_step(&mut self) {
        let Some(exam) = self.exam.as_ref().filter(|_| self.panes.cine) else { return };
        let next = (exam.view.slice + 1) % exam.plane.slice_count();
        self.go_to_slice(next);
    }

    /// Brings a voxel of the reading grid on screen in every pane.
    fn share_voxel(&mut self, voxel: [usize; 3]) {
        let Some(exam) = &self.exam else { return };
        let shape = exam.reading_image().grid().shape();
        if exam.layers.gesture_open() || shape.contains(&0) {
            return;
        }
        let voxel: [usize; 3] = std::array::from_fn(|a| voxel[a].min(shape[a] - 1));
        let (slice, uv) = exam.plane.pixel(voxel);
        self.go_to_slice(slice);
        let Some(exam) = &mut self.exam else { return };
        exam.view.cursor = voxel;
        // The large pane moves only where it would not show the point.
        let size = exam.plane.size();
        let hidden = (0..2).any(|a| (uv[a] as f32 - exam.view.centre_uv[a]).abs() > size[a] as f32 / (2.0 * exam.view.zoom.max(1.0)));
        if hidden {
            exam.view.centre_uv = uv.map(|x| x as f32);
        }
    }
}
