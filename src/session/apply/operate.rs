//! Operations on whole shapes: quick ones at once, the others in a worker; each is one step of the history.

use crate::edit::tools::{Operation, Scene, Scope, Write};
use crate::edit::{CommitKind, RowAction};
use crate::session::{Effect, Session, ShapeCommand, Tool};
use crate::volume::LayerKind;
use crate::worker::message::{OperateRequest, Operated, Request};

impl Session {
    /// An operation asked for by name.
    pub(super) fn shape(&mut self, command: ShapeCommand) -> Vec<Effect> {
        let effects = self.commit_gesture();
        let Some(slice) = self.exam.as_ref().map(|e| e.view.slice) else { return effects };
        let label = self.tool.label();
        let shapes = self.tool.shapes;
        let whose = self.label_words(label);
        let (operation, what) = match command {
            ShapeCommand::Interpolate => (Operation::Interpolate { label, at: Some(slice) }, format!("Interpolate {whose}")),
            ShapeCommand::InterpolateAll => (Operation::Interpolate { label, at: None }, format!("Interpolate {whose}, all gaps")),
            ShapeCommand::CopyPrevious | ShapeCommand::CopyNext => {
                let from = if command == ShapeCommand::CopyPrevious { slice.checked_sub(1) } else { Some(slice + 1) };
                let slices = self.exam.as_ref().map_or(0, |e| e.plane.slice_count());
                let Some(from) = from.filter(|&from| from < slices) else {
                    self.info("There is no slice to copy from on that side.");
                    return effects;
                };
                (Operation::CopySlice { from, to: slice }, format!("Copy from slice {}", from + 1))
            }
            ShapeCommand::Grow => (Operation::Grow { spread: shapes.spread }, "Grow from seeds".to_owned()),
            ShapeCommand::Smooth => (Operation::Smooth { label, sigma_mm: shapes.by_mm }, format!("Smooth {whose}")),
            ShapeCommand::FillHoles => (Operation::FillHoles { label }, format!("Fill holes of {whose}")),
            ShapeCommand::RemoveIslands => {
                let below_mm3 = shapes.island_mm3;
                (Operation::RemoveIslands { label, below_mm3 }, format!("Remove islands of {whose} below {below_mm3} mm³"))
            }
            ShapeCommand::MarginOut => {
                (Operation::Margin { label, by_mm: shapes.by_mm }, format!("Margin of {whose} by {} mm", shapes.by_mm))
            }
            ShapeCommand::MarginIn => {
                (Operation::Margin { label, by_mm: -shapes.by_mm }, format!("Margin of {whose} by −{} mm", shapes.by_mm))
            }
        };
        let mut effects = effects;
        effects.extend(self.operate(operation, &what));
        effects
    }

    /// Labels what the preview shows: the slice, or the whole exam where that is chosen.
    pub(super) fn apply_preview(&mut self) -> Vec<Effect> {
        let label = self.tool.label();
        match self.tool.tool {
            Tool::Threshold => {
                let what = format!("Threshold {}", self.label_words(label));
                self.operate(Operation::Threshold { band: self.threshold(), label }, &what)
            }
            Tool::Levels => self.operate(Operation::Levels { from: self.level_bounds() }, "Three levels"),
            _ => Vec::new(),
        }
    }

    /// Does an operation on the slice shown or the whole exam.
    pub(super) fn operate(&mut self, operation: Operation, what: &str) -> Vec<Effect> {
        let slice = self.exam.as_ref().map_or(0, |e| e.view.slice);
        // These say themselves which slices they mean.
        let own = matches!(operation, Operation::Interpolate { .. } | Operation::CopySlice { .. } | Operation::Fill { .. });
        let scope = if self.tool.whole_exam || own { Scope::Exam } else { Scope::Slice(slice) };
        let place = match (scope, operation) {
            (Scope::Exam, Operation::Interpolate { at: None, .. }) => String::new(),
            (Scope::Exam, _) if !own => ", whole exam".to_owned(),
            _ => format!(", slice {}", slice + 1),
        };
        let name = format!("{what}{place}");
        let layer = self.tool.layer;
        self.refresh_region();
        let Some(scene) = self.scene() else { return Vec::new() };
        if operation.is_quick(scope) {
            let writes = operation.writes(&scene, scope, &|_| true);
            return self.write_operation(layer, operation.kind(), name, writes);
        }
        let Some(exam) = &self.exam else { return Vec::new() };
        if self.operating.is_some() {
            self.info("Another operation is still under way: wait for it, or cancel it.");
            return Vec::new();
        }
        let request = OperateRequest { exam: exam.code.clone(), operation, scope, scene, name, base_revision: exam.layers.revision(layer) };
        let effect = self.request(what, Request::Operate(Box::new(request)));
        if let Effect::Work(id, _) = &effect {
            self.operating = Some(*id);
        }
        vec![effect]
    }

    /// Makes one step of what a worker found; refused where the reader has gone on painting on the layer.
    pub(in crate::session) fn absorb_operated(&mut self, done: Operated) -> Vec<Effect> {
        let mut effects = self.commit_gesture();
        let fits = self.exam.as_ref().filter(|e| e.code == done.exam && e.writable).map(|e| e.layers.revision(done.layer));
        match fits {
            None => {}
            Some(revision) if revision != done.base_revision => {
                self.warn(format!("\"{}\" was not done: the layer was changed meanwhile. Ask for it again.", done.name));
            }
            Some(_) => effects.extend(self.write_operation(done.layer, done.kind, done.name, done.writes)),
        }
        effects
    }

    fn write_operation(&mut self, layer: LayerKind, kind: CommitKind, name: String, writes: Vec<Write>) -> Vec<Effect> {
        let Some(grid) = self.exam.as_ref().map(|e| e.layers.grid().clone()) else { return Vec::new() };
        let effects = self.write_at_once(layer, kind, name.clone(), writes.into_iter().map(|w| (grid.voxel(w.at as usize), w.label)));
        let stepped = effects
            .iter()
            .any(|e| matches!(e, Effect::Work(_, Request::Journal(row)) if matches!(row.row.action, RowAction::Paint { .. })));
        if !stepped && self.exam.as_ref().is_some_and(|e| e.save_error.is_none()) {
            self.info(format!("{name}: nothing to change."));
        }
        effects
    }

    /// The read as it is, for an operation.
    pub(super) fn scene(&self) -> Option<Scene> {
        let limits = self.limits();
        let exam = self.exam.as_ref()?;
        let labels = |layer| exam.layers.labels(layer).clone();
        Some(Scene {
            plane: exam.plane,
            pixel_mm: exam.voxel_mm().0,
            image: exam.reading_image().clone(),
            kind: self.tool.layer,
            layer: labels(self.tool.layer),
            bone: labels(LayerKind::Bone),
            exclusion: labels(LayerKind::Exclusion),
            limits,
        })
    }
}
