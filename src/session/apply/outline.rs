//! The bone outline: points are clicked, dragged, inserted; closing fills the bone.

use crate::edit::tools::{Hit, OutlineDraft, polygon, simplified};
use crate::edit::{OutlineEdit, RowAction};
use crate::session::{Effect, PointerState, Session};
use crate::volume::LayerKind;

/// How near the pointer must be to a corner or edge, in in-plane pixels at zoom 1.
const GRAB_PIXELS: f32 = 3.0;

impl Session {
    pub(super) fn grab_distance(&self) -> f32 {
        self.exam.as_ref().map_or(GRAB_PIXELS, |e| (GRAB_PIXELS / e.view.zoom).clamp(0.4, GRAB_PIXELS))
    }

    pub(super) fn outline_down(&mut self, uv: [f64; 2]) -> Vec<Effect> {
        let reach = self.grab_distance();
        let at = uv.map(|x| x as f32);
        let Some(exam) = &mut self.exam else { return Vec::new() };
        if !exam.draft.points().is_empty() {
            match exam.draft.hit(at, reach) {
                Some(Hit::Corner(0)) if exam.draft.points().len() >= 3 => return self.finish_outline(),
                Some(Hit::Corner(corner)) => exam.pointer = PointerState::DragCorner { outline: None, corner },
                _ => {
                    exam.draft.add(at);
                }
            }
            return Vec::new();
        }
        let here: Vec<(u32, OutlineDraft)> = exam
            .layers
            .outlines()
            .filter(|o| o.slice == exam.view.slice)
            .map(|o| (o.id, OutlineDraft::from_points(o.points.clone())))
            .collect();
        // Corners go before edges, whichever outline they belong to.
        let corner = here.iter().find_map(|(id, outline)| match outline.hit(at, reach) {
            Some(Hit::Corner(corner)) => Some((*id, outline.clone(), corner)),
            _ => None,
        });
        let edge = || {
            here.iter().find_map(|(id, outline)| {
                let Some(Hit::Edge(_)) = outline.hit(at, reach) else { return None };
                let mut with_corner = outline.clone();
                with_corner.insert_at_nearest_edge(at).map(|corner| (*id, with_corner, corner))
            })
        };
        match corner.or_else(edge) {
            Some((id, outline, corner)) => {
                exam.selected_outline = Some(id);
                exam.dragged = Some(outline);
                exam.pointer = PointerState::DragCorner { outline: Some(id), corner };
            }
            None => {
                // The selected outline is moved as a whole; a click in it begins a new one.
                let around = exam.selected_outline.and_then(|id| here.into_iter().find(|(n, _)| *n == id));
                match around.filter(|(_, outline)| outline.hit(at, reach) == Some(Hit::Inside)) {
                    Some((id, outline)) => {
                        exam.dragged = Some(outline);
                        exam.pointer = PointerState::DragWhole { outline: id, at, moved: false };
                    }
                    None => {
                        exam.selected_outline = None;
                        exam.draft.add(at);
                    }
                }
            }
        }
        Vec::new()
    }

    pub(super) fn drag_corner(&mut self, uv: [f64; 2]) {
        let Some(exam) = &mut self.exam else { return };
        let PointerState::DragCorner { outline, corner } = exam.pointer else { return };
        let at = uv.map(|x| x as f32);
        match (outline, &mut exam.dragged) {
            (Some(_), Some(points)) => points.move_point(corner, at),
            (None, _) => exam.draft.move_point(corner, at),
            _ => false,
        };
    }

    pub(super) fn drag_whole(&mut self, uv: [f64; 2]) {
        let Some(exam) = &mut self.exam else { return };
        let PointerState::DragWhole { outline, at, moved } = exam.pointer else { return };
        let to = uv.map(|x| x as f32);
        let by = [to[0] - at[0], to[1] - at[1]];
        // A hand that clicks trembles.
        if !moved && by[0].hypot(by[1]) < 1.5 {
            return;
        }
        if let Some(points) = &mut exam.dragged {
            points.shift(by);
        }
        exam.pointer = PointerState::DragWhole { outline, at: to, moved: true };
    }

