//! The pointer on the picture: each tool's own small machine. Strokes stand in `stroke`, outlines in `outline`.

use crate::edit::CommitKind;
use crate::edit::tools::{Hit, OutlineDraft, fill, polygon};
use crate::session::{Effect, OpenExam, PointerCommand, PointerState, Session, Tool};
use crate::volume::LayerKind;

impl Session {
    pub(super) fn apply_pointer(&mut self, command: PointerCommand) -> Vec<Effect> {
        if self.tool.tool == Tool::Measure {
            self.measure_pointer(command);
            return Vec::new();
        }
        if !self.may_edit() {
            return Vec::new();
        }
        match command {
            PointerCommand::Down(uv) => self.pointer_down(uv),
            PointerCommand::Move(uvs) => {
                self.pointer_move(&uvs);
                Vec::new()
            }
            PointerCommand::Up => self.pointer_up(),
            PointerCommand::Finish => self.finish(),
            PointerCommand::Cancel => {
                self.cancel_gesture();
                Vec::new()
            }
        }
    }

    fn pointer_down(&mut self, uv: [f64; 2]) -> Vec<Effect> {
        // A second button press without a release in between ends the first gesture.
        let mut effects = self.commit_gesture();
        match self.tool.tool {
            Tool::Brush | Tool::Eraser => self.begin_stroke(uv),
            Tool::Relabel => self.begin_relabelling(uv),
            Tool::AdoptBrush => self.begin_adopting(uv),
            Tool::Lasso => {
                if let Some(exam) = &mut self.exam {
                    exam.pointer = PointerState::Loop(vec![uv.map(|x| x as f32)]);
                }
            }
            Tool::Outline => effects.extend(self.outline_down(uv)),
            Tool::Fill => effects.extend(self.fill_at(uv)),
            Tool::Reference => {
                if let Some(exam) = &mut self.exam {
                    exam.pointer = PointerState::Disc(uv, uv);
                }
            }
            Tool::Measure => {}
        }
        effects
    }

    fn pointer_move(&mut self, uvs: &[[f64; 2]]) {
        let Some(exam) = &mut self.exam else { return };
        match &mut exam.pointer {
            PointerState::Idle | PointerState::Ruler(_) => {}
            PointerState::Disc(_, edge) => *edge = uvs.last().copied().unwrap_or(*edge),
            PointerState::Stroke { .. } => {
                for &uv in uvs {
                    self.extend_stroke(uv);
                }
            }
            PointerState::Loop(points) => {
                for uv in uvs.iter().map(|uv| uv.map(|x| x as f32)) {
                    // A loop of many thousand points would only slow the fill down.
                    if points.len() < 20_000 && points.last().is_none_or(|last| distance(*last, uv) >= 0.25) {
                        points.push(uv);
                    }
                }
            }
            PointerState::DragCorner { .. } => {
                if let Some(&uv) = uvs.last() {
                    self.drag_corner(uv);
                }
            }
        }
    }

    fn pointer_up(&mut self) -> Vec<Effect> {
        let Some(exam) = &mut self.exam else { return Vec::new() };
        match std::mem::replace(&mut exam.pointer, PointerState::Idle) {
            PointerState::Idle | PointerState::Ruler(_) => Vec::new(),
            PointerState::Disc(centre, edge) => self.place_reference(centre, edge),
            PointerState::Stroke { .. } => self.commit_gesture(),
            PointerState::Loop(points) => self.end_loop(&points),
            PointerState::DragCorner { outline, .. } => self.drop_corner(outline),
        }
    }

    /// Closes what takes several clicks.
    fn finish(&mut self) -> Vec<Effect> {
        if self.tool.tool != Tool::Lasso {
            return self.finish_outline();
        }
        let Some(exam) = &mut self.exam else { return Vec::new() };
        let corners = std::mem::take(&mut exam.draft);
        match corners.points().len() {
            0 => Vec::new(),
            1 | 2 => {
                self.info("A polygon needs at least three corners.");
                Vec::new()
            }
            _ => self.label_inside(corners.points()),
        }
    }

    /// The name of what is painted, for the history.
    pub(super) fn paint_name(&self, what: &str, label: u8) -> String {
        let slice = self.exam.as_ref().map_or(0, |e| e.view.slice) + 1;
        format!("{what} {}, slice {slice}", self.label_words(label))
    }

