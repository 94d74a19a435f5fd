//! The bone outline: points are clicked, dragged, inserted; closing fills the bone.

use crate::edit::{OutlineEdit, nearest_corner, nearest_edge};
use crate::session::{Effect, PointerState, Session};

/// How near the pointer must be to a corner or edge, in in-plane pixels at zoom 1.
const GRAB_PIXELS: f64 = 3.0;

impl Session {
    fn grab_distance(&self) -> f64 {
        self.exam.as_ref().map_or(GRAB_PIXELS, |e| (GRAB_PIXELS / f64::from(e.view.zoom)).clamp(0.4, GRAB_PIXELS))
    }

    pub(super) fn outline_down(&mut self, uv: [f64; 2]) -> Vec<Effect> {
        let reach = self.grab_distance();
        let Some(exam) = &mut self.exam else { return Vec::new() };
        if !exam.draft.is_empty() {
            match nearest_corner(&exam.draft, uv, reach) {
                Some(0) if exam.draft.len() >= 3 => return self.finish_outline(),
                Some(corner) => exam.pointer = PointerState::DragCorner { outline: None, corner },
                None => exam.draft.push(uv),
            }
            return Vec::new();
        }
        let slice = exam.view.slice as u32;
        let here: Vec<(u32, Vec<[f64; 2]>)> = exam
            .layers
            .outlines()
            .filter(|o| o.slice == slice && !o.points.is_empty())
            .map(|o| (o.id, o.points.iter().map(|p| p.map(f64::from)).collect()))
            .collect();
        for (id, points) in &here {
            if let Some(corner) = nearest_corner(points, uv, reach) {
                self.grab(*id, points, corner);
                return Vec::new();
            }
        }
        for (id, points) in here {
            if let Some(edge) = nearest_edge(&points, uv, reach) {
                let mut with_corner = points;
                with_corner.insert(edge + 1, uv);
                self.grab(id, &with_corner, edge + 1);
                return Vec::new();
            }
        }
        if let Some(exam) = &mut self.exam {
            exam.selected_outline = None;
            exam.draft.push(uv);
        }
        Vec::new()
    }

    fn grab(&mut self, id: u32, points: &[[f64; 2]], corner: usize) {
        if let Some(exam) = &mut self.exam {
            exam.selected_outline = Some(id);
            exam.dragged = Some(points.iter().map(|p| p.map(|x| x as f32)).collect());
            exam.pointer = PointerState::DragCorner { outline: Some(id), corner };
        }
    }

    pub(super) fn drag_corner(&mut self, uv: [f64; 2]) {
        let Some(exam) = &mut self.exam else { return };
        let PointerState::DragCorner { outline, corner } = exam.pointer else { return };
        match (outline, &mut exam.dragged) {
            (Some(_), Some(points)) if corner < points.len() => points[corner] = uv.map(|x| x as f32),
            (None, _) if corner < exam.draft.len() => exam.draft[corner] = uv,
            _ => {}
        }
    }

    pub(super) fn drop_corner(&mut self, outline: Option<u32>) -> Vec<Effect> {
        let Some(exam) = &mut self.exam else { return Vec::new() };
        match (outline, exam.dragged.take()) {
            (Some(id), Some(points)) => self.set_outline(Some(id), points),
            _ => Vec::new(),
        }
    }

    pub(super) fn finish_outline(&mut self) -> Vec<Effect> {
        let Some(exam) = &mut self.exam else { return Vec::new() };
        if exam.draft.len() < 3 {
            if !exam.draft.is_empty() {
                self.info("An outline needs at least three points.");
            }
            return Vec::new();
        }
        let points = std::mem::take(&mut exam.draft).iter().map(|p| p.map(|x| x as f32)).collect();
        exam.pointer = PointerState::Idle;
        self.set_outline(None, points)
    }

    /// Sets, changes or (without points) removes an outline: one step of the history.
    pub(super) fn set_outline(&mut self, id: Option<u32>, points: Vec<[f32; 2]>) -> Vec<Effect> {
        let label = self.tool.bone_label;
        let Some(exam) = &mut self.exam else { return Vec::new() };
        let kept = id.and_then(|id| exam.layers.outlines().find(|o| o.id == id).map(|o| (o.label, o.slice)));
        let (label, slice) = kept.unwrap_or((label, exam.view.slice as u32));
        let plane = exam.plane;
        let edit = OutlineEdit { id, label, slice, points };
        match exam.layers.set_outline(edit, &plane) {
            Some(row) => {
                if let crate::edit::RowAction::Outline { id, ref points, .. } = row.action {
                    exam.selected_outline = (!points.is_empty()).then_some(id);
                }
                self.journal(row)
            }
            None => Vec::new(),
        }
    }
}
