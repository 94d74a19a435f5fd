//! The metaphysis square: drawn along the physis, moved by its two points, turned to the other side.

use crate::edit::tools::Square;
use crate::session::{Effect, PointerState, Session};
use crate::volume::LayerKind;

impl Session {
    /// Takes a point of a square that is there, or begins a new one.
    pub(super) fn square_down(&mut self, uv: [f64; 2]) {
        let reach = f64::from(self.grab_distance());
        let Some(exam) = &mut self.exam else { return };
        let affine = exam.layers.grid().world_from_voxel().clone();
        let plane = exam.plane;
        let near = |at: [f64; 2]| (at[0] - uv[0]).hypot(at[1] - uv[1]) <= reach;
        let held = exam.layers.squares().find_map(|square| {
            let [p, q] = square.physis_uv(&plane, &affine);
            // The point that stays comes first.
            if near(q) {
                Some((square.bone(), p, false))
            } else if near(p) {
                Some((square.bone(), q, true))
            } else {
                None
            }
        });
        exam.pointer = match held {
            Some((bone, from, turned)) => PointerState::Square { bone: Some(bone), from, to: uv, turned },
            None => PointerState::Square { bone: None, from: uv, to: uv, turned: false },
        };
    }

    /// Sets the square that was drawn or moved: one step of the history.
    pub(super) fn square_up(&mut self, bone: Option<u8>, from: [f64; 2], to: [f64; 2], turned: bool) -> Vec<Effect> {
        let Some(exam) = &self.exam else { return Vec::new() };
        let (plane, affine) = (exam.plane, exam.layers.grid().world_from_voxel().clone());
        let physis = if turned { [to, from] } else { [from, to] };
        let label = bone.unwrap_or_else(|| self.bone_at([f64::midpoint(from[0], to[0]), f64::midpoint(from[1], to[1])]));
        let former = exam.layers.squares().find(|s| s.bone() == label).copied().filter(|_| bone.is_some());
        let (slice, left) = match former {
            Some(former) => (former.slice(), former.shaft_left()),
            None => (exam.view.slice, self.shaft_lies_left(label, physis)),
        };
        let Some(square) = Square::from_uv(label, slice, physis, left, &plane, &affine) else {
            self.info("Drag along the physis, from one edge of the bone to the other.");
            return Vec::new();
        };
        if square.placed(&plane, &affine).is_none_or(|p| p.side_mm() < 2.0) {
            self.info("Drag along the physis, from one edge of the bone to the other.");
            return Vec::new();
        }
        let Some(exam) = &mut self.exam else { return Vec::new() };
        exam.selected_square = Some(label);
        exam.layers.set_square(label, Some(square)).map(|row| self.journal(row)).unwrap_or_default()
    }

    /// Lets the square extend to the other side of the physis.
    pub(super) fn flip_square(&mut self) -> Vec<Effect> {
        let Some(exam) = &mut self.exam else { return Vec::new() };
        let Some(square) = exam.layers.squares().find(|s| Some(s.bone()) == exam.selected_square).copied() else { return Vec::new() };
        exam.layers.set_square(square.bone(), Some(square.flipped())).map(|row| self.journal(row)).unwrap_or_default()
    }

    /// Takes the selected square away.
    pub(super) fn delete_square(&mut self) -> Vec<Effect> {
        let Some(exam) = &mut self.exam else { return Vec::new() };
        let Some(bone) = exam.selected_square.take() else { return Vec::new() };
        exam.layers.set_square(bone, None).map(|row| self.journal(row)).unwrap_or_default()
    }

    /// The bone under a position, else the active label of the bone layer.
    fn bone_at(&self, uv: [f64; 2]) -> u8 {
        let painted = self.exam.as_ref().and_then(|e| e.voxel_at(uv).map(|v| e.layers.labels(LayerKind::Bone).get(v)));
        painted.filter(|l| *l != 0).unwrap_or(self.tool.labels[LayerKind::Bone.number()])
    }

    /// The shaft is where the bone reaches further from the physis on this slice; without a painted bone a femur's lies towards
    /// the head, any other's towards the feet.
    fn shaft_lies_left(&self, bone: u8, [p, q]: [[f64; 2]; 2]) -> bool {
        let Some(exam) = &self.exam else { return true };
        let (pixel_mm, _) = exam.voxel_mm();
        let along = [(q[0] - p[0]) * pixel_mm[0], (q[1] - p[1]) * pixel_mm[1]];
        // Positive to the left of the way from p to q, with v running down.
        let left_of = |uv: [f64; 2]| (uv[0] - p[0]) * pixel_mm[0] * along[1] - (uv[1] - p[1]) * pixel_mm[1] * along[0];
        let (labels, plane) = (exam.layers.labels(LayerKind::Bone), exam.plane);
        let (mut left, mut right) = (0.0_f64, 0.0_f64);
        for v in 0..plane.size()[1] {
            for u in 0..plane.size()[0] {
                if labels.get(plane.voxel(exam.view.slice, [u, v])) == bone {
                    let side = left_of([u as f64, v as f64]);
                    (left, right) = (left.max(side), right.max(-side));
                }
            }
        }
        if left > 0.0 || right > 0.0 {
            return left >= right;
        }
        let femur = self.scheme(LayerKind::Bone).class(bone).is_some_and(|c| c.key.starts_with("femur"));
        // Left of a way to the right is up.
        (along[0] >= 0.0) == femur
    }

    /// Brings the region that squares limit painting to up to date; cheap where nothing has changed.
    pub(super) fn refresh_region(&mut self) {
        if !self.tool.rules.inside_region {
            return;
        }
        let Some(exam) = &mut self.exam else { return };
        let mut region = std::mem::take(&mut exam.region);
        region.refresh(exam);
        exam.region = region;
    }
}