    /// `level 2`, `femur right`; the layer for background.
    pub(super) fn label_words(&self, label: u8) -> String {
        let layer = self.tool.layer;
        match (label, layer) {
            (0, layer) => layer.to_string(),
            (label, LayerKind::Marrow) => format!("level {label}"),
            (label, _) => self.scheme(layer).class(label).map_or_else(|| label.to_string(), |c| c.name.to_lowercase()),
        }
    }

    /// A loop that went nowhere was a click: a corner of a polygon.
    fn end_loop(&mut self, points: &[[f32; 2]]) -> Vec<Effect> {
        let reach = self.grab_distance();
        let Some(exam) = &mut self.exam else { return Vec::new() };
        let Some(&first) = points.first() else { return Vec::new() };
        if points.iter().any(|p| distance(*p, first) > 1.5) {
            exam.draft = OutlineDraft::new();
            return self.label_inside(points);
        }
        if exam.draft.points().len() >= 3 && exam.draft.hit(first, reach) == Some(Hit::Corner(0)) {
            return self.finish();
        }
        exam.draft.add(first);
        Vec::new()
    }

    /// Lasso and polygon: every voxel inside that the rules allow takes the label.
    fn label_inside(&mut self, points: &[[f32; 2]]) -> Vec<Effect> {
        let label = self.tool.label();
        let name = self.paint_name("Lasso", label);
        let kind = if self.tool.rules.inside_band { CommitKind::Threshold } else { CommitKind::Hand };
        let Some(exam) = &self.exam else { return Vec::new() };
        let inside = polygon::pixels_inside(points, exam.plane.size());
        let voxels = inside.into_iter().map(|uv| exam.plane.voxel(exam.view.slice, uv)).collect();
        self.paint_at_once(kind, name, voxels, label)
    }

    fn fill_at(&mut self, uv: [f64; 2]) -> Vec<Effect> {
        let label = self.tool.label();
        let name = self.paint_name("Fill", label);
        let Some(exam) = &self.exam else { return Vec::new() };
        if exam.voxel_at(uv).is_none() {
            return Vec::new();
        }
        let pixel = uv.map(|x| x.round() as usize);
        let area = fill::Area { seed_uv: pixel, slice: exam.view.slice, tolerance: None, gap_mm: 0.0 };
        let voxels = area.voxels(&exam.plane, exam.layers.labels(self.tool.layer), exam.reading_image());
        self.paint_at_once(CommitKind::Filled, name, voxels, label)
    }

    /// One step: those of the voxels that the rules allow take the label.
    fn paint_at_once(&mut self, kind: CommitKind, name: String, mut voxels: Vec<[usize; 3]>, label: u8) -> Vec<Effect> {
        let (layer, limits) = (self.tool.layer, self.limits());
        let Some(exam) = &self.exam else { return Vec::new() };
        let rule = super::stroke::paint_rule(&limits, layer, exam);
        voxels.retain(|&v| rule.allows(exam.layers.labels(layer), v));
        self.write_at_once(layer, kind, name, voxels.into_iter().map(|v| (v, label)))
    }

    pub(super) fn write_at_once(
        &mut self,
        layer: LayerKind,
        kind: CommitKind,
        name: String,
        writes: impl Iterator<Item = ([usize; 3], u8)>,
    ) -> Vec<Effect> {
        let Some(exam) = &mut self.exam else { return Vec::new() };
        if exam.layers.begin(layer, kind, name).is_err() {
            return Vec::new();
        }
        for (voxel, label) in writes {
            exam.layers.write(voxel, label);
        }
        self.commit_gesture()
    }

    pub(in crate::session) fn commit_gesture(&mut self) -> Vec<Effect> {
        let Some(exam) = &mut self.exam else { return Vec::new() };
        if !exam.layers.gesture_open() {
            return Vec::new();
        }
        exam.pointer = PointerState::Idle;
        let committed = exam.layers.commit();
        touch_all(exam);
        committed.map(|row| self.journal(row)).unwrap_or_default()
    }

    fn cancel_gesture(&mut self) {
        let Some(exam) = &mut self.exam else { return };
        exam.pointer = PointerState::Idle;
        exam.draft = OutlineDraft::new();
        exam.dragged = None;
        if exam.layers.gesture_open() {
            exam.layers.cancel();
            touch_all(exam);
        }
    }
}

fn distance(a: [f32; 2], b: [f32; 2]) -> f32 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

pub(super) fn touch_all(exam: &mut OpenExam) {
    for layer in LayerKind::ALL {
        exam.touch(layer);
    }
}
