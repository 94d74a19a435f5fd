//! The pointer on the picture: each tool's own small machine. Strokes stand in `stroke`, outlines in `outline`.

use crate::edit::CommitKind;
use crate::edit::tools::{Brush, Hit, Operation, OutlineDraft, polygon};
use crate::session::{Effect, OpenExam, PointerCommand, PointerState, Session, Tool};
use crate::volume::{LayerKind, percentile};

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
            PointerCommand::Pressure(_) => Vec::new(),
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
        self.refresh_region();
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
            Tool::Livewire => effects.extend(self.wire_down(uv)),
            Tool::Fill => effects.extend(self.fill_at(uv)),
            Tool::Threshold => self.begin_sampling(uv),
            Tool::Levels => {}
            Tool::Square => self.square_down(uv),
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
            PointerState::Square { to, .. } => *to = uvs.last().copied().unwrap_or(*to),
            PointerState::Sample(_) => uvs.iter().for_each(|&uv| self.sample(uv)),
            PointerState::DragWhole { .. } => uvs.iter().for_each(|&uv| self.drag_whole(uv)),
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
            PointerState::Idle | PointerState::Ruler(_) | PointerState::Sample(_) => Vec::new(),
            PointerState::Square { bone, from, to, turned } => self.square_up(bone, from, to, turned),
            PointerState::DragWhole { outline, at, moved } => self.drop_whole(outline, at, moved),
            PointerState::Disc(centre, edge) => self.place_reference(centre, edge),
            PointerState::Stroke { over, barred, .. } => self.end_stroke(over, barred),
            PointerState::Loop(points) => self.end_loop(&points),
            PointerState::DragCorner { outline, .. } => self.drop_corner(outline),
        }
    }

    /// Closes what takes several clicks.
    fn finish(&mut self) -> Vec<Effect> {
        match self.tool.tool {
            Tool::Lasso => {}
            Tool::Livewire => return self.finish_wire(),
            Tool::Threshold | Tool::Levels => return self.apply_preview(),
            _ => return self.finish_outline(),
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
        let Some(exam) = self.exam.as_ref().filter(|e| e.voxel_at(uv).is_some()) else { return Vec::new() };
        let seed_uv = uv.map(|x| x.round() as usize);
        let (slice, tolerance, gap_mm) = (exam.view.slice, self.tool.tolerance, self.tool.gap_mm);
        let what = format!("Fill {}", self.label_words(label));
        self.operate(Operation::Fill { seed_uv, slice, label, tolerance, gap_mm }, &what)
    }

    /// Takes the grey values under the brush for the band.
    fn begin_sampling(&mut self, uv: [f64; 2]) {
        if let Some(exam) = &mut self.exam {
            exam.pointer = PointerState::Sample(Vec::new());
        }
        self.sample(uv);
    }

    fn sample(&mut self, uv: [f64; 2]) {
        let brush = Brush::new(f64::from(self.tool.size_mm) / 2.0, self.tool.shape);
        let Some(exam) = &mut self.exam else { return };
        let (pixel_mm, _) = exam.voxel_mm();
        let voxels = brush.dab(&exam.plane, pixel_mm, exam.view.slice, uv);
        let image = exam.reading_image().clone();
        let PointerState::Sample(values) = &mut exam.pointer else { return };
        // Enough to know what tissue looks like.
        let room = 20_000_usize.saturating_sub(values.len());
        values.extend(voxels.into_iter().take(room).map(|v| image.get(v)));
        if let (Some(lower), Some(upper)) = (percentile(values, 2.0), percentile(values, 98.0)) {
            self.set_threshold(|_| [lower, upper]);
        }
    }

    /// One step: those of the voxels that the rules allow take the label.
    pub(super) fn paint_at_once(&mut self, kind: CommitKind, name: String, mut voxels: Vec<[usize; 3]>, label: u8) -> Vec<Effect> {
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

    /// Finishes the stroke and the comments that are under way.
    pub(in crate::session) fn commit_gesture(&mut self) -> Vec<Effect> {
        let mut effects = self.commit_comment();
        effects.extend(self.commit_score_comment());
        let Some(exam) = self.exam.as_mut().filter(|exam| exam.layers.gesture_open()) else { return effects };
        exam.pointer = PointerState::Idle;
        let committed = exam.layers.commit();
        touch_all(exam);
        effects.extend(committed.map(|row| self.journal(row)).unwrap_or_default());
        effects
    }

    fn cancel_gesture(&mut self) {
        let Some(exam) = &mut self.exam else { return };
        exam.pointer = PointerState::Idle;
        exam.drop_draft();
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
