//! The pointer on the picture: each tool's own small machine.

use crate::edit::tools::{AdoptScope, Adoption, Brush, BrushShape, LabelSet, OutlineDraft, PaintRule, flood_fill, threshold};
use crate::edit::{CommitKind, VoxelSet};
use crate::session::{Effect, OpenExam, PointerCommand, PointerState, Session, Tool};
use crate::volume::LayerKind;

impl Session {
    pub(super) fn apply_pointer(&mut self, command: PointerCommand) -> Vec<Effect> {
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
            PointerCommand::Finish => self.finish_outline(),
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
            Tool::AdoptBrush => self.begin_adopting(uv),
            Tool::Lasso => {
                if let Some(exam) = &mut self.exam {
                    exam.pointer = PointerState::Loop(vec![uv.map(|x| x as f32)]);
                }
            }
            Tool::Outline => effects.extend(self.outline_down(uv)),
            Tool::Fill => effects.extend(self.fill_at(uv)),
        }
        effects
    }

    fn pointer_move(&mut self, uvs: &[[f64; 2]]) {
        let Some(exam) = &mut self.exam else { return };
        match &mut exam.pointer {
            PointerState::Idle => {}
            PointerState::Stroke(_) => {
                for &uv in uvs {
                    self.extend_stroke(uv);
                }
            }
            PointerState::Loop(points) => {
                for uv in uvs.iter().map(|uv| uv.map(|x| x as f32)) {
                    // A loop of many thousand points would only slow the fill down.
                    if points.len() < 20_000 && points.last().is_none_or(|last| (last[0] - uv[0]).hypot(last[1] - uv[1]) >= 0.25) {
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
            PointerState::Idle => Vec::new(),
            PointerState::Stroke(_) => self.commit_gesture(),
            PointerState::Loop(points) => self.label_inside(&points),
            PointerState::DragCorner { outline, .. } => self.drop_corner(outline),
        }
    }

    /// The name of what is painted, for the history.
    fn paint_name(&self, what: &str, label: u8) -> String {
        let slice = self.exam.as_ref().map_or(0, |e| e.view.slice) + 1;
        match (label, self.tool.layer) {
            (0, layer) => format!("{what} {layer}, slice {slice}"),
            (label, LayerKind::Marrow) => format!("{what} level {label}, slice {slice}"),
            (label, LayerKind::Bone) => {
                let name = self.scheme(LayerKind::Bone).class(label).map_or_else(|| label.to_string(), |c| c.name.to_lowercase());
                format!("{what} {name}, slice {slice}")
            }
        }
    }

    fn begin_stroke(&mut self, uv: [f64; 2]) {
        let erase = self.tool.tool == Tool::Eraser;
        let layer = self.tool.layer;
        let name = if erase { self.paint_name("Erase", 0) } else { self.paint_name("Brush", self.tool.label()) };
        let Some(exam) = &mut self.exam else { return };
        if exam.layers.begin(layer, CommitKind::Hand, name).is_err() {
            return;
        }
        exam.pointer = PointerState::Stroke(uv);
        self.extend_stroke(uv);
    }

    fn begin_adopting(&mut self, uv: [f64; 2]) {
        let Some(exam) = &mut self.exam else { return };
        let Some(proposal) = &exam.proposal else {
            self.info("There is no proposal to adopt: choose \"Propose slice\" first.");
            return;
        };
        let (layer, version) = (proposal.result.layer, proposal.result.model_version.clone());
        let name = format!("Adopt {version} by brush, slice {}", exam.view.slice + 1);
        if exam.layers.begin(layer, CommitKind::Adopted(version), name).is_ok() {
            exam.pointer = PointerState::Stroke(uv);
            self.extend_stroke(uv);
        }
    }

    fn extend_stroke(&mut self, uv: [f64; 2]) {
        let tool = self.tool.tool;
        let (layer, label) = (self.tool.layer, if tool == Tool::Eraser { 0 } else { self.tool.label() });
        let inside_bone = self.tool.only_inside_bone && layer == LayerKind::Marrow && tool == Tool::Brush;
        let brush = Brush::new(f64::from(self.tool.size_mm) / 2.0, BrushShape::Circle);
        let Some(exam) = &mut self.exam else { return };
        let PointerState::Stroke(from) = exam.pointer else { return };
        let pixel_mm = exam.plane.pixel_mm(exam.sequences[0].1.grid().world_from_voxel());
        let voxels = brush.stroke(&exam.plane, pixel_mm, exam.view.slice, from, uv);
        exam.pointer = PointerState::Stroke(uv);
        let (touched, writes) = if tool == Tool::AdoptBrush {
            let Some(proposal) = &exam.proposal else { return };
            let layer = proposal.result.layer;
            // A brush says which voxels are meant, so it also replaces what was painted by hand.
            (layer, adoption(exam, layer, None).voxels(AdoptScope::Voxels(&voxels)).unwrap_or_default())
        } else {
            let bone = exam.layers.labels(LayerKind::Bone).clone();
            let rule = PaintRule { inside_bone: inside_bone.then(|| (&bone, LabelSet::any_but_background())), ..PaintRule::default() };
            let painted = exam.layers.labels(layer);
            (layer, voxels.into_iter().filter(|&v| rule.allows(painted, v)).map(|v| (v, label)).collect())
        };
        for (voxel, label) in writes {
            exam.layers.write(voxel, label);
        }
        exam.touch(touched);
    }

    /// Lasso: every voxel inside the loop whose grey value lies within the bounds takes the label.
    fn label_inside(&mut self, points: &[[f32; 2]]) -> Vec<Effect> {
        let (layer, label, bounds) = (self.tool.layer, self.tool.label(), self.threshold());
        let name = self.paint_name("Lasso", label);
        let inside_bone = self.tool.only_inside_bone && layer == LayerKind::Marrow;
        let Some(exam) = &mut self.exam else { return Vec::new() };
        let voxels = threshold(&exam.plane, &exam.sequences[0].1, exam.view.slice, points, bounds);
        let bone = exam.layers.labels(LayerKind::Bone).clone();
        let rule = PaintRule { inside_bone: inside_bone.then(|| (&bone, LabelSet::any_but_background())), ..PaintRule::default() };
        let painted = exam.layers.labels(layer).clone();
        self.write_at_once(layer, CommitKind::Threshold, name, voxels.into_iter().filter(|&v| rule.allows(&painted, v)).map(|v| (v, label)))
    }

    fn fill_at(&mut self, uv: [f64; 2]) -> Vec<Effect> {
        let (layer, label) = (self.tool.layer, self.tool.label());
        let name = self.paint_name("Fill", label);
        let Some(exam) = &self.exam else { return Vec::new() };
        if exam.voxel_at(uv).is_none() {
            return Vec::new();
        }
        let pixel = uv.map(|x| x.round() as usize);
        let voxels = flood_fill(&exam.plane, exam.layers.labels(layer), exam.view.slice, pixel);
        self.write_at_once(layer, CommitKind::Filled, name, voxels.into_iter().map(|v| (v, label)))
    }

    fn write_at_once(
        &mut self,
        layer: LayerKind,
        kind: CommitKind,
        name: String,
        writes: impl Iterator<Item = ([usize; 3], u8)>,
    ) -> Vec<Effect> {
        let writes: Vec<_> = writes.collect();
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

/// The proposal laid over a layer; call only where there is a proposal for it.
pub(super) fn adoption<'a>(exam: &'a OpenExam, layer: LayerKind, kept: Option<&'a VoxelSet>) -> Adoption<'a> {
    let labels = exam.layers.labels(layer);
    let (proposal, covered) = exam.proposal.as_ref().map_or((labels, &[][..]), |p| (&p.result.labels, &p.result.slices));
    Adoption { labels, proposal, slice_axis: exam.plane.slice_axis(), covered: Some(covered), kept }
}

pub(super) fn touch_all(exam: &mut OpenExam) {
    for layer in LayerKind::ALL {
        exam.touch(layer);
    }
}
