//! Looking: slice, window, zoom, layers.

use crate::session::{Session, ViewCommand, ViewState, Workspace};
use crate::volume::LayerKind;

impl Session {
    pub(super) fn apply_view(&mut self, command: ViewCommand) {
        match command {
            ViewCommand::Workspace(workspace) => self.workspace = workspace,
            ViewCommand::ToggleHelp => self.help_open = !self.help_open,
            ViewCommand::ToggleForm => self.form_hidden = !self.form_hidden,
            ViewCommand::TogglePalette => self.palette_open = !self.palette_open,
            ViewCommand::DismissNotice(id) => self.notices.dismiss(id),
            ViewCommand::DismissNotices => self.notices.clear(),
            ViewCommand::ProtocolChanged(changed) => self.protocol_changed = changed,
            // Behind the questions on the reading room no slice is on screen.
            ViewCommand::Slice(_) | ViewCommand::StepSlice(_) if self.conditions_shown() => {}
            ViewCommand::Slice(slice) => self.go_to_slice(slice),
            ViewCommand::StepSlice(by) => {
                if let Some(exam) = &self.exam {
                    self.go_to_slice(exam.view.slice.saturating_add_signed(by as isize));
                }
            }
            ViewCommand::Sequence(sequence) => self.show_sequence(sequence),
            ViewCommand::Window { .. } | ViewCommand::DragWindow { .. } | ViewCommand::Preset(_) => self.change_window(&command),
            ViewCommand::FollowRule => self.follow_rule(),
            ViewCommand::BindKey { action, key } => self.keys.bind(action, key),
            ViewCommand::ToggleConditions => self.toggle_conditions(),
            ViewCommand::Conditions(answers) => self.answer_conditions(answers),
            ViewCommand::Layout(_)
            | ViewCommand::ToggleCrosshair
            | ViewCommand::Cursor(_)
            | ViewCommand::Magnifier(_)
            | ViewCommand::ToggleCine
            | ViewCommand::StepCineRate(_)
            | ViewCommand::TogglePenPressure
            | ViewCommand::NextVisit
            | ViewCommand::ShiftVisit(_)
            | ViewCommand::CineStep => self.apply_panes(&command),
            ViewCommand::ClearMeasures => {
                if let Some(exam) = &mut self.exam {
                    let slice = exam.view.slice;
                    exam.measures.retain(|m| m.slice() != slice);
                }
            }
            other => {
                if let Some(exam) = &mut self.exam {
                    let size = exam.plane.size();
                    apply_to_view(&mut exam.view, other, size);
                }
            }
        }
    }

    /// Whether the pictures of the exam are on screen: not behind another page, nor behind the questions on the reading room.
    pub(in crate::session) fn exam_in_sight(&self) -> bool {
        matches!(self.workspace, Workspace::Read | Workspace::Review | Workspace::Compare) && !self.conditions_shown()
    }

    /// The slice on screen has been looked at, whatever brought it there; one that runs by has not. Called after every command and
    /// event.
    pub(in crate::session) fn see_slice(&mut self) {
        let in_sight = self.exam_in_sight() && !self.panes.cine;
        if let Some(exam) = self.exam.as_mut().filter(|_| in_sight) {
            let slice = exam.view.slice;
            exam.visited[slice] = true;
        }
    }

    pub(in crate::session) fn go_to_slice(&mut self, slice: usize) {
        let Some(exam) = &mut self.exam else { return };
        let wanted = slice.min(exam.plane.slice_count() - 1);
        // A stroke belongs to the slice that it began on.
        if wanted != exam.view.slice && !exam.layers.gesture_open() {
            exam.lay_draft_aside(self.tool.tool);
            exam.view.slice = wanted;
            exam.view.cursor[exam.plane.slice_axis()] = wanted;
            exam.take_draft_up(self.tool.tool);
            exam.selected_outline = None;
            exam.dragged = None;
            exam.pointer = crate::session::PointerState::Idle;
        }
    }

    fn show_sequence(&mut self, sequence: usize) {
        let Some(exam) = &mut self.exam else { return };
        if sequence < exam.sequences.len() && sequence != exam.view.sequence {
            exam.windows[exam.view.sequence] = Some(exam.view.window);
            exam.view.sequence = sequence;
            let auto = || crate::session::WindowPreset::Auto.window(&exam.sequences[sequence].1);
            exam.view.window = exam.windows[sequence].unwrap_or_else(auto);
        }
    }
}

fn apply_to_view(view: &mut ViewState, command: ViewCommand, size: [usize; 2]) {
    match command {
        ViewCommand::Zoom { factor, anchor_uv } if factor.is_finite() && factor > 0.0 => {
            let zoom = (view.zoom * factor).clamp(ViewState::ZOOM_RANGE[0], ViewState::ZOOM_RANGE[1]);
            let real = zoom / view.zoom;
            view.centre_uv = std::array::from_fn(|axis| anchor_uv[axis] + (view.centre_uv[axis] - anchor_uv[axis]) / real);
            view.zoom = zoom;
            keep_in_sight(view, size);
        }
        ViewCommand::Pan { by_uv } => {
            view.centre_uv = [view.centre_uv[0] + by_uv[0], view.centre_uv[1] + by_uv[1]];
            keep_in_sight(view, size);
        }
        ViewCommand::Fit => {
            view.zoom = 1.0;
            view.centre_uv = ViewState::middle(size);
        }
        ViewCommand::ToggleSmooth => view.smooth = !view.smooth,
        ViewCommand::ToggleOverlay => view.overlay = !view.overlay,
        ViewCommand::Opacity(opacity) => view.opacity = opacity.clamp(0.0, 1.0),
        ViewCommand::TogglePatterns => view.patterns = !view.patterns,
        ViewCommand::ToggleLayer(LayerKind::Marrow) => view.marrow_visible = !view.marrow_visible,
        ViewCommand::ToggleLayer(LayerKind::Bone) => view.bone_visible = !view.bone_visible,
        ViewCommand::ToggleLayer(LayerKind::Exclusion) => view.exclusion_visible = !view.exclusion_visible,
        ViewCommand::Hover(uv) => view.hover_uv = uv,
        _ => {}
    }
}

/// The middle of the pane stays within the picture, so that it can never be lost.
fn keep_in_sight(view: &mut ViewState, size: [usize; 2]) {
    view.centre_uv = std::array::from_fn(|axis| view.centre_uv[axis].clamp(0.0, size[axis] as f32 - 1.0));
}
