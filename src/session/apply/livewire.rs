//! Livewire: click along an edge, the way between the clicks follows it; closing makes an outline (bone) or fills (other layers).

use crate::edit::CommitKind;
use crate::edit::tools::{LiveWire, polygon, simplified};
use crate::session::{Effect, OpenExam, Session, Tool, Wire};
use crate::volume::LayerKind;

/// Pixels that are settled while the pointer only moves: well below a millisecond. The search goes on with the next movement.
const PER_MOVE: usize = 4000;
/// How far corners may lie from the way, in pixels.
const TOLERANCE: f64 = 0.6;

impl Session {
    /// A click: the first anchor, another one, or the end on the first.
    pub(super) fn wire_down(&mut self, uv: [f64; 2]) -> Vec<Effect> {
        let reach = f64::from(self.grab_distance());
        let Some(exam) = &mut self.exam else { return Vec::new() };
        if exam.voxel_at(uv).is_none() {
            return Vec::new();
        }
        let closes = exam.wire.as_ref().is_some_and(|wire| {
            let first = wire.fixed[0].map(f64::from);
            wire.fixed.len() > 2 && (first[0] - uv[0]).hypot(first[1] - uv[1]) <= reach
        });
        if closes {
            return self.finish_wire();
        }
        let (mut fixed, mut anchors) = (Vec::new(), Vec::new());
        if let Some(mut wire) = exam.wire.take() {
            let way = wire.search.way_to(uv, usize::MAX).unwrap_or_default();
            (fixed, anchors) = (wire.fixed, wire.anchors);
            fixed.extend(way.into_iter().skip(1));
        } else {
            fixed.push(uv.map(|c| c.round().max(0.0) as f32));
        }
        anchors.push(fixed.len());
        exam.wire = search_on(exam, fixed, anchors);
        Vec::new()
    }

    /// Takes the last click back; with the first one the line is gone.
    pub(super) fn take_anchor_back(&mut self) {
        let Some(exam) = &mut self.exam else { return };
        let Some(Wire { mut fixed, mut anchors, .. }) = exam.wire.take() else { return };
        anchors.pop();
        let Some(length) = anchors.last() else { return };
        fixed.truncate(*length);
        exam.wire = search_on(exam, fixed, anchors);
    }

    /// The pointer moved: the way to it, as far as it is known in time.
    pub(super) fn wire_hover(&mut self) {
        let Some(exam) = self.exam.as_mut().filter(|_| self.tool.tool == Tool::Livewire) else { return };
        let (Some(hover), Some(wire)) = (exam.view.hover_uv, exam.wire.as_mut()) else { return };
        match wire.search.way_to(hover.map(f64::from), PER_MOVE) {
            Some(way) => (wire.live, wire.searching) = (way, false),
            None => wire.searching = true,
        }
    }

    /// Closes the line along the edge back to its beginning.
    pub(super) fn finish_wire(&mut self) -> Vec<Effect> {
        let Some(exam) = &mut self.exam else { return Vec::new() };
        let Some(mut wire) = exam.wire.take() else { return Vec::new() };
        let first = wire.fixed[0];
        let back = wire.search.way_to(first.map(f64::from), usize::MAX).unwrap_or_default();
        let mut line = wire.fixed;
        line.extend(back.into_iter().skip(1));
        let mut corners = simplified(&line, TOLERANCE);
        if corners.last() == Some(&first) {
            corners.pop();
        }
        if corners.len() < 3 {
            self.info("A livewire needs at least three corners: click along the edge, then close with Enter.");
            return Vec::new();
        }
        if self.tool.layer == LayerKind::Bone {
            return self.set_outline(None, corners);
        }
        let name = self.paint_name("Livewire", self.tool.label());
        let Some(exam) = &self.exam else { return Vec::new() };
        let inside = polygon::pixels_inside(&corners, exam.plane.size());
        let voxels = inside.into_iter().map(|uv| exam.plane.voxel(exam.view.slice, uv)).collect();
        self.paint_at_once(CommitKind::Hand, name, voxels, self.tool.label())
    }
}

/// Goes on from the end of a way on the slice shown.
fn search_on(exam: &OpenExam, fixed: Vec<[f32; 2]>, anchors: Vec<usize>) -> Option<Wire> {
    let at = fixed.last()?.map(|c| c as usize);
    let (image, plane, slice) = (exam.reading_image(), exam.plane, exam.view.slice);
    let search = LiveWire::new(|uv| image.get(plane.voxel(slice, uv)), plane.size(), at)?;
    Some(Wire { search, fixed, anchors, live: Vec::new(), searching: false })
}