    pub(super) fn drop_whole(&mut self, outline: u32, at: [f32; 2], moved: bool) -> Vec<Effect> {
        if moved {
            return self.drop_corner(Some(outline));
        }
        if let Some(exam) = &mut self.exam {
            exam.dragged = None;
            exam.selected_outline = None;
            exam.draft.add(at);
        }
        Vec::new()
    }

    /// Takes the corner under the pointer out of its outline; below three corners nothing is left of it.
    pub(super) fn delete_corner(&mut self) -> Vec<Effect> {
        let reach = self.grab_distance();
        let Some(exam) = &mut self.exam else { return Vec::new() };
        let Some(at) = exam.view.hover_uv else { return Vec::new() };
        if let Some(Hit::Corner(corner)) = exam.draft.hit(at, reach) {
            exam.draft.delete(corner);
            return Vec::new();
        }
        let here = exam.layers.outlines().filter(|o| o.slice == exam.view.slice);
        let found = here.map(|o| (o.id, OutlineDraft::from_points(o.points.clone()))).find_map(|(id, mut outline)| {
            let Some(Hit::Corner(corner)) = outline.hit(at, reach) else { return None };
            outline.delete(corner);
            Some((id, outline))
        });
        let Some((id, outline)) = found else {
            self.info("Put the pointer on the corner that is to go.");
            return Vec::new();
        };
        let points = if outline.is_closed() { outline.points().to_vec() } else { Vec::new() };
        self.set_outline(Some(id), points)
    }

    /// Rounds the selected outline off: corners are cut once, then those that say nothing are left out.
    pub(super) fn smooth_outline(&mut self) -> Vec<Effect> {
        let Some(exam) = &self.exam else { return Vec::new() };
        let Some(outline) = exam.layers.outlines().find(|o| Some(o.id) == exam.selected_outline) else { return Vec::new() };
        let id = outline.id;
        let mut points = polygon::smoothed(&outline.points);
        if let Some(&first) = points.first() {
            points.push(first);
            points = simplified(&points, 0.1);
            points.pop();
        }
        self.set_outline(Some(id), points)
    }

    pub(super) fn drop_corner(&mut self, outline: Option<u32>) -> Vec<Effect> {
        let Some(exam) = &mut self.exam else { return Vec::new() };
        match (outline, exam.dragged.take()) {
            (Some(id), Some(points)) => self.set_outline(Some(id), points.points().to_vec()),
            _ => Vec::new(),
        }
    }

    pub(super) fn finish_outline(&mut self) -> Vec<Effect> {
        let Some(exam) = &mut self.exam else { return Vec::new() };
        let corners = exam.draft.points().len();
        if corners < 3 {
            if corners > 0 {
                self.info("An outline needs at least three points.");
            }
            return Vec::new();
        }
        let points = std::mem::take(&mut exam.draft).points().to_vec();
        exam.pointer = PointerState::Idle;
        self.set_outline(None, points)
    }

    /// Sets, changes or (without points) removes an outline: one step of the history.
    pub(super) fn set_outline(&mut self, id: Option<u32>, points: Vec<[f32; 2]>) -> Vec<Effect> {
        let label = self.tool.labels[LayerKind::Bone.number()];
        let Some(exam) = &mut self.exam else { return Vec::new() };
        let kept = id.and_then(|id| exam.layers.outlines().find(|o| o.id == id).map(|o| (o.label, o.slice)));
        let (label, slice) = kept.unwrap_or((label, exam.view.slice));
        let plane = exam.plane;
        match exam.layers.set_outline(OutlineEdit { id, label, slice, points }, &plane) {
            Some(row) => {
                if let RowAction::Outline { id, ref points, .. } = row.action {
                    exam.selected_outline = (!points.is_empty()).then_some(id);
                }
                self.journal(row)
            }
            None => Vec::new(),
        }
    }
}
